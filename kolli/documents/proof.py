"""Reads finished labels back, as a scanner and a person with a text cursor would.

For tests and for whoever wants to check a label from outside: it needs zxing-cpp, zbar and PDFium, which no other part
of Kolli imports and a server does without. The decoders share no code with what drew the label.
"""

import io
import unicodedata
from collections.abc import Iterator

import pypdfium2
import zxingcpp
from PIL import Image
from pyzbar import pyzbar

from kolli.drawing import Drawing, Symbol

Codes = frozenset[tuple[str, str]]
"""Symbology (`code128`, `qr`) and text of every barcode that was found, GS1 elements with their parentheses."""

_ZXING_NAMES = {
    "Code128": "code128",
    "QRCode": "qr",
    "ITF": "itf",
    "DataMatrix": "datamatrix",
    "MaxiCode": "maxicode",
}
_GS1_NAMES = {"]C1": "gs1_128", "]d2": "gs1_datamatrix"}
"""What a scanner says in front of GS1 elements (ISO/IEC 15424:2008), which are another symbology for us."""

_ZBAR_NAMES = {"CODE128": "code128", "QRCODE": "qr", "I25": "itf"}


def picture_of(file: bytes, dpi: int) -> Image.Image:
    """The first page of a PNG or PDF file in grey; a PDF is rasterised at this resolution."""
    if file.startswith(b"%PDF"):
        with pypdfium2.PdfDocument(file) as document:
            picture: Image.Image = document[0].render(scale=dpi / 72, grayscale=True).to_pil()
            return picture
    return Image.open(io.BytesIO(file)).convert("L")


def codes_by_zxing(picture: Image.Image) -> Codes:
    """The barcodes that zxing-cpp finds, a MaxiCode only where there is nothing else: see `codes_in_places`."""
    return frozenset(map(_named, zxingcpp.read_barcodes(picture)))


def codes_in_places(picture: Image.Image, page: Drawing) -> Codes:
    """The barcodes that zxing-cpp finds where barcodes are meant to be, looking at one place at a time."""
    found: set[tuple[str, str]] = set()
    for mark in page.marks:
        if isinstance(mark, Symbol):
            across, down = picture.width / page.width, picture.height / page.height
            box = mark.x * across, mark.y * down, (mark.x + mark.width) * across, (mark.y + mark.height) * down
            place = picture.crop((round(box[0]), round(box[1]), round(box[2]), round(box[3])))
            found |= codes_by_zxing(place)
    return frozenset(found)


def codes_by_zbar(picture: Image.Image) -> Codes:
    """The barcodes that zbar finds: of squares it reads QR codes only, and it takes GS1-128 for Code 128."""
    symbols = [pyzbar.ZBarSymbol.CODE128, pyzbar.ZBarSymbol.QRCODE, pyzbar.ZBarSymbol.I25]
    return frozenset((_ZBAR_NAMES[code.type], code.data.decode()) for code in pyzbar.decode(picture, symbols))


def _named(code: zxingcpp.Barcode) -> tuple[str, str]:
    name = _GS1_NAMES.get(code.symbology_identifier) or _ZXING_NAMES.get(code.format.name, code.format.name)
    # The separators of a message are control characters, which `text` would have made visible.
    return name, code.bytes.decode() if name == "maxicode" else code.text


def lines_of(pdf: bytes) -> list[str]:
    """The text of the first page in NFC, line by line, in the order in which it was drawn."""
    with pypdfium2.PdfDocument(pdf) as document:
        text: str = document[0].get_textpage().get_text_range()
        return unicodedata.normalize("NFC", text).split("\r\n")


def page_sizes(pdf: bytes) -> Iterator[tuple[float, float]]:
    """Width and height of every page, in points."""
    with pypdfium2.PdfDocument(pdf) as document:
        yield from [(round(page.get_width(), 3), round(page.get_height(), 3)) for page in document]
