"""How version 2 refuses: `{"error": {"code": 404, "request": "api/v2/parcels/1", "message": "…"}}`."""

from collections.abc import Collection, Mapping
from functools import partial

from starlette.responses import Response
from typing_extensions import TypedDict

from kolli.api.bodies import decode, encode
from kolli.api.endpoint import Answer, Endpoint
from kolli.api.endpoint import nowhere as nowhere_of_v3
from kolli.api.errors import Pointers, answer_to
from kolli.errors import KolliError

PREFIX = "api/v2"


class WhatWentWrong(TypedDict):
    """A status, what was asked for, and a sentence."""

    code: int
    request: str
    message: str


class ErrorAnswer(TypedDict):
    """What every refusal looks like."""

    error: WhatWentWrong


def went_wrong(code: int, path: str, message: str) -> ErrorAnswer:
    """A refusal of what was asked for at a path."""
    return {"error": {"code": code, "request": path.strip("/"), "message": message}}


def refuse(error: KolliError, pointers: Pointers) -> tuple[int, bytes]:
    """The status and body that tell a caller about an error: those of version 3, put into one sentence."""
    status, content = answer_to(error, pointers)
    message = " ".join(map(_sentence, decode(content)["errors"]))
    return status, encode(went_wrong(status, pointers.path, message))


def nowhere(status: int, allowed: Collection[str], path: str) -> Response:
    """The answer for a path that leads nowhere (404), or not by this method but by those that are `allowed` (405)."""
    other = nowhere_of_v3(status, allowed)
    message = decode(bytes(other.body))["errors"][0]["detail"]
    headers = {name: value for name, value in other.headers.items() if name == "allow"}
    return Answer(status, went_wrong(status, path, message), headers).response()


def _sentence(found: Mapping[str, object]) -> str:
    """`order_number: 'This field is required.'`, or the sentence alone where it is about nothing in particular."""
    source = found.get("source")
    named = str(source.get("parameter") or source.get("pointer") or "") if isinstance(source, dict) else ""
    name = named.rpartition("/")[2]
    return f"{name}: '{found['detail']}'" if name and name != "data" else str(found["detail"])


V2 = partial(Endpoint, prefix=f"/{PREFIX}", refuse=refuse, refusal=ErrorAnswer)
"""An endpoint of version 2."""
