"""Saved views: filters of the inbox that somebody has given a name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from kolli.database import insert_or
from kolli.errors import Invalid, NotFound
from kolli.schema import saved_views
from kolli.values import timestamp

LONGEST_NAME = 60
MOST_VIEWS = 100
"""Views of one account."""


@dataclass(frozen=True)
class SavedView:
    """One view. `query` are the parameters of the inbox's address that make it, such as `state` and `country`."""

    id: int
    name: str
    query: Mapping[str, str]


_COLUMNS = select(saved_views.c.id, saved_views.c.name, saved_views.c.body).where(
    saved_views.c.account_id == bindparam("account_id")
)
_LIST = _COLUMNS.order_by(saved_views.c.name, saved_views.c.id)
_ADD = insert_or(saved_views)
_ADD_OR_UPDATE = _ADD.on_conflict_do_update(
    index_elements=[saved_views.c.account_id, saved_views.c.name], set_={"body": _ADD.excluded.body}
).returning(saved_views.c.id)
_REMOVE = delete(saved_views).where(
    saved_views.c.account_id == bindparam("account_id"), saved_views.c.id == bindparam("view")
)

_read = msgspec.json.Decoder(dict[str, str]).decode


def list_views(transaction: Connection, account_id: int) -> list[SavedView]:
    """The account's views, by their names."""
    rows = transaction.execute(_LIST, {"account_id": account_id})
    return [SavedView(row.id, row.name, _read(row.body)) for row in rows]


def save_view(  # noqa: PLR0917 - all of what makes a view
    transaction: Connection, account_id: int, fresh_id: int, name: str, query: Mapping[str, str], now: datetime
) -> int:
    """Keeps filters under a name, in the place of those that had it, and gives the view's id.

    Invalid, with the field `name`, when the name is empty or too long, or there are too many views.
    """
    title = " ".join(name.split())
    if not title:
        raise Invalid("A view needs a name.", field="name")
    if len(title) > LONGEST_NAME:
        raise Invalid(f"The name has {len(title)} characters; at most {LONGEST_NAME} are kept.", field="name")
    known = list_views(transaction, account_id)
    if len(known) >= MOST_VIEWS and title not in {view.name for view in known}:
        raise Invalid(f"There are {MOST_VIEWS} views already. Remove one first.", field="name")
    row = {
        "id": fresh_id,
        "account_id": account_id,
        "name": title,
        "body": msgspec.json.encode(dict(query)).decode(),
        "created_at": timestamp(now),
    }
    view_id: int = transaction.execute(_ADD_OR_UPDATE, row).scalar_one()
    return view_id


def remove_view(transaction: Connection, account_id: int, view_id: int) -> None:
    """Removes a view, which must exist."""
    if transaction.execute(_REMOVE, {"account_id": account_id, "view": view_id}).rowcount == 0:
        raise NotFound("There is no such view. Somebody may have removed it.")
