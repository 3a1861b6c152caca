"""What is legal but probably wrong about a request: one table of hints for people who look for a mistake.

Nothing is refused because of a hint. Each looks at one request with its answer, as the request log has kept them, and
at the requests of the same account to the same place shortly before.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from difflib import get_close_matches
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qsl

from starlette.routing import compile_path

from kolli.account.request_bodies import Bodies, Said
from kolli.account.requests import LoggedRequest
from kolli.api.bodies import Malformed, decode
from kolli.api.description import SECTIONS
from kolli.api.endpoint import Endpoint
from kolli.api.pointing import Place, walked
from kolli.api.v3 import compat
from kolli.operations.redact import is_secret

RETRIED_WITHIN = timedelta(minutes=10)
"""How long after a request the same body is taken for another try of it."""

Finding = tuple[str, Place | None]
"""What is said about a request, and where in its body that is."""


@dataclass(frozen=True)
class Call:
    """One request with its answer, as hints look at it; `earlier` are those to the same place, the newest first."""

    request: LoggedRequest
    bodies: Bodies
    earlier: Sequence[tuple[LoggedRequest, Said]] = ()

    @cached_property
    def endpoint(self) -> Endpoint | None:
        """Where it went; None when that leads nowhere."""
        return endpoint_of(self.request.method, self.request.path)

    @cached_property
    def path_parts(self) -> dict[str, str]:
        """The parts of the path that vary, such as ids."""
        path = self.request.path.rstrip("/")
        found = next((pattern.match(path) for _, pattern, each in _places() if each is self.endpoint), None)
        return found.groupdict() if found else {}

    @cached_property
    def asked(self) -> Any:
        """The body that was sent; None when it is no JSON, or there is none."""
        return read(self.bodies.asked)

    @cached_property
    def answered(self) -> Any:
        """The same of the answer."""
        return read(self.bodies.answered)

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The parameters."""
        return parse_qsl(self.bodies.asked.query, keep_blank_values=True)


def read(said: Said) -> Any:
    """One side of a request as JSON; None when it is none, or is not there as a whole."""
    try:
        return None if said.is_cut or not said.text else decode(said.text.encode())
    except Malformed:
        return None


@cache
def _places() -> list[tuple[str, Any, Endpoint]]:
    return [
        (each.method, compile_path(each.prefix + each.path)[0], each) for section in SECTIONS for each in section.ROUTES
    ]


def endpoint_of(method: str, path: str) -> Endpoint | None:
    """The endpoint that a request went to, if there is one."""
    path = path.rstrip("/")
    return next((each for verb, pattern, each in _places() if verb == method and pattern.match(path)), None)


@dataclass(frozen=True)
class Hint:
    """One line of the table: its name, what it means, and what finds it."""

    name: str
    sentence: str
    look: Callable[[Call], Iterator[Finding]]


@dataclass(frozen=True)
class Given:
    """A hint about one request: which, what is said, and the JSON pointer into the body if it is about a part of it."""

    hint: Hint
    text: str
    place: Place | None = None


def hints_about(call: Call) -> list[Given]:
    """Every hint there is about a request, in the order of the table."""
    return [Given(hint, text, place) for hint in HINTS for text, place in hint.look(call)]


# What the schema of a body says


@cache
def _schema(endpoint_name: str) -> Mapping[str, Any]:
    endpoint = next(each for _, _, each in _places() if each.route_name == endpoint_name)
    if endpoint.body is None or endpoint.body_type != "application/json":
        return {}
    return endpoint.body.json_schema(mode="validation")


