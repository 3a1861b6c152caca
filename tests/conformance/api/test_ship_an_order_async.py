"""`create-labels-async` does what its published description says, and what was decided where it says nothing."""

import asyncio
from io import BytesIO
from pathlib import Path

import httpx2
import pypdfium2
import pytest
import yaml
from jsonschema import Draft202012Validator
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from kolli.account.contracts import Contract, add_contract
from kolli.account.number_ranges import add_number_range
from kolli.app import web
from kolli.carriers.base import ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.demo import load_demo
from kolli.operations.background import workers
from kolli.schema import attempts, jobs, parcels, sender_addresses, shipments
from kolli.shipments.queries import get_shipment
from tests.factories import a_caller, an_installation, an_item, an_order, kilograms, with_items

URL = "/api/v3/orders/create-labels-async"
ORDERS = "/data/attributes/orders"
LETTER = {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}}
POST = {"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard"}}
NOT_FOUND = "The order could not be found with the search criteria given"


@pytest.fixture(scope="module")
def operation(vendor_descriptions):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    description = yaml.load((vendor_descriptions / "ship-an-order.yaml").read_text("utf-8"), loader)
    return {**description["paths"]["/orders/create-labels-async"]["post"], "components": description["components"]}


def deviations(operation, status, document):
    schema = operation["responses"][str(status)]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": operation["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(document)]


@pytest.fixture
def caller(installation):
    """Account 1 with ORDER-1 (two candles, 0.7 kg), ORDER-2 (two lines) and ORDER-3."""
    caller = a_caller(installation)
    two_lines = [an_item(), an_item(item_id="line-2", name="Lamp", quantity=3, measurement=None)]
    caller.store(
        an_order(),
        with_items(*two_lines, order_id="shop-2", order_number="ORDER-2", shipping_details=WEIGHED),
        an_order(order_id="shop-3", order_number="ORDER-3"),
    )
    return caller


WEIGHED = {"measurement": {"weight": {"value": 2, "unit": "kg"}}}


def ask(caller, *orders, **body):
    return caller.client.post(URL, json={"integration_id": 70, "orders": list(orders), **body})


def number(order_number, **more):
    return {"order_number": order_number, **more}


def parcel(*items, **more):
    return {"parcel_items": [{"item_id": item_id, "quantity": quantity} for item_id, quantity in items], **more}


def weighing(value, unit="kg"):
    return {"weight": {"value": value, "unit": unit}}


