"""An order becomes an announced shipment: see that it has none, decide how to ship it, announce it."""

from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.account.integrations import known_integrations
from kolli.errors import Impossible, Invalid, NotFound
from kolli.operations.announce import announce
from kolli.operations.context import Context
from kolli.operations.decide import Choice, decide
from kolli.operations.print_labels import check_label
from kolli.operations.reconcile import refuse_repeat
from kolli.orders.model import Order
from kolli.orders.queries import find_by_order_id, find_by_order_number
from kolli.shipments.attempts import find_live, order_key
from kolli.shipments.model import Shipment


@dataclass(frozen=True)
class ShipOrder:
    """Which order somebody wants shipped, and what they have chosen about how."""

    integration_id: int
    choice: Choice
    order_id: str | None = None  # the shop's
    order_number: str | None = None


def ship_order(wanted: ShipOrder, context: Context) -> Shipment:
    """Ships an order and gives the announced shipment.

    Raises an error with a `field` for everything that can be refused, before anything is stored and anybody is called;
    AlreadyShipped when the order has a live shipment and the account does not allow another.
    """
    account = context.account
    with context.database.read() as transaction:
        order = _order(transaction, wanted, account.id)
        live = find_live(transaction, account.id, order_key(order.integration_id, order.order_id))
        if live is None or account.repeat_labels == "allowed":
            live, decision = None, decide(transaction, order, wanted.choice, context)
    if live is not None:
        refuse_repeat(live, context)
        return ship_order(wanted, context)  # nothing had been booked after all
    check_label(decision.draft, context)
    return announce(decision, context)


def _order(transaction: Connection, wanted: ShipOrder, account_id: int) -> Order:
    """The one order that both selectors agree on; the order's id decides where both are given."""
    if wanted.order_id is not None:
        field, value = "order_id", wanted.order_id
        found = find_by_order_id(transaction, account_id, wanted.integration_id, value)
    else:
        field, value = "order_number", wanted.order_number or ""
        found = find_by_order_number(transaction, account_id, wanted.integration_id, value)
    if wanted.order_id is not None and wanted.order_number is not None:
        found = [order for order in found if order.order_number.lower() == wanted.order_number.lower()]
    if len(found) == 1:
        return found[0]
    if not known_integrations(transaction, account_id, [wanted.integration_id]):
        raise Invalid(f"Integration with id {wanted.integration_id} does not exist", field="integration_id")
    if not found:
        raise NotFound("The order could not be found with the search criteria given", field=field)
    raise Impossible(
        f"{len(found)} orders of this integration have the {field} {value!r}. Name one by its order_id.", field=field
    )
