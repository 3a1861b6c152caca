"""The lives of the sandbox's parcels: scripts of stations, and how far along its script each parcel is.

A parcel moves when it is told to, or by the clock, if its life was given a length of day. The scenario `track:lost`
gives its parcels that life with a fast clock.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from kolli.carriers.base import Booking, CarrierEvent
from kolli.errors import Impossible
from kolli.shipments.model import ParcelStatus

TABLES = """
CREATE TABLE IF NOT EXISTS lives (
    tracking_number TEXT PRIMARY KEY,
    life TEXT NOT NULL,
    position INTEGER NOT NULL, -- how many stations are behind the parcel
    day_seconds INTEGER NOT NULL, -- 0: it only moves when it is told to
    day_of_start REAL NOT NULL, -- the day of its life on which its clock was started
    started_at TEXT NOT NULL,
    sender_place TEXT NOT NULL,
    recipient_place TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS moves (
    id INTEGER PRIMARY KEY,
    tracking_number TEXT NOT NULL,
    status TEXT NOT NULL,
    at TEXT NOT NULL,
    description TEXT NOT NULL,
    city TEXT NOT NULL,
    country TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS moves_of_parcel ON moves (tracking_number);
"""

FAST_DAY_SECONDS = 10
USUAL = "delivered"


@dataclass(frozen=True)
class Station:
    """Where a parcel gets to, and on which day of its life."""

    day: float
    status: ParcelStatus
    description: str
    place: Literal["sender", "recipient", ""]  # whose town; empty: nobody says where


_COLLECTED = Station(0.25, ParcelStatus.PICKED_UP_BY_DRIVER, "Collected from the sender", "sender")
_ARRIVED = Station(0.5, ParcelStatus.AT_SORTING_CENTRE, "Arrived at the sorting centre", "sender")
_SORTED = Station(0.75, ParcelStatus.SORTED, "Sorted for delivery", "recipient")
_OUT = Station(1, ParcelStatus.DRIVER_ON_ROUTE, "Out for delivery", "recipient")

LIVES: Mapping[str, tuple[Station, ...]] = {
    "delivered": (
        *(_COLLECTED, _ARRIVED, _SORTED, _OUT),
        Station(1.25, ParcelStatus.DELIVERED, "Handed over at the door", "recipient"),
    ),
    "service-point": (
        *(_COLLECTED, _ARRIVED, _SORTED, _OUT),
        Station(1.25, ParcelStatus.AWAITING_CUSTOMER_PICKUP, "Waits at the service point", "recipient"),
        Station(3, ParcelStatus.COLLECTED_BY_CUSTOMER, "Collected by the recipient", "recipient"),
    ),
    "returned": (
        *(_COLLECTED, _ARRIVED, _SORTED, _OUT),
        Station(1.25, ParcelStatus.DELIVERY_FAILED, "Nobody was at home", "recipient"),
        Station(2, ParcelStatus.REFUSED_BY_RECIPIENT, "The recipient did not take it", "recipient"),
        Station(4, ParcelStatus.RETURNED_TO_SENDER, "Back with the sender", "sender"),
    ),
    "lost": (
        *(_COLLECTED, _ARRIVED),
        Station(2, ParcelStatus.DELAYED, "It takes longer than expected", ""),
        Station(7, ParcelStatus.EXCEPTION, "The parcel cannot be found", ""),
    ),
    "stuck": (_COLLECTED, _ARRIVED),
}
"""The scripts there are. They begin alike, so that a parcel can change from one to another on its way."""


def begin(ledger: sqlite3.Connection, number: str, booking: Booking, now: datetime) -> None:
    """Gives a parcel that has been booked the life that its scenario asks for, or else the usual one, at rest."""
    family, _, chosen = booking.draft.scenario.partition(":")
    life = chosen if family == "track" and chosen in LIVES else None
    sender, recipient = booking.draft.sender, booking.draft.recipient
    ledger.execute(
        "INSERT INTO lives VALUES (?, ?, 0, ?, 0, ?, ?, ?)",
        (
            *(number, life or USUAL, FAST_DAY_SECONDS if life else 0, now.isoformat()),
            f"{sender.country_code} {sender.city}",
            f"{recipient.country_code} {recipient.city}",
        ),
    )


def choose(ledger: sqlite3.Connection, number: str, life: str | None, day_seconds: int | None, now: datetime) -> None:
    """Gives a parcel another script, or another clock, from where it is."""
    if life is not None and life not in LIVES:
        raise Impossible(f"There is no life {life!r}. There are: {', '.join(LIVES)}.")
    here = _find(ledger, number)
    stations, position = LIVES[life or here["life"]], here["position"]
    if life is not None:
        ledger.execute("UPDATE lives SET life = ? WHERE tracking_number = ?", (life, number))
    if day_seconds is not None:
        day = stations[min(position, len(stations)) - 1].day if position else 0
        ledger.execute(
            "UPDATE lives SET day_seconds = ?, day_of_start = ?, started_at = ? WHERE tracking_number = ?",
            (day_seconds, day, now.isoformat(), number),
        )


def advance(ledger: sqlite3.Connection, number: str, to: ParcelStatus | None, now: datetime) -> None:
    """Moves a parcel on now; Impossible when its life has ended, or does not lead to `to`."""
    here = _find(ledger, number)
    ahead = LIVES[here["life"]][here["position"] :]
    if not ahead:
        raise Impossible(f"The life of {number} has ended. Choose another with --life: {', '.join(LIVES)}.")
    statuses = [station.status for station in ahead]
    if to is not None and to not in statuses:
        raise Impossible(
            f"The life {here['life']!r} of {number} does not lead to {to}. Ahead of it are: {', '.join(statuses)}."
        )
    for station in ahead[: 1 if to is None else statuses.index(to) + 1]:
        _move(ledger, here, station, now)


def let_time_pass(ledger: sqlite3.Connection, numbers: Sequence[str], now: datetime) -> None:
    """Moves those of these parcels that live by the clock as far as they should be by now."""
    for number in numbers:
        here = _select(ledger, number)
        if here is None or not here["day_seconds"]:
            continue
        began = datetime.fromisoformat(here["started_at"])
        for station in LIVES[here["life"]][here["position"] :]:
            due_at = began + timedelta(seconds=(station.day - here["day_of_start"]) * here["day_seconds"])
            if due_at > now:
                break
            _move(ledger, here, station, due_at)


def told(ledger: sqlite3.Connection, numbers: Sequence[str]) -> list[CarrierEvent]:
    """Everything that has happened to these parcels."""
    marks = ", ".join("?" * len(numbers))
    rows = ledger.execute(
        "SELECT tracking_number, status, at, description, city, country FROM moves"  # noqa: S608 - only question marks
        f" WHERE tracking_number IN ({marks}) ORDER BY id",
        tuple(numbers),
    )
    return [
        CarrierEvent(number, ParcelStatus[status], datetime.fromisoformat(at), description, city, country)
        for number, status, at, description, city, country in rows
    ]


def _move(ledger: sqlite3.Connection, here: sqlite3.Row, station: Station, at: datetime) -> None:
    number = here["tracking_number"]
    (last,) = ledger.execute("SELECT max(at) FROM moves WHERE tracking_number = ?", (number,)).fetchone()
    if last is not None:  # nothing is at two stations in the same second
        at = max(at, datetime.fromisoformat(last) + timedelta(seconds=1))
    country, _, city = here[f"{station.place}_place"].partition(" ") if station.place else ("", "", "")
    ledger.execute(
        "INSERT INTO moves (tracking_number, status, at, description, city, country) VALUES (?, ?, ?, ?, ?, ?)",
        (number, station.status.value, at.isoformat(), station.description, city, country),
    )
    ledger.execute("UPDATE lives SET position = position + 1 WHERE tracking_number = ?", (number,))


def _find(ledger: sqlite3.Connection, number: str) -> sqlite3.Row:
    here = _select(ledger, number)
    if here is None:
        raise Impossible(f"The ledger has no parcel {number} that could move: it is not known here, or was cancelled.")
    return here


def _select(ledger: sqlite3.Connection, number: str) -> sqlite3.Row | None:
    """The life of a parcel, in any letter case; one that was cancelled does not move any more."""
    cursor = ledger.cursor()
    cursor.row_factory = sqlite3.Row
    found: sqlite3.Row | None = cursor.execute(
        "SELECT lives.* FROM lives JOIN bookings USING (tracking_number)"
        " WHERE tracking_number = ? AND cancelled_at IS NULL",
        (number.upper(),),
    ).fetchone()
    return found
