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

Codes = frozenset[tuple[str, str]]
"""Symbology (`code128`, `qr`) and text of every barcode that was found."""

_ZXING_NAMES = {"Code128": "code128", "QRCode": "qr"}
_ZBAR_NAMES = {"CODE128": "code128", "QRCODE": "qr"}


def picture_of(file: bytes, dpi: int) -> Image.Image:
    """The first page of a PNG or PDF file in grey; a PDF is rasterised at this resolution."""
    if file.startswith(b"%PDF"):
        with pypdfium2.PdfDocument(file) as document:
            picture: Image.Image = document[0].render(scale=dpi / 72, grayscale=True).to_pil()
            return picture
    return Image.open(io.BytesIO(file)).convert("L")


def codes_by_zxing(picture: Image.Image) -> Codes:
    """The barcodes that zxing-cpp finds."""
    return frozenset(
        (_ZXING_NAMES.get(code.format.name, code.format.name), code.text) for code in zxingcpp.read_barcodes(picture)
    )


def codes_by_zbar(picture: Image.Image) -> Codes:
    """The barcodes that zbar finds."""
    symbols = [pyzbar.ZBarSymbol.CODE128, pyzbar.ZBarSymbol.QRCODE]
    return frozenset((_ZBAR_NAMES[code.type], code.data.decode()) for code in pyzbar.decode(picture, symbols))


def lines_of(pdf: bytes) -> list[str]:
    """The text of the first page in NFC, line by line, in the order in which it was drawn."""
    with pypdfium2.PdfDocument(pdf) as document:
        text: str = document[0].get_textpage().get_text_range()
        return unicodedata.normalize("NFC", text).split("\r\n")


def page_sizes(pdf: bytes) -> Iterator[tuple[float, float]]:
    """Width and height of every page, in points."""
    with pypdfium2.PdfDocument(pdf) as document:
        yield from [(round(page.get_width(), 3), round(page.get_height(), 3)) for page in document]
