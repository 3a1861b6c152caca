"""Batches: how far orders are that are shipped together, what stands in the way of some, and what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.users import Right
from kolli.errors import KolliError
from kolli.operations.batches import resume_batch, retry_item, stop_batch
from kolli.operations.printing import MOST_LABELS, print_parcels
from kolli.orders.batches import (
    Batch,
    BatchItem,
    ItemState,
    Progress,
    count_items,
    get_batch,
    list_batches,
    list_items,
    list_parcel_ids,
)
from kolli.orders.model import Order
from kolli.orders.queries import find_orders
from kolli.panel.forms import NO_PROBLEMS, Problems, problems_of, whole_number
from kolli.panel.marking import _
from kolli.panel.web import PanelRequest, Route
from kolli.printing.queries import list_printers

PATH = "/panel/batches/"

BATCHES_ON_A_PAGE = 30
ITEMS_ON_A_PAGE = 100


STATES: Mapping[ItemState, tuple[str, str]] = {
    ItemState.FAILED: ("bad", _("Not shipped")),
    ItemState.SHIPPING: ("wait", _("Being shipped")),
    ItemState.WAITING: ("quiet", _("Waiting")),
    ItemState.STOPPED: ("warn", _("Stopped")),
    ItemState.SHIPPED: ("good", _("Shipped")),
}
"""How each state of an order is shown: kind of badge, and word."""


@dataclass(frozen=True)
class Line:
    """One order of a batch, and the order itself as long as it is there."""

    item: BatchItem
    order: Order | None


def show_all(request: PanelRequest) -> Response:
    """The batches, newest first."""
    before = whole_number(request.query.get("before", ""))
    with request.context.database.read() as transaction:
        found = list_batches(transaction, request.account_id, BATCHES_ON_A_PAGE + 1, before)
        shown = found[:BATCHES_ON_A_PAGE]
        progress = count_items(transaction, request.account_id, [batch.id for batch in shown])
    return request.page(
        "batches/batches.html",
        section="batches",
        batches=[(batch, progress[batch.id]) for batch in shown],
        newer=PATH if before is not None else "",
        older=f"{PATH}?before={shown[-1].id}" if len(found) > len(shown) else "",
    )


def show(request: PanelRequest) -> Response:
    """One batch; only its changing part when a script asks for that."""
    return _page(request)


def _page(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    state, first = request.query.get("state", ""), whole_number(request.query.get("from", "")) or 1
    states = frozenset({ItemState(state)}) if state in set(ItemState) else frozenset[ItemState]()
    with request.context.database.read() as transaction:
        batch = get_batch(transaction, request.account_id, request.id)
        progress = count_items(transaction, request.account_id, [batch.id])[batch.id]
        items = list_items(transaction, request.account_id, batch.id, first, ITEMS_ON_A_PAGE + 1, states=states)
        lines = _lines(transaction, items[:ITEMS_ON_A_PAGE], request)
        printers = list_printers(transaction, request.account_id)
    of_state = f"&state={state}" if states else ""
    return request.page(
        "batches/_batch.html" if request.is_htmx else "batches/batch.html",
        status=status,
        problems=problems,
        section="batches",
        batch=batch,
        progress=progress,
        can_resume=progress.failed + progress.stopped,
        lines=lines,
        states=STATES,
        state=state if states else "",
        printers=printers,
        address=f"{PATH}{batch.id}/?from={first}{of_state}",
        newer=f"{PATH}{batch.id}/?from=1{of_state}" if first > 1 else "",
        older=f"{PATH}{batch.id}/?from={items[-1].position}{of_state}" if len(items) > ITEMS_ON_A_PAGE else "",
        path=f"{PATH}{batch.id}/",
        tabs=_tabs(batch, progress),
    )


def _lines(transaction: Connection, items: list[BatchItem], request: PanelRequest) -> list[Line]:
    orders = find_orders(transaction, request.account_id, [item.order_pk for item in items])
    by_pk = {order.id: order for order in orders}
    return [Line(item, by_pk.get(item.order_pk)) for item in items]


def _tabs(batch: Batch, progress: Progress) -> list[tuple[str, str, int, str]]:
    """State, word, count and address of each tab that has something in it; the first one shows all."""
    path = f"{PATH}{batch.id}/"
    return [
        ("", _("All"), progress.total, path),
        *(
            (state.value, label, count, f"{path}?state={state.value}")
            for state, (_kind, label) in STATES.items()
            if (count := getattr(progress, state.value))
        ),
    ]


def stop(request: PanelRequest) -> Response:
    """Has nothing more of a batch begun."""
    batch = _batch(request)
    request.note("batch.stop", str(batch.id))
    count = stop_batch(batch.id, request.context)
    return request.redirect(
        f"{PATH}{batch.id}/",
        request.ngettext("%(num)s order is stopped.", "%(num)s orders are stopped.", count),
    )


def resume(request: PanelRequest) -> Response:
    """Has a batch gone on with what was stopped or has failed."""
    batch = _batch(request)
    request.note("batch.resume", str(batch.id))
    count = resume_batch(batch.id, request.context)
    return request.redirect(
        f"{PATH}{batch.id}/",
        request.ngettext("%(num)s order is tried again.", "%(num)s orders are tried again.", count),
    )


def retry(request: PanelRequest) -> Response:
    """Has one order of a batch tried again."""
    batch = _batch(request)
    position = min(int(request.path["position"]), 2**31)
    request.note("batch.retry", str(batch.id), position=position)
    is_tried = retry_item(batch.id, position, request.context)
    said = request._("It is tried again.") if is_tried else request._("There is nothing to try again.")
    return request.redirect(f"{PATH}{batch.id}/", said)


def print_all(request: PanelRequest) -> Response:
    """Has all labels of a batch printed as one job, in list order; as several when they are too many for one.

    The same form prints once.
    """
    batch = _batch(request)
    with request.context.database.read() as transaction:
        parcel_ids = list_parcel_ids(transaction, request.account_id, batch.id)
    if not parcel_ids:
        problems = Problems()
        problems.add("", request._("There is no label to print yet."))
        return _page(request, 422, problems)
    request.note("batch.print", str(batch.id), parcels=len(parcel_ids))
    printer_id = request.form.number("printer")
    key = f"{request.form_key}:batch {batch.id}:{printer_id or ''}"
    try:
        for start in range(0, len(parcel_ids), MOST_LABELS):
            part, its_key = parcel_ids[start : start + MOST_LABELS], f"{key}:{start}"
            job = print_parcels(part, printer_id, its_key, request.user.name, request.context)
    except KolliError as error:
        return _page(request, 422, problems_of(error, known=["printer"]))
    is_one = len(parcel_ids) <= MOST_LABELS
    return request.redirect(f"/panel/print-jobs/{job.id}/" if is_one else "/panel/print-jobs/")


def _batch(request: PanelRequest) -> Batch:
    with request.context.database.read() as transaction:
        return get_batch(transaction, request.account_id, request.id)


ROUTES = (
    Route("GET", PATH, show_all, Right.SEE),
    Route("GET", f"{PATH}{{id:int}}/", show, Right.SEE),
    Route("POST", f"{PATH}{{id:int}}/stop/", stop, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/resume/", resume, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/print/", print_all, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/{{position:int}}/retry/", retry, Right.SHIP),
)
