"""`kolli attempts`: announcements whose outcome nobody knows yet, and how a person settles one."""

from typing import Annotated

import typer

from kolli.account.accounts import list_accounts
from kolli.cli.common import OneAccountOption, choose_account, installation, printable
from kolli.operations.settle_by_hand import (
    History,
    Listed,
    list_open,
    look_at,
    say_that_it_does_not,
    say_that_it_exists,
)
from kolli.shipments.attempts import Attempt, State

attempts = typer.Typer(
    help="Labels that were perhaps paid for.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ShipmentId = Annotated[str, typer.Argument(help="Id of the shipment, as `kolli attempts list` shows it.")]

MEANINGS = {
    State.QUEUED: "queued, and nobody announces it any more",
    State.INTENDED: "broken off while it was announced: perhaps paid",
    State.UNKNOWN: "the carrier may have booked it: perhaps paid",
    State.CANCELLING: "being taken back, and the carrier has not said yes or no",
}
"""What it means for money that an attempt is open."""


@attempts.command("list")
def list_command(account: OneAccountOption = None) -> None:
    """Show every announcement whose outcome is open, why, and what is done about it next."""
    with installation() as at:
        if account is None:
            with at.database.read() as transaction:
                ids = [known.id for known in list_accounts(transaction)]
        else:
            ids = [choose_account(at, account).id]
        count = 0
        for entry in list_open(at, ids):
            _show_entry(entry)
            count += 1
    if count:
        typer.echo(f"{count} open. Settle one by hand with `kolli attempts exists` or `kolli attempts none`.")
    else:
        typer.echo("The outcome of every announcement is known.")


@attempts.command("show")
def show_command(shipment: ShipmentId) -> None:
    """Show one announcement: what is shipped, under which numbers, and every step that was taken."""
    with installation() as at:
        _show_history(look_at(shipment, at))


@attempts.command("exists")
def exists_command(
    shipment: ShipmentId,
    numbers: Annotated[
        list[str], typer.Argument(help="The tracking number of each parcel, in the order of the boxes.")
    ],
) -> None:
    """Say that the carrier has booked it, with these tracking numbers. Its labels can be printed then."""
    with installation() as at:
        stored = say_that_it_exists(shipment, numbers, at)
        url = at.public_url
    typer.echo(f"Shipment {shipment} exists, with the numbers {', '.join(numbers)}.")
    for parcel in stored.parcels:
        typer.echo(f"label      {url}/api/v3/parcels/{parcel.id}/documents/label")


@attempts.command("none")
def none_command(
    shipment: ShipmentId,
    reason: Annotated[str, typer.Option(help="How you know, such as who at the carrier has said so. It is kept.")],
) -> None:
    """Say that the carrier has not booked it. Its order can be shipped again then."""
    with installation() as at:
        say_that_it_does_not(shipment, reason, at)
    typer.echo(f"Shipment {shipment} does not exist. Its order can be shipped again.")


def _show_entry(entry: Listed) -> None:
    known, attempt = entry.known, entry.known.attempt
    since = f"{attempt.changed_at:%Y-%m-%d %H:%M}" if attempt.changed_at else "-"
    order = f"order {known.order_number}" if known.order_number else "no order"
    _tell(
        f"{attempt.shipment_id} {attempt.state} since {since}, {_tries(attempt)}, {order}, {known.carrier_name},"
        f" account {entry.account_id}"
    )
    _tell(f"    {MEANINGS[attempt.state]}{f': {attempt.reason}' if attempt.reason else ''}")
    _tell(f"    next: {entry.next_step}")


def _tries(attempt: Attempt) -> str:
    return "1 try" if attempt.tries == 1 else f"{attempt.tries} tries"


def _show_history(history: History) -> None:
    shipment, attempt, draft = history.shipment, history.attempt, history.shipment.draft
    to = draft.recipient
    rows = {
        "shipment": f"{shipment.id}, which is also our reference towards the carrier",
        "account": shipment.account_id,
        "order": draft.order_number or "-",
        "reference": draft.external_reference_id or "-",
        "carrier": f"{draft.carrier_name} ({draft.shipping_option_code})",
        "contract": f"{draft.contract_id or 'built in'}, {'live' if draft.is_live else 'test'}",
        "to": f"{to.name}, {to.postal_code} {to.city}, {to.country_code}",
        "state": f"{attempt.state}, {_tries(attempt)}",
    }
    for name, value in rows.items():
        _tell(f"{name:<10} {value}")
    for parcel in shipment.parcels:
        number = parcel.tracking_number or "no number yet"
        _tell(f"parcel {parcel.box_number:<3} {number}, {parcel.status.message}, id {parcel.id}")
    for move in history.moves:
        step = f"{move.before or 'new'} → {move.after}"
        _tell(f"{move.at:%Y-%m-%d %H:%M:%S} {step:<22} {move.reason}")
    if history.next_step:
        _tell(f"next       {history.next_step}")


def _tell(line: str) -> None:
    typer.echo(printable(line).rstrip())
