"""What is served, for machines: an OpenAPI 3.1 description, made from the ROUTES of all sections.

It is built when it is first asked for. The address is all in it that depends on the installation.
Source of its form: OpenAPI Specification 3.1.1 and JSON Schema 2020-12.
"""

import gzip
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from mimetypes import guess_type
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from kolli import __version__
from kolli.api import v2, v3
from kolli.api.endpoint import LARGEST_ID, Endpoint, Parameter, by_credentials
from kolli.api.idempotency import HEADER, LONGEST_KEY
from kolli.api.misbehaviour import KIND_OF
from kolli.errors import Invalid
from kolli.operations.misbehave import HEADER as SANDBOX

Document = dict[str, Any]

SECTIONS = (*v3.SECTIONS, *v2.SECTIONS)
"""Every section that can be served."""

PATH = "/api/v3/openapi.json"
DEMO_URL = "http://localhost:8080"
JSON = "application/json"
BINARY = {"type": "string", "format": "binary"}
USUAL = "usual"
"""The name of the example that people see first, and whose request the explorer fills in."""

EXAMPLES = Path(__file__).parent / "examples.json"

KEY = Parameter(
    HEADER,
    "A text of your own for this request. Sent again with it, the request does nothing more and gets the same answer.",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
    place="header",
    is_extension=True,
)
"""What every request that changes something can have."""

SCENARIO = Parameter(
    SANDBOX,
    "What is to go wrong on purpose with a test shipment, such as `timeout-after`: see the page about the sandbox.",
    place="header",
    is_extension=True,
)
"""What requests can have that make, cancel or read labels. All others take what means something for any request."""

REFUSED_KEYS = (409, 422)
"""How a request is refused because of its key, when that is not a bad one."""

WITH_A_BODY = frozenset({"POST", "PUT", "PATCH"})

MEANINGS: Mapping[int, str] = {
    200: "Done.",
    201: "Made.",
    202: "Accepted; it is done in the background.",
    204: "Done. There is nothing to say.",
    400: "Something in the request is wrong; every mistake is named.",
    401: "There are no credentials, or wrong ones.",
    403: "The access token does not have the scope that this needs.",
    404: "It does not exist, or not for this account.",
    408: "The body did not arrive in time.",
    409: "It goes against what has been done before.",
    410: "It is gone: nothing can be done about it any more.",
    413: "The body is larger than this installation takes.",
    422: "The request cannot be done as it stands.",
    429: "There were too many requests. Ask again after as many seconds as Retry-After says.",
    500: "Something went wrong on our side. It has been logged.",
    503: "Nothing can be stored at this moment.",
    507: "The disk is full.",
}
"""What each status says, whichever endpoint answers with it."""

_LONG_NAME = re.compile(r"kolli__api__(?:v3__)?(\w+)")
_SEGMENT = re.compile(r"{(\w+)(:int)?(?::path)?}")


def document_text() -> str:
    """The description as text, laid out for people."""
    return json.dumps(describe(), indent=2, ensure_ascii=False) + "\n"


@cache
def describe(sections: tuple[ModuleType, ...] = SECTIONS, url: str = DEMO_URL) -> Document:
    """The description of everything that these sections serve below this address."""
    endpoints = [(section, endpoint) for section in sections for endpoint in section.ROUTES]
    schemas, definitions = _schemas([endpoint for _, endpoint in endpoints])
    recorded = _recorded()
    paths: dict[str, Document] = {}
    for section, endpoint in endpoints:
        examples = recorded.get(key_of(endpoint), [])
        operation = _Operation(endpoint, schemas, examples).described()
        paths.setdefault(plain_path(endpoint), {})[endpoint.method.lower()] = {"tags": [tag_of(section)], **operation}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Kolli",
            "version": __version__,
            "summary": "Turns an order into a label, once.",
            "description": "Bodies, answers and errors are those of the Sendcloud API v3."
            " What is ours alone is marked `x-kolli-extension`.",
            "license": {"name": "Apache 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": url}],
        "tags": [{"name": tag_of(section), "description": _about(section)} for section in sections],
        "paths": paths,
        "components": {"schemas": definitions, "securitySchemes": _security_schemes(endpoints, url)},
    }


