"""Sender addresses: where the account ships from."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Annotated, Any, NotRequired

from pydantic import BeforeValidator, Field, StrictBool, TypeAdapter
from typing_extensions import TypedDict

from kolli.account.sender_addresses import (
    SenderAddress,
    Signature,
    TaxNumber,
    add_sender_address,
    check_address,
    get_sender_address,
    list_sender_addresses,
    make_default_sender_address,
    remove_sender_address,
    update_sender_address,
)
from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import Pointers
from kolli.api.lists import PARAMETERS, links, read_page_of_ids
from kolli.api.v3.common import Id, Schema
from kolli.api.v3.order_document import Country, Printable, SomePrintable
from kolli.errors import Impossible
from kolli.operations.context import Context
from kolli.values import Address

PATH = "/addresses/sender-addresses"
POINTERS = Pointers(root="", says_required=True)

MOST_TAX_NUMBERS = 50

Optional = Annotated[Printable, BeforeValidator(lambda value: "" if value is None else value)]
"""A text that may be absent, null or empty, which all say the same."""

Email = Annotated[Optional, Field(pattern=r"^$|^[^@\s]+@[^@\s]+$")]


class SignatureBody(Schema):
    """Who signs customs documents for this address."""

    full_name: Optional = ""
    initials: Optional = ""


class TaxNumberBody(Schema):
    """A number that a tax or customs office has given."""

    name: SomePrintable
    country_code: Country
    value: SomePrintable


class SenderAddressChange(Schema):
    """What is to be different about a sender address. What is absent stays as it is."""

    name: Printable = ""
    company_name: Optional = ""
    address_line_1: Printable = ""
    house_number: Optional = ""
    address_line_2: Optional = ""
    postal_code: Optional = ""
    city: Printable = ""
    po_box: Optional = ""
    state_province_code: Optional = ""
    country_code: Country = "NL"
    email: Email = ""
    phone_number: Optional = ""
    signature: SignatureBody = SignatureBody()
    tax_numbers: Annotated[tuple[TaxNumberBody, ...], Field(max_length=MOST_TAX_NUMBERS)] = ()
    is_default: StrictBool = False
    brand_id: Id | None = None


class NewSenderAddress(SenderAddressChange):
    """A sender address. The account's first one is its default, whatever it says."""

    name: SomePrintable
    city: SomePrintable
    country_code: Country


_NEW = TypeAdapter(NewSenderAddress)
_CHANGE = TypeAdapter(SenderAddressChange)


class SignatureAnswer(TypedDict):
    """Who signs customs documents for this address."""

    full_name: str
    initials: str


class TaxNumberAnswer(TypedDict):
    """A number that a tax or customs office has given."""

    name: str
    country_code: str
    value: str


class SenderAddressAnswer(TypedDict):
    """An address that the account ships from. What it does not have is an empty text.

    A post office box is null then, and an e-mail address, which cannot be empty, is left out. `is_default` and
    `brand_id` are ours.
    """

    id: int
    name: str
    company_name: str
    address_line_1: str
    house_number: str
    address_line_2: str
    postal_code: str
    city: str
    po_box: str | None
    state_province_code: str
    country_code: str
    email: NotRequired[str]
    phone_number: str
    signature: SignatureAnswer
    tax_numbers: list[TaxNumberAnswer]
    is_default: bool
    brand_id: int | None


class OneSenderAddress(TypedDict):
    """One sender address."""

    data: SenderAddressAnswer


class SenderAddresses(TypedDict):
    """One page of sender addresses."""

    data: list[SenderAddressAnswer]


def list_all_sender_addresses(request: Request, context: Context) -> Answer:
    """One page of the account's sender addresses, oldest first."""
    page = read_page_of_ids(request)
    with context.database.read() as transaction:
        listed = list_sender_addresses(transaction, context.account_id, page)
    data: SenderAddresses = {"data": [_answered(sender) for sender in listed.records]}
    return Answer(200, data, links(f"/api/v3{PATH}", request, context, listed))


def retrieve_sender_address(request: Request, context: Context) -> Answer:
    """One sender address."""
    with context.database.read() as transaction:
        sender = get_sender_address(transaction, context.account_id, request.id)
    data: OneSenderAddress = {"data": _answered(sender)}
    return Answer(200, data)


