"""The papers around a parcel: packing slips, pick lists, the end-of-day list, the sheet of control barcodes.

They are drawn when they are asked for, and nothing is booked or changed by that. Labels are in `print_labels`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from kolli.documents.layouts import control_sheet as control_sheets
from kolli.documents.layouts import end_of_day as end_of_days
from kolli.documents.layouts import packing_slip
from kolli.documents.layouts import pick_list as pick_lists
from kolli.documents.layouts.control_sheet import CONTROLS
from kolli.documents.layouts.end_of_day import EndOfDayContent, HandedOver
from kolli.documents.layouts.packing_slip import SlipContent, SlipItem
from kolli.documents.layouts.pick_list import Pick, PickListContent
from kolli.documents.render import A4, render
from kolli.operations.boxes import LONGEST_DESCRIPTION
from kolli.operations.context import Context
from kolli.operations.print_labels import Form
from kolli.orders.model import Document, Order, OrderItem, weight_of
from kolli.orders.queries import find_orders
from kolli.shipments.figures import bounds_of, parcels_announced
from kolli.shipments.model import Parcel, Shipment
from kolli.shipments.queries import get_shipments_of_parcels
from kolli.tables import table_text
from kolli.values import Weight

PDF = Form("application/pdf", 72, A4)

MOST_AT_A_TIME = 500
"""Orders or parcels that one query reads."""

LOCATIONS = ("location", "bin", "shelf")
"""Names, in any case, of the property by which a shop says where an item lies."""

PickSort = Literal["sku", "location"]

Key = TypeVar("Key")


def packing_slips(parcel_ids: Sequence[int], form: Form, context: Context) -> bytes:
    """The packing slips of these parcels, in this order, as one file; NotFound for one that is not the account's."""
    with context.database.read() as transaction:
        found = [
            each
            for ids in _portions(parcel_ids)
            for each in get_shipments_of_parcels(transaction, context.account_id, ids)
        ]
        wanted = list(dict.fromkeys(shipment.draft.order_id for shipment, _ in found if shipment.draft.order_id))
        orders = {
            order.id: order for ids in _portions(wanted) for order in find_orders(transaction, context.account_id, ids)
        }
    fonts = context.installation.fonts
    pages = [
        page
        for shipment, parcel in found
        for page in packing_slip.lay_out(_slip(shipment, parcel, orders, context), form.paper, fonts)
    ]
    return render(pages, form.mime_type, form.dpi, fonts)


def pick_list(order_ids: Sequence[int], context: Context, *, sort: PickSort = "sku", title: str = "") -> bytes:
    """What these orders need from the shelves, as a PDF. An order that is not the account's is said to be missing."""
    unique = list(dict.fromkeys(order_ids))
    with context.database.read() as transaction:
        found = {
            order.id: order for ids in _portions(unique) for order in find_orders(transaction, context.account_id, ids)
        }
    missing = tuple(f"Order {order_id} is not there any more." for order_id in unique if order_id not in found)
    content = PickListContent(
        title=title,
        made_at=f"{context.now():%Y-%m-%d %H:%M} UTC",
        picks=picks_of([found[order_id] for order_id in unique if order_id in found], sort),
        order_count=len(found),
        missing=missing,
    )
    fonts = context.installation.fonts
    return render(pick_lists.lay_out(content, A4, fonts), PDF.mime_type, PDF.dpi, fonts)


def control_sheet(context: Context) -> bytes:
    """The control barcodes of the packing table, as a PDF."""
    fonts = context.installation.fonts
    return render(control_sheets.lay_out(CONTROLS, A4, fonts), PDF.mime_type, PDF.dpi, fonts)


@dataclass
class _Shelf:
    """What several orders need of one thing, while it is summed up."""

    location: str
    names: dict[str, None] = field(default_factory=dict)
    orders: Counter[str] = field(default_factory=Counter)


def picks_of(orders: Iterable[Order], sort: PickSort = "sku") -> tuple[Pick, ...]:
    """What orders need, each thing once. Things are the same by their SKU, and without one by their name."""
    shelves: dict[tuple[str, str], _Shelf] = {}
    for order in orders:
        for item in order.items:
            if item.quantity > 0:
                key = (item.sku, "" if item.sku else item.name)
                shelf = shelves.setdefault(key, _Shelf(_location(item)))
                shelf.location = shelf.location or _location(item)
                shelf.names[item.name] = None
                shelf.orders[order.order_number] += item.quantity
    picks = [
        Pick(shelf.orders.total(), sku, " / ".join(shelf.names), shelf.location, tuple(shelf.orders.items()))
        for (sku, _), shelf in shelves.items()
    ]
    by_sku = sorted(picks, key=lambda pick: (not pick.sku, pick.sku.casefold(), pick.name.casefold()))
    if sort == "location":
        by_sku.sort(key=lambda pick: (not pick.location, pick.location.casefold()))
    return tuple(by_sku)


def _location(item: OrderItem) -> str:
    properties = item.document.get("properties")
    if not isinstance(properties, Mapping):
        return ""
    known = {str(name).lower(): str(value) for name, value in properties.items() if value}
    return next((known[name] for name in LOCATIONS if name in known), "")


