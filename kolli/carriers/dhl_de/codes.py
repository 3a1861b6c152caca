"""The two older codes of Deutsche Post: the Identcode names a parcel, the Leitcode says where it goes.

    Identcode   ccuuunnnnnnk      centre (2), customer (3), serial number (6), check digit
    Leitcode    pppppssshhhttk    postal code (5), street (3), house number (3), product (2), check digit

The street is 994 for a packing station and 993 for a post office, and the house number is then theirs. Source: German
Wikipedia, "Leitcode" (2026-11).
"""

import re

from kolli.carriers import check_digits, routing
from kolli.errors import Impossible
from kolli.values import Address

_STREETS = {"packstation": "994", "postfiliale": "993"}
_STATION = re.compile(r"(packstation|postfiliale)\s*(?:nr\.?\s*)?([0-9]{0,3})")


def check_postal_code(recipient: Address) -> None:
    """Impossible when the postal code of an address in Germany has not five digits."""
    if recipient.country_code == "DE" and not re.fullmatch("[0-9]{5}", recipient.postal_code.strip()):
        raise Impossible(
            f"The recipient's postal code {recipient.postal_code!r} has not five digits as in Germany. Correct it.",
            field=routing.POSTAL_CODE,
            details={"value": recipient.postal_code},
        )


def leitcode_of(recipient: Address, product: str) -> str:
    """The 14 digits for a packing station or a post office; empty for a street, whose number only DHL knows."""
    found = _STATION.fullmatch(recipient.address_line_1.strip().lower())
    if found is None:
        return ""
    number = found[2] or recipient.house_number.strip()
    if not re.fullmatch("[0-9]{1,3}", number):
        return ""
    digits = recipient.postal_code.strip() + _STREETS[found[1]] + number.rjust(3, "0") + product
    return digits + check_digits.mod_10_weights_4_9(digits)


def printed_identcode(identcode: str) -> str:
    """`39.60 1.313.414 0`."""
    return f"{identcode[:2]}.{identcode[2:4]} {identcode[4]}.{identcode[5:8]}.{identcode[8:11]} {identcode[11]}"


def printed_leitcode(leitcode: str) -> str:
    """`50823.007.028.005`."""
    return ".".join((leitcode[:5], leitcode[5:8], leitcode[8:11], leitcode[11:]))
