"""Ship an Order does what its published description says, and what was decided where it says nothing."""

import asyncio
import json
from base64 import b64decode, b64encode
from pathlib import Path
from uuid import UUID

import httpx2
import pytest
import yaml
from jsonschema import Draft202012Validator
from sqlalchemy import delete, func, select, update
from starlette.testclient import TestClient

from kolli.account.brands import Brand, add_brand
from kolli.account.contracts import Contract, add_contract
from kolli.account.keys import create_key
from kolli.account.number_ranges import add_number_range
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.app import web
from kolli.carriers.base import ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.demo import INTEGRATION, load_demo
from kolli.orders.queries import add_or_update_order
from kolli.schema import attempts, orders, parcels, sender_addresses, shipments
from kolli.shipments.queries import get_shipment
from tests.factories import (
    NOW,
    a_caller,
    an_address,
    an_installation,
    an_item,
    an_order,
    kilograms,
    with_items,
)

URL = "/api/v3/orders/create-label-sync"
DEMO_ORDERS = Path(__file__).parents[3] / "kolli" / "demo" / "orders.json"
LETTER = {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}}
POST = {"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard"}}


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((vendor_descriptions / "ship-an-order.yaml").read_text("utf-8"), loader)


@pytest.fixture
def caller(installation):
    """Account 1 with ORDER-1, which weighs 0.7 kg and chooses nothing."""
    caller = a_caller(installation)
    caller.store(an_order())
    return caller


@pytest.fixture
def stranger(caller):
    """Account 2 on the same installation, with an integration, an order, and all else of its own."""
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)
    stranger.store(of_integration(71, an_order(order_id="theirs", order_number="THEIRS")))
    return stranger


def of_integration(integration_id, order):
    return {**order, "order_details": {**order["order_details"], "integration": {"id": integration_id}}}


