"""What is not simulated: our code, on a real database in memory. What is: the clock, chance, and who runs when."""

import secrets
import sqlite3
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, fields
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Engine, select

import kolli.app
import kolli.jobs.workers
import kolli.operations.calls
import kolli.operations.keys_at_work
import kolli.operations.reconcile
import kolli.sequences
from kolli.account.accounts import Account
from kolli.account.contracts import Contract, add_contract
from kolli.account.keys import ApiKey
from kolli.account.number_ranges import add_number_range
from kolli.carriers.registry import Carriers
from kolli.database import Database
from kolli.errors import StorageFull
from kolli.operations.context import Context, Installation
from kolli.room import Room
from kolli.schema import orders
from kolli.sequences import Sequences
from tests.chaos.simulation.carriers import CARRIERS, ModelCarrier, Network, Ranged, Refusing
from tests.chaos.simulation.scheduler import NEVER, Scheduler, Threading
from tests.factories import NOW, a_caller, a_database, an_installation, an_item, an_order

ORDERS = 3
"""How many orders the shop has sent for each carrier; a run is about a few of them."""

PICKED_UP_EVERY = timedelta(minutes=4)
"""How often what was left behind is looked for here: more often changes nothing, and takes steps."""

WAITING_MODULES = (kolli.operations.calls, kolli.operations.keys_at_work, kolli.sequences, kolli.jobs.workers)
"""The modules whose threads wait for each other, also while they are between two transactions."""


class SimulatedRoom(Room):
    """The room for carriers' answers, on a disk that the run fills and empties."""

    def __init__(self) -> None:
        super().__init__()
        self.is_full = False  # the disk
        self.is_taken = True  # the room
        self.is_given = False  # at this moment

    @property
    def is_there(self) -> bool:
        return self.is_taken

    def check(self) -> None:
        self.is_taken = self.is_taken or not self.is_full
        if not self.is_taken:
            raise StorageFull("The room is not there.")

    @contextmanager
    def given_up(self) -> Iterator[None]:
        self.is_taken, self.is_given = False, True
        try:
            yield
        finally:
            self.is_given = False


class OneConnection:
    """In place of a pool of one connection: it is never given back, which would cost more than what is done with it."""

    def __init__(self, engine: Engine) -> None:
        self._connection = engine.connect()

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction, as an engine's."""
        with self._connection.begin():
            yield self._connection


