"""`kolli jobs`: the work that waits, and the work that was given up."""

from typing import Annotated

import typer

from kolli.cli.common import installation
from kolli.jobs import count_waiting, forget, list_dead, revive

jobs = typer.Typer(help="Work that is done in the background.", no_args_is_help=True, rich_markup_mode=None)

JobIds = Annotated[list[int], typer.Argument(help="Numbers of dead jobs, as `kolli jobs list` shows them.")]


@jobs.command("list")
def list_command() -> None:
    """Show how much work waits, and every job that failed too often to be tried again, with the reason."""
    with installation() as at, at.database.read() as transaction:
        waiting = count_waiting(transaction)
        dead = list_dead(transaction)
    for kind, count in sorted(waiting.items()):
        typer.echo(f"{count:>7} {kind} waiting or running")
    for job in dead:
        body = " ".join(f"{name}={value}" for name, value in job.body.items())
        runs = "1 run" if job.runs == 1 else f"{job.runs} runs"
        typer.echo(f"{job.id:>7} {job.kind} dead since {job.died_at:%Y-%m-%d %H:%M} after {runs}: {job.reason}")
        typer.echo(f"        {body}")
    if not waiting and not dead:
        typer.echo("Nothing waits, and nothing was given up.")


@jobs.command("retry")
def retry_command(numbers: JobIds) -> None:
    """Have dead jobs tried again, as often as new ones. A running server takes them up within seconds."""
    with installation() as at:
        for number in numbers:
            with at.database.write() as transaction:
                revive(transaction, number, at.clock())
            typer.echo(f"Job {number} will be tried again.")


@jobs.command("remove")
def remove_command(numbers: JobIds) -> None:
    """Remove dead jobs that nobody needs done any more."""
    with installation() as at:
        for number in numbers:
            with at.database.write() as transaction:
                forget(transaction, number)
            typer.echo(f"Job {number} is removed.")
