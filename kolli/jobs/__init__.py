"""Work for later: enqueued inside the transaction that causes it, and run at least once.

A job is a row. Workers claim it by a lease: while it runs, `due_at` is when the lease ends, so a job whose process died
becomes due again by itself. What has been done is removed, what failed is due again later, and what failed too often is
dead: it stays, with the reason, until a person revives or removes it. A job may run twice, so whoever runs it looks
first whether it has been done.

A lease guards against a process that died, not against a slow run: while a process runs a job it does not take it up
again, however late it is.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from kolli.database import tell_after_commit
from kolli.errors import KolliError, NotFound
from kolli.schema import jobs
from kolli.values import timestamp

SAME_TIME = timedelta(seconds=5)
"""A clock that goes back by more than this has been set, and what was due before it is due now."""


@dataclass(frozen=True)
class Job:
    """One piece of work. `runs` counts how often it was begun, this time included."""

    id: int
    kind: str
    subject: str
    body: Mapping[str, Any]
    account_id: int | None = None
    runs: int = 0
    reason: str = ""  # why it had to run again, or died
    due_at: datetime | None = None
    died_at: datetime | None = None


Then = Callable[[Connection], None]
"""What has to be written down with the end of a run, in the same transaction."""


class Again(KolliError):
    """This has to be tried again. `then` is written down with it."""

    def __init__(self, message: str | None = None, *, then: Then | None = None) -> None:
        super().__init__(message)
        self.then = then


Run = Callable[[Job], Then | None]
"""Does a piece of work. What it gives is executed in the transaction that removes the job, which is one for many runs:
a run that has one thing to write needs no transaction of its own."""


@dataclass(frozen=True)
class Kind:
    """What all jobs of a kind have in common. It dies when it has failed once more often than there are `delays`."""

    run: Run
    lane: str
    delays: tuple[timedelta, ...]  # how long to wait after the first failure, after the second, and so on


@dataclass(frozen=True)
class Lane:
    """Jobs that share workers, so that a slow kind of work does not hold up another.

    `per_subject` bounds how many jobs of one subject run at a time: one slow receiver does not take all workers. With
    `has_room`, what its runs have to write down is kept on a full disk too, in the room that there is for that.
    """

    workers: int
    lease: timedelta
    per_subject: int | None = None
    has_room: bool = False


def steps(*seconds: float) -> tuple[timedelta, ...]:
    """Delays given in seconds."""
    return tuple(timedelta(seconds=value) for value in seconds)


_ADD = insert(jobs)
_DEAD = select(jobs).where(jobs.c.died_at.is_not(None)).order_by(jobs.c.died_at, jobs.c.id)
_DEAD_IN = _DEAD.where(jobs.c.lane == bindparam("in_lane"), jobs.c.kind == bindparam("of_kind"))
_WAITING = select(jobs.c.kind, func.count().label("waiting")).where(jobs.c.died_at.is_(None)).group_by(jobs.c.kind)
_LONGEST_DUE = select(func.min(jobs.c.due_at)).where(jobs.c.died_at.is_(None), jobs.c.is_running.is_(False))
_NEXT_DUE = select(func.min(jobs.c.due_at)).where(
    jobs.c.died_at.is_(None), jobs.c.kind.not_in(bindparam("others", expanding=True))
)
_AT_WORK = (
    select(jobs.c.id)
    .where(jobs.c.died_at.is_(None), or_(jobs.c.is_running, jobs.c.due_at <= bindparam("now")))
    .limit(1)
)
_REVIVE = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.died_at.is_not(None))
    .values(died_at=None, due_at=bindparam("now"), runs=0)
    .returning(jobs.c.lane)
)
_OTHERS = (
    select(jobs.c.id)
    .where(jobs.c.kind == bindparam("of_kind"), jobs.c.subject == bindparam("about"), jobs.c.died_at.is_(None))
    .where(jobs.c.id != bindparam("besides"))
    .limit(1)
)
_SAME = (
    select(jobs.c.died_at)
    .where(jobs.c.lane == bindparam("in_lane"), jobs.c.kind == bindparam("of_kind"), jobs.c.body == bindparam("saying"))
    .order_by(jobs.c.died_at.is_not(None))  # those that are not dead first
    .limit(1)
)
_BODIES = select(jobs.c.body).where(jobs.c.lane == bindparam("in_lane"), jobs.c.kind == bindparam("of_kind"))
_IN_LANES = (
    select(jobs)
    .where(jobs.c.lane.in_(bindparam("lanes", expanding=True)), jobs.c.account_id == bindparam("account"))
    .order_by(jobs.c.died_at.is_not(None), jobs.c.due_at)
)
_CALL_OFF = delete(jobs).where(
    jobs.c.lane == bindparam("in_lane"),
    jobs.c.kind == bindparam("of_kind"),
    jobs.c.body == bindparam("saying"),
    jobs.c.is_running.is_(False),
)
_WITHDRAW = delete(jobs).where(jobs.c.kind == bindparam("of_kind"), jobs.c.died_at.is_(None))
_FORGET = delete(jobs).where(jobs.c.id == bindparam("job"), jobs.c.died_at.is_not(None))
_RELEASE = update(jobs).where(jobs.c.is_running).values(is_running=False, due_at=bindparam("now"))
_PULL_BACK = (  # created in what is the future now: the clock has been set back since, and their times mean nothing
    update(jobs)
    .where(jobs.c.died_at.is_(None), jobs.c.is_running.is_(False), jobs.c.created_at > bindparam("future"))
    .values(due_at=bindparam("now"), created_at=bindparam("now"))
)


def enqueue(
    transaction: Connection,
    lane: str,
    kind: str,
    bodies: Iterable[Mapping[str, Any]],
    due_at: datetime,
    *,
    now: datetime,
    account_id: int | None = None,
    subject: str = "",
) -> None:
    """Adds a job for each body, to be run at `due_at` or later; it exists once the caller's transaction has ended."""
    row = {
        "account_id": account_id,
        "lane": lane,
        "kind": kind,
        "subject": subject,
        "runs": 0,
        "due_at": timestamp(due_at),
        "is_running": False,
        "created_at": timestamp(now),
        "reason": "",
    }
    rows = [{**row, "body": msgspec.json.encode(body).decode()} for body in bodies]
    if rows:
        transaction.execute(_ADD, rows)
        tell_after_commit(transaction, lane)