def counts(caller):
    """How many shipments, parcels, attempts and jobs there are."""
    with caller.installation.database.read() as transaction:
        tables = (shipments, parcels, attempts, jobs)
        return tuple(transaction.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


NOTHING = (0, 0, 0, 0)


def accepted(answer):
    """The entries of an answer without errors."""
    assert (answer.status_code, set(answer.json())) == (202, {"data"}), answer.text
    return answer.json()["data"]


def problems(answer):
    """(code, detail, pointer) of every error."""
    return [(e["code"], e["detail"], e.get("source", {}).get("pointer")) for e in answer.json()["errors"]]


def refusals(caller, answer, status=400):
    """The errors of an answer that has left nothing behind."""
    assert (answer.status_code, counts(caller)) == (status, NOTHING), answer.text
    assert {error["status"] for error in answer.json()["errors"]} == {str(status)}
    return problems(answer)


def only_problem(caller, answer):
    """The error of a batch of one, which has left nothing behind."""
    assert (answer.status_code, answer.json()["data"], counts(caller)) == (202, [], NOTHING), answer.text
    (found,) = problems(answer)
    return found


def work(caller):
    workers(caller.installation).run_due()


def shipment_of(caller, entry):
    with caller.installation.database.read() as transaction:
        return get_shipment(transaction, caller.context.account_id, entry["shipment_id"])


# The documented examples

EXAMPLES = [
    "CreateSingleLabelAsync",
    "CreateLabelUsingSenderAddressIDAsync",
    "CreateLabelUsingBrandIDAsync",
    "CreateLabelUsingShipWithAsync",
    "CreateLabelsAsync",
    "CreateMulticolloLabelAsync",
]


@pytest.fixture
def demo(installation):
    """The demo's account, and the orders that the documented examples name."""
    credentials = load_demo(installation.database, installation.vault)
    client = TestClient(web(installation), "http://kolli.test", raise_server_exceptions=False)
    client.auth = (credentials.public_key, credentials.secret)
    items = [an_item(item_id="5552", quantity=2), an_item(item_id="5555"), an_item(item_id="763", quantity=12)]
    selectors = [("1", "ORDER-25763"), ("2", "ORDER-257633"), ("d59e8b1c-04ca-4b38-90cf-e11083506e22", "ORDER-3")]
    orders = [with_items(*items, order_id=order_id, order_number=found) for order_id, found in selectors]
    assert client.post("/api/v3/orders", json=orders).status_code == 201
    return client


def test_every_documented_example_is_tried_here(operation):
    assert set(operation["requestBody"]["content"]["application/json"]["examples"]) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_documented_example_is_accepted_and_answered_in_the_documented_form(demo, operation, name):
    body = operation["requestBody"]["content"]["application/json"]["examples"][name]["value"]

    answer = demo.post(URL, json=body)

    entries = accepted(answer)
    assert len(entries) == len(body["orders"])
    assert deviations(operation, 202, answer.json()) == []
    assert [len(entry["parcels_ids"]) for entry in entries] == [len(o.get("parcels", [1])) for o in body["orders"]]


def documented(operation, name):
    return operation["responses"]["202"]["content"]["application/json"]["examples"][name]["value"]


def test_an_answer_has_the_members_of_the_documented_ones(caller, operation):
    with_option = documented(operation, "LabelsSuccessfulWithShipWith")["data"][0]
    multicollo = documented(operation, "MulticolloLabelsSuccessful")["data"][0]

    (entry,) = accepted(ask(caller, number("ORDER-1")))

    assert set(entry) == set(with_option) | set(multicollo)
    assert set(entry["ship_with"]["properties"]) == set(with_option["ship_with"]["properties"])


def test_an_unknown_sender_address_is_answered_as_in_the_documented_example(caller, operation):
    answer = ask(caller, number("ORDER-1"), number("NO"), sender_address_id=99)

    assert (answer.status_code, answer.json()) == (202, documented(operation, "SenderAddressIDDoesNotExist"))
    assert counts(caller) == NOTHING


def test_an_unknown_brand_is_answered_alike(caller):
    answer = ask(caller, number("ORDER-1"), brand_id=99)

    assert answer.status_code == 202
    assert answer.json() == {
        "errors": [
            {
                "status": "404",
                "code": "invalid",
                "detail": "Does not exist.",
                "source": {"pointer": "/data/attributes/brand_id"},
            }
        ]
    }
    assert counts(caller) == NOTHING


def test_one_order_that_fails_is_told_as_in_the_documented_example_and_the_others_are_accepted(caller, operation):
    caller.store(an_order(order_id="nowhere", order_number="NOWHERE", shipping_address=None))

    answer = ask(caller, number("ORDER-1"), number("NOWHERE"), number("ORDER-2"))

    assert answer.status_code == 202
    assert [entry["order_number"] for entry in answer.json()["data"]] == ["ORDER-1", "ORDER-2"]
    assert answer.json()["errors"] == documented(operation, "SomeLabelsContainErrors")["errors"]
    assert deviations(operation, 202, answer.json()) == []
    assert counts(caller) == (2, 2, 2, 2)


def test_an_order_id_that_is_no_text_is_refused_as_in_the_documented_example(caller, operation):
    examples = operation["responses"]["400"]["content"]["application/json"]["examples"]
    documented = examples["InvalidOrderId"]["value"]["errors"][0]

    answer = ask(caller, {"order_id": 1})

    (found,) = answer.json()["errors"]
    assert {name: found[name] for name in documented} == documented
    assert refusals(caller, answer) == [("invalid", "Input should be a valid string", f"{ORDERS}/0/order_id")]


# What is accepted


def test_the_whole_answer_and_what_becomes_of_it(caller):
    answer = ask(caller, number("ORDER-1"), {"order_id": "shop-2"}, ship_with=POST)

    first, second = accepted(answer)
    assert first == {
        "parcel_id": first["parcels_ids"][0],
        "parcels_ids": [first["parcel_id"]],
        "shipment_id": first["shipment_id"],
        "order_id": "shop-1",
        "order_number": "ORDER-1",
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"contract_id": 1517, "shipping_option_code": "postnl:standard"},
        },
    }
    assert second["order_number"] == "ORDER-2"
    work(caller)
    numbers = [shipment_of(caller, entry).parcels[0].tracking_number for entry in (first, second)]
    assert numbers == ["3STEA00000001", "3STEA00000002"]


def test_a_label_can_be_fetched_once_it_is_there(caller):
    (entry,) = accepted(ask(caller, number("ORDER-1")))
    path = f"/api/v3/parcels/{entry['parcel_id']}/documents/label"
    early = caller.client.get(path)

    work(caller)

    assert early.status_code == 404
    assert caller.client.get(path).content.startswith(b"%PDF-")


