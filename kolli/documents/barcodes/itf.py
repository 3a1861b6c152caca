"""Interleaved 2 of 5 (ISO/IEC 16390:2007), its wide bars three modules: the Identcode and Leitcode of Deutsche Post.

Data: an even number of digits, at least six: shorter ones are read by chance. What check digit they have is part of
them: none is added.
"""

import re
from functools import lru_cache

import zint

from kolli.documents.barcodes import code128, encoder
from kolli.documents.barcodes.modules import Modules
from kolli.errors import NotDrawable

QUIET_ZONE = 10
"""Modules that stay white on either side (ISO/IEC 16390:2007, 4.4)."""

WIDE = 3
"""How many modules wide a wide bar is."""

_PAIRS = re.compile(r"(?:[0-9]{2}){3,}")


@lru_cache(maxsize=256)
def encode(text: str) -> Modules:
    """The bars for an even number of digits."""
    return encoder.encoded(zint.Symbology.C25INTER, text)


def check(text: str, field: str) -> None:
    """Raises `NotDrawable` for anything but pairs of digits, and `DoesNotFit` for far too many of them."""
    code128.check_length(text, field, "An Interleaved 2 of 5 barcode")
    if not _PAIRS.fullmatch(text):
        message = f'An Interleaved 2 of 5 barcode holds an even number of digits, six or more, unlike "{text}".'
        raise NotDrawable(message, field=field, details={"value": text})


def width(text: str) -> int:
    """How many modules the symbol is wide: four for the start, 18 for two digits, five for the stop."""
    return 9 + 9 * len(text)
