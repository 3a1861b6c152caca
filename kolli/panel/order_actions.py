"""What is done about one order: ship it, print it, cancel its label, make another one on purpose."""

from collections.abc import Mapping

from starlette.responses import Response

from kolli.account.users import Right
from kolli.errors import Conflict, Impossible, InFlight, KolliError, NotFound
from kolli.operations.another_label import never_twice, ship_another
from kolli.operations.cancel import cancel
from kolli.operations.claims import claimed
from kolli.operations.printing import print_parcels
from kolli.operations.resume import resumed
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.inbox import find_standing
from kolli.orders.model import Order
from kolli.orders.queries import get_order
from kolli.panel.forms import NO_PROBLEMS, Problems, problems_of
from kolli.panel.marking import _
from kolli.panel.order_words import CHOICE
from kolli.panel.orders import PATH, choice_in, labelled, order_page
from kolli.panel.web import PanelRequest, Route
from kolli.printing.model import PrintJob
from kolli.shipments.model import Shipment
from kolli.shipments.queries import find_shipment
from kolli.standing import Standing

ROUTE = "panel order"
"""Where the keys of forms that ship one order mean something; its id follows."""


REASONS: Mapping[str, str] = {
    "lost": _("The first parcel was lost"),
    "damaged": _("The first parcel arrived damaged"),
    "spare part": _("A spare part follows"),
    "other": _("Another reason"),
}
"""Why somebody may want another label."""


def _order(request: PanelRequest, order_pk: int) -> Order:
    with request.context.database.read() as transaction:
        return get_order(transaction, request.account_id, order_pk)


def ship(request: PanelRequest) -> Response:
    """Ships the order of the page, with what was chosen there."""
    chosen = {name: request.form.text(name) for name in CHOICE}
    seen, prints = request.form.number("revision"), request.form.flag("prints")
    return ship_one(request, request.id, choice_in(chosen), prints=prints, seen=seen)


def ship_one(
    request: PanelRequest,
    order_pk: int,
    choice: Choice | None = None,
    *,
    prints: bool = False,
    seen: int | None = None,
) -> Response:
    """Ships one order, prints its label if that is wished for, and leads to its page; the same form does so once.

    `seen` is the revision of the order that somebody has looked at: one that was changed since is shown to them first.
    """
    order = _order(request, order_pk)
    wanted = ShipOrder(order.integration_id, choice or choice_in({}), order_id=order.order_id)
    key = request.form_key
    request.note("order.ship", order.order_number, order=order.id)
    try:
        with claimed(f"{ROUTE} {order.id}", key, request.context) as context:
            shipment = resumed(context)
            if shipment is None:
                _check_is_as_seen(request, order, seen)
                shipment = ship_order(wanted, never_twice(context))
    except InFlight:
        return request.redirect(f"{PATH}{order.id}/", request._("This order is being shipped already."))
    except KolliError as error:
        return order_page(request, order, status=422, problems=problems_of(error, known=CHOICE))
    return _shipped(request, order, shipment, prints=prints)


def _check_is_as_seen(request: PanelRequest, order: Order, seen: int | None) -> None:
    if seen is not None and seen != order.revision:
        raise Impossible(request._("The order has changed since this page was opened. Look at it, then ship it."))


def _shipped(request: PanelRequest, order: Order, shipment: Shipment, *, prints: bool) -> Response:
    numbers = ", ".join(parcel.tracking_number or "" for parcel in shipment.parcels)
    notice = request._("Shipped with %(carrier)s: %(numbers)s.") % {
        "carrier": shipment.draft.carrier_name,
        "numbers": numbers,
    }
    if not prints:
        return request.redirect(f"{PATH}{order.id}/", notice)
    try:
        job = _printed(request, order, [parcel.id for parcel in shipment.parcels])
    except KolliError as error:  # it is shipped all the same
        trouble = request._("The label is there, but it is not printed: %(why)s") % {"why": error.message}
        return request.redirect(f"{PATH}{order.id}/", f"{notice} {trouble}")
    return request.redirect(f"{PATH}{order.id}/?job={job.id}", notice)


