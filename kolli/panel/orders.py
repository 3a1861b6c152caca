"""The page of one order: what was ordered, how it would be shipped and why, and what has become of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from babel.numbers import format_currency
from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.audit import Entry, Wanted, list_entries
from kolli.account.brands import list_brands
from kolli.account.contracts import all_contracts
from kolli.account.integrations import find_integration
from kolli.account.pages import Page
from kolli.account.sender_addresses import list_sender_addresses
from kolli.account.users import Right
from kolli.addresses.shortening import shortened
from kolli.errors import DoesNotFit, Impossible, NotDrawable, NotFound
from kolli.operations.another_label import BESIDE, made_beside
from kolli.operations.foresee import expected_of
from kolli.operations.papers import PDF, packing_slips
from kolli.operations.preview import Preview, preview
from kolli.operations.preview_label import preview_label
from kolli.operations.print_labels import Form as LabelForm
from kolli.operations.print_labels import print_labels
from kolli.operations.ship_order import Choice, ShipOrder
from kolli.operations.ways import Ways, ways_of
from kolli.orders.inbox import find_standing
from kolli.orders.model import Order, ShipWith
from kolli.orders.queries import get_order, list_warnings
from kolli.orders.warnings import Expectation, OrderWarning
from kolli.panel.forms import NO_PROBLEMS, Problems, whole_number
from kolli.panel.inbox_words import STANDINGS
from kolli.panel.order_words import ADDRESS, CHOICE, DONE, STATES, Obstacle, Told, obstacle, told
from kolli.panel.shell import locale_of
from kolli.panel.web import PanelRequest, Route
from kolli.printing.model import PrintJob
from kolli.printing.queries import get_job, list_printers, printed_parcels
from kolli.shipments.attempts import Attempt, Move, State, get_attempts, list_moves
from kolli.shipments.model import Parcel, Shipment
from kolli.shipments.queries import list_shipments_of_order
from kolli.shipments.tracking import Event, histories, tracking_url
from kolli.standing import Standing

PATH = "/panel/orders/"

MOST_SHIPMENTS = 20
MOST_ITEMS = 100
MOST_ENTRIES = 50
MOST_CHOICES = 200
"""What one page shows of a list that may be longer."""

FORMATS: Mapping[str, LabelForm] = {
    "pdf": LabelForm("application/pdf", 72),
    "png": LabelForm("image/png", 300),
    "zpl": LabelForm("application/zpl", 203),
}
"""The files that a label is given as, by how their names end."""


@dataclass(frozen=True)
class ParcelView:
    """One parcel and its history."""

    parcel: Parcel
    events: Sequence[Event]
    link: str
    was_printed: bool


@dataclass(frozen=True)
class ShipmentView:
    """One shipment of the order, with everything that has happened about it."""

    shipment: Shipment
    attempt: Attempt
    moves: Sequence[Move]
    parcels: Sequence[ParcelView]
    decision: Sequence[Told]
    beside: tuple[str, str] | None  # the shipment that it was made beside on purpose, and why

    @property
    def has_label(self) -> bool:
        """Whether there is a label that may be stuck on something."""
        return any(each.parcel.has_label for each in self.parcels)

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it makes sense to ask for that."""
        return self.attempt.state in {State.STORED, State.QUEUED, State.UNKNOWN} and not self.is_cancelling

    @property
    def is_cancelling(self) -> bool:
        """Whether somebody has asked for that already."""
        return any(each.parcel.status.phase == "cancelled" for each in self.parcels)


def show(request: PanelRequest) -> Response:
    """The page; only its decision when a script asks for that."""
    with request.context.database.read() as transaction:
        order = get_order(transaction, request.account_id, request.id)
    if request.is_htmx:
        return request.page("orders/_decision.html", section="inbox", **_decided(request, order))
    return order_page(request, order)


