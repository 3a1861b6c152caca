"""A logo as somebody uploads it becomes a clean PNG: checked before it is decoded, and drawn anew.

What was hidden in the file (positions, thumbnails, comments, further frames) is not in the new one.
"""

import re
from io import BytesIO

from PIL import Image as Pillow
from PIL import ImageOps

from kolli.documents.writers.pictures import UNREADABLE, check_logo
from kolli.errors import Invalid, TooLarge

MOST_BYTES = 2 * 1024 * 1024

MOST_PIXELS = 4_000_000
"""Decoded, these are 16 MB."""

LARGEST_SIDE = 1_200
"""Pixels that are kept: the room for a logo on a label is 900 wide at 600 dots per inch."""

_FORMATS = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}

_KNOWN = {
    b"GIF8": "a GIF",
    b"RIFF": "a WebP",
    b"BM": "a BMP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"%PDF": "a PDF",
    b"{": "a JSON document: send the file itself as the body",
    b"--": "a form: send the file itself as the body",
    b"\0\0\0": "a HEIC or an AVIF",
}
"""How files begin that are sent instead, and what they are."""

_MARKUP = re.compile(rb"(\xef\xbb\xbf)?\s*<")


def clean_logo(content: bytes) -> bytes:
    """The picture in a PNG or JPEG file as a PNG that says nothing else, no larger than labels and screens need.

    Of an animation it is the first picture. Raises TooLarge, or Invalid naming `logo`, for whatever cannot be one.
    """
    if len(content) > MOST_BYTES:
        raise TooLarge(f"The logo has more than the {MOST_BYTES} bytes it may have. Upload a smaller one.")
    kind = next((name for start, name in _FORMATS.items() if content.startswith(start)), None)
    if kind is None:
        raise _wrong(_described(content))
    try:
        with Pillow.open(BytesIO(content), formats=[kind]) as opened:  # reads no more than the header
            _check_size(*opened.size)
            picture = _upright(opened)
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise _too_many_pixels("far more pixels than that") from error
    except UNREADABLE as error:
        raise _wrong(f"The {kind} file is damaged, or cut off.") from error
    png = _encoded(picture)
    check_logo(png)
    return png


def _described(content: bytes) -> str:
    if not content:
        return "The body is empty."
    if _MARKUP.match(content):
        return "An SVG, like other files in XML or HTML, is not taken, as it can hold programs. Export it as a PNG."
    name = next((name for start, name in _KNOWN.items() if content.startswith(start)), "neither of the two")
    return f"What is in it is {name}."


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise _too_many_pixels(f"{width} x {height}")


def _too_many_pixels(has: str) -> Invalid:
    return Invalid(f"A logo may have {MOST_PIXELS} pixels, and this one has {has}. Upload a smaller one.", field="logo")


def _upright(opened: Pillow.Image) -> Pillow.Image:
    """The first picture of a file, turned as its camera says, with red, green, blue and opacity."""
    if opened.mode.startswith("I"):  # 16 bits of grey, of which the upper 8 are enough
        return opened.convert("I").point(lambda level: level / 256).convert("L").convert("RGBA")
    return ImageOps.exif_transpose(opened).convert("RGBA")


def _encoded(picture: Pillow.Image) -> bytes:
    side = LARGEST_SIDE
    while True:
        fitted = picture.copy()
        fitted.thumbnail((side, side), Pillow.Resampling.LANCZOS)
        clean = Pillow.frombytes("RGBA", fitted.size, fitted.tobytes())  # the samples, and nothing else
        file = BytesIO()
        clean.save(file, "PNG", optimize=True)
        if file.tell() <= MOST_BYTES:
            return file.getvalue()
        side //= 2


def _wrong(reason: str) -> Invalid:
    return Invalid(f"A logo is a PNG or a JPEG file. {reason}", field="logo")
