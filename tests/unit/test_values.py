from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.values import (
    COUNTRY_CODES,
    Address,
    Dimensions,
    Money,
    Weight,
    country_alpha_3,
    country_in_english,
    country_name,
    country_numeric,
    crosses_customs_border,
    plain,
)


@pytest.mark.parametrize(
    ("value", "unit", "grams"),
    [
        ("1", "kg", "1000"),
        ("0.5", "g", "0.5"),
        ("1", "lbs", "453.59237"),
        ("16", "oz", "453.592370000"),
    ],
)
def test_a_weight_is_converted_exactly(value, unit, grams):
    assert Weight(Decimal(value), unit).grams == Decimal(grams)


@pytest.mark.parametrize(
    ("value", "unit", "grams"),
    [
        ("123456789012345.12345678901234567891", "kg", "123456789012345123.45678901234567891"),
        ("100000000000000.00000000000000000001", "lbs", "45359237000000000.0000000000000000045359237"),
        ("100000000000000.00000000000000000001", "oz", "2834952312500000.00000000000000000028349523125"),
    ],
)
def test_a_weight_of_many_digits_is_converted_exactly(value, unit, grams):
    """The usual context of decimals rounds to 28 digits and says nothing; orders may have 35."""
    assert Weight(Decimal(value), unit).grams == Decimal(grams)


@pytest.mark.parametrize(
    ("unit", "millimetres"),
    [("mm", "1"), ("cm", "10"), ("m", "1000"), ("in", "25.4"), ("ft", "304.8"), ("yd", "914.4")],
)
def test_sizes_are_converted_exactly(unit, millimetres):
    one = Decimal(millimetres)

    assert Dimensions(Decimal(1), Decimal(2), Decimal("0.5"), unit).sides_mm == (one, 2 * one, one / 2)


def test_a_size_is_printed_as_it_was_given():
    assert str(Dimensions(Decimal("10.0"), Decimal(20), Decimal("0.50"), "in")) == "10 x 20 x 0.5 in"


def test_a_weight_is_printed_as_it_was_given():
    assert str(Weight(Decimal("0.500"), "kg")) == "0.5 kg"


@pytest.mark.parametrize(("number", "text"), [("1E+3", "1000"), ("0.10", "0.1"), ("100", "100"), ("0", "0")])
def test_a_decimal_is_printed_plainly(number, text):
    assert plain(Decimal(number)) == text


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=6))
def test_printing_a_decimal_loses_nothing(number):
    assert Decimal(plain(number)) == number


def test_money_keeps_its_currency():
    assert str(Money(Decimal("12.50"), "EUR")) == "12.5 EUR"


def test_an_address_reads_absent_and_null_members_as_empty():
    address = Address.from_document(
        {"name": "A", "address_line_1": "B", "postal_code": "1", "city": "C", "country_code": "nl", "po_box": None}
    )

    assert address == Address("A", "B", "1", "C", "NL")


def test_a_country_is_named_in_capitals():
    assert country_name("GR") == "GREECE"


@pytest.mark.parametrize(
    ("sender", "recipient", "crosses"),
    [("NL", "NL", False), ("NL", "DE", False), ("NL", "CH", True), ("GB", "IE", True), ("CH", "CH", False)],
)
def test_goods_are_declared_when_they_enter_or_leave_the_union(sender, recipient, crosses):
    assert crosses_customs_border(sender, recipient) is crosses


@pytest.mark.parametrize(("code", "alpha_3", "name"), [("NL", "NLD", "Netherlands"), ("XK", "XKX", "Kosovo")])
def test_a_country_has_a_code_of_three_letters_and_an_english_name(code, alpha_3, name):
    assert (country_alpha_3(code), country_in_english(code)) == (alpha_3, name)


def test_only_places_that_iso_3166_does_not_know_have_no_code_of_three_letters():
    codes = {code: country_alpha_3(code) for code in COUNTRY_CODES}

    assert {code for code, alpha_3 in codes.items() if not alpha_3} == {"CQ", "EA", "IC"}
    assert len(set(codes.values()) - {""}) == len(codes) - 3


@pytest.mark.parametrize(
    ("code", "numeric"),
    [("NL", "528"), ("DE", "276"), ("US", "840"), ("AF", "004"), ("FR", "250"), ("GB", "826"), ("XK", "")],
)
def test_a_country_has_a_code_of_three_digits(code, numeric):
    """Those of the published barcodes of carriers, and the ends of the list."""
    assert country_numeric(code) == numeric


def test_every_country_but_those_the_standard_does_not_have_has_a_number_of_its_own():
    codes = {code: country_numeric(code) for code in COUNTRY_CODES}
    numbers = [number for number in codes.values() if number]

    assert {code for code, number in codes.items() if not number} == {"AC", "CP", "CQ", "DG", "EA", "IC", "TA", "XK"}
    assert len(set(numbers)) == len(numbers) == 249
    assert {len(number) for number in numbers} == {3}
