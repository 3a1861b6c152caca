"""The symbologies there are: each makes modules out of text, and draws nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from kolli.documents.barcodes import code128, datamatrix, gs1_128, gs1_datamatrix, itf, maxicode, qr
from kolli.documents.barcodes.modules import Modules
from kolli.drawing import Micrometres


@dataclass(frozen=True, slots=True)
class Symbology:
    """A kind of barcode. `width` may be more than `encode` then takes, never less; both count without quiet zones.

    A symbology whose modules are no squares has one `size`, quiet zones included, and draws itself in `pixels`: a
    square of that size, so many pixels to 254 mm.
    """

    name: str
    sentence: str
    quiet_zone: int
    is_linear: bool
    check: Callable[[str, str], None]
    width: Callable[[str], int]
    encode: Callable[[str], Modules]
    size: Micrometres = 0
    pixels: Callable[[str, int], Modules] | None = None


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
            "gs1_128",
            "GS1-128: bars for GS1 elements, such as the SSCC of a parcel.",
            gs1_128.QUIET_ZONE,
            is_linear=True,
            check=gs1_128.check,
            width=gs1_128.width,
            encode=gs1_128.encode,
        ),
        Symbology(
            "itf",
            "Interleaved 2 of 5: bars for an even number of digits.",
            itf.QUIET_ZONE,
            is_linear=True,
            check=itf.check,
            width=itf.width,
            encode=itf.encode,
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
        Symbology(
            "datamatrix",
            "Data Matrix: a small square for the routing code of a carrier.",
            datamatrix.QUIET_ZONE,
            is_linear=False,
            check=datamatrix.check,
            width=datamatrix.width,
            encode=datamatrix.encode,
        ),
        Symbology(
            "gs1_datamatrix",
            "GS1 DataMatrix: a small square for GS1 elements.",
            gs1_datamatrix.QUIET_ZONE,
            is_linear=False,
            check=gs1_datamatrix.check,
            width=gs1_datamatrix.width,
            encode=gs1_datamatrix.encode,
        ),
        Symbology(
            "maxicode",
            "MaxiCode: hexagons around a bull's eye for scanners above a belt, always of one size.",
            maxicode.QUIET_ZONE,
            is_linear=False,
            check=maxicode.check,
            width=maxicode.width,
            encode=maxicode.encode,
            size=maxicode.SIZE,
            pixels=maxicode.pixels,
        ),
    )
}
"""Every symbology by its name."""
