"""How far the numbers of each sequence were handed out, in a file beside the database, which no backup of it replaces.

An older database in the same folder, put there by whatever means, is found out by it: its sequences go on behind what
was handed out. The file is only ever added to: one line for each block of numbers that was reserved.

    contract 1517 live 4000<tab>4300<tab>2026-11-24T13:51:10.123456+00:00<newline>
"""

import errno
import os
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from kolli.errors import SetupError, StorageFull, StorageUnavailable

MARKS = "kolli.numbers"
"""The name of the file."""

LARGEST = 2**63 - 1
"""The largest number that a sequence can go on at; a line with a larger one is damaged."""

_LINE = re.compile(r"([^\t]+)\t([0-9]{1,19})\t([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+\+00:00)\n")


class Marks:
    """The marks of one installation; without a path there are none."""

    def __init__(self, path: Path | None, when_a_sync_fails: Callable[[str], NoReturn] | None = None) -> None:
        self.path = path
        self._when_a_sync_fails = when_a_sync_fails

    def read(self) -> dict[str, int]:
        """By sequence: the first number that nobody has reserved yet, as far as this file knows.

        SetupError when it is there and cannot be read.
        """
        marks: dict[str, int] = {}
        for name, number, _ in self._lines():
            marks[name] = max(number, marks.get(name, 0))
        return marks

    def written_at(self) -> datetime | None:
        """When the last numbers were reserved; None: never."""
        return max((at for _, _, at in self._lines()), default=None)

    def known_since(self, name: str) -> datetime | None:
        """When a sequence was written down first; None: never."""
        return min((at for known, _, at in self._lines() if known == name), default=None)

    def add(self, numbers: Mapping[str, int]) -> None:
        """Writes down, durably, that of each sequence all numbers before this one may have been handed out.

        StorageFull or StorageUnavailable when that cannot be done: then none of them may be.
        """
        if self.path is None:
            return
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        lines = "".join(f"{name}\t{number}\t{now}\n" for name, number in numbers.items())
        try:
            self._append(f"\n{lines}".encode())  # a line that was torn by a power cut ends here
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull from error
            raise StorageUnavailable(f"The file {MARKS} cannot be written: {error.strerror}.") from error

    def _append(self, lines: bytes) -> None:
        assert self.path is not None
        is_new = not self.path.exists()
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if os.write(file, lines) < len(lines):  # what fits on a full disk is written, and no error told
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self._sync(file)
        finally:
            os.close(file)
        if is_new:
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                self._sync(folder)
            finally:
                os.close(folder)

    def _sync(self, file: int) -> None:
        try:
            os.fsync(file)
        except OSError as error:
            if error.errno == errno.EIO and self._when_a_sync_fails:
                self._when_a_sync_fails(
                    f"The disk of {self.path} has failed to write something durably ({error.strerror}). Nothing that"
                    " was acknowledged is lost, but nothing more can be. Check the disk and its file system, then start"
                    " Kolli again."
                )
            raise

    def _lines(self) -> Iterator[tuple[str, int, datetime]]:
        if self.path is None:
            return
        try:
            with self.path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                for line in file:
                    if (found := _LINE.fullmatch(line)) and int(found[2]) <= LARGEST and (at := _time(found[3])):
                        yield found[1], int(found[2]), at
        except FileNotFoundError:
            return
        except OSError as error:
            raise SetupError(
                f"The file {self.path} cannot be read: {error.strerror}. It says which numbers were handed out, so that"
                " none is given twice. See that Kolli may read it."
            ) from error


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
