"""A server that dies, breaks, hangs or runs out of disk at one border of a request.

It is the code of `kolli serve`, on a file and a socket. Only its edges are wrapped: every commit, the carrier's call,
its ledger, and the bytes of the answer. A *border* is the moment before or after one of these. They are counted as the
first request crosses them, so whoever adds a commit to the way of a label adds a border to the matrix.
"""

import asyncio
import os
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy import Connection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import kolli.app
from kolli.carriers.base import Announced, Booking
from kolli.carriers.sandbox import Ledger, SandboxCarrier
from kolli.database import Database
from kolli.documents.fonts import Fonts
from kolli.operations.context import Installation
from kolli.room import ROOM
from kolli.settings import Settings

CROSSED, HANGING, FULL = "borders", "hanging", "full"
"""Files beside the data: the borders as they were crossed; that the server hangs; that its disk is full.

The two last ones appear at the border, and whoever removes them lets the server go on, or makes room.
"""

LONGEST_HANG_SECONDS = 30

_ASIDE = ("requests.", "request_log.", "follow.", "deliver.", "idempotent_requests.sweep", "reconcile.")
"""Commits that are not on the way of the label: what the process does beside it."""

_SKIPPED = ("contextlib", "tests.chaos.doomed", "kolli.database", "kolli.operations.context")


class Fault(StrEnum):
    """What happens at a border."""

    KILL = "kill -9"
    BREAK = "exception"
    FULL = "disk full"
    HANG = "time-out"


@dataclass(frozen=True)
class Doom:
    """Where what happens."""

    border: str
    fault: Fault


class Broken(Exception):
    """A mistake in the program, of no kind that anybody expects."""


