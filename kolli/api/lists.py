"""Lists in the order of ids, on the wire: what the query asks for, and the `Link` header of the answer."""

from collections.abc import Mapping
from typing import Any

from kolli.account.pages import Listed, Page
from kolli.api.endpoint import LARGEST_ID, Request
from kolli.api.pages import CURSOR, Cursor, invalid_cursor, link_header, neighbours, page_size, read_page_size
from kolli.operations.context import Context

LARGEST_PAGE = 100
"""Entries on a page, also where nobody says how many. Source: Brands and Sender addresses, `page_size` (2026-07)."""

PARAMETERS = [page_size(LARGEST_PAGE, LARGEST_PAGE), CURSOR]


def read_page_of_ids(request: Request) -> Page:
    """The page that is asked for; Rejected when the cursor leads nowhere."""
    cursor = Cursor.parse(request.query.get("cursor"))
    return Page(
        size=read_page_size(request.query.get("page_size"), usual=LARGEST_PAGE, largest=LARGEST_PAGE),
        position=_read_id(cursor),
        backwards=cursor.backwards,
        skip=cursor.offset,
    )


def links(path: str, request: Request, context: Context, listed: Listed[Any]) -> Mapping[str, str]:
    """The header that leads to the pages beside this one. `path` is that of the list, below the host."""
    positions = [(record.id,) for record in listed.records]
    before, behind = neighbours(positions, more_before=listed.more_before, more_behind=listed.more_behind)
    return link_header(context.installation.public_url + path, request.query, before, behind)


def _read_id(cursor: Cursor) -> int | None:
    match cursor.position:
        case ():
            return None
        case (text,) if text.isascii() and text.isdigit() and len(text) < 20:
            return min(int(text), LARGEST_ID)
    raise invalid_cursor()
