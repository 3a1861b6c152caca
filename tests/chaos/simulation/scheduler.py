"""Who runs when, and what time it is: decided by one seed.

Actors are the threads of the world, of which exactly one runs at a time. It hands over at its pauses, and only there:
who is next is drawn, and so is how much time has passed. Nothing else decides anything, so the same seed is the same
run. They are greenlets, stacks that one real thread changes between: handing over to a real one costs far more.
"""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random
from zlib import crc32

from greenlet import getcurrent, greenlet

MOST_STEPS = 6_000
"""A run that takes more steps goes round in circles."""

REMEMBERED = 60
"""Steps that are told of a run that has failed."""

NEVER = 10**15


class Death(BaseException):
    """The process of this actor ends here, as by kill -9: no handler of ours may make anything of it."""


class Stuck(AssertionError):
    """A run that does not come to an end."""


@dataclass(eq=False)
class Actor:
    """One of them. It waits while `until`, if there is one, says no, and `wakes_at` (milliseconds) has not come."""

    name: str
    house: object  # what it dies with; None: the world outside
    until: Callable[[], bool] | None = None
    wakes_at: int = 0
    is_doomed: bool = False
    is_over: bool = False
    died: bool = False
    is_watching: bool = False  # its reads are no places where somebody else has their turn
    stack: greenlet = field(default_factory=greenlet)


