"""Shipments do what their published description says, and what was decided where it says nothing."""

import copy
import threading
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from typing import Any
from uuid import uuid4

import pytest
import yaml
from jsonschema import Draft202012Validator
from sqlalchemy import func, select

from kolli.account.contracts import Contract, add_contract
from kolli.account.integrations import remove_integration
from kolli.account.keys import create_key
from kolli.account.sender_addresses import SenderAddress, SenderDetails, TaxNumber, add_sender_address
from kolli.carriers.base import ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.operations.background import workers
from kolli.schema import attempts, parcels, shipments
from kolli.shipments.model import ParcelStatus
from kolli.shipments.queries import set_parcel_status
from kolli.values import Dimensions
from tests.factories import NOW, a_caller, an_address, an_installation, an_order, kilograms

BASE = "/api/v3/shipments"
ANNOUNCE, CREATE = f"{BASE}/announce", BASE
ANNOUNCE_WITH_RULES, CREATE_WITH_RULES = f"{BASE}/announce-with-shipping-rules", f"{BASE}/create-with-shipping-rules"
ALL = (ANNOUNCE, CREATE, ANNOUNCE_WITH_RULES, CREATE_WITH_RULES)
SYNC = (ANNOUNCE, ANNOUNCE_WITH_RULES)
ASYNC = (CREATE, CREATE_WITH_RULES)

UNKNOWN = "8d1e5f0a-3f0a-4c55-9d6b-0d6a3b1f7c11"
"""The id of no shipment."""

LETTER: dict[str, Any] = {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}}
POST: dict[str, Any] = {"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard"}}
TO = {
    "name": "Femke de Vries",
    "address_line_1": "Oudezijds Voorburgwal",
    "house_number": "218",
    "postal_code": "1012 GJ",
    "city": "Amsterdam",
    "country_code": "NL",
}
FROM = {**TO, "name": "Lumen & Was", "city": "Utrecht"}
NEW_YORK = {**TO, "city": "New York", "postal_code": "10036", "country_code": "US", "state_province_code": "US-NY"}
ITEM = {
    "description": "Candle",
    "quantity": 2,
    "weight": {"value": 0.35, "unit": "kg"},
    "price": {"value": "8.95", "currency": "EUR"},
    "hs_code": "340600",
    "origin_country": "NL",
}
CUSTOMS = {"invoice_number": "INV-1", "export_reason": "commercial_goods"}


def a_parcel(**changes):
    known = {"weight": {"value": "0.700", "unit": "kg"}, **changes}
    return {name: value for name, value in known.items() if value is not ...}


def a_request(**changes):
    """A shipment of one parcel within the Netherlands. A keyword replaces a member; an ellipsis removes it."""
    known = {"to_address": TO, "from_address": FROM, "ship_with": LETTER, "parcels": [a_parcel()], **changes}
    return copy.deepcopy({name: value for name, value in known.items() if value is not ...})


def rows(caller):
    """How many shipments, parcels, attempts and ledger entries there are."""
    with caller.installation.database.read() as transaction:
        stored = [
            transaction.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (shipments, parcels, attempts)
        ]
    return (*stored, len(caller.sandbox.ledger.entries()))


def announced(caller, url=ANNOUNCE, status=201, **changes):
    answer = caller.client.post(url, json=a_request(**changes))
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def problems(caller, url=ANNOUNCE, status=400, **changes):
    """(code, detail, pointer) of every error of a request that has left nothing behind."""
    before = rows(caller)
    answer = caller.client.post(url, json=a_request(**changes))
    assert answer.status_code == status, answer.text
    assert rows(caller) == before
    found = answer.json()["errors"]
    return [(error["code"], error["detail"], error.get("source", {}).get("pointer")) for error in found]


def get(caller, path):
    answer = caller.client.get(f"{BASE}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def run_jobs(caller):
    workers(caller.installation).run_due()


@pytest.fixture
def stranger(caller):
    """Account 2 on the same installation."""
    return a_caller(caller.installation, account_id=2, integration_id=71)


# The published description


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return lenient(yaml.load((vendor_descriptions / "shipments.yaml").read_text("utf-8"), loader))


def lenient(schema):
    """The description, in which what fits one of several forms may fit another one too, as its own examples do."""
    if isinstance(schema, dict):
        return {{"oneOf": "anyOf"}.get(name, name): lenient(member) for name, member in schema.items()}
    return [lenient(entry) for entry in schema] if isinstance(schema, list) else schema


def deviations(description, schema, document):
    """What the description has against a document, to which a null says the same as nothing."""
    validator = Draft202012Validator({**schema, "components": description["components"]})
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(without_nulls(document))]


def without_nulls(document):
    if isinstance(document, dict):
        return {name: without_nulls(member) for name, member in document.items() if member is not None}
    return [without_nulls(entry) for entry in document] if isinstance(document, list) else document


def answer_schema(description, url, status, method="post"):
    operation = description["paths"][url.removeprefix("/api/v3")][method]
    return operation["responses"][status]["content"]["application/json"]["schema"]


EXAMPLES = [
    (ANNOUNCE, "CreateDomesticSingleParcelShipment"),
    (ANNOUNCE, "CreateCustomsRequiredShipment"),
    (CREATE, "CreateDomesticSingleParcelShipment"),
    (CREATE, "CreateCustomsRequiredShipment"),
    (CREATE, "CreateDomesticMulticolloShipment"),
    *(
        (url, name)
        for url in (ANNOUNCE_WITH_RULES, CREATE_WITH_RULES)
        for name in (
            "CreateShipmentWithRulesAndDefaultsAndDeliveryIndicator",
            "CreateShipmentWithOnlyRules",
            "CreateShipmentWithOnlyDefaults",
            "CreateShipmentWithoutRulesAndDefaults",
        )
    ),
]


class Named(SandboxCarrier):
    """The sandbox, with the options of the documented examples and contracts of its own."""

    options: tuple[ShippingOption, ...] = tuple(
        ShippingOption(code, code, heaviest=kilograms("30"), most_parcels=50)
        for code in ("dpd:home", "dhl_express:worldwide/incoterm=dap", "postnl:standard")
    )


@pytest.fixture
def example_caller(tmp_path):
    """An account with all that the documented examples name."""
    caller = a_caller(an_installation(tmp_path, carriers=[Named(tmp_path)]))
    with caller.installation.database.write() as transaction:
        for contract_id in (517, 4195):
            add_contract(transaction, 1, Contract(contract_id, "sendcloud", f"Contract {contract_id}"))
        add_sender_address(transaction, 1, SenderAddress(192, an_address()))
    return caller


def examples_of(description, url):
    operation = description["paths"][url.removeprefix("/api/v3")]["post"]
    return operation["requestBody"]["content"]["application/json"]["examples"]


def test_every_documented_example_is_tried_here(description):
    assert sorted(EXAMPLES) == sorted((url, name) for url in ALL for name in examples_of(description, url))


@pytest.mark.parametrize(("url", "name"), EXAMPLES)
def test_every_documented_example_is_answered_as_documented(example_caller, description, url, name):
    body = examples_of(description, url)[name]["value"]

    answer = example_caller.client.post(url, json=body)

    assert answer.status_code == 201, answer.text
    assert deviations(description, answer_schema(description, url, "201"), answer.json()) == []
    assert answer.json()["data"]["errors"] == []
    comes_back(body, answer.json()["data"])


