"""`kolli requests`: what the server was asked lately, and what it answered."""

import time
from typing import Annotated

import typer

from kolli.account.requests import LoggedRequest, Wanted, list_requests
from kolli.cli.common import OneAccountOption, installation, printable

LOOK_SECONDS = 0.5
"""How often `--follow` looks for more."""


def requests_command(
    *,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with requests as they come, until Ctrl-C.")] = False,
    limit: Annotated[int, typer.Option(min=0, max=1_000_000, help="How many are shown, the newest last.")] = 50,
    failed: Annotated[bool, typer.Option("--failed", help="Only those that did not get what they asked for.")] = False,
    scenario: Annotated[bool, typer.Option("--scenario", help="Only those the sandbox has tampered with.")] = False,
    account: OneAccountOption = None,
) -> None:
    """Show the latest requests and their answers.

    The newest stands last. What went wrong on purpose is marked with the sandbox's scenario.
    """
    with installation() as at:
        last = 0
        while True:
            wanted = Wanted(account, failed, scenario, last)
            with at.database.read() as transaction:
                found = list_requests(transaction, wanted, limit)
            for request in found:
                typer.echo(line(request))
                last = request.id
            if not follow:
                break
            limit = 1_000_000
            time.sleep(LOOK_SECONDS)
        if not found:
            typer.echo("No such request is remembered.")


def line(request: LoggedRequest) -> str:
    """A request as one line."""
    details = request.details
    parts = [
        f"{request.at:%Y-%m-%d %H:%M:%S}",
        f"{request.method:<6} {request.path}",
        str(request.status or "no answer"),
        f"{details.milliseconds} ms",
        f"[sandbox: {details.scenario}]" if details.scenario else "",
        f"[key: {details.key}]" if details.key else "",
        details.about,
        ": ".join(filter(None, [details.source, details.detail or details.code])),
    ]
    return printable("  ".join(filter(None, parts)))
