"""Numbers of postal items, the same for every post in the world: `RR 473 124 829 GB`.

Two letters for the service, eight digits, a check digit, and the country of the post that issues them (ISO 3166-1). A
number is not used again for 12 months at least, 24 better. Source: UPU standard S10-12, as documented by the encoders
zint and BWIPP and by Wikipedia, "S10 (UPU standard)" (2026-11).
"""

from kolli.carriers import check_digits
from kolli.carriers.own_numbers import filled_up, in_blocks
from kolli.documents.layouts.parts import Barcode
from kolli.drawing import mm

LETTERS = "[A-EGHLMNP-RUVZ][A-Z]"
"""Two letters that may stand in front: J K S T W are reserved, and F I O X Y are not allocated."""

RESERVED = "they are two capitals, and the first is none of J K S T W, which are reserved, or F I O X Y."

DIGITS = 8


def postal_number(letters: str, serial: int, country: str) -> str:
    """The number of an item: the serial number takes all eight digits. CarrierRejected when it has more."""
    digits = filled_up(serial, DIGITS, "the number of a postal item")
    return f"{letters}{digits}{check_digits.s10(digits)}{country}"


def printed_postal_number(number: str) -> str:
    """`RR 473 124 829 GB`."""
    return in_blocks(number, 2, 3, 3, 3, 2)


def postal_barcode(number: str) -> Barcode:
    """Code 128 with modules of 0.25 to 0.51 mm, 12.5 mm high and 15 % of its width (UPU S10-12, recommended)."""
    return Barcode("code128", number, printed_postal_number(number), min_height=mm(14, 5), max_module=510)