class SimulatedDatabase(Database):
    """The real one, in memory. Between two transactions somebody else may have their turn, and the disk may be full."""

    def __init__(self) -> None:
        super().__init__(None)
        self._writer = self._reader = OneConnection(self._writer)  # type: ignore[assignment]
        self.scheduler: Scheduler | None = None
        self.room: SimulatedRoom = SimulatedRoom()
        self.full_disks = 0
        with self.write() as transaction:
            raw = transaction.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        self.raw = raw

    def reset(self, template: sqlite3.Connection, scheduler: Scheduler) -> None:
        """Begins a new run on a fresh copy; the connection stays, and with it what has been compiled for it."""
        template.backup(self.raw)
        self.scheduler = scheduler
        self.room = SimulatedRoom()
        self.full_disks = 0

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        scheduler = self.scheduler
        if scheduler is not None:
            scheduler.pause()
        with super()._transaction() as transaction:
            yield transaction
            if self.room.is_full and not self.room.is_given:
                self.full_disks += 1
                if scheduler is not None:
                    scheduler.say("the disk is full")
                raise StorageFull("The disk is full.")
        if scheduler is not None:
            scheduler.pause()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        scheduler = self.scheduler
        if scheduler is not None and scheduler.me is not None and not scheduler.me.is_watching:
            scheduler.pause()
        with super().read() as transaction:
            yield transaction

    @property
    def changes(self) -> int:
        """A number that grows with everything that is written."""
        return self.raw.total_changes

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What stands in the database, for whoever watches the run: nobody hands over for that."""
        return self.raw.execute(statement, values).fetchall()


class Template:
    """An account with contracts and orders, made once for all runs of a process."""

    def __init__(self) -> None:
        self.folder = TemporaryDirectory()
        idle = Network(Scheduler(0))
        self.carriers: tuple[ModelCarrier, ...] = tuple(carrier(idle) for carrier in CARRIERS)
        database = a_database()
        self.installation = an_installation(
            Path(self.folder.name), carriers=self.carriers, database=database, tracking_minutes=0
        )
        self.caller = a_caller(self.installation)
        contracts = (
            Contract(1601, Ranged.code, "Ranged", is_default=True),
            Contract(1602, Refusing.code, "Refusing", is_default=True),
        )
        with database.write() as transaction:
            for contract in contracts:
                add_contract(transaction, 1, contract)
                add_number_range(
                    transaction, 1, contract.id, 1, 99_999_999, is_live=False, vault=self.installation.vault
                )
        documents = [an_order_of(carrier.code, number) for carrier in self.carriers for number in range(ORDERS)]
        self.caller.store(*documents)
        self.authorization = self.caller.client.get("/api/v3/user/auth/metadata").request.headers["Authorization"]
        with database.read() as transaction:
            found = transaction.execute(select(orders.c.order_id, orders.c.id))
            self.ids = {row.order_id: row.id for row in found}
        with database.write() as transaction:
            raw = transaction.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        self.raw = raw
        self.database = SimulatedDatabase()

    @property
    def account(self) -> Account:
        return self.caller.context.account

    @property
    def key(self) -> ApiKey:
        return self.caller.context.key


@cache
def the_template() -> Template:
    """The one of this process."""
    return Template()


def an_order_of(carrier: str, number: int, revision: int = 1) -> dict[str, Any]:
    """An order whose every printed part says which revision it is of."""
    document = an_order(order_id=f"{carrier}-{number}", order_number=f"{carrier.upper()}-{number}")
    document["order_details"]["order_items"] = [an_item(name=f"Candle {revision}", sku=f"SKU-{revision}")]
    document["shipping_address"] |= {"house_number": str(revision), "name": f"Femke {revision}"}
    return document


class Stage:
    """One run's installations, on one database, with one clock."""

    def __init__(self, seed: int) -> None:
        self.template = the_template()
        self.scheduler = Scheduler(seed)
        self.network = Network(self.scheduler)
        self.database = self.template.database
        self.database.reset(self.template.raw, self.scheduler)
        self.offset = timedelta()  # how far the clock on the wall is from the time that has passed
        for carrier in self.template.carriers:
            carrier.network = self.network
        self.carriers = Carriers(self.template.carriers)
        self._due: dict[str, int] = {}
        self._due_of: tuple[int, timedelta] | None = None

    def clock(self) -> datetime:
        """What the clock on the wall says."""
        return NOW + timedelta(milliseconds=self.scheduler.now) + self.offset

    def next_due(self, lane: str) -> int:
        """When the next job of a lane is due, whoever runs it, in the scheduler's time; NEVER when there is none."""
        seen = (self.database.changes, self.offset)
        if self._due_of != seen:
            found = self.database.rows("SELECT lane, min(due_at) FROM jobs WHERE died_at IS NULL GROUP BY lane")
            self._due = {name: self._milliseconds(datetime.fromisoformat(due_at)) for name, due_at in found}
            self._due_of = seen
        return self._due.get(lane, NEVER)

    def _milliseconds(self, at: datetime) -> int:
        """The first moment of the scheduler's at which the clock on the wall says so."""
        return -((NOW + self.offset - at) // timedelta(milliseconds=1))

    def an_installation(self) -> Installation:
        """A process's own: what it keeps in memory is new, the database is the one there is."""
        base = self.template.installation
        given = {
            each.name: getattr(base, each.name)
            for each in fields(Installation)
            if each.default is MISSING and each.default_factory is MISSING
        }
        own = {"database": self.database, "carriers": self.carriers, "clock": self.clock}
        own |= {"sequences": Sequences(self.database, self.scheduler.random), "random": self.scheduler.random}
        return Installation(**{**given, **own})

    def a_context(self, installation: Installation) -> Context:
        """The caller, known to this process."""
        return Context(installation, self.template.account, self.template.key)


@contextmanager
def simulated(scheduler: Scheduler) -> Iterator[None]:
    """Has our code take time, chance and locks from a run, as long as the block lasts."""
    random = scheduler.random

    def pick(sequence: Any) -> Any:
        return sequence[random.randrange(len(sequence))]

    instead = Threading(scheduler)
    replaced: list[tuple[Any, str, object]] = [
        (module, name, instead if name == "threading" else getattr(instead, name))
        for module in WAITING_MODULES
        for name in ("threading", "Lock", "Condition")
        if name in vars(module)
    ]
    replaced += [(kolli.operations.reconcile, "PICKED_UP_EVERY", PICKED_UP_EVERY)]
    replaced += [(kolli.app, "seal_what_is_readable", lambda *_: 0)]  # of contracts, which no run changes
    replaced += [(secrets, "randbelow", random.randrange), (secrets, "choice", pick)]
    replaced += [
        (module, name, lambda: uuid.UUID(int=random.getrandbits(128), version=4))
        for module, name in _holding(uuid.uuid4)
    ]
    replaced += [(module, name, lambda: scheduler.now / 1000) for module, name in _holding(time.monotonic)]
    before = [(holder, name, getattr(holder, name)) for holder, name, _ in replaced]
    for holder, name, new in replaced:
        setattr(holder, name, new)
    try:
        yield
    finally:
        for holder, name, original in before:
            setattr(holder, name, original)


@cache
def _holding(function: Callable[..., object]) -> tuple[tuple[Any, str], ...]:
    """Where modules of ours hold this function, by the names that they have for it."""
    modules = [module for name, module in sys.modules.items() if name.split(".")[0] == "kolli"]
    return tuple((module, name) for module in modules for name, held in vars(module).items() if held is function)
