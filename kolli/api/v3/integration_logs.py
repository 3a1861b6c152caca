"""Integration exception logs: what went wrong between integrations and their shops, as these tell it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.datastructures import QueryParams
from typing_extensions import TypedDict

from kolli.account.integration_logs import IntegrationLog, LogPosition, add_log, list_logs
from kolli.account.integrations import get_integration
from kolli.api.bodies import decode, encode
from kolli.api.endpoint import LARGEST_ID, Answer, Endpoint, Parameter, Request
from kolli.api.errors import INVALID, WIRE, Pointers, Rejected, Wire, message_of, problem
from kolli.api.pages import INVALID_CURSOR, page_size, read_page_size
from kolli.api.v3.common import Schema, Whole
from kolli.api.v3.integrations import IntegrationRefusal, in_numbers, refuse
from kolli.api.v3.order_document import LONGEST_NOTE, LONGEST_TEXT, Free, Moment
from kolli.errors import Missing
from kolli.operations.context import Context
from kolli.values import timestamp

BODY = Pointers(root="body")

USUAL_PAGE = 25
LARGEST_PAGE = 100

LARGEST_LOG_BYTES = 64 * 1024

_CURSOR = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,6})(?P<id>[0-9]{19})?[0-9]*)?"
    r"(?P<zone>[Zz]|[+ -][0-9]{2}:[0-9]{2})?"
)
"""A moment of ISO 8601; behind six digits of the second, ours have the 19 digits of an id."""

Text = Annotated[str, Field(max_length=LONGEST_TEXT)]
LongText = Annotated[str, Field(max_length=LARGEST_LOG_BYTES)]


class LoggedResponse(Schema):
    """What the shop has answered."""

    headers: Free | None = None
    body: LongText | Free | None = None


class LoggedRequest(Schema):
    """What the shop was asked."""

    headers: Free | LongText | None = None
    payload: Free | LongText | None = None


class NewLog(BaseModel):
    """What is told about an exception. Other members are refused, as documented."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base_url: Annotated[Text, Field(min_length=1)]
    full_url: Text | None = None
    method: Text | None = None
    response_code: Annotated[Whole, Field(ge=0)] | None = None
    response: LoggedResponse | None = None
    request: LoggedRequest | None = None
    created_at: Moment | None = None
    exception_type: Text | None = None
    exception: Annotated[str, Field(max_length=LONGEST_NOTE)] | None = None


class ResponseAnswer(TypedDict):
    """What the shop has answered."""

    headers: dict[str, Any] | None
    body: str | dict[str, Any] | None


class RequestAnswer(TypedDict):
    """What the shop was asked."""

    headers: dict[str, Any] | str | None
    payload: dict[str, Any] | str | None


class LogAnswer(TypedDict):
    """An exception. Nothing in it is hidden, so `protected` is false."""

    id: int
    integration_id: int
    base_url: str
    full_url: str | None
    method: str
    response_code: int | None
    response: ResponseAnswer | None
    request: RequestAnswer | None
    created_at: str
    exception_type: str | None
    exception: str | None
    protected: bool
    additional_data: str


class OneLog(TypedDict):
    """One exception."""

    data: LogAnswer


class Logs(TypedDict):
    """One page of exceptions."""

    data: list[LogAnswer]


def list_logs_of_all(request: Request, context: Context) -> Answer:
    """One page of what all integrations have told, latest first."""
    return _listed(request, context, None)


def list_logs_of_one(request: Request, context: Context) -> Answer:
    """One page of what one integration has told, latest first."""
    return _listed(request, context, request.id)


def _listed(request: Request, context: Context, integration_id: int | None) -> Answer:
    position = _read_position(request.query)
    size = read_page_size(request.query.get("page_size"), usual=USUAL_PAGE, largest=LARGEST_PAGE)
    with context.database.read() as transaction:
        if integration_id is not None:
            get_integration(transaction, context.account_id, integration_id)
        logs, has_more = list_logs(transaction, context.account_id, integration_id, position, size)
    path = "/integrations/logs" if integration_id is None else f"/integrations/{integration_id}/logs"
    # The cursor has no character that would have to be escaped.
    url = f"{context.installation.public_url}/api/v3{path}?cursor={_cursor(logs[-1])}&page_size={size}" if logs else ""
    data: Logs = {"data": [_answered(log) for log in logs]}
    return Answer(200, data, {"Link": f'<{url}>; rel="next"'} if has_more else {})


