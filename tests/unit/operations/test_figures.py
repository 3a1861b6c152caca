"""The numbers of the start page: counted once, for the right day, and for nobody else."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from kolli.account.number_ranges import NumberRange
from kolli.operations.figures import (
    DAYS,
    MOST_CAUSES,
    NumbersLeft,
    causes_of,
    figures,
    list_never_scanned,
    numbers_left,
)
from kolli.operations.import_events import get_tracked
from kolli.operations.track import record_all
from kolli.schema import label_counts, parcels
from kolli.shipments import figures as queries
from kolli.shipments.attempts import State
from kolli.shipments.figures import NOT_SCANNED, Ended
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import Event
from tests.factories import NOW, a_caller, an_order

UTC_ZONE = ZoneInfo("Etc/UTC")


def shipped(caller, number="ORDER-1", **address):
    order = an_order(order_id=number, order_number=number)
    order["shipping_address"] |= address
    caller.store(order)
    answer = caller.ship(order={"order_number": number})
    assert answer.status_code == 201, answer.text
    return answer.json()["data"][0]


def later(caller, **passed):
    """The same account, at a later time."""
    installation = replace(caller.installation, clock=lambda: NOW + timedelta(**passed))
    return replace(caller.context, installation=installation)


def an_end(reason, shipment_id="s-1", at=NOW, state=State.REJECTED):
    return Ended(shipment_id, state, reason, at)


def numbers(used, total=100, per_fortnight=0):
    return NumbersLeft(1, "Contract", "postnl", True, (NumberRange(1, total, True, used),), per_fortnight)


# Labels


def test_a_label_is_counted_once_however_often_it_is_asked_for(caller):
    caller.store(an_order())
    first = caller.ship()
    assert first.status_code == 201
    assert caller.ship().status_code == 400

    assert figures(caller.context, UTC_ZONE).labels == 1


def test_what_came_to_nothing_is_no_label(caller):
    caller.store(an_order(order_number="ORDER~carrier-reject"))
    answer = caller.client.post(
        "/api/v3/orders/create-label-sync",
        json={"integration_id": 70, "order": {"order_number": "ORDER~carrier-reject"}},
        headers={"Sandbox-Scenario": "reject:address"},
    )
    assert answer.status_code == 400

    assert figures(caller.context, UTC_ZONE).labels == 0


def test_labels_are_told_by_hour_day_carrier_and_country(caller):
    shipped(caller)
    shipped(caller, "ORDER-2", country_code="BE", postal_code="1000", city="Brussel")

    known = figures(caller.context, UTC_ZONE)

    assert [(hour, count) for hour, count in enumerate(known.by_hour) if count] == [(12, 2)]
    assert known.by_day[-1] == (NOW.date(), 2)
    assert len(known.by_day) == DAYS
    assert known.by_carrier == (("sendcloud", 2),)
    assert sorted(known.by_country) == [("BE", 1), ("NL", 1)]


@pytest.mark.parametrize(
    ("zone", "hour", "day"),
    [("Europe/Amsterdam", 13, 24), ("Pacific/Auckland", 1, 25), ("America/Los_Angeles", 4, 24)],
)
def test_hours_and_days_are_those_of_the_clock_on_the_wall(caller, zone, hour, day):
    shipped(caller)

    known = figures(caller.context, ZoneInfo(zone))

    assert (known.by_hour.index(1), known.today.day) == (hour, day)


def test_what_is_older_than_the_days_that_are_drawn_is_not_counted(caller):
    shipped(caller)

    assert figures(later(caller, days=DAYS - 1), UTC_ZONE).labels == 1
    assert figures(later(caller, days=DAYS), UTC_ZONE).labels == 0


def test_counts_are_what_counting_the_parcels_would_give(caller):
    for number in range(5):
        shipped(caller, f"ORDER-{number}")

    with caller.installation.database.read() as transaction:
        counted = sum(transaction.execute(select(label_counts.c.labels)).scalars())
        there = len(transaction.execute(select(parcels.c.id).where(parcels.c.announced_at.is_not(None))).all())
    assert counted == there == 5


def test_nobody_sees_the_figures_of_another_account(caller):
    shipped(caller)
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    known = figures(stranger.context, UTC_ZONE)

    assert (known.labels, known.causes, known.never_scanned) == (0, (), 0)
    assert {each.contract_id for each in known.numbers} == {2517}


# Errors


def test_reasons_that_differ_in_numbers_only_are_one_cause():
    found = causes_of(
        [an_end("The weight of 31 kg is too much."), an_end("The weight of 40 kg is too much."), an_end("No.")]
    )

    assert [(cause.count, cause.sentence.partition(" of ")[0]) for cause in found] == [(2, "The weight"), (1, "No.")]


def test_a_cause_is_told_in_the_words_of_the_newest_attempt():
    found = causes_of([an_end("Box 1", "old", NOW - timedelta(days=1)), an_end("Box 2", "new", NOW)])

    assert [(cause.sentence, cause.shipment_id, cause.at) for cause in found] == [("Box 2", "new", NOW)]


def test_no_more_causes_are_told_than_people_read():
    assert len(causes_of(an_end(chr(65 + place) * 3) for place in range(MOST_CAUSES + 5))) == MOST_CAUSES


def test_a_rejected_attempt_is_a_cause_and_a_cancelled_label_is_not(caller):
    label = shipped(caller)
    assert caller.client.post(f"/api/v3/shipments/{label['shipment_id']}/cancel").status_code == 200

    known = figures(caller.context, UTC_ZONE)

    assert (known.cancelled, known.failed, known.causes) == (1, 0, ())


# Never scanned


def test_a_parcel_that_nobody_scans_is_told_of_after_the_days_that_were_asked_for(caller):
    label = shipped(caller)

    assert list_never_scanned(later(caller, days=3), 3, size=50)[1] == 0
    found, count = list_never_scanned(later(caller, days=3, seconds=1), 3, size=50)
    assert ([parcel.id for _, parcel in found], count) == ([label["parcel_id"]], 1)


def test_a_parcel_that_was_scanned_is_not_among_them(caller):
    label = shipped(caller)
    event = Event(ParcelStatus.PICKED_UP_BY_DRIVER, NOW, "carrier", "Collected")
    with caller.installation.database.write() as transaction:
        tracked = get_tracked(transaction, 1, label["tracking_number"], "sendcloud")
        record_all(transaction, [(tracked, event)], NOW)

    assert list_never_scanned(later(caller, days=30), 3, size=50) == ([], 0)


def test_a_cancelled_label_is_not_waited_for(caller):
    label = shipped(caller)
    assert caller.client.post(f"/api/v3/shipments/{label['shipment_id']}/cancel").status_code == 200

    assert list_never_scanned(later(caller, days=30), 3, size=50) == ([], 0)


def test_what_is_long_past_is_not_told_of_for_ever(caller):
    shipped(caller)

    assert list_never_scanned(later(caller, days=89), 3, size=50)[1] == 1
    assert list_never_scanned(later(caller, days=91), 3, size=50)[1] == 0


# Numbers


@pytest.mark.parametrize(
    ("used", "per_fortnight", "level"),
    [
        (79, 0, "ok"),
        (80, 0, "watch"),
        (95, 0, "soon"),
        (99, 0, "now"),
        (100, 0, "now"),
        (50, 50, "watch"),
        (50, 90, "soon"),
        (50, 200, "now"),
    ],
)
def test_numbers_are_urgent_when_most_are_used_or_few_days_are_left(used, per_fortnight, level):
    assert numbers(used, per_fortnight=per_fortnight).level == level


def test_days_left_follow_from_the_last_fortnight():
    assert numbers(50, per_fortnight=28).days_left == 25
    assert numbers(50).days_left is None


def test_labels_of_a_contract_are_the_rate_at_which_its_numbers_go(caller):
    caller.store(an_order())
    caller.ship(
        ship_with={
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": "postnl:standard", "contract_id": 1517},
        }
    )

    (found,) = numbers_left(caller.context)

    assert (found.contract_id, found.per_fortnight, found.is_live) == (1517, 1, False)


# How they are found


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (queries._ENDED, "ix_attempts_ended"),
        (queries._ANNOUNCED, "ix_parcels_announced"),
        (queries._CARRIERS, "ix_parcels_announced"),
        (queries._NEVER_SCANNED, "ix_parcels_waiting"),
        (queries._HOW_MANY, "ix_parcels_waiting"),
        (queries._BY_HOUR, "PRIMARY KEY"),
        (queries._BY_KIND, "PRIMARY KEY"),
    ],
)
def test_no_figure_reads_more_than_its_index(caller, statement, index):
    known = {"account_id": 1, "since": "2026", "lately": "2026", "start": "2026", "end": "2027", "most": 1, "size": 1}
    known |= {"skip": 0, "carrier_code": "postnl"}
    with caller.installation.database.read() as transaction:
        compiled = statement.compile(transaction.engine)
        parameters = {name: known.get(name, value) for name, value in compiled.params.items()}
        plan = transaction.execute(text(f"EXPLAIN QUERY PLAN {_named(statement)}"), parameters)
        steps = " / ".join(row.detail for row in plan)

    assert index in steps
    assert "SCAN" not in steps


def _named(statement):
    """A statement with its parameters by name, which is how a text takes them."""
    return str(statement)


def test_the_index_of_what_waits_has_every_status_that_is_asked_for():
    (index,) = [each for each in parcels.indexes if each.name == "ix_parcels_waiting"]

    assert [
        status for status in NOT_SCANNED if f"'{status}'" not in str(index.dialect_options["sqlite"]["where"])
    ] == []
