"""A shipment is taken back once, and only where there is something to take back."""

from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.errors import CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable, Conflict, NotFound
from kolli.operations.background import workers
from kolli.operations.cancel import cancel
from kolli.operations.plans import WantedSender
from kolli.operations.reconcile import reconcile
from kolli.operations.ship_parcels import ShipParcels, WantedParcel, queue_parcels, ship_parcels
from kolli.orders.model import ShipWith
from kolli.shipments.attempts import LEASE, State
from kolli.shipments.model import ParcelStatus
from kolli.shipments.queries import set_parcel_status
from tests.factories import NOW, a_caller, an_address, an_installation, an_order, kilograms
from tests.unit.operations.scripted_carriers import Forgetful, ScriptedSandbox
from tests.unit.operations.what_is_stored import LETTER, POST, booked, ship, states, stored_shipments


@pytest.fixture
def caller(installation):
    caller = a_caller(installation)
    caller.store(an_order())
    return caller


def at(caller, passed):
    """The caller, after so much time."""
    later = replace(caller.installation, clock=lambda: NOW + passed)
    return replace(caller.context, installation=later)


def run_jobs(caller, passed):
    """Does what is due after so much time."""
    workers(at(caller, passed).installation).run_due()


def letter():
    """A letter to be shipped without an order."""
    return ShipParcels(
        WantedSender(), an_address(), (WantedParcel(kilograms("0.1")),), ShipWith(LETTER), uses_defaults=False
    )


def statuses(caller):
    return [parcel.status for shipment in stored_shipments(caller) for parcel in shipment.parcels]


def test_the_carrier_is_told(caller):
    shipment = ship(caller, LETTER)

    cancel(shipment.id, caller.context)

    assert booked(caller) == [(shipment.id, shipment.parcels[0].tracking_number, True)]
    assert states(caller) == [State.CANCELLED]
    assert statuses(caller) == [ParcelStatus.CANCELLED]


@pytest.mark.parametrize("option", [LETTER, POST])
def test_afterwards_the_order_can_be_shipped_again(caller, option):
    first = ship(caller, option)
    cancel(first.id, caller.context)

    second = ship(caller, option)

    assert second.parcels[0].tracking_number != first.parcels[0].tracking_number
    assert states(caller) == [State.CANCELLED, State.STORED]


@pytest.mark.parametrize("option", [LETTER, POST])
def test_what_is_cancelled_cannot_be_cancelled(caller, option):
    shipment = ship(caller, option)
    cancel(shipment.id, caller.context)

    with pytest.raises(Conflict, match="already being cancelled"):
        cancel(shipment.id, caller.context)


def test_a_failed_shipment_has_nothing_to_cancel(caller):
    caller.sandbox.ledger.fail_next(Fault.REFUSE)
    with pytest.raises(CarrierRejected):
        ship(caller)

    with pytest.raises(Conflict, match="has no label"):
        cancel(stored_shipments(caller)[0].id, caller.context)


@pytest.fixture
def unknown(caller):
    """A shipment that was booked, as nobody here knows."""
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)
    return stored_shipments(caller)[0]


def test_a_shipment_of_unknown_outcome_is_cancelled_once_it_is_known(caller, unknown):
    is_done = cancel(unknown.id, caller.context)

    assert not is_done
    assert statuses(caller) == [ParcelStatus.CANCELLING]
    assert [is_cancelled for _, _, is_cancelled in booked(caller)] == [False]

    run_jobs(caller, timedelta(minutes=2))

    assert states(caller) == [State.CANCELLED]
    assert [is_cancelled for _, _, is_cancelled in booked(caller)] == [True]


def test_a_shipment_of_unknown_outcome_is_cancelled_for_one_who_asks(caller, unknown):
    cancel(unknown.id, caller.context)

    with pytest.raises(Conflict, match="already being cancelled"):
        cancel(unknown.id, caller.context)


def test_what_turns_out_never_to_have_been_booked_has_failed_and_is_not_cancelled(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_BEFORE)
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)
    cancel(stored_shipments(caller)[0].id, caller.context)

    run_jobs(caller, timedelta(minutes=2))

    assert states(caller) == [State.ABANDONED]
    assert statuses(caller) == [ParcelStatus.ANNOUNCEMENT_FAILED]
    assert booked(caller) == []


def test_a_shipment_in_the_queue_is_taken_out_of_it(caller):
    queued = queue_parcels(letter(), caller.context)

    is_done = cancel(queued.id, caller.context)

    run_jobs(caller, timedelta(minutes=2))
    assert is_done
    assert states(caller) == [State.ABANDONED]
    assert statuses(caller) == [ParcelStatus.CANCELLED]
    assert booked(caller) == []


