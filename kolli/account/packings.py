"""What people are packing at this moment, so that a page that is loaded again, or on another device, loses nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, bindparam, select

from kolli.database import insert_or
from kolli.schema import packings, users
from kolli.values import timestamp

MOST_ENTRIES = 60
"""Scans of a person that are kept: those that are shown, and more, as devices may send one again."""


class Said(StrEnum):
    """What a scan was answered. The page has a colour, a symbol, a word and a sound for each."""

    SHIPPED = "shipped"
    AGAIN = "again"  # the order was shipped before; its label is printed again
    REPRINTED = "reprinted"  # somebody asked for the label again
    CHOOSE = "choose"  # several shops have an order of this number
    OPENED = "opened"  # an order that goes into boxes
    PUT = "put"
    TAKEN_OUT = "taken_out"
    WEIGHED = "weighed"
    NEXT_BOX = "next_box"
    INTO_BOXES = "into_boxes"  # from now on
    ONE_BOX = "one_box"  # from now on
    STOPPED = "stopped"
    NOT_ALL = "not_all"  # something is not in a box yet; asks
    CANCEL_ASKED = "cancel_asked"
    CANCELLED = "cancelled"
    CANCEL_LATER = "cancel_later"
    NOT_CANCELLED = "not_cancelled"
    LABEL_CANCELLED = "label_cancelled"  # the order's; asks whether it is to have another one
    LABEL_VOID = "label_void"  # the one that was scanned
    CALLED_OFF = "called_off"  # by the shop
    FAILED = "failed"
    UNKNOWN = "unknown"
    BUSY = "busy"
    STILL_OPEN = "still_open"  # another order is
    EMPTY_BOX = "empty_box"
    NOT_IN_ORDER = "not_in_order"
    ALL_PACKED = "all_packed"  # of this item
    BAD_WEIGHT = "bad_weight"
    NOTHING_THERE = "nothing_there"  # on the table
    NOT_FOUND = "not_found"
    NOT_PRINTED = "not_printed"


@dataclass(frozen=True)
class OpenBox:
    """A box that is being filled: how many pieces of which item of the order; its weight, if somebody has said so."""

    pieces: Mapping[str, int] = field(default_factory=dict)
    kilograms: str = ""


@dataclass(frozen=True)
class Opened:
    """An order that is being packed into boxes; the last one is being filled."""

    order_pk: int
    order_number: str
    boxes: tuple[OpenBox, ...] = (OpenBox(),)


@dataclass(frozen=True)
class Question:
    """What has to be scanned once more before it is done, and until when that counts."""

    about: Literal["cancel", "finish", "again"]
    subject: str
    until: datetime


@dataclass(frozen=True)
class OnTable:
    """The order that was dealt with last, which REPRINT and CANCEL are about."""

    order_pk: int | None
    order_number: str
    shipment_id: str


@dataclass(frozen=True)
class Entry:
    """One scan and what it was answered. `values` are what the sentence about it names."""

    key: str
    scanned: str
    at: datetime
    said: Said
    order_pk: int | None = None
    order_number: str = ""
    shipment_id: str = ""
    job_id: int | None = None
    problem: str = ""  # in our words: why a label is not printed, or an order not shipped
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Begun:
    """What a scan has set going, written down before it is done: sent again, it is gone on with, not decided anew."""

    key: str
    scanned: str
    verb: Literal["ship", "print", "cancel"]
    order_pk: int | None = None
    order_number: str = ""
    shipment_id: str = ""
    parcel_ids: tuple[int, ...] = ()
    boxes: tuple[OpenBox, ...] = ()
    was_unknown: bool = False  # nobody knew then whether the order was shipped
    said: Said = Said.SHIPPED  # when it has worked


@dataclass(frozen=True)
class Packing:
    """The table of one person."""

    entries: tuple[Entry, ...] = ()  # the newest comes first
    begun: tuple[Begun, ...] = ()
    opened: Opened | None = None
    into_boxes: bool = False
    on_table: OnTable | None = None
    question: Question | None = None
    choices: tuple[int, ...] = ()  # our ids of the orders that somebody has to choose from
    day: str = ""
    shipped: int = 0  # orders, on that day

    def answered(self, key: str) -> Entry | None:
        """What the scan with this key was answered, if it was."""
        return next((entry for entry in self.entries if entry.key == key), None)

    def noted(self, entry: Entry) -> "Packing":
        """The same with one more answer, and nothing begun any more for it."""
        begun = tuple(each for each in self.begun if each.key != entry.key)
        return replace(self, entries=(entry, *self.entries)[:MOST_ENTRIES], begun=begun)

    def counted(self, day: str) -> "Packing":
        """The same with one more order shipped on this day."""
        return replace(self, day=day, shipped=self.shipped + 1 if self.day == day else 1)


_PUT = insert_or(packings).values(
    user_id=bindparam("user_id"),
    account_id=bindparam("account_id"),
    body=bindparam("body"),
    changed_at=bindparam("changed_at"),
)
_PUT_OR_REPLACE = _PUT.on_conflict_do_update(
    index_elements=[packings.c.user_id],
    set_={"body": _PUT.excluded.body, "changed_at": _PUT.excluded.changed_at},
)
_GET = select(packings.c.body).where(
    packings.c.account_id == bindparam("account_id"), packings.c.user_id == bindparam("user_id")
)
_ALL = (
    select(users.c.name, packings.c.body)
    .join(users, users.c.id == packings.c.user_id)
    .where(users.c.account_id == bindparam("account_id"), packings.c.changed_at >= bindparam("since"))
    .order_by(users.c.name_key)
)


@dataclass(frozen=True)
class Tally:
    """How many orders somebody has shipped at the table on a day."""

    name: str
    shipped: int


@dataclass(frozen=True)
class _Counted:
    """What a tally reads of a table."""

    day: str = ""
    shipped: int = 0


_read: Any = msgspec.json.Decoder(Packing).decode
_read_count: Any = msgspec.json.Decoder(_Counted).decode


def get_packing(transaction: Connection, account_id: int, user_id: int) -> Packing:
    """What a person is packing; an empty table when they have packed nothing yet."""
    body = transaction.execute(_GET, {"account_id": account_id, "user_id": user_id}).scalar_one_or_none()
    packing: Packing = Packing() if body is None else _read(body)
    return packing


def put_packing(transaction: Connection, account_id: int, user_id: int, packing: Packing, now: datetime) -> None:
    """Stores what a person is packing."""
    values = {"account_id": account_id, "user_id": user_id, "body": msgspec.json.encode(packing).decode()}
    transaction.execute(_PUT_OR_REPLACE, {**values, "changed_at": timestamp(now)})


def list_tallies(transaction: Connection, account_id: int, day: str, since: datetime) -> Sequence[Tally]:
    """How many orders everybody has shipped on a day, by name; `since` is before that day began, wherever that was."""
    rows = transaction.execute(_ALL, {"account_id": account_id, "since": timestamp(since)})
    found = [(row.name, _read_count(row.body)) for row in rows]
    return [Tally(name, counted.shipped) for name, counted in found if counted.day == day and counted.shipped]
