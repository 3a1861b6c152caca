"""Printers, print jobs and their papers ↔ rows."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, case, func, insert, or_, select, update

from kolli.database import insert_or_skip
from kolli.errors import Conflict, NotFound
from kolli.printing.model import ItemState, JobForm, JobState, Printer, PrintItem, PrintJob, Profile, Purpose
from kolli.schema import print_items, print_jobs, printers
from kolli.values import timestamp

_PRINTERS = select(printers).where(printers.c.account_id == bindparam("account_id"))
_LISTED = _PRINTERS.where(printers.c.removed_at.is_(None)).order_by(printers.c.name, printers.c.id)
_PRINTER = _PRINTERS.where(printers.c.id == bindparam("id"))
_OWN_PRINTER = (printers.c.account_id == bindparam("account"), printers.c.id == bindparam("printer"))
_CHANGE_PRINTER = update(printers).where(*_OWN_PRINTER)
_REMOVE_PRINTER = _CHANGE_PRINTER.values(removed_at=bindparam("at"), is_default=False)
_NO_OTHER_DEFAULT = (
    update(printers)
    .where(printers.c.account_id == bindparam("account"), printers.c.id != bindparam("printer"))
    .values(is_default=False)
)

_ADD_JOB = insert_or_skip(print_jobs)
_JOBS = select(print_jobs).where(print_jobs.c.account_id == bindparam("account_id"))
_JOB = _JOBS.where(print_jobs.c.id == bindparam("id"))
_BY_FORM_KEY = _JOBS.where(print_jobs.c.form_key == bindparam("form_key"))
_PAGE = _JOBS.where(print_jobs.c.id < bindparam("before")).order_by(print_jobs.c.id.desc()).limit(bindparam("most"))
_LAST = (
    _JOBS.where(print_jobs.c.actor == bindparam("actor"), print_jobs.c.id > bindparam("newer_than"))
    .order_by(print_jobs.c.id.desc())
    .limit(1)
)
# With the sum an index that begins with the account is of no use: SQLite would read all jobs the account ever had.
_AT_THE_PRINTER = (
    select(print_jobs)
    .where(print_jobs.c.account_id + 0 == bindparam("account_id"), print_jobs.c.printer_id == bindparam("printer_id"))
    .order_by(print_jobs.c.created_at, print_jobs.c.id)  # commands take ids from blocks of their own
)
_NEXT = _AT_THE_PRINTER.where(print_jobs.c.state.in_([JobState.WAITING, JobState.PRINTING, JobState.PAUSED])).limit(1)
_OPEN = _AT_THE_PRINTER.where(
    print_jobs.c.state.in_([state for state in JobState if state not in {JobState.DONE, JobState.CANCELLED}])
).limit(1)
_OWN_JOB = (print_jobs.c.account_id == bindparam("account"), print_jobs.c.id == bindparam("job"))
_MOVE = (
    update(print_jobs)
    .where(*_OWN_JOB, print_jobs.c.state.in_(bindparam("from_states", expanding=True)))
    .values(state=bindparam("to_state"), reason=bindparam("why"), changed_at=bindparam("at"))
)
_MOVE_AT = _MOVE.where(print_jobs.c.printer_id == bindparam("at_printer"))
_NOTE_FETCHED = update(print_jobs).where(*_OWN_JOB).values(body=bindparam("new_body"))
_REMARK = update(print_jobs).where(*_OWN_JOB).values(reason=bindparam("why"), changed_at=bindparam("at"))
_TO_PRINTER = (
    update(print_jobs)
    .where(*_OWN_JOB, print_jobs.c.state.in_([JobState.WAITING, JobState.PAUSED, JobState.SET_ASIDE]))
    .values(
        printer_id=bindparam("to_printer"),
        body=bindparam("new_body"),
        state=JobState.WAITING,
        reason="",
        changed_at=bindparam("at"),
    )
)

_ADD_ITEMS = insert(print_items)
_ITEMS = (
    select(print_items)
    .where(print_items.c.account_id == bindparam("account_id"), print_items.c.job_id == bindparam("job_id"))
    .order_by(print_items.c.position)
)
_SOME_ITEMS = _ITEMS.where(print_items.c.position >= bindparam("first")).limit(bindparam("most"))
_COUNTS = (
    select(print_items.c.job_id, print_items.c.state, func.count().label("number"))
    .where(
        print_items.c.account_id + 0 == bindparam("account_id"),
        print_items.c.job_id.in_(bindparam("job_ids", expanding=True)),
    )
    .group_by(print_items.c.job_id, print_items.c.state)
)
_ASKED_FOR = (
    select(print_items.c.parcel_id)
    .join(print_jobs, print_jobs.c.id == print_items.c.job_id)
    .where(
        print_items.c.account_id == bindparam("account_id"),
        print_items.c.parcel_id.in_(bindparam("parcel_ids", expanding=True)),
        print_items.c.state != ItemState.SKIPPED,
    )
    .distinct()
)
_PRINTED = _ASKED_FOR.where(print_items.c.state != ItemState.WAITING)
_PRINTED_OR_QUEUED = _ASKED_FOR.where(
    or_(print_items.c.state != ItemState.WAITING, print_jobs.c.state.not_in([JobState.DONE, JobState.CANCELLED]))
)
_OWN_ITEM = (
    print_items.c.account_id == bindparam("account"),
    print_items.c.job_id == bindparam("job"),
    print_items.c.position == bindparam("at_position"),
)
_ITEM_STATE = update(print_items).where(*_OWN_ITEM).values(state=bindparam("to_state"))
_ITEM_BACK = _ITEM_STATE.where(print_items.c.state == ItemState.SENDING)
_ITEM_SENT = update(print_items).where(*_OWN_ITEM).values(state=ItemState.SENT, sent_at=bindparam("at"))
_ITEM_FETCHED = _ITEM_SENT.values(
    state=case((print_items.c.state == ItemState.DOUBTFUL, ItemState.DOUBTFUL), else_=ItemState.SENT)
)
_ITEM_SHA = update(print_items).where(*_OWN_ITEM).values(sha256=bindparam("new_sha256"))
_IN_DOUBT = (
    update(print_items)
    .where(print_items.c.account_id + 0 == bindparam("account"), print_items.c.job_id == bindparam("job"))
    .where(print_items.c.state == ItemState.SENDING)
    .values(state=ItemState.DOUBTFUL, is_copy=True)
)

LARGEST_ID = 2**63 - 1

HOW_FAR_BACK = 500_000
"""How many ids back a person's last job is looked for: some tens of thousands of things ago."""