def check_route(route: str) -> None:
    """Raises Invalid when no request's path ends so."""
    paths = [f"{each.prefix}{each.path}" for section in SECTIONS for each in section.ROUTES]
    if not any(path == route or path.endswith(f"/{route.strip('/')}") for path in paths):
        raise Invalid(f"No path ends in {route!r}. Write a path as in the description of the API: create-label-sync.")


def plain_path(endpoint: Endpoint) -> str:
    """The whole path, as descriptions write it: `/api/v3/orders/{id}`."""
    return endpoint.prefix + _SEGMENT.sub(r"{\1}", endpoint.path)


def operation_id(endpoint: Endpoint) -> str:
    """A name for code that is made from the description: `get-orders-id`, in version 2 `v2-get-parcels-id`."""
    version = endpoint.prefix.removeprefix("/api/v3").removeprefix("/api/")
    path = _SEGMENT.sub(r"\1", endpoint.path)
    return "-".join(re.findall(r"[a-z0-9]+", f"{version} {endpoint.method} {path}".lower()))


def key_of(endpoint: Endpoint) -> str:
    """What the examples know an endpoint by: `GET /api/v3/orders/{id}`."""
    return f"{endpoint.method} {plain_path(endpoint)}"


def tag_of(section: ModuleType) -> str:
    """The name of a section: what its docstring says before the colon."""
    return (section.__doc__ or section.__name__).partition(":")[0].strip()


def _about(section: ModuleType) -> str:
    sentence = (section.__doc__ or "").partition(":")[2].strip().partition("\n\n")[0]
    return " ".join((sentence[:1].upper() + sentence[1:]).split())


def _recorded() -> dict[str, list[Document]]:
    """The recorded examples of each endpoint, the usual one first. A test sees that they are still true."""
    found: dict[str, list[Document]] = {}
    for example in sorted(json.loads(EXAMPLES.read_text("utf-8")), key=lambda example: example["name"] != USUAL):
        found.setdefault(example["endpoint"], []).append(example)
    return found


def _security_schemes(endpoints: Sequence[tuple[ModuleType, Endpoint]], url: str) -> Document:
    scopes = sorted({endpoint.scope for _, endpoint in endpoints if endpoint.scope is not None})
    flow = {"tokenUrl": f"{url}/oauth2/token", "scopes": {scope: _scope_sentence(scope) for scope in scopes}}
    return {
        "basic": {
            "type": "http",
            "scheme": "basic",
            "description": "The public key is the user name, the secret key the password.",
        },
        "oauth2": {"type": "oauth2", "flows": {"clientCredentials": flow}},
    }


def _scope_sentence(scope: str) -> str:
    verb, _, subject = scope.partition(":")
    return f"{verb.capitalize()} what belongs to: {subject.replace('-', ' ')}."


# The schemas


class _Schemas(GenerateJsonSchema):
    """JSON Schema as our bodies are really written."""

    def decimal_schema(self, schema: core_schema.DecimalSchema) -> JsonSchemaValue:
        """Decimals go out as numbers, see `bodies.encode`; they come in as numbers or texts."""
        return {"type": "number"} if self.mode == "serialization" else super().decimal_schema(schema)


def _schemas(endpoints: Sequence[Endpoint]) -> tuple[dict[int, Document], Document]:
    """The schema of every body, answer and refusal by the identity of its type, and the definitions they refer to."""
    wanted: dict[int, tuple[int, JsonSchemaMode, TypeAdapter[Any]]] = {}
    for endpoint in endpoints:
        if endpoint.body is not None:
            wanted[id(endpoint.body)] = (id(endpoint.body), "validation", endpoint.body)
        kinds: tuple[Any, ...] = (endpoint.refusal, *endpoint.answers.values())
        for kind in kinds:
            if kind is not None and not isinstance(kind, tuple):
                wanted[id(kind)] = (id(kind), "serialization", TypeAdapter(kind))
    schemas, rest = TypeAdapter.json_schemas(
        list(wanted.values()), ref_template="#/components/schemas/{model}", schema_generator=_Schemas
    )
    texts = json.dumps([list(schemas.values()), rest.get("$defs", {})])
    found, definitions = json.loads(_LONG_NAME.sub(_shortened, texts))
    by_kind = dict(zip((kind for kind, _ in schemas), found, strict=True))
    for endpoint in endpoints:
        if endpoint.method == "PATCH" and endpoint.body is not None:
            _forget_defaults(by_kind[id(endpoint.body)], definitions)
    return by_kind, dict(sorted(definitions.items()))


