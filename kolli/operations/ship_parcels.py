"""A shipment as a request describes it, without an order: decide how it goes, and announce it now or in a moment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from kolli.account.contracts import find_number_range
from kolli.account.integrations import list_integrations
from kolli.account.sender_addresses import SenderAddress
from kolli.addresses import NEEDS_STATE
from kolli.errors import CarrierError, Impossible, Missing, ReferenceTaken
from kolli.operations.announce import Decision, add, book, prepare, queue
from kolli.operations.context import Context
from kolli.operations.decide import (
    check_boxes,
    check_requirements,
    check_route,
    choose_contract,
    choose_option,
    find_brand_for,
    find_sender,
)
from kolli.operations.print_labels import check_label
from kolli.operations.reconcile import look_into
from kolli.orders.model import Document, ShipWith
from kolli.shipments.attempts import State, get_attempt
from kolli.shipments.model import Box, Draft, ServicePoint, Shipment
from kolli.shipments.queries import find_by_external_reference, get_shipment
from kolli.values import Address, Dimensions, Weight, crosses_customs_border

DECLARED = ("description", "quantity", "weight", "price", "hs_code", "origin_country")
"""What must be said of every item that crosses a customs border. Source: Shipments, "international parcel item"."""

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
class WantedSender:
    """Who sends: an address in full, or a stored one (None: the default) with some members replaced."""

    address: Address | None = None
    sender_address_id: int | None = None
    changes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ShipParcels:
    """What somebody wants shipped, and what they have chosen about how. `details` are kept and returned."""

    sender: WantedSender
    recipient: Address
    parcels: tuple[WantedParcel, ...]
    ship_with: ShipWith
    uses_defaults: bool  # whether the account's defaults fill in what is left open
    brand_id: int | None = None
    order_number: str = ""
    external_reference_id: str | None = None
    service_point: ServicePoint | None = None
    shipped_on: date | None = None  # None: today
    details: Document = field(default_factory=dict)


def ship_parcels(wanted: ShipParcels, context: Context) -> Shipment:
    """Announces a shipment, and gives it as it is stored then: with a label, or without, when the carrier has none.

    Raises an error with a `field` for everything that can be refused, before anything is stored and anybody is called;
    ReferenceTaken, with the `shipment_id` of the other one in its details.
    """
    prepared = prepare(_decided(wanted, context), context)
    try:
        with context.database.write() as transaction:
            add(transaction, prepared, context)
    except ReferenceTaken:  # a moment ago it was free
        return ship_parcels(wanted, context)
    carrier = context.installation.carriers.get(prepared.shipment.draft.carrier_code)
    try:
        return book(prepared.shipment, prepared.attempt, carrier, prepared.contract, context.installation)
    except CarrierError:  # what is known of the outcome stands on the attempt
        with context.database.read() as transaction:
            return get_shipment(transaction, context.account_id, prepared.shipment.id)


def queue_parcels(wanted: ShipParcels, context: Context) -> Shipment:
    """Stores a shipment that is announced in the background, and gives it. Raises like `ship_parcels`."""
    prepared = prepare(_decided(wanted, context), context, state=State.QUEUED)
    try:
        with context.database.write() as transaction:
            queue(transaction, prepared, context)
    except ReferenceTaken:
        return queue_parcels(wanted, context)
    return prepared.shipment


def _decided(wanted: ShipParcels, context: Context) -> Decision:
    """A decision whose label can be drawn, for a shipment whose reference is free."""
    if wanted.external_reference_id is not None:
        _refuse_taken(wanted.external_reference_id, context)
    with context.database.read() as transaction:
        decision = _decide(transaction, wanted, context)
    check_label(decision.draft, context)
    return decision


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


def _decide(transaction: Connection, wanted: ShipParcels, context: Context) -> Decision:
    """A complete draft; an error with a `field` when it cannot be shipped so."""
    account_id = context.account_id
    sender, stored = _sender(transaction, wanted.sender, account_id)
    brand = find_brand_for(transaction, account_id, wanted.brand_id, stored)
    recipient = wanted.recipient
    boxes = _boxes(wanted, context)
    default = (ShipWith(context.account.default_shipping_option_code),) if wanted.uses_defaults else ()
    way = choose_option(context.installation.carriers, (wanted.ship_with, *default))
    check_route(way.option, sender, recipient)
    check_boxes(way.option, boxes)
    check_requirements(way.option, recipient, boxes, has_service_point=wanted.service_point is not None)
    _check_recipient(recipient)
    _check_customs(sender, recipient, wanted.parcels)
    contract = choose_contract(transaction, account_id, way.carrier, way.contract_id)
    draft = Draft(
        sender=sender,
        recipient=recipient,
        carrier_code=way.carrier.code,
        carrier_name=way.carrier.name,
        shipping_option_code=way.option.code,
        shipping_option_name=way.option.name,
        contract_id=contract.id if contract else None,
        is_live=bool(contract and contract.is_live),
        boxes=boxes,
        shipped_on=wanted.shipped_on or context.now().date(),
        tracking_base=context.installation.public_url,
        integration_id=_integration(transaction, context),
        order_id=None,
        shop_order_id="",
        order_number=wanted.order_number,
        order_revision=0,
        reference="",
        sender_address_id=stored.id if stored else None,
        brand_id=brand.id if brand else None,
        brand_name=brand.name if brand else "",
        logo_sha256=brand.logo_sha256 if brand else None,
        external_reference_id=wanted.external_reference_id,
        service_point=wanted.service_point,
        details=_with_tax_numbers(wanted.details, stored),
    )
    number_range = find_number_range(transaction, account_id, contract) if contract else None
    return Decision(draft, contract, number_range)


def _sender(transaction: Connection, wanted: WantedSender, account_id: int) -> tuple[Address, SenderAddress | None]:
    """The address that sends, and the stored one that it comes from, if it does."""
    if wanted.address is not None:
        return wanted.address, None
    stored = find_sender(transaction, account_id, wanted.sender_address_id)
    return replace(stored.address, **wanted.changes), stored


def _integration(transaction: Connection, context: Context) -> int:
    """The integration that the shipment belongs to: that of the credentials, else the account's oldest."""
    if context.key.integration_id is not None:
        return context.key.integration_id
    known = list_integrations(transaction, context.account_id)
    if not known:
        raise Impossible("The account has no integration that the shipment could belong to. Add one first.")
    return known[0].id


