"""The shipping label: who sends what to whom, with which carrier, and the barcode that says so to machines.

From top to bottom: a band if there is one, carrier and brand, sender, recipient, the facts of the parcel beside a QR
code, and the tracking barcode across the whole width. The recipient gets whatever height the others leave.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from kolli.documents.barcodes import SYMBOLOGIES
from kolli.documents.fonts import Fonts
from kolli.documents.layouts.addresses import address_lines, language_of
from kolli.documents.layouts.fitting import Paragraph, fit
from kolli.documents.papers import A6, LABEL_4X6, on_sheet
from kolli.documents.writers.grid import PDF_DPI, Grid
from kolli.documents.writers.pictures import check_logo
from kolli.drawing import Align, Area, Drawing, Fill, Image, Mark, Micrometres, Paper, Symbol, Text, mm, points
from kolli.errors import DoesNotFit
from kolli.values import Address, Weight

_MARGIN = mm(4)
_GAP = mm(1, 5)
_THICK, _THIN = mm(0, 7), mm(0, 2)

_BAND_HEIGHT = mm(9)
_HEADER_HEIGHT = mm(14)
_LOGO_WIDTH = mm(38)
# The sender takes as little as possible and at most eight lines of the smallest type; the recipient gets the rest.
_SENDER_HEIGHTS = mm(13), mm(21)
_TAG_WIDTH = mm(11)
_BOX_COUNT_WIDTH = mm(27)
_FACTS_HEIGHT = mm(25)
_CAPTION_HEIGHT = mm(2, 8)
_BARCODE_HEIGHT = mm(24)
_NUMBER_HEIGHT = mm(5, 5)

# The widest and narrowest modules. 0.40 mm lets 203, 300 and 600 dpi have 0.34 to 0.38 mm bars, about the 13 mil that
# hand scanners read at arm's length; below 0.25 mm a worn thermal head drops bars.
_BAR_MODULE = Micrometres(400), Micrometres(250)
_QR_MODULE = Micrometres(550), Micrometres(250)

_PDF_GRID = Grid(PDF_DPI)

_CAPTION = points(6)
_CAPTION_ASCENT = _CAPTION * 8 // 10


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text looks: its largest size, from which it shrinks as far as it must, and where it stands in its area."""

    largest: Micrometres
    bold: bool = False
    align: Align = "left"
    white: bool = False


_BAND = _Style(points(17), bold=True, align="center", white=True)
_CARRIER = _Style(points(20), bold=True)
_SERVICE = _Style(points(11))
_BRAND = _Style(points(13), bold=True, align="right")
_BOXES = _Style(points(22), bold=True)
_FACT = _Style(points(10))
_NUMBER = _Style(points(13), bold=True, align="center")

_Texts = tuple[tuple[str, str], ...]
"""Texts, each after the name of the field that it comes from."""


@dataclass(frozen=True)
class LabelContent:
    """What a label says. Texts are printed as they are; empty ones leave no trace.

    `tracking_number` is what the barcode holds; `tracking_number_printed` is how people read it, in blocks of four if
    empty. `tracking_url` is what the QR code holds, the tracking number if empty. `logo` is a PNG that was checked when
    it was uploaded; without one, `brand_name` stands in its place. `band` is printed white on black across the top.
    """

    sender: Address
    recipient: Address
    carrier_name: str
    service_name: str
    tracking_number: str
    tracking_number_printed: str = ""
    tracking_url: str = ""
    order_number: str = ""
    reference: str = ""
    weight: Weight | None = None
    shipped_on: date | None = None
    logo: bytes | None = None
    brand_name: str = ""
    band: str = ""
    box_number: int = 1
    box_count: int = 1
    notes: tuple[str, ...] = ()


def lay_out(content: LabelContent, paper: Paper, fonts: Fonts, dpi: int = PDF_DPI) -> Drawing:
    """The label on this paper. A6 and 4 x 6 inch are filled; on a larger sheet it is an A6 label, upper left.

    Whatever it accepts can be written as PDF, and as PNG or ZPL of `dpi`; a coarser resolution may have no room for the
    barcodes. Raises `DoesNotFit` and `NotDrawable` naming the field as the content names it:
    `recipient.address_line_1`, `sender.city`, `notes.0`; and `Invalid` naming `logo`.
    """
    if paper not in {A6, LABEL_4X6}:
        return on_sheet(lay_out(content, A6, fonts, dpi), paper)
    label = _Label(content, fonts, (_PDF_GRID,) if dpi == PDF_DPI else (_PDF_GRID, Grid(dpi)))
    page = Area(0, 0, paper.width, paper.height)
    return Drawing(paper.width, paper.height, tuple(label.marks(page)), title=content.tracking_number)