def deviations(description, schema, document):
    validator = Draft202012Validator({**schema, "components": description["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


def label_of(answer):
    assert answer.status_code == 201, answer.text
    (label,) = answer.json()["data"]
    return label


def rows(caller):
    """How many shipments, parcels, attempts and ledger entries there are."""
    with caller.installation.database.read() as transaction:
        stored = [
            transaction.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (shipments, parcels, attempts)
        ]
    return (*stored, len(caller.sandbox.ledger.entries()))


NOTHING = (0, 0, 0, 0)


def problems(caller, answer, status=400):
    """(code, detail, pointer) of every error of an answer that has left nothing behind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()["errors"]
    assert {error["status"] for error in found} == {str(status)}
    assert rows(caller) == NOTHING
    return [(error["code"], error["detail"], error.get("source", {}).get("pointer")) for error in found]


def shipment_of(caller, label):
    with caller.installation.database.read() as transaction:
        return get_shipment(transaction, caller.context.account_id, label["shipment_id"])


def draft_of(caller, **body):
    """The draft that a request makes."""
    return shipment_of(caller, label_of(caller.ship(**body))).draft


def shipping_to(**changes):
    return {**an_order()["shipping_address"], **changes}


def at(place):
    return f"/data/attributes/{place}"


# The documented examples

EXAMPLES = [
    "CreateSingleLabelSync",
    "CreateLabelUsingShipWithSync",
    "CreateLabelUsingSenderAddressIDSync",
    "CreateLabelUsingBrandIDSync",
]


def operation(description):
    return description["paths"]["/orders/create-label-sync"]["post"]


@pytest.fixture
def demo(installation):
    """The demo's account with its orders, and a client."""
    credentials = load_demo(installation.database, installation.vault)
    client = TestClient(web(installation), "http://kolli.test", raise_server_exceptions=False)
    client.auth = (credentials.public_key, credentials.secret)
    assert client.post("/api/v3/orders", content=DEMO_ORDERS.read_bytes()).status_code == 201
    return client


def test_every_documented_example_is_tried_here(description):
    assert set(operation(description)["requestBody"]["content"]["application/json"]["examples"]) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_documented_example_is_answered_with_a_label(demo, description, name):
    body = operation(description)["requestBody"]["content"]["application/json"]["examples"][name]["value"]

    answer = demo.post(URL, json=body)

    label = label_of(answer)
    assert (body["integration_id"], label["order_number"]) == (INTEGRATION, "ORDER-25763")
    assert b64decode(label["label"]["file"]).startswith(b"%PDF-")


def test_the_answer_has_the_members_of_the_documented_example(demo, description):
    documented = operation(description)["responses"]["201"]["content"]["application/json"]["examples"]
    example = documented["LabelSuccessfulWithShipWith"]["value"]["data"][0]

    label = label_of(demo.post(URL, json={"integration_id": 70, "order": {"order_number": "ORDER-25763"}}))

    assert set(label) == {*example, "label_details"}
    assert set(label["label"]) == set(example["label"])
    assert set(label["documents"][0]) == {*example["documents"][0], "document_type"}
    assert label["ship_with"] == example["ship_with"]


def test_a_key_with_the_profile_schema_gets_the_answer_of_the_schema(installation, description):
    caller = a_caller(installation, profile="schema")
    caller.store(an_order())

    answer = caller.ship()

    assert answer.status_code == 201
    schema = operation(description)["responses"]["201"]["content"]["application/json"]["schema"]
    assert deviations(description, schema, answer.json()) == []
    assert answer.json()["data"]["parcel_id"] > 0


@pytest.mark.parametrize("mime_type", ["application/pdf", "image/png", "application/zpl"])
def test_the_entry_of_the_default_answer_keeps_to_the_schema_too(caller, description, mime_type):
    label = label_of(caller.ship(label_details={"mime_type": mime_type}))

    assert deviations(description, {"$ref": "#/components/schemas/label-sync"}, label) == []


@pytest.mark.parametrize("body", [{}, {"order": {}}, {"sender_address_id": 3}, {"order": {"order_number": 1}}])
def test_every_refusal_keeps_to_the_schema(caller, description, body):
    answer = caller.ship(**body) if body else caller.client.post(URL, json={})

    assert answer.status_code in {400, 404}
    assert deviations(description, {"$ref": "#/components/schemas/errors"}, answer.json()) == []


# The answer


def test_the_whole_answer_is_as_it_should_be(caller):
    answer = caller.ship()

    (entry,) = caller.sandbox.ledger.entries()
    label = label_of(answer)
    file = label["label"]["file"]
    link = f"http://kolli.test/api/v3/parcels/{label['parcel_id']}/documents/label"
    assert answer.json() == {
        "data": [
            {
                "parcel_id": label["parcel_id"],
                "shipment_id": entry.reference,
                "order_id": "shop-1",
                "order_number": "ORDER-1",
                "ship_with": {
                    "type": "shipping_option_code",
                    "properties": {"contract_id": None, "shipping_option_code": "sendcloud:letter"},
                },
                "tracking_number": entry.tracking_number,
                "tracking_url": "http://kolli.test/tracking/?tracking_number="
                f"{entry.tracking_number.lower()}&country=nl&postal_code=1012GJ",
                "documents": [{"type": "label", "document_type": "label", "size": "a6", "link": link}],
                "label": {"file": file, "mime_type": "application/pdf", "dpi": 72},
                "label_details": {"file": file, "mime_type": "application/pdf", "dpi": 72},
            }
        ]
    }
    assert answer.headers["content-type"] == "application/json"
    assert str(UUID(entry.reference)) == entry.reference


def test_the_link_of_the_document_serves_the_same_file_to_the_same_caller(caller):
    label = label_of(caller.ship())

    document = caller.client.get(label["documents"][0]["link"])

    assert (document.status_code, document.headers["content-type"]) == (200, "application/pdf")
    assert document.content == b64decode(label["label"]["file"])


def test_a_label_is_the_same_to_the_byte_after_its_order_was_edited_and_removed(caller):
    (order_pk,) = caller.store(an_order())
    label = label_of(caller.ship())
    caller.store(an_order(order_number="EDITED", shipping_address=shipping_to(name="Somebody Else", city="Utrecht")))
    caller.client.delete(f"/api/v3/orders/{order_pk}")

    document = caller.client.get(label["documents"][0]["link"])

    assert document.content == b64decode(label["label"]["file"])


def test_a_contract_that_was_chosen_is_named_in_the_answer(caller):
    label = label_of(caller.ship(ship_with=POST))

    assert label["ship_with"]["properties"] == {"contract_id": 1517, "shipping_option_code": "postnl:standard"}
    assert label["tracking_number"] == "3STEA00000001"


# Formats and resolutions

BEGINNINGS = {"application/pdf": b"%PDF-", "image/png": b"\x89PNG\r\n", "application/zpl": b"^XA"}
WRITTEN_AT: dict[tuple[str, int | None], int] = {
    ("application/pdf", None): 72,
    ("application/pdf", 72): 72,
    ("image/png", None): 300,
    ("image/png", 150): 150,
    ("image/png", 300): 300,
    ("application/zpl", None): 203,
    ("application/zpl", 72): 203,
    ("application/zpl", 150): 203,
    ("application/zpl", 203): 203,
    ("application/zpl", 300): 300,
    ("application/zpl", 600): 600,
}
REFUSED: dict[tuple[str, int | None], str] = {
    **{
        ("application/pdf", dpi): f"application/pdf is not available at {dpi} dpi. Valid values: 72."
        for dpi in (150, 203, 300, 600)
    },
    **{
        ("image/png", dpi): f"image/png is not available at {dpi} dpi. Valid values: 150 or 300."
        for dpi in (72, 203, 600)
    },
}


def wanted_as(pair):
    mime_type, dpi = pair
    return {"mime_type": mime_type} if dpi is None else {"mime_type": mime_type, "dpi": dpi}


def test_every_documented_pair_of_format_and_resolution_is_tried_here():
    every = {(mime_type, dpi) for mime_type in BEGINNINGS for dpi in (None, 72, 150, 203, 300, 600)}

    assert WRITTEN_AT.keys() | REFUSED.keys() == every


@pytest.mark.parametrize(("pair", "dpi"), WRITTEN_AT.items(), ids=str)
def test_a_label_comes_in_the_format_and_resolution_that_was_asked_for(caller, pair, dpi):
    label = label_of(caller.ship(label_details=wanted_as(pair)))

    file = label["label"]["file"]
    assert label["label"] == label["label_details"] == {"file": file, "mime_type": pair[0], "dpi": dpi}
    assert b64decode(file).strip().startswith(BEGINNINGS[pair[0]])


@pytest.mark.parametrize(("pair", "detail"), REFUSED.items(), ids=str)
def test_a_resolution_that_a_format_does_not_have_is_refused(caller, pair, detail):
    answer = caller.ship(label_details=wanted_as(pair))

    assert problems(caller, answer) == [("invalid", detail, at("label_details/dpi"))]


@pytest.mark.parametrize("details", [{}, None, {"dpi": 72}, {"dpi": 72.0}, {"dpi": None}])
def test_without_a_format_a_label_is_a_pdf(caller, details):
    label = label_of(caller.ship(label_details=details))

    assert (label["label"]["mime_type"], label["label"]["dpi"]) == ("application/pdf", 72)


@pytest.mark.parametrize("mime_type", ["application/PDF", "image/jpeg", ""])
def test_another_format_is_no_choice(caller, mime_type):
    answer = caller.ship(label_details={"mime_type": mime_type})

    detail = "Input should be 'application/pdf', 'application/zpl' or 'image/png'"
    assert problems(caller, answer) == [("invalid_choice", detail, at("label_details/mime_type"))]


@pytest.mark.parametrize("dpi", [0, 71, 96, "72", True, 72.5, 2**40])
def test_another_resolution_is_no_choice(caller, dpi):
    answer = caller.ship(label_details={"dpi": dpi})

    assert problems(caller, answer) == [
        ("invalid_choice", "Input should be 72, 150, 203, 300 or 600", at("label_details/dpi"))
    ]


# Forms that are taken although the schema has another


@pytest.mark.parametrize(
    "body",
    [
        {"order": {"order_number": "ORDER-1"}},
        {"order": [{"order_number": "ORDER-1"}]},
        {"orders": [{"order_number": "ORDER-1"}]},
        {"orders": {"order_number": "ORDER-1"}},
        {"order": {"order_id": "shop-1"}},
        {"order": {"order_id": "shop-1", "order_number": "ORDER-1"}},
        {"order": {"order_id": "shop-1", "order_number": None}},
        {"order": {"order_id": "SHOP-1", "order_number": "order-1"}},
        {"order": {"order_number": "order-1"}},
        {"order": {"order_number": "ORDER-1", "apply_shipping_rules": True, "colour": "red"}},
        {"order": {"order_number": "ORDER-1"}, "orders": [{"order_number": "nowhere"}]},
        {"order": {"order_number": "ORDER-1"}, "colour": {"red": [1, 2.5, None]}},
        {"order": {"order_number": "ORDER-1"}, "integration_id": 70.0},
        {"order": {"order_number": "ORDER-1"}, "ship_with": None, "brand_id": None, "sender_address_id": None},
        {"order": {"order_number": "ORDER-1"}, "ship_with": {"type": "shipping_option_code", "properties": {}}},
        {
            "order": {"order_number": "ORDER-1"},
            "ship_with": {
                "type": "shipping_option_code",
                "properties": {"shipping_option_code": "sendcloud:letter", "contract_id": None},
            },
        },
        {
            "order": {"order_number": "ORDER-1"},
            "ship_with": {"type": "shipping_option_code", "properties": {"shipping_option_code": None}},
        },
    ],
    ids=str,
)
def test_these_forms_all_ship_the_order(caller, body):
    label = label_of(caller.client.post(URL, json={"integration_id": 70, **body}))

    assert (label["order_id"], label["order_number"]) == ("shop-1", "ORDER-1")


def test_a_label_format_may_be_called_as_it_is_in_answers(caller):
    label = label_of(caller.ship(label={"mime_type": "image/png", "dpi": 150}))

    assert (label["label"]["mime_type"], label["label"]["dpi"]) == ("image/png", 150)


def test_label_details_are_what_counts_when_both_are_there(caller):
    label = label_of(caller.ship(label={"mime_type": "image/png"}, label_details={"mime_type": "application/zpl"}))

    assert label["label"]["mime_type"] == "application/zpl"


@pytest.mark.parametrize("name", ["order", "orders"])
@pytest.mark.parametrize("amount", [0, 2, 20])
def test_a_list_of_any_other_length_is_refused(caller, name, amount):
    answer = caller.client.post(URL, json={"integration_id": 70, name: [{"order_number": "ORDER-1"}] * amount})

    assert problems(caller, answer) == [
        ("invalid", f"Exactly one order is shipped at a time here, not {amount}", at(name))
    ]


def test_the_path_may_end_in_a_slash(caller):
    answer = caller.client.post(f"{URL}/", json={"integration_id": 70, "order": {"order_number": "ORDER-1"}})

    assert label_of(answer)["order_number"] == "ORDER-1"


# Who decides: the request, then the order, then the account


def test_the_request_chooses_the_option_before_the_order(caller):
    caller.store(an_order(shipping_details={"ship_with": LETTER}))

    assert draft_of(caller, ship_with=POST).shipping_option_code == "postnl:standard"


def test_the_order_chooses_the_option_before_the_account(caller):
    caller.store(an_order(shipping_details={"ship_with": POST}))

    assert draft_of(caller).shipping_option_code == "postnl:standard"


def test_the_account_chooses_the_option_when_nobody_else_does(caller):
    assert draft_of(caller).shipping_option_code == "sendcloud:letter"


def test_an_option_of_the_request_leaves_the_contract_of_the_order_behind(caller):
    caller.store(an_order(shipping_details={"ship_with": choosing("postnl:standard", 1517)}))

    assert draft_of(caller, ship_with=LETTER).contract_id is None


@pytest.fixture
def second_contract(caller):
    with caller.installation.database.write() as transaction:
        add_contract(
            transaction,
            1,
            Contract(600, "postnl", "Second", sealed_data=caller.installation.vault.seal({"customer_code": "TWO"})),
        )
        add_number_range(transaction, 1, 600, 1, 10, is_live=False, vault=caller.installation.vault)
    return 600


def choosing(code, contract_id):
    return {"type": "shipping_option_code", "properties": {"shipping_option_code": code, "contract_id": contract_id}}


def test_the_request_chooses_the_contract_before_the_order(caller, second_contract):
    caller.store(an_order(shipping_details={"ship_with": choosing("postnl:standard", 1517)}))

    assert draft_of(caller, ship_with=choosing(None, second_contract)).contract_id == second_contract


def test_the_order_chooses_the_contract_before_the_default(caller, second_contract):
    caller.store(an_order(shipping_details={"ship_with": choosing("postnl:standard", second_contract)}))

    assert draft_of(caller).contract_id == second_contract


def test_the_default_contract_of_the_carrier_serves_when_nobody_chooses(caller, second_contract):
    assert draft_of(caller, ship_with=choosing("postnl:standard", None)).contract_id == 1517


@pytest.fixture
def second_sender(caller):
    """A sender address that is no default, with a brand of its own."""
    with caller.installation.database.write() as transaction:
        add_brand(transaction, 1, Brand(43, "Second brand"))
        add_brand(transaction, 1, Brand(44, "Third brand"))
        add_sender_address(transaction, 1, SenderAddress(192, an_address(name="Magazijn Zuid"), brand_id=43))
    return 192


def test_the_request_chooses_the_sender_and_the_sender_the_brand(caller, second_sender):
    draft = draft_of(caller, sender_address_id=second_sender)

    assert (draft.sender.name, draft.sender_address_id) == ("Magazijn Zuid", 192)
    assert (draft.brand_id, draft.brand_name) == (43, "Second brand")


def test_the_request_chooses_the_brand_before_the_sender(caller, second_sender):
    draft = draft_of(caller, sender_address_id=second_sender, brand_id=44)

    assert (draft.brand_id, draft.brand_name) == (44, "Third brand")


def test_the_default_sender_and_brand_serve_when_nobody_chooses(caller, second_sender):
    draft = draft_of(caller)

    assert (draft.sender_address_id, draft.brand_id) == (1017, 1042)


WEIGHED = {"measurement": {"weight": {"value": 1.250, "unit": "kg"}}}


@pytest.mark.parametrize(
    ("order", "weight"),
    [
        (an_order(shipping_details=WEIGHED), "1.25 kg"),
        (an_order(), "0.7 kg"),
        (with_items(an_item(quantity=3, measurement={"weight": {"value": 150, "unit": "g"}})), "450 g"),
        (with_items(an_item(), an_item(item_id="b", measurement={"weight": {"value": 150, "unit": "g"}})), "1000 g"),
        (with_items(an_item(measurement=None)), "2.5 kg"),
        (with_items(an_item(), an_item(item_id="b", measurement=None)), "2.5 kg"),
    ],
)
def test_the_weight_is_that_of_the_order_else_of_its_items_else_of_the_account(installation, order, weight):
    caller = a_caller(installation, default_weight=kilograms("2.5"))
    caller.store(order)

    assert str(draft_of(caller).boxes[0].weight) == weight


def test_without_any_weight_an_order_is_not_shipped(caller):
    caller.store(with_items(an_item(measurement=None)))

    assert problems(caller, caller.ship()) == [
        (
            "required",
            "The order has no weight. Give it one, or each of its items, or give the account a default weight.",
            at("order/shipping_details/measurement/weight"),
        )
    ]


# Which order


def test_an_order_that_does_not_exist_is_not_found(caller):
    by_number, by_id = (caller.ship(order=order) for order in ({"order_number": "NO"}, {"order_id": "NO"}))

    detail = "The order could not be found with the search criteria given"
    assert problems(caller, by_number, 404) == [("not_found", detail, at("order/order_number"))]
    assert problems(caller, by_id, 404) == [("not_found", detail, at("order/order_id"))]
    assert {answer.json()["errors"][0]["title"] for answer in (by_number, by_id)} == {"Not found"}


def test_selectors_that_contradict_each_other_find_nothing(caller):
    answer = caller.ship(order={"order_id": "shop-1", "order_number": "ORDER-2"})

    assert [code for code, _, _ in problems(caller, answer, 404)] == ["not_found"]


def test_an_order_needs_one_selector_or_the_other(caller):
    assert problems(caller, caller.ship(order={"apply_shipping_rules": False})) == [
        ("invalid", "Field required", at("order/order_id")),
        ("invalid", "Field required", at("order/order_number")),
    ]


def test_a_number_that_several_orders_have_asks_for_the_id(caller):
    caller.store(an_order(order_id="shop-2"))

    detail = "2 orders of this integration have the order_number 'ORDER-1'. Name one by its order_id."
    assert problems(caller, caller.ship()) == [("validation_error", detail, at("order/order_number"))]


def test_of_two_orders_that_differ_in_case_the_exact_one_is_shipped(caller):
    caller.store(an_order(order_id="SHOP-1", order_number="order-1"))

    assert label_of(caller.ship(order={"order_number": "order-1"}))["order_id"] == "SHOP-1"
    assert label_of(caller.ship(order={"order_id": "shop-1"}))["order_number"] == "ORDER-1"


def test_two_orders_that_differ_in_case_are_not_guessed_between(caller):
    caller.store(an_order(order_id="shop-2", order_number="order-1"))

    assert [code for code, _, _ in problems(caller, caller.ship(order={"order_number": "Order-1"}))] == [
        "validation_error"
    ]


def test_an_order_of_another_integration_of_the_account_is_not_found(caller, stranger):
    assert [code for code, _, _ in problems(caller, caller.ship(order={"order_number": "THEIRS"}), 404)] == [
        "not_found"
    ]


# Another account's things are as if they were not there


@pytest.mark.parametrize(
    ("theirs", "missing"),
    [
        ({"integration_id": 71}, {"integration_id": 99}),
        ({"order": {"order_id": "theirs"}}, {"order": {"order_id": "nobody"}}),
        ({"order": {"order_number": "THEIRS"}}, {"order": {"order_number": "NOBODY"}}),
        ({"sender_address_id": 2017}, {"sender_address_id": 9917}),
        ({"brand_id": 2042}, {"brand_id": 9942}),
        ({"ship_with": choosing("postnl:standard", 2517)}, {"ship_with": choosing("postnl:standard", 9917)}),
    ],
    ids=str,
)
def test_what_belongs_to_somebody_else_is_told_apart_from_nothing_by_no_byte(caller, stranger, theirs, missing):
    foreign, none = caller.ship(**theirs), caller.ship(**missing)

    assert foreign.status_code in {400, 404}
    assert foreign.content.replace(b" 71 ", b" 99 ") == none.content
    assert {**foreign.headers, "content-length": ""} == {**none.headers, "content-length": ""}
    assert rows(caller) == NOTHING


def test_a_parcel_and_a_shipment_of_somebody_else_are_told_apart_from_nothing_by_no_byte(caller, stranger):
    theirs = label_of(stranger.ship(integration_id=71, order={"order_id": "theirs"}))
    missing = theirs["parcel_id"] + 100_000

    documents = [
        caller.client.get(f"/api/v3/parcels/{parcel}/documents/label") for parcel in (theirs["parcel_id"], missing)
    ]
    cancelled = [caller.client.post(f"/api/v3/shipments/{found}/cancel") for found in (theirs["shipment_id"], "none")]

    assert [answer.status_code for answer in documents + cancelled] == [404] * 4
    assert documents[0].content == documents[1].content
    assert cancelled[0].content == cancelled[1].content


# What else must be there


@pytest.mark.parametrize(
    ("body", "problem", "status"),
    [
        ({"integration_id": 99}, ("invalid", "Integration with id 99 does not exist", at("integration_id")), 400),
        ({"sender_address_id": 99}, ("invalid", "Does not exist.", at("sender_address_id")), 404),
        ({"sender_address_id": -1}, ("invalid", "Does not exist.", at("sender_address_id")), 404),
        ({"brand_id": 99}, ("invalid", "Does not exist.", at("brand_id")), 404),
        (
            {"ship_with": choosing("postnl:standard", 99)},
            ("invalid", "Invalid contract.", at("ship_with/properties/contract_id")),
            400,
        ),
        (
            {"ship_with": choosing("sendcloud:letter", 1517)},
            ("invalid", "Invalid contract.", at("ship_with/properties/contract_id")),
            400,
        ),
        (
            {"ship_with": choosing("sendcloud:parcel", None)},
            (
                "validation_error",
                "There is no shipping option 'sendcloud:parcel'.",
                at("ship_with/properties/shipping_option_code"),
            ),
            400,
        ),
    ],
)
def test_what_a_request_names_must_exist(caller, body, problem, status):
    assert problems(caller, caller.ship(**body), status) == [problem]


def test_an_account_without_a_default_sender_must_name_one(caller):
    with caller.installation.database.write() as transaction:
        transaction.execute(update(sender_addresses).values(is_default=False))

    detail = (
        "This field is required, because the account has no default sender address. An order ships from an address that"
        " is stored with the account: add one with `kolli sender-addresses add`, or with POST"
        " /api/v3/addresses/sender-addresses. A shipment without an order can bring its own (`from_address`)."
    )
    assert problems(caller, caller.ship()) == [("required", detail, at("sender_address_id"))]
    assert label_of(caller.ship(sender_address_id=1017))["order_number"] == "ORDER-1"


def test_without_a_shipping_option_anywhere_one_is_required(installation):
    caller = a_caller(installation, default_shipping_option_code=None)
    caller.store(an_order())

    detail = "This field is required, because neither the order nor the account names a shipping option."
    assert problems(caller, caller.ship()) == [("required", detail, at("ship_with/properties/shipping_option_code"))]


def test_a_carrier_that_needs_a_contract_is_not_used_without_one(installation):
    caller = a_caller(installation)
    caller.store(an_order())
    with installation.database.write() as transaction:
        transaction.exec_driver_sql("DELETE FROM number_ranges")
        transaction.exec_driver_sql("DELETE FROM contracts")

    detail = (
        "This field is required, because the account has no contract with PostNL. Add one with"
        " `kolli contracts add postnl`, or with POST /api/v3/contracts."
    )
    assert problems(caller, caller.ship(ship_with=POST)) == [
        ("required", detail, at("ship_with/properties/contract_id"))
    ]


# The route, the weight, the goods

OUTSIDE = {"country_code": "CH", "postal_code": "8001", "city": "Zürich"}
DECLARED = {"hs_code": "3406.00", "country_of_origin": "NL"}


@pytest.mark.parametrize(
    ("option", "address", "route"),
    [
        ("postnl:standard", OUTSIDE, "postnl:standard does not go from NL to CH."),
        (
            "postnl:standard/insured=3000",
            {"country_code": "DE"},
            "postnl:standard/insured=3000 does not go from NL to DE.",
        ),
    ],
)
def test_a_country_that_is_not_served_is_refused(caller, option, address, route):
    caller.store(an_order(shipping_address=shipping_to(**address)))

    answer = caller.ship(ship_with=choosing(option, None))

    assert problems(caller, answer) == [
        (
            "validation_error",
            f"No shipping option could be found for the given country or postal code combination: {route}",
            at("ship_with/properties/shipping_option_code"),
        )
    ]


def test_a_country_that_is_not_collected_in_is_refused(caller):
    with caller.installation.database.write() as transaction:
        add_sender_address(transaction, 1, SenderAddress(18, an_address(country_code="BE")))

    ((code, detail, _),) = problems(caller, caller.ship(ship_with=POST, sender_address_id=18))

    assert code == "validation_error"
    assert detail.endswith("postnl:standard does not go from BE to NL.")


@pytest.mark.parametrize(("option", "limit"), [("sendcloud:letter", "30"), ("postnl:standard", "31.5")])
def test_a_weight_outside_the_range_of_the_option_is_refused(caller, option, limit):
    caller.store(an_order(shipping_details={"measurement": {"weight": {"value": float(limit) + 0.001, "unit": "kg"}}}))

    answer = caller.ship(ship_with=choosing(option, None))

    detail = (
        "No shipping option could be found for the given weight and/or dimensions:"
        f" {option} takes 0.001 kg to {limit} kg, the parcel weighs {float(limit) + 0.001} kg."
    )
    assert problems(caller, answer) == [("validation_error", detail, at("ship_with/properties/shipping_option_code"))]


def test_the_greatest_weight_of_an_option_is_taken(caller):
    caller.store(an_order(shipping_details={"measurement": {"weight": {"value": 30000, "unit": "g"}}}))

    assert str(draft_of(caller).boxes[0].weight) == "30000 g"


def test_an_order_without_items_is_not_shipped(caller):
    caller.store(with_items())

    detail = "The order has no items. Add what is to be shipped."
    assert problems(caller, caller.ship()) == [("validation_error", detail, at("order"))]


def test_an_order_without_an_address_is_not_shipped(caller):
    caller.store(an_order(shipping_address=None, order_id="nowhere", order_number="NOWHERE"))

    answer = caller.ship(order={"order_id": "nowhere"})

    assert problems(caller, answer) == [("validation_error", "The order has no valid shipping address.", at("order"))]


def test_goods_that_cross_a_customs_border_must_be_declared(caller):
    items = [an_item(hs_code="3406.00"), an_item(item_id="b", name="Lamp", measurement=None, **DECLARED)]
    caller.store(with_items(*items, shipping_address=shipping_to(**OUTSIDE), shipping_details=WEIGHED))

    detail = (
        "A parcel from NL to CH crosses a customs border, and item 1 (Candle) has no country_of_origin;"
        " item 2 (Lamp) has no weight."
    )
    assert problems(caller, caller.ship()) == [("validation_error", detail, at("order/order_items"))]


def test_goods_that_are_declared_cross_the_border(caller):
    caller.store(with_items(an_item(**DECLARED), shipping_address=shipping_to(**OUTSIDE)))

    assert draft_of(caller).recipient.country_code == "CH"


def test_inside_the_union_nothing_is_declared(caller):
    caller.store(an_order(shipping_address=shipping_to(country_code="DE", postal_code="10115", city="Berlin")))

    assert draft_of(caller).recipient.country_code == "DE"


class Demanding(SandboxCarrier):
    """A carrier that wants to know everything, one thing per option."""

    options = tuple(
        ShippingOption(f"sendcloud:{wanted}", wanted, heaviest=kilograms("30"), requires=(wanted,))
        for wanted in ("email", "phone_number", "dimensions", "service_point_details")
    )


WANTED = {
    "email": ("order/shipping_address/email", {"customer_details": {"name": "Jo", "email": "jo@example.org"}}),
    "phone_number": (
        "order/shipping_address/phone_number",
        {"customer_details": {"name": "Jo", "phone_number": "+31 6"}},
    ),
    "dimensions": (
        "order/shipping_details/measurement/dimension",
        {
            "shipping_details": {
                "measurement": {
                    "dimension": {"length": 10, "width": 20, "height": 5, "unit": "cm"},
                    **WEIGHED["measurement"],
                }
            }
        },
    ),
    "service_point_details": ("order/service_point_details", {"service_point_details": {"id": "10875349"}}),
}


@pytest.mark.parametrize(("wanted", "place"), [(name, place) for name, (place, _) in WANTED.items()])
def test_what_an_option_needs_is_required(tmp_path, wanted, place):
    caller = a_caller(an_installation(tmp_path, carriers=[Demanding(tmp_path), PostNL(tmp_path)]))
    caller.store(an_order())

    answer = caller.ship(ship_with=choosing(f"sendcloud:{wanted}", None))

    detail = f"This field is required. sendcloud:{wanted} does not go without it."
    assert problems(caller, answer) == [("required", detail, at(place))]


@pytest.mark.parametrize(("wanted", "given"), [(name, given) for name, (_, given) in WANTED.items()])
def test_what_an_option_needs_is_taken_from_the_order(tmp_path, wanted, given):
    caller = a_caller(an_installation(tmp_path, carriers=[Demanding(tmp_path), PostNL(tmp_path)]))
    caller.store(an_order(**given))

    assert label_of(caller.ship(ship_with=choosing(f"sendcloud:{wanted}", None)))["order_number"] == "ORDER-1"


def test_a_service_point_does_not_hinder_home_delivery(caller):
    caller.store(an_order(service_point_details={"id": "10875349"}))

    assert label_of(caller.ship())["order_number"] == "ORDER-1"


def test_a_discount_line_with_a_negative_price_is_no_hindrance(caller):
    discount = an_item(item_id="b", name="Discount", quantity=1, total_price={"value": -5, "currency": "EUR"})
    caller.store(with_items(an_item(), discount))

    assert label_of(caller.ship())["order_number"] == "ORDER-1"


# Bodies that are wrong


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"integration_id": "70"}, ("invalid", "Input should be a valid integer", at("integration_id"))),
        ({"integration_id": True}, ("invalid", "Input should be a valid integer", at("integration_id"))),
        ({"integration_id": 70.5}, ("invalid", "Input should be a valid integer", at("integration_id"))),
        ({"integration_id": None}, ("invalid", "Input should be a valid integer", at("integration_id"))),
        (
            {"integration_id": 2**70},
            ("invalid", f"Input should be less than or equal to {2**63 - 1}", at("integration_id")),
        ),
        (
            {"sender_address_id": -(2**70)},
            ("invalid", f"Input should be greater than or equal to {1 - 2**63}", at("sender_address_id")),
        ),
        ({"sender_address_id": "17"}, ("invalid", "Input should be a valid integer", at("sender_address_id"))),
        ({"brand_id": 0}, ("invalid", "Input should be greater than or equal to 1", at("brand_id"))),
        ({"brand_id": []}, ("invalid", "Input should be a valid integer", at("brand_id"))),
        ({"order": 3}, ("invalid", "Input should be a valid dictionary", at("order"))),
        ({"order": [None]}, ("invalid", "Input should be a valid dictionary", at("order"))),
        ({"order": {"order_id": 3}}, ("invalid", "Input should be a valid string", at("order/order_id"))),
        ({"order": {"order_id": ""}}, ("invalid", "String should have at least 1 character", at("order/order_id"))),
        (
            {"order": {"order_id": "x" * 65}},
            ("invalid", "String should have at most 64 characters", at("order/order_id")),
        ),
        ({"order": {"order_number": 3}}, ("invalid", "Input should be a valid string", at("order/order_number"))),
        (
            {"order": {"order_number": "x" * 256}},
            ("invalid", "String should have at most 255 characters", at("order/order_number")),
        ),
        (
            {"order": {"order_number": "ORDER-1", "apply_shipping_rules": "true"}},
            ("invalid", "Input should be a valid boolean", at("order/apply_shipping_rules")),
        ),
        ({"label_details": []}, ("invalid", "Input should be a valid dictionary", at("label_details"))),
        ({"ship_with": "x"}, ("invalid", "Input should be a valid dictionary", at("ship_with"))),
        (
            {"ship_with": {"type": "carrier", "properties": {}}},
            ("invalid_choice", "Input should be 'shipping_option_code'", at("ship_with/type")),
        ),
        (
            {"ship_with": choosing(3, None)},
            ("invalid", "Input should be a valid string", at("ship_with/properties/shipping_option_code")),
        ),
        (
            {"ship_with": choosing("sendcloud:letter", 0)},
            ("invalid", "Input should be greater than or equal to 1", at("ship_with/properties/contract_id")),
        ),
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_is_named(caller, changes, found):
    assert problems(caller, caller.ship(**changes)) == [found]


def test_a_missing_integration_is_required(caller):
    answer = caller.client.post(URL, json={"order": {"order_number": "ORDER-1"}})

    assert problems(caller, answer) == [("invalid", "Field required", at("integration_id"))]


def test_a_missing_order_is_required(caller):
    answer = caller.client.post(URL, json={"integration_id": 70})

    assert problems(caller, answer) == [("invalid", "Field required", at("order"))]


def test_ship_with_needs_both_of_its_members(caller):
    assert problems(caller, caller.ship(ship_with={})) == [
        ("invalid", "Field required", at("ship_with/type")),
        ("invalid", "Field required", at("ship_with/properties")),
    ]


def test_every_mistake_is_named_at_once(caller):
    answer = caller.client.post(URL, json={"brand_id": 0, "order": {"order_id": 1}, "label_details": {"dpi": 1}})

    assert [pointer for _, _, pointer in problems(caller, answer)] == [
        at("integration_id"),
        at("brand_id"),
        at("order/order_id"),
        at("label_details/dpi"),
    ]


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e-999999999", "1e400", "9" * 400])
@pytest.mark.parametrize("place", ['"integration_id": {}', '"integration_id": 70, "brand_id": {}'])
def test_a_number_without_measure_is_refused(caller, number, place):
    content = "{" + place.format(number) + ', "order": {"order_number": "ORDER-1"}}'

    answer = caller.client.post(URL, content=content.encode())

    assert [code for code, _, _ in problems(caller, answer)] in (["invalid"], ["non_field_errors"])


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"{'integration_id': 70}", b"\xff\xfe", b'{"a": "\\u0000"}', b"[" * 34 + b"]" * 34, b"[" * 500_000],
    ids=lambda content: repr(content[:30]),
)
def test_a_body_that_is_not_json_is_refused(caller, content):
    ((code, _, pointer),) = problems(caller, caller.client.post(URL, content=content))

    assert (code, pointer) == ("non_field_errors", None)


