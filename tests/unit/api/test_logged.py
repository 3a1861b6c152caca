"""What a request and its answer leave in the request log: enough to find a mistake, and nothing that is private."""

import asyncio
import json
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from kolli.account.requests import Details, LoggedRequest
from kolli.api.logged import LONGEST_TEXT, Logged
from kolli.app import web
from tests.factories import NOW, a_caller, an_installation, an_order


@pytest.fixture
def noted() -> list[LoggedRequest]:
    return []


@pytest.fixture
def client(caller, noted):
    """Account 1, seen by the log."""
    client = TestClient(web(caller.installation, noted.append), "http://kolli.test", raise_server_exceptions=False)
    client.auth = caller.client.auth
    client.headers["User-Agent"] = "shop/1"
    client.post("/api/v3/orders", json=[an_order()])
    noted.clear()
    return client


def ship(client, **headers):
    wanted = {"integration_id": 70, "order": {"order_number": "ORDER-1"}}
    return client.post("/api/v3/orders/create-label-sync", json=wanted, headers=headers)


def only(noted):
    """The one request that was noted, without how long it took."""
    (request,) = noted
    return replace(request, details=replace(request.details, milliseconds=0))


def a_request(method, path, status, account_id: int | None = 1, **details):
    return LoggedRequest(NOW, method, path, status, account_id, Details(agent="shop/1", **details))


def test_a_label_is_noted_with_its_order(client, noted):
    ship(client)

    assert only(noted) == a_request("POST", "/api/v3/orders/create-label-sync", 201, about="ORDER-1")


def test_a_read_is_noted_with_nothing_of_what_was_read(client, noted):
    client.get("/api/v3/orders")

    assert only(noted) == a_request("GET", "/api/v3/orders", 200)


def test_a_refusal_is_noted_with_what_was_wrong_and_where(client, noted):
    client.post("/api/v3/orders/create-label-sync", json={"integration_id": "x", "order": {"order_number": "1"}})

    request = only(noted)
    assert (request.status, request.account_id) == (400, 1)
    assert request.details.source == "/data/attributes/integration_id"
    assert "integer" in request.details.detail


def test_a_refusal_of_version_2_is_noted_with_its_sentence(client, noted):
    client.get("/api/v2/parcels/1")

    request = only(noted)
    assert (request.path, request.status, request.account_id) == ("/api/v2/parcels/1", 404, 1)
    assert request.details.detail


def test_a_refusal_of_a_token_is_noted_with_its_code(client, noted):
    client.post("/oauth2/token", data={"grant_type": "password"})

    assert (only(noted).status, only(noted).details.code) == (400, "unsupported_grant_type")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v3/nowhere", 404),
        ("GET", "/api/v2/nowhere", 404),
        ("DELETE", "/api/v3/orders", 405),
        ("GET", "/", 200),
        ("GET", "/tracking/", 200),
    ],
)
def test_what_leads_nowhere_and_what_is_a_page_belongs_to_nobody(client, noted, method, path, status):
    client.request(method, path)

    assert (only(noted).path, only(noted).status, only(noted).account_id) == (path, status, None)


def test_a_body_that_is_too_large_is_noted(client, noted):
    client.post("/api/v3/orders", content=b" " * (3 * 1024 * 1024), headers={"Content-Type": "application/json"})

    assert only(noted).status == 413


def test_who_has_wrong_credentials_is_nobody_and_they_are_not_noted(client, noted):
    client.get("/api/v3/orders", auth=("somebody", "hush"))

    assert (only(noted).status, only(noted).account_id) == (401, None)
    assert "somebody" not in repr(noted)
    assert "hush" not in repr(noted)


def test_each_account_has_its_own_requests(client, noted, installation):
    other = a_caller(installation, account_id=2, integration_id=71)

    client.get("/api/v3/orders", auth=other.client.auth)

    assert only(noted).account_id == 2


def test_no_body_and_no_query_is_noted(client, noted):
    client.get("/tracking/", params={"postal_code": "1012 GJ", "number": "SC1"})
    client.post("/api/v3/addresses/validate", json={"name": "Femke de Vries", "city": "Amsterdam"})

    assert not any(private in repr(noted) for private in ("1012", "SC1", "Femke", "Amsterdam"))


def test_what_became_of_a_key_is_noted(client, noted):
    for _ in range(2):
        ship(client, **{"Idempotency-Key": "one"})
    client.post(
        "/api/v3/orders/create-label-sync",
        json={"integration_id": 70, "order": {"order_number": "ORDER-2"}},
        headers={"Idempotency-Key": "one"},
    )

    assert [(each.status, each.details.key) for each in noted] == [(201, "first"), (201, "replayed"), (422, "reused")]


