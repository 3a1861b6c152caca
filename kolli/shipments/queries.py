"""Shipments and their parcels ↔ rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from kolli.errors import NotFound
from kolli.schema import parcels, shipments
from kolli.shipments.model import Draft, Parcel, ParcelStatus, Shipment

_drafts = msgspec.json.Decoder(Draft)

_ADD = insert(shipments)
_ADD_PARCELS = insert(parcels)
_COLUMNS = select(shipments.c.id, shipments.c.account_id, shipments.c.created_at, shipments.c.body)
_BY_ID = _COLUMNS.where(shipments.c.account_id == bindparam("account_id"), shipments.c.id == bindparam("id"))
_BY_PARCEL = _COLUMNS.join(parcels, parcels.c.shipment_id == shipments.c.id).where(
    shipments.c.account_id == bindparam("account_id"), parcels.c.id == bindparam("id")
)
_PARCELS = select(parcels).where(parcels.c.shipment_id == bindparam("shipment_id")).order_by(parcels.c.box_number)
_BY_TRACKING = _COLUMNS.join(parcels, parcels.c.shipment_id == shipments.c.id).where(
    parcels.c.tracking_key == bindparam("tracking_key")
)
_ANNOUNCED = (
    update(parcels)
    .where(parcels.c.account_id == bindparam("account"), parcels.c.id == bindparam("parcel"))
    .values(
        tracking_number=bindparam("number"),
        tracking_key=bindparam("key"),
        status=ParcelStatus.READY_TO_SEND,
        announced_at=bindparam("at"),
    )
)
_STATUS = (
    update(parcels)
    .where(parcels.c.account_id == bindparam("account"), parcels.c.shipment_id == bindparam("shipment"))
    .values(status=bindparam("new_status"))
)


def add_shipment(transaction: Connection, shipment: Shipment) -> None:
    """Stores a new shipment and its parcels."""
    draft = shipment.draft
    transaction.execute(
        _ADD,
        {
            "id": shipment.id,
            "account_id": shipment.account_id,
            "order_id": draft.order_id,
            "created_at": shipment.created_at.isoformat(),
            "body": msgspec.json.encode(draft).decode(),
        },
    )
    transaction.execute(
        _ADD_PARCELS,
        [
            {
                "id": parcel.id,
                "account_id": shipment.account_id,
                "shipment_id": shipment.id,
                "box_number": parcel.box_number,
                "carrier_code": draft.carrier_code,
                "tracking_number": parcel.tracking_number,
                "tracking_key": parcel.tracking_number and parcel.tracking_number.lower(),
                "status": parcel.status,
            }
            for parcel in shipment.parcels
        ],
    )


def get_shipment(transaction: Connection, account_id: int, shipment_id: str) -> Shipment:
    """The account's shipment with this id."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "id": shipment_id}).one_or_none()
    if row is None:
        raise NotFound("Not found")
    return _shipment(transaction, row)


def get_shipment_of_parcel(transaction: Connection, account_id: int, parcel_id: int) -> tuple[Shipment, Parcel]:
    """The account's parcel with this id, and the shipment it belongs to."""
    row = transaction.execute(_BY_PARCEL, {"account_id": account_id, "id": parcel_id}).one_or_none()
    if row is None:
        raise NotFound("No Parcel matches the given query.")
    shipment = _shipment(transaction, row)
    return shipment, next(parcel for parcel in shipment.parcels if parcel.id == parcel_id)


def find_by_tracking_number(transaction: Connection, tracking_number: str) -> list[tuple[Shipment, Parcel]]:
    """Every announced parcel with this number, of any account and carrier, whatever the number's letter case.

    The one query without an account: whoever asks must prove with the postal code that the parcel is theirs.
    """
    key = tracking_number.lower()
    found = [_shipment(transaction, row) for row in transaction.execute(_BY_TRACKING, {"tracking_key": key})]
    return [
        (shipment, parcel)
        for shipment in found
        for parcel in shipment.parcels
        if parcel.tracking_number and parcel.tracking_number.lower() == key and parcel.announced_at
    ]


def mark_announced(transaction: Connection, shipment: Shipment, numbers: Sequence[str], now: datetime) -> None:
    """Writes down the tracking numbers a carrier has given, one for each parcel in the order of the boxes."""
    transaction.execute(
        _ANNOUNCED,
        [
            {
                "account": shipment.account_id,
                "parcel": parcel.id,
                "number": number,
                "key": number.lower(),
                "at": now.isoformat(),
            }
            for parcel, number in zip(shipment.parcels, numbers, strict=True)
        ],
    )


def set_status(transaction: Connection, account_id: int, shipment_id: str, status: ParcelStatus) -> None:
    """Gives every parcel of a shipment a status."""
    transaction.execute(_STATUS, {"account": account_id, "shipment": shipment_id, "new_status": status})


def _shipment(transaction: Connection, row: Row[*tuple[Any, ...]]) -> Shipment:
    return Shipment(
        id=row.id,
        account_id=row.account_id,
        created_at=datetime.fromisoformat(row.created_at),
        draft=_drafts.decode(row.body),
        parcels=tuple(_parcel(parcel) for parcel in transaction.execute(_PARCELS, {"shipment_id": row.id})),
    )


def _parcel(row: Row[*tuple[Any, ...]]) -> Parcel:
    return Parcel(
        id=row.id,
        box_number=row.box_number,
        status=ParcelStatus[row.status],
        tracking_number=row.tracking_number,
        announced_at=datetime.fromisoformat(row.announced_at) if row.announced_at else None,
    )