@pytest.mark.parametrize("document", [None, True, 3, "text", [], [{"integration_id": 70}]])
def test_a_body_that_is_no_object_is_refused(caller, document):
    answer = caller.client.post(URL, content=json.dumps(document).encode())

    assert problems(caller, answer) == [("invalid", "Input should be a valid dictionary", "/data/attributes")]


def test_a_body_of_exactly_2_mib_is_read(caller):
    body = json.dumps({"integration_id": 70, "order": {"order_number": "ORDER-1"}}).encode()

    assert label_of(caller.client.post(URL, content=body.ljust(2 * 1024 * 1024)))["order_number"] == "ORDER-1"


def test_a_body_of_more_than_2_mib_is_too_large(caller):
    body = json.dumps({"integration_id": 70, "order": {"order_number": "ORDER-1"}}).encode()

    answer = caller.client.post(URL, content=body.ljust(2 * 1024 * 1024 + 1))

    detail = "The body is larger than 2097152 bytes. Send less at a time."
    assert problems(caller, answer, 413) == [("invalid", detail, None)]
    assert answer.headers["connection"] == "close"


# Texts that are hard to print


@pytest.mark.parametrize(
    ("member", "text", "beginning"),
    [
        ("name", "Jo 😀", "U+1F600 (GRINNING FACE) is an emoji or belongs to one"),
        ("address_line_1", "רחוב הרצל", "U+05E8 (HEBREW LETTER RESH) is written from right to left"),
        ("city", "القاهرة", "U+0627 (ARABIC LETTER ALEF) is written from right to left"),
        ("company_name", "a\u200bb", "U+200B (ZERO WIDTH SPACE) is an invisible formatting character"),
        ("city", "\ue000", "U+E000 is a private-use character"),
    ],
)
def test_text_that_no_font_draws_is_refused_and_the_field_is_named(caller, member, text, beginning):
    caller.store(an_order(shipping_address=shipping_to(**{member: text})))

    ((code, detail, pointer),) = problems(caller, caller.ship())

    assert (code, pointer) == ("validation_error", at(f"order/shipping_address/{member}"))
    assert detail.startswith(beginning)


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x10", "\x1b", "\x1e", "\x7f", "\x85", "\u202e", "\u2066"])
def test_a_control_character_that_came_in_by_another_way_is_not_printed(caller, character):
    """The Orders section refuses them; an import may not, and a printer takes some of them for commands."""
    order = an_order(shipping_address=shipping_to(name=f"Jo{character}hn"))
    with caller.installation.database.write() as transaction:
        transaction.execute(delete(orders))
        add_or_update_order(transaction, 1, 5, order, NOW)

    ((code, _, pointer),) = problems(caller, caller.ship())

    assert (code, pointer) == ("validation_error", at("order/shipping_address/name"))