def comes_back(sent, answered):
    """Whatever was sent stands in the answer, but for what says how the answer is to be made."""
    beside = {"apply_shipping_rules", "apply_shipping_defaults", "delivery_indicator", "validation_methods"}
    if isinstance(sent, dict):
        for name in sent.keys() - beside:
            comes_back(sent[name], answered[name])
    elif isinstance(sent, list):
        assert len(sent) == len(answered)
        for one, other in zip(sent, answered, strict=True):
            comes_back(one, other)
    else:
        assert answered == sent


@pytest.mark.parametrize("url", SYNC)
def test_a_failed_announcement_is_answered_as_documented(caller, description, url):
    caller.sandbox.ledger.fail_next(Fault.REFUSE)

    answer = caller.client.post(url, json=a_request())

    assert answer.status_code == 201
    assert deviations(description, answer_schema(description, url, "201"), answer.json()) == []
    data = answer.json()["data"]
    assert data["parcels"][0]["status"] == {"code": "ANNOUNCEMENT_FAILED", "message": "Announcement failed"}
    assert [(error["status"], error["code"], error["detail"]) for error in data["errors"]] == [
        (
            "500",
            "parcel_announcement_error",
            "The sandbox refused the shipment, as it was told to. Nothing was booked.",
        )
    ]


def test_a_retrieved_shipment_and_a_list_are_as_documented(caller, description):
    shipment = announced(caller)

    one = caller.client.get(f"{BASE}/{shipment['id']}").json()
    several = caller.client.get(BASE).json()

    assert deviations(description, answer_schema(description, f"{BASE}/{{id}}", "200", "get"), one) == []
    assert deviations(description, answer_schema(description, BASE, "200", "get"), several) == []


def test_a_missing_member_is_the_documented_error(caller):
    to = {name: member for name, member in TO.items() if name != "name"}

    assert problems(caller, to_address=to) == [("required", "This field is required.", "/to_address/name")]
    assert problems(caller, CREATE, to_address=to) == [
        ("required", "This field is required.", "/data/attributes/to_address/name")
    ]


@pytest.mark.parametrize("url", [*ALL, "/api/v3/addresses/validate"])
def test_an_unknown_partner_is_the_documented_404_and_a_malformed_one_a_400(tmp_path, url):
    known = uuid4()
    caller = a_caller(an_installation(tmp_path, partner_ids=[known]))

    def asked_as(partner):
        return caller.client.post(url, json=a_request(), headers={"Sendcloud-Partner-Id": str(partner)})

    unknown = asked_as(uuid4())

    assert unknown.status_code == 404
    (found,) = unknown.json()["errors"]
    assert (found["code"], found["title"], found["detail"]) == (
        "not_found",
        "Not found",
        "The partner ID was not found.",
    )
    assert asked_as("nobody").status_code == 400
    assert asked_as(known).status_code in {201, 400}
    assert rows(caller)[0] == (url in ALL)


# Announcing


def test_the_answer_has_the_label_of_the_only_parcel(caller):
    data = announced(caller)

    (parcel,) = data["parcels"]
    (booked,) = caller.sandbox.ledger.entries()
    assert b64decode(parcel["label_file"]).startswith(b"%PDF-")
    assert data["label_details"] == {"mime_type": "application/pdf", "dpi": 72}
    assert (parcel["status"]["code"], parcel["tracking_number"]) == ("READY_TO_SEND", booked.tracking_number)
    assert booked.reference == data["id"]
    assert parcel["tracking_url"].startswith("http://kolli.test/tracking/?tracking_number=sctest")
    assert parcel["announced_at"] == "2026-11-24T12:00:00.000000Z"
    assert parcel["documents"] == [
        {
            "type": "label",
            "document_type": "label",
            "size": "a6",
            "link": f"http://kolli.test/api/v3/parcels/{parcel['id']}/documents/label",
        }
    ]


@pytest.mark.parametrize(
    ("wanted", "used", "begins"),
    [
        ({"mime_type": "image/png"}, {"mime_type": "image/png", "dpi": 300}, b"\x89PNG"),
        ({"mime_type": "image/png", "dpi": 150}, {"mime_type": "image/png", "dpi": 150}, b"\x89PNG"),
        ({"mime_type": "application/zpl"}, {"mime_type": "application/zpl", "dpi": 203}, b"^XA"),
        ({"dpi": 72}, {"mime_type": "application/pdf", "dpi": 72}, b"%PDF-"),
        (None, {"mime_type": "application/pdf", "dpi": 72}, b"%PDF-"),
    ],
)
def test_the_label_comes_in_the_form_that_is_asked_for(caller, wanted, used, begins):
    data = announced(caller, label_details=wanted)

    assert data["label_details"] == used
    assert b64decode(data["parcels"][0]["label_file"]).startswith(begins)


def test_a_form_that_does_not_exist_is_refused_before_anything_is_booked(caller):
    details = {"mime_type": "application/pdf", "dpi": 300}

    assert problems(caller, label_details=details) == [
        ("invalid", "application/pdf is not available at 300 dpi. Valid values: 72.", "/label_details/dpi")
    ]


def test_of_several_parcels_no_label_stands_in_the_answer(caller):
    data = announced(caller, parcels=[a_parcel(), a_parcel()])

    assert [parcel["label_file"] for parcel in data["parcels"]] == [None, None]
    assert len({parcel["tracking_number"] for parcel in data["parcels"]}) == 2
    assert [len(parcel["documents"]) for parcel in data["parcels"]] == [1, 1]


def test_a_shipment_in_the_background_is_there_before_it_is_announced(caller):
    created = announced(caller, CREATE, external_reference_id="mine", reference="for me")

    assert created["parcels"][0]["status"] == {"code": "ANNOUNCING", "message": "Being announced"}
    assert created["parcels"][0]["tracking_number"] == ""
    assert created["parcels"][0]["tracking_url"] is None
    assert created["parcels"][0]["announced_at"] is None
    assert created["parcels"][0]["documents"] == []
    assert "label_details" not in created
    assert get(caller, f"/{created['id']}") == created

    run_jobs(caller)

    retrieved = get(caller, f"/{created['id']}")
    assert retrieved["parcels"][0]["status"]["code"] == "READY_TO_SEND"
    assert retrieved["parcels"][0]["tracking_number"] == caller.sandbox.ledger.entries()[0].tracking_number


def test_what_is_refused_in_the_background_says_so(caller):
    created = announced(caller, CREATE)
    caller.sandbox.ledger.fail_next(Fault.REFUSE)

    run_jobs(caller)

    retrieved = get(caller, f"/{created['id']}")
    assert retrieved["parcels"][0]["status"]["code"] == "ANNOUNCEMENT_FAILED"
    assert retrieved["errors"][0]["code"] == "parcel_announcement_error"


def test_a_carrier_that_is_silent_leaves_the_shipment_open_and_it_is_booked_once(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)

    data = announced(caller)

    assert data["parcels"][0]["status"]["code"] == "ANNOUNCING"
    assert data["parcels"][0]["label_file"] is None
    assert "Do not announce it again: it is being looked into" in data["errors"][0]["detail"]
    workers(later(caller, minutes=1)).run_due()
    retrieved = get(caller, f"/{data['id']}")
    assert retrieved["parcels"][0]["status"]["code"] == "READY_TO_SEND"
    assert retrieved["errors"] == []
    assert len(caller.sandbox.ledger.entries()) == 1


