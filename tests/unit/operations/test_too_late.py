"""What comes after everybody has given up waiting: no second label, and none that is paid for and out of sight."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.errors import CarrierOutcomeUnknown, PartlyBooked
from kolli.jobs import Job, forget, list_bodies, list_dead
from kolli.operations import calls
from kolli.operations.background import CANCEL_DELAYS, SETTLE_DELAYS, workers
from kolli.operations.cancel import CANCEL, cancel
from kolli.operations.outcomes import CHECKS, TAKE_BACK
from kolli.operations.reconcile import LEFT_BEHIND, begin_picking_up, pick_up, reconcile, settle
from kolli.operations.settle_by_hand import list_open, say_that_it_does_not, say_that_it_exists
from kolli.operations.ship_order import Choice, ShipOrder
from kolli.operations.ship_orders import ship_orders
from kolli.orders.model import ShipWith
from kolli.shipments.attempts import State, list_moves
from tests.factories import NOW, a_caller, an_installation, an_order
from tests.unit.operations.scripted_carriers import Death, Forgetful, Raises, Reserving, ScriptedSandbox
from tests.unit.operations.test_leases import LONG, Pause, Slow, Two, outcome
from tests.unit.operations.what_is_stored import LETTER, booked, ship, states, stored_shipments


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(calls, "WAIT_SECONDS", 0.01)


class Stubborn(Forgetful):
    """A carrier that is asked to take something back, and says always the same."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.asked = []

    def cancel(self, booking):
        self.asked.append(booking.reference)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


class Silent(ScriptedSandbox):
    """The sandbox, which says nothing about what it has booked."""

    def look_up(self, reference):
        raise CarrierOutcomeUnknown


def history(caller):
    """What is written down of the first shipment, without the times."""
    first = stored_shipments(caller)[0]
    with caller.installation.database.read() as transaction:
        return [(move.after, move.reason) for move in list_moves(transaction, 1, first.id)]


def about(caller, kind):
    with caller.installation.database.read() as transaction:
        return list_bodies(transaction, CHECKS, kind)


def queue(caller, option=LETTER):
    ship_orders([ShipOrder(70, Choice(ShipWith(option)), order_number="ORDER-1")], caller.context)


def numbers(caller):
    return [parcel.tracking_number for each in stored_shipments(caller) for parcel in each.parcels]


# Since when nothing can be on its way any more


def test_what_a_dead_process_was_asking_may_be_on_its_way_for_as_long_as_the_carrier_says(tmp_path):
    """It may have sent its request in the moment before it died, however long ago it had begun."""
    time = [NOW]
    carrier = ScriptedSandbox(tmp_path, before=Raises([Death()]))
    carrier.certain_after_seconds = 60
    installation = replace(an_installation(tmp_path, carriers=[carrier]), clock=lambda: time[-1])
    caller = a_caller(installation)
    caller.store(an_order())
    with pytest.raises(Death):
        ship(caller)

    time.append(NOW + timedelta(seconds=70))  # it hung for so long, and the next start is at once
    reconcile(installation)
    begin_picking_up(installation)
    at_start = states(caller)
    time.append(time[-1] + timedelta(seconds=61))
    workers(installation).run_due()

    assert (at_start, states(caller)) == ([State.UNKNOWN], [State.ABANDONED])


# An answer that comes when something else is stored


def test_a_label_that_is_stored_with_another_number_is_not_taken_back(tmp_path):
    """The carrier knows both by one reference: taking back one of them takes back the label that is in use."""
    pause = Pause()
    two = Two(tmp_path, Slow(tmp_path, before=pause))
    two.carrier.cancelling.go.set()

    with two.hanging(pause, outcome, ship, two.caller):
        two.now += LONG
        say_that_it_exists(two.unsettled().shipment_id, ["s000"], two.second)

    assert (states(two.caller), numbers(two.caller)) == ([State.STORED], ["s000"])
    assert [is_cancelled for _, _, is_cancelled in booked(two.caller)] == [False]


def test_numbers_that_are_reserved_too_late_replace_none(tmp_path):
    pause = Pause()
    carrier = Reserving(reserves=pause)
    two = Two(tmp_path, carrier)

    with two.hanging(pause, outcome, ship, two.caller, "reserving:parcel"):
        two.now += LONG
        settle(two.unsettled(), two.second)
        again = ship(two.other, "reserving:parcel")

    assert states(two.caller) == [State.ABANDONED, State.STORED]
    assert carrier.told == [(again.parcels[0].tracking_number,)]
    assert numbers(two.caller) == [None, again.parcels[0].tracking_number]


def test_what_is_announced_again_meanwhile_is_stored_with_the_late_answer(tmp_path):
    """It waits in the queue to be announced once more, which would book a second label under the same reference."""
    pause = Pause()
    two = Two(tmp_path, carrier := Slow(tmp_path, before=pause))
    carrier.looking.go.set()
    queue(two.caller)

    with two.hanging(pause, workers(two.first).run_due):
        two.now += LONG
        settle(two.unsettled(), two.second)
        between = states(two.caller)
    workers(two.first).run_due()

    assert (between, states(two.caller)) == ([State.QUEUED], [State.STORED])
    assert [number for _, number, _ in booked(two.caller)] == numbers(two.caller)


# What is booked too late


