"""Databases as files: copied, read as a whole, and opened beside whoever works with them."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs"}
)
"""Types of file systems, as Linux names them, whose locks and shared memory SQLite cannot rely on."""

PAGES_PER_STEP = 1_000
"""Pages that a copy is made of at a time: 4 MB."""


@contextmanager
def opened_file(path: Path, *, for_writing: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection to a file that is there, whichever version of Kolli has made it; raises sqlite3.Error."""
    address = f"{path.absolute().as_uri()}?mode={'rw' if for_writing else 'ro'}"
    if not for_writing and _stays_as_it_is(path):
        address += "&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        yield connection


def _stays_as_it_is(path: Path) -> bool:
    """Whether nobody can be writing to a file, so that it is read without what readers share: its disk is read-only."""
    beside = [path.with_name(f"{path.name}{ending}") for ending in ("-wal", "-shm", "-journal")]
    return bool(os.statvfs(path.parent).f_flag & os.ST_RDONLY) and not any(one.exists() for one in beside)


def copy_file(source: Path, target: Path) -> None:
    """Makes a copy of a database as it is at this moment, while others go on writing; one file, which only we can read.

    Raises FileExistsError, other OSErrors, and sqlite3.Error; what has been written then is removed again.
    """
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with opened_file(source) as original:
            # One transaction throughout: it sees one state, and no writer makes the copy begin again. In steps, so that
            # others get at the disk, too.
            original.execute("BEGIN").execute("SELECT count(*) FROM sqlite_master")
            with closing(sqlite3.connect(target, isolation_level=None)) as copy:
                original.backup(copy, pages=PAGES_PER_STEP)
                copy.execute("PRAGMA journal_mode = DELETE")  # else it would be three files as soon as it is opened
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def problems_of_file(path: Path) -> list[str]:
    """Reads a whole database file, and gives what is wrong with it: with its structure, or with what refers to what."""
    try:
        with opened_file(path) as connection:
            problems = [str(text) for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
            dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlite3.Error as error:
        return [str(error)]
    return problems + [
        f"a row of {table} refers to a row of {parent} that is not there" for table, _, parent, _ in dangling
    ]


def network_file_system(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> str | None:
    """The type of the file system that a folder is on if it is one of a network, as far as that can be told."""
    try:
        lines = mounts.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return None
    found = [line.replace("\\040", "\0").split(" ") for line in lines]  # a space in a name is written so
    there = folder.resolve()
    mounted = [(fields[1].replace("\0", " "), fields[2]) for fields in found]
    above = [mount for mount in mounted if there.is_relative_to(mount[0])]
    kind = max(above, key=lambda mount: len(mount[0]), default=("", ""))[1]
    return kind if kind in NETWORK else None


def make_durable(path: Path) -> None:
    """Has what stands in a file, or which files are in a folder, on the disk when this returns."""
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
