"""Starts a real server on a free port, in threads of the process that tests, and ends it again."""

import json
import socket
import threading
import time
import urllib.error
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

from kolli.account.accounts import Pending
from kolli.account.pending import add_pending
from kolli.account.requests import LoggedRequest, Wanted, list_requests
from kolli.api.description import check_route
from kolli.app import Running, at_work, build, listen, open_database, sole_server
from kolli.carriers.registry import installed_carriers
from kolli.carriers.sandbox import LedgerEntry, SandboxCarrier, a_number
from kolli.demo import INTEGRATION, LOOPBACK, Caller, Credentials
from kolli.jobs import find_next_due, is_all_done
from kolli.operations.background import LANES, workers
from kolli.operations.misbehave import HEADER
from kolli.operations.reconcile import LEFT_BEHIND
from kolli.scenarios import parse
from kolli.testing.clock import MOMENT, Clock
from kolli.testing.orders import an_order
from kolli.testing.prepared import KEY, fonts, prepare, settings_in
from kolli.testing.webhooks import Kept, Webhook

PATIENCE_SECONDS = 60
"""After this long something hangs. A busy machine is slow without anything being wrong."""

ACCOUNT = 1

EVERY_MINUTE = (LEFT_BEHIND,)
"""Kinds of work that are done when time has passed, and not once for every minute of it: they find nothing to do."""

AGENT = "kolli.testing"
"""Who asks when this module does."""


@dataclass(frozen=True)
class Order:
    """An order that was added: our id of it, and what the shop calls it."""

    id: int
    order_id: str
    order_number: str


