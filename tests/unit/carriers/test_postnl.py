"""PostNL's numbers: `3S`, customer code, serial; 13 or 15 characters. Source: its Barcode webservice, "Products"."""

import pytest

from kolli.carriers.base import Announced, Booking, Numbering
from kolli.carriers.postnl import PostNL
from kolli.errors import CarrierRejected
from tests.unit.shipments.made import a_draft


@pytest.fixture
def postnl(tmp_path):
    return PostNL(tmp_path)


def booking(*numbers):
    return Booking("reference", a_draft(), {"customer_code": "TEST"}, numbers)


@pytest.mark.parametrize(
    ("customer", "serial", "number"),
    [
        ("ABCD", 1234567, "3SABCD1234567"),
        ("ABCD", 123456789, "3SABCD123456789"),
        ("TEST", 0, "3STEST0000000"),
        ("TEST", 1, "3STEST0000001"),
        ("TEST", 9_999_999, "3STEST9999999"),
        ("TEST", 10_000_000, "3STEST010000000"),
        ("TEST", 999_999_999, "3STEST999999999"),
        ("A", 1, "3SA0000000001"),
        ("A", 9_999_999_999, "3SA9999999999"),
        ("A", 10_000_000_000, "3SA010000000000"),
    ],
)
def test_a_serial_is_filled_up_to_13_characters_and_to_15_when_it_is_longer(postnl, customer, serial, number):
    assert postnl.number(serial, {"customer_code": customer}, "postnl:standard") == number


def test_a_serial_that_is_too_long_is_refused(postnl):
    with pytest.raises(CarrierRejected, match="The number 1000000000 of the contract's range is too long"):
        postnl.number(1_000_000_000, {"customer_code": "TEST"}, "postnl:standard")


@pytest.mark.parametrize("customer", ["", "ABCDE", "test", "T3ST", "TÉST", "T ST"])
def test_a_customer_code_has_one_to_four_capital_letters(postnl, customer):
    with pytest.raises(CarrierRejected, match="1 to 4 letters A to Z"):
        postnl.number(1, {"customer_code": customer}, "postnl:standard")


def test_a_contract_without_a_customer_code_is_refused(postnl):
    with pytest.raises(CarrierRejected, match="says '' as its customer code"):
        postnl.number(1, {}, "postnl:standard")


@pytest.mark.parametrize(
    ("number", "printed"),
    [
        ("3STEST0000001", "3S TEST 0000 001"),
        ("3SABCD123456789", "3S ABCD 1234 5678 9"),
        ("3SA0000000001", "3S A 0000 0000 01"),
    ],
)
def test_numbers_are_printed_as_prefix_customer_and_blocks(postnl, number, printed):
    assert postnl.printed(number) == printed


def test_what_is_announced_is_what_was_numbered(postnl):
    assert postnl.announce(booking("3STEST0000001", "3STEST0000002")) == Announced(("3STEST0000001", "3STEST0000002"))


def test_a_numbered_parcel_can_be_taken_back(postnl):
    assert postnl.cancel(booking("3STEST0000001")) is True


def test_it_numbers_with_the_ranges_of_contracts(postnl):
    assert (postnl.numbering, postnl.needs_contract) == (Numbering.OWN_NUMBER, True)
