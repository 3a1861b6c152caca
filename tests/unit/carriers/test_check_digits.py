"""Every check digit that a carrier, a post, a standard or a maintained library has published is the one we compute."""

import pytest

from kolli.carriers import check_digits

S10 = [
    ("47312482", "9"),  # RR473124829GB, Wikipedia, "S10 (UPU standard)"
    ("87654321", "6"),  # EE876543216CA, UPU S10 Annex A
    ("12345678", "5"),  # RB123456785GB, tracking_number_data
    ("47110815", "1"),  # EE471108151FR, BWIPP
    ("41034224", "9"),  # Wikipedia in Polish
    ("00071761", "8"),  # EB000717618HK, the package s10
]

GS1 = [
    ("12345678901234567", "5"),  # tests of zint, for the four first ones
    ("00000000000001234", "8"),
    ("00000000000012345", "7"),
    ("00000000000012340", "2"),
    ("37612345000001003", "9"),  # manual of zint
    ("0034043383644263659", "7"),  # a parcel of DHL, paketda.de
    ("0034123456789012345", "9"),  # likewise, tracking_number_data
    ("0913313153072", "4"),  # a parcel of Hermes in Germany, paketda.de
    ("0123456789", "5"),  # parcels of Colissimo from here on: Business::Colissimo, then laposte_api
    ("2052475203", "2"),
    ("5389400004", "5"),
    ("5389400003", "8"),
    ("0000000003", "1"),
    ("0000000002", "4"),
    ("900001123400009", "7"),  # what is behind the postal code in their sorting codes: Business::Colissimo
    ("964744137000024", "1"),  # laposte_api, for the last two
    ("964744124000103", "3"),
]

IDENTCODES = [
    ("12345678901", "6"),  # zint, for the two first ones
    ("00123456789", "0"),
    ("56310243031", "3"),  # BWIPP
    ("20129845227", "7"),  # paketda.de
    ("18671820445", "1"),  # tracking_number_data
    ("39601313414", "0"),  # Wikipedia in German
]

LEITCODES = [
    ("1234567890123", "6"),  # zint, for the two first ones
    ("0000123456789", "0"),
    ("5082300702800", "5"),  # Wikipedia in German
    ("2045703000360", "5"),  # a brochure of Deutsche Post
]

DPD = [
    ("008182709980000020028101276", "B"),  # Parcel Label Specification 2.4.1, section 4
    ("007110601632532948375179276", "A"),  # 4.6
    ("001990009980000020084109203", "1"),  # 5.1
    ("008182709980000020033350276", "C"),  # 8.5.1
    ("000280009980000020037155056", "6"),  # 8.5.5
    ("007855009980000020041302840", "U"),  # 8.5.6
    ("008182709980000020045327276", "N"),  # 8.9.1
    ("000393206219912345678101040", "9"),  # DPD's guide for applications, illustration 7
    ("007110601782532948375101276", "X"),  # illustration 6
    ("004782901905002679885101276", "6"),  # Business::DPD, for the next ones
    ("01905002345615", "Y"),
    ("01905002345614", "0"),
    ("09980000020033", "F"),  # tracking_number_data, for the two last ones
    ("09980000020034", "D"),
    ("01015026003653", "C"),  # paketda.de, whose text about the arithmetic is wrong
    ("00101006M000000000170849250", "8"),  # pick-up points of Colissimo, laposte_api
    ("00932206M000000000310849250", "Y"),
]

UPS = [
    "1Z5R89390357567127",
    "1Z879E930346834440",
    "1Z410E7W0392751591",
    "1Z8V92A70367203024",
    "1ZXX3150YW44070023",
    "1Z5915806855587736",
    "1Z999AA10123456784",
]

DHL_EXPRESS = ["3318810025", "3318810036", "3318810014", "8487135506", "1099255990", "3821724944"]
NOT_DHL_EXPRESS = ["3318810010", "3318810034", "3318810011"]

MONDIAL_RELAY = [("12123456780101", "0"), ("0662312345", "4")]  # Labels specifications V2.3, the worked example


@pytest.mark.parametrize(("digits", "check"), S10)
def test_of_postal_items(digits, check):
    assert check_digits.s10(digits) == check


@pytest.mark.parametrize(("digits", "check"), GS1)
def test_of_gs1_numbers(digits, check):
    assert check_digits.gs1(digits) == check


