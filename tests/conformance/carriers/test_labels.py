"""A label of every carrier, shipped through the API and read back: what is in the bars is what is stored, and right.

Check digits are looked at from the other side: as sums that have to come out even, and with the encoder's own ones.
"""

from base64 import b64decode
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from itertools import cycle

import pytest
import zint

from kolli.account.contracts import Contract, add_contract
from kolli.account.number_ranges import add_number_range
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.carriers.registry import GROUP
from kolli.documents import proof
from tests.conformance.carriers.test_carriers import CONTRACTS
from tests.factories import a_caller, an_address, an_installation, an_order

BERLIN = {"address_line_1": "Schönhauser Allee", "house_number": "167", "postal_code": "10435", "city": "Berlin"}
STATION = {"address_line_1": "Packstation", "house_number": "45", "postal_code": "10435", "city": "Berlin"}
ANTWERP = {"address_line_1": "Meir", "house_number": "48", "postal_code": "2000", "city": "Antwerpen"}
PITTSBURGH = {
    "address_line_1": "634 Alpha Dr",
    "house_number": "",
    "postal_code": "15238-2802",
    "city": "Pittsburgh",
    "state_province_code": "PA",
}
TO = {"DE": BERLIN, "BE": ANTWERP, "US": PITTSBURGH}


@dataclass(frozen=True)
class Parcel:
    """What is shipped, and what is in the bars then: `#` stands for the number and `§` for its last digit."""

    option: str
    kind: str  # of contract
    serial: int
    codes: set[tuple[str, str]]
    sender: str = "DE"
    recipient: str = "DE"
    to: dict[str, str] = field(default_factory=dict)


MAXICODE = (
    "[)>\x1e01\x1d96152382802\x1d840\x1d068\x1d1Z1234567§\x1dUPSN\x1d999AA1\x1d328\x1d\x1d1/1\x1d\x1dN\x1d634 ALPHA DR"
    "\x1dPITTSBURGH\x1dPA\x1e\x04"
)

PARCELS = [
    Parcel("postnl:standard", "3S", 1234567, {("code128", "3STEST1234567")}, "NL", "BE"),
    Parcel("postnl:international", "3S and S10", 47312482, {("code128", "CD473124829NL")}, "NL", "DE"),
    Parcel("dpd:classic", "digits", 20028, {("code128", "%001043509980000020028101276")}),
    Parcel("dpd:express/before=0830", "letters", 1, {("code128", "%0002000AB120000000001350056")}, recipient="BE"),
    Parcel("dhl_de:parcel", "SSCC", 109404255, {("gs1_128", "(00)#")}),
    Parcel("dhl_de:parcel", "SSCC", 1, {("gs1_128", "(00)#"), ("itf", "10435994045004")}, to=STATION),
    Parcel("dhl_de:small", "Identcode", 313414, {("itf", "396013134140"), ("itf", "10435994045408")}, to=STATION),
    Parcel("dhl_de:international", "S10", 12345678, {("code128", "CY123456785DE")}, recipient="BE"),
    Parcel("gls_de:business", "usual", 1234567, {("code128", "#")}),
    Parcel("gls_de:express", "usual", 1234567, {("code128", "#")}),
    Parcel("ups:standard", "usual", 1234567, {("code128", "#")}),
    Parcel("ups:standard", "MaxiCode", 1234567, {("code128", "#"), ("maxicode", MAXICODE)}, recipient="US"),
    Parcel("gs1:standard", "short", 1, {("gs1_128", "(00)#"), ("gs1_128", "(420)10435")}),
    Parcel("gs1:standard", "long", 100, {("gs1_128", "(00)#"), ("gs1_128", "(421)0562000")}, recipient="BE"),
    Parcel("upu_s10:registered", "every kind", 12345678, {("code128", "RA123456785GB")}),
    Parcel("upu_s10:e-commerce", "every kind", 87654321, {("code128", "HC876543216GB")}, recipient="US"),
]


def a_shipped(parcel, folder):
    """The parcel shipped through the API: its stored number and its label as a picture."""
    carriers = [entry.load()(folder) for entry in entry_points(group=GROUP)]
    caller = a_caller(an_installation(folder, carriers=carriers))
    code = parcel.option.partition(":")[0]
    vault = caller.installation.vault
    sealed = vault.seal(CONTRACTS[code][parcel.kind])
    with caller.installation.database.write() as transaction:
        add_contract(transaction, 1, Contract(9, code, "Test", is_default=False, sealed_data=sealed))
        add_number_range(transaction, 1, 9, parcel.serial, parcel.serial, is_live=False, vault=vault)
        sender = an_address(**(BERLIN if parcel.sender == "DE" else {}), country_code=parcel.sender)
        add_sender_address(transaction, 1, SenderAddress(8, sender, is_default=False))
    order = an_order(shipping_address={"name": "Karin Muster", **TO[parcel.recipient], **parcel.to})
    order["shipping_address"]["country_code"] = parcel.recipient
    order["order_details"]["order_items"][0] |= {
        "hs_code": "340600",
        "country_of_origin": "DE",
        "unit_price": {"value": 8.95, "currency": "EUR"},
    }
    caller.store(order)
    answer = caller.ship(
        ship_with={
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": parcel.option, "contract_id": 9},
        },
        sender_address_id=8,
        label_details={"mime_type": "image/png", "dpi": 300},
    )
    assert answer.status_code == 201, answer.text
    label = answer.json()["data"][0]
    return label["tracking_number"], proof.picture_of(b64decode(label["label"]["file"]), 300)


