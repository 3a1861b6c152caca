"""The print queue: what is printed where, how far it is, and what a person can do about it."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from kolli.account.users import Right
from kolli.errors import Conflict, Invalid, KolliError
from kolli.operations.printing import cancel_job, file_of, move_to_printer, reprint, resume, set_aside
from kolli.panel.forms import NO_PROBLEMS, Problems, problems_of, whole_number
from kolli.panel.marking import _
from kolli.panel.web import PanelRequest, Route
from kolli.printing.model import ItemState, JobState, Printer, PrintItem, PrintJob
from kolli.printing.queries import (
    LARGEST_ID,
    count_items,
    find_printer,
    get_job,
    list_jobs,
    list_printers,
    list_some_items,
    next_job,
)
from kolli.shipments.model import Parcel, Shipment
from kolli.shipments.queries import get_shipments_of_parcels

PATH = "/panel/print-jobs/"

JOBS_ON_A_PAGE = 50
ITEMS_ON_A_PAGE = 50


STATES = {
    JobState.WAITING: ("wait", _("Waiting")),
    JobState.PRINTING: ("wait", _("Printing")),
    JobState.PAUSED: ("bad", _("Stopped by the printer")),
    JobState.SET_ASIDE: ("warn", _("Paused")),
    JobState.DONE: ("good", _("Done")),
    JobState.CANCELLED: ("quiet", _("Cancelled")),
}
"""How each state of a job is shown: kind of badge, and word."""

ITEM_STATES = {
    ItemState.WAITING: ("wait", _("Waiting")),
    ItemState.SENDING: ("wait", _("On its way")),
    ItemState.DOUBTFUL: ("warn", _("May have come out")),
    ItemState.SENT: ("good", _("Printed")),
    ItemState.SKIPPED: ("quiet", _("Left out: cancelled")),
}


@dataclass(frozen=True)
class _Shown:
    """A job as the pages show it."""

    job: PrintJob
    printer: Printer | None
    counts: Counter[ItemState]
    behind: PrintJob | None = None  # the one that keeps it waiting

    @property
    def total(self) -> int:
        """How many labels it has."""
        return self.counts.total()

    @property
    def finished(self) -> int:
        """How many of them nothing is to be done about any more."""
        return self.counts[ItemState.SENT] + self.counts[ItemState.SKIPPED]

    @property
    def is_download(self) -> bool:
        """Whether it is fetched as a file."""
        return self.printer is not None and self.printer.is_download

    @property
    def is_to_be_fetched(self) -> bool:
        """Whether nobody has fetched it yet."""
        return self.is_download and not self.job.state.is_over

    @property
    def moves(self) -> bool:
        """Whether it may look different in a second."""
        return self.job.state in {JobState.WAITING, JobState.PRINTING} and not self.is_download


def show_all(request: PanelRequest) -> Response:
    """The newest jobs, and older ones page by page."""
    before = whole_number(request.query.get("before", "")) or LARGEST_ID
    with request.context.database.read() as transaction:
        jobs = list_jobs(transaction, request.account_id, JOBS_ON_A_PAGE + 1, before)
        counts = count_items(transaction, request.account_id, [job.id for job in jobs])
        printers = {job.printer_id: find_printer(transaction, request.account_id, job.printer_id) for job in jobs}
    older = f"{PATH}?before={jobs[JOBS_ON_A_PAGE - 1].id}" if len(jobs) > JOBS_ON_A_PAGE else ""
    shown = [_Shown(job, printers[job.printer_id], counts[job.id]) for job in jobs[:JOBS_ON_A_PAGE]]
    newer = PATH if before != LARGEST_ID else ""
    moves = any(each.moves for each in shown) and not newer
    template = "print_jobs/_jobs.html" if request.is_htmx else "print_jobs/jobs.html"
    return request.page(
        template, section="print_jobs", jobs=shown, older=older, newer=newer, states=STATES, moves=moves
    )


def show(request: PanelRequest) -> Response:
    """One job with its labels."""
    return _page(request)


def _page(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    shown = _shown(request)
    first = max(0, (whole_number(request.query.get("from", "")) or 1) - 1)
    with request.context.database.read() as transaction:
        part = list_some_items(transaction, request.account_id, request.id, first, ITEMS_ON_A_PAGE)
        parcels = [item.parcel_id for item in part if item.parcel_id is not None]
        shipped = get_shipments_of_parcels(transaction, request.account_id, parcels) if parcels else []
        printers = list_printers(transaction, request.account_id)
    path = f"{PATH}{request.id}/"
    return request.page(
        "print_jobs/job.html",
        status=status,
        problems=problems,
        section="print_jobs",
        shown=shown,
        rows=_rows(part, shipped),
        printers=[(each.id, each.name) for each in printers],
        others=[(each.id, each.name) for each in printers if each.id != shown.job.printer_id],
        newer=f"{path}?from={max(1, first + 1 - ITEMS_ON_A_PAGE)}" if first else "",
        older=f"{path}?from={first + 1 + ITEMS_ON_A_PAGE}" if first + ITEMS_ON_A_PAGE < shown.total else "",
        states=STATES,
        item_states=ITEM_STATES,
    )


def show_progress(request: PanelRequest) -> Response:
    """How far a job is: the part of its page that changes by itself."""
    shown = _shown(request)
    with request.context.database.read() as transaction:
        printers = list_printers(transaction, request.account_id)
    others = [(each.id, each.name) for each in printers if each.id != shown.job.printer_id]
    return request.page("print_jobs/_progress.html", shown=shown, states=STATES, others=others)


def _shown(request: PanelRequest) -> _Shown:
    with request.context.database.read() as transaction:
        job = get_job(transaction, request.account_id, request.id)
        printer = find_printer(transaction, request.account_id, job.printer_id)
        counts = count_items(transaction, request.account_id, [job.id])
        first = next_job(transaction, request.account_id, job.printer_id)
    waits = job.state is JobState.WAITING and first is not None and first.id != job.id
    return _Shown(job, printer, counts[job.id], first if waits else None)


def _rows(
    items: list[PrintItem], shipped: list[tuple[Shipment, Parcel]]
) -> list[tuple[PrintItem, Shipment | None, Parcel | None]]:
    by_parcel = {parcel.id: (shipment, parcel) for shipment, parcel in shipped}
    return [(item, *by_parcel.get(item.parcel_id or 0, (None, None))) for item in items]


def fetch(request: PanelRequest) -> Response:
    """Has a job that is fetched as a file count as printed, and leads to the file."""
    with request.context.database.read() as transaction:
        job = get_job(transaction, request.account_id, request.id)
    try:
        file_of(job.id, request.context)
    except KolliError as error:
        return _page(request, 409, problems_of(error))
    return request.redirect(f"{PATH}{job.id}/labels.{job.form.format}")


def file(request: PanelRequest) -> Response:
    """The labels of a job, to be looked at or printed in the browser; reading it changes nothing.

    What is still to be fetched is fetched on the job's page, so that no label comes out that nobody knows of.
    """
    if _shown(request).is_to_be_fetched:
        return request.redirect(f"{PATH}{request.id}/")
    printed = file_of(request.id, request.context)
    return request.file(printed.content, printed.media_type, printed.name, inline=True)


def pause(request: PanelRequest) -> Response:
    """Has a job wait until somebody resumes it."""
    return _done(request, "print_job.pause", lambda: set_aside(request.id, request.user.name, request.context))


def go_on(request: PanelRequest) -> Response:
    """Has a job go on where it stopped."""
    return _done(request, "print_job.resume", lambda: resume(request.id, request.context))


def cancel(request: PanelRequest) -> Response:
    """Has nothing more of a job printed."""
    return _done(request, "print_job.cancel", lambda: cancel_job(request.id, request.user.name, request.context))


def move(request: PanelRequest) -> Response:
    """Has another printer print what is left."""
    printer_id = request.form.number("to_printer") or 0
    return _done(request, "print_job.move", lambda: move_to_printer(request.id, printer_id, request.context))


def _done(request: PanelRequest, action: str, work: Callable[[], object]) -> Response:
    """Does something with the job and leads back to it, with what stands in the way, if anything does."""
    with request.context.database.read() as transaction:
        job = get_job(transaction, request.account_id, request.id)
    request.note(action, str(job.id))
    try:
        work()
    except Conflict as error:
        return request.redirect(f"{PATH}{job.id}/", error.message)
    return request.redirect(f"{PATH}{job.id}/")


def print_again(request: PanelRequest) -> Response:
    """Prints the labels of a job once more, or some of them; nothing is booked."""
    shown = _shown(request)
    try:
        positions = _positions(request, shown.total)
        printer_id = request.form.number("printer")
        span = f"{positions[0]}-{positions[-1]}" if positions else ""
        request.note("print_job.reprint", str(request.id))
        job = reprint(
            request.id,
            positions,
            f"{request.form_key}:job {request.id}:{span}:{printer_id or ''}",
            request.user.name,
            request.context,
            printer_id=printer_id,
        )
    except KolliError as error:
        return _page(request, 422, problems_of(error, {"positions": "first"}, ("first", "last", "printer")))
    return request.redirect(f"{PATH}{job.id}/")


def _positions(request: PanelRequest, count: int) -> list[int] | None:
    """Which labels are wanted: from one number to another, both included; None for all."""
    texts = request.form.text("first"), request.form.text("last")
    if texts == ("", ""):
        return None
    first = whole_number(texts[0] or "1")
    last = whole_number(texts[1] or texts[0])
    if first is None or not 1 <= first <= count:
        raise Invalid(request._("Give a number from 1 to the number of labels."), field="first")
    if last is None or not first <= last <= count:
        raise Invalid(request._("Give a number that is not below the first one, and not above the last."), field="last")
    return list(range(first - 1, last))


ROUTES = (
    Route("GET", PATH, show_all, Right.SEE),
    Route("GET", f"{PATH}{{id:int}}/", show, Right.SEE),
    Route("GET", f"{PATH}{{id:int}}/progress/", show_progress, Right.SEE),
    Route("POST", f"{PATH}{{id:int}}/fetch/", fetch, Right.SHIP),
    Route("GET", f"{PATH}{{id:int}}/labels.{{suffix}}", file, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/pause/", pause, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/resume/", go_on, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/cancel/", cancel, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/move/", move, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/reprint/", print_again, Right.SHIP),
)