def test_what_the_carrier_refuses_is_accepted_first_and_fails_later(caller):
    caller.sandbox.ledger.fail_next(Fault.REFUSE)
    (entry,) = accepted(ask(caller, number("ORDER-1")))

    work(caller)

    assert [parcel.status for parcel in shipment_of(caller, entry).parcels] == ["ANNOUNCEMENT_FAILED"]
    assert accepted(ask(caller, number("ORDER-1")))[0]["order_number"] == "ORDER-1"


def test_twenty_orders_are_accepted(caller):
    caller.store(*(an_order(order_id=f"id-{n}", order_number=f"N-{n}") for n in range(20)))

    entries = accepted(ask(caller, *(number(f"N-{n}") for n in range(20))))

    assert [entry["order_number"] for entry in entries] == [f"N-{n}" for n in range(20)]
    assert counts(caller) == (20, 20, 20, 20)


@pytest.mark.parametrize("more", [{}, {"parcels": []}, {"parcels": None}], ids=str)
def test_without_parcels_the_whole_order_is_one(caller, more):
    (entry,) = accepted(ask(caller, number("ORDER-2", **more)))

    (box,) = shipment_of(caller, entry).draft.boxes
    assert str(box.weight) == "2 kg"
    assert [(item["item_id"], item["quantity"]) for item in box.items] == [("line-1", 2), ("line-2", 3)]


def test_the_synchronous_label_stays_one_parcel_with_everything_in_it(caller):
    label = caller.ship(order=number("ORDER-2")).json()["data"][0]

    (box,) = shipment_of(caller, label).draft.boxes
    assert [(item["item_id"], item["quantity"]) for item in box.items] == [("line-1", 2), ("line-2", 3)]
    assert "parcels_ids" not in label


def test_an_item_in_a_parcel_is_described_as_parcels_have_it(caller):
    item = an_item(quantity=3, sku="C-1", hs_code="3406.00", country_of_origin="NL", properties={"size": "L"})
    unknown = an_item(
        item_id="b", name="x" * 300, measurement=None, unit_price={"value": 1.125, "currency": "EUR"}, quantity=1
    )
    caller.store(with_items(item, unknown, order_id="it", order_number="IT", shipping_details=WEIGHED))

    (entry,) = accepted(ask(caller, number("IT")))

    assert [dict(each) for each in shipment_of(caller, entry).draft.boxes[0].items] == [
        {
            "item_id": "line-1",
            "sku": "C-1",
            "properties": {"size": "L"},
            "description": "Candle",
            "quantity": 3,
            "weight": {"value": kilograms("0.35").value, "unit": "kg"},
            "price": {"value": "5.97", "currency": "EUR"},
            "hs_code": "3406.00",
            "origin_country": "NL",
        },
        {
            "item_id": "b",
            "description": "x" * 255,
            "quantity": 1,
            "weight": {"value": kilograms("0.001").value, "unit": "kg"},
            "price": {"value": "1.125", "currency": "EUR"},
            "hs_code": "",
            "origin_country": "",
        },
    ]


# Several parcels


def test_each_parcel_has_its_items_its_weight_and_its_size(caller):
    dimensions = {"length": "30", "width": "20.5", "height": 10, "unit": "cm"}
    boxes = [
        parcel(("line-1", 1), ("line-2", 1), **weighing("0.750")),
        parcel(("line-1", 1), **weighing(1.2), dimensions=dimensions),
        parcel(**weighing("200", "g")),
    ]

    (entry,) = accepted(ask(caller, number("ORDER-2", parcels=boxes)))

    shipment = shipment_of(caller, entry)
    held = [[(item["item_id"], item["quantity"]) for item in box.items] for box in shipment.draft.boxes]
    assert held == [[("line-1", 1), ("line-2", 1)], [("line-1", 1)], []]
    assert [str(box.weight) for box in shipment.draft.boxes] == ["0.75 kg", "1.2 kg", "200 g"]
    assert [str(box.dimensions) for box in shipment.draft.boxes] == ["None", "30 x 20.5 x 10 cm", "None"]
    assert entry["parcels_ids"] == [each.id for each in shipment.parcels]
    assert entry["parcel_id"] == entry["parcels_ids"][0]
    assert [each.box_number for each in shipment.parcels] == [1, 2, 3]


def text_of(caller, parcel_id):
    file = caller.client.get(f"/api/v3/parcels/{parcel_id}/documents/label").content
    with pypdfium2.PdfDocument(BytesIO(file)) as document:
        return " ".join(document[0].get_textpage().get_text_range().split())


