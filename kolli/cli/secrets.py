"""`kolli secrets`: the keys that the secrets in the database are encrypted with."""

from typing import Annotated

import typer

from kolli.app import key_file, open_database
from kolli.cli.common import installation
from kolli.errors import KolliError
from kolli.operations.secrets import examine_secrets, forget_what_is_lost, rotate
from kolli.settings import load_settings
from kolli.vault import Vault, make_key_file, who_else_can_read

secrets = typer.Typer(help="How secrets are encrypted.", no_args_is_help=True, rich_markup_mode=None)


@secrets.command("check")
def check_command() -> None:
    """Look whether every secret is encrypted and can be opened. Exits with 1 when something has to be done."""
    with installation() as at:
        with at.database.read() as transaction:
            found = examine_secrets(transaction, at.vault)
        path = key_file(at.settings)
    for name, count in sorted(found.current.items()):
        typer.echo(f"ok   {count} {name}")
    for name, count in sorted(found.under_an_older_key.items()):
        typer.echo(f"FIX  {count} {name} are encrypted with an older key: run `kolli secrets rotate`")
    for name, count in sorted(found.readable.items()):
        typer.echo(f"FIX  {count} {name} are not encrypted yet: start the server, or run `kolli secrets rotate`")
    for lost in found.lost:
        typer.echo(
            f"FIX  {lost.place.name} {lost.id}: no key in {path} opens it; put the key file back, or enter it anew"
        )
    if others := who_else_can_read(path):
        typer.echo(f"FIX  {path} can be read by {others}: run `chmod 600 {path}`")
    if not found.count:
        typer.echo("ok   there are no secrets")
    if found.under_an_older_key or found.readable or found.lost or others:
        raise typer.Exit(1)


@secrets.command("rotate")
def rotate_command() -> None:
    """Encrypt every secret with a new key, and drop the old ones. A server may run meanwhile; run it again if it dies.

    Backups of the database from before need the old key file: keep a copy of it with them, apart from the backups.
    """
    with installation() as at:
        sealed = rotate(at.database, key_file(at.settings))
        with at.database.read() as transaction:
            lost = examine_secrets(transaction, at.vault).lost
    told = ", ".join(f"{count} {name}" for name, count in sorted(sealed.items())) or "no secrets"
    typer.echo(f"Encrypted with a new key: {told}. The old keys are dropped.")
    if lost:
        typer.echo(f"{len(lost)} secrets were left alone, as no key opens them: see `kolli secrets check`.")
        raise typer.Exit(1)


@secrets.command("forget-lost")
def forget_command(
    *,
    yes: Annotated[
        bool, typer.Option("--yes", help="They are lost for good, and nobody will find the key file.")
    ] = False,
) -> None:
    """Give up the secrets that no key opens. Contracts and connections stay, and want them to be entered anew.

    If the key file is lost, this makes a new one. Put the old one back instead if you can.
    """
    if not yes:
        raise KolliError("Say --yes if the key file that belongs to this database is lost for good.")
    settings = load_settings()
    path = key_file(settings)
    database = open_database(settings)
    if not path.exists():
        make_key_file(path, check=lambda: None)
    lost = forget_what_is_lost(database, Vault.of_file(path))
    database.close()
    for secret in lost:
        typer.echo(f"The secret of {secret.place.name} {secret.id} is gone. Enter it anew.")
    if not lost:
        typer.echo("No secret is lost.")
