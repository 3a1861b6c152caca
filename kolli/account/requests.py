"""The request log ↔ rows: what was asked and answered lately, for people who look for a mistake.

No bodies, no queries and no credentials: a row says that somebody asked, and what came of it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select

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
class LoggedRequest:
    """One request and how it was answered. `status` is 0 when the caller has got no answer."""

    at: datetime
    method: str
    path: str
    status: int
    account_id: int | None = None  # None: nobody we know, or nothing that an account is needed for
    details: Details = Details()
    id: int = 0


@dataclass(frozen=True)
class Wanted:
    """Which requests are looked for."""

    account_id: int | None = None  # None: of every account, and of nobody we know
    only_failed: bool = False
    only_tampered: bool = False
    after: int = 0  # the id of the last one that is known already


_read = msgspec.json.Decoder(Details).decode
_IS_TAMPERED = requests.c.body.contains('"scenario":')  # written with a quote before it only where it is the name
_ADD = insert(requests)
_TOO_MANY = delete(requests).where(
    requests.c.id <= select(func.max(requests.c.id)).scalar_subquery() - bindparam("most")
)
_TOO_OLD = delete(requests).where(requests.c.at < bindparam("oldest"))


def add_requests(transaction: Connection, logged: Sequence[LoggedRequest]) -> None:
    """Writes requests down."""
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
    transaction.execute(_ADD, rows)


def forget_requests(transaction: Connection, most: int, now: datetime) -> None:
    """Removes all but the latest so many, and what is older than OLDEST."""
    transaction.execute(_TOO_MANY, {"most": most})
    transaction.execute(_TOO_OLD, {"oldest": timestamp(now - OLDEST)})


def list_requests(transaction: Connection, wanted: Wanted, most: int) -> list[LoggedRequest]:
    """The latest requests that are wanted, at most so many, the newest last."""
    query = select(requests).where(requests.c.id > wanted.after).order_by(requests.c.id.desc()).limit(most)
    if wanted.account_id is not None:
        query = query.where(requests.c.account_id == wanted.account_id)
    if wanted.only_failed:
        query = query.where((requests.c.status >= 400) | (requests.c.status == 0))
    if wanted.only_tampered:
        query = query.where(_IS_TAMPERED)
    return [_logged(row) for row in transaction.execute(query)][::-1]


def _logged(row: Any) -> LoggedRequest:
    return LoggedRequest(
        datetime.fromisoformat(row.at), row.method, row.path, row.status, row.account_id, _read(row.body), row.id
    )
