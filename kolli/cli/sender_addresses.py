"""`kolli sender-addresses`: where the account ships from."""

from typing import Annotated

import typer

from kolli.account.pages import Page
from kolli.account.sender_addresses import (
    SenderAddress,
    add_sender_address,
    check_address,
    get_sender_address,
    list_sender_addresses,
    make_default_sender_address,
    remove_sender_address,
)
from kolli.cli.common import AccountOption, choose_account, installation
from kolli.errors import Invalid
from kolli.values import COUNTRY_CODES, Address

sender_addresses = typer.Typer(help="Where the account ships from.", no_args_is_help=True, rich_markup_mode=None)

MOST_SHOWN = 10_000

IdArgument = Annotated[int, typer.Argument(help="Id of the sender address.")]


@sender_addresses.command("add")
def add_command(
    *,
    name: Annotated[str, typer.Option(help="Who sends.")],
    street: Annotated[str, typer.Option(help="The street, with or without the house number.")],
    city: Annotated[str, typer.Option(help="The city.")],
    country: Annotated[str, typer.Option(help="The country, in two letters.")],
    house_number: Annotated[str, typer.Option(help="The house number.")] = "",
    postal_code: Annotated[str, typer.Option(help="The postal code.")] = "",
    state: Annotated[str, typer.Option(help="State or province, where the country wants one.")] = "",
    company: Annotated[str, typer.Option(help="The company.")] = "",
    email: Annotated[str, typer.Option(help="An e-mail address for the carrier.")] = "",
    phone: Annotated[str, typer.Option(help="A telephone number for the carrier.")] = "",
    brand: Annotated[int | None, typer.Option(help="Id of the brand that parcels from there carry.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Ship from there where nobody says otherwise.")] = False,
    account: AccountOption = None,
) -> None:
    """Add a sender address. The account's first one is its default."""
    address = Address(
        name=name.strip(),
        address_line_1=street.strip(),
        postal_code=postal_code.strip(),
        city=city.strip(),
        country_code=country.strip().upper(),
        company_name=company.strip(),
        house_number=house_number.strip(),
        state_province_code=state.strip(),
        email=email.strip(),
        phone_number=phone.strip(),
    )
    if address.country_code not in COUNTRY_CODES:
        raise Invalid(f"{country!r} is no country. Use two letters of ISO 3166-1, such as NL.")
    check_address(address)
    with installation() as here:
        account_id = choose_account(here, account).id
        sender = SenderAddress(here.sequences.take_id(), address, default, brand)
        with here.database.write() as transaction:
            add_sender_address(transaction, account_id, sender)
            sender = get_sender_address(transaction, account_id, sender.id)
    typer.echo(_line(sender))


@sender_addresses.command("list")
def list_command(account: AccountOption = None) -> None:
    """Show the sender addresses of an account."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            senders = list_sender_addresses(transaction, account_id, Page(MOST_SHOWN)).records
    for sender in senders:
        typer.echo(_line(sender))


@sender_addresses.command("default")
def default_command(sender_address: IdArgument, account: AccountOption = None) -> None:
    """Ship from a sender address where nobody says otherwise."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.write() as transaction:
            get_sender_address(transaction, account_id, sender_address)
            make_default_sender_address(transaction, account_id, sender_address)
            sender = get_sender_address(transaction, account_id, sender_address)
    typer.echo(_line(sender))


@sender_addresses.command("remove")
def remove_command(sender_address: IdArgument, account: AccountOption = None) -> None:
    """Remove a sender address. The default one cannot go while there are others."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.write() as transaction:
            remove_sender_address(transaction, account_id, sender_address)
    typer.echo(f"Removed the sender address {sender_address}.")


def _line(sender: SenderAddress) -> str:
    address = sender.address
    street = " ".join(filter(None, [address.address_line_1 or address.po_box, address.house_number]))
    place = " ".join(filter(None, [address.postal_code, address.city]))
    who = ", ".join(filter(None, [address.name, address.company_name, street, place, address.country_code]))
    brand = f"  brand {sender.brand_id}" if sender.brand_id is not None else ""
    return f"{sender.id}  {who}{brand}{'  (default)' if sender.is_default else ''}"
