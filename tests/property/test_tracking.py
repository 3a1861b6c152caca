"""Whatever the sequence in which news comes in, a parcel's history and status are the same in the end."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from kolli.operations.track import Tracked, record_all
from kolli.shipments.foreign_parcels import FIRST_STATUS, ForeignParcel, add_foreign_parcel, find_foreign_parcels
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import DECIDED_HERE, Event, add_events, history, in_sequence, status_from
from tests.factories import NOW, a_caller, an_installation

SEEN = sorted(set(ParcelStatus) - DECIDED_HERE)

events = st.builds(
    Event,
    st.sampled_from(SEEN),
    st.integers(-3, 3).map(lambda hours: NOW - timedelta(hours=6) + timedelta(hours=hours)),  # so that some coincide
    st.sampled_from(["carrier", "person"]),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from([{}, {"city": "Utrecht"}, {"country": "NL"}]),
)
known = st.lists(events, min_size=1, max_size=8)
sequences = known.flatmap(lambda some: st.tuples(st.permutations(some), st.permutations(some)))


@given(sequences)
def test_any_sequence_gives_the_same_history_and_status(two):
    one, other = two

    assert in_sequence(one) == in_sequence(other)
    assert status_from(one, FIRST_STATUS) is status_from(other, FIRST_STATUS)


def test_any_sequence_is_stored_as_the_same_history_and_status(tmp_path):
    """Through the database, with every event told twice."""
    caller = a_caller(an_installation(tmp_path))
    ids = iter(range(10, 100_000))

    def told_in(sequence):
        parcel_id = next(ids)
        document = {"announced_at": (NOW - timedelta(hours=20)).isoformat()}
        number = f"F{parcel_id}"
        parcel = ForeignParcel(parcel_id, 1, "dhl", number, number, FIRST_STATUS, NOW, NOW, document)
        with caller.installation.database.write() as transaction:
            add_foreign_parcel(transaction, parcel)
            add_events(transaction, 1, [parcel.id], Event(FIRST_STATUS, parcel.announced_at, "shop"), NOW)
            for event in (*sequence, *sequence):
                record_all(transaction, [(Tracked(parcel), event)], NOW)
        with caller.installation.database.read() as transaction:
            (found,) = find_foreign_parcels(transaction, 1, [number])
            told = [
                (event.status, event.at, event.description, event.details)
                for event in history(transaction, 1, parcel_id)
            ]
        return told, found.status

    @given(sequences)
    def check(two):
        one, other = two

        assert told_in(one) == told_in(other)

    check()


@given(known)
def test_the_last_that_was_seen_decides(some):
    told = [event for event in in_sequence(some) if event.status is not ParcelStatus.UNKNOWN]

    assert status_from(some, FIRST_STATUS) is (told[-1].status if told else FIRST_STATUS)


@given(known)
def test_what_was_cancelled_stays_cancelled(some):
    ours = Event(ParcelStatus.CANCELLED, NOW - timedelta(days=1), "kolli")

    assert status_from([*some, ours], FIRST_STATUS) is ParcelStatus.CANCELLED
