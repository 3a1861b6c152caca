"""A shipment as a request describes it, without an order: decide how it goes, and announce it now or in a moment."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from kolli.account.integrations import list_integrations
from kolli.errors import CarrierError, Impossible, ReferenceTaken
from kolli.operations.announce import Decision, begin, prepare, queue
from kolli.operations.context import Context
from kolli.operations.decide import check_decision, decide
from kolli.operations.goods import check_goods_of_request
from kolli.operations.plans import Origin, Reach, Subject, WantedSender, chosen_way, default_way
from kolli.operations.reconcile import look_into
from kolli.operations.resume import accepted_before, resumed
from kolli.orders.model import Document, ShipWith
from kolli.rules.model import Plan, PlannedParcel
from kolli.shipments.attempts import State, get_attempt
from kolli.shipments.model import ServicePoint, Shipment, Source, Step
from kolli.shipments.queries import find_by_external_reference, get_shipment
from kolli.values import Address, Dimensions, Money, Weight

_USUAL_CURRENCY = "EUR"


@dataclass(frozen=True)
class WantedParcel:
    """One box as somebody wants it shipped; without a weight it has the account's default one."""

    weight: Weight | None
    dimensions: Dimensions | None = None
    items: tuple[Document, ...] = ()  # the API's parcel items, with the members that were given
    notes: tuple[str, ...] = ()
    details: Document = field(default_factory=dict)


@dataclass(frozen=True)
class ShipParcels:
    """What somebody wants shipped, and what they have chosen about how. `details` are kept and returned."""

    sender: WantedSender
    recipient: Address
    parcels: tuple[WantedParcel, ...]
    ship_with: ShipWith
    uses_defaults: bool  # whether the account's defaults fill in what is left open
    applies_rules: bool = False
    checkout_method: str = ""  # which delivery method the buyer was shown
    brand_id: int | None = None
    order_number: str = ""
    external_reference_id: str | None = None
    service_point: ServicePoint | None = None
    shipped_on: date | None = None  # None: today
    details: Document = field(default_factory=dict)


def ship_parcels(wanted: ShipParcels, context: Context) -> Shipment:
    """Announces a shipment, and gives it as it is stored then: with a label, or without, when the carrier has none.

    Raises an error with a `field` for everything that can be refused, before anything is stored and anybody is called;
    ReferenceTaken, with the `shipment_id` of the other one in its details. Raises like `resumed`, too.
    """
    return resumed(context) or _announced(wanted, context)


def _announced(wanted: ShipParcels, context: Context) -> Shipment:
    prepared = prepare(_decided(wanted, context), context)
    try:
        return begin(prepared, context)
    except ReferenceTaken:  # a moment ago it was free
        return _announced(wanted, context)
    except CarrierError:  # what is known of the outcome stands on the attempt
        context.leave_open()
        with context.database.read() as transaction:
            return get_shipment(transaction, context.account_id, prepared.shipment.id)


def queue_parcels(wanted: ShipParcels, context: Context) -> Shipment:
    """Stores a shipment that is announced in the background, and gives it. Raises like `ship_parcels`."""
    return next(iter(accepted_before(context)), None) or _queued(wanted, context)


def _queued(wanted: ShipParcels, context: Context) -> Shipment:
    prepared = prepare(_decided(wanted, context), context, state=State.QUEUED)
    try:
        with context.write() as transaction:
            queue(transaction, prepared, context)
    except ReferenceTaken:
        return _queued(wanted, context)
    return prepared.shipment


def _decided(wanted: ShipParcels, context: Context) -> Decision:
    """A decision whose label can be drawn, for a shipment whose reference is free."""
    if wanted.external_reference_id is not None:
        _refuse_taken(wanted.external_reference_id, context)
    with context.database.read() as transaction:
        decision = decide(transaction, _subject(transaction, wanted, context), context)
    return check_decision(decision, context)


def _refuse_taken(reference: str, context: Context) -> None:
    """Raises ReferenceTaken when a shipment holds this reference, after having looked into it if nobody knows of it."""
    with context.database.read() as transaction:
        holder = find_by_external_reference(transaction, context.account_id, reference)
        attempt = get_attempt(transaction, context.account_id, holder.id) if holder else None
    if attempt is None:
        return
    look_into(attempt, context.installation)
    with context.database.read() as transaction:
        holder = find_by_external_reference(transaction, context.account_id, reference)
    if holder is not None:
        raise ReferenceTaken(field="external_reference_id", details={"shipment_id": holder.id})


