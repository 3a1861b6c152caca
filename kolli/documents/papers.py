"""The papers Kolli prints on, and how labels are put on a larger one.

The ISO 216 sizes are what 300 dpi makes of them: A6 is 1240 x 1748 pixels, 104.99 mm x 148.00 mm. With the last
hundredth of a millimetre, viewers would make a picture one pixel larger and resample the barcode.
"""

from collections.abc import Sequence
from itertools import groupby

from kolli.drawing import Drawing, Paper, moved
from kolli.errors import Invalid, InvalidChoice


def _whole_pixels(name: str, columns: int, rows: int) -> Paper:
    """A paper of so many pixels at 300 dpi, rounded down: viewers round up."""
    return Paper(name, columns * 25_400 // 300, rows * 25_400 // 300)


A6 = _whole_pixels("A6", 1240, 1748)
A5 = _whole_pixels("A5", 1748, 2480)
A4 = _whole_pixels("A4", 2480, 3508)
LABEL_4X6 = _whole_pixels("4x6", 1200, 1800)

PAPERS = {paper.name.lower(): paper for paper in (A6, A5, A4, LABEL_4X6)}
"""Every paper by its name in lower case."""


def paper_named(name: str) -> Paper:
    """The paper of this name, in capitals or not. Raises `InvalidChoice` naming `paper_size`."""
    if (paper := PAPERS.get(name.lower())) is None:
        names = ", ".join(each.name for each in PAPERS.values())
        message = f'There is no paper "{name}". Choose one of {names}.'
        raise InvalidChoice(message, field="paper_size", details={"value": name, "choices": names})
    return paper


def positions_on(paper: Paper, label: Drawing) -> int:
    """How many labels of this size a sheet holds."""
    return (paper.width // label.width) * (paper.height // label.height)


def on_sheet(label: Drawing, paper: Paper, position: int = 0) -> Drawing:
    """The label on a larger sheet. Position 0 is the upper left, 1 beside it, and so on row by row.

    Raises `Invalid` naming `position` if the sheet has no such place.
    """
    columns = paper.width // label.width
    places = positions_on(paper, label)
    if not 0 <= position < places:
        message = f"{paper.name} has {places} places for this label, numbered from 0; there is no place {position}."
        raise Invalid(message, field="position", details={"value": position, "places": places})
    row, column = divmod(position, columns)
    right, down = column * label.width, row * label.height
    return Drawing(paper.width, paper.height, tuple(moved(mark, right, down) for mark in label.marks), label.title)


def on_sheets(labels: Sequence[Drawing], paper: Paper, start_from: int = 0) -> list[Drawing]:
    """The labels, all of one size, in their order on as many sheets as they need, each filled row by row.

    The first label stands at place `start_from` of the first sheet, the upper left being 0; paper with one place leaves
    nothing to choose and ignores it. Raises `Invalid` naming `start_from` if the sheet has no such place.
    """
    places = min((positions_on(paper, label) for label in labels), default=1)
    if places == 1:
        start_from = 0
    if not 0 <= start_from < places:
        message = f"{paper.name} has {places} places for labels, numbered from 0; there is no place {start_from}."
        raise Invalid(message, field="start_from", details={"value": start_from, "places": places})
    numbered = groupby(enumerate(labels, start_from), lambda each: each[0] // places)
    return [_together([on_sheet(label, paper, number % places) for number, label in sheet]) for _, sheet in numbered]


def _together(sheets: Sequence[Drawing]) -> Drawing:
    """Sheets of one size laid over each other, under the title of the first."""
    first = sheets[0]
    return Drawing(first.width, first.height, tuple(mark for sheet in sheets for mark in sheet.marks), first.title)
