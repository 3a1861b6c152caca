"""Number ranges: the numbers that a carrier has assigned to a contract, none of which is ever handed out twice.

A range belongs to the contract under whose data its numbers were made, for ever: when another contract takes over, it
gets what is left in ranges of its own. So what was handed out under some data can be told from the ranges.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from kolli.account.accounts import touch
from kolli.account.contracts import Contract, find_any_contract
from kolli.errors import Impossible, Invalid
from kolli.schema import contracts, number_ranges, sequences
from kolli.sequences import add_sequence
from kolli.vault import Vault

LARGEST_NUMBER = 10**18
"""The last number that a range can end with."""

MOST_RANGES = 1_000
"""Ranges of one contract."""

Numbering = tuple[str, Mapping[str, str]]
"""What makes tracking numbers of serial numbers: a carrier, by its code, and the data of a contract with it."""

Alike = Callable[[Numbering, Numbering, int], bool]
"""Whether a serial number becomes the same tracking number under two contracts, be it with different carriers."""


@dataclass(frozen=True)
class NumberRange:
    """The numbers `first` to `last`. Used are those that no other parcel can get any more."""

    first: int
    last: int
    is_live: bool
    used: int

    @property
    def left(self) -> int:
        """How many are still to be handed out."""
        return self.last - self.first + 1 - self.used


_OVERLAPPING = (
    select(contracts.c.account_id, contracts.c.id, contracts.c.carrier_code, number_ranges.c.first)
    .join(number_ranges, number_ranges.c.contract_id == contracts.c.id)
    .where(
        number_ranges.c.sequence != bindparam("besides"),
        number_ranges.c.first <= bindparam("to"),
        number_ranges.c.last >= bindparam("from"),
    )
)
_RANGES = (
    select(number_ranges, sequences.c.next)
    .join(sequences, sequences.c.name == number_ranges.c.sequence)
    .where(
        number_ranges.c.account_id == bindparam("account_id"),
        number_ranges.c.contract_id == bindparam("contract_id"),
    )
    .order_by(number_ranges.c.position)
)
_OF_ACCOUNT = (
    select(number_ranges, sequences.c.next, contracts.c.carrier_code)
    .join(contracts, contracts.c.id == number_ranges.c.contract_id)
    .join(sequences, sequences.c.name == number_ranges.c.sequence)
    .where(
        contracts.c.account_id == bindparam("account_id"),
        number_ranges.c.account_id == bindparam("account_id"),
        contracts.c.removed_at.is_(None),
    )
    .order_by(contracts.c.id, number_ranges.c.is_live, number_ranges.c.position)
)
_OVERLAPPING_OWN = (
    select(contracts.c.id, number_ranges.c.first, number_ranges.c.last)
    .join(number_ranges, number_ranges.c.contract_id == contracts.c.id)
    .where(
        contracts.c.account_id == bindparam("account_id"),
        number_ranges.c.account_id == bindparam("account_id"),
        contracts.c.carrier_code == bindparam("carrier_code"),
        number_ranges.c.first <= bindparam("to"),
        number_ranges.c.last >= bindparam("from"),
    )
    .order_by(number_ranges.c.first)
)
_END_SEQUENCE = update(sequences).where(sequences.c.name == bindparam("sequence")).values(last=bindparam("end"))
_END_RANGE = update(number_ranges).where(number_ranges.c.sequence == bindparam("range")).values(last=bindparam("end"))
_FORGET_RANGE = delete(number_ranges).where(number_ranges.c.sequence == bindparam("range"))


def have_equal_data(one: Numbering, other: Numbering, _serial: int) -> bool:
    """Whether two contracts with one carrier say the same, so that their numbers are the same for certain."""
    return one == other


def list_number_ranges(transaction: Connection, account_id: int, contract_id: int) -> list[NumberRange]:
    """The ranges of a contract, in the order in which they are used up."""
    rows = transaction.execute(_RANGES, {"account_id": account_id, "contract_id": contract_id})
    return [NumberRange(row.first, row.last, row.is_live, min(row.next, row.last + 1) - row.first) for row in rows]


def list_all_number_ranges(transaction: Connection, account_id: int) -> dict[tuple[int, bool], list[NumberRange]]:
    """The ranges of all contracts of an account, by the contract's id and whether they are for live parcels."""
    found: dict[tuple[int, bool], list[NumberRange]] = {}
    for row in transaction.execute(_OF_ACCOUNT, {"account_id": account_id}):
        used = min(row.next, row.last + 1) - row.first
        known = NumberRange(row.first, row.last, row.is_live, used)
        found.setdefault((row.contract_id, row.is_live), []).append(known)
    return found


