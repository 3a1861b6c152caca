"""`kolli backup` and `kolli restore`: the database in one file, and back again."""

from pathlib import Path
from typing import Annotated

import typer

from kolli.app import DATABASE, key_file, now, open_vault, readable, sole_server
from kolli.cli.common import existing
from kolli.database import Database
from kolli.errors import Invalid
from kolli.operations.backup import Backup, make_backup
from kolli.operations.restore import Restored, Wish, restore
from kolli.settings import load_settings
from kolli.vault import Vault

LAST_NUMBERS = (
    "In a range that the backup knows, the highest number that may be on a label: 'contract 1517 live 4000=5120'."
    " May be given several times."
)


def backup_command(file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")]) -> None:
    """Write a backup of the database to a file. A server may go on working meanwhile.

    The file is read back before it gets its name. It holds everything but the keys that open its secrets: keep the key
    file too, and apart from it.
    """
    settings = existing()
    database, path = Database(settings.data / DATABASE), key_file(settings)
    try:
        with readable(database):
            vault = open_vault(settings, database)
        made = make_backup(settings.data / DATABASE, file, vault, now())
    finally:
        database.close()
    typer.echo(f"Wrote {file}, and read it back: {_described(made)}.")
    keys = ", ".join(made.facts.keys)
    typer.echo(
        f"Its secrets are opened by the keys in {path} ({keys}), which are not in it: keep a copy, apart from it."
    )


def restore_command(
    file: Annotated[Path, typer.Argument(help="A backup that `kolli backup` has made.")],
    replace: Annotated[bool, typer.Option("--replace", help="Put the database that is there aside.")] = False,
    numbers_used_up_to: Annotated[list[str] | None, typer.Option(metavar="RANGE=NUMBER", help=LAST_NUMBERS)] = None,
    skip_numbers: Annotated[
        int | None, typer.Option(min=1, help="So many numbers are left out in every range of which nothing is known.")
    ] = None,
    without_key: Annotated[bool, typer.Option("--without-key", help="Go on although its secrets are lost.")] = False,
) -> None:
    """Put a backup in the place of the database. The server must be stopped.

    No number is handed out twice: every range goes on behind what was used since. Where nothing in the folder says how
    far that was, you are asked to, and nothing is changed until you do.
    """
    settings = load_settings()
    path = key_file(settings)
    wish = Wish(replace, dict(map(_range_and_number, numbers_used_up_to or [])), skip_numbers, without_key)
    with sole_server(settings.data):
        vault = Vault.of_file(path) if path.exists() else None
        done = restore(file, settings.data / DATABASE, vault, wish, now())
    _tell(done, settings.data / DATABASE)


def _range_and_number(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition("=")
    if not name or not number.isdecimal():
        raise Invalid(f"{text!r} is not a range and a number, such as 'contract 1517 live 4000=5120'.")
    return name, int(number)


def _described(backup: Backup) -> str:
    counts = ", ".join(f"{count} {name if count != 1 else name[:-1]}" for name, count in backup.facts.counts.items())
    return f"{counts}, as of {backup.facts.made_at:%Y-%m-%d %H:%M:%S} UTC ({backup.bytes // 1024} kB)"


def _tell(done: Restored, target: Path) -> None:
    typer.echo(f"Restored {target}: {_described(done.backup)}.")
    if done.set_aside:
        typer.echo(f"The database that was there is now {done.set_aside}.")
    for version in done.migrated:
        typer.echo(f"Applied {version}.")
    for jump in done.jumps:
        one = jump.of
        goes_on = "is used up" if jump.to > one.last else f"goes on at {jump.to}"
        typer.echo(f"{one} {goes_on}, not at {one.next}: {jump.because}.")
    for name, number in done.unknown.items():
        typer.echo(
            f"The range {name} is not in the backup, and {number - 1} may have been handed out. If its numbers are"
            f" entered anew, let them begin at {number}."
        )
    typer.echo(f"Ids go on at {done.ids[1]}, not at {done.ids[0]}.")
    if done.unsettled:
        typer.echo(f"{done.unsettled} announcements were under way: their carriers are asked at the next start.")
    if done.lost_secrets:
        typer.echo("No key opens its secrets: run `kolli secrets forget-lost`, then enter the contracts' data anew.")
    made_at = f"{done.backup.facts.made_at:%Y-%m-%d %H:%M:%S} UTC"
    typer.echo(
        f"What happened after {made_at} is not in it, and nobody can know it from here. Before you ship again, check:\n"
        f"  - labels: compare every carrier's own list of shipments since {made_at} with Kolli's. What only the\n"
        "    carrier has was bought after the backup: its order looks unshipped here, and would be shipped again.\n"
        "  - cancellations: what was cancelled since looks live here.\n"
        "  - orders and settings: have the shops send again what they have sent since; enter changed settings anew.\n"
        "  - Idempotency-Keys: requests since then are forgotten, and the same key would do the same thing again."
    )
