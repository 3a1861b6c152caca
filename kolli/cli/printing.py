"""`kolli print` and `kolli printers`: labels from a terminal, and where they come out."""

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from kolli.cli.common import AccountOption, caller, choose_account, installation
from kolli.errors import Impossible, Invalid, KolliError, NotFound
from kolli.operations.context import Context
from kolli.operations.explain import find_meant
from kolli.operations.printing import add_new_printer, labels_file, print_parcels, print_test_page
from kolli.printing.model import FORMATS, PAPERS, WAYS, Printer, PrintJob, Profile, Way
from kolli.printing.queries import get_printer, list_printers, remove_printer
from kolli.shipments.model import Shipment

MOST_COPIES = 10

printers = typer.Typer(help="Printers, and how labels get to them.", no_args_is_help=True)

PrinterArgument = Annotated[str, typer.Argument(help="The printer's name, or its id.")]


def print_command(
    *,
    what: Annotated[
        list[str], typer.Argument(help="Shipments' ids, tracking numbers, orders' numbers or ids, in the order wanted.")
    ],
    printer: Annotated[str | None, typer.Option(help="The printer's name or id; default: the default one.")] = None,
    file: Annotated[Path | None, typer.Option(help="Write them to this file instead: .pdf, .png or .zpl.")] = None,
    paper: Annotated[str, typer.Option(help="With --file: A6, 4x6, A5 or A4.")] = "A6",
    dpi: Annotated[int, typer.Option(help="With --file: dots per inch of .png and .zpl.")] = 203,
    copies: Annotated[int, typer.Option(help="How many of each.")] = 1,
    account: AccountOption = None,
) -> None:
    """Print labels that are there already. Nothing is booked.

    A running server sends them to the printer. Of an order it is the newest shipment, with all of its parcels.
    """
    if not 1 <= copies <= MOST_COPIES:
        raise Invalid(f"Choose 1 to {MOST_COPIES} copies, not {copies}.")
    with installation() as here:
        context = caller(here, choose_account(here, account))
        parcels = _parcels(what, copies, context)
        if file is not None:
            _write(file, parcels, paper, dpi, context)
            return
        chosen = _find(printer, context) if printer is not None else None
        job = print_parcels(parcels, chosen.id if chosen else None, None, _me(), context)
        typer.echo(_queued(job, len(parcels), context))


def _parcels(what: Sequence[str], copies: int, context: Context) -> list[int]:
    """The parcels that are meant, each as often as it is wanted; a tracking number means its parcel alone."""
    ids: list[int] = []
    for text in what:
        with context.database.read() as transaction:
            shipment = find_meant(transaction, text.strip(), context)
        for parcel_id in _meant(shipment, text.strip()):
            ids += [parcel_id] * copies
    return ids


def _meant(shipment: Shipment, text: str) -> list[int]:
    one = [parcel.id for parcel in shipment.parcels if (parcel.tracking_number or "").lower() == text.lower()]
    found = one or [parcel.id for parcel in shipment.parcels if parcel.has_label]
    if not found:
        raise Impossible(f"{text} has no label: {shipment.parcels[0].status.message}.")
    return found


def _write(file: Path, parcels: Sequence[int], paper: str, dpi: int, context: Context) -> None:
    suffix = file.suffix.removeprefix(".").lower()
    if suffix not in FORMATS:
        raise Invalid(f"{file} must end in .pdf, .png or .zpl.")
    if paper not in PAPERS:
        raise Invalid(f"There is no paper {paper!r}. Choose one of {', '.join(PAPERS)}.")
    printed = labels_file(parcels, Profile(format=suffix, dpi=dpi, paper=paper), context)
    try:
        file.write_bytes(printed.content)
    except OSError as error:
        raise KolliError(f"{file}: {error.strerror}.") from error
    typer.echo(f"Wrote {len(parcels)} labels to {file}." if len(parcels) > 1 else f"Wrote {file}.")


def _queued(job: PrintJob, count: int, context: Context) -> str:
    with context.database.read() as transaction:
        printer = get_printer(transaction, context.account_id, job.printer_id)
    labels = "1 label" if count == 1 else f"{count} labels"
    if printer.is_download:
        where = f"{context.installation.public_url}/panel/print-jobs/{job.id}/"
        return f"Print job {job.id}: {labels}. {printer.name} prints from the browser: open {where}."
    return f"Print job {job.id}: {labels} for {printer.name}. A running server sends them at once."