def _alternatives(schema: Any, root: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema without references and without choices: each of what it may be."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from _alternatives(root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2]), root)
    elif options := [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
        for option in options:
            yield from _alternatives(option, root)
    else:
        yield schema


@dataclass(frozen=True)
class _Member:
    place: Place
    value: Any
    known: Collection[str] | None  # the members of the object that it stands in; None: any may stand there
    schemas: Sequence[Mapping[str, Any]]  # what it may be; empty: nobody knows it


def _members(call: Call) -> Iterator[_Member]:
    """Every member of the body, with what the route knows about it."""
    if call.endpoint is None or call.asked is None:
        return
    root = _schema(call.endpoint.route_name)
    yield from _inside((), call.asked, list(_alternatives(root, root)), root)


def _inside(
    place: Place, value: Any, schemas: Sequence[Mapping[str, Any]], root: Mapping[str, Any]
) -> Iterator[_Member]:
    match value:
        case dict():
            objects = [each for each in schemas if "properties" in each or each.get("type") == "object"]
            known = {name for each in objects for name in each.get("properties", ())}
            is_open = not objects or any(each.get("additionalProperties", "properties" not in each) for each in objects)
            for name, inside in value.items():
                below = [s for each in objects for s in _alternatives(each.get("properties", {}).get(name), root)]
                yield _Member((*place, name), inside, None if is_open else known, below)
                yield from _inside((*place, name), inside, below, root)
        case list():
            items = [s for each in schemas for s in _alternatives(each.get("items"), root)]
            for index, inside in enumerate(value):
                yield from _inside((*place, index), inside, items, root)


# The hints


_TWINS = {"contract": "contract_id", "dimension": "dimensions", "dimensions": "dimension"}
"""Names that one section has for what is called otherwise in the next."""

_READ_ALL_THE_SAME = {
    "POST /api/v3/orders/create-label-sync": {("orders",), ("label",)},
}
"""Members that stand in no schema and are read: see `compat`."""


def _twins(names: Collection[str]) -> Callable[[Call], Iterator[Finding]]:
    def look(call: Call) -> Iterator[Finding]:
        for member in _members(call):
            name = str(member.place[-1])
            if name in names and member.known and name not in member.known and _TWINS[name] in member.known:
                yield f"This route wants `{_TWINS[name]}`. What stands under `{name}` may be ignored.", member.place

    return look


def _unknown_members(call: Call) -> Iterator[Finding]:
    read_too = _READ_ALL_THE_SAME.get(call.endpoint.route_name, set()) if call.endpoint else set()
    for member in _members(call):
        name = str(member.place[-1])
        if member.known is None or name in member.known or member.place in read_too:
            continue
        if _TWINS.get(name) in member.known:
            continue
        close = get_close_matches(name, member.known, 1, 0.7)
        meant = f" Did you mean `{close[0]}`?" if close else ""
        yield f"This route does not know `{name}`, and ignores it.{meant}", member.place


def _ids_as_numbers(call: Call) -> Iterator[Finding]:
    for member in _members(call):
        kinds = {each.get("type") for each in member.schemas}
        name = str(member.place[-1])
        is_number = isinstance(member.value, int) and not isinstance(member.value, bool)
        wants_text = "string" in kinds and not kinds & {"integer", "number", None}
        if is_number and wants_text and name.endswith(("id", "number")):
            yield f'`{name}` is a text here, even where answers have a number: "{member.value}".', member.place


def _errors_beside_data(call: Call) -> Iterator[Finding]:
    if not (200 <= call.request.status < 300 and isinstance(call.answered, dict)):
        return
    data = call.answered.get("data")
    errors = call.answered.get("errors") or (data.get("errors") if isinstance(data, dict) else None)
    if isinstance(errors, list) and errors:
        text = f"The status is {call.request.status}, and yet {_count(errors, 'error')} in the answer, beside"
        yield f"{text} {len(data) if isinstance(data, list) else 1} in `data`. A status of success is not all.", None


def _count(things: Sequence[object], noun: str) -> str:
    return f"there is one {noun}" if len(things) == 1 else f"there are {len(things)} {noun}s"


def _retries_without_key(call: Call) -> Iterator[Finding]:
    mark, request = call.bodies.asked.mark, call.request
    takes_key = call.endpoint is not None and call.endpoint.takes_keys and request.method == "POST"
    if not takes_key or not mark or "idempotency-key" in call.bodies.asked.headers:
        return
    for earlier, said in call.earlier:
        is_recent = timedelta(0) <= request.at - earlier.at <= RETRIED_WITHIN
        if said.mark == mark and is_recent and _may_have_done_something(earlier):
            seconds = round((request.at - earlier.at).total_seconds())
            status = f"answered with {earlier.status}" if earlier.status else "not answered"
            text = f"The same body came {seconds} s before, and was {status}. Without an Idempotency-Key it may be"
            yield f"{text} done twice. Send both tries with the same key.", None
            return


def _may_have_done_something(request: LoggedRequest) -> bool:
    if request.status == 0 or request.status >= 500 or 200 <= request.status < 300:
        return True
    return request.details.code == "parcel_announcement_error"  # the carrier may have heard it


def _version_2(call: Call) -> Iterator[Finding]:
    if call.request.path.startswith("/api/v2/"):
        instead = next((new for old, new in _IN_VERSION_3.items() if call.request.path.startswith(old)), "")
        yield f"Version 2 is not developed any more.{f' Version 3 has {instead}.' if instead else ''}", None
    if call.endpoint and call.endpoint.route_name == "POST /api/v3/parcels/{id:int}/cancel":
        yield "This path is documented nowhere. Cancel with `POST /api/v3/shipments/{id}/cancel`.", None


_IN_VERSION_3 = {
    "/api/v2/parcels/statuses": "`GET /api/v3/parcels/statuses`",
    "/api/v2/parcels": "`GET /api/v3/shipments`, and `POST /api/v3/shipments/{id}/cancel`",
    "/api/v2/labels": "`GET /api/v3/parcels/{id}/documents/label`",
    "/api/v2/shipping_methods": "`POST /api/v3/shipping-options`",
    "/api/v2/user/addresses": "`GET /api/v3/addresses/sender-addresses`",
    "/api/v2/user": "`GET /api/v3/user/auth/metadata`",
    "/api/v2/brands": "`GET /api/v3/brands`",
    "/api/v2/integrations": "`GET /api/v3/integrations`",
}


def _resolutions(call: Call) -> Iterator[Finding]:
    for place, value in walked(call.asked):
        if place and place[-1] in {"label_details", "label"} and isinstance(value, dict):
            text = _about_resolution(value.get("mime_type", "application/pdf"), value.get("dpi"))
            if text:
                yield text, (*place, "dpi")
    query = dict(call.query)
    if call.request.method == "GET" and query.get("dpi", "").isdecimal():
        accepted = call.bodies.asked.headers.get("accept", "")
        wanted = query.get("mime_type") or next((each for each in compat.DPI if each in accepted), "application/pdf")
        if text := _about_resolution(wanted, int(query["dpi"][:9])):
            yield text, None


def _about_resolution(mime_type: object, dpi: object) -> str:
    if not (isinstance(mime_type, str) and isinstance(dpi, int)) or mime_type not in compat.DPI:
        return ""
    if dpi not in compat.DPI[mime_type]:
        valid = " or ".join(map(str, compat.DPI[mime_type]))
        return f"{mime_type} is not made at {dpi} dpi, but at {valid}."
    instead = compat.INSTEAD.get((mime_type, dpi))
    return f"No label printer has {dpi} dpi: this {mime_type} is made for {instead} dpi." if instead else ""


def _secrets_in_the_query(call: Call) -> Iterator[Finding]:
    for name, value in call.query:
        if value and is_secret(name):
            text = f"The address holds `{name}`. Addresses end up in logs and histories: send secrets in a header, and"
            yield f"{text} replace this one.", None


def _unknown_parameters(call: Call) -> Iterator[Finding]:
    if call.endpoint is None:
        return
    known = [each.name for each in call.endpoint.parameters if each.place == "query"]
    for name in dict.fromkeys(name for name, _ in call.query):
        if name.removesuffix("[]") not in known and not is_secret(name):
            close = get_close_matches(name, known, 1, 0.6)
            meant = f" Did you mean `{close[0]}`?" if close else ""
            yield f"This route does not know the parameter `{name}`, and ignores it.{meant}", None


def _wrong_type(call: Call) -> Iterator[Finding]:
    asked, endpoint = call.bodies.asked, call.endpoint
    if endpoint is None or not asked.size or endpoint.body is None or call.asked is None:
        return
    if endpoint.body_type == "application/json" != asked.media_type:
        said = f"says that it is {asked.media_type}" if asked.media_type else "does not say what it is"
        yield f"The body is JSON, and {said}. Send `Content-Type: application/json`.", None


def _bodies_of_reads(call: Call) -> Iterator[Finding]:
    if call.request.method == "GET" and call.bodies.asked.size:
        yield "A GET has no body: this one was not looked at. Send what you want as parameters.", None


HINTS: tuple[Hint, ...] = (
    Hint(
        "contract-name",
        "`contract` stands where this route wants `contract_id`, and is mostly ignored: then the default contract is"
        " used.",
        _twins({"contract"}),
    ),
    Hint(
        "dimension-name",
        "`dimension` and `dimensions` are mixed up: orders have the one, parcels the other.",
        _twins({"dimension", "dimensions"}),
    ),
    Hint("unknown-member", "A member of the body that the route does not know, and ignores.", _unknown_members),
    Hint("id-as-number", "An id or a number is sent as a JSON number where the route wants a text.", _ids_as_numbers),
    Hint(
        "errors-beside-data",
        "There are errors in an answer whose status says success: of a batch, or of an announcement.",
        _errors_beside_data,
    ),
    Hint(
        "retry-without-key",
        "The same body is sent again within ten minutes without an Idempotency-Key, although the first try may have"
        " done something.",
        _retries_without_key,
    ),
    Hint("old-path", "A path of version 2, or one that is documented nowhere.", _version_2),
    Hint("resolution", "A resolution in which the label's format is not made.", _resolutions),
    Hint("secret-in-query", "A secret stands in the address.", _secrets_in_the_query),
    Hint(
        "unknown-parameter", "A parameter of the query that the route does not know, and ignores.", _unknown_parameters
    ),
    Hint("content-type", "JSON that is not called JSON, such as what curl sends with `-d` alone.", _wrong_type),
    Hint("body-of-a-read", "A GET with a body.", _bodies_of_reads),
)
"""Every hint there is."""