@pytest.mark.parametrize("option", [LETTER, POST], ids=["number at booking", "own number"])
def test_every_label_says_which_box_of_how_many_it_is_and_what_that_weighs(caller, option):
    boxes = [parcel(("line-1", 1), **weighing(f"{n}.5")) for n in (1, 2)] + [parcel(**weighing("3.5"))]
    (entry,) = accepted(ask(caller, number("ORDER-2", parcels=boxes), ship_with=option))

    work(caller)

    texts = [text_of(caller, parcel_id) for parcel_id in entry["parcels_ids"]]
    found = [parcel.tracking_number for parcel in shipment_of(caller, entry).parcels]
    assert len(set(found)) == 3
    for place, text in enumerate(texts, start=1):
        assert f"BOX {place} of 3" in text
        assert f"{place}.5 kg" in text
        assert found[place - 1][-4:] in text


def test_a_carrier_that_counts_boxes_gets_them_in_one_booking(caller):
    (entry,) = accepted(ask(caller, number("ORDER-2", parcels=[parcel(**weighing(1))] * 4)))

    work(caller)

    entries = caller.sandbox.ledger.entries()
    assert [(each.reference, each.box) for each in entries] == [(entry["shipment_id"], box) for box in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("items", "weight"),
    [([("line-1", 1)], "0.35 kg"), ([("line-1", 2)], "0.7 kg"), ([("line-1", 1), ("line-1", 1)], "0.7 kg")],
    ids=str,
)
def test_a_parcel_without_a_weight_weighs_what_its_items_weigh(caller, items, weight):
    (entry,) = accepted(ask(caller, number("ORDER-2", parcels=[parcel(*items)])))

    assert [str(box.weight) for box in shipment_of(caller, entry).draft.boxes] == [weight]


@pytest.mark.parametrize("items", [[("line-1", 1), ("line-2", 1)], []], ids=str)
def test_else_it_weighs_what_the_account_says(installation, items):
    caller = a_caller(installation, default_weight=kilograms("2.5"))
    lamp = an_item(item_id="line-2", measurement=None)
    caller.store(with_items(an_item(), lamp, order_id="shop-2", order_number="ORDER-2"))

    (entry,) = accepted(ask(caller, number("ORDER-2", parcels=[parcel(*items)])))

    assert [str(box.weight) for box in shipment_of(caller, entry).draft.boxes] == ["2.5 kg"]


def test_a_parcel_without_any_weight_is_named(caller):
    answer = ask(caller, number("ORDER-2", parcels=[parcel(("line-1", 1)), parcel(("line-2", 1))]))

    assert only_problem(caller, answer) == (
        "required",
        "Parcel 2 has no weight. Give it one, or each of its items, or give the account a default weight.",
        f"{ORDERS}/[0]/parcels/1/weight",
    )


def test_an_item_that_stands_on_several_lines_of_the_order_is_taken_from_all_of_them(caller):
    lines = [an_item(item_id="a", name=name, quantity=2) for name in ("First", "Second")]
    caller.store(with_items(*lines, order_id="it", order_number="IT"))

    (entry,) = accepted(ask(caller, number("IT", parcels=[parcel(("a", 3)), parcel(("a", 1))])))

    held = [[(i["description"], i["quantity"]) for i in box.items] for box in shipment_of(caller, entry).draft.boxes]
    assert held == [[("First", 2), ("Second", 1)], [("Second", 1)]]


@pytest.mark.parametrize(
    ("boxes", "detail", "place"),
    [
        ([parcel(("nothing", 1))], "The order has no item 'nothing'.", "0/parcel_items/0/item_id"),
        ([parcel(("LINE-1", 1))], "The order has no item 'LINE-1'.", "0/parcel_items/0/item_id"),
        (
            [parcel(("line-1", 3))],
            "The parcels hold 3 of the item 'line-1' together, and 2 of it were ordered.",
            "0/parcel_items/0/quantity",
        ),
        (
            [parcel(("line-1", 2)), parcel(("line-2", 1), ("line-1", 1))],
            "The parcels hold 3 of the item 'line-1' together, and 2 of it were ordered.",
            "0/parcel_items/0/quantity",
        ),
        (
            [parcel(("line-2", 2), ("line-2", 2))],
            "The parcels hold 4 of the item 'line-2' together, and 3 of it were ordered.",
            "0/parcel_items/0/quantity",
        ),
    ],
)
def test_no_more_can_be_packed_than_was_ordered(caller, boxes, detail, place):
    boxes = [{**box, **weighing(1)} for box in boxes]

    answer = ask(caller, number("ORDER-2", parcels=boxes))

    assert only_problem(caller, answer) == ("validation_error", detail, f"{ORDERS}/[0]/parcels/{place}")


def test_fifty_parcels_are_accepted(caller):
    (entry,) = accepted(ask(caller, number("ORDER-1", parcels=[parcel(**weighing(1))] * 50)))

    assert len(entry["parcels_ids"]) == 50