def later(caller, **passed):
    """The caller's installation after so much time."""
    return replace(caller.installation, clock=lambda: NOW + timedelta(**passed))


def test_a_carrier_that_cannot_be_reached_has_booked_nothing(caller):
    caller.sandbox.ledger.fail_next(Fault.UNREACHABLE)

    data = announced(caller)

    assert data["parcels"][0]["status"]["code"] == "ANNOUNCEMENT_FAILED"
    assert "trying again is safe" in data["errors"][0]["detail"]
    assert caller.sandbox.ledger.entries() == []


@pytest.mark.parametrize("url", ALL)
def test_the_shipment_belongs_to_the_integration_of_the_credentials(caller, url):
    announced(caller, url)

    assert len(get(caller, "?integration_id=70")) == 1
    assert get(caller, "?integration_id=71") == []


def test_a_key_without_an_integration_uses_the_oldest_of_the_account(caller):
    with caller.installation.database.write() as transaction:
        key, secret = create_key(transaction, 1, "Old", NOW)
    caller.client.auth = (key.public_key, secret)

    announced(caller)

    assert len(get(caller, "?integration_id=70")) == 1


def test_without_any_integration_nothing_is_shipped(caller):
    with caller.installation.database.write() as transaction:
        key, secret = create_key(transaction, 1, "Old", NOW)
        remove_integration(transaction, 1, 70, NOW)
    caller.client.auth = (key.public_key, secret)

    ((code, detail, _),) = problems(caller)

    assert code == "validation_error"
    assert "has no integration" in detail


# One shipment for each external reference


@pytest.mark.parametrize("url", ALL)
def test_a_reference_that_is_taken_is_a_409_with_the_shipment_that_has_it(caller, description, url):
    first = announced(caller, url, external_reference_id="mine", label_details={"mime_type": "image/png"})
    before = rows(caller)

    again = announced(caller, url, 409, external_reference_id="mine", parcels=[a_parcel(), a_parcel()])

    assert again == first
    assert rows(caller) == before
    assert deviations(description, answer_schema(description, url, "409"), again) == []


def test_the_409_has_the_label_of_the_shipment_that_is_there(caller):
    first = announced(caller, external_reference_id="mine")

    again = announced(caller, status=409, external_reference_id="mine")

    assert again["parcels"][0]["label_file"] == first["parcels"][0]["label_file"] is not None


def test_the_409_of_the_background_says_what_has_become_of_it(caller):
    announced(caller, CREATE, external_reference_id="mine")
    run_jobs(caller)

    again = announced(caller, CREATE, 409, external_reference_id="mine")

    assert again["parcels"][0]["status"]["code"] == "READY_TO_SEND"


def test_another_account_may_have_the_same_reference(caller, stranger):
    announced(caller, external_reference_id="mine")

    announced(stranger, external_reference_id="mine")


@pytest.mark.parametrize("reference", [None, ""])
def test_no_reference_is_never_taken(caller, reference):
    first, second = (announced(caller, external_reference_id=reference) for _ in range(2))

    assert first["external_reference_id"] is second["external_reference_id"] is None
    assert first["id"] != second["id"]


def test_a_failed_announcement_lets_its_reference_go(caller):
    caller.sandbox.ledger.fail_next(Fault.REFUSE)
    failed = announced(caller, external_reference_id="mine")

    again = announced(caller, external_reference_id="mine")

    assert failed["external_reference_id"] == "mine"
    assert again["parcels"][0]["status"]["code"] == "READY_TO_SEND"
    assert [shipment["id"] for shipment in get(caller, "?external_reference_id=mine")] == sorted(
        [failed["id"], again["id"]], reverse=True
    )