def order_page(request: PanelRequest, order: Order, *, status: int = 200, problems: Problems = NO_PROBLEMS) -> Response:
    """The page of an order, with what is wrong about what was just sent."""
    with request.context.database.read() as transaction:
        standing = find_standing(transaction, request.account_id, order.id) or Standing.OPEN
        warnings = list_warnings(transaction, request.account_id, order.id)
        shop = find_integration(transaction, request.account_id, order.integration_id)
        shipments = _shipments(transaction, request, order)
        entries = entries_of(transaction, request, order)
        printers = list_printers(transaction, request.account_id)
        job = _job(transaction, request)
        expected = expected_of(transaction, order, request.context)
    return request.page(
        "orders/order.html",
        status=status,
        problems=problems,
        section="inbox",
        address=order.shipping_address,
        items=order.items[:MOST_ITEMS],
        more_items=max(0, len(order.items) - MOST_ITEMS),
        labels=ADDRESS,
        standing=standing,
        standings=STANDINGS,
        states=STATES,
        done=DONE,
        shop=shop,
        warnings=_by_place(warnings),
        shortened=_can_be_shortened(order, expected),
        shipments=shipments,
        entries=entries,
        printers=printers,
        job=job,
        job_printer=next((each for each in printers if job and each.id == job.printer_id), None),
        is_to_ship=standing in {Standing.OPEN, Standing.FAILED},
        **_decided(request, order, is_wanted=standing in {Standing.OPEN, Standing.FAILED}),
    )


def entries_of(transaction: Connection, request: PanelRequest, order: Order) -> list[Entry]:
    """What people have done with an order, newest first."""
    wanted = Wanted(action="order.", subject=order.order_number)
    found = list_entries(transaction, request.account_id, wanted, MOST_ENTRIES)
    return [entry for entry in found if entry.details.get("order", str(order.id)) == str(order.id)]


def _job(transaction: Connection, request: PanelRequest) -> PrintJob | None:
    """The print job that has just been made, if the address names one."""
    number = whole_number(request.query.get("job", ""))
    try:
        return get_job(transaction, request.account_id, number) if number else None
    except NotFound:
        return None


def _by_place(warnings: Sequence[OrderWarning]) -> Mapping[str, list[OrderWarning]]:
    """Warnings by the part of the page they stand beside: `address`, `weight`, `items`."""
    places: dict[str, list[OrderWarning]] = {"address": [], "weight": [], "items": []}
    for warning in warnings:
        place = "address" if warning.field.startswith("shipping_address") else "weight"
        places["items" if warning.field.startswith("order_details") else place].append(warning)
    return places


def _can_be_shortened(order: Order, expected: Expectation) -> set[str]:
    """The parts of the address that our rules make shorter, by their names in warnings."""
    if order.shipping_address is None:
        return set()
    return {f"shipping_address.{change.field}" for change in shortened(order.shipping_address, expected.limits)[1]}


# How it would be shipped, and why


def choice_in(values: Mapping[str, str]) -> Choice:
    """What somebody has chosen about the way an order is shipped; rules count for the rest."""
    code = values.get("shipping_option_code", "").strip() or None
    contract_id, sender_address_id, brand_id = (whole_number(values.get(name, "").strip()) for name in CHOICE[1:])
    return Choice(ShipWith(code, contract_id), sender_address_id, brand_id, applies_rules=True)


