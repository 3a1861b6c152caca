"""Draws a page in black and white pixels, one bit each.

The canvas is the bytes of the page, row after row. A line of text is put together as one large integer that covers the
rows of the line across the whole page, because shifting and or-ing such a number is the fastest thing Python can do to
thousands of bits; then it is laid over the bytes of those rows in one go.
"""

from collections.abc import Iterable
from dataclasses import replace
from functools import reduce
from operator import or_

from kolli.documents.fonts import Fonts
from kolli.documents.fonts.faces import EM, Bitmap
from kolli.documents.writers.grid import Grid
from kolli.documents.writers.pictures import black_and_white, place_in_box
from kolli.drawing import Fill, Frame, Image, Mark, Micrometres, Symbol, Text

_FILTER_BYTE = 8

_ALONE_STEP = 256


class Canvas:
    """Black marks on a white page.

    Each row is a byte that is always 0, then the pixels, 1 being black, leftmost in the highest bit. The byte in front
    is PNG's filter type "none" (PNG, third edition, 9.2): the canvas is what a PNG file compresses.
    """

    def __init__(self, width: int, height: int) -> None:
        """An empty page of this many pixels."""
        self.width = width
        self.height = height
        self.bytes_per_row = (width + 7) // 8 + 1
        self._stride = self.bytes_per_row * 8
        self.pixels = bytearray(self.bytes_per_row * height)

    def text(self, text: Text, grid: Grid, fonts: Fonts) -> None:
        """Draws a text where its mark says."""
        shaped = fonts.shaped(text.text, text.bold, text.language)
        size_64 = grid.size_64(text.size)
        left = text.start(fonts.width(text.text, text.size, bold=text.bold, language=text.language))
        baseline = grid.px(text.baseline)
        stride, bitmap = self._stride, fonts.bitmap
        pen_64 = left * grid.dots * 64 // 254_000 + 32
        end = stride - _FILTER_BYTE
        placed: list[tuple[int, int, int]] = []
        for glyph in shaped.glyphs:
            shape = bitmap(glyph.face, glyph.gid, size_64, stride)
            if shape.width:
                x = ((pen_64 + glyph.x * size_64 // EM) >> 6) + shape.left
                up = shape.bottom + ((glyph.y * size_64 // EM + 32) >> 6)
                if x < 0 or x + shape.width > self.width:
                    shape, x = _cut_to_page(shape, x, self.width, stride)
                placed.append((up, end - x - shape.width, shape.bits))
        if not placed:
            return
        # The strip's lowest row is that of the lowest glyph: marks below a letter may hang deeper than the descent.
        lowest = min(placed)[0]
        bits = 0
        for up, shift, shape_bits in placed:
            bits |= shape_bits << ((up - lowest) * stride + shift)
        self._merge(bits, baseline - lowest, white=text.white)

    def rows(self, rows: Iterable[int], x: int, y: int, width: int) -> None:
        """Draws rows of pixels; in each, the highest of `width` bits is leftmost."""
        shift = self._stride - _FILTER_BYTE - x - width
        size = self.bytes_per_row
        data = b"".join([(row << shift).to_bytes(size, "big") for row in rows])
        self._merge(int.from_bytes(data, "big"), y + len(data) // size, white=False)

    def bars(self, row: int, x: int, y: int, width: int, height: int) -> None:
        """Draws the same row of pixels `height` times."""
        shift = self._stride - _FILTER_BYTE - x - width
        data = (row << shift).to_bytes(self.bytes_per_row, "big") * height
        self._merge(int.from_bytes(data, "big"), y + height, white=False)

    def to_rows(self) -> list[int]:
        """The rows of pixels; in each, the highest of `width` bits is leftmost."""
        size = self.bytes_per_row
        spare = self._stride - _FILTER_BYTE - self.width
        return [
            int.from_bytes(self.pixels[start : start + size], "big") >> spare
            for start in range(0, len(self.pixels), size)
        ]

    def _merge(self, bits: int, below: int, *, white: bool) -> None:
        """Lays pixels over the page; the lowest row of `bits` is the one above row `below`."""
        size = self.bytes_per_row
        count = -(-bits.bit_length() // self._stride)
        if below > self.height:
            bits >>= (below - self.height) * self._stride
            below = self.height
            count = -(-bits.bit_length() // self._stride)
        if count > below:
            count = max(below, 0)
            bits &= (1 << count * self._stride) - 1
        start, end = (below - count) * size, below * size
        there = int.from_bytes(self.pixels[start:end], "big")
        merged = there & ~bits if white else there | bits
        self.pixels[start:end] = merged.to_bytes(end - start, "big")


def drawn(width: Micrometres, height: Micrometres, marks: Iterable[Mark], dpi: int, fonts: Fonts) -> Canvas:
    """A page of this size with these marks."""
    grid = Grid(dpi)
    canvas = Canvas(grid.px(width), grid.px(height))
    for mark in marks:
        match mark:
            case Text():
                canvas.text(mark, grid, fonts)
            case Fill():
                _draw_fill(canvas, mark, grid)
            case Frame():
                _draw_frame(canvas, mark, grid)
            case Symbol():
                _draw_symbol(canvas, mark, grid)
            case Image():
                _draw_image(canvas, mark, grid)
    return canvas


def text_alone(text: Text, grid: Grid, fonts: Fonts) -> tuple[int, int, int, list[int]]:
    """A text cut out of its page: where its upper left pixel stands, its width, and its rows of pixels.

    In a row the highest bit is leftmost and 1 is black, whatever the colour of the text.
    """
    left = grid.px(text.left)
    bleed = grid.px(text.size)
    # Few widths of canvas mean few widths of rows for the glyphs, which are kept row width by row width.
    needed = max(text.max_width, fonts.width(text.text, text.size, bold=text.bold, language=text.language))
    width = -(-(grid.px(needed) + 2 * bleed) // _ALONE_STEP) * _ALONE_STEP
    ink = fonts.shaped(text.text, text.bold, text.language).ink
    above = max(fonts.ascent(text.size), ink.up * text.size // EM) + text.size // 4
    below = max(fonts.descent(text.size), ink.down * text.size // EM) + text.size // 4
    top = text.baseline - above
    canvas = Canvas(width, grid.px(above + below))
    shift = left - bleed
    origin = shift * 254_000 // grid.dots
    canvas.text(replace(text, x=text.x - origin, baseline=text.baseline - top, white=False), grid, fonts)
    rows = canvas.to_rows()
    used = [index for index, row in enumerate(rows) if row]
    if not used:
        return left, grid.px(top), 1, [0]
    rows = rows[used[0] : used[-1] + 1]
    together = reduce(or_, rows)
    first = width - together.bit_length()
    spare = (together & -together).bit_length() - 1
    return shift + first, grid.px(top) + used[0], width - first - spare, [row >> spare for row in rows]


def widened(row: int, width: int, module: int) -> int:
    """A row of modules as a row of pixels, each module `module` pixels wide."""
    return int(f"{row:0{width}b}".translate({48: "0" * module, 49: "1" * module}), 2)


def _cut_to_page(shape: Bitmap, x: int, width: int, stride: int) -> tuple[Bitmap, int]:
    """A glyph that reaches over the left or right edge of the page without what is beyond, and its new left edge."""
    left, right = max(x, 0), min(x + shape.width, width)
    if left >= right:
        return Bitmap(0, 0, 0, 0, 0), 0
    mask = (1 << (right - left)) - 1
    row_mask = (1 << stride) - 1
    bits = 0
    for index in range(shape.height):
        row = shape.bits >> index * stride & row_mask
        bits |= (row >> x + shape.width - right & mask) << index * stride
    return shape._replace(bits=bits, width=right - left), left


def _draw_fill(canvas: Canvas, fill: Fill, grid: Grid) -> None:
    (x, width), (y, height) = grid.span(fill.x, fill.width), grid.span(fill.y, fill.height)
    canvas.bars((1 << width) - 1, x, y, width, height)


def _draw_frame(canvas: Canvas, frame: Frame, grid: Grid) -> None:
    (x, width), (y, height) = grid.span(frame.x, frame.width), grid.span(frame.y, frame.height)
    line = max(grid.px(frame.line), 1)
    full = (1 << width) - 1
    sides = full ^ ((1 << (width - 2 * line)) - 1) << line
    canvas.bars(full, x, y, width, line)
    canvas.bars(sides, x, y + line, width, height - 2 * line)
    canvas.bars(full, x, y + height - line, width, line)


def _draw_symbol(canvas: Canvas, symbol: Symbol, grid: Grid) -> None:
    modules = grid.encoded(symbol)
    x, y, width, height, module = grid.placed(symbol, modules.width)
    rows = modules.rows if module == 1 else [widened(row, modules.width, module) for row in modules.rows]
    if len(rows) == 1:
        canvas.bars(rows[0], x, y, width, height)
    else:
        canvas.rows([row for row in rows for _ in range(module)], x, y, width)


def _draw_image(canvas: Canvas, image: Image, grid: Grid) -> None:
    (left, box_width), (top, box_height) = grid.span(image.x, image.width), grid.span(image.y, image.height)
    width, height, rows = black_and_white(image.png, box_width, box_height)
    x, y = place_in_box(image, (left, top, box_width, box_height), width, height)
    canvas.rows(rows, x, y, width)
