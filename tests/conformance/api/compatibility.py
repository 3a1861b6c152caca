"""Compares what Kolli serves with the vendor's descriptions: routes, parameters, members of bodies and of answers.

`python -m tests.conformance.api.compatibility FOLDER` writes the comparison into docs/compatibility.md, between its two
marks. FOLDER holds the vendor's files. Only names are taken from them, never their texts.
"""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import yaml

from kolli.api.description import describe
from tests.conformance.api.differences import NOT_SERVED, ON_PAGES_ONLY, REASONS

Document = dict[str, Any]
Members = dict[str, bool]
"""The places in a document, such as `data[].parcels[].id`; false where anything may stand below."""

PAGE = Path(__file__).parents[3] / "docs" / "compatibility.md"
BEGIN, END = "<!-- comparison: begin -->", "<!-- comparison: end -->"

METHODS = ("get", "post", "put", "patch", "delete")
OURS_EVERYWHERE = frozenset({400, 401, 403, 408, 409, 413, 422, 429, 500, 503, 507})
"""Refusals that any endpoint may give: described once for all by the vendor, or what an extension header brings."""

EXTENSION_HEADERS = frozenset({"idempotency-key", "sandbox-scenario"})
"""Headers of ours that many endpoints take. Without them everything is as it is described."""

Kind = Literal["parameter", "header", "request", "answer", "status"]


class Route(NamedTuple):
    """A method and a path whose variable parts have no names: `GET /orders/{}`."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Difference(NamedTuple):
    """One thing that only one of the two descriptions has."""

    route: Route
    kind: Kind
    name: str
    is_ours: bool

    def __str__(self) -> str:
        return f"{self.route}: {self.kind} {self.name} {'only ours' if self.is_ours else 'not served'}"


@dataclass(frozen=True)
class Side:
    """One operation of one description."""

    document: Document
    operation: Document
    shared: tuple[Document, ...] = ()

    def parameters(self, *places: str) -> set[str]:
        """The names of the parameters in these places."""
        found = [self._resolved(parameter) for parameter in [*self.shared, *self.operation.get("parameters", [])]]
        return {parameter["name"] for parameter in found if parameter["in"] in places}

    def request(self) -> Members:
        """The members of the body."""
        return self._members_in(self._resolved(self.operation.get("requestBody", {})).get("content", {}))

    def answer(self) -> Members:
        """The members of all answers of success together."""
        found: Members = {}
        for status, response in self.operation["responses"].items():
            if str(status).startswith("2"):
                found |= self._members_in(self._resolved(response).get("content", {}))
        return found

    def statuses(self) -> set[int]:
        """The statuses that the operation answers with."""
        return {int(status) for status in self.operation["responses"] if str(status).isdigit()}

    def _members_in(self, content: Mapping[str, Any]) -> Members:
        found: Members = {}
        for media_type, described in content.items():
            if "json" in media_type or "form" in media_type:
                for place, is_closed in self._members(described.get("schema", {}), "", ()):
                    found[place] = found.get(place, True) and is_closed
        return found

    def _members(self, schema: Any, place: str, above: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
        """Each place below a schema; a schema that stands inside itself is looked at once."""
        if not isinstance(schema, dict):
            return
        if "$ref" in schema:
            if schema["$ref"] not in above:
                yield from self._members(self._resolved(schema), place, (*above, schema["$ref"]))
            return
        options = [option for word in ("allOf", "anyOf", "oneOf") for option in schema.get(word, [])]
        for option in options:
            yield from self._members(option, place, above)
        for name, member in schema.get("properties", {}).items():
            inner = f"{place}.{name}".lstrip(".")
            yield inner, True
            yield from self._members(member, inner, above)
        if "items" in schema:
            yield from self._members(schema["items"], f"{place}[]", above)
        elif not options and not schema.get("properties") and _is_open(schema):
            yield place, False

    def _resolved(self, value: Document) -> Document:
        while "$ref" in value:
            found: Any = self.document
            for part in value["$ref"].removeprefix("#/").split("/"):
                found = found[part.replace("~1", "/").replace("~0", "~")]
            value = found
        return value


def _is_open(schema: Document) -> bool:
    """Whether a schema without named members lets anything stand below it."""
    kinds = schema.get("type", [])
    return not schema.keys() & {"type", "enum", "const"} or bool({"object", "array"}.intersection(_listed(kinds)))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@dataclass(frozen=True)
class Section:
    """One of the vendor's files."""

    name: str
    title: str
    operations: Mapping[Route, Side]


@cache
def sections(folder: Path) -> list[Section]:
    """Every file of the vendor, by name."""
    return [_section(path) for path in sorted(folder.glob("*.yaml"))]


def _section(path: Path) -> Section:
    document = yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)
    operations = {
        Route(method.upper(), nameless(where)): Side(document, methods[method], tuple(methods.get("parameters", [])))
        for where, methods in document.get("paths", {}).items()
        for method in METHODS
        if method in methods
    }
    return Section(path.stem, document["info"]["title"], operations)


def nameless(path: str) -> str:
    """The path without the names of its variable parts."""
    return re.sub(r"{[^}]*}", "{}", path)


@cache
def ours() -> dict[Route, Side]:
    """Everything of version 3 that is served, by the vendor's way to write its paths."""
    return {
        Route(method.upper(), nameless(path.removeprefix("/api/v3"))): Side(describe(), operation)
        for path, operations in describe()["paths"].items()
        for method, operation in operations.items()
        if not path.startswith("/api/v2")
    }


