"""A JSON file of service points as rows of a table, so that one reader checks both kinds of files."""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec

from kolli.errors import Invalid
from kolli.service_points.model import WEEKDAYS
from kolli.tables import TableRow, check_cell

LARGEST_BYTES = 256 * 1024 * 1024

MOST_DIGITS = 40
"""How far the first digit of a number may be from its point."""

_PLACES: Mapping[str, str] = {
    **dict.fromkeys(("street", "house_number", "postal_code", "city", "country_code"), "address"),
    **dict.fromkeys(("latitude", "longitude"), "position"),
    **dict.fromkeys(("email", "phone"), "contact"),
}
"""Column → the object in which the API has it."""

_TOP = ("carrier_service_point_id", "name", "general_shop_type", "carrier_shop_type", "time_zone")


class _Results(msgspec.Struct):
    results: list[msgspec.Raw]


class _Answered(msgspec.Struct):
    data: _Results


_read_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_read_answer = msgspec.json.Decoder(_Answered).decode
_read_point = msgspec.json.Decoder(float_hook=Decimal).decode


def rows_of_json(path: Path, carrier_code: str) -> Iterator[TableRow]:
    """The points of a file one by one, the first with the number 1. Raises Invalid when it holds no list of them."""
    try:
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            raise Invalid(f"{path} has {size:,} bytes, more than {LARGEST_BYTES:,}. Divide it, or write it as CSV.")
        content = path.read_bytes().removeprefix(BOM_UTF8)
        points = _read_list(content) if content.lstrip()[:1] == b"[" else _read_answer(content).data.results
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"{path} holds no list of service points in JSON: {error}.") from error
    for number, raw in enumerate(points, start=1):
        yield _row(number, raw, carrier_code)


def _row(number: int, raw: msgspec.Raw, carrier_code: str) -> TableRow:
    row = TableRow(number, cells := {})
    try:
        point = _read_point(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidOperation) as error:
        row.wrong("", f"It cannot be read: {error}.")
        return row
    if not isinstance(point, dict):
        row.wrong("", "It is no object.")
        return row
    for column in _TOP:
        cells[column] = _text(row, column, point.get(column))
    for column, place in _PLACES.items():
        cells[column] = _text(row, column, _object(row, place, point).get(column))
    for day in WEEKDAYS:
        cells[day] = _hours(row, day, _object(row, "opening_times", point).get(day))
    for column, cell in cells.items():
        check_cell(row, column, cell)
    code = _object(row, "carrier", point).get("code", carrier_code)
    if code != carrier_code:
        row.wrong(
            "carrier", f"It is of the carrier {str(code)[:40]!r}, and the file is said to be of {carrier_code!r}."
        )
    return row


def _object(row: TableRow, name: str, point: Mapping[str, Any]) -> Mapping[str, Any]:
    value = point.get(name)
    if value is None or isinstance(value, dict):
        return value or {}
    if not any(mistake.column == name for mistake in row.mistakes):
        row.wrong(name, "It is no object.")
    return {}


def _text(row: TableRow, column: str, value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, Decimal) and abs(value.adjusted()) <= MOST_DIGITS:  # 1e999999999 would take a gigabyte
        return f"{value:f}"
    row.wrong(column, "It is a number that nothing here can be." if isinstance(value, Decimal) else "It is no text.")
    return ""


def _hours(row: TableRow, day: str, value: object) -> str:
    """A list of `{"start_time": "09:00", "end_time": "17:00"}` as a cell has it."""
    if value is None:
        return ""
    try:
        return " ".join(f"{shift['start_time']}-{shift['end_time']}" for shift in value)  # type: ignore[attr-defined]
    except (TypeError, KeyError):
        row.wrong(day, "It is no list of objects with `start_time` and `end_time`.")
        return ""
