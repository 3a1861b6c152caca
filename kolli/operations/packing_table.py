"""What a scan at the packing table means: the scan, the table as it is and what was found, to what happens. Pure.

Whatever happens is either an answer by itself, or something that has to be done at a carrier or a printer: `Begun`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from kolli.account.packings import Begun, Entry, OnTable, OpenBox, Opened, Packing, Question, Said
from kolli.documents.layouts.control_sheet import control_of
from kolli.operations.packing_boxes import (
    Ware,
    has_pieces,
    kilograms_of,
    left_of,
    ware_scanned,
    wares_of,
    with_piece,
    with_weight,
    without_piece,
)
from kolli.operations.scans import looks_like, texts_of
from kolli.orders.model import Order
from kolli.shipments.model import Parcel, ParcelStatus, Shipment
from kolli.standing import Standing

CONFIRM_WITHIN = timedelta(seconds=10)
"""How soon CANCEL has to be scanned once more."""

DECIDE_WITHIN = timedelta(seconds=60)
"""How soon an order has to be scanned once more that is to be shipped after all."""

MOST_CHOICES = 9
"""Orders that somebody can choose from: one for each digit."""

MOST_BEGUN = 10
"""Scans of a person that are being done at once; older ones were given up by the device that had sent them."""

MOST_BOXES = 50
"""Boxes of one order; see `kolli.operations.boxes.MOST_PARCELS`."""

CALLED_OFF = frozenset({"cancelled", "canceled", "on_hold", "on-hold"})
"""Shops' words for orders that are not to be shipped, in lower case."""

Press = Literal["", "finish", "into_boxes", "one_box", "put", "take", "weigh", "reprint"]
"""Buttons that are no barcode."""


@dataclass(frozen=True)
class Scan:
    """What somebody has scanned, typed or pressed, under a key that no other scan has."""

    key: str
    text: str = ""
    press: Press = ""
    item: str = ""  # the shop's id of an item, or a shipment's id
    box: int = 0  # counted from 0
    value: str = ""

    @property
    def shown(self) -> str:
        """What it is called in the list of scans."""
        return (self.text or self.press.replace("_", " ")).strip()[:100]


@dataclass(frozen=True)
class FoundOrder:
    """An order, where it stands, and its live shipment, or else its last one."""

    order: Order
    standing: Standing
    shipment: Shipment | None = None


@dataclass(frozen=True)
class Found:
    """What was looked up for a scan."""

    orders: Sequence[FoundOrder] = ()
    parcel: tuple[Shipment, Parcel] | None = None  # with this tracking number
    opened: Order | None = None  # that is being packed into boxes
    shipment: Shipment | None = None  # that a control or a button is about
    last_label: tuple[Shipment, Parcel] | None = None  # that came out last


@dataclass(frozen=True)
class Decided:
    """The table afterwards, and the answer; or what has to be done first."""

    packing: Packing
    outcome: Entry | Begun


@dataclass(frozen=True)
class _Table:
    """One scan at one table."""

    scan: Scan
    packing: Packing  # without the question and the choices, which are over
    found: Found
    now: datetime
    question: Question | None

    def said(self, said: Said, of: FoundOrder | Opened | OnTable | None = None, **values: object) -> Decided:
        """An answer, about an order or none."""
        pk, number, shipment_id = _named(of)
        texts = {name: str(value) for name, value in values.items()}
        entry = Entry(self.scan.key, self.scan.shown, self.now, said, pk, number, shipment_id, values=texts)
        return Decided(self.packing.noted(entry), entry)

    def change(self, **changes: Any) -> "_Table":
        """The same with a changed table."""
        return replace(self, packing=replace(self.packing, **changes))

    def ask(self, about: Literal["cancel", "finish", "again"], subject: str, within: timedelta) -> "_Table":
        """The same with a question that the next scan may answer."""
        return self.change(question=Question(about, subject, self.now + within))

    def is_confirmed(self, about: str, subject: str) -> bool:
        """Whether this scan says yes to a question that was asked a moment ago."""
        asked = self.question
        return asked is not None and (asked.about, asked.subject) == (about, subject) and self.now <= asked.until

    def begin(self, begun: Begun) -> Decided:
        """Something to be done."""
        return Decided(replace(self.packing, begun=(begun, *self.packing.begun)[:MOST_BEGUN]), begun)

    def print_again(self, shipment: Shipment, parcels: Sequence[Parcel], said: Said) -> Decided:
        """The labels of these parcels once more."""
        ids = tuple(parcel.id for parcel in parcels if parcel.has_label)
        if not ids:
            return self.said(Said.LABEL_VOID, _on_table(shipment), reason=parcels[0].status.message)
        draft = shipment.draft
        begun = Begun(self.scan.key, self.scan.shown, "print", draft.order_id, draft.order_number, shipment.id)
        return self.begin(replace(begun, parcel_ids=ids, said=said))


