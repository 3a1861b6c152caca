"""Where in a request an error points to: the pointer of an answer becomes the place in the body that was sent.

Pointers of this API begin with a root that no body has (`/data/attributes`), write the indexes of batches in brackets
(`[1]`), and may name what does not stand in the body but in the stored order. Source: the sections' examples (2026-07).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Place = tuple[str | int, ...]
"""The way to a value in a body: names of members and indexes of lists."""

_ROOTS = (("data", "attributes"), ("data",), ())
_INDEX = re.compile(r"\[?([0-9]{1,18})\]?")

ALIASES = {"order": "orders", "orders": "order", "label_details": "label", "contract_id": "contract"}
"""What a body may call a member that is pointed to by its own name, since both are read."""


@dataclass(frozen=True)
class Pointed:
    """Where a pointer leads: to a value, or, if the rest is not there, to the last value on the way."""

    place: Place
    value: Any
    missing: Place = ()  # what is not there, seen from the place

    @property
    def is_there(self) -> bool:
        """Whether it leads to a value of the body."""
        return not self.missing


def resolved(pointer: str, body: Any, root: str = "") -> Pointed:
    """Follows a pointer as far as it goes in a body; `root` is what the section's pointers begin with."""
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    own = tuple(filter(None, root.split("/")))
    rests = [parts[len(begin) :] for begin in (own, *_ROOTS) if tuple(parts[: len(begin)]) == begin]
    found = [_followed(rest, body) for rest in rests]
    return min(found, key=lambda pointed: (len(pointed.missing), -len(pointed.place)))


def _followed(parts: Sequence[str], body: Any) -> Pointed:
    place: Place = ()
    value = body
    for done, part in enumerate(parts):
        step = _step(part, value)
        if step is None and _is_one(value) and not _INDEX.fullmatch(part):  # one order, written as a list
            place, value = (*place, 0), value[0]
            step = _step(part, value)
        if step is None:
            return Pointed(place, value, tuple(parts[done:]))
        place, value = (*place, step), value[step]
    return Pointed(place, value)


def _is_one(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 1


def _step(part: str, value: Any) -> Any:
    match value:
        case dict():
            return next((name for name in (part, ALIASES.get(part)) if name in value), None)
        case list():
            index = _INDEX.fullmatch(part)
            return int(index[1]) if index and int(index[1]) < len(value) else None
    return None


def walked(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every value of a body with its place, itself first."""
    yield place, value
    inside: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inside:
        yield from walked(each, (*place, step))


def written(place: Place) -> str:
    """A place as a JSON pointer. Source: RFC 6901."""
    return "".join(f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in place)
