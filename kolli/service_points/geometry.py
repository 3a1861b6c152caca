"""Distances and areas on the globe, in metres and in millionths of a degree.

Here numbers may be floats: nobody pays for a distance, and an error of a millimetre does not matter. Positions
themselves are whole numbers.
"""

from dataclasses import dataclass
from math import asin, ceil, cos, degrees, radians, sin, sqrt

from kolli.service_points.model import MILLIONTHS

EARTH_METRES = 6_371_008.8
"""The mean radius of the earth. Source: IUGG, R1 of the ellipsoid GRS 80."""

HALF_TURN = 180 * MILLIONTHS
QUARTER_TURN = 90 * MILLIONTHS


@dataclass(frozen=True)
class Position:
    """A place on the globe, in millionths of a degree."""

    latitude: int
    longitude: int


@dataclass(frozen=True)
class Box:
    """An area between two latitudes and two longitudes; `west` is greater than `east` across the 180th meridian."""

    south: int
    west: int
    north: int
    east: int

    @property
    def diagonal_metres(self) -> float:
        """How far it is from its south-west to its north-east corner.

        That is the way through the box, which for one that goes more than half around the globe is not the short one.
        """
        south_west, north_east = Position(self.south, self.west), Position(self.north, self.east)
        width = (self.east - self.west) % (2 * HALF_TURN)
        if width <= HALF_TURN:
            return metres_between(south_west, north_east)
        middle = Position((self.south + self.north) // 2, _turned(self.west + width // 2))
        return metres_between(south_west, middle) + metres_between(middle, north_east)


WHOLE_EARTH = Box(-QUARTER_TURN, -HALF_TURN, QUARTER_TURN, HALF_TURN)


def metres_between(one: Position, other: Position) -> float:
    """The distance over a globe (haversine formula): within 0.6 % of that over the ellipsoid."""
    latitude, other_latitude = (radians(place.latitude / MILLIONTHS) for place in (one, other))
    half_height = (other_latitude - latitude) / 2
    half_width = radians((other.longitude - one.longitude) / MILLIONTHS) / 2
    square = sin(half_height) ** 2 + cos(latitude) * cos(other_latitude) * sin(half_width) ** 2
    return 2 * EARTH_METRES * asin(min(1.0, sqrt(square)))


def box_around(centre: Position, metres: float) -> Box:
    """A box that holds every place this near to another, and some that are farther away."""
    height = ceil(degrees(metres / EARTH_METRES) * MILLIONTHS)
    south, north = centre.latitude - height, centre.latitude + height
    if south <= -QUARTER_TURN or north >= QUARTER_TURN:  # a pole is in it, and with it every longitude
        return Box(max(south, -QUARTER_TURN), -HALF_TURN, min(north, QUARTER_TURN), HALF_TURN)
    # The widest place of a circle lies nearer to the pole than its centre: sin(width) = sin(radius) / cos(latitude).
    ratio = sin(metres / EARTH_METRES) / cos(radians(centre.latitude / MILLIONTHS))
    if ratio >= 1:
        return Box(south, -HALF_TURN, north, HALF_TURN)
    width = ceil(degrees(asin(ratio)) * MILLIONTHS)
    return Box(south, _turned(centre.longitude - width), north, _turned(centre.longitude + width))


def _turned(longitude: int) -> int:
    return (longitude + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN


def middle_of(places: list[Position]) -> tuple[Position, float]:
    """The middle of some places, and how far the farthest of them is from it, in metres."""
    count = len(places)
    first = places[0].longitude
    # Differences from the first, so that places on both sides of the 180th meridian have their middle between them.
    longitude = first + sum(_turned(place.longitude - first) for place in places) // count
    middle = Position(sum(place.latitude for place in places) // count, _turned(longitude))
    return middle, max(metres_between(middle, place) for place in places)


def flattening(centre: Position) -> float:
    """What squares of differences of longitude count against those of latitude, near this place.

    Sums of such squares put places in the order of their distance, near enough for what is not half a globe away.
    """
    return cos(radians(centre.latitude / MILLIONTHS)) ** 2
