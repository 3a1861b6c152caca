"""What came over the network from a carrier, read without believing it: size, type, shape, files, numbers.

    answer = ask(outgoing, Call.BOOKING, "POST", url, headers, body)
    said = answer.json(reason=lambda said: said["error"]["message"].text())
    numbers = [parcel["barcode"].text() for parcel in said["parcels"].each()]
    return answer.announced(numbers, boxes=len(booking.draft.boxes))

Whatever is wrong with an answer becomes the one error that is true then:

| what came | after a booking call | after a question |
| --- | --- | --- |
| no connection; 429 | CarrierUnavailable: it never heard us | CarrierUnavailable |
| 4xx with a reason that can be read | CarrierRejected: it said no | CarrierUnavailable |
| anything else that is no answer | CarrierOutcomeUnknown: it may have heard us | CarrierUnavailable |

No answer is: a connection that broke, 3xx, 5xx, 204, HTML, half a document, too much, too slow, another shape.

A question is a call that changes nothing when it is sent again: a look-up, a reservation, a cancellation, tracking.
"""

import base64
import binascii
import http.client
import json
import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any, NoReturn

from kolli.carriers.base import LONGEST_NUMBER, Announced, can_be_a_number
from kolli.carriers.label_files import problem_with_file
from kolli.errors import (
    CarrierError,
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    Invalid,
    Unreachable,
)
from kolli.outgoing import NotReached, Outgoing, Patience, check_url

MOST_BYTES = 8 * 1024 * 1024
"""How much of an answer is read: the labels of fifty boxes in one document have room."""

PATIENCE_SECONDS = 60.0
"""How long an answer may take to come in, from the first byte to the last."""

DEEPEST = 32
"""How many objects and lists may stand inside each other."""

LONGEST_REASON = 500

_BROKEN: tuple[type[Exception], ...] = (OSError, EOFError, http.client.HTTPException)
"""What reading from a connection raises in the standard library; time-outs and TLS among them."""

_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")
_TOO_MANY_REQUESTS = 429
"""Turned away at the door. Source: RFC 6585, section 4."""


class Call(Enum):
    """What was asked for, which decides what an answer means that cannot be read."""

    BOOKING = "booking"
    """It may have been booked, and paid for."""

    QUESTION = "question"
    """Nothing has changed by it, or asking again changes nothing more."""

    def unclear(self, what: str) -> CarrierError:
        """The error for a carrier that may have heard us and has not been understood."""
        if self is Call.BOOKING:
            return CarrierOutcomeUnknown(f"{what} Whether it booked the shipment is being looked into.")
        return CarrierUnavailable(what)


