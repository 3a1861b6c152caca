"""Decodes a brand's logo once, and keeps it in the form each writer wants."""

import re
import struct
import zlib
from functools import lru_cache
from io import BytesIO

from PIL import Image as Pillow

from kolli.drawing import Image
from kolli.errors import Invalid

# Brands are few. A logo of 38 mm x 14 mm at 600 dpi is 900 x 330 pixels: 40 kB in black and white; the colours that PDF
# wants are half as many dots per inch, and deflated.
_LOGOS = 32


# Dark colours become black and light ones white; only what is between is dithered, by Floyd and Steinberg's method. A
# logo in dark green then has clean edges instead of a rash of white dots.
_CONTRAST = [min(max((level - 96) * 255 // 112, 0), 255) for level in range(256)]


# Decoded, four megapixels are 16 MB.
_MOST_PIXELS = 4_000_000
_MOST_BYTES = 2 * 1024 * 1024

# PNG, third edition, 5.2 and 11.2.1: the signature, then the chunk IHDR, whose data begin with width and height.
_START = re.compile(rb"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR(.{4})(.{4})", re.DOTALL)

UNREADABLE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    struct.error,
    zlib.error,
    Pillow.DecompressionBombError,
    Pillow.DecompressionBombWarning,
)
"""What Pillow raises for files that are cut off, damaged or made to do harm."""


# A logo is checked for every label it is on; 16 of them are 32 MB at the worst.
@lru_cache(16)
def check_logo(png: bytes) -> None:
    """Decodes a logo. Raises `Invalid` naming `logo` if it is no PNG, damaged, or larger than any label needs."""
    _decoded(png)


@lru_cache(_LOGOS)
def black_and_white(png: bytes, width: int, height: int) -> tuple[int, int, tuple[int, ...]]:
    """Width, height and rows of the picture in so many pixels; in a row the highest bit is leftmost, and 1 is black."""
    picture = _fitted(png, width, height).convert("L").point(_CONTRAST).convert("1")
    columns, lines = picture.size
    stride = (columns + 7) // 8
    data = picture.tobytes()
    white = (1 << columns) - 1
    padding = stride * 8 - columns
    rows = (int.from_bytes(data[at : at + stride], "big") >> padding for at in range(0, lines * stride, stride))
    return columns, lines, tuple(row ^ white for row in rows)


@lru_cache(_LOGOS)
def in_colour(png: bytes, width: int, height: int) -> tuple[int, int, bytes]:
    """Width, height and RGB samples, deflated, of the picture inside this many pixels."""
    picture = _fitted(png, width, height)
    return picture.width, picture.height, zlib.compress(picture.tobytes())


def _fitted(png: bytes, width: int, height: int) -> Pillow.Image:
    """The picture on white, as large as fits. Raises `Invalid` as `check_logo` does."""
    picture = _decoded(png)
    ground = Pillow.new("RGBA", picture.size, "white")
    ground.alpha_composite(picture)
    columns = max(min(width, picture.width * height // picture.height), 1)
    lines = max(min(height, picture.height * columns // picture.width), 1)
    return ground.convert("RGB").resize((columns, lines), Pillow.Resampling.LANCZOS)


def _decoded(png: bytes) -> Pillow.Image:
    if len(png) > _MOST_BYTES:
        message = f"The logo has {len(png)} bytes, more than the {_MOST_BYTES} it may have. Upload a smaller one."
        raise Invalid(message, field="logo", details={"bytes": len(png), "limit": _MOST_BYTES})
    start = _START.match(png)
    if start is None:
        raise _unreadable()
    width, height = (int.from_bytes(number, "big") for number in start.groups())
    _check_size(width, height)
    try:
        with Pillow.open(BytesIO(png), formats=["PNG"]) as opened:
            # A damaged file may have a second header, which Pillow believes.
            _check_size(*opened.size)
            return opened.convert("RGBA")
    except UNREADABLE as error:
        raise _unreadable() from error


def _check_size(width: int, height: int) -> None:
    if not (width and height):
        raise _unreadable()
    if width * height > _MOST_PIXELS:
        message = (
            f"The logo has {width} x {height} pixels; it may have {_MOST_PIXELS} in all. Upload a smaller one: it is "
            "printed 38 mm wide."
        )
        raise Invalid(message, field="logo", details={"width": width, "height": height, "limit": _MOST_PIXELS})


def _unreadable() -> Invalid:
    return Invalid("The logo is not a PNG file that can be read. Upload it again.", field="logo")


def place_in_box(image: Image, box: tuple[int, int, int, int], width: int, height: int) -> tuple[int, int]:
    """Where a picture of this size starts in its box (left, top, width, height); it is centred from top to bottom."""
    left, top, box_width, box_height = box
    free = box_width - width
    return left + {"left": 0, "center": free // 2, "right": free}[image.align], top + (box_height - height) // 2
