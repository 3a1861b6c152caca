"""What happens to parcels is written into their history, decides their status, and is told to whoever wants to hear."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from kolli.shipments.model import LABEL_IS_VOID, Parcel, Shipment
from kolli.shipments.queries import set_parcel_status, set_status
from kolli.shipments.tracking import Event, add_events, latest_event_at


def record(transaction: Connection, shipment: Shipment, parcel: Parcel, event: Event, now: datetime) -> None:
    """Records what somebody outside says has happened to a parcel.

    The newest event decides the parcel's status, whenever we hear of it; but what was cancelled here stays cancelled,
    whatever is said about it.
    """
    latest = latest_event_at(transaction, shipment.account_id, parcel.id)
    is_newest = latest is None or event.at >= latest
    status = event.status if is_newest and parcel.status not in LABEL_IS_VOID else parcel.status
    set_parcel_status(transaction, shipment.account_id, parcel.id, status, now)
    tell(transaction, shipment, [parcel], event, now)


def set_status_of_all(transaction: Connection, shipment: Shipment, event: Event, now: datetime) -> None:
    """Gives every parcel of a shipment the status of something that Kolli itself has done."""
    set_status(transaction, shipment.account_id, shipment.id, event.status, now)
    tell(transaction, shipment, shipment.parcels, event, now)


def tell(transaction: Connection, shipment: Shipment, parcels: Sequence[Parcel], event: Event, now: datetime) -> None:
    """Adds an event to the history of parcels whose status has been set."""
    add_events(transaction, shipment.account_id, [parcel.id for parcel in parcels], event, now)