def test_who_repeats_a_request_of_unknown_outcome_gets_what_was_booked(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    first = announced(caller, external_reference_id="mine")

    again = announced(caller, status=409, external_reference_id="mine")

    assert again["id"] == first["id"]
    assert again["parcels"][0]["status"]["code"] == "READY_TO_SEND"
    assert b64decode(again["parcels"][0]["label_file"]).startswith(b"%PDF-")
    assert len(caller.sandbox.ledger.entries()) == 1


def test_who_repeats_a_request_that_booked_nothing_books_now(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_BEFORE)
    first = announced(caller, external_reference_id="mine")

    again = announced(caller, external_reference_id="mine")

    assert again["id"] != first["id"]
    assert [entry.reference for entry in caller.sandbox.ledger.entries()] == [again["id"]]


@pytest.mark.parametrize("url", [ANNOUNCE, CREATE])
@pytest.mark.parametrize("option", [LETTER, POST])
def test_of_16_that_race_for_a_reference_one_books(caller, url, option):
    answers = []
    start = threading.Barrier(16)

    def race():
        start.wait()
        answers.append(caller.client.post(url, json=a_request(external_reference_id="mine", ship_with=option)))

    threads = [threading.Thread(target=race) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    run_jobs(caller)

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert len({answer.json()["data"]["id"] for answer in answers}) == 1
    assert len(get(caller, "?external_reference_id=mine")) == 1
    assert len(caller.sandbox.ledger.entries()) == (option is LETTER)


# Senders


def test_a_stored_sender_address_can_be_named(caller):
    data = announced(caller, from_address={"sender_address_id": 1017})

    assert (data["from_address"]["name"], data["from_address"]["city"]) == ("Lumen & Was", "Utrecht")


def test_members_beside_the_id_replace_those_that_are_stored(caller):
    data = announced(
        caller, from_address={"sender_address_id": 1017, "name": "Outlet", "city": "Breda", "po_box": None}
    )

    assert data["from_address"]["name"] == "Outlet"
    assert data["from_address"]["city"] == "Breda"
    assert data["from_address"]["address_line_1"] == "Oudezijds Voorburgwal"


@pytest.mark.parametrize("sender_address_id", [1, 2017])
def test_a_sender_address_that_the_account_does_not_have_is_a_404(caller, stranger, sender_address_id):
    found = problems(caller, status=404, from_address={"sender_address_id": sender_address_id})

    assert found == [("invalid", "Does not exist.", "/from_address/sender_address_id")]


def test_mistakes_in_a_sender_are_those_of_the_form_it_has(caller):
    assert problems(caller, from_address={"sender_address_id": "x"}) == [
        ("invalid", "Input should be a valid integer", "/from_address/sender_address_id")
    ]
    assert problems(caller, from_address={**FROM, "city": 1, "sender_address_id": None}) == [
        ("invalid", "Input should be a valid string", "/from_address/city")
    ]
    assert problems(caller, from_address="Utrecht")[0][2] == "/from_address"


def test_tax_numbers_stored_with_the_sender_stand_in_unless_some_are_given(caller):
    numbers = (TaxNumber("EORI", "NL", "NL123456789"),)
    with caller.installation.database.write() as transaction:
        stored = SenderAddress(1099, an_address(), details=SenderDetails(tax_numbers=numbers))
        add_sender_address(transaction, 1, stored)
    sender = {"sender_address_id": 1099}
    given: dict[str, Any] = {"sender": [], "receiver": [], "importer_of_record": []}

    stored = announced(caller, from_address=sender, customs_information=CUSTOMS)["customs_information"]
    own = announced(caller, from_address=sender, customs_information={**CUSTOMS, "tax_numbers": given})

    assert stored["tax_numbers"] == {
        "sender": [{"name": "EORI", "country_code": "NL", "value": "NL123456789"}],
        "receiver": [],
        "importer_of_record": [],
    }
    assert own["customs_information"]["tax_numbers"] == given


@pytest.mark.parametrize(("brand_id", "used"), [(1042, 1042), (None, 1042)])
def test_the_named_brand_or_the_default_one_is_on_the_label(caller, brand_id, used):
    assert announced(caller, brand_id=brand_id)["brand_id"] == used


def test_a_brand_of_somebody_else_is_a_404(caller, stranger):
    assert problems(caller, status=404, brand_id=2042) == [("invalid", "Does not exist.", "/brand_id")]


# Options and contracts


def test_the_contract_may_be_called_either_way(caller):
    for name in ("contract_id", "contract"):
        properties = {**POST["properties"], name: 1517}
        data = announced(caller, ship_with={**POST, "properties": properties})
        assert data["ship_with"]["properties"] == {"shipping_option_code": "postnl:standard", "contract_id": 1517}
        assert data["carrier"] == {"code": "postnl", "name": "PostNL"}


def test_the_contract_that_is_used_stands_in_the_answer(caller):
    assert announced(caller, ship_with=POST)["ship_with"]["properties"]["contract_id"] == 1517


@pytest.mark.parametrize("contract_id", [2517, 99])
def test_a_contract_of_somebody_else_is_refused(caller, stranger, contract_id):
    ship_with = {**POST, "properties": {**POST["properties"], "contract_id": contract_id}}

    assert problems(caller, ship_with=ship_with) == [
        ("invalid", "Invalid contract.", "/ship_with/properties/contract_id")
    ]


def test_an_option_that_does_not_go_there_is_the_documented_error(caller):
    ((code, detail, pointer),) = problems(caller, ship_with=POST, to_address=NEW_YORK)

    assert (code, pointer) == ("validation_error", "/ship_with/properties/shipping_option_code")
    assert detail.startswith("No shipping option could be found for the given country or postal code combination")


@pytest.mark.parametrize("url", [ANNOUNCE, CREATE])
def test_a_parcel_that_is_too_heavy_is_the_documented_error(caller, url):
    ((code, detail, _),) = problems(caller, url, parcels=[a_parcel(weight={"value": "30.001", "unit": "kg"})])

    assert code == "validation_error"
    assert detail.startswith("No shipping option could be found for the given weight and/or dimensions")


class Demanding(PostNL):
    """An option that needs everything."""

    code, name, needs_contract = "demanding", "Demanding", False
    options: tuple[ShippingOption, ...] = (
        ShippingOption(
            "demanding:all",
            "All",
            heaviest=kilograms("30"),
            largest=Dimensions(Decimal(10), Decimal(10), Decimal(10), "cm"),
            requires=("email", "phone_number", "dimensions", "service_point_details"),
        ),
    )


SIZE = {"length": "9.50", "width": "9", "height": "1", "unit": "cm"}
ENOUGH = {
    "ship_with": {"type": "shipping_option_code", "properties": {"shipping_option_code": "demanding:all"}},
    "to_address": {**TO, "email": "f@example.com", "phone_number": "+31612345678"},
    "to_service_point": {"id": "10875349"},
    "parcels": [a_parcel(dimensions=SIZE)],
}


@pytest.mark.parametrize(
    ("lacking", "pointer"),
    [
        ({"to_address": {**TO, "phone_number": "+31612345678"}}, "/to_address/email"),
        ({"to_address": {**TO, "email": "f@example.com"}}, "/to_address/phone_number"),
        ({"to_service_point": None}, "/to_service_point"),
        ({"parcels": [a_parcel()]}, "/parcels/0/dimensions"),
    ],
)
def test_what_an_option_needs_is_required(tmp_path, lacking, pointer):
    installation = an_installation(tmp_path, carriers=[SandboxCarrier(tmp_path), Demanding(tmp_path)])
    caller = a_caller(installation)

    ((code, detail, where),) = problems(caller, **ENOUGH | lacking)

    assert (code, where) == ("required", pointer)
    assert detail.startswith("This field is required.")


# Rules and defaults


@pytest.mark.parametrize("url", [ANNOUNCE_WITH_RULES, CREATE_WITH_RULES])
def test_defaults_fill_in_what_is_left_open(tmp_path, url):
    caller = a_caller(an_installation(tmp_path), default_weight=kilograms("2"))

    data = announced(caller, url, from_address=..., ship_with=..., parcels=[{}])

    assert data["from_address"]["city"] == "Utrecht"
    assert data["ship_with"]["properties"]["shipping_option_code"] == "sendcloud:letter"
    assert data["parcels"][0]["weight"] == {"value": "2", "unit": "kg"}
    assert data["applied_shipping_rules"] == []


def test_only_endpoints_with_rules_speak_of_rules(caller):
    created = announced(caller, ANNOUNCE)

    assert "applied_shipping_rules" not in created
    assert "applied_shipping_rules" not in get(caller, f"/{created['id']}")


@pytest.mark.parametrize(
    ("left_open", "pointer"),
    [({"parcels": [{}]}, "/parcels/0/weight"), ({"ship_with": ...}, "/ship_with/properties/shipping_option_code")],
)
def test_without_defaults_what_is_left_open_is_required(tmp_path, left_open, pointer):
    caller = a_caller(an_installation(tmp_path), default_weight=kilograms("2"))

    ((code, detail, where),) = problems(caller, ANNOUNCE_WITH_RULES, apply_shipping_defaults=False, **left_open)

    assert (code, where) == ("required", pointer)
    assert detail.startswith("This field is required")


@pytest.mark.parametrize("name", ["from_address", "ship_with"])
def test_the_plain_endpoints_leave_nothing_open(caller, name):
    assert problems(caller, **{name: ...}) == [("required", "This field is required.", f"/{name}")]
    assert problems(caller, parcels=[{}]) == [("required", "This field is required.", "/parcels/0/weight")]


# Items and customs


def test_domestic_items_are_filled_in(caller):
    data = announced(caller, parcels=[a_parcel(parcel_items=[{"sku": "X"}, {"price": {"currency": "SEK"}}])])

    usual = {"description": "", "quantity": 1, "weight": {"value": 0.001, "unit": "kg"}, "hs_code": ""}
    price = {"value": "0.00", "currency": "SEK"}
    assert data["parcels"][0]["parcel_items"] == [{**usual, "sku": "X", "price": price}, {**usual, "price": price}]


def test_a_shipment_that_crosses_a_customs_border_goes_with_declared_items(caller):
    data = announced(caller, to_address=NEW_YORK, parcels=[a_parcel(parcel_items=[ITEM])], customs_information=CUSTOMS)

    assert data["customs_information"] == {**CUSTOMS, "export_type": "commercial_b2c"}
    assert data["parcels"][0]["parcel_items"] == [ITEM]


@pytest.mark.parametrize("member", list(ITEM))
def test_across_a_customs_border_everything_about_an_item_is_required(caller, member):
    item = {name: value for name, value in ITEM.items() if name != member}

    ((code, detail, pointer),) = problems(caller, to_address=NEW_YORK, parcels=[a_parcel(parcel_items=[ITEM, item])])

    assert (code, pointer) == ("required", f"/parcels/0/parcel_items/1/{member}")
    assert "crosses a customs border" in detail


def test_across_a_customs_border_a_parcel_needs_items_and_these_a_price(caller):
    free = {**ITEM, "price": {"currency": "EUR"}}

    without_items = problems(caller, to_address=NEW_YORK)
    without_price = problems(caller, to_address=NEW_YORK, parcels=[a_parcel(parcel_items=[free])])

    assert [pointer for _, _, pointer in without_items] == ["/parcels/0/parcel_items"]
    assert [pointer for _, _, pointer in without_price] == ["/parcels/0/parcel_items/0/price/value"]


@pytest.mark.parametrize("country", ["AU", "CA", "IT", "US"])
def test_some_countries_need_a_state_or_province(caller, country):
    to = {**NEW_YORK, "country_code": country, "state_province_code": None}

    ((code, _, pointer),) = problems(caller, to_address=to, parcels=[a_parcel(parcel_items=[ITEM])])

    assert (code, pointer) == ("required", "/to_address/state_province_code")


def test_prices_in_several_currencies_are_refused(caller):
    dollars = {**ITEM, "price": {"value": "1", "currency": "usd"}}

    ((code, detail, pointer),) = problems(caller, parcels=[a_parcel(parcel_items=[ITEM, dollars])])

    assert (code, pointer) == ("invalid", "/parcels/0/parcel_items/1/price/currency")
    assert "USD" in detail
    assert "EUR" in detail


@pytest.mark.parametrize(
    ("values", "is_valid"),
    [
        (["1.99"], False),
        (["2"], True),
        (["5000"], True),
        (["5000.01"], False),
        (["2500", "2500.01"], False),
        (["0"], True),
    ],
)
def test_a_shipment_can_be_insured_for_2_to_5000_euros(caller, values, is_valid):
    boxes = [a_parcel(additional_insured_price={"value": value, "currency": "EUR"}) for value in values]

    answer = caller.client.post(ANNOUNCE, json=a_request(parcels=boxes))

    assert answer.status_code == (201 if is_valid else 400), answer.text


def test_an_unknown_validation_service_is_refused_kindly(caller):
    announced(caller, validation_methods=[])
    announced(caller, validation_methods=None)

    ((code, detail, pointer),) = problems(caller, validation_methods=["here"])

    assert (code, pointer) == ("validation_error", "/validation_methods")
    assert "cannot be validated by HERE on this installation" in detail


# What was sent comes back


EVERYTHING = a_request(
    to_address={
        **NEW_YORK,
        "company_name": "ACME",
        "address_line_2": "2nd floor",
        "po_box": "1",
        "email": "a@b.example",
    },
    parcels=[
        a_parcel(
            dimensions=SIZE,
            parcel_items=[
                {
                    **ITEM,
                    "item_id": "1",
                    "sku": "S",
                    "product_id": "P",
                    "mid_code": None,
                    "material_content": "wax",
                    "intended_use": "personal",
                    "dds_reference": "25FIYPEK0A7573",
                    "taric_doc_code": "Y142",
                    "manufacturer_product_id": "M",
                    "manufacturer_product_id_std": None,
                    "dangerous_goods": {"regulation_set": "ADR", "class_division_number": "3"},
                    "properties": {"size": 42, "nested": {"a": [1, 2.5, None]}},
                }
            ],
            additional_insured_price={"value": "100.50", "currency": "EUR"},
            label_notes=["Blue door"],
            sscc="340123450000000000",
            package_type="tube",
            carrier_fields={"collo_barcode": "B1"},
        )
    ],
    to_service_point={"id": "10875349", "carrier_service_point_id": "199"},
    brand_id=1042,
    order_number="ORDER-9",
    total_order_price={"value": "11.10", "currency": "EUR"},
    reference="for me only",
    external_reference_id="ours-1",
    delivery_dates={"handover_at": "2026-11-26T09:00:00.000000Z", "deliver_at": None},
    carrier_fields={"hide_sender": True},
    customs_information={
        **CUSTOMS,
        "export_type": "private",
        "invoice_date": "2026-11-24",
        "freight_costs": {"value": "21.98", "currency": "EUR"},
        "goods_description": "Candles",
        "general_notes": "None",
        "additional_declaration_statements": ["I declare."],
        "importer_of_record": {
            "name": "J",
            "address_line_1": "43rd St",
            "city": "New York",
            "postal_code": "10036",
            "country_code": "US",
            "telephone": "+1",
        },
        "tax_numbers": {
            "sender": [{"name": "VAT", "country_code": "NL", "value": "NL1"}],
            "receiver": [],
            "importer_of_record": [],
        },
    },
)


@pytest.mark.parametrize("url", ALL)
def test_everything_that_was_sent_comes_back(caller, url):
    answer = caller.client.post(url, json=EVERYTHING)

    assert answer.status_code == 201, answer.text
    comes_back(EVERYTHING, answer.json()["data"])
    comes_back(EVERYTHING, get(caller, f"/{answer.json()['data']['id']}"))


def test_a_statement_that_a_rule_adds_stands_behind_those_that_were_sent(caller):
    rule = {
        "name": "Declare",
        "criteria": {"is_and": True, "conditions": []},
        "actions": [{"identifier": "add_declaration_statement", "value": "No wood."}],
    }
    caller.client.post("/api/v3/shipping-rules/rules", json=rule).raise_for_status()
    customs = {**CUSTOMS, "additional_declaration_statements": ["I declare."]}

    changes = {"to_address": NEW_YORK, "parcels": [a_parcel(parcel_items=[ITEM])], "customs_information": customs}
    data = announced(caller, ANNOUNCE_WITH_RULES, **changes)

    assert data["customs_information"]["additional_declaration_statements"] == ["I declare.", "No wood."]


def test_what_was_not_sent_is_null(caller):
    data = announced(caller)

    null = {name for name, value in data.items() if value is None}
    assert null == {
        "to_service_point",
        "reference",
        "external_reference_id",
        "total_order_price",
        "delivery_dates",
        "customs_information",
        "carrier_fields",
    }
    assert data["order_number"] == ""
    assert {name for name, value in data["to_address"].items() if value is None} == {
        "company_name",
        "address_line_2",
        "po_box",
        "state_province_code",
        "email",
        "phone_number",
    }
    assert {name for name, value in data["parcels"][0].items() if value is None} == {
        "dimensions",
        "label_notes",
        "package_type",
        "sscc",
        "additional_insured_price",
        "carrier_fields",
    }


def test_numbers_where_texts_are_documented_are_taken(caller):
    data = announced(
        caller,
        to_service_point={"id": 10875349},
        total_order_price={"value": 11.1, "currency": "eur"},
        parcels=[a_parcel(weight={"value": 0.5, "unit": "kg"})],
    )

    assert data["to_service_point"] == {"id": "10875349", "carrier_service_point_id": None}
    assert data["total_order_price"] == {"value": "11.1", "currency": "EUR"}
    assert data["parcels"][0]["weight"] == {"value": "0.5", "unit": "kg"}


def test_a_country_in_lower_case_is_that_country(caller):
    assert announced(caller, to_address={**TO, "country_code": "nl"})["to_address"]["country_code"] == "NL"


def label_of(caller, **changes):
    """The label as ZPL, in which texts can be read."""
    data = announced(caller, label_details={"mime_type": "application/zpl"}, **changes)
    return b64decode(data["parcels"][0]["label_file"]).decode()


def test_the_label_has_the_notes_and_not_the_reference(caller):
    label = label_of(caller, reference="SECRET-REFERENCE", parcels=[a_parcel(label_notes=["Blue door"])])

    assert "Blue door" in label
    assert "SECRET" not in label


def test_the_day_of_handing_over_stands_on_the_label(caller):
    label = label_of(caller, delivery_dates={"handover_at": "2026-11-26T09:00:00Z"})

    assert "2026-11-26" in label


def test_notes_for_which_there_is_no_room_are_refused_before_anything_is_booked(caller):
    ((code, _, pointer),) = problems(caller, parcels=[a_parcel(label_notes=["W" * 255] * 20)])

    assert code == "validation_error"
    assert pointer.startswith("/parcels/0/label_notes")


# Limits


def many(count):
    return [a_parcel()] * count


@pytest.mark.parametrize(("url", "most"), [(ANNOUNCE, 15), (CREATE, 50), (ANNOUNCE_WITH_RULES, 50)])
def test_there_is_a_limit_of_parcels(caller, url, most):
    assert len(announced(caller, url, parcels=many(most))["parcels"]) == most

    ((code, detail, pointer),) = problems(caller, url, parcels=many(most + 1))

    assert (code, detail) == ("invalid", f"List should have at most {most} items after validation, not {most + 1}")
    assert pointer.endswith("/parcels")


def customs(**changes):
    return {"customs_information": {**CUSTOMS, **changes}}


def importer(**changes):
    known = {"name": "J", "address_line_1": "1", "city": "C", "postal_code": "1", "country_code": "US"}
    return customs(importer_of_record={**known, **changes})


def tax_numbers(*numbers):
    return customs(tax_numbers={"sender": list(numbers), "receiver": [], "importer_of_record": []})


TAX_NUMBER = {"name": "VAT", "country_code": "NL", "value": "1"}


def of_parcel(**changes):
    return {"parcels": [a_parcel(**changes)]}


def of_item(**changes):
    return of_parcel(parcel_items=[{"sku": "1", **changes}])


LIMITS = [
    (of_item(description="a" * 255), of_item(description="a" * 256)),
    (of_item(description="a"), of_item(description="")),
    (of_item(quantity=1), of_item(quantity=0)),
    (of_item(quantity=2), of_item(quantity=1.5)),
    (of_item(weight={"value": 0.001, "unit": "kg"}), of_item(weight={"value": 0, "unit": "kg"})),
    (of_item(hs_code="1" * 12), of_item(hs_code="1" * 13)),
    (of_item(origin_country="nl"), of_item(origin_country="NLD")),
    (of_item(manufacturer_product_id="1" * 70), of_item(manufacturer_product_id="1" * 71)),
    (of_item(price={"value": "0", "currency": "EUR"}), of_item(price={"value": "-1", "currency": "EUR"})),
    (of_item(price={"value": "1", "currency": "EUR"}), of_item(price={"value": "1,5", "currency": "EUR"})),
    (of_item(price={"value": "1", "currency": "EUR"}), of_item(price={"value": "1", "currency": "EURO"})),
    (of_item(price={"value": "1", "currency": "EUR"}), of_item(price={"value": "1"})),
    (of_parcel(parcel_items=[{}] * 1000), of_parcel(parcel_items=[{}] * 1001)),
    (of_parcel(label_notes=["a"]), of_parcel(label_notes=[""])),
    (of_parcel(label_notes=["a"]), of_parcel(label_notes=["a" * 256])),
    (of_parcel(label_notes=["a"]), of_parcel(label_notes=["a"] * 256)),
    (of_parcel(sscc="1" * 18), of_parcel(sscc="1" * 17)),
    (of_parcel(sscc=None), of_parcel(sscc="1" * 17 + "x")),
    (of_parcel(package_type="letterbox"), of_parcel(package_type="barrel")),
    (of_parcel(weight={"value": "0.001", "unit": "kg"}), of_parcel(weight={"value": "0", "unit": "kg"})),
    (of_parcel(weight={"value": "500", "unit": "g"}), of_parcel(weight={"value": "1", "unit": "t"})),
    (of_parcel(dimensions=SIZE), of_parcel(dimensions={**SIZE, "length": "-1"})),
    (of_parcel(dimensions=SIZE), of_parcel(dimensions={**SIZE, "unit": "km"})),
    (customs(invoice_number="1" * 40), customs(invoice_number="1" * 41)),
    (customs(invoice_number="1"), customs(invoice_number="")),
    (customs(export_reason="personal_use"), customs(export_reason="fun")),
    (customs(export_reason="gift"), customs(export_reason=None)),
    (customs(export_type="commercial_b2b"), customs(export_type="b2b")),
    (customs(invoice_date="2026-02-28"), customs(invoice_date="2026-02-29")),
    (customs(invoice_date=None), customs(invoice_date="20260228")),
    (customs(goods_description="a" * 255), customs(goods_description="a" * 256)),
    (customs(general_notes="a" * 500), customs(general_notes="a" * 501)),
    (customs(additional_declaration_statements=["a"] * 100), customs(additional_declaration_statements=["a"] * 101)),
    (customs(additional_declaration_statements=["a" * 1024]), customs(additional_declaration_statements=["a" * 1025])),
    (importer(name="a" * 75), importer(name="a" * 76)),
    (importer(company_name="a" * 50), importer(company_name="a" * 51)),
    (importer(address_line_1="a" * 150), importer(address_line_1="a" * 151)),
    (importer(address_line_2="a" * 150), importer(address_line_2="a" * 151)),
    (importer(house_number="a" * 20), importer(house_number="a" * 21)),
    (importer(city="a" * 30), importer(city="a" * 31)),
    (importer(postal_code="a" * 12), importer(postal_code="a" * 13)),
    (importer(country_code="US"), importer(country_code="USA")),
    (importer(state_province_code="a" * 14), importer(state_province_code="a" * 15)),
    (importer(telephone="1" * 20), importer(telephone="1" * 21)),
    (importer(email="a" * 320), importer(email="a" * 321)),
    (tax_numbers(*[TAX_NUMBER] * 20), tax_numbers(*[TAX_NUMBER] * 21)),
    (tax_numbers({**TAX_NUMBER, "name": "UKIMS"}), tax_numbers({**TAX_NUMBER, "name": "ABC"})),
    (tax_numbers({**TAX_NUMBER, "country_code": "N"}), tax_numbers({**TAX_NUMBER, "country_code": "NLD"})),
    (tax_numbers({**TAX_NUMBER, "value": "1" * 100}), tax_numbers({**TAX_NUMBER, "value": "1" * 101})),
    (tax_numbers(), customs(tax_numbers={"sender": []})),
    ({"to_address": {**TO, "country_code": "be"}}, {"to_address": {**TO, "country_code": "XX"}}),
    ({"order_number": "1" * 20}, {"order_number": "1" * 256}),
    ({"delivery_dates": {"deliver_at": "2026-11-26T09:00:00+01:00"}}, {"delivery_dates": {"deliver_at": "tomorrow"}}),
    ({"to_service_point": {"carrier_service_point_id": "1"}}, {"to_service_point": {}}),
    ({"brand_id": 1042}, {"brand_id": 0}),
    ({"label_details": {"dpi": 72}}, {"label_details": {"dpi": 96}}),
    ({"parcels": [a_parcel()]}, {"parcels": []}),
]


@pytest.mark.parametrize(("valid", "invalid"), LIMITS)
def test_what_is_at_a_limit_is_taken_and_what_is_beyond_it_refused(caller, valid, invalid):
    crossing = {"to_address": NEW_YORK, "parcels": [a_parcel(parcel_items=[ITEM])]} if "customs" in str(valid) else {}

    announced(caller, CREATE, **crossing | valid)

    assert problems(caller, CREATE, **crossing | invalid)


@pytest.mark.parametrize("url", ALL)
@pytest.mark.parametrize(
    "changes",
    [
        {"to_address": {**TO, "name": "a" * 10_001}},
        {"to_address": {**TO, "name": "a\u202eb"}},
        {"to_address": {**TO, "city": "\u0007"}},
        {"to_address": [TO]},
        {"to_address": {**TO, "name": None}},
        {"parcels": {"0": a_parcel()}},
        {"parcels": [[]]},
        {"parcels": [a_parcel(weight={"value": "NaN", "unit": "kg"})]},
        {"parcels": [a_parcel(weight={"value": "1e30", "unit": "kg"})]},
        {"parcels": [a_parcel(weight={"value": 1e30, "unit": "kg"})]},
        {"parcels": [a_parcel(weight={"value": "1" * 10_000, "unit": "kg"})]},
        {"parcels": [a_parcel(weight={"value": True, "unit": "kg"})]},
        {"parcels": [a_parcel(parcel_items=[{"properties": {"a": [0] * 2_000}}])]},
        {"reference": "a" * 10_001},
        {"reference": 5},
        {"external_reference_id": "a" * 10_001},
        {"brand_id": 2**63},
        {"ship_with": {"type": "magic", "properties": {}}},
        {"ship_with": {"type": "shipping_option_code", "properties": {"shipping_option_code": "a" * 10_001}}},
        {"carrier_fields": []},
    ],
)
def test_hostile_input_is_refused_and_leaves_nothing_behind(caller, url, changes):
    assert problems(caller, url, **changes)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"null", b"5", b'{"a":' * 40 + b"1" + b"}" * 40])
