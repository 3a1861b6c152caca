"""Connections and transactions; with `kolli.database_files` the only module that knows which database it is.

SQLite has one writer. `Database` gives it to the threads of this process in the order in which they asked, because a
pool of writers is slower and starves; readers have connections of their own and never wait for it. A commit that
returned is on the disk (`synchronous=FULL`).

What the database says about its disk is translated here, wherever it says so: at a statement, a commit, a connection.
A disk that has failed to write something durably is not asked again: nobody could tell what is on it.
"""

import logging
import os
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn, TypeVar

from sqlalchemy import Connection, Engine, ExceptionContext, Table, create_engine, event
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.pool import QueuePool, StaticPool

from kolli.errors import KolliError, SetupError, StorageFull, StorageUnavailable
from kolli.room import Room

log = logging.getLogger(__name__)

Result = TypeVar("Result")

BUSY_TIMEOUT_SECONDS = 10
"""How long a transaction waits for another process that writes to the same file."""

ROWS_PER_CHECKPOINT = 200
"""Changed rows after which the log is brought into the file: some four hundred pages."""

ROWS_AFTER_AN_INCOMPLETE_ONE = 20
"""The same when a reader was in the way: the log cannot begin anew, and only grows, until all of it is in the file."""

BYTES_OF_LOG = 16 * 1024 * 1024
"""What the log is cut down to when it begins anew. Else it would stay as long as it became while somebody read."""

_TOPICS = "kolli.topics"

_FAILED_SYNCS = {sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC}
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}  # the second: not even the file that readers share can grow
_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY: "another process is writing to it, and did not end in time",
    sqlite3.SQLITE_LOCKED: "another process is writing to it, and did not end in time",
    sqlite3.SQLITE_PROTOCOL: "other processes keep changing it",
    sqlite3.SQLITE_READONLY: "it, or its file system, is read-only",
    sqlite3.SQLITE_PERM: "this user may not use it",
    sqlite3.SQLITE_CANTOPEN: "one of its files cannot be opened",
    sqlite3.SQLITE_IOERR: "its disk does not read or write",
}


