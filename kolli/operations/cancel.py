"""A shipment is taken back, so that its order can be shipped again."""

from dataclasses import replace

from kolli.account.contracts import Contract
from kolli.errors import CarrierError, CarrierOutcomeUnknown, Conflict
from kolli.operations.announce import booking_of, contract_of
from kolli.operations.context import Context, Installation
from kolli.operations.track import set_status_of_all
from kolli.shipments.attempts import Attempt, State, get_attempt, move
from kolli.shipments.model import ParcelStatus, Shipment
from kolli.shipments.queries import get_shipment, release_reference
from kolli.shipments.tracking import Event

ALREADY = "This shipment is already being cancelled."
BEING_ANNOUNCED = "This shipment is being announced at this moment. Cancel it when it has a label."


def cancel(shipment_id: str, context: Context) -> None:
    """Cancels a shipment at its carrier and then here. NotFound, or Conflict when there is nothing to be taken back.

    That it is being cancelled is on the disk before the carrier is asked, so a death in between is settled later.
    """
    with context.database.read() as transaction:
        shipment = get_shipment(transaction, context.account_id, shipment_id)
        attempt = get_attempt(transaction, context.account_id, shipment_id)
        contract = contract_of(transaction, shipment)
    is_first = attempt.state is State.STORED
    if attempt.state is State.QUEUED:
        _take_out_of_the_queue(shipment, attempt, context)
        return
    if is_first:
        attempt = _intend(shipment, attempt, context)
    elif attempt.state not in {State.CANCELLING, State.CANCELLED}:
        raise Conflict("This shipment has no label, so there is nothing to cancel.")
    elif not attempt.is_left_behind(context.now()):
        raise Conflict(ALREADY)
    finish_cancelling(shipment, attempt, contract, context.installation, is_first=is_first)


def _take_out_of_the_queue(shipment: Shipment, attempt: Attempt, context: Context) -> None:
    """Abandons a shipment that no carrier has heard of; Conflict when a worker has just taken it up."""
    now = context.now()
    with context.database.write() as transaction:
        if not move(transaction, attempt, State.ABANDONED, now, "Cancelled before it was announced."):
            raise Conflict(BEING_ANNOUNCED)
        release_reference(transaction, shipment.account_id, shipment.id)
        set_status_of_all(transaction, shipment, Event(ParcelStatus.CANCELLED, now, "kolli"), now)


def _intend(shipment: Shipment, attempt: Attempt, context: Context) -> Attempt:
    """Writes down that an attempt is being cancelled; Conflict when somebody else was faster."""
    now = context.now()
    with context.database.write() as transaction:
        if not move(transaction, attempt, State.CANCELLING, now):
            raise Conflict(ALREADY)
        set_status_of_all(transaction, shipment, Event(ParcelStatus.CANCELLING, now, "kolli"), now)
    return replace(attempt, state=State.CANCELLING)


def finish_cancelling(
    shipment: Shipment, attempt: Attempt, contract: Contract | None, installation: Installation, *, is_first: bool
) -> None:
    """Asks the carrier to take a shipment back and stores what it says; Conflict when that is not a yes.

    Asking twice is harmless: a carrier says yes again to what it has taken back already. That it cannot be asked now
    is a no the first time only; after that it says nothing about what became of the first time.
    """
    carrier = installation.carriers.get(shipment.draft.carrier_code)
    try:
        agrees = carrier.cancel(booking_of(shipment, contract))
        reason = f"{carrier.name} does not take this shipment back."
    except CarrierError as error:
        if not is_first or isinstance(error, CarrierOutcomeUnknown):
            raise Conflict(f"Whether {carrier.name} has cancelled this shipment is being looked into.") from error
        agrees, reason = False, f"{carrier.name} could not be asked to take this shipment back. {error.message}"
    yes, no = (State.CANCELLED, ParcelStatus.CANCELLED), (State.STORED, ParcelStatus.READY_TO_SEND)
    state, status = yes if agrees else no
    now = installation.clock()
    with installation.database.write() as transaction:
        if move(transaction, attempt, state, now, "" if agrees else reason):
            event = Event(status, now, "kolli", "" if agrees else reason)
            set_status_of_all(transaction, shipment, event, now)
    if not agrees:
        raise Conflict(reason)
