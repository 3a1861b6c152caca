"""The shipping label: who sends what to whom, with which carrier, and the barcode that says so to machines.

From top to bottom: a band if there is one, carrier and brand, sender, recipient, the facts of the parcel beside a QR
code, and the tracking barcode across the whole width. The recipient gets whatever height the others leave. What a
carrier wants besides has its places there too, and what it wants instead takes the place of the usual.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from kolli.documents.barcodes import SYMBOLOGIES
from kolli.documents.fonts import Fonts
from kolli.documents.layouts import codes
from kolli.documents.layouts.addresses import address_lines, language_of
from kolli.documents.layouts.fitting import SMALLEST, Paragraph, fit, pitch
from kolli.documents.layouts.parts import NO_PARTS, Barcode, LabelParts
from kolli.documents.layouts.texts import CAPTION, CAPTION_ASCENT, Style, Texts, caption_mark, set_texts
from kolli.documents.papers import A6, LABEL_4X6, on_sheet
from kolli.documents.writers.grid import PDF_DPI, Grid
from kolli.documents.writers.pictures import check_logo
from kolli.drawing import Area, Drawing, Fill, Image, Mark, Micrometres, Paper, Text, mm, points
from kolli.values import Address, Weight

_MARGIN = mm(4)
_GAP = mm(1, 5)
_THICK, _THIN = mm(0, 7), mm(0, 2)

_BAND_HEIGHT = mm(9)
_NOTICE_HEIGHT = mm(2, 7)
_HEADER_HEIGHT = mm(14)
_LOGO_WIDTH = mm(38)
# The sender takes as little as possible and at most eight lines of the smallest type; the recipient gets the rest.
_SENDER_HEIGHTS = mm(13), mm(21)
_SENDER_SIZES = points(8), points(6, 5)  # the smaller one leaves room for a second barcode
_TAG_WIDTH = mm(11)
_BOX_COUNT_WIDTH = mm(27)
_FACTS_HEIGHT = mm(25)
_CAPTION_HEIGHT = mm(2, 8)
_COLUMN_GAP = mm(3)
_ROW_HEIGHT, _ROW_GAP = mm(6, 8), mm(0, 6)
_LONGEST_FACT = 200  # characters; not even half of that fits
_STRIP_HEIGHT = mm(11)
_BADGE_WIDTH = mm(23)
_BARCODE_CAPTION_WIDTH = mm(22)

# Bars are made higher only when the recipient has as much as this, and never leave it less than that.
_RECIPIENT_HEIGHTS = mm(22), mm(9)

_PDF_GRID = Grid(PDF_DPI)

_BAND = Style(points(17), bold=True, align="center", white=True)
_CARRIER = Style(points(20), bold=True)
_SERVICE = Style(points(11))
_BRAND = Style(points(13), bold=True, align="right")
_BOXES = Style(points(22), bold=True)
_FACT = Style(points(10))
_NUMBER = Style(points(13), bold=True, align="center")
_NOTICE = Style(points(6, 2), bold=True, align="center", white=True)
_SORT_CODE = Style(points(30), bold=True)
_BADGE = Style(points(26), bold=True, align="center", white=True)


@dataclass(frozen=True)
class LabelContent:
    """What a label says. Texts are printed as they are; empty ones leave no trace.

    `tracking_number` is what the barcode holds; `tracking_number_printed` is how people read it, in blocks of four if
    empty. `tracking_url` is what the QR code holds, the tracking number if empty. `logo` is a PNG that was checked when
    it was uploaded; without one, `brand_name` stands in its place. `band` is printed white on black across the top, and
    `notice` in small type below it, in the same black. `parts` are what the carrier wants besides.
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
    notice: str = ""
    parts: LabelParts = NO_PARTS


