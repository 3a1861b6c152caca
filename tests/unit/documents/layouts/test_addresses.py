import pytest

from kolli.documents.layouts.addresses import address_lines, language_of
from tests.unit.documents.labels import an_address


def lines(to="NL", **changes):
    address = {"name": "Name", "company_name": "Company", "address_line_1": "Street", "house_number": "12"}
    address |= {"postal_code": "12345", "city": "City"}
    return [line.text for line in address_lines(an_address(**(address | changes)), to)]


@pytest.mark.parametrize(
    ("country", "province", "expected"),
    [
        ("NL", "", ["Company", "Name", "Street 12", "12345 City"]),
        ("DE", "", ["Name", "Company", "Street 12", "12345 City", "GERMANY"]),
        ("FR", "", ["Company", "Name", "12 Street", "12345 City", "FRANCE"]),
        ("LU", "", ["Company", "Name", "12 Street", "L-12345 City", "LUXEMBOURG"]),
        ("CH", "", ["Company", "Name", "Street 12", "CH-12345 City", "SWITZERLAND"]),
        ("GB", "", ["Name", "Company", "12 Street", "City", "12345", "UNITED KINGDOM"]),
        ("IE", "IE-D", ["Name", "Company", "12 Street", "City", "Co. Dublin", "12345", "IRELAND"]),
        ("US", "US-NY", ["Name", "Company", "12 Street", "City, NY 12345", "UNITED STATES"]),
        ("US", "", ["Name", "Company", "12 Street", "City, 12345", "UNITED STATES"]),
        ("CA", "ON", ["Name", "Company", "12 Street", "City ON 12345", "CANADA"]),
        ("AU", "AU-NSW", ["Company", "Name", "12 Street", "City NSW 12345", "AUSTRALIA"]),
        ("IT", "IT-RM", ["Name", "Company", "Street 12", "12345 City RM", "ITALY"]),
        ("ES", "ES-M", ["Name", "Company", "Street 12", "12345 City Madrid", "SPAIN"]),
        ("PL", "", ["Name", "Company", "Street 12", "12345 City", "POLAND"]),
        ("GR", "", ["Name", "Company", "Street 12", "12345 City", "GREECE"]),
        ("HU", "", ["Name", "Company", "City", "Street 12", "12345", "HUNGARY"]),
        ("AE", "AE-DU", ["Name", "Company", "Street 12", "City", "Dubai", "12345", "UNITED ARAB EMIRATES"]),
        ("AG", "", ["Name", "Company", "12 Street", "City 12345", "ANTIGUA & BARBUDA"]),
    ],
)
def test_an_address_is_in_its_countrys_order(country, province, expected):
    assert lines(country_code=country, state_province_code=province) == expected


def test_a_japanese_address_goes_from_large_to_small():
    address = {"country_code": "JP", "state_province_code": "JP-13", "city": "港区", "address_line_1": "芝公園4-2-8"}

    printed = lines(**address, house_number="", postal_code="105-0011", name="山田 太郎", company_name="")

    assert printed == ["〒105-0011", "東京都", "港区", "芝公園4-2-8", "山田 太郎", "JAPAN"]


def test_a_city_that_is_its_own_province_is_printed_once():
    assert lines(country_code="CN", state_province_code="CN-11", city="北京市", address_line_1="建国路")[1] == "北京市"


def test_a_japanese_address_in_latin_letters_is_in_the_order_for_abroad():
    printed = lines(country_code="JP", state_province_code="JP-13", city="Minato")

    assert printed == ["Name", "Company", "Street 12", "Minato, Tokyo", "12345", "JAPAN"]


def test_within_a_country_no_country_is_printed_and_no_prefix_for_abroad():
    assert lines(country_code="CH", to="CH") == ["Company", "Name", "Street 12", "12345 City"]


def test_a_prefix_that_is_in_the_postal_code_already_is_not_repeated():
    assert "L-1234 City" in lines(country_code="LU", postal_code="L-1234")


def test_all_that_was_given_is_printed():
    printed = lines(address_line_2="Building 4", po_box="4711", country_code="NL")

    assert printed == ["Company", "Name", "Street 12", "Building 4", "PO Box 4711", "12345 City"]


def test_what_was_not_given_leaves_no_trace():
    printed = lines(country_code="US", company_name="", house_number="", postal_code="", address_line_2=" ")

    assert printed == ["Name", "Street", "City", "UNITED STATES"]


def test_a_line_knows_the_field_it_came_from():
    fields = [line.field for line in address_lines(an_address(po_box="1"), "NL")]

    assert fields == ["name", "company_name", "address_line_1", "po_box", "city", "country_code"]


def test_chinese_characters_take_the_shape_their_country_reads():
    assert [language_of(country) for country in ("JP", "CN", "TW", "NL")] == ["ja", "zh-Hans", "zh-Hant", ""]