def test_a_shipment_that_was_taken_out_of_the_queue_is_cancelled(caller):
    queued = queue_parcels(letter(), caller.context)
    cancel(queued.id, caller.context)

    with pytest.raises(Conflict, match="already being cancelled"):
        cancel(queued.id, caller.context)


def test_a_shipment_that_is_being_announced_is_cancelled_afterwards(tmp_path):
    asked = []
    carrier = ScriptedSandbox(tmp_path, after=lambda booking: asked.append(cancel(booking.reference, ours.context)))
    ours = a_caller(an_installation(tmp_path, carriers=[carrier]))

    ship_parcels(letter(), ours.context)

    assert asked == [False]
    run_jobs(ours, timedelta(minutes=2))
    assert states(ours) == [State.CANCELLED]
    assert [is_cancelled for _, _, is_cancelled in booked(ours)] == [True]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (ParcelStatus.DELIVERED, "cannot be cancelled any more: Delivered"),
        (ParcelStatus.SORTED, "because Sendcloud has it already: Sorted"),
        (ParcelStatus.AWAITING_CUSTOMER_PICKUP, "has it already"),
    ],
)
def test_a_parcel_on_its_way_is_not_cancelled(caller, status, says):
    shipment = ship(caller, LETTER)
    with caller.installation.database.write() as transaction:
        set_parcel_status(transaction, 1, shipment.parcels[0].id, status, NOW)

    with pytest.raises(Conflict, match=says):
        cancel(shipment.id, caller.context)

    assert states(caller) == [State.STORED]
    assert [is_cancelled for _, _, is_cancelled in booked(caller)] == [False]


@pytest.mark.parametrize(("late", "is_done"), [(timedelta(0), True), (timedelta(seconds=1), False)])
def test_a_shipment_can_be_cancelled_for_42_days(caller, late, is_done):
    shipment = ship(caller, LETTER)
    context = at(caller, timedelta(days=42) + late)

    with nullcontext() if is_done else pytest.raises(Conflict, match="more than 42 days ago"):
        cancel(shipment.id, context)

    assert [is_cancelled for _, _, is_cancelled in booked(caller)] == [is_done]


def test_an_unknown_shipment_is_not_found(caller):
    with pytest.raises(NotFound, match=r"^Not found$"):
        cancel("no-such-shipment", caller.context)


def test_a_shipment_of_another_account_is_not_found(caller):
    shipment = ship(caller)
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    with pytest.raises(NotFound, match=r"^Not found$"):
        cancel(shipment.id, stranger.context)

    assert states(caller) == [State.STORED]
    assert [is_cancelled for _, _, is_cancelled in booked(caller)] == [False]


def test_a_carrier_that_does_not_take_it_back_decides(tmp_path):
    caller = a_caller(an_installation(tmp_path, carriers=[SandboxCarrier(tmp_path), Forgetful(cancels=False)]))
    caller.store(an_order())
    shipment = ship(caller, "forgetful:parcel")

    with pytest.raises(Conflict, match="Forgetful does not take this shipment back"):
        cancel(shipment.id, caller.context)

    assert states(caller) == [State.STORED]
    assert statuses(caller) == [ParcelStatus.READY_TO_SEND]


class Hesitant(SandboxCarrier):
    """The sandbox, during whose cancelling something else happens."""

    def __init__(self, folder):
        super().__init__(folder)
        self.meanwhile = [lambda: None]

    def cancel(self, booking):
        self.meanwhile.pop()()
        return super().cancel(booking)


def test_of_two_that_cancel_at_once_one_is_told_so(tmp_path):
    carrier = Hesitant(tmp_path)
    caller = a_caller(an_installation(tmp_path, carriers=[carrier, PostNL(tmp_path)]))
    caller.store(an_order())
    shipment = ship(caller)
    told = []

    def cancel_too():
        with pytest.raises(Conflict) as error:
            cancel(shipment.id, caller.context)
        told.append(error.value.message)

    carrier.meanwhile.append(cancel_too)

    cancel(shipment.id, caller.context)

    assert told == ["This shipment is already being cancelled."]
    assert states(caller) == [State.CANCELLED]


class Dying(SandboxCarrier):
    """The sandbox, and a process that dies when it has just cancelled."""

    deaths = 1

    def cancel(self, booking):
        agrees = super().cancel(booking)
        if self.deaths:
            self.deaths -= 1
            raise KeyboardInterrupt
        return agrees


def test_a_death_between_the_carriers_yes_and_ours_is_made_good_at_the_next_start(tmp_path):
    caller = a_caller(an_installation(tmp_path, carriers=[Dying(tmp_path), PostNL(tmp_path)]))
    caller.store(an_order())
    shipment = ship(caller)
    with pytest.raises(KeyboardInterrupt):
        cancel(shipment.id, caller.context)
    assert states(caller) == [State.CANCELLING]

    reconcile(caller.installation)

    assert states(caller) == [State.CANCELLED]
    assert statuses(caller) == [ParcelStatus.CANCELLED]
    assert caller.ship().status_code == 201


