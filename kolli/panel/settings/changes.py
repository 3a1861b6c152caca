"""Two people who change the same record, and what the audit trail says about a change.

A form carries a stamp of the record that it was filled from. When the record is another one by the time the form comes
back, nothing is stored, and the person sees what differs; sending the form once more is a decision then.
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from kolli.errors import Conflict
from kolli.panel.web import PanelRequest

STAMP = "stamp"
"""The field of a form that says what it was filled from."""


class Stale(Conflict):
    """Somebody else has changed this since you opened the page."""


class Difference(NamedTuple):
    """What is stored in a field by now, and what was typed into it."""

    label: str
    stored: str
    typed: str


def stamp_of(*records: object) -> str:
    """What tells this state of records from every other; nothing can be read out of it."""
    return hashlib.sha256(msgspec.json.encode(records, order="deterministic")).hexdigest()[:32]


def check_stamp(request: PanelRequest, *records: object) -> None:
    """Raises Stale when the form was filled from another state of these records than the stored one."""
    if request.form.text(STAMP) != stamp_of(*records):
        raise Stale


@contextmanager
def write_if_fresh(
    request: PanelRequest,
    done: tuple[str, str],
    read: Callable[[Connection], object],
    details: Mapping[str, str] | None = None,
) -> Iterator[Connection]:
    """`request.write`, unless the record that `read` finds there is not the one that the form was filled from."""
    with request.write(*done, **(details or {})) as transaction:
        check_stamp(request, read(transaction))
        yield transaction


def differences(labels: Mapping[str, str], stored: Mapping[str, str], typed: Mapping[str, str]) -> list[Difference]:
    """The fields in which what was typed is not what is stored, by the labels that they have on the page."""
    return [
        Difference(label, stored.get(name, ""), typed.get(name, ""))
        for name, label in labels.items()
        if _alike(stored.get(name, "")) != _alike(typed.get(name, ""))
    ]


def told(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """What has changed, for the audit trail: by the name of the field, the old value and the new one."""
    return {
        name: f"{before.get(name, '') or '–'} → {value or '–'}"
        for name, value in after.items()
        if before.get(name, "") != value
    }


def _alike(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())
