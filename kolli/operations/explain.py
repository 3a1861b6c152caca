"""Which shipment somebody means: by its own id, by a tracking number, or by its order."""

from sqlalchemy import Connection

from kolli.errors import NotFound
from kolli.operations.context import Context
from kolli.orders.queries import LARGEST_NUMBER, find_any_by_order_id
from kolli.shipments.lists import Filters, Page, list_shipments
from kolli.shipments.model import Shipment
from kolli.shipments.queries import find_newest_of_order, find_shipment
from kolli.shipments.tracked import find_parcels


def find_meant(transaction: Connection, text: str, context: Context) -> Shipment:
    """The account's newest shipment that this names: a shipment's id, a tracking number, an order's number or id.

    NotFound when it names none.
    """
    account_id = context.account_id
    found = find_shipment(transaction, account_id, text.lower())
    if found is None:
        found = next((shipment for shipment, _ in find_parcels(transaction, account_id, [text])), None)
    if found is None:
        listed = list_shipments(transaction, account_id, Filters(order_number=text), Page(1)).shipments
        found = listed[0][0] if listed else None
    if found is None:
        ids = [order.id for order in find_any_by_order_id(transaction, account_id, text)]
        if text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_NUMBER:
            ids.append(int(text))
        of_orders = (find_newest_of_order(transaction, account_id, order_pk) for order_pk in ids)
        found = next((shipment for shipment in of_orders if shipment is not None), None)
    if found is None:
        raise NotFound(
            f"Nothing was shipped that {text[:100]!r} names. Name a shipment by its id or its tracking number, or an"
            " order by its number or its id."
        )
    return found
