"""Code 128 (ISO/IEC 15417:2007): a tracking number as bars."""

from functools import lru_cache

import zint

from kolli.documents.barcodes.modules import Modules
from kolli.errors import DoesNotFit, NotDrawable

QUIET_ZONE = 10
"""Modules that stay white on either side (ISO/IEC 15417:2007)."""

# The encoder takes 102 symbol characters, which no label is wide enough for: whether a text fits one is for the layout.
_LONGEST = 80


@lru_cache(maxsize=256)
def encode(text: str) -> Modules:
    """The bars for a text of printable ASCII characters, with as few symbol characters as there can be."""
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.CODE128
    symbol.encode(text)
    row = int.from_bytes(symbol.encoded_data[0:1].tobytes(), "little")
    return Modules(symbol.width, (_reversed(row, symbol.width),))


def check(text: str, field: str) -> None:
    """Raises `NotDrawable` for text that this symbology cannot hold, and `DoesNotFit` for far too much of it."""
    if not (text.isascii() and text.isprintable() and text):
        message = f'A Code 128 barcode holds Latin letters, digits and ASCII punctuation only; "{text}" has others.'
        raise NotDrawable(message, field=field, details={"value": text})
    if len(text) > _LONGEST:
        message = f"A Code 128 barcode on a label holds far less than {len(text)} characters; use a shorter number."
        raise DoesNotFit(message, field=field, details={"value": text, "limit": _LONGEST})


def width(text: str) -> int:
    """How many modules the symbol of this text is wide, without its quiet zones."""
    return encode(text).width


def _reversed(bits: int, length: int) -> int:
    return int(f"{bits:0{length}b}"[::-1], 2)
