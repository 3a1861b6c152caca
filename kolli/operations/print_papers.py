"""The papers of print jobs: drawn from what was frozen, and compared with what they were when they were queued."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kolli.documents.layouts.printer_pages import (
    SeparatorContent,
    TestPageContent,
    lay_out_separator,
    lay_out_test_page,
)
from kolli.documents.render import A4, A6, LABEL_4X6, on_sheet, paper_named, render
from kolli.drawing import Drawing, Paper
from kolli.errors import Impossible
from kolli.operations.context import Context
from kolli.operations.print_labels import draw_label
from kolli.printing.model import JobForm, Printer, PrintItem, PrintJob
from kolli.shipments.model import Parcel, Shipment
from kolli.shipments.queries import get_shipments_of_parcels

PDF_DPI = 72

Shipped = tuple[Shipment, Parcel]


class LabelChanged(Impossible):
    """A label is not what it was when it was queued."""


def sha256(data: bytes) -> str:
    """The checksum of a file."""
    return hashlib.sha256(data).hexdigest()


def written(drawings: Sequence[Drawing], form: JobForm, context: Context) -> bytes:
    """Drawings as one file in a job's form."""
    profile = form.profile
    dpi = PDF_DPI if form.format == "pdf" else form.dpi
    return render(drawings, profile.mime_type, dpi, context.installation.fonts)


def label_size(form: JobForm) -> Paper:
    """How large one label is in this form."""
    return LABEL_4X6 if form.paper == "4x6" else A6


def hashes_of(shipped: Iterable[Shipped], form: JobForm, context: Context) -> list[str]:
    """The checksum of each label as a file of its own. The same parcel is drawn once."""
    known: dict[int, str] = {}
    found = []
    for shipment, parcel in shipped:
        if parcel.id not in known:
            known[parcel.id] = sha256(_alone(draw_label(shipment, parcel, label_size(form), context), form, context))
        found.append(known[parcel.id])
    return found


def _alone(label: Drawing, form: JobForm, context: Context) -> bytes:
    """A label by itself: on its paper, or where several share one, as large as a label."""
    paper = paper_named(form.paper)
    is_shared = paper == A4 or (label.width, label.height) == (paper.width, paper.height)
    return written([label if is_shared else on_sheet(label, paper)], form, context)


@dataclass(frozen=True)
class Unit:
    """The labels that share one paper, in their order: one, or up to four on A4."""

    items: tuple[PrintItem, ...]

    @property
    def positions(self) -> list[int]:
        """The places of its labels in the job."""
        return [item.position for item in self.items]


def units_of(items: Iterable[PrintItem], form: JobForm) -> Iterator[Unit]:
    """Labels of a job as the papers that they stand on."""
    sheets: dict[int, list[PrintItem]] = {}
    for item in items:
        number = (form.start_from + item.position) // form.profile.labels_on_a_sheet
        sheets.setdefault(number, []).append(item)
    for sheet in sheets.values():
        yield Unit(tuple(sheet))


@dataclass(frozen=True)
class DrawnUnit:
    """A paper that can be sent: its page, and which of its labels are not on it, because they are void by now."""

    page: Drawing | None  # None: none of its labels is left
    file: bytes
    numbers: Mapping[int, str]  # tracking numbers by the positions of what is on it
    void: tuple[tuple[int, str], ...]  # positions and tracking numbers of what is not


def draw_unit(job: PrintJob, unit: Unit, printer: Printer, context: Context) -> DrawnUnit:
    """One paper of a job, as its shipments are now; LabelChanged when a label is not what it was when it was queued."""
    if job.purpose == "test":
        page = draw_test_page(job, printer, context)
        return DrawnUnit(page, _checked(unit.items[0], written([page], job.form, context)), {}, ())
    parcels = [item.parcel_id for item in unit.items if item.parcel_id is not None]
    with context.database.read() as transaction:
        shipped = get_shipments_of_parcels(transaction, context.account_id, parcels)
    void: list[tuple[int, str]] = []
    numbers: dict[int, str] = {}
    pages: list[Drawing] = []
    file = b""
    for item, (shipment, parcel) in zip(unit.items, shipped, strict=True):
        number = parcel.tracking_number or str(parcel.id)
        if not parcel.has_label:
            void.append((item.position, number))
            continue
        label = draw_label(shipment, parcel, label_size(job.form), context)
        file = _checked(item, _alone(label, job.form, context))
        numbers[item.position] = number
        pages.append(_placed(label, item, job.form))
    if not pages:
        return DrawnUnit(None, b"", numbers, tuple(void))
    sheet = _together(pages)
    if job.form.profile.labels_on_a_sheet > 1:
        file = written([sheet], job.form, context)
    return DrawnUnit(sheet, file, numbers, tuple(void))


def _together(pages: Sequence[Drawing]) -> Drawing:
    """Labels at their places of one sheet, under the title of the first."""
    first = pages[0]
    return Drawing(first.width, first.height, tuple(mark for page in pages for mark in page.marks), first.title)


def _placed(label: Drawing, item: PrintItem, form: JobForm) -> Drawing:
    paper = paper_named(form.paper)
    if (label.width, label.height) == (paper.width, paper.height):
        return label
    return on_sheet(label, paper, (form.start_from + item.position) % form.profile.labels_on_a_sheet)


def _checked(item: PrintItem, file: bytes) -> bytes:
    """The file, which has to be what it was when the job was queued."""
    found = sha256(file)
    if found != item.sha256:
        raise LabelChanged(
            f"Label {item.position + 1} is not what it was when it was queued (checksum {found[:12]}, not"
            f" {item.sha256[:12]}), so nothing more of this job is printed. Has Kolli been updated since, or a font"
            " been changed? Print the labels anew, as another job."
        )
    return file


def draw_separator(job: PrintJob, numbers: Iterable[str], context: Context) -> Drawing:
    """The page that says of the labels behind it that they may have come out already."""
    content = SeparatorContent(tuple(numbers), f"Print job {job.id}")
    return lay_out_separator(content, paper_named(job.form.paper), context.installation.fonts)


def draw_test_page(job: PrintJob, printer: Printer, context: Context) -> Drawing:
    """The test page of a printer, in the form of the job."""
    form, profile = job.form, printer.profile
    resolution = "" if form.format == "pdf" else f" at {form.dpi} dpi"
    where = {"download": "fetched as a file", "raw": f"raw TCP, {profile.address}", "ipp": profile.address}[profile.way]
    lines = (
        f"{form.format.upper()}{resolution} on {form.paper}",
        where,
        f"{job.created_at:%Y-%m-%d %H:%M} UTC, print job {job.id}",
        "The outer frame is the edge of the paper.",
        "50 mm of the ruler have to be 50 mm: else something scales.",
    )
    content = TestPageContent(printer.name, lines, f"KOLLI-TEST-{job.id}", form.start_from + 1)
    return lay_out_test_page(content, paper_named(form.paper), context.installation.fonts)