@dataclass(frozen=True)
class _Body:
    """What a job's row holds beside its columns."""

    form: JobForm
    purpose: Purpose = "labels"
    is_reprint: bool = False
    fetched_from: int = 0


_read_profile = msgspec.json.Decoder(Profile).decode
_read_body = msgspec.json.Decoder(_Body).decode


def add_printer(transaction: Connection, account_id: int, printer: Printer, now: datetime) -> None:
    """Stores a new printer. An account's first one is its default; a new default replaces the one before."""
    is_first = not list_printers(transaction, account_id)
    added = replace(printer, is_default=printer.is_default or is_first)
    transaction.execute(
        insert(printers), {"account_id": account_id, "created_at": timestamp(now), "id": printer.id, **_columns(added)}
    )
    _settle_default(transaction, account_id, added)


def update_printer(transaction: Connection, account_id: int, printer: Printer) -> None:
    """Stores what has changed about a printer. Jobs that are queued keep the form that they were queued in."""
    transaction.execute(_CHANGE_PRINTER.values(**_columns(printer)), {"account": account_id, "printer": printer.id})
    _settle_default(transaction, account_id, printer)


def remove_printer(transaction: Connection, account_id: int, printer_id: int, now: datetime) -> None:
    """Removes a printer, which must be there. Conflict while it has jobs that are not over."""
    get_printer(transaction, account_id, printer_id)
    waiting = transaction.execute(_OPEN, {"account_id": account_id, "printer_id": printer_id}).first()
    if waiting is not None:
        raise Conflict(
            f"Print job {waiting.id} of this printer is not over. Cancel it, or move it to another printer, first."
        )
    transaction.execute(_REMOVE_PRINTER, {"account": account_id, "printer": printer_id, "at": timestamp(now)})


def list_printers(transaction: Connection, account_id: int) -> list[Printer]:
    """The account's printers by name, without those that were removed."""
    return [_printer(row) for row in transaction.execute(_LISTED, {"account_id": account_id})]


def find_printer(transaction: Connection, account_id: int, printer_id: int) -> Printer | None:
    """The account's printer with this id, also one that was removed."""
    row = transaction.execute(_PRINTER, {"account_id": account_id, "id": printer_id}).one_or_none()
    return None if row is None else _printer(row)


def get_printer(transaction: Connection, account_id: int, printer_id: int) -> Printer:
    """The account's printer with this id, which must be there."""
    found = find_printer(transaction, account_id, printer_id)
    if found is None or found.removed_at is not None:
        raise NotFound("No printer matches the given query.", field="printer")
    return found


def default_printer(transaction: Connection, account_id: int) -> Printer | None:
    """The printer for whoever names none: the default one, or the only one there is."""
    known = list_printers(transaction, account_id)
    if len(known) == 1:
        return known[0]
    return next((printer for printer in known if printer.is_default), None)


