"""What was shipped for orders since some day, oldest first, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, tuple_

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
