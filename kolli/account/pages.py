"""Pages of what an account has in small numbers: sender addresses, brands, contracts; oldest first, by their ids."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import Connection, Select


class Numbered(Protocol):
    """What has an id."""

    @property
    def id(self) -> int:
        """The number it is known by, within its account and outside."""


Record = TypeVar("Record", bound=Numbered)


@dataclass(frozen=True)
class Page:
    """Which part of a list is wanted: at most `size` records behind `position`, or, backwards, those before it.

    A position is an id. None is the beginning, or backwards the end. `skip` more are passed over.
    """

    size: int
    position: int | None = None
    backwards: bool = False
    skip: int = 0


@dataclass(frozen=True)
class Listed(Generic[Record]):
    """One page, and whether there is more on either side of it."""

    records: list[Record]
    more_before: bool
    more_behind: bool


def everything(_: object) -> bool:
    """Passes each record."""
    return True


def read_page(
    transaction: Connection,
    account_id: int,
    statement: Select[*tuple[Any, ...]],
    page: Page,
    record: Callable[[Any], Record],
    *,
    passes: Callable[[Record], bool] = everything,
) -> Listed[Record]:
    """One page of the account's rows of a statement, as records, without those that do not pass.

    The statement selects an `id`, and binds `account_id`. Rows are read one by one until the page is full, as a filter
    may look at what stands in a record's JSON.
    """
    ids = statement.selected_columns.id
    if page.position is not None:
        statement = statement.where(ids < page.position if page.backwards else ids > page.position)
    statement = statement.order_by(ids.desc() if page.backwards else ids)
    with transaction.execute(statement, {"account_id": account_id}) as rows:
        found, further = _fill(page, (one for row in rows if passes(one := record(row))))
    passed = page.position is not None or page.skip > 0
    if page.backwards:
        return Listed(found[::-1], more_before=further, more_behind=passed)
    return Listed(found, more_before=passed, more_behind=further)


def _fill(page: Page, records: Iterable[Record]) -> tuple[list[Record], bool]:
    """What a page takes of the records, and whether some are left over."""
    found: list[Record] = []
    for count, record in enumerate(records):
        if len(found) == page.size:
            return found, True
        if count >= page.skip:
            found.append(record)
    return found, False
