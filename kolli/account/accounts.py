"""The account: who uses this installation, and what it wants when an order does not say."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from kolli.schema import accounts
from kolli.values import Weight

RepeatLabels = Literal["refused", "allowed"]

BEFORE_KOLLI = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Defaults:
    """What an account wants beyond a weight and a shipping option when neither rule nor request nor order says.

    The two objects have the members of the API, and are read where a shipment is decided.
    """

    contract_id: int | None = None  # for the default shipping option
    insured_percentage: Decimal | None = None  # of the order's value
    customs_options: dict[str, Any] = field(default_factory=dict)
    label_options: dict[str, Any] = field(default_factory=dict)

    @property
    def shipment_type(self) -> str | None:
        """Why goods leave the customs area, such as `commercial_goods`; None: whoever ships says so each time."""
        return self.customs_options.get("shipment_type")

    @property
    def label_notes(self) -> tuple[str, ...]:
        """What stands on the label of a parcel that brings no notes of its own."""
        return tuple(self.label_options.get("label_notes", ()))


@dataclass(frozen=True)
class Pending:
    """What is to go wrong on purpose with requests to come; see `kolli.scenarios`.

    `route` is the end of a path, or empty for any that the scenario means something for. `way` is the carrier and the
    contract of the labels that it waits for, or empty for any.

    One with an end waits for nothing, but says what is so until then: that the limit is reached, or that a scenario has
    acted on the order that `way` names.
    """

    scenario: str
    times: int = 1
    route: str = ""
    way: str = ""
    until: datetime | None = None


@dataclass(frozen=True)
class Account:
    """One customer of this installation. Nothing of it is ever visible to another."""

    id: int
    name: str
    default_weight: Weight | None = None
    default_shipping_option_code: str | None = None
    repeat_labels: RepeatLabels = "refused"  # may an order that has a live shipment get another one?
    registered_at: datetime = BEFORE_KOLLI
    defaults: Defaults = field(default_factory=Defaults)
    pending: tuple[Pending, ...] = ()  # tests only


_GET = select(accounts.c.body).where(accounts.c.id == bindparam("account_id"))
_REVISION = select(accounts.c.revision).where(accounts.c.id == bindparam("account_id"))
_TOUCH = update(accounts).where(accounts.c.id == bindparam("touched")).values(revision=accounts.c.revision + 1)


def add_account(transaction: Connection, account: Account) -> None:
    """Stores a new account."""
    transaction.execute(
        insert(accounts).values(
            id=account.id, name=account.name, revision=0, body=msgspec.json.encode(account).decode()
        )
    )


def update_account(transaction: Connection, account: Account) -> None:
    """Stores what has changed about an account."""
    changes = {"name": account.name, "body": msgspec.json.encode(account).decode()}
    transaction.execute(update(accounts).where(accounts.c.id == account.id).values(**changes))
    touch(transaction, account.id)


def touch(transaction: Connection, account_id: int) -> None:
    """Says that something has changed that decides how the account ships.

    Every function that stores, changes or removes a rule, a rate, a shipping option, a contract, a number range, a
    sender address, a brand or a default, or adds or removes an integration, calls it, in the same transaction: what is
    worked out from these is kept in memory for as long as the revision is the same.
    """
    transaction.execute(_TOUCH, {"touched": account_id})


def revision_of(transaction: Connection, account_id: int) -> int:
    """How often something has changed that decides how the account ships."""
    revision: int = transaction.execute(_REVISION, {"account_id": account_id}).scalar_one()
    return revision


def get_account(transaction: Connection, account_id: int) -> Account:
    """The account with this id, which must exist."""
    return msgspec.json.decode(transaction.execute(_GET, {"account_id": account_id}).scalar_one(), type=Account)


def list_accounts(transaction: Connection) -> list[Account]:
    """Every account of this installation, oldest first."""
    bodies = transaction.execute(select(accounts.c.body).order_by(accounts.c.id)).scalars()
    return [msgspec.json.decode(body, type=Account) for body in bodies]
