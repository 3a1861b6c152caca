"""The request log: requests as they come in, and each with all that is known about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from sqlalchemy import Connection
from starlette.datastructures import QueryParams
from starlette.responses import Response

from kolli.account.accounts import list_accounts
from kolli.account.request_bodies import Bodies, Said, find_bodies
from kolli.account.requests import KeyState, LoggedRequest, Wanted, find_request, list_requests, list_tries
from kolli.account.users import Right
from kolli.api.description import operation_id
from kolli.api.hints import RETRIED_WITHIN, Call, hints_about
from kolli.errors import NotFound
from kolli.panel.curl import curl
from kolli.panel.developer.detail import LONGEST_SHOWN, detail_of
from kolli.panel.forms import whole_number
from kolli.panel.web import PanelRequest, Route
from kolli.scenarios import SCENARIOS, Row

PATH = "/panel/requests/"

MOST_ROWS = 60
"""Requests on one page of the log; those that come while it is open are added to them."""

MOST_AT_ONCE = 50
"""Requests that are added at a time."""

MOST_TRIES = 5
"""Earlier tries of a request that are looked at."""

MOST_LOOKED_AT = 10_000
"""Requests among which those are looked for that pass a filter: as many as the log usually holds."""

LONGEST_FILTER = 200

KEY_STATES: tuple[KeyState, ...] = tuple(state for state in get_args(KeyState) if state)


@dataclass(frozen=True)
class Filters:
    """What of the log somebody wants to see."""

    failed: bool = False
    tampered: bool = False
    path: str = ""
    key: KeyState = ""

    @property
    def query(self) -> str:
        """The same as the parameters of an address."""
        return urlencode({name: value if isinstance(value, str) else 1 for name, value in vars(self).items() if value})

    def wanted(self, account_id: int, *, after: int = 0, before: int | None = None, with_nobodys: bool) -> Wanted:
        """The same for the log."""
        return Wanted(
            account_id,
            only_failed=self.failed,
            only_tampered=self.tampered,
            after=after,
            before=before,
            within=MOST_LOOKED_AT if self.query else None,
            path=self.path,
            key=self.key,
            with_nobodys=with_nobodys,
        )


def _filters(query: QueryParams) -> Filters:
    key: KeyState = next((state for state in KEY_STATES if state == query.get("key")), "")
    return Filters(bool(query.get("failed")), bool(query.get("tampered")), query.get("path", "")[:LONGEST_FILTER], key)


def show(request: PanelRequest) -> Response:
    """The newest requests, the newest first."""
    filters = _filters(request.query)
    before = whole_number(request.query.get("before", ""))
    with request.context.database.read() as transaction:
        wanted = filters.wanted(request.account_id, before=before, with_nobodys=_is_alone(transaction))
        found = list_requests(transaction, wanted, MOST_ROWS + 1)[::-1]
    return request.page(
        "developer/requests.html",
        section="requests",
        requests=found[:MOST_ROWS],
        filters=filters,
        keys=[("", request._("any or none")), *((state, state) for state in KEY_STATES)],
        older=_address(filters, before=found[MOST_ROWS - 1].id) if len(found) > MOST_ROWS else "",
        newer=_address(filters) if before is not None else "",
        is_kept=request.installation.settings.request_log > 0,
        polls=f"{PATH}rows/?{filters.query}" if before is None else "",
    )


def _is_alone(transaction: Connection) -> bool:
    """Whether there is no other account, so that those with wrong credentials can only have meant this one."""
    return len(list_accounts(transaction)) == 1


def _address(filters: Filters, *, before: int | None = None) -> str:
    parts = filter(None, [filters.query, "" if before is None else f"before={before}"])
    return f"{PATH}?{'&'.join(parts)}"


def show_rows(request: PanelRequest) -> Response:
    """Only what came after a request that is shown already, the newest first: rows of the table."""
    filters = _filters(request.query)
    after = whole_number(request.query.get("after", "")) or 0
    with request.context.database.read() as transaction:
        wanted = filters.wanted(request.account_id, after=after, with_nobodys=_is_alone(transaction))
        found = list_requests(transaction, wanted, MOST_AT_ONCE)[::-1]
    return request.page("developer/_rows.html", requests=found)


@dataclass(frozen=True)
class _Known:
    """All that is kept of one request, and of what was asked like it before."""

    request: LoggedRequest
    bodies: Bodies | None
    earlier: Sequence[tuple[LoggedRequest, Said]] = ()


def _known(request: PanelRequest) -> _Known:
    with request.context.database.read() as transaction:
        found = find_request(transaction, request.account_id, request.id, with_nobodys=_is_alone(transaction))
        if found is None:
            raise NotFound(
                request._("There is no such request in the log. It may have been too old, and was forgotten.")
            )
        tries = list_tries(transaction, found, found.at - RETRIED_WITHIN, MOST_TRIES)
        earlier = [(each, find_bodies(transaction, request.account_id, each.id)) for each in tries]
        bodies = find_bodies(transaction, request.account_id, found.id)
    return _Known(found, bodies, [(each, its.asked) for each, its in earlier if its is not None])


def show_one(request: PanelRequest) -> Response:
    """One request, with its answer and what may be wrong about it."""
    known = _known(request)
    bodies = known.bodies or Bodies(Said(), Said())
    call = Call(known.request, bodies, known.earlier)
    endpoint = call.endpoint
    line = curl(known.request, bodies.asked, request.installation.public_url)
    return request.page(
        "developer/request.html",
        section="requests",
        asked=known.request,
        bodies=known.bodies,
        detail=detail_of(call, hints_about(call) if known.bodies else [], request._),
        endpoint=endpoint,
        operation="" if endpoint is None else operation_id(endpoint),
        scenarios=_rows(known.request.details.scenario),
        curl=line if len(line) <= LONGEST_SHOWN else "",
        level=request.installation.settings.request_log_bodies,
    )


def _rows(scenarios: str) -> list[tuple[str, Row]]:
    named = [name.strip() for name in scenarios.split(",") if name.strip()]
    rows = [(name, SCENARIOS.get(name) or SCENARIOS.get(name.rpartition(":")[0])) for name in named]
    return [(name, row) for name, row in rows if row is not None]


def download(request: PanelRequest) -> Response:
    """What was sent, what came back, or the line for a shell, as a file."""
    known = _known(request)
    bodies = known.bodies or Bodies(Said(), Said())
    match request.path["part"]:
        case "asked":
            text = bodies.asked.text
        case "answered":
            text = bodies.answered.text
        case "curl":
            text = curl(known.request, bodies.asked, request.installation.public_url) + "\n"
        case _:
            raise NotFound(request._("There is no such page."))
    return request.file(text.encode(), "text/plain", f"request-{known.request.id}-{request.path['part']}.txt")


ROUTES = (
    Route("GET", PATH, show, Right.DEVELOP),
    Route("GET", f"{PATH}rows/", show_rows, Right.DEVELOP),
    Route("GET", f"{PATH}{{id:int}}/", show_one, Right.DEVELOP),
    Route("GET", f"{PATH}{{id:int}}/{{part}}.txt", download, Right.DEVELOP),
)