class Silent(SandboxCarrier):
    """The sandbox, which does not answer the first time it is asked to cancel."""

    takes_back = True

    def __init__(self, folder):
        super().__init__(folder)
        self.mistakes = [CarrierUnavailable("The line is down.")]

    def cancel(self, booking):
        if self.mistakes:
            raise self.mistakes.pop()
        return self.takes_back and super().cancel(booking)


@pytest.fixture
def silent(tmp_path):
    """A caller whose carrier does not answer, with a shipment."""
    caller = a_caller(an_installation(tmp_path, carriers=[Silent(tmp_path), PostNL(tmp_path)]))
    caller.store(an_order())
    ship(caller)
    return caller


@pytest.mark.parametrize("mistake", [CarrierUnavailable(), CarrierOutcomeUnknown()])
def test_a_carrier_that_does_not_answer_is_asked_again_and_again_for_14_days(silent, mistake):
    silent.sandbox.mistakes = [mistake] * 80
    (shipment,) = stored_shipments(silent)

    is_done = cancel(shipment.id, silent.context)
    for hours in range(13 * 24):
        run_jobs(silent, timedelta(hours=hours))
    tried = 80 - len(silent.sandbox.mistakes)
    run_jobs(silent, timedelta(days=30))

    assert not is_done
    assert 60 < tried < 80
    assert states(silent) == [State.CANCELLING]
    assert statuses(silent) == [ParcelStatus.CANCELLING]


def test_while_nobody_knows_whether_it_is_cancelled_there_is_no_label_and_no_other_one(silent):
    silent.sandbox.mistakes = [CarrierUnavailable()] * 2
    (shipment,) = stored_shipments(silent)
    cancel(shipment.id, silent.context)

    label = silent.client.get(f"/api/v3/parcels/{shipment.parcels[0].id}/documents/label")
    repeated = silent.ship()

    assert label.status_code == 404
    assert repeated.status_code == 400
    assert len(booked(silent)) == 1


def test_a_carrier_that_answers_later_has_cancelled_it_then(silent):
    (shipment,) = stored_shipments(silent)
    cancel(shipment.id, silent.context)

    run_jobs(silent, timedelta(minutes=1))

    assert states(silent) == [State.CANCELLED]
    assert statuses(silent) == [ParcelStatus.CANCELLED]
    assert [is_cancelled for _, _, is_cancelled in booked(silent)] == [True]
    assert silent.ship().status_code == 201


def test_a_carrier_that_says_no_later_leaves_the_label_alive(silent):
    (shipment,) = stored_shipments(silent)
    cancel(shipment.id, silent.context)
    silent.sandbox.takes_back = False

    run_jobs(silent, timedelta(minutes=1))

    assert states(silent) == [State.STORED]
    assert statuses(silent) == [ParcelStatus.CANCELLATION_FAILED]
    assert silent.client.get(f"/api/v3/parcels/{shipment.parcels[0].id}/documents/label").status_code == 200
    assert silent.ship().json()["errors"][0]["code"] == "validation_error"


class Unreachable(Dying):
    """The same, and after the death nobody answers any more."""

    def cancel(self, booking):
        if not self.deaths:
            raise CarrierUnavailable
        return super().cancel(booking)


def cancelled_while_dying(folder, carrier):
    """A caller whose process died between the carrier's yes and ours, and the shipment."""
    caller = a_caller(an_installation(folder, carriers=[carrier, PostNL(folder)]))
    caller.store(an_order())
    shipment = ship(caller)
    with pytest.raises(KeyboardInterrupt):
        cancel(shipment.id, caller.context)
    return caller, shipment


def test_a_carrier_that_cannot_be_asked_again_does_not_bring_a_cancelled_label_back(tmp_path):
    caller, _ = cancelled_while_dying(tmp_path, Unreachable(tmp_path))

    reconcile(caller.installation)

    assert states(caller) == [State.CANCELLING]
    assert statuses(caller) == [ParcelStatus.CANCELLING]


def test_while_it_is_being_cancelled_the_label_is_not_given_out(tmp_path):
    caller, shipment = cancelled_while_dying(tmp_path, Dying(tmp_path))

    label = caller.client.get(f"/api/v3/parcels/{shipment.parcels[0].id}/documents/label")

    assert label.status_code == 404


def test_a_cancellation_that_was_left_behind_is_finished_by_who_asks_again(tmp_path):
    caller, shipment = cancelled_while_dying(tmp_path, Dying(tmp_path))
    later = replace(caller.installation, clock=lambda: NOW + LEASE + timedelta(seconds=1))

    cancel(shipment.id, replace(caller.context, installation=later))

    assert states(caller) == [State.CANCELLED]
