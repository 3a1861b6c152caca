"""The packing slip that lies in a parcel: who sends what to whom, and what is in this box of how many.

It fits A4 and, in smaller type, the paper of label printers.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from kolli.documents.fonts import Fonts
from kolli.documents.layouts import codes
from kolli.documents.layouts.addresses import address_lines, language_of
from kolli.documents.layouts.control_sheet import control_of
from kolli.documents.layouts.parts import Barcode
from kolli.documents.layouts.sheets import ON_A4, ON_LABELS, Column, Row, Sheets, Style
from kolli.documents.papers import A6, LABEL_4X6
from kolli.documents.writers.grid import PDF_DPI, Grid
from kolli.drawing import Area, Drawing, Image, Paper, Symbol, mm, points
from kolli.errors import DoesNotFit, NotDrawable
from kolli.values import Address, Weight

_GRIDS = (Grid(PDF_DPI), Grid(203))
"""Slips come out of laser printers, and out of label printers of the coarsest kind."""


@dataclass(frozen=True)
class SlipItem:
    """So many pieces of something; the weight is that of one piece."""

    quantity: int
    name: str
    sku: str = ""
    weight: Weight | None = None


@dataclass(frozen=True)
class SlipContent:
    """What a packing slip says. Empty texts leave no trace; `weight` is that of the parcel."""

    order_number: str
    sender: Address
    recipient: Address
    items: tuple[SlipItem, ...]
    brand_name: str = ""
    logo: bytes | None = None
    carrier_name: str = ""
    service_name: str = ""
    tracking_number: str = ""
    shipped_on: date | None = None
    weight: Weight | None = None
    box_number: int = 1
    box_count: int = 1
    notes: tuple[str, ...] = ()


def lay_out(content: SlipContent, paper: Paper, fonts: Fonts) -> list[Drawing]:
    """The pages of one packing slip. There is no text that it refuses."""
    is_small = paper in {A6, LABEL_4X6}
    look = ON_LABELS if is_small else ON_A4
    style = Style(look.margin, look.size, language_of(content.recipient.country_code))
    box = f", box {content.box_number} of {content.box_count}" if content.box_count > 1 else ""
    sheets = Sheets(paper, fonts, f"Packing slip {content.order_number}{box}", style)
    _head(sheets, content, is_small=is_small)
    _parties(sheets, content)
    _order(sheets, content)
    sheets.table(list(_columns(is_small=is_small)), _rows(content, is_small=is_small))
    if content.notes:
        sheets.gap(mm(3))
        sheets.keep(mm(10))
        sheets.texts("Notes", bold=True)
        sheets.texts(*content.notes)
    return sheets.drawings()


def order_barcode(number: str, area: Area) -> Symbol | None:
    """An order number as bars, or as a square where it is too long for them; None where it can be neither.

    Nor is there one for a number that the packing table would take for one of its controls.
    """
    if control_of(number):
        return None
    square = Area(area.x, area.y, area.height, area.height)
    for symbology, place, is_linear in (("code128", area, True), ("qr", square, False)):
        try:
            return codes.symbol_for(Barcode(symbology, number), "order_number", place, _GRIDS, is_linear=is_linear)
        except (DoesNotFit, NotDrawable):
            continue
    return None


def _head(sheets: Sheets, content: SlipContent, *, is_small: bool) -> None:
    """The brand, what this paper is, and which box it is for."""
    if content.logo:
        box = sheets.area(mm(12) if is_small else mm(18), mm(2))
        width = min(box.width, mm(45) if is_small else mm(70))
        sheets.add(Image(content.logo, box.x, box.y, width, box.height, field="logo"))
    elif content.brand_name:
        sheets.texts(content.brand_name, size=points(14), bold=True)
    sheets.texts("Packing slip", size=points(11) if is_small else points(16), bold=True)
    if content.box_count > 1:
        box_count = f"Box {content.box_number} of {content.box_count}"
        sheets.texts(box_count, size=points(14) if is_small else points(18), bold=True)
    sheets.gap(mm(1))
    sheets.rule()


def _parties(sheets: Sheets, content: SlipContent) -> None:
    sender = [line.text for line in address_lines(content.sender, content.recipient.country_code)]
    recipient = [line.text for line in address_lines(content.recipient, content.sender.country_code)]
    sheets.table([Column("From"), Column("To")], [Row((tuple(sender), tuple(recipient)))], ruled=False)
    sheets.gap(mm(2))


def _order(sheets: Sheets, content: SlipContent) -> None:
    """The order's number, to be scanned, and the facts of the parcel."""
    if order_barcode(content.order_number, Area(0, 0, sheets.width, mm(14))) is not None:
        symbol = order_barcode(content.order_number, sheets.area(mm(14), mm(1)))
        if symbol is not None:
            sheets.add(symbol)
    facts = [
        ("Order", content.order_number),
        ("Shipped", content.shipped_on.isoformat() if content.shipped_on else ""),
        ("Carrier", ", ".join(filter(None, [content.carrier_name, content.service_name]))),
        ("Tracking number", content.tracking_number),
        ("Weight", str(content.weight or "")),
    ]
    rows = [Row(fact) for fact in facts if fact[1]]
    sheets.table([Column("", mm(28), bold=True), Column("")], rows, ruled=False)
    sheets.gap(mm(3))


def _columns(*, is_small: bool) -> Iterator[Column]:
    yield Column("Qty", mm(10), "right", bold=True)
    if not is_small:
        yield Column("SKU", mm(38))
    yield Column("Item")
    yield Column("Weight each", mm(20), "right")


def _rows(content: SlipContent, *, is_small: bool) -> Iterator[Row]:
    for item in content.items:
        weight = str(item.weight or "")
        if is_small:
            yield Row((str(item.quantity), tuple(filter(None, [item.sku, item.name])), weight))
        else:
            yield Row((str(item.quantity), item.sku, item.name, weight))
    pieces = sum(item.quantity for item in content.items)
    what = "piece in this box" if pieces == 1 else "pieces in this box"
    total = (str(pieces), what, "") if is_small else (str(pieces), "", what, "")
    yield Row(total, bold=True)
