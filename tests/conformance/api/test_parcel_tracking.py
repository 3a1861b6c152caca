"""Parcel tracking does what its published description says, and what was decided where it says nothing."""

import copy
import json
import threading
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from kolli.app import web
from kolli.operations.track import record
from kolli.shipments.model import ParcelStatus
from kolli.shipments.queries import get_shipment
from kolli.shipments.tracked import find_parcels
from kolli.shipments.tracking import Event
from tests.factories import NOW, a_caller, an_order

TRACKING = "/api/v3/parcels/tracking"

ADDRESS = {"country_code": "NL", "postal_code": "1012 GJ"}
BODY = {
    "announced_at": "2026-11-24T08:00:00Z",
    "from_address": {**ADDRESS, "city": "Utrecht"},
    "to_address": {**ADDRESS, "name": "Femke de Vries", "city": None},
    "ship_with": {
        "type": "shipping_option_code",
        "properties": {"shipping_option_code": "dhl:parcel", "contract_id": 517},
    },
    "shipment": {"source_id": "shipment-1"},
    "source_id": "parcel-1",
    "tracking_number": {"carrier_code": "dhl", "tracking_number": "Track-123"},
}


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load((vendor_descriptions / "parcel-tracking.yaml").read_text("utf-8"), loader)


@pytest.fixture
def valid(description):
    """Asserts that a document is one of those the description calls so."""

    def valid(name, document):
        components = json.loads(json.dumps(description["components"]).replace('"format": "email"', '"title": "Email"'))
        schema = {"$ref": f"#/components/schemas/{name}", "components": components}
        assert [error.message for error in Draft202012Validator(schema).iter_errors(document)] == []

    return valid


@pytest.fixture
def number(caller):
    """The number of an announced parcel with everything on its order."""
    caller.store(an_order())
    return caller.ship(brand_id=1042).json()["data"][0]["tracking_number"]


def changed(path, value):
    """The body with another member at this path; `...` removes it."""
    body: dict[str, Any] = copy.deepcopy(BODY)
    place: dict[str, Any] = body
    *above, last = path.split(".")
    for name in above:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return body


def get(caller, tracking_number):
    return caller.client.get(f"{TRACKING}/{quote(tracking_number, safe='')}")


def post(caller, body):
    return caller.client.post(TRACKING, json=body)


def mistakes(answer):
    """Place and kind of every mistake."""
    assert answer.status_code == 422, answer.text
    return [(".".join(map(str, found["loc"])), found["type"]) for found in answer.json()["detail"]]


# GET


def test_a_parcel_labelled_here_is_found_with_everything_documented(caller, number, valid):
    answer = get(caller, number)

    document = answer.json()
    with caller.installation.database.read() as transaction:
        ((shipment, parcel),) = find_parcels(transaction, 1, [number])
    assert answer.status_code == 200
    assert document == {
        "announced_at": "2026-11-24T12:00:00Z",
        "created_at": "2026-11-24T12:00:00Z",
        "updated_at": "2026-11-24T12:00:00Z",
        "source_id": str(parcel.id),
        "details": {
            "brand_id": 1042,
            "integration_id": 70,
            "is_mail_box": False,
            "is_return": False,
            "is_to_service_point": False,
        },
        "events": [
            an_event("announcing", "Being announced"),
            an_event("ready_to_send", "Ready to send"),
        ],
        "from_address": document["from_address"],
        "to_address": {
            "name": "Femke de Vries",
            "company_name": None,
            "address_line_1": "Oudezijds Voorburgwal",
            "address_line_2": None,
            "house_number": "218",
            "postal_code": "1012 GJ",
            "city": "Amsterdam",
            "po_box": None,
            "state_province_code": None,
            "country_code": "NL",
            "email": None,
            "phone_number": None,
        },
        "parcel_items": list(shipment.draft.boxes[0].items) and document["parcel_items"],
        "ship_with": {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}},
        "tracking_numbers": [
            {
                "carrier_code": "sendcloud",
                "tracking_number": number,
                "tracking_url": document["tracking_numbers"][0]["tracking_url"],
            }
        ],
    }
    document["ship_with"]["properties"]["contract_id"] = 1  # the built-in contract has no id: see docs/compatibility.md
    valid("parcel-tracking-response", document)


def an_event(code, words, at="2026-11-24T12:00:00Z", kind="internal", severity="success"):
    return {
        "event_at": at,
        "event_type": kind,
        "status_code": code,
        "status_description": words,
        "status_type": severity,
        "sub_status_code": "none",
    }


