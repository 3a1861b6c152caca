"""What a job makes of a shipment in the queue. The oracle is the sandbox's ledger: nothing is booked twice or lost."""

import threading
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from kolli.carriers.base import Carrier
from kolli.carriers.postnl import PostNL
from kolli.carriers.registry import Carriers
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.database import Database
from kolli.errors import CarrierUnavailable
from kolli.jobs import count_waiting, list_dead, release_leases
from kolli.migrations import migrate
from kolli.operations.announce import ANNOUNCE
from kolli.operations.background import ANNOUNCE_DELAYS, workers
from kolli.operations.cancel import cancel
from kolli.operations.outcomes import SETTLE
from kolli.operations.reconcile import KEEP_ASKING_FOR, reconcile
from kolli.operations.ship_order import Choice, ShipOrder
from kolli.operations.ship_orders import ship_orders
from kolli.orders.model import ShipWith
from kolli.schema import attempts
from kolli.shipments.attempts import State
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import history
from tests.factories import NOW, a_caller, an_installation, an_order
from tests.unit.operations.scripted_carriers import Death, Forgetful, Raises, ScriptedPost, ScriptedSandbox
from tests.unit.operations.what_is_stored import LETTER, POST, booked, reasons, states, stored_shipments

TEN_MINUTES = timedelta(minutes=10)


class Story:
    """An account with ORDER-1 on an installation whose clock a test moves."""

    def __init__(self, folder, carrier=None):
        self.now = NOW
        others = [kind(folder) for kind in (SandboxCarrier, PostNL) if carrier is None or kind.code != carrier.code]
        made = an_installation(folder, carriers=[*([carrier] if carrier else []), *others])
        self.installation = replace(made, clock=lambda: self.now)
        self.caller = a_caller(self.installation)
        self.caller.store(an_order())

    def accept(self, option=LETTER):
        (shipment,) = ship_orders(
            [ShipOrder(70, Choice(ShipWith(option)), order_number="ORDER-1")], self.caller.context
        )
        return shipment

    def work(self):
        return workers(self.installation).run_due()

    def die_at_work(self):
        with pytest.raises(Death):
            self.work()

    def restart(self):
        """What a server does before it begins."""
        reconcile(self.installation)
        with self.installation.database.write() as transaction:
            release_leases(transaction, self.now)

    def move(self, by):
        self.now += by

    def work_through(self, hours):
        """Works every second for a while, and then every minute."""
        for seconds in [1] * 120 + [60] * hours * 60:
            self.move(timedelta(seconds=seconds))
            self.work()

    @property
    def waiting(self):
        with self.installation.database.read() as transaction:
            return count_waiting(transaction)

    @property
    def dead(self):
        with self.installation.database.read() as transaction:
            return [job.reason for job in list_dead(transaction)]

    @property
    def statuses(self):
        return [parcel.status for shipment in stored_shipments(self.caller) for parcel in shipment.parcels]

    @property
    def history(self):
        (shipment,) = stored_shipments(self.caller)
        with self.installation.database.read() as transaction:
            found = history(transaction, 1, shipment.parcels[0].id)
        return [(event.status, event.description) for event in found]

    def set_state(self, state):
        with self.installation.database.write() as transaction:
            transaction.execute(update(attempts).values(state=state))


@pytest.fixture
def story(tmp_path):
    return Story(tmp_path)


# Usually


def test_what_was_accepted_is_announced_by_its_job(story):
    shipment = story.accept()
    before = (states(story.caller), story.statuses, booked(story.caller), story.waiting)

    count = story.work()

    assert before == ([State.QUEUED], [ParcelStatus.ANNOUNCING], [], {ANNOUNCE: 1})
    assert count == 1
    (stored,) = stored_shipments(story.caller)
    assert booked(story.caller) == [(shipment.id, stored.parcels[0].tracking_number, False)]
    assert (states(story.caller), story.statuses) == ([State.STORED], [ParcelStatus.READY_TO_SEND])
    assert story.waiting == {}


def test_an_own_number_is_on_the_parcel_from_the_start(story):
    shipment = story.accept(POST)

    story.work()

    (stored,) = stored_shipments(story.caller)
    assert shipment.parcels[0].tracking_number == stored.parcels[0].tracking_number == "3STEA00000001"
    assert story.statuses == [ParcelStatus.READY_TO_SEND]


