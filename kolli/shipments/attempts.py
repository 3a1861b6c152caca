"""Attempts: the durable tries to announce a shipment, and the guard that lets an order have one live label.

    queued ──► intended ──► stored ──► cancelling ──► cancelled, or stored again when the carrier says no
      │            │ ├────► rejected     the carrier said no
      │            │ └────► abandoned    the carrier never heard us
      │            └──────► unknown      it may have heard us ──► stored, rejected or abandoned, once that is known
      │                                  or it has booked some parcels and not the others ──► rejected, once taken back
      └──► abandoned, or rejected: it never came to a call

Every step is written down with its time and its reason: see `list_moves`.

An attempt in the background is `queued` until a worker takes it up, and again when it is known that the carrier has not
heard of it and is to be asked once more. It is `intended` before the carrier is called, so whoever finds one so must
assume that the call was made. The guard is held from the start, and let go by the states in which no label exists.
`cancelling` is likewise written before the carrier is asked to take a shipment back.

Whoever asks a carrier about an attempt holds its lease, and nobody else decides what becomes of it meanwhile. A process
renews the leases it holds while it lives; what a dead one held is left behind when the lease has ended.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, or_, select, update

from kolli.database import insert_or_skip
from kolli.schema import attempt_moves, attempts
from kolli.standing import note_standing
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

LEASE = timedelta(minutes=5)
"""How long a process that says nothing is not taken for dead."""

ASKING = frozenset({State.INTENDED, State.CANCELLING})
"""The states that begin a call to a carrier: whoever moves an attempt there has its lease."""

LONGEST_REASON = 1_000
"""Characters that are kept of a reason: carriers say what they like."""


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
    request_id: int | None = None  # the request with an Idempotency-Key that it belongs to
    tries: int = field(default=0, compare=False)  # how often the carrier has been asked to book it
    is_partly_booked: bool = False  # the carrier has booked some of its parcels, and is to take them back
    changed_at: datetime | None = field(default=None, compare=False)  # None: not stored yet
    lease_until: datetime | None = field(default=None, compare=False)  # None: nobody asks a carrier about it

    def is_left_behind(self, now: datetime) -> bool:
        """Whether a carrier has to be asked about it, and nobody is doing so any more."""
        return self.state in UNSETTLED and (self.lease_until is None or self.lease_until < now)


@dataclass(frozen=True)
class Move:
    """One step of an attempt. The first one comes from nowhere; one that goes nowhere says what more is known."""

    before: State | None
    after: State
    at: datetime
    reason: str = ""


_COLUMNS = select(
    attempts.c.shipment_id,
    attempts.c.account_id,
    attempts.c.order_key,
    attempts.c.state,
    attempts.c.reason,
    attempts.c.in_background,
    attempts.c.request_id,
    attempts.c.tries,
    attempts.c.is_partly_booked,
    attempts.c.changed_at,
    attempts.c.lease_until,
)
_ALL_LIVE = (
    _COLUMNS.where(attempts.c.account_id == bindparam("account_id"), attempts.c.order_key == bindparam("order_key"))
    .where(attempts.c.state.in_(GUARDED))
    .order_by(attempts.c.created_at.desc())
)
_LIVE = _ALL_LIVE.limit(1)
_BY_SHIPMENT = _COLUMNS.where(
    attempts.c.account_id == bindparam("account_id"), attempts.c.shipment_id == bindparam("shipment_id")
)
_BY_SHIPMENTS = _COLUMNS.where(
    attempts.c.account_id + 0 == bindparam("account_id"),  # no index on accounts is of use beside the key
    attempts.c.shipment_id.in_(bindparam("shipment_ids", expanding=True)),
)
_UNSETTLED = _COLUMNS.where(attempts.c.state.in_(UNSETTLED)).order_by(attempts.c.created_at)
_OF_REQUEST = _COLUMNS.where(
    attempts.c.account_id == bindparam("account_id"), attempts.c.request_id == bindparam("request")
).order_by(attempts.c.created_at, attempts.c.shipment_id)
_ADD = insert_or_skip(attempts)
_IS_OURS = (
    attempts.c.account_id == bindparam("account"),
    attempts.c.shipment_id == bindparam("shipment"),
    attempts.c.state == bindparam("from_state"),
    or_(
        attempts.c.lease_owner.is_(None),
        attempts.c.lease_owner == bindparam("owner"),
        attempts.c.lease_until < bindparam("at"),
    ),
)
_MOVE = (
    update(attempts)
    .where(*_IS_OURS)
    .values(
        state=bindparam("to_state"),
        reason=bindparam("why"),
        changed_at=bindparam("at"),
        tries=attempts.c.tries + bindparam("more_tries"),
        is_partly_booked=bindparam("partly"),
        lease_owner=bindparam("new_owner"),
        lease_until=bindparam("until"),
    )
)
_MOVE_AND_RELEASE = _MOVE.values(guard=None)
_ADD_MOVE = insert(attempt_moves)
_MOVES = (
    select(attempt_moves)
    .where(attempt_moves.c.account_id == bindparam("account_id"), attempt_moves.c.shipment_id == bindparam("shipment"))
    .order_by(attempt_moves.c.id)
)
_NOTE = update(attempts).where(*_IS_OURS).values(reason=bindparam("why"), is_partly_booked=bindparam("partly"))
_LEASE = (
    update(attempts)
    .where(*_IS_OURS)
    .values(
        tries=attempts.c.tries + bindparam("more_tries"),
        lease_owner=bindparam("owner"),
        lease_until=bindparam("until"),
    )
)
_RENEW = (
    update(attempts)
    .where(attempts.c.lease_owner == bindparam("owner"), attempts.c.shipment_id.in_(bindparam("held", expanding=True)))
    .values(lease_until=bindparam("until"))
)
_LET_GO = (
    update(attempts)
    .where(attempts.c.shipment_id == bindparam("shipment"), attempts.c.lease_owner == bindparam("owner"))
    .values(lease_owner=None, lease_until=None)
)
_LET_GO_UNLESS_HELD = (
    update(attempts)
    .where(
        attempts.c.state == State.INTENDED,
        attempts.c.in_background.is_(False),  # what a job was told is written down after it has let go
        attempts.c.lease_owner == bindparam("owner"),
        attempts.c.shipment_id.not_in(bindparam("held", expanding=True)),
    )
    .values(lease_owner=None, lease_until=None)
)
_END_LEASES = (
    update(attempts)
    .where(attempts.c.state.in_(UNSETTLED), attempts.c.lease_owner.is_not(None))  # nothing else has one
    .values(lease_owner=None, lease_until=None)
)


def order_key(integration_id: int, shop_order_id: str) -> str:
    """What all attempts to ship one order share, also when the order is removed and sent again."""
    return f"{integration_id} {shop_order_id}"


def intend(transaction: Connection, attempt: Attempt, now: datetime, *, is_guarded: bool, owner: str = "") -> bool:
    """Stores a new attempt; False, and nothing stored, when it is to be guarded and another holds the order's guard.

    One that is not queued is going to be announced at once by `owner`, who has its lease.
    """
    is_asking = attempt.state in ASKING
    row = {
        "shipment_id": attempt.shipment_id,
        "account_id": attempt.account_id,
        "order_key": attempt.order_key,
        "guard": attempt.order_key if is_guarded else None,
        "state": attempt.state,
        "reason": attempt.reason,
        "in_background": attempt.in_background,
        "tries": int(is_asking),
        "is_partly_booked": False,
        "lease_owner": owner if is_asking else None,
        "lease_until": timestamp(now + LEASE) if is_asking else None,
        "request_id": attempt.request_id,
        "created_at": timestamp(now),
        "changed_at": timestamp(now),
    }
    if transaction.execute(_ADD, row).rowcount == 0:
        return False
    _write_down(transaction, attempt, Move(None, attempt.state, now, attempt.reason))
    note_standing(transaction, attempt.account_id, attempt.order_key)
    return True


def move(
    transaction: Connection,
    attempt: Attempt,
    to: State,
    now: datetime,
    reason: str = "",
    *,
    owner: str = "",
    is_partly_booked: bool = False,
) -> bool:
    """Moves an attempt on, and writes the step down.

    False, and nothing changed, when it is not in the state that the caller saw, or when somebody other than `owner`
    holds its lease. That ends here, unless the step begins a call to the carrier: what was booked in part is taken back
    at once, by whoever has been told so.
    """
    if to not in NEXT[attempt.state]:
        raise ValueError(f"An attempt cannot go from {attempt.state} to {to}.")
    statement = _MOVE if to in GUARDED else _MOVE_AND_RELEASE
    is_asking = to in ASKING or is_partly_booked
    values = {
        **_ours(attempt, owner, now),
        "to_state": to,
        "why": reason[:LONGEST_REASON],
        "more_tries": int(to is State.INTENDED),
        "partly": is_partly_booked,
        "new_owner": owner if is_asking else None,
        "until": timestamp(now + LEASE) if is_asking else None,
    }
    if transaction.execute(statement, values).rowcount == 0:
        return False
    _write_down(transaction, attempt, Move(attempt.state, to, now, reason))
    note_standing(transaction, attempt.account_id, attempt.order_key)
    return True


def note(
    transaction: Connection,
    attempt: Attempt,
    now: datetime,
    reason: str,
    *,
    owner: str = "",
    is_partly_booked: bool = False,
) -> bool:
    """Writes down what more is known of an attempt whose outcome stays unknown. Its lease stays where it is.

    False, and nothing changed, like `move`.
    """
    if attempt.state is not State.UNKNOWN:
        raise ValueError(f"Nothing is noted of an attempt that is {attempt.state}.")
    values = {**_ours(attempt, owner, now), "why": reason[:LONGEST_REASON], "partly": is_partly_booked}
    if transaction.execute(_NOTE, values).rowcount == 0:
        return False
    if (attempt.reason, attempt.is_partly_booked) != (reason[:LONGEST_REASON], is_partly_booked):
        _write_down(transaction, attempt, Move(attempt.state, attempt.state, now, reason))
    return True


def remark(transaction: Connection, attempt: Attempt, now: datetime, reason: str) -> None:
    """Writes down in its history what has happened about an attempt after its end, which stays as it is."""
    _write_down(transaction, attempt, Move(attempt.state, attempt.state, now, reason))


def lease(transaction: Connection, attempt: Attempt, owner: str, now: datetime, *, is_try: bool = False) -> bool:
    """Gives an attempt's lease to whoever is going to ask a carrier about it; `is_try` when that is to book it again.

    False, and nothing changed, when somebody else holds it, or when it is not in the state that the caller saw.
    """
    values = {**_ours(attempt, owner, now), "until": timestamp(now + LEASE), "more_tries": int(is_try)}
    return transaction.execute(_LEASE, values).rowcount == 1


def renew_leases(transaction: Connection, held: Sequence[str], owner: str, now: datetime) -> None:
    """Says that `owner` lives and still asks carriers about these shipments."""
    transaction.execute(_RENEW, {"held": list(held), "owner": owner, "until": timestamp(now + LEASE)})


def let_go(transaction: Connection, attempt: Attempt, owner: str) -> None:
    """Gives back a lease whose holder could not find out what has become of the attempt."""
    transaction.execute(_LET_GO, {"shipment": attempt.shipment_id, "owner": owner})


def let_go_unless_held(transaction: Connection, held: Sequence[str], owner: str) -> None:
    """Ends the leases of this owner's announcements that callers waited for, and no thread of its own is at any more.

    Who was at them could not write down what the carrier had said, such as on a read-only disk.
    """
    transaction.execute(_LET_GO_UNLESS_HELD, {"held": list(held), "owner": owner})


def end_leases(transaction: Connection) -> None:
    """Ends every lease. Only right where no other process can hold one."""
    transaction.execute(_END_LEASES)


def list_moves(transaction: Connection, account_id: int, shipment_id: str) -> list[Move]:
    """Every step of an attempt, from the first to the last."""
    rows = transaction.execute(_MOVES, {"account_id": account_id, "shipment": shipment_id})
    return [
        Move(
            State(row.from_state) if row.from_state else None,
            State(row.to_state),
            datetime.fromisoformat(row.at),
            row.reason,
        )
        for row in rows
    ]


def find_live(transaction: Connection, account_id: int, order_key: str) -> Attempt | None:
    """The latest attempt for an order that has a label, or may have one."""
    row = transaction.execute(_LIVE, {"account_id": account_id, "order_key": order_key}).one_or_none()
    return None if row is None else _attempt(row)


def list_live(transaction: Connection, account_id: int, order_key: str) -> list[Attempt]:
    """All attempts for an order that have a label, or may have one, the latest first."""
    rows = transaction.execute(_ALL_LIVE, {"account_id": account_id, "order_key": order_key})
    return [_attempt(row) for row in rows]


def get_attempt(transaction: Connection, account_id: int, shipment_id: str) -> Attempt:
    """The attempt that announced, or failed to announce, a shipment."""
    return _attempt(transaction.execute(_BY_SHIPMENT, {"account_id": account_id, "shipment_id": shipment_id}).one())


def get_attempts(transaction: Connection, account_id: int, shipment_ids: Sequence[str]) -> dict[str, Attempt]:
    """The attempts that announced, or failed to announce, these shipments of the account, by the shipment's id."""
    rows = transaction.execute(_BY_SHIPMENTS, {"account_id": account_id, "shipment_ids": list(shipment_ids)})
    return {row.shipment_id: _attempt(row) for row in rows}


