"""Lists of shipments: which belong on a page, newest first, and what a page holds.

A page is found in an index, without reading shipments, whatever it is filtered by; a test looks at the query plans.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, exists, or_, select

from kolli.schema import parcels, shipments
from kolli.shipments.attempts import Attempt, get_attempts
from kolli.shipments.model import ParcelStatus, Shipment
from kolli.shipments.queries import get_shipments
from kolli.values import timestamp

LARGEST_PAGE_BYTES = 8 * 1024 * 1024
"""Drafts on one page of a list. A page that would hold more ends early; it has one shipment at least."""

Position = tuple[str, str]
"""Where a shipment stands in the list: when it was made, and its id."""


@dataclass(frozen=True)
class Filters:
    """Which shipments a list holds: those that pass all that is not None. One parcel must pass all about parcels.

    Order numbers and tracking numbers are compared without regard to case; the ends of a time span are no part of it.
    """

    parcel_status: ParcelStatus | None = None
    tracking_number: str | None = None
    external_reference_id: str | None = None
    order_number: str | None = None
    integration_id: int | None = None
    updated_before: datetime | None = None
    updated_after: datetime | None = None
    announced_before: datetime | None = None
    announced_after: datetime | None = None
    parcel_ids: tuple[int, ...] | None = None
    shipment_ids: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted: at most `size` shipments behind `position`, or, backwards, those before it.

    No position is the beginning, or backwards the end. `skip` more are passed over.
    """

    size: int
    position: Position | None = None
    backwards: bool = False
    skip: int = 0


@dataclass(frozen=True)
class Listed:
    """One page of shipments with their attempts, the position of each, and whether more lie on either side."""

    shipments: list[tuple[Shipment, Attempt]]
    positions: list[Position]
    more_before: bool
    more_behind: bool


def list_shipments(transaction: Connection, account_id: int, filters: Filters, page: Page) -> Listed:
    """One page of the account's shipments that pass the filters, newest first."""
    keys = [
        (row.created_at, row.id)
        for row in transaction.execute(page_statement(filters, page), {"account_id": account_id})
    ]
    wanted = [shipment_id for _, shipment_id in keys[: page.size]]
    found = get_shipments(transaction, account_id, wanted, LARGEST_PAGE_BYTES)
    of_shipments = get_attempts(transaction, account_id, [shipment.id for shipment in found])
    shown = [(shipment, of_shipments[shipment.id]) for shipment in found]
    positions = keys[: len(found)]
    further, passed = len(keys) > len(found), page.position is not None or page.skip > 0
    if page.backwards:
        return Listed(shown[::-1], positions[::-1], more_before=further, more_behind=passed)
    return Listed(shown, positions, more_before=passed, more_behind=further)


def page_statement(filters: Filters, page: Page) -> Select[Any]:
    """What finds the positions on a page, and one more to see whether it is the last."""
    of_parcels = _conditions_on_parcels(filters)
    few = _conditions_for_few(filters)
    if few:
        if of_parcels:
            few.append(exists().where(parcels.c.shipment_id == shipments.c.id, *of_parcels))
        if filters.integration_id is not None:
            few.append(shipments.c.integration_id == filters.integration_id)
        statement = select(shipments.c.created_at, shipments.c.id).where(*few)
        return _paged(statement, shipments.c.created_at, shipments.c.id, page)
    table = parcels if of_parcels else shipments
    identity = parcels.c.shipment_id if of_parcels else shipments.c.id
    statement = select(table.c.created_at, identity.label("id")).where(
        table.c.account_id == bindparam("account_id"), *of_parcels
    )
    if filters.integration_id is not None:
        statement = statement.where(table.c.integration_id == filters.integration_id)
    if of_parcels:
        statement = statement.distinct()
    return _paged(statement, table.c.created_at, identity, page)


def _conditions_for_few(filters: Filters) -> list[ColumnElement[bool]]:
    """Conditions that few shipments of an account can meet, so that each can be looked at; none without a filter."""
    conditions: list[ColumnElement[bool]] = []
    if filters.shipment_ids is not None:
        conditions.append(shipments.c.id.in_(filters.shipment_ids))
    if filters.parcel_ids is not None:
        of_ids = select(parcels.c.shipment_id).where(parcels.c.id.in_(filters.parcel_ids))
        conditions.append(shipments.c.id.in_(of_ids))
    if filters.tracking_number is not None:
        of_number = select(parcels.c.shipment_id).where(
            parcels.c.tracking_key == filters.tracking_number.lower(), parcels.c.announced_at.is_not(None)
        )
        conditions.append(shipments.c.id.in_(of_number))
    # With the sum no index on accounts is of use: SQLite would take one, and read all that the account has shipped.
    account = shipments.c.account_id + 0 if conditions else shipments.c.account_id
    if filters.order_number is not None:
        conditions.append(shipments.c.order_number_key == filters.order_number.lower())
    if filters.external_reference_id is not None:
        conditions.append(shipments.c.external_reference_id == filters.external_reference_id)
    return [account == bindparam("account_id"), *conditions] if conditions else []


def _conditions_on_parcels(filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.parcel_status is not None:
        conditions.append(parcels.c.status == filters.parcel_status)
    for column, before, after in (
        (parcels.c.updated_at, filters.updated_before, filters.updated_after),
        (parcels.c.announced_at, filters.announced_before, filters.announced_after),
    ):
        if before is not None:
            conditions.append(column < timestamp(before))
        if after is not None:
            conditions.append(column > timestamp(after))
    return conditions


def _paged(
    statement: Select[Any], created_at: ColumnElement[str], identity: ColumnElement[str], page: Page
) -> Select[Any]:
    if page.position is not None:
        time, shipment_id = page.position
        if page.backwards:
            beyond = or_(created_at > time, identity > shipment_id)
            statement = statement.where(and_(created_at >= time, beyond))
        else:
            beyond = or_(created_at < time, identity < shipment_id)
            statement = statement.where(and_(created_at <= time, beyond))
    order = (created_at, identity) if page.backwards else (created_at.desc(), identity.desc())
    return statement.order_by(*order).limit(page.size + 1).offset(page.skip)
