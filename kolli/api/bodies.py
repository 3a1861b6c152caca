"""JSON in and out, without a float: numbers with a fraction are Decimals on the way in and exact on the way out."""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from kolli.errors import KolliError

DEEPEST = 32
"""How many objects and lists may stand inside each other. Nothing documented comes near it."""

_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


class Malformed(KolliError):
    """The body is not valid JSON."""


def decode(body: bytes) -> Any:
    """Reads a JSON body; Malformed when it is none, is nested too deeply or holds the character U+0000."""
    if not body:
        raise Malformed("The body is empty. Send a JSON document.")
    try:
        value = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The body is not valid JSON: {error}.") from error
    except InvalidOperation as error:
        raise Malformed("The body holds a number with an exponent beyond all bounds.") from error
    except RecursionError as error:
        raise Malformed(f"The body is nested deeper than {DEEPEST} levels.") from error
    _check(value)
    return value


def encode(value: object) -> bytes:
    """Writes a JSON body."""
    return _encoder.encode(value)


def _check(value: object) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        below: list[object] = []
        for item in level:
            if type(item) is dict:
                below.extend(item)
                below.extend(item.values())
            elif type(item) is list:
                below.extend(item)
            elif type(item) is str and "\0" in item:
                raise Malformed("The body holds the character U+0000, which cannot be stored. Leave it out.")
        if not below:
            return
        level = below
    raise Malformed(f"The body is nested deeper than {DEEPEST} levels.")
