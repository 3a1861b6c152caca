"""What a carrier wants on its labels beyond what every label says: barcodes, a sort code, a badge, facts."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Barcode:
    """A barcode, and the text that people read below it. What is printed may differ from what is encoded."""

    symbology: str  # by its name in `kolli.documents.barcodes.SYMBOLOGIES`
    data: str
    printed: str = ""  # empty: nothing is printed
    caption: str = ""  # what it is called, above it


@dataclass(frozen=True)
class LabelParts:
    """What a carrier's labels have that others' have not. Each part has its place on the label; empty ones have none.

    `barcodes` replace the usual one, from top to bottom: the first is the lowest and the largest. `square` replaces the
    code with the tracking link. `sort_code` is printed as large as it can be, for the people at the belt. `badge` is
    the product, white on black. `facts` are further captions with their texts.
    """

    barcodes: tuple[Barcode, ...] = ()
    square: Barcode | None = None
    sort_code: str = ""
    badge: str = ""
    facts: tuple[tuple[str, str], ...] = ()
