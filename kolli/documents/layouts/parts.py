"""What a carrier wants on its labels beyond what every label says: barcodes, a sort code, a badge, facts."""

from dataclasses import dataclass

from kolli.drawing import Micrometres


@dataclass(frozen=True)
class Barcode:
    """A barcode, and the text that people read below it. What is printed may differ from what is encoded.

    `data` is what a scanner says, in the form that the symbology's module describes: check digits are in it already,
    `gs1_128` and `gs1_datamatrix` have each application identifier in parentheses (`(00)340434161094042557`), which are
    not encoded, and `maxicode` is the whole message with its separators (`[)>␞01␝96…`).

    The three lengths are what the carrier's specification asks for, 0 for the usual ones: the least height of the bars,
    and between which widths the narrowest bar has to be. At 150 dpi, bars are 0.339 or 0.508 mm wide and nothing
    between: with a `min_module` above 339, labels could not be had at that resolution.
    """

    symbology: str  # by its name in `kolli.documents.barcodes.SYMBOLOGIES`
    data: str
    printed: str = ""  # empty: nothing is printed
    caption: str = ""  # what it is called, above it
    min_height: Micrometres = 0
    min_module: Micrometres = 0
    max_module: Micrometres = 0


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
