"""An order becomes an announced shipment: decide how to ship it, see that its label can be drawn, announce it."""

from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.account.brands import Brand, find_brand
from kolli.account.contracts import Contract, find_contract, find_default_contract
from kolli.account.integrations import known_integrations
from kolli.account.sender_addresses import SenderAddress, find_sender_address
from kolli.carriers.base import Carrier, ShippingOption
from kolli.errors import DoesNotExist, Impossible, Invalid, Missing, NotFound
from kolli.operations.announce import announce
from kolli.operations.context import Context
from kolli.operations.print_labels import check_label
from kolli.operations.reconcile import refuse_repeat
from kolli.orders.model import Order, ShipWith
from kolli.orders.queries import find_by_order_id, find_by_order_number
from kolli.shipments.model import Box, Draft, Shipment
from kolli.values import COUNTRY_CODES, Address, Weight, crosses_customs_border

LEFT_OPEN = ShipWith()


@dataclass(frozen=True)
class ShipOrder:
    """What somebody wants shipped, and how, as far as they say. What they leave open is decided here."""

    integration_id: int
    order_id: str | None = None  # the shop's
    order_number: str | None = None
    ship_with: ShipWith = LEFT_OPEN
    sender_address_id: int | None = None
    brand_id: int | None = None
    apply_shipping_rules: bool = False


def ship_order(wanted: ShipOrder, context: Context) -> Shipment:
    """Ships an order and gives the announced shipment.

    Raises an error with a `field` for everything that can be refused, before anything is stored and anybody is called;
    AlreadyShipped when the order has a live shipment and the account does not allow another.
    """
    with context.database.read() as transaction:
        draft, contract = _draft(transaction, wanted, context)
    refuse_repeat(draft.order_id, context)
    check_label(draft, context)
    return announce(draft, contract, context)


def _draft(transaction: Connection, wanted: ShipOrder, context: Context) -> tuple[Draft, Contract | None]:
    account_id = context.account_id
    order = _order(transaction, wanted, account_id)
    sender = _sender(transaction, wanted, account_id)
    brand = _brand(transaction, wanted, sender, account_id)
    recipient = order.shipping_address
    if recipient is None:
        raise Impossible("The order has no valid shipping address.", field="order")
    if not any(item.quantity > 0 for item in order.items):
        raise Impossible("The order has no items. Add what is to be shipped.", field="order")
    weight = _weight(order, context)
    carrier, option, contract_id = _option(wanted, order, context)
    _check_route(option, sender.address, recipient, weight)
    _check_requirements(option, order, recipient)
    _check_customs(order, sender.address, recipient)
    contract = _contract(transaction, contract_id, carrier, account_id)
    draft = Draft(
        sender=sender.address,
        recipient=recipient,
        carrier_code=carrier.code,
        carrier_name=carrier.name,
        shipping_option_code=option.code,
        shipping_option_name=option.name,
        contract_id=contract.id if contract else None,
        is_live=bool(contract and contract.is_live),
        boxes=(Box(weight, order.dimensions),),
        shipped_on=context.now().date(),
        tracking_base=context.installation.public_url,
        integration_id=order.integration_id,
        order_id=order.id,
        shop_order_id=order.order_id,
        order_number=order.order_number,
        order_revision=order.revision,
        reference=order.order_id,
        sender_address_id=sender.id,
        brand_id=brand.id if brand else None,
        brand_name=brand.name if brand else "",
        logo_sha256=brand.logo_sha256 if brand else None,
    )
    return draft, contract


def _order(transaction: Connection, wanted: ShipOrder, account_id: int) -> Order:
    """The one order that both selectors agree on; the order's id decides where both are given."""
    if not known_integrations(transaction, account_id, [wanted.integration_id]):
        raise Invalid(f"Integration with id {wanted.integration_id} does not exist", field="integration_id")
    if wanted.order_id is not None:
        field, value = "order_id", wanted.order_id
        found = find_by_order_id(transaction, account_id, wanted.integration_id, value)
    else:
        field, value = "order_number", wanted.order_number or ""
        found = find_by_order_number(transaction, account_id, wanted.integration_id, value)
    if wanted.order_id is not None and wanted.order_number is not None:
        found = [order for order in found if order.order_number.lower() == wanted.order_number.lower()]
    if not found:
        raise NotFound("The order could not be found with the search criteria given", field=field)
    if len(found) > 1:
        raise Impossible(
            f"{len(found)} orders of this integration have the {field} {value!r}. Name one by its order_id.",
            field=field,
        )
    return found[0]


