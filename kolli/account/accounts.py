"""The account: who uses this installation, and what it wants when an order does not say."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from kolli.schema import accounts
from kolli.values import Weight

RepeatLabels = Literal["refused", "allowed"]

BEFORE_KOLLI = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Account:
    """One customer of this installation. Nothing of it is ever visible to another."""

    id: int
    name: str
    default_weight: Weight | None = None
    default_shipping_option_code: str | None = None
    repeat_labels: RepeatLabels = "refused"  # may an order that has a live shipment get another one?
    registered_at: datetime = BEFORE_KOLLI


_GET = select(accounts.c.body).where(accounts.c.id == bindparam("account_id"))


def add_account(transaction: Connection, account: Account) -> None:
    """Stores a new account."""
    transaction.execute(
        insert(accounts).values(id=account.id, name=account.name, body=msgspec.json.encode(account).decode())
    )


def get_account(transaction: Connection, account_id: int) -> Account:
    """The account with this id, which must exist."""
    return msgspec.json.decode(transaction.execute(_GET, {"account_id": account_id}).scalar_one(), type=Account)


def list_accounts(transaction: Connection) -> list[Account]:
    """Every account of this installation, oldest first."""
    bodies = transaction.execute(select(accounts.c.body).order_by(accounts.c.id)).scalars()
    return [msgspec.json.decode(body, type=Account) for body in bodies]