def test_more_than_fifty_parcels_are_a_problem_of_their_order_alone(caller):
    answer = ask(caller, number("ORDER-1", parcels=[parcel(**weighing(1))] * 51), number("ORDER-2"))

    assert [entry["order_number"] for entry in answer.json()["data"]] == ["ORDER-2"]
    detail = "An order is shipped in at most 50 parcels, not 51."
    assert problems(answer) == [("validation_error", detail, f"{ORDERS}/[0]/parcels")]


def test_a_thousand_items_are_accepted_in_a_parcel_and_one_more_is_not(caller):
    caller.store(with_items(an_item(quantity=2_000), order_id="many", order_number="MANY"))
    boxes = [[parcel(*[("line-1", 1)] * count, **weighing(1))] for count in (1_000, 1_001)]

    refused = ask(caller, number("MANY", parcels=boxes[1]))

    detail = "List should have at most 1000 items after validation, not 1001"
    assert refusals(caller, refused) == [("invalid", detail, f"{ORDERS}/0/parcels/0/parcel_items")]
    assert accepted(ask(caller, number("MANY", parcels=boxes[0])))


class Particular(SandboxCarrier):
    """A carrier that takes one parcel at a time, or wants to know how large they are."""

    options: tuple[ShippingOption, ...] = (
        ShippingOption("sendcloud:one", "One", heaviest=kilograms("30")),
        ShippingOption("sendcloud:three", "Three", heaviest=kilograms("30"), most_parcels=3),
        ShippingOption("sendcloud:sized", "Sized", heaviest=kilograms("3"), most_parcels=9, requires=("dimensions",)),
    )


@pytest.fixture
def particular(tmp_path):
    caller = a_caller(an_installation(tmp_path, carriers=[Particular(tmp_path), PostNL(tmp_path)]))
    caller.store(an_order())
    return caller


def choosing(option):
    return {"type": "shipping_option_code", "properties": {"shipping_option_code": option}}


@pytest.mark.parametrize(
    ("option", "count", "detail"),
    [
        ("sendcloud:one", 2, "sendcloud:one takes one parcel in one shipment, not 2."),
        ("sendcloud:three", 4, "sendcloud:three takes up to 3 parcels in one shipment, not 4."),
    ],
)
def test_an_option_takes_as_many_parcels_as_it_says(particular, option, count, detail):
    too_many, enough = ([parcel(**weighing(1))] * many for many in (count, count - 1))

    answer = ask(particular, number("ORDER-1", parcels=too_many), ship_with=choosing(option))

    assert only_problem(particular, answer) == ("validation_error", detail, f"{ORDERS}/[0]/parcels")
    assert accepted(ask(particular, number("ORDER-1", parcels=enough), ship_with=choosing(option)))


def test_an_option_that_wants_sizes_wants_them_of_every_parcel(particular):
    size = {"dimensions": {"length": "1", "width": "2", "height": "3", "unit": "cm"}}
    boxes = [parcel(**weighing(1), **size), parcel(**weighing(1))]

    answer = ask(particular, number("ORDER-1", parcels=boxes), ship_with=choosing("sendcloud:sized"))
    whole = ask(particular, number("ORDER-1"), ship_with=choosing("sendcloud:sized"))

    detail = "This field is required. sendcloud:sized does not go without it."
    assert only_problem(particular, answer) == ("required", detail, f"{ORDERS}/[0]/parcels/1/dimensions")
    place = f"{ORDERS}/[0]/shipping_details/measurement/dimension"
    assert only_problem(particular, whole) == ("required", detail, place)


def test_the_heaviest_weight_counts_for_each_parcel_by_itself(caller):
    fine, heavy = ([parcel(**weighing(kg)) for kg in both] for both in ((30, 29), (29, 31)))

    answer = ask(caller, number("ORDER-1", parcels=heavy), ship_with=LETTER)

    code, detail, pointer = only_problem(caller, answer)
    assert (code, pointer) == ("validation_error", f"{ORDERS}/[0]/ship_with/properties/shipping_option_code")
    assert detail.endswith("sendcloud:letter takes 0.001 kg to 30 kg, parcel 2 weighs 31 kg.")
    assert accepted(ask(caller, number("ORDER-1", parcels=fine), ship_with=LETTER))


def test_each_parcel_that_crosses_a_customs_border_is_declared(caller):
    abroad = {**an_order()["shipping_address"], "country_code": "CH", "postal_code": "8001", "city": "Zürich"}
    items = [an_item(hs_code="3406.00", country_of_origin="NL"), an_item(item_id="b", name="Lamp")]
    caller.store(with_items(*items, order_id="ch", order_number="CH", shipping_address=abroad))
    boxes = [parcel(("line-1", 1)), parcel(("b", 1)), parcel(**weighing(1))]

    answer = ask(caller, number("CH", parcels=boxes))

    detail = (
        "A parcel from NL to CH crosses a customs border, and parcel 2, item 1 (Lamp) has no hs_code, no"
        " country_of_origin; parcel 3 has no items."
    )
    assert only_problem(caller, answer) == ("validation_error", detail, f"{ORDERS}/[0]/order_items")
    assert accepted(ask(caller, number("CH", parcels=boxes[:1])))


