"""`kolli track`: what has happened to parcels, told by hand or from a file, and shown."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from kolli.carriers.base import Advances, Tracks
from kolli.cli.common import AccountOption, choose_account, installation
from kolli.errors import Impossible
from kolli.operations.context import Installation
from kolli.operations.follow import ask_about
from kolli.operations.import_events import check_rows, get_tracked, record_rows
from kolli.operations.track import Tracked, record_all
from kolli.shipments.tracking import history
from kolli.shipments.tracking_csv import (
    event_from,
    moment_from,
    number_from,
    read_events,
    status_from_text,
)
from kolli.tables import text_from

tracking = typer.Typer(help="What has happened to parcels.", no_args_is_help=True, rich_markup_mode=None)

MOST_SHOWN = 100
"""Mistakes shown of a file; who has more of them corrects these first."""

OFTEN = 1_000

NumberArgument = Annotated[str, typer.Argument(help="The tracking number, in any letter case.")]
CarrierOption = Annotated[str, typer.Option(help="Code of the carrier, where several have given the same number.")]


@tracking.command("record")
def record_command(
    number: NumberArgument,
    status: Annotated[str, typer.Argument(help="Code of the status, such as DELIVERED.")],
    *,
    at: Annotated[str, typer.Option(help="When it happened, in ISO 8601; without a zone in UTC; default: now.")] = "",
    note: Annotated[str, typer.Option(help="What people are told about it.")] = "",
    city: Annotated[str, typer.Option(help="Where it happened.")] = "",
    country: Annotated[str, typer.Option(help="In which country, in two letters.")] = "",
    carrier: CarrierOption = "",
    account: AccountOption = None,
) -> None:
    """Record what has happened to a parcel."""
    with installation() as here:
        now = here.clock()
        told = event_from(
            status_from_text(status),
            moment_from(at) if at else now,
            text_from(note),
            text_from(city),
            country.strip(),
        )
        account_id = choose_account(here, account).id
        with here.database.write() as transaction:
            tracked = get_tracked(transaction, account_id, number_from(number), carrier)
            is_news = record_all(transaction, [(tracked, told)], now) == 1
        if not is_news:
            typer.echo("That was known already.")
        _show(here, account_id, tracked)


@tracking.command("import")
def import_command(
    file: Annotated[
        Path,
        typer.Argument(help="A CSV file with the columns tracking_number, status, at, description, city, country."),
    ],
    good_rows: Annotated[
        bool, typer.Option("--good-rows", help="Record the good rows even if others are bad.")
    ] = False,
    account: AccountOption = None,
) -> None:
    """Record what a file says. Every row is checked first; if one is bad, nothing is recorded. Exits with 1 then."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with _progress("checked") as tell:
            checked = check_rows(read_events(file), account_id, here, tell)
        for mistake in checked.mistakes[:MOST_SHOWN]:
            typer.echo(str(mistake), err=True)
        if len(checked.mistakes) > MOST_SHOWN:
            typer.echo(f"... and {len(checked.mistakes) - MOST_SHOWN} more.", err=True)
        if checked.mistakes and not good_rows:
            typer.echo(
                f"Nothing was recorded. Bad rows: {len(checked.mistakes)}; good ones: {len(checked.rows)}.", err=True
            )
            raise typer.Exit(1)
        with _progress("recorded") as tell:
            news = record_rows(checked.rows, account_id, here, tell)
        known = len(checked.rows) - news
        typer.echo(f"Events recorded: {news}; known already: {known}; rows left out: {len(checked.mistakes)}.")
        if checked.mistakes:
            raise typer.Exit(1)


@tracking.command("show")
def show_command(number: NumberArgument, carrier: CarrierOption = "", account: AccountOption = None) -> None:
    """Show a parcel: its status, and all that has happened."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            tracked = get_tracked(transaction, account_id, number_from(number), carrier)
        _show(here, account_id, tracked)


@tracking.command("advance")
def advance_command(
    number: NumberArgument,
    to: Annotated[str, typer.Option(help="As far as this status; default: one station.")] = "",
    life: Annotated[str, typer.Option(help="Another life from here on, such as lost, returned or stuck.")] = "",
    day_seconds: Annotated[
        int | None,
        typer.Option(min=0, max=86_400, help="Let it go on by itself, a day taking that many seconds; 0 stops it."),
    ] = None,
    account: AccountOption = None,
) -> None:
    """Move a parcel of a carrier that only plays a part on in its life."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            tracked = get_tracked(transaction, account_id, number_from(number))
        carrier = here.carriers.get(tracked.carrier_code)
        if not (isinstance(carrier, Advances) and isinstance(carrier, Tracks)):
            raise Impossible(
                f"{carrier.name} cannot move its parcels for a test. Use `kolli track record` to say where they are."
            )
        carrier.advance(
            tracked.tracking_number,
            to=status_from_text(to) if to else None,
            life=life or None,
            day_seconds=day_seconds,
        )
        ask_about([tracked], carrier, here)
        _show(here, account_id, tracked)


def _show(here: Installation, account_id: int, tracked: Tracked) -> None:
    with here.database.read() as transaction:
        tracked = get_tracked(transaction, account_id, tracked.tracking_number, tracked.carrier_code)
        events = tracked.told(history(transaction, account_id, tracked.id))
    status = tracked.parcel.status
    typer.echo(f"{tracked.tracking_number} ({tracked.carrier_code}): {status.message} ({status})")
    for event in events:
        where = " ".join(filter(None, [event.city, event.country]))
        about = " · ".join(filter(None, [event.status.message, event.description, where]))
        typer.echo(f"  {event.at:%Y-%m-%d %H:%M:%S}  {event.source:<7}  {about}")


@contextmanager
def _progress(done: str) -> Iterator[Callable[[int], None]]:
    """Tells on a terminal's error output how far a long file is; short files need no such lines."""
    count = told = 0

    def tell(more: int) -> None:
        nonlocal count, told
        count += more
        if count - told >= OFTEN:
            told = count
            typer.echo(f"\r{count} rows {done}", err=True, nl=False)

    yield tell
    if told:
        typer.echo(f"\r{count} rows {done}", err=True)
