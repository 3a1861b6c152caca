"""One run: a seed, and what comes of it.

By hand: python -m tests.chaos.simulation SEED [HOW MANY]
"""

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from zlib import crc32

from kolli.errors import Conflict
from kolli.operations.context import Installation
from kolli.operations.settle_by_hand import say_that_it_does_not, say_that_it_exists
from tests.chaos.simulation.carriers import CARRIERS
from tests.chaos.simulation.houses import House
from tests.chaos.simulation.invariants import Broken, Watch
from tests.chaos.simulation.people import ANNOUNCE, BATCH, SYNC, People, Purchase
from tests.chaos.simulation.stage import Stage, simulated

PEACE_MS = 48 * 3600 * 1000
"""How long everything is left in peace in the end, at most."""

TOLD = 40
"""Steps that are told of a run that has failed."""


@dataclass
class Outcome:
    """What came of a run. `failure` is empty when every promise was kept."""

    seed: int
    failure: str = ""
    invariant: str = ""
    steps: int = 0
    fingerprint: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    told: tuple[str, ...] = ()

    def __str__(self) -> str:
        """For people: what failed, how it came to that, and how to see it again."""
        if not self.failure:
            return f"Seed {self.seed}: {self.steps} steps, nothing broken."
        lines = "\n".join(self.told[-TOLD:])
        return (
            f"Seed {self.seed} breaks a promise after {self.steps} steps.\n{self.failure}\n\n"
            f"The last steps:\n{lines}\n\nSee it again with: python -m tests.chaos.simulation {self.seed}"
        )