def add_job(transaction: Connection, job: PrintJob, items: Sequence[PrintItem]) -> bool:
    """Stores a new job; False, and nothing stored, when the same form has made one before."""
    row = {
        "id": job.id,
        "account_id": job.account_id,
        "printer_id": job.printer_id,
        "form_key": job.form_key,
        "state": job.state,
        "reason": job.reason,
        "actor": job.actor,
        "created_at": timestamp(job.created_at),
        "changed_at": timestamp(job.changed_at),
        "body": _body(job),
    }
    if transaction.execute(_ADD_JOB, row).rowcount == 0:
        return False
    rows = [
        {
            "job_id": job.id,
            "account_id": job.account_id,
            "position": item.position,
            "parcel_id": item.parcel_id,
            "sha256": item.sha256,
            "state": item.state,
            "is_copy": item.is_copy,
        }
        for item in items
    ]
    transaction.execute(_ADD_ITEMS, rows)
    return True


def find_job(transaction: Connection, account_id: int, job_id: int) -> PrintJob | None:
    """The account's print job with this id."""
    row = transaction.execute(_JOB, {"account_id": account_id, "id": job_id}).one_or_none()
    return None if row is None else _job(row)


def get_job(transaction: Connection, account_id: int, job_id: int) -> PrintJob:
    """The account's print job with this id, which must exist."""
    found = find_job(transaction, account_id, job_id)
    if found is None:
        raise NotFound("No print job matches the given query.")
    return found


def find_job_of_form(transaction: Connection, account_id: int, form_key: str) -> PrintJob | None:
    """The job that a form has made before."""
    row = transaction.execute(_BY_FORM_KEY, {"account_id": account_id, "form_key": form_key}).one_or_none()
    return None if row is None else _job(row)


def list_jobs(transaction: Connection, account_id: int, most: int, before: int = LARGEST_ID) -> list[PrintJob]:
    """The account's newest jobs, or those before one with this id."""
    rows = transaction.execute(_PAGE, {"account_id": account_id, "before": before, "most": most})
    return [_job(row) for row in rows]


def last_job(transaction: Connection, account_id: int, actor: str) -> PrintJob | None:
    """The newest job of a person, if it is among the newer ones of the account."""
    newest = list_jobs(transaction, account_id, 1)
    if not newest:
        return None
    values = {"account_id": account_id, "actor": actor, "newer_than": newest[0].id - HOW_FAR_BACK}
    row = transaction.execute(_LAST, values).one_or_none()
    return None if row is None else _job(row)


def next_job(transaction: Connection, account_id: int, printer_id: int) -> PrintJob | None:
    """The oldest job that a printer has to print, or that holds it up."""
    row = transaction.execute(_NEXT, {"account_id": account_id, "printer_id": printer_id}).one_or_none()
    return None if row is None else _job(row)


def move_job(
    transaction: Connection,
    job: PrintJob,
    to: JobState,
    now: datetime,
    reason: str = "",
    *,
    out_of: Iterable[JobState],
    at_printer: int | None = None,
) -> bool:
    """Moves a job from one of these states to another; False, and nothing done, when it is in none of them.

    `at_printer` is for whoever prints there: a job that was moved to another printer is none of theirs any more.
    """
    values = {
        "account": job.account_id,
        "job": job.id,
        "from_states": list(out_of),
        "to_state": to,
        "why": reason,
        "at": timestamp(now),
    }
    if at_printer is not None:
        return transaction.execute(_MOVE_AT, {**values, "at_printer": at_printer}).rowcount == 1
    return transaction.execute(_MOVE, values).rowcount == 1


def remark_on_job(transaction: Connection, job: PrintJob, reason: str, now: datetime) -> None:
    """Writes down why a job waits."""
    transaction.execute(_REMARK, {"account": job.account_id, "job": job.id, "why": reason, "at": timestamp(now)})


def note_fetched(transaction: Connection, job: PrintJob) -> None:
    """Writes down with which label the file of a job begins."""
    transaction.execute(_NOTE_FETCHED, {"account": job.account_id, "job": job.id, "new_body": _body(job)})


def give_to_printer(transaction: Connection, job: PrintJob, hashes: Mapping[int, str], now: datetime) -> bool:
    """Has a job wait for the printer, and in the form, that it names now, with what its labels are there.

    False, and nothing done, when it is printing or over.
    """
    values = {
        "account": job.account_id,
        "job": job.id,
        "to_printer": job.printer_id,
        "new_body": _body(job),
        "at": timestamp(now),
    }
    if transaction.execute(_TO_PRINTER, values).rowcount == 0:
        return False
    own = {"account": job.account_id, "job": job.id}
    rows = [{**own, "at_position": position, "new_sha256": sha256} for position, sha256 in hashes.items()]
    if rows:
        transaction.execute(_ITEM_SHA, rows)
    return True


