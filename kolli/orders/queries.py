"""Orders ↔ rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)

from kolli.database import insert_or
from kolli.errors import Invalid, NotFound
from kolli.orders.inbox import keep_in_inbox
from kolli.orders.model import Document, Order, OrderText
from kolli.orders.terms import keep_terms
from kolli.orders.warnings import OrderWarning
from kolli.schema import orders
from kolli.values import timestamp

Position = tuple[int | str, ...]
"""Where an order stands in a sorted list: its value of each sort key."""

LARGEST_NUMBER = 2**63 - 1
"""What the database can hold."""

LARGEST_PAGE_BYTES = 8 * 1024 * 1024
"""Documents on one page of a list. A page that would hold more ends early; it has one order at least."""


@dataclass(frozen=True)
class Sort:
    """One key to sort by; see SORT_KEYS."""

    key: str
    descending: bool = False


@dataclass(frozen=True)
class Filters:
    """Which orders a list holds. Texts are compared without regard to case; both ends of a time span belong to it."""

    integration_ids: frozenset[int] | None = None
    order_number: str | None = None
    order_id: str | None = None
    status: str | None = None
    created_from: date | None = None
    created_to: date | None = None
    updated_from: date | None = None
    updated_to: date | None = None


@dataclass(frozen=True)
class Page:
    """Which part of a sorted list is wanted: at most `size` orders behind `position`, or, backwards, those before it.

    No position is the beginning, or backwards the end. `skip` more are passed over. `sort` comes from `sorting`.
    """

    sort: tuple[Sort, ...]
    size: int
    position: Position | None = None
    backwards: bool = False
    skip: int = 0


@dataclass(frozen=True)
class Listed:
    """One page of orders, the position of each, and whether more of them lie on either side."""

    orders: list[OrderText]
    positions: list[Position]
    more_before: bool
    more_behind: bool


SORT_KEYS: dict[str, ColumnElement[Any]] = {
    "integration": orders.c.integration_id,
    "order_number": orders.c.order_number_key,
    "order_created_at": orders.c.order_created_at,
    "order_updated_at": func.coalesce(orders.c.order_updated_at, literal("", literal_execute=True)),
    "pk": orders.c.id,
}
"""What a list can be sorted by. An order that was never updated comes before all that were."""

_NUMBERS = frozenset({"integration", "pk"})

_COLUMNS = select(
    orders.c.id,
    orders.c.integration_id,
    orders.c.created_at,
    orders.c.modified_at,
    orders.c.revision,
    orders.c.body,
).where(orders.c.account_id == bindparam("account_id"))
_BY_ID = _COLUMNS.where(orders.c.id == bindparam("id"))
# With the sum no index on accounts is of use: SQLite would take one, and read all that the account has ever sold.
_BY_IDS = select(*_COLUMNS.selected_columns).where(
    orders.c.account_id + 0 == bindparam("account_id"), orders.c.id.in_(bindparam("ids", expanding=True))
)
_ANY_BY_ORDER_ID = _COLUMNS.where(orders.c.order_id_key == bindparam("key")).order_by(orders.c.id)
_ANY_BY_ORDER_NUMBER = _COLUMNS.where(orders.c.order_number_key == bindparam("key")).order_by(orders.c.id)
# Without the sum SQLite may walk through all orders of the shop, for the sake of their sequence.
_BY_ORDER_ID = _COLUMNS.where(
    orders.c.integration_id + 0 == bindparam("integration_id"), orders.c.order_id_key == bindparam("key")
).order_by(orders.c.id)
_BY_ORDER_NUMBER = _COLUMNS.where(
    orders.c.integration_id + 0 == bindparam("integration_id"), orders.c.order_number_key == bindparam("key")
).order_by(orders.c.id)

_FROM_DOCUMENT = (
    "order_number",
    "order_number_key",
    "status_key",
    "order_created_at",
    "order_updated_at",
    "body",
)
_ADD = insert_or(orders)
_DIFFERS = orders.c.body != _ADD.excluded.body
_ADD_OR_UPDATE = _ADD.on_conflict_do_update(
    index_elements=[orders.c.account_id, orders.c.integration_id, orders.c.order_id],
    set_={
        **{name: _ADD.excluded[name] for name in (*_FROM_DOCUMENT, "warnings")},
        "modified_at": case((_DIFFERS, _ADD.excluded.modified_at), else_=orders.c.modified_at),
        "revision": orders.c.revision + case((_DIFFERS, 1), else_=0),
    },
).returning(orders.c.id)
_UPDATE = update(orders).where(
    orders.c.account_id == bindparam("of_account"),
    orders.c.id == bindparam("of_id"),
    orders.c.revision == bindparam("of_revision"),
)
_REMOVE = delete(orders).where(orders.c.account_id == bindparam("account_id"), orders.c.id == bindparam("id"))

_WARNINGS = select(orders.c.warnings).where(
    orders.c.account_id == bindparam("account_id"), orders.c.id == bindparam("id")
)

_encode_warnings = msgspec.json.encode
_read_warnings = msgspec.json.Decoder(list[OrderWarning]).decode
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def find_orders(transaction: Connection, account_id: int, order_pks: Sequence[int]) -> list[Order]:
    """The account's orders with these ids of ours, in any sequence, as far as they are there."""
    return [_order(row) for row in transaction.execute(_BY_IDS, {"account_id": account_id, "ids": order_pks})]


