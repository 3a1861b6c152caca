"""Lists of an account's parcels, newest first, by whatever they can be looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select, tuple_

from kolli.schema import parcels, shipments
from kolli.shipments.model import ParcelStatus
from kolli.values import timestamp

Position = tuple[str, str, int]
"""Where a parcel stands in the list: when it was made, its shipment's id and its own."""

_PLACE = (parcels.c.created_at, parcels.c.shipment_id, parcels.c.id)


@dataclass(frozen=True)
class ParcelFilters:
    """Which parcels a list holds; all of it has to be true. Numbers are compared in any letter case."""

    status: ParcelStatus | None = None
    updated_after: datetime | None = None
    announced_after: datetime | None = None
    tracking_number: str | None = None
    order_number: str | None = None
    external_reference_id: str | None = None
    ids: frozenset[int] | None = None

    @property
    def few(self) -> list[ColumnElement[bool]]:
        """The conditions that only few parcels meet."""
        wanted: list[tuple[ColumnElement[Any], object]] = [
            (parcels.c.tracking_key, self.tracking_number and self.tracking_number.lower()),
            (shipments.c.order_number_key, self.order_number and self.order_number.lower()),
            (shipments.c.external_reference_id, self.external_reference_id),
        ]
        found = [column == value for column, value in wanted if value is not None]
        return found if self.ids is None else [*found, parcels.c.id.in_(self.ids)]

    @property
    def many(self) -> list[ColumnElement[bool]]:
        """The conditions that many can meet."""
        wanted: list[tuple[ColumnElement[Any], datetime | None]] = [
            (parcels.c.updated_at, self.updated_after),
            (parcels.c.announced_at, self.announced_after),
        ]
        found: list[ColumnElement[bool]] = [] if self.status is None else [parcels.c.status == self.status]
        return found + [column > timestamp(moment) for column, moment in wanted if moment is not None]


@dataclass(frozen=True)
class ParcelPage:
    """Which part of the list is wanted: at most `size` parcels behind `position`, or, backwards, those before it.

    No position is the beginning, or backwards the end. `skip` more are passed over.
    """

    size: int
    position: Position | None = None
    backwards: bool = False
    skip: int = 0


@dataclass(frozen=True)
class ListedParcels:
    """Where the parcels of a page stand, and whether there is more on either side of it."""

    positions: Sequence[Position]
    more_before: bool
    more_behind: bool

    @property
    def ids(self) -> list[int]:
        """The parcels' ids, in the order of the list."""
        return [parcel_id for _, _, parcel_id in self.positions]


def list_parcels(transaction: Connection, account_id: int, filters: ParcelFilters, page: ParcelPage) -> ListedParcels:
    """One page of the account's parcels that pass the filters."""
    wanted = _in_order(_of_account(account_id, filters), page).offset(page.skip).limit(page.size + 1)
    rows: list[Position] = [(row.created_at, row.shipment_id, row.id) for row in transaction.execute(wanted)]
    found, is_more = rows[: page.size], len(rows) > page.size
    passed = page.position is not None or page.skip > 0
    if page.backwards:
        return ListedParcels(found[::-1], more_before=is_more, more_behind=passed)
    return ListedParcels(found, more_before=passed, more_behind=is_more)


def _of_account(account_id: int, filters: ParcelFilters) -> Select[tuple[str, str, int]]:
    """The parcels, read by the index that suits the filters.

    All of an account are read in the order of the list. Where few are looked for, they are found first and sorted then:
    there the account is asked of the shipment, so that the database is not tempted by the order.
    """
    few = filters.few
    listed = select(*_PLACE)
    if few:
        joined = listed.join(shipments, parcels.c.shipment_id == shipments.c.id)
        return joined.where(shipments.c.account_id == account_id, *few, *filters.many)
    return listed.where(parcels.c.account_id == account_id, *filters.many)


def _in_order(wanted: Select[tuple[str, str, int]], page: ParcelPage) -> Select[tuple[str, str, int]]:
    if page.position is not None:
        here, there = tuple_(*_PLACE), tuple_(*page.position)
        wanted = wanted.where(here > there if page.backwards else here < there)
    return wanted.order_by(*(column if page.backwards else column.desc() for column in _PLACE))
