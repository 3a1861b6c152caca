"""A shipment is taken back, so that its order can be shipped again."""

from kolli.errors import Conflict
from kolli.operations.announce import booking_of, contract_of
from kolli.operations.context import Context
from kolli.shipments.attempts import State, get_attempt, move
from kolli.shipments.model import ParcelStatus
from kolli.shipments.queries import get_shipment, set_status


def cancel(shipment_id: str, context: Context) -> None:
    """Cancels a shipment at its carrier and then here. NotFound, or Conflict when there is nothing to be taken back."""
    with context.database.read() as transaction:
        shipment = get_shipment(transaction, context.account_id, shipment_id)
        attempt = get_attempt(transaction, context.account_id, shipment_id)
        contract = contract_of(transaction, shipment)
    if attempt.state is State.CANCELLED:
        raise Conflict("This shipment is already being cancelled.")
    if attempt.state is not State.STORED:
        raise Conflict("This shipment has no label, so there is nothing to cancel.")
    carrier = context.installation.carriers.get(shipment.draft.carrier_code)
    if not carrier.cancel(booking_of(shipment, contract)):
        raise Conflict(f"{carrier.name} does not take this shipment back.")
    with context.database.write() as transaction:
        if not move(transaction, attempt, State.CANCELLED, context.now()):
            raise Conflict("This shipment is already being cancelled.")
        set_status(transaction, context.account_id, shipment.id, ParcelStatus.CANCELLED)
