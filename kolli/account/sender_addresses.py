"""Sender addresses: where an account ships from."""

from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from kolli.schema import sender_addresses
from kolli.values import Address


@dataclass(frozen=True)
class SenderAddress:
    """An address of the account, with the brand that parcels from there carry unless another is named."""

    id: int
    address: Address
    is_default: bool = False
    brand_id: int | None = None


_COLUMNS = select(
    sender_addresses.c.id, sender_addresses.c.is_default, sender_addresses.c.brand_id, sender_addresses.c.body
).where(sender_addresses.c.account_id == bindparam("account_id"))
_BY_ID = _COLUMNS.where(sender_addresses.c.id == bindparam("id"))
_DEFAULT = _COLUMNS.where(sender_addresses.c.is_default).limit(1)


def add_sender_address(transaction: Connection, account_id: int, sender: SenderAddress) -> None:
    """Stores a new sender address."""
    transaction.execute(
        insert(sender_addresses).values(
            id=sender.id,
            account_id=account_id,
            is_default=sender.is_default,
            brand_id=sender.brand_id,
            body=msgspec.json.encode(sender.address).decode(),
            details="{}",
        )
    )


def find_sender_address(
    transaction: Connection, account_id: int, sender_address_id: int | None
) -> SenderAddress | None:
    """The account's sender address with this id, or its default one for None."""
    row = (
        transaction.execute(_DEFAULT, {"account_id": account_id})
        if sender_address_id is None
        else transaction.execute(_BY_ID, {"account_id": account_id, "id": sender_address_id})
    ).one_or_none()
    if row is None:
        return None
    return SenderAddress(row.id, msgspec.json.decode(row.body, type=Address), row.is_default, row.brand_id)
