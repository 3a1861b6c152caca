"""`kolli explain`: why a shipment goes as it does."""

import sys
from collections.abc import Iterator
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from kolli.cli.common import AccountOption, caller, choose_account, installation
from kolli.operations.explain import find_meant
from kolli.shipments.model import Shipment, Step

_SOURCES = {
    "request": "the request",
    "order": "the order",
    "order_items": "the order's items",
    "default": "the account's defaults",
    "sender_address": "the sender address",
    "carrier": "the carrier",
}


def explain_command(
    what: Annotated[str, typer.Argument(help="An order's number or id, a shipment's id, or a tracking number.")],
    account: AccountOption = None,
) -> None:
    """Show why a shipment goes as it does.

    Every value, who has chosen it, and which rules held. Of an order it is the newest shipment.
    """
    with installation() as here:
        context = caller(here, choose_account(here, account))
        with here.database.read() as transaction:
            shipment = find_meant(transaction, what.strip(), context)
    for line in _head(shipment):
        typer.echo(line)
    if not shipment.draft.decision:
        typer.echo("How it was decided was not kept: the shipment is older than that.")
    elif sys.stdout.isatty():
        Console().print(_table(shipment.draft.decision))
    else:
        for row in map(_row, shipment.draft.decision):
            typer.echo("\t".join(row))


def _head(shipment: Shipment) -> Iterator[str]:
    draft = shipment.draft
    order = f" of the order {draft.order_number}" if draft.order_number else ""
    yield f"Shipment {shipment.id}{order}, decided {shipment.created_at:%Y-%m-%d %H:%M} UTC."
    contract = f"contract {draft.contract_id}" if draft.contract_id else "the contract of this installation"
    yield f"It goes with {draft.carrier_name}, {draft.shipping_option_code}, under {contract}."
    for parcel in shipment.parcels:
        number = f", tracking number {parcel.tracking_number}" if parcel.tracking_number else ""
        yield f"Parcel {parcel.box_number}: {draft.boxes[parcel.box_number - 1].weight}{number}, {parcel.status.value}."


def _table(steps: tuple[Step, ...]) -> Table:
    table = Table(Column("what", no_wrap=True), "was", "is", "chosen by", "why")
    for step in steps:
        name, *others = _row(step)
        table.add_row(Text(name), *(Text(cell, overflow="fold") for cell in others))
    return table


def _row(step: Step) -> tuple[str, str, str, str, str]:
    who = _SOURCES.get(step.source, step.source)
    if step.source == "rule":
        who = f"the rule {step.rule_name!r} ({step.rule_id}, revision {step.rule_revision})"
    return step.field, step.before or "-", step.after or "-", who, step.note
