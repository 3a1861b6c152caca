"""Numbers that are never handed out twice, whatever dies: reserved durably in blocks, handed out from memory.

A process that dies loses the rest of its block: that is a gap, never a repeat.
"""

import secrets
import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from kolli.database import Database
from kolli.errors import NotFound, NumbersExhausted
from kolli.schema import sequences

IDS = "ids"
"""The sequence of all whole-number ids on the wire."""

BLOCK = 100
"""Numbers reserved at a time. Small enough that a lost block hardly shortens a range, large enough to spare commits."""

SPARSE_BLOCK = 8_000
LONGEST_STEP = 16
"""Ids grow in random steps up to this long, so that one account's ids say little about another's volume."""

_RESERVE = (
    update(sequences)
    .where(sequences.c.name == bindparam("sequence"), sequences.c.next <= sequences.c.last)
    .values(next=sequences.c.next + bindparam("amount"))
    .returning(sequences.c.next, sequences.c.last)
)

_NEXT = select(sequences.c.next, sequences.c.last).where(sequences.c.name == bindparam("sequence"))


@dataclass
class _Block:
    next: int
    end: int  # the first number that is not ours


def add_sequence(transaction: Connection, name: str, first: int, last: int) -> None:
    """Makes a sequence that hands out `first` to `last`, both included."""
    transaction.execute(insert(sequences).values(name=name, next=first, last=last))


def numbers_left(transaction: Connection, name: str) -> int:
    """How many numbers of the sequence no process has reserved yet."""
    row = transaction.execute(select(sequences.c.next, sequences.c.last).where(sequences.c.name == name)).one()
    return max(0, int(row.last) - int(row.next) + 1)


class Sequences:
    """Hands out the numbers of every sequence, to any thread. Must not be called inside a transaction of the caller."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._ids: _Block | None = None
        self._reserved: defaultdict[str, deque[int]] = defaultdict(deque)
        self._ended: set[str] = set()  # a sequence never grows: there is nothing more to reserve, for ever

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
        return (*reserved, *range(row.next, min(row.next + count - len(reserved), row.last + 1)))

    def take_id(self) -> int:
        """A fresh id: larger than those this process has handed out before, by a random step."""
        with self._lock:
            block = self._ids
            if block is None or block.next + LONGEST_STEP >= block.end:
                block = self._ids = self._reserve(IDS, SPARSE_BLOCK)
            number = block.next + secrets.randbelow(LONGEST_STEP)
            block.next = number + 1
            return number

    def _reserve(self, name: str, amount: int) -> _Block:
        if name in self._ended:
            raise NumbersExhausted
        with self._database.write() as transaction:
            row = transaction.execute(_RESERVE, {"sequence": name, "amount": amount}).one_or_none()
            if row is None:
                known = transaction.execute(select(sequences.c.name).where(sequences.c.name == name)).one_or_none()
                if known is None:
                    raise NotFound(f"There is no sequence {name}.")
                self._ended.add(name)
                raise NumbersExhausted
        return _Block(next=row.next - amount, end=min(row.next, row.last + 1))
