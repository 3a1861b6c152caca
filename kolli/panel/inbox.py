"""The inbox: orders looked for, filtered and selected, and what is done with many of them at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.integrations import list_integrations
from kolli.account.users import Right
from kolli.errors import Invalid, KolliError
from kolli.operations.batches import BatchChoice, make_batch
from kolli.operations.catalogue import Catalogue
from kolli.operations.papers import PDF, packing_slips, pick_list
from kolli.orders.inbox import InboxFilters, InboxPage, InboxRow, read_inbox
from kolli.orders.model import Order
from kolli.orders.queries import find_orders
from kolli.orders.views import list_views, remove_view, save_view
from kolli.panel.exports import orders_file
from kolli.panel.forms import NO_PROBLEMS, Problems, day_in, problems_of, whole_number
from kolli.panel.inbox_words import ALL_LABEL, STANDINGS
from kolli.panel.order_actions import ship_one
from kolli.panel.web import PanelRequest, Route
from kolli.shipments.model import Shipment
from kolli.shipments.queries import find_newest_of_orders
from kolli.standing import Standing
from kolli.values import COUNTRY_CODES

PATH = "/panel/inbox/"
SIZE = 50

FILTERS = ("q", "warnings", "shop", "country", "status", "from", "to")
"""The parameters of the address that filter, beside `state`; a saved view holds these and that."""

ALL = "all"


@dataclass(frozen=True)
class Line:
    """One row of the table."""

    order: Order
    row: InboxRow
    shipment: Shipment | None
    option: str  # what it is or would be shipped with, as far as that is known at once

    @property
    def pieces(self) -> int:
        """How many things were ordered."""
        return sum(item.quantity for item in self.order.items if item.quantity > 0)

    @property
    def numbers(self) -> list[str]:
        """The tracking numbers of its newest shipment."""
        return [each.tracking_number for each in self.shipment.parcels if each.tracking_number] if self.shipment else []


def show(request: PanelRequest) -> Response:
    """The list; only its changing part when a script asks for that."""
    return _page(request, request.query)


def _page(
    request: PanelRequest, query: Mapping[str, str], status: int = 200, problems: Problems = NO_PROBLEMS
) -> Response:
    wanted, state = _wanted(query)
    filters = _filters(wanted, state)
    after, before = whole_number(query.get("after", "")), whole_number(query.get("before", ""))
    page = InboxPage(SIZE, after if after is not None else before, backwards=after is None and before is not None)
    with request.context.database.read() as transaction:
        listed, counts = read_inbox(transaction, request.account_id, filters, page)
        lines = _lines(transaction, listed.rows, request)
        shops = list_integrations(transaction, request.account_id)
        views = list_views(transaction, request.account_id)
    known = {**wanted, "state": state}
    rows = listed.rows
    return request.page(
        "inbox/_list.html" if request.is_htmx else "inbox/inbox.html",
        status=status,
        problems=problems,
        section="inbox",
        lines=lines,
        wanted=wanted,
        state=state,
        standings=STANDINGS,
        tabs=_tabs(wanted, counts),
        shops={shop.id: shop for shop in shops},
        views=[(view, PATH + _query(view.query)) for view in views],
        countries=sorted(COUNTRY_CODES),
        address=PATH + _query(known),
        query=_query(known),
        is_filtered=any(value for name, value in wanted.items() if name != "q"),
        newer=PATH + _query({**known, "before": rows[0].order_pk}) if rows and listed.more_before else "",
        older=PATH + _query({**known, "after": rows[-1].order_pk}) if rows and listed.more_behind else "",
    )


def _wanted(query: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """The filters of an address, and the state: whoever searches without naming one looks everywhere."""
    wanted = {name: query.get(name, "").strip() for name in FILTERS}
    return wanted, query.get("state", "") or (ALL if wanted["q"] else Standing.OPEN.value)


def _filters(wanted: Mapping[str, str], state: str) -> InboxFilters:
    """The filters that an address asks for; what cannot be one filters nothing."""
    states = frozenset({Standing(state)}) if state in set(Standing) else frozenset[Standing]()
    return InboxFilters(
        states,
        with_warnings=bool(wanted["warnings"]),
        integration_id=whole_number(wanted["shop"]),
        country_code=wanted["country"],
        status=wanted["status"],
        created_from=day_in(wanted["from"]),
        created_to=day_in(wanted["to"]),
        text=wanted["q"][:200],
    )


def _lines(transaction: Connection, rows: Sequence[InboxRow], request: PanelRequest) -> list[Line]:
    pks = [row.order_pk for row in rows]
    orders = {order.id: order for order in find_orders(transaction, request.account_id, pks)}
    shipped = [row.order_pk for row in rows if row.state is not Standing.OPEN]
    shipments = find_newest_of_orders(transaction, request.account_id, shipped)
    context = request.context
    catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
    usual = context.account.default_shipping_option_code or ""
    return [
        Line(order, row, shipments.get(order.id), _option(order, shipments.get(order.id), catalogue, usual))
        for row in rows
        if (order := orders.get(row.order_pk)) is not None
    ]


def _option(order: Order, shipment: Shipment | None, catalogue: Catalogue, usual: str) -> str:
    if shipment is not None:
        return shipment.draft.shipping_option_name
    code = order.ship_with.shipping_option_code or usual
    found = catalogue.find_option(code) if code else None
    return found[1].title if found else code


def _tabs(wanted: Mapping[str, str], counts: Mapping[Standing, object]) -> list[tuple[str, str, str, str]]:
    """State, word, count and address of each tab; the last one shows all."""
    tabs = [
        (state.value, label, str(counts.get(state, "0")), PATH + _query({**wanted, "state": state.value}))
        for state, (_kind, label) in STANDINGS.items()
    ]
    return [*tabs, (ALL, ALL_LABEL, "", PATH + _query({**wanted, "state": ALL}))]


def _query(parameters: Mapping[str, object]) -> str:
    given = {name: str(value) for name, value in parameters.items() if value not in {None, ""}}
    return f"?{urlencode(given)}" if given else ""


def export(request: PanelRequest) -> Response:
    """All orders that pass the search and the filters, as a file; it can be imported again."""
    request.note("order.export", request.query.get("q", "").strip() or "–")
    return orders_file(request, _filters(*_wanted(request.query)))


# What is done with what is selected


def ship_selected(request: PanelRequest) -> Response:
    """Ships what is selected: one order at once, several in a batch with a page that shows how far it is."""
    pks = _selected(request)
    prints = request.form.flag("prints")
    if len(pks) == 1:
        return ship_one(request, pks[0], prints=prints)
    try:
        batch = make_batch(pks, BatchChoice(), request.form_key, request.user.name, request.context)
    except KolliError as error:
        return _again(request, error)
    request.note("order.ship", request.ngettext("%(num)s order", "%(num)s orders", len(pks)), batch=batch.id)
    later = request._("As soon as the labels are there, they are printed from here, in this order.") if prints else ""
    return request.redirect(f"/panel/batches/{batch.id}/", later)


def pick_selected(request: PanelRequest) -> Response:
    """What to fetch from the shelves for what is selected, as a PDF."""
    try:
        content = pick_list(_required(request), request.context)
    except KolliError as error:
        return _again(request, error)
    return request.file(content, "application/pdf", "pick-list.pdf", inline=True)


def slips_of_selected(request: PanelRequest) -> Response:
    """The packing slips of what is selected and has been shipped, one for each parcel."""
    try:
        pks = _required(request)
        with request.context.database.read() as transaction:
            shipments = find_newest_of_orders(transaction, request.account_id, pks)
        parcels = [parcel.id for pk in pks if pk in shipments for parcel in shipments[pk].parcels if parcel.has_label]
        if not parcels:
            raise Invalid(request._("None of these orders has a label yet, and packing slips go with parcels."))
        content = packing_slips(parcels, PDF, request.context)
    except KolliError as error:
        return _again(request, error)
    return request.file(content, "application/pdf", "packing-slips.pdf", inline=True)


def _selected(request: PanelRequest) -> list[int]:
    numbers = map(whole_number, request.form.texts("order"))
    return list(dict.fromkeys(number for number in numbers if number is not None))


def _required(request: PanelRequest) -> list[int]:
    pks = _selected(request)
    if not pks:
        raise Invalid(request._("No order is selected. Select at least one."))
    return pks


def _again(request: PanelRequest, error: KolliError) -> Response:
    """The list as it was, with what is wrong above it."""
    return _page(request, _sent_query(request), 422, problems_of(error))


def _sent_query(request: PanelRequest) -> dict[str, str]:
    return dict(parse_qsl(request.form.text("query").removeprefix("?")))


# Saved views


def keep_view(request: PanelRequest) -> Response:
    """Keeps the filters that are set under a name."""
    sent = _sent_query(request)
    query = {name: sent[name] for name in (*FILTERS, "state") if sent.get(name)}
    name = request.form.text("name")
    fresh_id = request.context.installation.sequences.take_id()
    try:
        with request.write("view.save", name) as transaction:
            save_view(transaction, request.account_id, fresh_id, name, query, request.context.now())
    except Invalid as error:
        return _page(request, sent, 422, problems_of(error, {"name": "name"}))
    return request.redirect(PATH + _query(query), request._("The view is saved."))


def forget_view(request: PanelRequest) -> Response:
    """Removes a saved view."""
    with request.write("view.remove", str(request.id)) as transaction:
        remove_view(transaction, request.account_id, request.id)
    return request.redirect(PATH + _query(_sent_query(request)), request._("The view is removed."))


ROUTES = (
    Route("GET", PATH, show, Right.SEE),
    Route("GET", f"{PATH}orders.csv", export, Right.SEE),
    Route("POST", f"{PATH}ship/", ship_selected, Right.SHIP),
    Route("POST", f"{PATH}pick-list.pdf", pick_selected, Right.SEE),
    Route("POST", f"{PATH}packing-slips.pdf", slips_of_selected, Right.SEE),
    Route("POST", f"{PATH}views/", keep_view, Right.SHIP),
    Route("POST", f"{PATH}views/{{id:int}}/remove/", forget_view, Right.SHIP),
)
