"""Lists that somebody works through: perhaps paid, never scanned, the end of the day, numbers that run out; and papers.

Whether something was paid for is said by an owner, and only about their own account's shipments.
"""

from collections.abc import Sequence
from datetime import date

from starlette.responses import Response

from kolli.account.users import Right
from kolli.documents.render import A4, paper_named
from kolli.errors import Conflict, Impossible, Invalid, NotFound
from kolli.operations.figures import NEVER_SCANNED_DAYS, list_never_scanned, numbers_left
from kolli.operations.papers import (
    PickSort,
    control_sheet,
    end_of_day,
    end_of_day_csv,
    end_of_day_pdf,
    packing_slips,
    pick_list,
)
from kolli.operations.print_labels import Form
from kolli.operations.settle_by_hand import History, list_open, look_at, say_that_it_does_not, say_that_it_exists
from kolli.orders.batches import get_batch, list_items, list_parcel_ids
from kolli.panel.dashboard import carrier_name
from kolli.panel.forms import NO_PROBLEMS, Problems, day_in, problems_of, whole_number
from kolli.panel.web import PanelRequest, Route
from kolli.shipments.attempts import UNSETTLED
from kolli.shipments.figures import LONGEST_WAIT, carriers_announced
from kolli.shipments.queries import find_shipment
from kolli.tables import table_text

PATH = "/panel/lists/"
PERHAPS_PAID = f"{PATH}perhaps-paid/"
NEVER_SCANNED = f"{PATH}never-scanned/"
END_OF_DAY = f"{PATH}end-of-day/"

PDF = "application/pdf"
AT_A_TIME = 50
MOST_SHOWN = 50
MOST_IN_A_FILE = 5_000
MOST_PAPERS = 1_000
"""Parcels or orders that one file of papers is made for."""


def show(request: PanelRequest) -> Response:
    """Which lists there are."""
    return request.page("lists/lists.html", section="lists")


# Perhaps paid


def perhaps_paid(request: PanelRequest) -> Response:
    """Every attempt whose outcome is open."""
    entries = list(list_open(request.installation, [request.account_id]))
    return request.page("lists/perhaps_paid.html", section="lists", entries=entries)


def one_perhaps_paid(request: PanelRequest) -> Response:
    """One of them, with its history and what can be said about it."""
    return _one(request, _own(request))


def exists(request: PanelRequest) -> Response:
    """Stores the numbers that the carrier has for a shipment."""
    history = _own(request)
    numbers = ["".join(number.split()) for number in request.form.texts("number")]
    problems = Problems()
    if len(numbers) != len(history.shipment.parcels) or not all(numbers):
        problems.add("number", request._("Enter a tracking number for each parcel."))
        return _one(request, history, problems)
    try:
        request.note("shipment.exists", history.shipment.draft.order_number, shipment=history.shipment.id)
        say_that_it_exists(history.shipment.id, numbers, request.installation, who=request.user.name)
    except Invalid as error:
        return _one(request, history, problems_of(error, {"": "number"}))
    except (Conflict, Impossible) as error:
        return _one(request, _own(request), problems_of(error), status=409)
    notice = request._("It exists: its label can be printed now, and nothing was booked.")
    return request.redirect(PERHAPS_PAID, notice)


def does_not_exist(request: PanelRequest) -> Response:
    """Gives a shipment up that the carrier does not have, so that its order may be shipped again."""
    history = _own(request)
    why, problems = request.form.text("why"), Problems()
    if not why:
        problems.add("why", request._("Say how you know, such as with whom you spoke. It is kept."))
    if not request.form.flag("sure"):
        problems.add("sure", request._("Confirm it first: if the carrier does have it, it is paid for twice."))
    if problems:
        return _one(request, history, problems)
    try:
        request.note("shipment.does_not_exist", history.shipment.draft.order_number, shipment=history.shipment.id)
        say_that_it_does_not(history.shipment.id, why, request.installation, who=request.user.name)
    except (Conflict, Impossible) as error:
        return _one(request, _own(request), problems_of(error), status=409)
    return request.redirect(PERHAPS_PAID, request._("It does not exist: its order may be shipped again."))


def _own(request: PanelRequest) -> History:
    """The shipment that the address names, if it is the account's; NotFound."""
    shipment_id = str(request.path["shipment"])
    with request.context.database.read() as transaction:
        shipment = find_shipment(transaction, request.account_id, shipment_id)
    if shipment is None:
        raise NotFound(request._("There is no such shipment."))
    return look_at(shipment_id, request.installation)


