"""The sandbox's parcels live by a script: when they are told to, or by the clock."""

from datetime import timedelta

import pytest

from kolli.carriers.base import Advances, Booking, Tracks
from kolli.carriers.sandbox import SandboxCarrier
from kolli.carriers.sandbox.lives import FAST_DAY_SECONDS, LIVES
from kolli.errors import Impossible
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import DECIDED_HERE
from tests.factories import NOW
from tests.unit.shipments.made import a_draft

S = ParcelStatus


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def sandbox(tmp_path, clock):
    return SandboxCarrier(tmp_path, clock)


def booked(sandbox, scenario="", reference="a"):
    booking = Booking(reference, a_draft(scenario=scenario), {})
    (number,) = sandbox.announce(booking).tracking_numbers
    return number


def on(sandbox, number, to=None, life=None, day_seconds=None):
    sandbox.advance(number, to=to, life=life, day_seconds=day_seconds)


def seen(sandbox, *numbers):
    return [event.status for event in sandbox.events(numbers, {})]


def test_it_can_be_asked_and_advanced(sandbox):
    assert isinstance(sandbox, Tracks)
    assert isinstance(sandbox, Advances)


def test_a_parcel_rests_until_it_is_told_to_move(sandbox, clock):
    number = booked(sandbox)
    clock.now += timedelta(days=30)

    assert seen(sandbox, number) == []


def test_a_parcel_moves_one_station_at_a_time(sandbox, clock):
    number = booked(sandbox)

    on(sandbox, number)
    clock.now += timedelta(hours=1)
    on(sandbox, number.lower())

    (first, second) = sandbox.events([number], {})
    assert (first.status, first.at, first.city, first.country) == (S.PICKED_UP_BY_DRIVER, NOW, "Utrecht", "NL")
    assert (second.status, second.at) == (S.AT_SORTING_CENTRE, NOW + timedelta(hours=1))


@pytest.mark.parametrize("life", LIVES)
def test_every_life_can_be_lived_to_its_end_and_no_further(sandbox, life):
    number = booked(sandbox)
    stations = [station.status for station in LIVES[life]]

    on(sandbox, number, life=life, to=stations[-1])

    assert seen(sandbox, number) == stations
    with pytest.raises(Impossible, match="has ended"):
        on(sandbox, number)


def test_no_two_stations_are_at_one_moment(sandbox):
    number = booked(sandbox)

    on(sandbox, number, to=S.DELIVERED)

    moments = [event.at for event in sandbox.events([number], {})]
    assert moments == sorted(set(moments))


def test_lives_begin_alike_and_say_nothing_that_kolli_decides():
    stations = [station.status for life in LIVES.values() for station in life]

    assert len({life[:2] for life in LIVES.values()}) == 1
    assert DECIDED_HERE.isdisjoint(stations)


def test_a_parcel_can_change_its_life_on_the_way(sandbox):
    number = booked(sandbox)
    on(sandbox, number, to=S.AT_SORTING_CENTRE)

    on(sandbox, number, life="lost", to=S.EXCEPTION)

    assert seen(sandbox, number)[-2:] == [S.DELAYED, S.EXCEPTION]


def test_a_status_that_does_not_lie_ahead_is_refused_and_those_that_do_are_named(sandbox):
    number = booked(sandbox)

    with pytest.raises(Impossible, match=r"does not lead to EXCEPTION\. Ahead of it are: PICKED_UP_BY_DRIVER"):
        on(sandbox, number, to=S.EXCEPTION)


@pytest.mark.parametrize(("number", "life"), [("SCTESTNONE", None), (None, "eternal")])
def test_neither_strangers_nor_unknown_lives_move(sandbox, number, life):
    with pytest.raises(Impossible):
        on(sandbox, number or booked(sandbox), life=life)


def test_a_cancelled_parcel_does_not_move(sandbox, clock):
    number = booked(sandbox, "track:delivered")
    sandbox.cancel(Booking("a", a_draft(), {}))
    clock.now += timedelta(days=1)

    assert seen(sandbox, number) == []
    with pytest.raises(Impossible):
        on(sandbox, number)


@pytest.mark.parametrize("life", LIVES)
def test_a_scenario_can_choose_a_life_with_a_fast_clock(sandbox, clock, life):
    number = booked(sandbox, f"track:{life}")
    stations = LIVES[life]

    clock.now = NOW + timedelta(seconds=stations[1].day * FAST_DAY_SECONDS)
    halfway = seen(sandbox, number)
    clock.now = NOW + timedelta(days=1)
    events = sandbox.events([number], {})

    assert halfway == [station.status for station in stations[:2]]
    assert [(event.status, event.at) for event in events] == [
        (station.status, NOW + timedelta(seconds=station.day * FAST_DAY_SECONDS)) for station in stations
    ]


def test_another_scenario_chooses_no_life(sandbox, clock):
    number = booked(sandbox, "hook:none")
    clock.now += timedelta(days=1)

    assert seen(sandbox, number) == []


def test_a_clock_goes_on_from_where_the_parcel_is_and_can_be_stopped(sandbox, clock):
    number = booked(sandbox)
    on(sandbox, number, to=S.SORTED)  # on day 0.75
    on(sandbox, number, day_seconds=100)
    clock.now += timedelta(seconds=25)
    moved = seen(sandbox, number)
    on(sandbox, number, day_seconds=0)
    clock.now += timedelta(days=1)

    assert moved[-1] is S.DRIVER_ON_ROUTE
    assert seen(sandbox, number) == moved


def test_lives_outlive_whoever_wrote_them(sandbox, tmp_path, clock):
    number = booked(sandbox)
    on(sandbox, number)
    sandbox.ledger.close()

    assert seen(SandboxCarrier(tmp_path, clock), number) == [S.PICKED_UP_BY_DRIVER]
