"""Every number that a carrier makes can be told from every other, and its check digit fits."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.carriers import check_digits
from kolli.carriers.check_digits import fits, is_postal_item
from kolli.carriers.dhl_de import DHLGermany
from kolli.carriers.dpd import DPD
from kolli.carriers.gls_de import GLSGermany
from kolli.carriers.gs1_sscc import OwnFleet
from kolli.carriers.postnl import PostNL
from kolli.carriers.ups import UPS
from kolli.carriers.upu_s10 import PostalItems

DIGITS, CAPITALS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def text(characters, least, most=None):
    return st.text(characters, min_size=least, max_size=most or least)


@given(text(DIGITS, 4, 12), text(DIGITS, 1), st.data())
def test_of_an_own_fleet(prefix, extension, data):
    contract = {"company_prefix": prefix, "extension_digit": extension}
    room = 16 - len(prefix)
    serial = data.draw(st.integers(1, 10**room - 1))

    number = OwnFleet(Path()).number(serial, contract, "gs1:standard")

    assert number[:-1] == f"{extension}{prefix}{serial:0{room}d}"
    assert (len(number), fits(check_digits.gs1, number)) == (18, True)


@given(text(DIGITS, 8, 14), st.data())
def test_of_dhl(prefix, data):
    room = 17 - len(prefix)
    serial = data.draw(st.integers(1, 10**room - 1))

    number = DHLGermany(Path()).number(serial, {"number_prefix": prefix}, "dhl_de:parcel")

    assert number[:-1] == f"00{prefix}{serial:0{room}d}"
    assert (len(number), fits(check_digits.gs1, number)) == (20, True)


@given(text(DIGITS, 2), text(DIGITS, 3), st.integers(1, 999_999))
def test_of_identcodes(centre, customer, serial):
    contract = {"distribution_centre": centre, "customer": customer}

    number = DHLGermany(Path()).number(serial, contract, "dhl_de:small")

    assert number[:-1] == f"{centre}{customer}{serial:06d}"
    assert fits(check_digits.mod_10_weights_4_9, number)


@given(text(CAPITALS + DIGITS, 2), text(DIGITS, 2), st.integers(1, 10**10 - 1))
def test_of_dpd(letters, digits, serial):
    number = DPD(Path()).number(serial, {"depot_range": letters + digits}, "dpd:classic")

    assert number == f"{letters}{digits}{serial:010d}"


@given(text(DIGITS, 2), text(DIGITS, 2), st.integers(1, 9_999_999))
def test_of_gls(depot, product, serial):
    number = GLSGermany(Path()).number(serial, {"depot": depot, "product": product}, "gls_de:business")

    assert number[:-1] == f"{depot}{product}{serial:07d}"
    assert fits(check_digits.mod_10_weights_3_1_plus_1, number)


@given(text(CAPITALS + DIGITS, 6), text(CAPITALS + DIGITS, 2), st.integers(1, 9_999_999))
def test_of_ups(account, service, serial):
    contract = {"shipper_account": account, "service_code": service}

    number = UPS(Path()).number(serial, contract, "ups:standard")

    assert number[:-1] == f"1Z{account}{service}{serial:07d}"
    assert fits(check_digits.mod_10_weights_1_2, number[2:])


@pytest.mark.parametrize(
    ("carrier", "contract_data", "option", "country"),
    [
        (PostalItems, {"issuing_country": "GB", "service_letters": "CY RA"}, "upu_s10:parcel", "GB"),
        (PostNL, {"customer_code": "TEST", "service_letters": "CY"}, "postnl:international", "NL"),
        (DHLGermany, {"service_letters": "CY"}, "dhl_de:international", "DE"),
    ],
    ids=lambda value: getattr(value, "code", ""),
)
@given(st.integers(1, 99_999_999))
def test_of_postal_items(carrier, contract_data, option, country, serial):
    number = carrier(Path()).number(serial, contract_data, option)

    assert (number[:10], number[11:]) == (f"CY{serial:08d}", country)
    assert is_postal_item(number)