def _one(
    request: PanelRequest, history: History, problems: Problems = NO_PROBLEMS, *, status: int | None = None
) -> Response:
    return request.page(
        "lists/one_perhaps_paid.html",
        section="lists",
        status=status or (422 if problems else 200),
        problems=problems,
        history=history,
        is_open=history.attempt.state in UNSETTLED,
        numbers=request.form.texts("number"),
    )


# Never scanned


def never_scanned(request: PanelRequest) -> Response:
    """Parcels that were announced some days ago and that no carrier has scanned since."""
    days, problems = _days(request)
    page = max(whole_number(request.query.get("page", "")) or 1, 1)
    page = min(page, MOST_IN_A_FILE // AT_A_TIME)
    found, count = list_never_scanned(request.context, days, size=AT_A_TIME, skip=(page - 1) * AT_A_TIME)
    address = f"{NEVER_SCANNED}?days={days}&page="
    return request.page(
        "lists/never_scanned.html",
        section="lists",
        status=422 if problems else 200,
        problems=problems,
        found=found,
        count=count,
        days=days,
        most_days=LONGEST_WAIT.days - 1,
        before=f"{address}{page - 1}" if page > 1 else "",
        after=f"{address}{page + 1}" if count > page * AT_A_TIME else "",
        today=request.context.now(),
    )


def never_scanned_csv(request: PanelRequest) -> Response:
    """The same as a table for spreadsheets."""
    days, problems = _days(request)
    if problems:
        raise Invalid(problems.of("days")[0], field="days")
    found, _ = list_never_scanned(request.context, days, size=MOST_IN_A_FILE)
    columns = ("tracking_number", "order_number", "carrier", "city", "country", "announced_at")
    rows = (
        {
            "tracking_number": parcel.tracking_number or "",
            "order_number": shipment.draft.order_number,
            "carrier": shipment.draft.carrier_name,
            "city": shipment.draft.recipient.city,
            "country": shipment.draft.recipient.country_code,
            "announced_at": parcel.announced_at.isoformat() if parcel.announced_at else "",
        }
        for shipment, parcel in found
    )
    content = table_text(columns, rows)
    return request.file(content.encode("utf-8-sig"), "text/csv", "never-scanned.csv")


def _days(request: PanelRequest) -> tuple[int, Problems]:
    problems = Problems()
    wanted = request.query.get("days", str(NEVER_SCANNED_DAYS)).strip()
    days = whole_number(wanted)
    if days is None or not 1 <= days < LONGEST_WAIT.days:
        problems.add("days", request._("Choose a whole number of days from 1 to %s.") % (LONGEST_WAIT.days - 1))
        return NEVER_SCANNED_DAYS, problems
    return days, problems


# The end of the day


def show_end_of_day(request: PanelRequest) -> Response:
    """What a carrier takes with it, to be looked at before it is printed."""
    day, problems = _day(request)
    context, zone = request.context, request.zone
    with context.database.read() as transaction:
        codes = carriers_announced(transaction, context.account_id, day, zone)
    carriers = [(code, carrier_name(context, code), count) for code, count in codes]
    wanted = request.query.get("carrier", "") or next((code for code, _, _ in carriers), "")
    found = end_of_day(wanted, day, zone, context, most=MOST_SHOWN) if wanted else None
    return request.page(
        "lists/end_of_day.html",
        section="lists",
        status=422 if problems else 200,
        problems=problems,
        day=day,
        carriers=carriers,
        wanted=wanted,
        found=found,
    )


def end_of_day_file(request: PanelRequest) -> Response:
    """The list to sign, as a PDF."""
    day, code = _day_and_carrier(request)
    content = end_of_day_pdf(code, day, request.zone, request.context)
    return request.file(content, PDF, f"end-of-day-{code}-{day}.pdf", inline=True)


def end_of_day_table(request: PanelRequest) -> Response:
    """The same as a table for spreadsheets."""
    day, code = _day_and_carrier(request)
    content = end_of_day_csv(code, day, request.zone, request.context)
    return request.file(content.encode("utf-8-sig"), "text/csv", f"end-of-day-{code}-{day}.csv")


def _day(request: PanelRequest) -> tuple[date, Problems]:
    problems = Problems()
    today = request.context.now().astimezone(request.zone).date()
    wanted = request.query.get("day", "").strip()
    if not wanted:
        return today, problems
    day = day_in(wanted)
    if day is None or not 2000 <= day.year <= today.year + 1:
        message = request._("Write the day as year, month and day: 2026-11-24.")
        problems.add("day", message)
        return today, problems
    return day, problems


def _day_and_carrier(request: PanelRequest) -> tuple[date, str]:
    day, problems = _day(request)
    if problems:
        raise Invalid(problems.of("day")[0], field="day")
    code = request.query.get("carrier", "")
    if not code:
        raise Invalid(request._("Choose a carrier."), field="carrier")
    return day, code


# Numbers, and papers


def numbers(request: PanelRequest) -> Response:
    """How many numbers each contract has left, and for how long."""
    found = numbers_left(request.context)
    names = {each.carrier_code: carrier_name(request.context, each.carrier_code) for each in found}
    return request.page("lists/numbers.html", section="lists", found=found, names=names)


def control_sheet_file(request: PanelRequest) -> Response:
    """The control barcodes of the packing table."""
    return request.file(control_sheet(request.context), PDF, "control-barcodes.pdf", inline=True)


def packing_slips_file(request: PanelRequest) -> Response:
    """The packing slips of a `batch`, or of each `parcel` that is given, on `paper`."""
    batch_id = _batch(request)
    if batch_id is None:
        ids = _ids(request, "parcel")
    else:
        with request.context.database.read() as transaction:
            get_batch(transaction, request.account_id, batch_id)
            ids = list_parcel_ids(transaction, request.account_id, batch_id)
    _check_number(request, ids)
    paper = paper_named(request.query.get("paper", A4.name))
    content = packing_slips(ids, Form(PDF, 72, paper), request.context)
    return request.file(content, PDF, "packing-slips.pdf", inline=True)


def pick_list_file(request: PanelRequest) -> Response:
    """The pick list of a `batch`, or of each `order` that is given, sorted by `sort`."""
    batch_id, title = _batch(request), request.query.get("title", "")[:100]
    if batch_id is None:
        ids = _ids(request, "order")
    else:
        with request.context.database.read() as transaction:
            get_batch(transaction, request.account_id, batch_id)
            items = list_items(transaction, request.account_id, batch_id, 0, MOST_PAPERS + 1)
        ids, title = [item.order_pk for item in items], title or request._("batch %s") % batch_id
    _check_number(request, ids)
    sort: PickSort = "location" if request.query.get("sort") == "location" else "sku"
    return request.file(pick_list(ids, request.context, sort=sort, title=title), PDF, "pick-list.pdf", inline=True)


def _batch(request: PanelRequest) -> int | None:
    """The batch whose papers are asked for, if it is a batch's; NotFound for what is no number."""
    if "batch" not in request.query:
        return None
    batch_id = whole_number(request.query["batch"])
    if batch_id is None:
        raise NotFound(request._("There is no such batch."))
    return batch_id


def _ids(request: PanelRequest, name: str) -> Sequence[int]:
    texts = request.query.getlist(name)
    ids = [number for text in texts if (number := whole_number(text)) is not None]
    if len(ids) < len(texts):
        raise NotFound(request._("There is no such page."))
    return ids


def _check_number(request: PanelRequest, ids: Sequence[int]) -> None:
    if not ids:
        raise NotFound(request._("There is nothing to print: no label was made, or nothing was chosen."))
    if len(ids) > MOST_PAPERS:
        raise Invalid(request._("One file holds the papers of at most %s. Choose fewer.") % MOST_PAPERS)


ROUTES = (
    Route("GET", PATH, show, Right.SEE),
    Route("GET", PERHAPS_PAID, perhaps_paid, Right.SEE),
    Route("GET", f"{PERHAPS_PAID}{{shipment}}/", one_perhaps_paid, Right.SEE),
    Route("POST", f"{PERHAPS_PAID}{{shipment}}/exists/", exists, Right.MANAGE),
    Route("POST", f"{PERHAPS_PAID}{{shipment}}/does-not-exist/", does_not_exist, Right.MANAGE),
    Route("GET", NEVER_SCANNED, never_scanned, Right.SEE),
    Route("GET", f"{NEVER_SCANNED}never-scanned.csv", never_scanned_csv, Right.SEE),
    Route("GET", END_OF_DAY, show_end_of_day, Right.SEE),
    Route("GET", f"{END_OF_DAY}list.pdf", end_of_day_file, Right.SEE),
    Route("GET", f"{END_OF_DAY}list.csv", end_of_day_table, Right.SEE),
    Route("GET", f"{PATH}numbers/", numbers, Right.SEE),
    Route("GET", f"{PATH}control-sheet.pdf", control_sheet_file, Right.SEE),
    Route("GET", f"{PATH}packing-slips.pdf", packing_slips_file, Right.SEE),
    Route("GET", f"{PATH}pick-list.pdf", pick_list_file, Right.SEE),
)
