"""GS1-128: Code 128 that begins with FNC1 and holds GS1 elements, such as the SSCC of a parcel (scanners say `]C1`).

Data: GS1 elements, see `kolli.documents.barcodes.gs1`. Check digits are part of it, and are checked.
"""

from functools import lru_cache

import zint

from kolli.documents.barcodes import code128, encoder, gs1
from kolli.documents.barcodes.modules import Modules

QUIET_ZONE = 10
"""Modules that stay white on either side (GS1 General Specifications, release 24, 5.4.6.1)."""


@lru_cache(maxsize=256)
def encode(text: str) -> Modules:
    """The bars for GS1 elements."""
    return encoder.encoded(zint.Symbology.GS1_128, text, input_mode=zint.InputMode.GS1PARENS)


def check(text: str, field: str) -> None:
    """Raises `NotDrawable` for what are no valid GS1 elements, and `DoesNotFit` for far too many of them."""
    code128.check_length(text, field, "A GS1-128 barcode")
    gs1.check(text, field, encode)


def width(text: str) -> int:
    """How many modules the symbol of these elements is wide, without its quiet zones."""
    return encode(text).width