class Borders:
    """Counts and names borders from the first label that is asked for, and lets doom strike at one of them."""

    def __init__(self, data: Path, doom: Doom | None) -> None:
        self._data = data
        self._folder = folder = data.parent
        self._doom = doom
        self._is_armed = False
        self._guard = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._log = os.open(folder / CROSSED, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def arm(self) -> None:
        """Begins to count."""
        self._is_armed = True

    def cross(self, name: str) -> None:
        """A border on a thread."""
        if self._meets(name) is Fault.HANG:
            for _ in self._hangs():
                time.sleep(0.005)

    async def cross_in_loop(self, name: str) -> None:
        """A border on the event loop, which does not hang with one request."""
        if self._meets(name) is Fault.HANG:
            for _ in self._hangs():
                await asyncio.sleep(0.005)

    def _meets(self, name: str) -> Fault | None:
        """Has a border's fault happen, and says which that was; to hang is left to whoever can wait there."""
        fault = self._fault_at(name)
        match fault:
            case Fault.KILL:
                os.kill(os.getpid(), signal.SIGKILL)
            case Fault.BREAK:
                raise Broken(f"Broken off on purpose {name}.")
            case Fault.FULL:
                (self._folder / FULL).touch()
        return fault

    def use_disk(self, transaction: Connection) -> None:
        """A transaction wants room: has SQLite say that there is none, unless what was kept for answers is given up."""
        room = self._data / ROOM
        if not (self._folder / FULL).exists() or (room.exists() and not room.stat().st_size):
            return
        transaction.exec_driver_sql("PRAGMA max_page_count = 1")  # it becomes as many as there are
        try:
            transaction.exec_driver_sql("CREATE TABLE larger_than_the_disk AS SELECT zeroblob(16777216)")
        finally:
            transaction.exec_driver_sql("PRAGMA max_page_count = 4294967294")

    def _fault_at(self, name: str) -> Fault | None:
        if not self._is_armed:
            return None
        with self._guard:
            self._counts[name] += 1
            count = self._counts[name]
            numbered = name if count == 1 else f"{name} ({count})"
            os.write(self._log, f"{numbered}\n".encode())
        return self._doom.fault if self._doom and self._doom.border == numbered else None

    def _hangs(self) -> Iterator[None]:
        sign = self._folder / HANGING
        sign.touch()
        end = time.monotonic() + LONGEST_HANG_SECONDS
        while sign.exists() and time.monotonic() < end:
            yield


@dataclass(frozen=True)
class _Web:
    """The application, with a border at each end of the answers to those who want labels."""

    application: ASGIApp
    borders: Borders

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wants_label = scope["type"] == "http" and scope["method"] == "POST" and "label" in scope["path"]
        wants_label = wants_label or scope["path"].endswith("/shipments/announce")
        if not wants_label:
            await self.application(scope, receive, send)
            return

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                await self.borders.cross_in_loop("before the answer")
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                await self.borders.cross_in_loop("after the answer")

        self.borders.arm()
        await self.application(scope, receive, sent)


def run(data: Path, doom: Doom | None, told: Any, port: int) -> None:
    """Serves in this process, which has been forked for it; says on which port it answers through the pipe `told`."""
    for name in [name for name in os.environ if name.startswith("KOLLI_")]:
        del os.environ[name]
    output = os.open(data.parent / "output", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    borders = Borders(data, doom)
    _wrap(borders)

    def started(installation: Installation) -> None:
        told.send(installation.settings.port)

    kolli.app.serve(Settings(data=data, port=port), started)


@cache
def fonts() -> Fonts:
    """The fonts of every server, which the process that forks them has loaded: half of a start is that."""
    return kolli.app.find_fonts(Settings())


def _wrap(borders: Borders) -> None:
    _replace(Database, "_transaction", lambda transaction: _transaction(transaction, borders))
    _replace(Ledger, "book", lambda book: _book(book, borders))
    _replace(SandboxCarrier, "announce", lambda announce: _announce(announce, borders))
    loaded = fonts()
    _replace(kolli.app, "find_fonts", lambda _: lambda _: loaded)
    _replace(uvicorn, "Config", lambda config: lambda app, **settings: config(_Web(app, borders), **settings))


def _replace(owner: object, name: str, wrapped: Callable[[Any], Any]) -> None:
    setattr(owner, name, wrapped(getattr(owner, name)))


def _transaction(begin: Callable[..., Any], borders: Borders) -> Callable[..., Any]:
    @contextmanager
    def crossing(database: Database, *args: Any, **options: Any) -> Iterator[Connection]:
        name = _commit_by(sys._getframe())
        if name.startswith(_ASIDE) or (name.endswith("_turn") and "-labels" not in threading.current_thread().name):
            with begin(database, *args, **options) as transaction:
                yield transaction
                borders.use_disk(transaction)
            return
        with begin(database, *args, **options) as transaction:
            yield transaction
            borders.cross(f"before the commit of {name}")
            borders.use_disk(transaction)
        borders.cross(f"after the commit of {name}")

    return crossing


def _commit_by(frame: Any) -> str:
    """Who commits: the nearest function that is none of the database's."""
    while frame.f_globals.get("__name__") in _SKIPPED:
        frame = frame.f_back
    module = frame.f_globals.get("__name__", "").rpartition(".")[2]
    return f"{module}.{frame.f_code.co_qualname.replace('_LaneWorkers.', '').partition('.<')[0]}"


def _book(book: Callable[..., Any], borders: Borders) -> Callable[..., Any]:
    def crossing(ledger: Ledger, booking: Booking, *args: Any, **options: Any) -> Any:
        booked = book(ledger, booking, *args, **options)
        borders.cross("after the carrier has booked")
        return booked

    return crossing


def _announce(announce: Callable[..., Announced], borders: Borders) -> Callable[..., Announced]:
    def crossing(carrier: SandboxCarrier, booking: Booking) -> Announced:
        borders.cross("before the carrier's call")
        announced = announce(carrier, booking)
        borders.cross("after the carrier's answer")
        return announced

    return crossing
