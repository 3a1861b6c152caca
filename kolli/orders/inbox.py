"""The inbox: where each order stands, kept true beside the orders, and lists and counts of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal,
    select,
    true,
    union_all,
)

from kolli.database import insert_or
from kolli.orders.model import Document
from kolli.orders.terms import Found, search
from kolli.schema import inbox
from kolli.standing import Standing, standing_of
from kolli.values import timestamp

LARGEST_PAGE = 200
"""Orders on one page at most."""

LOOKED_AT = 10_000
LOOKED_AT_IN_SEARCH = 1_000
"""The newest orders of each state that are looked at to count those that pass; the second for vague searches."""


@dataclass(frozen=True)
class InboxFilters:
    """Which orders of the inbox are wanted; what is empty or None wants all. Both days belong to the span, in UTC."""

    states: frozenset[Standing] = frozenset()
    with_warnings: bool = False
    integration_id: int | None = None
    country_code: str = ""
    status: str = ""  # the shop's word, without regard to case
    created_from: date | None = None
    created_to: date | None = None
    text: str = ""  # what is looked for


@dataclass(frozen=True)
class InboxPage:
    """Which part of the list is wanted: at most `size` orders behind the order `position`, or, backwards, before it.

    No position is the beginning, or backwards the end.
    """

    size: int = 50
    position: int | None = None
    backwards: bool = False


@dataclass(frozen=True)
class InboxRow:
    """Where one order stands. The order itself is read with `find_orders`."""

    order_pk: int
    state: Standing
    has_warnings: bool


@dataclass(frozen=True)
class InboxListed:
    """One page of the inbox, newest first, and whether more lies on either side."""

    rows: list[InboxRow]
    more_before: bool
    more_behind: bool


@dataclass(frozen=True)
class Count:
    """How many there are; with `is_more`, more than that."""

    number: int
    is_more: bool = False

    def __str__(self) -> str:
        return f"{self.number:,}+" if self.is_more else f"{self.number:,}"


_PUT = insert_or(inbox).values(
    order_id=bindparam("order_id"),
    account_id=bindparam("account_id"),
    state=standing_of(bindparam("account_id"), bindparam("of_key")),
    integration_id=bindparam("integration_id"),
    country_code=bindparam("country_code"),
    has_warnings=bindparam("has_warnings"),
    status_key=bindparam("status_key"),
    order_created_at=bindparam("order_created_at"),
)
_KEEP = _PUT.on_conflict_do_update(
    index_elements=[inbox.c.order_id],
    set_={name: _PUT.excluded[name] for name in ("country_code", "has_warnings", "status_key", "order_created_at")},
)
_STATE = select(inbox.c.state).where(
    inbox.c.account_id + 0 == bindparam("account_id"), inbox.c.order_id == bindparam("order_id")
)
_ROWS = select(inbox.c.order_id, inbox.c.state, inbox.c.has_warnings)
_ROWS_OF = _ROWS.where(
    inbox.c.account_id + 0 == bindparam("account_id"), inbox.c.order_id.in_(bindparam("ids", expanding=True))
)


def keep_in_inbox(
    transaction: Connection, account_id: int, order_pk: int, document: Document, *, has_warnings: bool
) -> None:
    """Keeps the row of an order that was stored or changed. Where it stands is worked out when the row is new."""
    details = document["order_details"]
    integration_id = details["integration"]["id"]
    row = {
        "order_id": order_pk,
        "account_id": account_id,
        "of_key": f"{integration_id} {document['order_id']}",
        "integration_id": integration_id,
        "country_code": (document.get("shipping_address") or {}).get("country_code") or "",
        "has_warnings": has_warnings,
        "status_key": details["status"]["code"].lower(),
        "order_created_at": details["order_created_at"],
    }
    transaction.execute(_KEEP, row)


def find_standing(transaction: Connection, account_id: int, order_pk: int) -> Standing | None:
    """Where an order of the account stands; None when it has no such order."""
    state = transaction.execute(_STATE, {"account_id": account_id, "order_id": order_pk}).scalar_one_or_none()
    return None if state is None else Standing(state)


def find_rows(transaction: Connection, account_id: int, order_pks: Sequence[int]) -> dict[int, InboxRow]:
    """The rows of these orders of the account, by the order, as far as they are there."""
    found = transaction.execute(_ROWS_OF, {"account_id": account_id, "ids": list(order_pks)})
    return {row.order_id: _row(row) for row in found}


def list_inbox(transaction: Connection, account_id: int, filters: InboxFilters, page: InboxPage) -> InboxListed:
    """One page of the account's orders that pass the filters, newest first."""
    return _listed(transaction, account_id, filters, page, search(transaction, account_id, filters.text))


def count_inbox(transaction: Connection, account_id: int, filters: InboxFilters) -> Mapping[Standing, Count]:
    """How many orders of each state pass the filters, whatever states these want.

    Only so many are looked at, see LOOKED_AT: the figures are then told as that many and more.
    """
    return _counted(transaction, account_id, filters, search(transaction, account_id, filters.text))


