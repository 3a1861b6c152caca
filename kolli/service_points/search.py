"""Service points by where they are: the nearest ones, those in an area, and what places are called.

Every search reads the index only, which has all that it filters by, and then the rows of what it has found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Select, and_, cast, func, or_, select

from kolli.schema import service_points
from kolli.service_points.geometry import HALF_TURN, Box, Position, box_around, flattening, metres_between
from kolli.service_points.model import KnownPoint, ShopType
from kolli.service_points.queries import COLUMNS, known_point

FIRST_METRES = 1_500
LAST_METRES = 150_000
"""The nearest points are looked for in a small circle first, and in larger ones while there are too few; beyond the
last one in the whole country."""

GROWTH_IN_THE_DARK = 5
MOST_GROWTH = 3
LEAST_GROWTH = 1.3
"""How much larger the next circle is: as much as should do, judging by how many points were in the last."""

MOST_SAMPLED = 200
"""Points of a place that are looked at to know where it is."""

_table = service_points.c
_POSITIONS = select(_table.id, _table.latitude, _table.longitude)


@dataclass(frozen=True)
class Wanted:
    """Which service points a search is about. None is any; what is not there any more only when named by its code."""

    country_code: str
    carrier_codes: tuple[str, ...]
    limit: int
    codes: tuple[str, ...] = ()  # the carriers' own ids
    shop_type: str | None = None
    kinds: tuple[ShopType, ...] = ()
    box: Box | None = None


Found = tuple[KnownPoint, int | None]
"""A service point, and how many metres away it is where that is known."""


def list_points(transaction: Connection, wanted: Wanted) -> list[Found]:
    """Service points in no particular order."""
    statement = COLUMNS.where(*_filters(wanted)).limit(wanted.limit)
    return [(known_point(row), None) for row in transaction.execute(statement)]


def nearest_points(
    transaction: Connection, wanted: Wanted, centre: Position, radius_metres: int | None = None
) -> list[Found]:
    """The service points nearest to a place, in the order of their distance."""
    if wanted.box is not None:
        return _read(transaction, _by_flat_distance(transaction, wanted, centre))
    metres = FIRST_METRES
    while metres < min(radius_metres or LAST_METRES, LAST_METRES):
        found = _within(transaction, wanted, centre, metres)
        if len(found) >= wanted.limit:
            return _read(transaction, found[: wanted.limit])
        metres = _next_metres(metres, len(found), wanted.limit)
    if radius_metres is not None:
        return _read(transaction, _within(transaction, wanted, centre, radius_metres)[: wanted.limit])
    return _read(transaction, _by_flat_distance(transaction, wanted, centre))


def _next_metres(metres: int, found: int, needed: int) -> int:
    if not found:
        return metres * GROWTH_IN_THE_DARK
    return round(metres * min(max(1.15 * sqrt(needed / found), LEAST_GROWTH), MOST_GROWTH))


def places_called(transaction: Connection, country_code: str, column: str, keys: Sequence[str]) -> list[KnownPoint]:
    """Some of the service points whose `postal_key` or `city_key` is one of these."""
    statement = COLUMNS.where(
        _table.country_code == country_code, _table[column].in_(keys), _table.removed_at.is_(None)
    ).limit(MOST_SAMPLED)
    return [known_point(row) for row in transaction.execute(statement)]


def places_beginning(transaction: Connection, country_code: str, postal_key: str) -> list[KnownPoint]:
    """Some of the service points whose postal code begins so."""
    statement = COLUMNS.where(
        _table.country_code == country_code,
        _table.postal_key >= postal_key,
        _table.postal_key < postal_key + "\U0010ffff",
        _table.removed_at.is_(None),
    ).limit(MOST_SAMPLED)
    return [known_point(row) for row in transaction.execute(statement)]


def _within(transaction: Connection, wanted: Wanted, centre: Position, metres: int) -> list[tuple[int, int]]:
    """The distance and the id of every point this near, the nearest first."""
    statement = _POSITIONS.where(*_filters(replace(wanted, box=box_around(centre, metres))))
    measured = _measured(transaction, statement, centre)
    return [found for found in measured if found[0] <= metres]


def _by_flat_distance(transaction: Connection, wanted: Wanted, centre: Position) -> list[tuple[int, int]]:
    height = cast(_table.latitude - centre.latitude, Float)
    # The short way around the globe: 359 degrees east are one degree west.
    width = cast(HALF_TURN - func.abs(HALF_TURN - func.abs(_table.longitude - centre.longitude)), Float)
    statement = _POSITIONS.where(*_filters(wanted))
    return _measured(
        transaction,
        statement.order_by(height * height + width * width * flattening(centre)).limit(wanted.limit),
        centre,
    )


def _measured(transaction: Connection, statement: Select[*tuple[Any, ...]], centre: Position) -> list[tuple[int, int]]:
    return sorted(
        (round(metres_between(centre, Position(latitude, longitude))), number)
        for number, latitude, longitude in transaction.execute(statement).all()
    )


def _read(transaction: Connection, found: Sequence[tuple[int, int]]) -> list[Found]:
    statement = COLUMNS.where(_table.id.in_([number for _, number in found]))
    points = {row.id: known_point(row) for row in transaction.execute(statement)}
    return [(points[number], metres) for metres, number in found]


def _filters(wanted: Wanted) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = [
        _table.country_code == wanted.country_code,
        _table.carrier_code.in_(wanted.carrier_codes),
    ]
    if wanted.codes:
        filters.append(_table.carrier_service_point_id.in_(wanted.codes))
    else:
        filters.append(_table.removed_at.is_(None))
    if wanted.shop_type is not None:
        filters.append(_table.shop_type == wanted.shop_type)
    if wanted.kinds:
        filters.append(_table.kind.in_(wanted.kinds))
    if wanted.box is not None:
        filters += _in_box(wanted.box)
    return filters


def _in_box(box: Box) -> list[ColumnElement[bool]]:
    west, east = _table.longitude >= box.west, _table.longitude <= box.east
    meridians: ColumnElement[Any] = and_(west, east) if box.west <= box.east else or_(west, east)
    return [_table.latitude >= box.south, _table.latitude <= box.north, meridians]