@pytest.mark.parametrize("state", sorted(set(State) - {State.QUEUED, State.INTENDED}))
def test_a_job_leaves_alone_what_is_not_in_the_queue_any_more(story, state):
    story.accept()
    story.set_state(state)

    story.work()

    assert (states(story.caller), booked(story.caller), story.waiting) == ([state], [], {})


def test_what_is_cancelled_in_the_queue_is_never_announced(story):
    shipment = story.accept()

    cancel(shipment.id, story.caller.context)
    story.work()

    assert (states(story.caller), booked(story.caller)) == ([State.ABANDONED], [])
    assert story.statuses == [ParcelStatus.CANCELLED]


# What the carrier says


def test_what_the_carrier_refuses_has_failed_and_its_order_can_be_shipped_again(story):
    story.accept()
    story.caller.sandbox.ledger.fail_next(Fault.REFUSE)

    story.work()
    again = story.accept()
    story.work()

    assert states(story.caller) == [State.REJECTED, State.STORED]
    assert sorted(story.statuses) == [ParcelStatus.ANNOUNCEMENT_FAILED, ParcelStatus.READY_TO_SEND]
    assert [entry[0] for entry in booked(story.caller)] == [again.id]
    assert (story.waiting, story.dead) == ({}, [])


def test_a_carrier_that_cannot_be_reached_is_asked_again(story):
    story.accept()
    story.caller.sandbox.ledger.fail_next(Fault.UNREACHABLE, times=3)

    story.work()
    between = (states(story.caller), story.statuses, reasons(story.caller))
    counts = []
    for delay in ANNOUNCE_DELAYS:
        story.move(delay - timedelta(seconds=1))
        counts.append(story.work())
        story.move(timedelta(seconds=1))
        counts.append(story.work())

    message = CarrierUnavailable.__doc__
    assert between == ([State.QUEUED], [ParcelStatus.ANNOUNCING], [message])
    assert counts == [0, 1] * 3
    assert (states(story.caller), len(booked(story.caller))) == ([State.STORED], 1)
    assert (story.waiting, story.dead) == ({}, [])


def test_a_carrier_that_stays_out_of_reach_is_given_up_and_the_reason_stands_in_the_history(story):
    story.accept()
    story.caller.sandbox.ledger.fail_next(Fault.UNREACHABLE, times=len(ANNOUNCE_DELAYS) + 1)

    story.work_through(hours=1)

    assert (states(story.caller), booked(story.caller)) == ([State.ABANDONED], [])
    assert story.history[-1] == (ParcelStatus.ANNOUNCEMENT_FAILED, CarrierUnavailable.__doc__)
    assert (story.waiting, story.dead) == ({}, [])


def test_a_label_that_was_booked_in_silence_is_found(story):
    shipment = story.accept()
    story.caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)

    story.work()
    between = (states(story.caller), story.waiting)
    story.move(timedelta(seconds=30))
    story.work()

    (stored,) = stored_shipments(story.caller)
    assert between == ([State.UNKNOWN], {SETTLE: 1})
    assert booked(story.caller) == [(shipment.id, stored.parcels[0].tracking_number, False)]
    assert (states(story.caller), story.waiting) == ([State.STORED], {})


def test_what_was_not_booked_in_silence_is_announced_again(story):
    story.accept()
    story.caller.sandbox.ledger.fail_next(Fault.SILENT_BEFORE, times=2)

    story.work_through(hours=1)

    assert (states(story.caller), len(booked(story.caller))) == ([State.STORED], 1)
    assert (story.waiting, story.dead) == ({}, [])


def test_a_carrier_that_stays_silent_is_not_asked_for_ever(story):
    story.accept()
    story.caller.sandbox.ledger.fail_next(Fault.SILENT_BEFORE, times=1_000)

    story.work_through(hours=1)

    assert (states(story.caller), booked(story.caller)) == ([State.ABANDONED], [])
    assert story.statuses == [ParcelStatus.ANNOUNCEMENT_FAILED]
    assert story.now > NOW + KEEP_ASKING_FOR
    assert (story.waiting, story.dead) == ({}, [])


def test_what_nobody_can_tell_stays_open_and_is_given_to_a_person_in_the_end(tmp_path):
    story = Story(tmp_path, Forgetful(after=Raises([ValueError("unreadable answer")])))
    story.accept("forgetful:parcel")

    story.work_through(hours=30)

    assert (states(story.caller), story.statuses) == ([State.UNKNOWN], [ParcelStatus.ANNOUNCING])
    assert story.dead == ["The carrier cannot say what has become of it."]