def _decided(request: PanelRequest, order: Order, *, is_wanted: bool = True) -> dict[str, Any]:
    """What the part of the page needs that tells how the order would be shipped."""
    chosen = {name: (request.form.text(name) or request.query.get(name, "")) for name in CHOICE}
    context = request.context
    wanted = ShipOrder(order.integration_id, choice_in(chosen), order_id=order.order_id)
    found: Preview | None = preview(wanted, context) if is_wanted else None
    with context.database.read() as transaction:
        ways = ways_of(transaction, order, context) if is_wanted else Ways()
        names = names_of(transaction, request)
        choices = _choices(transaction, request) if is_wanted else {}
    obstacles: list[Obstacle] = [obstacle(error, request._) for error in found.errors] if found else []
    undrawable = any(isinstance(error, DoesNotFit | NotDrawable) for error in found.errors) if found else True
    return {
        "path": f"{PATH}{order.id}/",
        "order": order,
        "chosen": chosen,
        "query": "&".join(f"{name}={value}" for name, value in chosen.items() if value and value.isascii()),
        "preview": found,
        "obstacles": obstacles,
        "decision": [told(step, names, request._) for step in found.steps] if found else [],
        "can_preview": bool(found and found.draft and not undrawable),
        "ways": ways,
        "choices": choices,
        "money": partial(format_currency, locale=locale_of(request.language)),
    }


def names_of(transaction: Connection, request: PanelRequest) -> dict[tuple[str, str], str]:
    """What the ids and codes in decisions are called."""
    account_id, context = request.account_id, request.context
    catalogue = context.installation.configurations.of(transaction, account_id).catalogue
    names = {("shipping_option_code", option.code): option.title for _, option in catalogue}
    names |= {
        ("contract_id", str(each.id)): each.name or each.carrier_code for each in all_contracts(transaction, account_id)
    }
    for value, label in _senders(transaction, account_id):
        names["sender_address_id", str(value)] = label
    for brand in list_brands(transaction, account_id, Page(MOST_CHOICES)).records:
        names["brand_id", str(brand.id)] = brand.name
    return names


def _senders(transaction: Connection, account_id: int) -> list[tuple[int, str]]:
    listed = list_sender_addresses(transaction, account_id, Page(MOST_CHOICES)).records
    return [
        (each.id, ", ".join(filter(None, (each.address.company_name or each.address.name, each.address.city))))
        for each in listed
    ]


def _choices(transaction: Connection, request: PanelRequest) -> dict[str, list[tuple[object, str]]]:
    """What can be chosen from, for each choice but the shipping option."""
    account_id, left_open = request.account_id, ("", request._("As decided below"))
    contracts = [each for each in all_contracts(transaction, account_id) if each.is_active]
    brands = list_brands(transaction, account_id, Page(MOST_CHOICES)).records
    return {
        "contract_id": [left_open, *((each.id, each.name or each.carrier_code) for each in contracts)],
        "sender_address_id": [left_open, *_senders(transaction, account_id)],
        "brand_id": [left_open, *((each.id, each.name) for each in brands)],
    }


def show_preview(request: PanelRequest) -> Response:
    """The label as it would look, as a picture. Nothing is bought and no number taken."""
    with request.context.database.read() as transaction:
        order = get_order(transaction, request.account_id, request.id)
    wanted = ShipOrder(order.integration_id, choice_in(request.query), order_id=order.order_id)
    return request.file(preview_label(wanted, request.context), "image/png", "preview.png", inline=True)


# What has become of it


def _shipments(transaction: Connection, request: PanelRequest, order: Order) -> list[ShipmentView]:
    account_id = request.account_id
    listed = list_shipments_of_order(transaction, account_id, order.id, MOST_SHIPMENTS)
    attempts = get_attempts(transaction, account_id, [each.id for each in listed])
    parcels = [parcel.id for each in listed for parcel in each.parcels]
    events = histories(transaction, account_id, parcels) if parcels else {}
    printed = printed_parcels(transaction, account_id, parcels) if parcels else set()
    names = names_of(transaction, request) if listed else {}
    return [
        ShipmentView(
            shipment,
            attempts[shipment.id],
            list_moves(transaction, account_id, shipment.id),
            [_parcel(shipment, parcel, events.get(parcel.id, []), parcel.id in printed) for parcel in shipment.parcels],
            [told(step, names, request._) for step in shipment.draft.decision if step.field != BESIDE],
            made_beside(shipment),
        )
        for shipment in listed
        if shipment.id in attempts
    ]


