"""The documents Kolli draws: each layout says what goes where on the page."""

from collections.abc import Callable
from dataclasses import dataclass

from kolli.documents.fonts import Fonts
from kolli.documents.layouts import control_sheet, end_of_day, packing_slip, pick_list
from kolli.documents.layouts.label import LabelContent, lay_out
from kolli.documents.papers import A4, A6, LABEL_4X6
from kolli.drawing import Drawing, Paper


@dataclass(frozen=True, slots=True)
class Layout:
    """A type of document: its content's class, and the function that places that content on a paper."""

    name: str
    sentence: str
    content: type[LabelContent]
    lay_out: Callable[[LabelContent, Paper, Fonts], Drawing]


LAYOUTS = {
    layout.name: layout
    for layout in (
        Layout(
            "label",
            "The shipping label that is stuck on a parcel: addresses, carrier, tracking barcode and link.",
            LabelContent,
            lay_out,
        ),
    )
}
"""Every document type by its name."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A type of document that may have several pages: the papers it is made for, and the function that fills them."""

    name: str
    sentence: str
    papers: tuple[Paper, ...]
    lay_out: Callable[..., list[Drawing]]


SHEETS = {
    sheet.name: sheet
    for sheet in (
        Sheet(
            "packing_slip",
            "What lies in a parcel: what is in it, who sends it, and the order's number to be scanned.",
            (A4, A6, LABEL_4X6),
            packing_slip.lay_out,
        ),
        Sheet(
            "pick_list",
            "What to fetch from the shelves for several orders, summed up, with boxes to tick.",
            (A4,),
            pick_list.lay_out,
        ),
        Sheet(
            "end_of_day",
            "What a carrier takes with it on a day, with sums and a line for a signature.",
            (A4,),
            end_of_day.lay_out,
        ),
        Sheet(
            "control_sheet",
            "Barcodes that the packing table understands as commands.",
            (A4,),
            control_sheet.lay_out,
        ),
    )
}
"""Every document of several pages by its name."""
