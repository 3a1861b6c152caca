"""Many events at once: all are checked first, then they are recorded in short transactions with pauses in between."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from kolli.errors import Impossible, Invalid, NotFound
from kolli.operations.context import Installation
from kolli.operations.follow import EVENTS_AT_A_TIME
from kolli.operations.track import Tracked, check_event, record_all
from kolli.shipments.foreign_parcels import find_foreign_parcels
from kolli.shipments.tracked import find_parcels
from kolli.shipments.tracking_csv import Row
from kolli.tables import Mistake

Thing = TypeVar("Thing")

CHECKED_AT_A_TIME = 200

MOST_OF_A_PARCEL = 500
"""Rows about one parcel. Nothing has such a life, and each event is compared with all that are known of its parcel."""


PAUSES = 2
"""So many times as long as a step took is the pause behind it: labels that are made meanwhile are hardly slower."""


@dataclass
class Checked:
    """The rows of a file: those that can be recorded, and what is wrong with the others."""

    rows: list[Row] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)


def find_tracked(transaction: Connection, account_id: int, numbers: Sequence[str]) -> dict[str, list[Tracked]]:
    """The account's parcels with these numbers, by the number in lower case: those labelled here come first."""
    found: dict[str, list[Tracked]] = {number.lower(): [] for number in numbers}
    own = [Tracked(parcel, shipment) for shipment, parcel in find_parcels(transaction, account_id, numbers)]
    foreign = [Tracked(parcel) for parcel in find_foreign_parcels(transaction, account_id, numbers)]
    for tracked in (*own, *foreign):
        found[tracked.tracking_number.lower()].append(tracked)
    return found


def get_tracked(transaction: Connection, account_id: int, number: str, carrier_code: str = "") -> Tracked:
    """The account's one parcel with this number; NotFound, or Invalid when carriers have to be told apart."""
    return the_one(find_tracked(transaction, account_id, [number])[number.lower()], number, carrier_code)


def the_one(found: Iterable[Tracked], number: str, carrier_code: str) -> Tracked:
    """The one of these parcels that is meant."""
    meant = [tracked for tracked in found if carrier_code in {"", tracked.carrier_code}]
    if not meant:
        raise NotFound(f"There is no parcel {number}{f' of {carrier_code}' if carrier_code else ''}.")
    if len(meant) > 1:
        carriers = ", ".join(sorted(tracked.carrier_code for tracked in meant))
        raise Invalid(f"Several parcels have the number {number}. Name the carrier too: {carriers}.")
    return meant[0]


def check_rows(
    rows: Iterable[Row | Mistake], account_id: int, installation: Installation, progress: Callable[[int], None]
) -> Checked:
    """Sorts out which rows can be recorded; changes nothing. `progress` hears how many rows were looked at."""
    checked = Checked()
    now = installation.clock()
    counts: Counter[int] = Counter()
    for step in _steps(iter(rows), CHECKED_AT_A_TIME):
        good = [row for row in step if isinstance(row, Row)]
        checked.mistakes += [row for row in step if isinstance(row, Mistake)]
        with installation.database.read() as transaction:
            found = find_tracked(transaction, account_id, [row.tracking_number for row in good])
        for row in good:
            try:
                tracked = the_one(found[row.tracking_number.lower()], row.tracking_number, row.carrier_code)
                check_event(tracked, row.event, now)
                _check_count(tracked, counts)
            except (Invalid, Impossible, NotFound) as error:
                checked.mistakes.append(Mistake(row.number, error.field or "tracking_number", error.message))
            else:
                checked.rows.append(row)
        progress(len(step))
    checked.mistakes.sort(key=lambda mistake: mistake.number)
    return checked


def _check_count(tracked: Tracked, counts: Counter[int]) -> None:
    counts[tracked.id] += 1
    if counts[tracked.id] > MOST_OF_A_PARCEL:
        number = tracked.tracking_number
        raise Impossible(f"The file has more than {MOST_OF_A_PARCEL} rows about the parcel {number}. Leave some out.")


def record_rows(
    rows: Sequence[Row], account_id: int, installation: Installation, progress: Callable[[int], None]
) -> int:
    """Records rows that were checked and gives how many of them were news.

    Another process may be writing labels. It gets the database between two steps: see PAUSES. A step that is
    broken off is undone, and the whole can be repeated: what is known is not recorded twice.
    """
    count = 0
    for step in _steps(iter(rows), EVENTS_AT_A_TIME):
        began = time.monotonic()
        with installation.database.write() as transaction:
            found = find_tracked(transaction, account_id, [row.tracking_number for row in step])
            events = [
                (the_one(found[row.tracking_number.lower()], row.tracking_number, row.carrier_code), row.event)
                for row in step
            ]
            count += record_all(transaction, events, installation.clock())
        progress(len(step))
        time.sleep(PAUSES * (time.monotonic() - began))
    return count


def _steps(things: Iterator[Thing], size: int) -> Iterator[list[Thing]]:
    while step := list(islice(things, size)):
        yield step