def test_what_is_no_request_is_a_400(caller, body):
    assert caller.client.post(ANNOUNCE, content=body).status_code == 400


def test_every_mistake_is_named_at_once(caller):
    found = problems(caller, to_address={}, parcels=[a_parcel(sscc="1"), {}], brand_id="x")

    assert {pointer for _, _, pointer in found} >= {
        "/to_address/name",
        "/to_address/city",
        "/parcels/0/sscc",
        "/parcels/1/weight",
        "/brand_id",
    }


# Retrieving


def test_a_shipment_made_from_an_order_can_be_retrieved_and_listed(caller):
    caller.store(an_order())
    (label,) = caller.ship().json()["data"]

    data = get(caller, f"/{label['shipment_id']}")

    assert data["order_number"] == "ORDER-1"
    assert data["parcels"][0]["id"] == label["parcel_id"]
    assert data["parcels"][0]["tracking_number"] == label["tracking_number"]
    (item,) = data["parcels"][0]["parcel_items"]
    assert (item["description"], item["quantity"]) == ("Candle", 2)
    assert get(caller, "?order_number=order-1") == [data]


@pytest.mark.parametrize("shipment_id", ["none", UNKNOWN, "1" * 5_000, "%00", "a%27b"])
def test_a_shipment_that_does_not_exist_is_the_documented_404(caller, shipment_id):
    answer = caller.client.get(f"{BASE}/{shipment_id}")

    assert answer.status_code == 404
    assert [(error["code"], error["detail"]) for error in answer.json()["errors"]] == [("not_found", "Not found")]


