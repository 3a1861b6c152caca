"""The request log ↔ rows: what was asked and answered lately, for people who look for a mistake.

No credentials: a row says that somebody asked, and what came of it. What was said is kept apart, in `request_bodies`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, insert, select

from kolli.schema import requests
from kolli.values import timestamp

OLDEST = timedelta(days=7)
"""How long a request is remembered, if others do not push it out before."""

KeyState = Literal["", "first", "replayed", "in flight", "reused", "broken off"]
"""What became of a request's Idempotency-Key; empty when it had none."""


@dataclass(frozen=True)
class Details:
    """What is kept of a request beside what it can be found by."""

    milliseconds: int = 0
    scenario: str = ""  # what went wrong on purpose; empty: nothing
    key: KeyState = ""
    about: str = ""  # the order or shipment of the first label in the answer
    code: str = ""  # of the first mistake that the answer names, as are the next two
    detail: str = ""
    source: str = ""  # where the mistake is
    agent: str = ""  # which program asked, by its own words


@dataclass(frozen=True)
class OneSide:
    """What was sent, or what came back, as it was: not to be kept like this. `body` may be its beginning only."""

    body: bytes
    size: int
    headers: Mapping[str, str]
    query: str = ""
    key: bytes = b""  # what the mark of the body is made with, so that it tells nothing about the body


@dataclass(frozen=True)
class Exchange:
    """Both sides of a request, as long as nobody has written them down."""

    asked: OneSide
    answered: OneSide

    @property
    def size(self) -> int:
        """How much memory it takes, about."""
        return len(self.asked.body) + len(self.answered.body)


@dataclass(frozen=True)
class LoggedRequest:
    """One request and how it was answered. `status` is 0 when the caller has got no answer."""

    at: datetime
    method: str
    path: str
    status: int
    account_id: int | None = None  # None: nobody we know, or nothing that an account is needed for
    details: Details = Details()
    id: int = 0
    exchange: Exchange | None = field(default=None, compare=False, repr=False)  # what was said, if that is to be kept
    public_key: str = field(default="", compare=False)  # of the key that was used; not kept, but noted as used


@dataclass(frozen=True)
class Wanted:
    """Which requests are looked for."""

    account_id: int | None = None  # None: of every account, and of nobody we know
    only_failed: bool = False
    only_tampered: bool = False
    after: int = 0  # the id of the last one that is known already
    before: int | None = None  # only older ones than the one with this id
    within: int | None = None  # only among so many of the latest, or of those before that one; None: among all
    path: str = ""  # a part of it
    key: KeyState = ""  # what became of their Idempotency-Keys; empty: they need not have any
    with_nobodys: bool = False  # also what strangers asked the API: those with wrong credentials


_read = msgspec.json.Decoder(Details).decode
_IS_TAMPERED = requests.c.body.contains('"scenario":')  # written with a quote before it only where it is the name
_ADD = insert(requests).returning(requests.c.id, sort_by_parameter_order=True)
_FIND = select(requests).where(requests.c.id == bindparam("request"))
_TRIES = (
    select(requests)
    .where(
        requests.c.account_id == bindparam("account"),
        requests.c.id < bindparam("request"),
        requests.c.at >= bindparam("oldest"),
        requests.c.path == bindparam("wanted"),
        requests.c.method == bindparam("verb"),
    )
    .order_by(requests.c.id.desc())
    .limit(bindparam("most"))
)
_TOO_MANY = delete(requests).where(
    requests.c.id <= select(func.max(requests.c.id)).scalar_subquery() - bindparam("most")
)
_TOO_OLD = delete(requests).where(requests.c.at < bindparam("oldest"))


def add_requests(transaction: Connection, logged: Sequence[LoggedRequest]) -> Sequence[int]:
    """Writes requests down, and says which ids they have, in the same order."""
    rows = [
        {
            "account_id": each.account_id,
            "at": timestamp(each.at),
            "method": each.method,
            "path": each.path,
            "status": each.status,
            "body": msgspec.json.encode(
                {name: value for name, value in asdict(each.details).items() if value}
            ).decode(),
        }
        for each in logged
    ]
    return transaction.execute(_ADD, rows).scalars().all()


def forget_requests(transaction: Connection, most: int, now: datetime) -> None:
    """Removes all but the latest so many, and what is older than OLDEST."""
    transaction.execute(_TOO_MANY, {"most": most})
    transaction.execute(_TOO_OLD, {"oldest": timestamp(now - OLDEST)})


def list_requests(transaction: Connection, wanted: Wanted, most: int) -> list[LoggedRequest]:
    """The latest requests that are wanted, at most so many, the newest last."""
    query = select(requests).where(requests.c.id > wanted.after).order_by(requests.c.id.desc()).limit(most)
    if wanted.account_id is not None:
        query = query.where(_of_whom(wanted.account_id, with_nobodys=wanted.with_nobodys))
    if wanted.within is not None:
        newest = select(func.max(requests.c.id)).scalar_subquery() if wanted.before is None else wanted.before
        query = query.where(requests.c.id > newest - wanted.within)
    if wanted.before is not None:
        query = query.where(requests.c.id < wanted.before)
    if wanted.path:
        query = query.where(requests.c.path.contains(wanted.path, autoescape=True))
    if wanted.key:
        query = query.where(requests.c.body.contains(f'"key":"{wanted.key}"'))
    if wanted.only_failed:
        query = query.where((requests.c.status >= 400) | (requests.c.status == 0))
    if wanted.only_tampered:
        query = query.where(_IS_TAMPERED)
    return [_logged(row) for row in transaction.execute(query)][::-1]


def find_request(
    transaction: Connection, account_id: int, request_id: int, *, with_nobodys: bool = False
) -> LoggedRequest | None:
    """An account's request by its id; with `with_nobodys` also what a stranger asked the API."""
    query = _FIND.where(_of_whom(account_id, with_nobodys=with_nobodys))
    row = transaction.execute(query, {"request": request_id}).one_or_none()
    return None if row is None else _logged(row)


def list_tries(transaction: Connection, request: LoggedRequest, since: datetime, most: int) -> list[LoggedRequest]:
    """What the same account asked in the same way and place since then, before a request; the newest first."""
    asked = {"account": request.account_id, "request": request.id, "oldest": timestamp(since), "most": most}
    rows = transaction.execute(_TRIES, {**asked, "wanted": request.path, "verb": request.method})
    return [_logged(row) for row in rows]


def _of_whom(account_id: int, *, with_nobodys: bool) -> ColumnElement[bool]:
    is_theirs = requests.c.account_id == account_id
    is_nobodys = requests.c.account_id.is_(None) & requests.c.path.startswith("/api/")
    return is_theirs | is_nobodys if with_nobodys else is_theirs


def _logged(row: Any) -> LoggedRequest:
    return LoggedRequest(
        datetime.fromisoformat(row.at), row.method, row.path, row.status, row.account_id, _read(row.body), row.id
    )