def _subject(transaction: Connection, wanted: ShipParcels, context: Context) -> Subject:
    """What is known about how it is shipped."""
    reach: Reach = "some" if wanted.uses_defaults else "none"
    default = default_way(context.account) if wanted.uses_defaults else ShipWith()
    way = chosen_way((("request", wanted.ship_with), ("default", default)))
    parcels, weights = _parcels(wanted, context.account.default_weight if wanted.uses_defaults else None)
    insured = _insured(wanted)
    plan = Plan(
        _integration(transaction, context),
        checkout_method=wanted.checkout_method,
        total=_money(wanted.details.get("total_order_price")),
        recipient=wanted.recipient,
        parcels=parcels,
        shipping_option_code=way.code,
        contract_id=way.contract_id,
        sender_address_id=wanted.sender.sender_address_id,
        insured_value=insured,
    )
    chosen = {
        "sender_address_id": wanted.sender.sender_address_id,
        "brand_id": wanted.brand_id,
        "number_of_parcels": len(parcels) if len(parcels) > 1 else None,
        "insured_value": insured,
    }
    steps = [Step(name, None, str(value), "request") for name, value in chosen.items() if value is not None]
    return Subject(
        origin=Origin(
            plan.integration_id,
            order_number=wanted.order_number,
            external_reference_id=wanted.external_reference_id,
        ),
        plan=plan,
        steps=(*way.steps, *steps, *weights),
        sender=wanted.sender,
        check_goods=check_goods_of_request,
        no_weight=(),
        brand_id=wanted.brand_id,
        has_loose_contract=way.has_loose_contract,
        service_point=wanted.service_point,
        applies_rules=wanted.applies_rules,
        defaults=reach,
        currency=next(_currencies(wanted), _USUAL_CURRENCY),
        shipped_on=wanted.shipped_on,
        details=wanted.details,
    )


def _parcels(wanted: ShipParcels, default: Weight | None) -> tuple[tuple[PlannedParcel, ...], list[Step]]:
    """The parcels as far as they are known, and who says what they weigh and measure."""
    parcels, steps = [], []
    for place, parcel in enumerate(wanted.parcels):
        weight = parcel.weight or default
        source: Source = "request" if parcel.weight else "default"
        if weight is not None:
            steps.append(Step(f"parcels.{place}.weight", None, str(weight), source))
        if parcel.dimensions is not None:
            steps.append(Step(f"parcels.{place}.dimensions", None, str(parcel.dimensions), "request"))
        if parcel.notes:
            steps.append(Step(f"parcels.{place}.notes", None, " / ".join(parcel.notes), "request"))
        parcels.append(PlannedParcel(weight, parcel.dimensions, parcel.items, parcel.notes, parcel.details))
    return tuple(parcels), steps


def _insured(wanted: ShipParcels) -> Money | None:
    """For how much the request wants all parcels insured together; they have one currency."""
    prices = [_money(parcel.details.get("additional_insured_price")) for parcel in wanted.parcels]
    known = [price for price in prices if price is not None and price.value]
    return Money(sum((price.value for price in known), Decimal(0)), known[0].currency) if known else None


def _money(price: dict[str, Any] | None) -> Money | None:
    return Money(Decimal(str(price["value"])), price["currency"]) if price else None


def _integration(transaction: Connection, context: Context) -> int:
    """The integration that the shipment belongs to: that of the credentials, else the account's oldest."""
    if context.key.integration_id is not None:
        return context.key.integration_id
    known = list_integrations(transaction, context.account_id)
    if not known:
        raise Impossible("The account has no integration that the shipment could belong to. Add one first.")
    return known[0].id


def _currencies(wanted: ShipParcels) -> Iterator[str]:
    """The currency of the request's prices, as often as it is named."""
    for holder in (wanted.details.get("total_order_price"), *_prices(wanted.parcels)):
        if holder:
            yield holder["currency"]


def _prices(parcels: Sequence[WantedParcel]) -> Iterator[dict[str, Any] | None]:
    return (item.get("price") for parcel in parcels for item in parcel.items)
