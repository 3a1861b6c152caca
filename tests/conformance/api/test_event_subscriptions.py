"""Event subscriptions: the published description and its examples, and what goes out to connections."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jsonschema
import pytest
import yaml

from kolli.operations.background import workers
from kolli.operations.track import record
from kolli.shipments.model import Parcel, ParcelStatus
from kolli.shipments.queries import get_shipment_of_parcel
from kolli.shipments.tracking import Event
from kolli.webhooks.configuration import MOST_CONNECTIONS, MOST_SUBSCRIPTIONS
from kolli.webhooks.payloads import example_event, parcel_event_created
from tests.factories import NOW, Caller, a_caller, an_installation, an_order
from tests.receivers import Silent

BASE = "/api/v3/event-subscriptions"
CONNECTIONS, SUBSCRIPTIONS, TEST = f"{BASE}/connections", f"{BASE}/subscriptions", f"{BASE}/broadcast/test"
URL = "https://example.com/webhooks/sendcloud"
EVENT_TYPE = "parcels.event.created"


@pytest.fixture
def outgoing() -> Silent:
    return Silent()


@pytest.fixture
def caller(tmp_path, outgoing) -> Caller:
    return a_caller(replace(an_installation(tmp_path), outgoing=outgoing))


@pytest.fixture
def stranger(caller) -> Caller:
    """Another account on the same installation."""
    return a_caller(caller.installation, account_id=2, integration_id=71)


@pytest.fixture
def description(vendor_descriptions) -> Any:
    return yaml.safe_load((vendor_descriptions / "event-subscriptions.yaml").read_text("utf-8"))


def conforms(document: object, description: Any, name: str) -> None:
    schema = {**description["components"]["schemas"][name], "components": description["components"]}
    jsonschema.validate(document, schema, jsonschema.Draft202012Validator)


def a_connection(caller: Caller, **configuration: Any) -> dict[str, Any]:
    body = {"type": "webhook", "configuration": {"url": URL, **configuration}}
    answer = caller.client.post(CONNECTIONS, json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def a_subscription(caller: Caller, **body: Any) -> dict[str, Any]:
    wanted = {"event_type": EVENT_TYPE, **body}
    wanted.setdefault("connection_id", a_connection(caller)["id"] if "connection_id" not in body else None)
    answer = caller.client.post(SUBSCRIPTIONS, json=wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["data"])


def problem_in(answer: Any) -> dict[str, Any]:
    (found,) = answer.json()["errors"]
    return dict(found)


def where(found: dict[str, Any]) -> str:
    return str(found["source"].get("pointer") or found["source"]["parameter"])


def shipped(caller: Caller) -> int:
    caller.store(an_order())
    answer = caller.ship()
    assert answer.status_code == 201, answer.text
    return int(answer.json()["data"][0]["parcel_id"])


def run(caller: Caller) -> None:
    workers(caller.installation).run_due()


# Connections


def test_the_documented_connections_are_made_and_answered_as_documented(caller, description):
    operation = description["paths"]["/event-subscriptions/connections"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    made = [
        caller.client.post(CONNECTIONS, json=examples[name]["value"])
        for name in ("WebhookConnection", "WebhookConnectionNoAuth")
    ]

    assert [answer.status_code for answer in made] == [201, 201]
    for answer in made:
        conforms(answer.json()["data"], description, "connection")
    documented = operation["responses"]["201"]["content"]["application/json"]["examples"]["WebhookCreated"]["value"]
    first = made[0].json()
    assert first["data"].keys() == documented["data"].keys()
    assert first["data"]["configuration"] == documented["data"]["configuration"]


def test_secrets_are_never_told_again(caller):
    secret = "very-secret-token"
    made = a_connection(caller, auth_type="bearer", auth_config={"token": secret})
    path = f"{CONNECTIONS}/{made['id']}"
    answers = [
        caller.client.get(path),
        caller.client.get(CONNECTIONS),
        caller.client.patch(path, json={"configuration": {"url": URL}}),
    ]

    assert "auth_config" not in made["configuration"]
    assert [secret in answer.text for answer in answers] == [False, False, False]


def test_a_missing_type_is_the_documented_error(caller, description):
    answer = caller.client.post(CONNECTIONS, json={"configuration": {"url": URL}})

    operation = description["paths"]["/event-subscriptions/connections"]["post"]
    documented = operation["responses"]["400"]["content"]["application/json"]["examples"]["ValidationError"]["value"]
    found = problem_in(answer)
    assert answer.status_code == 400
    assert {name: found[name] for name in documented["errors"][0]} == documented["errors"][0]


def test_a_klaviyo_connection_is_refused_with_what_to_do_instead(caller):
    answer = caller.client.post(CONNECTIONS, json={"type": "klaviyo", "configuration": {}})

    found = problem_in(answer)
    assert (answer.status_code, found["code"], where(found)) == (400, "invalid_choice", "/data/type")
    assert "webhook" in found["detail"]


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://user:secret@example.com/",
        "https://169.254.169.254/latest",
        "https://2130706433/",
        "https://localhost/",
        "https://example.com:22/",
        "ftp://example.com",
        "example.com",
        "https://example.com/\r\nX: y",
    ],
)
def test_a_url_that_must_not_be_called_is_refused(caller, url):
    answer = caller.client.post(CONNECTIONS, json={"type": "webhook", "configuration": {"url": url}})

    found = problem_in(answer)
    assert (answer.status_code, found["code"], where(found)) == (400, "invalid", "/data/configuration/url")
    assert found["detail"].startswith("Enter a valid URL.") or "Enter a valid URL" in found["detail"]


@pytest.mark.parametrize(
    ("configuration", "pointer", "code"),
    [
        ({"url": None}, "configuration/url", "required"),
        ({"auth_type": "digest"}, "configuration/auth_type", "invalid_choice"),
        ({"auth_type": "bearer"}, "configuration/auth_config/token", "required"),
        ({"auth_type": "bearer", "auth_config": {"token": ""}}, "configuration/auth_config/token", "required"),
        ({"auth_type": "bearer", "auth_config": {"token": "a\r\nb"}}, "configuration/auth_config/token", "invalid"),
        ({"auth_type": "basic", "auth_config": {"username": "u"}}, "configuration/auth_config/password", "required"),
        (
            {"auth_type": "api_key", "auth_config": {"api_key": "k"}},
            "configuration/auth_config/header_name",
            "required",
        ),
        (
            {"auth_type": "api_key", "auth_config": {"header_name": "X: y", "api_key": "k"}},
            "configuration/auth_config/header_name",
            "invalid",
        ),
        (
            {"auth_type": "api_key", "auth_config": {"header_name": "Host", "api_key": "k"}},
            "configuration/auth_config/header_name",
            "invalid",
        ),
        ({"extra_headers": {"X-A": "b\r\nHost: internal"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"X-A\r\n": "b"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"X-A": "ä"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"X-A": " b"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"X-A": "b "}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"X-A": "b", "x-a": "c"}}, "configuration/extra_headers", "invalid"),
        (
            {
                "auth_type": "api_key",
                "auth_config": {"header_name": "X-A", "api_key": "k"},
                "extra_headers": {"x-a": "c"},
            },
            "configuration/extra_headers",
            "invalid",
        ),
        ({"extra_headers": {"User-Agent": "x"}}, "configuration/extra_headers", "invalid"),
        ({"auth_type": "bearer", "auth_config": {"token": "t "}}, "configuration/auth_config/token", "invalid"),
        ({"extra_headers": {"": "b"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"Host": "internal"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"Transfer-Encoding": "chunked"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"Connection": "close"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"Content-Length": "1"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"Sendcloud-Signature": "x"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"Webhook-Signature": "x"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"Authorization": "Bearer x"}}, "configuration/extra_headers", "invalid"),
        ({"extra_headers": {"X-A": 1}}, "configuration/extra_headers/X-A", "invalid"),
        ({"extra_headers": {f"X-{n}": "a" for n in range(21)}}, "configuration/extra_headers", "validation_error"),
    ],
)
def test_a_configuration_that_cannot_be_sent_is_refused(caller, configuration, pointer, code):
    body = {"type": "webhook", "configuration": {"url": URL, **configuration}}

    found = problem_in(caller.client.post(CONNECTIONS, json=body))

    assert (where(found), found["code"]) == (f"/data/{pointer}", code)


@pytest.mark.parametrize("body", [None, [], "x", {}, {"type": "webhook"}, {"type": "webhook", "configuration": []}])
def test_a_body_that_is_no_connection_is_refused(caller, body):
    assert caller.client.post(CONNECTIONS, json=body).status_code == 400


def test_a_change_of_the_url_leaves_everything_else(caller, outgoing):
    made = a_connection(caller, auth_type="bearer", auth_config={"token": "t"}, extra_headers={"X-Mine": "yes"})
    subscription = a_subscription(caller, connection_id=made["id"])
    changed = caller.client.patch(f"{CONNECTIONS}/{made['id']}", json={"configuration": {"url": f"{URL}-v2"}}).json()[
        "data"
    ]
    caller.client.post(f"{TEST}/{subscription['id']}")

    (sent,) = outgoing.sent
    assert changed == {**made, "configuration": {**made["configuration"], "url": f"{URL}-v2"}}
    assert sent.url == f"{URL}-v2"
    assert (sent.headers["Authorization"], sent.headers["X-Mine"]) == ("Bearer t", "yes")


def test_the_documented_changes_are_taken(caller, description):
    made = a_connection(
        caller, auth_type="bearer", auth_config={"token": "t"}, extra_headers={"X-Custom-Header": "my-value"}
    )
    operation = description["paths"]["/event-subscriptions/connections/{id}"]["patch"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    for example in examples.values():
        answer = caller.client.patch(f"{CONNECTIONS}/{made['id']}", json=example["value"])
        assert answer.status_code == 200, answer.text

    documented = operation["responses"]["200"]["content"]["application/json"]["examples"]["UpdatedConnection"]["value"]
    assert answer.json()["data"]["configuration"] == documented["data"]["configuration"]


def test_another_way_to_authenticate_does_not_keep_the_secrets_of_the_former(caller):
    made = a_connection(caller, auth_type="bearer", auth_config={"token": "t"})

    answer = caller.client.patch(f"{CONNECTIONS}/{made['id']}", json={"configuration": {"auth_type": "basic"}})

    assert where(problem_in(answer)) == "/data/configuration/auth_config/username"


def test_a_connection_that_is_deleted_takes_its_subscriptions_along(caller):
    made, other = a_connection(caller), a_connection(caller)
    mine = a_subscription(caller, connection_id=made["id"])
    others = a_subscription(caller, connection_id=other["id"])

    assert caller.client.delete(f"{CONNECTIONS}/{made['id']}").status_code == 204

    assert caller.client.get(f"{CONNECTIONS}/{made['id']}").status_code == 404
    assert caller.client.get(f"{SUBSCRIPTIONS}/{mine['id']}").status_code == 404
    assert caller.client.get(f"{SUBSCRIPTIONS}/{others['id']}").status_code == 200


def test_authorization_is_not_needed_for_a_webhook(caller):
    made = a_connection(caller)

    answer = caller.client.post(f"{CONNECTIONS}/{made['id']}/authorization")

    assert answer.status_code == 400
    assert "auth_type" in problem_in(answer)["detail"]


def test_connections_are_listed_by_type(caller):
    made = a_connection(caller)

    assert caller.client.get(CONNECTIONS).json() == {"data": [made]}
    assert caller.client.get(f"{CONNECTIONS}?connection_type=webhook").json() == {"data": [made]}
    assert caller.client.get(f"{CONNECTIONS}?connection_type=klaviyo").json() == {"data": []}
    assert where(problem_in(caller.client.get(f"{CONNECTIONS}?connection_type=mail"))) == "connection_type"


def test_an_account_has_at_most_so_many_connections_and_subscriptions(caller):
    made = [a_connection(caller) for _ in range(MOST_CONNECTIONS)]
    for _ in range(MOST_SUBSCRIPTIONS):
        a_subscription(caller, connection_id=made[0]["id"])

    one_more = {"type": "webhook", "configuration": {"url": URL}}
    assert caller.client.post(CONNECTIONS, json=one_more).status_code == 400
    wanted = {"connection_id": made[0]["id"], "event_type": EVENT_TYPE}
    assert caller.client.post(SUBSCRIPTIONS, json=wanted).status_code == 400


# Subscriptions


def test_a_subscription_is_made_and_answered_as_documented(caller, description):
    made = a_subscription(caller)

    conforms(made, description, "subscription")
    assert made == {
        "id": made["id"],
        "connection_id": made["connection_id"],
        "event_type": EVENT_TYPE,
        "is_active": True,
        "created_at": "2026-11-24T12:00:00Z",
        "updated_at": "2026-11-24T12:00:00Z",
    }
    assert caller.client.get(f"{SUBSCRIPTIONS}/{made['id']}").json() == {"data": made}


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"event_type": EVENT_TYPE}, "connection_id", "required"),
        ({"connection_id": 1}, "event_type", "required"),
        ({"connection_id": 1, "event_type": EVENT_TYPE}, "connection_id", "invalid"),
        ({"connection_id": "1", "event_type": EVENT_TYPE}, "connection_id", "invalid"),
        ({"connection_id": 0, "event_type": EVENT_TYPE}, "connection_id", "invalid"),
        ({"connection_id": 2**63, "event_type": EVENT_TYPE}, "connection_id", "invalid"),
        ({"connection_id": 1, "event_type": "orders.created"}, "event_type", "invalid_choice"),
        ({"connection_id": 1, "event_type": EVENT_TYPE, "is_active": "yes"}, "is_active", "invalid"),
    ],
)
def test_a_subscription_that_cannot_be_is_refused(caller, body, pointer, code):
    found = problem_in(caller.client.post(SUBSCRIPTIONS, json=body))

    assert (where(found), found["code"]) == (f"/data/{pointer}", code)


def test_a_subscription_is_paused_and_moved_and_deleted(caller):
    made, other = a_subscription(caller), a_connection(caller)
    path = f"{SUBSCRIPTIONS}/{made['id']}"

    assert caller.client.patch(path, json={"is_active": False}).json()["data"] == {**made, "is_active": False}
    moved = caller.client.patch(path, json={"connection_id": other["id"]}).json()["data"]
    assert moved == {**made, "is_active": False, "connection_id": other["id"]}
    assert where(problem_in(caller.client.patch(path, json={"connection_id": 5}))) == "/data/connection_id"
    assert caller.client.delete(path).status_code == 204
    assert caller.client.get(path).status_code == 404


def test_subscriptions_are_listed_by_type_and_whether_they_are_active(caller):
    active = a_subscription(caller)
    paused = a_subscription(caller, is_active=False, connection_id=active["connection_id"])

    def listed(query: str) -> Any:
        return caller.client.get(f"{SUBSCRIPTIONS}?{query}").json()["data"]

    assert listed("") == listed(f"event_type={EVENT_TYPE}") == [active, paused]
    assert listed("is_active=true") == [active]
    assert listed("is_active=False") == [paused]
    assert listed("event_type=orders.created") == []
    assert where(problem_in(caller.client.get(f"{SUBSCRIPTIONS}?is_active=perhaps"))) == "is_active"


def test_what_belongs_to_another_account_does_not_exist(caller, stranger):
    made = a_subscription(caller)
    connection, subscription = made["connection_id"], made["id"]
    requests = [
        ("GET", f"{CONNECTIONS}/{connection}", None),
        ("PATCH", f"{CONNECTIONS}/{connection}", {"configuration": {"url": URL}}),
        ("DELETE", f"{CONNECTIONS}/{connection}", None),
        ("POST", f"{CONNECTIONS}/{connection}/authorization", None),
        ("GET", f"{SUBSCRIPTIONS}/{subscription}", None),
        ("PATCH", f"{SUBSCRIPTIONS}/{subscription}", {"is_active": False}),
        ("DELETE", f"{SUBSCRIPTIONS}/{subscription}", None),
        ("POST", f"{TEST}/{subscription}", None),
    ]
    answers = [stranger.client.request(method, path, json=body) for method, path, body in requests]
    unknown = [
        stranger.client.request(method, path.replace(str(connection), "4").replace(str(subscription), "4"), json=body)
        for method, path, body in requests
    ]
    theirs = {"connection_id": connection, "event_type": EVENT_TYPE}

    assert [answer.status_code for answer in answers] == [404] * len(requests)
    assert [answer.json() for answer in answers] == [answer.json() for answer in unknown]
    assert stranger.client.get(CONNECTIONS).json() == stranger.client.get(SUBSCRIPTIONS).json() == {"data": []}
    assert stranger.client.post(SUBSCRIPTIONS, json=theirs).status_code == 400
    assert caller.client.get(f"{SUBSCRIPTIONS}/{subscription}").json()["data"] == made


# What is sent


def test_an_event_is_sent_as_the_description_has_it(caller, outgoing, description):
    a_subscription(caller)
    parcel_id = shipped(caller)
    with caller.installation.database.write() as transaction:
        shipment, parcel = get_shipment_of_parcel(transaction, 1, parcel_id)
        place = {"city": "Eindhoven", "country": "NL"}
        event = Event(ParcelStatus.SORTED, NOW + timedelta(minutes=1), "carrier", "Parcel is on its way", place)
        record(transaction, shipment, parcel, event, NOW)

    run(caller)

    announced, sorted_ = [json.loads(sent.body) for sent in outgoing.sent]
    documented = description["webhooks"]["ParcelEventCreated"]["post"]["requestBody"]["content"]["application/json"]
    example = documented["examples"]["InTransit"]["value"]
    for body in (announced, sorted_):
        conforms(body, description, "ParcelEventCreatedPayload")
        assert body["data"]["event"].keys() == example["data"]["event"].keys()
        assert body["data"]["parcel"].keys() == example["data"]["parcel"].keys()
    assert announced["data"]["event"]["phase"] == "ready_to_send"
    assert sorted_ == {
        "event_type": EVENT_TYPE,
        "data": {
            "parcel": {
                "parcel_id": parcel_id,
                "tracking_number": parcel.tracking_number,
                "carrier_code": "sendcloud",
                "announced_at": "2026-11-24T12:00:00Z",
            },
            "event": {
                "event_type": "carrier",
                "timestamp": "2026-11-24T12:01:00Z",
                "phase": "sorted",
                "exception": "none",
                "status_type": "success",
                "sub_status": "none",
                "description": "Parcel is on its way",
                "end_of_tracking": False,
                "is_offered": False,
                "is_carrier_responsible": None,
                "is_returned": False,
                "location_details": {
                    "city": "Eindhoven",
                    "country": "NL",
                    "house_number": None,
                    "postal_code": None,
                    "street": None,
                    "service_point_id": None,
                    "depot": None,
                },
                "extra_data": None,
            },
        },
    }


@pytest.mark.parametrize("status", ParcelStatus)
def test_every_status_has_its_place_in_the_description(status, description, caller):
    shipped(caller)
    parcel = example_parcel()

    conforms(
        parcel_event_created(parcel, "sendcloud", Event(status, NOW, "carrier")),
        description,
        "ParcelEventCreatedPayload",
    )


def example_parcel() -> Any:
    return Parcel(1, 1, ParcelStatus.SORTED, updated_at=NOW)


@pytest.mark.parametrize(
    ("configuration", "headers"),
    [
        ({}, {}),
        ({"auth_type": "bearer", "auth_config": {"token": "abc"}}, {"Authorization": "Bearer abc"}),
        (
            {"auth_type": "basic", "auth_config": {"username": "u", "password": "pä:s"}},
            {"Authorization": f"Basic {b64encode('u:pä:s'.encode()).decode()}"},
        ),
        (
            {"auth_type": "api_key", "auth_config": {"header_name": "X-Api-Key", "api_key": "k"}},
            {"X-Api-Key": "k"},
        ),
        ({"extra_headers": {"X-Custom-Header": "my-value"}}, {"X-Custom-Header": "my-value"}),
    ],
    ids=["none", "bearer", "basic", "api_key", "extra"],
)
def test_an_endpoint_knows_us_by_what_its_connection_says(caller, outgoing, configuration, headers):
    made = a_subscription(caller, connection_id=a_connection(caller, **configuration)["id"])
    shipped(caller)

    run(caller)

    (sent,) = outgoing.sent
    usual = {"Content-Type", "webhook-id", "webhook-timestamp"}
    assert made["is_active"]
    assert {name: value for name, value in sent.headers.items() if name not in usual} == headers


def test_a_paused_subscription_hears_nothing(caller, outgoing):
    made = a_subscription(caller)
    shipped(caller)
    caller.client.patch(f"{SUBSCRIPTIONS}/{made['id']}", json={"is_active": False})
    run(caller)

    assert outgoing.sent == []


# The test event


def test_a_test_is_sent_and_its_outcome_told(caller, outgoing, description):
    made = a_subscription(caller)

    answer = caller.client.post(f"{TEST}/{made['id']}")

    conforms(answer.json()["data"], description, "broadcast-result")
    conforms(json.loads(outgoing.sent[0].body), description, "ParcelEventCreatedPayload")
    assert answer.json() == {"data": {"success": True, "status_code": 200, "response_body": "OK"}}
    assert json.loads(outgoing.sent[0].body) == example_event(NOW)


def test_a_test_that_fails_says_how(caller, outgoing):
    made = a_subscription(caller)
    outgoing.answers, outgoing.body = [500, "example.com:443 did not answer in time."], b"Internal Server Error"

    refused, unheard = (caller.client.post(f"{TEST}/{made['id']}") for _ in range(2))

    assert refused.json() == {"data": {"success": False, "status_code": 500, "response_body": "Internal Server Error"}}
    assert unheard.json() == {"data": {"success": False, "response_body": "example.com:443 did not answer in time."}}


def test_a_test_stands_in_the_log_and_is_not_tried_again(caller, outgoing):
    made = a_subscription(caller)
    outgoing.answers = [500]
    caller.client.post(f"{TEST}/{made['id']}")

    run(caller)

    (entry,) = caller.client.get("/api/v3/webhook-deliveries").json()["data"]
    assert len(outgoing.sent) == 1
    assert (entry["state"], entry["subscription_id"], entry["tries"]) == ("failed", made["id"], 1)


@pytest.mark.parametrize("url", ["https://example.org/hook", "https://example.com:8443/hook", "http://example.com/"])
def test_secrets_of_a_connection_do_not_move_to_another_host(caller, outgoing, url):
    made = a_connection(caller, auth_type="bearer", auth_config={"token": "very-secret-token"})
    a_subscription(caller, connection_id=made["id"])
    path = f"{CONNECTIONS}/{made['id']}"

    answer = caller.client.patch(path, json={"configuration": {"url": url}})

    assert answer.status_code == 400
    assert caller.client.get(path).json()["data"]["configuration"]["url"] == URL


def test_a_connection_moves_to_another_host_with_secrets_for_that_one(caller):
    made = a_connection(caller, auth_type="bearer", auth_config={"token": "t"})
    moved = {"url": "https://example.org/hook", "auth_config": {"token": "u"}}

    refused = caller.client.patch(f"{CONNECTIONS}/{made['id']}", json={"configuration": {"url": moved["url"]}})
    taken = caller.client.patch(f"{CONNECTIONS}/{made['id']}", json={"configuration": moved})

    assert where(problem_in(refused)) == "/data/configuration/auth_config/token"
    assert taken.json()["data"]["configuration"]["url"] == moved["url"]


@pytest.mark.parametrize(
    ("secrets", "echoed"),
    [
        ({"auth_type": "bearer", "auth_config": {"token": "very-secret"}}, "very-secret"),
        ({"auth_type": "api_key", "auth_config": {"header_name": "X-Key", "api_key": "very-secret"}}, "very-secret"),
        (
            {"auth_type": "basic", "auth_config": {"username": "u", "password": "very-secret"}},
            b64encode(b"u:very-secret").decode(),
        ),
    ],
)
def test_an_endpoint_that_echoes_its_secrets_does_not_have_them_told_again(caller, outgoing, secrets, echoed):
    made = a_subscription(caller, connection_id=a_connection(caller, **secrets)["id"])
    outgoing.body = f"You have sent: {echoed} / {secrets['auth_config']}".encode()

    test = caller.client.post(f"{TEST}/{made['id']}")
    log = caller.client.get("/api/v3/webhook-deliveries")

    assert test.json()["data"]["response_body"].startswith("You have sent: ")
    assert [secret in answer.text for answer in (test, log) for secret in (echoed, "very-secret")] == [False] * 4


def test_of_the_answer_to_a_test_only_the_beginning_is_kept(caller, outgoing):
    made = a_subscription(caller)
    outgoing.body = b"x" * 60_000

    answer = caller.client.post(f"{TEST}/{made['id']}")

    (entry,) = caller.client.get("/api/v3/webhook-deliveries").json()["data"]
    assert (len(answer.json()["data"]["response_body"]), len(entry["answer"])) == (1_000, 1_000)