# What one order of a batch can have against it


def test_all_of_a_batch_can_fail(caller):
    answer = ask(caller, number("NO"), {"order_id": "no"}, {"order_id": "shop-1", "order_number": "ORDER-2"})

    assert (answer.status_code, answer.json()["data"], counts(caller)) == (202, [], NOTHING)
    assert problems(answer) == [("not_found", NOT_FOUND, f"{ORDERS}/[{place}]") for place in (0, 1, 2)]
    assert {error["status"] for error in answer.json()["errors"]} == {"404"}


def test_an_order_that_is_named_twice_is_shipped_once(caller):
    answer = ask(caller, number("ORDER-1"), number("ORDER-2"), {"order_id": "shop-1"})

    assert [entry["order_number"] for entry in answer.json()["data"]] == ["ORDER-1", "ORDER-2"]
    detail = "The order 'ORDER-1' is in this batch already, in place 0. Its shipment is made from there."
    assert problems(answer) == [("validation_error", detail, f"{ORDERS}/[2]")]
    assert counts(caller) == (2, 2, 2, 2)


def test_an_order_that_has_a_label_is_refused_with_all_that_is_needed_to_get_it(caller):
    label = caller.ship().json()["data"][0]

    answer = ask(caller, number("ORDER-1"), number("ORDER-2"))

    (found,) = answer.json()["errors"]
    assert (found["status"], found["code"], found["source"]) == (
        "400",
        "validation_error",
        {"pointer": f"{ORDERS}/[0]"},
    )
    assert found["meta"] == {
        "shipment_id": label["shipment_id"],
        "parcel_id": label["parcel_id"],
        "tracking_number": label["tracking_number"],
        "document": label["documents"][0]["link"],
    }
    assert [entry["order_number"] for entry in answer.json()["data"]] == ["ORDER-2"]


def test_an_order_that_is_in_the_queue_is_not_queued_again_and_its_shipment_is_named(caller):
    (entry,) = accepted(ask(caller, number("ORDER-1")))

    again, sync = ask(caller, number("ORDER-1")), caller.ship()

    (found,) = again.json()["errors"]
    assert (found["code"], found["meta"]) == ("invalid", {"shipment_id": entry["shipment_id"]})
    assert found["source"] == {"pointer": f"{ORDERS}/[0]"}
    assert sync.json()["errors"][0]["meta"] == {"shipment_id": entry["shipment_id"]}
    assert counts(caller) == (1, 1, 1, 1)


def test_an_account_that_allows_it_ships_an_order_again(installation):
    caller = a_caller(installation, repeat_labels="allowed")
    caller.store(an_order())

    for _ in range(2):
        accepted(ask(caller, number("ORDER-1")))

    work(caller)
    assert len(caller.sandbox.ledger.entries()) == 2


def test_a_range_that_is_used_up_in_the_middle_fails_the_rest(caller):
    with caller.installation.database.write() as transaction:
        add_contract(
            transaction,
            1,
            Contract(601, "postnl", "Two", sealed_data=caller.installation.vault.seal({"customer_code": "TWO"})),
        )
        add_number_range(transaction, 1, 601, 5, 6, is_live=False, vault=caller.installation.vault)
    ship_with = {
        "type": "shipping_option_code",
        "properties": {"shipping_option_code": "postnl:standard", "contract_id": 601},
    }

    answer = ask(caller, *map(number, ("ORDER-1", "ORDER-2", "ORDER-3")), ship_with=ship_with)

    assert [entry["order_number"] for entry in answer.json()["data"]] == ["ORDER-1", "ORDER-2"]
    ((code, detail, pointer),) = problems(answer)
    assert (code, pointer) == ("validation_error", f"{ORDERS}/[2]/ship_with/properties/contract_id")
    assert detail.startswith("The test number range of contract 601 (Two) is used up.")


def test_what_a_carrier_says_about_a_contract_is_told_of_each_order(caller):
    with caller.installation.database.write() as transaction:
        add_contract(
            transaction,
            1,
            Contract(602, "postnl", "Wrong", sealed_data=caller.installation.vault.seal({"customer_code": "T3ST"})),
        )
        add_number_range(transaction, 1, 602, 5, 6, is_live=False, vault=caller.installation.vault)
    properties = {"shipping_option_code": "postnl:standard", "contract_id": 602}

    answer = ask(caller, number("ORDER-1"), ship_with={"type": "shipping_option_code", "properties": properties})

    code, _, pointer = only_problem(caller, answer)
    assert (code, pointer) == ("parcel_announcement_error", f"{ORDERS}/[0]")


