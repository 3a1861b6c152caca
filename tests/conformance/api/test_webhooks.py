"""Integration webhooks: what is sent for everything that happens to a parcel, in the documented shape."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import pytest
import yaml

from kolli.account.integrations import get_integration, update_integration
from kolli.carriers.sandbox import Fault
from kolli.operations.background import workers
from kolli.operations.deliver import DELAYS, begin_sweeping
from kolli.operations.track import record
from kolli.shipments.model import ParcelStatus
from kolli.shipments.queries import get_shipment_of_parcel
from kolli.shipments.tracking import Event
from kolli.webhooks.deliveries import Filters, list_deliveries
from kolli.webhooks.payloads import example_status_change
from kolli.webhooks.signing import sendcloud_signature
from tests.factories import NOW, Caller, a_caller, an_address, an_installation, an_integration, an_order
from tests.receivers import Silent

URL = "https://shop.example/hooks"


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def outgoing() -> Silent:
    return Silent()


@pytest.fixture
def shop(tmp_path, outgoing, clock) -> Caller:
    """An account whose integration wants webhooks, signed with `secretkey`."""
    return a_shop(replace(an_installation(tmp_path), outgoing=outgoing, clock=clock))


def a_shop(installation, **account: Any) -> Caller:
    caller = a_caller(installation, **account)
    with installation.database.write() as transaction:
        integration = get_integration(transaction, caller.context.account_id, account.get("integration_id", 70))
        settings = replace(integration.settings, webhook_url=URL, webhook_active=True)
        changed = replace(
            integration, settings=settings, sealed_signature_key=caller.installation.vault.seal({"key": "secretkey"})
        )
        update_integration(transaction, caller.context.account_id, changed, NOW)
    return caller


def shipped(caller: Caller, **order: Any) -> int:
    """Ships an order and gives the number of its parcel."""
    caller.store(an_order(**order))
    answer = caller.ship()
    assert answer.status_code == 201, answer.text
    return int(answer.json()["data"][0]["parcel_id"])


def seen(caller: Caller, parcel_id: int, status: ParcelStatus, at: datetime, **details: Any) -> None:
    """Lets the carrier say what has happened to a parcel."""
    with caller.installation.database.write() as transaction:
        shipment, parcel = get_shipment_of_parcel(transaction, caller.context.account_id, parcel_id)
        record(transaction, shipment, parcel, Event(status, at, "carrier", **details), caller.context.now())


def run(caller: Caller) -> None:
    workers(caller.installation).run_due()


def log_of(caller: Caller) -> list[Any]:
    with caller.installation.database.read() as transaction:
        return list_deliveries(transaction, caller.context.account_id, Filters(), None, 1_000, backwards=True)


def bodies(outgoing: Silent) -> list[Any]:
    return [json.loads(sent.body) for sent in outgoing.sent]


def schema_of(vendor_descriptions, name: str) -> Any:
    description = yaml.safe_load((vendor_descriptions / "webhooks.yaml").read_text("utf-8"))
    return {**description["components"]["schemas"][name], "components": description["components"]}


# What is sent


def test_a_label_is_told_with_the_parcel_in_the_form_of_version_2(shop, outgoing):
    parcel_id = shipped(shop)

    run(shop)

    (sent,) = outgoing.sent
    body = json.loads(sent.body)
    number = body["parcel"]["tracking_number"]
    assert sent.url == URL
    assert body == {
        "action": "parcel_status_changed",
        "timestamp": int(NOW.timestamp() * 1000),
        "carrier_status_change_timestamp": None,
        "parcel": {
            "id": parcel_id,
            "name": "Femke de Vries",
            "company_name": "",
            "address": "Oudezijds Voorburgwal 218",
            "address_divided": {"street": "Oudezijds Voorburgwal", "house_number": 218},
            "city": "Amsterdam",
            "postal_code": "1012 GJ",
            "telephone": "",
            "email": "",
            "country": {"iso_3": "NLD", "iso_2": "NL", "name": "Netherlands"},
            "date_created": "2026-11-24T12:00:00",
            "tracking_number": number,
            "tracking_url": body["parcel"]["tracking_url"],
            "weight": "0.700",
            "label": {
                "normal_printer": [
                    f"http://kolli.test/api/v2/labels/normal_printer/{parcel_id}?start_from={place}"
                    for place in range(4)
                ],
                "label_printer": f"http://kolli.test/api/v2/labels/label_printer/{parcel_id}",
            },
            "customs_declaration": {},
            "status": {"id": 1000, "message": "Ready to send"},
            "data": {},
            "carrier": {"code": "sendcloud", "name": body["parcel"]["carrier"]["name"]},
            "shipment": {"name": body["parcel"]["shipment"]["name"]},
            "order_number": "ORDER-1",
            "shipment_uuid": body["parcel"]["shipment_uuid"],
            "external_order_id": "shop-1",
            "external_shipment_id": "",
            "to_service_point": None,
            "date_cancel_before": None,
            "to_address": {
                "address_line_1": "Oudezijds Voorburgwal 218",
                "address_line_2": "",
                "city": "Amsterdam",
                "postal_code": "1012 GJ",
                "country_code": "NL",
            },
        },
    }
    assert body["parcel"]["tracking_url"].startswith(f"http://kolli.test/tracking/?tracking_number={number.lower()}")


def test_what_is_sent_is_signed_both_ways(shop, outgoing):
    shipped(shop)

    run(shop)

    (sent,) = outgoing.sent
    (delivery,) = log_of(shop)
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["Sendcloud-Signature"] == sendcloud_signature(sent.body, "secretkey")
    assert sent.headers["webhook-id"] == delivery.id
    assert sent.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert sent.headers["webhook-signature"].startswith("v1,")


def test_a_status_change_is_as_the_description_has_it(shop, outgoing, vendor_descriptions):
    schema = schema_of(vendor_descriptions, "ParcelStatusChangedWebhook")
    parcel_id = shipped(shop)
    seen(shop, parcel_id, ParcelStatus.AWAITING_CUSTOMER_PICKUP, NOW + timedelta(minutes=1))
    run(shop)

    for body in bodies(outgoing):
        jsonschema.validate(body, schema, jsonschema.Draft202012Validator)
        assert schema["properties"].keys() <= body.keys()
        documented = schema["properties"]["parcel"]["properties"].keys()
        assert documented - {"shipment"} <= body["parcel"].keys()


def test_every_documented_member_of_the_production_body_is_there(shop, outgoing):
    """Seen in production: a numeric status without a code, and members beyond the description."""
    parcel_id = shipped(shop)
    seen(shop, parcel_id, ParcelStatus.AWAITING_CUSTOMER_PICKUP, NOW + timedelta(minutes=1))
    run(shop)

    parcel = bodies(outgoing)[-1]["parcel"]
    assert parcel["status"] == {"id": 12, "message": "Awaiting customer pickup"}
    assert parcel.keys() >= {"tracking_url", "carrier", "to_service_point", "date_cancel_before", "to_address"}


def test_the_example_that_is_sent_by_hand_is_as_the_description_has_it(vendor_descriptions):
    schema = schema_of(vendor_descriptions, "ParcelStatusChangedWebhook")

    jsonschema.validate(example_status_change(an_integration(), NOW), schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize(
    ("house_number", "told"),
    [("218", 218), ("218-A", "218-A"), ("", "")],
    ids=["digits", "more", "none"],
)
def test_a_house_number_is_a_number_where_it_is_one(shop, outgoing, house_number, told):
    shipped(shop, shipping_address=an_address_document(house_number=house_number))

    run(shop)

    assert bodies(outgoing)[0]["parcel"]["address_divided"]["house_number"] == told


def an_address_document(**changes: str) -> dict[str, str]:
    address = an_address(**changes)
    names = ("name", "address_line_1", "house_number", "postal_code", "city", "country_code")
    return {name: getattr(address, name) for name in names}


# What is told, and what is not


def test_every_station_of_a_parcel_is_told(shop, outgoing):
    parcel_id = shipped(shop)
    seen(shop, parcel_id, ParcelStatus.SORTED, NOW + timedelta(minutes=1))
    seen(shop, parcel_id, ParcelStatus.DELIVERED, NOW + timedelta(minutes=2))

    run(shop)

    assert [body["parcel"]["status"]["id"] for body in bodies(outgoing)] == [1000, 5, 11]


def test_a_cancelled_parcel_is_told(shop, outgoing):
    shipped(shop)
    shipment_id = shop.client.get("/api/v2/parcels").json()["parcels"][0]["shipment_uuid"]
    assert shop.client.post(f"/api/v3/shipments/{shipment_id}/cancel").status_code == 200

    run(shop)

    assert [body["parcel"]["status"]["message"] for body in bodies(outgoing)] == [
        "Ready to send",
        "Cancellation requested",
        "Cancelled",
    ]
    assert bodies(outgoing)[-1]["parcel"]["label"] == {"normal_printer": [], "label_printer": ""}


def test_a_failed_announcement_is_told(shop, outgoing):
    shop.sandbox.ledger.fail_next(Fault.REFUSE)
    shop.store(an_order())
    assert shop.ship().status_code == 400

    run(shop)

    assert [body["parcel"]["status"]["id"] for body in bodies(outgoing)] == [1002]


def test_when_a_carrier_has_seen_something_is_told_beside_when_we_heard_of_it(shop, outgoing):
    parcel_id = shipped(shop)
    at = NOW + timedelta(minutes=3)
    seen(shop, parcel_id, ParcelStatus.SORTED, at)

    run(shop)

    last = bodies(outgoing)[-1]
    assert last["timestamp"] == int(NOW.timestamp() * 1000)
    assert last["carrier_status_change_timestamp"] == int(at.timestamp() * 1000)


def test_late_news_that_changes_no_status_is_not_told_as_a_change(shop, outgoing):
    parcel_id = shipped(shop)
    seen(shop, parcel_id, ParcelStatus.DELIVERED, NOW + timedelta(minutes=2))
    seen(shop, parcel_id, ParcelStatus.SORTED, NOW + timedelta(minutes=1))

    run(shop)

    assert [body["parcel"]["status"]["id"] for body in bodies(outgoing)] == [1000, 11]


def test_where_nobody_listens_nothing_is_stored(tmp_path):
    caller = a_caller(an_installation(tmp_path))

    shipped(caller)

    assert log_of(caller) == []


def test_an_integration_hears_of_its_own_parcels_only(shop, outgoing):
    other = a_caller(shop.installation, account_id=2, integration_id=71)
    other.store(an_order(order_details={**an_order()["order_details"], "integration": {"id": 71}}))
    assert other.ship(integration_id=71).status_code == 201

    run(shop)

    assert outgoing.sent == []
    assert log_of(shop) == []


def test_a_change_that_is_undone_tells_nobody(shop):
    parcel_id = shipped(shop)
    before = len(log_of(shop))

    with suppress(ZeroDivisionError), shop.installation.database.write() as transaction:
        shipment, parcel = get_shipment_of_parcel(transaction, 1, parcel_id)
        record(transaction, shipment, parcel, Event(ParcelStatus.SORTED, NOW, "carrier"), NOW)
        raise ZeroDivisionError

    assert len(log_of(shop)) == before


@pytest.mark.parametrize(
    ("method", "body", "action", "schema"),
    [
        ("PATCH", {"shop_name": "New name"}, "integration_updated", "IntegrationUpdatedWebhook"),
        ("DELETE", None, "integration_deleted", "IntegrationDeletedWebhook"),
    ],
)
def test_an_integration_that_changes_is_told_so(  # noqa: PLR0917 - two of them are fixtures
    shop, outgoing, vendor_descriptions, method, body, action, schema
):
    assert shop.client.request(method, "/api/v3/integrations/70", json=body).status_code == 204

    run(shop)

    (told,) = bodies(outgoing)
    assert told["action"] == action
    jsonschema.validate(told, schema_of(vendor_descriptions, schema), jsonschema.Draft202012Validator)
    base = schema_of(vendor_descriptions, "IntegrationWebhookBase")["properties"]["integration"]["properties"]
    assert told["integration"].keys() == base.keys()


# When it is not received


def test_a_message_is_tried_eleven_times_from_five_minutes_to_an_hour_apart(shop, outgoing, clock):
    """Source: Webhooks: 10 retries, exponential, first after 5 minutes, at most an hour apart (2026-07)."""
    outgoing.answers = [500]
    shipped(shop)
    waits: list[float] = []
    while log_of(shop)[0].state == "waiting":
        before = clock.now
        while len(outgoing.sent) == len(waits):
            run(shop)
            clock.now += timedelta(minutes=1) * (len(outgoing.sent) == len(waits))
        waits.append((clock.now - before) / timedelta(minutes=1))

    assert waits == [0, 5, 10, 20, 40, 60, 60, 60, 60, 60, 60]
    (delivery,) = log_of(shop)
    assert (delivery.state, delivery.tries, delivery.status_code) == ("failed", 11, 500)
    assert len({sent.body for sent in outgoing.sent}) == 1
    assert len({sent.headers["webhook-id"] for sent in outgoing.sent}) == 1
    assert len({sent.headers["webhook-timestamp"] for sent in outgoing.sent}) == 11


def test_the_delays_are_the_documented_ones():
    minutes = {name: [delay / timedelta(minutes=1) for delay in delays] for name, delays in DELAYS.items()}

    assert minutes == {"integration": [5, 10, 20, 40, 60, 60, 60, 60, 60, 60], "subscription": [5, 10, 20, 40, 60]}


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_answer_of_success_is_a_delivery(shop, outgoing, status):
    outgoing.answers = [status]
    shipped(shop)

    run(shop)

    assert [(entry.state, entry.tries, entry.status_code) for entry in log_of(shop)] == [("delivered", 1, status)]


@pytest.mark.parametrize("answer", [199, 301, 302, 307, 400, 401, 404, 410, 429, 500, "It hangs."])
def test_any_other_answer_is_none(shop, outgoing, answer):
    outgoing.answers = [answer]
    shipped(shop)

    run(shop)

    (entry,) = log_of(shop)
    assert (entry.state, entry.tries) == ("waiting", 1)


def test_since_when_a_receiver_fails_is_noted_and_forgotten(shop, outgoing, clock):
    outgoing.answers = ["It hangs.", "It hangs.", 200]
    shipped(shop)
    run(shop)
    failing = shop.client.get("/api/v3/integrations/70").json()["data"]
    clock.now += timedelta(minutes=5)
    run(shop)
    still = shop.client.get("/api/v3/integrations/70").json()["data"]
    clock.now += timedelta(minutes=10)
    run(shop)
    fine = shop.client.get("/api/v3/integrations/70").json()["data"]

    assert failing["started_failing_at"] == still["started_failing_at"] == "2026-11-24T12:00:00Z"
    assert fine["started_failing_at"] is None
    assert failing["updated_at"] == fine["updated_at"]  # its owner has changed nothing


def test_a_receiver_that_does_not_want_to_hear_any_more_hears_nothing_more(shop, outgoing):
    shipped(shop)
    with shop.installation.database.write() as transaction:
        integration = get_integration(transaction, 1, 70)
        settings = replace(integration.settings, webhook_active=False)
        update_integration(transaction, 1, replace(integration, settings=settings), NOW)

    run(shop)

    assert outgoing.sent == []
    assert [entry.state for entry in log_of(shop)] == ["stopped"]


def test_an_unsigned_webhook_has_no_signature(shop, outgoing):
    with shop.installation.database.write() as transaction:
        integration = get_integration(transaction, 1, 70)
        update_integration(transaction, 1, replace(integration, sealed_signature_key=""), NOW)
    shipped(shop)

    run(shop)

    assert outgoing.sent[0].headers.keys() == {"Content-Type", "webhook-id", "webhook-timestamp"}


def test_the_answer_in_the_log_is_only_its_beginning(shop, outgoing):
    outgoing.body = b"\xff" + b"x" * 5_000
    shipped(shop)

    run(shop)

    assert log_of(shop)[0].answer == "\ufffd" + "x" * 999


def test_deliveries_that_are_over_are_removed_after_thirty_days(shop, outgoing, clock):
    outgoing.answers = [200, "It hangs."]
    parcel_id = shipped(shop)
    seen(shop, parcel_id, ParcelStatus.SORTED, NOW + timedelta(minutes=1))
    run(shop)
    assert {entry.state for entry in log_of(shop)} == {"delivered", "waiting"}
    clock.now = datetime(2026, 12, 25, 12, tzinfo=UTC)
    with shop.installation.database.write() as transaction:
        begin_sweeping(transaction, clock.now)
    clock.now += timedelta(hours=6)
    run(shop)

    assert [entry.state for entry in log_of(shop)] == ["waiting"]
