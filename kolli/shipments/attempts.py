"""Attempts: the durable tries to announce a shipment, and the guard that lets an order have one live label.

    queued ──► intended ──► stored ──► cancelling ──► cancelled, or stored again when the carrier says no
      │            │ ├────► rejected     the carrier said no
      │            │ └────► abandoned    the carrier never heard us
      │            └──────► unknown      it may have heard us ──► stored, rejected or abandoned, once that is known
      └──► abandoned, or rejected: it never came to a call

An attempt in the background is `queued` until a worker takes it up, and again when it is known that the carrier has not
heard of it and is to be asked once more. It is `intended` before the carrier is called, so whoever finds one so must
assume that the call was made. The guard is held from the start, and let go by the states in which no label exists.
`cancelling` is likewise written before the carrier is asked to take a shipment back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update

from kolli.database import insert_or_skip
from kolli.schema import attempts
from kolli.values import timestamp


class State(StrEnum):
    """Where an attempt stands."""

    QUEUED = "queued"
    INTENDED = "intended"
    STORED = "stored"
    REJECTED = "rejected"
    ABANDONED = "abandoned"
    UNKNOWN = "unknown"
    CANCELLING = "cancelling"
    CANCELLED = "cancelled"


NEXT: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.INTENDED, State.REJECTED, State.ABANDONED}),
    State.INTENDED: frozenset({State.STORED, State.REJECTED, State.ABANDONED, State.UNKNOWN, State.QUEUED}),
    State.UNKNOWN: frozenset({State.STORED, State.REJECTED, State.ABANDONED, State.QUEUED}),
    State.STORED: frozenset({State.CANCELLING}),
    State.CANCELLING: frozenset({State.CANCELLED, State.STORED}),
    State.REJECTED: frozenset(),
    State.ABANDONED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""Which states may follow which; everything else is a mistake in the program."""

GUARDED = frozenset({State.QUEUED, State.INTENDED, State.UNKNOWN, State.STORED, State.CANCELLING})
"""The states in which there is a label, or may be one now or soon."""

UNSETTLED = frozenset({State.INTENDED, State.UNKNOWN, State.CANCELLING})
"""The states in which a carrier has to be asked what is true."""

LEFT_BEHIND_AFTER = timedelta(minutes=5)
"""No carrier call takes as long, so the thread that began it is gone, or could not store what came of it."""


@dataclass(frozen=True)
class Attempt:
    """One try. The shipment's id is also its name towards the carrier, the same however often we ask.

    In the background nobody waits for it: a job announces it, and may do so again.
    """

    shipment_id: str
    account_id: int
    order_key: str
    state: State = State.INTENDED
    reason: str = ""
    in_background: bool = False
    changed_at: datetime | None = field(default=None, compare=False)  # None: not stored yet

    def is_left_behind(self, now: datetime) -> bool:
        """Whether a carrier has to be asked about it, and nobody is doing so any more."""
        return self.state in UNSETTLED and self.changed_at is not None and now - self.changed_at > LEFT_BEHIND_AFTER


_COLUMNS = select(
    attempts.c.shipment_id,
    attempts.c.account_id,
    attempts.c.order_key,
    attempts.c.state,
    attempts.c.reason,
    attempts.c.in_background,
    attempts.c.changed_at,
)
_LIVE = (
    _COLUMNS.where(attempts.c.account_id == bindparam("account_id"), attempts.c.order_key == bindparam("order_key"))
    .where(attempts.c.state.in_(GUARDED))
    .order_by(attempts.c.created_at.desc())
    .limit(1)
)
_BY_SHIPMENT = _COLUMNS.where(
    attempts.c.account_id == bindparam("account_id"), attempts.c.shipment_id == bindparam("shipment_id")
)
_BY_SHIPMENTS = _COLUMNS.where(
    attempts.c.account_id + 0 == bindparam("account_id"),  # no index on accounts is of use beside the key
    attempts.c.shipment_id.in_(bindparam("shipment_ids", expanding=True)),
)
_UNSETTLED = _COLUMNS.where(attempts.c.state.in_(UNSETTLED)).order_by(attempts.c.created_at)
_ADD = insert_or_skip(attempts)
_MOVE = (
    update(attempts)
    .where(attempts.c.account_id == bindparam("account"), attempts.c.shipment_id == bindparam("shipment"))
    .where(attempts.c.state == bindparam("from_state"))
    .values(state=bindparam("to_state"), reason=bindparam("why"), changed_at=bindparam("at"))
)
_MOVE_AND_RELEASE = _MOVE.values(guard=None)


def order_key(integration_id: int, shop_order_id: str) -> str:
    """What all attempts to ship one order share, also when the order is removed and sent again."""
    return f"{integration_id} {shop_order_id}"


def intend(transaction: Connection, attempt: Attempt, now: datetime, *, is_guarded: bool) -> bool:
    """Stores a new attempt; False, and nothing stored, when it is to be guarded and another holds the order's guard."""
    row = {
        "shipment_id": attempt.shipment_id,
        "account_id": attempt.account_id,
        "order_key": attempt.order_key,
        "guard": attempt.order_key if is_guarded else None,
        "state": attempt.state,
        "reason": attempt.reason,
        "in_background": attempt.in_background,
        "created_at": timestamp(now),
        "changed_at": timestamp(now),
    }
    return transaction.execute(_ADD, row).rowcount == 1


def move(transaction: Connection, attempt: Attempt, to: State, now: datetime, reason: str = "") -> bool:
    """Moves an attempt on; False, and nothing changed, when it is not in the state that the caller saw."""
    if to not in NEXT[attempt.state]:
        raise ValueError(f"An attempt cannot go from {attempt.state} to {to}.")
    statement = _MOVE if to in GUARDED else _MOVE_AND_RELEASE
    values = {
        "account": attempt.account_id,
        "shipment": attempt.shipment_id,
        "from_state": attempt.state,
        "to_state": to,
        "why": reason,
        "at": timestamp(now),
    }
    return transaction.execute(statement, values).rowcount == 1


def find_live(transaction: Connection, account_id: int, order_key: str) -> Attempt | None:
    """The latest attempt for an order that has a label, or may have one."""
    row = transaction.execute(_LIVE, {"account_id": account_id, "order_key": order_key}).one_or_none()
    return None if row is None else _attempt(row)


def get_attempt(transaction: Connection, account_id: int, shipment_id: str) -> Attempt:
    """The attempt that announced, or failed to announce, a shipment."""
    return _attempt(transaction.execute(_BY_SHIPMENT, {"account_id": account_id, "shipment_id": shipment_id}).one())


def get_attempts(transaction: Connection, account_id: int, shipment_ids: Sequence[str]) -> dict[str, Attempt]:
    """The attempts that announced, or failed to announce, these shipments of the account, by the shipment's id."""
    rows = transaction.execute(_BY_SHIPMENTS, {"account_id": account_id, "shipment_ids": list(shipment_ids)})
    return {row.shipment_id: _attempt(row) for row in rows}


def list_unsettled(transaction: Connection) -> list[Attempt]:
    """Every attempt of every account whose outcome is not known, oldest first."""
    return [_attempt(row) for row in transaction.execute(_UNSETTLED)]


def _attempt(row: Row[*tuple[Any, ...]]) -> Attempt:
    return Attempt(
        row.shipment_id,
        row.account_id,
        row.order_key,
        State(row.state),
        row.reason,
        row.in_background,
        datetime.fromisoformat(row.changed_at),
    )
