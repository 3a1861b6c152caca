"""What a page shows of one request: both bodies line by line, and each error and hint with the value it is about."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kolli.account.request_bodies import Said
from kolli.api.bodies import encode
from kolli.api.hints import Call, Given
from kolli.api.pointing import Pointed, resolved, written
from kolli.panel.json_lines import Gap, Line, lines_of, lines_of_text, marked, shown

LONGEST_SHOWN = 16_000
"""Characters of a line for a shell that stand on the page; a longer one can be downloaded."""

LONGEST_VALUE = 200

MOST_FINDINGS = 25
"""Errors, and hints, that stand on the page; of more it is told how many there are."""

_BYTE = re.compile(r"\(byte ([0-9]{1,7})\)")
_MISSING = frozenset({"required", "missing"})


@dataclass(frozen=True)
class Problem:
    """One error of the answer: what it says, where it points to, and what is there.

    `mark` is what stands beside the lines that it is about. `where` is a sentence, and `value` what was sent there.
    """

    mark: str
    detail: str
    code: str
    source: str = ""
    where: str = ""
    value: str = ""


@dataclass(frozen=True)
class Suspicion:
    """One hint, with its mark and the place that it is about."""

    mark: str
    given: Given
    pointer: str


@dataclass(frozen=True)
class Detail:
    """What the page shows."""

    problems: Sequence[Problem]
    hints: Sequence[Suspicion]
    asked: Sequence[Line | Gap]
    answered: Sequence[Line | Gap]
    more: int = 0  # errors and hints beyond those


Translate = Callable[[str], str]


def detail_of(call: Call, hints: Sequence[Given], _: Translate) -> Detail:
    """All of it, in the words of whoever reads it."""
    found = list(_problems(call, _))
    suspicions = [
        Suspicion(f"H{number}", hint, "" if hint.place is None else written(hint.place))
        for number, hint in enumerate(hints, 1)
    ]
    marks = [(problem.mark, pointed.place) for problem, pointed in found[:MOST_FINDINGS] if pointed is not None]
    marks += [(each.mark, each.given.place) for each in suspicions[:MOST_FINDINGS] if each.given.place is not None]
    asked = marked(_lines(call.bodies.asked, call.asked), marks)
    if call.asked is None:
        asked = _marked_at_a_byte(asked, call.bodies.asked, [problem for problem, _pointed in found])
    answered = _lines(call.bodies.answered, call.answered)
    more = max(0, len(found) - MOST_FINDINGS) + max(0, len(suspicions) - MOST_FINDINGS)
    told = [problem for problem, _pointed in found[:MOST_FINDINGS]]
    return Detail(told, suspicions[:MOST_FINDINGS], shown(asked), shown(answered), more)


def _lines(said: Said, value: Any) -> list[Line]:
    return lines_of_text(said.text) if value is None else lines_of(value)


def _marked_at_a_byte(lines: Sequence[Line], asked: Said, problems: Sequence[Problem]) -> list[Line]:
    """What is no JSON, with a mark on the line at which it stops being so, if nothing was taken out before."""
    raw = asked.text.encode()
    at = next((found for each in problems if (found := _BYTE.search(each.detail))), None)
    if at is None or len(raw) != asked.size:
        return list(lines)
    number = raw[: int(at[1])].count(b"\n") + 1
    return [Line(each.number, each.text, marks=("E1",) if each.number == number else ()) for each in lines]


def _problems(call: Call, _: Translate) -> Iterator[tuple[Problem, Pointed | None]]:
    for number, error in enumerate(_errors(call.answered), 1):
        source = error.get("source")
        kind, name = next(iter(source.items()), ("", "")) if isinstance(source, dict) else ("", "")
        told = (f"E{number}", _text(error.get("detail")), _text(error.get("code")), _text(name))
        if kind == "pointer":
            yield _pointing(told, call, _)
        else:
            where, value = _beside_the_body(kind, _text(name), call, _)
            yield Problem(*told, where, value), None


def _pointing(told: tuple[str, str, str, str], call: Call, _: Translate) -> tuple[Problem, Pointed | None]:
    mark, detail, code, pointer = told
    if call.asked is None:
        return Problem(mark, detail, code, pointer, _("The body that was sent cannot be read as JSON.")), None
    pointed = resolved(pointer, call.asked, call.endpoint.pointers.root if call.endpoint else "")
    if pointed.is_there:
        where = _("This was sent:") if pointed.place else _("It is about the body as a whole.")
        value = _short(pointed.value) if pointed.place else ""
        return Problem(mark, detail, code, pointer, where, value), pointed
    missing = "/".join(map(str, pointed.missing))
    is_needed = code in _MISSING or detail in {"Field required", "This field is required."}
    where = (
        _("This member is missing in the body that was sent:")
        if is_needed
        else _("The body that was sent has no such member; what counts comes from the stored order or from a default:")
    )
    return Problem(mark, detail, code, pointer, where, missing), pointed


def _beside_the_body(kind: str, name: str, call: Call, _: Translate) -> tuple[str, str]:
    known: Mapping[str, str] = {}
    match kind:
        case "parameter":
            known = dict(call.query)
        case "header":
            known = call.bodies.asked.headers
        case _other:
            return "", ""
    value = known.get(name) or known.get(name.lower())
    if value is not None:
        return _("This was sent:"), value[:LONGEST_VALUE]
    return _("It was not sent, or is not kept."), ""


def _errors(answer: Any) -> list[dict[str, Any]]:
    """The errors of an answer: of version 3, also beside or inside data; of version 2; of a refused token."""
    if not isinstance(answer, dict):
        return []
    data, error = answer.get("data"), answer.get("error")
    listed = [*_list(answer.get("errors")), *(_list(data.get("errors")) if isinstance(data, dict) else [])]
    if isinstance(error, dict):
        listed.append({"detail": error.get("message"), "code": error.get("code")})
    elif isinstance(error, str):
        listed.append({"detail": answer.get("error_description"), "code": error})
    return [each for each in listed if isinstance(each, dict)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _short(value: Any) -> str:
    text = encode(value).decode()
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + " …"
