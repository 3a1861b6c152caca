"""Asks the encoder library for modules. The symbology modules know what to ask for; nobody else asks."""

import re

import zint

from kolli.documents.barcodes.modules import Modules

_NUMBERED = re.compile(r"^(Error|Warning) \d+: ")


class Refused(ValueError):
    """The encoder does not take a text; its reason is the message."""


def encoded(symbology: zint.Symbology, text: str, **options: object) -> Modules:
    """The modules for a text. Raises `Refused` also for what the encoder only warns of, and prints nothing."""
    symbol = zint.Symbol()
    symbol.symbology = symbology
    symbol.warn_level = zint.WarningLevel.FAIL_ALL
    for name, value in options.items():
        setattr(symbol, name, value)
    try:
        symbol.encode(text)
    except RuntimeError as error:
        raise Refused(_NUMBERED.sub("", str(error))) from error
    width, data = symbol.width, symbol.encoded_data
    rows = [int.from_bytes(data[row : row + 1].tobytes(), "little") for row in range(symbol.rows)]
    return Modules(width, tuple([int(f"{row:0{width}b}"[::-1], 2) for row in rows]))
