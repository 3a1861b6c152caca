"""Texts in the styles of a label: as large as their place allows, and set only once."""

from dataclasses import dataclass
from functools import lru_cache

from kolli.documents.fonts import Fonts
from kolli.documents.layouts.fitting import Paragraph, fit
from kolli.drawing import Align, Area, Micrometres, Text, points

CAPTION_SIZE = points(6)
CAPTION_ASCENT = CAPTION_SIZE * 8 // 10


@dataclass(frozen=True, slots=True)
class Style:
    """How a text looks: its largest size, from which it shrinks as far as it must, and where it stands in its area."""

    largest: Micrometres
    bold: bool = False
    align: Align = "left"
    white: bool = False


CAPTION = Style(CAPTION_SIZE, bold=True)

Texts = tuple[tuple[str, str], ...]
"""Texts, each after the name of the field that it comes from."""


# Sender, carrier, brand and date are the same on label after label, so what was set last is kept: 1 to 3 kB an entry.
@lru_cache(maxsize=1024)
def set_texts(texts: Texts, area: Area, style: Style, language: str, fonts: Fonts) -> tuple[Text, ...]:
    """Texts in this style, one below the other, as large as the area allows."""
    printable = ((field, fonts.printable(text, field)) for field, text in texts)
    paragraphs = [Paragraph(text, field, bold=style.bold, language=language) for field, text in printable if text]
    fitted = fit(paragraphs, area.width, area.height, style.largest, fonts)
    return tuple(fitted.placed(area, align=style.align, white=style.white))


@lru_cache(maxsize=64)
def caption_mark(text: str, x: Micrometres, baseline: Micrometres, width: Micrometres) -> Text:
    """A word in small capitals. There are eight, in few places."""
    return Text(text, x, baseline, CAPTION_SIZE, width, bold=True, field="caption")
