"""What happens to parcels is written into their history, decides their status, and is told to whoever wants to hear."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from kolli.errors import Impossible, Invalid
from kolli.shipments.foreign_parcels import FIRST_STATUS, ForeignParcel, set_foreign_status
from kolli.shipments.model import Parcel, ParcelStatus, Shipment
from kolli.shipments.queries import set_parcel_status
from kolli.shipments.tracking import DECIDED_HERE, Event, add_events, histories, status_from
from kolli.webhooks.listeners import tell_of_event, tell_of_foreign_event

CLOCKS_DIFFER_BY = timedelta(minutes=5)
"""How far in the future an event may be: clocks are not all right, and no more wrong than that."""

OLDER_THAN_ITS_PARCEL = timedelta(days=1)
"""How long before its parcel an event may be: some name only a day. Carriers use their numbers again after a while, so
what is older belongs to an earlier parcel."""


@dataclass(frozen=True)
class Tracked:
    """A parcel that events can be recorded of: one that was labelled here, with its shipment, or one from elsewhere."""

    parcel: Parcel | ForeignParcel
    shipment: Shipment | None = None

    @property
    def id(self) -> int:
        """The parcel's id, by which its history is found."""
        return self.parcel.id

    @property
    def account_id(self) -> int:
        """Whose it is."""
        return self.parcel.account_id if isinstance(self.parcel, ForeignParcel) else self.shipped.account_id

    @property
    def shipped(self) -> Shipment:
        """The shipment of a parcel that was labelled here."""
        assert self.shipment is not None
        return self.shipment

    @property
    def carrier_code(self) -> str:
        """Who moves it."""
        return self.parcel.carrier_code if isinstance(self.parcel, ForeignParcel) else self.shipped.draft.carrier_code

    @property
    def tracking_number(self) -> str:
        """The carrier's number of it."""
        return self.parcel.tracking_number or ""

    @property
    def is_announced(self) -> bool:
        """Whether its carrier knows of it."""
        return self.parcel.announced_at is not None

    def told(self, events: Iterable[Event]) -> list[Event]:
        """The parcel's history as it is told: that of one labelled here begins with its being announced."""
        if self.shipment is None:
            return list(events)
        return [Event(ParcelStatus.ANNOUNCING, self.shipment.created_at, "kolli"), *events]

    @property
    def since(self) -> datetime:
        """When it began to exist."""
        is_foreign = isinstance(self.parcel, ForeignParcel)
        return self.parcel.announced_at if is_foreign and self.parcel.announced_at else self._made_at

    @property
    def _made_at(self) -> datetime:
        return self.parcel.created_at if isinstance(self.parcel, ForeignParcel) else self.shipped.created_at


def check_event(tracked: Tracked, event: Event, now: datetime) -> None:
    """Raises Invalid when an event from outside cannot be right, or Impossible when it cannot be of this parcel."""
    if event.status in DECIDED_HERE:
        raise Invalid(
            f"The status {event.status} follows from what Kolli itself does and cannot be recorded.", field="status"
        )
    if event.at > now + CLOCKS_DIFFER_BY:
        raise Invalid(f"The time {event.at:%Y-%m-%d %H:%M} UTC has not come yet.", field="at")
    if event.at < tracked.since - OLDER_THAN_ITS_PARCEL:
        raise Invalid(
            f"The time {event.at:%Y-%m-%d %H:%M} UTC is before the parcel was made, on {tracked.since:%Y-%m-%d}.",
            field="at",
        )
    if not tracked.is_announced:
        raise Impossible(
            f"The parcel {tracked.tracking_number} has no label, so nothing can have happened to it.",
            field="tracking_number",
        )


def record(transaction: Connection, shipment: Shipment, parcel: Parcel, event: Event, now: datetime) -> bool:
    """Records what somebody outside says has happened to a parcel; False when that was known already.

    Raises like `check_event`. The last event decides the status, whenever we hear of it: see `status_from`.
    """
    return record_all(transaction, [(Tracked(parcel, shipment), event)], now) == 1


def record_all(transaction: Connection, wanted: Sequence[tuple[Tracked, Event]], now: datetime) -> int:
    """Records events of parcels of one account, in this order, and gives how many of them were news.

    Raises like `check_event`; the caller's transaction has to end then.
    """
    for tracked, event in wanted:
        check_event(tracked, event, now)
    if not wanted:
        return 0
    account_id = wanted[0][0].account_id
    known = histories(transaction, account_id, list({tracked.id for tracked, _ in wanted}))
    count = 0
    for tracked, event in wanted:
        before = known[tracked.id]
        if any(event.is_same_as(other) for other in before):
            continue
        before.append(event)
        _record(transaction, tracked, before, event, now)
        count += 1
    return count


def _record(transaction: Connection, tracked: Tracked, history: Sequence[Event], event: Event, now: datetime) -> None:
    parcel = tracked.parcel
    if isinstance(parcel, ForeignParcel):
        status = status_from(history, FIRST_STATUS)
        set_foreign_status(transaction, parcel.account_id, parcel.id, status, now)
        add_events(transaction, parcel.account_id, [parcel.id], event, now)
        tell_of_foreign_event(transaction, parcel.account_id, parcel, event, now, carrier_code=parcel.carrier_code)
    else:
        changed = _with_status(transaction, tracked.shipped, parcel, status_from(history, parcel.status), now)
        tell(transaction, tracked.shipped, [changed], event, now)


def set_status_of_all(transaction: Connection, shipment: Shipment, event: Event, now: datetime) -> None:
    """Records for every parcel of a shipment what Kolli itself has done.

    Their status is that of the event, unless somebody has seen a parcel on its way and it is not taken back.
    """
    known = histories(transaction, shipment.account_id, [parcel.id for parcel in shipment.parcels])
    parcels = [
        _with_status(transaction, shipment, parcel, status_from([*known[parcel.id], event], event.status), now)
        for parcel in shipment.parcels
    ]
    tell(transaction, shipment, parcels, event, now)


def _with_status(
    transaction: Connection, shipment: Shipment, parcel: Parcel, status: ParcelStatus, now: datetime
) -> Parcel:
    set_parcel_status(transaction, shipment.account_id, parcel.id, status, now)
    return replace(parcel, status=status, updated_at=now)


def tell(transaction: Connection, shipment: Shipment, parcels: Sequence[Parcel], event: Event, now: datetime) -> None:
    """Adds an event to the history of parcels whose status has been set, and queues what receivers hear of it.

    The parcels are as they are now: one whose status is not the event's was not changed by it, because news of
    something that happened later came in before.
    """
    add_events(transaction, shipment.account_id, [parcel.id for parcel in parcels], event, now)
    tell_of_event(transaction, shipment, parcels, event, now)
