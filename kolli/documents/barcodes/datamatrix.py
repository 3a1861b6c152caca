"""Data Matrix ECC 200 (ISO/IEC 16022:2006), always square: the routing code of a carrier.

Data: printable ASCII. Beyond that, scanners guess the encoding.
"""

from functools import lru_cache

import zint

from kolli.documents.barcodes import encoder
from kolli.documents.barcodes.modules import Modules
from kolli.errors import DoesNotFit, NotDrawable

QUIET_ZONE = 1
"""Modules that stay white on every side (ISO/IEC 16022:2006, 7.3)."""

LONGEST = 300
"""Characters. The largest square that fits a label holds about as many letters and digits."""


@lru_cache(maxsize=256)
def encode(text: str) -> Modules:
    """The smallest square that holds a text."""
    return encoder.encoded(zint.Symbology.DATAMATRIX, text, option_3=zint.DataMatrixOptions.SQUARE)


def check(text: str, field: str) -> None:
    """Raises `NotDrawable` or `DoesNotFit` for text that not every scanner would read as it was put in."""
    check_length(text, field)
    if not (text.isascii() and text.isprintable() and text):
        message = f'A Data Matrix on a label holds ASCII characters only; "{text}" has others.'
        raise NotDrawable(message, field=field, details={"value": text})


def check_length(text: str, field: str) -> None:
    """Raises `DoesNotFit` for more text than any square on a label holds."""
    if len(text) > LONGEST:
        message = f"A Data Matrix on a label holds {LONGEST} characters at most, not {len(text)}."
        raise DoesNotFit(message, field=field, details={"value": text, "limit": LONGEST})


def width(text: str) -> int:
    """How many modules the symbol of this text is wide, without its quiet zones."""
    return encode(text).width
