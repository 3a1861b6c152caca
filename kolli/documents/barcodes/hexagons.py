"""Turns the hexagons of a MaxiCode into pixels: its modules are no squares and have one size at every resolution.

A pixel is black when its middle lies in a hexagon or a ring of the bull's eye. Lengths in here are micrometres times
the resolution, in which a pixel is a whole number wide: the same symbol has the same pixels on every machine.
"""

from collections.abc import Callable
from functools import cache
from math import isqrt
from typing import NamedTuple

from kolli.documents.barcodes.modules import Modules
from kolli.drawing import Micrometres

SIZE = Micrometres(28_140)
"""How wide the symbol is with a hexagon of white around it; it is a little less high (ISO/IEC 16023:2000, 4.11)."""

ROWS, COLUMNS = 33, 30

# ISO/IEC 16023:2000, 4.11, in micrometres: from the middle of a hexagon to that of the next one, from one row to the
# next, how high a hexagon is, and how far from the middle the rings of the bull's eye begin and end.
_PITCH, _ROW_PITCH, _HEIGHT = 880, 762, 1016
_RADII = (510, 1180, 1860, 2540, 3210, 3890)
_MIDDLE = 14, 16  # column and row of the hexagon in the middle of the bull's eye

_PIXEL = 254_000

_Shape = tuple[tuple[int, int], ...]
"""Rows of pixels by their number; in each, the highest bit is that of the leftmost pixel of the symbol."""


class _Shapes(NamedTuple):
    """What a symbol is put together from at one resolution: its width, the bull's eye, and all hexagons row by row."""

    width: int
    eye: tuple[int, ...]
    hexagons: tuple[tuple[_Shape, ...], ...]


def drawn(modules: Modules, dots: int) -> Modules:
    """The symbol in pixels, `dots` to 254 mm, as a square of `SIZE`."""
    width, eye, hexagons = _shapes(dots)
    rows = list(eye)
    for shapes, row in zip(hexagons, modules.rows, strict=True):
        for column, shape in enumerate(shapes):
            if row >> COLUMNS - 1 - column & 1:
                for y, bits in shape:
                    rows[y] |= bits
    return Modules(width, tuple(rows))


@cache
def _shapes(dots: int) -> _Shapes:
    width = SIZE * dots // _PIXEL
    eye = [0] * width
    for radius in _RADII:
        # What is inside of a ring too is black twice, and so white.
        for row, bits in _circle(*_middle(*_MIDDLE, dots), radius * dots, width):
            eye[row] ^= bits
    hexagons = tuple(
        tuple(_hexagon(*_middle(column, row, dots), dots, width) for column in range(COLUMNS)) for row in range(ROWS)
    )
    return _Shapes(width, tuple(eye), hexagons)


def _circle(x: int, y: int, radius: int, width: int) -> _Shape:
    return _filled(x, y, radius, lambda down: isqrt(radius**2 - down**2), width)


def _hexagon(x: int, y: int, dots: int, width: int) -> _Shape:
    """It stands on a corner, and its sides are upright: above the lower corners it is as wide as it gets."""
    half = _HEIGHT * dots // 2
    widest = _PITCH * dots // 2
    return _filled(x, y, half, lambda down: min((half - down) * 2 * _PITCH // _HEIGHT, widest), width)


def _middle(column: int, row: int, dots: int) -> tuple[int, int]:
    left, top = SIZE - (COLUMNS - 1) * _PITCH, SIZE - (ROWS - 1) * _ROW_PITCH
    return (left + (2 * column + row % 2) * _PITCH) * dots // 2, (top + 2 * row * _ROW_PITCH) * dots // 2


def _filled(x: int, y: int, reach: int, half_width: Callable[[int], int], width: int) -> _Shape:
    """The pixels of a shape around a point: as wide on either side as `half_width` says for a distance up or down."""
    shape = []
    for row in range(*_between(y - reach, y + reach)):
        half = half_width(abs(row * _PIXEL + _PIXEL // 2 - y))
        first, end = _between(x - half, x + half)
        shape.append((row, (1 << end - first) - 1 << width - end if end > first else 0))
    return tuple(shape)


def _between(start: int, end: int) -> tuple[int, int]:
    """The first pixel whose middle is not before `start`, and the first whose middle is not before `end`."""
    return -(-(start - _PIXEL // 2) // _PIXEL), -(-(end - _PIXEL // 2) // _PIXEL)
