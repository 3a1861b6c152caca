"""The own-number carriers: their numbers, how people read them, and what their labels have besides."""

from dataclasses import replace
from pathlib import Path

import pytest

from kolli.carriers.dhl_de import DHLGermany
from kolli.carriers.dpd import DPD, printed_code
from kolli.carriers.gls_de import GLSGermany
from kolli.carriers.gs1_sscc import OwnFleet
from kolli.carriers.own_numbers import in_blocks
from kolli.carriers.postnl import PostNL
from kolli.carriers.specimens import a_draft
from kolli.carriers.ups import UPS
from kolli.carriers.upu_s10 import PostalItems
from kolli.errors import CarrierRejected, Impossible

POSTNL, DPD_, DHL, GLS = PostNL(Path()), DPD(Path()), DHLGermany(Path()), GLSGermany(Path())
UPS_, FLEET, POST = UPS(Path()), OwnFleet(Path()), PostalItems(Path())

PREFIX, IDENTCODE = {"number_prefix": "34043383"}, {"distribution_centre": "39", "customer": "601"}
SHIPPER = {"shipper_account": "999AA1", "service_code": "01"}
LETTERS = {"issuing_country": "GB", "service_letters": "RR EE"}


def draft_of(carrier, option=None, contract_data=None, **recipient):
    chosen = next(each for each in carrier.options if option in {None, each.code})
    draft = a_draft(carrier, chosen, contract_data or {})
    return replace(draft, recipient=replace(draft.recipient, **recipient))


@pytest.mark.parametrize(
    ("carrier", "contract_data", "option", "serial", "number"),
    [
        (
            *(POSTNL, {"customer_code": "TEST", "service_letters": "RR"}, "postnl:international", 47312482),
            ("RR473124829NL", "RR 473 124 829 NL"),
        ),
        (DPD_, {"depot_range": "0998"}, "dpd:classic", 20028, ("09980000020028", "0998 0000 0200 28")),
        (DPD_, {"depot_range": "AB12"}, "dpd:small", 9_999_999_999, ("AB129999999999", "AB12 9999 9999 99")),
        (DHL, PREFIX, "dhl_de:parcel", 644263659, ("00340433836442636597", "0034 0433 8364 4263 6597")),
        (DHL, IDENTCODE, "dhl_de:parcel", 313414, ("396013134140", "39.60 1.313.414 0")),
        (
            *(DHL, {"service_letters": "CY"}, "dhl_de:international", 12345678),
            ("CY123456785DE", "CY 123 456 785 DE"),
        ),
        (GLS, {"depot": "85", "product": "00"}, "gls_de:business", 1234567, ("850012345670", "8500 1234 5670")),
        (GLS, {"depot": "85", "product": "00"}, "gls_de:express", 1, ("858500000018", "8585 0000 0018")),
        (UPS_, SHIPPER, "ups:standard", 2345678, ("1Z999AA10123456784", "1Z 999 AA1 01 2345 6784")),
        (
            *(FLEET, {"company_prefix": "7612345", "extension_digit": "3"}, "gs1:standard", 1003),
            ("376123450000010039", "3761 2345 0000 0100 39"),
        ),
        (POST, LETTERS, "upu_s10:registered", 47312482, ("RR473124829GB", "RR 473 124 829 GB")),
        (
            *(POST, {**LETTERS, "issuing_country": "CA"}, "upu_s10:ems", 87654321),
            ("EE876543216CA", "EE 876 543 216 CA"),
        ),
    ],
)
def test_a_serial_becomes_the_number_that_its_specification_has(carrier, contract_data, option, serial, number):
    """Many of them are published ones, taken apart."""
    plain, printed = number

    assert carrier.number(serial, contract_data, option) == plain
    assert carrier.printed(plain) == printed


@pytest.mark.parametrize(
    ("carrier", "contract_data", "option", "serial"),
    [
        (POSTNL, {"customer_code": "TEST", "service_letters": "RR"}, "postnl:international", 10**8),
        (DPD_, {"depot_range": "0998"}, "dpd:classic", 10**10),
        (DHL, PREFIX, "dhl_de:parcel", 10**9),
        (DHL, IDENTCODE, "dhl_de:parcel", 10**6),
        (GLS, {"depot": "85", "product": "10"}, "gls_de:business", 10**7),
        (UPS_, SHIPPER, "ups:standard", 10**7),
        (FLEET, {"company_prefix": "7612345"}, "gs1:standard", 10**9),
        (POST, LETTERS, "upu_s10:registered", 10**8),
    ],
)
def test_a_serial_with_one_digit_too_many_is_refused_and_never_cut_off(carrier, contract_data, option, serial):
    assert carrier.number(serial - 1, contract_data, option)
    with pytest.raises(CarrierRejected, match=f"The number {serial} of the contract's range is too long for"):
        carrier.number(serial, contract_data, option)