def differences(folder: Path) -> list[Difference]:
    """Every difference between the two descriptions of the routes that both have."""
    return [
        difference
        for section in sections(folder)
        for route, theirs in section.operations.items()
        if route in ours()
        for difference in compared(route, theirs, ours()[route])
    ]


def compared(route: Route, theirs: Side, our: Side) -> list[Difference]:
    """The differences between two operations."""
    return [
        *_only_one(route, "parameter", theirs.parameters("query"), our.parameters("query")),
        *_only_one(route, "header", _headers(theirs), _headers(our) - EXTENSION_HEADERS),
        *_members_of_one(route, "request", theirs.request(), our.request()),
        *_members_of_one(route, "answer", theirs.answer(), our.answer()),
        *_only_one(
            route,
            "status",
            {str(status) for status in theirs.statuses()},
            {str(status) for status in our.statuses() - (OURS_EVERYWHERE - theirs.statuses())},
        ),
    ]


def _headers(side: Side) -> set[str]:
    return {name.lower() for name in side.parameters("header")}


def _only_one(route: Route, kind: Kind, theirs: Iterable[str], our: Iterable[str]) -> Iterator[Difference]:
    known, mine = set(theirs), set(our)
    for name in sorted(known ^ mine):
        yield Difference(route, kind, name, is_ours=name in mine)


def _members_of_one(route: Route, kind: Kind, theirs: Members, our: Members) -> Iterator[Difference]:
    for name in sorted(theirs.keys() ^ our.keys()):
        other = theirs if name in our else our
        if not name.endswith("[]") and name and not any(_is_covered(above, other) for above in _above(name)):
            yield Difference(route, kind, name, is_ours=name in our)


def _is_covered(above: str, other: Members) -> bool:
    """Whether a difference further up says it already, or anything may stand there."""
    return not other.get(above, True) or (bool(above.strip("[]")) and above not in other and not above.endswith("[]"))


def _above(name: str) -> Iterator[str]:
    """`a`, `a[]`, `a[].b` above `a[].b.c`, and the whole document."""
    yield ""
    for end, symbol in enumerate(name):
        if symbol in ".[":
            yield name[:end]
            yield name[: end + 2] if symbol == "[" else name[:end]


def reason_for(difference: Difference) -> str | None:
    """Why it is so; None if nobody has said."""
    return next((reason.sentence for reason in REASONS if reason.fits(difference)), None)


# The page


def page(folder: Path) -> str:
    """The comparison as Markdown."""
    return "\n".join([BEGIN, "", *_lines(sections(folder)), END])


def _lines(all_sections: list[Section]) -> Iterator[str]:
    for section in all_sections:
        if any(route in ours() for route in section.operations):
            yield from _section_lines(section)
    yield "### Not served"
    yield ""
    yield "| section | routes | why |"
    yield "| --- | --- | --- |"
    for section in all_sections:
        if not any(route in ours() for route in section.operations):
            routes = "<br>".join(f"`{route}`" for route in section.operations) or "none"
            yield f"| {section.title} | {routes} | {NOT_SERVED.get(section.name, '')} |"
    yield ""
    others = [route for route in ours() if all(route not in section.operations for section in all_sections)]
    on_pages = [route for route in others if route.path.startswith(ON_PAGES_ONLY)]
    extensions = [route for route in others if route not in on_pages]
    for title, listed in (("Described on pages only", on_pages), ("Ours alone", extensions)):
        yield f"### {title}"
        yield ""
        yield from (f"- `{route}`: {ours()[route].operation['summary']}" for route in listed)
        yield ""


def _section_lines(section: Section) -> Iterator[str]:
    yield f"### Fields of {section.title}"
    yield ""
    yield "| route | Kolli | parameters | members of the body | members of the answer |"
    yield "| --- | --- | --- | --- | --- |"
    for route, theirs in section.operations.items():
        our = ours().get(route)
        if our is None:
            yield f"| `{route}` | {NOT_SERVED.get(str(route), 'not yet')} | | | |"
            continue
        counts = [
            _count(theirs.parameters("query", "header"), our.parameters("query", "header")),
            _count(theirs.request(), our.request()),
            _count(theirs.answer(), our.answer()),
        ]
        yield f"| `{route}` | served | {' | '.join(counts)} |"
    yield ""
    rows = list(_difference_rows(section))
    if rows:
        yield "| what | route | where they differ | Kolli |"
        yield "| --- | --- | --- | --- |"
        yield from rows
        yield ""


def _difference_rows(section: Section) -> Iterator[str]:
    """One row for all names of a route that differ for the same reason."""
    grouped: dict[tuple[str, str, str], list[str]] = {}
    for route, theirs in section.operations.items():
        for difference in compared(route, theirs, ours()[route]) if route in ours() else []:
            which = "added" if difference.is_ours else "without"
            key = (str(route), f"{difference.kind}, {which}", reason_for(difference) or "?")
            grouped.setdefault(key, []).append(f"`{difference.name}`")
    for (where, what, reason), names in grouped.items():
        yield f"| {what} | `{where}` | {', '.join(names)} | {reason} |"


def _count(theirs: Iterable[str], our: Iterable[str]) -> str:
    known, mine = ({name.lower() for name in names if name and not name.endswith("[]")} for names in (theirs, our))
    return f"{len(known & mine)} of {len(known)}" if known else ""


def write(folder: Path) -> None:
    """Writes the comparison into the page."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(before + page(folder) + rest.partition(END)[2], "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
