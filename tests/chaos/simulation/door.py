"""The API's own door, without a socket: from the credentials to the bytes of the answer, as every request takes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec
from starlette.requests import Request

from kolli.api import endpoint as doors
from kolli.api.endpoint import Endpoint
from kolli.api.v3 import SECTIONS
from kolli.operations.context import Installation


@dataclass(frozen=True)
class Answered:
    """What a caller got."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def document(self) -> Any:
        """The body, read."""
        return msgspec.json.decode(self.body) if self.body else None

    @property
    def problem(self) -> Any:
        """The first mistake that it names."""
        return (self.document.get("errors") or [{}])[0]


@cache
def _endpoints() -> dict[tuple[str, str], Endpoint]:
    return {(each.method, each.path): each for section in SECTIONS for each in section.ROUTES}


def call(
    installation: Installation,
    method: str,
    path: str,
    body: object = None,
    *,
    authorization: str,
    key: str | None = None,
    **parts: Any,
) -> Answered:
    """One request. `parts` are those of the path."""
    headers = [(b"authorization", authorization.encode()), (b"content-type", b"application/json")]
    if key is not None:
        headers.append((b"idempotency-key", key.encode()))
    url = "/api/v3" + path.replace(":int", "").format(**parts)
    scope = {
        "type": "http",
        "method": method,
        "path": url,
        "path_params": parts,
        "query_string": b"",
        "headers": headers,
        "server": ("kolli.test", 80),
        "scheme": "http",
        "root_path": "",
    }
    content = b"" if body is None else msgspec.json.encode(body)
    response = doors._work(_endpoints()[method, path], installation, Request(scope), content)
    return Answered(response.status_code, bytes(response.body), dict(response.headers))
