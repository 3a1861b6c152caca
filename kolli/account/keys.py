"""API keys: a public half that names the account, and a secret half of which only a hash is kept."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import uuid4

from sqlalchemy import Connection, bindparam, insert, select

from kolli.errors import Unauthenticated
from kolli.schema import api_keys
from kolli.values import timestamp

ResponseProfile = Literal["example", "schema"]
"""Which form answers take where the API's description and its examples differ."""

WRONG = "Invalid username/password."


@dataclass(frozen=True)
class ApiKey:
    """A key as it is kept: everything but its secret."""

    public_key: str
    account_id: int
    name: str
    response_profile: ResponseProfile = "example"
    integration_id: int | None = None  # the one whose shipments it makes; None: only in accounts without integrations


_FIND = select(
    api_keys.c.public_key,
    api_keys.c.account_id,
    api_keys.c.name,
    api_keys.c.response_profile,
    api_keys.c.integration_id,
    api_keys.c.secret_hash,
).where(api_keys.c.public_key == bindparam("public_key"))

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
    transaction.execute(
        insert(api_keys).values(
            public_key=key.public_key,
            account_id=account_id,
            secret_hash=_hash(secret),
            name=name,
            response_profile=response_profile,
            integration_id=integration_id,
            created_at=timestamp(now),
        )
    )
    return key, secret


def check_key(transaction: Connection, public_key: str, secret: str) -> ApiKey:
    """The key that these credentials belong to; Unauthenticated when they are wrong, in the same time either way."""
    row = transaction.execute(_FIND, {"public_key": public_key}).one_or_none()
    matches = hmac.compare_digest(_hash(secret), row.secret_hash if row else _NO_HASH)
    if row is None or not matches:
        raise Unauthenticated(WRONG)
    return ApiKey(row.public_key, row.account_id, row.name, row.response_profile, row.integration_id)


def _hash(secret: str) -> str:
    # A fast hash is right here: secrets are 256 random bits, so there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()
