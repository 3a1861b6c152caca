"""How an order is to be shipped: what the request, the order and the account say about it, in that sequence."""

from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.account.brands import Brand, find_brand
from kolli.account.contracts import Contract, find_contract, find_default_contract, find_number_range
from kolli.account.sender_addresses import SenderAddress, find_sender_address
from kolli.carriers.base import Carrier, ShippingOption
from kolli.errors import DoesNotExist, Impossible, Invalid, Missing
from kolli.operations.announce import Decision
from kolli.operations.context import Context
from kolli.orders.model import Order, ShipWith
from kolli.shipments.model import Box, Draft
from kolli.values import COUNTRY_CODES, Address, Weight, crosses_customs_border

LEFT_OPEN = ShipWith()


@dataclass(frozen=True)
class Choice:
    """What a caller has chosen about the way an order is shipped. What they leave open is decided here."""

    ship_with: ShipWith = LEFT_OPEN
    sender_address_id: int | None = None
    brand_id: int | None = None


def decide(transaction: Connection, order: Order, choice: Choice, context: Context) -> Decision:
    """A complete draft for the whole order in one box; an error with a `field` when the order cannot be shipped so."""
    account_id = context.account_id
    sender = _sender(transaction, choice, account_id)
    brand = _brand(transaction, choice, sender, account_id)
    recipient = order.shipping_address
    if recipient is None:
        raise Impossible("The order has no valid shipping address.", field="order")
    if not any(item.quantity > 0 for item in order.items):
        raise Impossible("The order has no items. Add what is to be shipped.", field="order")
    weight = _weight(order, context)
    carrier, option, contract_id = _option(choice, order, context)
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
    number_range = find_number_range(transaction, account_id, contract) if contract else None
    return Decision(draft, contract, number_range)


def _sender(transaction: Connection, choice: Choice, account_id: int) -> SenderAddress:
    sender = find_sender_address(transaction, account_id, choice.sender_address_id)
    if sender is not None:
        return sender
    if choice.sender_address_id is not None:
        raise DoesNotExist(field="sender_address_id")
    raise Missing(
        "This field is required, because the account has no default sender address.", field="sender_address_id"
    )


def _brand(transaction: Connection, choice: Choice, sender: SenderAddress, account_id: int) -> Brand | None:
    brand = find_brand(transaction, account_id, choice.brand_id if choice.brand_id is not None else sender.brand_id)
    if brand is None and choice.brand_id is not None:
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


def _option(choice: Choice, order: Order, context: Context) -> tuple[Carrier, ShippingOption, int | None]:
    """The first option that somebody has chosen: the request, the order, the account."""
    default = ShipWith(context.account.default_shipping_option_code)
    chosen = next((w for w in (choice.ship_with, order.ship_with, default) if w.shipping_option_code), None)
    if chosen is None or chosen.shipping_option_code is None:
        raise Missing(
            "This field is required, because neither the order nor the account names a shipping option.",
            field="shipping_option_code",
        )
    found = context.installation.carriers.find_option(chosen.shipping_option_code)
    if found is None:
        raise Impossible(f"There is no shipping option {chosen.shipping_option_code!r}.", field="shipping_option_code")
    # A contract that the request names without an option belongs to whatever option is chosen elsewhere.
    contract_id = choice.ship_with.contract_id if choice.ship_with.contract_id is not None else chosen.contract_id
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