@dataclass(frozen=True)
class Answer:
    """What a carrier has answered, whole and not too large, and no more is known about it."""

    call: Call
    status: int
    content_type: str  # in lower case and without parameters; empty: it said none
    body: bytes

    def unclear(self, what: str) -> CarrierError:
        """The error for an answer that is not understood, as `what` says; to be raised."""
        return self.call.unclear(f"{what} (status {self.status}).")

    def json(self, *, reason: "Callable[[Said], str] | None" = None, besides: Collection[int] = ()) -> "Said":
        """The JSON document of a 2xx, or of a status among `besides`.

        `reason` finds the sentence in the document of another 4xx: CarrierRejected then, if it is a booking.
        """
        if not self._is_yes and self.status not in besides:
            raise self._refusal(reason)
        return self._document()

    def file(self, mime_type: str) -> bytes:
        """The file of this type that is the body of a 2xx: complete, as far as can be told without opening it."""
        if not self._is_yes:
            raise self._refusal(None)
        if self.content_type != mime_type:
            raise self.unclear(f"The carrier answered with {self._kind}, not with {mime_type}")
        return _checked(self, self.body, mime_type)

    def announced(
        self,
        numbers: Sequence[str],
        *,
        boxes: int | None = None,
        told: Sequence[str] = (),
        longest: int = LONGEST_NUMBER,
    ) -> Announced:
        """A yes with these tracking numbers: one for each box, each once, those that it was told if it was told any."""
        problem = problem_with_numbers(numbers, boxes=boxes, told=told, longest=longest)
        if problem:
            raise self.unclear(f"The carrier gave {problem}")
        return Announced(tuple(numbers))

    @property
    def _is_yes(self) -> bool:
        return 200 <= self.status < 300

    def _refusal(self, reason: "Callable[[Said], str] | None") -> CarrierError:
        if self.status == _TOO_MANY_REQUESTS:
            return CarrierUnavailable("The carrier takes no more requests at this moment. Nothing was booked.")
        if reason is None or not 400 <= self.status < 500:
            return self.unclear(f"The carrier answered with {self._kind}, which is no answer")
        text = _readable(reason(self._document()))
        if not text:
            return self.unclear("The carrier refused and did not say why")
        return CarrierRejected(text) if self.call is Call.BOOKING else CarrierUnavailable(text)

    def _document(self) -> "Said":
        if not self.body.strip():
            raise self.unclear("The carrier answered with nothing")
        if self.content_type != "application/json" and not self.content_type.endswith("+json"):
            raise self.unclear(f"The carrier answered with {self._kind}, not with JSON")
        try:
            value = json.loads(
                self.body.decode("utf-8"),
                object_pairs_hook=_unambiguous,
                parse_constant=_no_number,
                parse_float=Decimal,
            )
            _check_depth(value)
        except (ValueError, InvalidOperation, RecursionError) as error:
            raise self.unclear("The carrier answered with JSON that is broken, cut off or nested too deeply") from error
        return Said(self, value)

    @property
    def _kind(self) -> str:
        if self.content_type in {"text/html", "application/xhtml+xml"} or self.body[:200].lstrip()[:1] == b"<":
            return "a page of HTML or XML"
        return _readable(self.content_type)[:80] or f"{len(self.body)} bytes of no type"