class LabelServer:
    """A server for one test: where it is, who may ask it, and what has come of that."""

    def __init__(self, running: Running, clock: Clock, sandbox: SandboxCarrier, webhooks: list[Webhook]) -> None:
        self._running = running
        self._sandbox = sandbox
        self._webhooks = webhooks
        self._orders = 0
        self.url = running.installation.public_url
        self.public_key, self.secret = KEY.public_key, KEY.secret
        self.integration_id = INTEGRATION
        self.folder = running.installation.settings.data  # for `kolli` commands: their KOLLI_DATA
        self.clock = clock
        clock.walk = self._walk

    @property
    def auth(self) -> tuple[str, str]:
        """User name and password, as most clients take them."""
        return self.public_key, self.secret

    @property
    def ledger(self) -> list[LedgerEntry]:
        """Every parcel the sandbox carrier has really booked, oldest first, whatever its callers were told."""
        return self._sandbox.ledger.entries()

    @property
    def webhooks(self) -> list[Webhook]:
        """What integration 70 has been told, oldest first, once all that is due is done."""
        self.run_due()
        return list(self._webhooks)

    def add_order(self, **changes: Any) -> Order:
        """Stores an order: a valid one, with these members changed.

        What is given for a member that has members itself is merged into it; None removes one. Its id and number count
        up: `TEST-1`, `TEST-2`.
        """
        return self.add_orders(changes)[0]

    def add_orders(self, *changes: Mapping[str, Any]) -> list[Order]:
        """Stores an order for each of these changes, all in one request."""
        documents = []
        for each in changes:
            self._orders += 1
            documents.append(an_order(self._orders, self.clock(), each))
        answer = json.loads(self._ask("POST", "/api/v3/orders", documents))["data"]
        return [
            Order(stored["id"], document["order_id"], document["order_number"])
            for stored, document in zip(answer, documents, strict=True)
        ]

    def next(self, scenario: str, *, times: int = 1, route: str = "") -> None:
        """Has the next requests that a scenario means something for go wrong: see `kolli sandbox list`.

        With a route only those whose path ends so. An unknown scenario is an Invalid that names those there are, and a
        route that leads nowhere is one, too.
        """
        known = parse(scenario)
        if route:
            check_route(route)
        if times < 1:
            raise ValueError(f"{times} requests cannot go wrong. Say how many are to.")
        with self._running.installation.database.write() as transaction:
            assert add_pending(transaction, ACCOUNT, [Pending(known.name, times, route.strip("/"))])

    def requests(self) -> list[LoggedRequest]:
        """What the server was asked and has answered, oldest first, without what this object asks itself."""
        assert self._running.request_log
        self._running.request_log.flush()
        with self._running.installation.database.read() as transaction:
            logged = list_requests(transaction, Wanted(), 1_000_000)
        return [request for request in logged if request.details.agent != AGENT]

    def run_due(self) -> None:
        """Waits until everything that is due has been done in the background, and what that has made due."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not self._is_all_done():
            if time.monotonic() > end:
                raise TimeoutError(f"What is due in the background is not done after {PATIENCE_SECONDS} seconds.")
            self._running.background.look()
            time.sleep(0.001)

    def _is_all_done(self) -> bool:
        with self._running.installation.database.read() as transaction:
            return is_all_done(transaction, self.clock())

    def _walk(self, moment: datetime) -> None:
        """Moves the clock from one thing that is due to the next, until a moment."""
        self.run_due()
        while (due := self._next_due()) is not None and due <= moment:
            self.clock.jump(max(due, self.clock()))
            self.run_due()
        self.clock.jump(moment)

    def _next_due(self) -> datetime | None:
        with self._running.installation.database.read() as transaction:
            return find_next_due(transaction, besides=EVERY_MINUTE)

    def _ask(self, method: str, path: str, body: object) -> bytes:
        # No scenario that waits for the test's requests is meant for this one.
        headers = {"User-Agent": AGENT, HEADER: "ok"}
        caller = Caller(self.url, Credentials(self.public_key, self.secret), headers)
        try:
            return caller.call(method, path, json.dumps(body).encode())
        except urllib.error.HTTPError as error:
            with error:
                raise AssertionError(f"The server refused: {error.read().decode()}") from None


@contextmanager
def serving_labels(*, now: datetime = MOMENT) -> Iterator[LabelServer]:
    """A server with one account that can ship, on a free port of this machine, for as long as the block lasts.

    It is the server that `kolli serve` starts, with a clock that stands still at `now`, numbers that are the same on
    every run, and an own folder that is removed in the end.
    """
    with TemporaryDirectory(prefix="kolli-testing-") as name, sole_server(Path(name)):
        folder, clock = Path(name), Clock(now)
        prepare(folder)
        settings = settings_in(folder)
        database = open_database(settings)
        listener = listen(settings)
        sandbox = SandboxCarrier(folder, clock, _number_of)
        installation = build(
            settings.model_copy(update={"port": listener.getsockname()[1]}),
            database,
            carriers=installed_carriers(folder, instead=[sandbox]),
            fonts=fonts(),
            clock=clock,
            random=Random(INTEGRATION),  # noqa: S311 - numbers that anybody can foresee are what this is for
        )
        out = Kept(LOOPBACK)
        installation = replace(installation, outgoing=out)
        one_by_one = {lane: replace(kept, workers=1) for lane, kept in LANES.items()}
        with (
            at_work(installation, workers(installation, one_by_one)) as running,
            _in_a_thread(running, listener),
        ):
            yield LabelServer(running, clock, sandbox, out.kept)


def _number_of(reference: str, box: int) -> str:
    """The tracking number of a box. It depends on no other booking, so that threads may book in any order."""
    return a_number(Random(f"{reference} {box}"))  # noqa: S311 - as above


@contextmanager
def _in_a_thread(running: Running, listener: socket.socket) -> Iterator[None]:
    """Answers requests on another thread until the block ends."""
    thread = threading.Thread(
        target=running.server.run, kwargs={"sockets": [listener]}, name="kolli-server", daemon=True
    )
    thread.start()
    try:
        while not running.server.started:
            if not thread.is_alive():
                raise RuntimeError("The server has not started. Its log says why.")
            time.sleep(0.001)
        yield
    finally:
        running.server.should_exit = True
        thread.join()