def _forget_defaults(schema: Document, definitions: Document) -> None:
    """What a change does not name stays as it is, so that its members have no defaults."""
    change = definitions.get(schema.get("$ref", "").rpartition("/")[2], schema)
    for member in change.get("properties", {}).values():
        member.pop("default", None)


def _shortened(name: re.Match[str]) -> str:
    """`orders.Item` for the class of that name in that module: two sections have one that is called so."""
    return name[1].replace("__", ".")


# One operation


@dataclass(frozen=True)
class _Operation:
    endpoint: Endpoint
    schemas: Mapping[int, Document]
    examples: Sequence[Document]

    def described(self) -> Document:
        endpoint = self.endpoint
        about = endpoint.answer.__doc__ or ""
        operation = {
            "operationId": operation_id(endpoint),
            "summary": endpoint.summary,
            "description": "\n\n".join(" ".join(part.split()) for part in about.split("\n\n")).strip(),
            "parameters": [*self._path_parameters(), *map(self._parameter, self._beside_the_path())],
            "requestBody": self._body(),
            "responses": {str(status): content for status, content in self._responses()},
            "security": self._security(),
            "x-kolli-extension": endpoint.is_extension,
            "x-codeSamples": [{"lang": "Shell", "label": "curl", "source": curl(example)} for example in self.examples],
        }
        kept = {"security"}  # an empty list says that no credentials are needed
        return {name: member for name, member in operation.items() if member or name in kept}

    def _beside_the_path(self) -> list[Parameter]:
        own = [parameter for parameter in self.endpoint.parameters if parameter.place != "path"]
        keys = [KEY] if self.endpoint.takes_keys else []
        scenarios = [SCENARIO] if self.endpoint.route_name in KIND_OF else []
        return [*own, *keys, *scenarios]

    def _path_parameters(self) -> Iterator[Document]:
        known = {parameter.name: parameter for parameter in self.endpoint.parameters if parameter.place == "path"}
        for name, is_number in _SEGMENT.findall(self.endpoint.path):
            usual = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID} if is_number else {"type": "string"}
            parameter = known.get(name) or Parameter(name, "", usual)
            yield self._parameter(Parameter(name, parameter.sentence, parameter.schema, is_required=True, place="path"))

    def _parameter(self, parameter: Parameter) -> Document:
        member = {"query": "query", "header": "headers", "path": "path"}[parameter.place]
        first = self.examples[:1]  # its parts belong together
        values = [e["request"][member][parameter.name] for e in first if parameter.name in e["request"][member]]
        described = {
            "name": parameter.name,
            "in": parameter.place,
            "description": parameter.sentence,
            "required": parameter.is_required,
            "schema": dict(parameter.schema),
            "x-kolli-extension": parameter.is_extension,
        }
        return {name: value for name, value in described.items() if value} | ({"example": values[0]} if values else {})

    def _body(self) -> Document | None:
        endpoint = self.endpoint
        if endpoint.body is None:
            return None
        bodies = [(e["name"], e["request"].get("body", e["request"].get("form"))) for e in self.examples]
        examples = {name: {"value": body} for name, body in bodies if body is not None}
        content = {"schema": self.schemas[id(endpoint.body)], **({"examples": examples} if examples else {})}
        return {"required": True, "content": {endpoint.body_type: content}}

    def _responses(self) -> Iterator[tuple[int, Document]]:
        for status, kind in sorted(self.endpoint.answers.items()):
            answer: Document = {"description": MEANINGS[status]}
            if isinstance(kind, tuple):
                answer["content"] = {media_type: {"schema": BINARY} for media_type in kind}
            elif kind is not None:
                examples = {e["name"]: {"value": e["answer"]} for e in self.examples if e["status"] == status}
                content = {"schema": self._schema(status, kind), **({"examples": examples} if examples else {})}
                answer["content"] = {JSON: content}
            yield status, answer
        refusal = {JSON: {"schema": self.schemas[id(self.endpoint.refusal)]}}
        for status in refusals_of(self.endpoint):
            yield status, {"description": MEANINGS[status], "content": refusal}

    def _schema(self, status: int, kind: object) -> Document:
        """An answer; where a key can be the reason for the same status, a refusal, too."""
        schema = self.schemas[id(kind)]
        if status in REFUSED_KEYS and self.endpoint.takes_keys:
            return {"anyOf": [schema, self.schemas[id(self.endpoint.refusal)]]}
        return schema

    def _security(self) -> list[Document]:
        if self.endpoint.who is not by_credentials:
            return []
        return [{"basic": []}, {"oauth2": [self.endpoint.scope] if self.endpoint.scope else []}]