def _parcel(shipment: Shipment, parcel: Parcel, events: Sequence[Event], was_printed: bool) -> ParcelView:
    link = tracking_url(shipment.draft, parcel.tracking_number) if parcel.tracking_number else ""
    return ParcelView(parcel, events, link, was_printed)


def labelled(request: PanelRequest, order: Order, wanted: Sequence[int] = ()) -> list[tuple[Shipment, Parcel]]:
    """The parcels of an order that have labels, of the newest shipment, or those that are named.

    NotFound when one of them is not of this order; Impossible when there is no label.
    """
    with request.context.database.read() as transaction:
        listed = list_shipments_of_order(transaction, request.account_id, order.id, MOST_SHIPMENTS)
    found = {parcel.id: (shipment, parcel) for shipment in listed for parcel in shipment.parcels}
    if any(number not in found for number in wanted):
        raise NotFound(request._("This order has no such parcel."))
    if wanted:
        pairs = [found[number] for number in wanted]
    else:
        newest = next((each for each in listed if any(parcel.has_label for parcel in each.parcels)), None)
        pairs = [(newest, parcel) for parcel in newest.parcels] if newest else []
    pairs = [(shipment, parcel) for shipment, parcel in pairs if parcel.has_label]
    if not pairs:
        raise Impossible(request._("There is no label. It was never made, or it has been cancelled."))
    return pairs


def _label(ending: str, request: PanelRequest) -> Response:
    """The label of one parcel, or of all of an order's newest shipment, as a file. Nothing is booked."""
    with request.context.database.read() as transaction:
        order = get_order(transaction, request.account_id, request.id)
    form = FORMATS[ending]
    parcel_id = request.path.get("parcel")
    pairs = labelled(request, order, [] if parcel_id is None else [min(int(parcel_id), 2**63 - 1)])
    content = print_labels(pairs if ending != "png" else pairs[:1], form, request.context)
    return request.file(content, form.mime_type, f"label-{order.order_number}.{ending}", inline=ending != "zpl")


def show_slip(request: PanelRequest) -> Response:
    """The packing slips of an order's newest shipment."""
    with request.context.database.read() as transaction:
        order = get_order(transaction, request.account_id, request.id)
    pairs = labelled(request, order)
    content = packing_slips([parcel.id for _, parcel in pairs], PDF, request.context)
    return request.file(content, "application/pdf", f"packing-slip-{order.order_number}.pdf", inline=True)


def show_standing(request: PanelRequest) -> Response:
    """Whether an order that is under way still is; when it is not, the page is loaded again."""
    with request.context.database.read() as transaction:
        get_order(transaction, request.account_id, request.id)
        standing = find_standing(transaction, request.account_id, request.id) or Standing.OPEN
    if standing.value != request.query.get("was", ""):
        return request.redirect(f"{PATH}{request.id}/")
    return request.page("orders/_standing.html", section="inbox", path=f"{PATH}{request.id}/", standing=standing)


ROUTES = (
    Route("GET", f"{PATH}{{id:int}}/", show, Right.SEE),
    Route("POST", f"{PATH}{{id:int}}/look/", show, Right.SHIP),  # where no script asks; it changes nothing
    Route("GET", f"{PATH}{{id:int}}/preview.png", show_preview, Right.SEE),
    Route("GET", f"{PATH}{{id:int}}/standing/", show_standing, Right.SEE),
    Route("GET", f"{PATH}{{id:int}}/packing-slip.pdf", show_slip, Right.SEE),
    *(Route("GET", f"{PATH}{{id:int}}/label.{ending}", partial(_label, ending), Right.SEE) for ending in FORMATS),
    *(
        Route("GET", f"{PATH}{{id:int}}/parcels/{{parcel:int}}/label.{ending}", partial(_label, ending), Right.SEE)
        for ending in FORMATS
    ),
)
