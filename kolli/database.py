"""Connections and transactions; the only module that knows which database it is.

SQLite has one writer. `Database` gives it to the threads of this process in the order in which they asked, because a
pool of writers is slower and starves; readers have connections of their own and never wait for it. A commit that
returned is on the disk (`synchronous=FULL`).
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool, StaticPool

from kolli.errors import SetupError

BUSY_TIMEOUT_SECONDS = 10
"""How long a transaction waits for another process that writes to the same file."""

_TOPICS = "kolli.topics"


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
        self.path = path
        if path is None:
            self._writer = self._reader = _engine("sqlite://", "BEGIN IMMEDIATE", poolclass=StaticPool)
            self._reading: Turns | None = self._turns
            return
        _check_folder(path.parent)
        url = f"sqlite:///{path}"
        self._writer = _engine(url, "BEGIN IMMEDIATE", poolclass=QueuePool, pool_size=1, max_overflow=0)
        self._reader = _engine(url, "BEGIN", poolclass=QueuePool, pool_size=readers, max_overflow=readers)
        self._reading = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may change data: durable once the block has ended, undone when it raises.

        Threads take turns. A thread that already has one open gets a RuntimeError instead of a deadlock.
        """
        topics: set[str] = set()
        with self._turns, self._writer.begin() as transaction:
            transaction.info[_TOPICS] = topics
            yield transaction
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

    def write_through(self) -> None:
        """Brings the file itself up to date, which lags behind the log beside it, and empties the log.

        What has been replaced is in neither then. While somebody reads for long, it is left for later.
        """
        with self._turns, self._writer.connect() as connection:
            cursor = connection.connection.cursor()  # below SQLAlchemy, which would begin a transaction
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.close()

    def close(self) -> None:
        """Closes every connection."""
        self._writer.dispose()
        self._reader.dispose()


def tell_after_commit(transaction: Connection, topic: str) -> None:
    """Has the listener of a topic called in this process once the transaction is durable; never when it is undone."""
    transaction.info[_TOPICS].add(topic)


def is_busy(error: DBAPIError) -> bool:
    """Whether it says that another process was writing, for longer than we wait."""
    code = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def erase_what_is_replaced(transaction: Connection) -> None:
    """Has what this process replaces and removes from now on overwritten in the file, so that nobody finds it there."""
    transaction.exec_driver_sql("PRAGMA secure_delete = ON")


def insert_or(table: Table) -> Insert:
    """An insert that can be told what to do when a unique constraint already holds such a row."""
    return insert(table)


def insert_or_skip(table: Table) -> Insert:
    """An insert that adds nothing, and has a rowcount of 0, when a unique constraint already holds such a row."""
    return insert_or(table).on_conflict_do_nothing()


def _engine(url: str, begin: str, **pool: object) -> Engine:
    # Errors are logged without the values of the statement: they hold addresses.
    engine = create_engine(
        url, hide_parameters=True, connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_SECONDS}, **pool
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, not where the driver guesses
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _check_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # it will hold addresses
    except OSError as error:
        raise SetupError(
            f"The folder {folder} cannot be made: {error.strerror}. Choose another with KOLLI_DATA."
        ) from error