@dataclass(frozen=True)
class Said:
    """One value of a document, which knows where it stands and what it means when it is not what it should be."""

    answer: Answer
    value: object
    where: str = "the document"

    def __getitem__(self, key: str | int) -> "Said":
        """The member of an object with this name, or the entry of a list at this place, which has to be there."""
        where = f"{self.where}, {key!r}"
        match self.value, key:
            case dict() as members, str() if key in members:
                return Said(self.answer, members[key], where)
            case list() as entries, int() if -len(entries) <= key < len(entries):
                return Said(self.answer, entries[key], where)
        raise self.answer.unclear(f"The carrier's answer lacks what should be there: {where}")

    def __contains__(self, key: str) -> bool:
        """Whether this is an object with a member of this name."""
        return isinstance(self.value, dict) and key in self.value

    def each(self) -> "list[Said]":
        """The entries of a list."""
        if not isinstance(self.value, list):
            raise self._wrong("a list")
        return [self[place] for place in range(len(self.value))]

    def text(self) -> str:
        """A text, which is not empty. A number is none: it may have lost its zeros on the way."""
        if not isinstance(self.value, str) or not self.value or _NOT_STORABLE.search(self.value):
            raise self._wrong("a text")
        return self.value

    def check(self, expected: str) -> None:
        """Sees that this is what we sent, such as our reference: else the answer is about another shipment."""
        if self.value != expected:
            raise self.answer.unclear(f"The carrier's answer is about another shipment: see {self.where}")

    def file(self, mime_type: str) -> bytes:
        """The file of this type that stands here in base64: complete, as far as can be told without opening it."""
        try:
            content = base64.b64decode(self.text(), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._wrong("base64") from error
        return _checked(self.answer, content, mime_type)

    def _wrong(self, wanted: str) -> CarrierError:
        return self.answer.unclear(f"The carrier's answer has something else than {wanted} at: {self.where}")


def ask(
    outgoing: Outgoing,
    call: Call,
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    body: bytes = b"",
    patience: Patience | None = None,
    most_bytes: int = MOST_BYTES,
) -> Answer:
    """Sends one request and gives its answer, or the error that says what is known now.

    That nothing was sent is known only where no connection came about: CarrierUnavailable. Redirects are not followed.
    """
    try:
        check_url(url, outgoing.private_targets)
    except Invalid as error:
        raise CarrierUnavailable(
            f"The carrier's address cannot be called: {error.message} Nothing was sent."
        ) from error
    with asking(call):
        reply = outgoing.send(method, url, headers, body, patience=patience, most_bytes=most_bytes + 1)
        return receive(call, reply.status, reply.headers, [reply.body], most_bytes=most_bytes)


def receive(
    call: Call,
    status: int,
    headers: Mapping[str, str],
    chunks: Iterable[bytes],
    *,
    most_bytes: int = MOST_BYTES,
    patience_seconds: float = PATIENCE_SECONDS,
) -> Answer:
    """Reads an answer from any network library: no more than so much, and no longer than so long.

    `headers` may be of any letter case. What is compressed is refused: it was not asked for, and a few bytes of it can
    be as large as a disk. A library that unpacks by itself gives chunks that are unpacked, which are counted as such.
    """
    known = {name.lower(): value.strip().lower() for name, value in headers.items()}
    if known.get("content-encoding", "identity") not in {"", "identity"}:
        raise call.unclear("The carrier answered with something compressed, which was not asked for.")
    content_type = known.get("content-type", "").partition(";")[0].strip()
    ends_at = time.monotonic() + patience_seconds
    body = bytearray()
    with asking(call):
        for chunk in chunks:
            body += chunk
            if len(body) > most_bytes:
                raise call.unclear(f"The carrier answered with more than {most_bytes} bytes.")
            if time.monotonic() > ends_at:
                raise call.unclear(f"The carrier's answer was not complete after {patience_seconds:g} seconds.")
    return Answer(call, status, content_type, bytes(body))


@contextmanager
def connecting(*broken: type[Exception]) -> Iterator[None]:
    """Around opening a connection: what goes wrong there is CarrierUnavailable, as nothing has been sent.

    `broken` are errors of a network library that are none of the standard library's.
    """
    kinds = _BROKEN + broken
    try:
        yield
    except kinds as error:
        raise CarrierUnavailable from error


@contextmanager
def asking(call: Call, *broken: type[Exception]) -> Iterator[None]:
    """Around sending and reading: what goes wrong there may go wrong after the carrier has heard us."""
    kinds = _BROKEN + broken
    try:
        yield
    except NotReached as error:
        raise CarrierUnavailable(f"{error.message} Nothing was booked.") from error
    except Unreachable as error:
        raise call.unclear(error.message) from error
    except kinds as error:
        raise call.unclear("The connection to the carrier broke.") from error


def problem_with_numbers(
    numbers: Sequence[str], *, boxes: int | None = None, told: Sequence[str] = (), longest: int = LONGEST_NUMBER
) -> str | None:
    """What these are instead of the tracking numbers of so many boxes; None: they can be just that."""
    if not numbers or (boxes is not None and len(numbers) != boxes):
        return f"{len(numbers)} tracking numbers for {boxes or 'some'} parcels"
    for number in numbers:
        if len(number) > longest or not can_be_a_number(number):
            return f"a tracking number that cannot be one, {number[:60]!r}"
    if len({number.casefold() for number in numbers}) < len(numbers):
        return "one tracking number for more than one parcel"
    if told and tuple(numbers) != tuple(told):
        return f"the numbers {', '.join(numbers)}, and was told {', '.join(told)}"
    return None


def _checked(answer: Answer, content: bytes, mime_type: str) -> bytes:
    problem = problem_with_file(content, mime_type)
    if problem:
        raise answer.unclear(f"The carrier sent a label that cannot be used: {problem}")
    return content


def _readable(text: str) -> str:
    """A text of a carrier's as people may see it: no control characters, and no longer than anybody reads."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:LONGEST_REASON]


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a name stands there twice")
    return members


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [
            below
            for item in level
            if isinstance(item, dict | list)
            for below in (item.values() if isinstance(item, dict) else item)
        ]
        if not level:
            return
    raise ValueError("nested too deeply")