def attempts_of_request(transaction: Connection, account_id: int, request_id: int) -> list[Attempt]:
    """The attempts that a request with an Idempotency-Key has begun."""
    rows = transaction.execute(_OF_REQUEST, {"account_id": account_id, "request": request_id})
    return [_attempt(row) for row in rows]


def list_unsettled(transaction: Connection) -> list[Attempt]:
    """Every attempt of every account whose outcome is not known, oldest first."""
    return [_attempt(row) for row in transaction.execute(_UNSETTLED)]


def _ours(attempt: Attempt, owner: str, now: datetime) -> dict[str, object]:
    return {
        "account": attempt.account_id,
        "shipment": attempt.shipment_id,
        "from_state": attempt.state,
        "owner": owner,
        "at": timestamp(now),
    }


def _write_down(transaction: Connection, attempt: Attempt, move: Move) -> None:
    row = {
        "account_id": attempt.account_id,
        "shipment_id": attempt.shipment_id,
        "from_state": move.before,
        "to_state": move.after,
        "at": timestamp(move.at),
        "reason": move.reason[:LONGEST_REASON],
    }
    transaction.execute(_ADD_MOVE, row)


def _attempt(row: Row[*tuple[Any, ...]]) -> Attempt:
    return Attempt(
        row.shipment_id,
        row.account_id,
        row.order_key,
        State(row.state),
        row.reason,
        row.in_background,
        row.request_id,
        row.tries,
        row.is_partly_booked,
        datetime.fromisoformat(row.changed_at),
        datetime.fromisoformat(row.lease_until) if row.lease_until else None,
    )
