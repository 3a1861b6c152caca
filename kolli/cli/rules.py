"""`kolli rules`: the shipping rules of an account, shown, and in files."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kolli.cli.common import AccountOption, choose_account, installation
from kolli.cli.options import refuse
from kolli.errors import Invalid
from kolli.operations.known import known_to
from kolli.rules.explanation import sentence
from kolli.rules.queries import add_rules, list_rules, remove_all_rules
from kolli.rules.rules_csv import columns_for, read_rules, rule_rows
from kolli.rules.validation import problems
from kolli.tables import write_table

rules = typer.Typer(help="Shipping rules.", no_args_is_help=True, rich_markup_mode=None)


@rules.command("list")
def list_command(account: AccountOption = None) -> None:
    """Show every rule in the order in which they run, and what is wrong with those that are skipped."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            own = list_rules(transaction, account_id)
            known = known_to(transaction, account_id, here.configurations.of(transaction, account_id).catalogue)
    for rule in own:
        found = problems(rule, known)
        state = "off  " if not rule.is_active else "WRONG" if found else "on   "
        typer.echo(f"{rule.position:>4}  {state}  {rule.id}  {rule.name}: {sentence(rule)}")
        for problem in found:
            typer.echo(f"             {problem}")
    if not own:
        typer.echo("There are no rules.")


@rules.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A CSV file with the columns that docs/rules.md lists.")],
    *,
    replace_all: Annotated[
        bool, typer.Option("--replace", help="Remove all rules that are there, in the same moment.")
    ] = False,
    account: AccountOption = None,
) -> None:
    """Add the rules of a file behind those that are there. If a row is bad, nothing is imported. Exits with 1 then."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            catalogue = here.configurations.of(transaction, account_id).catalogue
            known = known_to(transaction, account_id, catalogue)
        read = read_rules(file, known)
        refuse(read.mistakes)
        if replace_all and not read.rules:
            raise Invalid(f"{file} has no rules, so all that are there would be removed. Nothing was changed.")
        new = [replace(rule, id=here.sequences.take_id()) for rule in read.rules]
        with here.database.write() as transaction:
            removed = remove_all_rules(transaction, account_id) if replace_all else 0
            add_rules(transaction, account_id, new, here.clock())
    typer.echo(f"Rules imported: {len(new)}.{f' Rules removed: {removed}.' if replace_all else ''}")


@rules.command("export")
def export_command(account: AccountOption = None) -> None:
    """Print the rules as the CSV file that `kolli rules import` reads."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            own = list_rules(transaction, account_id)
    write_table(sys.stdout, columns_for(own), rule_rows(own))
