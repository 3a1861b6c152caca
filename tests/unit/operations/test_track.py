"""What happens to parcels: recorded once, in any sequence, and the status that follows from it."""

from datetime import timedelta

import pytest

from kolli.errors import Impossible, Invalid
from kolli.operations.track import (
    CLOCKS_DIFFER_BY,
    OLDER_THAN_ITS_PARCEL,
    Tracked,
    record,
    record_all,
    set_status_of_all,
)
from kolli.shipments.foreign_parcels import FIRST_STATUS, ForeignParcel, add_foreign_parcel, find_foreign_parcels
from kolli.shipments.model import Parcel, ParcelStatus
from kolli.shipments.queries import get_shipment
from kolli.shipments.tracking import DECIDED_HERE, Event, history
from tests.factories import NOW, an_order

HOUR = timedelta(hours=1)
S = ParcelStatus


def an_event(status=S.SORTED, at=NOW, **more):
    return Event(status, at, "carrier", **more)


@pytest.fixture
def shipped(caller):
    """The shipment of one announced parcel, which was announced at NOW."""
    caller.store(an_order())
    shipment_id = caller.ship().json()["data"][0]["shipment_id"]
    with caller.installation.database.read() as transaction:
        return get_shipment(transaction, 1, shipment_id)


@pytest.fixture
def tell(caller, shipped):
    """Records an event of that parcel, as if it were heard of at NOW."""

    def tell(event, now=NOW):
        with caller.installation.database.write() as transaction:
            current = get_shipment(transaction, 1, shipped.id)
            return record(transaction, current, current.parcels[0], event, now)

    return tell


@pytest.fixture
def status(caller, shipped):
    def status():
        with caller.installation.database.read() as transaction:
            return get_shipment(transaction, 1, shipped.id).parcels[0].status

    return status


@pytest.fixture
def told(caller, shipped):
    """The parcel's history: what, and who says so."""

    def told():
        with caller.installation.database.read() as transaction:
            return [(event.status, event.source) for event in history(transaction, 1, shipped.parcels[0].id)]

    return told


def a_foreign_parcel(**changes):
    known = {
        "id": 5,
        "account_id": 1,
        "carrier_code": "dhl",
        "source_id": "s-1",
        "tracking_number": "Track-1",
        "status": FIRST_STATUS,
        "created_at": NOW,
        "updated_at": NOW,
        "document": {"announced_at": (NOW - 2 * HOUR).isoformat()},
    }
    return ForeignParcel(**{**known, **changes})


def test_an_event_decides_the_status_and_is_in_the_history(tell, status, told):
    assert tell(an_event(S.DELIVERED)) is True

    assert status() is S.DELIVERED
    assert told() == [(S.READY_TO_SEND, "kolli"), (S.DELIVERED, "carrier")]


def test_news_of_something_earlier_changes_the_history_only(tell, status, told):
    tell(an_event(S.DELIVERED, NOW))
    tell(an_event(S.SORTED, NOW - HOUR))

    assert status() is S.DELIVERED
    assert told() == [(S.READY_TO_SEND, "kolli"), (S.SORTED, "carrier"), (S.DELIVERED, "carrier")]


def test_what_was_seen_counts_before_the_making_of_the_label(tell, status, told):
    """Files name days without a time, and clocks may be behind. The last event is where the status is from."""
    tell(an_event(S.DELIVERED, NOW - 11 * HOUR))

    assert status() is S.DELIVERED
    assert told() == [(S.READY_TO_SEND, "kolli"), (S.DELIVERED, "carrier")]


def test_the_same_event_is_recorded_once_whoever_tells_it(tell, told):
    event = an_event(S.DELIVERED, description="At the door", details={"city": "Utrecht"})
    by_hand = Event(S.DELIVERED, NOW, "person", "At the door", {"city": "Utrecht"})

    assert [tell(event), tell(event), tell(by_hand)] == [True, False, False]
    assert told() == [(S.READY_TO_SEND, "kolli"), (S.DELIVERED, "carrier")]


@pytest.mark.parametrize(
    "other",
    [
        an_event(S.SORTING),
        an_event(at=NOW - timedelta(microseconds=1)),
        an_event(description="Again"),
        an_event(details={"city": "Utrecht"}),
        an_event(details={"country": "NL"}),
    ],
    ids=["status", "time", "words", "town", "country"],
)
def test_what_differs_in_anything_is_another_event(tell, told, other):
    assert [tell(an_event()), tell(other)] == [True, True]
    assert len(told()) == 3


def test_the_same_event_twice_in_one_batch_is_recorded_once(caller, shipped):
    tracked = Tracked(shipped.parcels[0], shipped)
    with caller.installation.database.write() as transaction:
        assert record_all(transaction, [(tracked, an_event()), (tracked, an_event())], NOW) == 1


def test_what_is_known_already_changes_nothing_about_the_parcel(caller, shipped, tell):
    tell(an_event(), NOW)
    tell(an_event(), NOW + HOUR)

    with caller.installation.database.read() as transaction:
        assert get_shipment(transaction, 1, shipped.id).parcels[0].updated_at == NOW