def test_text_that_does_not_fit_the_label_is_found_before_anything_is_accepted(caller):
    long = {**an_order()["shipping_address"], "city": "Wijdewormerweg " * 100}
    caller.store(an_order(order_id="long", order_number="LONG", shipping_address=long))

    code, _, pointer = only_problem(caller, ask(caller, number("LONG")))

    assert (code, pointer) == ("validation_error", f"{ORDERS}/[0]/shipping_address/city")


# What makes a whole batch impossible


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"orders": []}, ("List should have at least 1 item after validation, not 0", ORDERS)),
        ({"orders": None}, ("Input should be a valid list", ORDERS)),
        ({"orders": {"order_number": "ORDER-1"}}, ("Input should be a valid list", ORDERS)),
        ({"orders": ["ORDER-1"]}, ("Input should be a valid dictionary", f"{ORDERS}/0")),
        (
            {"orders": [number(str(n)) for n in range(21)]},
            ("Orders list should have at most 20 items, not 21", ORDERS),
        ),
        (
            {"orders": [number("A"), number("B"), number("A")]},
            ("Orders list should have unique items, but those in the places 0 and 2 are the same", ORDERS),
        ),
        ({"integration_id": None}, ("Input should be a valid integer", "/data/attributes/integration_id")),
        ({"integration_id": 99}, ("Integration with id 99 does not exist", "/data/attributes/integration_id")),
        ({"brand_id": 0}, ("Input should be greater than or equal to 1", "/data/attributes/brand_id")),
        ({"ship_with": {}}, ("Field required", "/data/attributes/ship_with/type")),
        ({"orders": [number("")]}, ("String should have at least 1 character", f"{ORDERS}/0/order_number")),
        (
            {"orders": [{"order_id": "x" * 65}]},
            ("String should have at most 64 characters", f"{ORDERS}/0/order_id"),
        ),
        (
            {"orders": [{"order_number": "A", "apply_shipping_rules": 1}]},
            ("Input should be a valid boolean", f"{ORDERS}/0/apply_shipping_rules"),
        ),
        (
            {"orders": [number("A", parcels=[{}])]},
            ("Field required", f"{ORDERS}/0/parcels/0/parcel_items"),
        ),
        (
            {"orders": [number("A", parcels=[parcel(("", 1))])]},
            ("String should have at least 1 character", f"{ORDERS}/0/parcels/0/parcel_items/0/item_id"),
        ),
        (
            {"orders": [number("A", parcels=[parcel(("a", 0))])]},
            ("Input should be greater than or equal to 1", f"{ORDERS}/0/parcels/0/parcel_items/0/quantity"),
        ),
        (
            {"orders": [number("A", parcels=[parcel(**weighing("0"))])]},
            ("Input should be greater than 0", f"{ORDERS}/0/parcels/0/weight/value"),
        ),
        (
            {"orders": [number("A", parcels=[parcel(**weighing("heavy"))])]},
            (
                "Input should be a valid number, unable to parse string as a number",
                f"{ORDERS}/0/parcels/0/weight/value",
            ),
        ),
        (
            {"orders": [number("A", parcels=[parcel(weight={"value": "1"})])]},
            ("Field required", f"{ORDERS}/0/parcels/0/weight/unit"),
        ),
        (
            {"orders": [number("A", parcels=[parcel(dimensions={"length": 1, "width": 1, "unit": "cm"})])]},
            ("Field required", f"{ORDERS}/0/parcels/0/dimensions/height"),
        ),
    ],
    ids=str,
)
def test_a_body_that_is_wrong_is_refused_as_a_whole(caller, operation, body, found):
    answer = caller.client.post(URL, json={"integration_id": 70, "orders": [number("ORDER-1")], **body})

    detail, pointer = found
    assert (("invalid", detail, pointer)) in refusals(caller, answer)
    assert deviations(operation, 400, answer.json()) == []


@pytest.mark.parametrize("unit", ["stone", "KG", ""])
def test_another_unit_is_no_choice(caller, unit):
    ((code, detail, pointer),) = refusals(
        caller, ask(caller, number("A", parcels=[parcel(weight={"value": "1", "unit": unit})]))
    )

    assert (code, pointer) == ("invalid_choice", f"{ORDERS}/0/parcels/0/weight/unit")
    assert detail == "Input should be 'kg', 'g', 'lbs' or 'oz'"


