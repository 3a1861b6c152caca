"""The public tracking page: where a parcel is, for whoever knows its number and postal code.

It shows status and history, carrier, town and country, and nothing else of an address. A wrong postal code and an
unknown number get the same answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from babel import Locale
from babel.dates import format_date, format_time
from sqlalchemy import Connection
from starlette.requests import Request

from kolli.operations.context import Installation
from kolli.operations.track import Tracked
from kolli.panel.pages import Page
from kolli.panel.shell import zones_of
from kolli.shipments.foreign_parcels import ForeignParcel, find_foreign_anywhere
from kolli.shipments.model import LABEL_IS_VOID, ParcelStatus
from kolli.shipments.queries import find_by_tracking_number
from kolli.shipments.tracking import Event, history, severity_of

LONGEST = 255
"""No number or postal code is longer; what is longer is not looked for."""

MOST_EVENTS = 200
"""Of a longer history the page shows the newest."""

Mood = Literal["good", "waiting", "trouble", "void"]

NOTES: Mapping[ParcelStatus, str] = {
    ParcelStatus.READY_TO_SEND: "The sender has told {carrier} about this parcel. It has not been scanned yet.",
    ParcelStatus.ANNOUNCED: "The sender has told {carrier} about this parcel. It has not been scanned yet.",
    ParcelStatus.CANCELLING: "The sender is taking this label back.",
    ParcelStatus.CANCELLING_UPSTREAM: "The sender is taking this label back.",
    ParcelStatus.CANCELLED: "The sender has cancelled this label. No parcel travels under this number.",
    ParcelStatus.CANCELLED_UPSTREAM: "{carrier} has cancelled this label.",
    ParcelStatus.UNKNOWN: "{carrier} may say more about this parcel.",
}
"""What a status means, where its own words do not say so."""

TEST_NOTE = "This is a test label. No parcel travels under this number."

_ENDS = {ParcelStatus.DELIVERED, ParcelStatus.COLLECTED_BY_CUSTOMER}
_SYMBOLS: Mapping[Mood, str] = {"good": "✓", "waiting": "→", "trouble": "!", "void": "✕"}


def _fill(request: Request, installation: Installation) -> tuple[int, Mapping[str, object]]:
    asked = {name: request.query_params.get(name, "").strip() for name in ("tracking_number", "country", "postal_code")}
    empty = {**asked, "parcel": None, "searched": bool(asked["tracking_number"])}
    if not asked["tracking_number"]:
        return 200, empty
    number = "".join(asked["tracking_number"].split())  # labels print it in groups
    with installation.database.read() as transaction:
        tracked = _find(transaction, number, asked)
        events = history(transaction, tracked.account_id, tracked.id) if tracked else []
    if tracked is None:
        return 404, empty
    return 200, {**empty, "parcel": _shown(tracked, events, installation)}


def _find(transaction: Connection, number: str, asked: Mapping[str, str]) -> Tracked | None:
    country, postal_code = asked["country"].upper(), _bare(asked["postal_code"])
    if len(number) > LONGEST or "\0" in number or not postal_code:
        return None
    own = [Tracked(parcel, shipment) for shipment, parcel in find_by_tracking_number(transaction, number)]
    for tracked in (*own, *map(Tracked, find_foreign_anywhere(transaction, number))):
        to = _destination(tracked)
        if _bare(to.postal_code) == postal_code and country in {"", to.country_code}:
            return tracked
    return None


@dataclass(frozen=True)
class _Destination:
    """What the page may know of where a parcel goes."""

    postal_code: str
    city: str
    country_code: str


def _destination(tracked: Tracked) -> _Destination:
    if isinstance(tracked.parcel, ForeignParcel):
        to = tracked.parcel.document["to_address"]
        return _Destination(to["postal_code"], to.get("city") or "", to["country_code"])
    recipient = tracked.shipped.draft.recipient
    return _Destination(recipient.postal_code, recipient.city, recipient.country_code)


def _shown(tracked: Tracked, events: Sequence[Event], installation: Installation) -> dict[str, object]:
    status, to = tracked.parcel.status, _destination(tracked)
    clock = _Clock(to.country_code)
    draft = tracked.shipment.draft if tracked.shipment else None
    known = {carrier.code: carrier for carrier in installation.carriers}
    carrier = known.get(tracked.carrier_code)
    name = draft.carrier_name if draft else carrier.name if carrier else tracked.carrier_code
    is_test = draft is not None and not draft.is_live
    note = TEST_NOTE if is_test and status not in LABEL_IS_VOID else NOTES.get(status, "").format(carrier=name)
    return {
        "number": carrier.printed(tracked.tracking_number) if carrier and draft else tracked.tracking_number,
        "status": status.message,
        "mood": _mood(status),
        "symbol": _SYMBOLS[_mood(status)],
        "carrier": name,
        "service": draft.shipping_option_name if draft else "",
        "brand": draft.brand_name if draft else "",
        "city": to.city,
        "country": _country(to.country_code),
        "announced_on": clock.day(tracked.parcel.announced_at) if tracked.parcel.announced_at else "",
        "note": note,
        "events": _told(tracked, events, clock),
        "zone": clock.name,
    }


def _told(tracked: Tracked, events: Sequence[Event], clock: "_Clock") -> list[dict[str, str]]:
    """The history for people, the newest first."""
    newest_first = tracked.told(events)[::-1][:MOST_EVENTS]
    return [
        {
            "status": event.status.message,
            "mood": _mood(event.status),
            # A reason that Kolli wrote down is for the sender, not for whoever has the number.
            "description": "" if event.is_ours else event.description,
            "place": ", ".join(filter(None, [event.city, _country(event.country)])),
            "day": clock.day(event.at),
            "time": clock.time(event.at),
            "machine": event.at.isoformat(),
        }
        for event in newest_first
    ]


def _mood(status: ParcelStatus) -> Mood:
    if status in LABEL_IS_VOID:
        return "void"
    if severity_of(status) != "success":
        return "trouble"
    return "good" if status in _ENDS else "waiting"


def _country(code: str) -> str:
    return str(Locale("en").territories.get(code, code))


class _Clock:
    """Tells times as they are where a parcel goes to, or in UTC where a country has several."""

    def __init__(self, country_code: str) -> None:
        self._zones = zones_of(country_code)
        self.name = "local time of the destination" if self._zones else "UTC"

    def day(self, moment: datetime) -> str:
        """`24 November 2026`."""
        return format_date(self._there(moment), "d MMMM y", locale="en")

    def time(self, moment: datetime) -> str:
        """`14:05`."""
        return format_time(self._there(moment).time(), "HH:mm", locale="en")

    def _there(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zones[0]) if self._zones else moment


def _bare(postal_code: str) -> str:
    return "".join(char for char in postal_code.upper() if char.isalnum())


TRACKING_PAGE = Page("/tracking/", "tracking.html", _fill)
