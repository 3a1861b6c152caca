"""Webhooks, cancellations and labels in the background that go wrong on purpose, as time passes."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.operations.track import record
from kolli.shipments.model import ParcelStatus
from kolli.shipments.queries import get_shipment_of_parcel
from kolli.shipments.tracking import Event
from kolli.webhooks.signing import sendcloud_signature
from tests.conformance.api.test_webhooks import Clock, a_shop, log_of, run
from tests.factories import an_installation, an_order
from tests.receivers import Silent

HEADER = "Sandbox-Scenario"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def outgoing():
    return Silent()


@pytest.fixture
def shop(tmp_path, outgoing, clock):
    """An account whose integration wants webhooks, signed with `secretkey`."""
    return a_shop(replace(an_installation(tmp_path), outgoing=outgoing, clock=clock))


def shipped(shop, scenario):
    """Ships an order that ends in a scenario, and gives the number of its parcel."""
    number = f"ORDER-1~{scenario}"
    shop.store(an_order(order_number=number))
    answer = shop.ship(order={"order_number": number})
    assert (answer.status_code, answer.headers[HEADER]) == (201, scenario)
    return int(answer.json()["data"][0]["parcel_id"])


def seen(shop, parcel_id, *statuses):
    """Lets the carrier say what has happened to a parcel, a second apart."""
    with shop.installation.database.write() as transaction:
        for second, status in enumerate(statuses, start=1):
            shipment, parcel = get_shipment_of_parcel(transaction, 1, parcel_id)
            at = shipment.created_at + timedelta(seconds=second)
            record(transaction, shipment, parcel, Event(status, at, "carrier"), shop.context.now())


def statuses(outgoing):
    return [json.loads(sent.body)["parcel"]["status"]["message"] for sent in outgoing.sent]


def signed_well(sent):
    return sent.headers["Sendcloud-Signature"] == sendcloud_signature(sent.body, "secretkey")


def test_every_webhook_of_a_shipment_comes_twice_with_one_id(shop, outgoing):
    parcel = shipped(shop, "hook:twice")
    seen(shop, parcel, ParcelStatus.SHIPMENT_ON_ROUTE)

    run(shop)
    run(shop)

    assert statuses(outgoing) == ["Ready to send", "Ready to send", "Parcel en route", "Parcel en route"]
    assert len({sent.headers["webhook-id"] for sent in outgoing.sent}) == 2
    assert {sent.headers[HEADER] for sent in outgoing.sent} == {"hook:twice"}
    assert [delivery.state for delivery in log_of(shop)] == ["delivered", "delivered"]


def test_shuffled_webhooks_come_behind_newer_ones(shop, outgoing, clock):
    parcel = shipped(shop, "hook:shuffle")
    seen(shop, parcel, ParcelStatus.SHIPMENT_ON_ROUTE, ParcelStatus.DRIVER_ON_ROUTE)

    run(shop)
    clock.now += timedelta(seconds=15)
    run(shop)

    assert statuses(outgoing) == ["Parcel en route", "Ready to send", "Driver en route"]


def test_late_webhooks_come_when_they_are_due(shop, outgoing, clock):
    shipped(shop, "hook:late:1h")

    run(shop)
    clock.now += timedelta(minutes=59)
    run(shop)
    before = len(outgoing.sent)
    clock.now += timedelta(minutes=1)
    run(shop)

    assert (before, statuses(outgoing)) == (0, ["Ready to send"])


def test_some_webhooks_never_come(shop, outgoing, clock):
    parcel = shipped(shop, "hook:none")
    seen(shop, parcel, ParcelStatus.DELIVERED)
    clock.now += timedelta(days=1)

    run(shop)

    assert outgoing.sent == []


def test_a_wrong_signature_is_followed_by_a_good_one_when_it_is_refused(shop, outgoing, clock):
    outgoing.answers = [401, 200]
    shipped(shop, "hook:badsig")

    run(shop)
    clock.now += timedelta(minutes=5)
    run(shop)

    first, second = outgoing.sent
    assert (signed_well(first), first.headers[HEADER]) == (False, "hook:badsig")
    assert (signed_well(second), HEADER in second.headers) == (True, False)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_webhooks_of_other_shipments_are_as_ever(shop, outgoing):
    shipped(shop, "cancel:late")

    run(shop)

    (sent,) = outgoing.sent
    assert signed_well(sent)
    assert HEADER not in sent.headers


def booked(shop):
    return [entry.is_cancelled for entry in shop.sandbox.ledger.entries()]


def test_a_cancellation_that_takes_some_seconds_is_done_in_the_background(shop, clock):
    parcel = shipped(shop, "cancel:async")

    answer = shop.client.post(f"/api/v3/parcels/{parcel}/cancel")
    run(shop)
    before = booked(shop)
    clock.now += timedelta(seconds=3)
    run(shop)

    assert (answer.status_code, answer.headers[HEADER]) == (202, "cancel:async")
    assert (before, booked(shop)) == ([False], [True])


@pytest.mark.parametrize(
    ("end", "after"),
    [("timeout-before", 1), ("timeout-after", 1), ("carrier:html", 1), ("reject:address", 0), ("partial:2", None)],
)
def test_a_label_in_the_background_meets_its_scenario_once_and_there_is_one_in_the_end(shop, clock, end, after):
    number = f"ORDER-1~{end}"
    shop.store(an_order(order_number=number))
    wanted = {"integration_id": 70, "orders": [{"order_number": number}]}
    answer = shop.client.post("/api/v3/orders/create-labels-async", json=wanted)

    for _ in range(4):
        run(shop)
        clock.now += timedelta(minutes=1)

    assert answer.status_code == 202
    assert len(booked(shop)) == (after or 0)
    assert ("errors" in answer.json()) == (after is None)  # one parcel has no second one
