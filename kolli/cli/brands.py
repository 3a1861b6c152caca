"""`kolli brands`: how the account presents itself on labels and tracking pages."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kolli.account.brands import (
    Brand,
    add_brand,
    add_image,
    get_brand,
    list_brands,
    remove_brand,
    update_brand,
)
from kolli.account.pages import Page
from kolli.cli.common import AccountOption, choose_account, installation
from kolli.documents.logos import MOST_BYTES, clean_logo
from kolli.errors import Invalid, KolliError, Missing

brands = typer.Typer(help="How the account presents itself.", no_args_is_help=True, rich_markup_mode=None)

MOST_SHOWN = 10_000
LONGEST_NAME = 255

IdArgument = Annotated[int, typer.Argument(help="Id of the brand.")]


@brands.command("add")
def add_command(
    name: Annotated[str, typer.Argument(help="Its name, as it stands on labels.")],
    *,
    logo: Annotated[Path | None, typer.Option(help="A PNG or JPEG file.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Use it where nobody says otherwise.")] = False,
    account: AccountOption = None,
) -> None:
    """Add a brand."""
    if not name.strip() or len(name) > LONGEST_NAME:
        raise Invalid(f"A name has 1 to {LONGEST_NAME} characters.", field="name")
    png = _read_logo(logo) if logo else None
    with installation() as here:
        account_id = choose_account(here, account).id
        number = here.sequences.take_id()
        with here.database.write() as transaction:
            shown = add_image(transaction, account_id, png) if png else None
            brand = Brand(number, name.strip(), default, shown)
            add_brand(transaction, account_id, brand)
    typer.echo(_line(brand))


@brands.command("list")
def list_command(account: AccountOption = None) -> None:
    """Show the brands of an account."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            found = list_brands(transaction, account_id, Page(MOST_SHOWN)).records
    for brand in found:
        typer.echo(_line(brand))


@brands.command("logo")
def logo_command(
    brand: IdArgument,
    file: Annotated[Path | None, typer.Argument(help="A PNG or JPEG file.")] = None,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take its logo away.")] = False,
    account: AccountOption = None,
) -> None:
    """Give a brand a logo, or take it away. Labels that were made before keep theirs."""
    if (file is None) is not remove:
        raise Missing("Name a file, or say --remove.")
    png = _read_logo(file) if file else None
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.write() as transaction:
            shown = add_image(transaction, account_id, png) if png else None
            changed = replace(get_brand(transaction, account_id, brand), logo_sha256=shown)
            update_brand(transaction, account_id, changed)
    typer.echo(_line(changed))


@brands.command("remove")
def remove_command(brand: IdArgument, account: AccountOption = None) -> None:
    """Remove a brand that no sender address has."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.write() as transaction:
            remove_brand(transaction, account_id, brand)
    typer.echo(f"Removed the brand {brand}.")


def _read_logo(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return clean_logo(file.read(MOST_BYTES + 1))
    except OSError as error:
        raise KolliError(f"{path}: {error.strerror}.") from error


def _line(brand: Brand) -> str:
    logo = "with a logo" if brand.logo_sha256 else "without a logo"
    return f"{brand.id}  {brand.name}  {logo}{'  (default)' if brand.is_default else ''}"
