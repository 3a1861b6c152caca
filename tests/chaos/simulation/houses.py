"""Processes: what one keeps in memory is its own, and gone when it dies; the database is the one there is."""

from collections.abc import Callable, Sequence
from functools import partial
from queue import Empty
from typing import Any

from kolli.app import begin
from kolli.errors import StorageFull, StorageUnavailable
from kolli.jobs import SAME_TIME
from kolli.jobs.workers import LONGEST_WAIT_SECONDS, WAIT_AFTER_ERROR_SECONDS
from kolli.operations.background import workers
from kolli.operations.context import Installation
from kolli.operations.leases import Keeper
from kolli.shipments.attempts import LEASE
from tests.chaos.simulation.door import Answered, call
from tests.chaos.simulation.scheduler import NEVER
from tests.chaos.simulation.stage import Stage

LANES_AT_WORK = ("labels", "checks")

LOOKS_EVERY_MS = 30_000
"""How often a process looks after its leases here: more often changes nothing, and takes steps."""


class House:
    """One process, over all its lives."""

    installation: Installation

    def __init__(self, number: int, stage: Stage) -> None:
        self.name = f"p{number}"
        self.stage = stage
        self.scheduler = stage.scheduler
        self.is_up = False
        self.is_starting = False
        self.lives = 0
        self.frozen_until = 0  # its keeper of leases does nothing before

    def start(self, others: Sequence["House"]) -> None:
        """Starts it, as a server is started; beside another process it leaves to that one what is for one only.

        One that cannot start, because the disk is full, is started again a little later, as by a service manager.
        """
        is_alone = not any(other.is_up or other.is_starting for other in others if other is not self)
        self.lives += 1
        self.is_starting = True
        self.installation = self.stage.an_installation()
        self.scheduler.say(f"{self.name} starts{' alone' if is_alone else ''}")

        def work() -> None:
            try:
                self._begin(is_alone=is_alone)
            except (StorageFull, StorageUnavailable):
                self.scheduler.say(f"{self.name} cannot start")
                self.stage.network.counts["process: could not start"] += 1
                self.is_starting = False
                self.scheduler.start(f"{self.name} again", again)

        def again() -> None:
            self.scheduler.sleep(30_000)
            self.start(others)

        self._spawn("start", work)

    def die(self) -> None:
        """Ends it, as by kill -9."""
        self.scheduler.say(f"{self.name} dies")
        self.is_up = self.is_starting = False
        self.scheduler.kill(self)

    @property
    def is_alive(self) -> bool:
        """Whether one of its threads is left."""
        return any(actor.house is self for actor in self.scheduler.actors)

    @property
    def is_quiet(self) -> bool:
        """Whether it does nothing but wait for what may come."""
        if not self.is_up:
            return False
        return sum(actor.house is self for actor in self.scheduler.actors) == len(LANES_AT_WORK) + 1

    def ask(self, who: str, method: str, path: str, body: object = None, **others: Any) -> "Asked":
        """Sends it a request, on a thread of its own."""
        asked = Asked(self)

        def work() -> None:
            try:
                asked.answer = call(
                    self.installation,
                    method,
                    path,
                    body,
                    authorization=self.stage.template.authorization,
                    **others,
                )
            finally:
                asked.is_over = True

        asked.actor = self._spawn(who, work)
        return asked

    def _begin(self, *, is_alone: bool) -> None:
        if is_alone:
            begin(self.installation)
        lanes = workers(self.installation)._lanes
        for lane in lanes:
            if lane._name in LANES_AT_WORK:
                self._spawn(lane._name, self._dispatches(lane)).is_watching = True
        self._spawn("keeper", self._keeps_leases)
        self.is_up, self.is_starting = True, False
        self.scheduler.say(f"{self.name} is up")

    def _dispatches(self, lane: Any) -> Callable[[], None]:
        """What a lane's own dispatcher does, with an actor for each job that is run."""

        def work() -> None:
            while True:
                lane._news.clear()
                if not self._has_work(lane):
                    self._waits(lane, LONGEST_WAIT_SECONDS)
                    continue
                try:
                    wait = lane._step()
                except (StorageFull, StorageUnavailable):  # as `Workers` has it
                    self.scheduler.sleep(int(WAIT_AFTER_ERROR_SECONDS * 1000))
                    continue
                while True:
                    try:
                        job = lane._claimed.get_nowait()
                    except Empty:
                        break
                    self._spawn(f"{job.kind} {job.id}", partial(lane._run, job))
                if wait:
                    self._waits(lane, wait)

        return work

    def _waits(self, lane: Any, seconds: float) -> None:
        """Until something may be due: it looks away for no longer than it would, but only wakes for a reason."""
        changes, offset = self.stage.database.changes, self.stage.offset

        def has_news() -> bool:
            if lane._news.is_set() or self.stage.offset != offset:
                return True
            return self.stage.database.changes != changes and self._is_due(lane._name)

        milliseconds = int(seconds * 1000) + 1
        if seconds >= LONGEST_WAIT_SECONDS:
            milliseconds = self._due_in(lane._name)
        self.scheduler.wait(has_news, milliseconds)

    def _has_work(self, lane: Any) -> bool:
        """Whether it is worth its while to look: what it would find out with a transaction, we know already."""
        now = self.stage.clock()
        return bool(lane._busy.ended) or self._is_due(lane._name) or now < lane._latest - SAME_TIME

    def _is_due(self, lane: str) -> bool:
        return self.stage.next_due(lane) <= self.scheduler.now

    def _due_in(self, lane: str) -> int:
        """Milliseconds until the next job of a lane is due, but a few seconds at least: some may be in our hands."""
        due = self.stage.next_due(lane)
        return NEVER if due == NEVER else max(int(LONGEST_WAIT_SECONDS * 1000), due - self.scheduler.now)

    def _keeps_leases(self) -> None:
        installation = self.installation
        keeper = Keeper(installation.calls, installation.database, installation.owner, installation.clock)
        while True:
            self.scheduler.wait(lambda: bool(installation.calls._held_since))
            if self.scheduler.now >= self.frozen_until:
                keeper.look()
            self.scheduler.sleep(LOOKS_EVERY_MS)

    def freeze(self) -> None:
        """Has it say nothing for longer than a lease."""
        self.scheduler.say(f"{self.name} does not renew its leases for a while")
        self.frozen_until = self.scheduler.now + int(LEASE.total_seconds() * 1500)

    def _spawn(self, name: str, work: Callable[[], None]) -> Any:
        return self.scheduler.start(f"{self.name} {name}", work, self)


class Asked:
    """A request that is on its way; without an answer in the end, its process has died."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.is_over = False
        self.answer: Answered | None = None
        self.actor: Any = None

    @property
    def is_gone(self) -> bool:
        """Whether there is nothing to wait for any more."""
        return self.is_over or self.actor.is_over
