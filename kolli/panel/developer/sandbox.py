"""The sandbox: what is to go wrong with the next requests of the account, by a button, and what waits already."""

from starlette.responses import Response

from kolli.account.accounts import Pending, get_account
from kolli.account.contracts import all_contracts
from kolli.account.pending import clear_pending, remove_pending
from kolli.account.users import Right
from kolli.api.description import SECTIONS, check_route
from kolli.errors import Impossible, Invalid, KolliError
from kolli.operations.misbehave import have_wait, is_waiting
from kolli.panel.forms import NO_PROBLEMS, Problems
from kolli.panel.web import PanelRequest, Route
from kolli.scenarios import SCENARIOS, names_of, parse

PATH = "/panel/sandbox/"

MOST_TIMES = 10_000

USUAL_ROUTES = ("create-label-sync", "create-labels-async", "shipments/announce", "shipments", "orders")
"""What people mostly wait for, offered first."""


def show(request: PanelRequest) -> Response:
    """Every scenario with its button, and what waits."""
    return _page(request)


def _page(request: PanelRequest, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    now = request.context.now()
    with request.context.database.read() as transaction:
        account = get_account(transaction, request.account_id)
        live = [each for each in all_contracts(transaction, request.account_id) if each.is_live]
    return request.page(
        "developer/sandbox.html",
        section="sandbox",
        status=status,
        problems=problems,
        scenarios=list(SCENARIOS.values()),
        kinds=names_of,
        waiting=[each for each in account.pending if is_waiting(each, now)],
        is_on=request.installation.settings.sandbox,
        live=live,
        most_times=MOST_TIMES,
        routes=_routes(),
    )


def _routes() -> list[str]:
    paths = [f"{each.prefix}{each.path}" for section in SECTIONS for each in section.ROUTES]
    return list(dict.fromkeys([*USUAL_ROUTES, *(path.removeprefix("/api/v3/").lstrip("/") for path in paths)]))


def add(request: PanelRequest) -> Response:
    """Has the scenario whose button was pressed wait for the next requests."""
    form, problems = request.form, Problems()
    name = form.text("scenario")
    parameter = form.text(f"parameter-{name}")
    times, route = form.number("times") if form.text("times") else 1, form.text("route").strip("/")
    try:
        scenario = parse(f"{name}:{parameter}" if parameter else name)
    except Invalid as error:
        problems.add(f"parameter-{name}" if name in SCENARIOS else "", error.message)
    if times is None or not 1 <= times <= MOST_TIMES:
        problems.add("times", request._("Write a number from 1 to 10,000."))
    if route:
        try:
            check_route(route)
        except KolliError as error:
            problems.add("route", error.message)
    if problems or times is None:
        return _page(request, 422, problems)
    try:
        with request.write("sandbox.next", scenario.name, times=times, route=route) as transaction:
            have_wait(
                transaction, request.account_id, Pending(scenario.name, times, route), request.installation.settings
            )
    except Impossible as error:
        problems.add("", error.message)
        return _page(request, 422, problems)
    return request.redirect(PATH, f"{scenario.name}: {scenario.row.what}")


def remove(request: PanelRequest) -> Response:
    """Has one thing wait no more."""
    form = request.form
    with request.write("sandbox.remove", form.text("scenario")) as transaction:
        remove_pending(transaction, request.account_id, form.text("scenario"), form.text("route"), form.text("way"))
    return request.redirect(PATH, request._("It does not wait any more."))


def clear(request: PanelRequest) -> Response:
    """Has nothing wait any more."""
    with request.write("sandbox.clear", "") as transaction:
        clear_pending(transaction, request.account_id)
    return request.redirect(PATH, request._("Nothing waits any more."))


ROUTES = (
    Route("GET", PATH, show, Right.DEVELOP),
    Route("POST", PATH, add, Right.DEVELOP),
    Route("POST", f"{PATH}remove/", remove, Right.DEVELOP),
    Route("POST", f"{PATH}clear/", clear, Right.DEVELOP),
)
