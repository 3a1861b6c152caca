"""Trials of rules ↔ rows: what somebody wants to know before they save a rule, and what has been found so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, update

from kolli.database import insert_or_skip
from kolli.errors import NotFound
from kolli.rules.model import Rule
from kolli.schema import rule_trials
from kolli.values import timestamp

MOST_EXAMPLES = 500
"""Shipments that a trial tells of one by one; the others are only counted."""

MOST_TRIALS = 20
"""Trials of one account that are kept, the newest ones."""

LONGEST_TEXT = 200
LONGEST_ERROR = 600
"""Characters that are kept of what a field was or would be, and of why an order could not be shipped."""

Against = Literal["rules", "shipped"]
"""What is compared with: what the present rules would decide today, or how it was shipped."""


class TrialState(StrEnum):
    """How far a trial is."""

    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # by a person
    FAILED = "failed"


class Question(msgspec.Struct, frozen=True):
    """What is tried: one rule of the list as it would be (id 0: a new one at the end), or none, the list as it is."""

    days: int
    most: int
    against: Against = "rules"
    rule: Rule | None = None


class Difference(msgspec.Struct, frozen=True):
    """One field of a shipment that would be otherwise, and which rule is the reason, if one still is."""

    field: str
    before: str
    after: str
    because: str = ""


class Example(msgspec.Struct, frozen=True):
    """A shipment that would be otherwise, or would fail."""

    shipment_id: str
    order_number: str
    differences: tuple[Difference, ...] = ()
    error: str = ""


class Report(msgspec.Struct):
    """What has been found so far. Prices are today's; sums are by currency, of those that would be otherwise."""

    total: int = 0  # shipments that are looked at, once that is counted
    shipments: int = 0
    different: int = 0
    failing: int = 0
    without_price: int = 0  # of those that differ
    ways: dict[str, dict[str, int]] = {}  # shipping option before → after → how many
    fields: dict[str, int] = {}
    cost: dict[str, Decimal] = {}
    would_cost: dict[str, Decimal] = {}
    examples: list[Example] = []
    behind: tuple[str, str] | None = None  # the last shipment that was looked at
    list_mark: str = ""  # which rules there were; with others it begins anew
    reason: str = ""  # why it failed


@dataclass(frozen=True)
class Trial:
    """One trial."""

    id: int
    form_key: str
    actor: str
    created_at: datetime
    state: TrialState
    question: Question
    report: Report


_ADD = insert_or_skip(rule_trials)
_OWN = select(rule_trials).where(rule_trials.c.account_id == bindparam("account"))
_BY_ID = _OWN.where(rule_trials.c.id == bindparam("trial"))
_BY_FORM = _OWN.where(rule_trials.c.form_key == bindparam("form"))
_NEWEST = _OWN.order_by(rule_trials.c.id.desc()).limit(bindparam("most"))
_WRITE = (
    update(rule_trials)
    .where(
        rule_trials.c.account_id == bindparam("account"),
        rule_trials.c.id == bindparam("trial"),
        rule_trials.c.state == TrialState.RUNNING,
    )
    .values(report=bindparam("new_report"), state=bindparam("new_state"))
)
_STOP = (
    update(rule_trials)
    .where(
        rule_trials.c.account_id == bindparam("account"),
        rule_trials.c.id == bindparam("trial"),
        rule_trials.c.state == TrialState.RUNNING,
    )
    .values(state=TrialState.STOPPED)
)
_OLD = (
    select(rule_trials.c.id)
    .where(rule_trials.c.account_id == bindparam("account"), rule_trials.c.state != TrialState.RUNNING)
    .order_by(rule_trials.c.id.desc())
    .offset(MOST_TRIALS)
    .limit(100)
)
_REMOVE = delete(rule_trials).where(
    rule_trials.c.account_id == bindparam("account"), rule_trials.c.id.in_(bindparam("old", expanding=True))
)

_encode = msgspec.json.encode
_read_question = msgspec.json.Decoder(Question).decode
_read_report = msgspec.json.Decoder(Report).decode


def add_trial(transaction: Connection, account_id: int, trial: Trial) -> bool:
    """Stores a trial, and removes the oldest ones; False, and nothing stored, when the same form has made one."""
    row: Mapping[str, Any] = {
        "id": trial.id,
        "account_id": account_id,
        "form_key": trial.form_key,
        "actor": trial.actor,
        "created_at": timestamp(trial.created_at),
        "state": trial.state,
        "body": _encode(trial.question).decode(),
        "report": _encode(trial.report).decode(),
    }
    if transaction.execute(_ADD, row).rowcount == 0:
        return False
    old = transaction.execute(_OLD, {"account": account_id}).scalars().all()
    if old:
        transaction.execute(_REMOVE, {"account": account_id, "old": old})
    return True


def find_trial(transaction: Connection, account_id: int, trial_id: int) -> Trial | None:
    """The account's trial with this id."""
    row = transaction.execute(_BY_ID, {"account": account_id, "trial": trial_id}).one_or_none()
    return None if row is None else _trial(row)


def get_trial(transaction: Connection, account_id: int, trial_id: int) -> Trial:
    """The account's trial with this id, which must exist."""
    found = find_trial(transaction, account_id, trial_id)
    if found is None:
        raise NotFound("There is no such dry run. The oldest ones are removed when new ones are made.")
    return found


def find_trial_of_form(transaction: Connection, account_id: int, form_key: str) -> Trial | None:
    """The trial that this form has made, if it has."""
    row = transaction.execute(_BY_FORM, {"account": account_id, "form": form_key}).one_or_none()
    return None if row is None else _trial(row)


def list_trials(transaction: Connection, account_id: int, most: int) -> Sequence[Trial]:
    """The account's newest trials."""
    return [_trial(row) for row in transaction.execute(_NEWEST, {"account": account_id, "most": most})]


def write_report(
    transaction: Connection, account_id: int, trial_id: int, report: Report, state: TrialState = TrialState.RUNNING
) -> bool:
    """Stores what has been found so far; False, and nothing stored, when the trial is over or gone."""
    values = {
        "account": account_id,
        "trial": trial_id,
        "new_report": _encode(report).decode(),
        "new_state": state,
    }
    return transaction.execute(_WRITE, values).rowcount == 1


def stop_trial(transaction: Connection, account_id: int, trial_id: int) -> bool:
    """Has nothing more looked at; False when it was over already."""
    return transaction.execute(_STOP, {"account": account_id, "trial": trial_id}).rowcount == 1


def _trial(row: Any) -> Trial:
    return Trial(
        row.id,
        row.form_key,
        row.actor,
        datetime.fromisoformat(row.created_at),
        TrialState(row.state),
        _read_question(row.body),
        _read_report(row.report),
    )