def test_the_events_tell_phases_in_the_sequence_in_which_they_happened(caller, number):
    with caller.installation.database.write() as transaction:
        ((shipment, parcel),) = find_parcels(transaction, 1, [number])
        failed = Event(ParcelStatus.DELIVERY_FAILED, NOW + timedelta(seconds=2), "carrier", "Nobody at home")
        sorted_ = Event(ParcelStatus.SORTED, NOW + timedelta(seconds=1), "person")
        record(transaction, shipment, parcel, failed, NOW)
        record(transaction, get_shipment(transaction, 1, shipment.id), parcel, sorted_, NOW)

    assert get(caller, number).json()["events"][2:] == [
        an_event("sorted", "Sorted", "2026-11-24T12:00:01Z"),
        an_event("attempted", "Nobody at home", "2026-11-24T12:00:02Z", "carrier", "warning"),
    ]


@pytest.mark.parametrize("spelled", [str.lower, str.upper, str.title])
def test_the_letter_case_of_the_number_does_not_matter(caller, number, spelled):
    assert get(caller, spelled(number)).status_code == 200


def test_a_cancelled_parcel_is_still_found(caller, number):
    with caller.installation.database.read() as transaction:
        ((shipment, _),) = find_parcels(transaction, 1, [number])
    caller.client.post(f"/api/v3/shipments/{shipment.id}/cancel")

    assert get(caller, number).json()["events"][-1]["status_code"] == "cancelled"


@pytest.mark.parametrize(
    "unknown", ["NONE", "0", "a" * 255, "a/b", "a//b", "a%2Fb", "a b", "ü", "\0", "statuses", "%", "😀"]
)
def test_a_parcel_that_does_not_exist_is_the_documented_404(caller, unknown, description):
    answer = get(caller, unknown)

    documented = description["paths"]["/parcels/tracking/{tracking_number}"]["get"]["responses"]["404"]
    assert answer.status_code == 404
    assert answer.json() == documented["content"]["application/json"]["example"]


def test_a_number_longer_than_any_is_the_documented_422(caller, valid):
    answer = get(caller, "a" * 256)

    assert mistakes(answer) == [("path.tracking_number", "string_too_long")]
    valid("HTTPValidationError", answer.json())


def test_a_parcel_of_another_account_does_not_exist(caller, installation, number):
    other = a_caller(installation, account_id=2, integration_id=71)
    assert post(caller, BODY).status_code == 200

    assert [get(other, known).status_code for known in (number, "Track-123")] == [404, 404]
    assert get(other, number).json() == get(other, "NONE").json()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_without_credentials_the_answer_is_as_everywhere(caller, method):
    path = f"{TRACKING}/1" if method == "GET" else TRACKING
    answer = caller.client.request(method, path, auth=("no", "body"))

    assert answer.status_code == 401
    assert answer.json()["errors"][0]["code"] == "authentication_failed"


# POST


def test_the_documented_example_is_registered_and_answered_as_documented(caller, description, valid):
    example = description["components"]["schemas"]["parcel-tracking-create-request"]["example"]

    answer = post(caller, example)

    document = answer.json()
    assert answer.status_code == 200
    assert document["created"] is True
    valid("parcel-tracking-create-response", document)
    documented = description["components"]["schemas"]["parcel-tracking-create-response"]["example"]
    for name in ("announced_at", "details", "from_address", "to_address", "ship_with", "source_id"):
        assert document[name] == documented[name]
    assert document["tracking_numbers"] == documented["tracking_numbers"]
    assert document["parcel_items"][0]["properties"] == {"color": "green", "size": "red"}


def test_a_registered_parcel_is_found_with_everything_documented(caller, description, valid):
    example = description["components"]["schemas"]["parcel-tracking-create-request"]["example"]
    assert post(caller, example).status_code == 200

    document = get(caller, "track123456789").json()

    valid("parcel-tracking-response", document)
    assert document["events"] == [an_event("announced", "Announced", "2024-01-01T00:00:00Z")]
    assert document["updated_at"] == document["created_at"] == "2026-11-24T12:00:00Z"


def test_the_least_there_must_be_is_enough(caller, valid):
    answer = post(caller, BODY)

    valid("parcel-tracking-create-response", answer.json())
    assert answer.json()["parcel_items"] == []
    assert answer.json()["details"] == {"is_return": False}


def test_the_same_parcel_again_changes_nothing(caller):
    first = post(caller, BODY).json()
    again = post(caller, changed("to_address.name", "Somebody Else"))

    assert again.status_code == 200
    assert again.json() == {**first, "created": False}


def test_the_same_source_at_another_carrier_is_another_parcel(caller):
    post(caller, BODY)

    assert post(caller, changed("tracking_number.carrier_code", "gls")).json()["created"] is True


def test_another_parcel_with_the_same_number_is_the_documented_409(caller, description):
    post(caller, BODY)

    answer = post(caller, changed("source_id", "parcel-2"))

    documented = description["paths"]["/parcels/tracking"]["post"]["responses"]["409"]["content"]["application/json"]
    assert answer.status_code == 409
    assert answer.json() == documented["example"]


def test_a_number_that_was_labelled_here_cannot_be_registered_too(caller, number):
    tracking_number = {"carrier_code": "sendcloud", "tracking_number": number.lower()}

    assert post(caller, {**BODY, "tracking_number": tracking_number}).status_code == 409


