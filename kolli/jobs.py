"""Work for later: enqueued inside the transaction that causes it, and run at least once.

A job is a row. Workers claim it by a lease: while it runs, `due_at` is when the lease ends, so a job whose process died
becomes due again by itself. What has been done is removed, what failed is due again later, and what failed too often is
dead: it stays, with the reason, until a person revives or removes it. A job may run twice, so whoever runs it looks
first whether it has been done.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from kolli.database import Database, tell_after_commit
from kolli.errors import KolliError, NotFound
from kolli.schema import jobs
from kolli.values import timestamp

log = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 5.0
"""How long a lane looks away at most: nobody tells us of jobs that another process has enqueued."""


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


class Again(KolliError):
    """This has to be tried again."""


Run = Callable[[Job], None]


@dataclass(frozen=True)
class Kind:
    """What all jobs of a kind have in common. It dies when it has failed once more often than there are `delays`."""

    run: Run
    lane: str
    delays: tuple[timedelta, ...]  # how long to wait after the first failure, after the second, and so on


@dataclass(frozen=True)
class Lane:
    """Jobs that share workers, so that a slow kind of work does not hold up another.

    `per_subject` bounds how many jobs of one subject run at a time: one slow receiver does not take all workers.
    """

    workers: int
    lease: timedelta
    per_subject: int | None = None


def steps(*seconds: float) -> tuple[timedelta, ...]:
    """Delays given in seconds."""
    return tuple(timedelta(seconds=value) for value in seconds)


_ADD = insert(jobs)
_NEXT_DUE = select(func.min(jobs.c.due_at)).where(jobs.c.lane == bindparam("lane"), jobs.c.died_at.is_(None))
_DUE = (
    select(jobs.c.id)
    .where(jobs.c.lane == bindparam("in_lane"), jobs.c.died_at.is_(None), jobs.c.due_at <= bindparam("now"))
    .where(jobs.c.subject.not_in(bindparam("busy", expanding=True)))
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(bindparam("most"))
)
_CLAIM = (
    update(jobs)
    .where(jobs.c.id.in_(_DUE.scalar_subquery()))
    .values(due_at=bindparam("lease_ends"), runs=jobs.c.runs + 1, is_running=True)
    .returning(jobs)
)
# A run that has lost its lease has nothing to say any more: `runs` has moved on.
_OF_RUN = (jobs.c.id == bindparam("job"), jobs.c.runs == bindparam("run"))
_REMOVE = delete(jobs).where(*_OF_RUN)
_RETURN = (
    update(jobs)
    .where(*_OF_RUN)
    .values(due_at=bindparam("due"), died_at=bindparam("died"), reason=bindparam("why"), is_running=False)
)
_DEAD = select(jobs).where(jobs.c.died_at.is_not(None)).order_by(jobs.c.died_at, jobs.c.id)
_WAITING = select(jobs.c.kind, func.count()).where(jobs.c.died_at.is_(None)).group_by(jobs.c.kind)
_REVIVE = (
    update(jobs)
    .where(jobs.c.id == bindparam("job"), jobs.c.died_at.is_not(None))
    .values(died_at=None, due_at=bindparam("now"), runs=0)
    .returning(jobs.c.lane)
)
_FORGET = delete(jobs).where(jobs.c.id == bindparam("job"), jobs.c.died_at.is_not(None))
_RELEASE = update(jobs).where(jobs.c.is_running).values(is_running=False, due_at=bindparam("now"))


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
    transaction.execute(_ADD, [{**row, "body": msgspec.json.encode(body).decode()} for body in bodies])
    tell_after_commit(transaction, lane)


def list_dead(transaction: Connection) -> list[Job]:
    """Every job that is not tried any more, the longest dead first."""
    return [_job(row) for row in transaction.execute(_DEAD)]


def count_waiting(transaction: Connection) -> dict[str, int]:
    """How many jobs of each kind wait or run."""
    return dict(transaction.execute(_WAITING).tuples().all())


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


@dataclass
class _Outcome:
    """What came of one run: done, or why not."""

    job: Job
    reason: str | None = None


@dataclass
class _Busy:
    """The runs of a lane that have begun, and those that have ended and are not written down yet."""

    running: Counter[str] = field(default_factory=Counter)  # by subject
    ended: list[_Outcome] = field(default_factory=list)


class Workers:
    """The threads of one process that run jobs."""

    def __init__(
        self,
        database: Database,
        lanes: Mapping[str, Lane],
        kinds: Mapping[str, Kind],
        clock: Callable[[], datetime],
    ) -> None:
        self._clock = clock
        self._lanes = [_LaneWorkers(name, lane, database, kinds, clock) for name, lane in lanes.items()]

    def start(self) -> None:
        """Begins to run what is due, and what becomes due."""
        for lane in self._lanes:
            lane.start()

    def stop(self, timeout_seconds: float) -> bool:
        """Takes up nothing new, and waits for what runs; False when something is still running after that time.

        What is cut off then is run again when its lease has ended.
        """
        for lane in self._lanes:
            lane.ask_to_stop()
        ended = [lane.wait(timeout_seconds) for lane in self._lanes]
        return all(ended)

    def run_due(self) -> int:
        """Runs in this thread what is due now, job by job, and gives how many runs that were; for tests and commands.

        Not to be mixed with `start`.
        """
        return sum(lane.run_due() for lane in self._lanes)


class _LaneWorkers:
    """One lane: a thread that claims and writes down, and a pool that runs."""

    def __init__(
        self,
        name: str,
        lane: Lane,
        database: Database,
        kinds: Mapping[str, Kind],
        clock: Callable[[], datetime],
    ) -> None:
        self._name = name
        self._lane = lane
        self._database = database
        self._kinds = kinds
        self._clock = clock
        self._news = threading.Event()  # something was enqueued, or a run has ended
        self._guard = threading.Lock()  # of _busy
        self._busy = _Busy()
        self._stopping = False
        self._pool = ThreadPoolExecutor(lane.workers, thread_name_prefix=f"kolli-{name}")
        self._thread = threading.Thread(target=self._dispatch, name=f"kolli-{name}", daemon=True)

    def start(self) -> None:
        self._database.listen(self._name, self._news.set)
        self._thread.start()

    def ask_to_stop(self) -> None:
        self._stopping = True
        self._news.set()

    def wait(self, timeout_seconds: float) -> bool:
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def run_due(self) -> int:
        count = 0
        while claimed := self._turn(most=1):
            for job in claimed:
                self._run(job)
                count += 1
        return count

    def _dispatch(self) -> None:
        while True:
            self._news.clear()
            with self._guard:
                free = self._lane.workers - self._busy.running.total()
                unwritten = bool(self._busy.ended)
            if self._stopping:
                if unwritten:
                    self._turn(most=0)
                if not self._busy.running.total() and not self._busy.ended:
                    self._pool.shutdown()
                    return
                self._news.wait(LONGEST_WAIT_SECONDS)
                continue
            wait = self._seconds_until_due() if free else LONGEST_WAIT_SECONDS
            if not unwritten and wait > 0:
                self._news.wait(wait)
                continue
            claimed = self._turn(most=free)
            for job in claimed:
                self._pool.submit(self._run, job)
            if not claimed and not unwritten:  # all that is due belongs to subjects that are busy
                self._news.wait(LONGEST_WAIT_SECONDS)

    def _seconds_until_due(self) -> float:
        with self._database.read() as transaction:
            due_at = transaction.execute(_NEXT_DUE, {"lane": self._name}).scalar_one()
        if due_at is None:
            return LONGEST_WAIT_SECONDS
        seconds = (datetime.fromisoformat(due_at) - self._clock()).total_seconds()
        return max(0.0, min(seconds, LONGEST_WAIT_SECONDS))

    def _turn(self, most: int) -> list[Job]:
        """Writes down what has ended and claims what is due: one commit for both."""
        with self._guard:
            ended, self._busy.ended = self._busy.ended, []
            running = self._busy.running.copy()
        now = self._clock()
        claimed: list[Job] = []
        with self._database.write() as transaction:
            for outcome in ended:
                self._write_down(transaction, outcome, now)
            if most:
                claimed = self._claim(transaction, most, running, now)
        with self._guard:
            self._busy.running.update(job.subject for job in claimed)
        return claimed

    def _claim(self, transaction: Connection, most: int, running: Counter[str], now: datetime) -> list[Job]:
        """The jobs that are due, at most so many, and of no subject more than it may have."""
        limit = self._lane.per_subject
        step = most if limit is None else 1
        values = {
            "in_lane": self._name,
            "now": timestamp(now),
            "lease_ends": timestamp(now + self._lane.lease),
            "most": step,
        }
        claimed: list[Job] = []
        while len(claimed) < most:
            busy = [subject for subject, count in running.items() if limit is not None and count >= limit]
            rows = transaction.execute(_CLAIM, {**values, "busy": busy}).all()
            claimed += [_job(row) for row in rows]
            running.update(row.subject for row in rows)
            if len(rows) < step or limit is None:
                break
        return claimed

    def _write_down(self, transaction: Connection, outcome: _Outcome, now: datetime) -> None:
        job = outcome.job
        run = {"job": job.id, "run": job.runs}
        if outcome.reason is None:
            transaction.execute(_REMOVE, run)
            return
        delays = self._kinds[job.kind].delays if job.kind in self._kinds else ()
        is_dead = job.runs > len(delays)
        due = now if is_dead else now + delays[job.runs - 1]
        died = timestamp(now) if is_dead else None
        transaction.execute(_RETURN, {**run, "due": timestamp(due), "died": died, "why": outcome.reason[:1000]})

    def _run(self, job: Job) -> None:
        """Runs one job; whatever goes wrong, the lane goes on."""
        outcome = _Outcome(job)
        try:
            if job.kind not in self._kinds:
                raise KolliError(f"This program knows no jobs of the kind {job.kind!r}.")  # noqa: TRY301 - one outcome
            self._kinds[job.kind].run(job)
        except KolliError as error:
            outcome.reason = error.message
            log.info("Job %s (%s) did not succeed: %s", job.id, job.kind, error.message)
        except Exception:
            outcome.reason = "It was broken off by an error that the log tells of."
            log.exception("Job %s (%s) was broken off", job.id, job.kind)
        with self._guard:
            self._busy.ended.append(outcome)
            self._busy.running[job.subject] -= 1
            if not self._busy.running[job.subject]:
                del self._busy.running[job.subject]
        self._news.set()


def _job(row: Any) -> Job:
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