def _printed(request: PanelRequest, order: Order, parcel_ids: list[int], *, is_reprint: bool = False) -> PrintJob:
    printer_id = request.form.number("printer")
    key = f"{request.form_key}:{order.id}:{','.join(map(str, parcel_ids))}:{printer_id or ''}"
    request.note("order.print", order.order_number, order=order.id, parcels=len(parcel_ids))
    return print_parcels(parcel_ids, printer_id, key, request.user.name, request.context, is_reprint=is_reprint)


def print_again(request: PanelRequest) -> Response:
    """Prints the labels of an order's newest shipment, or of one parcel. Nothing is booked, ever."""
    order = _order(request, request.id)
    number = request.form.number("parcel")
    try:
        pairs = labelled(request, order, [] if number is None else [number])
        job = _printed(request, order, [parcel.id for _, parcel in pairs])
    except NotFound:
        raise
    except KolliError as error:
        return order_page(request, order, status=422, problems=problems_of(error))
    return request.redirect(f"{PATH}{order.id}/?job={job.id}")


def take_back(request: PanelRequest) -> Response:
    """Cancels a shipment of an order, and tells what the carrier says."""
    order = _order(request, request.id)
    shipment = _shipment_of(request, order)
    request.note("order.cancel", order.order_number, order=order.id, shipment=shipment.id)
    try:
        is_done = cancel(shipment.id, request.context)
    except Conflict as error:
        return order_page(request, order, status=409, problems=problems_of(error))
    except KolliError as error:
        return order_page(request, order, status=422, problems=problems_of(error))
    if is_done:
        return request.redirect(f"{PATH}{order.id}/", request._("The label is cancelled. Do not use it any more."))
    notice = request._("%(carrier)s cannot say yet. It is asked again by itself; do not use the label meanwhile.")
    return request.redirect(f"{PATH}{order.id}/", notice % {"carrier": shipment.draft.carrier_name})


def _shipment_of(request: PanelRequest, order: Order) -> Shipment:
    """The shipment that a form names, which must be one of this order; without a name the one that has a label."""
    shipment_id = request.form.text("shipment")
    if not shipment_id:
        return labelled(request, order)[0][0]
    with request.context.database.read() as transaction:
        shipment = find_shipment(transaction, request.account_id, shipment_id)
    if shipment is None or shipment.draft.order_id != order.id:
        raise NotFound(request._("This order has no such shipment."))
    return shipment


def ask_for_another(request: PanelRequest) -> Response:
    """The form that makes another label."""
    return _another_page(request, _order(request, request.id))


def _another_page(request: PanelRequest, order: Order, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    with request.context.database.read() as transaction:
        standing = find_standing(transaction, request.account_id, order.id)
    return request.page(
        "orders/another.html",
        status=status,
        problems=problems,
        section="inbox",
        path=f"{PATH}{order.id}/",
        order=order,
        address=order.shipping_address,
        reasons=REASONS,
        has_label=standing is Standing.SHIPPED,
    )


def make_another(request: PanelRequest) -> Response:
    """Makes another label, for a reason. The same form makes one, however often it is sent."""
    order, form, problems = _order(request, request.id), request.form, Problems()
    reason, text = form.text("reason"), form.text("text")
    if reason not in REASONS:
        problems.add("reason", request._("Say why another label is needed."))
    if reason == "other" and not text:
        problems.add("text", request._("Say in your own words what it is for."))
    if problems:
        return _another_page(request, order, 422, problems)
    why = f"{reason}: {text}" if text else reason
    key = request.form_key
    request.note("order.another_label", order.order_number, order=order.id, reason=why)
    try:
        with claimed(f"{ROUTE} {order.id} another", key, request.context) as context:
            shipment = ship_another(order, choice_in({}), why, context)
    except InFlight:
        return request.redirect(f"{PATH}{order.id}/", request._("The other label is being made already."))
    except KolliError as error:
        return _another_page(request, order, 422, problems_of(error, known=["reason"]))
    return _shipped(request, order, shipment, prints=form.flag("prints"))


ROUTES = (
    Route("POST", f"{PATH}{{id:int}}/ship/", ship, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/print/", print_again, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/cancel/", take_back, Right.SHIP),
    Route("GET", f"{PATH}{{id:int}}/another-label/", ask_for_another, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/another-label/", make_another, Right.SHIP),
)
