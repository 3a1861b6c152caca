"""The packing table: one field that is always ready, and an answer that is read from two metres away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.integrations import list_integrations
from kolli.account.packings import Entry, Packing, Tally, get_packing, list_tallies
from kolli.account.users import Right, update_user
from kolli.errors import NotFound
from kolli.operations import papers
from kolli.operations.packing import Packer, scan
from kolli.operations.packing_boxes import Ware, left_of, wares_of
from kolli.operations.packing_table import Press, Scan
from kolli.orders.model import Order
from kolli.orders.queries import find_order, find_orders
from kolli.panel.packing_answers import Answer, answer_of
from kolli.panel.web import PanelRequest, Route
from kolli.printing.model import JobState, Printer, PrintJob
from kolli.printing.queries import default_printer, find_job, list_printers, next_job
from kolli.shipments.model import Shipment
from kolli.shipments.queries import find_shipment, get_shipment

PATH = "/panel/packing/"

SHOWN = 20
"""Scans in the list below."""

_PRESSES: tuple[Press, ...] = get_args(Press)


@dataclass(frozen=True)
class Table:
    """What the page shows of somebody's table."""

    packing: Packing
    answer: Answer | None  # to the last scan
    order: Order | None  # that it was about
    shipment: Shipment | None
    opened: Order | None
    choices: Sequence[Order]
    shops: Mapping[int, str]
    tallies: Sequence[Tally]
    printers: Sequence[Printer]
    printer: Printer | None
    job_file: str  # where a browser fetches the label, when no printer is sent it
    held: PrintJob | None  # what the printer does not go on with

    @property
    def wares(self) -> Sequence[Ware]:
        """What was ordered with the order that goes into boxes."""
        return wares_of(self.opened) if self.opened else ()

    @property
    def left(self) -> Mapping[str, int]:
        """How many of each are in no box yet."""
        return left_of(self.wares, self.packing.opened.boxes) if self.packing.opened else {}

    @property
    def printer_choices(self) -> Sequence[tuple[int, str]]:
        """The printers as a form offers them."""
        return [(printer.id, printer.name) for printer in self.printers]

    @property
    def entries(self) -> Sequence[Entry]:
        """The scans of the list, the newest first."""
        return self.packing.entries[:SHOWN]


def show(request: PanelRequest) -> Response:
    """The page."""
    return _page(request, "packing/packing.html")


def take_scan(request: PanelRequest) -> Response:
    """Answers a scan: with the changed part of the page, or with the whole page for browsers without scripts."""
    form = request.form
    wanted = Scan(
        request.form_key,
        form.text("text"),
        next((press for press in _PRESSES if press == form.text("press")), ""),
        form.text("item"),
        form.number("box") or 0,
        form.text("value"),
    )
    if not (wanted.text or wanted.press):
        return _page(request, "packing/_table.html") if request.is_htmx else request.redirect(PATH)
    with request.context.database.read() as transaction:
        printer = _printer(transaction, request)
    packer = Packer(request.user, printer.id if printer else None, _day(request.context.now(), request.zone))
    entry = scan(wanted, packer, request.context)
    if request.is_htmx:
        return _page(request, "packing/_table.html", entry)
    return request.redirect(PATH)


def status(request: PanelRequest) -> Response:
    """How the printer is; also says that the server can be reached."""
    return _page(request, "packing/_printer.html")


def choose_printer(request: PanelRequest) -> Response:
    """Stores which printer stands at the table."""
    printer_id = request.form.number("printer")
    with request.context.database.read() as transaction:
        names = {each.id: each.name for each in list_printers(transaction, request.account_id)}
    if printer_id is not None and printer_id not in names:
        raise NotFound(request._("This printer is not there any more. Choose another one."), field="printer")
    wishes = replace(request.user.wishes, printer_id=printer_id)
    name = names[printer_id] if printer_id is not None else ""
    with request.write("user.printer", request.user.name, printer=name) as transaction:
        update_user(transaction, replace(request.user, wishes=wishes))
    return request.redirect(PATH, request._("Saved."))


def slips(request: PanelRequest) -> Response:
    """The packing slips of a shipment, one for each box."""
    with request.context.database.read() as transaction:
        shipment = get_shipment(transaction, request.account_id, request.path["shipment"])
    content = papers.packing_slips([parcel.id for parcel in shipment.parcels], papers.PDF, request.context)
    return request.file(content, "application/pdf", f"packing-slips-{shipment.draft.order_number}.pdf", inline=True)


def _page(request: PanelRequest, template: str, entry: Entry | None = None) -> Response:
    zone = request.zone
    with request.context.database.read() as transaction:
        table = _table(transaction, request, entry, zone)
    short = [answer_of(each, zone, request._) for each in table.entries]
    return request.page(template, section="packing", table=table, answers=short, printer_choices=table.printer_choices)


def _table(transaction: Connection, request: PanelRequest, entry: Entry | None, zone: ZoneInfo) -> Table:
    account_id, now = request.account_id, request.context.now()
    packing = get_packing(transaction, account_id, request.user.id)
    last = entry or next(iter(packing.entries), None)
    opened = find_order(transaction, account_id, packing.opened.order_pk) if packing.opened else None
    shipment = find_shipment(transaction, account_id, last.shipment_id) if last and last.shipment_id else None
    choices = {order.id: order for order in find_orders(transaction, account_id, list(packing.choices))}
    printer = _printer(transaction, request)
    printers = list_printers(transaction, account_id)
    job = find_job(transaction, account_id, last.job_id) if last and last.job_id else None
    is_download = job is not None and any(each.id == job.printer_id and each.is_download for each in printers)
    job_file = f"/panel/print-jobs/{job.id}/fetch/" if job and is_download else ""
    head = next_job(transaction, account_id, printer.id) if printer and not printer.is_download else None
    return Table(
        packing=packing,
        answer=answer_of(last, zone, request._, shipment, is_file=bool(job_file)) if last else None,
        order=find_order(transaction, account_id, last.order_pk) if last and last.order_pk else None,
        shipment=shipment,
        opened=opened,
        choices=[choices[pk] for pk in packing.choices if pk in choices],
        shops={shop.id: shop.name for shop in list_integrations(transaction, account_id)},
        tallies=list_tallies(transaction, account_id, _day(now, zone), now - timedelta(days=2)),
        printers=printers,
        printer=printer,
        job_file=job_file,
        held=head if head and (head.reason or head.state is JobState.PAUSED) else None,
    )


def _printer(transaction: Connection, request: PanelRequest) -> Printer | None:
    """The printer of whoever packs: the one they have chosen, if it is still there, else the account's default."""
    wanted = request.user.wishes.printer_id
    known = list_printers(transaction, request.account_id)
    chosen = next((printer for printer in known if printer.id == wanted), None)
    return chosen or default_printer(transaction, request.account_id)


def _day(now: datetime, zone: ZoneInfo) -> str:
    return now.astimezone(zone).date().isoformat()


ROUTES = (
    Route("GET", PATH, show, Right.SHIP),
    Route("POST", f"{PATH}scan/", take_scan, Right.SHIP),
    Route("GET", f"{PATH}status/", status, Right.SHIP),
    Route("POST", f"{PATH}printer/", choose_printer, Right.SHIP),
    Route("GET", f"{PATH}slips/{{shipment}}.pdf", slips, Right.SHIP),
)