def test_the_id_is_found_in_capitals_too(caller):
    shipment = announced(caller)

    assert get(caller, f"/{shipment['id'].upper()}")["id"] == shipment["id"]


def test_there_is_no_return_portal(caller):
    shipment = announced(caller)

    known, unknown = (
        caller.client.get(f"{BASE}/{shipment_id}/return-portal-url") for shipment_id in (shipment["id"], UNKNOWN)
    )

    assert known.status_code == unknown.status_code == 404
    assert known.json()["errors"][0]["detail"] == "No return portal is configured for this shipment."
    assert unknown.json()["errors"][0]["detail"] == "Not found"


def test_a_stranger_sees_nothing_and_cancels_nothing(caller, stranger):
    shipment = announced(caller, external_reference_id="mine", order_number="A-1")
    parcel = shipment["parcels"][0]
    filters = [
        "",
        f"?shipment_uuids={shipment['id']}",
        f"?ids={parcel['id']}",
        f"?tracking_number={parcel['tracking_number']}",
        "?external_reference_id=mine",
        "?order_number=A-1",
        "?integration_id=70",
        "?parcel_status=1000",
    ]

    assert [get(stranger, query) for query in filters] == [[]] * len(filters)
    assert [len(get(caller, query)) for query in filters] == [1] * len(filters)
    unknown = [
        stranger.client.get(f"{BASE}/{shipment['id']}"),
        stranger.client.post(f"{BASE}/{shipment['id']}/cancel"),
        stranger.client.get(f"{BASE}/{shipment['id']}/return-portal-url"),
        stranger.client.post(f"/api/v3/parcels/{parcel['id']}/cancel"),
    ]
    assert [answer.status_code for answer in unknown] == [404] * 4
    assert get(caller, f"/{shipment['id']}")["parcels"][0]["status"]["code"] == "READY_TO_SEND"


