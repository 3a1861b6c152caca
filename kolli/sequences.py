"""Numbers that are never handed out twice, whatever dies: reserved durably in blocks, handed out from memory.

A process that dies loses the rest of its block: that is a gap, never a repeat. How far each sequence is handed out is
also written beside the database, so that one that is put back from a backup is not begun again: see `kolli.marks`.
"""

import logging
import threading
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random, SystemRandom
from uuid import uuid4

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kolli.database import Database
from kolli.errors import NotFound, NumbersExhausted, StorageFull, StorageUnavailable
from kolli.marks import MARKS, Marks
from kolli.schema import sequences

log = logging.getLogger(__name__)

IDS = "ids"
"""The sequence of all whole-number ids on the wire."""

BLOCK = 100
"""Numbers reserved at a time. Small enough that a lost block hardly shortens a range, large enough to spare commits."""

SPARSE_BLOCK = 8_000
LONGEST_STEP = 16
"""Ids grow in random steps up to this long, so that one account's ids say little about another's volume."""

DESCENT = "descent "
"""What the name of a sequence without numbers begins with, of which every database has one, with a random name.

Its backups have it too. What stands beside a backup and does not know it, such as the database of a server that was
started once on a new machine, cannot tell which numbers were handed out since.
"""

_RESERVE = (
    update(sequences)
    .where(sequences.c.name == bindparam("sequence"), sequences.c.next <= sequences.c.last)
    .values(next=sequences.c.next + bindparam("amount"))
    .returning(sequences.c.next, sequences.c.last)
)

_ALL = select(sequences.c.name, sequences.c.next)
_JUMP = (
    update(sequences)
    .where(sequences.c.name == bindparam("sequence"), sequences.c.next < bindparam("to"))
    .values(next=bindparam("to"))
)
_NEXT = select(sequences.c.next, sequences.c.last).where(sequences.c.name == bindparam("sequence"))


@dataclass
class _Block:
    next: int
    end: int  # the first number that is not ours


def add_sequence(transaction: Connection, name: str, first: int, last: int) -> None:
    """Makes a sequence that hands out `first` to `last`, both included."""
    transaction.execute(insert(sequences).values(name=name, next=first, last=last))


def jump(transaction: Connection, name: str, to: int) -> None:
    """Has a sequence go on at this number at the earliest; what is left out is never handed out."""
    transaction.execute(_JUMP, {"sequence": name, "to": to})


def descent_among(names: Iterable[str]) -> str | None:
    """The descent that is among the names of a database's sequences; None: it has none yet."""
    return next((name for name in names if name.startswith(DESCENT)), None)


def begin_descent(transaction: Connection) -> str:
    """Has a database descend from none other from now on, and gives its descent."""
    name = f"{DESCENT}{uuid4().hex}"
    transaction.execute(delete(sequences).where(sequences.c.name.startswith(DESCENT)))
    add_sequence(transaction, name, 0, -1)
    return name


def numbers_left(transaction: Connection, name: str) -> int:
    """How many numbers of the sequence no process has reserved yet."""
    row = transaction.execute(select(sequences.c.next, sequences.c.last).where(sequences.c.name == name)).one()
    return max(0, int(row.last) - int(row.next) + 1)


class Sequences:
    """Hands out the numbers of every sequence, to any thread. Must not be called inside a transaction of the caller."""

    def __init__(self, database: Database, random: Random | None = None) -> None:
        """Ids grow by steps from `random`; from one that nobody can foresee where it is not given."""
        self._database = database
        self._random = random or SystemRandom()
        path = database.path and database.path.with_name(MARKS)
        self._marks = Marks(path, database.a_sync_has_failed)
        self._handed_out: dict[str, int] | None = None  # what the marks say; None: they were not read yet
        self._lock = threading.Lock()
        self._ids: _Block | None = None
        self._reserved: defaultdict[str, deque[int]] = defaultdict(deque)
        self._ended: set[str] = set()  # a sequence never grows: there is nothing more to reserve, for ever

    def catch_up(self) -> None:
        """Jumps past what was handed out here, where the database does not know of it because it is an older one."""
        self._handed_out = marks = self._marks.read()
        with self._database.read() as transaction:
            known = {row.name: row.next for row in transaction.execute(_ALL)}
        behind = {name: marks[name] for name, number in known.items() if number < marks.get(name, 0)}
        if behind:
            with self._database.write() as transaction:
                for name, number in behind.items():
                    jump(transaction, name, number)
            told = ", ".join(f"{name} at {number}" for name, number in behind.items())
            log.warning(
                "The database is older than the numbers that were handed out. None is given twice: %s goes on.", told
            )
        try:
            self._write_descent(known | behind)
        except (StorageFull, StorageUnavailable) as error:  # only a restore would want it, and ask without it
            log.warning("It is not written to %s yet which database it is about. %s", MARKS, error.message)

    def _write_descent(self, known: dict[str, int]) -> None:
        """Sees that the marks know this database; from then on they know all that it has handed out."""
        if self._marks.path is None:
            return
        descent = descent_among(known)
        if descent is None:
            with self._database.write() as transaction:
                descent = begin_descent(transaction)
        if self._handed_out is not None and descent not in self._handed_out:
            self._marks.add({**known, descent: 0})

    def take(self, name: str) -> int:
        """The next number of a sequence; NumbersExhausted after the last."""
        return self.take_all(name, 1)[0]

    def take_all(self, name: str, count: int) -> tuple[int, ...]:
        """The next so many numbers of a sequence; NumbersExhausted, and none of them used up, if it has not so many."""
        with self._lock:
            reserved = self._reserved[name]
            while len(reserved) < count:
                block = self._reserve(name, BLOCK)
                reserved.extend(range(block.next, block.end))
            return tuple(reserved.popleft() for _ in range(count))

    def foresee(self, transaction: Connection, name: str, count: int) -> tuple[int, ...]:
        """The numbers that `take_all` would give, if nobody else asked meanwhile; fewer when there are not so many.

        Nothing is reserved and none used up.
        """
        with self._lock:
            reserved = tuple(self._reserved[name])[:count]
        row = transaction.execute(_NEXT, {"sequence": name}).one_or_none()
        if row is None or len(reserved) == count:
            return reserved
        first = max(row.next, self._marked(name))
        return (*reserved, *range(first, min(first + count - len(reserved), row.last + 1)))

    def take_id(self) -> int:
        """A fresh id: larger than those this process has handed out before, by a random step."""
        with self._lock:
            block = self._ids
            if block is None or block.next + LONGEST_STEP >= block.end:
                block = self._ids = self._reserve(IDS, SPARSE_BLOCK)
            number = block.next + self._random.randrange(LONGEST_STEP)
            block.next = number + 1
            return number

    def _reserve(self, name: str, amount: int) -> _Block:
        if name in self._ended:
            raise NumbersExhausted
        marked = self._marked(name)
        with self._database.write() as transaction:
            jump(transaction, name, marked)  # a range that an older database did not know, and that was entered anew
            row = transaction.execute(_RESERVE, {"sequence": name, "amount": amount}).one_or_none()
            if row is None:
                known = transaction.execute(select(sequences.c.name).where(sequences.c.name == name)).one_or_none()
                if known is None:
                    raise NotFound(f"There is no sequence {name}.")
                self._ended.add(name)
                raise NumbersExhausted
        self._marks.add({name: row.next})
        return _Block(next=row.next - amount, end=min(row.next, row.last + 1))

    def _marked(self, name: str) -> int:
        if self._handed_out is None:
            self._handed_out = self._marks.read()
        return self._handed_out.get(name, 0)