def test_every_order_needs_a_selector(caller):
    answer = ask(caller, number("ORDER-1"), {"apply_shipping_rules": True})

    assert refusals(caller, answer) == [
        ("invalid", "Field required", f"{ORDERS}/1/order_id"),
        ("invalid", "Field required", f"{ORDERS}/1/order_number"),
    ]


def test_an_account_without_a_default_sender_must_name_one(caller):
    with caller.installation.database.write() as transaction:
        transaction.execute(update(sender_addresses).values(is_default=False))

    detail = (
        "This field is required, because the account has no default sender address. An order ships from an address that"
        " is stored with the account: add one with `kolli sender-addresses add`, or with POST"
        " /api/v3/addresses/sender-addresses. A shipment without an order can bring its own (`from_address`)."
    )
    answer = ask(caller, number("ORDER-1"))

    assert refusals(caller, answer) == [("required", detail, "/data/attributes/sender_address_id")]


@pytest.mark.parametrize("partner", ["", "partner"])
def test_a_partner_that_is_no_uuid_is_refused(caller, partner):
    answer = caller.client.post(
        URL, json={"integration_id": 70, "orders": [number("ORDER-1")]}, headers={"Sendcloud-Partner-Id": partner}
    )

    assert refusals(caller, answer) == [("invalid", f"{partner!r} is not a valid UUID.", None)]


# Another account's things are as if they were not there


@pytest.fixture
def stranger(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)
    theirs = an_order(order_id="theirs", order_number="THEIRS")
    stranger.store({**theirs, "order_details": {**theirs["order_details"], "integration": {"id": 71}}})
    return stranger


@pytest.mark.parametrize(
    ("theirs", "missing"),
    [
        ({"integration_id": 71}, {"integration_id": 99}),
        ({"orders": [{"order_id": "theirs"}]}, {"orders": [{"order_id": "nobody"}]}),
        ({"orders": [{"order_number": "THEIRS"}]}, {"orders": [{"order_number": "NOBODY"}]}),
        ({"sender_address_id": 2017}, {"sender_address_id": 9917}),
        ({"brand_id": 2042}, {"brand_id": 9942}),
    ],
    ids=str,
)
def test_what_belongs_to_somebody_else_is_told_apart_from_nothing_by_no_byte(caller, stranger, theirs, missing):
    foreign, none = (
        caller.client.post(URL, json={"integration_id": 70, "orders": [number("ORDER-1")], **body})
        for body in (theirs, missing)
    )

    assert foreign.json()["errors"]
    assert foreign.content.replace(b" 71 ", b" 99 ") == none.content
    assert counts(caller) == NOTHING


# Many at once


def test_of_many_batches_with_the_same_orders_each_order_is_accepted_by_one(caller):
    """What is lost inside the one transaction of a batch is lost alone: the other orders of that batch are stored."""
    names = [f"N-{n}" for n in range(10)]
    caller.store(*(an_order(order_id=name, order_number=name) for name in names))

    async def all_at_once():
        transport = httpx2.ASGITransport(caller.client.app)
        async with httpx2.AsyncClient(
            transport=transport, base_url="http://kolli.test", auth=caller.client.auth
        ) as client:
            batches = [[number(name) for name in names[n:] + names[:n]] for n in range(10)]
            bodies = [{"integration_id": 70, "orders": batch} for batch in batches]
            return await asyncio.gather(*(client.post(URL, json=body) for body in bodies))

    answers = asyncio.run(all_at_once())
    work(caller)

    assert [answer.status_code for answer in answers] == [202] * 10
    entries = [entry for answer in answers for entry in answer.json()["data"]]
    assert sorted(entry["order_number"] for entry in entries) == names
    assert sum(len(answer.json().get("errors", [])) for answer in answers) == 90
    booked = [entry.reference for entry in caller.sandbox.ledger.entries()]
    assert sorted(booked) == sorted(entry["shipment_id"] for entry in entries)


class Breaking(PostNL):
    """A carrier with a mistake in it."""

    def number(self, serial, contract_data, option_code):
        if serial == 3:
            raise ZeroDivisionError
        return super().number(serial, contract_data, option_code)


def test_a_batch_that_breaks_off_leaves_nothing_behind(tmp_path):
    caller = a_caller(an_installation(tmp_path, carriers=[SandboxCarrier(tmp_path), Breaking(Path(tmp_path))]))
    caller.store(*(an_order(order_id=name, order_number=name) for name in "abc"))

    answer = ask(caller, *map(number, "abc"), ship_with=POST)

    assert (answer.status_code, counts(caller)) == (500, NOTHING)
    assert len(accepted(ask(caller, *map(number, "abc"), ship_with=POST))) == 3
