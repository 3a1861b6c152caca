"""In which ways an order can be shipped now: the options that take it, cheapest first, and those that do not."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.account.sender_addresses import find_sender_address
from kolli.errors import KolliError
from kolli.operations.boxes import pack
from kolli.operations.context import Context
from kolli.operations.offer import Refusal, Wish, find_offers
from kolli.operations.quote import Ends, Parcel
from kolli.orders.model import Order
from kolli.values import Money


@dataclass(frozen=True)
class Way:
    """A shipping option that takes an order, and what that costs as far as the account's rates say."""

    code: str
    title: str
    carrier_name: str
    is_live: bool
    price: Money | None


@dataclass(frozen=True)
class Ways:
    """The options that take an order, those that nobody knows the price of last, and those that do not take it."""

    offered: Sequence[Way] = ()
    refused: Sequence[Refusal] = ()


def ways_of(transaction: Connection, order: Order, context: Context) -> Ways:
    """Every option of the account for an order, under the contracts that are used when nobody names one."""
    recipient, sender = order.shipping_address, find_sender_address(transaction, context.account_id, None)
    if recipient is None or sender is None:
        return Ways()
    parcels = [
        Parcel(box.parcel.weight, box.parcel.dimensions) for box in pack(order, (), context.account.default_weight)
    ]
    catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
    ends = Ends(sender.address.country_code, recipient.country_code, recipient.postal_code)
    wish = Wish(ends.sender_country, ends.recipient_country, ends.recipient_postal_code, parcels)
    try:
        found = find_offers(transaction, context.account_id, catalogue, wish)
    except KolliError:  # such as a default contract that is gone: shipping says so itself
        return Ways()
    offered = []
    for carrier, option, contract in found.offered:
        if option.needs_service_point and not order.has_service_point:
            continue
        quote = catalogue.quote(option, contract.id if contract else None, ends, found.load)
        price = Money(quote.total, quote.currency) if quote else None
        offered.append(Way(option.code, option.title, carrier.name, bool(contract and contract.is_live), price))
    return Ways(sorted(offered, key=_by_price), found.refused)


def _by_price(way: Way) -> tuple[bool, object, str]:
    return way.price is None, way.price.value if way.price else 0, way.title
