"""The symbologies there are: each makes modules out of text, and draws nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from kolli.documents.barcodes import code128, qr
from kolli.documents.barcodes.modules import Modules


@dataclass(frozen=True, slots=True)
class Symbology:
    """A kind of barcode. `width` may be more than `encode` then takes, never less; both count without quiet zones."""

    name: str
    sentence: str
    quiet_zone: int
    is_linear: bool
    check: Callable[[str, str], None]
    width: Callable[[str], int]
    encode: Callable[[str], Modules]


SYMBOLOGIES = {
    symbology.name: symbology
    for symbology in (
        Symbology(
            "code128",
            "Code 128: bars for a tracking number of Latin letters, digits and ASCII punctuation.",
            code128.QUIET_ZONE,
            is_linear=True,
            check=code128.check,
            width=code128.width,
            encode=code128.encode,
        ),
        Symbology(
            "qr",
            "QR Code: a square that a telephone reads, for a link.",
            qr.QUIET_ZONE,
            is_linear=False,
            check=qr.check,
            width=qr.width,
            encode=qr.encode,
        ),
    )
}
"""Every symbology by its name."""
