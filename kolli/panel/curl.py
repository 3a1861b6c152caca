"""A request of the log as a line for a shell that sends it again, whatever it holds. The credentials are two variables.

Source of the options: curl's manual. `--globoff`, because brackets in addresses mean something to curl; `--path-as-is`,
because dots do; `--data-raw`, because a body that begins with `@` would be a file's name.
"""

import shlex
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from kolli.account.request_bodies import Said
from kolli.account.requests import LoggedRequest

CREDENTIALS = '--user "$KOLLI_PUBLIC_KEY:$KOLLI_SECRET_KEY"'

_NAMES: Mapping[str, str] = {
    "content-type": "Content-Type",
    "accept": "Accept",
    "idempotency-key": "Idempotency-Key",
    "sandbox-scenario": "Sandbox-Scenario",
    "sendcloud-partner-id": "Sendcloud-Partner-Id",
}
"""The headers that are sent again, in this order."""

_IN_PATHS = "/:@!$&'()*+,;=~-._"


def curl(request: LoggedRequest, asked: Said, url: str) -> str:
    """The request as it came in. A value that was not kept stands there as `‹…›`, to be filled in."""
    return " \\\n  ".join(_parts(request, asked, url))


def _parts(request: LoggedRequest, asked: Said, url: str) -> Iterator[str]:
    query = f"?{asked.query}" if asked.query else ""
    address = f"{url}{quote(request.path, safe=_IN_PATHS)}{query}"
    yield f"curl --globoff --path-as-is --request {shlex.quote(request.method)} --url {shlex.quote(address)}"
    yield CREDENTIALS
    for name, spelled in _NAMES.items():
        if (value := asked.headers.get(name)) and value != "*/*":
            yield f"--header {shlex.quote(f'{spelled}: {value}')}"
    if asked.text and "content-type" not in asked.headers:
        yield "--header 'Content-Type:'"  # it had none, and curl would add one
    if asked.text:
        yield f"--data-raw {shlex.quote(asked.text)}"
