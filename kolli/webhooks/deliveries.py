"""The delivery log ↔ rows: what was told to whom, what came back, and what still waits to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Select, bindparam, delete, func, insert, select, tuple_, update

from kolli.errors import NotFound
from kolli.jobs import enqueue
from kolli.schema import deliveries
from kolli.values import timestamp

State = Literal["waiting", "delivered", "failed", "stopped"]
"""On its way, received, given up after the last try, or not wanted any more by a receiver that is gone."""

STATES: tuple[State, ...] = get_args(State)

LANE = "webhooks"
"""The lane of jobs that deliver. Their subject is the receiver, so that a slow one holds up nobody else."""

LONGEST_ANSWER = 1_000
"""How much of an answer is kept, in characters."""


@dataclass(frozen=True)
class Receiver:
    """Whom something is told: an integration's webhook, or an event subscription's connection."""

    kind: Literal["integration", "subscription"]
    id: int

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @classmethod
    def named(cls, text: str) -> "Receiver":
        """The receiver that was written with `str`."""
        kind, _, number = text.partition(" ")
        return cls("integration" if kind == "integration" else "subscription", int(number))


@dataclass(frozen=True)
class Delivery:
    """One message to one receiver. Its id, which receivers see, and its bytes are the same on every try."""

    id: str
    receiver: Receiver
    event_type: str
    body: str
    state: State
    tries: int
    created_at: datetime
    changed_at: datetime
    status_code: int | None = None
    answer: str = ""  # how the receiver's answer begins, or why there is none
    scenario: str = ""  # how its first try is to go wrong on purpose; see `kolli.scenarios`


@dataclass(frozen=True)
class Filters:
    """Which deliveries are meant; None means any. Times are when they were created: from and with, to and without."""

    receiver: Receiver | None = None
    state: State | None = None
    event_type: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None


Position = tuple[str, str]
"""Where a page begins: behind the delivery with this time and this id."""

_ADD = insert(deliveries)
_BY_ID = select(deliveries).where(
    deliveries.c.account_id == bindparam("account_id"), deliveries.c.id == bindparam("id")
)
_OWN = (deliveries.c.account_id == bindparam("account"), deliveries.c.id == bindparam("delivery"))
_RESULT = (
    update(deliveries)
    .where(*_OWN)
    .values(
        state=bindparam("new_state"),
        tries=bindparam("new_tries"),
        status_code=bindparam("new_status"),
        answer=bindparam("new_answer"),
        changed_at=bindparam("at"),
    )
)
_AGAIN = (
    update(deliveries)
    .where(*_OWN, deliveries.c.state != "waiting")
    .values(state="waiting", tries=0, changed_at=bindparam("at"))
)
_REMOVE_OLD = delete(deliveries).where(
    deliveries.c.id.in_(
        select(deliveries.c.id)
        .where(deliveries.c.account_id == bindparam("account_id"), deliveries.c.created_at < bindparam("before"))
        .where(deliveries.c.state != "waiting")
        .limit(bindparam("most"))
    )
)


def new_id() -> str:
    """An id for a new delivery."""
    return f"msg_{uuid4().hex}"


def add_deliveries(
    transaction: Connection,
    account_id: int,
    wanted: Sequence[tuple[Receiver, str, object]],
    now: datetime,
    *,
    delay: timedelta = timedelta(0),
    scenario: str = "",
) -> None:
    """Stores what receivers are to be told (receiver, type of event, payload), and the jobs that do so."""
    if not wanted:
        return
    rows = [
        {
            "id": new_id(),
            "account_id": account_id,
            "receiver": str(receiver),
            "event_type": event_type,
            "body": msgspec.json.encode(payload).decode(),
            "state": "waiting",
            "tries": 0,
            "answer": "",
            "scenario": scenario,
            "created_at": timestamp(now),
            "changed_at": timestamp(now),
        }
        for receiver, event_type, payload in wanted
    ]
    transaction.execute(_ADD, rows)
    for (receiver, _, _), row in zip(wanted, rows, strict=True):
        _enqueue(transaction, account_id, receiver, str(row["id"]), now, delay=delay)


def add_result(transaction: Connection, account_id: int, delivery: Delivery) -> None:
    """Stores a delivery that has been made already."""
    values = {
        "id": delivery.id,
        "account_id": account_id,
        "receiver": str(delivery.receiver),
        "event_type": delivery.event_type,
        "body": delivery.body,
        "state": delivery.state,
        "tries": delivery.tries,
        "status_code": delivery.status_code,
        "answer": delivery.answer,
        "scenario": delivery.scenario,
        "created_at": timestamp(delivery.created_at),
        "changed_at": timestamp(delivery.changed_at),
    }
    transaction.execute(_ADD, values)


def find_delivery(transaction: Connection, account_id: int, delivery_id: str) -> Delivery | None:
    """The account's delivery with this id."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "id": delivery_id}).one_or_none()
    return None if row is None else _delivery(row)


