"""`kolli rates`: what shipping options cost."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from kolli.account.rates import list_rate_sheets, remove_rate_sheet
from kolli.account.rates_csv import COLUMNS, rates_rows
from kolli.cli.common import AccountOption, choose_account, installation
from kolli.cli.options import refuse
from kolli.errors import NotFound
from kolli.operations.import_rates import check_rates, store_rates
from kolli.tables import write_table

rates = typer.Typer(help="What shipping options cost.", no_args_is_help=True, rich_markup_mode=None)


@rates.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A CSV file with the columns that docs/options.md lists.")],
    *,
    allow_gaps: Annotated[
        bool, typer.Option("--allow-gaps", help="Take brackets that leave weights out; these have no price then.")
    ] = False,
    account: AccountOption = None,
) -> None:
    """Import prices. They replace all prices of the same option and contract. If a row is bad, nothing is imported."""
    with installation() as here:
        account_id = choose_account(here, account).id
        checked = check_rates(file, account_id, here, allow_gaps=allow_gaps)
        refuse(checked.mistakes)
        store_rates(checked.things, account_id, here)
        count = sum(len(sheet.rates) for sheet in checked.things)
        typer.echo(f"Rate sheets imported: {len(checked.things)}, with {count} prices.")


@rates.command("export")
def export_command(account: AccountOption = None) -> None:
    """Print all prices, as a file that `import` reads."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            sheets = list_rate_sheets(transaction, account_id)
    write_table(sys.stdout, COLUMNS, rates_rows(sheets))


@rates.command("list")
def list_command(account: AccountOption = None) -> None:
    """List the rate sheets: option, contract, currency, how many prices."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            sheets = list_rate_sheets(transaction, account_id)
    for sheet in sheets:
        contract = "any contract" if sheet.contract_id is None else f"contract {sheet.contract_id}"
        count = "1 price" if len(sheet.rates) == 1 else f"{len(sheet.rates)} prices"
        typer.echo(f"{sheet.option_code}\t{contract}\t{sheet.currency}\t{count}")


@rates.command("remove")
def remove_command(
    option: Annotated[str, typer.Argument(help="The option's code.")],
    contract: Annotated[int | None, typer.Option(help="Id of the contract; default: the prices for any.")] = None,
    account: AccountOption = None,
) -> None:
    """Remove the prices of an option under a contract."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.write() as transaction:
            if not remove_rate_sheet(transaction, account_id, option, contract):
                raise NotFound(f"There is no such rate sheet of {option!r}. See: kolli rates list")
        typer.echo(f"Removed the prices of {option}.")
