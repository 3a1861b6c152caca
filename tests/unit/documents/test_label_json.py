import base64
import json
from decimal import Decimal

import pytest

from kolli.documents.render import content_from_json
from kolli.errors import Invalid, InvalidChoice
from kolli.values import Weight
from tests.unit.documents.labels import a_full_label

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
