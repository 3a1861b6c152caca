"""Orders: what shops sell, kept until it is shipped."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Annotated, Any

import msgspec
from pydantic import Field, TypeAdapter, ValidationError
from starlette.datastructures import QueryParams

from kolli.account.integrations import known_integrations
from kolli.api.bodies import decode, encode
from kolli.api.endpoint import LARGEST_ID, Answer, Endpoint, Parameter, Request
from kolli.api.errors import INVALID, WIRE, Pointers, Rejected, Wire, message_of, problem
from kolli.api.pages import CURSOR, Cursor, invalid_cursor, link_header, neighbours, page_size, read_page_size
from kolli.api.v3.common import PARTNER, check_partner
from kolli.api.v3.order_answers import (
    OneOrder,
    OrderChange,
    OrderChanged,
    Orders,
    OrdersStored,
    OrderSummary,
    OrderWarnings,
    warning_answer,
)
from kolli.api.v3.order_document import OrderDocument
from kolli.errors import Conflict, Invalid, NotFound
from kolli.operations.change_orders import store_change
from kolli.operations.context import Context
from kolli.operations.foresee import foresee
from kolli.operations.misbehave import check_is_not_late
from kolli.orders.changes import changed, items_in, places_of
from kolli.orders.model import Document, Order, OrderText
from kolli.orders.queries import (
    SORT_KEYS,
    Filters,
    Page,
    Position,
    Sort,
    add_or_update_order,
    find_order,
    get_order,
    list_orders,
    list_warnings,
    read_position,
    remove_order,
    sorting,
)

Problem = dict[str, Any]

PATH = "/api/v3/orders"
BATCH = Pointers(batch=True)
ONE = Pointers()

MOST_ORDERS = 100
MOST_PROBLEMS = 500
"""Mistakes named in one answer. A body that makes more is no list of orders."""

USUAL_PAGE = 100
LARGEST_PAGE = 200
MOST_INTEGRATIONS = 1_000

MOST_TRIES = 100
"""How often a change is worked out because the order has changed meanwhile: each time somebody else got on."""

WRONG_FORMAT = Wire(400, "non_field_errors", "Wrong format")
INVALID_CHOICE = Wire(400, "invalid_choice", "Invalid Choice")
NO_SUCH_ITEM = "Could not find specified item."
ITEMS = "order/order_details/order_items"  # documented without a slash in front

_ID = re.compile(r"[0-9]{1,19}")


# POST /orders


def create_or_update_orders(request: Request, context: Context) -> Answer:
    """Stores a batch of orders, or refuses all of them with every mistake in any of them."""
    check_partner(request.headers, context.installation)
    orders, problems = _read_batch(decode(request.body))
    problems += _problems_with_the_rest(orders, context)
    if problems:
        problems.sort(key=lambda found: found[0])
        raise Rejected(400, [found for _, found in problems[:MOST_PROBLEMS]])
    stored = _store(list(orders.values()), context)
    pairs = zip(stored, orders.values(), strict=True)
    return Answer(201, OrdersStored(data=[_summary(pk, order.order_id, order.order_number) for pk, order in pairs]))


def _read_batch(body: object) -> tuple[dict[int, OrderDocument], list[tuple[int, Problem]]]:
    """The orders that can be read and the problems with the others, both with their places in the batch."""
    if not isinstance(body, list) or not all(isinstance(entry, dict) for entry in body):
        raise Rejected(400, [problem(WRONG_FORMAT, "Wrong request format, expected list of objects")])
    if len(body) > MOST_ORDERS:
        message = f"Orders list should have at most {MOST_ORDERS} items, not {len(body)}"
        raise Rejected(400, [problem(INVALID, message, f"{BATCH.root}/")])
    orders: dict[int, OrderDocument] = {}
    problems: list[tuple[int, Problem]] = []
    for place, entry in enumerate(body):
        try:
            orders[place] = OrderDocument.model_validate(entry)
        except ValidationError as error:
            problems += [(place, found) for found in _problems_in(error, partial(_in_batch, place))]
        if len(problems) >= MOST_PROBLEMS:
            break
    return orders, problems


def _in_batch(place: int, location: Sequence[int | str]) -> str:
    return BATCH.of_location((place, *location))


def _problems_in(error: ValidationError, pointer: Callable[[Sequence[int | str]], str]) -> list[Problem]:
    """The mistakes the schema has found; in this section each has the code `invalid`, a wrong choice too."""
    found = error.errors(include_url=False, include_context=False, include_input=False)[:MOST_PROBLEMS]
    return [problem(INVALID, message_of(item), pointer(item["loc"])) for item in found]


def _problems_with_the_rest(orders: Mapping[int, OrderDocument], context: Context) -> list[tuple[int, Problem]]:
    """What is wrong with orders that are right by themselves: integrations, ids and the other orders of the batch."""
    with context.database.read() as transaction:
        known = known_integrations(transaction, context.account_id, {order.integration_id for order in orders.values()})
        selected = {
            place: find_order(transaction, context.account_id, _number(order.id))
            for place, order in orders.items()
            if order.id is not None
        }
    problems: list[tuple[int, Problem]] = []
    seen: set[tuple[int, str]] = set()
    for place, order in orders.items():
        if order.integration_id not in known:
            message = f"Integration with id {order.integration_id} does not exist"
            problems.append((place, _invalid(place, "order_details/integration/id", message)))
        if place in selected:
            problems += [(place, found) for found in _problems_with_selection(place, order, selected[place])]
        if (order.integration_id, order.order_id) in seen:
            message = f"Order id {order.order_id} stands in this request more than once"
            problems.append((place, _invalid(place, "order_id", message)))
        seen.add((order.integration_id, order.order_id))
    return problems


def _problems_with_selection(place: int, order: OrderDocument, stored: Order | None) -> Iterator[Problem]:
    if stored is None:
        yield _invalid(place, "id", f"Order with id {order.id} does not exist")
        return
    if order.order_id != stored.order_id:
        yield _invalid(place, "order_id", _fixed_order_id(stored))
    if order.integration_id != stored.integration_id:
        yield _invalid(place, "order_details/integration/id", _fixed_integration(stored))


def _store(orders: Sequence[OrderDocument], context: Context) -> list[int]:
    """Stores all orders in one transaction, and gives their ids."""
    ids = [context.installation.sequences.take_id() for _ in orders]
    documents = [order.document() for order in orders]
    with context.database.read() as transaction:
        warnings = foresee(transaction, documents, context)
    now = context.now()
    with context.write() as transaction:
        stored = [
            add_or_update_order(transaction, context.account_id, fresh_id, document, now, warnings=found)
            for fresh_id, document, found in zip(ids, documents, warnings, strict=True)
        ]
        if any(order.id is not None and int(order.id) != pk for order, pk in zip(orders, stored, strict=True)):
            # It was there a moment ago: somebody has just deleted it.
            raise Rejected(400, [problem(WIRE[Conflict], str(Conflict()), "/data")])
    return stored


def _invalid(place: int, member: str, message: str) -> Problem:
    return problem(INVALID, message, _in_batch(place, [member]))


def _number(text: str) -> int:
    """The id that a text names; one that cannot exist where it names none."""
    return min(int(text), LARGEST_ID) if _ID.fullmatch(text) else 0


# GET /orders


def list_all_orders(request: Request, context: Context) -> Answer:
    """One page of orders, newest first unless asked otherwise."""
    query = request.query
    cursor = Cursor.parse(query.get("cursor"))
    sort = _read_sort(query.get("sort"))
    page = Page(
        sort=sort,
        size=read_page_size(query.get("page_size"), usual=USUAL_PAGE, largest=LARGEST_PAGE),
        position=_read_position(sort, cursor),
        backwards=cursor.backwards,
        skip=cursor.offset,
    )
    with context.database.read() as transaction:
        filters = _Parameters(query, known=partial(known_integrations, transaction, context.account_id)).filters()
        listed = list_orders(transaction, context.account_id, filters, page)
    previous, following = neighbours(listed.positions, more_before=listed.more_before, more_behind=listed.more_behind)
    headers = link_header(context.installation.public_url + PATH, query, previous, following)
    return Answer(200, {"data": [_answered(order, order.document) for order in listed.orders]}, headers)


def _read_sort(text: str | None) -> tuple[Sort, ...]:
    """`integration,-order_created_at`; one unknown key, and the whole falls back to the default."""
    keys = [Sort(key.removeprefix("-"), key.startswith("-")) for key in (text or "").split(",")]
    return sorting(keys if all(sort.key in SORT_KEYS for sort in keys) else [])


def _read_position(sort: Sequence[Sort], cursor: Cursor) -> Position | None:
    if not cursor.position:
        return None
    try:
        return read_position(sort, cursor.position)
    except Invalid as error:
        raise invalid_cursor() from error


@dataclass(frozen=True)
class _Parameters:
    """The query of a list as filters. An empty parameter filters nothing."""

    query: QueryParams
    known: Callable[[set[int]], set[int]]

    def filters(self) -> Filters:
        """The filters; Rejected with every mistake in them."""
        problems: list[Problem] = []
        integration_ids = self._integrations(problems)
        days = {
            name: self._day(name, problems)
            for moment in ("order_created_at", "order_updated_at")
            for name in (moment, f"{moment}_min", f"{moment}_max")
        }
        if problems:
            raise Rejected(400, problems)
        return Filters(
            integration_ids=integration_ids,
            order_number=self.query.get("order_number") or None,
            order_id=self.query.get("order_id") or None,
            status=self.query.get("status") or None,
            created_from=_latest(days["order_created_at"], days["order_created_at_min"]),
            created_to=_earliest(days["order_created_at"], days["order_created_at_max"]),
            updated_from=_latest(days["order_updated_at"], days["order_updated_at_min"]),
            updated_to=_earliest(days["order_updated_at"], days["order_updated_at_max"]),
        )

    def _integrations(self, problems: list[Problem]) -> frozenset[int] | None:
        texts = [text.strip() for text in (self.query.get("integration") or "").split(",") if text.strip()]
        if not texts:
            return None
        if len(texts) > MOST_INTEGRATIONS:
            message = f"At most {MOST_INTEGRATIONS} integrations can be named, not {len(texts)}."
            problems.append(problem(INVALID, message, parameter="integration"))
            return None
        numbers = {text: _number(text) for text in texts}
        known = self.known(set(numbers.values()))
        problems += [
            problem(
                INVALID_CHOICE,
                f"Select a valid choice. {text[:40]} is not one of the available choices.",
                parameter="integration",
            )
            for text, number in numbers.items()
            if number not in known
        ]
        return frozenset(numbers.values())

    def _day(self, name: str, problems: list[Problem]) -> date | None:
        text = self.query.get(name)
        if not text:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            message = f"{text[:40]!r} is not a date. Write it as 2026-04-28."
            problems.append(problem(INVALID, message, parameter=name))
            return None


def _latest(*days: date | None) -> date | None:
    return max((day for day in days if day is not None), default=None)


def _earliest(*days: date | None) -> date | None:
    return min((day for day in days if day is not None), default=None)


# /orders/{id}


def retrieve_order(request: Request, context: Context) -> Answer:
    """One order."""
    with context.database.read() as transaction:
        order = get_order(transaction, context.account_id, request.id)
        check_is_not_late(transaction, order, context)
    return Answer(200, {"data": _answered(order, encode(order.document))})


def list_order_warnings(request: Request, context: Context) -> Answer:
    """What somebody should look at before the order is shipped: too long an address, no weight, gaps for customs.

    It was found when the order was last written. Nothing of it keeps the order from being shipped if the carrier takes
    it after all; everything is checked again then.
    """
    with context.database.read() as transaction:
        warnings = list_warnings(transaction, context.account_id, request.id)
    return Answer(200, OrderWarnings(data=[warning_answer(warning) for warning in warnings]))


def change_order(request: Request, context: Context) -> Answer:
    """Changes what the body names in an order, and leaves the rest as it was."""
    change = decode(request.body)
    if not isinstance(change, dict):
        raise Rejected(400, [problem(WRONG_FORMAT, "Wrong request format, expected object")])
    change = _in_our_names(change)
    for _ in range(MOST_TRIES):
        order, document = _work_out(change, request.id, context)
        if store_change(order, document, context):
            return Answer(200, OrderChanged(data=_summary(order.id, document["order_id"], document["order_number"])))
    raise Rejected(400, [problem(WIRE[Conflict], str(Conflict()), "/data")])


def _work_out(change: Document, order_pk: int, context: Context) -> tuple[Order, Document]:
    """The order and what the change makes of it. Nobody who writes waits for this, so a large order may take its time.

    Two changes of one order are worked out side by side; the one that is stored second starts again from the first.
    """
    with context.database.read() as transaction:
        order = find_order(transaction, context.account_id, order_pk)
    if order is None:
        raise NotFound(NO_SUCH_ITEM)
    return order, _changed_document(order, change)


def _in_our_names(change: Document) -> Document:
    """The change without what cannot be changed or is ignored, and with the phone number under its usual name."""
    change = {name: value for name, value in change.items() if name not in {"id", "created_at", "modified_at"}}
    customer = change.get("customer_details")
    if isinstance(customer, dict) and "phone" in customer:
        change["customer_details"] = {"phone_number": customer["phone"], **customer}
    return change


def _changed_document(order: Order, change: Document) -> Document:
    try:
        document = changed(order.document, change)
    except Invalid as error:
        raise Rejected(400, [problem(INVALID, error.message, ITEMS)]) from error
    try:
        result = OrderDocument.model_validate(document, context="changing")
    except ValidationError as error:
        places = places_of(items_in(change) or [], items_in(order.document) or [])
        sent = {place: number for number, place in enumerate(places)}
        raise Rejected(400, _problems_in(error, partial(_in_change, sent))) from error
    problems = []
    if result.order_id != order.order_id:
        problems.append(problem(INVALID, _fixed_order_id(order), ONE.of_location(["order_id"])))
    if result.integration_id != order.integration_id:
        where = ONE.of_location(["order_details", "integration", "id"])
        problems.append(problem(INVALID, _fixed_integration(order), where))
    if problems:
        raise Rejected(400, problems)
    return result.document()


def _in_change(sent: Mapping[int, int], location: Sequence[int | str]) -> str:
    """The pointer into the change that was sent: its items stand elsewhere than those of the order."""
    match list(location):
        case ["order_details", "order_items", int(place), *rest] if place in sent:
            location = ["order_details", "order_items", sent[place], *rest]
    return ONE.of_location(location)


def delete_order(request: Request, context: Context) -> Answer:
    """Deletes an order. Its shipments stay."""
    with context.write() as transaction:
        remove_order(transaction, context.account_id, request.id)
    return Answer(204)


def _fixed_order_id(stored: Order) -> str:
    return f"Order id {stored.order_id} cannot be changed"


def _fixed_integration(stored: Order) -> str:
    return f"Integration {stored.integration_id} of order {stored.order_id} cannot be changed"


def _summary(order_pk: int, order_id: str, order_number: str) -> OrderSummary:
    return {"id": order_pk, "order_id": order_id, "order_number": order_number}


def _answered(order: Order | OrderText, document: bytes) -> msgspec.Raw:
    """The order as it is read: our id (as text), our times, and everything that was sent."""
    ours = {"id": str(order.id), "created_at": _text(order.created_at), "modified_at": _text(order.modified_at)}
    return msgspec.Raw(encode(ours)[:-1] + b"," + document[1:])  # a document is never empty


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


_DAYS = [
    Parameter(f"{moment}{end}", f"{words} on this day{more}, in UTC.", {"type": "string", "format": "date"})
    for moment, words in (("order_created_at", "Made in the shop"), ("order_updated_at", "Changed in the shop"))
    for end, more in (("", ""), ("_min", " or later"), ("_max", " or earlier"))
]

_FILTERS = [
    Parameter("integration", "Ids of integrations, with commas between them.", {"type": "string"}),
    Parameter("order_number", "The number that the buyer knows."),
    Parameter("order_id", "The shop's id of the order."),
    Parameter("status", "The code of the order's status in the shop."),
    *_DAYS,
    Parameter("sort", f"Keys with commas between them, a minus sign for descending: {', '.join(sorted(SORT_KEYS))}."),
    page_size(USUAL_PAGE, LARGEST_PAGE),
    CURSOR,
]

ROUTES: list[Endpoint] = [
    Endpoint(
        "POST",
        "/orders",
        create_or_update_orders,
        "Create or update orders in batch",
        BATCH,
        scope="write:order",
        parameters=[PARTNER],
        body=TypeAdapter(Annotated[list[OrderDocument], Field(max_length=MOST_ORDERS)]),
        answers={201: OrdersStored},
        is_repeatable=True,
    ),
    Endpoint(
        "GET",
        "/orders",
        list_all_orders,
        "Retrieve a list of orders",
        scope="read:order",
        parameters=_FILTERS,
        answers={200: Orders},
        errors=[404],
    ),
    Endpoint(
        "GET", "/orders/{id:int}", retrieve_order, "Retrieve an order", scope="read:order", answers={200: OneOrder}
    ),
    Endpoint(
        "GET",
        "/orders/{id:int}/warnings",
        list_order_warnings,
        "List what to look at before an order is shipped",
        scope="read:order",
        answers={200: OrderWarnings},
        errors=[404],
        is_extension=True,
    ),
    Endpoint(
        "PATCH",
        "/orders/{id:int}",
        change_order,
        "Update an order",
        scope="write:order",
        body=TypeAdapter(OrderChange),
        answers={200: OrderChanged},
    ),
    Endpoint("DELETE", "/orders/{id:int}", delete_order, "Delete an order", scope="write:order", answers={204: None}),
]
