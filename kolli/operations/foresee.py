"""What will stand in the way of orders that arrive, as far as it can be told before anybody ships them."""

from collections.abc import Sequence

from sqlalchemy import Connection

from kolli.account.sender_addresses import find_sender_address
from kolli.addresses import USUAL_LIMITS
from kolli.carriers.base import LimitsAddresses
from kolli.operations.catalogue import Catalogue
from kolli.operations.context import Context
from kolli.orders.model import Document, Order
from kolli.orders.warnings import Expectation, OrderWarning, warnings_of


def foresee(transaction: Connection, documents: Sequence[Document], context: Context) -> list[tuple[OrderWarning, ...]]:
    """The warnings of each order, for the shipping option that it or the account names; else for usual carriers.

    A rule may choose another one when the order is shipped; everything is checked again then.
    """
    catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
    sender = find_sender_address(transaction, context.account_id, None)
    country = sender.address.country_code if sender else None
    now = context.now()
    orders = [Order(0, 0, now, now, 0, document) for document in documents]
    return [warnings_of(order, _expected(order, country, catalogue, context)) for order in orders]


def expected_of(transaction: Connection, order: Order, context: Context) -> Expectation:
    """What is expected about the way one order will be shipped, such as how much room its address has."""
    catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
    sender = find_sender_address(transaction, context.account_id, None)
    return _expected(order, sender.address.country_code if sender else None, catalogue, context)


def _expected(order: Order, sender_country: str | None, catalogue: Catalogue, context: Context) -> Expectation:
    code = order.ship_with.shipping_option_code or context.account.default_shipping_option_code
    found = catalogue.find_option(code) if code else None
    carrier = found[0] if found and isinstance(found[0], LimitsAddresses) else None
    return Expectation(
        carrier.address_limits if carrier else USUAL_LIMITS,
        found[0].name if found and carrier else "",
        sender_country,
        has_default_weight=context.account.default_weight is not None,
    )