def get_delivery(transaction: Connection, account_id: int, delivery_id: str) -> Delivery:
    """The account's delivery with this id, which must exist."""
    found = find_delivery(transaction, account_id, delivery_id)
    if found is None:
        raise NotFound("No delivery matches the given query.")
    return found


def write_result(transaction: Connection, account_id: int, delivery: Delivery) -> None:
    """Stores what has become of a delivery."""
    values = {
        "account": account_id,
        "delivery": delivery.id,
        "new_state": delivery.state,
        "new_tries": delivery.tries,
        "new_status": delivery.status_code,
        "new_answer": delivery.answer,
        "at": timestamp(delivery.changed_at),
    }
    transaction.execute(_RESULT, values)


def send_again(transaction: Connection, account_id: int, delivery: Delivery, now: datetime) -> bool:
    """Has a delivery made again, with all its tries; False, and nothing done, while it still waits for one."""
    own = {"account": account_id, "delivery": delivery.id, "at": timestamp(now)}
    if transaction.execute(_AGAIN, own).rowcount == 0:
        return False
    _enqueue(transaction, account_id, delivery.receiver, delivery.id, now)
    return True


def list_deliveries(
    transaction: Connection, account_id: int, filters: Filters, position: Position | None, most: int, *, backwards: bool
) -> list[Delivery]:
    """The newest deliveries behind a position, or with `backwards` those before it, the nearest first."""
    place = tuple_(deliveries.c.created_at, deliveries.c.id)
    wanted = _filtered(filters).where(deliveries.c.account_id == account_id)
    if position is not None:
        wanted = wanted.where(place > position if backwards else place < position)
    columns = (deliveries.c.created_at, deliveries.c.id)
    ordered = wanted.order_by(*(column.asc() if backwards else column.desc() for column in columns))
    return [_delivery(row) for row in transaction.execute(ordered.limit(most))]


def count_deliveries(transaction: Connection, account_id: int, filters: Filters, most: int) -> int:
    """How many such deliveries are over, so that they can be made again; counted no further than this."""
    wanted = _filtered(filters).where(deliveries.c.account_id == account_id, deliveries.c.state != "waiting")
    found = wanted.with_only_columns(deliveries.c.id).limit(most).subquery()
    return int(transaction.execute(select(func.count()).select_from(found)).scalar_one())


def remove_old(transaction: Connection, account_id: int, before: datetime, most: int) -> int:
    """Removes at most so many of the account's deliveries that are over and older than this, and says how many."""
    values = {"account_id": account_id, "before": timestamp(before), "most": most}
    return transaction.execute(_REMOVE_OLD, values).rowcount


def _filtered(filters: Filters) -> Select[Any]:
    wanted = select(deliveries)
    if filters.receiver is not None:
        wanted = wanted.where(deliveries.c.receiver == str(filters.receiver))
    if filters.state is not None:
        wanted = wanted.where(deliveries.c.state == filters.state)
    if filters.event_type is not None:
        wanted = wanted.where(deliveries.c.event_type == filters.event_type)
    if filters.created_from is not None:
        wanted = wanted.where(deliveries.c.created_at >= timestamp(filters.created_from))
    if filters.created_to is not None:
        wanted = wanted.where(deliveries.c.created_at < timestamp(filters.created_to))
    return wanted


def _enqueue(
    transaction: Connection,
    account_id: int,
    receiver: Receiver,
    delivery_id: str,
    now: datetime,
    *,
    delay: timedelta = timedelta(0),
) -> None:
    body, subject = {"delivery_id": delivery_id}, str(receiver)
    enqueue(transaction, LANE, kind_of(receiver), [body], now + delay, now=now, account_id=account_id, subject=subject)


def kind_of(receiver: Receiver) -> str:
    """The kind of job that delivers to a receiver."""
    return f"deliver-to-{receiver.kind}"


def _delivery(row: Any) -> Delivery:
    return Delivery(
        id=row.id,
        receiver=Receiver.named(row.receiver),
        event_type=row.event_type,
        body=row.body,
        state=row.state,
        tries=row.tries,
        created_at=datetime.fromisoformat(row.created_at),
        changed_at=datetime.fromisoformat(row.changed_at),
        status_code=row.status_code,
        answer=row.answer,
        scenario=row.scenario,
    )
