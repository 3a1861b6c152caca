"""Events of parcels ↔ CSV files, as people and carriers write them."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from kolli.errors import Invalid
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import Event
from kolli.values import COUNTRY_CODES

REQUIRED = ("tracking_number", "status", "at")
COLUMNS = (*REQUIRED, "description", "city", "country", "carrier")

LONGEST_NUMBER = 255
LONGEST_TEXT = 1_000
MOST_ROWS = 1_000_000

_DATE_FIRST = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNPRINTABLE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")


@dataclass(frozen=True, slots=True)
class Row:
    """A good row: which parcel it is about, and what has happened to it. `number` counts from 1, the header's."""

    number: int
    tracking_number: str
    carrier_code: str  # empty: of whichever carrier
    event: Event


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong with a row, and in which column; empty when it is the row as a whole."""

    number: int
    column: str
    message: str

    def __str__(self) -> str:
        where = f"row {self.number}, {self.column}" if self.column else f"row {self.number}"
        return f"{where}: {self.message}"


def read_events(path: Path) -> Iterator[Row | Mistake]:
    """The rows of a file one by one, each as what it says or as what is wrong with it.

    Columns are divided by commas, semicolons or tabs; the text is UTF-8, with or without a mark at its beginning.
    Raises Invalid when the file cannot be read as such a table at all.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _rows(file, path)
    except OSError as error:
        raise Invalid(f"{path}: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Invalid(f"{path} is not in UTF-8. Save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise Invalid(f"{path} is no CSV file: {error}.") from error


def _rows(file: TextIO, path: Path) -> Iterator[Row | Mistake]:
    first = file.readline()
    table = csv.reader(file, delimiter=max(",;\t", key=first.count), strict=True)
    (header,) = csv.reader([first], delimiter=max(",;\t", key=first.count)) if first.strip() else ([],)
    columns = [name.strip().lower() for name in header]
    _check_header(columns, path)
    for number, cells in enumerate(table, start=2):
        if number > MOST_ROWS + 1:
            raise Invalid(f"{path} has more than {MOST_ROWS:,} rows. Divide it.")
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(columns):
            yield Mistake(number, "", f"It has {len(cells)} columns, and the header has {len(columns)}.")
            continue
        yield _row(number, dict(zip(columns, (cell.strip() for cell in cells), strict=True)))


def _check_header(columns: Sequence[str], path: Path) -> None:
    missing = [name for name in REQUIRED if name not in columns]
    if missing:
        raise Invalid(
            f"{path} has no column {', '.join(missing)}. The first row has to name the columns: {', '.join(COLUMNS)}."
        )
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise Invalid(f"{path} has the column {unknown[0]!r}, which is not known. Known are: {', '.join(COLUMNS)}.")
    if len(set(columns)) < len(columns):
        raise Invalid(f"{path} has a column twice: {', '.join(columns)}.")


def _row(number: int, cells: dict[str, str]) -> Row | Mistake:
    column = ""
    try:
        column = "tracking_number"
        tracking_number = number_from(cells[column])
        column = "status"
        status = status_from_text(cells[column])
        column = "at"
        at = moment_from(cells[column])
        texts = {}
        for column in ("description", "city", "country", "carrier"):
            texts[column] = text_from(cells.get(column, ""))
        column = "country"
        event = event_from(status, at, texts["description"], texts["city"], texts["country"])
    except Invalid as error:
        return Mistake(number, column, error.message)
    return Row(number, tracking_number, texts["carrier"], event)


def event_from(status: ParcelStatus, at: datetime, description: str, city: str, country: str) -> Event:
    """Something that a person says has happened."""
    country = country.upper()
    if country and country not in COUNTRY_CODES:
        raise Invalid(f"{country!r} is no country. Use two letters of ISO 3166-1, such as NL.")
    places = {"city": city, "country": country}
    return Event(status, at, "person", description, {name: value for name, value in places.items() if value})


def number_from(text: str) -> str:
    """A tracking number, without the spaces that labels print in it."""
    number = "".join(text_from(text).split())
    if not 1 <= len(number) <= LONGEST_NUMBER:
        raise Invalid(f"A tracking number has 1 to {LONGEST_NUMBER} characters.")
    return number


def status_from_text(text: str) -> ParcelStatus:
    """A status by its code, or by its number in version 2 of the API."""
    status = ParcelStatus.named(text.replace("-", "_").replace(" ", "_"))
    if status is None:
        raise Invalid(f"{text!r} is no status. Use a code such as DELIVERED; docs/tracking.md lists them.")
    return status


def moment_from(text: str) -> datetime:
    """A time in ISO 8601. Without a zone it is in UTC, without a time of day it is midnight."""
    wrong = Invalid(f"{text!r} is no time. Write it as 2026-11-24T14:05:00+01:00.")
    if not _DATE_FIRST.match(text):  # "20261124" is ISO 8601 too, and more often a mistake
        raise wrong
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise wrong from None


def text_from(text: str) -> str:
    """A text that can be shown anywhere."""
    found = _UNPRINTABLE.search(text)
    if found:
        raise Invalid(f"The character U+{ord(found[0]):04X} cannot be printed. Leave it out.")
    if len(text) > LONGEST_TEXT:
        raise Invalid(f"The text has {len(text)} characters; at most {LONGEST_TEXT} are kept.")
    return text
