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
    with context.database.write() as transaction:
        if attempt.state is not State.STORED or not move(transaction, attempt, State.CANCELLING, context.now()):
            raise Conflict("This shipment is already being cancelled.")
    finish_cancelling(shipment, replace(attempt, state=State.CANCELLING), contract, context.installation)


def finish_cancelling(
    shipment: Shipment, attempt: Attempt, contract: Contract | None, installation: Installation
) -> None:
    """Asks the carrier to take a shipment back and stores what it says; Conflict when that is not a yes.

    Asking twice is harmless: a carrier says yes again to what it has taken back already.
    """
    carrier = installation.carriers.get(shipment.draft.carrier_code)
    try:
        agrees = carrier.cancel(booking_of(shipment, contract))
        reason = f"{carrier.name} does not take this shipment back."
    except CarrierOutcomeUnknown as error:
        raise Conflict(f"Whether {carrier.name} has cancelled this shipment is being looked into.") from error
    except CarrierError as error:
        agrees, reason = False, error.message
    with installation.database.write() as transaction:
        if not agrees:
            move(transaction, attempt, State.STORED, installation.clock(), reason)
        elif move(transaction, attempt, State.CANCELLED, installation.clock()):
            set_status(transaction, shipment.account_id, shipment.id, ParcelStatus.CANCELLED)
    if not agrees:
        raise Conflict(reason)
