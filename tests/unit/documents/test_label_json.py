import base64
import json
from decimal import Decimal

import pytest

from kolli.documents.render import content_from_json
from kolli.errors import Invalid, InvalidChoice
from kolli.values import Weight
from tests.unit.documents.labels import PARTS, a_full_label

ADDRESS = {
    "name": "Karin Müller",
    "company_name": "Groß & Söhne GmbH",
    "address_line_1": "Schönhauser Allee",
    "house_number": "167c",
    "postal_code": "10435",
    "city": "Berlin",
    "country_code": "DE",
}
SENDER = {
    "name": "Jan de Vries",
    "company_name": "Fjord & Co B.V.",
    "address_line_1": "Keizersgracht",
    "house_number": "241-H",
    "postal_code": "1015 CS",
    "city": "Amsterdam",
    "country_code": "NL",
}


def a_document(**changes):
    full = a_full_label()
    document = {
        "sender": SENDER,
        "recipient": ADDRESS,
        "carrier_name": "Kolli Post",
        "service_name": "Parcel Standard",
        "tracking_number": "3STEST0123456789",
        "tracking_number_printed": "3S TEST 0123456789",
        "tracking_url": full.tracking_url,
        "order_number": "#100234-A",
        "reference": "PO 2026/77-12",
        "weight": {"value": "1.25", "unit": "kg"},
        "shipped_on": "2026-11-24",
        "logo": base64.b64encode(full.logo).decode(),
        "brand_name": "Fjord & Co",
        "band": "TEST – NOT FOR POSTAGE",
        "box_number": 2,
        "box_count": 3,
        "notes": list(full.notes),
    }
    return json.dumps(document | changes).encode()


def test_a_document_with_everything_is_the_label_with_everything():
    assert content_from_json(a_document()) == a_full_label()


def test_a_weight_keeps_the_digits_it_was_given_with():
    document = a_document(weight="WEIGHT").replace(b'"WEIGHT"', b'{"value": 0.10, "unit": "kg"}')

    assert content_from_json(document).weight == Weight(Decimal("0.10"), "kg")
    assert "0.10" in repr(content_from_json(document).weight)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"box_count": "three"}, "box_count"),
        ({"shipped_on": "yesterday"}, "shipped_on"),
        ({"weight": {"value": "heavy", "unit": "kg"}}, "weight.value"),
        ({"weight": {"value": "1", "unit": "stone"}}, "weight.unit"),
        ({"logo": "not base64!"}, "logo"),
        ({"notes": ["fine", 2]}, "notes[1]"),
        ({"recipient": "Berlin"}, "recipient"),
        ({"recipient": ADDRESS | {"city": None}}, "recipient.city"),
        ({"recipient": ADDRESS | {"street": "x"}}, "recipient.street"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(changes, field):
    with pytest.raises(Invalid) as caught:
        content_from_json(a_document(**changes))

    assert caught.value.field == field
    assert f"$.{field}" in caught.value.message


def test_a_country_there_is_not_is_named_with_its_path():
    with pytest.raises(InvalidChoice, match="ISO 3166-1") as caught:
        content_from_json(a_document(sender=SENDER | {"country_code": "nl"}))

    assert caught.value.field == "sender.country_code"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"{}"])
def test_what_is_no_label_at_all_is_refused(data):
    with pytest.raises(Invalid):
        content_from_json(data)


def test_parts_are_given_by_the_names_they_have():
    parts = {
        "barcodes": [
            {
                "symbology": "gs1_128",
                "data": "(00)340434161094042557",
                "printed": "(00) 3 4043416 109404255 7",
                "height": 31750,
            },
            {"symbology": "itf", "data": "50823007028005", "printed": "50823.007.028.005", "caption": "LEITCODE"},
        ],
        "sort_code": "50823 · 007",
        "badge": "PAKET",
        "facts": [["CUSTOMER", "62120100"]],
    }

    assert content_from_json(a_document(parts=parts)) == a_full_label(parts=PARTS["bars"])


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"barcode": []}, "parts.barcode"),
        ({"barcodes": [{"symbology": "itf"}]}, "parts.barcodes[0]"),
        ({"barcodes": [{"symbology": "itf", "data": "123456", "hight": 9}]}, "parts.barcodes[0].hight"),
        ({"square": {"symbology": "qr", "data": "x", "colour": "red"}}, "parts.square.colour"),
        ({"square": {"symbology": "qr", "data": 1}}, "parts.square.data"),
        ({"facts": [["CUSTOMER"]]}, "parts.facts[0]"),
    ],
)
def test_what_is_wrong_with_parts_is_named_with_its_path(parts, field):
    with pytest.raises(Invalid) as caught:
        content_from_json(a_document(parts=parts))

    assert caught.value.field == field
