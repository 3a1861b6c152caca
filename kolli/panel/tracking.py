"""The public tracking page: where a parcel is, for whoever knows its number and postal code.

It shows status and history, carrier, town and country, and nothing else of an address. A wrong postal code and an
unknown number get the same answer, and after five wrong ones in an hour nobody gets another for that number.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from kolli.account.brands import Brand, find_brand
from kolli.operations.context import Installation
from kolli.operations.track import Tracked
from kolli.panel.colours import parsed, style_sheet, written
from kolli.panel.guesses import Guesses
from kolli.panel.pages import HEADERS
from kolli.panel.shell import catalogue, environment, locale_of, preferred_language, zones_of
from kolli.panel.tracking_texts import COLLECT, LOCAL_TIME, NOTES, STEPS, SYMBOLS, TEST_NOTE, Mood, step_of
from kolli.shipments.foreign_parcels import ForeignParcel, find_foreign_anywhere
from kolli.shipments.model import LABEL_IS_VOID, ParcelStatus
from kolli.shipments.queries import find_by_tracking_number
from kolli.shipments.tracking import Event, history, severity_of

LONGEST = 255
"""No number or postal code is longer; what is longer is not looked for."""

MOST_EVENTS = 200
"""Of a longer history the page shows the newest."""

USUAL_COLOUR = "#000000"
"""What brands have whose colour nobody has chosen."""

_ENDS = {ParcelStatus.DELIVERED, ParcelStatus.COLLECTED_BY_CUSTOMER}

Answer = tuple[int, Mapping[str, object]]


class TrackingPage:
    """The page, and what it remembers of wrong guesses while the server runs."""

    path = "/tracking/"

    def route(self, installation: Installation) -> BaseRoute:
        """This page as the web server wants it."""
        return Route(self.path, partial(_respond, installation, Guesses()), methods=["GET"])


class BrandColours:
    """The style sheet of a colour: the same for every brand that has chosen it, and for ever."""

    path = "/tracking/colours/{file}"

    def route(self, installation: Installation) -> BaseRoute:  # noqa: ARG002 - pages are asked alike
        """This style sheet as the web server wants it."""
        return Route(self.path, _colours, methods=["GET"])


def _respond(installation: Installation, guesses: Guesses, request: Request) -> Response:
    language = preferred_language(request.headers.get("accept-language", ""))
    asked = {name: request.query_params.get(name, "").strip() for name in ("tracking_number", "country", "postal_code")}
    status, values = _found(asked, request, installation, guesses, language)
    known = {**asked, "parcel": None, "searched": bool(asked["tracking_number"]), "wait_minutes": 0, **values}
    content = environment(language).get_template("tracking.html").render(language=language, **known)
    headers = {**HEADERS, "Vary": "Accept-Language"}
    if status == 429:
        headers["Retry-After"] = str(values["wait"])
    return HTMLResponse(content, status, headers)


def _found(
    asked: Mapping[str, str], request: Request, installation: Installation, guesses: Guesses, language: str
) -> Answer:
    """What there is for what was typed, and with which status that is sent."""
    number = "".join(asked["tracking_number"].split())  # labels print it in groups
    if not number:
        return 200, {}
    about, caller = number.lower(), request.client.host if request.client else ""
    wait = guesses.wait(about, caller, installation.clock())
    if wait:
        return 429, {"wait": wait, "wait_minutes": -(-wait // 60)}
    with installation.database.read() as transaction:
        tracked = _find(transaction, number, asked)
        events = history(transaction, tracked.account_id, tracked.id) if tracked else []
        brand = _brand_of(transaction, tracked) if tracked else None
    if tracked is not None:
        return 200, {"parcel": _shown(tracked, events, brand, installation, language)}
    if _bare(asked["postal_code"]):
        guesses.note(about, caller, installation.clock())
    return 404, {}


def _colours(request: Request) -> Response:
    name, _, ending = request.path_params["file"].partition(".")
    colour = parsed(name)
    if colour is None or ending != "css" or name.startswith("#"):
        return Response(status_code=404)
    headers = {
        "Content-Security-Policy": "default-src 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "public, max-age=31536000, immutable",
    }
    return Response(style_sheet(colour), media_type="text/css", headers=headers)


def _brand_of(transaction: Connection, tracked: Tracked) -> Brand | None:
    """The brand as it presents itself today; None when it is not there any more, or the parcel never had one."""
    draft = tracked.shipment.draft if tracked.shipment else None
    if draft is None or draft.brand_id is None:
        return None
    return find_brand(transaction, tracked.account_id, draft.brand_id)


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


def _shown(
    tracked: Tracked, events: Sequence[Event], brand: Brand | None, installation: Installation, language: str
) -> dict[str, object]:
    status, to = tracked.parcel.status, _destination(tracked)
    clock, words = _Clock(to.country_code, language), catalogue(language).gettext
    draft = tracked.shipment.draft if tracked.shipment else None
    known = {carrier.code: carrier for carrier in installation.carriers}
    carrier = known.get(tracked.carrier_code)
    name = draft.carrier_name if draft else carrier.name if carrier else tracked.carrier_code
    is_test = draft is not None and not draft.is_live
    note = TEST_NOTE if is_test and status not in LABEL_IS_VOID else NOTES.get(status, "")
    return {
        "number": carrier.printed(tracked.tracking_number) if carrier and draft else tracked.tracking_number,
        "status": words(status.message),
        "mood": _mood(status),
        "symbol": SYMBOLS[_mood(status)],
        "steps": _steps(status, words),
        "carrier": name,
        "service": draft.shipping_option_name if draft else "",
        "brand": draft.brand_name if draft else "",
        "logo": f"/brands/{brand.id}/{brand.logo_sha256}.png" if brand and brand.logo_sha256 else "",
        "colours": _style_of(brand),
        "city": to.city,
        "country": _country(to.country_code, language),
        "announced_on": clock.day(tracked.parcel.announced_at) if tracked.parcel.announced_at else "",
        "note": words(note).format(carrier=name) if note else "",
        "events": _told(tracked, events, clock, language),
        "zone": words(LOCAL_TIME) if clock.is_local else "UTC",
    }


def _style_of(brand: Brand | None) -> str:
    """Where the style sheet of a brand's colour is; empty when it has chosen none."""
    colour = parsed(brand.details.color) if brand and brand.details.color != USUAL_COLOUR else None
    return f"/tracking/colours/{written(colour)[1:]}.css" if colour else ""