@pytest.mark.parametrize(
    ("carrier", "contract_data", "option", "reason"),
    [
        (POSTNL, {"customer_code": "TEST"}, "postnl:international", "no service letters"),
        (DHL, PREFIX, "dhl_de:international", "no service letters"),
        (DHL, {"service_letters": "CY"}, "dhl_de:parcel", "neither a number prefix nor Identcodes"),
        (POST, LETTERS, "upu_s10:parcel", "no service letters that begin with C"),
        (POST, LETTERS, "upu_s10:pigeon", "no kind of postal item for 'upu_s10:pigeon'"),
        (DPD_, {"depot_range": "0998"}, "dpd:pigeon", "no service code for 'dpd:pigeon'"),
    ],
)
def test_an_option_that_the_contract_is_not_for_is_refused(carrier, contract_data, option, reason):
    with pytest.raises(CarrierRejected, match=reason):
        carrier.number(1, contract_data, option)


@pytest.mark.parametrize(
    ("data", "printed"),
    [
        ("008182709980000020033350276", "0081 827 0998 0000 0200 33 350 276 C"),
        ("008182709980000020028101276", "0081 827 0998 0000 0200 28 101 276 B"),
    ],
)
def test_below_the_bars_of_dpd_stands_the_check_character_that_is_not_in_them(data, printed):
    assert printed_code(data) == printed


@pytest.mark.parametrize(
    ("country", "postal_code", "start"),
    [
        ("DE", "10435", "%0010435"),
        ("NL", "1012 GJ", "%01012GJ"),
        ("PT", "1000-001", "%1000001"),
        ("IE", "", "%0000000"),
    ],
)
def test_a_postal_code_is_filled_up_to_seven_characters_in_the_bars_of_dpd(country, postal_code, start):
    draft = draft_of(DPD_, country_code=country, postal_code=postal_code)

    (barcode,) = DPD_.label_parts(draft, 1, "09980000020028").barcodes

    assert barcode.data.startswith(f"{start}09980000020028101")


@pytest.mark.parametrize(
    ("carrier", "option", "recipient", "field", "message"),
    [
        (
            DPD_,
            "dpd:classic",
            {"postal_code": "SW1A 1AAB"},
            "postal_code",
            "has 8 characters, and DPD's barcode has room",
        ),
        (DPD_, "dpd:classic", {"postal_code": "10*35"}, "postal_code", "other characters than letters and digits"),
        (DPD_, "dpd:classic", {"country_code": "XK"}, "country_code", "'XK' has no number in ISO 3166-1"),
        (DHL, "dhl_de:parcel", {"postal_code": "1043"}, "postal_code", "'1043' has not five digits as in Germany"),
        (DHL, "dhl_de:small", {"postal_code": "10435A"}, "postal_code", "'10435A' has not five digits"),
        (
            FLEET,
            "gs1:standard",
            {"postal_code": "1234567890"},
            "postal_code",
            "has 10 characters, and the barcode has room",
        ),
    ],
)
def test_what_has_no_place_in_a_barcode_is_refused_by_its_field_with_its_value(
    carrier, option, recipient, field, message
):
    draft = draft_of(carrier, option, **recipient)

    with pytest.raises(Impossible) as caught:
        carrier.label_parts(draft, 1, carrier.longest_number)

    assert caught.value.field == f"recipient.{field}"
    assert caught.value.details["value"] == recipient[field]
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("line", "house_number", "leitcode"),
    [
        ("Packstation", "145", "10435994145000"),
        ("Packstation 145", "", "10435994145000"),
        ("PACKSTATION Nr. 7", "", "10435994007002"),
        ("Postfiliale", "502", "10435993502001"),
        ("Packstation", "", None),
        ("Packstation", "1455", None),
        ("Schönhauser Allee", "167", None),
        ("Packstationsweg", "3", None),
    ],
)
def test_only_packing_stations_and_post_offices_have_a_leitcode(line, house_number, leitcode):
    draft = draft_of(DHL, address_line_1=line, house_number=house_number)

    codes = [code.data for code in DHL.label_parts(draft, 1, DHL.longest_number).barcodes if code.symbology == "itf"]

    assert codes == ([leitcode] if leitcode else [])


US = {"country_code": "US", "postal_code": "15238", "city": "Pittsburgh", "state_province_code": "US-PA"}


def fields_of(message):
    return message.strip("\x1e\x04").split("\x1d")


