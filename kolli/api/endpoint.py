"""One endpoint: a method, a path and the function that answers; and the way of every request through it.

Bytes are read on the event loop; everything else of a request runs on one worker thread, from the credentials to the
answer's bytes. A caller that hangs up stops nothing: the thread finishes what it has begun.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from anyio import CapacityLimiter, fail_after, to_thread
from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import Headers, QueryParams
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from kolli.api.auth import authenticate, challenge
from kolli.api.bodies import decode, encode
from kolli.api.errors import WIRE, Pointers, Refusal, Rejected, Wire, answer_to, from_validator, problem
from kolli.api.idempotency import UNSAFE, Place, key_in, once
from kolli.api.misbehaviour import met, spoiled
from kolli.errors import (
    InFlight,
    KolliError,
    LimitReached,
    NotFound,
    StorageFull,
    StorageUnavailable,
    TooLarge,
    Unauthenticated,
)
from kolli.operations.context import Context, Installation

log = logging.getLogger(__name__)

LARGEST_ID = 2**63 - 1

USUAL_BODY_BYTES = 64 * 1024
LONGEST_BODY_SECONDS = 30
SLOW = Wire(408, "invalid", "Too slow")
SLOW_BODY = f"The body did not arrive within {LONGEST_BODY_SECONDS} seconds. Nothing was done; send it again."

RETRY_AFTER: Mapping[type[KolliError], int] = {InFlight: 1, LimitReached: 60, StorageFull: 30, StorageUnavailable: 5}
"""After how many seconds a request may be sent again, where the error itself does not say so."""

NOWHERE_ELSE = Pointers()
"""For sections whose fields are called on the wire what we call them."""

Model = TypeVar("Model")


@dataclass(frozen=True)
class Request:
    """What came in, after the credentials have been checked."""

    path: Mapping[str, str | int]
    query: QueryParams
    headers: Headers
    body: bytes

    @property
    def id(self) -> int:
        """The number in the path. One that is too large to exist becomes the largest there could be."""
        return min(int(self.path["id"]), LARGEST_ID)

    def read(self, schema: TypeAdapter[Model], pointers: Pointers) -> Model:
        """The body as this schema reads it; Rejected with every mistake there is."""
        try:
            return schema.validate_python(decode(self.body))
        except ValidationError as error:
            raise from_validator(error.errors(include_url=False, include_context=False), pointers) from error


@dataclass(frozen=True)
class Answer:
    """What goes out: a JSON document, or bytes of some other type."""

    status: int
    data: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"

    def response(self) -> Response:
        """The answer as it is sent."""
        if self.data is None:
            return Response(status_code=self.status, headers=dict(self.headers))
        content = self.data if isinstance(self.data, bytes) else encode(self.data)
        # Written out, because Starlette would add a charset, which clients of this API do not expect.
        return Response(content, self.status, {"Content-Type": self.media_type, **self.headers})


@dataclass(frozen=True)
class Parameter:
    """One parameter of a query, or one header, as the description of the API has it. `schema` is JSON Schema."""

    name: str
    sentence: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})
    is_required: bool = False
    place: str = "query"  # or `header`, or `path` for a part of the path that is not just any text
    is_extension: bool = False  # ours, and not the hosted service's


def by_credentials(request: Request, installation: Installation) -> Context:
    """The caller whose credentials stand in the `Authorization` header."""
    return authenticate(request.headers.get("authorization"), installation)


@dataclass(frozen=True)
class Endpoint:
    """One line of a section's ROUTES. What only the description of the API needs stands behind `summary`.

    `answers` says for each status of success what is sent: a type that Pydantic can describe (a TypedDict mostly), a
    tuple of media types for files, or None for nothing. `errors` are the statuses of refusals beyond the usual ones,
    `refusal` what all refusals look like.
    """

    method: str
    path: str  # below the prefix; `{id:int}` stands for a number
    answer: Callable[[Request, Context], Answer]
    summary: str
    pointers: Pointers = NOWHERE_ELSE
    prefix: str = "/api/v3"
    scope: str | None = None  # what an access token must allow; None: any token will do
    who: Callable[[Request, Installation], Context] = by_credentials
    refuse: Callable[[KolliError, Pointers], tuple[int, bytes]] = answer_to
    parameters: Sequence[Parameter] = ()
    body: TypeAdapter[Any] | None = None
    answers: Mapping[int, object] = field(default_factory=dict)
    errors: Sequence[int] = ()
    refusal: object = Refusal
    body_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)  # of every answer, whatever it says
    is_extension: bool = False  # ours, and not the hosted service's
    is_repeatable: bool = False  # a POST that may be run again after it was broken off: see `idempotency.Place`

    @property
    def takes_keys(self) -> bool:
        """Whether its requests can have an Idempotency-Key."""
        return self.method in UNSAFE and self.who is by_credentials

    def minds_key(self, query: QueryParams) -> bool:
        """Whether an Idempotency-Key means something for a request: a dry run, where there is one, does nothing."""
        has_dry_run = any(parameter.name == "dry_run" for parameter in self.parameters)
        return self.takes_keys and not (has_dry_run and query.get("dry_run", "").lower() in {"true", "1"})

    @property
    def route_name(self) -> str:
        """`POST /api/v3/orders`: the same for all its requests."""
        return f"{self.method} {self.prefix}{self.path}"

    @property
    def place(self) -> Place:
        """Where its requests with a key come in."""
        return Place(
            self.route_name,
            is_repeatable=self.is_repeatable or self.method != "POST",
            is_silent=dict(self.answers) == {204: None},
        )

    def route(self, installation: Installation, threads: CapacityLimiter) -> Route:
        """This endpoint as the web server wants it."""
        return _Route(self.prefix + self.path, _Door(self, installation, threads), methods=[self.method])


class _Route(Route):
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        try:
            return super().matches(scope)
        except ValueError:  # Python reads no number of more than 4,300 digits
            return Match.NONE, {}


@dataclass(frozen=True)
class _Door:
    endpoint: Endpoint
    installation: Installation
    threads: CapacityLimiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        try:
            limit = self.installation.settings.max_body_bytes
            if self.endpoint.who is not by_credentials:
                limit = min(limit, USUAL_BODY_BYTES)  # who it is will stand in the body, if anywhere
            elif _is_large(http):  # only those we know may make us hold much in memory
                check = partial(authenticate, http.headers.get("authorization"), self.installation)
                await to_thread.run_sync(check, limiter=self.threads)
            message = f"The body is larger than {limit} bytes. Send less at a time."
            body = await read_body(http, limit, LONGEST_BODY_SECONDS, message)
        except ClientDisconnect:
            return  # nobody is left to answer, and nothing has been begun
        except TimeoutError:
            response = _refusal(Rejected(408, [problem(SLOW, SLOW_BODY)]), self.endpoint, http)
            response.headers["Connection"] = "close"
        except KolliError as error:  # too large, or nobody we know
            response = _refusal(error, self.endpoint, http)
        else:
            work = partial(_work, self.endpoint, self.installation, http, body)
            response = await to_thread.run_sync(work, limiter=self.threads)
        await response(scope, receive, send)


def _is_large(http: HttpRequest) -> bool:
    """Whether a body may be larger than what one order takes; a body of unknown length may."""
    length = http.headers.get("content-length")
    return "transfer-encoding" in http.headers if length is None else int(length) > USUAL_BODY_BYTES


async def read_body(http: HttpRequest, limit: int, seconds: float, too_large: str) -> bytes:
    """The body, read no further than the limit whatever its headers promise; TooLarge with this message beyond it.

    TimeoutError when it takes longer than so many seconds.
    """
    if int(http.headers.get("content-length") or 0) > limit:
        raise TooLarge(too_large)
    chunks: list[bytes] = []
    size = 0
    with fail_after(seconds):
        async for chunk in http.stream():
            size += len(chunk)
            if size > limit:
                raise TooLarge(too_large)
            chunks.append(chunk)
    return b"".join(chunks)


def _work(endpoint: Endpoint, installation: Installation, http: HttpRequest, body: bytes) -> Response:
    context: Context | None = None
    try:
        request = Request(http.path_params, http.query_params, http.headers, body)
        context = endpoint.who(request, installation)
        http.state.account_id = context.account_id  # for the request log
        http.state.public_key = context.key.public_key
        if endpoint.scope is not None:
            context.require(endpoint.scope)
        context = met(endpoint.route_name, request.headers, request.query, context)
        key = key_in(request.headers) if endpoint.minds_key(request.query) else None
        if key is None:
            response = endpoint.answer(request, context).response()
        else:
            said = f"{http.url.path}?{http.url.query}\n".encode() + body
            response = once(
                endpoint.place, key, said, context, lambda known: endpoint.answer(request, known).response()
            )
    except KolliError as error:
        response = _refusal(error, endpoint, http)
    except Exception:
        log.exception("%s %s failed", endpoint.method, endpoint.path)
        response = _refusal(KolliError("Something went wrong. It has been logged."), endpoint, http)
    else:
        response.headers.update(endpoint.headers)
    return response if context is None else spoiled(response, context)


def _refusal(error: KolliError, endpoint: Endpoint, http: HttpRequest) -> Response:
    http.state.refusal = error  # for the request log
    headers = {"Content-Type": "application/json", **endpoint.headers}
    asked = challenge(error)
    if asked is not None:
        headers["WWW-Authenticate"] = asked
    if isinstance(error, TooLarge):
        headers["Connection"] = "close"
    for kind, seconds in RETRY_AFTER.items():
        if isinstance(error, kind):
            headers["Retry-After"] = str(error.details.get("retry_after", seconds))
    if isinstance(error, Unauthenticated):
        where = None if error.message == Unauthenticated.__doc__ else "/data"
        error = Rejected(401, [problem(WIRE[Unauthenticated], error.message, where)])
    status, content = endpoint.refuse(error, replace(endpoint.pointers, path=http.url.path))
    return Response(content, status, headers)


def nowhere(status: int, allowed: Collection[str]) -> Response:
    """The answer for a path that leads nowhere (404), or not by this method but by those that are `allowed` (405)."""
    if status == 405:
        found = problem(Wire(405, "invalid", "Not allowed"), "This method is not allowed here.")
        return Answer(405, {"errors": [found]}, {"Allow": ", ".join(sorted(allowed))}).response()  # RFC 9110, 15.5.6
    found = problem(WIRE[NotFound], "The page you have requested could not be found.")
    return Answer(404, {"errors": [found]}).response()
