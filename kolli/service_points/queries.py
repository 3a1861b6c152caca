"""Service points ↔ rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, literal, select, update

from kolli.database import insert_or
from kolli.schema import service_points
from kolli.service_points.model import KnownPoint, Shift, Weekday, search_key
from kolli.values import timestamp

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Body:
    """What of a service point is no column of its own."""

    name: str
    street: str
    postal_code: str
    city: str
    house_number: str = ""
    email: str = ""
    phone: str = ""
    time_zone: str = "Etc/UTC"
    opening_times: Mapping[Weekday, tuple[Shift, ...]] = field(default_factory=dict)


_IN_BODY = tuple(each.name for each in fields(Body))

COLUMNS = select(
    service_points.c.id,
    service_points.c.carrier_code,
    service_points.c.carrier_service_point_id,
    service_points.c.country_code,
    service_points.c.latitude,
    service_points.c.longitude,
    service_points.c.kind,
    service_points.c.shop_type,
    service_points.c.body,
    service_points.c.removed_at,
)
_BY_ID = COLUMNS.where(service_points.c.id == bindparam("id"))
_BY_CODE = COLUMNS.where(
    service_points.c.carrier_code == bindparam("carrier_code"),
    service_points.c.carrier_service_point_id == bindparam("code"),
)
_ANY_OF_CARRIER = select(literal(1)).where(service_points.c.carrier_code == bindparam("carrier_code")).limit(1)

_OF_CARRIER = select(
    service_points.c.carrier_service_point_id, service_points.c.id, service_points.c.removed_at.is_(None)
).where(service_points.c.carrier_code == bindparam("carrier_code"))
_ADD = insert_or(service_points)
_ADD_OR_UPDATE = _ADD.on_conflict_do_update(
    index_elements=[service_points.c.carrier_code, service_points.c.carrier_service_point_id],
    set_={
        column.name: _ADD.excluded[column.name]
        for column in service_points.c
        if column.name not in {"id", "carrier_code", "carrier_service_point_id"}
    },
)
_CLOSE = (
    update(service_points)
    .where(
        service_points.c.carrier_code == bindparam("carrier"),
        service_points.c.carrier_service_point_id == bindparam("code"),
    )
    .values(removed_at=bindparam("at"))
)
_COUNT = (
    select(
        service_points.c.carrier_code,
        service_points.c.country_code,
        func.count().filter(service_points.c.removed_at.is_(None)),
        func.count().filter(service_points.c.removed_at.is_not(None)),
    )
    .group_by(service_points.c.carrier_code, service_points.c.country_code)
    .order_by(service_points.c.carrier_code, service_points.c.country_code)
)


@dataclass(frozen=True)
class Known:
    """Our id of a service point, and whether the newest data file has it."""

    id: int
    is_there: bool


_read_body = msgspec.json.Decoder(Body).decode


def find_point(transaction: Connection, point_id: int) -> KnownPoint | None:
    """The service point with this id, also when no data file has it any more."""
    row = transaction.execute(_BY_ID, {"id": point_id}).one_or_none() if 0 < point_id <= LARGEST_ID else None
    return None if row is None else known_point(row)


def find_point_of_carrier(transaction: Connection, carrier_code: str, code: str) -> KnownPoint | None:
    """The service point that the carrier calls so, also when no data file has it any more."""
    row = transaction.execute(_BY_CODE, {"carrier_code": carrier_code, "code": code}).one_or_none()
    return None if row is None else known_point(row)


def has_points(transaction: Connection, carrier_code: str) -> bool:
    """Whether a data file of this carrier was ever read."""
    return transaction.execute(_ANY_OF_CARRIER, {"carrier_code": carrier_code}).one_or_none() is not None


def codes_of(transaction: Connection, carrier_code: str) -> dict[str, Known]:
    """What is known of a carrier's service points, by what the carrier calls them."""
    rows = transaction.execute(_OF_CARRIER, {"carrier_code": carrier_code})
    return {code: Known(number, bool(is_there)) for code, number, is_there in rows}


def store_points(transaction: Connection, points: Sequence[tuple[int, KnownPoint]]) -> None:
    """Stores what is new or has changed. The ids are for those that are new; others keep theirs."""
    transaction.execute(_ADD_OR_UPDATE, [_row(number, point) for number, point in points])


def close_points(transaction: Connection, carrier_code: str, codes: Sequence[str], now: datetime) -> None:
    """Marks service points as not there any more."""
    if codes:
        at = timestamp(now)
        transaction.execute(_CLOSE, [{"carrier": carrier_code, "code": code, "at": at} for code in codes])


def count_points(transaction: Connection) -> list[tuple[str, str, int, int]]:
    """Carrier, country, how many service points are there, and how many are not any more."""
    return [tuple(row) for row in transaction.execute(_COUNT)]


def _row(number: int, point: KnownPoint) -> dict[str, Any]:
    body = Body(**{name: getattr(point, name) for name in _IN_BODY})
    return {
        "id": number,
        "carrier_code": point.carrier_code,
        "carrier_service_point_id": point.carrier_service_point_id,
        "country_code": point.country_code,
        "latitude": point.latitude,
        "longitude": point.longitude,
        "kind": point.kind,
        "shop_type": point.shop_type,
        "postal_key": search_key(point.postal_code),
        "city_key": search_key(point.city),
        "body": msgspec.json.encode(body).decode(),
        "removed_at": None,
    }


def known_point(row: Any) -> KnownPoint:
    """A row as the service point it is."""
    number, carrier_code, code, country_code, latitude, longitude, kind, shop_type, text, removed_at = row
    body = _read_body(text)
    return KnownPoint(
        id=number,
        carrier_code=carrier_code,
        carrier_service_point_id=code,
        name=body.name,
        street=body.street,
        postal_code=body.postal_code,
        city=body.city,
        country_code=country_code,
        latitude=latitude,
        longitude=longitude,
        house_number=body.house_number,
        kind=kind,
        shop_type=shop_type,
        email=body.email,
        phone=body.phone,
        time_zone=body.time_zone,
        opening_times=body.opening_times,
        removed_at=datetime.fromisoformat(removed_at) if removed_at else None,
    )
