"""QR Code (ISO/IEC 18004:2015): a link as a square, at error correction level M (15 %)."""

from bisect import bisect_left
from functools import lru_cache

import zint

from kolli.documents.barcodes import encoder
from kolli.documents.barcodes.modules import Modules
from kolli.errors import DoesNotFit, NotDrawable

QUIET_ZONE = 4
"""Modules that stay white on every side (ISO/IEC 18004:2015)."""

# Bytes that versions 1, 2, 3 … hold at level M (ISO/IEC 18004:2015, table 7). Later versions are too fine for a label.
_CAPACITY = (14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287)

_LEVEL_M = 2


@lru_cache(maxsize=256)
def encode(text: str) -> Modules:
    """The square for an ASCII text."""
    return encoder.encoded(zint.Symbology.QRCODE, text, option_1=_LEVEL_M)


def check(text: str, field: str) -> None:
    """Raises `NotDrawable` or `DoesNotFit` for text that not every scanner would read as it was put in.

    Beyond ASCII, scanners guess the encoding. A link is ASCII once its host and path are encoded as RFC 3986 wants.
    """
    if not (text.isascii() and text.isprintable() and text):
        message = f'A QR code on a label holds ASCII characters only; percent-encode the others in "{text}".'
        raise NotDrawable(message, field=field, details={"value": text})
    if len(text) > _CAPACITY[-1]:
        message = f"A QR code on a label holds {_CAPACITY[-1]} characters, not {len(text)}; shorten the link."
        raise DoesNotFit(message, field=field, details={"value": text, "limit": _CAPACITY[-1]})


def width(text: str) -> int:
    """How many modules the symbol of this text is wide at most, without its quiet zones.

    An encoder that switches between modes may need less; a printer that encodes by itself may not be that clever.
    """
    return 21 + 4 * bisect_left(_CAPACITY, len(text))