def create_sender_address(request: Request, context: Context) -> Answer:
    """Adds an address that the account ships from."""
    body = request.read(_NEW, POINTERS)
    number = context.installation.sequences.take_id()
    added = changed_sender_address(SenderAddress(number, Address("", "", "", "", "")), body.model_dump())
    with context.write() as transaction:
        add_sender_address(transaction, context.account_id, added)
        sender = get_sender_address(transaction, context.account_id, number)
    data: OneSenderAddress = {"data": _answered(sender)}
    return Answer(201, data)


def change_sender_address(request: Request, context: Context) -> Answer:
    """Changes what the body names. Labels that were made before keep the address as it was."""
    given = request.read(_CHANGE, POINTERS).model_dump(exclude_unset=True)
    account_id = context.account_id
    with context.write() as transaction:
        sender = get_sender_address(transaction, account_id, request.id)
        if given.get("is_default") is False and sender.is_default:
            raise Impossible(
                "The default cannot be unset. Make another address the default instead.", field="is_default"
            )
        update_sender_address(transaction, account_id, changed_sender_address(sender, given))
        if given.get("is_default"):
            make_default_sender_address(transaction, account_id, sender.id)
        sender = get_sender_address(transaction, account_id, sender.id)
    data: OneSenderAddress = {"data": _answered(sender)}
    return Answer(200, data)


def delete_sender_address(request: Request, context: Context) -> Answer:
    """Removes an address. The default one cannot go while there are others."""
    with context.write() as transaction:
        remove_sender_address(transaction, context.account_id, request.id)
    return Answer(204)


def changed_sender_address(sender: SenderAddress, given: Mapping[str, Any]) -> SenderAddress:
    """The sender address with everything that is given, checked."""
    parts = {field.name: given[field.name] for field in fields(Address) if field.name in given}
    address = replace(sender.address, **parts)
    check_address(address)
    details = sender.details
    if "signature" in given:
        details = replace(details, signature=Signature(**given["signature"]))
    if "tax_numbers" in given:
        details = replace(details, tax_numbers=tuple(TaxNumber(**number) for number in given["tax_numbers"]))
    brand_id = given.get("brand_id", sender.brand_id)
    return replace(
        sender,
        address=address,
        details=details,
        brand_id=brand_id,
        is_default=given.get("is_default", sender.is_default),
    )


def _answered(sender: SenderAddress) -> SenderAddressAnswer:
    address, details = sender.address, sender.details
    answered: SenderAddressAnswer = {
        "id": sender.id,
        "name": address.name,
        "company_name": address.company_name,
        "address_line_1": address.address_line_1,
        "house_number": address.house_number,
        "address_line_2": address.address_line_2,
        "postal_code": address.postal_code,
        "city": address.city,
        "po_box": address.po_box or None,
        "state_province_code": address.state_province_code,
        "country_code": address.country_code,
        "phone_number": address.phone_number,
        "signature": {"full_name": details.signature.full_name, "initials": details.signature.initials},
        "tax_numbers": [
            {"name": number.name, "country_code": number.country_code, "value": number.value}
            for number in details.tax_numbers
        ],
        "is_default": sender.is_default,
        "brand_id": sender.brand_id,
    }
    if address.email:
        answered["email"] = address.email
    return answered


ROUTES = [
    Endpoint(
        "GET",
        PATH,
        list_all_sender_addresses,
        "Retrieve a list of sender addresses",
        scope="read:operational-settings",
        parameters=PARAMETERS,
        answers={200: SenderAddresses},
        errors=[404],
    ),
    Endpoint(
        "GET",
        PATH + "/{id:int}",
        retrieve_sender_address,
        "Retrieve a sender address",
        scope="read:operational-settings",
        answers={200: OneSenderAddress},
    ),
    Endpoint(
        "POST",
        PATH,
        create_sender_address,
        "Create a sender address",
        POINTERS,
        scope="write:operational-settings",
        body=_NEW,
        answers={201: OneSenderAddress},
        is_extension=True,
    ),
    Endpoint(
        "PATCH",
        PATH + "/{id:int}",
        change_sender_address,
        "Change a sender address",
        POINTERS,
        scope="write:operational-settings",
        body=_CHANGE,
        answers={200: OneSenderAddress},
        errors=[404],
        is_extension=True,
    ),
    Endpoint(
        "DELETE",
        PATH + "/{id:int}",
        delete_sender_address,
        "Delete a sender address",
        POINTERS,
        scope="write:operational-settings",
        answers={204: None},
        errors=[400, 404],
        is_extension=True,
    ),
]