def _steps(status: ParcelStatus, words: Callable[[str], str]) -> list[dict[str, str]]:
    """The stations of the way, and whether the parcel has passed each of them, is there, or is not yet."""
    here = step_of(status)
    if here is None:
        return []
    names = [*STEPS[:2], COLLECT if status.phase == "pup" else STEPS[2], STEPS[3]]
    last = len(names) - 1
    return [
        {
            "name": words(name),
            "state": "done" if place < here or place == here == last else "here" if place == here else "ahead",
            "is_current": "true" if place == here else "",
        }
        for place, name in enumerate(names)
    ]


def _told(tracked: Tracked, events: Sequence[Event], clock: "_Clock", language: str) -> list[dict[str, str]]:
    """The history for people, the newest first."""
    newest_first = tracked.told(events)[::-1][:MOST_EVENTS]
    words = catalogue(language).gettext
    return [
        {
            "status": words(event.status.message),
            "mood": _mood(event.status),
            # A reason that Kolli wrote down is for the sender, not for whoever has the number.
            "description": "" if event.is_ours else event.description,
            "place": ", ".join(filter(None, [event.city, _country(event.country, language)])),
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


def _country(code: str, language: str) -> str:
    return str(locale_of(language).territories.get(code, code))


class _Clock:
    """Tells times as they are where a parcel goes to, or in UTC where a country has several."""

    def __init__(self, country_code: str, language: str) -> None:
        self._zone = next(iter(zones_of(country_code)), None)
        self._locale = locale_of(language)
        self.is_local = self._zone is not None

    def day(self, moment: datetime) -> str:
        """`24 November 2026`."""
        pattern = "d. MMMM y" if self._locale.language == "de" else "d MMMM y"
        return format_date(self._there(moment), pattern, locale=self._locale)

    def time(self, moment: datetime) -> str:
        """`14:05`."""
        return format_time(self._there(moment).time(), "HH:mm", locale=self._locale)

    def _there(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone or ZoneInfo("UTC"))


def _bare(postal_code: str) -> str:
    return "".join(char for char in postal_code.upper() if char.isalnum())


TRACKING_PAGE = TrackingPage()
BRAND_COLOURS = BrandColours()
