"""Parcels that were labelled elsewhere and are tracked here ↔ rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, select, update

from kolli.database import insert_or_skip
from kolli.schema import foreign_parcels
from kolli.shipments.model import ParcelStatus
from kolli.values import timestamp

FIRST_STATUS = ParcelStatus.ANNOUNCED
"""What is known of such a parcel when it is registered."""


@dataclass(frozen=True)
class ForeignParcel:
    """A parcel that another program had labelled. `source_id` is what that program calls it.

    `document` is what was registered, in the API's own form.
    """

    id: int
    account_id: int
    carrier_code: str
    source_id: str
    tracking_number: str
    status: ParcelStatus
    created_at: datetime
    updated_at: datetime
    document: dict[str, Any]

    @property
    def announced_at(self) -> datetime:
        """When its label was made."""
        return datetime.fromisoformat(self.document["announced_at"])


_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)

_ADD = insert_or_skip(foreign_parcels)
_BY_SOURCE = select(foreign_parcels).where(
    foreign_parcels.c.account_id == bindparam("account_id"),
    foreign_parcels.c.carrier_code == bindparam("carrier_code"),
    foreign_parcels.c.source_id == bindparam("source_id"),
)
_ANYWHERE = (
    select(foreign_parcels)
    .where(foreign_parcels.c.tracking_key.in_(bindparam("keys", expanding=True)))
    .order_by(foreign_parcels.c.id.desc())
)
# With the sum an index that begins with the account is of no use: SQLite would read all that the account has.
_BY_NUMBERS = _ANYWHERE.where(foreign_parcels.c.account_id + 0 == bindparam("account_id"))
_STATUS = (
    update(foreign_parcels)
    .where(foreign_parcels.c.account_id == bindparam("account"), foreign_parcels.c.id == bindparam("parcel"))
    .values(status=bindparam("new_status"), updated_at=bindparam("at"))
)
_OPEN = (
    select(foreign_parcels)
    .where(
        foreign_parcels.c.account_id == bindparam("account_id"),
        foreign_parcels.c.carrier_code == bindparam("carrier_code"),
        foreign_parcels.c.source_id > bindparam("after"),
        foreign_parcels.c.created_at >= bindparam("since"),
        foreign_parcels.c.status.not_in(bindparam("closed", expanding=True)),
    )
    .order_by(foreign_parcels.c.source_id)
    .limit(bindparam("most"))
)


def add_foreign_parcel(transaction: Connection, parcel: ForeignParcel) -> bool:
    """Stores a new parcel; False, and nothing stored, when its source id or its number is there already."""
    row = {
        "id": parcel.id,
        "account_id": parcel.account_id,
        "carrier_code": parcel.carrier_code,
        "source_id": parcel.source_id,
        "tracking_number": parcel.tracking_number,
        "tracking_key": parcel.tracking_number.lower(),
        "status": parcel.status,
        "created_at": timestamp(parcel.created_at),
        "updated_at": timestamp(parcel.updated_at),
        "body": _encoder.encode(parcel.document).decode(),
    }
    return transaction.execute(_ADD, row).rowcount == 1


def find_by_source(transaction: Connection, account_id: int, carrier_code: str, source_id: str) -> ForeignParcel | None:
    """The account's parcel of this carrier that the other program calls so."""
    values = {"account_id": account_id, "carrier_code": carrier_code, "source_id": source_id}
    row = transaction.execute(_BY_SOURCE, values).one_or_none()
    return None if row is None else _parcel(row)


def find_foreign_parcels(transaction: Connection, account_id: int, numbers: Sequence[str]) -> list[ForeignParcel]:
    """The account's parcels with these numbers, whatever their letter case; the one registered last comes first."""
    keys = [number.lower() for number in numbers]
    return [_parcel(row) for row in transaction.execute(_BY_NUMBERS, {"account_id": account_id, "keys": keys})]


def find_foreign_anywhere(transaction: Connection, tracking_number: str) -> list[ForeignParcel]:
    """Every parcel with this number, of any account: whoever asks must prove with the postal code that it is theirs."""
    return [_parcel(row) for row in transaction.execute(_ANYWHERE, {"keys": [tracking_number.lower()]})]


def list_open_foreign(
    transaction: Connection,
    account_id: int,
    carrier_code: str,
    *,
    after: str,
    since: datetime,
    closed: Sequence[ParcelStatus],
    most: int,
) -> list[ForeignParcel]:
    """The account's parcels of a carrier that were registered since then and are not closed, by source id."""
    values = {
        "account_id": account_id,
        "carrier_code": carrier_code,
        "after": after,
        "since": timestamp(since),
        "closed": closed,
        "most": most,
    }
    return [_parcel(row) for row in transaction.execute(_OPEN, values)]


def set_foreign_status(
    transaction: Connection, account_id: int, parcel_id: int, status: ParcelStatus, now: datetime
) -> None:
    """Gives a parcel a status; the same one only notes that something about it has changed."""
    values = {"account": account_id, "parcel": parcel_id, "new_status": status, "at": timestamp(now)}
    transaction.execute(_STATUS, values)


def _parcel(row: Row[*tuple[Any, ...]]) -> ForeignParcel:
    return ForeignParcel(
        id=row.id,
        account_id=row.account_id,
        carrier_code=row.carrier_code,
        source_id=row.source_id,
        tracking_number=row.tracking_number,
        status=ParcelStatus[row.status],
        created_at=datetime.fromisoformat(row.created_at),
        updated_at=datetime.fromisoformat(row.updated_at),
        document=_decoder.decode(row.body),
    )