def ranges_overlapping(
    transaction: Connection, account_id: int, carrier_code: str, numbers: tuple[int, int]
) -> list[tuple[int, int, int]]:
    """The account's own ranges with a carrier that have any of these numbers: contract, first, last.

    Those of contracts that were removed are among them.
    """
    first, last = numbers
    values = {"account_id": account_id, "carrier_code": carrier_code, "from": first, "to": last}
    return [(row.id, row.first, row.last) for row in transaction.execute(_OVERLAPPING_OWN, values)]


def add_number_range(
    transaction: Connection,
    account_id: int,
    contract_id: int,
    first: int,
    last: int,
    *,
    is_live: bool,
    vault: Vault,
    alike: Alike = have_equal_data,
) -> None:
    """Gives a contract the numbers `first` to `last`, for live parcels or for tests, behind those it has already.

    Impossible when one of these numbers belongs to a range of another contract, on the whole installation, that would
    make the same tracking number of it: the carrier would see one number on two parcels.
    """
    if not 1 <= first <= last <= LARGEST_NUMBER:
        raise Invalid(f"A number range begins at 1 or later and does not end before: not {first} to {last}.")
    contract = find_any_contract(transaction, account_id, contract_id)
    if contract is None:
        raise Invalid("Invalid contract.", field="contract_id")
    name = f"contract {contract_id} {'live' if is_live else 'test'} {first}"
    _check_overlap(transaction, contract, (None, first, last), vault, alike)
    count = select(func.count()).where(number_ranges.c.contract_id == contract_id)
    place = transaction.execute(count).scalar_one()
    if place >= MOST_RANGES:
        raise Impossible(f"A contract can have {MOST_RANGES} number ranges. Make another contract.")
    add_sequence(transaction, name, first, last)
    values = {"account_id": account_id, "contract_id": contract_id, "is_live": is_live, "first": first, "last": last}
    transaction.execute(insert(number_ranges).values(sequence=name, position=place, **values))
    touch(transaction, account_id)


def check_number_ranges(
    transaction: Connection, account_id: int, contract: Contract, vault: Vault, alike: Alike = have_equal_data
) -> None:
    """Looks again whether the ranges of a contract may be its own, when its data have changed. Impossible if not."""
    for row in transaction.execute(_RANGES, {"account_id": account_id, "contract_id": contract.id}).all():
        _check_overlap(transaction, contract, (row.sequence, row.first, row.last), vault, alike)


def hand_over_numbers(
    transaction: Connection, account_id: int, before: int, after: int, *, vault: Vault, alike: Alike = have_equal_data
) -> None:
    """Gives what is left in the ranges of one contract to the contract that takes its place.

    What was used stays where it is, so that nobody is given these numbers under the same data again. Impossible like
    `add_number_range`.
    """
    for first, last, is_live in end_number_ranges(transaction, account_id, before):
        add_number_range(transaction, account_id, after, first, last, is_live=is_live, vault=vault, alike=alike)


def end_number_ranges(transaction: Connection, account_id: int, contract_id: int) -> list[tuple[int, int, bool]]:
    """Ends the ranges of a contract where they are used up to, and gives what was left: first, last, whether live.

    Any contract can be given that. Nothing more is handed out here, but what some process has reserved already.
    """
    left = []
    for row in transaction.execute(_RANGES, {"account_id": account_id, "contract_id": contract_id}).all():
        if row.next > row.last:
            continue
        end = row.next - 1
        transaction.execute(_END_SEQUENCE, {"sequence": row.sequence, "end": end})
        if row.next == row.first:
            transaction.execute(_FORGET_RANGE, {"range": row.sequence})
        else:
            transaction.execute(_END_RANGE, {"range": row.sequence, "end": end})
        left.append((row.next, row.last, row.is_live))
    touch(transaction, account_id)
    return left


def _check_overlap(
    transaction: Connection, contract: Contract, wanted: tuple[str | None, int, int], vault: Vault, alike: Alike
) -> None:
    sequence, first, last = wanted  # None: it has none yet
    data = vault.find(contract.sealed_data)
    values = {"besides": sequence or "", "from": first, "to": last}
    for row in transaction.execute(_OVERLAPPING, values).all():
        other = find_any_contract(transaction, row.account_id, row.id)
        others = vault.find(other.sealed_data) if other else None
        # Of a contract whose data are lost nobody knows what its numbers were: nobody else gets them.
        is_unknown = row.carrier_code == contract.carrier_code and not (others and data)
        theirs, ours = (row.carrier_code, others or {}), (contract.carrier_code, data or {})
        if row.id == contract.id or is_unknown or alike(theirs, ours, max(first, row.first)):
            raise Impossible(
                f"The numbers {first} to {last} overlap a range that is there already.", field="number_range"
            )