def test_an_unknown_status_is_in_the_history_and_says_nothing(tell, status, told):
    tell(an_event(S.SORTED, NOW))
    tell(an_event(S.UNKNOWN, NOW + timedelta(minutes=1)))

    assert status() is S.SORTED
    assert told()[-1] == (S.UNKNOWN, "carrier")


def test_an_unknown_status_alone_leaves_the_parcel_as_it_was(tell, status):
    tell(an_event(S.UNKNOWN))

    assert status() is S.READY_TO_SEND


def test_what_was_cancelled_stays_cancelled_and_the_history_says_what_was_seen(caller, shipped, tell, status, told):
    assert caller.client.post(f"/api/v3/shipments/{shipped.id}/cancel").status_code == 200
    tell(an_event(S.DELIVERED, NOW + timedelta(minutes=1)))

    assert status() is S.CANCELLED
    assert told()[-1] == (S.DELIVERED, "carrier")


def test_what_was_seen_while_a_cancellation_was_tried_counts_once_it_has_failed(caller, shipped, tell, status):
    def ours(new):
        with caller.installation.database.write() as transaction:
            current = get_shipment(transaction, 1, shipped.id)
            set_status_of_all(transaction, current, Event(new, NOW, "kolli"), NOW)

    ours(S.CANCELLING)
    tell(an_event(S.PICKED_UP_BY_DRIVER))
    meanwhile = status()
    ours(S.READY_TO_SEND)

    assert (meanwhile, status()) == (S.CANCELLING, S.PICKED_UP_BY_DRIVER)


def test_our_own_events_count_as_written_when_the_clock_was_set_back(caller, shipped, status):
    with caller.installation.database.write() as transaction:
        for new, at in ((S.CANCELLING, NOW), (S.CANCELLED, NOW - HOUR)):
            current = get_shipment(transaction, 1, shipped.id)
            set_status_of_all(transaction, current, Event(new, at, "kolli"), at)

    assert status() is S.CANCELLED


def test_an_event_may_be_a_little_in_the_future(tell):
    assert tell(an_event(at=NOW + CLOCKS_DIFFER_BY)) is True


def test_an_event_of_the_far_future_is_refused_and_names_the_time(tell, told):
    with pytest.raises(Invalid, match="2026-11-24 12:05 UTC has not come yet") as refused:
        tell(an_event(at=NOW + CLOCKS_DIFFER_BY + timedelta(microseconds=1)))

    assert refused.value.field == "at"
    assert told() == [(S.READY_TO_SEND, "kolli")]


def test_an_event_from_before_the_parcel_belongs_to_another_with_the_same_number(tell):
    assert tell(an_event(at=NOW - OLDER_THAN_ITS_PARCEL)) is True
    with pytest.raises(Invalid, match="before the parcel was made"):
        tell(an_event(at=NOW - OLDER_THAN_ITS_PARCEL - timedelta(microseconds=1)))


@pytest.mark.parametrize("decided", sorted(DECIDED_HERE))
def test_nobody_outside_can_say_what_kolli_decides(tell, decided):
    with pytest.raises(Invalid, match=decided):
        tell(an_event(decided))


@pytest.mark.parametrize("seen", sorted(set(ParcelStatus) - DECIDED_HERE - {S.UNKNOWN}))
def test_every_other_status_can_be_seen(tell, status, seen):
    tell(an_event(seen))

    assert status() is seen


def test_a_parcel_without_a_label_cannot_have_been_seen(caller, shipped):
    parcel = Parcel(9, 1, S.ANNOUNCEMENT_FAILED, "3STEST1", updated_at=NOW)
    with caller.installation.database.write() as transaction, pytest.raises(Impossible, match="3STEST1 has no label"):
        record(transaction, shipped, parcel, an_event(), NOW)


def test_a_foreign_parcel_has_a_history_and_a_status_too(caller):
    parcel = a_foreign_parcel()
    with caller.installation.database.write() as transaction:
        add_foreign_parcel(transaction, parcel)
        events = [(Tracked(parcel), an_event(S.DELIVERED)), (Tracked(parcel), an_event(S.SORTED, NOW - HOUR))]
        assert record_all(transaction, events, NOW) == 2

    with caller.installation.database.read() as transaction:
        (found,) = find_foreign_parcels(transaction, 1, ["TRACK-1"])
        assert [event.status for event in history(transaction, 1, parcel.id)] == [S.SORTED, S.DELIVERED]
    assert found.status is S.DELIVERED


def test_a_foreign_parcel_was_made_when_it_was_announced(caller):
    old = an_event(at=NOW - 2 * HOUR - OLDER_THAN_ITS_PARCEL - timedelta(seconds=1))

    with caller.installation.database.write() as transaction, pytest.raises(Invalid, match="before the parcel"):
        record_all(transaction, [(Tracked(a_foreign_parcel()), old)], NOW)