def lay_out(content: LabelContent, paper: Paper, fonts: Fonts, dpi: int = PDF_DPI) -> Drawing:
    """The label on this paper. A6 and 4 x 6 inch are filled; on a larger sheet it is an A6 label, upper left.

    Whatever it accepts can be written as PDF, and as PNG or ZPL of `dpi`; a coarser resolution may have no room for the
    barcodes. Raises `DoesNotFit` and `NotDrawable` naming the field as the content names it:
    `recipient.address_line_1`, `sender.city`, `notes.0`, `parts.barcodes.1`; and `Invalid` naming `logo` or a barcode.
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
        self._has_parts = content.parts is not NO_PARTS and content.parts != NO_PARTS
        self._present_facts = _present_facts(content)
        self._notes = tuple([(f"notes.{index}", note) for index, note in enumerate(content.notes) if note.strip()])

    def marks(self, page: Area) -> Iterator[Mark]:
        """Everything on the label: from above and from below, and the recipient in the room between."""
        rest = Area(_MARGIN, _MARGIN, page.width - 2 * _MARGIN, page.height - 2 * _MARGIN)
        above, rest = self._above(rest)
        yield from above
        facts_height = self._facts_height(rest.width)
        rows = self._rows()
        room = rest.height - (facts_height + _THICK + _THIN + 2 * _GAP + mm(2))
        heights = codes.bar_heights(rows, *(room - recipient for recipient in _RECIPIENT_HEIGHTS))
        rest, stack = rest.split_bottom(codes.total_height(rows, heights), _GAP)
        rest, rule = rest.split_bottom(_THICK, mm(1))
        yield _filled(rule)
        rest, facts = rest.split_bottom(facts_height, mm(1))
        recipient, rule = rest.split_bottom(_THIN, _GAP)
        yield _filled(rule)
        yield from self._recipient(recipient)
        yield from self._facts(facts)
        for row, bars, text in codes.placed(rows, heights, stack):
            # The quiet zones of the barcode may reach into the margins: nothing is printed there.
            across = Area(0, bars.y, page.width, bars.height)
            yield codes.symbol_for(row.barcode, row.field, across, self._grids, is_linear=True)
            yield from self._barcode_text(row, text)

    def _above(self, rest: Area) -> tuple[list[Mark], Area]:
        """Band, header and sender, with the rules below them; and what is left for the others."""
        content = self._content
        marks: list[Mark] = []
        if content.band.strip():
            band, rest = rest.split_top(_BAND_HEIGHT + (_NOTICE_HEIGHT if content.notice.strip() else 0), _GAP)
            marks += self._band(band)
        header, rest = rest.split_top(_HEADER_HEIGHT, _GAP)
        marks += self._header(header)
        rule, rest = rest.split_top(_THICK, _GAP)
        marks.append(_filled(rule))
        sender, taken = self._sender(rest.split_top(_SENDER_HEIGHTS[1])[0])
        marks += sender
        _, rest = rest.split_top(max(taken, _SENDER_HEIGHTS[0]), _GAP)
        rule, rest = rest.split_top(_THIN, _GAP)
        return [*marks, _filled(rule)], rest

    def _band(self, area: Area) -> Iterator[Mark]:
        yield _filled(area)
        inner = Area(area.x + mm(2), area.y, area.width - mm(4), area.height)
        if self._content.notice.strip():
            inner, notice = inner.split_bottom(_NOTICE_HEIGHT)
            yield from self._text("notice", self._content.notice, notice, _NOTICE)
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
        largest = _SENDER_SIZES[len(content.parts.barcodes) > 1]
        address, height = _address(
            "FROM", "sender", content.sender, country, area=area, largest=largest, fonts=self._fonts
        )
        return [*marks, *address], height

    def _recipient(self, area: Area) -> Iterable[Mark]:
        content = self._content
        country = content.sender.country_code
        address, _ = _address(
            "TO", "recipient", content.recipient, country, area=area, largest=points(18), fonts=self._fonts
        )
        return address

    def _facts_height(self, width: Micrometres) -> Micrometres:
        """As high as always, or as what the carrier wants besides needs."""
        parts = self._content.parts
        if not self._has_parts:
            return _FACTS_HEIGHT
        strip = _STRIP_HEIGHT + mm(1) if parts.sort_code or parts.badge else 0
        _, heights = self._fact_grid(width - self._square_side() - _COLUMN_GAP)
        return max(self._square_side(), strip + sum(heights) + self._notes_height())

    def _notes_height(self) -> Micrometres:
        notes = len(self._notes)
        return _CAPTION_HEIGHT + max(notes, 2) * pitch(SMALLEST) if notes else 0

    def _square_side(self) -> Micrometres:
        square = self._content.parts.square
        symbology = SYMBOLOGIES.get(square.symbology) if square else None
        return max(_FACTS_HEIGHT, symbology.size if symbology else 0)

    def _fact_grid(self, width: Micrometres) -> tuple[int, list[Micrometres]]:
        """In how many columns the facts stand, and how high each of their rows has to be.

        Always in two, in rows of one height; where the carrier has some of its own, in three if all are short.
        """
        facts = self._present_facts
        if not self._has_parts:
            rows = (len(facts) + 1) // 2
            return 2, [_FACTS_HEIGHT // max(rows + bool(self._notes), 2)] * rows
        texts = [self._fonts.printable(text, field)[:_LONGEST_FACT] for field, _, text in facts]
        widths = [self._fonts.width(text, SMALLEST, bold=False, language=self._language) for text in texts]
        columns = 3 if len(facts) > 4 and max(widths) < width // 4 else 2
        column = (width - _COLUMN_GAP * (columns - 1)) // columns
        # Lines do not end exactly where their place does, so a tenth of it is not counted on.
        lines = [min(each * 11 // (column * 10) + 1, 3) for each in widths]
        rows_of_lines = [max(lines[start : start + columns]) for start in range(0, len(lines), columns)]
        return columns, [
            max(_ROW_HEIGHT, _CAPTION_HEIGHT + most * pitch(SMALLEST) + _ROW_GAP) for most in rows_of_lines
        ]

    def _facts(self, area: Area) -> Iterator[Mark]:
        """Sort code and badge, the facts in columns, and notes below them; the square on the right."""
        parts = self._content.parts
        area, square = area.split_right(self._square_side(), _COLUMN_GAP)
        yield self._square(square.split_top(square.width)[0])
        if parts.sort_code or parts.badge:
            strip, area = area.split_top(_STRIP_HEIGHT, mm(1))
            yield from self._strip(strip)
        columns, heights = self._fact_grid(area.width)
        gap = 0
        if self._has_parts and heights:
            spare = (area.height - sum(heights) - self._notes_height()) // len(heights)
            heights = [min(height + spare, max(height, _FACTS_HEIGHT // 2)) for height in heights]
            gap = _ROW_GAP
        column = (area.width - _COLUMN_GAP * (columns - 1)) // columns
        top = area.y
        for index, (field, caption, value) in enumerate(self._present_facts):
            row, right = divmod(index, columns)
            cell = Area(area.x + right * (column + _COLUMN_GAP), top, column, heights[row] - gap)
            yield from self._fact(caption, ((field, value),), cell)
            if right == columns - 1:
                top += heights[row]
        if self._notes:
            taken = sum(heights)
            notes = Area(area.x, area.y + taken, area.width, area.height - taken)
            yield from self._fact("NOTES", self._notes, notes)

    def _fact(self, caption: str, values: Texts, area: Area, style: Style = _FACT) -> Iterator[Mark]:
        above, below = area.split_top(_CAPTION_HEIGHT)
        if values[0][0].startswith("parts."):
            # A word of the carrier's, which may be too long or have characters that nobody can draw.
            caption = "".join(mark.text for mark in self._text(values[0][0], caption, above, CAPTION))
        yield caption_mark(caption, above.x, above.y + CAPTION_ASCENT, above.width)
        yield from set_texts(values, below, style, self._language, self._fonts)

    def _strip(self, area: Area) -> Iterator[Mark]:
        """The badge and the sort code, in the largest type of the label."""
        parts = self._content.parts
        if parts.badge:
            badge, area = area.split_left(_BADGE_WIDTH, mm(2))
            yield _filled(badge)
            inner = Area(badge.x + mm(1), badge.y, badge.width - mm(2), badge.height)
            yield from self._text("parts.badge", parts.badge, inner, _BADGE)
        if parts.sort_code:
            yield from self._text("parts.sort_code", parts.sort_code, area, _SORT_CODE)

    def _square(self, area: Area) -> Mark:
        content = self._content
        barcode, field = content.parts.square, "parts.square"
        if barcode is None:
            barcode = Barcode("qr", content.tracking_url or content.tracking_number)
            field = "tracking_url" if content.tracking_url else "tracking_number"
        return codes.symbol_for(barcode, field, area, self._grids, is_linear=False)

    def _rows(self) -> list[codes.Row]:
        """The barcodes across the label, the lowest first."""
        content = self._content
        if content.parts.barcodes:
            return codes.declared_rows(content.parts.barcodes)
        number, printed = content.tracking_number, content.tracking_number_printed
        if printed:
            return [codes.usual_row(number, printed, "tracking_number_printed")]
        return [codes.usual_row(number, in_blocks(number), "tracking_number")]

    def _barcode_text(self, row: codes.Row, area: Area) -> Iterator[Mark]:
        """What people read of a barcode, and in front of it what it is called."""
        barcode = row.barcode
        if barcode.caption:
            caption, area = area.split_left(_BARCODE_CAPTION_WIDTH)
            area, _ = area.split_right(_BARCODE_CAPTION_WIDTH)
            yield from self._text(row.printed_field, barcode.caption, caption, CAPTION)
        if barcode.printed:
            yield from self._text(row.printed_field, barcode.printed, area, _NUMBER)

    def _text(self, field: str, text: str, area: Area, style: Style) -> tuple[Text, ...]:
        return set_texts(((field, text),), area, style, self._language, self._fonts)


def _present_facts(content: LabelContent) -> list[tuple[str, str, str]]:
    """The facts there are: field, caption and text of each."""
    facts = [
        ("order_number", "ORDER", content.order_number),
        ("reference", "REFERENCE", content.reference),
        ("weight", "WEIGHT", str(content.weight or "")),
        ("shipped_on", "SHIPPED", content.shipped_on.isoformat() if content.shipped_on else ""),
    ]
    facts += [(f"parts.facts.{index}", *fact) for index, fact in enumerate(content.parts.facts)]
    return [fact for fact in facts if fact[2].strip()]


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
    baseline = lines[0].baseline if lines else area.y + CAPTION_ASCENT
    return (caption_mark(caption, tag.x, baseline, tag.width), *lines), fitted.height


def in_blocks(number: str) -> str:
    """A number as people read it aloud: in blocks of four.

    >>> in_blocks("3STEST0123456789")
    '3STE ST01 2345 6789'
    """
    return " ".join(number[start : start + 4] for start in range(0, len(number), 4))


def _filled(area: Area) -> Fill:
    return Fill(area.x, area.y, area.width, area.height)