# Lists


def test_an_empty_list_is_a_list(caller):
    assert get(caller, "") == []


@pytest.mark.parametrize("status", ["READY_TO_SEND", "ready_to_send", "1000"])
def test_a_status_can_be_named_by_code_and_by_number(caller, status):
    announced(caller)

    assert len(get(caller, f"?parcel_status={status}")) == 1
    assert get(caller, "?parcel_status=2000") == []


@pytest.mark.parametrize("name", ["updated_before", "updated_after", "announced_before", "announced_after"])
def test_what_is_no_datetime_is_the_documented_error(caller, name):
    answer = caller.client.get(f"{BASE}?{name}=soon")

    assert answer.status_code == 400
    (found,) = answer.json()["errors"]
    assert (found["status"], found["code"], found["detail"], found["source"]) == (
        "404",
        "validation_error",
        f"Validation failed, {name} is not a datetime",
        {"pointer": "/list_shipments/filters"},
    )


@pytest.mark.parametrize(
    "query",
    [
        "parcel_status=LOST",
        "parcel_status=99999",
        "integration_id=shop",
        "integration_id=-1",
        "ids=1,x",
        "ids=" + ",".join(["1"] * 101),
        "shipment_uuids=x",
        "shipment_uuids=" + ",".join([UNKNOWN] * 101),
        "updated_after=2026-13-01",
        "announced_after=0000-00-00T00:00:00Z",
    ],
)
def test_a_filter_that_cannot_be_right_is_refused_in_the_same_style(caller, query):
    answer = caller.client.get(f"{BASE}?{query}")

    assert answer.status_code == 400
    (found,) = answer.json()["errors"]
    assert (found["status"], found["code"]) == ("404", "validation_error")
    assert found["detail"].startswith(f"Validation failed, {query.partition('=')[0]} ")
    assert found["source"] == {"pointer": "/list_shipments/filters"}


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("updated_after=2026-11-24T11:59:59Z", 1),
        ("updated_after=2026-11-24T12:59:59+01:00", 1),
        ("updated_after=2026-11-24T12:59:59%2B01:00", 1),
        ("updated_after=2026-11-24T12:00:00Z", 0),
        ("updated_before=2026-11-25", 1),
        ("announced_before=2026-11-24T12:00:00.000001", 1),
        ("announced_after=9999-12-31T23:59:59Z", 0),
        ("ids=" + "9" * 19, 0),
        ("parcel_status=&ids=&cursor=&page_size=", 1),
        ("page_size=0", 1),
        ("page_size=1000", 1),
        ("page_size=x", 1),
        ("order_number=%00", 0),
        ("tracking_number='", 0),
    ],
)
def test_filters_are_read_as_clients_write_them(caller, query, count):
    announced(caller)

    assert len(get(caller, f"?{query}")) == count


