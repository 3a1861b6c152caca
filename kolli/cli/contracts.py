"""`kolli contracts`: the agreements under which an account ships with carriers, and their numbers."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import typer

from kolli.account.contracts import Contract, all_contracts, get_contract
from kolli.account.number_ranges import list_number_ranges
from kolli.carriers.base import Carrier, ContractField, Numbers
from kolli.cli.common import AccountOption, choose_account, installation
from kolli.errors import Invalid, KolliError, NotFound
from kolli.operations.context import Installation
from kolli.operations.contract_forms import NAME, form_of
from kolli.operations.contracts import (
    ContractChange,
    NewContract,
    carrier_of,
    change_contract,
    create_contract,
    delete_contract,
    give_numbers,
)

contracts = typer.Typer(help="Contracts with carriers, and their numbers.", no_args_is_help=True, rich_markup_mode=None)

ContractId = Annotated[int, typer.Argument(help="Id of the contract, as `kolli contracts list` shows it.")]
DataFile = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="JSON file with what the carrier asks for, by the names of its fields; `-` reads standard input. Without"
        " it you are asked for each.",
    ),
]


@contracts.command("add")
def add_command(
    carrier: Annotated[str, typer.Argument(help="The carrier's code, such as those that `kolli doctor` shows.")],
    *,
    name: Annotated[str, typer.Option(help="What you call the contract; default: the carrier's name.")] = "",
    data: DataFile = None,
    default: Annotated[
        bool, typer.Option("--default", help="Ship under it when nobody names a contract with this carrier.")
    ] = False,
    inactive: Annotated[bool, typer.Option("--inactive", help="Do not ship under it yet.")] = False,
    account: AccountOption = None,
) -> None:
    """Add a contract. Its labels and numbers are tests until `kolli contracts live`. Exits with 1 if it is refused."""
    with installation() as at:
        owner = choose_account(at, account)
        known = at.carriers.find(carrier)
        if known is None:
            names = ", ".join(each.code for each in at.carriers)
            raise NotFound(f"There is no carrier {carrier!r}. There are: {names}.")
        answers = _answers(known, data, skipped={NAME} if name else set())
        wanted = NewContract(known.code, answers, name or None, is_active=not inactive, is_default=default)
        contract = create_contract(wanted, owner.id, at)
    _show(contract)
    if isinstance(known, Numbers):
        typer.echo(f"next       give it numbers: kolli contracts range {contract.id} FIRST LAST")
    if contract.error is not None:
        raise typer.Exit(1)


@contracts.command("change")
def change_command(contract: ContractId, *, data: DataFile = None, account: AccountOption = None) -> None:
    """Give a contract new data, such as another password. If it was used, it is replaced by one with another id.

    One whose data were wrong or lost is active then.
    """
    with installation() as at:
        owner = choose_account(at, account)
        known = _known(at, owner.id, contract)
        answers = _answers(carrier_of(known, at), data)
        works_again = True if known.state == "validation_failed" else None
        changed = change_contract(contract, ContractChange(answers, is_active=works_again), owner.id, at)
    _show(changed)


@contracts.command("list")
def list_command(account: AccountOption = None) -> None:
    """Show an account's contracts. Of each: its id, carrier, state, whether it is live or the default, its name."""
    with installation() as at:
        owner = choose_account(at, account)
        with at.database.read() as transaction:
            known = all_contracts(transaction, owner.id)
    for each in known:
        marks = f"{'live' if each.is_live else 'test'}{', default' if each.is_default else ''}"
        typer.echo(f"{each.id}  {each.carrier_code:<12} {each.state:<17} {marks:<13} {each.name}")
    if not known:
        typer.echo(f"The account {owner.id} ({owner.name}) has no contract. Add one with `kolli contracts add`.")


