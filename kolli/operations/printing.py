"""Printing, as people ask for it: labels are queued, jobs paused, resumed, moved or cancelled. Nothing is booked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from kolli.documents.render import A4, on_sheets, paper_named
from kolli.documents.writers import WRITERS
from kolli.drawing import Drawing
from kolli.errors import Conflict, Impossible, Invalid, Missing, NotFound
from kolli.operations.context import Context
from kolli.operations.print_labels import draw_label
from kolli.operations.print_papers import (
    DrawnUnit,
    Shipped,
    draw_separator,
    draw_test_page,
    draw_unit,
    hashes_of,
    label_size,
    sha256,
    units_of,
    written,
)
from kolli.operations.print_sending import have_printed
from kolli.printing.model import (
    LEFT,
    ItemState,
    JobForm,
    JobState,
    Printer,
    PrintItem,
    PrintJob,
    Profile,
    check_profile,
)
from kolli.printing.queries import (
    add_job,
    add_printer,
    default_printer,
    find_job_of_form,
    find_printer,
    get_job,
    get_printer,
    give_to_printer,
    list_items,
    mark_items,
    mark_sent,
    move_job,
    note_fetched,
    printed_parcels,
    update_printer,
)
from kolli.printing.transports import check_address
from kolli.shipments.queries import get_shipments_of_parcels

MOST_LABELS = 2_000
"""How many labels one job may have."""

NOT_OVER = tuple(state for state in JobState if not state.is_over)


@dataclass(frozen=True)
class PrintedFile:
    """A file for a browser."""

    content: bytes
    media_type: str
    name: str


def print_parcels(
    parcel_ids: Sequence[int],
    printer_id: int | None,
    form_key: str | None,
    actor: str,
    context: Context,
    *,
    is_reprint: bool = False,
) -> PrintJob:
    """Queues one job for the labels of these parcels, in this order; nothing is booked, and nothing waited for.

    Without a printer it is the account's default one. The same form makes the same job, however often it is sent. What
    was printed before, or is asked for twice, is recorded as a copy.

    Missing, naming `printer`, when there is no default; NotFound for a printer or parcel that the account does not
    have; Impossible, naming `parcels`, when one of them has no label, or has had it cancelled.
    """
    _check_number(parcel_ids)
    with context.database.read() as transaction:
        known = find_job_of_form(transaction, context.account_id, form_key) if form_key else None
        if known is not None:
            return known
        printer = _chosen(transaction, printer_id, context)
        shipped = get_shipments_of_parcels(transaction, context.account_id, list(parcel_ids))
    _check_labels(shipped)
    job = _new_job(printer, form_key, actor, context, is_reprint=is_reprint)
    seen: set[int] = set() if not is_reprint else set(parcel_ids)
    items = []
    for position, (parcel_id, hashed) in enumerate(zip(parcel_ids, hashes_of(shipped, job.form, context), strict=True)):
        items.append(PrintItem(position, parcel_id, hashed, is_copy=parcel_id in seen))
        seen.add(parcel_id)
    return _queued(job, items, context)


def print_test_page(printer_id: int, form_key: str | None, actor: str, context: Context) -> PrintJob:
    """Queues a page that shows what a printer makes of edges, lengths and bars; see `print_parcels`."""
    with context.database.read() as transaction:
        known = find_job_of_form(transaction, context.account_id, form_key) if form_key else None
        if known is not None:
            return known
        printer = get_printer(transaction, context.account_id, printer_id)
    job = replace(_new_job(printer, form_key, actor, context, is_reprint=False), purpose="test")
    page = draw_test_page(job, printer, context)
    return _queued(job, [PrintItem(0, None, sha256(written([page], job.form, context)))], context)


def reprint(
    job_id: int,
    positions: Sequence[int] | None,
    form_key: str | None,
    actor: str,
    context: Context,
    *,
    printer_id: int | None = None,
) -> PrintJob:
    """Queues the labels of a job once more, or those at these positions: a new job, whose labels are copies.

    Without a printer it is the one that the job was for, if that is still there. Invalid, naming `positions`, for a
    label that the job does not have, and for a job without labels.
    """
    with context.database.read() as transaction:
        job = get_job(transaction, context.account_id, job_id)
        items = {item.position: item for item in list_items(transaction, context.account_id, job_id)}
        printer = find_printer(transaction, context.account_id, job.printer_id)
    wanted = sorted(items) if positions is None else positions
    for position in wanted:
        if position not in items:
            raise Invalid(f"The job has labels 1 to {len(items)}, and no label {position + 1}.", field="positions")
    parcels = [parcel_id for position in wanted if (parcel_id := items[position].parcel_id) is not None]
    if not parcels:
        raise Invalid("There is no label in this job. Print a new test page instead.", field="positions")
    if printer_id is None and printer is not None and printer.removed_at is None:
        printer_id = printer.id
    return print_parcels(parcels, printer_id, form_key, actor, context, is_reprint=True)


def set_aside(job_id: int, actor: str, context: Context) -> None:
    """Has a job wait until somebody resumes it, and lets others pass. Conflict when it is over."""
    _change(job_id, JobState.SET_ASIDE, f"Paused by {actor}.", context, NOT_OVER)


def resume(job_id: int, context: Context) -> None:
    """Has a paused job go on at its first label that was not sent. Conflict when it is not paused."""
    _change(job_id, JobState.WAITING, "", context, (JobState.PAUSED, JobState.SET_ASIDE))


def cancel_job(job_id: int, actor: str, context: Context) -> None:
    """Has nothing more of a job printed. Labels and shipments stay as they are. Conflict when it is over."""
    _change(job_id, JobState.CANCELLED, f"Cancelled by {actor}.", context, NOT_OVER)


def move_to_printer(job_id: int, printer_id: int, context: Context) -> PrintJob:
    """Has what is left of a job printed by another printer, in that printer's form.

    Conflict while it is being printed, or when it is over; pause it first.
    """
    with context.database.read() as transaction:
        job = get_job(transaction, context.account_id, job_id)
        printer = get_printer(transaction, context.account_id, printer_id)
        items = [item for item in list_items(transaction, context.account_id, job_id) if item.state in LEFT]
        parcels = [item.parcel_id for item in items if item.parcel_id is not None]
        shipped = get_shipments_of_parcels(transaction, context.account_id, parcels)
    if not items:
        raise Conflict("Nothing of this job is left to be printed.")
    places = printer.profile.labels_on_a_sheet
    form = replace(JobForm.of(printer.profile), start_from=(printer.profile.start_from - items[0].position) % places)
    moved = replace(job, printer_id=printer.id, form=form)
    if job.purpose == "test":
        hashes = [sha256(written([draw_test_page(moved, printer, context)], form, context))]
    else:
        hashes = hashes_of(shipped, form, context)
    with context.write() as transaction:
        by_position = {item.position: hashed for item, hashed in zip(items, hashes, strict=True)}
        present = list_items(transaction, context.account_id, job_id)
        is_as_seen = [item.position for item in present if item.state in LEFT] == list(by_position)
        if not is_as_seen or not give_to_printer(transaction, moved, by_position, context.now()):
            raise Conflict("The job is being printed at this moment, or is over. Pause it first.")
        if job.purpose == "labels":
            _use_places(transaction, printer, len(items), context)
        have_printed(transaction, context, printer.id)
        have_printed(transaction, context, job.printer_id)  # what was behind it
    return replace(moved, state=JobState.WAITING, reason="")


def file_of(job_id: int, context: Context) -> PrintedFile:
    """The papers of a job as one file. A job that is fetched, and not sent, counts as printed from then on.

    Of one that another printer has begun it is what is left, and what may have come out there has a separator.

    Conflict when it was cancelled; Impossible when none of its labels may be printed any more.
    """
    with context.database.read() as transaction:
        job = get_job(transaction, context.account_id, job_id)
        items = list_items(transaction, context.account_id, job_id)
        printer = find_printer(transaction, context.account_id, job.printer_id)
    if job.state is JobState.CANCELLED or printer is None:
        raise Conflict("The print job was cancelled. Print its labels again, as another job.")
    items = _to_be_fetched(items, job) if printer.is_download else items
    drawn = [draw_unit(job, unit, printer, context) for unit in units_of(items, job.form)]
    doubtful = {item.position for item in items if item.state is ItemState.DOUBTFUL}
    pages = [page for each in drawn for page in _pages(job, each, doubtful, context)]
    void = [found for each in drawn for found in each.void]
    if not pages:
        raise Impossible("Every shipment of this job was cancelled, so there is no label to be printed.")
    content = written(pages, job.form, context)
    if printer.is_download and not job.state.is_over:
        with context.write() as transaction:
            gone = {position for position, _ in void}
            there = [item.position for item in items if item.position not in gone]
            mark_sent(transaction, job, there, context.now(), is_fetched=True)
            mark_items(transaction, job, gone, ItemState.SKIPPED)
            reason = f"Skipped, because the shipment was cancelled: {', '.join(number for _, number in void)}."
            note_fetched(transaction, replace(job, fetched_from=items[0].position))
            move_job(transaction, job, JobState.DONE, context.now(), reason if void else "", out_of=NOT_OVER)
    return _file(content, job.form, f"{'labels' if job.purpose == 'labels' else 'test-page'}-{job.id}")


def _to_be_fetched(items: list[PrintItem], job: PrintJob) -> list[PrintItem]:
    """What is left of a job; of one that is over, what was left when it was fetched."""
    if job.state.is_over:
        return [item for item in items if item.position >= job.fetched_from]
    return [item for item in items if item.state in LEFT] or items


def _pages(job: PrintJob, drawn: DrawnUnit, doubtful: set[int], context: Context) -> list[Drawing]:
    """One paper of a file, behind a separator where something on it may have come out already."""
    if drawn.page is None:
        return []
    numbers = [number for position, number in drawn.numbers.items() if position in doubtful]
    return [*([draw_separator(job, numbers, context)] if numbers else []), drawn.page]


def labels_file(parcel_ids: Sequence[int], profile: Profile, context: Context) -> PrintedFile:
    """The labels of these parcels as one file, by a printer's profile. There is no job, and nothing is recorded."""
    _check_number(parcel_ids)
    with context.database.read() as transaction:
        shipped = get_shipments_of_parcels(transaction, context.account_id, list(parcel_ids))
    _check_labels(shipped)
    form = JobForm.of(profile)
    labels: list[Drawing] = [draw_label(*each, label_size(form), context) for each in shipped]
    start_from = form.start_from if paper_named(form.paper) == A4 else 0
    return _file(written(on_sheets(labels, paper_named(form.paper), start_from), form, context), form, "labels")


