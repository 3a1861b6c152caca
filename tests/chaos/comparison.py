"""The sandbox's ledger beside what customers were told and what our database has: where they differ."""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from kolli.app import DATABASE
from kolli.carriers.sandbox import LedgerEntry
from tests.chaos.customers import Noted

WITHOUT_LABEL = {"rejected", "abandoned", "cancelled"}
OPEN = {"queued", "intended", "unknown", "cancelling"}


@dataclass(frozen=True)
class Known:
    """A parcel as our database has it, with the state of the attempt to announce it."""

    shipment_id: str
    number: str | None
    state: str


def known_to(data: Path) -> list[Known]:
    """All parcels of our database."""
    statement = (
        "SELECT attempts.shipment_id, parcels.tracking_number, attempts.state"
        " FROM attempts JOIN parcels ON parcels.shipment_id = attempts.shipment_id"
    )
    with closing(sqlite3.connect(data / DATABASE, timeout=30)) as database:
        return [Known(*row) for row in database.execute(statement)]


def is_settled(data: Path) -> bool:
    """Whether our database is sure about everything."""
    return not {parcel.state for parcel in known_to(data)} & OPEN


def lost(ledger: Collection[LedgerEntry], known: Collection[Known], noted: Mapping[str, Noted]) -> Iterator[str]:
    """Labels that were handed out and are not in the ledger or not in the database; shipments that are gone."""
    booked = {entry.tracking_number: entry for entry in ledger}
    parcels = {parcel.number: parcel for parcel in known}
    shipments = {parcel.shipment_id for parcel in known}
    for note in noted.values():
        for number in note.numbers:
            is_there = number in booked and number in parcels
            if not is_there or (booked[number].is_cancelled and not note.is_cancelled):
                yield f"{number} of {note}: {booked.get(number)}, {parcels.get(number)}"
        yield from (f"{shipment} of {note}" for shipment in note.shipments - shipments)


def bought_twice(ledger: Collection[LedgerEntry]) -> Iterator[str]:
    """Orders with more than one live booking, and bookings of less than a whole shipment."""
    live: defaultdict[str, set[str]] = defaultdict(set)
    for entry in ledger:
        if not entry.is_cancelled:
            live[entry.order_number].add(entry.reference)
    yield from (f"{order_number}: {references}" for order_number, references in live.items() if len(references) > 1)


def unaccounted(ledger: Collection[LedgerEntry], known: Collection[Known]) -> Iterator[str]:
    """Entries of the ledger that the database does not have, or has otherwise, and numbers that nobody has booked."""
    parcels = {parcel.number: parcel for parcel in known if parcel.number}
    for entry in ledger:
        parcel = parcels.pop(entry.tracking_number, None)
        if parcel is None:
            yield f"{entry} is not known"
        elif parcel.shipment_id != entry.reference or (parcel.state == "cancelled") != entry.is_cancelled:
            yield f"{entry} is known as {parcel}"
    yield from (f"{parcel} was never booked" for parcel in parcels.values())


def half_booked(ledger: Collection[LedgerEntry], known: Collection[Known]) -> Iterator[str]:
    """Shipments of which the ledger has some boxes and not all."""
    wanted: defaultdict[str, int] = defaultdict(int)
    booked: defaultdict[str, int] = defaultdict(int)
    for parcel in known:
        wanted[parcel.shipment_id] += 1
    for entry in ledger:
        booked[entry.reference] += 1
    yield from (f"{id_}: {count} of {wanted[id_]}" for id_, count in booked.items() if count != wanted[id_])
