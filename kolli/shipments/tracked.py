"""Which parcels can be tracked: found by their numbers, or listed because news of them is still expected."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, tuple_

from kolli.schema import parcels
from kolli.shipments.model import Parcel, ParcelStatus, Shipment
from kolli.shipments.queries import get_shipments_of_parcels
from kolli.values import timestamp

BEGINNING = ("", "", 0)

# With the sum an index that begins with the account is of no use: SQLite would read all that the account has.
_BY_NUMBERS = (
    select(parcels.c.id)
    .where(
        parcels.c.account_id + 0 == bindparam("account_id"),
        parcels.c.tracking_key.in_(bindparam("keys", expanding=True)),
    )
    .order_by(parcels.c.id.desc())
)
_OPEN = (
    select(parcels.c.created_at, parcels.c.shipment_id, parcels.c.id)
    .where(
        parcels.c.account_id == bindparam("account_id"),
        tuple_(parcels.c.created_at, parcels.c.shipment_id, parcels.c.id)
        > tuple_(bindparam("created_at"), bindparam("shipment_id"), bindparam("id")),
        parcels.c.created_at >= bindparam("since"),
        parcels.c.status.not_in(bindparam("closed", expanding=True)),
        parcels.c.announced_at.is_not(None),
        parcels.c.carrier_code == bindparam("carrier_code"),
    )
    .order_by(parcels.c.created_at, parcels.c.shipment_id, parcels.c.id)
    .limit(bindparam("most"))
)


@dataclass(frozen=True)
class OpenParcels:
    """Some of an account's open parcels, and where the next ones begin; `after` is None when these were the last."""

    parcels: list[tuple[Shipment, Parcel]]
    after: tuple[str, str, int] | None


def find_parcels(transaction: Connection, account_id: int, numbers: Sequence[str]) -> list[tuple[Shipment, Parcel]]:
    """The account's parcels with these numbers, announced or not, whatever the letter case; the newest comes first."""
    keys = [number.lower() for number in numbers]
    ids = transaction.execute(_BY_NUMBERS, {"account_id": account_id, "keys": keys}).scalars().all()
    return get_shipments_of_parcels(transaction, account_id, ids) if ids else []


def list_open(
    transaction: Connection,
    account_id: int,
    carrier_code: str,
    *,
    after: Sequence[str | int],
    since: datetime,
    closed: Sequence[ParcelStatus],
    most: int,
) -> OpenParcels:
    """The account's announced parcels of a carrier that were made since then and are not closed, the oldest first."""
    created_at, shipment_id, parcel_id = after
    values = {
        "account_id": account_id,
        "carrier_code": carrier_code,
        "created_at": created_at,
        "shipment_id": shipment_id,
        "id": parcel_id,
        "since": timestamp(since),
        "closed": closed,
        "most": most,
    }
    rows = transaction.execute(_OPEN, values).all()
    found = get_shipments_of_parcels(transaction, account_id, [row.id for row in rows]) if rows else []
    last = rows[-1] if len(rows) == most else None
    return OpenParcels(found, None if last is None else (last.created_at, last.shipment_id, last.id))
