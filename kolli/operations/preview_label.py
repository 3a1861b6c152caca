"""A label as it would look before anything is bought: drawn from the decision, marked, with no number of its own."""

from kolli.documents.render import A6, render
from kolli.errors import Impossible
from kolli.operations.context import Context
from kolli.operations.preview import preview
from kolli.operations.print_labels import Form, draw_preview
from kolli.operations.ship_order import ShipOrder

USUAL = Form("image/png", 150)


def preview_label(wanted: ShipOrder, context: Context, form: Form = USUAL) -> bytes:
    """The labels of an order as one file, or for PNG the first; nothing is stored, no number taken, no carrier told.

    Raises what keeps it from being drawn. What only keeps it from being shipped, such as a label that it has already,
    does not.
    """
    found = preview(wanted, context)
    if found.draft is None:
        raise found.errors[0] if found.errors else Impossible("There is nothing to show yet.")
    count = 1 if form.mime_type == "image/png" else len(found.draft.boxes)
    pages = [draw_preview(found.draft, number, A6, context) for number in range(1, count + 1)]
    return render(pages, form.mime_type, form.dpi, context.installation.fonts)
