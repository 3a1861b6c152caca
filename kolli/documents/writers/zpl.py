"""Writes pages as ZPL II: the printer draws text and barcodes itself, at its own resolution.

Commands are those of Zebra's ZPL II Programming Guide. A page uses `^XA ^CI28 ^PW ^LL ^LH ^FO ^FT ^A0 ^FR ^FH ^FD ^FS
^GB ^GF ^BY ^BC ^B2 ^BQ ^XZ` and nothing else: nothing that is still there after the printer is switched off, and
nothing that comes out of the text of a label. All text passes through `escaped`.
"""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from kolli.documents.barcodes import SYMBOLOGIES, gs1, itf
from kolli.documents.fonts import Fonts
from kolli.documents.writers import zpl_font, zpl_graphics
from kolli.documents.writers.grid import Grid
from kolli.documents.writers.pictures import black_and_white, place_in_box
from kolli.documents.writers.raster import text_alone, widened
from kolli.drawing import Drawing, Fill, Frame, Image, Symbol, Text

# What may stand in field data as it is: printable ASCII without the characters that begin a command (^ ~), the one that
# begins an escape (_ after ^FH), and the backslash, which older firmware drops.
_NEEDS_ESCAPE = re.compile(rb"[^ -\[\]`-}]")
_PLAIN = re.compile(r"[ -\[\]`-}]*").fullmatch

# Text may be made narrower down to this share of its height; below it, our own raster reads better.
_NARROWEST_PERCENT = 70

# The printer chooses the code sets of a Code 128 by itself and may need a change of set more than we do.
_SPARE_MODULES = 22


def write(pages: Sequence[Drawing], dpi: int, fonts: Fonts) -> bytes:
    """The pages as one job: `^XA … ^XZ` for each."""
    grid = Grid(dpi)
    return "".join(_page(page, grid, fonts) for page in pages).encode("ascii")


def escaped(text: str) -> str:
    r"""Field data for `^FH^FD` that prints exactly this text and can contain no command.

    >>> escaped("A^XZ_é")
    'A_5EXZ_5F_C3_A9'

    Characters that do not print (categories Cc) become a space: firmware takes 0x1E and 0x10 for `^` and `~`.
    """
    if _PLAIN(text):
        return text
    printable = text.translate(_CONTROLS)
    return _NEEDS_ESCAPE.sub(_hexadecimal, printable.encode()).decode("ascii")


_CONTROLS = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ")


def _hexadecimal(found: re.Match[bytes]) -> bytes:
    return b"_%02X" % found[0][0]


def _page(page: Drawing, grid: Grid, fonts: Fonts) -> str:
    lines = [f"^XA^CI28^PW{grid.px(page.width)}^LL{grid.px(page.height)}^LH0,0"]
    for mark in page.marks:
        match mark:
            case Text():
                lines.append(_text(mark, grid, fonts))
            case Fill():
                lines.append(_fill(mark, grid))
            case Frame():
                lines.append(_frame(mark, grid))
            case Symbol():
                lines.append(_SYMBOLS[mark.symbology](mark, grid))
            case Image():
                lines.append(_image(mark, grid))
    lines.append("^XZ\n")
    return "\n".join(lines)