@printers.command("list")
def list_command(account: AccountOption = None) -> None:
    """Show the printers of an account."""
    with installation() as here:
        account_id = choose_account(here, account).id
        with here.database.read() as transaction:
            known = list_printers(transaction, account_id)
    for printer in known:
        typer.echo(_line(printer))


@printers.command("add")
def add_command(
    *,
    name: Annotated[str, typer.Argument(help="What it is called, such as the place where it stands.")],
    raw: Annotated[str, typer.Option(help="Address of a printer that takes files at a port: 192.168.1.50:9100.")] = "",
    ipp: Annotated[str, typer.Option(help="URI of an IPP printer: ipp://192.168.1.60/ipp/print.")] = "",
    format: Annotated[str, typer.Option(help="pdf, zpl or png.")] = "",  # noqa: A002 - so it is called at the terminal
    dpi: Annotated[int, typer.Option(help="Of zpl and png: 203, 300 or 600.")] = 203,
    paper: Annotated[str, typer.Option(help="A6, 4x6, A5 or A4.")] = "A6",
    start: Annotated[int, typer.Option(help="On A4: the place of the next label, 1 to 4.")] = 1,
    default: Annotated[bool, typer.Option("--default", help="Print there where nobody names a printer.")] = False,
    account: AccountOption = None,
) -> None:
    """Add a printer. Without an address, its labels are files that people print from the browser.

    With --raw the format is ZPL, else PDF, unless you say otherwise.
    """
    if raw and ipp:
        raise Invalid("Give either --raw or --ipp: a printer has one address.")
    way: Way = WAYS[1] if raw else WAYS[2] if ipp else WAYS[0]
    profile = Profile(way, raw or ipp, format or ("zpl" if raw else "pdf"), dpi, paper, start - 1)
    with installation() as here:
        context = caller(here, choose_account(here, account))
        printer = add_new_printer(name, profile, context, is_default=default)
        with here.database.read() as transaction:
            printer = get_printer(transaction, context.account_id, printer.id)
    typer.echo(_line(printer))


@printers.command("test")
def page_command(printer: PrinterArgument, account: AccountOption = None) -> None:
    """Print a page that shows what a printer makes of edges, lengths and bars."""
    with installation() as here:
        context = caller(here, choose_account(here, account))
        job = print_test_page(_find(printer, context).id, None, _me(), context)
        typer.echo(_queued(job, 1, context))


@printers.command("remove")
def remove_command(printer: PrinterArgument, account: AccountOption = None) -> None:
    """Remove a printer. Its print jobs stay in the list."""
    with installation() as here:
        context = caller(here, choose_account(here, account))
        found = _find(printer, context)
        with here.database.write() as transaction:
            remove_printer(transaction, context.account_id, found.id, context.now())
    typer.echo(f"Removed the printer {found.name}.")


def _find(text: str, context: Context) -> Printer:
    with context.database.read() as transaction:
        known = list_printers(transaction, context.account_id)
    named = [printer for printer in known if printer.name.lower() == text.strip().lower()]
    named = named or [printer for printer in known if str(printer.id) == text.strip()]
    if len(named) == 1:
        return named[0]
    names = ", ".join(f"{printer.name} ({printer.id})" for printer in known) or "none"
    raise NotFound(f"No printer, or more than one, is called {text!r}. There are: {names}.")


def _me() -> str:
    """Who sits at the terminal."""
    try:
        return f"{getpass.getuser()} (command)"
    except (KeyError, OSError):
        return "command"


def _line(printer: Printer) -> str:
    profile = printer.profile
    resolution = "" if profile.format == "pdf" else f" {profile.dpi} dpi"
    place = f" from place {profile.start_from + 1}" if profile.labels_on_a_sheet > 1 else ""
    where = profile.address or "file in the browser"
    return (
        f"{printer.id}  {printer.name}  {where}  {profile.format.upper()}{resolution} {profile.paper}{place}"
        f"{'  (default)' if printer.is_default else ''}"
    )
