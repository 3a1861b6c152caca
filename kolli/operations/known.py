"""What an account has that its rules can refer to."""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from kolli.account.integrations import list_integrations
from kolli.operations.catalogue import Catalogue
from kolli.rules.model import Rule
from kolli.rules.validation import Known, checked
from kolli.schema import contracts, sender_addresses
from kolli.values import Address


class _Named(msgspec.Struct):
    """What is read of a contract's body."""

    name: str = ""


_CONTRACTS = (
    select(contracts.c.id, contracts.c.carrier_code, contracts.c.body)
    .where(contracts.c.account_id == bindparam("account_id"), contracts.c.removed_at.is_(None))
    .order_by(contracts.c.id)
)
_SENDERS = (
    select(sender_addresses.c.id, sender_addresses.c.body)
    .where(sender_addresses.c.account_id == bindparam("account_id"))
    .order_by(sender_addresses.c.id)
)

_read_contract = msgspec.json.Decoder(_Named).decode
_read_address = msgspec.json.Decoder(Address).decode


def known_to(transaction: Connection, account_id: int, catalogue: Catalogue) -> Known:
    """What rules of this account can refer to now. Contracts that are not active are among it: they may be again."""
    account = {"account_id": account_id}
    own: list[Any] = list(transaction.execute(_CONTRACTS, account))
    options = list(catalogue)
    return Known(
        carriers={carrier.code: carrier.name for carrier, _ in options},
        shipping_options={option.code: option.title for _, option in options},
        contracts={str(row.id): _read_contract(row.body).name or row.carrier_code for row in own},
        sender_addresses={
            str(row.id): _line(_read_address(row.body)) for row in transaction.execute(_SENDERS, account)
        },
        integrations={str(each.id): each.name for each in list_integrations(transaction, account_id)},
        carrier_of_option={option.code: carrier.code for carrier, option in options},
        carrier_of_contract={str(row.id): row.carrier_code for row in own},
    )


def checked_rules(rules: Iterable[Rule], known: Known) -> list[Rule]:
    """The rules, each saying whether it refers to what is not there any more."""
    return [checked(rule, known) for rule in rules]


def _line(address: Address) -> str:
    street = f"{address.address_line_1} {address.house_number}".strip()
    return ", ".join(filter(None, (address.company_name or address.name, street, address.city, address.country_code)))
