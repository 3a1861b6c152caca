"""Label contents for tests: valid, and different only where a test says so."""

import struct
import zlib
from datetime import date
from decimal import Decimal
from pathlib import Path

from kolli.documents.layouts.label import LabelContent
from kolli.values import Address, Weight

CJK = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
CJK_BOLD = CJK.with_name("NotoSansCJK-Bold.ttc")
"""Where Debian's package fonts-noto-cjk puts its fonts."""


def an_address(**changes):
    address = {
        "name": "Karin Müller",
        "company_name": "Groß & Söhne GmbH",
        "address_line_1": "Schönhauser Allee",
        "house_number": "167c",
        "postal_code": "10435",
        "city": "Berlin",
        "country_code": "DE",
    }
    return Address(**(address | changes))


def a_label(**changes):
    content = {
        "sender": an_address(
            name="Jan de Vries",
            company_name="Fjord & Co B.V.",
            address_line_1="Keizersgracht",
            house_number="241-H",
            postal_code="1015 CS",
            city="Amsterdam",
            country_code="NL",
        ),
        "recipient": an_address(),
        "carrier_name": "Kolli Post",
        "service_name": "Parcel Standard",
        "tracking_number": "3STEST0123456789",
        "tracking_url": "https://track.example.com/t/3STEST0123456789",
        "order_number": "#100234-A",
        "reference": "PO 2026/77-12",
        "weight": Weight(Decimal("1.25"), "kg"),
        "shipped_on": date(2026, 11, 24),
        "brand_name": "Fjord & Co",
    }
    return LabelContent(**(content | changes))


def a_full_label(**changes):
    """A label with everything a label can have."""
    everything = {
        "logo": a_logo(),
        "band": "TEST – NOT FOR POSTAGE",
        "box_number": 2,
        "box_count": 3,
        "notes": ("Leave it with the neighbour at number 165", "Fragile: glass"),
        "tracking_number_printed": "3S TEST 0123456789",
    }
    return a_label(**(everything | changes))


def a_logo(width=449, height=165):
    """A PNG of a black frame around a grey ramp, as large as its place at 300 dpi: nobody needs to resample it."""
    rows = [
        b"\0"
        + bytes(
            0 if x < 20 or y < 20 or x >= width - 20 or y >= height - 20 else x * 255 // width for x in range(width)
        )
        for y in range(height)
    ]
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(b"".join(rows))),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