@pytest.mark.parametrize("is_in_background", [False, True])
def test_what_is_booked_after_a_person_gave_it_up_is_taken_back_and_written_down(tmp_path, is_in_background):
    pause = Pause()
    two = Two(tmp_path, Slow(tmp_path, before=pause))
    two.carrier.cancelling.go.set()
    if is_in_background:
        queue(two.caller)
    work = [workers(two.first).run_due] if is_in_background else [outcome, ship, two.caller]

    with two.hanging(pause, *work):
        two.now += LONG
        say_that_it_does_not(two.unsettled().shipment_id, "They say so.", two.second)
    workers(two.first).run_due()

    assert states(two.caller) == [State.ABANDONED]
    assert [is_cancelled for _, _, is_cancelled in booked(two.caller)] == [True]
    after, reason = history(two.caller)[-1]
    assert after is State.ABANDONED
    assert "take" in reason
    assert about(two.caller, TAKE_BACK) == []


@pytest.mark.parametrize("answer", [False, CarrierOutcomeUnknown()])
def test_what_is_booked_too_late_and_not_taken_back_is_asked_about_until_a_person_sees_it(tmp_path, answer):
    time = [NOW]
    carrier = Stubborn(answer)
    caller = a_caller(replace(an_installation(tmp_path, carriers=[carrier]), clock=lambda: time[-1]))
    caller.store(an_order())
    carrier.after = lambda booking: give_up(caller, booking.reference)

    assert outcome(ship, caller, "forgetful:parcel") is CarrierOutcomeUnknown
    asked = about(caller, TAKE_BACK)
    for _ in range(len(CANCEL_DELAYS) + 1):
        workers(caller.installation).run_due()
        time.append(time[-1] + timedelta(days=1))

    assert len(asked) == 1
    assert history(caller)[-1][1].startswith("The carrier booked F0000001 after the shipment was given up.")
    with caller.installation.database.read() as transaction:
        assert [job.kind for job in list_dead(transaction)] == [TAKE_BACK]


def test_what_is_booked_in_part_after_it_was_given_up_is_taken_back(tmp_path):
    carrier = Stubborn(True)
    caller = a_caller(an_installation(tmp_path, carriers=[carrier]))
    caller.store(an_order())

    def books_in_part(booking):
        give_up(caller, booking.reference)
        raise PartlyBooked("The second parcel was refused.")

    carrier.after = books_in_part
    outcome(ship, caller, "forgetful:parcel")

    assert (states(caller), carrier.asked) == ([State.ABANDONED], [stored_shipments(caller)[0].id])
    assert history(caller)[-1][1].startswith("The second parcel was refused.")


def give_up(caller, shipment_id):
    say_that_it_does_not(shipment_id, "They say so.", caller.installation)


# What ends threads


@pytest.mark.parametrize("error", [SystemExit(3), asyncio.CancelledError()])
@pytest.mark.parametrize("is_in_background", [False, True])
def test_a_carriers_library_that_wants_to_end_the_process_ends_nothing(tmp_path, error, is_in_background):
    carrier = ScriptedSandbox(tmp_path, after=Raises([error]))
    caller = a_caller(an_installation(tmp_path, carriers=[carrier]))
    caller.store(an_order())

    if is_in_background:
        queue(caller)
        workers(caller.installation).run_due()
    else:
        assert outcome(ship, caller) is CarrierOutcomeUnknown
    between = states(caller)
    reconcile(caller.installation)

    assert (between, states(caller), len(booked(caller))) == ([State.UNKNOWN], [State.STORED], 1)


# Many, and again and again


def test_a_cancellation_that_is_asked_for_again_and_again_has_one_job(tmp_path):
    carrier = Stubborn(CarrierOutcomeUnknown())
    caller = a_caller(an_installation(tmp_path, carriers=[carrier]))
    caller.store(an_order())
    shipment = ship(caller, "forgetful:parcel")

    answers = [cancel(shipment.id, caller.context) for _ in range(5)]

    assert (answers, states(caller)) == ([False] * 5, [State.CANCELLING])
    assert about(caller, CANCEL) == [{"shipment_id": shipment.id}]


def test_every_cancellation_that_was_left_behind_gets_one_job(tmp_path):
    carrier = Stubborn(Death())
    caller = a_caller(an_installation(tmp_path, carriers=[carrier]), repeat_labels="allowed")
    caller.store(an_order())
    shipments = []
    for number in range(3):
        carrier.numbers = (f"F000000{number}",)
        shipments.append(ship(caller, "forgetful:parcel"))
    for shipment in shipments:
        with pytest.raises(Death):
            cancel(shipment.id, caller.context)
    later = replace(caller.installation, clock=lambda: NOW + LONG)

    for _ in range(2):
        pick_up(later, Job(0, LEFT_BEHIND, "", {}))

    assert sorted(body["shipment_id"] for body in about(caller, CANCEL)) == sorted(each.id for each in shipments)


def test_nobody_says_that_something_is_picked_up_whose_job_a_person_has_removed(tmp_path):
    time = [NOW]
    carrier = Silent(tmp_path, before=Raises([CarrierOutcomeUnknown()]))
    caller = a_caller(replace(an_installation(tmp_path, carriers=[carrier]), clock=lambda: time[-1]))
    caller.store(an_order())
    assert outcome(ship, caller) is CarrierOutcomeUnknown
    for _ in range(len(SETTLE_DELAYS) + 1):
        time.append(time[-1] + timedelta(days=1))
        workers(caller.installation).run_due()
    with caller.installation.database.write() as transaction:
        for job in list_dead(transaction):
            forget(transaction, job.id)
    pick_up(caller.installation, Job(0, LEFT_BEHIND, "", {}))

    (entry,) = list_open(caller.installation, [1])

    assert about(caller, "settle") == []
    assert entry.next_step == "none before the server is started again: its job was removed"
