"""A stored order is given another document: what to look at is found anew, and nobody's change gets lost."""

from kolli.errors import Conflict
from kolli.operations.context import Context, Write
from kolli.operations.foresee import foresee
from kolli.orders.model import Document, Order
from kolli.orders.queries import update_order
from kolli.shipments.attempts import ASKING, State, find_live, order_key

BEING_ANNOUNCED = ASKING | {State.QUEUED}
"""The states of an attempt in which a carrier hears of the order as it is, at this moment."""


def store_change(
    order: Order, document: Document, context: Context, write: Write, *, refuse_while_announced: bool = False
) -> None:
    """Stores what a change has made of an order as it was read; `write` opens the transaction.

    Conflict, and nothing changed, when somebody else has changed it since; Conflict with the field `standing`, where
    that is wished for, while it is being announced or its label taken back.
    """
    with context.database.read() as transaction:
        (warnings,) = foresee(transaction, [document], context)
    with write() as transaction:
        if refuse_while_announced:
            key = order_key(order.integration_id, order.order_id)
            live = find_live(transaction, context.account_id, key)
            if live is not None and live.state in BEING_ANNOUNCED:
                raise Conflict(
                    "This order is being announced at this moment. Wait until it is done, and save it again.",
                    field="standing",
                )
        if not update_order(transaction, context.account_id, order, document, context.now(), warnings=warnings):
            raise Conflict
