"""Shipments and their parcels ↔ rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, literal, select, update

from kolli.database import insert_or_skip
from kolli.errors import NotFound
from kolli.schema import parcels, shipments
from kolli.shipments.model import Draft, Parcel, ParcelStatus, Shipment
from kolli.values import timestamp

# Numbers with a fraction stay what they are, also in members that are only kept and returned.
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(Draft, float_hook=Decimal)

READ_AT_A_TIME = 25
"""Shipments that a list reads with one query."""

_ADD = insert_or_skip(shipments)
_ADD_PARCELS = insert(parcels)
_COLUMNS = select(shipments.c.id, shipments.c.account_id, shipments.c.created_at, shipments.c.body)
_BY_ID = _COLUMNS.where(shipments.c.account_id == bindparam("account_id"), shipments.c.id == bindparam("id"))
_BY_PARCEL = _COLUMNS.join(parcels, parcels.c.shipment_id == shipments.c.id).where(
    shipments.c.account_id == bindparam("account_id"), parcels.c.id == bindparam("id")
)
_PARCELS = select(parcels).where(parcels.c.shipment_id == bindparam("shipment_id")).order_by(parcels.c.box_number)
# With the sum no index on accounts is of use: SQLite would take one, and read all that the account has ever shipped.
_BY_PARCELS = _COLUMNS.join(parcels, parcels.c.shipment_id == shipments.c.id).where(
    shipments.c.account_id + 0 == bindparam("account_id"), parcels.c.id.in_(bindparam("ids", expanding=True))
)
_PARCELS_OF_ALL = (
    select(parcels)
    .where(parcels.c.shipment_id.in_(bindparam("shipment_ids", expanding=True)))
    .order_by(parcels.c.box_number)
)
_BY_IDS = _COLUMNS.where(
    shipments.c.account_id + 0 == bindparam("account_id"), shipments.c.id.in_(bindparam("ids", expanding=True))
)
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
        updated_at=bindparam("at"),
        announced_at=bindparam("at"),
    )
)
_NUMBERED = (
    update(parcels)
    .where(parcels.c.account_id == bindparam("account"), parcels.c.id == bindparam("parcel"))
    .values(tracking_number=bindparam("number"), tracking_key=bindparam("key"))
)
# With the sum an index that begins with the account is of no use: SQLite would read all that the account has.
_STATUS = (
    update(parcels)
    .where(parcels.c.account_id + 0 == bindparam("account"), parcels.c.shipment_id == bindparam("shipment"))
    .values(status=bindparam("new_status"), updated_at=bindparam("at"))
)
_PARCEL_STATUS = (
    update(parcels)
    .where(parcels.c.account_id == bindparam("account"), parcels.c.id == bindparam("parcel"))
    .values(status=bindparam("new_status"), updated_at=bindparam("at"))
)
_RELEASE_REFERENCE = (
    update(shipments)
    .where(shipments.c.account_id == bindparam("account"), shipments.c.id == bindparam("shipment"))
    .values(reference_guard=None)
)
_UNDER_CONTRACT = (
    select(shipments.c.id)
    .where(shipments.c.account_id == bindparam("account_id"), shipments.c.contract_id == bindparam("contract_id"))
    .limit(1)
)
_BY_REFERENCE = _COLUMNS.where(
    shipments.c.account_id == bindparam("account_id"), shipments.c.reference_guard == bindparam("reference")
)

# An order has few shipments. Without the empty text SQLite would go through all of an account in the order of time.
_AGE = shipments.c.created_at.concat(literal("", literal_execute=True))
_NEWEST_OF_ORDER = (
    _COLUMNS.where(shipments.c.account_id == bindparam("account_id"), shipments.c.order_id == bindparam("order_id"))
    .order_by(_AGE.desc(), shipments.c.id.desc())
    .limit(1)
)
_OF_ORDER = (
    _COLUMNS.where(shipments.c.account_id == bindparam("account_id"), shipments.c.order_id == bindparam("order_id"))
    .order_by(_AGE.desc(), shipments.c.id.desc())
    .limit(bindparam("most"))
)
_OF_ORDERS = (
    select(*_COLUMNS.selected_columns, shipments.c.order_id)
    .where(
        shipments.c.account_id == bindparam("account_id"),
        shipments.c.order_id.in_(bindparam("order_ids", expanding=True)),
    )
    .order_by(_AGE, shipments.c.id)
)


def add_shipment(transaction: Connection, shipment: Shipment) -> bool:
    """Stores a new shipment and its parcels; False, and nothing stored, when another holds its external reference."""
    draft, created_at = shipment.draft, timestamp(shipment.created_at)
    added = transaction.execute(
        _ADD,
        {
            "id": shipment.id,
            "account_id": shipment.account_id,
            "integration_id": draft.integration_id,
            "order_id": draft.order_id,
            "contract_id": draft.contract_id,
            "order_number_key": draft.order_number.lower(),
            "external_reference_id": draft.external_reference_id,
            "reference_guard": draft.external_reference_id,
            "created_at": created_at,
            "body": _encoder.encode(draft).decode(),
        },
    )
    if added.rowcount == 0:
        return False
    transaction.execute(
        _ADD_PARCELS,
        [
            {
                "id": parcel.id,
                "account_id": shipment.account_id,
                "shipment_id": shipment.id,
                "box_number": parcel.box_number,
                "integration_id": draft.integration_id,
                "carrier_code": draft.carrier_code,
                "tracking_number": parcel.tracking_number,
                "tracking_key": parcel.tracking_number and parcel.tracking_number.lower(),
                "status": parcel.status,
                "created_at": created_at,
                "updated_at": created_at,
            }
            for parcel in shipment.parcels
        ],
    )
    return True


def has_shipments_under(transaction: Connection, account_id: int, contract_id: int) -> bool:
    """Whether the account has ever shipped, or tried to, under a contract."""
    values = {"account_id": account_id, "contract_id": contract_id}
    return transaction.execute(_UNDER_CONTRACT, values).one_or_none() is not None


def find_shipment(transaction: Connection, account_id: int, shipment_id: str) -> Shipment | None:
    """The account's shipment with this id."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "id": shipment_id}).one_or_none()
    return None if row is None else _shipment(transaction, row)


