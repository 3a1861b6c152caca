"""What a search for service points asks for: the query read, and which of its parameters go together."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from starlette.datastructures import QueryParams

from kolli.api.endpoint import Parameter
from kolli.api.errors import WIRE, Rejected, message_of, problem
from kolli.api.v3.common import Schema
from kolli.errors import Impossible, Invalid, InvalidChoice, Missing
from kolli.service_points.geometry import Box, Position
from kolli.service_points.model import MILLIONTHS, SHOP_TYPES
from kolli.service_points.places import Asked
from kolli.values import COUNTRY_CODES

MOST_METRES = 50_000
USUAL_LIMIT = 100
LARGEST_LIMIT = 200
MOST_NAMED = 200
"""Carriers, or service points by their carriers' ids, that one search may name."""

LONGEST_ADDRESS = 300

_CORNERS = ("ne_latitude", "ne_longitude", "sw_latitude", "sw_longitude")
_PARTS = ("address_street", "address_house_number", "address_postal_code", "address_city")
_LISTS = frozenset({"carrier_code", "carrier_service_point_id", "general_shop_type"})

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Text = Annotated[str, Field(max_length=LONGEST_ADDRESS)]
Names = Annotated[tuple[Text, ...], Field(max_length=MOST_NAMED)]


class Search(Schema):
    """The query of `GET /service-points`, each parameter by itself."""

    country_code: str
    carrier_code: Names = ()
    use_integration_carriers: bool = False
    address: Text = ""
    address_street: Text = ""
    address_house_number: Text = ""
    address_postal_code: Text = ""
    address_city: Text = ""
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    ne_latitude: Latitude | None = None
    ne_longitude: Longitude | None = None
    sw_latitude: Latitude | None = None
    sw_longitude: Longitude | None = None
    radius: Annotated[int, Field(ge=100, le=MOST_METRES)] | None = None
    carrier_service_point_id: Names = ()
    carrier_shop_type: Text | None = None
    general_shop_type: tuple[Literal["servicepoint", "locker", "post_office", "carrier_depot"], ...] = ()
    limit: Annotated[int, Field(ge=1, le=LARGEST_LIMIT)] = USUAL_LIMIT

    @property
    def asked(self) -> Asked | None:
        """The address that is the reference point, if one is."""
        asked = Asked(
            self.address, self.address_street, self.address_house_number, self.address_postal_code, self.address_city
        )
        return None if asked == Asked() else asked

    @property
    def position(self) -> Position | None:
        """The reference point, if it is given by its coordinates."""
        if self.latitude is None or self.longitude is None:
            return None
        return Position(_millionths(self.latitude), _millionths(self.longitude))

    @property
    def box(self) -> Box | None:
        """The area, if one is given."""
        corners = (self.sw_latitude, self.sw_longitude, self.ne_latitude, self.ne_longitude)
        given = [_millionths(corner) for corner in corners if corner is not None]
        return Box(*given) if len(given) == len(corners) else None

    def given(self, *names: str) -> list[str]:
        """Which of these parameters are there."""
        return [name for name in names if getattr(self, name) not in (None, "")]


_schema = TypeAdapter(Search)


def read_search(query: QueryParams) -> Search:
    """The query as a search; Rejected with every mistake in it. An empty parameter is none."""
    lists = {name: [text for text in query.getlist(name) if text] for name in _LISTS}
    texts = {name: text for name, text in query.items() if text and name not in _LISTS}
    try:
        search = _schema.validate_python({**texts, **{name: given for name, given in lists.items() if given}})
    except ValidationError as error:
        raise Rejected(400, [_found(item) for item in error.errors(include_url=False)]) from error
    problems = list(_conflicts(search))
    if problems:
        raise Rejected(400, problems)
    return search


_CODES = {"missing": Missing, "literal_error": InvalidChoice}


def _found(item: ErrorDetails) -> dict[str, Any]:
    wire = WIRE[_CODES.get(item["type"], Invalid)]
    return problem(wire, message_of(item), parameter=str(item["loc"][0]))


def _conflicts(search: Search) -> Iterator[dict[str, Any]]:
    if search.country_code not in COUNTRY_CODES:
        detail = f'"{search.country_code[:40]}" is not a valid country code'
        yield problem(WIRE[InvalidChoice], detail, parameter="country_code")
    if search.carrier_code and search.use_integration_carriers:
        yield _conflict("carrier_code and use_integration_carriers are mutually exclusive", "carrier_code")
    elif not search.carrier_code and not search.use_integration_carriers:
        yield _conflict("Either carrier_code or use_integration_carriers must be provided", "carrier_code")
    yield from _conflicts_of_place(search)
    yield from _conflicts_of_area(search)