def add_new_printer(name: str, profile: Profile, context: Context, *, is_default: bool = False) -> Printer:
    """Stores a new printer; Invalid, naming the field, for what it cannot be."""
    check_printer(name, profile, context)
    printer = Printer(context.installation.sequences.take_id(), name.strip(), profile, is_default)
    with context.write() as transaction:
        add_printer(transaction, context.account_id, printer, context.now())
    return printer


def change_printer(printer: Printer, context: Context) -> None:
    """Stores what has changed about a printer, and has it look for what waits; Invalid as for a new one."""
    check_printer(printer.name, printer.profile, context)
    with context.write() as transaction:
        get_printer(transaction, context.account_id, printer.id)
        update_printer(transaction, context.account_id, printer)
        have_printed(transaction, context, printer.id)


def check_printer(name: str, profile: Profile, context: Context) -> None:
    """Raises Invalid, naming the field, for what no printer can be. Nothing is sent to it."""
    check_profile(name, profile)
    check_address(profile, tuple(context.installation.wires.networks))


def _chosen(transaction: Connection, printer_id: int | None, context: Context) -> Printer:
    if printer_id is not None:
        return get_printer(transaction, context.account_id, printer_id)
    found = default_printer(transaction, context.account_id)
    if found is None:
        raise Missing(
            "There is no printer yet, or none of them is the default. Add one under Printers, or with"
            " `kolli printers add`.",
            field="printer",
        )
    return found


