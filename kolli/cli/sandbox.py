"""`kolli sandbox`: what is to go wrong on purpose with tests, and what the carriers for tests have really booked."""

import re
from typing import Annotated

import typer

from kolli.account.accounts import Pending
from kolli.account.pending import clear_pending
from kolli.api.description import check_route
from kolli.carriers.base import KeepsLedger, LedgerLine
from kolli.cli.common import AccountOption, choose_account, installation
from kolli.operations.misbehave import have_wait, is_waiting
from kolli.scenarios import SCENARIOS, names_of, parse

sandbox = typer.Typer(
    help="Make tests fail on purpose, and see what was booked.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

MOST_TIMES = 10_000


@sandbox.command("list")
def list_command() -> None:
    """Show every scenario: what happens, for which requests, and whether the label is bought."""
    for row in SCENARIOS.values():
        typer.echo(f"{row.usage:<20}  {row.what}")
        typer.echo(f"{'':<20}  Requests: {names_of(row.kinds)}. Bought: {row.bought}. {row.advice}")


@sandbox.command("next")
def next_command(
    name: Annotated[str, typer.Argument(help="The scenario, such as timeout-after or slow:8s.")],
    *,
    times: Annotated[int, typer.Option(min=1, max=MOST_TIMES, help="For how many requests.")] = 1,
    route: Annotated[
        str, typer.Option(help="Only for requests whose path ends so, such as create-label-sync; default: any.")
    ] = "",
    account: AccountOption = None,
) -> None:
    """Have the next requests of an account go wrong."""
    scenario = parse(name)
    if route:
        check_route(route)
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.write() as transaction:
            have_wait(transaction, account_id, Pending(scenario.name, times, route.strip("/")), here.settings)
    typer.echo(f"{scenario.name} waits for {_requests(times)}. {scenario.row.what}")


@sandbox.command("waiting")
def waiting_command(account: AccountOption = None) -> None:
    """Show what waits for the next requests of an account."""
    with installation() as here:
        pending = choose_account(here, account).pending
        now = here.clock()
    waiting = [each for each in pending if is_waiting(each, now)]
    for each in waiting:
        about = [
            _requests(each.times) if each.until is None else f"until {each.until:%H:%M:%S} UTC",
            f"route {each.route}" if each.route else "",
            f"contract {each.way}" if each.way else "",
        ]
        typer.echo(f"{each.scenario}: {', '.join(filter(None, about))}")
    if not waiting:
        typer.echo("Nothing waits.")


@sandbox.command("clear")
def clear_command(account: AccountOption = None) -> None:
    """Have nothing wait any more."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.write() as transaction:
            count = clear_pending(transaction, account_id)
    typer.echo(f"Cleared: {count}.")


@sandbox.command("ledger")
def ledger_command(
    order: Annotated[str, typer.Option(help="Only what was booked for this order number, whatever it ends in.")] = "",
) -> None:
    """Show what carriers for tests have really booked, whatever their answers said."""
    with installation() as here:
        ledgers = [carrier for carrier in here.carriers if isinstance(carrier, KeepsLedger)]
        lines = [line for carrier in ledgers for line in carrier.ledger_entries()]
    for line in lines:
        if not order or re.sub("~.*", "", line.order_number) == order or line.order_number == order:
            typer.echo(_as_text(line))


def _as_text(line: LedgerLine) -> str:
    state = "cancelled" if line.is_cancelled else "booked"
    at = f"{line.booked_at:%Y-%m-%d %H:%M:%S}"
    return f"{at}  {state:<9}  {line.tracking_number}  {line.order_number}  {line.reference}"


def _requests(times: int) -> str:
    return "the next request" if times == 1 else f"the next {times} requests"
