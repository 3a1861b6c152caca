"""What was shipped for orders since some day, oldest or newest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, func, select, tuple_

from kolli.schema import attempts, shipments
from kolli.shipments.attempts import GUARDED
from kolli.shipments.model import Draft
from kolli.shipments.queries import read_draft
from kolli.values import timestamp

Position = tuple[str, str]
"""Where a shipment stands: when it was made, and its id."""

_SINCE = (
    select(shipments.c.created_at, shipments.c.id, shipments.c.body)
    .join(attempts, attempts.c.shipment_id == shipments.c.id)
    .where(
        shipments.c.account_id == bindparam("account_id"),
        tuple_(shipments.c.created_at, shipments.c.id) > tuple_(bindparam("created_at"), bindparam("shipment_id")),
        shipments.c.order_id.is_not(None),
        attempts.c.state.in_(bindparam("states", expanding=True)),
    )
    .order_by(shipments.c.created_at, shipments.c.id)
    .limit(bindparam("most"))
)
_PLACE = tuple_(shipments.c.created_at, shipments.c.id)
_OF_ORDERS = (
    select(shipments.c.created_at, shipments.c.id, shipments.c.body)
    .join(attempts, attempts.c.shipment_id == shipments.c.id)
    .where(
        shipments.c.account_id == bindparam("account_id"),
        shipments.c.created_at >= bindparam("since"),
        tuple_(bindparam("created_at"), bindparam("shipment_id")) > _PLACE,
        shipments.c.order_id.is_not(None),
        attempts.c.state.in_(bindparam("states", expanding=True)),
    )
)
_NEWEST = _OF_ORDERS.order_by(shipments.c.created_at.desc(), shipments.c.id.desc()).limit(bindparam("most"))
_COUNT = select(func.count()).select_from(
    _OF_ORDERS.with_only_columns(shipments.c.id).limit(bindparam("most")).subquery()
)


@dataclass(frozen=True)
class PastShipment:
    """A shipment of an order that was not cancelled and has not failed, as it was decided."""

    id: str
    draft: Draft


def beginning(since: datetime) -> Position:
    """The position before everything that was made at this moment or later."""
    return timestamp(since), ""


def list_past(
    transaction: Connection, account_id: int, after: Position, most: int
) -> tuple[Sequence[PastShipment], Position | None]:
    """The account's next so many shipments of orders behind a position, and where the next page begins, if any does."""
    created_at, shipment_id = after
    values = {"account_id": account_id, "created_at": created_at, "shipment_id": shipment_id, "most": most}
    rows = transaction.execute(_SINCE, {**values, "states": sorted(GUARDED)}).all()
    past = [PastShipment(row.id, read_draft(row.body)) for row in rows]
    return past, (rows[-1].created_at, rows[-1].id) if len(rows) == most else None


def end(now: datetime) -> Position:
    """The position behind everything that was made until now."""
    return timestamp(now + timedelta(days=1)), ""


def list_newest(
    transaction: Connection, account_id: int, since: datetime, before: Position, most: int
) -> tuple[Sequence[PastShipment], Position | None]:
    """The account's last so many shipments of orders before a position, newest first, and the position of the last."""
    values = _span(account_id, since, before, most)
    rows = transaction.execute(_NEWEST, values).all()
    past = [PastShipment(row.id, read_draft(row.body)) for row in rows]
    return past, (rows[-1].created_at, rows[-1].id) if rows else None


def count_past(transaction: Connection, account_id: int, since: datetime, before: Position, most: int) -> int:
    """How many such shipments there are, counted no further than this."""
    return int(transaction.execute(_COUNT, _span(account_id, since, before, most)).scalar_one())


def _span(account_id: int, since: datetime, before: Position, most: int) -> dict[str, object]:
    created_at, shipment_id = before
    return {
        "account_id": account_id,
        "since": timestamp(since),
        "created_at": created_at,
        "shipment_id": shipment_id,
        "states": sorted(GUARDED),
        "most": most,
    }