def get_shipment(transaction: Connection, account_id: int, shipment_id: str) -> Shipment:
    """The account's shipment with this id, which must exist."""
    found = find_shipment(transaction, account_id, shipment_id)
    if found is None:
        raise NotFound("Not found")
    return found


def read_draft(body: str) -> Draft:
    """A draft as it is kept in a shipment's row."""
    return _decoder.decode(body)


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
                "at": timestamp(now),
            }
            for parcel, number in zip(shipment.parcels, numbers, strict=True)
        ],
    )


def give_numbers(transaction: Connection, shipment: Shipment, numbers: Sequence[str]) -> None:
    """Writes down the numbers that parcels are going to be announced with, one for each in the order of the boxes.

    IntegrityError when another parcel has one of them.
    """
    numbered = zip(shipment.parcels, numbers, strict=True)
    transaction.execute(
        _NUMBERED,
        [
            {"account": shipment.account_id, "parcel": parcel.id, "number": number, "key": number.lower()}
            for parcel, number in numbered
        ],
    )


def set_status(transaction: Connection, account_id: int, shipment_id: str, status: ParcelStatus, now: datetime) -> None:
    """Gives every parcel of a shipment a status."""
    values = {"account": account_id, "shipment": shipment_id, "new_status": status, "at": timestamp(now)}
    transaction.execute(_STATUS, values)


def set_parcel_status(
    transaction: Connection, account_id: int, parcel_id: int, status: ParcelStatus, now: datetime
) -> None:
    """Gives one parcel a status; the same one only notes that something about it has changed."""
    values = {"account": account_id, "parcel": parcel_id, "new_status": status, "at": timestamp(now)}
    transaction.execute(_PARCEL_STATUS, values)


def find_by_external_reference(transaction: Connection, account_id: int, reference: str) -> Shipment | None:
    """The account's shipment that holds this external reference: one whose announcement has not failed."""
    row = transaction.execute(_BY_REFERENCE, {"account_id": account_id, "reference": reference}).one_or_none()
    return None if row is None else _shipment(transaction, row)


def find_newest_of_order(transaction: Connection, account_id: int, order_pk: int) -> Shipment | None:
    """The account's newest shipment of the order with this id of ours, whatever has become of both."""
    row = transaction.execute(_NEWEST_OF_ORDER, {"account_id": account_id, "order_id": order_pk}).one_or_none()
    return None if row is None else _shipment(transaction, row)


