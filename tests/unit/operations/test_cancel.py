"""A shipment is taken back once, and only where there is something to take back."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.errors import CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable, Conflict, NotFound
from kolli.operations.cancel import cancel
from kolli.operations.reconcile import reconcile
from kolli.shipments.attempts import LEFT_BEHIND_AFTER, State
from kolli.shipments.model import ParcelStatus
from tests.factories import NOW, a_caller, an_installation, an_order
from tests.unit.operations.scripted_carriers import Forgetful
from tests.unit.operations.what_is_stored import LETTER, POST, booked, ship, states, stored_shipments


@pytest.fixture
def caller(installation):
    caller = a_caller(installation)
    caller.store(an_order())
    return caller


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


def test_a_shipment_of_unknown_outcome_cannot_be_cancelled(caller):
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller)

    with pytest.raises(Conflict, match="has no label"):
        cancel(stored_shipments(caller)[0].id, caller.context)

    assert [is_cancelled for _, _, is_cancelled in booked(caller)] == [False]


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
    """The sandbox, with a mistake of its own to make when it is asked to cancel."""

    mistake = CarrierUnavailable("The line is down.")

    def cancel(self, booking):
        raise self.mistake


def test_a_carrier_that_cannot_be_asked_leaves_the_label_alive(tmp_path):
    caller = a_caller(an_installation(tmp_path, carriers=[Silent(tmp_path), PostNL(tmp_path)]))
    caller.store(an_order())
    shipment = ship(caller)

    with pytest.raises(Conflict, match="The line is down"):
        cancel(shipment.id, caller.context)

    assert states(caller) == [State.STORED]
    assert caller.ship().json()["errors"][0]["code"] == "validation_error"


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
    later = replace(caller.installation, clock=lambda: NOW + LEFT_BEHIND_AFTER + timedelta(seconds=1))

    cancel(shipment.id, replace(caller.context, installation=later))

    assert states(caller) == [State.CANCELLED]
