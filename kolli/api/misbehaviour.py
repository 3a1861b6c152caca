"""The door's part in what goes wrong on purpose: reads the header `Sandbox-Scenario`, spoils answers and marks them.

What an answer is spoiled with is done behind everything else, so that the work is done and a stored answer is a good
one; an answer that is given again is not spoiled.
"""

import json
import logging
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from kolli.api.bodies import encode
from kolli.api.idempotency import REPLAYED
from kolli.errors import Invalid
from kolli.operations.context import Context
from kolli.operations.late_answers import LateAnswers
from kolli.operations.misbehave import (
    HEADER,
    REASON,
    check_limit,
    check_no_live_contract,
    next_waiting,
    refuse_at_once,
)
from kolli.scenarios import SHIPPING, Kind, Scenario, names_of, parse

log = logging.getLogger(__name__)

KIND_OF: Mapping[str, Kind] = {
    "POST /api/v3/orders/create-label-sync": "label",
    "POST /api/v3/orders/create-labels-async": "later",
    "POST /api/v3/shipments/announce": "label",
    "POST /api/v3/shipments/announce-with-shipping-rules": "label",
    "POST /api/v3/shipments": "later",
    "POST /api/v3/shipments/create-with-shipping-rules": "later",
    "POST /api/v3/shipments/{id}/cancel": "cancel",
    "POST /api/v3/parcels/{id:int}/cancel": "cancel",
    "POST /api/v2/parcels/{id:int}/cancel": "cancel",
    "GET /api/v3/orders/{id:int}": "order",
    "GET /api/v3/parcels/{id:int}/documents/{type}": "document",
    "GET /api/v3/parcel-documents/{type}": "document",
    "GET /api/v2/labels/label_printer": "document",
    "GET /api/v2/labels/label_printer/{id:int}": "document",
    "GET /api/v2/labels/normal_printer": "document",
    "GET /api/v2/labels/normal_printer/{id:int}": "document",
}
"""Route → the kind of its requests; all others are of no special kind."""


def met(route: str, headers: Headers, query: QueryParams, context: Context) -> Context:
    """The caller's context, with the scenario that the request meets, if it meets one.

    Raises what such a request is refused with: Invalid for a header that names no scenario, or one that means nothing
    for this request; LimitReached; Conflict. What ships decides about most scenarios later: it has to be known first
    under which contract.
    """
    given = headers.getlist(HEADER) if HEADER in headers else []
    if not given and not context.account.pending:
        return replace(context, route=route)
    if given and not context.installation.settings.sandbox:
        raise _refused(f"This installation takes no {HEADER} (KOLLI_SANDBOX). Leave it away.")
    if not context.installation.settings.sandbox:
        return replace(context, route=route)
    check_limit(context)
    context = replace(context, route=route)
    kind = _kind_of(route, query)
    scenario = _of_header(given, kind) if given else None
    scenario = scenario or next_waiting(context, kind)  # those that ship look for themselves later, too
    if scenario is None:
        return context
    if kind not in SHIPPING or scenario.row.name == "order-late":
        check_no_live_contract(context, lambda why: _refused(f"{scenario.name}: {why}"))
    if kind not in SHIPPING and scenario.row.family not in {"cancel", "order-late"}:  # those act further inside
        context.applied.append(scenario.name)
        refuse_at_once(scenario, context)
    return replace(context, scenario=scenario.name)


def _kind_of(route: str, query: QueryParams) -> Kind:
    kind = KIND_OF.get(route, "other")
    if kind in SHIPPING and query.get("dry_run", "").lower() in {"true", "1"}:
        return "other"  # nothing is announced
    return kind


def _of_header(given: list[str], kind: Kind) -> Scenario:
    if len(given) > 1:
        raise _refused(f"{HEADER} stands there {len(given)} times. A request meets one scenario.")
    try:
        scenario = parse(given[0].strip())
    except Invalid as error:
        raise _refused(error.message) from error
    if not scenario.is_for(kind):
        raise _refused(
            f"The scenario {scenario.name} means nothing for this request. It does for {names_of(scenario.row.kinds)}."
        )
    return scenario


def _refused(message: str) -> Invalid:
    return Invalid(message, details={"header": HEADER})


def spoiled(response: Response, context: Context) -> Response:
    """The answer, spoiled and marked as the scenarios that the request has met want it."""
    if not context.applied or REPLAYED in response.headers:
        return response
    names = list(dict.fromkeys(context.applied))
    spoiling = [name for name in names if parse(name).row.name in _SPOIL]
    for name in spoiling[1:]:  # those of other orders of a batch: an answer is spoiled once
        names.remove(name)
    if spoiling:
        scenario, good = parse(spoiling[0]), response
        response = _SPOIL[scenario.row.name](scenario, good, context)
        if response is good:  # there was nothing to spoil
            names.remove(scenario.name)
    if names:
        response.headers[HEADER] = ", ".join(names)
    return response


def _is_late(scenario: Scenario, response: Response, context: Context) -> Response:
    return _Late(response, scenario.delay.total_seconds(), context.installation.late_answers)


class _Late(Response):
    """An answer that is sent later, unless nobody waits for it any more. No thread does meanwhile."""

    def __init__(self, response: Response, seconds: float, late_answers: LateAnswers) -> None:
        super().__init__(response.body, response.status_code, response.headers)
        self._seconds = seconds
        self._late_answers = late_answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if await self._late_answers.wait(self._seconds, receive):
            await super().__call__(scope, receive, send)


def _is_cut_off(_: Scenario, response: Response, __: Context) -> Response:
    return _CutOff(response.body, response.status_code, response.headers)


class _CutOff(Response):
    """Half of an answer. The connection ends before what its Content-Length promises."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytes(self.body)

        async def send_half(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": body[: len(body) // 2], "more_body": True}
            await send(message)

        await super().__call__(scope, receive, send_half)
        log.info("The sandbox scenario truncate: the server says now that an answer was not completed.")


def _is_an_error(scenario: Scenario, _: Response, __: Context) -> Response:
    found = {
        "status": "500",
        "code": "unknown_error",
        "title": "Something went wrong",
        "detail": f"Sandbox scenario {scenario.name}: something went wrong behind the work that you asked for.",
        "meta": {REASON: scenario.name},
    }
    return Response(encode({"errors": [found]}), 500, {"Content-Type": "application/json"})


_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\n"


def _is_html(_: Scenario, __: Response, ___: Context) -> Response:
    return Response(_GATEWAY, 502, {"Content-Type": "text/html"})


_NO_PDF = b"<!DOCTYPE html><title>Moved</title><p>This is no label, whatever its type says.\n"


def _is_no_pdf(_: Scenario, response: Response, __: Context) -> Response:
    if not 200 <= response.status_code < 300:
        return response
    content, headers = _NO_PDF, response.headers.mutablecopy()
    if headers.get("content-type") == "application/json":
        content = encode(_without_files(json.loads(bytes(response.body))))
    del headers["content-length"]
    return Response(content, response.status_code, headers)


def _without_files(value: Any) -> Any:
    """A document, with every label file in it replaced by what is none."""
    match value:
        case dict():
            return {
                name: b64encode(_NO_PDF).decode()
                if name in {"file", "label_file"} and isinstance(inside, str)
                else _without_files(inside)
                for name, inside in value.items()
            }
        case list():
            return [_without_files(each) for each in value]
    return value


_SPOIL: Mapping[str, Callable[[Scenario, Response, Context], Response]] = {
    "slow": _is_late,
    "http:500": _is_an_error,
    "http:502-html": _is_html,
    "truncate": _is_cut_off,
    "garbage-pdf": _is_no_pdf,
}