def list_shipments_of_order(transaction: Connection, account_id: int, order_pk: int, most: int) -> list[Shipment]:
    """The account's shipments of the order with this id of ours, newest first, at most so many."""
    values = {"account_id": account_id, "order_id": order_pk, "most": most}
    return _with_all_parcels(transaction, list(transaction.execute(_OF_ORDER, values)))


def find_newest_of_orders(transaction: Connection, account_id: int, order_pks: Sequence[int]) -> dict[int, Shipment]:
    """The newest shipment of each of these orders of the account, by our id of the order, as far as there is one."""
    rows = transaction.execute(_OF_ORDERS, {"account_id": account_id, "order_ids": list(order_pks)})
    newest = {row.order_id: row for row in rows}
    found = {shipment.id: shipment for shipment in _with_all_parcels(transaction, list(newest.values()))}
    return {order_pk: found[row.id] for order_pk, row in newest.items()}


def release_reference(transaction: Connection, account_id: int, shipment_id: str) -> None:
    """Lets another shipment have this one's external reference."""
    transaction.execute(_RELEASE_REFERENCE, {"account": account_id, "shipment": shipment_id})


def get_shipments_of_parcels(
    transaction: Connection, account_id: int, parcel_ids: Sequence[int]
) -> list[tuple[Shipment, Parcel]]:
    """The account's parcels with these ids, in this order, each with the shipment it belongs to.

    Two queries, however many there are. Raises NotFound if one of them is missing, and does not say which.
    """
    rows = {row.id: row for row in transaction.execute(_BY_PARCELS, {"account_id": account_id, "ids": parcel_ids})}
    found = _with_all_parcels(transaction, list(rows.values()))
    by_id = {parcel.id: (shipment, parcel) for shipment in found for parcel in shipment.parcels}
    if not by_id.keys() >= set(parcel_ids):
        raise NotFound("No Parcel matches the given query.")
    return [by_id[parcel_id] for parcel_id in parcel_ids]


def get_shipments(
    transaction: Connection, account_id: int, shipment_ids: Sequence[str], room_bytes: int
) -> list[Shipment]:
    """The account's shipments with these ids, which must exist, in this order; as many as have room, at least one.

    Drafts are read a few at a time, so that those for which there is no room are not all read in vain.
    """
    rows: list[Row[*tuple[Any, ...]]] = []
    for start in range(0, len(shipment_ids), READ_AT_A_TIME):
        ids = shipment_ids[start : start + READ_AT_A_TIME]
        found = {row.id: row for row in transaction.execute(_BY_IDS, {"account_id": account_id, "ids": ids})}
        for shipment_id in ids:
            room_bytes -= len(found[shipment_id].body)
            if rows and room_bytes < 0:
                return _with_all_parcels(transaction, rows)
            rows.append(found[shipment_id])
    return _with_all_parcels(transaction, rows)


def _with_all_parcels(transaction: Connection, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Shipment]:
    boxes: dict[str, list[Row[*tuple[Any, ...]]]] = {row.id: [] for row in rows}
    for box in transaction.execute(_PARCELS_OF_ALL, {"shipment_ids": list(boxes)}):
        boxes[box.shipment_id].append(box)
    return [_with_parcels(row, boxes[row.id]) for row in rows]


def _shipment(transaction: Connection, row: Row[*tuple[Any, ...]]) -> Shipment:
    return _with_parcels(row, transaction.execute(_PARCELS, {"shipment_id": row.id}))


def _with_parcels(row: Row[*tuple[Any, ...]], boxes: Iterable[Row[*tuple[Any, ...]]]) -> Shipment:
    return Shipment(
        id=row.id,
        account_id=row.account_id,
        created_at=datetime.fromisoformat(row.created_at),
        draft=_decoder.decode(row.body),
        parcels=tuple(map(_parcel, boxes)),
    )


def _parcel(row: Row[*tuple[Any, ...]]) -> Parcel:
    return Parcel(
        id=row.id,
        box_number=row.box_number,
        status=ParcelStatus[row.status],
        updated_at=datetime.fromisoformat(row.updated_at),
        tracking_number=row.tracking_number,
        announced_at=datetime.fromisoformat(row.announced_at) if row.announced_at else None,
    )
