"""JSON comes in exactly or not at all, and goes out as it came in."""

from decimal import Decimal

import pytest

from kolli.api.bodies import DEEPEST, Malformed, decode, encode


def nested(levels, inside=b""):
    return b"[" * levels + inside + b"]" * levels


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"{}", {}),
        (b" [1, null, true] \n", [1, None, True]),
        (b'"\\u00e9\\ud83d\\ude00"', "é😀"),
        (b"0.1", Decimal("0.1")),
        (b"0.30000000000000004", Decimal("0.30000000000000004")),
        (b"0.10", Decimal("0.10")),
        (b"70.0", Decimal("70.0")),
        (b"1e999999999", Decimal("1e999999999")),
        (b"18446744073709551616", 2**64),
        (b"-1180591620717411303424", -(2**70)),
        (b'{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_json_is_read_exactly(body, value):
    assert decode(body) == value


@pytest.mark.parametrize("number", [b"0.10", b"1.0", b"123456789012345678901234567890.5", b"9223372036854775807"])
def test_a_number_goes_out_as_it_came_in(number):
    assert encode(decode(number)) == number


@pytest.mark.parametrize(
    "body",
    [
        b" ",
        b"{",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"NaN",
        b"Infinity",
        b"01",
        b"1 2",
        b'"\xff"',
        b'"\\ud800"',
        b'"\n"',
        b"\xef\xbb\xbf{}",
        b"\x1f\x8b\x08",
        "{}".encode("utf-16"),
        b"1" * 5_000,
    ],
)
def test_what_is_not_json_is_malformed(body):
    with pytest.raises(Malformed, match=r"^The body is not valid JSON: "):
        decode(body)


def test_an_empty_body_is_called_empty():
    with pytest.raises(Malformed, match=r"^The body is empty\."):
        decode(b"")


def test_an_exponent_beyond_all_bounds_is_malformed():
    with pytest.raises(Malformed, match="exponent beyond all bounds"):
        decode(b"1e99999999999999999999")


def test_the_deepest_nesting_is_read():
    assert encode(decode(nested(DEEPEST))) == nested(DEEPEST)


@pytest.mark.parametrize("levels", [DEEPEST + 1, 1_000, 1_000_000])
def test_deeper_nesting_is_malformed(levels):
    with pytest.raises(Malformed, match="nested deeper than 32 levels"):
        decode(nested(levels, b"1"))


@pytest.mark.parametrize("body", [b'"\\u0000"', b'{"a": ["b\\u0000"]}', b'{"a\\u0000": 1}'])
def test_the_character_zero_is_malformed(body):
    with pytest.raises(Malformed, match="U\\+0000"):
        decode(body)
