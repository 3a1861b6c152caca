"""Whatever is sent as a shipment comes back, or is refused with the place of what is wrong; nothing is booked twice."""

import string
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from kolli.addresses import reasons_against
from kolli.addresses.shortening import tidied
from kolli.api.bodies import decode, encode
from tests.factories import a_caller, an_address, an_installation

URL = "/api/v3/shipments"

words = st.text(string.ascii_letters + string.digits + " -'&éßŁ", min_size=1, max_size=30).filter(str.strip)
maybe = st.none() | words
decimals = st.decimals("0.001", "29.999", places=3).map(str)
amounts = st.decimals("0", "99999", places=2).map(str)
prices = st.fixed_dictionaries({"value": amounts, "currency": st.just("EUR")})
weights = st.fixed_dictionaries({"value": decimals, "unit": st.just("kg")})
items = st.fixed_dictionaries(
    {
        "description": words,
        "quantity": st.integers(1, 10_000),
        "weight": st.fixed_dictionaries({"value": st.decimals("0.001", "9", places=3), "unit": st.just("kg")}),
        "price": prices,
        "hs_code": st.text(string.digits, max_size=12),
    },
    optional={"sku": words, "product_id": words, "mid_code": maybe, "properties": st.dictionaries(words, words)},
)
boxes = st.fixed_dictionaries(
    {"weight": weights, "parcel_items": st.lists(items, max_size=3)},
    optional={
        "dimensions": st.fixed_dictionaries(
            {"length": decimals, "width": decimals, "height": decimals, "unit": st.just("cm")}
        ),
        "package_type": st.sampled_from(["package", "tube", None]),
        "sscc": st.none() | st.text(string.digits, min_size=18, max_size=18),
    },
)
addresses = st.fixed_dictionaries(
    {
        "name": words,
        "address_line_1": words,
        "postal_code": words,
        "city": words,
        "country_code": st.sampled_from(["NL", "BE", "DE", "FR"]),
    },
    optional={"company_name": words, "house_number": words, "address_line_2": words, "po_box": maybe},
)
requests = st.fixed_dictionaries(
    {
        "to_address": addresses,
        "from_address": addresses,
        "ship_with": st.just(
            {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}}
        ),
        "parcels": st.lists(boxes, min_size=1, max_size=3),
    },
    optional={
        "order_number": words,
        "reference": maybe,
        "external_reference_id": maybe,
        "total_order_price": st.none() | prices,
        "carrier_fields": st.none() | st.dictionaries(words, words | st.integers(-(2**53), 2**53), max_size=3),
    },
)


@contextmanager
def an_account():
    with TemporaryDirectory() as folder:
        yield a_caller(an_installation(Path(folder)))


def missing(sent, answered, where=""):
    """The places of what was sent and does not stand in the answer."""
    if isinstance(sent, dict) and isinstance(answered, dict):
        pairs = [(sent[name], answered.get(name), f"{where}/{name}") for name in sent]
    elif isinstance(sent, list) and isinstance(answered, list) and len(sent) == len(answered):
        pairs = [
            (one, other, f"{where}/{place}") for place, (one, other) in enumerate(zip(sent, answered, strict=True))
        ]
    else:
        return [] if sent == answered else [(where, sent, answered)]
    return [found for pair in pairs for found in missing(*pair)]


@given(requests)
def test_what_was_sent_comes_back_or_nothing_is_kept(request):
    with an_account() as caller:
        answer = caller.client.post(URL, content=encode(request))
        kept = decode(caller.client.get(URL).content)["data"]

        if answer.status_code == 201:
            data = decode(answer.content)["data"]
            assert missing(request, data) == []
            assert kept == [data]
        else:  # a text that has no room on the label
            assert answer.status_code == 400, answer.text
            assert all(error["source"]["pointer"] for error in answer.json()["errors"])
            assert kept == []


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
PLACES = st.sampled_from(
    [
        ("to_address",),
        ("to_address", "name"),
        ("to_address", "country_code"),
        ("from_address",),
        ("ship_with",),
        ("ship_with", "properties"),
        ("parcels",),
        ("parcels", 0),
        ("parcels", 0, "weight"),
        ("parcels", 0, "weight", "value"),
        ("parcels", 0, "parcel_items"),
        ("parcels", 0, "label_notes"),
        ("customs_information",),
        ("delivery_dates",),
        ("label_details",),
        ("to_service_point",),
        ("external_reference_id",),
        ("total_order_price",),
        ("carrier_fields",),
    ]
)
VALID = {
    "to_address": {"name": "A", "address_line_1": "B 1", "postal_code": "1012 GJ", "city": "C", "country_code": "NL"},
    "from_address": {"sender_address_id": 1017},
    "ship_with": {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}},
    "parcels": [{"weight": {"value": "1", "unit": "kg"}}],
}


def with_value(document, path, value):
    """A copy of a document, with a value at a place."""
    first, *rest = path
    copied = document.copy()
    if rest:
        value = with_value(document[first], rest, value)
    copied[first] = value
    return copied


@given(PLACES, json_values)
def test_no_value_in_any_place_is_too_much(path, value):
    with an_account() as caller:
        answer = caller.client.post(f"{URL}/announce", content=encode(with_value(VALID, path, value)))
        entries = len(caller.sandbox.ledger.entries())
        listed = caller.client.get(URL)

    assert answer.status_code in {201, 400, 404}, answer.text
    assert listed.status_code == 200
    assert entries == sum(len(shipment["parcels"]) for shipment in listed.json()["data"])
    assert bool(entries) is (answer.status_code == 201)


@given(line=words, number=st.text(string.digits + "abc", max_size=5), second=st.text(max_size=80), city=words)
def test_tidying_twice_changes_nothing_more_and_makes_nothing_worse(line, number, second, city):
    address = an_address(address_line_1=line * 3, house_number=number, address_line_2=second, city=city)

    tidy = tidied(address)

    assert tidied(tidy) == tidy
    assert set(reasons_against(tidy)) <= set(reasons_against(address))


def test_the_numbers_of_an_answer_are_those_of_the_request():
    weight = {"value": Decimal("0.30000000000000004"), "unit": "kg"}
    parcel = {"weight": {"value": "1", "unit": "kg"}, "parcel_items": [{"weight": weight}]}
    with an_account() as caller:
        answer = caller.client.post(URL, content=encode({**VALID, "parcels": [parcel]}))

    assert decode(answer.content)["data"]["parcels"][0]["parcel_items"][0]["weight"] == weight
