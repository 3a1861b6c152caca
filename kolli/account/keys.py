"""API keys and the access tokens made with them.

A key has a public half, which names the account, and a secret half, of which only a hash is kept. A token is given for
a key, allows what its scopes say, and ends by itself; of it, too, there is only a hash.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, or_, select, update

from kolli.errors import InvalidToken, NotFound, Unauthenticated
from kolli.schema import access_tokens, api_keys
from kolli.values import timestamp

ResponseProfile = Literal["example", "schema"]
"""Which form answers take where the API's description and its examples differ."""

WRONG = "Invalid username/password."

TOKEN_PREFIX = "ory_at_"  # noqa: S105 - what tokens of the hosted service begin with, no secret
TOKEN_SECONDS = 3600
MOST_TOKENS = 5_000
"""How many tokens of a key are good at a time: one more ends the oldest, so that revoking a key is always quick."""

REMOVED_AT_A_TIME = 200
"""Tokens removed whenever one is made: labels wait for the one writer of the database."""


@dataclass(frozen=True)
class ApiKey:
    """A key as it is kept: everything but its secret."""

    public_key: str
    account_id: int
    name: str
    response_profile: ResponseProfile = "example"
    integration_id: int | None = None  # the one whose shipments it makes; None: only in accounts without integrations


@dataclass(frozen=True)
class ListedKey:
    """A key with what a person wants to know about it."""

    key: ApiKey
    created_at: datetime
    expires_at: datetime | None  # None: never
    last_used_at: datetime | None  # None: not yet; about to the minute


_COLUMNS = select(
    api_keys.c.public_key,
    api_keys.c.account_id,
    api_keys.c.name,
    api_keys.c.response_profile,
    api_keys.c.integration_id,
)
_FIND = _COLUMNS.add_columns(api_keys.c.secret_hash, api_keys.c.expires_at).where(
    api_keys.c.public_key == bindparam("public_key")
)
_LIST = (
    _COLUMNS.add_columns(api_keys.c.created_at, api_keys.c.expires_at, api_keys.c.last_used_at)
    .where(api_keys.c.account_id == bindparam("account_id"))
    .order_by(api_keys.c.created_at, api_keys.c.public_key)
)
_BY_TOKEN = (
    _COLUMNS.add_columns(access_tokens.c.scopes)
    .join(access_tokens, access_tokens.c.public_key == api_keys.c.public_key)
    .where(access_tokens.c.token_hash == bindparam("token_hash"), access_tokens.c.expires_at > bindparam("now"))
    .where(or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > bindparam("now")))
)
_OWN = (api_keys.c.account_id == bindparam("of_account"), api_keys.c.public_key == bindparam("of_key"))
_RENAME = update(api_keys).where(*_OWN).values(name=bindparam("new_name"))
_EXPIRE = update(api_keys).where(*_OWN).values(expires_at=bindparam("until"))
_USED = (
    update(api_keys)
    .where(api_keys.c.public_key.in_(bindparam("keys", expanding=True)))
    .values(last_used_at=bindparam("at"))
)
_EXPIRED = select(access_tokens.c.token_hash).where(access_tokens.c.expires_at <= bindparam("now"))
_SURPLUS = (
    select(access_tokens.c.token_hash)
    .where(access_tokens.c.public_key == bindparam("key"))
    .order_by(access_tokens.c.expires_at.desc())
    .offset(MOST_TOKENS)
)
_REMOVE_EXPIRED, _REMOVE_SURPLUS = (
    delete(access_tokens).where(access_tokens.c.token_hash.in_(which.limit(REMOVED_AT_A_TIME)))
    for which in (_EXPIRED, _SURPLUS)
)

_NO_HASH = hashlib.sha256(b"").hexdigest()


def create_key(
    transaction: Connection,
    account_id: int,
    name: str,
    now: datetime,
    response_profile: ResponseProfile = "example",
    *,
    integration_id: int | None = None,
) -> tuple[ApiKey, str]:
    """Makes and stores a key, and gives its secret: the only time that anybody sees it."""
    key = ApiKey(str(uuid4()), account_id, name, response_profile, integration_id)
    secret = secrets.token_hex(32)
    add_key(transaction, key, secret, now)
    return key, secret


def add_key(transaction: Connection, key: ApiKey, secret: str, now: datetime) -> None:
    """Stores a key with a secret that is known already; see `create_key` for one that nobody has seen."""
    transaction.execute(
        insert(api_keys).values(
            public_key=key.public_key,
            account_id=key.account_id,
            secret_hash=_hash(secret),
            name=key.name,
            response_profile=key.response_profile,
            integration_id=key.integration_id,
            created_at=timestamp(now),
        )
    )


