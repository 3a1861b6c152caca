"""Code 128 (ISO/IEC 15417:2007): a tracking number as bars."""

from functools import lru_cache

import zint

from kolli.documents.barcodes import encoder
from kolli.documents.barcodes.modules import Modules
from kolli.errors import DoesNotFit, NotDrawable

QUIET_ZONE = 10
"""Modules that stay white on either side (ISO/IEC 15417:2007)."""

LONGEST = 80
"""Characters. The encoder takes 102; whether fewer fit a label is for the layout, which is never that wide."""


@lru_cache(maxsize=256)
def encode(text: str) -> Modules:
    """The bars for a text of printable ASCII characters, with as few symbol characters as there can be."""
    return encoder.encoded(zint.Symbology.CODE128, text)


def check(text: str, field: str) -> None:
    """Raises `NotDrawable` for text that this symbology cannot hold, and `DoesNotFit` for far too much of it."""
    if not (text.isascii() and text.isprintable() and text):
        message = f'A Code 128 barcode holds Latin letters, digits and ASCII punctuation only; "{text}" has others.'
        raise NotDrawable(message, field=field, details={"value": text})
    check_length(text, field, "A Code 128 barcode")


def check_length(text: str, field: str, name: str) -> None:
    """Raises `DoesNotFit` for far more text than any label is wide enough for."""
    if len(text) > LONGEST:
        message = f"{name} on a label holds far less than {len(text)} characters; use a shorter number."
        raise DoesNotFit(message, field=field, details={"value": text, "limit": LONGEST})


def width(text: str) -> int:
    """How many modules the symbol of this text is wide, without its quiet zones."""
    return encode(text).width
