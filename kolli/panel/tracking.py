"""The public tracking page: where a parcel is, for whoever knows its number and postal code.

It shows status, carrier, town and country, and nothing else of an address. A wrong postal code and an unknown number
get the same answer.
"""

from collections.abc import Mapping

from babel import Locale
from babel.dates import format_date
from starlette.requests import Request

from kolli.operations.context import Installation
from kolli.panel.pages import Page
from kolli.shipments.model import Parcel, ParcelStatus, Shipment
from kolli.shipments.queries import find_by_tracking_number

LONGEST = 100
"""No number or postal code is longer; what is longer is not looked for."""


def _fill(request: Request, installation: Installation) -> tuple[int, Mapping[str, object]]:
    asked = {name: request.query_params.get(name, "").strip() for name in ("tracking_number", "country", "postal_code")}
    empty = {**asked, "parcel": None, "searched": bool(asked["tracking_number"])}
    if not asked["tracking_number"]:
        return 200, empty
    found = _find(asked, installation)
    if found is None:
        return 404, empty
    return 200, {**empty, "parcel": _shown(*found, installation)}


def _find(asked: Mapping[str, str], installation: Installation) -> tuple[Shipment, Parcel] | None:
    number = "".join(asked["tracking_number"].split())  # labels print it in groups
    country, postal_code = asked["country"].upper(), _bare(asked["postal_code"])
    if len(number) > LONGEST or "\0" in number or not postal_code:
        return None
    with installation.database.read() as transaction:
        found = find_by_tracking_number(transaction, number)
    for shipment, parcel in found:
        recipient = shipment.draft.recipient
        if _bare(recipient.postal_code) == postal_code and country in {"", recipient.country_code}:
            return shipment, parcel
    return None


def _shown(shipment: Shipment, parcel: Parcel, installation: Installation) -> dict[str, object]:
    draft = shipment.draft
    carrier = installation.carriers.get(draft.carrier_code)
    return {
        "number": carrier.printed(parcel.tracking_number or ""),
        "status": parcel.status.message,
        "is_cancelled": parcel.status is ParcelStatus.CANCELLED,
        "carrier": draft.carrier_name,
        "service": draft.shipping_option_name,
        "brand": draft.brand_name,
        "city": draft.recipient.city,
        "country": Locale("en").territories.get(draft.recipient.country_code, draft.recipient.country_code),
        "announced_on": format_date(parcel.announced_at, "d MMMM y", locale="en") if parcel.announced_at else "",
        "is_test": not draft.is_live,
    }


def _bare(postal_code: str) -> str:
    return "".join(char for char in postal_code.upper() if char.isalnum())


TRACKING_PAGE = Page("/tracking/", "tracking.html", _fill)
