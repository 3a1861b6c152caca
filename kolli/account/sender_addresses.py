"""Sender addresses: where an account ships from."""

from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from kolli.account.pages import Listed, Page, read_page
from kolli.errors import NotFound
from kolli.schema import sender_addresses
from kolli.values import Address


@dataclass(frozen=True)
class TaxNumber:
    """A number that a tax or customs office has given: its kind (VAT, EORI, IOSS …), where it counts, and itself."""

    name: str
    country_code: str
    value: str


@dataclass(frozen=True)
class Signature:
    """Who signs customs documents for this address."""

    full_name: str = ""
    initials: str = ""


@dataclass(frozen=True)
class SenderDetails:
    """What belongs to a sender and is no part of its address."""

    signature: Signature = field(default_factory=Signature)
    tax_numbers: tuple[TaxNumber, ...] = ()


@dataclass(frozen=True)
class SenderAddress:
    """An address of the account, with the brand that parcels from there carry unless another is named."""

    id: int
    address: Address
    is_default: bool = False
    brand_id: int | None = None
    details: SenderDetails = field(default_factory=SenderDetails)


_COLUMNS = select(
    sender_addresses.c.id,
    sender_addresses.c.is_default,
    sender_addresses.c.brand_id,
    sender_addresses.c.body,
    sender_addresses.c.details,
).where(sender_addresses.c.account_id == bindparam("account_id"))
_BY_ID = _COLUMNS.where(sender_addresses.c.id == bindparam("id"))
_DEFAULT = _COLUMNS.where(sender_addresses.c.is_default).limit(1)

_read_address = msgspec.json.Decoder(Address).decode
_read_details = msgspec.json.Decoder(SenderDetails).decode


def add_sender_address(transaction: Connection, account_id: int, sender: SenderAddress) -> None:
    """Stores a new sender address."""
    transaction.execute(
        insert(sender_addresses).values(
            id=sender.id,
            account_id=account_id,
            is_default=sender.is_default,
            brand_id=sender.brand_id,
            body=msgspec.json.encode(sender.address).decode(),
            details=msgspec.json.encode(sender.details).decode(),
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
    return None if row is None else _sender(row)


def get_sender_address(transaction: Connection, account_id: int, sender_address_id: int) -> SenderAddress:
    """The account's sender address with this id, which must exist."""
    sender = find_sender_address(transaction, account_id, sender_address_id)
    if sender is None:
        raise NotFound("No sender address found.")
    return sender


def list_sender_addresses(transaction: Connection, account_id: int, page: Page) -> Listed[SenderAddress]:
    """One page of the account's sender addresses, oldest first."""
    return read_page(transaction, account_id, _COLUMNS, page, _sender)


def _sender(row: Any) -> SenderAddress:
    number, is_default, brand_id, body, details = row
    return SenderAddress(number, _read_address(body), is_default, brand_id, _read_details(details))