class Scheduler:
    """Draws who is next, and moves the time. `after_step` is called between two steps; what it raises ends the run."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.now = 0  # milliseconds since the beginning; this time never jumps
        self.steps = 0
        self.actors: list[Actor] = []
        self.after_step: Callable[[], None] = lambda: None
        self.failure: BaseException | None = None
        self.is_hurried = False  # whether time passes between steps only when everybody waits
        self.said: deque[str] = deque(maxlen=REMEMBERED)
        self.fingerprint = 0
        self.me: Actor | None = None  # who runs; None outside of a run
        self._outside = getcurrent()

    # What actors call

    def say(self, what: str) -> None:
        """Writes down what happens."""
        me = self.me
        line = f"{self.steps:5} {self.now / 1000:10.3f}s {me.name if me else '-':<22} {what}"
        self.fingerprint = crc32(line.encode(), self.fingerprint)
        self.said.append(line)

    def pause(self, what: str = "") -> None:
        """Lets somebody else run, or not. Death when the actor's process has died meanwhile."""
        me = self.me
        if me is None:
            return
        if what:
            self.say(what)
        me.until, me.wakes_at = None, 0
        self._hand_over(me)

    def wait(self, until: Callable[[], bool] | None, milliseconds: int = NEVER) -> bool:
        """Waits until that is so, or that long; gives whether it is so."""
        me = self.me
        if me is None:
            return until is None or until()
        me.until, me.wakes_at = until, min(NEVER, self.now + milliseconds)
        self._hand_over(me)
        return until is None or until()

    def sleep(self, milliseconds: int) -> None:
        """Waits that long."""
        self.wait(None, milliseconds)

    def check_alive(self) -> None:
        """Death when the actor's process has died: what it did from now on would not happen."""
        me = self.me
        if me is not None and me.is_doomed:
            raise Death

    def start(self, name: str, work: Callable[[], None], house: object = None) -> Actor:
        """A new actor, which does this work once its turn has come."""
        actor = Actor(name, house)
        actor.stack = greenlet(partial(self._live, actor, work), parent=self._outside)
        self.actors.append(actor)
        return actor

    def kill(self, house: object) -> None:
        """Ends all actors of a process where they stand; returns when they are gone."""
        for actor in self.actors:
            if actor.house is house:
                actor.is_doomed = True

    # Outside of the run

    def run(self) -> None:
        """Runs all actors to their ends. Raises what a check or an actor has raised."""
        while (chosen := self._draw()) is not None:
            self._pass_on(chosen)  # and back, whenever one of them has come to its end
        self.me = None
        if self.failure is not None:
            raise self.failure

    # Within

    def _live(self, actor: Actor, work: Callable[[], None]) -> None:
        try:
            if not actor.is_doomed:
                work()
        except Death:
            actor.died = True
        except BaseException as error:  # noqa: BLE001 - it is raised again by `run`
            self._fail(error)
        actor.is_over = True
        self.actors.remove(actor)
        self._step()

    def _hand_over(self, me: Actor) -> None:
        self._step()
        chosen = self._draw()
        if chosen is not None and chosen is not me:
            self._pass_on(chosen)
        if me.is_doomed:
            raise Death

    def _pass_on(self, chosen: Actor) -> None:
        self.me = chosen
        chosen.stack.switch()

    def _step(self) -> None:
        """What happens between two steps."""
        self.steps += 1
        if self.failure is not None:
            return
        if self.steps > MOST_STEPS:
            self._fail(Stuck(f"It has not come to an end after {MOST_STEPS} steps."))
            return
        try:
            self.after_step()
        except BaseException as error:  # noqa: BLE001 - it is raised again by `run`
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Ends the run: everybody dies."""
        if self.failure is None:
            self.failure = error
        for actor in self.actors:
            actor.is_doomed = True

    def _draw(self) -> Actor | None:
        """Who is next; None when nobody is left. Where all wait, time passes until the first of them wakes."""
        if not self.actors:
            return None
        if not self.is_hurried:
            self.now += self._passes()
        doomed = [actor for actor in self.actors if actor.is_doomed]
        if doomed:
            return doomed[0]
        while True:
            now = self.now
            ready = [each for each in self.actors if now >= each.wakes_at or (each.until is not None and each.until())]
            if ready:
                return ready[self.random.randrange(len(ready))] if len(ready) > 1 else ready[0]
            wakes_at = min(actor.wakes_at for actor in self.actors)
            if wakes_at >= NEVER:
                self._fail(Stuck("Everybody waits for ever: " + ", ".join(actor.name for actor in self.actors)))
                return self.actors[0]
            self.now = wakes_at

    def _passes(self) -> int:
        """How long a step takes: mostly next to nothing, sometimes seconds."""
        drawn = self.random.random()
        return int(drawn * 20) if drawn < 0.9 else int((drawn - 0.9) * 20_000)


class Lock:
    """A lock whose waiters hand over, in place of `threading.Lock`."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._is_held = False

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """Waits until it is free, and takes it."""
        if self._is_held and not blocking:
            return False
        milliseconds = NEVER if timeout < 0 else int(timeout * 1000)
        if self._is_held and not self._scheduler.wait(lambda: not self._is_held, milliseconds):
            return False
        self._is_held = True
        return True

    def release(self) -> None:
        """Lets it go."""
        self._is_held = False

    def locked(self) -> bool:
        """Whether somebody has it."""
        return self._is_held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class Condition(Lock):
    """In place of `threading.Condition`: whoever waits looks again whenever their turn might come."""

    def wait_for(self, predicate: Callable[[], bool], timeout: float | None = None) -> bool:
        """Gives the lock back until it is so, or that long."""
        if predicate():
            return True
        self.release()
        try:
            milliseconds = NEVER if timeout is None else int(timeout * 1000)
            return self._scheduler.wait(lambda: not self._is_held and predicate(), milliseconds)
        finally:
            self._is_held = True

    def notify_all(self) -> None:
        """Nothing: they look by themselves."""

    def notify(self, n: int = 1) -> None:
        """Nothing: they look by themselves."""


class Threading:
    """In place of the module `threading`, for modules of ours that wait for each other's threads."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.Lock = self.RLock = partial(Lock, scheduler)  # nobody here takes one twice
        self.Condition = partial(Condition, scheduler)
        self.Thread = self._no_thread

    def _no_thread(self, **_: object) -> None:
        """What runs, runs as an actor."""

    def __getattr__(self, name: str) -> object:
        return getattr(threading, name)
