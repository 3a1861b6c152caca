"""An order becomes a shipment: find it, see that it has none, decide how to ship it, announce it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.account.integrations import known_integrations
from kolli.errors import Impossible, Invalid, NotFound
from kolli.operations.announce import Decision, announce
from kolli.operations.boxes import Packed, WantedBox, pack
from kolli.operations.context import Context
from kolli.operations.decide import check_decision, decide
from kolli.operations.goods import check_goods_of_order
from kolli.operations.misbehave import check_is_not_late
from kolli.operations.plans import Origin, Subject, WantedSender, chosen_way, default_way
from kolli.operations.reconcile import refuse_repeat
from kolli.operations.resume import resumed
from kolli.orders.model import Document, Order, ShipWith
from kolli.orders.queries import find_by_order_id, find_by_order_number
from kolli.rules.model import Plan
from kolli.shipments.attempts import Attempt, find_live, order_key
from kolli.shipments.model import ServicePoint, Shipment, Step

LEFT_OPEN = ShipWith()


@dataclass(frozen=True)
class Choice:
    """What a caller has chosen about the way an order is shipped. What they leave open is decided here."""

    ship_with: ShipWith = LEFT_OPEN
    sender_address_id: int | None = None
    brand_id: int | None = None
    boxes: tuple[WantedBox, ...] = ()  # none: the whole order in one
    applies_rules: bool = False


@dataclass(frozen=True)
class ShipOrder:
    """Which order somebody wants shipped, and what they have chosen about how."""

    integration_id: int
    choice: Choice
    order_id: str | None = None  # the shop's
    order_number: str | None = None


def ship_order(wanted: ShipOrder, context: Context) -> Shipment:
    """Ships an order and gives the announced shipment. Raises like `resumed`, `decided` and `announce`."""
    return resumed(context) or announce(decided(wanted, context), context)


def decided(wanted: ShipOrder, context: Context) -> Decision:
    """How an order is to be shipped; nothing is stored yet, and no carrier called.

    Raises an error with a `field` for everything that can be refused; AlreadyShipped when the order has a live shipment
    and the account does not allow another.
    """
    while True:
        with context.database.read() as transaction:
            order = find_order_to_ship(transaction, wanted, context.account_id)
            check_is_not_late(transaction, order, context)
            live = find_hindrance(transaction, order, context)
            if live is None:
                decision = decide(transaction, subject_of(order, wanted.choice, context), context)
                break
        refuse_repeat(live, context)  # returns when nothing had been booked after all
    return check_decision(decision, context)


def find_order_to_ship(transaction: Connection, wanted: ShipOrder, account_id: int) -> Order:
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


def check_shared(transaction: Connection, choices: Sequence[Choice], context: Context) -> None:
    """Raises like `Parties.sender` and `.brand` when nothing of a batch could be sent as somebody has chosen.

    A rule may choose an address for an order whose request names none.
    """
    choice = choices[0]
    parties = context.installation.configurations.of(transaction, context.account_id).parties
    if choice.sender_address_id is not None or not all(each.applies_rules for each in choices):
        parties.sender(transaction, choice.sender_address_id)
    parties.brand(transaction, choice.brand_id, None)


def find_hindrance(transaction: Connection, order: Order, context: Context) -> Attempt | None:
    """The live attempt for an order, where the account does not allow another."""
    if context.account.repeat_labels == "allowed":
        return None
    return find_live(transaction, context.account_id, order_key(order.integration_id, order.order_id))


def subject_of(order: Order, choice: Choice, context: Context) -> Subject:
    """What is known about how an order is shipped; Impossible when it is none that could be."""
    recipient = order.shipping_address
    if recipient is None:
        raise Impossible("The order has no valid shipping address.", field="order")
    if not any(item.quantity > 0 for item in order.items):
        raise Impossible("The order has no items. Add what is to be shipped.", field="order")
    account = context.account
    packed = pack(order, choice.boxes, account.default_weight)
    way = chosen_way((("request", choice.ship_with), ("order", order.ship_with), ("default", default_way(account))))
    plan = Plan(
        order.integration_id,
        checkout_method=order.checkout_method,
        payment_status=order.payment_status,
        total=order.total,
        recipient=recipient,
        parcels=tuple(each.parcel for each in packed),
        shipping_option_code=way.code,
        contract_id=way.contract_id,
        sender_address_id=choice.sender_address_id,
        has_given_parcels=bool(choice.boxes),
    )
    return Subject(
        origin=Origin(
            integration_id=order.integration_id,
            order_id=order.id,
            shop_order_id=order.order_id,
            order_number=order.order_number,
            order_revision=order.revision,
            reference=order.order_id,
        ),
        plan=plan,
        steps=(*way.steps, *_chosen(choice), *_packed(packed)),
        sender=WantedSender(sender_address_id=choice.sender_address_id),
        check_goods=check_goods_of_order,
        no_weight=_no_weight(choice),
        brand_id=choice.brand_id,
        has_loose_contract=way.has_loose_contract,
        service_point=_service_point(order),
        applies_rules=choice.applies_rules,
        details=_details(order),
    )


def _chosen(choice: Choice) -> list[Step]:
    """What the request has chosen beside the option."""
    chosen = {
        "sender_address_id": choice.sender_address_id,
        "brand_id": choice.brand_id,
        "number_of_parcels": len(choice.boxes) or None,
    }
    return [Step(name, None, str(value), "request") for name, value in chosen.items() if value is not None]


def _packed(packed: Sequence[Packed]) -> Iterator[Step]:
    """What the parcels weigh and measure, and who says so."""
    for place, each in enumerate(packed):
        if each.weight_from is not None:
            yield Step(f"parcels.{place}.weight", None, str(each.parcel.weight), each.weight_from)
        if each.size_from is not None:
            yield Step(f"parcels.{place}.dimensions", None, str(each.parcel.dimensions), each.size_from)


def _no_weight(choice: Choice) -> list[str]:
    """What is said of each parcel when nobody knows its weight."""
    advice = "Give it one, or each of its items, or give the account a default weight."
    if not choice.boxes:
        return [f"The order has no weight. {advice}"]
    return [f"Parcel {number} has no weight. {advice}" for number in range(1, len(choice.boxes) + 1)]


def _service_point(order: Order) -> ServicePoint | None:
    """Where the buyer collects it, if they have chosen so."""
    if not order.has_service_point:
        return None
    point = order.document["service_point_details"]
    return ServicePoint(point.get("id"), point.get("carrier_service_point_id"))


def _details(order: Order) -> Document:
    """What customs are told, as far as the order says."""
    told = order.document.get("customs_details") or {}
    names = {"commercial_invoice_number": "invoice_number", "shipment_type": "export_reason"}
    names |= {"export_type": "export_type", "tax_numbers": "tax_numbers"}
    said = {names[name]: value for name, value in told.items() if name in names and value}
    return {"customs_information": said} if said else {}
