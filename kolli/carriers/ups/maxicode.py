"""The MaxiCode of a UPS label: where a parcel goes, and which one it is.

    [)>␞01␝96 postcode ␝ country ␝ class ␝ 1Z and the last 8 ␝UPSN␝ account ␝ day ␝ shipment ␝ n/x ␝ weight ␝ Y|N ␝
    street ␝ city ␝ state ␞␄

Postcodes in the USA have nine digits (mode 2), others six characters (mode 3). The day is that
of the year. Shipment and weight may be empty, and are: nothing public says what they count in. Source: Zebra
Programming Guide, `^BD`, and the manuals of other makers of printers (2026-11). Capitals only.
"""

import re
import unicodedata

from kolli.carriers import routing
from kolli.documents.barcodes import maxicode
from kolli.errors import DoesNotFit, Impossible
from kolli.shipments.model import Draft
from kolli.values import Address, country_numeric

_FIELD, _RECORD, _END = "\x1d", "\x1e", "\x04"


def maxicode_of(draft: Draft, box_number: int, tracking_number: str, service_class: str) -> str:
    """The whole message; empty when a postal code, a country or a class of service is missing or has no place in it.

    Street and city are left out when the symbol has no room for them: they are printed on the label anyway.
    """
    to = draft.recipient
    postal_code, country = _postal_code(to), country_numeric(to.country_code)
    if not (postal_code and country and service_class):
        return ""
    head = [f"[)>{_RECORD}01{_FIELD}96{postal_code}", country, service_class]
    parcel = [
        *(f"1Z{tracking_number[-8:]}", "UPSN", tracking_number[2:8], f"{draft.shipped_on:%j}", ""),
        *(f"{box_number}/{len(draft.boxes)}", "", "N"),
    ]
    street, city, state = (_capitals(text) for text in (_street(to), to.city, _state(to)))
    for place in ((street, city, state), ("", city, state), ("", "", state)):
        message = _FIELD.join([*head, *parcel, *place]) + _RECORD + _END
        if _has_room(message):
            return message
    return ""


def _has_room(message: str) -> bool:
    try:
        maxicode.check(message, "parts.square")
    except DoesNotFit:
        return False
    return True


def _postal_code(to: Address) -> str:
    """As wide as its place; empty when it does not fit there."""
    try:
        bare = routing.bare_postal_code(to)
    except Impossible:
        return ""
    if to.country_code == "US":
        return bare.ljust(9, "0") if re.fullmatch("[0-9]{5}(?:[0-9]{4})?", bare) else ""
    return bare.ljust(6) if 0 < len(bare) <= 6 else ""


def _street(to: Address) -> str:
    return f"{to.address_line_1} {to.house_number}".strip()


def _state(to: Address) -> str:
    return to.state_province_code.rpartition("-")[2]


def _capitals(text: str) -> str:
    """In capitals without accents; empty when there are letters that have no Latin ones below their accents."""
    plain = "".join(
        character for character in unicodedata.normalize("NFKD", text) if not unicodedata.combining(character)
    ).upper()
    return plain if plain.isascii() and plain.isprintable() else ""
