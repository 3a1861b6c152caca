"""Rate sheets: what a shipping option costs under a contract, by country and weight."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select

from kolli.account.accounts import touch
from kolli.schema import rate_sheets
from kolli.values import Weight, timestamp

SurchargeType = Literal[
    "volume", "weight", "weight_volume", "internal_correction", "seasonal", "fuel", "remote", "toll", "dimensional",
    "customs", "returns", "label_quality", "packaging", "pickup", "residential", "address_corrections", "overcharge",
    "forbidden_item", "other",
]  # fmt: skip
"""What is paid beside the price. Source: the API's Shipping Options section, `shipping-price-breakdown` (2026-07)."""

SURCHARGES: tuple[SurchargeType, ...] = get_args(SurchargeType)


@dataclass(frozen=True)
class Surcharge:
    """What is paid beside the price of a parcel: an amount, or a percentage of that price."""

    type: SurchargeType
    value: Decimal
    is_percentage: bool = False


@dataclass(frozen=True)
class Rate:
    """What one parcel costs on its way between some countries, if its billed weight lies between two.

    Both ends belong to it; where two brackets meet, the lighter one counts. None for countries is: those that no other
    rate names. `postal_codes` are what those begin with that it is for; none are: those that no other rate has.
    """

    lightest: Weight
    heaviest: Weight
    price: Decimal
    from_countries: frozenset[str] | None = None
    to_countries: frozenset[str] | None = None
    postal_codes: tuple[str, ...] = ()  # in capitals, without spaces
    surcharges: tuple[Surcharge, ...] = ()
    insurance_percentage: Decimal | None = None  # of the value that is insured
    insurance_minimum: Decimal | None = None  # what insurance costs at least


@dataclass(frozen=True)
class RateSheet:
    """All rates of one shipping option under one contract; None: under any that has no sheet of its own."""

    option_code: str
    contract_id: int | None
    currency: str
    rates: tuple[Rate, ...]
    id: int = 0  # it never changes: other prices are another sheet with another id

    @property
    def key(self) -> tuple[str, int | None]:
        """What there is one sheet of."""
        return self.option_code, self.contract_id


class _Body(msgspec.Struct):
    currency: str
    rates: tuple[Rate, ...]


_ALL = select(rate_sheets.c.id, rate_sheets.c.option_code, rate_sheets.c.contract_id, rate_sheets.c.body).where(
    rate_sheets.c.account_id == bindparam("account_id")
)
_LIST = _ALL.order_by(rate_sheets.c.option_code, rate_sheets.c.contract_id, rate_sheets.c.id)
_BY_ID = _ALL.where(rate_sheets.c.id == bindparam("id"))
_IDS = select(rate_sheets.c.id).where(rate_sheets.c.account_id == bindparam("account_id"))
_REMOVE = delete(rate_sheets).where(
    rate_sheets.c.account_id == bindparam("of_account"),
    rate_sheets.c.option_code == bindparam("of_option"),
    rate_sheets.c.contract_id.is_not_distinct_from(bindparam("of_contract")),
)

_read_body = msgspec.json.Decoder(_Body).decode


def list_rate_sheets(transaction: Connection, account_id: int) -> list[RateSheet]:
    """The account's rate sheets, by option and contract."""
    return [_sheet(*row) for row in transaction.execute(_LIST, {"account_id": account_id})]


def list_rate_sheet_ids(transaction: Connection, account_id: int) -> list[int]:
    """The ids of the account's rate sheets."""
    return list(transaction.execute(_IDS, {"account_id": account_id}).scalars())


def get_rate_sheet(transaction: Connection, account_id: int, sheet_id: int) -> RateSheet:
    """The account's rate sheet with this id, which must exist."""
    return _sheet(*transaction.execute(_BY_ID, {"account_id": account_id, "id": sheet_id}).one())


def replace_rate_sheets(transaction: Connection, account_id: int, sheets: Iterable[RateSheet], now: datetime) -> None:
    """Puts sheets, each with an id of its own, in the place of those of the same option and contract."""
    for sheet in sheets:
        _remove(transaction, account_id, sheet.option_code, sheet.contract_id)
        transaction.execute(insert(rate_sheets), _row(account_id, sheet, now))
    touch(transaction, account_id)


def remove_rate_sheet(transaction: Connection, account_id: int, option_code: str, contract_id: int | None) -> bool:
    """Removes the sheet of an option under a contract; False when there is none."""
    is_removed = _remove(transaction, account_id, option_code, contract_id)
    if is_removed:
        touch(transaction, account_id)
    return is_removed


def _remove(transaction: Connection, account_id: int, option_code: str, contract_id: int | None) -> bool:
    which = {"of_account": account_id, "of_option": option_code, "of_contract": contract_id}
    return transaction.execute(_REMOVE, which).rowcount > 0


def _row(account_id: int, sheet: RateSheet, now: datetime) -> dict[str, Any]:
    return {
        "id": sheet.id,
        "account_id": account_id,
        "option_code": sheet.option_code,
        "contract_id": sheet.contract_id,
        "body": msgspec.json.encode(_Body(sheet.currency, sheet.rates)).decode(),
        "created_at": timestamp(now),
    }


def _sheet(sheet_id: int, option_code: str, contract_id: int | None, body: str) -> RateSheet:
    read = _read_body(body)
    return RateSheet(option_code, contract_id, read.currency, read.rates, sheet_id)
