"""The file formats there are: each writes the same drawing in its own way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kolli.documents.fonts import Fonts
from kolli.documents.writers import pdf, png, zpl
from kolli.drawing import Drawing


@dataclass(frozen=True, slots=True)
class Writer:
    """A file format. `resolutions` says in words what `allows` tells of a number."""

    name: str
    sentence: str
    extension: str
    default_dpi: int
    resolutions: str
    allows: Callable[[int], bool]
    write: Callable[[Sequence[Drawing], int, Fonts], bytes]


WRITERS = {
    "application/pdf": Writer(
        "PDF",
        "Vector text that can be searched and copied; sharp at any resolution.",
        extension="pdf",
        default_dpi=72,
        resolutions="any; PDF has none of its own",
        allows=lambda dpi: dpi > 0,
        write=pdf.write,
    ),
    "image/png": Writer(
        "PNG",
        "A black and white picture in its true size; several pages stand below each other.",
        extension="png",
        default_dpi=300,
        resolutions="150 to 600 dpi",
        allows=lambda dpi: 150 <= dpi <= 600,
        write=png.write,
    ),
    "application/zpl": Writer(
        "ZPL",
        "Commands for Zebra and compatible label printers, which draw text and barcodes themselves.",
        extension="zpl",
        default_dpi=203,
        resolutions="203, 300 or 600 dpi",
        allows=lambda dpi: dpi in {203, 300, 600},
        write=zpl.write,
    ),
}
"""Every writer by the MIME type of what it writes."""
