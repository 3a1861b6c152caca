"""Writes pages in the format that was asked for. What else a caller needs of documents can be imported from here."""

from collections.abc import Sequence

from kolli.documents.fonts import Fonts
from kolli.documents.label_json import content_from_json
from kolli.documents.papers import A4, A5, A6, LABEL_4X6, PAPERS, on_sheet, on_sheets, paper_named
from kolli.documents.writers import WRITERS
from kolli.documents.writers.pictures import check_logo
from kolli.drawing import Drawing
from kolli.errors import Invalid, InvalidChoice

__all__ = [
    "A4",
    "A5",
    "A6",
    "LABEL_4X6",
    "PAPERS",
    "check_logo",
    "content_from_json",
    "on_sheet",
    "on_sheets",
    "paper_named",
    "render",
]


def render(pages: Sequence[Drawing], mime_type: str, dpi: int, fonts: Fonts) -> bytes:
    """The pages as one file. The same pages, MIME type and dpi always make the same bytes.

    Raises `InvalidChoice` naming `mime_type` or `dpi` for what no writer does, and `Invalid` naming `mime_type` for no
    page at all, or for more pages than the format holds.
    """
    writer = WRITERS.get(mime_type)
    if writer is None:
        choices = ", ".join(WRITERS)
        message = f'Labels are not written as "{mime_type}". Choose one of {choices}.'
        raise InvalidChoice(message, field="mime_type", details={"value": mime_type, "choices": choices})
    if not writer.allows(dpi):
        message = f"{writer.name} is not written at {dpi} dpi. Choose {writer.resolutions}."
        raise InvalidChoice(message, field="dpi", details={"value": dpi, "choices": writer.resolutions})
    if not pages:
        message = f"A {writer.name} file has at least one page, and there is none to write."
        raise Invalid(message, field="mime_type", details={"value": mime_type, "pages": 0})
    return writer.write(pages, dpi, fonts)