def maxicode(service_class="068", **recipient):
    contract_data = {**SHIPPER, "service_class": service_class}
    square = UPS_.label_parts(draft_of(UPS_, None, contract_data, **recipient), 1, "1Z999AA10123456784").square
    return None if square is None else fields_of(square.data)


def test_a_maxicode_says_where_to_and_which_parcel():
    assert maxicode(**US, address_line_1="634 Alpha Dr", house_number="") == [
        *("[)>\x1e01", "96152380000", "840", "068"),
        *("1Z23456784", "UPSN", "999AA1", "328", "", "1/1", "", "N", "634 ALPHA DR", "PITTSBURGH", "PA"),
    ]


@pytest.mark.parametrize(
    ("country", "postal_code", "in_bars"),
    [
        ("US", "15238-2802", "152382802"),
        ("DE", "10435", "10435 "),
        ("GB", "W1A 1AA", "W1A1AA"),
        ("CA", "k1a 0b1", "K1A0B1"),
        ("IN", "110 001", "110001"),
    ],
)
def test_a_postal_code_is_as_wide_as_its_place_in_a_maxicode(country, postal_code, in_bars):
    assert maxicode(country_code=country, postal_code=postal_code)[1] == f"96{in_bars}"


@pytest.mark.parametrize(
    "unknown",
    [
        {"service_class": ""},
        {"country_code": "XK"},
        {"country_code": "PT", "postal_code": "1000-001"},
        {"country_code": "US", "postal_code": "1523"},
        {"country_code": "IE", "postal_code": ""},
        {"country_code": "DE", "postal_code": "é"},
    ],
)
def test_there_is_no_maxicode_where_something_is_not_known(unknown):
    assert maxicode(**unknown) is None


def test_a_maxicode_without_room_leaves_out_the_street_and_then_the_city():
    long_street = maxicode(**US, address_line_1="Boulevard of the Unending Sentences and Longwinded Names")
    long_city = maxicode(**{**US, "city": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch"})

    assert long_street[-3:] == ["", "PITTSBURGH", "PA"]
    assert long_city[-3:] == ["", "", "PA"]


def test_there_are_only_capitals_in_a_maxicode():
    assert maxicode(address_line_1="№ 5 ﬁne Straße", house_number="a", city="gent")[-3:] == [
        "NO 5 FINE STRASSE A",
        "GENT",
        "",
    ]


def test_accents_are_left_out_of_a_maxicode_and_other_scripts_with_their_field():
    assert maxicode(address_line_1="Rue de l'Évêché", house_number="3", city="Αθήνα")[-3:] == [
        "RUE DE L'EVECHE 3",
        "",
        "",
    ]


def test_the_postal_code_is_420_within_a_country_and_421_across_a_border():
    here = draft_of(FLEET, country_code="NL", postal_code="1012 GJ")
    there = draft_of(FLEET, country_code="BE", postal_code="2000")
    nowhere = draft_of(FLEET, country_code="IE", postal_code="")
    without_a_number = draft_of(FLEET, country_code="XK", postal_code="10000")

    codes = [
        [barcode.data for barcode in FLEET.label_parts(draft, 1, FLEET.longest_number).barcodes[1:]]
        for draft in (
            replace(here, sender=here.recipient),
            replace(there, sender=here.recipient),
            nowhere,
            without_a_number,
            replace(without_a_number, sender=without_a_number.recipient),
        )
    ]

    assert codes == [["(420)1012GJ"], ["(421)0562000"], [], [], ["(420)10000"]]


def test_only_what_labels_need_of_a_contract_is_kept_with_a_shipment():
    named = {"company_prefix": "7612345", "printed_name": "Rad & Tat"}

    assert FLEET.printed_details(named) == {"printed_name": "Rad & Tat"}
    assert FLEET.printed_details({"company_prefix": "7612345"}) == {}
    assert UPS_.printed_details({**SHIPPER, "service_class": "068"}) == {"service_class": "068"}
    assert DPD_.printed_details({"depot_range": "0998"}) == {}


@pytest.mark.parametrize("carrier", [POSTNL, DPD_, DHL, GLS, UPS_, FLEET, POST], ids=lambda carrier: carrier.code)
def test_no_label_is_certified(carrier):
    assert carrier.label_is_certified is False


@pytest.mark.parametrize(
    ("text", "sizes", "blocks"),
    [
        ("", (), ""),
        ("123456789", (), "1234 5678 9"),
        ("RR473124829GB", (2, 3, 3, 3, 2), "RR 473 124 829 GB"),
        ("12345", (1,), "1 2 3 4 5"),
    ],
)
def test_blocks_are_of_the_sizes_that_are_asked_for(text, sizes, blocks):
    assert in_blocks(text, *sizes) == blocks