class Turns:
    """A lock that is handed on in the order of arrival, so that no thread starves."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._owner: int | None = None

    def __enter__(self) -> None:
        me = threading.get_ident()
        if self._owner == me:
            raise RuntimeError("A transaction is already open in this thread.")
        with self._guard:
            if self._owner is None:
                self._owner = me
                return
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        ticket.acquire()  # until the one before us lets go
        self._owner = me

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._waiting:
                self._owner = 0  # taken by nobody, and free for nobody but the next in line
                self._waiting.popleft().release()
            else:
                self._owner = None


class Database:
    """One installation's database, ready for use from any thread."""

    def __init__(self, path: Path | None, *, readers: int = 16) -> None:
        """Opens the SQLite file at `path`, creating it when it is not there; None is a database in memory."""
        self._turns = Turns()
        self._listeners: dict[str, Callable[[], None]] = {}
        self._rows_at_checkpoint = ROWS_PER_CHECKPOINT  # in all that the writer's connection has changed
        self.path = path
        self.room = Room()  # for carriers' answers; a server has one that can be missing
        self.when_a_sync_fails: Callable[[str], NoReturn] = _is_a_setup_error
        if path is None:
            self._writer = self._reader = self._engine("sqlite://", "BEGIN IMMEDIATE", poolclass=StaticPool)
            self._reading: Turns | None = self._turns
            return
        _check_folder(path.parent)
        _make_private(path)
        url = f"sqlite:///{path}"
        self._writer = self._engine(url, "BEGIN IMMEDIATE", poolclass=QueuePool, pool_size=1, max_overflow=0)
        self._reader = self._engine(url, "BEGIN", poolclass=QueuePool, pool_size=readers, max_overflow=readers)
        self._reading = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may change data: durable once the block has ended, undone when it raises.

        Threads take turns. A thread that already has one open gets a RuntimeError instead of a deadlock. StorageFull,
        and nothing begun, while the room for carriers' answers is not there.
        """
        self.room.check()
        with self._transaction() as transaction:
            yield transaction

    def keep(self, work: Callable[[Connection], Result]) -> Result:
        """Runs `work` in a transaction that stores what must not be lost: what a carrier has answered.

        On a full disk the room that is kept for this is given up, and `work` run once more from the start, in a
        transaction of its own. StorageFull or StorageUnavailable when that does not help either: then nothing of the
        answer is stored, but the carrier has given it, so its attempt has to stay as it is until it is looked into.
        """
        try:
            with self._transaction() as transaction:
                return work(transaction)
        except StorageFull:
            with self.room.given_up(), self._transaction() as transaction:
                return work(transaction)

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        topics: set[str] = set()
        with self._turns:
            with self._writer.begin() as transaction:
                transaction.info[_TOPICS] = topics
                yield transaction
                rows = transaction.connection.dbapi_connection.total_changes  # type: ignore[union-attr]
            self._checkpoint_if_due(rows)
        for topic in topics & self._listeners.keys():
            self._listeners[topic]()

    def listen(self, topic: str, listener: Callable[[], None]) -> None:
        """Has `listener` called behind every transaction that was told to: see `tell_after_commit`. One per topic."""
        self._listeners[topic] = listener

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database throughout, and changes nothing."""
        if self._reading is None:
            with self._reader.begin() as transaction:
                yield transaction
        else:
            with self._reading, self._reader.begin() as transaction:
                yield transaction

    def write_through(self) -> bool:
        """Brings the file itself up to date, which lags behind the log beside it, and empties the log.

        What has been replaced is in neither then. False while somebody reads for long: then it is left for later.
        """
        with self._turns:
            return self._checkpoint("TRUNCATE")

    def _checkpoint_if_due(self, rows: int) -> None:
        """Brings the log into the file now and then, so that it does not grow for ever.

        `rows` counts all that the writer's connection has changed. SQLite would do this by itself, but it keeps to
        itself what went wrong: a failed sync must be known. And it would take the room that was given up for answers,
        as the file grows by what the log holds.
        """
        if self.path is None or not self.room.is_there or rows < self._rows_at_checkpoint:
            return
        self._rows_at_checkpoint = rows + ROWS_PER_CHECKPOINT
        try:
            is_complete = self._checkpoint("PASSIVE")
        except (StorageFull, StorageUnavailable) as error:
            log.warning("The log of %s stays as long as it is for now. %s", self.path, error.message)
        else:
            if not is_complete:
                self._rows_at_checkpoint = rows + ROWS_AFTER_AN_INCOMPLETE_ONE

    def _checkpoint(self, how: str) -> bool:
        """Brings the log into the file; False when some of it stays, because somebody reads what is older."""
        with self._writer.connect() as connection:
            cursor = connection.connection.cursor()  # below SQLAlchemy, which would begin a transaction
            try:
                is_blocked, pages, written = cursor.execute(f"PRAGMA wal_checkpoint({how})").fetchone()
            except sqlite3.Error as error:
                raise self._translated(error) or error from error
            finally:
                cursor.close()
        return not is_blocked and pages == written

    def a_sync_has_failed(self, sentence: str) -> NoReturn:
        """Says so, and ends what has to end: for files beside the database."""
        self.when_a_sync_fails(sentence)

    def close(self) -> None:
        """Closes every connection."""
        self._writer.dispose()
        self._reader.dispose()

    def _engine(self, url: str, begin: str, **pool: object) -> Engine:
        # Errors are logged without the values of the statement: they hold addresses.
        engine = create_engine(
            url,
            hide_parameters=True,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_SECONDS},
            **pool,
        )

        @event.listens_for(engine, "connect")
        def _configure(connection: sqlite3.Connection, _: object) -> None:
            self._rows_at_checkpoint = ROWS_PER_CHECKPOINT  # a new connection counts from nothing
            connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA wal_autocheckpoint = 0")  # see `_checkpoint_if_due`
            connection.execute(f"PRAGMA journal_size_limit = {BYTES_OF_LOG}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(begin)

        @event.listens_for(engine, "handle_error")
        def _translate(context: ExceptionContext) -> None:
            if (error := self._translated(context.original_exception)) is not None:
                raise error from context.original_exception

        return engine

    def _translated(self, error: BaseException) -> KolliError | None:
        """What an error of SQLite's means when it is about the disk; None for all others. A failed sync ends it all.

        Result codes: https://sqlite.org/rescode.html.
        """
        code = getattr(error, "sqlite_errorcode", 0)
        if code in _FAILED_SYNCS:
            self.when_a_sync_fails(
                f"The disk of {self.path} has failed to write something durably ({error}). Nothing that was"
                " acknowledged is lost, but nothing more can be. Check the disk and its file system, then start Kolli"
                " again."
            )
        if code in _FULL:
            return StorageFull("The disk is full. Nothing was changed. Free some room, and try again.")
        if (why := _UNAVAILABLE.get(code & 0xFF)) is not None:
            return StorageUnavailable(
                f"The database cannot be used at this moment: {why} ({error}). Nothing was changed. Please try again"
                " in a moment."
            )
        return None


def tell_after_commit(transaction: Connection, topic: str) -> None:
    """Has the listener of a topic called in this process once the transaction is durable; never when it is undone."""
    transaction.info[_TOPICS].add(topic)


def erase_what_is_replaced(transaction: Connection) -> None:
    """Has what this process replaces and removes from now on overwritten in the file, so that nobody finds it there."""
    transaction.exec_driver_sql("PRAGMA secure_delete = ON")


def insert_or(table: Table) -> Insert:
    """An insert that can be told what to do when a unique constraint already holds such a row."""
    return insert(table)


def insert_or_skip(table: Table) -> Insert:
    """An insert that adds nothing, and has a rowcount of 0, when a unique constraint already holds such a row."""
    return insert_or(table).on_conflict_do_nothing()


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold addresses
    except OSError as error:
        raise SetupError(
            f"The folder {folder} cannot be made: {error.strerror}. Choose another with KOLLI_DATA."
        ) from error


def _make_private(path: Path) -> None:
    """Makes an empty file that only we can read where there is none: SQLite's own could be read by everybody.

    The files that SQLite puts beside it get the same rights.
    """
    with suppress(OSError):  # SQLite will say so, too
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _is_a_setup_error(sentence: str) -> NoReturn:
    raise SetupError(sentence)