def _text(text: Text, grid: Grid, fonts: Fonts) -> str:
    """`^FTx,baseline^A0N,height,width^FR^FH^FDdata^FS`, or a picture of the line if font 0 will not do."""
    reverse = "^FR" if text.white else ""
    px = grid.px
    height = px(text.size)
    thousandths = zpl_font.width(text.text)
    if thousandths is not None:
        # At this character width the text, reckoned with its margin, is as wide as its place.
        room = px(text.max_width) * 1000
        narrow = min(height, room // zpl_font.at_most(thousandths))
        if narrow * 100 >= height * _NARROWEST_PERCENT:
            x = px(text.start(thousandths * narrow * text.max_width // room))
            data = escaped(text.text)
            return f"^FT{x},{px(text.baseline)}^A0N,{height},{narrow}{reverse}^FH^FD{data}^FS"
    x, y, width, rows = text_alone(text, grid, fonts)
    return f"^FO{x},{y}{reverse}{zpl_graphics.field(rows, width)}^FS"


def _fill(fill: Fill, grid: Grid) -> str:
    """`^FOx,y^GBwidth,height,thickness^FS`: a line as thick as the shorter side is a filled rectangle."""
    (x, width), (y, height) = grid.span(fill.x, fill.width), grid.span(fill.y, fill.height)
    return f"^FO{x},{y}^GB{width},{height},{min(width, height)}^FS"


def _frame(frame: Frame, grid: Grid) -> str:
    """`^FOx,y^GBwidth,height,thickness^FS`."""
    (x, width), (y, height) = grid.span(frame.x, frame.width), grid.span(frame.y, frame.height)
    return f"^FO{x},{y}^GB{width},{height},{max(grid.px(frame.line), 1)}^FS"


def _code128(symbol: Symbol, grid: Grid) -> str:
    """`^FOx,y^BYmodule^BCN,height,N,N,N,A^FH^FDdata^FS`.

    Mode A (automatic) takes data as it is; in the default mode N a `>` would begin a command to the encoder. A symbol
    that would be too wide, or have finer bars, if the printer needed more modules than we do is a picture of ours.
    """
    modules = grid.encoded(symbol)
    if not grid.holds(symbol, modules.width, spare=_SPARE_MODULES):
        return _drawn(symbol, grid)
    placed = grid.placed(symbol, modules.width, spare=_SPARE_MODULES)
    if placed.module < grid.placed(symbol, modules.width).module:
        return _drawn(symbol, grid)
    return f"^FO{placed.x},{placed.y}^BY{placed.module}^BCN,{placed.height},N,N,N,A^FH^FD{escaped(symbol.text)}^FS"


def _gs1_128(symbol: Symbol, grid: Grid) -> str:
    """`^FOx,y^BYmodule^BCN,height,N,N,N,N^FH^FD>;>8digits^FS`: code set C, FNC1, pairs of digits.

    Anything but one element of pairs of digits is a picture of ours. In mode N it would take commands to the encoder
    between its characters, and what mode D, made for GS1, adds by itself differs from firmware to firmware.
    """
    elements = gs1.elements(symbol.text)
    digits = "".join(elements[0])
    if len(elements) > 1 or len(digits) % 2 or not digits.isdecimal():
        return _drawn(symbol, grid)
    placed = grid.placed(symbol, grid.encoded(symbol).width)
    return f"^FO{placed.x},{placed.y}^BY{placed.module}^BCN,{placed.height},N,N,N,N^FH^FD>;>8{digits}^FS"


def _itf(symbol: Symbol, grid: Grid) -> str:
    """`^FOx,y^BYmodule,ratio^B2N,height,N,N,N^FH^FDdigits^FS`: no text, no check digit added."""
    placed = grid.placed(symbol, SYMBOLOGIES["itf"].width(symbol.text))
    size = f"^BY{placed.module},{itf.WIDE}^B2N,{placed.height}"
    return f"^FO{placed.x},{placed.y}{size},N,N,N^FH^FD{escaped(symbol.text)}^FS"


def _qr(symbol: Symbol, grid: Grid) -> str:
    """`^FOx,y^BQN,2,module^FH^FDMA,data^FS`: model 2, error correction M, automatic input."""
    placed = grid.placed(symbol, SYMBOLOGIES["qr"].width(symbol.text))
    return f"^FO{placed.x},{placed.y}^BQN,2,{placed.module}^FH^FDMA,{escaped(symbol.text)}^FS"


def _drawn(symbol: Symbol, grid: Grid) -> str:
    """`^FOx,y^GFA,…^FS`: the very modules of the other formats, whatever a printer would have made of the text.

    Each row ends with a white byte, so that none is shortened with `!`: not every engine fills it up with black.
    """
    modules = grid.encoded(symbol)
    x, y, width, height, module = grid.placed(symbol, modules.width)
    repeat = height if len(modules.rows) == 1 else module
    rows = [pixels for row in modules.rows for pixels in [widened(row, modules.width, module) << 8] * repeat]
    return f"^FO{x},{y}{zpl_graphics.field(rows, width + 8)}^FS"


# A printer chooses the size of a Data Matrix by its own encoding, and its MaxiCode (^BD) has no size to be told.
_SYMBOLS: dict[str, Callable[[Symbol, Grid], str]] = {
    "code128": _code128,
    "gs1_128": _gs1_128,
    "itf": _itf,
    "qr": _qr,
    "datamatrix": _drawn,
    "gs1_datamatrix": _drawn,
    "maxicode": _drawn,
}


def _image(image: Image, grid: Grid) -> str:
    """`^FOx,y^GFA,…^FS`."""
    (left, box_width), (top, box_height) = grid.span(image.x, image.width), grid.span(image.y, image.height)
    width, height, field = _picture(image.png, box_width, box_height)
    x, y = place_in_box(image, (left, top, box_width, box_height), width, height)
    return f"^FO{x},{y}{field}^FS"


# As many as there are decoded logos; 2 to 10 kB each.
@lru_cache(maxsize=32)
def _picture(png: bytes, box_width: int, box_height: int) -> tuple[int, int, str]:
    width, height, rows = black_and_white(png, box_width, box_height)
    return width, height, zpl_graphics.field(rows, width)
