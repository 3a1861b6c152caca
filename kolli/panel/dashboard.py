"""The overview: how many labels there were when, with whom and where to, and what needs somebody to look at it."""

from collections.abc import Sequence

from babel.dates import format_date
from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.sender_addresses import find_sender_address
from kolli.account.users import Right
from kolli.operations.context import Context
from kolli.operations.figures import Cause, Figures, figures
from kolli.orders.inbox import InboxFilters, count_inbox
from kolli.panel.plots import Plot, lying, standing
from kolli.panel.shell import locale_of
from kolli.panel.web import PanelRequest, Route
from kolli.printing.queries import list_printers
from kolli.shipments.open_attempts import read_open
from kolli.standing import Standing


def show(request: PanelRequest) -> Response:
    """The page people see after they have signed in."""
    context = request.context
    known = figures(context, request.zone)
    with context.database.read() as transaction:
        counts = count_inbox(transaction, context.account_id, InboxFilters())
        causes = _with_examples(transaction, context.account_id, known.causes)
    return request.page(
        "dashboard/dashboard.html",
        section="dashboard",
        figures=known,
        to_ship=str(counts[Standing.OPEN]) if Standing.OPEN in counts else "0",
        causes=causes,
        steps=_first_steps(request, is_empty=not any(each.number for each in counts.values())),
        running_out=[each for each in known.numbers if each.level in {"now", "soon"}],
        by_hour=_by_hour(request, known),
        by_day=_by_day(request, known),
        by_carrier=_by_carrier(request, known),
        by_country=_by_country(request, known),
    )


def _first_steps(request: PanelRequest, *, is_empty: bool) -> list[tuple[str, str]]:
    """What a new account still lacks, and where it is made; nothing for whoever cannot make it."""
    if not request.may(Right.MANAGE):
        return []
    with request.context.database.read() as transaction:
        sender = find_sender_address(transaction, request.account_id, None)
        printers = list_printers(transaction, request.account_id)
    lacking = (
        (sender is None, request._("Say where you ship from"), "/panel/settings/sender-addresses/new/"),
        (not printers, request._("Add a printer, or print from this browser"), "/panel/settings/printers/new/"),
        (is_empty, request._("Import orders from a file"), "/panel/inbox/import/"),
        (is_empty, request._("Make a key for your shop's program"), "/panel/settings/keys/"),
    )
    return [(label, path) for is_lacking, label, path in lacking if is_lacking]


def carrier_name(context: Context, code: str) -> str:
    """What people call a carrier; its code if it is not installed."""
    carrier = context.installation.carriers.find(code)
    return carrier.name if carrier else code


def _with_examples(transaction: Connection, account_id: int, causes: Sequence[Cause]) -> list[tuple[Cause, str]]:
    ids = [cause.shipment_id for cause in causes]
    found = read_open(transaction, account_id, ids)
    return [(cause, known.order_number) for cause, known in zip(causes, found, strict=True)]


def _by_hour(request: PanelRequest, known: Figures) -> Plot:
    values = [(f"{hour}", count) for hour, count in enumerate(known.by_hour)]
    return standing("by-hour", request._("Labels today, by the hour"), _said(request, values), values)


def _by_day(request: PanelRequest, known: Figures) -> Plot:
    locale = locale_of(request.language)
    values = [(format_date(day, "d MMM", locale=locale), count) for day, count in known.by_day]
    title = request._("Labels in the last 30 days")
    return standing("by-day", title, _said(request, values), values, marked=len(values) - 1)


def _by_carrier(request: PanelRequest, known: Figures) -> Plot:
    values = [(carrier_name(request.context, code), count) for code, count in known.by_carrier]
    title = request._("By carrier, in 30 days")
    return lying("by-carrier", title, _said(request, values), values, request._("All others"))


def _by_country(request: PanelRequest, known: Figures) -> Plot:
    territories = locale_of(request.language).territories
    values = [(str(territories.get(code, code)), count) for code, count in known.by_country]
    title = request._("By country, in 30 days")
    return lying("by-country", title, _said(request, values), values, request._("All others"))


def _said(request: PanelRequest, values: Sequence[tuple[str, int]]) -> str:
    """What a plot shows, for whoever does not see it: the sum, and what there was most of."""
    total = sum(count for _, count in values)
    text = request.ngettext("%(num)s label.", "%(num)s labels.", total)
    if not total:
        return text
    label, most = max(values, key=lambda each: each[1])
    return f"{text} {request._('The most')}: {label}, {most}."


ROUTES = (Route("GET", "/panel/", show, Right.SEE),)