@pytest.mark.parametrize("text", ["^XA^FDoverwritten^FS^XZ", "~JR", "_5E_7E", "\\&", "^FO0,0^GB800,800,800^FS", "^CC/"])
def test_commands_of_printers_are_text_like_any_other(caller, text):
    caller.store(an_order(shipping_address=shipping_to(name=text)))
    plain = commands_in(zpl_of(an_installation_with(caller, "Plain name")))

    label = label_of(caller.ship(label_details={"mime_type": "application/zpl"}))

    zpl = b64decode(label["label"]["file"]).decode()
    assert commands_in(zpl) == plain
    assert "~" not in zpl.replace("~DG", "")


def commands_in(zpl):
    """The commands of a ZPL file, in their order, without what they are about."""
    return [part[:2] for part in zpl.split("^")[1:]]


def an_installation_with(caller, name):
    """Another order of the caller's, to the same address but for the name."""
    caller.store(an_order(order_id="plain", order_number="ORDER-1b", shipping_address=shipping_to(name=name)))
    return caller


def zpl_of(caller):
    answer = caller.ship(order={"order_id": "plain"}, label_details={"mime_type": "application/zpl"})
    return b64decode(label_of(answer)["label"]["file"]).decode()


LATER = {"order_id": "shop-2", "order_number": "ORDER-2"}


