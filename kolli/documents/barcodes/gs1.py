"""What barcodes of GS1 hold: values, each after the application identifier that says what it is.

They are written as people read them: `(00)340434161094042557(420)10435`. The parentheses are not in the bars; there,
the special character FNC1 stands in front of everything and behind each value that could have been longer (GS1 General
Specifications, release 24, sections 5.4 and 7.8).
"""

import re
from collections.abc import Callable

from kolli.documents.barcodes.encoder import Refused
from kolli.documents.barcodes.modules import Modules
from kolli.errors import NotDrawable

_ELEMENTS = re.compile(r"(?:\(\d{2,4}\)[!-'*-~]+)+")
_ELEMENT = re.compile(r"\((\d+)\)([^()]+)")


def elements(text: str) -> list[tuple[str, str]]:
    """The application identifiers and their values."""
    return _ELEMENT.findall(text)


def check(text: str, field: str, encode: Callable[[str], Modules]) -> None:
    """Raises `NotDrawable` for wrong identifiers, lengths, characters and check digits: what `encode` refuses."""
    example = "Write (00)340434161094042557, for instance."
    if not _ELEMENTS.fullmatch(text):
        message = f'"{text}" are no GS1 elements, each an identifier in parentheses and a value. {example}'
        raise NotDrawable(message, field=field, details={"value": text})
    try:
        encode(text)
    except Refused as error:
        message = f'"{text}" cannot be a GS1 barcode: {error}. {example}'
        raise NotDrawable(message, field=field, details={"value": text}) from error
