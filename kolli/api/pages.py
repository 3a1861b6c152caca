"""Long lists, page by page: a cursor says where a page begins, the `Link` header where the next and previous ones do.

A cursor is base64 of a query string with `o` (how many to pass over), `r` (1: backwards) and `p` (the position the page
begins behind): `r=1&p=300` is `cj0xJnA9MzAw`. A list that is sorted by several keys writes one `p` for each. Source:
the API's pagination page and its list endpoints (2026-07).
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import QueryParams

from kolli.api.endpoint import Parameter
from kolli.api.errors import Rejected, Wire, problem

INVALID_CURSOR = Wire(404, "not_found", "Invalid cursor")

LONGEST_OFFSET = 1_000
"""How many entries a cursor can pass over; more would make us read what nobody sees."""

CURSOR = Parameter("cursor", "Where the page begins, as a `Link` header has it.")


def page_size(usual: int, largest: int) -> Parameter:
    """How many entries a page has, as the description of a list has it."""
    sentence = f"Entries on a page: {usual} unless told. What is below 1 or above {largest} becomes that."
    return Parameter("page_size", sentence, {"type": "integer", "minimum": 1, "maximum": largest, "default": usual})


@dataclass(frozen=True)
class Cursor:
    """Where a page begins. An empty position is the beginning of the list, or backwards its end."""

    position: tuple[str, ...] = ()
    backwards: bool = False
    offset: int = 0

    @classmethod
    def parse(cls, text: str | None) -> "Cursor":
        """Reads what a caller sent as `cursor`; nothing is the first page, and nonsense is Rejected."""
        if not text:
            return cls()
        try:
            members = parse_qsl(_decoded(text), keep_blank_values=True, strict_parsing=True)
            single = {name: value for name, value in members if name != "p"}
            position = tuple(value for name, value in members if name == "p")
            if not single.keys() <= {"o", "r"} or len(members) - len(position) != len(single):
                raise invalid_cursor()
            return cls(position, _flag(single.get("r", "0")), _offset(single.get("o", "0")))
        except ValueError:  # not base64, not UTF-8, not a query string, not a number
            raise invalid_cursor() from None

    def __str__(self) -> str:
        members = [
            *([("o", str(self.offset))] if self.offset else []),
            *([("r", "1")] if self.backwards else []),
            *(("p", value) for value in self.position),
        ]
        return b64encode(urlencode(members).encode()).decode()


def invalid_cursor() -> Rejected:
    """What a caller gets for a cursor that leads nowhere."""
    return Rejected(404, [problem(INVALID_CURSOR, "Invalid cursor")])


def read_page_size(text: str | None, *, usual: int, largest: int) -> int:
    """How many entries a caller wants on a page: at least one, at most `largest`; `usual` where it is no number."""
    try:
        return max(1, min(int(text or ""), largest))
    except ValueError:
        return usual


def neighbours(
    positions: Sequence[Sequence[object]], *, more_before: bool, more_behind: bool
) -> tuple[Cursor | None, Cursor | None]:
    """The cursors of the previous and the next page, where there is one, of a page with these positions."""
    if not positions:  # everything there is lies on one side, so its page is the last or the first one
        return (Cursor(backwards=True) if more_before else None, Cursor() if more_behind else None)
    first, last = (tuple(str(value) for value in positions[place]) for place in (0, -1))
    return (Cursor(first, backwards=True) if more_before else None, Cursor(last) if more_behind else None)


def link_header(url: str, query: QueryParams, previous: Cursor | None, following: Cursor | None) -> Mapping[str, str]:
    """`Link: <URL>; rel="next", <URL>; rel="prev"`, keeping every other parameter; empty when there is neither."""
    others = [(name, value) for name, value in query.multi_items() if name != "cursor"]
    links = [
        f'<{url}?{urlencode([*others, ("cursor", str(cursor))])}>; rel="{relation}"'
        for relation, cursor in (("next", following), ("prev", previous))
        if cursor is not None
    ]
    return {"Link": ", ".join(links)} if links else {}


def _decoded(text: str) -> str:
    # A plus sign that was not percent-encoded arrives as a space; padding may be missing.
    symbols = text.replace(" ", "-").replace("+", "-").replace("/", "_").rstrip("=")
    return b64decode(symbols + "=" * (-len(symbols) % 4), altchars=b"-_", validate=True).decode()


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise invalid_cursor()
    return text == "1"


def _offset(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise invalid_cursor()
    return min(int(text), LONGEST_OFFSET)
