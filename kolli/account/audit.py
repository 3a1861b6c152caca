"""The audit trail: who did what in the panel, and when; only ever added to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from kolli.account.users import User
from kolli.schema import audit
from kolli.values import timestamp

LONGEST_TEXT = 300
"""Characters that are kept of a subject or a detail."""


@dataclass(frozen=True)
class Entry:
    """One thing that somebody did. `actor` is the name they had then."""

    at: datetime
    action: str  # such as `order.ship`
    subject: str  # such as `ORDER-25763`
    actor: str
    user_id: int | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    id: int = 0


@dataclass(frozen=True)
class Wanted:
    """Which entries are looked for; before an id, as the newest come first."""

    user_id: int | None = None
    action: str = ""  # the beginning of one, such as `order.`
    subject: str = ""  # all of it
    before: int | None = None


_ADD = insert(audit)
_LIST = select(audit).where(audit.c.account_id == bindparam("account_id")).order_by(audit.c.id.desc())


def add_entry(
    transaction: Connection,
    user: User,
    done: tuple[str, str],
    now: datetime,
    details: Mapping[str, object] | None = None,
) -> None:
    """Writes down what a person does, an action and its subject, in the transaction that does it."""
    action, subject = done
    told = {name: str(value)[:LONGEST_TEXT] for name, value in (details or {}).items()}
    transaction.execute(
        _ADD,
        {
            "account_id": user.account_id,
            "at": timestamp(now),
            "user_id": user.id,
            "actor": user.name,
            "action": action,
            "subject": subject[:LONGEST_TEXT],
            "body": msgspec.json.encode(told).decode(),
        },
    )


def list_entries(transaction: Connection, account_id: int, wanted: Wanted, most: int) -> Sequence[Entry]:
    """The newest entries that are wanted, at most so many."""
    statement = _LIST.limit(most)
    if wanted.user_id is not None:
        statement = statement.where(audit.c.user_id == wanted.user_id)
    if wanted.action:
        statement = statement.where(audit.c.action >= wanted.action, audit.c.action < f"{wanted.action}\uffff")
    if wanted.subject:
        statement = statement.where(audit.c.subject == wanted.subject[:LONGEST_TEXT])
    if wanted.before is not None:
        statement = statement.where(audit.c.id < wanted.before)
    return [_entry(row) for row in transaction.execute(statement, {"account_id": account_id})]


def _entry(row: Any) -> Entry:
    details = msgspec.json.decode(row.body, type=dict[str, str])
    return Entry(datetime.fromisoformat(row.at), row.action, row.subject, row.actor, row.user_id, details, row.id)
