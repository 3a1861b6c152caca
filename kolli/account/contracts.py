"""Contracts: the agreements under which an account ships with a carrier, and the number ranges that come with them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, bindparam, insert, select, update

from kolli.account.accounts import touch
from kolli.account.pages import Listed, Page, read_page
from kolli.errors import NotFound
from kolli.schema import contracts, number_ranges
from kolli.values import timestamp
from kolli.vault import unsealed

ContractState = Literal["active", "inactive", "validating", "validation_failed"]
"""Only under an active contract is anything shipped."""

LONGEST_NAME = 50

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
    sealed_data: str = ""  # what the carrier's contract form asks for, as the installation's vault has sealed it
    country_code: str = ""
    client_id: str | None = None  # what the carrier knows the account by
    state: ContractState = "active"
    type: ContractType = "direct"
    error: str | None = None  # why its validation failed

    @property
    def can_be_default(self) -> bool:
        """Whether parcels go under it when nobody names a contract: never under somebody else's."""
        return self.type == "direct"

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
    sealed_data: str = ""
    data: dict[str, str] = field(default_factory=dict)  # readable, in rows of earlier versions: `seal_contracts`
    country_code: str = ""
    client_id: str | None = None
    state: ContractState = "active"
    type: ContractType = "direct"
    error: str | None = None


_ALL = select(contracts.c.id, contracts.c.carrier_code, contracts.c.is_default, contracts.c.is_live, contracts.c.body)
_OF_ACCOUNT = _ALL.where(contracts.c.account_id == bindparam("account_id"))
_COLUMNS = _OF_ACCOUNT.where(contracts.c.removed_at.is_(None))
_BY_ID = _COLUMNS.where(contracts.c.id == bindparam("id"))
_ANY_BY_ID = _OF_ACCOUNT.where(contracts.c.id == bindparam("id"))
_DEFAULT = _COLUMNS.where(contracts.c.carrier_code == bindparam("carrier_code")).order_by(
    contracts.c.is_default.desc(), contracts.c.id
)
_SEQUENCES = (
    select(number_ranges.c.sequence)
    .where(
        number_ranges.c.account_id == bindparam("account_id"),
        number_ranges.c.contract_id == bindparam("contract_id"),
        number_ranges.c.is_live == bindparam("is_live"),
    )
    .order_by(number_ranges.c.position)
)


_OWN = (contracts.c.account_id == bindparam("account"), contracts.c.id == bindparam("contract"))
_UPDATE = update(contracts).where(*_OWN).values(is_live=bindparam("new_live"), body=bindparam("new_body"))
_REMOVE = update(contracts).where(*_OWN).values(is_default=False, removed_at=bindparam("at"))
_MOVE_DEFAULT = (
    update(contracts)
    .where(
        contracts.c.account_id == bindparam("account"),
        contracts.c.carrier_code == bindparam("carrier"),
        contracts.c.removed_at.is_(None),
    )
    .values(is_default=contracts.c.id == bindparam("contract"))
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
    touch(transaction, account_id)


def find_contract(transaction: Connection, account_id: int, contract_id: int) -> Contract | None:
    """The account's contract with this id."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "id": contract_id}).one_or_none()
    return None if row is None else _contract(row)


def find_any_contract(transaction: Connection, account_id: int, contract_id: int) -> Contract | None:
    """The account's contract with this id, also one that has been removed: its shipments are still under it."""
    row = transaction.execute(_ANY_BY_ID, {"account_id": account_id, "id": contract_id}).one_or_none()
    return None if row is None else _contract(row)


def find_default_contract(transaction: Connection, account_id: int, carrier_code: str) -> Contract | None:
    """The active contract an account uses with a carrier when nobody names one: the default, else the oldest."""
    known = contracts_with(transaction, account_id, carrier_code)
    return next((contract for contract in known if contract.is_active and contract.can_be_default), None)


def get_contract(transaction: Connection, account_id: int, contract_id: int) -> Contract:
    """The account's contract with this id, which must exist."""
    contract = find_contract(transaction, account_id, contract_id)
    if contract is None:
        raise NotFound("No Contract matches the given query.")
    return contract


def list_contracts(transaction: Connection, account_id: int, filters: ContractFilters, page: Page) -> Listed[Contract]:
    """One page of the account's contracts that pass the filters, oldest first."""
    return read_page(transaction, account_id, _COLUMNS, page, _contract, passes=filters.passes)


def find_number_range(transaction: Connection, account_id: int, contract: Contract) -> tuple[str, ...] | None:
    """The sequences that parcels under this contract take their numbers from, in this order; None when it has none.

    They are its live ones once it is live. The next one is taken from when those before it are used up.
    """
    values = {"account_id": account_id, "contract_id": contract.id, "is_live": contract.is_live}
    return tuple(transaction.execute(_SEQUENCES, values).scalars()) or None


def update_contract(transaction: Connection, account_id: int, contract: Contract) -> None:
    """Stores a contract that has been changed, apart from whether it is the default: see `make_default`."""
    values = {"account": account_id, "contract": contract.id, "new_live": contract.is_live}
    transaction.execute(_UPDATE, {**values, "new_body": _encode(contract)})
    touch(transaction, account_id)


def make_default(transaction: Connection, account_id: int, contract: Contract) -> None:
    """Makes a contract the default with its carrier, and all others there not the default."""
    values = {"account": account_id, "contract": contract.id, "carrier": contract.carrier_code}
    transaction.execute(_MOVE_DEFAULT, values)
    touch(transaction, account_id)


def remove_contract(transaction: Connection, account_id: int, contract: Contract, now: datetime) -> None:
    """Removes a contract. If it was the default, the first that was added takes its place, an active one if it can."""
    transaction.execute(_REMOVE, {"account": account_id, "contract": contract.id, "at": timestamp(now)})
    if contract.is_default:
        others = [
            other for other in contracts_with(transaction, account_id, contract.carrier_code) if other.can_be_default
        ]
        if others:
            make_default(transaction, account_id, min(others, key=lambda other: (not other.is_active, other.id)))
    touch(transaction, account_id)


def contracts_with(transaction: Connection, account_id: int, carrier_code: str) -> list[Contract]:
    """All of the account's contracts with a carrier, the default first."""
    rows = transaction.execute(_DEFAULT, {"account_id": account_id, "carrier_code": carrier_code})
    return [_contract(row) for row in rows]


def all_contracts(transaction: Connection, account_id: int) -> list[Contract]:
    """All of the account's contracts, oldest first."""
    return [
        _contract(row) for row in transaction.execute(_COLUMNS.order_by(contracts.c.id), {"account_id": account_id})
    ]


def _encode(contract: Contract) -> str:
    body = _Body(
        name=contract.name,
        sealed_data=contract.sealed_data,
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
        sealed_data=body.sealed_data or unsealed(body.data),
        country_code=body.country_code,
        client_id=body.client_id,
        state=body.state,
        type=body.type,
        error=body.error,
    )
