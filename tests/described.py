"""A client that holds every answer to the description of the API: its status, its media type, each of its members."""

import copy
import json
from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs
from starlette.routing import compile_path
from starlette.testclient import TestClient

from kolli.api.description import SECTIONS, describe, plain_path
from kolli.api.endpoint import Endpoint

Document = dict[str, Any]

ROUTES = [
    (endpoint, compile_path(endpoint.prefix + endpoint.path)[0]) for section in SECTIONS for endpoint in section.ROUTES
]


class DescribedClient(TestClient):
    """A TestClient that fails a test whose answer is not as the description has it."""

    def request(self, method: str, url: Any, *args: Any, **options: Any) -> Any:
        """Sends the request, and looks at the answer before the test does."""
        answer = super().request(method, url, *args, **options)
        check(method.upper(), answer.request.url.path, answer.status_code, answer.headers, answer.content)
        return answer


def check(method: str, path: str, status: int, headers: Mapping[str, str], content: bytes) -> None:
    """Asserts that an answer is one that the description has for the endpoint at this path, if there is one."""
    endpoint = endpoint_at(method, path)
    if endpoint is None:
        return
    where = f"{method} {plain_path(endpoint)}"
    media_type = headers.get("content-type", "").partition(";")[0]
    responses = describe()["paths"][plain_path(endpoint)][method.lower()]["responses"]
    assert str(status) in responses, (
        f"{where} answered {status}, and its Endpoint says so neither in `answers` nor in `errors`."
    )
    described = responses[str(status)].get("content", {})
    assert media_type in described or not (described or content), (
        f"{where} answered {status} as {media_type!r}; its Endpoint says {list(described)}."
    )
    if media_type != "application/json":
        return
    problems = [
        f"{error.instance_path}: {error.message}"
        for error in validator(plain_path(endpoint), method.lower(), str(status)).iter_errors(json.loads(content))
    ]
    assert not problems, f"{where} answered {status} otherwise than its Endpoint says: {problems}"


def endpoint_at(method: str, path: str) -> Endpoint | None:
    """The endpoint that answers there: the first that matches, as on the server."""
    bare = path.rstrip("/")
    return next((endpoint for endpoint, where in ROUTES if endpoint.method == method and where.match(bare)), None)


@cache
def validator(path: str, method: str, status: str) -> jsonschema_rs.Draft202012Validator:
    """What tells whether a document is one that this operation may answer with."""
    content = closed()["paths"][path][method]["responses"][status]["content"]["application/json"]
    whole = {**content["schema"], "components": closed()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


@cache
def closed() -> Document:
    """The description, with objects that have the members it names and no others."""
    description = copy.deepcopy(describe())
    _close(description)
    return description


def _close(value: Any) -> None:
    if isinstance(value, dict):
        if value.get("type") == "object" and isinstance(value.get("properties"), dict):
            value.setdefault("additionalProperties", False)
        for member in value.values():
            _close(member)
    elif isinstance(value, list):
        for member in value:
            _close(member)