def enqueue_one(
    transaction: Connection,
    lane: str,
    kind: str,
    body: Mapping[str, Any],
    due_at: datetime,
    *,
    now: datetime,
    account_id: int | None = None,
    subject: str = "",
    besides: Job | None = None,
) -> None:
    """Adds a job, unless another of this kind and subject waits or runs; `besides` is one that does not count.

    So a job that goes on in another one can be run twice and does not become two.
    """
    values = {"of_kind": kind, "about": subject, "besides": besides.id if besides else 0}
    if transaction.execute(_OTHERS, values).first() is None:
        enqueue(transaction, lane, kind, [body], due_at, now=now, account_id=account_id, subject=subject)


def is_enqueued(transaction: Connection, lane: str, kind: str, body: Mapping[str, Any], *, or_dead: bool) -> bool:
    """Whether exactly this job waits or runs, or is there at all. Reads the whole lane, so not for everyday use."""
    values = {"in_lane": lane, "of_kind": kind, "saying": msgspec.json.encode(body).decode()}
    row = transaction.execute(_SAME, values).first()
    return row is not None and (or_dead or row.died_at is None)


def list_bodies(transaction: Connection, lane: str, kind: str) -> list[Mapping[str, Any]]:
    """What every job of a kind is about, whether it waits, runs or is dead."""
    rows = transaction.execute(_BODIES, {"in_lane": lane, "of_kind": kind})
    return [msgspec.json.decode(row.body) for row in rows]