def _check_number(parcel_ids: Sequence[int]) -> None:
    if not parcel_ids:
        raise Missing("There is nothing to be printed. Choose at least one parcel.", field="parcels")
    if len(parcel_ids) > MOST_LABELS:
        raise Invalid(f"One job has at most {MOST_LABELS} labels, not {len(parcel_ids)}.", field="parcels")


def _check_labels(shipped: Sequence[Shipped]) -> None:
    for shipment, parcel in shipped:
        if not parcel.has_label:
            what = f"order {shipment.draft.order_number}" if shipment.draft.order_number else f"shipment {shipment.id}"
            raise Impossible(
                f"Parcel {parcel.id} of {what} has no label: {parcel.status.message}.",
                field="parcels",
                details={"parcel_id": parcel.id},
            )


def _new_job(printer: Printer, form_key: str | None, actor: str, context: Context, *, is_reprint: bool) -> PrintJob:
    now = context.now()
    return PrintJob(
        id=context.installation.sequences.take_id(),
        account_id=context.account_id,
        printer_id=printer.id,
        form_key=form_key,
        state=JobState.WAITING,
        reason="",
        actor=actor,
        created_at=now,
        changed_at=now,
        form=JobForm.of(printer.profile),
        is_reprint=is_reprint,
    )


def _queued(job: PrintJob, items: Sequence[PrintItem], context: Context) -> PrintJob:
    """Stores a job, takes the places on a half-used sheet for it, and has it printed; or gives the one it repeats."""
    with context.write() as transaction:
        printer = get_printer(transaction, context.account_id, job.printer_id)
        parcels = [item.parcel_id for item in items if item.parcel_id is not None]
        printed = printed_parcels(transaction, context.account_id, parcels, or_queued=True)
        items = [replace(item, is_copy=item.is_copy or item.parcel_id in printed) for item in items]
        start_from = printer.profile.start_from if job.form.profile.labels_on_a_sheet > 1 else 0
        queued = replace(job, form=replace(job.form, start_from=start_from)) if job.purpose == "labels" else job
        if add_job(transaction, queued, items):
            if job.purpose == "labels":
                _use_places(transaction, printer, len(items), context)
            if not printer.is_download:
                have_printed(transaction, context, printer.id)
            return queued
        found = find_job_of_form(transaction, context.account_id, job.form_key or "")
    if found is None:
        raise NotFound("No print job matches the given query.")
    return found


def _use_places(transaction: Connection, printer: Printer, count: int, context: Context) -> None:
    """Remembers where on a half-used sheet the next label goes."""
    places = printer.profile.labels_on_a_sheet
    if places > 1:
        profile = replace(printer.profile, start_from=(printer.profile.start_from + count) % places)
        update_printer(transaction, context.account_id, replace(printer, profile=profile))


def _change(job_id: int, to: JobState, reason: str, context: Context, out_of: Sequence[JobState]) -> None:
    with context.write() as transaction:
        job = get_job(transaction, context.account_id, job_id)
        if not move_job(transaction, job, to, context.now(), reason, out_of=out_of):
            raise Conflict(f"Print job {job.id} is {job.state.replace('_', ' ')}, so this is not possible.")
        have_printed(transaction, context, job.printer_id)


def _file(content: bytes, form: JobForm, name: str) -> PrintedFile:
    media_type = form.profile.mime_type
    return PrintedFile(content, media_type, f"{name}.{WRITERS[media_type].extension}")