@pytest.mark.parametrize("member", ["name", "company_name", "address_line_1", "address_line_2"])
def test_text_that_is_too_long_for_the_label_is_refused_and_the_field_is_named(caller, member):
    caller.store(an_order(shipping_address=shipping_to(**{member: "Wijdewormerweg " * 100})))

    option = {"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard"}}
    ((code, detail, pointer),) = problems(caller, caller.ship(ship_with=option))

    assert (code, pointer) == ("validation_error", at(f"order/shipping_address/{member}"))
    assert "does not fit its place on the label" in detail


@pytest.mark.parametrize(
    ("member", "room"),
    [
        ("name", 50),
        ("company_name", 50),
        ("address_line_1", 60),
        ("address_line_2", 60),
        ("house_number", 20),
        ("city", 30),
        ("postal_code", 12),
        ("phone_number", 20),
        ("email", 64),
    ],
)
def test_what_a_carrier_has_no_room_for_is_refused_and_the_field_is_named(caller, member, room):
    full, more = ({member: f"{'1' * (length - 5)}@A.NL"} for length in (room, room + 1))
    caller.store(
        an_order(shipping_address=shipping_to(**full)), an_order(**LATER, shipping_address=shipping_to(**more))
    )

    ((code, detail, pointer),) = problems(caller, caller.ship(order={"order_number": "ORDER-2"}))

    label_of(caller.ship())
    assert (code, pointer) == ("validation_error", at(f"order/shipping_address/{member}"))
    assert f"Sendcloud has room for {room} characters here, and {more[member][:60]!r} has {room + 1}" in detail


