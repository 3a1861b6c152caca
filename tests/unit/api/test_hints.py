"""Hints: each is found in what a real client sends, none in what is right, and the page about requests lists them."""

import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from kolli.account.request_bodies import Bodies, Said, find_bodies
from kolli.account.requests import LoggedRequest, Wanted, list_requests
from kolli.api.description import EXAMPLES as RECORDED
from kolli.api.hints import HINTS, Call, hints_about
from kolli.api.pointing import written
from kolli.app import web
from kolli.operations.request_log import RequestLog
from tests.factories import NOW, an_order

PAGE = Path(__file__).parents[3] / "docs" / "requests.md"
SYNC = "/api/v3/orders/create-label-sync"
ASYNC = "/api/v3/orders/create-labels-async"
EXAMPLES = [each for each in json.loads(RECORDED.read_text("utf-8")) if "body" in each["request"]]
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (.+?) \|$", re.MULTILINE)


@pytest.fixture
def log(installation):
    return RequestLog(installation.database, 10_000, lambda: NOW)


@pytest.fixture
def client(caller, log):
    """A client whose requests are in the log, with an order that can be shipped."""
    client = TestClient(web(caller.installation, log.note), "http://kolli.test", raise_server_exceptions=False)
    client.auth = caller.client.auth
    client.post("/api/v3/orders", json=[an_order()])
    return client


@pytest.fixture
def hinted(installation, log):
    """Asks what is hinted at about the latest request: name → the text and the place."""

    def hinted():
        log.flush()
        with installation.database.read() as transaction:
            *before, request = list_requests(transaction, Wanted(account_id=1), 100)
            found = {each.id: find_bodies(transaction, 1, each.id) for each in (*before, request)}
        bodies = {number: each for number, each in found.items() if each is not None}
        earlier = [
            (each, bodies[each.id].asked)
            for each in reversed(before)
            if (each.method, each.path) == (request.method, request.path)
        ]
        return {
            each.hint.name: (each.text, None if each.place is None else written(each.place))
            for each in hints_about(Call(request, bodies[request.id], earlier))
        }

    return hinted


def wanted(**changes):
    return {"integration_id": 70, "order": {"order_number": "ORDER-1"}, **changes}