@pytest.mark.parametrize("cursor", ["x", "cD0zMDA=", "cD14JnA9eQ==", "cj0y", "bz0tMQ==", "%00"])
def test_an_unknown_cursor_is_the_documented_404(caller, cursor):
    answer = caller.client.get(f"{BASE}?cursor={cursor}")

    assert answer.status_code == 404
    (found,) = answer.json()["errors"]
    assert (found["status"], found["code"], found["detail"], found["source"]) == (
        "404",
        "not_found",
        "Invalid cursor",
        {"pointer": "/data"},
    )


def test_the_links_lead_from_page_to_page_and_back(caller):
    made = [announced(caller, order_number="A-1")["id"] for _ in range(5)]
    announced(caller, order_number="B-1")
    forwards, backwards, answer = [], [], caller.client.get(f"{BASE}?order_number=A-1&page_size=2")
    while True:
        forwards.append([shipment["id"] for shipment in answer.json()["data"]])
        if "next" not in answer.links:
            break
        answer = caller.client.get(answer.links["next"]["url"])
    while "prev" in answer.links:
        answer = caller.client.get(answer.links["prev"]["url"])
        backwards.append([shipment["id"] for shipment in answer.json()["data"]])

    assert [len(page) for page in forwards] == [2, 2, 1]
    assert sorted(chain.from_iterable(forwards)) == sorted(made)
    assert backwards == forwards[-2::-1]
    assert "next" in answer.links


def test_a_page_has_40_shipments_unless_told(caller):
    for _ in range(41):
        announced(caller, CREATE)

    assert len(get(caller, "")) == 40
    assert len(get(caller, "?page_size=100")) == 41


# Cancelling


def cancelled(caller, shipment, status):
    answer = caller.client.post(f"{BASE}/{shipment['id']}/cancel")
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_shipment_lives_and_is_cancelled_and_stays_retrievable(caller):
    shipment = announced(caller)
    assert get(caller, f"/{shipment['id']}")["parcels"][0]["documents"]
    assert [listed["id"] for listed in get(caller, "?parcel_status=READY_TO_SEND")] == [shipment["id"]]

    answer = cancelled(caller, shipment, 200)

    assert answer == {"data": {"status": "cancelled", "message": "Shipment has been cancelled"}}
    assert [entry.is_cancelled for entry in caller.sandbox.ledger.entries()] == [True]
    assert get(caller, "?parcel_status=READY_TO_SEND") == []
    (parcel,) = get(caller, f"/{shipment['id']}")["parcels"]
    assert parcel["status"] == {"code": "CANCELLED", "message": "Cancelled"}
    assert parcel["documents"] == []
    assert get(caller, f"/{shipment['id']}")["errors"] == []


def test_a_second_cancellation_is_the_documented_409(caller):
    shipment = announced(caller)
    cancelled(caller, shipment, 200)

    (found,) = cancelled(caller, shipment, 409)["errors"]

    assert (found["status"], found["code"], found["detail"]) == (
        "409",
        "invalid",
        "This shipment is already being cancelled.",
    )


def test_what_cannot_be_cancelled_yet_is_the_documented_202(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    unknown = announced(caller)

    answer = cancelled(caller, unknown, 202)

    assert answer == {"data": {"status": "queued", "message": "Shipment cancellation has been queued"}}
    assert get(caller, f"/{unknown['id']}")["parcels"][0]["status"]["code"] == "CANCELLING"
    workers(later(caller, minutes=2)).run_due()
    assert get(caller, f"/{unknown['id']}")["parcels"][0]["status"]["code"] == "CANCELLED"


def test_a_shipment_in_the_queue_is_cancelled_at_once_and_never_announced(caller):
    shipment = announced(caller, CREATE, external_reference_id="mine")

    cancelled(caller, shipment, 200)

    run_jobs(caller)
    assert get(caller, f"/{shipment['id']}")["parcels"][0]["status"]["code"] == "CANCELLED"
    assert get(caller, f"/{shipment['id']}")["errors"] == []
    assert caller.sandbox.ledger.entries() == []
    assert announced(caller, external_reference_id="mine")["id"] != shipment["id"]


def test_what_has_been_delivered_or_has_failed_cannot_be_cancelled(caller):
    delivered = announced(caller)
    with caller.installation.database.write() as transaction:
        set_parcel_status(transaction, 1, delivered["parcels"][0]["id"], ParcelStatus.DELIVERED, NOW)
    caller.sandbox.ledger.fail_next(Fault.REFUSE)
    failed = announced(caller)

    assert "Delivered" in cancelled(caller, delivered, 409)["errors"][0]["detail"]
    assert "has no label" in cancelled(caller, failed, 409)["errors"][0]["detail"]


@pytest.mark.parametrize("path", [f"{BASE}/{UNKNOWN}/cancel", "/api/v3/parcels/5/cancel"])
def test_what_does_not_exist_cannot_be_cancelled(caller, path):
    answer = caller.client.post(path)

    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "not_found"


def test_a_parcel_is_cancelled_with_its_whole_shipment(caller):
    shipment = announced(caller, parcels=many(2))

    answer = caller.client.post(f"/api/v3/parcels/{shipment['parcels'][1]['id']}/cancel")

    assert answer.status_code == 200
    assert answer.json()["data"]["status"] == "cancelled"
    assert [parcel["status"]["code"] for parcel in get(caller, f"/{shipment['id']}")["parcels"]] == ["CANCELLED"] * 2
    again = caller.client.post(f"/api/v3/parcels/{shipment['parcels'][0]['id']}/cancel")
    assert again.status_code == 409
