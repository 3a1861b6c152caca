"""What happened to parcels: their history ↔ rows. Only ever added to; the newest event decides a parcel's status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select

from kolli.schema import parcel_events
from kolli.shipments.model import ParcelStatus
from kolli.values import timestamp

Source = Literal["kolli", "carrier", "person", "shop"]
"""Who says so: Kolli itself, the carrier, somebody by hand or from a file, the shop that had a parcel labelled."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a parcel. `at` is when it happened, `recorded_at` when we heard of it.

    `details` holds what else is known: `city`, `country`, `carrier_code` of the event and so on.
    """

    status: ParcelStatus
    at: datetime
    source: Source
    description: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    recorded_at: datetime | None = field(default=None, compare=False)  # None: not stored yet


_ADD = insert(parcel_events)
_OF_PARCEL = (
    select(parcel_events)
    .where(parcel_events.c.account_id == bindparam("account_id"), parcel_events.c.parcel_id == bindparam("parcel_id"))
    .order_by(parcel_events.c.at, parcel_events.c.id)
)
_LATEST = select(func.max(parcel_events.c.at)).where(
    parcel_events.c.account_id == bindparam("account_id"), parcel_events.c.parcel_id == bindparam("parcel_id")
)


def add_events(
    transaction: Connection, account_id: int, parcel_ids: Sequence[int], event: Event, recorded_at: datetime
) -> None:
    """Adds one event to the history of each of these parcels; their status is the caller's business."""
    row = {
        "account_id": account_id,
        "status": event.status,
        "at": timestamp(event.at),
        "recorded_at": timestamp(recorded_at),
        "source": event.source,
        "description": event.description,
        "body": msgspec.json.encode(event.details).decode(),
    }
    transaction.execute(_ADD, [{**row, "parcel_id": parcel_id} for parcel_id in parcel_ids])


def history(transaction: Connection, account_id: int, parcel_id: int) -> list[Event]:
    """Everything that was recorded of a parcel, in the sequence in which it happened."""
    rows = transaction.execute(_OF_PARCEL, {"account_id": account_id, "parcel_id": parcel_id})
    return [
        Event(
            status=ParcelStatus[row.status],
            at=datetime.fromisoformat(row.at),
            source=row.source,
            description=row.description,
            details=msgspec.json.decode(row.body),
            recorded_at=datetime.fromisoformat(row.recorded_at),
        )
        for row in rows
    ]


def latest_event_at(transaction: Connection, account_id: int, parcel_id: int) -> datetime | None:
    """When the newest event in a parcel's history happened; None for an empty history."""
    at = transaction.execute(_LATEST, {"account_id": account_id, "parcel_id": parcel_id}).scalar_one()
    return None if at is None else datetime.fromisoformat(at)