@pytest.mark.parametrize(("digits", "check"), IDENTCODES + LEITCODES)
def test_of_deutsche_post(digits, check):
    assert check_digits.mod_10_weights_4_9(digits) == check


@pytest.mark.parametrize(("characters", "check"), DPD)
def test_of_dpd(characters, check):
    assert check_digits.iso_7064_mod_37_36(characters) == check


@pytest.mark.parametrize("number", DHL_EXPRESS)
def test_of_dhl_express(number):
    assert check_digits.mod_7(number[:-1]) == number[-1]


@pytest.mark.parametrize(("digits", "check"), MONDIAL_RELAY)
def test_of_mondial_relay(digits, check):
    assert check_digits.mod_11_weights_2_to_7(digits) == check


@pytest.mark.parametrize("number", UPS)
def test_of_ups(number):
    assert check_digits.mod_10_weights_1_2(number[2:-1]) == number[-1]


@pytest.mark.parametrize(("digits", "check"), [("85001234567", "0"), ("70010000001", "4")])
def test_of_gls_as_it_was_computed_before(digits, check):
    """Nobody has published a number: this only shows that the arithmetic has not changed."""
    assert check_digits.mod_10_weights_3_1_plus_1(digits) == check


@pytest.mark.parametrize(
    ("number", "is_one"),
    [
        *((f"RR{digits}{check}NL", True) for digits, check in S10),
        ("RB123456785GB", True),
        ("RB123456786US", False),  # published as wrong: another digit
        ("RB123456785XX", False),  # published as wrong: no such post
        ("rb123456785gb", False),
        ("RB 123 456 785 GB", False),
        ("R1123456785GB", False),
        ("", False),
    ],
)
def test_a_postal_item_is_told_from_what_is_none(number, is_one):
    assert check_digits.is_postal_item(number) is is_one


@pytest.mark.parametrize(
    ("check", "number", "does"),
    [
        *((check_digits.mod_10_weights_1_2, number[2:], True) for number in UPS),
        (check_digits.mod_10_weights_1_2, "1" * 16, False),  # 1Z1111111111111111 is published as wrong
        *((check_digits.mod_7, number, False) for number in NOT_DHL_EXPRESS),  # published as wrong
        (check_digits.gs1, "376123450000010039", True),
        (check_digits.gs1, "376123450000010038", False),
        (check_digits.mod_10_weights_4_9, "396013134140", True),
        (check_digits.mod_10_weights_4_9, "396013134141", False),
        (check_digits.iso_7064_mod_37_36, "01905002345615Y", True),
        (check_digits.iso_7064_mod_37_36, "01905002345615y", False),
        (check_digits.mod_10_weights_3_1_plus_1, "", False),
        (check_digits.mod_10_weights_3_1_plus_1, "8500123456AB", False),
    ],
)
def test_a_check_digit_fits_or_not(check, number, does):
    assert check_digits.fits(check, number) is does


def test_leading_zeros_do_not_change_the_digit_of_gs1():
    assert check_digits.gs1("000" + "37612345000001003") == check_digits.gs1("37612345000001003")


@pytest.mark.parametrize(
    ("function", "characters"),
    [
        (check_digits.s10, "1234567"),
        (check_digits.s10, "123456789"),
        (check_digits.s10, "1234567A"),
        (check_digits.s10, "１２３４５６７８"),
        (check_digits.gs1, ""),
        (check_digits.gs1, "12 34"),
        (check_digits.mod_10_weights_4_9, "50823.007"),
        (check_digits.iso_7064_mod_37_36, "0998a"),
        (check_digits.iso_7064_mod_37_36, "%099"),
        (check_digits.mod_10_weights_1_2, "5R8939035756712"[:-1]),
        (check_digits.mod_10_weights_1_2, "5r8939035756712"),
        (check_digits.mod_7, "33188100A"),
        (check_digits.mod_11_weights_2_to_7, "066231234 "),
        (check_digits.mod_10_weights_3_1_plus_1, "8500123456"),
        (check_digits.mod_10_weights_3_1_plus_1, "8500123456A"),
    ],
)
def test_what_the_arithmetic_does_not_know_is_a_mistake(function, characters):
    with pytest.raises(ValueError, match=r"digits|characters"):
        function(characters)