def test_a_carrier_that_was_taken_away_is_waited_for_and_nothing_is_said_to_have_been_asked(story):
    story.accept()
    without = replace(story.installation, carriers=Carriers([]))

    workers(without).run_due()

    assert (states(story.caller), story.waiting) == ([State.QUEUED], {ANNOUNCE: 1})
    story.move(TEN_MINUTES)
    story.work()
    assert states(story.caller) == [State.STORED]


# A process that dies


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(("kind", "option"), [(ScriptedSandbox, LETTER), (ScriptedPost, POST)], ids=["letter", "post"])
def test_a_death_around_the_call_is_made_up_for_by_the_next_start(tmp_path, kind, option, moment):
    carrier = kind(tmp_path, **{moment: Raises([Death()])})
    story = Story(tmp_path, carrier)
    story.accept(option)
    story.die_at_work()
    died = states(story.caller)

    story.restart()
    story.work()

    assert died == [State.INTENDED]
    assert (states(story.caller), story.statuses) == ([State.STORED], [ParcelStatus.READY_TO_SEND])
    assert len(booked(story.caller)) == (option == LETTER)
    assert len(set(getattr(carrier, "told", ()))) == (option == POST)
    assert (story.waiting, story.dead) == ({}, [])


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_was_broken_off_is_made_up_for_without_a_start(tmp_path, moment):
    """Such as one in whose end the disk was full: its job is run again when its lease has ended."""
    story = Story(tmp_path, ScriptedSandbox(tmp_path, **{moment: Raises([Death()])}))
    story.accept()
    story.die_at_work()

    story.work_through(hours=1)

    assert (states(story.caller), story.statuses) == ([State.STORED], [ParcelStatus.READY_TO_SEND])
    assert len(booked(story.caller)) == 1
    assert (story.waiting, story.dead) == ({}, [])


def test_a_second_run_of_a_job_that_is_done_books_nothing(tmp_path):
    """A process that dies between the carrier's answer and the end of the job."""
    story = Story(tmp_path)
    story.accept()
    story.work()
    (shipment,) = stored_shipments(story.caller)

    with story.installation.database.write() as transaction:
        transaction.exec_driver_sql(
            "INSERT INTO jobs (account_id, lane, kind, subject, body, runs, due_at, is_running, created_at, reason)"
            f""" VALUES (1, 'labels', 'announce', '', '{{"shipment_id": "{shipment.id}"}}', 1, '2020', 0, '2020', '')"""
        )
    story.work()

    assert (states(story.caller), len(booked(story.caller)), story.waiting) == ([State.STORED], 1, {})


def test_what_is_to_be_cancelled_is_not_announced_again_after_a_death(tmp_path):
    story = Story(tmp_path, ScriptedSandbox(tmp_path, before=Raises([Death()])))
    shipment = story.accept()
    story.die_at_work()
    cancel(shipment.id, story.caller.context)

    story.restart()
    story.work_through(hours=1)

    assert (states(story.caller), booked(story.caller)) == ([State.ABANDONED], [])
    assert (story.waiting, story.dead) == ({}, [])


# A carrier that hangs


def test_a_carrier_that_hangs_does_not_stop_another_one(tmp_path):
    go = threading.Event()

    def hang(_):
        assert go.wait(20)

    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
    carriers: list[Carrier] = [ScriptedSandbox(tmp_path, before=hang), PostNL(tmp_path)]
    installation = an_installation(tmp_path, carriers=carriers, database=database)
    caller = a_caller(installation)
    hanging = [f"h-{number}" for number in range(12)]
    caller.store(*(an_order(order_id=name, order_number=name) for name in [*hanging, "quick"]))
    ship_orders([ShipOrder(70, Choice(ShipWith(LETTER)), order_number=name) for name in hanging], caller.context)
    ship_orders([ShipOrder(70, Choice(ShipWith(POST)), order_number="quick")], caller.context)
    background = workers(installation)

    background.start()
    end = time.monotonic() + 20
    while State.STORED not in states(caller) and time.monotonic() < end:
        time.sleep(0.01)
    during = Counter(states(caller))
    go.set()

    assert background.stop(20)
    assert during[State.STORED] == 1
    assert during[State.INTENDED] <= 6
    database.close()
