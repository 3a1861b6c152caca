"""`kolli service-points`: where carriers hand parcels out, read from their data files."""

from pathlib import Path
from typing import Annotated

import typer

from kolli.cli.common import installation
from kolli.cli.options import refuse
from kolli.operations.import_service_points import import_service_points
from kolli.service_points.queries import count_points

service_points = typer.Typer(help="Where carriers hand parcels out.", no_args_is_help=True, rich_markup_mode=None)


@service_points.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="A .csv or .json file; docs/service-points.md says what stands in it.")],
    carrier: Annotated[str, typer.Option(help="Code of the carrier whose service points these are.")],
    *,
    many_may_go: Annotated[
        bool, typer.Option("--many-may-go", help="Go on if the file lacks more than half of those there are now.")
    ] = False,
) -> None:
    """Make the service points of a carrier those of a file. If a row is bad, nothing is changed. Exits with 1 then."""
    with installation() as here:
        done = import_service_points(file, carrier, here, lambda _: None, many_may_go=many_may_go)
    refuse(done.mistakes)
    typer.echo(f"Service points read: {done.read}; new: {done.added}; not there any more: {done.removed}.")


@service_points.command("list")
def list_command() -> None:
    """Show how many service points each carrier has in which country."""
    with installation() as here, here.database.read() as transaction:
        counts = count_points(transaction)
    for carrier, country, there, removed in counts:
        typer.echo(f"{carrier}  {country}  {there}" + (f"  (not there any more: {removed})" if removed else ""))
