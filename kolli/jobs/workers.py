"""The threads that run jobs: lane by lane, as many at a time as the lane has workers, each job by one of them."""

import logging
import threading
from asyncio import CancelledError
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from queue import SimpleQueue
from time import monotonic

from sqlalchemy import Connection, bindparam, delete, func, select, update

from kolli.database import Database
from kolli.errors import KolliError, StorageFull, StorageUnavailable
from kolli.jobs import SAME_TIME, Again, Job, Kind, Lane, Then, pull_back, read_job
from kolli.schema import jobs
from kolli.values import timestamp

log = logging.getLogger(__name__)

LONGEST_WAIT_SECONDS = 5.0
"""How long a lane looks away at most: nobody tells us of jobs that another process has enqueued."""

WAIT_AFTER_ERROR_SECONDS = 1.0
"""How long a lane waits when the database could not be read or written, such as on a full disk."""

POSTPONED_BY = timedelta(seconds=5)
"""When a run is tried again that could not use the database. It is no try of the job's: those end, disks stay full."""

MOST_CUT_OFF = 10
"""How many runs of a job may be cut off by the end of their process; one that causes it would go on for ever."""

LONGEST_REASON = 1_000
"""Characters that are kept of why a run has failed."""

_CAN_RUN = (
    jobs.c.lane == bindparam("in_lane"),
    jobs.c.died_at.is_(None),
    jobs.c.subject.not_in(bindparam("busy", expanding=True)),
    jobs.c.id.not_in(bindparam("running", expanding=True)),
)
_NEXT_DUE = select(func.min(jobs.c.due_at)).where(*_CAN_RUN)
_DUE = (
    select(jobs.c.id)
    .where(*_CAN_RUN, jobs.c.due_at <= bindparam("now"))
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
_POSTPONE = _RETURN.values(runs=jobs.c.runs - 1)


@dataclass(frozen=True)
class _Outcome:
    """What came of one run: done, or why not."""

    job: Job
    reason: str | None = None
    then: Then | None = None
    is_postponed: bool = False  # the database could not be used: that is no failure of the job's


@dataclass
class _Busy:
    """The jobs of a lane that are running here, and the outcomes that are not written down yet."""

    jobs: dict[int, Job] = field(default_factory=dict)
    ended: list[_Outcome] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        """What must not be claimed: whatever its lease says, it is in our hands."""
        return [*self.jobs, *(outcome.job.id for outcome in self.ended)]

    def subjects(self) -> Counter[str]:
        """How many runs each subject has at this moment."""
        return Counter(job.subject for job in self.jobs.values())


class Workers:
    """The threads of one process that run jobs."""

    def __init__(
        self,
        database: Database,
        lanes: Mapping[str, Lane],
        kinds: Mapping[str, Kind],
        clock: Callable[[], datetime],
    ) -> None:
        self._lanes = [_LaneWorkers(name, lane, database, kinds, clock) for name, lane in lanes.items()]

    def start(self) -> None:
        """Begins to run what is due, and what becomes due."""
        for lane in self._lanes:
            lane.start()

    def stop(self, timeout_seconds: float) -> bool:
        """Takes up nothing new, and waits for what runs; False when something is still running after that time.

        What is cut off then is run again when its lease has ended.
        """
        end = monotonic() + timeout_seconds
        for lane in self._lanes:
            lane.ask_to_stop()
        ended = [lane.wait(max(0.0, end - monotonic())) for lane in self._lanes]
        return all(ended)

    def look(self) -> None:
        """Has every lane look now for what is due: the clock has been moved."""
        for lane in self._lanes:
            lane.look()

    def run_due(self) -> int:
        """Runs in this thread what is due now, job by job, and gives how many runs that were; for tests and commands.

        Not to be mixed with `start`.
        """
        return sum(lane.run_due() for lane in self._lanes)


class _LaneWorkers:
    """One lane: a thread that claims and writes down, and threads that run.

    All of them are daemons: a run that does not end must not keep a process from ending.
    """

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
        self._latest = clock()
        self._news = threading.Event()  # something was enqueued, or a run has ended
        self._guard = threading.Lock()  # of _busy
        self._busy = _Busy()
        self._stopping = False
        self._claimed: SimpleQueue[Job | None] = SimpleQueue()
        self._dispatcher = threading.Thread(target=self._dispatch, name=f"kolli-{name}", daemon=True)
        self._workers = [
            threading.Thread(target=self._work, name=f"kolli-{name}-{number}", daemon=True)
            for number in range(lane.workers)
        ]

    def start(self) -> None:
        self._database.listen(self._name, self._news.set)
        for thread in (*self._workers, self._dispatcher):
            thread.start()

    def look(self) -> None:
        self._news.set()

    def ask_to_stop(self) -> None:
        self._stopping = True
        self._news.set()

    def wait(self, timeout_seconds: float) -> bool:
        end = monotonic() + timeout_seconds
        threads = (self._dispatcher, *self._workers)  # when the first has ended, the others have nothing to do any more
        for thread in threads:
            thread.join(max(0.0, end - monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def run_due(self) -> int:
        count = 0
        while claimed := self._turn(most=1):
            for job in claimed:
                self._run(job)
                count += 1
        return count

    def _dispatch(self) -> None:
        """Claims what is due whenever a worker is free, until there is nothing to do any more after `ask_to_stop`."""
        while True:
            self._news.clear()
            try:
                wait = self._step()
            except (StorageFull, StorageUnavailable) as error:  # that may pass
                log.warning("The lane %s waits, because the database cannot be used. %s", self._name, error.message)
                wait = WAIT_AFTER_ERROR_SECONDS
            except Exception:  # whatever it was, nobody else would do what waits in this lane
                log.exception("The lane %s waits, because of an error that nobody foresaw.", self._name)
                wait = WAIT_AFTER_ERROR_SECONDS
            if wait is None:
                for _ in range(self._lane.workers):
                    self._claimed.put(None)
                return
            self._news.wait(wait)

    def _step(self) -> float | None:
        """Does what can be done now, and gives the seconds until there may be more; None when all is over."""
        with self._guard:
            free = 0 if self._stopping else self._lane.workers - len(self._busy.jobs)
            unwritten = bool(self._busy.ended)
            if self._stopping and not unwritten and not self._busy.jobs:
                return None
        wait = self._seconds_until_due() if free else LONGEST_WAIT_SECONDS
        if unwritten or wait <= 0:
            for job in self._turn(most=free):
                self._claimed.put(job)
            return 0.0
        return wait

    def _seconds_until_due(self) -> float:
        with self._guard:
            values = {"in_lane": self._name, "running": self._busy.ids, "busy": self._full(self._busy.subjects())}
        with self._database.read() as transaction:
            due_at = transaction.execute(_NEXT_DUE, values).scalar_one()
        now = self._clock()
        if due_at is None:
            return LONGEST_WAIT_SECONDS
        if now < self._latest - SAME_TIME:
            return 0.0
        return max(0.0, min((datetime.fromisoformat(due_at) - now).total_seconds(), LONGEST_WAIT_SECONDS))

    def _turn(self, most: int) -> list[Job]:
        """Writes down what has ended and claims what is due: one commit for both."""
        with self._guard:
            ended = list(self._busy.ended)
            ids, subjects = self._busy.ids, self._busy.subjects()
        now = self._clock()

        def write_down(transaction: Connection) -> None:
            if now < self._latest - SAME_TIME:
                pull_back(transaction, now)
            for outcome in ended:
                self._write_down(transaction, outcome, now)

        try:
            with self._database.write() as transaction:
                write_down(transaction)
                claimed = self._claim(transaction, most, ids, subjects, now)
        except StorageFull:
            if not self._lane.has_room or not any(outcome.then for outcome in ended):
                raise
            self._database.keep(write_down)  # and nothing new is begun
            claimed = []
        self._latest = now
        with self._guard:
            del self._busy.ended[: len(ended)]
            self._busy.jobs.update({job.id: job for job in claimed})
        return claimed

    def _claim(
        self, transaction: Connection, most: int, ids: list[int], subjects: Counter[str], now: datetime
    ) -> list[Job]:
        """The jobs that are due, at most so many, and of no subject more than it may have."""
        values = {
            "in_lane": self._name,
            "now": timestamp(now),
            "lease_ends": timestamp(now + self._lane.lease),
            "running": ids,
        }
        claimed: list[Job] = []
        while (step := min(most - len(claimed), self._room(subjects))) > 0:
            rows = transaction.execute(_CLAIM, {**values, "most": step, "busy": self._full(subjects)}).all()
            claimed += [read_job(row) for row in rows]
            subjects.update(row.subject for row in rows)
            if len(rows) < step:
                break
        return claimed

    def _room(self, subjects: Counter[str]) -> int:
        """How many jobs can be claimed at once: whatever they are about, no subject gets more than it may have."""
        limit = self._lane.per_subject
        if limit is None:
            return self._lane.workers
        return limit - max((count for count in subjects.values() if count < limit), default=0)

    def _full(self, subjects: Counter[str]) -> list[str]:
        """The subjects that have as many runs as they may have."""
        limit = self._lane.per_subject
        return [] if limit is None else [subject for subject, count in subjects.items() if count >= limit]

    def _write_down(self, transaction: Connection, outcome: _Outcome, now: datetime) -> None:
        """Ends a run. What belongs to its end and cannot be written makes it a run that has failed."""
        then = outcome.then
        if then is None:
            self._end(transaction, outcome, now)
            return

        def end() -> None:
            with transaction.begin_nested():
                if self._end(transaction, outcome, now):
                    then(transaction)

        written = _attempted(outcome.job, end)
        if written.reason is not None:
            self._end(transaction, written, now)

    def _end(self, transaction: Connection, outcome: _Outcome, now: datetime) -> bool:
        """Removes a job or has it tried again; False when its run has lost the lease, and with it its say."""
        job = outcome.job
        run = {"job": job.id, "run": job.runs}
        if outcome.reason is None:
            return transaction.execute(_REMOVE, run).rowcount == 1
        if outcome.is_postponed:
            values = {**run, "due": timestamp(now + POSTPONED_BY), "died": None, "why": outcome.reason}
            return transaction.execute(_POSTPONE, values).rowcount == 1
        delays = self._kind(job).delays
        is_dead = job.runs > len(delays)
        due = now if is_dead else now + delays[job.runs - 1]
        died = timestamp(now) if is_dead else None
        values = {**run, "due": timestamp(due), "died": died, "why": outcome.reason[:LONGEST_REASON]}
        return transaction.execute(_RETURN, values).rowcount == 1

    def _work(self) -> None:
        while (job := self._claimed.get()) is not None:
            self._run(job)

    def _run(self, job: Job) -> None:
        """Runs one job; whatever goes wrong, the lane goes on."""
        kind = self._kind(job)
        run = kind.run if job.runs <= len(kind.delays) + 1 + MOST_CUT_OFF else _run_no_more
        try:
            outcome = _attempted(job, partial(run, job))
        except (StorageFull, StorageUnavailable) as error:
            outcome = _Outcome(job, error.message, is_postponed=True)
        with self._guard:
            del self._busy.jobs[job.id]
            self._busy.ended.append(outcome)
        self._news.set()

    def _kind(self, job: Job) -> Kind:
        return self._kinds.get(job.kind) or Kind(_run_unknown, self._name, ())


def _attempted(job: Job, work: Callable[[], Then | None]) -> _Outcome:
    """What came of a piece of work for a job, whatever that is; only that the database cannot be used is raised."""
    try:
        return _Outcome(job, then=work())
    except (StorageFull, StorageUnavailable):
        raise
    except KolliError as error:
        log.info("Job %s (%s) did not succeed: %s", job.id, job.kind, error.message)
        return _Outcome(job, error.message, error.then if isinstance(error, Again) else None)
    except (Exception, SystemExit, CancelledError):  # the last two end a thread, and a lane would have one less
        log.exception("Job %s (%s) was broken off", job.id, job.kind)
        return _Outcome(job, "It was broken off by an error that the log tells of.")


def _run_no_more(job: Job) -> None:
    raise KolliError(f"It was begun {job.runs - 1} times, and its process has died of it too often, or with it.")


def _run_unknown(job: Job) -> None:
    raise KolliError(f"This program knows no jobs of the kind {job.kind!r}.")
