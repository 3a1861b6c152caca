"""A logo comes from outside: whatever is in it, only our own error comes out."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.documents.layouts.label import lay_out
from kolli.documents.render import A6, check_logo
from kolli.errors import Invalid
from tests.unit.documents.labels import a_label, a_logo

LOGO = a_logo()


def a_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def a_header(width, height):
    return b"\x89PNG\r\n\x1a\n" + a_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))


BAD = {
    "empty": b"",
    "no PNG": b"GIF89a",
    "a header only": LOGO[:33],
    "cut off": LOGO[: len(LOGO) // 2],
    "damaged data": LOGO[:60] + b"\0\0\0\0" + LOGO[64:],
    "no width": a_header(0, 5) + LOGO[33:],
    "data of something else": a_header(9, 9) + a_chunk(b"IDAT", b"nothing deflated") + a_chunk(b"IEND", b""),
    "too many pixels": a_header(2001, 2000) + LOGO[33:],
    "a decompression bomb": a_header(60_000, 60_000) + LOGO[33:],
    "a second header": a_header(9, 9) + a_header(60_000, 60_000)[8:] + LOGO[33:],
    "too many bytes": LOGO + bytes(2 * 1024 * 1024),
    "a text that inflates": LOGO[:33] + a_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(10**8))) + LOGO[33:],
}


@pytest.mark.parametrize("png", BAD.values(), ids=BAD.keys())
def test_a_logo_that_is_unreadable_damaged_or_huge_is_refused_in_our_own_words(png):
    with pytest.raises(Invalid, match="Upload") as caught:
        check_logo(png)

    assert caught.value.field == "logo"
    assert "<" not in str(caught.value)


def test_a_good_logo_passes():
    check_logo(LOGO)


def test_a_bad_logo_is_refused_before_the_label_is_drawn(fonts):
    with pytest.raises(Invalid) as caught:
        lay_out(a_label(logo=b"GIF89a"), A6, fonts)

    assert caught.value.field == "logo"


@given(st.integers(8, len(LOGO) - 1), st.binary(min_size=1, max_size=8))
def test_a_logo_with_a_few_other_bytes_is_read_or_refused(position, other):
    try:
        check_logo(LOGO[:position] + other + LOGO[position + len(other) :])
    except Invalid as error:
        assert error.field == "logo"  # noqa: PT017 - both outcomes are right
