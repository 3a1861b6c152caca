"""Service points: where buyers collect their parcels."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Literal

from sqlalchemy import Connection
from typing_extensions import TypedDict

from kolli.account.integrations import find_integration
from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import WIRE, Rejected, problem
from kolli.api.v3.service_points_query import PARAMETERS, Search, read_search
from kolli.errors import Impossible, NotFound
from kolli.operations.context import Context
from kolli.service_points.geometry import Position
from kolli.service_points.hours import clock_text, next_opening, opens_tomorrow
from kolli.service_points.model import MILLIONTHS, WEEKDAYS, KnownPoint, ShopType, Weekday
from kolli.service_points.places import Place, Precision, locate
from kolli.service_points.queries import find_point, has_points
from kolli.service_points.search import Found, Wanted, list_points, nearest_points

PATH = "/service-points"

KEPT_HOURS = 1_000


class CarrierAnswer(TypedDict):
    """The carrier of a service point. We have no pictures of carriers."""

    code: str
    name: str
    logo_url: str | None
    icon_url: str | None


class PlaceAnswer(TypedDict):
    """The address of a service point."""

    street: str
    house_number: str
    postal_code: str
    city: str
    country_code: str


class PositionAnswer(TypedDict):
    """A place on the globe, in degrees."""

    latitude: float
    longitude: float


class ContactAnswer(TypedDict):
    """How to reach a service point; empty where that is not known."""

    email: str
    phone: str


class Shift(TypedDict):
    """From when until when, as `HH:mm`."""

    start_time: str
    end_time: str


class PointAnswer(TypedDict):
    """A service point."""

    id: int
    name: str
    carrier: CarrierAnswer
    carrier_service_point_id: str
    carrier_shop_type: str | None
    general_shop_type: ShopType | None
    address: PlaceAnswer
    position: PositionAnswer
    contact: ContactAnswer
    opening_times: dict[Weekday, list[Shift] | None]
    is_open_tomorrow: bool
    next_open_at: str | None
    is_expired: bool


class FoundPointAnswer(PointAnswer):
    """A service point in a list, and how many metres away it is from the reference point, if there is one."""

    distance: int | None


class GeocodingAnswer(TypedDict):
    """How an address was found."""

    status: Literal["matched", "partially_matched", "not_found"]
    precision: Precision | None
    formatted_address: str | None


class Results(TypedDict):
    """Service points, the nearest first, and how the address was found from which their distance is measured."""

    results: list[FoundPointAnswer]
    geocoding: GeocodingAnswer | None


class ServicePoints(TypedDict):
    """What a search has found."""

    data: Results


class OnePoint(TypedDict):
    """One service point."""

    data: PointAnswer


class AvailabilityAnswer(TypedDict):
    """Whether parcels can be sent there."""

    is_available: bool


class Availability(TypedDict):
    """Whether a service point is there."""

    data: AvailabilityAnswer


@dataclass(frozen=True)
class _Reference:
    """From where distances are measured; `place` where an address said so."""

    position: Position | None
    place: Place | None = None
    is_lost: bool = False  # an address of which nothing is known


def search_service_points(request: Request, context: Context) -> Answer:
    """The service points of some carriers in an area, or nearest to a place."""
    search = read_search(request.query)
    with context.database.read() as transaction:
        wanted = Wanted(
            country_code=search.country_code,
            carrier_codes=_carriers(transaction, search, context),
            limit=search.limit,
            codes=search.carrier_service_point_id,
            shop_type=search.carrier_shop_type,
            kinds=search.general_shop_type,
            box=search.box,
        )
        reference = _reference(transaction, search)
        found = _found(transaction, wanted, reference, search.radius)
    now = context.now()
    results: list[FoundPointAnswer] = [
        {**_answered(point, now, context), "distance": metres} for point, metres in found
    ]
    data: ServicePoints = {"data": {"results": results, "geocoding": _geocoding(reference)}}
    return Answer(200, data)


def retrieve_service_point(request: Request, context: Context) -> Answer:
    """One service point, also when it has been closed."""
    data: OnePoint = {"data": _answered(_get(request, context), context.now(), context)}
    return Answer(200, data)


def check_availability(request: Request, context: Context) -> Answer:
    """Whether the newest data file of the carrier has a service point. The carrier itself is not asked."""
    data: Availability = {"data": {"is_available": _get(request, context).removed_at is None}}
    return Answer(200, data)


def _get(request: Request, context: Context) -> KnownPoint:
    with context.database.read() as transaction:
        point = find_point(transaction, request.id)
    if point is None:
        raise NotFound("The service point could not be found")
    return point


def _carriers(transaction: Connection, search: Search, context: Context) -> tuple[str, ...]:
    """The codes of the carriers that are asked about; Rejected when one has no service points."""
    if not search.use_integration_carriers:
        unknown = [code for code in dict.fromkeys(search.carrier_code) if not has_points(transaction, code)]
        if unknown:
            raise _impossible(f"Service points are not supported for the requested carriers: {', '.join(unknown)}.")
        return search.carrier_code
    number = context.key.integration_id
    integration = None if number is None else find_integration(transaction, context.account_id, number)
    if integration is None or not integration.settings.service_point_enabled:
        raise _impossible("Service points are not enabled for the authenticated integration.")
    return integration.settings.service_point_carriers


def _impossible(detail: str) -> Rejected:
    return Rejected(400, [problem(WIRE[Impossible], detail)])


def _reference(transaction: Connection, search: Search) -> _Reference:
    asked = search.asked
    if asked is None:
        return _Reference(search.position)
    place = locate(transaction, search.country_code, asked)
    return _Reference(None, is_lost=True) if place is None else _Reference(place.position, place)


def _found(transaction: Connection, wanted: Wanted, reference: _Reference, radius: int | None) -> list[Found]:
    if reference.is_lost or not wanted.carrier_codes:
        return []
    if reference.position is None:
        return list_points(transaction, wanted)
    return nearest_points(transaction, wanted, reference.position, radius)


def _geocoding(reference: _Reference) -> GeocodingAnswer | None:
    place = reference.place
    if place is not None:
        status: Literal["matched", "partially_matched"] = "matched" if place.is_whole else "partially_matched"
        return {"status": status, "precision": place.precision, "formatted_address": place.text}
    return {"status": "not_found", "precision": None, "formatted_address": None} if reference.is_lost else None


def _answered(point: KnownPoint, now: datetime, context: Context) -> PointAnswer:
    carrier = context.installation.carriers.find(point.carrier_code)
    week = point.opening_times
    opens = next_opening(week, point.time_zone, now)
    is_there = point.removed_at is None
    return {
        "id": point.id,
        "name": point.name,
        "carrier": {
            "code": point.carrier_code,
            "name": carrier.name if carrier else point.carrier_code,
            "logo_url": None,
            "icon_url": None,
        },
        "carrier_service_point_id": point.carrier_service_point_id,
        "carrier_shop_type": point.shop_type,
        "general_shop_type": point.kind,
        "address": {
            "street": point.street,
            "house_number": point.house_number,
            "postal_code": point.postal_code,
            "city": point.city,
            "country_code": point.country_code,
        },
        "position": {"latitude": point.latitude / MILLIONTHS, "longitude": point.longitude / MILLIONTHS},
        "contact": {"email": point.email, "phone": point.phone},
        "opening_times": {day: _hours(week.get(day, ())) for day in WEEKDAYS},
        "is_open_tomorrow": is_there and opens_tomorrow(week, point.time_zone, now),
        "next_open_at": opens.isoformat() if opens and is_there else None,
        "is_expired": not is_there,
    }


@lru_cache(KEPT_HOURS)
def _hours(shifts: tuple[tuple[int, int], ...]) -> list[Shift] | None:
    """The hours of one day. They are the same at most service points, and are not changed by whoever gets them."""
    return [{"start_time": clock_text(start), "end_time": clock_text(end)} for start, end in shifts] or None


ROUTES = [
    Endpoint(
        "GET",
        PATH,
        search_service_points,
        "Retrieve a list of service points",
        parameters=PARAMETERS,
        answers={200: ServicePoints},
        errors=[400],
    ),
    Endpoint(
        "GET",
        PATH + "/{id:int}",
        retrieve_service_point,
        "Retrieve a service point",
        answers={200: OnePoint},
        errors=[404],
    ),
    Endpoint(
        "POST",
        PATH + "/{id:int}/check-availability",
        check_availability,
        "Check availability of a service point",
        answers={200: Availability},
        errors=[404],
    ),
]