def codes_of(picture):
    """Every barcode but the link. A MaxiCode is only found where nothing else is: in the place of the square."""
    width, height = picture.size
    square = picture.crop((width * 67 // 100, height * 56 // 100, width * 97 // 100, height * 74 // 100))
    maxicodes = {code for code in proof.codes_by_zxing(square) if code[0] == "maxicode"}
    return {code for code in proof.codes_by_zxing(picture) if code[0] != "qr"} | maxicodes


@pytest.mark.parametrize("parcel", PARCELS, ids=lambda parcel: f"{parcel.option} {parcel.kind}")
def test_what_a_scanner_reads_is_what_is_stored(parcel, tmp_path):
    number, picture = a_shipped(parcel, tmp_path)

    bare = number.removeprefix("00") if parcel.option.startswith("dhl_de") else number
    expected = {(name, text.replace("#", bare).replace("§", number[-1])) for name, text in parcel.codes}
    assert codes_of(picture) == expected


def test_every_carrier_that_has_contracts_is_read_back():
    assert {parcel.option.partition(":")[0] for parcel in PARCELS} == set(CONTRACTS)


# Check digits from the other side


def number_of(carrier, kind, serial, option):
    (entry,) = entry_points(group=GROUP, name=carrier)
    return entry.load()(None).number(serial, CONTRACTS[carrier][kind], f"{carrier}:{option}")


def text_of(symbology, data):
    symbol = zint.Symbol()
    symbol.symbology = symbology
    symbol.encode(data)
    return symbol.text


SERIALS = pytest.mark.parametrize("serial", [1, 2, 12, 345, 6789, 99_999, 123_456, 999_999])


@SERIALS
def test_the_weighted_digits_of_a_postal_item_with_its_check_digit_are_a_multiple_of_eleven(serial):
    number = number_of("upu_s10", "one kind", serial, "registered")

    total = sum(int(digit) * weight for digit, weight in zip(number[2:11], (8, 6, 4, 2, 3, 5, 9, 7, 1), strict=True))
    # 10 is written as 0 and 11 as 5, so the sum is then short of a multiple by 10, or beyond one by 5.
    assert total % 11 in {0} | ({1} if number[10] == "0" else set()) | ({5} if number[10] == "5" else set())
    assert (
        text_of(zint.Symbology.UPU_S10, number[:10] + number[11:])
        == f"RA {number[2:5]} {number[5:8]} {number[8:11]} NL"
    )


@SERIALS
def test_the_weighted_digits_of_an_sscc_with_its_check_digit_are_a_multiple_of_ten(serial):
    numbers = number_of("gs1", "short", serial, "standard"), number_of("dhl_de", "SSCC", serial, "parcel")[2:]

    for number in numbers:
        assert len(number) == 18
        assert (
            sum(int(digit) * weight for digit, weight in zip(reversed(number), cycle((1, 3)), strict=False)) % 10 == 0
        )


@SERIALS
def test_the_encoder_has_the_same_check_digit_for_an_identcode(serial):
    number = number_of("dhl_de", "Identcode", serial, "parcel")

    assert "".join(filter(str.isdecimal, text_of(zint.Symbology.DPIDENT, number[:-1]))) == number


@SERIALS
def test_the_weighted_characters_of_a_ups_number_with_its_check_digit_are_a_multiple_of_ten(serial):
    number = number_of("ups", "usual", serial, "standard")

    values = [int(character) if character.isdecimal() else (ord(character) - 63) % 10 for character in number[2:]]
    assert sum(value * weight for value, weight in zip(values, (1, 2) * 7 + (1, 1), strict=True)) % 10 == 0


@SERIALS
def test_the_weighted_digits_of_a_gls_number_and_one_with_its_check_digit_are_a_multiple_of_ten(serial):
    number = number_of("gls_de", "usual", serial, "business")

    weights = (3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1)
    assert (sum(int(digit) * weight for digit, weight in zip(number, weights, strict=True)) + 1) % 10 == 0
