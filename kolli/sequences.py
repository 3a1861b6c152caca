"""Numbers that are never handed out twice, whatever dies: reserved durably in blocks, handed out from memory.

A process that dies loses the rest of its block: that is a gap, never a repeat.
"""

import secrets
import threading
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
        self._blocks: dict[str, _Block] = {}

    def take(self, name: str) -> int:
        """The next number of a sequence; NumbersExhausted after the last."""
        with self._lock:
            block = self._blocks.get(name)
            if block is None or block.next >= block.end:
                block = self._blocks[name] = self._reserve(name, BLOCK)
            number = block.next
            block.next += 1
            return number

    def take_id(self) -> int:
        """A fresh id: larger than those this process has handed out before, by a random step."""
        with self._lock:
            block = self._blocks.get(IDS)
            if block is None or block.next + LONGEST_STEP >= block.end:
                block = self._blocks[IDS] = self._reserve(IDS, SPARSE_BLOCK)
            number = block.next + secrets.randbelow(LONGEST_STEP)
            block.next = number + 1
            return number

    def _reserve(self, name: str, amount: int) -> _Block:
        with self._database.write() as transaction:
            row = transaction.execute(_RESERVE, {"sequence": name, "amount": amount}).one_or_none()
            if row is None:
                known = transaction.execute(select(sequences.c.name).where(sequences.c.name == name)).one_or_none()
                raise NumbersExhausted() if known else NotFound(f"There is no sequence {name}.")
        return _Block(next=row.next - amount, end=min(row.next, row.last + 1))
