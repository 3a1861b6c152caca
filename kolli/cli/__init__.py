"""The `kolli` command."""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from kolli import __version__
from kolli.account.users import has_users
from kolli.api.description import document_text
from kolli.app import DATABASE, find_fonts, readable, serve
from kolli.cli.attempts import attempts
from kolli.cli.backup import backup_command, restore_command
from kolli.cli.brands import brands
from kolli.cli.contracts import contracts
from kolli.cli.explain import explain_command
from kolli.cli.jobs import jobs
from kolli.cli.keys import keys
from kolli.cli.options import options
from kolli.cli.printing import print_command, printers
from kolli.cli.rates import rates
from kolli.cli.replay import replay_command
from kolli.cli.requests import requests_command
from kolli.cli.rules import rules
from kolli.cli.sandbox import sandbox
from kolli.cli.secrets import secrets
from kolli.cli.sender_addresses import sender_addresses
from kolli.cli.service_points import service_points
from kolli.cli.tracking import tracking
from kolli.cli.users import set_up_address, users
from kolli.cli.webhooks import webhooks
from kolli.database import Database
from kolli.demo import run_demo
from kolli.doctor import examine
from kolli.documents.layouts.label import lay_out
from kolli.documents.render import content_from_json, paper_named, render
from kolli.errors import KolliError
from kolli.migrations import migrate, version_of
from kolli.operations.context import Installation
from kolli.settings import load_settings

log = logging.getLogger(__name__)

cli = typer.Typer(
    help="Kolli turns an order into a label, once. Settings are environment variables: see `kolli doctor`.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain lines, the same in a terminal of any width, a file and docs/commands.md
)
cli.add_typer(keys, name="keys")
cli.add_typer(users, name="users")
cli.add_typer(options, name="options")
cli.add_typer(rates, name="rates")
cli.add_typer(rules, name="rules")
rules.command("replay")(replay_command)
cli.command("explain")(explain_command)
cli.add_typer(attempts, name="attempts")
cli.command("requests")(requests_command)
cli.add_typer(jobs, name="jobs")
cli.command("print")(print_command)
cli.add_typer(printers, name="printers")
cli.add_typer(tracking, name="track")
cli.add_typer(webhooks, name="webhooks")
cli.add_typer(sender_addresses, name="sender-addresses")
cli.add_typer(brands, name="brands")
cli.add_typer(service_points, name="service-points")
cli.add_typer(contracts, name="contracts")
cli.add_typer(secrets, name="secrets")
cli.add_typer(sandbox, name="sandbox")

cli.command("backup")(backup_command)
cli.command("restore")(restore_command)

FORMATS = {".pdf": ("application/pdf", 72), ".png": ("image/png", 300), ".zpl": ("application/zpl", 203)}


@cli.command("serve")
def serve_command() -> None:
    """Run the server until it is stopped with Ctrl-C or SIGTERM."""

    def started(installation: Installation) -> None:
        typer.echo(f"Kolli {__version__} answers on {installation.public_url} (data in {installation.settings.data}).")
        with installation.database.read() as transaction:
            is_new = not has_users(transaction)
        if is_new:
            typer.echo(f"Nobody uses its panel yet. Become the owner at {set_up_address(installation)}")

    serve(load_settings(), started)


@cli.command("demo")
def demo_command(
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its data; emptied at every start.")] = Path(
        "kolli-demo"
    ),
) -> None:
    """Run a server with demo data. It ships one order, and tells how to ship the next."""
    run_demo(load_settings(), folder)


@cli.command("migrate")
def migrate_command() -> None:
    """Bring the database to the version this program works with. Make a backup first."""
    settings = load_settings()
    database = Database(settings.data / DATABASE)
    with readable(database), database.write() as transaction:
        applied = migrate(transaction)
        at = version_of(transaction)
    for version in applied:
        typer.echo(f"Applied {version}.")
    typer.echo(f"The database in {settings.data} has version {at}.")


@cli.command("doctor")
def doctor_command() -> None:
    """Show every setting and examine the installation. Exits with 1 when something has to be done."""
    findings = examine(load_settings())
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.is_good else 'FIX '} {finding.text}")
    if not all(finding.is_good for finding in findings):
        raise typer.Exit(1)


@cli.command("render")
def render_command(
    source: Annotated[Path, typer.Argument(help="A JSON file that says what stands on the label.")],
    target: Annotated[Path, typer.Argument(help="The file to write: .pdf, .png or .zpl.")],
    paper: Annotated[str, typer.Option(help="A6 or 4x6.")] = "A6",
    dpi: Annotated[int | None, typer.Option(help="Dots per inch, for .png and .zpl.")] = None,
) -> None:
    """Draw a label from a JSON file, to design labels."""
    if target.suffix not in FORMATS:
        raise KolliError(f"{target} must end in {', '.join(FORMATS)}.")
    mime_type, usual_dpi = FORMATS[target.suffix]
    fonts = find_fonts(load_settings())
    try:
        content = content_from_json(source.read_bytes())
        target.write_bytes(render([lay_out(content, paper_named(paper), fonts)], mime_type, dpi or usual_dpi, fonts))
    except OSError as error:
        raise KolliError(f"{error.filename}: {error.strerror}.") from error
    typer.echo(f"Wrote {target}.")


@cli.command("openapi")
def openapi_command() -> None:
    """Print the OpenAPI description of the API."""
    typer.echo(document_text(), nl=False)


def main() -> None:
    """Runs the command; what went wrong is told in one sentence."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("alembic", "uvicorn"):  # what they have done, we say ourselves
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        cli()
    except KolliError as error:
        where = f"{error.field}: " if error.field else ""
        typer.echo(f"kolli: {where}{error.message}", err=True)
        sys.exit(1)
    except Exception:
        log.exception("kolli %s failed", " ".join(sys.argv[1:]))
        typer.echo("kolli: Something went wrong that should not have. The lines above say what.", err=True)
        sys.exit(1)