def find_any_by_order_id(transaction: Connection, account_id: int, order_id: str) -> list[Order]:
    """The account's orders that any shop has given this id, whatever its letter case."""
    return [
        _order(row) for row in transaction.execute(_ANY_BY_ORDER_ID, {"account_id": account_id, "key": _key(order_id)})
    ]


def find_any_by_order_number(transaction: Connection, account_id: int, order_number: str) -> list[Order]:
    """The account's orders that any shop has given this number, whatever its letter case, oldest first."""
    values = {"account_id": account_id, "key": _key(order_number)}
    return [_order(row) for row in transaction.execute(_ANY_BY_ORDER_NUMBER, values)]


def find_order(transaction: Connection, account_id: int, order_pk: int) -> Order | None:
    """The account's order with this id of ours."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "id": order_pk}).one_or_none()
    return None if row is None else _order(row)


def get_order(transaction: Connection, account_id: int, order_pk: int) -> Order:
    """The account's order with this id of ours, which must exist."""
    order = find_order(transaction, account_id, order_pk)
    if order is None:
        raise _not_found()
    return order


def list_warnings(transaction: Connection, account_id: int, order_pk: int) -> list[OrderWarning]:
    """What somebody should look at before this order is shipped, as it was found when the order was last written."""
    warnings = transaction.execute(_WARNINGS, {"account_id": account_id, "id": order_pk}).scalar_one_or_none()
    if warnings is None:
        raise _not_found()
    return _read_warnings(warnings)


def find_by_order_id(transaction: Connection, account_id: int, integration_id: int, order_id: str) -> list[Order]:
    """The orders with this id of the shop's: the one with exactly this id, else those that differ in case only."""
    found = _find(transaction, _BY_ORDER_ID, account_id, integration_id, order_id)
    return [order for order in found if order.order_id == order_id] or found


def find_by_order_number(
    transaction: Connection, account_id: int, integration_id: int, order_number: str
) -> list[Order]:
    """The orders with this number, oldest first: those with exactly this one, else those that differ in case only."""
    found = _find(transaction, _BY_ORDER_NUMBER, account_id, integration_id, order_number)
    return [order for order in found if order.order_number == order_number] or found


