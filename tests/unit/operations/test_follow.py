"""Carriers are asked what happens to parcels: again and again, in steps, and never twice at a time."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from kolli.app import build
from kolli.carriers.base import CarrierEvent
from kolli.carriers.registry import Carriers
from kolli.carriers.sandbox import SandboxCarrier
from kolli.errors import CarrierUnavailable
from kolli.jobs import Job
from kolli.operations.background import workers
from kolli.operations.follow import FIRST_AFTER, FOLLOW, FOLLOWED_FOR, LOOK, begin_following, follow, look
from kolli.schema import jobs, parcels
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import history
from tests.factories import NOW, a_caller, an_installation, an_order

S = ParcelStatus


class Tracking(SandboxCarrier):
    """A carrier that says what a test wants it to say, and remembers what it was asked."""

    most_tracked = 2

    def __init__(self, folder):
        super().__init__(folder, lambda: NOW)
        self.asked: list[list[str]] = []
        self.says = {}
        self.is_silent = False

    def events(self, tracking_numbers, contract_data):
        self.asked.append(list(tracking_numbers))
        if self.is_silent:
            raise CarrierUnavailable
        return [CarrierEvent(number, *told) for number in tracking_numbers for told in self.says.get(number, [])]


@dataclass
class Clock:
    """A clock that only goes when it is told to."""

    now: object = NOW
    steps: list[timedelta] = field(default_factory=list)

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def carrier(tmp_path):
    return Tracking(tmp_path)


@pytest.fixture
def installation(tmp_path, carrier, clock):
    made = an_installation(tmp_path)
    return build(made.settings, made.database, carriers=Carriers([carrier]), fonts=made.fonts, clock=clock)


@pytest.fixture
def caller(installation):
    return a_caller(installation)


def shipped(caller, count):
    """The numbers of so many parcels, in the sequence in which they were made."""
    numbers = []
    for index in range(count):
        caller.store(an_order(order_id=f"o-{index}", order_number=f"O-{index}"))
        numbers.append(caller.ship(order={"order_number": f"O-{index}"}).json()["data"][0]["tracking_number"])
    return numbers


def waiting(installation):
    """Kind and due time of every job of this kind that waits."""
    with installation.database.read() as transaction:
        kinds = jobs.c.kind.in_([FOLLOW, LOOK])
        rows = transaction.execute(select(jobs.c.kind, jobs.c.due_at).where(kinds).order_by(jobs.c.id))
        return [tuple(row) for row in rows]


def begin(installation):
    with installation.database.write() as transaction:
        begin_following(transaction, installation)


def run(installation, clock, after=timedelta()):
    clock.now += after
    return workers(installation).run_due()


def statuses(installation):
    with installation.database.read() as transaction:
        return [row.status for row in transaction.execute(select(parcels.c.status).order_by(parcels.c.id))]


def test_every_open_parcel_is_asked_about_once_a_round_in_steps(caller, installation, carrier, clock):
    numbers = shipped(caller, 5)
    begin(installation)

    run(installation, clock, FIRST_AFTER)

    assert sorted(number for step in carrier.asked for number in step) == sorted(numbers)
    assert [len(step) for step in carrier.asked] == [2, 2, 1]


def test_what_a_carrier_says_becomes_status_and_history(caller, installation, carrier, clock):
    (number,) = shipped(caller, 1)
    carrier.says = {number: [(S.SORTED, NOW, "Sorted\x1b[0m", "Utrecht", "nl"), (S.PICKED_UP_BY_DRIVER, NOW)]}
    begin(installation)

    run(installation, clock, FIRST_AFTER)

    with installation.database.read() as transaction:
        told = history(transaction, 1, transaction.execute(select(parcels.c.id)).scalar_one())
    assert statuses(installation) == [S.SORTED]
    assert [event.status for event in told] == [S.READY_TO_SEND, S.PICKED_UP_BY_DRIVER, S.SORTED]
    assert told[-1].description == "Sorted [0m"
    assert told[-1].details == {"city": "Utrecht", "country": "NL"}


def test_what_was_told_before_is_not_recorded_again(caller, installation, carrier, clock):
    (number,) = shipped(caller, 1)
    carrier.says = {number: [(S.SORTED, NOW)]}
    begin(installation)

    run(installation, clock, FIRST_AFTER)
    run(installation, clock, timedelta(minutes=30))

    with installation.database.read() as transaction:
        told = history(transaction, 1, transaction.execute(select(parcels.c.id)).scalar_one())
    assert len(carrier.asked) == 2
    assert [event.status for event in told] == [S.READY_TO_SEND, S.SORTED]


def test_what_cannot_be_right_is_left_out_until_its_time_has_come(caller, installation, carrier, clock):
    (number,) = shipped(caller, 1)
    carrier.says = {number: [(S.SORTED, NOW), (S.DELIVERED, NOW + timedelta(minutes=20)), (S.CANCELLED, NOW)]}
    begin(installation)

    run(installation, clock, FIRST_AFTER)
    before = statuses(installation)
    run(installation, clock, timedelta(minutes=30))

    assert (before, statuses(installation)) == ([S.SORTED], [S.DELIVERED])


def test_a_parcel_at_its_end_is_not_asked_about_any_more(caller, installation, carrier, clock):
    first, second = shipped(caller, 2)
    carrier.says = {first: [(S.DELIVERED, NOW)]}
    begin(installation)

    run(installation, clock, FIRST_AFTER)
    run(installation, clock, timedelta(minutes=30))

    assert [sorted(step) for step in carrier.asked] == [sorted([first, second]), [second]]


def test_an_old_parcel_is_not_asked_about_any_more(caller, installation, carrier, clock):
    shipped(caller, 1)
    begin(installation)

    run(installation, clock, FOLLOWED_FOR + timedelta(seconds=1))

    assert carrier.asked == []


def test_a_parcel_that_was_not_announced_is_not_asked_about(caller, installation, carrier, clock):
    shipped(caller, 1)
    with installation.database.write() as transaction:
        transaction.execute(update(parcels).values(announced_at=None))
    begin(installation)

    run(installation, clock, FIRST_AFTER)

    assert carrier.asked == []


def test_registered_parcels_of_the_carrier_are_asked_about_too(caller, installation, carrier, clock):
    body = {
        "announced_at": NOW.isoformat(),
        "from_address": {"country_code": "NL", "postal_code": "3526 KL"},
        "to_address": {"country_code": "NL", "postal_code": "1012 GJ"},
        "ship_with": {"type": "contract", "properties": {"contract_id": 1517}},
        "shipment": {"source_id": "shipment"},
    }
    for index in range(3):
        number = {"carrier_code": "sendcloud", "tracking_number": f"F{index}"}
        answer = caller.client.post(
            "/api/v3/parcels/tracking", json=body | {"source_id": str(index), "tracking_number": number}
        )
        assert answer.status_code == 200, answer.text
    carrier.says = {"F2": [(S.DELIVERED, NOW)]}
    begin(installation)

    run(installation, clock, FIRST_AFTER)

    assert carrier.asked == [["F0", "F1"], ["F2"]]
    assert caller.client.get("/api/v3/parcels/tracking/f2").json()["events"][-1]["status_code"] == "delivered"


def test_one_round_follows_another_and_there_is_never_more_than_one_job(installation, caller, clock):
    begin(installation)
    begin(installation)

    counts = []
    for _ in range(5):
        run(installation, clock, timedelta(minutes=30))
        counts.append(waiting(installation))

    assert [len(found) for found in counts] == [1] * 5


def test_a_job_that_is_run_twice_does_not_become_two(installation, caller, clock):
    shipped(caller, 3)
    begin(installation)
    with installation.database.read() as transaction:
        row = transaction.execute(select(jobs).where(jobs.c.kind == FOLLOW)).one()
    job = Job(row.id, FOLLOW, "", {})

    follow(installation, job)
    follow(installation, job)

    assert [kind for kind, _ in waiting(installation)] == [FOLLOW, FOLLOW, LOOK]  # itself, the next one, and one look


def test_a_look_that_is_run_twice_goes_on_once(installation, caller, clock):
    shipped(caller, 3)
    follow(installation, Job(0, FOLLOW, "", {}))
    with installation.database.read() as transaction:
        row = transaction.execute(select(jobs).where(jobs.c.kind == LOOK)).one()
    body = {"carrier_code": "sendcloud", "of": "ours", "after": ["", "", 0]}
    job = Job(row.id, LOOK, row.subject, body, account_id=1)

    look(installation, job)
    look(installation, job)

    assert [kind for kind, _ in waiting(installation)].count(LOOK) == 2  # itself, and the next one


def test_a_restart_keeps_one_job_and_asks_soon(installation, caller, clock):
    begin(installation)
    run(installation, clock, FIRST_AFTER)
    clock.now += timedelta(minutes=1)

    begin(installation)

    ((kind, due_at),) = waiting(installation)
    assert (kind, due_at) == (FOLLOW, (clock.now + FIRST_AFTER).isoformat(timespec="microseconds"))


def test_nobody_is_asked_when_the_interval_is_zero(tmp_path, carrier, clock):
    made = an_installation(tmp_path, tracking_minutes=0)
    installation = build(made.settings, made.database, carriers=Carriers([carrier]), fonts=made.fonts, clock=clock)
    shipped(a_caller(installation), 1)

    begin(installation)
    follow(installation, Job(0, FOLLOW, "", {}))

    assert waiting(installation) == []


def test_a_carrier_that_cannot_say_is_asked_again_and_does_not_stop_the_rounds(caller, installation, carrier, clock):
    shipped(caller, 1)
    carrier.is_silent = True
    begin(installation)

    run(installation, clock, FIRST_AFTER)
    silent = waiting(installation)
    carrier.is_silent = False
    run(installation, clock, timedelta(minutes=1))

    assert sorted(kind for kind, _ in silent) == [FOLLOW, LOOK]
    assert [kind for kind, _ in waiting(installation)] == [FOLLOW]
    assert len(carrier.asked) == 2


def test_each_account_is_asked_about_by_itself(caller, installation, carrier, clock):
    (first,) = shipped(caller, 1)
    other = a_caller(installation, account_id=2, integration_id=71)
    other.store(an_order(order_details={**an_order()["order_details"], "integration": {"id": 71}}))
    (second,) = [other.ship(integration_id=71).json()["data"][0]["tracking_number"]]
    begin(installation)

    run(installation, clock, FIRST_AFTER)

    assert sorted(carrier.asked) == sorted([[first], [second]])


def test_what_a_carrier_says_about_strangers_is_ignored(caller, installation, carrier, clock, monkeypatch):
    shipped(caller, 1)
    monkeypatch.setattr(carrier, "events", lambda *_: [CarrierEvent("ELSE", S.DELIVERED, NOW)])
    begin(installation)

    run(installation, clock, FIRST_AFTER)

    assert statuses(installation) == [S.READY_TO_SEND]
    with installation.database.read() as transaction:
        assert transaction.execute(select(func.count()).select_from(jobs)).scalar_one() == 1