def _sender(transaction: Connection, wanted: ShipOrder, account_id: int) -> SenderAddress:
    sender = find_sender_address(transaction, account_id, wanted.sender_address_id)
    if sender is not None:
        return sender
    if wanted.sender_address_id is not None:
        raise DoesNotExist(field="sender_address_id")
    raise Missing(
        "This field is required, because the account has no default sender address.", field="sender_address_id"
    )


def _brand(transaction: Connection, wanted: ShipOrder, sender: SenderAddress, account_id: int) -> Brand | None:
    brand = find_brand(transaction, account_id, wanted.brand_id if wanted.brand_id is not None else sender.brand_id)
    if brand is None and wanted.brand_id is not None:
        raise DoesNotExist(field="brand_id")
    return brand


def _weight(order: Order, context: Context) -> Weight:
    weight = order.weight or context.account.default_weight
    if weight is None:
        raise Missing(
            "The order has no weight. Give it one, or each of its items, or give the account a default weight.",
            field="weight",
        )
    return weight


def _option(wanted: ShipOrder, order: Order, context: Context) -> tuple[Carrier, ShippingOption, int | None]:
    """The first option that somebody has chosen: the request, the order, the account."""
    default = ShipWith(context.account.default_shipping_option_code)
    chosen = next((w for w in (wanted.ship_with, order.ship_with, default) if w.shipping_option_code), None)
    if chosen is None or chosen.shipping_option_code is None:
        raise Missing(
            "This field is required, because neither the order nor the account names a shipping option.",
            field="shipping_option_code",
        )
    found = context.installation.carriers.find_option(chosen.shipping_option_code)
    if found is None:
        raise Impossible(f"There is no shipping option {chosen.shipping_option_code!r}.", field="shipping_option_code")
    # A contract named without an option belongs to whatever option is chosen elsewhere.
    contract_id = chosen.contract_id if chosen.contract_id is not None else wanted.ship_with.contract_id
    return *found, contract_id


def _check_route(option: ShippingOption, sender: Address, recipient: Address, weight: Weight) -> None:
    for address in (sender, recipient):
        if address.country_code not in COUNTRY_CODES:
            raise Impossible(f"{address.country_code!r} is not a country code of ISO 3166-1.", field="order")
    if not (
        (option.countries is None or recipient.country_code in option.countries)
        and (option.from_countries is None or sender.country_code in option.from_countries)
    ):
        raise Impossible(
            "No shipping option could be found for the given country or postal code combination:"
            f" {option.code} does not go from {sender.country_code} to {recipient.country_code}.",
            field="shipping_option_code",
        )
    if weight.grams > option.heaviest.grams or weight.grams <= 0:
        raise Impossible(
            "No shipping option could be found for the given weight and/or dimensions:"
            f" {option.code} takes up to {option.heaviest}, the order weighs {weight}.",
            field="shipping_option_code",
        )


def _check_requirements(option: ShippingOption, order: Order, recipient: Address) -> None:
    given = {
        "email": recipient.email,
        "phone_number": recipient.phone_number,
        "dimensions": order.dimensions,
        "service_point_details": order.has_service_point,
    }
    for requirement in option.requires:
        if not given[requirement]:
            raise Missing(f"This field is required. {option.code} does not go without it.", field=requirement)


def _check_customs(order: Order, sender: Address, recipient: Address) -> None:
    """Goods that cross a customs border must be declared: every item says what it is, weighs and costs, and its origin.

    Source: the API's Shipments section, "parcel items" (2026-07).
    """
    if not crosses_customs_border(sender.country_code, recipient.country_code):
        return
    gaps = [
        f"item {number} ({item.name}) has no {', no '.join(item.undeclared)}"
        for number, item in enumerate(order.items, start=1)
        if item.quantity > 0 and item.undeclared
    ]
    if gaps:
        raise Impossible(
            f"A parcel from {sender.country_code} to {recipient.country_code} crosses a customs border, and"
            f" {'; '.join(gaps[:5])}{' …' if len(gaps) > 5 else ''}.",
            field="order_items",
        )


def _contract(transaction: Connection, contract_id: int | None, carrier: Carrier, account_id: int) -> Contract | None:
    """The named contract, else the account's default one with the carrier; None is the built-in contract."""
    if contract_id is not None:
        contract = find_contract(transaction, account_id, contract_id)
        if contract is None or contract.carrier_code != carrier.code:
            raise Invalid("Invalid contract.", field="contract_id")
        return contract
    contract = find_default_contract(transaction, account_id, carrier.code)
    if contract is None and carrier.needs_contract:
        raise Missing(
            f"This field is required, because the account has no contract with {carrier.name}.", field="contract_id"
        )
    return contract
