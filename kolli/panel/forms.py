"""What people type into forms: read field by field, and what is wrong told beside the field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData, UploadFile

from kolli.errors import KolliError

Model = TypeVar("Model")

LONGEST_FIELD = 100_000

WHOLE = ""
"""The name under which problems stand that belong to no single field."""


@dataclass(frozen=True)
class Upload:
    """A file that somebody has chosen."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Form:
    """The fields of a form that was sent. What is missing is empty."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    files: Mapping[str, Upload] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What stands in a field, without spaces around it."""
        return next(iter(self.values.get(name, ())), "").strip()

    def raw(self, name: str) -> str:
        """What stands in a field, to the letter: passwords may begin with a space."""
        return next(iter(self.values.get(name, ())), "")

    def texts(self, name: str) -> list[str]:
        """All that was given under one name, such as what was ticked in a list."""
        return [value.strip() for value in self.values.get(name, ())]

    def flag(self, name: str) -> bool:
        """Whether a box was ticked."""
        return bool(self.text(name))

    def number(self, name: str) -> int | None:
        """The whole number in a field, such as an id; None when there is none."""
        return whole_number(self.text(name))

    def file(self, name: str) -> Upload | None:
        """The file that was chosen; None when none was."""
        return self.files.get(name)

    def kept(self) -> dict[str, str]:
        """What was typed, to be shown again: the first value of each field, but no password."""
        return {name: values[0] for name, values in self.values.items() if values and "password" not in name}


@dataclass
class Problems:
    """What is wrong with a form, by the name of the field; what belongs to none stands above the form."""

    messages: dict[str, list[str]] = field(default_factory=dict)

    def add(self, name: str, message: str) -> None:
        """Notes a problem."""
        self.messages.setdefault(name, []).append(message)

    def of(self, name: str) -> list[str]:
        """What is wrong with one field."""
        return self.messages.get(name, [])

    def __bool__(self) -> bool:
        return bool(self.messages)


NO_PROBLEMS = Problems()


def problem(message: str, name: str = WHOLE) -> Problems:
    """One thing that is wrong: beside a field, or above the form."""
    return Problems({name: [message]})


def problems_of(error: KolliError, names: Mapping[str, str] | None = None, known: Sequence[str] = ()) -> Problems:
    """An error as the form shows it: beside the field it names, by the name that it has in the form.

    `known` are the form's fields that are called what the error calls them.
    """
    problems = Problems()
    name = (names or {}).get(error.field or "", error.field if error.field in known else None)
    problems.add(name or WHOLE, error.message)
    return problems


def checked(
    schema: TypeAdapter[Model], document: Any, names: Mapping[str, str], problems: Problems, context: Any = None
) -> Model | None:
    """What a schema makes of a document; None, and each mistake noted, when it refuses it.

    `names` says in which field of the form stood what has this dotted path in the document; `context` is the schema's.
    """
    try:
        return schema.validate_python(document, context=context)
    except ValidationError as error:
        for each in error.errors(include_url=False, include_context=False):
            path = ".".join(str(part) for part in each["loc"])
            name = next((names[known] for known in _upwards(path) if known in names), None)
            message = each["msg"].removeprefix("Value error, ")
            problems.add(name or WHOLE, message if name else f"{path}: {message}")
        return None


def _upwards(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]


def whole_number(text: str) -> int | None:
    """The number that a text is, if it is one that the database can hold."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        return None
    number = int(text)
    return number if number < 2**63 else None


def day_in(text: str) -> date | None:
    """The day that a text is, such as 2026-11-24; None when it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def read_form(data: FormData) -> Form:
    """A form as it was sent, its files read."""
    values: dict[str, list[str]] = {}
    files: dict[str, Upload] = {}
    for name, value in data.multi_items():
        if isinstance(value, UploadFile):
            if value.filename:
                files[name] = Upload(value.filename, await value.read())
        else:
            values.setdefault(name, []).append(value[:LONGEST_FIELD].replace("\0", ""))
    return Form(values, files)