def add_or_update_order(
    transaction: Connection,
    account_id: int,
    fresh_id: int,
    document: Document,
    now: datetime,
    *,
    warnings: Sequence[OrderWarning] = (),
) -> int:
    """Stores an order under its integration and `order_id`, with what somebody should look at, and gives our id of it.

    An order that is there already keeps its id and takes on the new document; one that is new gets `fresh_id`.
    """
    values = {
        "id": fresh_id,
        "account_id": account_id,
        "created_at": timestamp(now),
        "modified_at": timestamp(now),
        "revision": 1,
        "warnings": _encode_warnings(warnings).decode(),
        **_values(document),
    }
    order_pk: int = transaction.execute(_ADD_OR_UPDATE, values).scalar_one()
    _keep_true(transaction, account_id, order_pk, document, warnings)
    return order_pk


def update_order(
    transaction: Connection,
    account_id: int,
    order: Order,
    document: Document,
    now: datetime,
    *,
    warnings: Sequence[OrderWarning] = (),
) -> bool:
    """Gives an order another document, if it still has the revision that was read; says whether it had.

    The same document is no change, for which the order may be as it likes.
    """
    values = _values(document)
    if values["body"] == _encode(order.document):
        return True
    where = {"of_account": account_id, "of_id": order.id, "of_revision": order.revision}
    ours = {"modified_at": timestamp(now), "revision": order.revision + 1}
    changes = {**values, **ours, "warnings": _encode_warnings(warnings).decode()}
    if transaction.execute(_UPDATE, {**where, **changes}).rowcount == 0:
        return False
    _keep_true(transaction, account_id, order.id, document, warnings)
    return True


def _keep_true(
    transaction: Connection, account_id: int, order_pk: int, document: Document, warnings: Sequence[OrderWarning]
) -> None:
    """What is kept of an order beside it: where it stands, and what it is found by. Both go with it."""
    keep_in_inbox(transaction, account_id, order_pk, document, has_warnings=bool(warnings))
    keep_terms(transaction, account_id, order_pk, document)


def remove_order(transaction: Connection, account_id: int, order_pk: int) -> None:
    """Removes an order, which must exist. Its shipments stay."""
    if transaction.execute(_REMOVE, {"account_id": account_id, "id": order_pk}).rowcount == 0:
        raise _not_found()


def sorting(wanted: Iterable[Sort]) -> tuple[Sort, ...]:
    """A sequence in which no two orders are equal: repeated keys are dropped, and our id decides ties.

    Nothing wanted means newest first. Ties go the way of the last key, so that an index can serve both.
    """
    chosen: dict[str, Sort] = {}
    for sort in wanted:
        chosen.setdefault(sort.key, sort)
    keys = list(chosen.values()) or [Sort("pk", descending=True)]
    chosen.setdefault("pk", Sort("pk", keys[-1].descending))
    keys = list(chosen.values())
    return tuple(keys[: keys.index(chosen["pk"]) + 1])


def read_position(sort: Sequence[Sort], texts: Sequence[str]) -> Position:
    """The position that was printed as these texts; Invalid when it cannot be one in a list sorted like this."""
    if len(texts) != len(sort):
        raise Invalid(f"A position in this list has {len(sort)} parts, not {len(texts)}.", field="position")
    return tuple(_number(text) if key.key in _NUMBERS else text for key, text in zip(sort, texts, strict=True))


def list_orders(transaction: Connection, account_id: int, filters: Filters, page: Page) -> Listed:
    """One page of the account's orders that pass the filters."""
    columns = [SORT_KEYS[sort.key] for sort in page.sort]
    statement = _COLUMNS.add_columns(*(column.label(f"key_{place}") for place, column in enumerate(columns)))
    statement = statement.where(*_conditions(filters))
    if page.position is not None:
        statement = statement.where(_beyond(page.sort, page.position, backwards=page.backwards))
    statement = statement.order_by(
        *(
            column.desc() if sort.descending is not page.backwards else column.asc()
            for column, sort in zip(columns, page.sort, strict=True)
        )
    )
    statement = statement.limit(page.size + 1).offset(page.skip)
    with transaction.execute(statement, {"account_id": account_id}) as rows:
        shown, positions, further = _fill(page.size, len(columns), rows)
    passed = page.position is not None or page.skip > 0
    if page.backwards:
        return Listed(shown[::-1], positions[::-1], more_before=further, more_behind=passed)
    return Listed(shown, positions, more_before=passed, more_behind=further)