def _cursor(log: IntegrationLog) -> str:
    """The moment of the last entry, with its id behind it: entries of one moment may stand on different pages."""
    return f"{timestamp(log.created_at).removesuffix('+00:00')}{log.id:019d}Z"


def _read_position(query: QueryParams) -> LogPosition | None:
    text = query.get("cursor")
    if not text:
        return None
    found = _CURSOR.fullmatch(text)
    if found is None:
        raise _invalid_cursor()
    try:
        zone = (found["zone"] or "Z").replace(" ", "+")  # a plus sign that was not escaped arrives as a space
        fraction = f".{found['fraction']:0<6}" if found["fraction"] else ""
        moment = datetime.fromisoformat(f"{found['date']}T{found['time']}{fraction}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise _invalid_cursor() from None
    return LogPosition(moment, min(int(found["id"] or 0), LARGEST_ID))


def _invalid_cursor() -> Rejected:
    return Rejected(404, [in_numbers(problem(INVALID_CURSOR, "Invalid cursor"))])


_NEW_LOG = TypeAdapter(NewLog)


def create_log(request: Request, context: Context) -> Answer:
    """Stores what an integration has to tell."""
    new = _read_new_log(request)
    document = new.model_dump(exclude={"created_at"})
    size = len(encode(document))
    if size > LARGEST_LOG_BYTES:
        message = f"A log should have at most {LARGEST_LOG_BYTES} bytes, not {size}"
        raise Rejected(400, [in_numbers(problem(INVALID, message, BODY.root))])
    log = IntegrationLog(
        id=context.installation.sequences.take_id(),
        integration_id=request.id,
        created_at=datetime.fromisoformat(new.created_at) if new.created_at else context.now(),
        document=document,
    )
    with context.write() as transaction:
        get_integration(transaction, context.account_id, log.integration_id)
        add_log(transaction, context.account_id, log)
    data: OneLog = {"data": _answered(log)}
    return Answer(201, data)


def _read_new_log(request: Request) -> NewLog:
    """The body; Rejected with every mistake, each named as the example of this endpoint names its one."""
    try:
        return _NEW_LOG.validate_python(decode(request.body))
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        problems = [
            problem(_WIRES.get(item["type"], INVALID), message_of(item), BODY.of_location(item["loc"]))
            for item in found
        ]
        raise Rejected(400, [in_numbers(each) for each in problems]) from error


_WIRES: Mapping[str, Wire] = {
    "extra_forbidden": Wire(400, "extra_forbidden", "Extra Forbidden"),
    "missing": WIRE[Missing],
}
"""How mistakes look that are not just invalid. Source of the first: Integrations, example of a 400 (2026-07)."""


def _answered(log: IntegrationLog) -> LogAnswer:
    told = log.document
    return {
        "id": log.id,
        "integration_id": log.integration_id,
        "base_url": told["base_url"],
        "full_url": told["full_url"],
        "method": told["method"] or "",
        "response_code": told["response_code"],
        "response": told["response"],
        "request": told["request"],
        "created_at": timestamp(log.created_at),
        "exception_type": told["exception_type"],
        "exception": told["exception"],
        "protected": False,
        "additional_data": "",
    }


_PARAMETERS = [
    Parameter(
        "cursor", "A moment: the page begins with what happened before it.", {"type": "string", "format": "date-time"}
    ),
    page_size(USUAL_PAGE, LARGEST_PAGE),
]

ROUTES = [
    Endpoint(
        "GET",
        "/integrations/logs",
        list_logs_of_all,
        "Retrieve all integration exception logs",
        scope="read:integration",
        parameters=_PARAMETERS,
        answers={200: Logs},
        errors=[404],
        refuse=refuse,
        refusal=IntegrationRefusal,
    ),
    Endpoint(
        "GET",
        "/integrations/{id:int}/logs",
        list_logs_of_one,
        "Retrieve exception logs for a specific integration",
        scope="read:integration",
        parameters=_PARAMETERS,
        answers={200: Logs},
        refuse=refuse,
        refusal=IntegrationRefusal,
    ),
    Endpoint(
        "POST",
        "/integrations/{id:int}/logs",
        create_log,
        "Create integration exception logs",
        BODY,
        scope="write:integration",
        body=_NEW_LOG,
        answers={201: OneLog},
        refuse=refuse,
        refusal=IntegrationRefusal,
    ),
]