def withdraw(transaction: Connection, kind: str) -> None:
    """Removes every job of a kind that is not dead. Only right where no process can be running one."""
    transaction.execute(_WITHDRAW, {"of_kind": kind})


def call_off(transaction: Connection, lane: str, kind: str, body: Mapping[str, Any]) -> None:
    """Removes exactly this job, whether it waits or is dead, as nobody needs it any more. A run that has begun ends."""
    values = {"in_lane": lane, "of_kind": kind, "saying": msgspec.json.encode(body).decode()}
    transaction.execute(_CALL_OFF, values)


def list_in_lanes(transaction: Connection, account_id: int, lanes: Iterable[str]) -> list[Job]:
    """Every job of an account in these lanes: those that live first, and of them the next to be run."""
    rows = transaction.execute(_IN_LANES, {"lanes": list(lanes), "account": account_id})
    return [read_job(row) for row in rows]


def list_dead(transaction: Connection) -> list[Job]:
    """Every job that is not tried any more, the longest dead first."""
    return [read_job(row) for row in transaction.execute(_DEAD)]


def list_dead_of(transaction: Connection, lane: str, kind: str) -> list[Job]:
    """Every job of a kind that is not tried any more, the longest dead first."""
    return [read_job(row) for row in transaction.execute(_DEAD_IN, {"in_lane": lane, "of_kind": kind})]


def count_waiting(transaction: Connection) -> dict[str, int]:
    """How many jobs of each kind wait or run."""
    return {row.kind: row.waiting for row in transaction.execute(_WAITING)}


def find_longest_due(transaction: Connection) -> datetime | None:
    """When the job that waits longest for a worker was due; None when none waits."""
    due_at = transaction.execute(_LONGEST_DUE).scalar_one()
    return None if due_at is None else datetime.fromisoformat(due_at)


def find_next_due(transaction: Connection, besides: Collection[str] = ()) -> datetime | None:
    """When the next job is due that is of none of these kinds; None when there is none.

    One that runs is due when its lease ends.
    """
    due_at = transaction.execute(_NEXT_DUE, {"others": list(besides)}).scalar_one()
    return None if due_at is None else datetime.fromisoformat(due_at)


def is_all_done(transaction: Connection, now: datetime) -> bool:
    """Whether no job runs, and none is due."""
    return transaction.execute(_AT_WORK, {"now": timestamp(now)}).first() is None


def revive(transaction: Connection, job_id: int, now: datetime) -> None:
    """Has a dead job tried again, as often as a new one; NotFound when there is no such dead job."""
    lane = transaction.execute(_REVIVE, {"job": job_id, "now": timestamp(now)}).scalar_one_or_none()
    if lane is None:
        raise NotFound(f"There is no dead job {job_id}.")
    tell_after_commit(transaction, lane)


def forget(transaction: Connection, job_id: int) -> None:
    """Removes a dead job; NotFound when there is no such dead job."""
    if transaction.execute(_FORGET, {"job": job_id}).rowcount == 0:
        raise NotFound(f"There is no dead job {job_id}.")


def release_leases(transaction: Connection, now: datetime) -> None:
    """Makes all jobs that were running due at once. Only right where no other process can be running one."""
    transaction.execute(_RELEASE, {"now": timestamp(now)})
    pull_back(transaction, now)


def pull_back(transaction: Connection, now: datetime) -> None:
    """Makes due what a clock that has been set back would keep waiting for as long as it was set back."""
    transaction.execute(_PULL_BACK, {"now": timestamp(now), "future": timestamp(now + SAME_TIME)})


def read_job(row: Any) -> Job:
    """A row of the table as a job."""
    return Job(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        body=msgspec.json.decode(row.body),
        account_id=row.account_id,
        runs=row.runs,
        reason=row.reason,
        due_at=datetime.fromisoformat(row.due_at),
        died_at=datetime.fromisoformat(row.died_at) if row.died_at else None,
    )