def test_two_accounts_can_track_one_parcel(caller, installation):
    other = a_caller(installation, account_id=2, integration_id=71)

    assert [post(each, BODY).json()["created"] for each in (caller, other)] == [True, True]


def test_of_many_requests_at_once_one_registers_the_parcel(caller):
    answers = []

    def register():
        client = TestClient(web(caller.installation), "http://kolli.test")
        answers.append(client.post(TRACKING, json=BODY, auth=caller.client.auth).json()["created"])

    threads = [threading.Thread(target=register) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [False] * 5 + [True]


@pytest.mark.parametrize("name", ["a/b", "a b", "ü-1", "a?b#c", "x" * 255, "a+b", "😀"])
def test_any_number_that_can_be_registered_can_be_found(caller, name):
    assert post(caller, changed("tracking_number.tracking_number", name)).status_code == 200

    found = get(caller, name)

    assert found.status_code == 200
    assert found.json()["tracking_numbers"][0]["tracking_number"] == name


@pytest.mark.parametrize(
    "path",
    [
        *("announced_at", "from_address", "to_address", "ship_with", "shipment", "source_id", "tracking_number"),
        *("from_address.country_code", "to_address.postal_code", "shipment.source_id"),
        *("tracking_number.carrier_code", "tracking_number.tracking_number"),
    ],
)
def test_every_member_that_is_required_is_required(caller, path):
    assert mistakes(post(caller, changed(path, ...))) == [(f"body.{path}", "missing")]


@pytest.mark.parametrize(
    ("path", "value", "kind"),
    [
        ("announced_at", "yesterday", "datetime_type"),
        ("announced_at", 5, "datetime_type"),
        ("source_id", 5, "string_type"),
        ("source_id", "", "string_too_short"),
        ("tracking_number.tracking_number", "", "string_too_short"),
        ("tracking_number.tracking_number", "a" * 256, "string_too_long"),
        ("tracking_number.tracking_identifier", "a" * 256, "string_too_long"),
        ("tracking_number.tracking_url", "", "string_too_short"),
        ("from_address.country_code", "ZZ", "country"),
        ("from_address.street", "Kanaalweg", "extra_forbidden"),
        ("to_address.email", "nobody", "value_error"),
        ("to_address.city", "a\u202eb", "unprintable"),
        ("details", {"is_return": "yes"}, "bool_type"),
        ("details", {"brand_id": "one"}, "int_type"),
        ("parcel_items", [{"quantity": 0}], "greater_than_equal"),
        ("parcel_items", [{"hs_code": "1" * 13}], "string_too_long"),
        ("parcel_items", [{}] * 1001, "too_long"),
        ("measurements", {"weight": {"value": 0, "unit": "kg"}}, "greater_than"),
        ("measurements", {"volume": {"value": 1, "unit": "mm3"}}, "literal_error"),
        ("return_price", {"value": "1"}, "missing"),
        ("insurance", {"insured_value": {"value": "1", "currency": "EURO"}}, "string_too_long"),
        ("ship_with", {"type": "letter"}, "union_tag_invalid"),
        ("ship_with", {"type": "contract", "properties": {"contract_id": 0}}, "greater_than_equal"),
        ("ship_with", {"type": "contract", "properties": {"shipping_option_code": "a"}}, "missing"),
    ],
)
def test_what_the_schema_forbids_is_refused(caller, path, value, kind):
    found = mistakes(post(caller, changed(path, value)))

    assert found[0][0].startswith(f"body.{path.rpartition('.')[0] or path}")
    assert found[0][1] == kind


def test_refusals_have_the_documented_shape(caller, valid):
    valid("HTTPValidationError", post(caller, {}).json())


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100, b"\xff", b'"\\u0000"', b"5"])
def test_what_is_no_document_is_refused_in_the_same_form(caller, content, valid):
    answer = caller.client.post(TRACKING, content=content)

    assert answer.status_code == 422
    valid("HTTPValidationError", answer.json())


def test_a_parcel_of_great_size_is_refused(caller):
    items = [{"description": "x" * 250, "properties": {"a": "y" * 100}} for _ in range(1000)]

    assert mistakes(post(caller, {**BODY, "parcel_items": items})) == [("body", "too_long")]


def test_numbers_stay_exact(caller):
    content = json.dumps({**BODY, "parcel_items": [{"weight": {"value": 0, "unit": "kg"}}]}).replace(
        '"value": 0', '"value": 0.1000000000000000055'
    )
    assert caller.client.post(TRACKING, content=content).status_code == 200

    assert '"value":0.1000000000000000055' in get(caller, "Track-123").text


def test_nothing_is_left_behind_by_what_was_refused(caller):
    post(caller, changed("to_address", {}))

    assert get(caller, "Track-123").status_code == 404
