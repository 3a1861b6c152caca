"""Printers: where labels come out, in which form, and whether that looks right."""

from dataclasses import replace

from starlette.responses import Response

from kolli.account.users import Right
from kolli.errors import Conflict, KolliError
from kolli.operations.printing import add_new_printer, change_printer, check_printer, print_test_page
from kolli.panel.forms import NO_PROBLEMS, Problems, problems_of
from kolli.panel.web import PanelRequest, Route
from kolli.printing.model import FORMATS, LONGEST_NAME, PAPERS, RESOLUTIONS, Printer, Profile, Way
from kolli.printing.queries import get_printer, list_printers, remove_printer
from kolli.printing.transports import TRANSPORTS

PATH = "/panel/settings/printers/"

FIELDS = ("name", "way", "address", "format", "dpi", "paper", "start_from")
"""What the fields of the form, and of the errors about them, are called."""

_SHORTEST_NAMES = {"pdf": "PDF", "zpl": "ZPL", "png": "PNG"}


_USUAL = Printer(0, "", Profile())
"""What a new printer is until somebody says otherwise."""


def show_all(request: PanelRequest) -> Response:
    """The list of printers."""
    with request.context.database.read() as transaction:
        known = list_printers(transaction, request.account_id)
    return request.page("printers/printers.html", section="printers", printers=known)


def show_new(request: PanelRequest) -> Response:
    """The empty form for a printer."""
    return _form_page(request, None)


def show(request: PanelRequest) -> Response:
    """The form of a printer that is there."""
    return _form_page(request, _found(request))


def _form_page(
    request: PanelRequest, printer: Printer | None, status: int = 200, problems: Problems = NO_PROBLEMS
) -> Response:
    return request.page(
        "printers/printer.html",
        status=status,
        problems=problems,
        section="printers",
        printer=printer,
        known=printer or _USUAL,
        ways=_ways(request),
        formats=list(_SHORTEST_NAMES.items()),
        papers=[(paper, paper) for paper in PAPERS],
        resolutions=[(dpi, f"{dpi} dpi") for dpi in RESOLUTIONS],
        longest_name=LONGEST_NAME,
        examples={way: transport.example for way, transport in TRANSPORTS.items()},
    )


def _ways(request: PanelRequest) -> list[tuple[Way, str]]:
    return [
        ("download", request._("As a file in the browser, which prints it")),
        ("raw", request._("Raw TCP, port 9100 (label printers)")),
        ("ipp", request._("IPP (office printers and CUPS)")),
    ]


def add(request: PanelRequest) -> Response:
    """Stores a new printer."""
    name, profile = request.form.text("name"), _typed(request)
    try:
        check_printer(name, profile, request.context)
        request.note("printer.add", name)
        printer = add_new_printer(name, profile, request.context, is_default=request.form.flag("is_default"))
    except KolliError as error:
        return _form_page(request, None, 422, problems_of(error, known=FIELDS))
    return request.redirect(
        f"{PATH}{printer.id}/", request._("Added. Print a test page to see whether it comes out right.")
    )


def change(request: PanelRequest) -> Response:
    """Stores what has changed about a printer."""
    printer = _found(request)
    changed = replace(
        printer,
        name=request.form.text("name"),
        profile=_typed(request),
        is_default=request.form.flag("is_default"),
    )
    try:
        check_printer(changed.name, changed.profile, request.context)
        request.note("printer.change", printer.name)
        change_printer(changed, request.context)
    except KolliError as error:
        return _form_page(request, printer, 422, problems_of(error, known=FIELDS))
    return request.redirect(f"{PATH}{printer.id}/", request._("Saved."))


def _typed(request: PanelRequest) -> Profile:
    """The form as a profile; what it cannot be is found out where it is stored."""
    form = request.form
    way: Way = next((each for each, _ in _ways(request) if each == form.text("way")), "download")
    profile = Profile(
        way=way,
        address="" if way == "download" else form.text("address"),
        format=form.text("format") if form.text("format") in FORMATS else "pdf",
        dpi=form.number("dpi") or 0,
        paper=form.text("paper"),
    )
    start_from = (form.number("start_from") or 1) - 1
    return replace(profile, start_from=start_from) if profile.paper == "A4" else profile


def remove(request: PanelRequest) -> Response:
    """Removes a printer that has nothing to print."""
    printer = _found(request)
    try:
        with request.write("printer.remove", printer.name) as transaction:
            remove_printer(transaction, request.account_id, printer.id, request.context.now())
    except Conflict as error:
        return _form_page(request, printer, 422, problems_of(error))
    return request.redirect(PATH, request._("Removed."))


def test(request: PanelRequest) -> Response:
    """Prints a page that shows what the printer makes of edges, lengths and bars."""
    printer = _found(request)
    request.note("printer.test", printer.name)
    job = print_test_page(printer.id, f"{request.form_key}:test {printer.id}", request.user.name, request.context)
    return request.redirect(f"/panel/print-jobs/{job.id}/")


def _found(request: PanelRequest) -> Printer:
    with request.context.database.read() as transaction:
        return get_printer(transaction, request.account_id, request.id)


ROUTES = (
    Route("GET", PATH, show_all, Right.MANAGE),
    Route("GET", f"{PATH}new/", show_new, Right.MANAGE),
    Route("POST", f"{PATH}new/", add, Right.MANAGE),
    Route("GET", f"{PATH}{{id:int}}/", show, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/", change, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/remove/", remove, Right.MANAGE),
    Route("POST", f"{PATH}{{id:int}}/test/", test, Right.MANAGE),
)
