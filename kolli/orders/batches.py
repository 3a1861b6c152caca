"""Batches: orders that a person has had shipped together, and what has come of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, select, update

from kolli.database import insert_or_skip
from kolli.errors import NotFound
from kolli.schema import batch_items, batches, parcels
from kolli.values import timestamp


class ItemState(StrEnum):
    """Where one order of a batch stands."""

    WAITING = "waiting"
    SHIPPING = "shipping"
    SHIPPED = "shipped"
    FAILED = "failed"
    STOPPED = "stopped"


OPEN = frozenset({ItemState.WAITING, ItemState.SHIPPING})
"""Of these something is still to come."""

RESUMABLE = frozenset({ItemState.FAILED, ItemState.STOPPED})
"""These are begun once more when somebody says so."""


@dataclass(frozen=True)
class Batch:
    """One batch. `body` is what was chosen for all of its orders, as the operation has written it."""

    id: int
    form_key: str
    actor: str
    created_at: datetime
    stopped_at: datetime | None
    body: Mapping[str, Any]


@dataclass(frozen=True)
class ItemNote:
    """What stands in the way of an order, in which field of which part, and what to do about it."""

    message: str = ""
    field: str = ""
    advice: str = ""


@dataclass(frozen=True)
class BatchItem:
    """One order of a batch, in the place that it had in the list."""

    batch_id: int
    position: int
    order_pk: int
    state: ItemState
    shipment_id: str | None = None
    note: ItemNote = ItemNote()


@dataclass(frozen=True)
class Progress:
    """How many orders of a batch stand where."""

    waiting: int = 0
    shipping: int = 0
    shipped: int = 0
    failed: int = 0
    stopped: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.waiting + self.shipping + self.shipped + self.failed + self.stopped

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.waiting + self.shipping == 0


_ADD = insert_or_skip(batches)
_ADD_ITEMS = insert(batch_items)
_COLUMNS = select(batches).where(batches.c.account_id == bindparam("account_id"))
_BY_ID = _COLUMNS.where(batches.c.id == bindparam("batch"))
_BY_FORM_KEY = _COLUMNS.where(batches.c.form_key == bindparam("key"))
_NEWEST = _COLUMNS.order_by(batches.c.id.desc()).limit(bindparam("most"))
_NEWEST_BEFORE = (
    _COLUMNS.where(batches.c.id < bindparam("before")).order_by(batches.c.id.desc()).limit(bindparam("most"))
)
_OF_BATCH = (batch_items.c.account_id == bindparam("of_account"), batch_items.c.batch_id == bindparam("of_batch"))
_ITEM = select(batch_items).where(*_OF_BATCH, batch_items.c.position == bindparam("at"))
_ITEMS = (
    select(batch_items)
    .where(*_OF_BATCH, batch_items.c.position >= bindparam("first"))
    .order_by(batch_items.c.position)
    .limit(bindparam("most"))
)
_ITEMS_IN = _ITEMS.where(batch_items.c.state.in_(bindparam("states", expanding=True)))
_PROGRESS = (
    select(batch_items.c.batch_id, batch_items.c.state, func.count().label("found"))
    .where(batch_items.c.batch_id.in_(bindparam("of_batches", expanding=True)))
    .where(batch_items.c.account_id == bindparam("of_account"))
    .group_by(batch_items.c.batch_id, batch_items.c.state)
)
_SHIPMENTS = (
    select(batch_items.c.shipment_id)
    .where(*_OF_BATCH, batch_items.c.state == ItemState.SHIPPED)
    .order_by(batch_items.c.position)
)
_WITHOUT_LABEL = ("CANCELLED", "CANCELLING")
_PARCELS = (
    select(parcels.c.id)
    .join(batch_items, batch_items.c.shipment_id == parcels.c.shipment_id)
    .where(*_OF_BATCH, batch_items.c.state == ItemState.SHIPPED, parcels.c.status.not_in(_WITHOUT_LABEL))
    .order_by(batch_items.c.position, parcels.c.box_number)
)
_MOVE = (
    update(batch_items)
    .where(
        *_OF_BATCH,
        batch_items.c.position == bindparam("at"),
        batch_items.c.state.in_(bindparam("from_states", expanding=True)),
    )
    .values(state=bindparam("to_state"), shipment_id=bindparam("shipment"), body=bindparam("note"))
)
_MOVE_ALL = (
    update(batch_items)
    .where(*_OF_BATCH, batch_items.c.state.in_(bindparam("from_states", expanding=True)))
    .values(state=bindparam("to_state"))
    .returning(batch_items.c.position)
)
_STOP = (
    update(batches)
    .where(batches.c.account_id == bindparam("of_account"), batches.c.id == bindparam("of_batch"))
    .values(stopped_at=bindparam("at"))
)

_encode = msgspec.json.encode
_read_note = msgspec.json.Decoder(ItemNote).decode


def add_batch(transaction: Connection, account_id: int, batch: Batch, order_pks: Sequence[int]) -> bool:
    """Stores a batch of these orders, all of them waiting, in this sequence.

    False, and nothing stored, when the same form has made one already.
    """
    row = {
        "id": batch.id,
        "account_id": account_id,
        "form_key": batch.form_key,
        "actor": batch.actor,
        "created_at": timestamp(batch.created_at),
        "stopped_at": None,
        "body": _encode(batch.body).decode(),
    }
    if transaction.execute(_ADD, row).rowcount == 0:
        return False
    item = {"batch_id": batch.id, "account_id": account_id, "state": ItemState.WAITING, "shipment_id": None}
    empty = _encode(ItemNote()).decode()
    rows = [
        {**item, "position": position, "order_id": order_pk, "body": empty}
        for position, order_pk in enumerate(order_pks, start=1)
    ]
    if rows:
        transaction.execute(_ADD_ITEMS, rows)
    return True


def get_batch(transaction: Connection, account_id: int, batch_id: int) -> Batch:
    """The account's batch with this id; NotFound when it has none."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "batch": batch_id}).one_or_none()
    if row is None:
        raise NotFound("There is no such batch.", field="batch")
    return _batch(row)


