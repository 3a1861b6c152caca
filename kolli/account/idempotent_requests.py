"""Requests with an Idempotency-Key: the claim to a key, and the answer that is given again.

A row is written in the transaction that first changes something for the request, so there is either both or neither.
The answer is added to it afterwards; a row without one belongs to a request that is being worked on, or was broken off.
"""

import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, bindparam, delete, or_, select, update

from kolli.database import insert_or_skip
from kolli.errors import InFlight, KeyReused
from kolli.schema import idempotent_requests
from kolli.values import timestamp

KEPT_FOR = timedelta(days=30)
"""How long a key means the same request; after that it is a new one."""

LEASE = timedelta(minutes=5)
"""How long another process takes a request without an answer for one that is being worked on.

It is not renewed: nobody works on a request for so long but who waits for a carrier, and whoever takes the request up
then meets the lease of the attempt, which is.
"""


@dataclass(frozen=True)
class Asked:
    """A request with a key: whose it is, where the key means something, and what tells it from other requests.

    `marks` are those of its path, query and body, made with each key of the vault; the first one is stored.
    """

    account_id: int
    route: str
    key: str
    marks: tuple[str, ...]

    def is_same(self, mark: str) -> bool:
        """Whether a stored request with this key says the same."""
        return mark in self.marks


@dataclass(frozen=True)
class StoredAnswer:
    """What was answered, to the byte."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Known:
    """A request with a key that has changed something. Without an answer it is being worked on, or was broken off."""

    id: int
    mark: str
    answer: StoredAnswer | None


@dataclass
class Claim:
    """One request's claim to its key. It is made in the transaction that first changes something, or not at all."""

    asked: Asked
    owner: str
    now: datetime
    request_id: int | None = None  # None: not made yet
    is_resumed: bool = False  # an earlier try of this request has made it, and was broken off
    is_final: bool = field(default=True, init=False)  # whether a success can be answered again

    def make(self, transaction: Connection) -> None:
        """Makes the claim, unless it is made.

        KeyReused, or InFlight, when another request was faster; the caller's transaction has to end then.
        """
        if self.request_id is not None:
            return
        made = self._add(transaction)
        if made is None:
            known = find_request(transaction, self.asked, self.now)
            if known is not None:
                raise InFlight if self.asked.is_same(known.mark) else KeyReused
            transaction.execute(_REMOVE_TOO_OLD, _place(self.asked))
            made = self._add(transaction)
        self.request_id = made

    @contextmanager
    def kept_if_durable(self) -> Iterator[None]:
        """Forgets that the claim was made when the transaction inside is undone."""
        before = self.request_id
        try:
            yield
        except BaseException:
            self.request_id = before
            raise

    def _add(self, transaction: Connection) -> int | None:
        row = {
            "account_id": self.asked.account_id,
            "route": self.asked.route,
            "key": self.asked.key,
            "request_hash": self.asked.marks[0],
            "created_at": timestamp(self.now),
            "lease_owner": self.owner,
            "lease_until": timestamp(self.now + LEASE),
            "headers": "",
        }
        return transaction.execute(_ADD, row).scalar_one_or_none()


