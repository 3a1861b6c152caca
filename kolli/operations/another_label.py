"""Another label for an order that has one: only on purpose, for a reason, which is kept with it and leads to the first.

It is announced like any other, but past the guard that gives an order one live label.
"""

from dataclasses import replace

from kolli.errors import Impossible, Missing
from kolli.operations.announce import announce
from kolli.operations.context import Context
from kolli.operations.resume import resumed
from kolli.operations.ship_order import Choice, ShipOrder, decided
from kolli.orders.model import Order
from kolli.shipments.attempts import State, list_live, order_key
from kolli.shipments.model import Shipment, Step

BESIDE = "another_label"
"""The field of the step that says beside which shipment another one was made, and why."""

LONGEST_REASON = 200


def ship_another(order: Order, choice: Choice, reason: str, context: Context) -> Shipment:
    """Ships an order once more and gives the new shipment, whose decision says why and beside which one.

    Missing without a reason; Impossible unless the order has a label. Raises like `resumed`, `decided` and `announce`.
    """
    why = " ".join(reason.split())[:LONGEST_REASON]
    if not why:
        raise Missing("Say why another label is needed. The reason is kept with it.", field="reason")
    done = resumed(context)
    if done is not None:
        return done
    with context.database.read() as transaction:
        live = list_live(transaction, context.account_id, order_key(order.integration_id, order.order_id))
    if not live:
        raise Impossible("This order has no label yet, so there can be no other one. Ship it instead.", field="order")
    if any(attempt.state is not State.STORED for attempt in live):  # one that was made beside the first may be
        raise Impossible("It is not settled yet whether this order has a label. Wait until it is.", field="order")
    unguarded = replace(context, account=replace(context.account, repeat_labels="allowed"))
    decision = decided(ShipOrder(order.integration_id, choice, order_id=order.order_id), unguarded)
    step = Step(BESIDE, None, live[0].shipment_id, "request", note=why)
    draft = replace(decision.draft, decision=(*decision.draft.decision, step))
    return announce(replace(decision, draft=draft), unguarded)


def never_twice(context: Context) -> Context:
    """The same with which an order that has a label gets no other one, also where the account's API allows that."""
    return replace(context, account=replace(context.account, repeat_labels="refused"))


def made_beside(shipment: Shipment) -> tuple[str, str] | None:
    """The shipment beside which this one was made on purpose, and why; None when it is an order's usual one."""
    for step in reversed(shipment.draft.decision):
        if step.field == BESIDE and step.after:
            return step.after, step.note
    return None
