"""Shipping options that an account has added to those that its carriers declare."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from kolli.account.accounts import touch
from kolli.database import insert_or
from kolli.schema import shipping_options
from kolli.values import Dimensions, Weight, timestamp


@dataclass(frozen=True)
class OwnOption:
    """One way a carrier moves a parcel for this account: what it takes, needs and does, in the words of carriers.

    It becomes a `ShippingOption` with the members of the same names. What is not known is None.
    """

    code: str
    carrier_code: str
    name: str
    heaviest: Weight
    lightest: Weight | None = None
    countries: frozenset[str] | None = None
    from_countries: frozenset[str] | None = None
    requires: tuple[str, ...] = ()
    title: str = ""
    product_name: str = ""
    largest: Dimensions | None = None
    most_parcels: int = 1
    volumetric_divisor: int | None = None
    lead_time_hours: int | None = None
    charging_type: str = "label_creation"
    functionalities: Mapping[str, bool | int | str | None] = field(default_factory=dict, hash=False)


_LIST = (
    select(shipping_options.c.body)
    .where(shipping_options.c.account_id == bindparam("account_id"))
    .order_by(shipping_options.c.code)
)
_INSERT = insert_or(shipping_options)
_SAVE = _INSERT.on_conflict_do_update(
    index_elements=["account_id", "code"],
    set_={name: _INSERT.excluded[name] for name in ("carrier_code", "body", "updated_at")},
)
_REMOVE = delete(shipping_options).where(
    shipping_options.c.account_id == bindparam("of_account"), shipping_options.c.code == bindparam("of_code")
)

_read = msgspec.json.Decoder(OwnOption).decode


def list_own_options(transaction: Connection, account_id: int) -> list[OwnOption]:
    """The options that the account has added, by their codes."""
    return [_read(body) for body in transaction.execute(_LIST, {"account_id": account_id}).scalars()]


def save_own_options(transaction: Connection, account_id: int, options: Iterable[OwnOption], now: datetime) -> None:
    """Adds options, or puts them in the place of those with the same codes."""
    rows = [_row(account_id, option, now) for option in options]
    if rows:
        transaction.execute(_SAVE, rows)
        touch(transaction, account_id)


def remove_own_option(transaction: Connection, account_id: int, code: str) -> bool:
    """Removes an option; False when the account has not added such a one. Shipments made with it stay as they are."""
    is_removed = transaction.execute(_REMOVE, {"of_account": account_id, "of_code": code}).rowcount > 0
    if is_removed:
        touch(transaction, account_id)
    return is_removed


def _row(account_id: int, option: OwnOption, now: datetime) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "code": option.code,
        "carrier_code": option.carrier_code,
        "body": msgspec.json.encode(option).decode(),
        "created_at": timestamp(now),
        "updated_at": timestamp(now),
    }
