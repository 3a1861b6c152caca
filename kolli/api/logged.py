"""What every request and its answer leave in the request log: noted at the edge, so that no answer is left out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kolli.account.requests import Details, KeyState, LoggedRequest
from kolli.api import idempotency
from kolli.errors import BrokenOff, InFlight, KeyReused
from kolli.operations import misbehave

LONGEST_TEXT = 300
"""Characters of a path, a text or a name that are kept."""

MOST_READ = 256 * 1024
"""Bytes of an answer that are looked into: more than a label with its files mostly has."""


def _raw(header: str) -> bytes:
    return header.lower().encode()


_SCENARIO, _KEY, _REPLAYED = _raw(misbehave.HEADER), _raw(idempotency.HEADER), _raw(idempotency.REPLAYED)


class _Problem(msgspec.Struct):
    code: str = ""
    detail: str = ""
    source: dict[str, str] = {}


class _WhatWentWrong(msgspec.Struct):
    message: str


class _Label(msgspec.Struct):
    order_number: str | None = None
    shipment_id: str | None = None


class _Refusal(msgspec.Struct):
    """How version 3 refuses; how version 2 does, with a message; and how access tokens are refused, with a code."""

    errors: list[_Problem] = []
    error: _WhatWentWrong | str = ""
    error_description: str = ""

    def first(self) -> _Problem:
        match self.error:
            case _WhatWentWrong(message=message):
                return _Problem(detail=message)
            case "":
                return next(iter(self.errors), _Problem())
            case code:
                return _Problem(code=code, detail=self.error_description)


class _Labels(msgspec.Struct):
    data: list[_Label] | _Label | None = None


_refusal = msgspec.json.Decoder(_Refusal).decode
_labels = msgspec.json.Decoder(_Labels).decode


class Logged:
    """An application whose every answer is noted.

    It may say in the state of a request (`scope["state"]`) whose it is, `account_id`, and the error that it is refused
    with, `refusal`.
    """

    def __init__(
        self, application: ASGIApp, note: Callable[[LoggedRequest], None], clock: Callable[[], datetime]
    ) -> None:
        self._application = application
        self._note = note
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the application answer."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        answer = _Answer(send)
        state: dict[str, Any] = {}
        at, begun = self._clock(), perf_counter()
        try:
            await self._application({**scope, "state": state}, receive, answer.send)
        finally:
            self._note(
                LoggedRequest(
                    at=at,
                    method=scope["method"][:10],
                    path=scope["path"][:LONGEST_TEXT],
                    status=answer.status,
                    account_id=state.get("account_id"),
                    details=answer.details(scope, state, round((perf_counter() - begun) * 1000)),
                )
            )


class _Answer:
    """What goes out, watched while it does."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._headers: dict[bytes, bytes] = {}
        self._chunks: list[bytes] = []
        self._size = 0
        self.status = 0

    async def send(self, message: Message) -> None:
        """Sends a part of the answer on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = {name.lower(): value for name, value in message.get("headers", ())}
        elif message["type"] == "http.response.body" and self._size <= MOST_READ:
            self._chunks.append(message.get("body", b""))
            self._size += len(self._chunks[-1])
        await self._send(message)

    def details(self, scope: Scope, state: Mapping[str, Any], milliseconds: int) -> Details:
        """What is kept of it."""
        asked = dict(scope["headers"])
        problem = self._problem() if self.status >= 400 else _Problem()
        is_unsafe = scope["method"] in idempotency.UNSAFE
        about = self._label() if is_unsafe and 200 <= self.status < 300 else _Label()
        return Details(
            milliseconds,
            _text(self._headers.get(_SCENARIO, b"")),
            self._key_state(state.get("refusal")) if _KEY in asked and is_unsafe else "",
            (about.order_number or about.shipment_id or "")[:LONGEST_TEXT],
            problem.code[:LONGEST_TEXT],
            problem.detail[:LONGEST_TEXT],
            next(iter(problem.source.values()), "")[:LONGEST_TEXT],
            _text(asked.get(b"user-agent", b"")),
        )

    def _key_state(self, refusal: object) -> KeyState:
        if self._headers.get(_REPLAYED) == b"true":
            return "replayed"
        match refusal:
            case InFlight():
                return "in flight"
            case KeyReused():
                return "reused"
            case BrokenOff():
                return "broken off"
            case _:
                return "first"

    def _problem(self) -> _Problem:
        """The first mistake that the answer names."""
        try:
            return _refusal(self._body()).first()
        except msgspec.MsgspecError:
            return _Problem()

    def _label(self) -> _Label:
        """The first label in the answer."""
        try:
            found = _labels(self._body()).data
        except msgspec.MsgspecError:
            return _Label()
        return found if isinstance(found, _Label) else next(iter(found or ()), _Label())

    def _body(self) -> bytes:
        is_json = self._headers.get(b"content-type", b"").startswith(b"application/json")
        return b"".join(self._chunks) if is_json and self._size <= MOST_READ else b"{}"


def _text(header: bytes) -> str:
    return header.decode("latin-1")[:LONGEST_TEXT]
