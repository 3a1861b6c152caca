"""Events of parcels ↔ CSV files, as people and carriers write them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from kolli.errors import Invalid
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import Event
from kolli.tables import Mistake, rows_of_table, text_from
from kolli.values import COUNTRY_CODES

REQUIRED = ("tracking_number", "status", "at")
COLUMNS = (*REQUIRED, "description", "city", "country", "carrier")

LONGEST_NUMBER = 255
MOST_ROWS = 1_000_000

_DATE_FIRST = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Row:
    """A good row: which parcel it is about, and what has happened to it. `number` counts from 1, the header's."""

    number: int
    tracking_number: str
    carrier_code: str  # empty: of whichever carrier
    event: Event


def read_events(path: Path) -> Iterator[Row | Mistake]:
    """The rows of a file one by one, each as what it says or as what is wrong with it.

    Raises Invalid when the file cannot be read as such a table at all.
    """
    for row in rows_of_table(path, COLUMNS, REQUIRED, most_rows=MOST_ROWS):
        yield row.mistakes[0] if row.mistakes else _row(row.number, row.cells)


def _row(number: int, cells: Mapping[str, str]) -> Row | Mistake:
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
