"""Contracts: the agreements under which an account ships with a carrier, and the number ranges that come with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select

from kolli.account.pages import Listed, Page, read_page
from kolli.errors import Impossible, Invalid, NotFound
from kolli.schema import contracts, number_ranges
from kolli.sequences import add_sequence

ContractState = Literal["active", "inactive", "validating", "validation_failed"]
"""Only under an active contract is anything shipped."""

ContractType = Literal["direct", "broker", "subbroker"]
"""Whose contract it is: the account's own, or that of somebody who ships for it."""


@dataclass(frozen=True)
class Contract:
    """One agreement with one carrier. Until it is live, its labels say that they are tests, and so do its numbers."""

    id: int
    carrier_code: str
    name: str
    is_default: bool = False
    is_live: bool = False
    data: Mapping[str, str] = field(default_factory=dict)  # what the carrier's contract form asks for
    country_code: str = ""
    client_id: str | None = None  # what the carrier knows the account by
    state: ContractState = "active"
    type: ContractType = "direct"
    error: str | None = None  # why its validation failed

    @property
    def is_active(self) -> bool:
        """Whether it can be shipped under."""
        return self.state == "active"


@dataclass(frozen=True)
class ContractFilters:
    """Which contracts a list holds. Texts are compared exactly."""

    carrier_code: str | None = None
    is_active: bool | None = None
    client_id: str | None = None
    name: str | None = None
    country_code: str | None = None

    def passes(self, contract: Contract) -> bool:
        """Whether a contract is what they ask for; a filter that is None asks for nothing."""
        wanted = (self.carrier_code, self.is_active, self.client_id, self.name, self.country_code)
        has = (contract.carrier_code, contract.is_active, contract.client_id, contract.name, contract.country_code)
        return all(want in {None, value} for want, value in zip(wanted, has, strict=True))


@dataclass(frozen=True)
class _Body:
    name: str
    data: dict[str, str]
    country_code: str = ""
    client_id: str | None = None
    state: ContractState = "active"
    type: ContractType = "direct"
    error: str | None = None


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
            body=_encode(contract),
        )
    )


def find_contract(transaction: Connection, account_id: int, contract_id: int) -> Contract | None:
    """The account's contract with this id."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "id": contract_id}).one_or_none()
    return None if row is None else _contract(row)


def find_default_contract(transaction: Connection, account_id: int, carrier_code: str) -> Contract | None:
    """The active contract an account uses with a carrier when nobody names one: the default, else the oldest."""
    rows = transaction.execute(_DEFAULT, {"account_id": account_id, "carrier_code": carrier_code}).all()
    return next((contract for contract in map(_contract, rows) if contract.is_active), None)


def get_contract(transaction: Connection, account_id: int, contract_id: int) -> Contract:
    """The account's contract with this id, which must exist."""
    contract = find_contract(transaction, account_id, contract_id)
    if contract is None:
        raise NotFound("No Contract matches the given query.")
    return contract


def list_contracts(transaction: Connection, account_id: int, filters: ContractFilters, page: Page) -> Listed[Contract]:
    """One page of the account's contracts that pass the filters, oldest first."""
    return read_page(transaction, account_id, _COLUMNS, page, _contract, passes=filters.passes)


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


def _encode(contract: Contract) -> str:
    body = _Body(
        name=contract.name,
        data=dict(contract.data),
        country_code=contract.country_code,
        client_id=contract.client_id,
        state=contract.state,
        type=contract.type,
        error=contract.error,
    )
    return msgspec.json.encode(body).decode()


_read_body = msgspec.json.Decoder(_Body).decode


def _contract(row: Row[*tuple[Any, ...]]) -> Contract:
    body = _read_body(row.body)
    return Contract(
        id=row.id,
        carrier_code=row.carrier_code,
        name=body.name,
        is_default=row.is_default,
        is_live=row.is_live,
        data=body.data,
        country_code=body.country_code,
        client_id=body.client_id,
        state=body.state,
        type=body.type,
        error=body.error,
    )
