"""What a carrier wants on its labels beyond what every label says: barcodes, a sort code, a badge, facts."""

from dataclasses import dataclass

from kolli.drawing import Micrometres


@dataclass(frozen=True)
class Barcode:
    """A barcode, and the text that people read below it. What is printed may differ from what is encoded.

    `data` is what a scanner says, in the form that the symbology's module describes: check digits are in it already,
    `gs1_128` and `gs1_datamatrix` have each application identifier in parentheses (`(00)340434161094042557`), which are
    not encoded, and `maxicode` is the whole message with its separators (`[)>␞01␝96…`).

    The lengths are what the carrier's specification asks for, 0 for the usual ones. The bars get their `height` where
    the label has room for that, and never less than `min_height`. A label without room for bars as wide as `min_module`
    is refused; with room, the narrowest bar is as many whole pixels as there is room for and `max_module` allows. At
    150 dpi that may be less than `min_module`, because there are only bars of 0.339 and 0.508 mm.
    """

    symbology: str  # by its name in `kolli.documents.barcodes.SYMBOLOGIES`
    data: str
    printed: str = ""  # empty: nothing is printed
    caption: str = ""  # what it is called, in front of what is printed
    height: Micrometres = 0
    min_height: Micrometres = 0
    min_module: Micrometres = 0
    max_module: Micrometres = 0


@dataclass(frozen=True)
class LabelParts:
    """What a carrier's labels have that others' have not. Each part has its place on the label; empty ones have none.

    `barcodes` replace the usual one: the first is the lowest and the largest, and each further one stands above the one
    before. `square` replaces the code with the tracking link; it has no text and no height of its own. `sort_code` is
    printed as large as it can be, for the people at the belt. `badge` is the product, white on black, of a few
    characters. `facts` are further captions, of about a dozen capitals, with their texts.
    """

    barcodes: tuple[Barcode, ...] = ()
    square: Barcode | None = None
    sort_code: str = ""
    badge: str = ""
    facts: tuple[tuple[str, str], ...] = ()


NO_PARTS = LabelParts()
"""A label like any other."""
