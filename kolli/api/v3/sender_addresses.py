"""Sender addresses: where the account ships from."""

from typing import NotRequired

from typing_extensions import TypedDict

from kolli.account.sender_addresses import SenderAddress, get_sender_address, list_sender_addresses
from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.lists import PARAMETERS, links, read_page_of_ids
from kolli.operations.context import Context

PATH = "/addresses/sender-addresses"


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

    A post office box is null then, and an e-mail address, which cannot be empty, is left out.
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
]
