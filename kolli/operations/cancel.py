"""A shipment is taken back, so that its order can be shipped again."""

from dataclasses import replace

from kolli.account.contracts import Contract
from kolli.errors import CarrierError, CarrierOutcomeUnknown, Conflict
from kolli.operations.announce import booking_of, contract_of
from kolli.operations.context import Context, Installation
from kolli.shipments.attempts import Attempt, State, get_attempt, move
from kolli.shipments.model import ParcelStatus, Shipment
from kolli.shipments.queries import get_shipment, set_status


def cancel(shipment_id: str, context: Context) -> None:
    """Cancels a shipment at its carrier and then here. NotFound, or Conflict when there is nothing to be taken back.

    That it is being cancelled is on the disk before the carrier is asked, so a death in between is settled later.
    """
    with context.database.read() as transaction:
        shipment = get_shipment(transaction, context.account_id, shipment_id)
        attempt = get_attempt(transaction, context.account_id, shipment_id)
        contract = contract_of(transaction, shipment)
    if attempt.state not in {State.STORED, State.CANCELLING, State.CANCELLED}:
        raise Conflict("This shipment has no label, so there is nothing to cancel.")
    if attempt.state is State.CANCELLING and attempt.is_left_behind(context.now()):
        finish_cancelling(shipment, attempt, contract, context.installation, is_first=False)
        return
    with context.database.write() as transaction:
        if attempt.state is not State.STORED or not move(transaction, attempt, State.CANCELLING, context.now()):
            raise Conflict("This shipment is already being cancelled.")
        set_status(transaction, context.account_id, shipment.id, ParcelStatus.CANCELLING)
    attempt = replace(attempt, state=State.CANCELLING)
    finish_cancelling(shipment, attempt, contract, context.installation, is_first=True)


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
    with installation.database.write() as transaction:
        state, status = (State.STORED, ParcelStatus.READY_TO_SEND)
        if agrees:
            state, status, reason = State.CANCELLED, ParcelStatus.CANCELLED, ""
        if move(transaction, attempt, state, installation.clock(), reason):
            set_status(transaction, shipment.account_id, shipment.id, status)
    if not agrees:
        raise Conflict(reason)