def check_key(transaction: Connection, public_key: str, secret: str, now: datetime) -> ApiKey:
    """The key that these credentials belong to; Unauthenticated when they are wrong, in the same time either way."""
    row = transaction.execute(_FIND, {"public_key": public_key}).one_or_none()
    matches = hmac.compare_digest(_hash(secret), row.secret_hash if row else _NO_HASH)
    if row is None or not matches or _has_ended(row, now):
        raise Unauthenticated(WRONG)
    return _key(row)


def list_keys(transaction: Connection, account_id: int) -> list[ListedKey]:
    """Every key of the account, oldest first."""
    rows = transaction.execute(_LIST, {"account_id": account_id})
    return [
        ListedKey(_key(row), datetime.fromisoformat(row.created_at), _time(row.expires_at), _time(row.last_used_at))
        for row in rows
    ]


def get_key(transaction: Connection, account_id: int, public_key: str) -> ApiKey:
    """The account's key with this public half, which must exist."""
    row = transaction.execute(_FIND, {"public_key": public_key}).one_or_none()
    if row is None or row.account_id != account_id:
        raise NotFound(f"The account {account_id} has no key {public_key[:100]!r}.")
    return _key(row)


def rename_key(transaction: Connection, account_id: int, public_key: str, name: str) -> None:
    """Gives a key, which must exist, another name."""
    values = {"of_account": account_id, "of_key": public_key, "new_name": name}
    if transaction.execute(_RENAME, values).rowcount == 0:
        raise NotFound(f"The account {account_id} has no key {public_key[:100]!r}.")


def rotate_key(transaction: Connection, key: ApiKey, now: datetime, until: datetime) -> tuple[ApiKey, str]:
    """Makes a key that takes the place of another, and its secret; the other one is good until then, so both are."""
    transaction.execute(_EXPIRE, {"of_account": key.account_id, "of_key": key.public_key, "until": timestamp(until)})
    return create_key(
        transaction, key.account_id, key.name, now, key.response_profile, integration_id=key.integration_id
    )


def note_use_of_keys(transaction: Connection, public_keys: Iterable[str], now: datetime) -> None:
    """Writes down that keys are used at this moment."""
    if used := sorted(public_keys):
        transaction.execute(_USED, {"at": timestamp(now), "keys": used})


def revoke_key(transaction: Connection, account_id: int, public_key: str) -> None:
    """Removes a key, which must exist, and every token that was made with it: from now on both are unknown."""
    if not _revoke(transaction, api_keys.c.account_id == account_id, api_keys.c.public_key == public_key):
        raise NotFound(f"The account {account_id} has no key {public_key!r}. See `kolli keys list`.")


def revoke_keys_of_integration(transaction: Connection, account_id: int, integration_id: int) -> None:
    """Removes the keys of an integration, and every token that was made with them."""
    _revoke(transaction, api_keys.c.account_id == account_id, api_keys.c.integration_id == integration_id)


def _revoke(transaction: Connection, *which: ColumnElement[bool]) -> int:
    revoked = select(api_keys.c.public_key).where(*which)
    transaction.execute(delete(access_tokens).where(access_tokens.c.public_key.in_(revoked)))
    return transaction.execute(delete(api_keys).where(*which)).rowcount


def issue_token(transaction: Connection, key: ApiKey, scopes: Iterable[str], now: datetime) -> str:
    """Makes a token for a key, good for TOKEN_SECONDS and for these scopes; nobody sees it again.

    Some of those that have ended, whosever they were, are removed, and those that are more than a key may have.
    """
    token = TOKEN_PREFIX + secrets.token_urlsafe(32)
    transaction.execute(_REMOVE_EXPIRED, {"now": timestamp(now)})
    transaction.execute(
        insert(access_tokens).values(
            token_hash=_hash(token),
            account_id=key.account_id,
            public_key=key.public_key,
            scopes=" ".join(sorted(scopes)),
            expires_at=timestamp(now + timedelta(seconds=TOKEN_SECONDS)),
        )
    )
    transaction.execute(_REMOVE_SURPLUS, {"key": key.public_key})
    return token


def check_token(transaction: Connection, token: str, now: datetime) -> tuple[ApiKey, frozenset[str]]:
    """The key that a token was made with, and its scopes; InvalidToken when it is unknown or has ended."""
    # What is looked up is a hash: how long that takes tells nothing about any token.
    row = transaction.execute(_BY_TOKEN, {"token_hash": _hash(token), "now": timestamp(now)}).one_or_none()
    if row is None:
        raise InvalidToken
    return _key(row), frozenset(row.scopes.split())


def _has_ended(row: Any, now: datetime) -> bool:
    return row.expires_at is not None and row.expires_at <= timestamp(now)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _key(row: Any) -> ApiKey:
    public_key, account_id, name, response_profile, integration_id, *_ = row
    return ApiKey(public_key, account_id, name, response_profile, integration_id)


def _hash(secret: str) -> str:
    # A fast hash is right here: secrets are 256 random bits, so there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()