# The partner header


@pytest.mark.parametrize("partner", ["f2c5a4a0-7a6b-4d5f-8f9e-0c1d2e3f4a5b", "F2C5A4A0-7A6B-4D5F-8F9E-0C1D2E3F4A5B"])
def test_any_uuid_may_be_the_partner(caller, partner):
    answer = caller.client.post(
        URL,
        json={"integration_id": 70, "order": {"order_number": "ORDER-1"}},
        headers={"Sendcloud-Partner-Id": partner},
    )

    assert label_of(answer)["order_number"] == "ORDER-1"


@pytest.mark.parametrize("partner", ["", "partner", "f2c5a4a0-7a6b-4d5f-8f9e", "12345678"])
def test_a_partner_that_is_no_uuid_is_refused(caller, partner):
    answer = caller.client.post(
        URL,
        json={"integration_id": 70, "order": {"order_number": "ORDER-1"}},
        headers={"Sendcloud-Partner-Id": partner},
    )

    assert problems(caller, answer) == [("invalid", f"{partner!r} is not a valid UUID.", None)]
    assert answer.json()["errors"][0]["source"] == {"header": "Sendcloud-Partner-Id"}


KNOWN = "f2c5a4a0-7a6b-4d5f-8f9e-0c1d2e3f4a5b"
UNKNOWN = "00000000-7a6b-4d5f-8f9e-0c1d2e3f4a5b"


