"""How far the numbers of each sequence were handed out, in a file beside the database, which no backup of it replaces.

An older database in the same folder, put there by whatever means, is found out by it: its sequences go on behind what
was handed out. The file is only ever added to: one line for each block of numbers that was reserved.

    contract 1517 live 4000<tab>4300<tab>2026-11-24T13:51:10.123456+00:00<newline>
"""

import errno
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from kolli.errors import StorageFull, StorageUnavailable

MARKS = "kolli.numbers"
"""The name of the file."""

_LINE = re.compile(r"([^\t]+)\t(\d+)\t(\d{4}-\d\d-\d\dT[\d:.]+\+00:00)")


class Marks:
    """The marks of one installation; without a path there are none."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def read(self) -> dict[str, int]:
        """By sequence: the first number that nobody has reserved yet, as far as this file knows."""
        marks: dict[str, int] = {}
        for name, number, _ in self._lines():
            marks[name] = max(number, marks.get(name, 0))
        return marks

    def written_at(self) -> datetime | None:
        """When the last numbers were reserved; None: never."""
        return max((at for _, _, at in self._lines()), default=None)

    def add(self, name: str, number: int) -> None:
        """Writes down, durably, that all numbers of a sequence before this one may have been handed out.

        StorageFull or StorageUnavailable when that cannot be done: then none of them may be.
        """
        if self.path is None:
            return
        now = datetime.now(UTC).isoformat()
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                os.write(file, f"\n{name}\t{number}\t{now}\n".encode())  # a line that was torn by a power cut ends here
                os.fdatasync(file)
            finally:
                os.close(file)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise StorageFull from error
            raise StorageUnavailable(f"The file {MARKS} cannot be written: {error.strerror}.") from error

    def _lines(self) -> Iterator[tuple[str, int, datetime]]:
        if self.path is None or not self.path.exists():
            return
        for line in self.path.read_text("utf-8", errors="replace").splitlines():
            if found := _LINE.fullmatch(line):
                yield found[1], int(found[2]), datetime.fromisoformat(found[3])
