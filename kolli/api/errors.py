"""What we raise becomes an HTTP status, a code and JSON:API error objects: one table for all sections.

Source of statuses, codes and texts: the API's published error catalogue and the examples of its sections (2026-07).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired, cast

from pydantic_core import ErrorDetails
from typing_extensions import TypedDict

from kolli import errors
from kolli.api.bodies import Malformed, encode


@dataclass(frozen=True)
class Wire:
    """How one class of error looks from outside."""

    status: int
    code: str
    title: str
    header: str | None = None  # that it is about, whichever request had it


WIRE: Mapping[type[errors.KolliError], Wire] = {
    Malformed: Wire(400, "non_field_errors", "Wrong format"),
    errors.Invalid: Wire(400, "invalid", "Invalid"),
    errors.InvalidChoice: Wire(400, "invalid_choice", "Invalid choice"),
    errors.UnknownField: Wire(400, "unknown_field", "Unknown field"),
    errors.Missing: Wire(400, "required", "Required"),
    errors.Impossible: Wire(400, "validation_error", "Validation error"),
    errors.Conflict: Wire(400, "invalid", "Invalid"),
    errors.ReferenceTaken: Wire(409, "invalid", "Conflict"),
    errors.InFlight: Wire(409, "invalid", "In flight", header="Idempotency-Key"),
    errors.KeyReused: Wire(422, "invalid", "Idempotency-Key reused", header="Idempotency-Key"),
    errors.BrokenOff: Wire(409, "invalid", "Broken off", header="Idempotency-Key"),
    errors.LimitReached: Wire(429, "hit_rate_limit", "Too many requests"),
    errors.StorageFull: Wire(507, "invalid", "Disk full"),
    errors.StorageUnavailable: Wire(503, "invalid", "Unavailable"),
    errors.NotFound: Wire(404, "not_found", "Not found"),
    errors.DoesNotExist: Wire(404, "invalid", "Does not exist"),
    errors.Unauthenticated: Wire(401, "authentication_failed", "Unauthorized"),
    errors.Forbidden: Wire(403, "forbidden", "Forbidden"),
    errors.TooLarge: Wire(413, "invalid", "Too large"),
    errors.Unreachable: Wire(502, "invalid", "Unreachable"),
    errors.CarrierError: Wire(400, "parcel_announcement_error", "Announcement failed"),
    errors.KolliError: Wire(500, "unknown_error", "Something went wrong"),
}

INVALID = WIRE[errors.Invalid]


class Source(TypedDict, total=False):
    """Where a mistake stands: a pointer into the body, a parameter of the query, or a header."""

    pointer: str
    parameter: str
    header: str


class Problem(TypedDict):
    """One mistake: what is wrong, with which value, and what to do."""

    status: str
    code: str
    title: NotRequired[str]
    detail: str
    source: NotRequired[Source]
    meta: NotRequired[dict[str, Any]]


class Refusal(TypedDict):
    """Every mistake that was found, and the shipping rules that were applied before it was."""

    errors: list[Problem]
    applied_shipping_rules: NotRequired[list[dict[str, Any]]]


BESIDE = "applied_shipping_rules"
"""The detail of an error that stands beside the errors. Source: integrators, of rules that an option cannot follow."""

ABOUT = "header"
"""The detail of an error that names the header it is about."""

_CHOICES = frozenset({"enum", "literal_error"})


class Rejected(errors.KolliError):
    """A request with one or several mistakes, each an error object ready to be sent."""

    def __init__(self, status: int, problems: Sequence[Mapping[str, object]]) -> None:
        super().__init__()
        self.status = status
        self.problems = problems


@dataclass(frozen=True)
class Pointers:
    """Where a section's fields stand in its request body.

    `root` begins every pointer. `fields` maps our names to places where they are not the same; the longest name that
    begins a field decides, and what remains of the field is appended; an empty place is the root itself. `batch` is
    true where the body is a list, whose indexes this API writes in brackets. `path` is where the request went.
    `says_required` is true in sections that have a sentence and a code of their own for a member that is missing.
    """

    root: str = "/data/attributes"
    fields: Mapping[str, str] | None = None
    batch: bool = False
    path: str = ""
    says_required: bool = False

    def of_field(self, field: str) -> str:
        """The pointer of a field by our name for it."""
        parts = field.split(".")
        for length in range(len(parts), 0, -1):
            place = (self.fields or {}).get(".".join(parts[:length]))
            if place is not None:
                return "/".join([self.root, *filter(None, [place]), *parts[length:]])
        return "/".join([self.root, *parts])

    def of_location(self, location: Sequence[int | str]) -> str:
        """The pointer of a place in the body, as the validator names it."""
        parts = [str(part) for part in location]
        if self.batch and location and isinstance(location[0], int):
            parts[0] = f"[{parts[0]}]"
        return "/".join([self.root, *parts])


def problem(
    wire: Wire, detail: str, pointer: str | None = None, *, parameter: str | None = None, header: str | None = None
) -> dict[str, Any]:
    """One JSON:API error object."""
    named = {"pointer": pointer, "parameter": parameter, "header": header}
    source = {name: value for name, value in named.items() if value is not None}
    return {
        "status": str(wire.status),
        "code": wire.code,
        "title": wire.title,
        "detail": detail,
        **({"source": source} if source else {}),
    }


def message_of(found: ErrorDetails) -> str:
    """What the validator says is wrong, without the names of our classes."""
    return "Input should be a valid dictionary" if found["type"] == "model_type" else found["msg"]


def from_validator(found: Sequence[ErrorDetails], pointers: Pointers) -> Rejected:
    """Every mistake a schema has found in a body, in the validator's own words, which are the documented ones."""
    return Rejected(400, [_found_by_validator(item, pointers) for item in found])


def _found_by_validator(item: ErrorDetails, pointers: Pointers) -> dict[str, Any]:
    where = pointers.of_location(item["loc"])
    if item["type"] == "missing" and pointers.says_required:
        return problem(WIRE[errors.Missing], "This field is required.", where)
    return problem(WIRE[errors.InvalidChoice] if item["type"] in _CHOICES else INVALID, message_of(item), where)


def problem_of(error: errors.KolliError, pointers: Pointers) -> Problem:
    """The error object that tells a caller about an error."""
    wire = next(WIRE[kind] for kind in type(error).__mro__ if kind in WIRE)
    pointer = None if error.field is None else pointers.of_field(error.field)
    header = cast("str | None", error.details.get(ABOUT, wire.header))
    found = problem(wire, error.message, pointer, header=header)
    meta = {name: value for name, value in error.details.items() if name not in {ABOUT, BESIDE}}
    if meta:
        found["meta"] = meta
    return cast("Problem", found)


def answer_to(error: errors.KolliError, pointers: Pointers) -> tuple[int, bytes]:
    """The status and body that tell a caller about an error."""
    if isinstance(error, Rejected):
        return error.status, encode({"errors": error.problems})
    found = problem_of(error, pointers)
    beside = {BESIDE: error.details[BESIDE]} if BESIDE in error.details else {}
    return int(found["status"]), encode({"errors": [found], **beside})
