"""What happened to parcels: their history ↔ rows, and the status that follows from it. Only ever added to.

The status is a function of the history and of nothing else, so it does not depend on the sequence in which news comes
in. What somebody outside has seen counts before what Kolli wrote when it made the label: an event of the day before
is no reason to say that a parcel waits. Among those, the event that happened last decides.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from math import inf
from typing import Any, Literal, get_args
from urllib.parse import urlencode

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from kolli.schema import parcel_events
from kolli.shipments.model import LABEL_IS_VOID, Draft, ParcelStatus, Phase
from kolli.values import timestamp

Source = Literal["kolli", "carrier", "person", "shop"]
"""Who says so: Kolli itself, the carrier, somebody by hand or from a file, the shop that had a parcel labelled."""

Severity = Literal["success", "warning", "error"]
"""How things go. Source: Event subscriptions, `parcel-event-status-type`."""

DECIDED_HERE = LABEL_IS_VOID | {
    ParcelStatus.READY_TO_SEND,
    ParcelStatus.ANNOUNCING,
    ParcelStatus.ANNOUNCEMENT_FAILED,
    ParcelStatus.NO_LABEL,
    ParcelStatus.CANCELLATION_FAILED,
}
"""Statuses that follow from what Kolli does; nobody outside can give them to a parcel."""

END_OF_TRACKING = LABEL_IS_VOID | {
    ParcelStatus.DELIVERED,
    ParcelStatus.COLLECTED_BY_CUSTOMER,
    ParcelStatus.RETURNED_TO_SENDER,
    ParcelStatus.ANNOUNCEMENT_FAILED,
}
"""Where no further news is expected, so that no carrier is asked for any."""

_SEVERITIES: Mapping[ParcelStatus, Severity] = {
    ParcelStatus.ANNOUNCEMENT_FAILED: "error",
    ParcelStatus.COLLECT_ERROR: "error",
    ParcelStatus.UNDELIVERABLE: "error",
    ParcelStatus.REFUSED_BY_RECIPIENT: "error",
    ParcelStatus.RETURNED_TO_SENDER: "error",
    ParcelStatus.ADDRESS_INVALID: "error",
    ParcelStatus.EXCEPTION: "error",
    ParcelStatus.CANCELLATION_FAILED: "error",
    ParcelStatus.ANNOUNCED_UNCOLLECTED: "warning",
    ParcelStatus.UNSORTED: "warning",
    ParcelStatus.DELAYED: "warning",
    ParcelStatus.DELIVERY_DATE_CHANGED: "warning",
    ParcelStatus.DELIVERY_ADDRESS_CHANGED: "warning",
    ParcelStatus.DELIVERY_METHOD_CHANGED: "warning",
    ParcelStatus.DELIVERY_FAILED: "warning",
}


def severity_of(status: ParcelStatus) -> Severity:
    """Whether a status is as it should be, something to watch, or something to act on."""
    return _SEVERITIES.get(status, "success")


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
    id: int | None = field(default=None, compare=False)  # grows from event to event; None: not stored yet

    @property
    def is_ours(self) -> bool:
        """Whether it was written when a parcel was made or taken back, rather than seen on its way."""
        return self.source in {"kolli", "shop"}

    @property
    def city(self) -> str:
        """Where it happened, if that is known."""
        return str(self.details.get("city") or "")

    @property
    def country(self) -> str:
        """In which country (ISO 3166-1 alpha-2), if that is known."""
        return str(self.details.get("country") or "")

    def is_same_as(self, other: "Event") -> bool:
        """Whether both tell of one thing: what, when and where in the same words, whoever says so and how often."""
        return _told(self) == _told(other)


def _told(event: Event) -> tuple[object, ...]:
    return event.status, event.at, event.description, event.city, event.country


def in_sequence(events: Iterable[Event]) -> list[Event]:
    """Events in the sequence in which they happened, the same however they came in.

    The making of the label comes before everything, whatever the clocks of others say, so that the last event is what
    the status comes from. Of several at one moment our own come first, as they were written, then those of others by
    how far they are on a parcel's way.
    """
    known = list(events)
    ours = sorted((event for event in known if event.is_ours), key=_written)
    making = list(takewhile(lambda event: event.status not in LABEL_IS_VOID, ours))
    made = {id(event) for event in making}
    return making + sorted((event for event in known if id(event) not in made), key=_place)


_PHASES: tuple[Phase, ...] = ("unknown", "none", *get_args(Phase))
_STATUSES = tuple(ParcelStatus)


def _place(event: Event) -> tuple[object, ...]:
    if event.is_ours:
        return event.at, 0, _written(event)
    way = _PHASES.index(event.status.phase), _STATUSES.index(event.status)
    return event.at, 1, *way, event.description, event.city, event.country, event.source


def _written(event: Event) -> float:
    return inf if event.id is None else event.id


def status_from(events: Iterable[Event], otherwise: ParcelStatus) -> ParcelStatus:
    """The status of a parcel with this history.

    What was cancelled here stays cancelled, whatever is said about it; that a status is unknown says nothing.
    """
    known = list(events)
    ours = [event for event in known if event.is_ours]
    own = max(ours, key=_written).status if ours else otherwise  # as written: our clock may have been set back
    if own in LABEL_IS_VOID:
        return own
    seen = [event for event in known if not event.is_ours and event.status is not ParcelStatus.UNKNOWN]
    return max(seen, key=_place).status if seen else own


_ADD = insert(parcel_events)
_OF_PARCELS = (
    select(parcel_events)
    .where(
        parcel_events.c.account_id == bindparam("account_id"),
        parcel_events.c.parcel_id.in_(bindparam("parcel_ids", expanding=True)),
    )
    .order_by(parcel_events.c.id)
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
    return histories(transaction, account_id, [parcel_id])[parcel_id]


def histories(transaction: Connection, account_id: int, parcel_ids: Sequence[int]) -> dict[int, list[Event]]:
    """Everything that was recorded of each of these parcels, in the sequence in which it happened: one query."""
    found: dict[int, list[Event]] = defaultdict(list)
    for row in transaction.execute(_OF_PARCELS, {"account_id": account_id, "parcel_ids": list(parcel_ids)}):
        found[row.parcel_id].append(_event(row))
    return {parcel_id: in_sequence(found[parcel_id]) for parcel_id in parcel_ids}


def _event(row: Any) -> Event:
    return Event(
        status=ParcelStatus[row.status],
        at=datetime.fromisoformat(row.at),
        source=row.source,
        description=row.description,
        details=msgspec.json.decode(row.body),
        recorded_at=datetime.fromisoformat(row.recorded_at),
        id=row.id,
    )


def tracking_url(draft: Draft, tracking_number: str) -> str:
    """The public page that says where a parcel is."""
    query = {
        "tracking_number": tracking_number.lower(),
        "country": draft.recipient.country_code.lower(),
        "postal_code": draft.recipient.postal_code.replace(" ", ""),
    }
    return f"{draft.tracking_base}/tracking/?{urlencode(query)}"
