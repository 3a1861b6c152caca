"""Sender addresses: where an account ships from.

An account that has any has exactly one default: the first one is, until another is made it.
"""

from dataclasses import dataclass, field, replace
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kolli.account.accounts import touch
from kolli.account.brands import find_brand
from kolli.account.pages import Listed, Page, read_page
from kolli.addresses import USUAL_LIMITS, Reason, reasons_against
from kolli.errors import Impossible, Invalid, Missing, NotFound
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
_OWN = (sender_addresses.c.account_id == bindparam("account"), sender_addresses.c.id == bindparam("sender"))
_OTHERS = (
    update(sender_addresses)
    .where(sender_addresses.c.account_id == bindparam("account"), sender_addresses.c.id != bindparam("sender"))
    .values(is_default=False)
)
_MAKE_DEFAULT = update(sender_addresses).where(*_OWN).values(is_default=True)
_REMOVE = delete(sender_addresses).where(*_OWN)

_read_address = msgspec.json.Decoder(Address).decode
_read_details = msgspec.json.Decoder(SenderDetails).decode


def add_sender_address(transaction: Connection, account_id: int, sender: SenderAddress) -> None:
    """Stores a new sender address; the account's first becomes its default. Invalid when its brand is not there."""
    _check_brand(transaction, account_id, sender)
    is_default = sender.is_default or find_sender_address(transaction, account_id, None) is None
    transaction.execute(
        insert(sender_addresses).values(id=sender.id, account_id=account_id, is_default=False, **_columns(sender))
    )
    if is_default:
        make_default_sender_address(transaction, account_id, sender.id)
    touch(transaction, account_id)


def update_sender_address(transaction: Connection, account_id: int, sender: SenderAddress) -> None:
    """Stores what has changed about a sender address, which must exist. Whether it is the default stays as it is."""
    _check_brand(transaction, account_id, sender)
    statement = update(sender_addresses).where(
        sender_addresses.c.account_id == account_id, sender_addresses.c.id == sender.id
    )
    transaction.execute(statement.values(**_columns(sender)))
    touch(transaction, account_id)


def make_default_sender_address(transaction: Connection, account_id: int, sender_address_id: int) -> None:
    """Makes a sender address, which must exist, the one that counts where none is named; no other one is then."""
    own = {"account": account_id, "sender": sender_address_id}
    transaction.execute(_OTHERS, own)
    transaction.execute(_MAKE_DEFAULT, own)
    touch(transaction, account_id)


def remove_sender_address(transaction: Connection, account_id: int, sender_address_id: int) -> None:
    """Removes a sender address, which must exist. What was shipped from there has kept it.

    Impossible for the default while there are others: which of them is to take its place is not ours to guess.
    """
    sender = get_sender_address(transaction, account_id, sender_address_id)
    if sender.is_default and len(list_sender_addresses(transaction, account_id, Page(2)).records) > 1:
        raise Impossible(
            f"The sender address {sender.id} is the account's default. Make another one the default first.",
            field="is_default",
        )
    transaction.execute(_REMOVE, {"account": account_id, "sender": sender_address_id})
    touch(transaction, account_id)


def check_address(address: Address) -> None:
    """Raises Invalid, or Missing, naming a field when parcels cannot be sent from an address like this.

    What is checked is what can be known without asking anybody: the parts its country wants, its postal code, and the
    lengths that carriers usually have room for.
    """
    for name in ("name", "company_name", "address_line_1", "address_line_2", "house_number", "city", "postal_code"):
        longest = getattr(USUAL_LIMITS, name)
        if len(getattr(address, name)) > longest:
            message = f"It has {len(getattr(address, name))} characters; carriers usually have room for {longest}."
            raise Invalid(message, field=name)
    if not address.name and not address.company_name:
        raise Missing("This field is required: a sender has a name, or a company has.", field="name")
    if not address.address_line_1 and not address.po_box:
        raise Missing("This field is required: a sender has a street, or a post office box.", field="address_line_1")
    if not address.city:
        raise Missing("This field is required.", field="city")
    for reason in reasons_against(address):
        raise _wrong(address, reason)


def _wrong(address: Address, reason: Reason) -> Invalid:
    """A reason against an address as an error that names the field."""
    country = address.country_code
    match reason:
        case Reason.POSTAL_CODE_MISSING:
            return Missing(f"This field is required in {country}.", field="postal_code")
        case Reason.STATE_MISSING | Reason.PROVINCE_MISSING:
            return Missing(f"This field is required in {country}.", field="state_province_code")
        case Reason.HOUSE_NUMBER_TOO_SHORT:
            return Missing(f"This field is required in {country}, here or in address_line_1.", field="house_number")
        case Reason.COUNTRY_CODE_MISSING:
            return Missing("This field is required.", field="country_code")
    if Reason.ADDRESS_NOT_VALID in reasons_against(replace(address, postal_code="")):
        return Invalid(
            f"{address.state_province_code!r} is no state or province of {country}.", field="state_province_code"
        )
    return Invalid(f"{address.postal_code!r} is no postal code of {country}.", field="postal_code")


def _check_brand(transaction: Connection, account_id: int, sender: SenderAddress) -> None:
    if sender.brand_id is not None and find_brand(transaction, account_id, sender.brand_id) is None:
        raise Invalid(f"There is no brand {sender.brand_id}.", field="brand_id")


def _columns(sender: SenderAddress) -> dict[str, Any]:
    return {
        "brand_id": sender.brand_id,
        "body": msgspec.json.encode(sender.address).decode(),
        "details": msgspec.json.encode(sender.details).decode(),
    }


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