def ship_with(**properties):
    return {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter", **properties}}


def test_a_request_that_is_right_has_no_hints(client, hinted):
    client.post(SYNC, json=wanted(ship_with=ship_with(contract_id=None)), headers={"Idempotency-Key": "one"})

    assert hinted() == {}


def test_contract_in_place_of_contract_id_is_hinted_at(client, hinted):
    client.post("/api/v3/shipping-rules/rules", json={})
    client.post(SYNC, json=wanted(ship_with=ship_with(contract=1517)))

    text, place = hinted()["contract-name"]
    assert (text, place) == (
        "This route wants `contract_id`. What stands under `contract` may be ignored.",
        "/ship_with/properties/contract",
    )


def test_dimension_in_place_of_dimensions_is_hinted_at(client, hinted):
    box = {"parcel_items": [], "dimension": {"length": "1", "width": "1", "height": "1", "unit": "cm"}}

    client.post(ASYNC, json={"integration_id": 70, "orders": [{"order_number": "ORDER-1", "parcels": [box]}]})

    assert hinted()["dimension-name"][1] == "/orders/0/parcels/0/dimension"


def test_dimensions_in_place_of_dimension_is_hinted_at(client, hinted):
    size = {"length": 1, "width": 1, "height": 1, "unit": "cm"}

    client.post("/api/v3/orders", json=[an_order(shipping_details={"measurement": {"dimensions": size}})])

    assert hinted() == {
        "dimension-name": (
            "This route wants `dimension`. What stands under `dimensions` may be ignored.",
            "/0/shipping_details/measurement/dimensions",
        )
    }


def test_a_mistyped_member_is_hinted_at_with_what_was_meant(client, hinted):
    client.post(SYNC, json={"integration_id": 70, "order": {"order_number": "ORDER-1", "apply_shiping_rules": True}})

    assert hinted() == {
        "unknown-member": (
            "This route does not know `apply_shiping_rules`, and ignores it. Did you mean `apply_shipping_rules`?",
            "/order/apply_shiping_rules",
        )
    }


def test_what_is_read_although_no_schema_has_it_is_no_matter(client, hinted):
    client.post(SYNC, json={"integration_id": 70, "orders": [{"order_number": "ORDER-1"}], "label": {"dpi": 72}})

    assert hinted() == {}


def test_an_id_that_is_a_number_is_hinted_at(client, hinted):
    client.post(SYNC, json={"integration_id": 70, "order": {"order_id": 1}})

    assert hinted()["id-as-number"] == (
        '`order_id` is a text here, even where answers have a number: "1".',
        "/order/order_id",
    )


def test_errors_beside_data_in_a_batch_are_hinted_at(client, hinted):
    orders = [{"order_number": "ORDER-1"}, {"order_number": "NOT-THERE"}]

    client.post(ASYNC, json={"integration_id": 70, "orders": orders})

    assert hinted()["errors-beside-data"][0].startswith("The status is 202, and yet there is one error in the answer")


@pytest.mark.parametrize("scenario", ["http:500", "timeout-after"])
def test_a_second_try_without_a_key_is_hinted_at_when_the_first_may_have_bought(client, hinted, scenario):
    client.post(SYNC, json=wanted(), headers={"Sandbox-Scenario": scenario})

    client.post(SYNC, json=wanted())

    assert "The same body came 0 s before" in hinted()["retry-without-key"][0]


@pytest.mark.parametrize("headers", [{"Idempotency-Key": "one"}])
def test_a_second_try_with_a_key_is_right(client, hinted, headers):
    for _ in range(2):
        client.post(SYNC, json=wanted(), headers=headers)

    assert hinted() == {}


def test_another_try_of_what_was_refused_is_right(client, hinted):
    for _ in range(2):
        client.post(SYNC, json=wanted(order={"order_number": "NOT-THERE"}))

    assert hinted() == {}


@pytest.mark.parametrize("path", ["/api/v2/parcels", "/api/v2/user", "/api/v2/brands/"])
def test_a_path_of_version_2_is_hinted_at_with_that_of_version_3(client, hinted, path):
    client.get(path)

    assert "Version 3 has `GET /api/v3/" in hinted()["old-path"][0]


def test_a_path_that_is_documented_nowhere_is_hinted_at(client, hinted):
    client.post("/api/v3/parcels/1/cancel")

    assert "POST /api/v3/shipments/{id}/cancel" in hinted()["old-path"][0]


def test_a_resolution_that_the_format_does_not_have_is_hinted_at(client, hinted):
    client.post(SYNC, json=wanted(label_details={"mime_type": "image/png", "dpi": 203}))

    assert hinted()["resolution"] == ("image/png is not made at 203 dpi, but at 150 or 300.", "/label_details/dpi")


def test_a_resolution_that_no_printer_has_is_hinted_at(client, hinted):
    client.get("/api/v3/parcels/1/documents/label?dpi=150", headers={"Accept": "application/zpl"})

    assert "made for 203 dpi" in hinted()["resolution"][0]


@pytest.mark.parametrize("name", ["access_token", "secret", "api_key"])
def test_a_secret_in_the_address_is_hinted_at(client, hinted, name):
    client.get("/api/v3/orders", params={name: "hush"})

    (name_of_hint,) = hinted()
    assert name_of_hint == "secret-in-query"


def test_a_mistyped_parameter_is_hinted_at_with_what_was_meant(client, hinted):
    client.get("/api/v3/orders", params={"page-size": "10"})

    assert hinted() == {
        "unknown-parameter": (
            "This route does not know the parameter `page-size`, and ignores it. Did you mean `page_size`?",
            None,
        )
    }


def test_json_that_is_called_a_form_is_hinted_at(client, hinted):
    body = b'{"integration_id": 70, "order": {"order_number": "ORDER-1"}}'

    client.post(SYNC, content=body, headers={"Content-Type": "application/x-www-form-urlencoded"})

    assert list(hinted()) == ["content-type"]


def test_a_read_with_a_body_is_hinted_at(client, hinted):
    client.request("GET", "/api/v3/orders", json={"order_number": "1"})

    assert list(hinted()) == ["body-of-a-read"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b"null", b'{"order": [[[1]]]}', b'{"": {"": []}}'])
def test_nothing_that_is_sent_is_too_odd_to_be_looked_at(client, hinted, body):
    client.post(SYNC, content=body, headers={"Content-Type": "application/json"})

    assert isinstance(hinted(), dict)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['endpoint']} {example['name']}")
def test_no_recorded_example_of_the_api_has_a_member_that_is_hinted_at(example):
    """What the documentation shows is right, so a hint about it would be wrong."""
    method, _, path = example["endpoint"].partition(" ")
    body = json.dumps(example["request"]["body"])
    asked = Said(body, len(body), media_type="application/json")
    request = LoggedRequest(NOW, method, re.sub(r"{\w+}", "1", path), example["status"], 1)

    found = hints_about(Call(request, Bodies(asked, Said())))

    assert [each.text for each in found if each.place is not None] == []


def test_the_page_about_requests_lists_every_hint():
    table = PAGE.read_text("utf-8").partition("<!-- hints -->")[2].partition("<!-- /hints -->")[0]

    assert ROW.findall(table) == [(hint.name, hint.sentence) for hint in HINTS]


def test_every_hint_is_found_by_a_test_above():
    tested = Path(__file__).read_text("utf-8")

    assert [hint.name for hint in HINTS if f'"{hint.name}"' not in tested] == []
