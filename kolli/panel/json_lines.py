"""JSON for people: one line after another with its number, each knowing which value it belongs to. Pure."""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from kolli.api.pointing import Place

MOST_LINES = 150
"""Lines that are shown of the beginning of a body; those that somebody is pointed to are shown as well."""

AROUND = 4
"""Lines before and after a line that somebody is pointed to."""

LONGEST_LINE = 1_000
"""Characters of a line that is no JSON."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\],:]|[^"{}\[\],:]+')

# Control characters, and what turns the direction of a line around or cannot be seen.
_UNSEEN = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]")


_encode = msgspec.json.Encoder(decimal_format="number").encode


@dataclass(frozen=True)
class Line:
    """One line: its number, what it says, how far it is moved in, and the place of the value it is a part of.

    `marks` are the numbers of the errors and hints that are about it.
    """

    number: int
    text: str
    indent: int = 0
    place: Place = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Gap:
    """Lines that are left out."""

    count: int


def lines_of(value: Any) -> list[Line]:
    """A JSON value, laid out."""
    return [replace(line, number=number) for number, line in enumerate(_lines(value, "", "", ()), 1)]


def as_text(value: Any) -> str:
    """A JSON value, laid out, as one text."""
    return "\n".join("  " * line.indent + line.text for line in lines_of(value))


def lines_of_text(text: str) -> list[Line]:
    """What is no JSON, line by line; what begins like JSON on a single long line is laid out as far as it goes."""
    if "\n" not in text and len(text) > LONGEST_LINE and text.lstrip()[:1] in {"{", "["}:
        return [replace(line, number=number) for number, line in enumerate(_laid_out(text), 1)]
    return [Line(number, _short(line)) for number, line in enumerate(text.split("\n"), 1)] if text else []


def _laid_out(text: str) -> Iterator[Line]:
    """The beginning of JSON, of which the rest is not there."""
    line, indent = "", 0
    for part in _TOKEN.findall(text):
        if part in "}]" and line:
            yield Line(0, _short(line), indent)
            line = ""
        indent = max(0, indent - 1) if part in "}]" else indent
        line += ": " if part == ":" else part
        if part in "{[,":
            yield Line(0, _short(line), indent)
            line, indent = "", indent + (part in "{[")
    yield Line(0, _short(line), indent)


def marked(lines: Sequence[Line], marks: Collection[tuple[str, Place]]) -> list[Line]:
    """The lines, each with the marks of the values that it belongs to. What is about everything is about one line."""

    def those_of(line: Line, *, is_first: bool) -> tuple[str, ...]:
        return tuple(mark for mark, place in marks if (line.place[: len(place)] == place if place else is_first))

    return [replace(line, marks=those_of(line, is_first=at == 0)) for at, line in enumerate(lines)]


def shown(lines: Sequence[Line], most: int = MOST_LINES) -> list[Line | Gap]:
    """The beginning, and what is around marked lines; gaps stand for the rest."""
    wanted = set(range(min(most, len(lines))))
    starts = [at for at, line in enumerate(lines) if line.marks and (at == 0 or line.marks != lines[at - 1].marks)]
    for at in starts[:most]:
        wanted.update(range(max(0, at - AROUND), min(len(lines), at + AROUND + 1)))
    found: list[Line | Gap] = []
    before = -1
    for at in sorted(wanted):
        if at - before > 1:
            found.append(Gap(at - before - 1))
        found.append(lines[at])
        before = at
    return [*found, Gap(len(lines) - 1 - before)] if before < len(lines) - 1 else found


def _lines(value: Any, begin: str, end: str, place: Place) -> Iterator[Line]:
    """The lines of one value; `begin` is what stands before it on its first line, and `end` behind it on its last."""
    inside: list[tuple[Any, str, Any]]
    match value:
        case dict() if value:
            inside, brackets = [(name, f"{_scalar(str(name))}: ", each) for name, each in value.items()], "{}"
        case list() if value:
            inside, brackets = [(at, "", each) for at, each in enumerate(value)], "[]"
        case _:
            yield Line(0, begin + _scalar(value) + end, len(place), place)
            return
    yield Line(0, begin + brackets[0], len(place), place)
    for at, (step, name, each) in enumerate(inside, 1):
        yield from _lines(each, name, "," if at < len(inside) else "", (*place, step))
    yield Line(0, brackets[1] + end, len(place), place)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _visible(json.dumps(value, ensure_ascii=False))
    return _encode(value).decode()


def _short(line: str) -> str:
    return _visible(line[:LONGEST_LINE]) + (" …" if len(line) > LONGEST_LINE else "")


def _visible(text: str) -> str:
    """The text with what cannot be seen written as JSON writes it."""
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
