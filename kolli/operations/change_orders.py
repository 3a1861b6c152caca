"""A stored order is given another document: what to look at is found anew, and nobody's change gets lost."""

from collections.abc import Callable

from sqlalchemy import Connection

from kolli.errors import Conflict
from kolli.operations.context import Context
from kolli.operations.foresee import foresee
from kolli.orders.model import Document, Order
from kolli.orders.queries import update_order
from kolli.shipments.attempts import ASKING, State, find_live, order_key

BEING_ANNOUNCED = ASKING | {State.QUEUED}
"""The states of an attempt in which a carrier hears of the order as it is, at this moment."""


Note = Callable[[Connection], None]
"""What is written down with a change, in its transaction, such as a line in the audit trail."""


def store_change(
    order: Order,
    document: Document,
    context: Context,
    *,
    note: Note | None = None,
    refuse_while_announced: bool = False,
) -> bool:
    """Stores what a change has made of an order as it was read, if nobody has changed it since; says whether it has.

    Conflict, where that is wished for, while it is being announced or its label taken back: nothing is changed then.
    """
    with context.database.read() as transaction:
        (warnings,) = foresee(transaction, [document], context)
    with context.write() as transaction:
        if refuse_while_announced:
            _check_is_not_announced(transaction, order, context)
        is_stored = update_order(transaction, context.account_id, order, document, context.now(), warnings=warnings)
        if is_stored and note is not None:
            note(transaction)
    return is_stored


def _check_is_not_announced(transaction: Connection, order: Order, context: Context) -> None:
    live = find_live(transaction, context.account_id, order_key(order.integration_id, order.order_id))
    if live is not None and live.state in BEING_ANNOUNCED:
        raise Conflict("This order is being announced at this moment. Wait until it is done, and save it again.")
