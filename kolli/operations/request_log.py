"""Writes the request log beside the requests: never on their way, and never a reason for one to fail."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from time import monotonic

from sqlalchemy.exc import SQLAlchemyError

from kolli.account.keys import note_use_of_keys
from kolli.account.request_bodies import Bodies, Packed, add_bodies, pack
from kolli.account.requests import Exchange, LoggedRequest, add_requests, forget_requests
from kolli.database import Database
from kolli.errors import StorageFull, StorageUnavailable
from kolli.operations.redact import Level, kept

log = logging.getLogger(__name__)

BATCH_SECONDS = 0.25
"""How long requests are collected, so that many of them share a commit."""

BATCH = 200
"""Rows of one transaction, which has to be short: labels wait for the one writer of the database."""

MOST_WAITING = 5_000
"""Requests that wait to be written down. More are dropped and counted, as they would fill the memory."""

MOST_BYTES_WAITING = 32 * 1024 * 1024
"""Memory for the bodies of requests that wait. When it is used up, requests are written down without theirs."""

SWEEP_SECONDS = 600
"""How often what is too old is removed, and what is too much; earlier when a tenth more has been written."""

WAIT_AFTER_ERROR_SECONDS = 5.0

KEYS_NOTED_EVERY = 60.0
"""How exactly it is written down when a key was last used, in seconds."""


class RequestLog:
    """Takes requests from any thread, and has one thread of its own that writes them down.

    What cannot be written, on a full disk or in a file that is read-only, is dropped and counted.
    """

    def __init__(self, database: Database, most: int, clock: Callable[[], datetime], level: Level = "redacted") -> None:
        """Keeps the latest `most` requests, and of their bodies what the level says."""
        self._database = database
        self._level: Level = level
        self._most = most
        self._clock = clock
        self._waiting: deque[LoggedRequest] = deque()
        self._news = threading.Event()
        self._stopping = threading.Event()
        self._writing = threading.Lock()
        self._swept = -float(SWEEP_SECONDS)
        self._since_swept = 0
        self._thread = threading.Thread(target=self._work, name="kolli-request-log", daemon=True)
        self._refused = 0  # counted by those who note
        self._lost = 0  # counted by the one who writes
        self._keys_noted: dict[str, float] = {}  # when each key was last noted as used
        self._bytes_noted = 0  # of bodies; counted by those who note
        self._bytes_taken = 0  # counted by the one who writes

    @property
    def dropped(self) -> int:
        """How many requests were not written down."""
        return self._refused + self._lost

    def note(self, request: LoggedRequest) -> None:
        """Has a request written down soon. Never blocks, and never fails."""
        if len(self._waiting) >= MOST_WAITING:
            self._refused += 1
            return
        if (exchange := request.exchange) is not None:
            if self._bytes_noted - self._bytes_taken + exchange.size > MOST_BYTES_WAITING:
                request = replace(request, exchange=None)
            else:
                self._bytes_noted += exchange.size
        self._waiting.append(request)
        if not self._news.is_set():
            self._news.set()

    def start(self) -> None:
        """Begins to write."""
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """Writes down what waits, and ends."""
        self._stopping.set()
        self._news.set()
        self._thread.join(timeout_seconds)
        if self.dropped:
            log.warning("%d requests are missing in the request log.", self.dropped)

    def flush(self) -> None:
        """Writes down what waits, at once."""
        with self._writing:
            while batch := self._taken():
                self._write(batch)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._news.wait(SWEEP_SECONDS)
            self._stopping.wait(BATCH_SECONDS)
            self._news.clear()
            self._try_to_write()
        self._try_to_write()  # what came while the last batch was being written

    def _try_to_write(self) -> None:
        try:
            self.flush()
            self._sweep()
        except (SQLAlchemyError, StorageFull, StorageUnavailable) as error:
            log.warning("Requests cannot be written down: %s", error)
            self._stopping.wait(WAIT_AFTER_ERROR_SECONDS)

    def _taken(self) -> list[LoggedRequest]:
        return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    def _packed(self, exchange: Exchange | None) -> Packed | None:
        if exchange is None:
            return None
        self._bytes_taken += exchange.size
        return pack(Bodies(kept(exchange.asked, self._level), kept(exchange.answered, self._level)))

    def _write(self, batch: list[LoggedRequest]) -> None:
        try:
            packed = [self._packed(each.exchange) for each in batch]  # before the transaction, which has to be short
            with self._database.write() as transaction:
                ids = add_requests(transaction, batch)
                add_bodies(transaction, {at: each for at, each in zip(ids, packed, strict=True) if each is not None})
                note_use_of_keys(transaction, self._keys_to_note(batch), self._clock())
            self._since_swept += len(batch)
        except BaseException:
            self._lost += len(batch)
            raise

    def _keys_to_note(self, batch: list[LoggedRequest]) -> list[str]:
        """The keys that were used, and were not noted within the last minute."""
        now = monotonic()
        used = {each.public_key for each in batch if each.public_key}
        found = [key for key in used if now - self._keys_noted.get(key, -float(KEYS_NOTED_EVERY)) >= KEYS_NOTED_EVERY]
        self._keys_noted |= dict.fromkeys(found, now)
        return found

    def _sweep(self) -> None:
        now = monotonic()
        if now - self._swept < SWEEP_SECONDS and self._since_swept < BATCH + self._most // 10:
            return
        with self._database.write() as transaction:
            forget_requests(transaction, self._most, self._clock())
        self._swept, self._since_swept = now, 0