def _slip(shipment: Shipment, parcel: Parcel, orders: Mapping[int, Order], context: Context) -> SlipContent:
    draft = shipment.draft
    box = draft.boxes[parcel.box_number - 1]
    order = orders.get(draft.order_id or 0)
    items = tuple(_slip_item(item, order) for item in box.items)
    if not items and order is not None and len(draft.boxes) == 1:
        items = tuple(
            SlipItem(item.quantity, item.name, item.sku, item.weight) for item in order.items if item.quantity > 0
        )
    return SlipContent(
        order_number=draft.order_number,
        sender=draft.sender,
        recipient=draft.recipient,
        items=items,
        brand_name=draft.brand_name,
        logo=context.installation.image(context.account_id, draft.logo_sha256) if draft.logo_sha256 else None,
        carrier_name=draft.carrier_name,
        service_name=draft.shipping_option_name,
        tracking_number=_printed(shipment, parcel, context),
        shipped_on=draft.shipped_on,
        weight=box.weight,
        box_number=parcel.box_number,
        box_count=len(draft.boxes),
        notes=box.notes,
    )


def _slip_item(item: Document, order: Order | None) -> SlipItem:
    name = str(item.get("description") or "")
    if len(name) == LONGEST_DESCRIPTION and order is not None:  # the parcel's was cut to what the API allows
        whole = (each.name for each in order.items if each.item_id == item.get("item_id"))
        name = next((each for each in whole if each.startswith(name)), name)
    return SlipItem(int(item.get("quantity") or 0), name, str(item.get("sku") or ""), _weight(item.get("weight")))


def _weight(measured: Any) -> Weight | None:
    return Weight(Decimal(str(measured["value"])), measured["unit"]) if measured else None


def _printed(shipment: Shipment, parcel: Parcel, context: Context) -> str:
    number = parcel.tracking_number or ""
    carrier = context.installation.carriers.find(shipment.draft.carrier_code)
    return carrier.printed(number) if carrier and number else number


# The end of the day


@dataclass(frozen=True)
class EndOfDay:
    """What a carrier takes with it: the parcels announced on a day whose labels are not void, or the first of them."""

    carrier_name: str
    day: date
    parcels: tuple[tuple[Shipment, Parcel], ...]
    count: int  # of all of them
    void: int


def end_of_day(carrier_code: str, day: date, zone: ZoneInfo, context: Context, *, most: int | None = None) -> EndOfDay:
    """The parcels of a carrier that were announced on a day, as clocks of a time zone tell it, in that sequence.

    No more than `most` of them are read.
    """
    start, end = bounds_of(day, zone)
    with context.database.read() as transaction:
        ids, void = parcels_announced(transaction, context.account_id, carrier_code, start, end)
        found = [
            each
            for portion in _portions(ids[:most])
            for each in get_shipments_of_parcels(transaction, context.account_id, portion)
        ]
    carrier = context.installation.carriers.find(carrier_code)
    return EndOfDay(carrier.name if carrier else carrier_code, day, tuple(found), len(ids), void)


def end_of_day_pdf(carrier_code: str, day: date, zone: ZoneInfo, context: Context) -> bytes:
    """The end-of-day list of a carrier as a PDF."""
    found = end_of_day(carrier_code, day, zone, context)
    senders = dict.fromkeys(_line(shipment) for shipment, _ in found.parcels)
    countries = Counter(shipment.draft.recipient.country_code for shipment, _ in found.parcels)
    total = weight_of((shipment.draft.boxes[parcel.box_number - 1].weight, 1) for shipment, parcel in found.parcels)
    void = "1 label of this day was cancelled" if found.void == 1 else f"{found.void} labels of this day were cancelled"
    content = EndOfDayContent(
        carrier_name=found.carrier_name,
        day=day.isoformat(),
        sender=tuple(senders),
        parcels=tuple(_handed_over(shipment, parcel, context) for shipment, parcel in found.parcels),
        total_weight=str(total or ""),
        by_country=tuple(sorted(countries.items(), key=lambda each: (-each[1], each[0]))),
        remarks=(f"{void} and is not in this list.",) if found.void else (),
    )
    fonts = context.installation.fonts
    return render(end_of_days.lay_out(content, A4, fonts), PDF.mime_type, PDF.dpi, fonts)


COLUMNS = ("tracking_number", "order_number", "box", "boxes", "city", "country", "weight", "announced_at", "test")


def end_of_day_csv(carrier_code: str, day: date, zone: ZoneInfo, context: Context) -> str:
    """The same list as a table for spreadsheets."""
    found = end_of_day(carrier_code, day, zone, context)
    return table_text(COLUMNS, (_record(shipment, parcel, zone) for shipment, parcel in found.parcels))


def _record(shipment: Shipment, parcel: Parcel, zone: ZoneInfo) -> dict[str, str]:
    draft = shipment.draft
    at = parcel.announced_at
    return {
        "tracking_number": parcel.tracking_number or "",
        "order_number": draft.order_number,
        "box": str(parcel.box_number),
        "boxes": str(len(draft.boxes)),
        "city": draft.recipient.city,
        "country": draft.recipient.country_code,
        "weight": str(draft.boxes[parcel.box_number - 1].weight),
        "announced_at": at.astimezone(zone).isoformat(timespec="seconds") if at else "",
        "test": "" if draft.is_live else "yes",
    }


def _handed_over(shipment: Shipment, parcel: Parcel, context: Context) -> HandedOver:
    draft = shipment.draft
    return HandedOver(
        tracking_number=_printed(shipment, parcel, context),
        order_number=draft.order_number,
        city=draft.recipient.city,
        country_code=draft.recipient.country_code,
        weight=str(draft.boxes[parcel.box_number - 1].weight),
        is_test=not draft.is_live,
    )


def _line(shipment: Shipment) -> str:
    sender = shipment.draft.sender
    return ", ".join(filter(None, [sender.company_name or sender.name, sender.city, sender.country_code]))


def _portions(ids: Sequence[Key]) -> Iterator[Sequence[Key]]:
    return (ids[start : start + MOST_AT_A_TIME] for start in range(0, len(ids), MOST_AT_A_TIME))