def _conflicts_of_place(search: Search) -> Iterator[dict[str, Any]]:
    given = [search.given(*names)[:1] for names in (("address",), _PARTS, ("latitude", "longitude"))]
    ways = [way for names in given for way in names]
    if len(ways) > 1:
        yield _conflict(f"{ways[0]} and {ways[1]} are mutually exclusive", ways[0])
    if len(search.given("latitude", "longitude")) == 1:
        yield _conflict("latitude and longitude must both be provided together", *search.given("latitude", "longitude"))
    if search.address_house_number and not search.given("address_street", "address_postal_code"):
        yield _conflict(
            "address_house_number must be combined with address_street or address_postal_code", "address_house_number"
        )


def _conflicts_of_area(search: Search) -> Iterator[dict[str, Any]]:
    corners = search.given(*_CORNERS)
    if search.radius is not None and corners:
        yield _conflict("radius and the bounding box parameters are mutually exclusive", "radius")
    elif search.radius is not None and search.asked is None and not search.given("latitude", "longitude"):
        yield _conflict("radius needs a reference point: an address, or latitude and longitude", "radius")
    if 0 < len(corners) < len(_CORNERS):
        detail = "ne_latitude, ne_longitude, sw_latitude, and sw_longitude must all be provided together"
        yield _conflict(detail, corners[0])
    box = search.box
    if box is None:
        return
    if box.south > box.north:
        yield _conflict("sw_latitude must not be greater than ne_latitude", "sw_latitude")
    elif box.diagonal_metres > MOST_METRES:
        yield _conflict(
            f"The diagonal of the bounding box must not exceed 50 km, and it has {box.diagonal_metres / 1000:.1f} km",
            "ne_latitude",
        )


def _conflict(detail: str, parameter: str) -> dict[str, Any]:
    return problem(WIRE[Impossible], detail, parameter=parameter)


def _millionths(degrees: float) -> int:
    return round(degrees * MILLIONTHS)


_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": {"type": "string"}, "maxItems": MOST_NAMED}
_LATITUDE = {"type": "number", "format": "double", "minimum": -90, "maximum": 90}
_LONGITUDE = {"type": "number", "format": "double", "minimum": -180, "maximum": 180}

PARAMETERS = [
    Parameter("country_code", "The country, in two capital letters.", {**_TEXT, "maxLength": 2}, is_required=True),
    Parameter("carrier_code", "Carriers; may be repeated.", _TEXTS),
    Parameter(
        "use_integration_carriers",
        "The carriers that the integration of these credentials has its service points of, instead of `carrier_code`.",
        {"type": "boolean"},
    ),
    Parameter("address", "The reference point, as one text."),
    Parameter("address_street", "The reference point's street."),
    Parameter("address_house_number", "Its house number, together with a street or a postal code."),
    Parameter("address_postal_code", "Its postal code."),
    Parameter("address_city", "Its city."),
    Parameter("latitude", "The reference point's latitude, instead of an address.", _LATITUDE),
    Parameter("longitude", "Its longitude.", _LONGITUDE),
    Parameter("ne_latitude", "An area's corner in the north-east. Its diagonal is at most 50 km.", _LATITUDE),
    Parameter("ne_longitude", "The same corner.", _LONGITUDE),
    Parameter("sw_latitude", "An area's corner in the south-west.", _LATITUDE),
    Parameter("sw_longitude", "The same corner.", _LONGITUDE),
    Parameter(
        "radius",
        "How many metres from the reference point, instead of an area.",
        {"type": "integer", "minimum": 100, "maximum": MOST_METRES},
    ),
    Parameter("carrier_service_point_id", "What carriers call the service points; may be repeated.", _TEXTS),
    Parameter("carrier_shop_type", "What the carrier calls this sort of place."),
    Parameter(
        "general_shop_type",
        "Sorts of places; may be repeated.",
        {"type": "array", "items": {"type": "string", "enum": list(SHOP_TYPES)}},
    ),
    Parameter(
        "limit",
        "At most so many.",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": USUAL_LIMIT},
    ),
]