_HERE = (
    idempotent_requests.c.account_id == bindparam("account"),
    idempotent_requests.c.route == bindparam("at_route"),
    idempotent_requests.c.key == bindparam("by_key"),
)
_THIS = (
    idempotent_requests.c.account_id == bindparam("account"),
    idempotent_requests.c.id == bindparam("request"),
)
_FIND = select(
    idempotent_requests.c.id,
    idempotent_requests.c.request_hash,
    idempotent_requests.c.status,
    idempotent_requests.c.headers,
    idempotent_requests.c.answer,
).where(*_HERE, idempotent_requests.c.created_at >= bindparam("since"))
_ADD = insert_or_skip(idempotent_requests).returning(idempotent_requests.c.id)
_REMOVE_TOO_OLD = delete(idempotent_requests).where(*_HERE)
_TAKE_UP = (
    update(idempotent_requests)
    .where(*_THIS, idempotent_requests.c.status.is_(None))
    .where(
        or_(
            idempotent_requests.c.lease_owner.is_(None),
            idempotent_requests.c.lease_owner == bindparam("owner"),
            idempotent_requests.c.lease_until < bindparam("at"),
        )
    )
    .values(lease_owner=bindparam("owner"), lease_until=bindparam("until"))
)
_ANSWER = (
    update(idempotent_requests)
    .where(*_THIS)
    .values(
        status=bindparam("by_status"),
        headers=bindparam("with_headers"),
        answer=bindparam("packed"),
        lease_owner=None,
        lease_until=None,
    )
)
_LET_GO = update(idempotent_requests).where(*_THIS).values(lease_owner=None, lease_until=None)
_FREE = delete(idempotent_requests).where(*_THIS)
_OLD = (
    select(idempotent_requests.c.id)
    .where(idempotent_requests.c.created_at < bindparam("before"))
    .where(idempotent_requests.c.account_id + 0 == bindparam("account"))  # the index on the time is the one to use
    .order_by(idempotent_requests.c.created_at)
    .limit(bindparam("most"))
)
_REMOVE_OLD = delete(idempotent_requests).where(idempotent_requests.c.id.in_(_OLD))
_END_LEASES = (
    update(idempotent_requests)
    .where(idempotent_requests.c.lease_owner.is_not(None))
    .values(lease_owner=None, lease_until=None)
)

_headers = msgspec.json.Decoder(dict[str, str]).decode


def find_request(transaction: Connection, asked: Asked, now: datetime) -> Known | None:
    """The request that has this key there, if one has it and is not too old; whether it is the same one says its mark.

    Its answer may be megabytes, and is only unpacked for the same request.
    """
    row = transaction.execute(_FIND, {**_place(asked), "since": timestamp(now - KEPT_FOR)}).one_or_none()
    if row is None:
        return None
    answer = None
    if row.status is not None and asked.is_same(row.request_hash):
        answer = StoredAnswer(row.status, _headers(row.headers), zlib.decompress(row.answer))
    return Known(row.id, row.request_hash, answer)


def take_up(transaction: Connection, account_id: int, request_id: int, owner: str, now: datetime) -> bool:
    """Gives a request that was broken off to `owner`; False when another process works on it, or has answered it."""
    values = {"owner": owner, "at": timestamp(now), "until": timestamp(now + LEASE)}
    return transaction.execute(_TAKE_UP, {"account": account_id, "request": request_id, **values}).rowcount == 1


def store_answer(transaction: Connection, account_id: int, request_id: int, answer: StoredAnswer) -> None:
    """Keeps what a request was answered, to be answered again."""
    values = {
        "by_status": answer.status,
        "with_headers": msgspec.json.encode(dict(answer.headers)).decode(),
        "packed": zlib.compress(answer.body),
    }
    transaction.execute(_ANSWER, {"account": account_id, "request": request_id, **values})


def let_go(transaction: Connection, account_id: int, request_id: int) -> None:
    """Says that nobody works on a request any more, so that whoever sends it again takes it up."""
    transaction.execute(_LET_GO, {"account": account_id, "request": request_id})


def free(transaction: Connection, account_id: int, request_id: int) -> None:
    """Forgets a request that has come to nothing, so that its key can be used once more."""
    transaction.execute(_FREE, {"account": account_id, "request": request_id})


def remove_old_requests(transaction: Connection, account_id: int, before: datetime, most: int) -> int:
    """Removes at most so many of the account's requests that are older than this, and says how many those were."""
    values = {"account": account_id, "before": timestamp(before), "most": most}
    return transaction.execute(_REMOVE_OLD, values).rowcount


def end_leases(transaction: Connection) -> None:
    """Says that nobody works on any request. Only right where no other process can."""
    transaction.execute(_END_LEASES)


def _place(asked: Asked) -> dict[str, object]:
    return {"account": asked.account_id, "at_route": asked.route, "by_key": asked.key}
