"""Pages about a printer itself: one to test it with, and one that stands between labels."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kolli.documents.fonts import Fonts
from kolli.documents.layouts.texts import Style, set_texts
from kolli.documents.papers import A4, A6
from kolli.drawing import Area, Drawing, Fill, Frame, Mark, Micrometres, Paper, Symbol, Text, mm, points

_MARGIN = mm(9)
_BESIDE_RULER = mm(14)
_THIN, _THICK = mm(0, 2), mm(0, 5)
_NUMBER = points(6)

_TITLE = Style(points(20), bold=True)
_LINE = Style(points(11))
_SMALL = Style(points(8), align="center")
_WARNING = Style(points(15), bold=True)
_PLACE = Style(points(40), bold=True, align="center")


@dataclass(frozen=True)
class TestPageContent:
    """What a test page says: the printer's name, what its profile says, and the number that its barcode holds.

    `next_place` is the place of the next label on A4, 1 to 4.
    """

    __test__ = False  # pytest collects what is called Test

    printer_name: str
    lines: tuple[str, ...]
    code: str
    next_place: int = 1


def lay_out_test_page(content: TestPageContent, paper: Paper, fonts: Fonts) -> Drawing:
    """The test page: a frame at the edges, rulers in millimetres, texts, and a barcode to be scanned."""
    marks = [*_edges(paper), *_rulers(paper)]
    room = A6 if paper == A4 else paper
    page = Area(_BESIDE_RULER, _MARGIN, room.width - _BESIDE_RULER - _MARGIN, room.height - 2 * _MARGIN)
    if paper == A4:
        marks += _places(content.next_place, fonts)
    marks += _said(content, page, fonts)
    return Drawing(paper.width, paper.height, tuple(marks), f"Test page: {content.printer_name}")


def _said(content: TestPageContent, page: Area, fonts: Fonts) -> Iterator[Mark]:
    title, rest = page.split_top(mm(16), mm(2))
    yield from set_texts((("printer_name", fonts.legible(content.printer_name)),), title, _TITLE, "", fonts)
    rest, code = rest.split_bottom(mm(30), mm(2))
    lines = tuple((f"lines.{index}", fonts.legible(line)) for index, line in enumerate(content.lines))
    yield from set_texts(lines, rest, _LINE, "", fonts)
    bars, text = code.split_top(mm(22), mm(1))
    yield Symbol("code128", content.code, bars.x, bars.y, bars.width, bars.height, mm(0, 5), mm(0, 2), "code")
    yield from set_texts((("code", content.code),), text, _SMALL, "", fonts)


def _edges(paper: Paper) -> Iterator[Mark]:
    """A frame on the edge of the paper, and another 3 mm inside: what is cut off shows how far the print is out."""
    yield Frame(0, 0, paper.width, paper.height, _THICK)
    inset = mm(3)
    yield Frame(inset, inset, paper.width - 2 * inset, paper.height - 2 * inset, _THIN)


def _rulers(paper: Paper) -> Iterator[Mark]:
    """A ruler along the upper edge and one along the left, both from the corner of the paper."""
    for length in range(1, (paper.width - mm(3)) // mm(1)):
        yield Fill(mm(length) - _THIN // 2, 0, _THIN, _tick(length))
        if length % 10 == 0:
            yield _number(length, mm(length), mm(7, 5))
    for length in range(1, (paper.height - mm(3)) // mm(1)):
        yield Fill(0, mm(length) - _THIN // 2, _tick(length), _THIN)
        if length % 10 == 0:
            yield _number(length, mm(7), mm(length) + _NUMBER // 3)


def _tick(length: int) -> Micrometres:
    if length % 10 == 0:
        return mm(5)
    return mm(4) if length % 5 == 0 else mm(2)


def _number(length: int, x: Micrometres, baseline: Micrometres) -> Text:
    return Text(str(length), x, baseline, _NUMBER, mm(6), align="center", field="ruler")


def _places(next_place: int, fonts: Fonts) -> Iterator[Mark]:
    """The four places of labels on A4, with their numbers; the next one is told in words."""
    yield Fill(A6.width - _THIN // 2, 0, _THIN, A4.height)
    yield Fill(0, A6.height - _THIN // 2, A4.width, _THIN)
    for place in (2, 3, 4):
        x, y = ((place - 1) % 2) * A6.width, ((place - 1) // 2) * A6.height
        area = Area(x + _MARGIN, y + mm(60), A6.width - 2 * _MARGIN, mm(20))
        yield from set_texts((("place", str(place)),), area, _PLACE, "", fonts)
        if place == next_place:
            below = Area(area.x, area.bottom + mm(3), area.width, mm(8))
            yield from set_texts((("place", "The next label goes here."),), below, _SMALL, "", fonts)


@dataclass(frozen=True)
class SeparatorContent:
    """What stands before labels that may have come out already: their tracking numbers, and when that was found."""

    numbers: tuple[str, ...]
    job: str


def lay_out_separator(content: SeparatorContent, paper: Paper, fonts: Fonts) -> Drawing:
    """A page that says of the next labels that they may have been printed already. It has no barcode."""
    height = min(paper.height, A6.height)
    page = Area(_MARGIN, _MARGIN, min(paper.width, A6.width) - 2 * _MARGIN, height - 2 * _MARGIN)
    marks: list[Mark] = [Frame(mm(4), mm(4), page.width + mm(10), page.height + mm(10), mm(1))]
    title, rest = page.split_top(mm(40), mm(4))
    words = "The next label may have been printed already:"
    if len(content.numbers) > 1:
        words = "The next labels may have been printed already:"
    marks += set_texts((("words", words),), title, _WARNING, "", fonts)
    numbers, rest = rest.split_top(mm(50), mm(4))
    marks += set_texts(_numbered(content.numbers, fonts), numbers, _WARNING, "", fonts)
    advice = "Stick each label on one parcel only, and destroy the other."
    marks += set_texts((("advice", advice), ("job", fonts.legible(content.job))), rest, _LINE, "", fonts)
    return Drawing(paper.width, paper.height, tuple(marks), words)


def _numbered(numbers: Sequence[str], fonts: Fonts) -> tuple[tuple[str, str], ...]:
    return tuple((f"numbers.{index}", fonts.legible(number)) for index, number in enumerate(numbers))