def _boxes(wanted: ShipParcels, context: Context) -> tuple[Box, ...]:
    default = context.account.default_weight if wanted.uses_defaults else None
    currency = next(_currencies(wanted), _USUAL_CURRENCY)
    boxes = []
    for place, parcel in enumerate(wanted.parcels):
        weight = parcel.weight or default
        if weight is None:
            raise Missing(field=f"parcels.{place}.weight")
        items = tuple(_filled_in(item, currency) for item in parcel.items)
        boxes.append(Box(weight, parcel.dimensions, items, parcel.notes, parcel.details))
    return tuple(boxes)


def _currencies(wanted: ShipParcels) -> Iterator[str]:
    """The currency of the request's prices, as often as it is named."""
    for holder in (wanted.details.get("total_order_price"), *_prices(wanted.parcels)):
        if holder:
            yield holder["currency"]


def _prices(parcels: Sequence[WantedParcel]) -> Iterator[dict[str, Any] | None]:
    return (item.get("price") for parcel in parcels for item in parcel.items)


def _filled_in(item: Document, currency: str) -> Document:
    """An item with what answers must have. Source of the values: Shipments, "domestic parcel item" (2026-07)."""
    return {
        "description": "",
        "quantity": 1,
        "weight": {"value": Decimal("0.001"), "unit": "kg"},
        "hs_code": "",
        **item,
        "price": {"value": "0.00", "currency": currency, **(item.get("price") or {})},
    }


def _check_recipient(recipient: Address) -> None:
    if recipient.country_code in NEEDS_STATE and not recipient.state_province_code:
        raise Missing(
            f"This field is required for addresses in {recipient.country_code}.", field="recipient.state_province_code"
        )


def _check_customs(sender: Address, recipient: Address, parcels: Sequence[WantedParcel]) -> None:
    """Raises Missing for the first thing that customs would want to know and nobody has said."""
    if not crosses_customs_border(sender.country_code, recipient.country_code):
        return
    why = f"A parcel from {sender.country_code} to {recipient.country_code} crosses a customs border."
    for place, parcel in enumerate(parcels):
        if not parcel.items:
            raise Missing(f"This field is required. {why}", field=f"parcels.{place}.parcel_items")
        for line, item in enumerate(parcel.items):
            for name in DECLARED:
                where = f"parcels.{place}.parcel_items.{line}.{name}"
                if not item.get(name):
                    raise Missing(f"This field is required. {why}", field=where)
                if name == "price" and "value" not in item[name]:
                    raise Missing(f"This field is required. {why}", field=f"{where}.value")


def _with_tax_numbers(details: Document, stored: SenderAddress | None) -> Document:
    """The details, with the tax numbers that are stored with the sender where customs information has none."""
    customs = details.get("customs_information")
    if not customs or customs.get("tax_numbers") or stored is None or not stored.details.tax_numbers:
        return details
    numbers = [
        {"name": number.name, "country_code": number.country_code, "value": number.value}
        for number in stored.details.tax_numbers
    ]
    tax_numbers = {"sender": numbers, "receiver": [], "importer_of_record": []}
    return {**details, "customs_information": {**customs, "tax_numbers": tax_numbers}}