@contracts.command("show")
def show_command(contract: ContractId, account: AccountOption = None) -> None:
    """Show a contract and its numbers. What it says to the carrier is not shown."""
    with installation() as at:
        owner = choose_account(at, account)
        known = _known(at, owner.id, contract)
        with at.database.read() as transaction:
            ranges = list_number_ranges(transaction, owner.id, contract)
        names = ", ".join(at.vault.open(known.sealed_data)) or "-"
    _show(known)
    typer.echo(f"data       {names} (encrypted)")
    for each in ranges:
        kind = "live" if each.is_live else "test"
        typer.echo(f"numbers    {each.first} to {each.last}, for {kind} parcels: {each.used} used, {each.left} left")


@contracts.command("range")
def range_command(
    contract: ContractId,
    first: Annotated[int, typer.Argument(help="The first number that the carrier has assigned.")],
    last: Annotated[int, typer.Argument(help="The last one.")],
    *,
    live: Annotated[bool, typer.Option("--live", help="For live parcels; else they are for tests.")] = False,
    account: AccountOption = None,
) -> None:
    """Give a contract numbers for its parcels. They are used when those it has already are used up."""
    with installation() as at:
        owner = choose_account(at, account)
        given = give_numbers(contract, (first, last), owner.id, at, is_live=live)
    kind = "live" if given.is_live else "test"
    typer.echo(f"Contract {contract} has {given.left} more numbers for {kind} parcels: {given.first} to {given.last}.")


@contracts.command("live")
def live_command(
    contract: ContractId,
    *,
    off: Annotated[bool, typer.Option("--off", help="Back to tests.")] = False,
    account: AccountOption = None,
) -> None:
    """Mark a contract as live: the carrier has approved of its labels, and its parcels are real from now on."""
    with installation() as at:
        owner = choose_account(at, account)
        changed = change_contract(contract, ContractChange(is_live=not off), owner.id, at)
    typer.echo(f"Contract {changed.id} ({changed.name}) is {'live' if changed.is_live else 'for tests'} now.")


@contracts.command("remove")
def remove_command(contract: ContractId, account: AccountOption = None) -> None:
    """Remove a contract. What was shipped under it can still be printed, followed and cancelled."""
    with installation() as at:
        delete_contract(contract, choose_account(at, account).id, at)
    typer.echo(f"Contract {contract} is removed.")


def _known(at: Installation, account_id: int, contract_id: int) -> Contract:
    with at.database.read() as transaction:
        return get_contract(transaction, account_id, contract_id)


def _answers(carrier: Carrier, data: Path | None, skipped: set[str] | None = None) -> Mapping[str, object]:
    """What the carrier asks for: from a file, else from the person at the terminal. Nothing of it is an argument.

    Arguments stand in the shell's history, and every user of the machine sees those of a running program.
    """
    if data is None:
        return dict(_asked(field for field in form_of(carrier) if field.name not in (skipped or set())))
    try:
        text = sys.stdin.read() if data == Path("-") else data.read_text("utf-8")
        answers = json.loads(text)
    except OSError as error:
        raise KolliError(f"{data}: {error.strerror}.") from error
    except ValueError:  # whose message would repeat what stands there
        answers = None
    if not isinstance(answers, dict):
        raise Invalid(f'{data} has to hold a JSON object, such as {{"{form_of(carrier)[-1].name}": "…"}}.')
    return answers


def _asked(form: Iterator[ContractField]) -> Iterator[tuple[str, str]]:
    for field in form:
        choices = ["true", "false"] if field.type == "boolean" else list(field.choices)
        typer.echo(f"{field.description}{'' if field.is_required else ' (Leave it empty if there is none.)'}")
        question = f"{field.name} ({', '.join(choices)})" if choices else field.name
        usual = None if field.is_required else ""
        answer: str = typer.prompt(question, default=usual, show_default=False, hide_input=field.is_secret)
        if answer:
            yield field.name, answer


def _show(contract: Contract) -> None:
    typer.echo(f"contract   {contract.id} ({contract.name})")
    typer.echo(f"carrier    {contract.carrier_code}{', default' if contract.is_default else ''}")
    typer.echo(f"state      {contract.state}, {'live' if contract.is_live else 'for tests'}")
    if contract.client_id is not None:
        typer.echo(f"client id  {contract.client_id}")
    if contract.error is not None:
        typer.echo(f"error      {contract.error}")