def _fill(size: int, keys: int, rows: Iterable[Any]) -> tuple[list[OrderText], list[Position], bool]:
    """What one page takes of the rows, the positions of that, and whether some are left over."""
    shown: list[OrderText] = []
    positions: list[Position] = []
    room = LARGEST_PAGE_BYTES
    for row in rows:
        order = _order_text(row)
        room -= len(order.document)
        if shown and (len(shown) == size or room < 0):
            return shown, positions, True
        shown.append(order)
        positions.append(tuple(row[-keys:]))
    return shown, positions, False


def _beyond(sort: Sequence[Sort], position: Position, *, backwards: bool) -> ColumnElement[bool]:
    """Whether an order lies behind the position, or backwards before it; the first key alone bounds an index."""
    (first, *others), (value, *values) = sort, position
    column = SORT_KEYS[first.key]
    smaller = first.descending is not backwards
    beyond = column < value if smaller else column > value
    if not others:
        return beyond
    at_least = column <= value if smaller else column >= value
    return and_(at_least, or_(beyond, _beyond(others, tuple(values), backwards=backwards)))


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.integration_ids is not None:
        conditions.append(orders.c.integration_id.in_(filters.integration_ids))
    texts = {
        orders.c.order_number_key: filters.order_number,
        orders.c.order_id_key: filters.order_id,
        orders.c.status_key: filters.status,
    }
    conditions += [column == _key(text) for column, text in texts.items() if text is not None]
    starts = {orders.c.order_created_at: filters.created_from, orders.c.order_updated_at: filters.updated_from}
    conditions += [column >= f"{day}T00:00:00.000000+00:00" for column, day in starts.items() if day is not None]
    ends = {orders.c.order_created_at: filters.created_to, orders.c.order_updated_at: filters.updated_to}
    conditions += [column <= f"{day}T23:59:59.999999+00:00" for column, day in ends.items() if day is not None]
    return conditions


def _find(transaction: Connection, statement: Any, account_id: int, integration_id: int, text: str) -> list[Order]:
    values = {"account_id": account_id, "integration_id": integration_id, "key": _key(text)}
    return [_order(row) for row in transaction.execute(statement, values)]


def _order(row: Any) -> Order:
    return Order(
        id=row.id,
        integration_id=row.integration_id,
        created_at=datetime.fromisoformat(row.created_at),
        modified_at=datetime.fromisoformat(row.modified_at),
        revision=row.revision,
        document=_decoder.decode(row.body),
    )


def _order_text(row: Any) -> OrderText:
    return OrderText(
        id=row.id,
        created_at=datetime.fromisoformat(row.created_at),
        modified_at=datetime.fromisoformat(row.modified_at),
        document=row.body.encode(),
    )


def _values(document: Document) -> dict[str, Any]:
    details = document["order_details"]
    return {
        "integration_id": details["integration"]["id"],
        "order_id": document["order_id"],
        "order_number": document["order_number"],
        "order_id_key": _key(document["order_id"]),
        "order_number_key": _key(document["order_number"]),
        "status_key": _key(details["status"]["code"]),
        "order_created_at": details["order_created_at"],
        "order_updated_at": details.get("order_updated_at"),
        "body": _encode(document),
    }


def _encode(document: Document) -> str:
    return _encoder.encode(document).decode()


def _key(text: str) -> str:
    return text.lower()


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) <= LARGEST_NUMBER):
        raise Invalid(f"{text[:20]!r} is not a whole number.", field="position")
    return int(text)


def _not_found() -> NotFound:
    return NotFound("The order could not be found with the search criteria given")