def decide(scan: Scan, packing: Packing, found: Found, now: datetime) -> Decided:
    """What happens after a scan."""
    table = _Table(scan, replace(packing, question=None, choices=()), found, now, packing.question)
    control = control_of(scan.text)
    does = _VERBS.get(scan.press or (control.name if control else ""))
    if does is not None:
        return does(table)
    return _in_boxes(table, packing.opened) if packing.opened is not None else _code(table)


def chosen(scan: Scan, packing: Packing) -> int | None:
    """Our id of the order that was chosen of those with one number: by its place, typed or pressed."""
    text = scan.text.strip()
    if scan.press or not (len(text) == 1 and text.isascii() and text.isdigit()):
        return None
    return packing.choices[int(text) - 1] if 1 <= int(text) <= len(packing.choices) else None


# Codes


def _code(table: _Table) -> Decided:
    orders = table.found.orders[:MOST_CHOICES]
    if len(orders) > 1:
        choices = tuple(each.order.id for each in orders)
        asking = table.change(choices=choices, on_table=None)
        return asking.said(Said.CHOOSE, number=orders[0].order.order_number, count=len(orders))
    if orders:
        return _order(table, orders[0])
    if table.found.parcel is not None:
        shipment, parcel = table.found.parcel
        return table.print_again(shipment, [parcel], Said.AGAIN)
    return table.said(Said.NOT_FOUND, guess=looks_like(table.scan.text))


def _order(table: _Table, found: FoundOrder) -> Decided:
    shipment = found.shipment
    status = str(found.order.document["order_details"]["status"]["code"])
    if status.lower() in CALLED_OFF:
        on_table = _on_table(shipment) if shipment and found.standing is Standing.SHIPPED else None
        return table.change(on_table=on_table).said(Said.CALLED_OFF, found, status=status)
    if found.standing is Standing.SHIPPED and shipment is not None:
        return table.print_again(shipment, shipment.parcels, Said.AGAIN)
    if found.standing is Standing.SHIPPING:
        return table.change(on_table=None).said(Said.BUSY, found)
    if found.standing is Standing.OPEN and shipment is not None and _is_cancelled(shipment):
        subject = str(found.order.id)
        if not table.is_confirmed("again", subject):
            asking = table.ask("again", subject, DECIDE_WITHIN).change(on_table=None)
            return asking.said(Said.LABEL_CANCELLED, found, at=shipment.parcels[0].updated_at.isoformat())
    if table.packing.into_boxes and found.standing is not Standing.UNKNOWN:
        opened = Opened(found.order.id, found.order.order_number)
        return table.change(opened=opened, on_table=None).said(Said.OPENED, found)
    return _ship(table, found.order, (), was_unknown=found.standing is Standing.UNKNOWN)


def _ship(table: _Table, order: Order, boxes: tuple[OpenBox, ...], *, was_unknown: bool = False) -> Decided:
    scan = table.scan
    begun = Begun(scan.key, scan.shown, "ship", order.id, order.order_number, boxes=boxes, was_unknown=was_unknown)
    return table.begin(begun)


# An order that goes into boxes


def _in_boxes(table: _Table, opened: Opened) -> Decided:
    order = table.found.opened
    if order is None:
        return table.change(opened=None).said(Said.NOTHING_THERE, opened, what="gone")
    wares = wares_of(order)
    left = left_of(wares, opened.boxes)
    ware = ware_scanned(wares, texts_of(table.scan.text), left)
    if ware is not None:
        return _put_ware(table, opened, ware, left)
    if any(each.order.id == opened.order_pk for each in table.found.orders):
        return _finish(table)
    if table.found.orders or table.found.parcel is not None:
        return table.said(Said.STILL_OPEN, opened)
    guess = looks_like(table.scan.text)
    return table.said(Said.NOT_IN_ORDER if guess != "misread" else Said.NOT_FOUND, opened, guess=guess)


def _put_ware(table: _Table, opened: Opened, ware: Ware, left: dict[str, int]) -> Decided:
    if left[ware.item_id] < 1:
        return table.said(Said.ALL_PACKED, opened, item=ware.name, count=ware.quantity)
    values = {"item": ware.name, "box": len(opened.boxes), "count": ware.quantity - left[ware.item_id] + 1}
    rest = sum(left.values()) - 1
    put = table.change(opened=with_piece(opened, ware.item_id))
    return put.said(Said.PUT, opened, **values, total=ware.quantity, left=rest)


def _put(table: _Table) -> Decided:
    opened, order = table.packing.opened, table.found.opened
    if opened is None or order is None:
        return table.said(Said.NOTHING_THERE)
    wares = wares_of(order)
    ware = next((ware for ware in wares if ware.item_id and ware.item_id == table.scan.item), None)
    if ware is None:
        return table.said(Said.NOT_IN_ORDER, opened, guess="article")
    return _put_ware(table, opened, ware, left_of(wares, opened.boxes))


def _take(table: _Table) -> Decided:
    opened, scan = table.packing.opened, table.scan
    if opened is None:
        return table.said(Said.NOTHING_THERE)
    taken = without_piece(opened, scan.item, scan.box)
    names = (
        [ware.name for ware in wares_of(table.found.opened) if ware.item_id == scan.item] if table.found.opened else []
    )
    return table.change(opened=taken).said(Said.TAKEN_OUT, opened, item="".join(names[:1]), box=scan.box + 1)


