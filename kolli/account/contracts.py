"""Contracts: the agreements under which an account ships with a carrier, and the number ranges that come with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select

from kolli.errors import Impossible, Invalid
from kolli.schema import contracts, number_ranges
from kolli.sequences import add_sequence


@dataclass(frozen=True)
class Contract:
    """One agreement with one carrier. Until it is live, its labels say that they are tests, and so do its numbers."""

    id: int
    carrier_code: str
    name: str
    is_default: bool = False
    is_live: bool = False
    data: Mapping[str, str] = field(default_factory=dict)  # what the carrier's contract form asks for


_ALL = select(contracts.c.id, contracts.c.carrier_code, contracts.c.is_default, contracts.c.is_live, contracts.c.body)
_COLUMNS = _ALL.where(contracts.c.account_id == bindparam("account_id"))
_BY_ID = _COLUMNS.where(contracts.c.id == bindparam("id"))
_DEFAULT = _COLUMNS.where(contracts.c.carrier_code == bindparam("carrier_code")).order_by(
    contracts.c.is_default.desc(), contracts.c.id
)
_RANGE = select(number_ranges.c.sequence).where(
    number_ranges.c.account_id == bindparam("account_id"),
    number_ranges.c.contract_id == bindparam("contract_id"),
    number_ranges.c.is_live == bindparam("is_live"),
)


_OVERLAPPING = (
    _ALL.join(number_ranges, number_ranges.c.contract_id == contracts.c.id)
    .where(contracts.c.carrier_code == bindparam("carrier"))
    .where(number_ranges.c.first <= bindparam("to"), number_ranges.c.last >= bindparam("from"))
)


def add_contract(transaction: Connection, account_id: int, contract: Contract) -> None:
    """Stores a new contract."""
    transaction.execute(
        insert(contracts).values(
            id=contract.id,
            account_id=account_id,
            carrier_code=contract.carrier_code,
            is_default=contract.is_default,
            is_live=contract.is_live,
            body=msgspec.json.encode({"name": contract.name, "data": contract.data}).decode(),
        )
    )


def find_contract(transaction: Connection, account_id: int, contract_id: int) -> Contract | None:
    """The account's contract with this id."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "id": contract_id}).one_or_none()
    return None if row is None else _contract(row)


def find_default_contract(transaction: Connection, account_id: int, carrier_code: str) -> Contract | None:
    """The contract an account uses with a carrier when nobody names one: the default, else its oldest."""
    rows = transaction.execute(_DEFAULT, {"account_id": account_id, "carrier_code": carrier_code})
    row = rows.first()
    return None if row is None else _contract(row)


def add_number_range(
    transaction: Connection, account_id: int, contract_id: int, first: int, last: int, *, is_live: bool
) -> None:
    """Gives a contract the numbers `first` to `last`, for live parcels or for tests; one range of each kind.

    Impossible when another range, under any contract with the same carrier and the same data, has one of the numbers:
    the carrier would see one number on two parcels.
    """
    if not 1 <= first <= last:
        raise Invalid(f"A number range begins at 1 or later and does not end before: not {first} to {last}.")
    own = transaction.execute(_BY_ID, {"account_id": account_id, "id": contract_id}).one()
    overlapping = transaction.execute(_OVERLAPPING, {"carrier": own.carrier_code, "from": first, "to": last})
    if any(_contract(row).data == _contract(own).data for row in overlapping):
        raise Impossible(f"The numbers {first} to {last} overlap a range that is there already.", field="number_range")
    name = f"contract {contract_id} {'live' if is_live else 'test'}"
    add_sequence(transaction, name, first, last)
    values = {"account_id": account_id, "contract_id": contract_id, "is_live": is_live, "first": first, "last": last}
    transaction.execute(insert(number_ranges).values(sequence=name, **values))


def find_number_range(transaction: Connection, account_id: int, contract: Contract) -> str | None:
    """The sequence that parcels under this contract take their numbers from: its live one once it is live."""
    values = {"account_id": account_id, "contract_id": contract.id, "is_live": contract.is_live}
    name: str | None = transaction.execute(_RANGE, values).scalar_one_or_none()
    return name


def _contract(row: Row[*tuple[Any, ...]]) -> Contract:
    body = msgspec.json.decode(row.body)
    return Contract(row.id, row.carrier_code, body["name"], row.is_default, row.is_live, body["data"])
