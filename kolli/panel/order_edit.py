"""The page where an order is edited: its address, its weights and what customs want to know of its items.

Two people who edit the same order are told: nobody's change gets lost, and what was typed is kept.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, get_args

import msgspec
from pydantic import TypeAdapter
from starlette.responses import Response

from kolli.account.audit import add_entry
from kolli.account.users import Right
from kolli.api.v3.order_document import OrderDocument
from kolli.errors import Conflict
from kolli.operations.change_orders import store_change
from kolli.operations.foresee import expected_of
from kolli.orders.changes import changed
from kolli.orders.inbox import find_standing
from kolli.orders.model import Document, Order
from kolli.orders.queries import get_order, list_warnings
from kolli.orders.warnings import OrderWarning
from kolli.panel.forms import NO_PROBLEMS, Problems, checked, problems_of
from kolli.panel.order_fields import (
    MOST_ITEMS,
    Difference,
    Fields,
    change_of,
    differences,
    fields_of,
    is_changed_by_others,
    limits_in,
    merged,
    names_in_document,
    typed_in,
    with_shorter,
    with_split,
)
from kolli.panel.order_words import ADDRESS, edit_name, field_name
from kolli.panel.orders import PATH, entries_of
from kolli.panel.web import PanelRequest, Route
from kolli.standing import Standing
from kolli.values import COUNTRY_CODES, WeightUnit

USUAL_UNIT: WeightUnit = "kg"
"""Of a weight that is about to be typed."""

_SCHEMA = TypeAdapter(OrderDocument)
_NAMES = names_in_document()


def show(request: PanelRequest) -> Response:
    """The form, with what is stored; with `suggest` some of it as we propose."""
    with request.context.database.read() as transaction:
        order = get_order(transaction, request.account_id, request.id)
        warnings = list_warnings(transaction, request.account_id, order.id)
        expected = expected_of(transaction, order, request.context)
    stored = fields_of(order)
    values: Fields = stored
    match request.query.get("suggest"):
        case "house-number":
            split = next((each.suggestion for each in warnings if each.suggestion), None)
            values = with_split(stored, split) if split else stored
        case "shorter":
            values = with_shorter(order, stored, expected.limits)
    return _page(request, order, values, is_suggested=values != stored)


def _page(
    request: PanelRequest,
    order: Order,
    values: Fields,
    *,
    status: int = 200,
    problems: Problems = NO_PROBLEMS,
    others: list[Difference] | None = None,
    is_suggested: bool = False,
    clears_point: bool = False,
) -> Response:
    with request.context.database.read() as transaction:
        warnings = list_warnings(transaction, request.account_id, order.id)
        expected = expected_of(transaction, order, request.context)
        standing = find_standing(transaction, request.account_id, order.id) or Standing.OPEN
        entries = [each for each in entries_of(transaction, request, order) if each.action == "order.edit"]
    shown = {**values, **{name: USUAL_UNIT for name in values if name.endswith("_unit") and not values[name]}}
    return request.page(
        "orders/edit.html",
        status=status,
        problems=problems,
        section="inbox",
        path=f"{PATH}{order.id}/",
        order=order,
        values=shown,
        typed=shown if status != 200 else {},
        was=msgspec.json.encode(fields_of(order)).decode(),
        labels=ADDRESS,
        limits=limits_in(expected.limits),
        carrier_name=expected.carrier_name,
        items=order.items[:MOST_ITEMS],
        more_items=max(0, len(order.items) - MOST_ITEMS),
        units=[(unit, unit) for unit in get_args(WeightUnit)],
        countries=sorted(COUNTRY_CODES),
        notes=_notes(warnings),
        point=order.document.get("service_point_details") if order.has_service_point else None,
        clears_point=clears_point,
        is_shipped=standing is Standing.SHIPPED,
        is_announced=standing is Standing.SHIPPING,
        others=others or [],
        field_name=partial(field_name, translate=request._),
        last_edit=entries[0] if entries else None,
        is_suggested=is_suggested,
    )


def _notes(warnings: list[OrderWarning]) -> Mapping[str, list[str]]:
    """What to look at, by the name of the field that it is about."""
    notes: dict[str, list[str]] = {}
    for warning in warnings:
        notes.setdefault(edit_name(warning.field), []).append(warning.message)
    return notes


def save(request: PanelRequest) -> Response:
    """Stores what was typed, if nobody else has changed the same order since the form was opened."""
    with request.context.database.read() as transaction:
        order = get_order(transaction, request.account_id, request.id)
    stored = fields_of(order)
    was = {**stored, **_was(request)}
    sent = {name: values[0] for name, values in request.form.values.items() if values}
    typed = typed_in(sent, was)
    clears_point = request.form.flag("clears_point")
    if request.form.number("revision") != order.revision:
        found = differences(was, stored, typed)
        if is_changed_by_others(found):
            return _clash(request, order, found, stored, clears_point=clears_point)
    problems = Problems()
    document = _worked_out(order, change_of(order, was, typed, clears_point=clears_point), problems)
    if document is None or problems:
        return _page(request, order, typed, status=422, problems=problems, clears_point=clears_point)
    if document == order.document:
        return request.redirect(f"{PATH}{order.id}/", request._("Nothing was changed."))
    return _stored(request, order, document, typed, clears_point=clears_point)


def _was(request: PanelRequest) -> dict[str, str]:
    """What the form showed when it was opened."""
    try:
        return msgspec.json.decode(request.form.raw("was").encode(), type=dict[str, str])
    except msgspec.DecodeError:
        return {}


def _worked_out(order: Order, change: Document, problems: Problems) -> Document | None:
    """The document after the change, checked as the API checks it; None, and why, when it cannot be so."""
    if not change:
        return order.document
    result: OrderDocument | None = checked(_SCHEMA, changed(order.document, change), _NAMES, problems, "changing")
    return result.document() if result else None


def _stored(request: PanelRequest, order: Order, document: Document, typed: Fields, *, clears_point: bool) -> Response:
    touched = [name for name, value in fields_of(order).items() if typed.get(name, value) != value]
    told: dict[str, Any] = {"order": order.id, "fields": ", ".join(touched)}
    if clears_point:
        told["service_point"] = "removed"
    entry, now = ("order.edit", order.order_number), request.context.now()
    note = lambda transaction: add_entry(transaction, request.user, entry, now, told)  # noqa: E731
    try:
        if store_change(order, document, request.context, note=note, refuse_while_announced=True):
            return request.redirect(f"{PATH}{order.id}/", request._("Saved."))
    except Conflict as error:
        problems = problems_of(error)
        return _page(request, order, typed, status=409, problems=problems, clears_point=clears_point)
    with request.context.database.read() as transaction:
        present = get_order(transaction, request.account_id, order.id)
    found = differences(fields_of(order), fields_of(present), typed)
    return _clash(request, present, found, fields_of(present), clears_point=clears_point)


def _clash(
    request: PanelRequest, order: Order, found: list[Difference], stored: Fields, *, clears_point: bool
) -> Response:
    """The form with both versions side by side: nothing is saved yet."""
    others = [each for each in found if each.stored != each.was or each.typed != each.was]
    values = merged(found, stored)
    return _page(request, order, values, status=409, others=others, clears_point=clears_point)


ROUTES = (
    Route("GET", f"{PATH}{{id:int}}/edit/", show, Right.SHIP),
    Route("POST", f"{PATH}{{id:int}}/edit/", save, Right.SHIP),
)
