"""MaxiCode (ISO/IEC 16023:2000), modes 2 and 3: where a parcel goes, for scanners above a belt.

Data: the whole message as a scanner gives it, a transport message of ISO/IEC 15434 (format 01) with its separators:

    [)>␞01␝yy postcode ␝ country (three digits) ␝ service class (three digits) ␝ whatever follows

A postcode of up to nine digits is mode 2; in the USA (country 840) it has nine, with 0000 where the last four are not
known. One of exactly six capitals, digits and spaces is mode 3, except in the USA: fill it up with spaces, and cut off
what is longer. The modules are hexagons around a bull's eye and have one size: 28.14 x 26.91 mm with the hexagon of
white around them.
"""

import re
from functools import lru_cache

import zint

from kolli.documents.barcodes import encoder, hexagons
from kolli.documents.barcodes.modules import Modules
from kolli.errors import DoesNotFit, NotDrawable

SIZE = hexagons.SIZE

QUIET_ZONE = 0
"""None beyond the hexagon of white that is part of it (ISO/IEC 16023:2000, 4.11)."""

_MESSAGE = re.compile(
    r"(?P<header>\[\)>\x1e01\x1d[0-9]{2})(?P<postcode>[0-9]{1,9}|[A-Z0-9 ]{6})\x1d(?P<country>[0-9]{3})"
    r"\x1d(?P<service>[0-9]{3})\x1d(?P<rest>[ -~\x1c-\x1e\x04]*)"
)
_LONGEST = 110
_USA = "840"


@lru_cache(maxsize=256)
def encode(text: str) -> Modules:
    """The hexagons of a message, 30 in each row; those of each second row stand half a hexagon further right."""
    message = _MESSAGE.fullmatch(text)
    if message is None:
        reason = "it is no transport message: [)> RS 01 GS and two digits, postcode GS country GS class GS and the rest"
        raise encoder.Refused(reason)
    postcode, country, service, rest = message.group("postcode", "country", "service", "rest")
    return encoder.encoded(
        zint.Symbology.MAXICODE,
        message["header"] + rest,
        option_1=3 if len(postcode) == 6 and country != _USA else 2,
        primary=postcode + country + service,
    )


def check(text: str, field: str) -> None:
    """Raises `NotDrawable` for anything but a transport message, and `DoesNotFit` for one that is too long."""
    if len(text) > _LONGEST:
        message = f"A MaxiCode holds messages of {_LONGEST} characters at most, not {len(text)}; shorten the address."
        raise DoesNotFit(message, field=field, details={"value": text, "limit": _LONGEST})
    try:
        encode(text)
    except encoder.Refused as error:
        message = f'"{text}" cannot be a MaxiCode: {error}.'
        kind = DoesNotFit if "too long" in str(error) else NotDrawable
        raise kind(message, field=field, details={"value": text}) from error


def width(text: str) -> int:  # noqa: ARG001 - symbologies are called alike
    """How many hexagons it is wide."""
    return hexagons.COLUMNS


@lru_cache(maxsize=64)
def pixels(text: str, dots: int) -> Modules:
    """The symbol with the white around it in pixels, so many to 254 mm: a square of `SIZE`."""
    return hexagons.drawn(encode(text), dots)
