"""GS1 DataMatrix: a square Data Matrix that begins with FNC1 and holds GS1 elements (scanners say `]d2`).

Data: GS1 elements, see `kolli.documents.barcodes.gs1`. Check digits are part of it, and are checked.
"""

from functools import lru_cache

import zint

from kolli.documents.barcodes import datamatrix, encoder, gs1
from kolli.documents.barcodes.modules import Modules

QUIET_ZONE = datamatrix.QUIET_ZONE


@lru_cache(maxsize=256)
def encode(text: str) -> Modules:
    """The smallest square that holds these elements."""
    options = {"option_3": zint.DataMatrixOptions.SQUARE, "input_mode": zint.InputMode.GS1PARENS | zint.InputMode.GS1}
    return encoder.encoded(zint.Symbology.DATAMATRIX, text, **options)


def check(text: str, field: str) -> None:
    """Raises `NotDrawable` for what are no valid GS1 elements, and `DoesNotFit` for too many of them."""
    datamatrix.check_length(text, field)
    gs1.check(text, field, encode)


def width(text: str) -> int:
    """How many modules the symbol of these elements is wide, without its quiet zones."""
    return encode(text).width
