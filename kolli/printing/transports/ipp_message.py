"""Messages of the Internet Printing Protocol: what is asked, and what is answered.

Sources: RFC 8010 (encoding), section 3; RFC 8011 (operations, attributes, status codes). Only the syntaxes that we ask
with are written; of those that are answered, what we do not know is skipped.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

OPERATION_GROUP, JOB_GROUP, END, PRINTER_GROUP, UNSUPPORTED_GROUP = 0x01, 0x02, 0x03, 0x04, 0x05
INTEGER, BOOLEAN, ENUM = 0x21, 0x22, 0x23
TEXT, NAME, KEYWORD, URI, CHARSET, LANGUAGE, MIME_TYPE = 0x41, 0x42, 0x44, 0x45, 0x47, 0x48, 0x49
BEGIN_COLLECTION, END_COLLECTION, MEMBER_NAME = 0x34, 0x37, 0x4A

PRINT_JOB, GET_JOB_ATTRIBUTES, GET_PRINTER_ATTRIBUTES = 0x0002, 0x0009, 0x000B

VERSION = b"\x02\x00"

Value = str | int | bool | None

_ENCODERS = {INTEGER: ">i", ENUM: ">i", BOOLEAN: ">?"}
_WITH_LANGUAGE = (0x35, 0x36)


class Unreadable(ValueError):
    """These bytes are no message of IPP."""


@dataclass(frozen=True)
class Attribute:
    """What is said about one thing: its syntax, its name and its values."""

    tag: int
    name: str
    values: tuple[str | int | bool, ...]


@dataclass(frozen=True)
class Answer:
    """What was answered: a status code, and of each group of attributes its names and values."""

    status: int
    groups: tuple[tuple[int, dict[str, list[Value]]], ...] = field(default=())

    @property
    def is_ok(self) -> bool:
        """Whether the operation was done: RFC 8011, appendix B.1.2."""
        return self.status < 0x0100

    def of(self, group: int) -> dict[str, list[Value]]:
        """The attributes of the first group of this kind."""
        return next((attributes for tag, attributes in self.groups if tag == group), {})


def request(operation: int, request_id: int, groups: Sequence[tuple[int, Sequence[Attribute]]]) -> bytes:
    """A request without its document: `version operation request-id (group attribute*)* end`."""
    parts = [VERSION, struct.pack(">Hi", operation, request_id)]
    for tag, attributes in groups:
        parts.append(bytes([tag]))
        for attribute in attributes:
            parts += _attribute(attribute)
    parts.append(bytes([END]))
    return b"".join(parts)


def _attribute(attribute: Attribute) -> Iterator[bytes]:
    """`tag name-length name value-length value`, and for further values the same with an empty name."""
    name = attribute.name.encode("ascii")
    for value in attribute.values:
        kind = _ENCODERS.get(attribute.tag)
        data = struct.pack(kind, value) if kind else str(value).encode("utf-8")
        yield struct.pack(f">BH{len(name)}sH", attribute.tag, len(name), name, len(data)) + data
        name = b""


def read(data: bytes) -> Answer:
    """An answer; Unreadable when it is none, or is cut off."""
    if len(data) < 9:
        raise Unreadable("it is too short")
    status = int.from_bytes(data[2:4], "big")
    groups: list[tuple[int, dict[str, list[Value]]]] = []
    name, at, depth = "", 8, 0
    while True:
        tag = _bytes(data, at, 1)[0]
        at += 1
        if tag == END:
            return Answer(status, tuple(groups))
        if tag < 0x10:  # another group begins
            groups.append((tag, {}))
            continue
        new_name, at = _counted(data, at)
        value, at = _counted(data, at)
        depth += {BEGIN_COLLECTION: 1, END_COLLECTION: -1}.get(tag, 0)
        if depth or tag in {END_COLLECTION, MEMBER_NAME}:  # what collections hold is of no use here
            continue
        if not groups:
            raise Unreadable("it has an attribute outside of any group")
        name = new_name.decode("utf-8", "replace") or name
        groups[-1][1].setdefault(name, []).append(_value(tag, value))


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    length = int.from_bytes(_bytes(data, at, 2), "big")
    return _bytes(data, at + 2, length), at + 2 + length


def _bytes(data: bytes, at: int, length: int) -> bytes:
    if at + length > len(data):
        raise Unreadable("it is cut off")
    return data[at : at + length]


def _value(tag: int, value: bytes) -> Value:
    if tag in {INTEGER, ENUM} and len(value) == 4:
        return int.from_bytes(value, "big", signed=True)
    if tag == BOOLEAN and len(value) == 1:
        return value != b"\0"
    if tag in _WITH_LANGUAGE and len(value) >= 4:  # language-length language text-length text
        skipped = 2 + int.from_bytes(value[:2], "big")
        value = value[skipped + 2 :]
    if 0x35 <= tag <= 0x36 or 0x41 <= tag <= 0x49:
        return value.decode("utf-8", "replace")
    return None
