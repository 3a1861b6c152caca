"""An order becomes a shipment: find it, see that it has none, decide how to ship it, announce it."""

from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.account.brands import Brand
from kolli.account.contracts import find_number_range
from kolli.account.integrations import known_integrations
from kolli.account.sender_addresses import SenderAddress
from kolli.errors import Impossible, Invalid, NotFound
from kolli.operations.announce import Decision, announce
from kolli.operations.boxes import WantedBox, pack
from kolli.operations.context import Context
from kolli.operations.decide import (
    check_boxes,
    check_customs,
    check_requirements,
    check_route,
    choose_contract,
    choose_option,
    find_brand_for,
    find_sender,
)
from kolli.operations.print_labels import check_label
from kolli.operations.reconcile import refuse_repeat
from kolli.orders.model import Order, ShipWith
from kolli.orders.queries import find_by_order_id, find_by_order_number
from kolli.shipments.attempts import Attempt, find_live, order_key
from kolli.shipments.model import Draft, ServicePoint, Shipment

LEFT_OPEN = ShipWith()


@dataclass(frozen=True)
class Choice:
    """What a caller has chosen about the way an order is shipped. What they leave open is decided here."""

    ship_with: ShipWith = LEFT_OPEN
    sender_address_id: int | None = None
    brand_id: int | None = None
    boxes: tuple[WantedBox, ...] = ()  # none: the whole order in one


@dataclass(frozen=True)
class ShipOrder:
    """Which order somebody wants shipped, and what they have chosen about how."""

    integration_id: int
    choice: Choice
    order_id: str | None = None  # the shop's
    order_number: str | None = None


@dataclass(frozen=True)
class Who:
    """Who sends an order: from where, and under which brand."""

    sender: SenderAddress
    brand: Brand | None


def ship_order(wanted: ShipOrder, context: Context) -> Shipment:
    """Ships an order and gives the announced shipment. Raises like `decided` and `announce`."""
    return announce(decided(wanted, context), context)


def decided(wanted: ShipOrder, context: Context, who: Who | None = None) -> Decision:
    """How an order is to be shipped; nothing is stored yet, and no carrier called. `who` sends it, where that is known.

    Raises an error with a `field` for everything that can be refused; AlreadyShipped when the order has a live shipment
    and the account does not allow another.
    """
    while True:
        with context.database.read() as transaction:
            order = _find_order(transaction, wanted, context.account_id)
            live = _find_hindrance(transaction, order, context)
            if live is None:
                found = who or find_who(transaction, wanted.choice, context.account_id)
                decision = _decide(transaction, order, wanted.choice, found, context)
                break
        refuse_repeat(live, context)  # returns when nothing had been booked after all
    check_label(decision.draft, context)
    return decision


def _find_order(transaction: Connection, wanted: ShipOrder, account_id: int) -> Order:
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
    check_integration(transaction, wanted.integration_id, account_id)
    if not found:
        raise NotFound("The order could not be found with the search criteria given", field=field)
    raise Impossible(
        f"{len(found)} orders of this integration have the {field} {value!r}. Name one by its order_id.", field=field
    )


def check_integration(transaction: Connection, integration_id: int, account_id: int) -> None:
    """Raises Invalid when the account has no such integration."""
    if not known_integrations(transaction, account_id, [integration_id]):
        raise Invalid(f"Integration with id {integration_id} does not exist", field="integration_id")


def find_who(transaction: Connection, choice: Choice, account_id: int) -> Who:
    """Who sends it as somebody has chosen, else as the account says; raises like `find_sender`, `find_brand_for`."""
    sender = find_sender(transaction, account_id, choice.sender_address_id)
    return Who(sender, find_brand_for(transaction, account_id, choice.brand_id, sender))


def _find_hindrance(transaction: Connection, order: Order, context: Context) -> Attempt | None:
    """The live attempt for an order, where the account does not allow another."""
    if context.account.repeat_labels == "allowed":
        return None
    return find_live(transaction, context.account_id, order_key(order.integration_id, order.order_id))


def _decide(transaction: Connection, order: Order, choice: Choice, who: Who, context: Context) -> Decision:
    """A complete draft for an order; an error with a `field` when the order cannot be shipped so."""
    account_id = context.account_id
    sender, brand = who.sender, who.brand
    recipient = order.shipping_address
    if recipient is None:
        raise Impossible("The order has no valid shipping address.", field="order")
    if not any(item.quantity > 0 for item in order.items):
        raise Impossible("The order has no items. Add what is to be shipped.", field="order")
    packed = pack(order, choice.boxes, context.account.default_weight)
    boxes = tuple(each.box for each in packed)
    default = ShipWith(context.account.default_shipping_option_code)
    way = choose_option(context.installation.carriers, (choice.ship_with, order.ship_with, default))
    check_route(way.option, sender.address, recipient)
    check_boxes(way.option, boxes)
    check_requirements(way.option, recipient, boxes, has_service_point=order.has_service_point)
    goods = [[(item.name, item.undeclared) for item in each.items] for each in packed]
    check_customs(sender.address, recipient, goods)
    contract = choose_contract(transaction, account_id, way.carrier, way.contract_id)
    draft = Draft(
        sender=sender.address,
        recipient=recipient,
        carrier_code=way.carrier.code,
        carrier_name=way.carrier.name,
        shipping_option_code=way.option.code,
        shipping_option_name=way.option.name,
        contract_id=contract.id if contract else None,
        is_live=bool(contract and contract.is_live),
        boxes=boxes,
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
        service_point=_service_point(order) if "service_point_details" in way.option.requires else None,
    )
    number_range = find_number_range(transaction, account_id, contract) if contract else None
    return Decision(draft, contract, number_range)


def _service_point(order: Order) -> ServicePoint:
    """Where the buyer collects it, for an option that goes there."""
    point = order.document["service_point_details"]
    return ServicePoint(point.get("id"), point.get("carrier_service_point_id"))
