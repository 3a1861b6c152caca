"""Sessions of people who are signed in: a random token in their browser, its hash and what belongs to it here."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kolli.account.users import User, get_user
from kolli.schema import sessions
from kolli.values import timestamp

LONGEST = timedelta(days=7)
"""How long a session lasts at most."""

IDLE = timedelta(hours=12)
"""How long one lasts without being used: a shift, and the break in it."""

CONFIRMED_FOR = timedelta(minutes=15)
"""How long after the password was given what is worth most may be changed without giving it again."""

NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is written down when a session was last used."""

LONGEST_AGENT = 200


@dataclass(frozen=True)
class Session:
    """One browser in which one person is signed in."""

    token_hash: str
    user: User
    created_at: datetime
    seen_at: datetime
    confirmed_at: datetime
    agent: str = ""

    def is_confirmed(self, now: datetime) -> bool:
        """Whether the password was given a moment ago."""
        return now - self.confirmed_at < CONFIRMED_FOR


_BY_TOKEN = select(sessions).where(sessions.c.token_hash == bindparam("token_hash"))
_OF_USER = (
    select(sessions)
    .where(sessions.c.account_id == bindparam("account_id"), sessions.c.user_id == bindparam("user_id"))
    .order_by(sessions.c.seen_at.desc())
)
_SEEN = update(sessions).where(sessions.c.token_hash == bindparam("token")).values(seen_at=bindparam("at"))
_CONFIRM = update(sessions).where(sessions.c.token_hash == bindparam("token")).values(confirmed_at=bindparam("at"))
_END = delete(sessions).where(sessions.c.token_hash == bindparam("token"))
_END_ALL = delete(sessions).where(
    sessions.c.account_id == bindparam("of_account"),
    sessions.c.user_id == bindparam("of_user"),
    sessions.c.token_hash != bindparam("besides"),
)
_SWEEP = delete(sessions).where(sessions.c.created_at < bindparam("oldest"))


def begin_session(transaction: Connection, user: User, agent: str, now: datetime) -> str:
    """Signs a person in, whose password was right, and gives the token; nobody sees it again. Old ones are removed."""
    token = secrets.token_urlsafe(32)
    transaction.execute(_SWEEP, {"oldest": timestamp(now - LONGEST)})
    at = timestamp(now)
    transaction.execute(
        insert(sessions).values(
            token_hash=_hash(token),
            account_id=user.account_id,
            user_id=user.id,
            created_at=at,
            seen_at=at,
            confirmed_at=at,
            agent=agent[:LONGEST_AGENT],
        )
    )
    return token


def find_session(transaction: Connection, token: str, now: datetime) -> Session | None:
    """The session with this token; None when there is none, it has ended, or the person is shut out."""
    row = transaction.execute(_BY_TOKEN, {"token_hash": _hash(token)}).one_or_none()
    if row is None:
        return None
    session = _session(transaction, row)
    is_over = now - session.created_at > LONGEST or now - session.seen_at > IDLE
    return None if is_over or session.user.disabled_at is not None else session


def list_sessions(transaction: Connection, user: User, now: datetime) -> list[Session]:
    """Where a person is signed in, the browser they used last first."""
    rows = transaction.execute(_OF_USER, {"account_id": user.account_id, "user_id": user.id}).all()
    found = [_session(transaction, row) for row in rows]
    return [each for each in found if now - each.created_at <= LONGEST and now - each.seen_at <= IDLE]


def note_use(transaction: Connection, session: Session, now: datetime) -> None:
    """Writes down that a session is used at this moment."""
    transaction.execute(_SEEN, {"token": session.token_hash, "at": timestamp(now)})


def confirm(transaction: Connection, session: Session, now: datetime) -> None:
    """Writes down that the password was given once more."""
    transaction.execute(_CONFIRM, {"token": session.token_hash, "at": timestamp(now)})


def end_session(transaction: Connection, session: Session) -> None:
    """Signs a person out of one browser."""
    transaction.execute(_END, {"token": session.token_hash})


def end_sessions_of(transaction: Connection, user: User, *, besides: Session | None = None) -> int:
    """Signs a person out everywhere, but for one session; says of how many."""
    values = {"of_account": user.account_id, "of_user": user.id, "besides": besides.token_hash if besides else ""}
    return transaction.execute(_END_ALL, values).rowcount


def _hash(token: str) -> str:
    # A fast hash is right here: tokens are 256 random bits, so there is nothing to guess.
    return hashlib.sha256(token.encode()).hexdigest()


def _session(transaction: Connection, row: Any) -> Session:
    return Session(
        row.token_hash,
        get_user(transaction, row.account_id, row.user_id),
        datetime.fromisoformat(row.created_at),
        datetime.fromisoformat(row.seen_at),
        datetime.fromisoformat(row.confirmed_at),
        row.agent,
    )
