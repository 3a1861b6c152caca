"""Label contents for tests: valid, and different only where a test says so."""

import struct
import zlib
from datetime import date
from decimal import Decimal
from pathlib import Path

from kolli.documents.layouts.label import LabelContent
from kolli.documents.layouts.parts import Barcode, LabelParts
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


MAXICODE = (
    "[)>\x1e01\x1d96841706672\x1d840\x1d001\x1d1Z00004951\x1dUPSN\x1d06X610\x1d159\x1d1234567\x1d1/1\x1d\x1dY"
    "\x1d634 ALPHA DR\x1dPITTSBURGH\x1dPA\x1e\x04"
)
"""The example of the encoder's manual: mode 2, to Salt Lake City."""

PARTS = {
    "bars": LabelParts(
        barcodes=(
            Barcode("gs1_128", "(00)340434161094042557", "(00) 3 4043416 109404255 7", height=31_750),
            Barcode("itf", "50823007028005", "50823.007.028.005", caption="LEITCODE"),
        ),
        sort_code="50823 · 007",
        badge="PAKET",
        facts=(("CUSTOMER", "62120100"),),
    ),
    "maxicode": LabelParts(
        barcodes=(Barcode("code128", "1Z999AA10123456784", "1Z 999 AA1 01 2345 6784", caption="TRACKING #"),),
        square=Barcode("maxicode", MAXICODE),
        sort_code="UT 841 9-05",
        badge="1+",
        facts=(("BILLING", "P/P"), ("DESC", "Books")),
    ),
    "datamatrix": LabelParts(
        barcodes=(Barcode("code128", "%008182709980000020033350276", "0081 827 0998 0000 0200 33 350 276 C"),),
        square=Barcode("datamatrix", "ADE 550DE   550NL1234567890 XHAX4HDA"),
        sort_code="DE 550",
    ),
    "gs1_datamatrix": LabelParts(square=Barcode("gs1_datamatrix", "(00)376123450000010039(420)10435")),
}
"""What carriers may want: every symbology and every part is in one of them, and the labels of all are looked at."""


def a_label_with_parts(name, **changes):
    """A label with everything, and with parts besides."""
    notice = "The layout of this label has not been certified by Kolli Post"
    return a_full_label(**({"parts": PARTS[name], "notice": notice} | changes))


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
