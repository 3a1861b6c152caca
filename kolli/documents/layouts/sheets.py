"""Papers of several pages: tables whose rows wrap, and go on on the next page below the same headings.

Nothing is cut: a row that is longer than what is left of a page goes to the next one, and one that is longer than a
page is divided between lines. Each page says which one it is, and of how many.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kolli.documents.fonts import Fonts
from kolli.documents.layouts.fitting import Fitted, Paragraph, wrap
from kolli.drawing import Align, Area, Drawing, Fill, Frame, Mark, Micrometres, Paper, mm, points

_THIN, _THICK = mm(0, 2), mm(0, 5)
_PADDING = mm(0, 8)

GUTTER = mm(3)
"""What is free between two columns."""

_BOX = mm(4)
_FOOT = points(7)
_GAPS = "[?] stands for what no font on this server can print, [?×3] for three such characters."


@dataclass(frozen=True, slots=True)
class Style:
    """How much room a paper leaves at its edges, and how large its text is."""

    margin: Micrometres
    size: Micrometres
    language: str = ""


ON_A4 = Style(mm(15), points(9))
ON_LABELS = Style(mm(5), points(7, 5))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table. One without a width gets what the others leave; `tick` has a box to tick in each row."""

    title: str
    width: Micrometres = 0
    align: Align = "left"
    bold: bool = False
    tick: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row: a text, or several below each other, for each column. `bold` is for sums and headings."""

    cells: tuple[str | tuple[str, ...], ...]
    bold: bool = False


class Sheets:
    """The pages of a paper while they are filled, from the top of the first one down."""

    def __init__(self, paper: Paper, fonts: Fonts, title: str, style: Style) -> None:
        """Begins with an empty page. The title stands small on top of each further one."""
        self._paper = paper
        self._fonts = fonts
        self._title = fonts.legible(title)
        self._style = style
        self._pages: list[list[Mark]] = [[]]
        foot = wrap([Paragraph("1", "page")], mm(20), _FOOT, fonts)
        self._bottom = paper.height - style.margin - foot.pitch - mm(1)
        self._y = self._top = style.margin
        self._has_gaps = False

    @property
    def width(self) -> Micrometres:
        """How wide the text is."""
        return self._paper.width - 2 * self._style.margin

    def texts(self, *texts: str, size: Micrometres = 0, bold: bool = False, align: Align = "left") -> None:
        """Texts below each other, over the whole width."""
        column = Column("", self.width, align, bold)
        self._row([column], [self._cell(column, texts, size or self._style.size, bold=bold)], [])

    def area(self, height: Micrometres, gap: Micrometres = 0) -> Area:
        """A place of this height over the whole width, on a new page if need be; a gap is left below it."""
        self._need(height)
        area = Area(self._style.margin, self._y, self.width, height)
        self._y += height + gap
        return area

    def keep(self, height: Micrometres) -> None:
        """Begins a new page, unless so much of this one is left: what follows belongs together."""
        self._need(height)

    def add(self, *marks: Mark) -> None:
        """Draws on the page that the last area is on."""
        self._pages[-1] += marks

    def gap(self, height: Micrometres) -> None:
        """Leaves something free."""
        self._y += height

    def rule(self, line: Micrometres = _THICK) -> None:
        """A line over the whole width."""
        area = self.area(line, mm(1))
        self.add(Fill(area.x, area.y, area.width, area.height))

    def table(self, columns: Sequence[Column], rows: Iterable[Row], *, ruled: bool = True) -> None:
        """A table. Its titles, if it has any, are repeated on each page."""
        placed = self._widths(columns)
        size = self._style.size
        head: list[Fitted] = []
        if any(column.title for column in placed):
            head = [self._cell(column, (column.title,), size, bold=True) for column in placed]
            self._need(head[0].pitch * 3)
            self._head(placed, head)
        for row in rows:
            cells = [
                self._cell(column, (texts,) if isinstance(texts, str) else texts, size, bold=row.bold or column.bold)
                for column, texts in zip(placed, row.cells, strict=True)
            ]
            self._row(placed, cells, head)
            if ruled:
                self.add(Fill(self._style.margin, self._y, self.width, _THIN))
                self._y += _THIN + _PADDING

    def drawings(self) -> list[Drawing]:
        """The finished pages. If something could not be printed, the last lines say what stands in its place."""
        if self._has_gaps:
            self.gap(mm(2))
            self.texts(_GAPS)
        count = len(self._pages)
        return [
            Drawing(self._paper.width, self._paper.height, (*marks, *self._foot(number, count)), self._title)
            for number, marks in enumerate(self._pages, start=1)
        ]

    def _widths(self, columns: Sequence[Column]) -> list[Column]:
        taken = sum(column.width for column in columns) + GUTTER * (len(columns) - 1)
        share = (self.width - taken) // max(sum(not column.width for column in columns), 1)
        return [
            column if column.width else Column(column.title, share, column.align, column.bold, column.tick)
            for column in columns
        ]

    def _cell(self, column: Column, texts: Iterable[str], size: Micrometres, *, bold: bool) -> Fitted:
        legible = [self._fonts.legible(text) for text in texts]
        self._has_gaps |= any("[?" in text for text in legible)
        paragraphs = [Paragraph(text, "text", bold, self._style.language) for text in legible if text]
        return wrap(paragraphs, column.width, size, self._fonts)

    def _row(self, columns: Sequence[Column], cells: Sequence[Fitted], head: Sequence[Fitted]) -> None:
        level = [cell.beside(cells) for cell in cells]
        pitch = level[0].pitch
        start, lines = 0, max(*(len(cell.lines) for cell in level), int(any(column.tick for column in columns)))
        while start < lines:
            room = (self._bottom - self._y) // pitch
            on_new_page = (self._bottom - self._style.margin) // pitch - 4
            is_worth_it = lines - start > room and start == 0 and lines <= on_new_page and self._y > self._top
            if room < 1 or is_worth_it:
                self._new_page(columns, head)
                continue
            stop = min(start + room, lines)
            self._place(columns, [cell.part(start, stop) for cell in level], is_first=start == 0)
            self._y += pitch * (stop - start)
            start = stop

    def _place(self, columns: Sequence[Column], cells: Sequence[Fitted], *, is_first: bool) -> None:
        x = self._style.margin
        for column, cell in zip(columns, cells, strict=True):
            if column.tick and is_first:
                side = min(_BOX, cell.pitch - _PADDING)
                self.add(Frame(x, self._y, side, side, mm(0, 3)))
            area = Area(x, self._y, column.width, cell.height)
            self.add(*(cell.placed(area, align=column.align)))
            x += column.width + GUTTER

    def _head(self, columns: Sequence[Column], head: Sequence[Fitted]) -> None:
        plain = [Column("", column.width, column.align) for column in columns]
        self._row(plain, head, [])
        self.rule()

    def _need(self, height: Micrometres) -> None:
        if self._y + height > self._bottom:
            self._new_page([], [])

    def _new_page(self, columns: Sequence[Column], head: Sequence[Fitted]) -> None:
        self._pages.append([])
        self._y = self._style.margin
        running = self._running_title()
        self.add(*running.placed(Area(self._style.margin, self._y, self.width, running.height)))
        self._y += running.height + mm(1)
        if head:
            self._head(columns, head)
        self._top = self._y

    def _running_title(self) -> Fitted:
        """The title in one line: all that it is made of stands below it, too."""
        whole = wrap([Paragraph(self._title, "title", bold=True)], self.width, _FOOT, self._fonts)
        if len(whole.lines) <= 1:
            return whole
        start = Paragraph(f"{whole.lines[0][0][:-4]} …", "title", bold=True)
        return wrap([start], self.width, _FOOT, self._fonts).part(0, 1)

    def _foot(self, number: int, count: int) -> Iterable[Mark]:
        foot = wrap([Paragraph(f"Page {number} of {count}", "page")], self.width, _FOOT, self._fonts)
        bottom = self._paper.height - self._style.margin
        return foot.placed(Area(self._style.margin, bottom - foot.pitch, self.width, foot.pitch), align="right")
