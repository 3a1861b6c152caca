"""The label of a parcel, drawn from the frozen draft: the same bytes today as on the day it was announced."""

from dataclasses import dataclass
from urllib.parse import urlencode

from kolli.documents.layouts.label import LabelContent, lay_out
from kolli.documents.render import A6, LABEL_4X6, on_sheet, render
from kolli.drawing import Paper
from kolli.operations.context import Context
from kolli.shipments.model import Draft, Parcel, Shipment

COARSEST_DPI = 150
"""The lowest resolution that a label can be asked for in; what its barcodes have room for there, they have anywhere."""

TEST_BAND = "TEST – NOT FOR POSTAGE"


def check_label(draft: Draft, context: Context) -> None:
    """Raises DoesNotFit or NotDrawable, naming the field, when the label of this draft cannot be drawn.

    After that it can be, on every paper and in every format: nothing may be found out once the carrier has said yes.
    """
    carrier = context.installation.carriers.get(draft.carrier_code)
    for box_number in range(1, len(draft.boxes) + 1):
        content = _content(draft, box_number, carrier.longest_number, context)
        for paper in (A6, LABEL_4X6):
            lay_out(content, paper, context.installation.fonts, COARSEST_DPI)


@dataclass(frozen=True)
class Form:
    """In which form a document is wanted."""

    mime_type: str
    dpi: int
    paper: Paper = A6


def print_label(shipment: Shipment, parcel: Parcel, form: Form, context: Context) -> bytes:
    """The label of an announced parcel as a file: A6 or 4x6 inch; on larger paper an A6 label in the upper left."""
    fonts = context.installation.fonts
    content = _content(shipment.draft, parcel.box_number, parcel.tracking_number or "", context)
    label = lay_out(content, LABEL_4X6 if form.paper == LABEL_4X6 else A6, fonts)
    return render([on_sheet(label, form.paper)], form.mime_type, form.dpi, fonts)


def tracking_url(draft: Draft, tracking_number: str) -> str:
    """The public page that says where a parcel is."""
    query = {
        "tracking_number": tracking_number.lower(),
        "country": draft.recipient.country_code.lower(),
        "postal_code": draft.recipient.postal_code.replace(" ", ""),
    }
    return f"{draft.tracking_base}/tracking/?{urlencode(query)}"


def _content(draft: Draft, box_number: int, tracking_number: str, context: Context) -> LabelContent:
    carrier = context.installation.carriers.get(draft.carrier_code)
    return LabelContent(
        sender=draft.sender,
        recipient=draft.recipient,
        carrier_name=draft.carrier_name,
        service_name=draft.shipping_option_name,
        tracking_number=tracking_number,
        tracking_number_printed=carrier.printed(tracking_number),
        tracking_url=tracking_url(draft, tracking_number),
        order_number=draft.order_number,
        reference=draft.reference if draft.reference != draft.order_number else "",
        weight=draft.boxes[box_number - 1].weight,
        shipped_on=draft.shipped_on,
        logo=context.installation.image(context.account_id, draft.logo_sha256) if draft.logo_sha256 else None,
        brand_name=draft.brand_name,
        band="" if draft.is_live else TEST_BAND,
        box_number=box_number,
        box_count=len(draft.boxes),
    )