class _Label:
    """One label while it is laid out. Each method fills one area of it."""

    def __init__(self, content: LabelContent, fonts: Fonts, grids: tuple[Grid, ...]) -> None:
        self._content = content
        self._fonts = fonts
        self._grids = grids
        self._language = language_of(content.recipient.country_code)

    def marks(self, page: Area) -> Iterator[Mark]:
        content = self._content
        rest = Area(_MARGIN, _MARGIN, page.width - 2 * _MARGIN, page.height - 2 * _MARGIN)
        if content.band.strip():
            band, rest = rest.split_top(_BAND_HEIGHT, _GAP)
            yield from self._band(band)
        header, rest = rest.split_top(_HEADER_HEIGHT, _GAP)
        yield from self._header(header)
        rule, rest = rest.split_top(_THICK, _GAP)
        yield _filled(rule)
        sender, _ = rest.split_top(_SENDER_HEIGHTS[1])
        marks, taken = self._sender(sender)
        yield from marks
        _, rest = rest.split_top(max(taken, _SENDER_HEIGHTS[0]), _GAP)
        rule, rest = rest.split_top(_THIN, _GAP)
        yield _filled(rule)
        rest, number = rest.split_bottom(_NUMBER_HEIGHT, mm(1))
        rest, barcode = rest.split_bottom(_BARCODE_HEIGHT, _GAP)
        rest, rule = rest.split_bottom(_THICK, mm(1))
        yield _filled(rule)
        rest, facts = rest.split_bottom(_FACTS_HEIGHT, mm(1))
        recipient, rule = rest.split_bottom(_THIN, _GAP)
        yield _filled(rule)
        yield from self._recipient(recipient)
        yield from self._facts(facts)
        # The quiet zones of the barcode may reach into the margins: nothing is printed there.
        yield self._barcode(Area(0, barcode.y, page.width, barcode.height))
        yield from self._tracking_number(number)

    def _band(self, area: Area) -> Iterator[Mark]:
        yield _filled(area)
        inner = Area(area.x + mm(2), area.y, area.width - mm(4), area.height)
        yield from self._text("band", self._content.band, inner, _BAND)

    def _header(self, area: Area) -> Iterator[Mark]:
        content = self._content
        names, brand = area.split_right(_LOGO_WIDTH, mm(3))
        if not (content.logo or content.brand_name):
            names = area
        carrier, service = names.split_top(mm(9))
        yield from self._text("carrier_name", content.carrier_name, carrier, _CARRIER)
        if content.logo:
            check_logo(content.logo)
            yield Image(content.logo, brand.x, brand.y, brand.width, brand.height, align="right", field="logo")
        elif content.brand_name:
            yield from self._text("brand_name", content.brand_name, brand, _BRAND)
        yield from self._text("service_name", content.service_name, service, _SERVICE)

    def _sender(self, area: Area) -> tuple[list[Mark], Micrometres]:
        """The sender beside the number of boxes, and how much of the height the sender takes."""
        content = self._content
        marks: list[Mark] = []
        if content.box_count > 1:
            area, boxes = area.split_right(_BOX_COUNT_WIDTH)
            marks += self._fact("BOX", (("box_count", f"{content.box_number} of {content.box_count}"),), boxes, _BOXES)
        country = content.recipient.country_code
        address, height = _address(
            "FROM", "sender", content.sender, country, area=area, largest=points(8), fonts=self._fonts
        )
        return [*marks, *address], height

    def _recipient(self, area: Area) -> Iterable[Mark]:
        content = self._content
        country = content.sender.country_code
        address, _ = _address(
            "TO", "recipient", content.recipient, country, area=area, largest=points(18), fonts=self._fonts
        )
        return address

    def _facts(self, area: Area) -> Iterator[Mark]:
        """Order, reference, weight and date in two columns; notes below them; the QR code on the right."""
        content = self._content
        area, square = area.split_right(area.height, mm(3))
        yield self._qr_code(square)
        facts = (
            ("order_number", "ORDER", content.order_number),
            ("reference", "REFERENCE", content.reference),
            ("weight", "WEIGHT", str(content.weight or "")),
            ("shipped_on", "SHIPPED", content.shipped_on.isoformat() if content.shipped_on else ""),
        )
        present = [fact for fact in facts if fact[2].strip()]
        notes = tuple((f"notes.{index}", note) for index, note in enumerate(content.notes) if note.strip())
        rows = (len(present) + 1) // 2 + bool(notes)
        height = area.height // max(rows, 2)
        column = (area.width - mm(3)) // 2
        for index, (field, caption, value) in enumerate(present):
            cell = Area(area.x + index % 2 * (column + mm(3)), area.y + index // 2 * height, column, height)
            yield from self._fact(caption, ((field, value),), cell)
        if notes:
            top = (len(present) + 1) // 2 * height
            yield from self._fact("NOTES", notes, Area(area.x, area.y + top, area.width, area.height - top))

    def _fact(self, caption: str, values: _Texts, area: Area, style: _Style = _FACT) -> Iterator[Mark]:
        above, below = area.split_top(_CAPTION_HEIGHT)
        yield _caption(caption, above.x, above.y + _CAPTION_ASCENT, above.width)
        yield from _set(values, below, style, self._language, self._fonts)

    def _qr_code(self, area: Area) -> Mark:
        content = self._content
        field = "tracking_url" if content.tracking_url else "tracking_number"
        return self._symbol("qr", field, content.tracking_url or content.tracking_number, area, _QR_MODULE)

    def _barcode(self, area: Area) -> Mark:
        return self._symbol("code128", "tracking_number", self._content.tracking_number, area, _BAR_MODULE)

    def _tracking_number(self, area: Area) -> Iterable[Mark]:
        content = self._content
        if content.tracking_number_printed:
            return self._text("tracking_number_printed", content.tracking_number_printed, area, _NUMBER)
        return self._text("tracking_number", in_blocks(content.tracking_number), area, _NUMBER)

    def _text(self, field: str, text: str, area: Area, style: _Style) -> Iterable[Mark]:
        return _set(((field, text),), area, style, self._language, self._fonts)

    def _symbol(self, name: str, field: str, text: str, area: Area, modules: tuple[Micrometres, Micrometres]) -> Mark:
        """A barcode in this area. Raises `DoesNotFit` if it would need finer modules than may be printed."""
        symbology = SYMBOLOGIES[name]
        symbology.check(text, field)
        widest, narrowest = modules
        taken = (symbology.width(text) + 2 * symbology.quiet_zone) * narrowest
        if taken > area.width:
            limit = len(text) * area.width // taken
            message = f'"{text}" is too long for its barcode; about {limit} characters fit. Use a shorter one.'
            raise DoesNotFit(message, field=field, details={"value": text, "limit": limit})
        symbol = Symbol(name, text, area.x, area.y, area.width, area.height, widest, narrowest, field)
        for grid in self._grids:
            grid.check(symbol)
        return symbol


# Sender, carrier, brand and date are the same on label after label, so what was set last is kept: 1 to 3 kB an entry.
@lru_cache(maxsize=1024)
def _set(texts: _Texts, area: Area, style: _Style, language: str, fonts: Fonts) -> tuple[Text, ...]:
    """Texts in this style, one below the other, as large as the area allows."""
    printable = ((field, fonts.printable(text, field)) for field, text in texts)
    paragraphs = [Paragraph(text, field, bold=style.bold, language=language) for field, text in printable if text]
    fitted = fit(paragraphs, area.width, area.height, style.largest, fonts)
    return tuple(fitted.placed(area, align=style.align, white=style.white))


@lru_cache(maxsize=256)
def _address(
    caption: str, role: str, address: Address, other_country: str, *, area: Area, largest: Micrometres, fonts: Fonts
) -> tuple[tuple[Text, ...], Micrometres]:
    """An address, names and the country in bold, beside a caption on the first line's baseline; and its height."""
    tag, area = area.split_left(_TAG_WIDTH)
    language = language_of(address.country_code)
    paragraphs = []
    for line in address_lines(address, other_country):
        field = f"{role}.{line.field}"
        bold = line.is_name or line.field == "country_code"
        paragraphs.append(Paragraph(fonts.printable(line.text, field), field, bold=bold, language=language))
    fitted = fit(paragraphs, area.width, area.height, largest, fonts)
    lines = tuple(fitted.placed(area))
    baseline = lines[0].baseline if lines else area.y + _CAPTION_ASCENT
    return (_caption(caption, tag.x, baseline, tag.width), *lines), fitted.height


@lru_cache(maxsize=64)
def _caption(text: str, x: Micrometres, baseline: Micrometres, width: Micrometres) -> Text:
    """A word in small capitals. There are eight, in few places."""
    return Text(text, x, baseline, _CAPTION, width, bold=True, field="caption")


def in_blocks(number: str) -> str:
    """A number as people read it aloud: in blocks of four.

    >>> in_blocks("3STEST0123456789")
    '3STE ST01 2345 6789'
    """
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def _filled(area: Area) -> Fill:
    return Fill(area.x, area.y, area.width, area.height)