def _weigh(table: _Table) -> Decided:
    opened, scan = table.packing.opened, table.scan
    if opened is None:
        return table.said(Said.NOTHING_THERE)
    kilograms = kilograms_of(scan.value) if scan.value.strip() else ""
    if kilograms is None:
        return table.said(Said.BAD_WEIGHT, opened, typed=scan.value[:20], box=scan.box + 1)
    weighed = table.change(opened=with_weight(opened, scan.box, kilograms))
    return weighed.said(Said.WEIGHED, opened, box=scan.box + 1, kilograms=kilograms)


def _next_box(table: _Table) -> Decided:
    opened = table.packing.opened
    if opened is None:
        return table.change(into_boxes=True).said(Said.INTO_BOXES)
    is_empty = not opened.boxes[-1].pieces
    if (is_empty and has_pieces(opened.boxes)) or len(opened.boxes) >= MOST_BOXES:
        return table.said(Said.EMPTY_BOX, opened, box=len(opened.boxes))
    more = replace(opened, boxes=(*opened.boxes, OpenBox()))
    return table.change(opened=more).said(Said.NEXT_BOX, opened, box=len(more.boxes))


def _finish(table: _Table) -> Decided:
    opened, order = table.packing.opened, table.found.opened
    if opened is None or order is None:
        return table.change(opened=None).said(Said.NOTHING_THERE)
    left = {item_id: count for item_id, count in left_of(wares_of(order), opened.boxes).items() if count > 0}
    subject = str(opened.order_pk)
    if has_pieces(opened.boxes) and left and not table.is_confirmed("finish", subject):
        asking = table.ask("finish", subject, DECIDE_WITHIN)
        return asking.said(Said.NOT_ALL, opened, left=sum(left.values()))
    return _ship(table, order, opened.boxes)


# Controls and buttons


def _stop(table: _Table) -> Decided:
    opened, on_table = table.packing.opened, table.packing.on_table
    if opened is None and on_table is None and table.packing.into_boxes:
        return _one_box(table)
    return table.change(opened=None, on_table=None).said(Said.STOPPED, opened or on_table)


def _into_boxes(table: _Table) -> Decided:
    return table.change(into_boxes=True).said(Said.INTO_BOXES)


def _one_box(table: _Table) -> Decided:
    return table.change(into_boxes=False, opened=None).said(Said.ONE_BOX)


def _reprint(table: _Table) -> Decided:
    shipment = table.found.shipment
    if shipment is None:
        return table.said(Said.NOTHING_THERE, table.packing.opened, what="open" if table.packing.opened else "")
    return table.print_again(shipment, shipment.parcels, Said.REPRINTED)


def _last(table: _Table) -> Decided:
    if table.found.last_label is None:
        return table.said(Said.NOTHING_THERE, what="last")
    shipment, parcel = table.found.last_label
    return table.print_again(shipment, [parcel], Said.REPRINTED)


def _cancel(table: _Table) -> Decided:
    shipment, scan = table.found.shipment, table.scan
    if shipment is None:
        return table.said(Said.NOTHING_THERE, table.packing.opened, what="open" if table.packing.opened else "")
    if _is_cancelled(shipment):
        return table.said(Said.NOT_CANCELLED, _on_table(shipment), reason=shipment.parcels[0].status.message)
    if not table.is_confirmed("cancel", shipment.id):
        asking = table.ask("cancel", shipment.id, CONFIRM_WITHIN)
        return asking.said(Said.CANCEL_ASKED, _on_table(shipment), seconds=CONFIRM_WITHIN.seconds)
    number = shipment.draft.order_number
    return table.begin(
        Begun(scan.key, scan.shown, "cancel", shipment.draft.order_id, number, shipment.id, said=Said.CANCELLED)
    )


_VERBS: dict[str, Callable[[_Table], Decided]] = {
    "REPRINT": _reprint,
    "LAST": _last,
    "CANCEL": _cancel,
    "NEXT_BOX": _next_box,
    "STOP": _stop,
    "finish": _finish,
    "into_boxes": _into_boxes,
    "one_box": _one_box,
    "put": _put,
    "take": _take,
    "weigh": _weigh,
    "reprint": _reprint,
}
"""What each control barcode and each button does."""


def _named(of: FoundOrder | Opened | OnTable | None) -> tuple[int | None, str, str]:
    match of:
        case FoundOrder():
            return of.order.id, of.order.order_number, of.shipment.id if of.shipment else ""
        case Opened():
            return of.order_pk, of.order_number, ""
        case OnTable():
            return of.order_pk, of.order_number, of.shipment_id
        case None:
            return None, "", ""


def _on_table(shipment: Shipment) -> OnTable:
    return OnTable(shipment.draft.order_id, shipment.draft.order_number, shipment.id)


def _is_cancelled(shipment: Shipment) -> bool:
    return any(parcel.status in {ParcelStatus.CANCELLED, ParcelStatus.CANCELLING} for parcel in shipment.parcels)