def refusals_of(endpoint: Endpoint) -> list[int]:
    """Every status that this endpoint refuses with, in order."""
    usual = {
        400: endpoint.parameters or endpoint.who is by_credentials or endpoint.method in WITH_A_BODY,
        401: endpoint.who is by_credentials,
        403: endpoint.scope,
        404: _SEGMENT.search(endpoint.path),
        408: endpoint.method in WITH_A_BODY,
        413: endpoint.method in WITH_A_BODY,
        429: endpoint.who is by_credentials,
        500: True,
        **dict.fromkeys((*REFUSED_KEYS, 503, 507), endpoint.takes_keys),
    }
    found = {*(status for status, applies in usual.items() if applies), *endpoint.errors}
    return sorted(found - endpoint.answers.keys())


# Examples


def curl(example: Mapping[str, Any]) -> str:
    """The example as a line for a shell. The address is that of a demo, the credentials stand in two variables."""
    request = example["request"]
    method, _, path = example["endpoint"].partition(" ")
    for name, value in request["path"].items():
        path = path.replace(f"{{{name}}}", str(value))
    query = f"?{urlencode(request['query'], doseq=True)}" if request["query"] else ""
    parts = [f"curl --request {method} --url {shlex.quote(f'{DEMO_URL}{path}{query}')}"]
    parts.append('--user "$KOLLI_PUBLIC_KEY:$KOLLI_SECRET_KEY"')
    parts += [f"--header {shlex.quote(f'{name}: {value}')}" for name, value in request["headers"].items()]
    if "body" in request:
        parts.append("--header 'Content-Type: application/json'")
        parts.append(f"--data {shlex.quote(json.dumps(request['body'], ensure_ascii=False))}")
    if "file" in request:
        parts.append(f"--header 'Content-Type: {guess_type(request['file'])[0]}'")
        parts.append(f"--data-binary {shlex.quote('@' + request['file'])}")
    parts += [f"--data-urlencode {shlex.quote(f'{name}={value}')}" for name, value in request.get("form", {}).items()]
    return " \\\n  ".join(parts)


# Over HTTP


def route(sections: tuple[ModuleType, ...], url: str) -> Route:
    """Where these sections are described. It needs no credentials: it holds nobody's data."""

    def answer(request: HttpRequest) -> Response:
        headers = {"Content-Type": JSON, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if _takes_gzip(request.headers.get("accept-encoding", "")):
            return Response(_as_gzip(sections, url), headers={**headers, "Content-Encoding": "gzip"})
        return Response(_as_bytes(sections, url), headers=headers)

    return Route(PATH, answer, methods=["GET"])


def _takes_gzip(accepted: str) -> bool:
    """Whether an `Accept-Encoding` header names gzip, and does not refuse it. Source: RFC 9110, 12.5.3."""
    named = (part.strip().lower().partition(";") for part in accepted.split(","))
    return any(name == "gzip" and not re.fullmatch(r"q=0(\.0*)?", quality.strip()) for name, _, quality in named)


@cache
def _as_gzip(sections: tuple[ModuleType, ...], url: str) -> bytes:
    """A tenth of it: the explorer waits for it."""
    return gzip.compress(_as_bytes(sections, url), mtime=0)


@cache
def _as_bytes(sections: tuple[ModuleType, ...], url: str) -> bytes:
    return json.dumps(describe(sections, url), ensure_ascii=False, separators=(",", ":")).encode()