class Simulation:
    """The world of one seed."""

    def __init__(self, seed: int) -> None:
        self.stage = Stage(seed)
        self.scheduler = self.stage.scheduler
        self.random = self.scheduler.random
        self.network = self.stage.network
        self.counts = self.network.counts
        self.watch = Watch(self.stage.database, self.network.ledger, self.scheduler.say)
        self.houses = [House(number, self.stage) for number in range(1, _processes(self.random) + 1)]
        self.people = People(self.stage, self.houses, self.watch, self.counts)
        self.scheduler.after_step = self._after_step

    def run(self) -> None:
        """Runs it to the end; raises what was broken."""
        self.scheduler.start("fate", self._world)
        self.scheduler.run()

    def _after_step(self) -> None:
        self.network.arrive()
        self.watch.check()

    def _world(self) -> None:
        """Begins everything, lets things happen, and leaves all in peace in the end."""
        self.houses[0].start(self.houses)
        self.scheduler.wait(lambda: self.houses[0].is_up)
        for house in self.houses[1:]:
            house.start(self.houses)
        for purchase in self._purchases():
            self._send_people(purchase)
        for _ in range(self.random.randrange(5)):
            target = self.scheduler.steps + self.random.randrange(120)
            self.scheduler.wait(lambda: self.scheduler.steps >= target, 300_000)  # noqa: B023 - used at once
            self._something_happens()
        self.scheduler.wait(lambda: self.people.busy == 0, 3600 * 1000)
        self._peace()

    def _purchases(self) -> list[Purchase]:
        """Two or three things that are bought."""
        found = []
        for number in range(self.random.randrange(1, 3)):
            carrier = CARRIERS[self.random.randrange(len(CARRIERS))].code
            kind = (SYNC, SYNC, BATCH, ANNOUNCE)[self.random.randrange(4)]
            boxes = 1 if kind == SYNC or self.random.random() < 0.4 else self.random.randrange(2, 4)
            is_so = self.random.random() < 0.4
            found.append(Purchase(carrier, number, kind, boxes, has_reference=is_so, has_company=is_so))
        return found

    def _send_people(self, purchase: Purchase) -> None:
        is_only_known_by_key = purchase.kind == ANNOUNCE and not purchase.has_reference
        first = f"key-{purchase.order_id}" if is_only_known_by_key or self.random.random() < 0.75 else None
        self.people.begin(f"client {purchase.order_id}", self.people.client(purchase, first))
        drawn = self.random.random()
        if drawn < 0.6:  # a double click, or another system that wants the same
            second = first if drawn < 0.35 or is_only_known_by_key else None
            if drawn > 0.5 and second is None:
                second = f"other-{purchase.order_id}"
            self.people.begin(f"rival {purchase.order_id}", self.people.client(purchase, second))
        if purchase.kind != ANNOUNCE and self.random.random() < 0.3:
            self.people.begin(f"editor {purchase.order_id}", self.people.editor(purchase.carrier, purchase.number))
        if self.random.random() < 0.35:
            self.people.begin(f"canceller {purchase.order_id}", self.people.canceller(purchase))

    # What happens to processes, clocks and disks

    def _something_happens(self) -> None:
        match self.random.randrange(10):
            case 0 | 1 | 2 | 3 | 4:
                self._crash()
            case 5 | 6:
                self._set_the_clock()
            case 7 | 8:
                self._fill_the_disk()
            case _:
                self.houses[self.random.randrange(len(self.houses))].freeze()
                self.counts["process: does not renew its leases"] += 1

    def _crash(self) -> None:
        up = [house for house in self.houses if house.is_up]
        if not up:
            return
        house = up[self.random.randrange(len(up))]
        house.die()
        self.counts["process: killed"] += 1
        self.scheduler.wait(lambda: not house.is_alive, 1)
        self.scheduler.sleep(self.random.randrange(1, 60_000))
        house.start(self.houses)

    def _set_the_clock(self) -> None:
        """Forward or backward. What is on its way arrives first: nobody could tell a day from a jump of a day."""
        minutes = (self.random.randrange(1, 3_000), -self.random.randrange(1, 180))[self.random.randrange(2)]
        if len(self.houses) > 1:
            minutes = max(-3, min(3, minutes))  # processes go by one clock, and by the time that a lease leaves them
        self.network.arrive(all_of_it=True)
        self.stage.offset += timedelta(minutes=minutes)
        self.scheduler.say(f"the clock is set by {minutes} minutes")
        self.counts[f"clock: set {'forward' if minutes > 0 else 'back'}"] += 1

    def _fill_the_disk(self) -> None:
        self.scheduler.say("the disk fills up")
        self.stage.database.room.is_full = True
        target = self.scheduler.steps + self.random.randrange(60)
        self.scheduler.wait(lambda: self.scheduler.steps >= target, 60_000)
        self.stage.database.room.is_full = False
        self.scheduler.say("the disk is emptied")
        self.counts["disk: full for a while"] += 1

    # The end

    def _peace(self) -> None:
        """Nothing goes wrong any more: what can be settled has to be settled now."""
        self.scheduler.say("all is left in peace")
        self.network.is_fair = self.scheduler.is_hurried = True
        self.network.arrive(all_of_it=True)
        self.scheduler.wait(self._is_settled, PEACE_MS)
        if self._settle_by_hand():
            self.scheduler.wait(self._is_settled, PEACE_MS)
        self.counts["disk: a transaction met a full one"] += self.stage.database.full_disks
        self.counts["lease: taken by another process"] += self.watch.leases_lost
        for house in self.houses:
            house.die()
        self.watch.check_end()

    def _settle_by_hand(self) -> int:
        """Somebody asks the carriers that cannot be asked by us, and says what they say; gives how many that were."""
        installation = self.stage.an_installation()
        waiting = self.watch.waiting_for_a_person()
        for shipment_id in waiting:
            while shipment_id in self.watch.waiting_for_a_person():
                try:
                    self._say(shipment_id, installation)
                except Conflict:  # a process that has died had just asked about it
                    self.scheduler.sleep(60_000)
        return len(waiting)

    def _say(self, shipment_id: str, installation: Installation) -> None:
        booked = self.network.ledger.live(shipment_id)
        if booked and not booked[0].is_partial:
            say_that_it_exists(shipment_id, booked[0].numbers, installation)
            self.counts["by hand: it exists"] += 1
        else:
            self.scheduler.say(f"has {shipment_id[-4:]} taken back by telephone")
            self.network.ledger.cancel(booked)
            say_that_it_does_not(shipment_id, "The ledger has nothing.", installation)
            self.counts["by hand: it does not"] += 1

    def _is_settled(self) -> bool:
        return self.people.busy == 0 and not self.watch.unsettled() and all(house.is_quiet for house in self.houses)


def has_two_processes(seed: int) -> bool:
    """Whether a seed is about two processes that work on one database."""
    return _processes(Random(seed)) == 2


def _processes(random: Random) -> int:
    return 1 if random.random() < 0.5 else 2


def run(seed: int, *, is_logged: bool = False) -> Outcome:
    """Runs one seed."""
    outcome = Outcome(seed)
    before = logging.root.manager.disable
    if not is_logged:
        logging.disable(logging.CRITICAL)
    simulation = Simulation(seed)
    scheduler, database = simulation.scheduler, simulation.stage.database
    try:
        with simulated(scheduler):
            simulation.run()
    except Broken as broken:
        outcome.failure, outcome.invariant = str(broken), broken.invariant
    except Exception as error:  # noqa: BLE001 - told with its seed
        outcome.failure = outcome.invariant = f"{type(error).__name__}: {error}"
    finally:
        logging.disable(before)
        database.scheduler = None
    written = database.rows("SELECT shipment_id, from_state, to_state, at, reason FROM attempt_moves ORDER BY id")
    outcome.steps, outcome.fingerprint = scheduler.steps, crc32(repr(written).encode(), scheduler.fingerprint)
    outcome.told = tuple(scheduler.said)
    outcome.counts = simulation.counts + Counter({f"step: {name}": n for name, n in simulation.watch.moves.items()})
    return outcome
