"""Room on the disk that is kept for carriers' answers, so that no label that was paid for is lost on a full one.

A file in the data folder takes up room that nobody else can have then. When an answer meets a full disk, the file gives
its room up, and the answer is stored there; see `Database.keep`. Until the room is taken again nothing new is begun, so
that what is left belongs to the answers that are still to come. It is taken again as soon as there is room: no restart.
"""

import errno
import logging
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kolli.errors import KolliError, StorageFull, StorageUnavailable

log = logging.getLogger(__name__)

ROOM = "kolli.room"
"""The name of the file."""

ANSWER_BYTES = 2 * 1024 * 1024
"""What one answer needs at most in the database's log, where every page that it touches is written whole.

Measured, with three receivers of webhooks: 132 kB for 1 parcel and 1,582 kB for 50, which is the most, in a database
large enough that hardly two rows share a page. See `test_the_largest_answer_fits_into_its_room`.
"""

SPARE_BYTES = 256 * 1024
"""What has to be free beside the room before it is taken again, so that it is not given up with the next commit."""

SECONDS_BETWEEN_TRIES = 1.0
"""How long is waited when the disk said that there was room, and then gave none: a quota can be the reason."""


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_CANNOT_ALLOCATE = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODEV}
"""What file systems say that have no call for it; some C libraries write zeros then, and others do not."""
_STEP = 1024 * 1024


def room_for(answers: int) -> int:
    """The bytes that so many answers need that come at the same time."""
    return answers * ANSWER_BYTES


class Room:
    """The room that one process keeps. Without a path it needs none, and is always there: for tests and commands."""

    def __init__(self, path: Path | None = None, size: int = 0) -> None:
        """Takes the room at once, if there is any; where there is none, `check` says so."""
        self.path = path
        self.size = size
        self._lock = threading.Lock()
        self._is_there = path is None
        self._storing = 0  # answers that are being stored in what was given up
        self._next_try = 0.0
        self._why_not = ""  # what the system says when the room cannot be taken, other than that the disk is full
        if not self._is_there and not self._take():
            log.warning("%s Nothing is booked until it is there; see KOLLI_ROOM_MIB.", self._what_is_missing())

    @property
    def is_there(self) -> bool:
        """Whether an answer that comes now can be stored, as far as anybody knows; nothing is tried."""
        return self._is_there

    def check(self) -> None:
        """StorageFull or StorageUnavailable unless the room is there, or can be taken now.

        While it is there, this costs a look at the file: somebody may have removed it.
        """
        if self._is_there and self.path is not None and _length(self.path) != self.size:
            self._lose()
        if not self._is_there and not self._take():
            raise self._missing()

    @contextmanager
    def given_up(self) -> Iterator[None]:
        """Gives the room up, unless somebody has done so already; nobody takes it again while the block runs."""
        with self._lock:
            self._storing += 1
            if self._is_there and self.path is not None:
                self._is_there = False
                log.error("The disk is full. The room in %s is given up for a carrier's answer.", self.path)
                _empty(self.path)
        try:
            yield
        finally:
            with self._lock:
                self._storing -= 1

    def _take(self) -> bool:
        with self._lock:
            if self._is_there or self.path is None:
                return True
            if self._storing or time.monotonic() < self._next_try:
                return False
            try:
                if free_bytes(self.path.parent) < self.size - allocated_bytes(self.path) + SPARE_BYTES:
                    return False
                _fill(self.path, self.size)
            except OSError as error:
                self._next_try = time.monotonic() + SECONDS_BETWEEN_TRIES
                log.warning("The room in %s cannot be taken: %s.", self.path, error.strerror)
                self._why_not = "" if error.errno in _FULL else error.strerror or str(error)
                _empty(self.path)
                return False
            self._is_there, self._why_not = True, ""
            log.info("%d kB are kept in %s for carriers' answers.", self.size // 1024, self.path)
            return True

    def _lose(self) -> None:
        with self._lock:
            if self._is_there and self.path is not None and _length(self.path) != self.size:
                self._is_there = False
                log.warning("Somebody has removed or changed %s. The room is taken anew.", self.path)

    def _missing(self) -> KolliError:
        if self._why_not:
            return StorageUnavailable(f"{self._what_is_missing()} Nothing was booked or changed.")
        return StorageFull(
            f"{self._what_is_missing()} Nothing was booked or changed. Free some room, and send it again: no restart is"
            " needed."
        )

    def _what_is_missing(self) -> str:
        if self._why_not and self.path is not None:
            name = self.path.name
            return f"The file {name}, which keeps room for carriers' answers, cannot be written: {self._why_not}."
        return f"The disk is full: there are no {self.size // 1024} kB that carriers' answers may need."


def _fill(path: Path, size: int) -> None:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        _allocate(file, size)
        os.ftruncate(file, size)  # it was longer, when more was worked on at the same time
        os.fsync(file)  # on the disk, and not only promised
    finally:
        os.close(file)


def _allocate(file: int, size: int) -> None:
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as error:
        if error.errno not in _CANNOT_ALLOCATE:
            raise
        os.lseek(file, 0, os.SEEK_SET)
        left = size
        while left > 0:
            left -= os.write(file, bytes(min(left, _STEP)))


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _empty(path: Path) -> None:
    """Truncates the file if possible. Some file systems give its blocks to others only once that is on the disk."""
    with suppress(OSError):
        file = os.open(path, os.O_WRONLY | os.O_NOFOLLOW)
        try:
            os.ftruncate(file, 0)
            os.fsync(file)
        finally:
            os.close(file)


def allocated_bytes(path: Path) -> int:
    """What a file takes up on the disk, whatever length it claims to have; 0 when it is not there."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def free_bytes(folder: Path) -> int:
    """What is left on the disk of a folder for whoever is not root."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
