"""Where the bars of a plot stand. Templates draw them, in colours of the style sheet; here are only numbers.

Each plot is one series of bars with its values written beside them or on an axis, so nothing has to be told apart by
colour: it can be printed in black, and read by whoever does not see colours. Lengths are in the units of the drawing,
in which a line of text is 12 high.
"""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 340
HEIGHT = 170

_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 4, 12, 20
_ROW, _TEXT, _BAR = 36, 14, 10
_MOST_LABELS, _CHARACTER = 8, 6.5

MOST_ROWS = 8
"""Bars below each other; what is behind them is summed up in one more."""


@dataclass(frozen=True)
class Bar:
    """One bar and its words. A bar that stands has its label below it, if there is room for one."""

    label: str
    value: int
    x: float
    y: float
    width: float
    height: float
    is_labelled: bool = True
    is_marked: bool = False  # such as today

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class Tick:
    """A value on the axis, and how far down it is."""

    value: int
    y: float


@dataclass(frozen=True)
class Plot:
    """A picture of some numbers. `name` is its own on the page; `title` and `text` say what it shows."""

    name: str
    title: str
    text: str
    height: int
    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...] = ()
    width: int = WIDTH
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    bottom: int = HEIGHT - _BOTTOM

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be seen."""
        return not any(bar.value for bar in self.bars)


def standing(name: str, title: str, text: str, values: Sequence[tuple[str, int]], marked: int | None = None) -> Plot:
    """Bars that stand beside each other, above an axis: for what follows in time. `marked` stands out."""
    ticks = _ticks(max((value for _, value in values), default=0))
    top = ticks[-1].value
    room = HEIGHT - _TOP - _BOTTOM
    step = (WIDTH - _LEFT - _RIGHT) / max(len(values), 1)
    widest = (max((len(label) for label, _ in values), default=0) + 2) * _CHARACTER
    every = max(-int(-widest // step), -(-len(values) // _MOST_LABELS), 1)
    bars = []
    for place, (label, value) in enumerate(values):
        height = _length(value, top, room)
        bars.append(
            Bar(
                label,
                value,
                x=round(_LEFT + place * step + step * 0.12, 1),
                y=round(HEIGHT - _BOTTOM - height, 1),
                width=round(step * 0.76, 1),
                height=height,
                is_labelled=(len(values) - 1 - place) % every == 0 if marked == len(values) - 1 else place % every == 0,
                is_marked=place == marked,
            )
        )
    return Plot(name, title, text, HEIGHT, tuple(bars), ticks)


def lying(name: str, title: str, text: str, values: Sequence[tuple[str, int]], others: str) -> Plot:
    """Bars that lie below each other, each under its label and value. `others` is what those behind the eighth are."""
    shown = list(values[:MOST_ROWS])
    rest = sum(value for _, value in values[MOST_ROWS:])
    if rest:
        shown.append((others, rest))
    top = max((value for _, value in shown), default=0)
    bars = tuple(
        Bar(label, value, x=0, y=place * _ROW + _TEXT + 3, width=_length(value, top, WIDTH), height=_BAR)
        for place, (label, value) in enumerate(shown)
    )
    return Plot(name, title, text, max(len(shown), 1) * _ROW, bars)


def _length(value: int, top: int, room: int) -> float:
    """How long a bar is: what is there at all can be seen."""
    return round(max(value / top * room, 1.5), 1) if value else 0


def _ticks(most: int) -> tuple[Tick, ...]:
    """Zero, a middle and an end that people count in: 0, 5, 10."""
    end = next(step * 10**power for power in range(19) for step in (2, 4, 10) if step * 10**power >= most)
    room = HEIGHT - _TOP - _BOTTOM
    return tuple(Tick(value, round(HEIGHT - _BOTTOM - value / end * room, 1)) for value in (0, end // 2, end))