def read_inbox(
    transaction: Connection, account_id: int, filters: InboxFilters, page: InboxPage
) -> tuple[InboxListed, Mapping[Standing, Count]]:
    """What `list_inbox` and `count_inbox` give, with one search for both."""
    found = search(transaction, account_id, filters.text)
    return _listed(transaction, account_id, filters, page, found), _counted(transaction, account_id, filters, found)


def all_ids(transaction: Connection, account_id: int, filters: InboxFilters, most: int) -> list[int]:
    """Our ids of the orders that pass the filters, newest first, at most so many."""
    found = search(transaction, account_id, filters.text)
    statement = _first(account_id, filters, found, InboxPage(), most)
    return [row.order_id for row in transaction.execute(statement)]


def _listed(
    transaction: Connection, account_id: int, filters: InboxFilters, page: InboxPage, found: Found | None
) -> InboxListed:
    size = max(1, min(page.size, LARGEST_PAGE))
    rows = [_row(row) for row in transaction.execute(_first(account_id, filters, found, page, size + 1))]
    shown, further, passed = rows[:size], len(rows) > size, page.position is not None
    if page.backwards:
        return InboxListed(shown[::-1], more_before=further, more_behind=passed)
    return InboxListed(shown, more_before=passed, more_behind=further)


def _counted(
    transaction: Connection, account_id: int, filters: InboxFilters, found: Found | None
) -> dict[Standing, Count]:
    conditions = [*_conditions(filters), *(found.conditions if found else ())]
    of_account = inbox.c.account_id == account_id
    counted = dict.fromkeys(Standing, Count(0))
    if found is not None and not found.is_vague:
        of_account = inbox.c.account_id + 0 == account_id
        grouped = select(inbox.c.state, func.count().label("found")).where(of_account, *conditions)
        for row in transaction.execute(grouped.group_by(inbox.c.state)):
            counted[Standing(row.state)] = Count(row.found)
        return counted
    most = LOOKED_AT if not found else LOOKED_AT_IN_SEARCH
    for row in transaction.execute(union_all(*(_count_of(state, of_account, conditions, most) for state in Standing))):
        counted[Standing(row.state)] = Count(row.found or 0, is_more=row.seen > most)
    return counted


def _count_of(
    state: Standing, of_account: ColumnElement[bool], conditions: Sequence[ColumnElement[bool]], most: int
) -> Select[*tuple[Any, ...]]:
    """How many of the newest orders of a state pass, and how many were looked at."""
    passes = and_(true(), *conditions)
    newest = (
        select(case((passes, 1), else_=0).label("passes"))
        .where(of_account, inbox.c.state == state)
        .order_by(inbox.c.order_id.desc())
        .limit(most + 1)
        .subquery()
    )
    return select(
        literal(state.value).label("state"), func.sum(newest.c.passes).label("found"), func.count().label("seen")
    ).select_from(newest)


def _first(account_id: int, filters: InboxFilters, found: Found | None, page: InboxPage, most: int) -> Any:
    """The first rows that pass, in the direction of the page.

    What was searched for leads to the rows by itself. Else each state is read for itself, in the order of the index, so
    that a page reads no more than it shows where most orders pass.
    """
    conditions = _conditions(filters)
    if page.position is not None:
        beyond = inbox.c.order_id > page.position if page.backwards else inbox.c.order_id < page.position
        conditions.append(beyond)
    states = sorted(filters.states) or list(Standing)
    if found is not None and not found.is_vague:
        conditions += [inbox.c.account_id + 0 == account_id, inbox.c.state.in_(states), *found.conditions]
        return _sorted(_ROWS.where(*conditions), inbox.c.order_id, page, most)
    conditions += [inbox.c.account_id == account_id, *(found.conditions if found else ())]
    parts = [
        _sorted(_ROWS.where(*conditions, inbox.c.state == state), inbox.c.order_id, page, most) for state in states
    ]
    if len(parts) == 1:
        return parts[0]
    together = union_all(*(select(part.subquery()) for part in parts)).subquery()
    return _sorted(select(together), together.c.order_id, page, most)


def _sorted(statement: Select[Any], column: ColumnElement[int], page: InboxPage, most: int) -> Select[Any]:
    return statement.order_by(column.asc() if page.backwards else column.desc()).limit(most)


def _conditions(filters: InboxFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.with_warnings:
        conditions.append(inbox.c.has_warnings)
    if filters.integration_id is not None:
        conditions.append(inbox.c.integration_id == filters.integration_id)
    if filters.country_code:
        conditions.append(inbox.c.country_code == filters.country_code.upper())
    if filters.status:
        conditions.append(inbox.c.status_key == filters.status.lower())
    if filters.created_from is not None:
        conditions.append(inbox.c.order_created_at >= _moment(filters.created_from, time.min))
    if filters.created_to is not None:
        conditions.append(inbox.c.order_created_at <= _moment(filters.created_to, time.max))
    return conditions


def _moment(day: date, at: time) -> str:
    return timestamp(datetime.combine(day, at, UTC))


def _row(row: Any) -> InboxRow:
    return InboxRow(row.order_id, Standing(row.state), row.has_warnings)