@pytest.fixture
def caller_with_partners(tmp_path):
    caller = a_caller(an_installation(tmp_path, partner_ids=KNOWN))
    caller.store(an_order())
    return caller


def test_where_partners_are_listed_an_unknown_one_is_refused(caller_with_partners):
    answer = caller_with_partners.client.post(URL, json={}, headers={"Sendcloud-Partner-Id": UNKNOWN})

    assert problems(caller_with_partners, answer) == [("invalid", "The partner ID was not found.", None)]
    assert answer.json()["errors"][0]["source"] == {"header": "Sendcloud-Partner-Id"}


def test_where_partners_are_listed_a_known_one_is_fine(caller_with_partners):
    answer = caller_with_partners.client.post(
        URL,
        json={"integration_id": 70, "order": {"order_number": "ORDER-1"}},
        headers={"Sendcloud-Partner-Id": KNOWN},
    )

    assert label_of(answer)["order_number"] == "ORDER-1"


# Credentials

NOT_PROVIDED = ("authentication_failed", "Authentication credentials were not provided.", None)
WRONG = ("authentication_failed", "Invalid username/password.", "/data")


def basic(pair):
    return "Basic " + b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (None, NOT_PROVIDED),
        ("Token abc", NOT_PROVIDED),
        (basic("nobody:wrong"), WRONG),
        ("Basic !garbage!", WRONG),
        ("Basic é".encode("latin-1"), WRONG),
        ("Basic", WRONG),
    ],
)
def test_without_the_right_credentials_nobody_is_answered(caller, header, found):
    client = TestClient(caller.client.app, "http://kolli.test", raise_server_exceptions=False)

    answer = client.post(URL, json={}, headers={} if header is None else {"Authorization": header})

    assert problems(caller, answer, 401) == [found]
    assert answer.headers["www-authenticate"] == 'Basic realm="Kolli", charset="UTF-8", Bearer realm="Kolli"'


def test_a_right_key_with_a_wrong_secret_is_told_what_an_unknown_key_is_told(caller):
    client = TestClient(caller.client.app, "http://kolli.test", raise_server_exceptions=False)

    wrong_secret = client.post(URL, json={}, auth=(caller.context.key.public_key, "wrong"))
    wrong_key = client.post(URL, json={}, auth=("wrong", "wrong"))

    assert (wrong_secret.status_code, wrong_secret.content) == (wrong_key.status_code, wrong_key.content)


def test_two_keys_of_one_account_see_the_same_shipments(caller):
    label = label_of(caller.ship())
    with caller.installation.database.write() as transaction:
        key, secret = create_key(transaction, 1, "Second", NOW)

    answer = caller.client.get(label["documents"][0]["link"], auth=(key.public_key, secret))

    assert (answer.status_code, answer.content) == (200, b64decode(label["label"]["file"]))


# One label per order


def test_an_order_that_has_a_label_is_refused_with_all_that_is_needed_to_get_it(caller):
    label = label_of(caller.ship())

    answer = caller.ship(label_details={"mime_type": "application/zpl"})

    assert (answer.status_code, answer.json()) == (
        400,
        {
            "errors": [
                {
                    "status": "400",
                    "code": "validation_error",
                    "title": "Validation error",
                    "detail": f"The order 'ORDER-1' already has the shipment {label['shipment_id']}. Fetch its label"
                    " again from the document link in meta, or cancel the shipment before you ask for another label.",
                    "source": {"pointer": at("order")},
                    "meta": {
                        "shipment_id": label["shipment_id"],
                        "parcel_id": label["parcel_id"],
                        "tracking_number": label["tracking_number"],
                        "document": label["documents"][0]["link"],
                    },
                }
            ]
        },
    )
    document = caller.client.get(answer.json()["errors"][0]["meta"]["document"])
    assert document.content == b64decode(label["label"]["file"])
    assert rows(caller) == (1, 1, 1, 1)


def test_an_account_that_allows_it_gets_another_label(installation):
    caller = a_caller(installation, repeat_labels="allowed")
    caller.store(an_order())

    first, second = label_of(caller.ship()), label_of(caller.ship())

    assert first["tracking_number"] != second["tracking_number"]
    assert rows(caller) == (2, 2, 2, 2)


@pytest.mark.parametrize("option", [LETTER, POST], ids=["number at booking", "own number"])
def test_after_a_shipment_was_cancelled_its_order_can_be_shipped_again(caller, option):
    first = label_of(caller.ship(ship_with=option))

    cancelled = caller.client.post(f"/api/v3/shipments/{first['shipment_id']}/cancel")
    second = label_of(caller.ship(ship_with=option))

    assert (cancelled.status_code, cancelled.json()) == (
        200,
        {"data": {"status": "cancelled", "message": "Shipment has been cancelled"}},
    )
    assert first["tracking_number"] != second["tracking_number"]