def find_batch_of_form(transaction: Connection, account_id: int, form_key: str) -> Batch | None:
    """The batch that this form has made, if it has made one."""
    row = transaction.execute(_BY_FORM_KEY, {"account_id": account_id, "key": form_key}).one_or_none()
    return None if row is None else _batch(row)


def list_batches(transaction: Connection, account_id: int, most: int, before: int | None = None) -> list[Batch]:
    """The account's batches, newest first; only those before one, where that is given."""
    values = {"account_id": account_id, "most": most}
    if before is None:
        return [_batch(row) for row in transaction.execute(_NEWEST, values)]
    return [_batch(row) for row in transaction.execute(_NEWEST_BEFORE, {**values, "before": before})]


def get_item(transaction: Connection, account_id: int, batch_id: int, position: int) -> BatchItem:
    """One order of a batch; NotFound when there is none."""
    values = {"of_account": account_id, "of_batch": batch_id, "at": position}
    row = transaction.execute(_ITEM, values).one_or_none()
    if row is None:
        raise NotFound("There is no such order in the batch.", field="batch")
    return _item(row)


def list_items(
    transaction: Connection,
    account_id: int,
    batch_id: int,
    first: int,
    most: int,
    *,
    states: frozenset[ItemState] = frozenset(),
) -> list[BatchItem]:
    """The orders of a batch from this place on, in list order, at most so many; only those in these states, if any."""
    values = {"of_account": account_id, "of_batch": batch_id, "first": first, "most": most}
    rows = transaction.execute(_ITEMS_IN, {**values, "states": sorted(states)}) if states else None
    return [_item(row) for row in (rows if rows is not None else transaction.execute(_ITEMS, values))]


def count_items(transaction: Connection, account_id: int, batch_ids: Sequence[int]) -> dict[int, Progress]:
    """How far these batches of the account are."""
    found: dict[int, Counter[str]] = {batch_id: Counter() for batch_id in batch_ids}
    for row in transaction.execute(_PROGRESS, {"of_account": account_id, "of_batches": list(batch_ids)}):
        found[row.batch_id][row.state] = row.found
    return {batch_id: Progress(**counts) for batch_id, counts in found.items()}


def list_shipments(transaction: Connection, account_id: int, batch_id: int) -> list[str]:
    """The ids of the shipments that a batch has made, in list order."""
    values = {"of_account": account_id, "of_batch": batch_id}
    return [row.shipment_id for row in transaction.execute(_SHIPMENTS, values)]


def list_parcel_ids(transaction: Connection, account_id: int, batch_id: int) -> list[int]:
    """The ids of the parcels that a batch has made, in list order and box by box, without those that are cancelled."""
    values = {"of_account": account_id, "of_batch": batch_id}
    return list(transaction.execute(_PARCELS, values).scalars())


def move_item(
    transaction: Connection,
    item: BatchItem,
    account_id: int,
    to: ItemState,
    *,
    shipment_id: str | None = None,
    note: ItemNote = ItemNote(),
    from_states: frozenset[ItemState] | None = None,
) -> bool:
    """Says where an order of a batch stands now; False, and nothing changed, when it is not where the caller saw it."""
    values = {
        "of_account": account_id,
        "of_batch": item.batch_id,
        "at": item.position,
        "from_states": sorted(from_states or {item.state}),
        "to_state": to,
        "shipment": shipment_id,
        "note": _encode(note).decode(),
    }
    return transaction.execute(_MOVE, values).rowcount == 1


def move_items(
    transaction: Connection, account_id: int, batch_id: int, from_states: frozenset[ItemState], to: ItemState
) -> list[int]:
    """Moves all orders of a batch that stand somewhere, and gives their places. What was noted of them stays."""
    values = {"of_account": account_id, "of_batch": batch_id, "from_states": sorted(from_states), "to_state": to}
    return sorted(row.position for row in transaction.execute(_MOVE_ALL, values))


def mark_stopped(transaction: Connection, account_id: int, batch_id: int, at: datetime | None) -> None:
    """Says that nothing more of a batch is begun, from then on; None: that it goes on."""
    values = {"of_account": account_id, "of_batch": batch_id, "at": timestamp(at) if at else None}
    transaction.execute(_STOP, values)


def _batch(row: Any) -> Batch:
    return Batch(
        row.id,
        row.form_key,
        row.actor,
        datetime.fromisoformat(row.created_at),
        datetime.fromisoformat(row.stopped_at) if row.stopped_at else None,
        msgspec.json.decode(row.body),
    )


def _item(row: Any) -> BatchItem:
    return BatchItem(
        row.batch_id, row.position, row.order_id, ItemState(row.state), row.shipment_id, _read_note(row.body)
    )
