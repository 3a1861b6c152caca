"""The documents Kolli draws: each layout says what goes where on the page."""

from collections.abc import Callable
from dataclasses import dataclass

from kolli.documents.fonts import Fonts
from kolli.documents.layouts.label import LabelContent, lay_out
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