def test_a_shipment_is_cancelled_once(caller):
    path = f"/api/v3/shipments/{label_of(caller.ship())['shipment_id']}/cancel"
    caller.client.post(path)

    answer = caller.client.post(path)

    assert answer.status_code == 409
    assert answer.json() == {
        "errors": [
            {
                "status": "409",
                "code": "invalid",
                "title": "Conflict",
                "detail": "This shipment is already being cancelled.",
            }
        ]
    }


def test_a_shipment_that_does_not_exist_is_not_found(caller):
    answer = caller.client.post("/api/v3/shipments/00000000-0000-4000-8000-000000000000/cancel")

    assert problems(caller, answer, 404) == [("not_found", "Not found", None)]


def test_of_32_requests_at_once_one_gets_a_label(caller):
    async def all_at_once():
        transport = httpx2.ASGITransport(caller.client.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://kolli.test", auth=caller.client.auth
        ) as client:
            body = {"integration_id": 70, "order": {"order_number": "ORDER-1"}}
            return await asyncio.gather(*(client.post(URL, json=body) for _ in range(32)))

    answers = asyncio.run(all_at_once())

    assert sorted(answer.status_code for answer in answers) == [201] + [400] * 31
    assert {error["code"] for answer in answers for error in answer.json().get("errors", [])} <= {
        "validation_error",
        "invalid",
    }
    assert rows(caller) == (1, 1, 1, 1)


# What the carrier says


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (Fault.REFUSE, "The sandbox refused the shipment, as it was told to. Nothing was booked."),
        (Fault.UNREACHABLE, "The carrier could not be reached. Nothing was booked; trying again is safe."),
        (
            Fault.SILENT_BEFORE,
            "The carrier did not answer in time. Whether it booked the shipment is being looked into.",
        ),
    ],
)
def test_a_failed_announcement_is_told_and_the_next_try_gets_a_label(caller, fault, detail):
    caller.sandbox.ledger.fail_next(fault)

    failed, label = caller.ship(), label_of(caller.ship())

    assert failed.status_code == 400
    assert failed.json() == {
        "errors": [
            {
                "status": "400",
                "code": "parcel_announcement_error",
                "title": "Announcement failed",
                "detail": detail,
            }
        ]
    }
    assert [entry.reference for entry in caller.sandbox.ledger.entries()] == [label["shipment_id"]]


def test_a_label_that_was_booked_without_an_answer_is_found_by_the_next_try(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    failed = caller.ship()

    refused = caller.ship()

    (entry,) = caller.sandbox.ledger.entries()
    meta = refused.json()["errors"][0]["meta"]
    assert (failed.status_code, failed.json()["errors"][0]["code"]) == (400, "parcel_announcement_error")
    assert (meta["shipment_id"], meta["tracking_number"]) == (entry.reference, entry.tracking_number)
    assert caller.client.get(meta["document"]).content.startswith(b"%PDF-")


class Broken(SandboxCarrier):
    """A carrier with a mistake in it."""

    def announce(self, booking):
        super().announce(booking)
        raise ZeroDivisionError


def test_a_mistake_in_a_carriers_code_is_an_outcome_that_nobody_knows_and_loses_no_label(tmp_path):
    caller = a_caller(an_installation(tmp_path, carriers=[Broken(tmp_path), PostNL(tmp_path)]))
    caller.store(an_order())

    broken, refused = caller.ship(), caller.ship()

    assert (broken.status_code, broken.json()["errors"][0]["code"]) == (400, "parcel_announcement_error")
    assert "ZeroDivisionError" not in broken.text
    assert refused.json()["errors"][0]["meta"]["tracking_number"] == caller.sandbox.ledger.entries()[0].tracking_number


def test_a_range_that_is_used_up_is_told_before_anybody_is_called(caller):
    with caller.installation.database.write() as transaction:
        add_contract(
            transaction,
            1,
            Contract(601, "postnl", "One", sealed_data=caller.installation.vault.seal({"customer_code": "ONE"})),
        )
        add_number_range(transaction, 1, 601, 5, 5, is_live=False, vault=caller.installation.vault)
    label = label_of(caller.ship(ship_with=choosing("postnl:standard", 601)))
    caller.client.post(f"/api/v3/shipments/{label['shipment_id']}/cancel")

    answer = caller.ship(ship_with=choosing("postnl:standard", 601))

    assert answer.status_code == 400
    assert answer.json()["errors"] == [
        {
            "status": "400",
            "code": "validation_error",
            "title": "Validation error",
            "detail": "The test number range of contract 601 (One) is used up. Nothing was announced."
            " Ask PostNL for a new range and give it to the contract.",
            "source": {"pointer": at("ship_with/properties/contract_id")},
        }
    ]
    assert rows(caller) == (1, 1, 1, 0)


# Paths


@pytest.mark.parametrize(
    ("method", "path", "status", "found"),
    [
        ("POST", "/api/v3/orders/create-label", 404, ("not_found", "The page you have requested could not be found.")),
        ("GET", URL, 405, ("invalid", "This method is not allowed here.")),
    ],
)
def test_another_path_or_method_leads_nowhere(caller, method, path, status, found):
    assert problems(caller, caller.client.request(method, path), status) == [(*found, None)]


FORMS = [
    {"mime_type": "application/pdf"},
    {"mime_type": "image/png", "dpi": 150},
    {"mime_type": "image/png", "dpi": 300},
    {"mime_type": "application/zpl"},
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["g\u0323", "Xg\u0316", "Ț̦omas", "ẹ́", "ℊ"])
def test_a_mark_below_a_letter_is_printed_in_every_format(installation, name, form):
    caller = a_caller(installation)
    address = {**an_order()["shipping_address"], "name": name}
    caller.store(an_order(shipping_address=address))

    assert caller.ship(label_details=form).status_code == 201


@pytest.mark.parametrize("name", ["a" + "\u0301" * 40, "\u0301", "\u034f", "\u200b"])
def test_marks_without_end_and_names_without_a_letter_are_refused_before_anything_is_booked(installation, name):
    caller = a_caller(installation)
    address = {**an_order()["shipping_address"], "name": name}
    caller.store(an_order(shipping_address=address))

    answer = caller.ship()

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"]["pointer"] == "/data/attributes/order/shipping_address/name"
    assert caller.sandbox.ledger.entries() == []


def test_what_fits_one_paper_and_not_the_other_is_refused_before_anything_is_booked(installation):
    caller = a_caller(installation)
    caller.store(an_order(order_number="W" * 46))

    answer = caller.ship(order={"order_id": "shop-1"})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["source"]["pointer"] == "/data/attributes/order/order_number"
    assert caller.sandbox.ledger.entries() == []


def test_a_large_body_of_a_stranger_is_not_read(installation):
    caller = a_caller(installation)
    caller.client.auth = ("nobody", "wrong")

    answer = caller.ship(padding="x" * 3_000_000)  # a caller we know would be told that it is too large

    assert answer.status_code == 401