def list_items(transaction: Connection, account_id: int, job_id: int) -> list[PrintItem]:
    """The labels of a job in their order."""
    return [_item(row) for row in transaction.execute(_ITEMS, {"account_id": account_id, "job_id": job_id})]


def list_some_items(transaction: Connection, account_id: int, job_id: int, first: int, most: int) -> list[PrintItem]:
    """At most so many labels of a job, from the one at this position on."""
    values = {"account_id": account_id, "job_id": job_id, "first": first, "most": most}
    return [_item(row) for row in transaction.execute(_SOME_ITEMS, values)]


def count_items(transaction: Connection, account_id: int, job_ids: Sequence[int]) -> dict[int, Counter[ItemState]]:
    """How many labels of each job are in which state."""
    counts: dict[int, Counter[ItemState]] = {job_id: Counter() for job_id in job_ids}
    for row in transaction.execute(_COUNTS, {"account_id": account_id, "job_ids": list(job_ids)}):
        counts[row.job_id][ItemState(row.state)] = row.number
    return counts


def printed_parcels(
    transaction: Connection, account_id: int, parcel_ids: Sequence[int], *, or_queued: bool = False
) -> set[int]:
    """Those of these parcels whose label has gone to a printer, or may have; or, if wanted, is about to."""
    values = {"account_id": account_id, "parcel_ids": list(parcel_ids)}
    return set(transaction.execute(_PRINTED_OR_QUEUED if or_queued else _PRINTED, values).scalars())


def mark_items(transaction: Connection, job: PrintJob, positions: Iterable[int], state: ItemState) -> None:
    """Writes down that labels are in this state; for those that are sent see `mark_sent`."""
    own = {"account": job.account_id, "job": job.id, "to_state": state}
    rows = [{**own, "at_position": position} for position in positions]
    if rows:
        transaction.execute(_ITEM_STATE, rows)


def take_back_items(transaction: Connection, job: PrintJob, before: Mapping[int, ItemState]) -> None:
    """Has labels whose bytes have surely not left be in the state that they were in before."""
    own = {"account": job.account_id, "job": job.id}
    rows = [{**own, "at_position": position, "to_state": state} for position, state in before.items()]
    if rows:
        transaction.execute(_ITEM_BACK, rows)


def mark_sent(
    transaction: Connection, job: PrintJob, positions: Iterable[int], now: datetime, *, is_fetched: bool = False
) -> None:
    """Writes down that these labels have reached the printer, or whoever has fetched them.

    Of what is fetched it stays known what may have come out before, elsewhere.
    """
    own = {"account": job.account_id, "job": job.id, "at": timestamp(now)}
    rows = [{**own, "at_position": position} for position in positions]
    if rows:
        transaction.execute(_ITEM_FETCHED if is_fetched else _ITEM_SENT, rows)


def doubt_what_was_sending(transaction: Connection, job: PrintJob) -> None:
    """Has what was on its way count as perhaps printed: it is sent again as a copy, behind a separator."""
    transaction.execute(_IN_DOUBT, {"account": job.account_id, "job": job.id})


def _settle_default(transaction: Connection, account_id: int, printer: Printer) -> None:
    if printer.is_default:
        transaction.execute(_NO_OTHER_DEFAULT, {"account": account_id, "printer": printer.id})


def _columns(printer: Printer) -> dict[str, Any]:
    return {
        "name": printer.name,
        "is_default": printer.is_default,
        "body": msgspec.json.encode(printer.profile).decode(),
    }


def _body(job: PrintJob) -> str:
    return msgspec.json.encode(_Body(job.form, job.purpose, job.is_reprint, job.fetched_from)).decode()


def _printer(row: Any) -> Printer:
    removed_at = datetime.fromisoformat(row.removed_at) if row.removed_at else None
    return Printer(row.id, row.name, _read_profile(row.body), row.is_default, removed_at)


def _job(row: Any) -> PrintJob:
    body = _read_body(row.body)
    return PrintJob(
        id=row.id,
        account_id=row.account_id,
        printer_id=row.printer_id,
        form_key=row.form_key,
        state=JobState(row.state),
        reason=row.reason,
        actor=row.actor,
        created_at=datetime.fromisoformat(row.created_at),
        changed_at=datetime.fromisoformat(row.changed_at),
        form=body.form,
        purpose=body.purpose,
        is_reprint=body.is_reprint,
        fetched_from=body.fetched_from,
    )


def _item(row: Any) -> PrintItem:
    return PrintItem(
        position=row.position,
        parcel_id=row.parcel_id,
        sha256=row.sha256,
        state=ItemState(row.state),
        is_copy=row.is_copy,
        sent_at=datetime.fromisoformat(row.sent_at) if row.sent_at else None,
    )
