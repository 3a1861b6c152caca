"""Service points out of data files: CSV with one column for each thing, or JSON as the API answers them.

A file is read point by point; what is wrong with one is told by its row and column, and the next one is read.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from kolli.errors import Invalid
from kolli.service_points.hours import shifts_from, time_zone_at, time_zone_named
from kolli.service_points.json_rows import rows_of_json
from kolli.service_points.model import MILLIONTHS, SHOP_TYPES, WEEKDAYS, KnownPoint
from kolli.tables import Mistake, TableRow, choice_from, rows_of_table
from kolli.values import COUNTRY_CODES

COLUMNS: Mapping[str, str] = {
    "carrier_service_point_id": "what the carrier calls it; unique in the file",
    "name": "what stands over the door",
    "street": "with or without the house number",
    "house_number": "may be empty",
    "postal_code": "may be empty where the country has none",
    "city": "",
    "country_code": "two capital letters, ISO 3166-1",
    "latitude": "in degrees, WGS 84: `52.379189`; south of the equator it is negative",
    "longitude": "in degrees: `4.899431`; west of Greenwich it is negative",
    "general_shop_type": f"{', '.join(f'`{kind}`' for kind in SHOP_TYPES)}, or empty: nobody knows",
    "carrier_shop_type": "the same in the carrier's own words; may be empty",
    "email": "may be empty",
    "phone": "may be empty",
    "time_zone": "by its name in the tz database, such as `America/New_York`; needed only in countries with several",
    **dict.fromkeys(WEEKDAYS, "hours such as `09:00-12:30 13:30-18:00`; empty: closed"),
    "source": "where you know it from; read, and not kept",
}
"""Every column of a file, and what stands in it."""

REQUIRED = ("carrier_service_point_id", "name", "street", "city", "country_code", "latitude", "longitude")

MOST_POINTS = 500_000

LONGEST_CODE = 100
LONGEST_TEXT = 200

_DEGREES = re.compile(r"-?[0-9]{1,3}(\.[0-9]{1,20})?")


def read_points(path: Path, carrier_code: str) -> Iterator[tuple[int, KnownPoint] | Mistake]:
    """The service points of a file with the number of their row, or what is wrong with a row; their ids are 0.

    A file whose name ends in `.json` is JSON: a list of objects as `GET /service-points` answers them, alone or in
    `data.results`. Raises Invalid when it cannot be read at all.
    """
    if path.suffix.lower() == ".json":
        rows = rows_of_json(path, carrier_code)
    else:
        rows = rows_of_table(path, tuple(COLUMNS), REQUIRED, most_rows=MOST_POINTS)
    for row in rows:
        point = _point(row, carrier_code)
        if row.mistakes:
            yield from row.mistakes
        else:
            yield row.number, point


def _point(row: TableRow, carrier_code: str) -> KnownPoint:
    """What a row says; where it is wrong, and a mistake was noted, something empty stands in its place."""
    short = _text_up_to(LONGEST_TEXT)
    name, street, city = (row.need(column, short) or "" for column in ("name", "street", "city"))
    country_code = row.need("country_code", _country_from) or ""
    latitude, longitude = row.need("latitude", _degrees_up_to(90)), row.need("longitude", _degrees_up_to(180))
    if latitude == longitude == 0:
        row.wrong("latitude", "0, 0 is a place in the ocean. Say where the service point is.")
    return KnownPoint(
        id=0,
        carrier_code=carrier_code,
        carrier_service_point_id=row.need("carrier_service_point_id", _text_up_to(LONGEST_CODE)) or "",
        name=name,
        street=street,
        house_number=row.read("house_number", short, ""),
        postal_code=row.read("postal_code", short, ""),
        city=city,
        country_code=country_code,
        latitude=latitude or 0,
        longitude=longitude or 0,
        kind=row.read("general_shop_type", choice_from(SHOP_TYPES), None),
        shop_type=row.read("carrier_shop_type", short, None),
        email=row.read("email", short, ""),
        phone=row.read("phone", short, ""),
        time_zone=_time_zone(row, country_code, longitude or 0),
        opening_times={day: hours for day in WEEKDAYS if (hours := row.read(day, shifts_from, ()))},
    )


def _time_zone(row: TableRow, country_code: str, longitude: int) -> str:
    named = row.read("time_zone", time_zone_named, "")
    if named or row.text("time_zone") or not country_code:
        return named
    try:
        return time_zone_at(country_code, longitude)
    except Invalid as error:
        row.wrong("time_zone", error.message)
        return named


def _text_up_to(longest: int) -> Callable[[str], str]:
    def read(text: str) -> str:
        if len(text) > longest:
            raise Invalid(f"It has {len(text)} characters; at most {longest} are kept.")
        return text

    return read


def _country_from(text: str) -> str:
    if text in COUNTRY_CODES:
        return text
    capitals = f" Write it in capital letters: {text.upper()}." if text.upper() in COUNTRY_CODES else ""
    raise Invalid(f"{text[:40]!r} is no country. Use two letters of ISO 3166-1, such as NL.{capitals}")


def _degrees_up_to(most: int) -> Callable[[str], int]:
    """Reads degrees as millionths of them, rounded to the nearest."""

    def read(text: str) -> int:
        if not _DEGREES.fullmatch(text):
            point = " Write the decimals behind a point: 52.379189." if "," in text else ""
            raise Invalid(f"{text[:40]!r} is no number of degrees, such as 52.379189.{point}")
        millionths = round(Decimal(text) * MILLIONTHS)
        if not -most * MILLIONTHS <= millionths <= most * MILLIONTHS:
            raise Invalid(f"{text[:40]} is not between -{most} and {most} degrees.")
        return millionths

    return read
