"""A backup: the database as it is at one moment, in one file that has been read back, made while a server goes on.

The keys that open its secrets are not in it, only what they can be told by.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import Connection, Table, func, select

from kolli import __version__
from kolli.database_files import copy_file, make_durable, opened_file, problems_of_file
from kolli.errors import KolliError, SetupError
from kolli.schema import accounts, attempts, orders, parcels, shipments
from kolli.vault import Vault

COUNTED: tuple[Table, ...] = (accounts, orders, shipments, parcels, attempts)
"""What a backup is told to hold, by the names of these tables."""

MARK = "backup"
"""The table that only a backup has: one row that says what it is."""

SHORT = 8
"""Characters of what a key is told by."""


class Facts(msgspec.Struct, frozen=True):
    """What a backup says about itself."""

    made_at: datetime
    program: str  # the version of Kolli that made it
    keys: tuple[str, ...]  # what the keys of its time are told by, the one in use first
    counts: dict[str, int]


@dataclass(frozen=True)
class Backup:
    """A backup that has been made, or found to be whole."""

    path: Path
    facts: Facts
    bytes: int


def make_backup(source: Path, target: Path, vault: Vault | None, now: datetime) -> Backup:
    """Copies the database, of whichever version, to a new file, reads it back, and only then gives it its name.

    KolliError, and nothing left behind, when the file is there already, cannot be written, or is not what it should be.
    """
    fresh = target.with_name(f"{target.name}.part")
    with _told(target), _sole_writer(target.absolute().parent):
        _check_name(source, target)
        fresh.unlink(missing_ok=True)  # of a backup that was cut off
        copy_file(source, fresh)
        try:
            facts = Facts(now, __version__, names_of_keys(vault) if vault else (), _counts_in(fresh))
            _write_facts(fresh, facts)
            found = read_backup(fresh)
            make_durable(fresh)
            _name(fresh, target)
        finally:
            fresh.unlink(missing_ok=True)
        make_durable(target.absolute().parent)
    return Backup(target, facts, found.bytes)


def _check_name(source: Path, target: Path) -> None:
    if target.exists() or target.is_symlink():
        raise KolliError(f"{target} is there already, and a backup replaces nothing. Choose another name.")
    if target.name.startswith(f"{source.name}-") and target.absolute().parent.resolve() == source.parent.resolve():
        raise KolliError(f"{target} is a name that the database may need for itself. Choose another.")


@contextmanager
def _sole_writer(folder: Path) -> Iterator[None]:
    """Waits until no other backup is being written to this folder, so that two never write to one file.

    The folder is what is locked: so whoever dies leaves no lock behind.
    """
    opened = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some network shares have no locks
            fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def read_backup(path: Path) -> Backup:
    """Reads a whole backup. KolliError when it is none, or is not whole."""
    if not path.is_file():
        raise KolliError(f"There is no file {path}.")
    if problems := problems_of_file(path):
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise KolliError(f"The file {path} is damaged, or no backup: {problems[0]}{more}.")
    with _told(path), opened_file(path) as connection:
        if not _has_facts(connection):
            raise KolliError(f"The file {path} is a database, but no backup that `kolli backup` has made.")
        row = connection.execute(f"SELECT facts FROM {MARK}").fetchone()  # noqa: S608
        counts = _counts_in(path)
    try:
        facts = msgspec.json.decode(row[0] if row else "", type=Facts)
    except (msgspec.MsgspecError, TypeError) as error:
        raise KolliError(f"The file {path} does not say what it is as this program's backups do: {error}.") from error
    if counts != facts.counts:
        raise KolliError(f"The file {path} does not hold what it says: {counts} instead of {facts.counts}.")
    return Backup(path, facts, path.stat().st_size)


def forget_facts(transaction: Connection) -> None:
    """Makes a plain database of a backup."""
    transaction.exec_driver_sql(f"DROP TABLE {MARK}")


def names_of_keys(vault: Vault) -> tuple[str, ...]:
    """What the keys of a vault can be told by, and nothing of them be found out."""
    return tuple(mark[:SHORT] for mark in vault.marks(b"name of this key"))


def _counts_in(path: Path) -> dict[str, int]:
    with opened_file(path) as connection:
        return {
            table.name: connection.execute(str(select(func.count()).select_from(table))).fetchone()[0]
            for table in COUNTED
        }


def _write_facts(path: Path, facts: Facts) -> None:
    with opened_file(path, for_writing=True) as connection:
        connection.execute(f"CREATE TABLE {MARK} (facts TEXT NOT NULL)")
        connection.execute(f"INSERT INTO {MARK} VALUES (?)", (msgspec.json.encode(facts).decode(),))  # noqa: S608
        connection.commit()


def _has_facts(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (MARK,)).fetchone())


def _name(fresh: Path, target: Path) -> None:
    try:
        target.hardlink_to(fresh)  # unlike a renaming, this replaces nothing
    except FileExistsError:
        raise
    except OSError:  # a file has one name there, as on a memory stick
        fresh.rename(target)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Turns what the disk has to say about a file into an error for a person."""
    try:
        yield
    except OSError as error:
        raise KolliError(f"The file {path} cannot be written or read: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise SetupError(f"The file {path} cannot be written or read: {error}.") from error
