"""Two processes on one database: whoever asks a carrier about an attempt is left to it for as long as they live.

The oracle is the carrier's own ledger, and how often it was asked.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import Fault
from kolli.database import Database
from kolli.errors import CarrierError, CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable, Conflict, KolliError
from kolli.migrations import migrate
from kolli.operations import calls, leases
from kolli.operations.announce import LABELS
from kolli.operations.background import LANES, workers
from kolli.operations.calls import Calls
from kolli.operations.cancel import cancel
from kolli.operations.leases import Keeper, leased
from kolli.operations.reconcile import begin_picking_up, settle
from kolli.operations.ship_order import Choice, ShipOrder
from kolli.operations.ship_orders import ship_orders
from kolli.orders.model import ShipWith
from kolli.shipments.attempts import LEASE, Attempt, State, get_attempt, list_unsettled, move
from tests.factories import NOW, Caller, a_caller, an_installation, an_order
from tests.unit.operations.scripted_carriers import Death, Forgetful, Raises, ScriptedPost, ScriptedSandbox
from tests.unit.operations.what_is_stored import LETTER, POST, booked, ship, states, stored_shipments

LONG = LEASE + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(calls, "WAIT_SECONDS", 0.01)


class Pause:
    """A step at which the carrier hangs until it is told to go on; only the first who comes there is kept."""

    def __init__(self):
        self.count = 0
        self.here, self.go = threading.Event(), threading.Event()

    def __call__(self, _):
        self.count += 1
        if self.count == 1:
            self.here.set()
            assert self.go.wait(20)


class Slow(ScriptedSandbox):
    """The sandbox, which can hang while it looks something up or takes it back."""

    def __init__(self, folder, **steps):
        super().__init__(folder, **steps)
        self.looking, self.cancelling = Pause(), Pause()

    def look_up(self, reference):
        self.looking(reference)
        return super().look_up(reference)

    def cancel(self, booking):
        self.cancelling(booking)
        return super().cancel(booking)


class Two:
    """Two processes on one database, with one clock and one carrier; ORDER-1 is there."""

    def __init__(self, folder, carrier):
        self.now = NOW
        self.carrier = carrier
        with Database(folder / "kolli.db").write() as transaction:
            migrate(transaction)
        self.first = self._process(folder)
        self.second = self._process(folder)
        self.caller = a_caller(self.first)
        self.caller.store(an_order())
        self.other = self.caller._replace(
            installation=self.second, context=replace(self.caller.context, installation=self.second)
        )

    def _process(self, folder):
        others = [PostNL(folder)] if self.carrier.code != "postnl" else [ScriptedSandbox(folder)]
        made = an_installation(folder, carriers=[self.carrier, *others], database=Database(folder / "kolli.db"))
        return replace(made, clock=lambda: self.now)

    def unsettled(self):
        with self.first.database.read() as transaction:
            (attempt,) = list_unsettled(transaction)
        return attempt

    def keeper(self):
        return Keeper(self.first.calls, self.first.database, self.first.owner, self.first.clock)

    @contextmanager
    def hanging(self, pause: Pause, work, *args) -> Iterator[None]:
        """While the carrier keeps a thread of the first process waiting in `work`."""
        with ThreadPoolExecutor(1) as threads:
            running = threads.submit(work, *args)
            assert pause.here.wait(20)
            try:
                yield
            finally:
                pause.go.set()
            running.result(20)


def outcome(work, *args):
    try:
        return work(*args)
    except KolliError as error:
        return type(error)


# One at a time


def test_two_processes_never_settle_the_same_attempt(tmp_path):
    two = Two(tmp_path, Slow(tmp_path))
    two.carrier.ledger.fail_next(Fault.SILENT_AFTER)
    assert outcome(ship, two.caller) is CarrierOutcomeUnknown
    unknown = two.unsettled()

    with two.hanging(two.carrier.looking, settle, unknown, two.first):
        with pytest.raises(CarrierUnavailable):
            settle(unknown, two.second)
        during = (two.carrier.looking.count, states(two.caller))

    assert during == (1, [State.UNKNOWN])
    assert states(two.caller) == [State.STORED]
    settle(unknown, two.second)
    assert two.carrier.looking.count == 1


def test_while_a_process_settles_an_attempt_a_caller_of_another_one_has_to_wait(tmp_path):
    two = Two(tmp_path, Slow(tmp_path))
    two.carrier.ledger.fail_next(Fault.SILENT_BEFORE)
    assert outcome(ship, two.caller) is CarrierOutcomeUnknown

    with two.hanging(two.carrier.looking, settle, two.unsettled(), two.first):
        assert outcome(ship, two.other) is Conflict

    assert states(two.caller) == [State.ABANDONED]
    ship(two.other)
    assert len(booked(two.caller)) == 1


def test_an_own_number_is_announced_again_by_one_process_at_a_time(tmp_path):
    pause = Pause()
    pause.count = 1  # the first announcement does not wait
    carrier = ScriptedPost(tmp_path, before=pause, after=Raises([CarrierOutcomeUnknown()]))
    two = Two(tmp_path, carrier)
    assert outcome(ship, two.caller, POST) is CarrierOutcomeUnknown
    unknown = two.unsettled()
    pause.count = 0

    with two.hanging(pause, settle, unknown, two.first):
        assert outcome(settle, unknown, two.second) is CarrierUnavailable

    assert len(carrier.told) == 2
    assert (states(two.caller), unknown.tries) == ([State.STORED], 1)
    with two.second.database.read() as transaction:
        assert get_attempt(transaction, 1, unknown.shipment_id).tries == 2


def test_a_cancellation_is_finished_by_one_process_at_a_time(tmp_path):
    two = Two(tmp_path, Slow(tmp_path))
    shipment = ship(two.caller)

    with two.hanging(two.carrier.cancelling, cancel, shipment.id, two.caller.context):
        two.now += LEASE - timedelta(seconds=1)
        assert outcome(cancel, shipment.id, two.other.context) is Conflict
        assert outcome(settle, two.unsettled(), two.second) is CarrierUnavailable

    assert (states(two.caller), two.carrier.cancelling.count) == ([State.CANCELLED], 1)


def test_a_job_does_not_touch_what_another_process_announces(tmp_path):
    two = Two(tmp_path, Slow(tmp_path, before=(pause := Pause())))
    ship_orders([ShipOrder(70, Choice(ShipWith(LETTER)), order_number="ORDER-1")], two.caller.context)
    keeper = two.keeper()

    with two.hanging(pause, workers(two.first).run_due):
        for _ in range(LANES[LABELS].lease // timedelta(minutes=1) + 1):
            two.now += timedelta(minutes=1)
            keeper.look()
        count = workers(two.second).run_due()
        during = states(two.caller)

    assert (count, during) == (1, [State.INTENDED])
    assert len(booked(two.caller)) == 1


# As long as they live


@pytest.mark.parametrize("is_renewed", [True, False])
def test_a_carrier_that_hangs_for_long_books_one_label_as_long_as_the_lease_is_renewed(tmp_path, is_renewed):
    """Without renewals the second process takes the first one for dead, and what that has booked comes too late."""
    pause = Pause()
    two = Two(tmp_path, Slow(tmp_path, before=pause))
    two.carrier.looking.go.set()
    two.carrier.cancelling.go.set()
    keeper = two.keeper()
    begin_picking_up(two.second)

    with two.hanging(pause, outcome, ship, two.caller):
        for _ in range(10):
            two.now += timedelta(minutes=1)
            if is_renewed:
                keeper.look()
            workers(two.second).run_due()
        second = outcome(ship, two.other)

    live = [reference for reference, _, is_cancelled in booked(two.caller) if not is_cancelled]
    if is_renewed:
        assert (second, states(two.caller), len(booked(two.caller))) == (Conflict, [State.STORED], 1)
    else:
        assert (live, states(two.caller)) == ([second.id], [State.ABANDONED, State.STORED])
        assert len(booked(two.caller)) == 2


def gives_up(caller):
    """A step in which somebody ends the attempt, who takes us for dead."""

    def give_up(_):
        with caller.installation.database.write() as transaction:
            (attempt,) = list_unsettled(transaction)
            owner = caller.installation.owner
            assert move(transaction, attempt, State.ABANDONED, NOW, "It was given up.", owner=owner)

    return give_up


@pytest.mark.parametrize(
    ("cancels", "expected"),
    [(True, CarrierRejected), (False, CarrierOutcomeUnknown), ("perhaps", CarrierOutcomeUnknown)],
)
def test_a_label_that_was_given_up_meanwhile_is_taken_back(tmp_path, cancels, expected):
    carrier = Forgetful(cancels=cancels)
    caller = a_caller(an_installation(tmp_path, carriers=[carrier]))
    caller.store(an_order())
    carrier.after = gives_up(caller)

    with pytest.raises(expected, match="booked F0000001 after the shipment was given up"):
        ship(caller, "forgetful:parcel")

    assert states(caller) == [State.ABANDONED]


def test_a_number_of_ours_that_was_given_up_meanwhile_is_no_label(tmp_path):
    carrier = ScriptedPost(tmp_path)
    caller = a_caller(an_installation(tmp_path, carriers=[carrier, ScriptedSandbox(tmp_path)]))
    caller.store(an_order())
    carrier.after = gives_up(caller)

    with pytest.raises(CarrierError):
        ship(caller, POST)

    assert states(caller) == [State.ABANDONED]


def test_an_answer_that_comes_after_the_outcome_was_left_open_is_stored(tmp_path):
    def leave(_):
        with caller.installation.database.write() as transaction:
            (attempt,) = list_unsettled(transaction)
            move(transaction, attempt, State.UNKNOWN, NOW, "Broken off.", owner=caller.installation.owner)

    caller = a_caller(an_installation(tmp_path, carriers=[Forgetful(after=leave)]))
    caller.store(an_order())

    assert ship(caller, "forgetful:parcel").parcels[0].tracking_number == "F0000001"
    assert states(caller) == [State.STORED]


def test_a_clock_that_jumps_ends_no_lease_for_longer_than_a_moment(tmp_path):
    pause = Pause()
    two = Two(tmp_path, Slow(tmp_path, before=pause))
    keeper = two.keeper()

    with two.hanging(pause, ship, two.caller):
        for jump in (timedelta(days=1), timedelta(days=-2), LONG):
            two.now += jump
            keeper.look()
            attempt = two.unsettled()
            assert not attempt.is_left_behind(two.now)
            assert attempt.lease_until == two.now + LEASE
            assert outcome(ship, two.other) is Conflict

    assert len(booked(two.caller)) == 1


def test_a_lease_is_renewed_every_minute_without_anybody_setting_the_clock(tmp_path, monkeypatch):
    pause = Pause()
    two = Two(tmp_path, Slow(tmp_path, before=pause))
    monkeypatch.setattr(leases, "RENEWED_EVERY", timedelta(0))
    keeper = two.keeper()

    with two.hanging(pause, ship, two.caller):
        two.now += timedelta(seconds=4)
        keeper.look()
        assert two.unsettled().lease_until == two.now + LEASE


def test_what_ends_soon_is_not_renewed(tmp_path):
    pause = Pause()
    two = Two(tmp_path, Slow(tmp_path, before=pause))
    keeper = two.keeper()

    with two.hanging(pause, ship, two.caller):
        two.now += timedelta(seconds=4)
        keeper.look()
        assert two.unsettled().lease_until == NOW + LEASE


def test_a_running_server_renews_its_leases(tmp_path, monkeypatch):
    """Whatever its lanes of jobs are busy with."""
    monkeypatch.setattr(leases, "RENEWED_EVERY", timedelta(0))
    monkeypatch.setattr(leases, "LOOKS_EVERY_SECONDS", 0.01)
    pause = Pause()
    two = Two(tmp_path, Slow(tmp_path, before=pause))
    background = workers(two.first)
    background.start()
    end = threading.Event()

    with two.hanging(pause, ship, two.caller):
        two.now += timedelta(seconds=4)
        for _ in range(1000):
            if two.unsettled().lease_until == two.now + LEASE:
                break
            end.wait(0.01)
        renewed = two.unsettled().lease_until

    assert renewed == two.now + LEASE
    assert background.stop(20)


def test_what_a_dead_process_held_is_settled_when_its_lease_has_ended(tmp_path):
    two = Two(tmp_path, Slow(tmp_path, after=Raises([Death()])))
    two.carrier.looking.go.set()
    with pytest.raises(Death):
        ship(two.caller)

    two.now += LEASE
    assert outcome(ship, two.other) is Conflict
    two.now += timedelta(seconds=1)
    assert outcome(ship, two.other).__name__ == "AlreadyShipped"

    assert states(two.caller) == [State.STORED]
    assert [parcel.tracking_number for parcel in stored_shipments(two.caller)[0].parcels] == [
        number for _, number, _ in booked(two.caller)
    ]


# Letting go


def unknown_caller(folder) -> tuple[Caller, Attempt]:
    caller = a_caller(an_installation(folder))
    caller.store(an_order())
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    assert outcome(ship, caller, LETTER) is CarrierOutcomeUnknown
    with caller.installation.database.read() as transaction:
        (attempt,) = list_unsettled(transaction)
    return caller, attempt


@pytest.mark.parametrize("error", [CarrierUnavailable(), ValueError("a mistake of ours"), None])
def test_what_could_not_be_found_out_is_let_go_at_once(tmp_path, error):
    caller, attempt = unknown_caller(tmp_path)

    def find_out():
        with leased(attempt, caller.installation):
            with caller.installation.database.read() as transaction:
                assert get_attempt(transaction, 1, attempt.shipment_id).lease_until == NOW + LEASE
            if error:
                raise error

    if error:
        with pytest.raises(type(error)):
            find_out()
    else:
        find_out()

    with caller.installation.database.read() as transaction:
        assert get_attempt(transaction, 1, attempt.shipment_id).lease_until is None


def test_what_dies_holds_its_lease_until_that_ends(tmp_path):
    caller, attempt = unknown_caller(tmp_path)

    with pytest.raises(Death), leased(attempt, caller.installation):
        raise Death

    with caller.installation.database.read() as transaction:
        assert get_attempt(transaction, 1, attempt.shipment_id).lease_until == NOW + LEASE


def test_what_is_settled_is_given_without_a_lease(tmp_path):
    caller, attempt = unknown_caller(tmp_path)
    settle(attempt, caller.installation)

    with leased(attempt, caller.installation) as found:
        assert (found.state, found.lease_until) == (State.STORED, None)


def test_calls_know_what_is_held_and_for_how_long():
    held = Calls()

    with held.about("a"), held.about("b"):
        assert (held.held(), held.held(for_seconds=60)) == (["a", "b"], [])
    assert held.held() == []
