"""`kolli options`: the shipping options of an account, those of its carriers and its own."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from kolli.account.options import list_own_options, remove_own_option, save_own_options
from kolli.cli.common import AccountOption, choose_account, installation
from kolli.errors import NotFound
from kolli.operations.import_options import COLUMNS, option_rows, read_options
from kolli.tables import Mistake, write_table

options = typer.Typer(help="Shipping options.", no_args_is_help=True, rich_markup_mode=None)

MOST_SHOWN = 100
"""Mistakes shown of a file; who has more of them corrects these first."""


def refuse(mistakes: Sequence[Mistake]) -> None:
    """Shows what is wrong with a file, and ends with 1, if something is."""
    for mistake in mistakes[:MOST_SHOWN]:
        typer.echo(str(mistake), err=True)
    if len(mistakes) > MOST_SHOWN:
        typer.echo(f"... and {len(mistakes) - MOST_SHOWN} more.", err=True)
    if mistakes:
        typer.echo(f"Nothing was imported. Mistakes: {len(mistakes)}.", err=True)
        raise typer.Exit(1)


@options.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A CSV file with the columns that docs/options.md lists.")],
    account: AccountOption = None,
) -> None:
    """Add options of your own, or change those that have the same codes. If a row is bad, nothing is imported."""
    with installation() as here:
        account_id = choose_account(here, account).id
        checked = read_options(file, here.carriers)
        refuse(checked.mistakes)
        with here.database.write() as transaction:
            save_own_options(transaction, account_id, checked.things, here.clock())
        typer.echo(f"Options imported: {len(checked.things)}.")


@options.command("export")
def export_command(account: AccountOption = None) -> None:
    """Print your own options, as a file that `import` reads."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            own = list_own_options(transaction, account_id)
    write_table(sys.stdout, COLUMNS, option_rows(own))


@options.command("list")
def list_command(account: AccountOption = None) -> None:
    """List every option: its code, its name, and whether it is your own."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            own = {option.code for option in list_own_options(transaction, account_id)}
            catalogue = here.configurations.of(transaction, account_id).catalogue
    for carrier, option in catalogue:
        typer.echo(f"{option.code}\t{option.title}\t{'your own' if option.code in own else carrier.name}")


@options.command("remove")
def remove_command(
    code: Annotated[str, typer.Argument(help="The option's code.")], account: AccountOption = None
) -> None:
    """Remove an option of your own. Shipments that were made with it stay as they are."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.write() as transaction:
            if not remove_own_option(transaction, account_id, code):
                raise NotFound(f"The account has no option {code!r} of its own.")
        typer.echo(f"Removed {code}.")
