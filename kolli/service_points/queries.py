"""Service points ↔ rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, literal, select

from kolli.schema import service_points
from kolli.service_points.model import KnownPoint, Shift, ShopType, Weekday

LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Body:
    """What of a service point is no column of its own."""

    name: str
    street: str
    postal_code: str
    city: str
    house_number: str = ""
    kind: ShopType | None = None
    shop_type: str | None = None
    email: str = ""
    phone: str = ""
    opening_times: Mapping[Weekday, tuple[Shift, ...]] = field(default_factory=dict)
    updated_at: datetime | None = None


COLUMNS = select(
    service_points.c.id,
    service_points.c.carrier_code,
    service_points.c.carrier_service_point_id,
    service_points.c.country_code,
    service_points.c.latitude,
    service_points.c.longitude,
    service_points.c.body,
    service_points.c.removed_at,
)
_BY_ID = COLUMNS.where(service_points.c.id == bindparam("id"))
_BY_CODE = COLUMNS.where(
    service_points.c.carrier_code == bindparam("carrier_code"),
    service_points.c.carrier_service_point_id == bindparam("code"),
)
_ANY_OF_CARRIER = select(literal(1)).where(service_points.c.carrier_code == bindparam("carrier_code")).limit(1)

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


def known_point(row: Any) -> KnownPoint:
    """A row as the service point it is."""
    number, carrier_code, code, country_code, latitude, longitude, text, removed_at = row
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
        kind=body.kind,
        shop_type=body.shop_type,
        email=body.email,
        phone=body.phone,
        opening_times=body.opening_times,
        updated_at=body.updated_at,
        removed_at=datetime.fromisoformat(removed_at) if removed_at else None,
    )
