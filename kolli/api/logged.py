"""What every request and its answer leave in the request log: noted at the edge, so that no answer is left out."""

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from time import perf_counter
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kolli.account.requests import Details, Exchange, KeyState, LoggedRequest, OneSide
from kolli.api import idempotency
from kolli.errors import BrokenOff, InFlight, KeyReused
from kolli.operations import misbehave
from kolli.operations.redact import KEPT_HEADERS

LONGEST_TEXT = 300
"""Characters of a path, a text or a name that are kept."""

MOST_READ = 256 * 1024
"""Bytes of an answer that are looked into: more than a label with its files mostly has. And of a request."""

NOT_NOTED = ("/panel", "/static/")
"""What people look at in the panel is no request of their programs, and their passwords are nobody's business."""


def _raw(header: str) -> bytes:
    return header.lower().encode()


_SCENARIO, _KEY, _REPLAYED = _raw(misbehave.HEADER), _raw(idempotency.HEADER), _raw(idempotency.REPLAYED)


_KEPT = {_raw(name): name for name in sorted(KEPT_HEADERS)}


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

    It may say in the state of a request (`scope["state"]`) whose it is, `account_id`, by which key, `public_key`, and
    the error that it is refused with, `refusal`.
    """

    def __init__(
        self,
        application: ASGIApp,
        note: Callable[[LoggedRequest], None],
        clock: Callable[[], datetime],
        *,
        keeps_bodies: bool = False,
    ) -> None:
        """Notes what was said, too, where bodies are to be kept and the caller is known."""
        self._application = application
        self._note = note
        self._clock = clock
        self._keeps_bodies = keeps_bodies
        self._key = secrets.token_bytes(32)  # marks of bodies mean something as long as the server runs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets the application answer."""
        if scope["type"] != "http" or scope["path"].startswith(NOT_NOTED):
            await self._application(scope, receive, send)
            return
        answer, question = _Answer(send), _Question(receive)
        state: dict[str, Any] = {}
        at, begun = self._clock(), perf_counter()
        try:
            asked = question.receive if self._keeps_bodies else receive
            await self._application({**scope, "state": state}, asked, answer.send)
        finally:
            self._note(
                LoggedRequest(
                    at=at,
                    method=scope["method"][:10],
                    path=scope["path"][:LONGEST_TEXT],
                    status=answer.status,
                    account_id=state.get("account_id"),
                    details=answer.details(scope, state, round((perf_counter() - begun) * 1000)),
                    exchange=self._exchange(scope, state, question, answer),
                    public_key=state.get("public_key", ""),
                )
            )

    def _exchange(
        self, scope: Scope, state: Mapping[str, Any], question: "_Question", answer: "_Answer"
    ) -> Exchange | None:
        if not self._keeps_bodies or state.get("account_id") is None:
            return None
        query = scope["query_string"].decode("latin-1")
        asked = OneSide(b"".join(question.chunks), question.size, _texts(dict(scope["headers"])), query, self._key)
        return Exchange(asked, answer.side(self._key))


class _Question:
    """What comes in, watched while it does."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self.chunks: list[bytes] = []
        self.size = 0

    async def receive(self) -> Message:
        """Hands a part of the request on."""
        message = await self._receive()
        if message["type"] == "http.request" and (chunk := message.get("body", b"")):
            if self.size < MOST_READ:
                self.chunks.append(chunk[: MOST_READ - self.size])
            self.size += len(chunk)
        return message


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
        elif message["type"] == "http.response.body":
            chunk = message.get("body", b"")
            if self._size < MOST_READ:
                self._chunks.append(chunk[: MOST_READ - self._size])
            self._size += len(chunk)
        await self._send(message)

    def side(self, key: bytes) -> OneSide:
        """All of it, as far as it was watched."""
        return OneSide(b"".join(self._chunks), self._size, _texts(self._headers), key=key)

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


def _texts(headers: Mapping[bytes, bytes]) -> dict[str, str]:
    """Those headers that are kept: credentials are not even carried as far as the log."""
    return {name: headers[raw].decode("latin-1")[:LONGEST_TEXT] for raw, name in _KEPT.items() if raw in headers}