def test_what_became_of_a_key_in_version_2_is_noted_too(client, noted):
    """Its refusals have no title that would tell."""
    parcel = ship(client).json()["data"][0]["parcel_id"]
    noted.clear()

    for reason in ("mistyped", "another"):
        client.post(f"/api/v2/parcels/{parcel}/cancel?reason={reason}", headers={"Idempotency-Key": "one"})

    assert [(each.status, each.details.key) for each in noted] == [(200, "first"), (422, "reused")]


def test_a_read_has_no_use_for_a_key(client, noted):
    client.get("/api/v3/orders", headers={"Idempotency-Key": "one"})

    assert only(noted).details.key == ""


def test_what_went_wrong_on_purpose_is_noted_with_its_scenario(client, noted):
    ship(client, **{"Sandbox-Scenario": "timeout-after"})

    assert (only(noted).status, only(noted).details.scenario) == (400, "timeout-after")


def test_a_name_that_a_client_gives_itself_is_cut_off(client, noted):
    client.get("/" + "a" * 1000, headers={"User-Agent": "b" * 1000})

    assert (len(only(noted).path), len(only(noted).details.agent)) == (LONGEST_TEXT, LONGEST_TEXT)


@pytest.mark.parametrize("body", [b"<html>", b'{"errors": 1}', b'{"errors": []}', b"[]", b'{"error": {}}', b"\xff"])
def test_a_refusal_in_any_other_form_is_noted_without_a_reason(noted, body):
    async def application(scope, receive, send):
        await send({"type": "http.response.start", "status": 502, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": body})

    TestClient(Logged(application, noted.append, lambda: NOW)).get("/")

    assert (only(noted).status, only(noted).details.detail) == (502, "")


def test_who_hangs_up_before_there_is_an_answer_has_got_none(client, noted):
    async def receive():
        return {"type": "http.disconnect"}

    async def send(message):
        raise AssertionError(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/api/v3/orders",
        "headers": [(b"content-length", b"10")],
        "query_string": b"",
    }
    asyncio.run(client.app(scope, receive, send))

    assert (only(noted).path, only(noted).status) == ("/api/v3/orders", 0)


def test_an_application_that_falls_over_is_noted_too(noted):
    async def application(scope, receive, send):
        raise RuntimeError

    TestClient(Logged(application, noted.append, lambda: NOW), raise_server_exceptions=False).get("/")

    assert only(noted).status == 0


def sides(noted):
    (request,) = noted
    return request.exchange


def test_what_was_said_is_noted_for_whom_we_know(client, noted):
    ship(client, **{"Idempotency-Key": "one"})

    exchange = sides(noted)
    assert json.loads(exchange.asked.body)["order"] == {"order_number": "ORDER-1"}
    assert json.loads(exchange.answered.body)["data"][0]["order_number"] == "ORDER-1"
    assert exchange.asked.headers["idempotency-key"] == "one"


def test_what_was_asked_for_in_the_query_is_noted(client, noted):
    client.get("/api/v3/orders", params={"order_number": "A 1"})

    assert sides(noted).asked.query == "order_number=A+1"


def test_credentials_are_not_even_carried_to_the_log(client, noted):
    client.get("/api/v3/orders")

    assert "authorization" not in sides(noted).asked.headers


@pytest.mark.parametrize("auth", [("somebody", "hush"), None])
def test_nothing_of_what_strangers_say_is_noted(client, noted, auth):
    client.auth = auth

    client.post("/api/v3/orders", json=[an_order()])

    assert sides(noted) is None


def test_a_body_without_end_is_noted_with_its_beginning_only(client, noted):
    client.post("/api/v3/orders", content=b" " * (2 * 1024 * 1024), headers={"Content-Type": "application/json"})

    asked = sides(noted).asked
    assert asked.size == 2 * 1024 * 1024
    assert len(asked.body) < asked.size


def test_nothing_is_noted_of_bodies_where_none_is_to_be_kept(tmp_path, noted):
    caller = a_caller(an_installation(tmp_path, request_log_bodies="off"))
    client = TestClient(web(caller.installation, noted.append), "http://kolli.test")

    client.get("/api/v3/orders", auth=caller.client.auth)

    assert sides(noted) is None


@pytest.mark.parametrize("path", ["/panel/", "/panel/sign-in", "/static/explorer.css"])
def test_what_people_look_at_in_the_panel_is_not_noted(client, noted, path):
    client.get(path)

    assert noted == []
