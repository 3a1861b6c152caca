"""The labels of parcels, drawn from the frozen drafts: the same bytes today as on the day they were announced."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from kolli.carriers.base import PRINTED_NAME, PRINTED_NOTICE, PrintsLabels
from kolli.documents.layouts.label import LabelContent, lay_out
from kolli.documents.layouts.parts import NO_PARTS
from kolli.documents.render import A6, LABEL_4X6, on_sheets, render
from kolli.drawing import Drawing, Paper
from kolli.operations.context import Context
from kolli.shipments.model import Draft, Parcel, Shipment
from kolli.shipments.tracking import tracking_url
from kolli.values import Address

COARSEST_DPI = 150
"""The lowest resolution that a label can be asked for in; what its barcodes have room for there, they have anywhere."""

ZPL = "application/zpl"

TEST_BAND = "TEST – NOT FOR POSTAGE"
PREVIEW_BAND = "PREVIEW – NOT A LABEL"


def check_label(draft: Draft, context: Context) -> None:
    """Raises DoesNotFit or NotDrawable, naming the field, when the label of this draft cannot be drawn.

    Raises Impossible or Missing, naming the field of the draft, when something about it has no place in what the
    carrier wants on its labels.

    After that it can be, on every paper and in every format: nothing may be found out once the carrier has said yes.
    """
    carrier = context.installation.carriers.get(draft.carrier_code)
    for box_number in range(1, len(draft.boxes) + 1):
        content = _content(draft, box_number, carrier.longest_number, context)
        for paper in (A6, LABEL_4X6):
            lay_out(content, paper, context.installation.fonts, COARSEST_DPI)


@dataclass(frozen=True)
class Form:
    """In which form documents are wanted."""

    mime_type: str
    dpi: int
    paper: Paper = A6
    start_from: int = 0  # the place of the first label on a sheet, row by row from the upper left


def print_labels(wanted: Iterable[tuple[Shipment, Parcel]], form: Form, context: Context) -> bytes:
    """The labels of announced parcels, in this order, as one file.

    A label is A6 or 4x6 inch. On A4 four A6 labels share a sheet, on A5 one has a sheet for itself. Label printers have
    no sheets: as ZPL, labels for A4 and A5 come out one by one.
    """
    fonts = context.installation.fonts
    size = LABEL_4X6 if form.paper == LABEL_4X6 else A6
    labels = [draw_label(shipment, parcel, size, context) for shipment, parcel in wanted]
    paper = size if form.mime_type == ZPL else form.paper
    return render(on_sheets(labels, paper, form.start_from), form.mime_type, form.dpi, fonts)


def draw_label(shipment: Shipment, parcel: Parcel, size: Paper, context: Context) -> Drawing:
    """The label of one announced parcel, A6 or 4x6 inch, in no format yet."""
    content = _content(shipment.draft, parcel.box_number, parcel.tracking_number or "", context)
    return lay_out(content, size, context.installation.fonts)


def draw_preview(draft: Draft, box_number: int, size: Paper, context: Context) -> Drawing:
    """The label that one box of a draft would have, marked as a preview; its number is an example of the carrier's."""
    carrier = context.installation.carriers.get(draft.carrier_code)
    content = _content(draft, box_number, carrier.longest_number, context)
    return lay_out(replace(content, band=PREVIEW_BAND, notice=""), size, context.installation.fonts)


def print_label(shipment: Shipment, parcel: Parcel, form: Form, context: Context) -> bytes:
    """The label of one announced parcel."""
    return print_labels([(shipment, parcel)], form, context)


def _content(draft: Draft, box_number: int, tracking_number: str, context: Context) -> LabelContent:
    carrier = context.installation.carriers.get(draft.carrier_code)
    parts = NO_PARTS
    recipient = _destination(draft)
    if isinstance(carrier, PrintsLabels):
        there = draft if recipient is draft.recipient else replace(draft, recipient=recipient)
        parts = carrier.label_parts(there, box_number, tracking_number)
    return LabelContent(
        sender=draft.sender,
        recipient=recipient,
        carrier_name=draft.carrier_details.get(PRINTED_NAME) or draft.carrier_name,
        service_name=draft.shipping_option_name,
        tracking_number=tracking_number,
        tracking_number_printed=carrier.printed(tracking_number),
        tracking_url=tracking_url(draft, tracking_number),
        order_number=draft.order_number,
        reference=draft.reference if draft.reference != draft.order_number else "",
        weight=draft.boxes[box_number - 1].weight,
        notes=draft.boxes[box_number - 1].notes,
        shipped_on=draft.shipped_on,
        logo=context.installation.image(context.account_id, draft.logo_sha256) if draft.logo_sha256 else None,
        brand_name=draft.brand_name,
        band="" if draft.is_live else TEST_BAND,
        notice="" if draft.is_live else draft.carrier_details.get(PRINTED_NOTICE, ""),
        parts=parts,
        box_number=box_number,
        box_count=len(draft.boxes),
    )


def _destination(draft: Draft) -> Address:
    """Where the parcels go: to the recipient, or to the service point where the recipient collects them."""
    point = draft.service_point
    if point is None or point.address is None:
        return draft.recipient
    return replace(point.address, name=draft.recipient.name, company_name=point.name)
