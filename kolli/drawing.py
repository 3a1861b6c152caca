"""A page as a list of marks, in whole micrometres from its top left corner.

A layout makes a `Drawing` once; every writer draws that same one. Nothing here knows a resolution or a file format:
a writer rounds to its own grid. X grows to the right, Y grows downwards, and a text stands on its baseline.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

Micrometres = int
"""A length on paper: 25 400 to the inch."""

Align = Literal["left", "center", "right"]


def mm(length: int, tenths: int = 0) -> Micrometres:
    """A length given in whole millimetres, and tenths of one."""
    return length * 1000 + tenths * 100


def points(size: int, tenths: int = 0) -> Micrometres:
    """A font size given in typographic points (72 to the inch), and tenths of one."""
    return ((size * 10 + tenths) * 25_400 + 360) // 720


@dataclass(frozen=True, slots=True)
class Paper:
    """A sheet by its name and size."""

    name: str
    width: Micrometres
    height: Micrometres


@dataclass(frozen=True, slots=True)
class Text:
    """One line of text that must stay within `max_width`.

    `x` is the left end, the middle or the right end of that width, as `align` says. `size` is the em, which is what
    others call the font size. `language` (BCP 47) chooses between national shapes of one character; empty means any.
    `field` names the value the text came from, for error messages.
    """

    text: str
    x: Micrometres
    baseline: Micrometres
    size: Micrometres
    max_width: Micrometres
    bold: bool = False
    white: bool = False
    align: Align = "left"
    language: str = ""
    field: str = ""

    @property
    def left(self) -> Micrometres:
        """The left end of the width that the text may use."""
        return self.start(self.max_width)

    def start(self, width: Micrometres) -> Micrometres:
        """Where the text begins if it turns out to be this wide."""
        if self.align == "left":
            return self.x
        return self.x - (width // 2 if self.align == "center" else width)


@dataclass(frozen=True, slots=True)
class Fill:
    """A rectangle filled with black: a rule, a band, the ground under white text."""

    x: Micrometres
    y: Micrometres
    width: Micrometres
    height: Micrometres


@dataclass(frozen=True, slots=True)
class Frame:
    """The outline of a rectangle; the line is drawn inside it, `line` thick."""

    x: Micrometres
    y: Micrometres
    width: Micrometres
    height: Micrometres
    line: Micrometres


@dataclass(frozen=True, slots=True)
class Symbol:
    """A barcode in the middle of a box that also holds its quiet zones.

    `symbology` is a key of the table of symbologies. A writer makes the modules as large as whole pixels of its own
    grid allow, but never wider than `max_module` and never narrower than `min_module`.
    """

    symbology: str
    text: str
    x: Micrometres
    y: Micrometres
    width: Micrometres
    height: Micrometres
    max_module: Micrometres
    min_module: Micrometres
    field: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """A PNG picture, as large as its box allows without changing its proportions."""

    png: bytes
    x: Micrometres
    y: Micrometres
    width: Micrometres
    height: Micrometres
    align: Align = "left"
    field: str = ""


Mark = Text | Fill | Frame | Symbol | Image


@dataclass(frozen=True, slots=True)
class Drawing:
    """A page: its size, its marks in the order in which they are drawn, and a title for viewers that show one."""

    width: Micrometres
    height: Micrometres
    marks: tuple[Mark, ...]
    title: str = ""


def moved(mark: Mark, right: Micrometres, down: Micrometres) -> Mark:
    """The same mark elsewhere on the page."""
    if isinstance(mark, Text):
        return replace(mark, x=mark.x + right, baseline=mark.baseline + down)
    return replace(mark, x=mark.x + right, y=mark.y + down)


class Area(NamedTuple):
    """A rectangle of the page that is still to be filled; it is cut up rather than changed.

    A tuple, because a label is cut into fifty of them, and they are keys of what was set before.
    """

    x: Micrometres
    y: Micrometres
    width: Micrometres
    height: Micrometres

    @property
    def right(self) -> Micrometres:
        """Where the area ends on the right."""
        return self.x + self.width

    @property
    def bottom(self) -> Micrometres:
        """Where the area ends at the bottom."""
        return self.y + self.height

    def split_top(self, height: Micrometres, gap: Micrometres = 0) -> tuple["Area", "Area"]:
        """The uppermost part, and what is left under a gap."""
        taken = height + gap
        return (
            Area(self.x, self.y, self.width, height),
            Area(self.x, self.y + taken, self.width, self.height - taken),
        )

    def split_bottom(self, height: Micrometres, gap: Micrometres = 0) -> tuple["Area", "Area"]:
        """What is left above a gap, and the lowest part."""
        return (
            Area(self.x, self.y, self.width, self.height - height - gap),
            Area(self.x, self.bottom - height, self.width, height),
        )

    def split_left(self, width: Micrometres, gap: Micrometres = 0) -> tuple["Area", "Area"]:
        """The leftmost part, and what is left beyond a gap."""
        taken = width + gap
        return (
            Area(self.x, self.y, width, self.height),
            Area(self.x + taken, self.y, self.width - taken, self.height),
        )

    def split_right(self, width: Micrometres, gap: Micrometres = 0) -> tuple["Area", "Area"]:
        """What is left before a gap, and the rightmost part."""
        return (
            Area(self.x, self.y, self.width - width - gap, self.height),
            Area(self.right - width, self.y, width, self.height),
        )
