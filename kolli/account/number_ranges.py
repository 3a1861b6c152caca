"""Number ranges: the numbers that a carrier has assigned to a contract, none of which is ever handed out twice."""

from sqlalchemy import Connection, bindparam, func, insert, select

from kolli.account.accounts import touch
from kolli.account.contracts import get_contract
from kolli.errors import Impossible, Invalid
from kolli.schema import contracts, number_ranges
from kolli.sequences import add_sequence
from kolli.vault import Vault

_OVERLAPPING = (
    select(contracts.c.account_id, contracts.c.id)
    .distinct()
    .join(number_ranges, number_ranges.c.contract_id == contracts.c.id)
    .where(contracts.c.carrier_code == bindparam("carrier"))
    .where(number_ranges.c.first <= bindparam("to"), number_ranges.c.last >= bindparam("from"))
)


def add_number_range(
    transaction: Connection, account_id: int, contract_id: int, first: int, last: int, *, is_live: bool, vault: Vault
) -> None:
    """Gives a contract the numbers `first` to `last` too, for live parcels or for tests.

    Impossible when another range, under any contract with the same carrier and the same data, has one of the numbers:
    the carrier would see one number on two parcels.
    """
    if not 1 <= first <= last:
        raise Invalid(f"A number range begins at 1 or later and does not end before: not {first} to {last}.")
    own = get_contract(transaction, account_id, contract_id)
    data = vault.open(own.sealed_data)
    overlapping = transaction.execute(_OVERLAPPING, {"carrier": own.carrier_code, "from": first, "to": last}).all()
    for row in overlapping:
        if vault.open(get_contract(transaction, row.account_id, row.id).sealed_data) == data:
            raise Impossible(
                f"The numbers {first} to {last} overlap a range that is there already.", field="number_range"
            )
    name = f"contract {contract_id} {'live' if is_live else 'test'} {first}"
    add_sequence(transaction, name, first, last)
    place = select(func.count()).where(number_ranges.c.contract_id == contract_id).scalar_subquery()
    values = {"account_id": account_id, "contract_id": contract_id, "is_live": is_live, "first": first, "last": last}
    transaction.execute(insert(number_ranges).values(sequence=name, position=place, **values))
    touch(transaction, account_id)
