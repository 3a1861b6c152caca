"""Orders come back as they were sent, and lists hold each order once, whatever the order and whatever the list."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.account.integrations import add_integration
from kolli.api.bodies import decode, encode
from kolli.values import COUNTRY_CODES, LENGTH_UNITS, WEIGHT_UNITS
from tests.factories import a_caller, an_installation, an_integration, an_order

ORDERS = "/api/v3/orders"
KEYS = ("integration", "order_number", "order_created_at", "order_updated_at", "pk")


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    """One for all examples: each test clears away or tells apart what it stores."""
    caller = a_caller(an_installation(tmp_path_factory.mktemp("kolli")))
    with caller.installation.database.write() as transaction:
        add_integration(transaction, 1, an_integration(71, "Other shop"))
    return caller


# Every order there can be

characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
printable = st.characters(
    exclude_categories=["Cs", "Cc"], exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
texts = st.text(characters, max_size=12)
some_text = st.text(characters, min_size=1, max_size=12)
lines = st.text(printable, max_size=12)
some_line = st.text(printable, min_size=1, max_size=12)
numbers = st.decimals(-(10**14), 10**14, allow_nan=False, allow_infinity=False, places=4) | st.integers(
    -(10**14), 10**14
)
sizes = st.decimals(0, 10**6, places=3)
weights = st.decimals("0.001", 10**6, places=3)
moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001 - the next line gives it a zone
    lambda moment: moment.replace(tzinfo=UTC).isoformat(timespec="microseconds")
)
currencies = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=3)
countries = st.sampled_from(sorted(COUNTRY_CODES))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**70) | st.decimals(-1000, 1000, places=2) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
free = st.dictionaries(texts, json_values, max_size=3)


def members(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


prices = members({"value": numbers, "currency": currencies})
amounts = st.decimals(-1000, 1000, places=3).map(str)
costs = members({}, value=st.none() | amounts, currency=st.none() | currencies)
measurements = members(
    {},
    dimension=members({"length": sizes, "width": sizes, "height": sizes, "unit": st.sampled_from(LENGTH_UNITS)}),
    weight=members({"value": weights, "unit": st.sampled_from(WEIGHT_UNITS)}),
    volume=members({"value": st.integers(0, 10**9), "unit": st.sampled_from(["m3", "cm3", "l", "ml", "gal"])}),
)
dangerous_goods = members(
    {},
    regulation_set=st.sampled_from(["IATA", "ADR"]),
    unit_of_measurement=st.sampled_from(["KG", "G", "L", "ML"]),
    commodity_regulated_level_code=st.sampled_from(["LQ", "EQ"]),
    transportation_mode=st.sampled_from(["Highway", "Ground", "PAX", "CAO"]),
    adr_packing_group_letter=st.sampled_from(["I", "II", "III"]),
    weight_type=st.sampled_from(["Net", "Gross"]),
    **dict.fromkeys(
        [
            "chemical_record_identifier",
            "packaging_type_quantity",
            "packaging_type",
            "packaging_instruction_code",
            "id_number",
            "class_division_number",
            "quantity",
            "proper_shipping_name",
            "emergency_contact_name",
            "emergency_contact_phone",
            "local_proper_shipping_name",
            "transport_category",
            "tunnel_restriction_code",
        ],
        texts,
    ),
)
items = members(
    {"name": texts, "quantity": st.integers(1, 2**31), "total_price": prices},
    item_id=some_text,
    country_of_origin=countries,
    properties=free,
    unit_price=prices,
    measurement=measurements,
    delivery_dates=members({}, handover_at=st.none() | moments, deliver_at=st.none() | moments),
    dangerous_goods=dangerous_goods,
    **dict.fromkeys(["product_id", "variant_id", "image_url", "description", "sku", "hs_code", "ean"], texts),
    **dict.fromkeys(
        ["mid_code", "material_content", "intended_use", "manufacturer_product_id", "manufacturer_product_id_std"],
        st.none() | texts,
    ),
)
statuses = members({"code": some_text}, message=texts)
tax_numbers = st.lists(members({}, **dict.fromkeys(["name", "country_code", "value"], st.none() | texts)), max_size=2)
addresses = members(
    {
        "name": some_line,
        "address_line_1": lines,
        "postal_code": some_line,
        "city": some_line,
        "country_code": countries,
    },
    po_box=st.none() | lines,
    **dict.fromkeys(
        ["company_name", "house_number", "address_line_2", "state_province_code", "email", "phone_number"], lines
    ),
)
ship_with = st.fixed_dictionaries(
    {
        "type": st.just("shipping_option_code"),
        "properties": members(
            {"shipping_option_code": st.none() | texts}, contract_id=st.none() | st.integers(1, 2**63 - 1)
        ),
    }
)
point_details = {
    **dict.fromkeys(["post_number", "latitude", "longitude", "type"], texts),
    "extra_data": free,
}
orders = members(
    {
        "order_id": some_line,
        "order_number": some_line,
        "order_details": members(
            {
                "integration": st.sampled_from([{"id": 70}, {"id": 71}]),
                "status": statuses,
                "order_created_at": moments,
                "order_items": st.lists(items, max_size=3),
            },
            order_updated_at=moments,
            notes=texts,
            tags=st.lists(texts, max_size=3),
        ),
        "payment_details": members(
            {"total_price": prices, "status": statuses},
            is_cash_on_delivery=st.none() | st.booleans(),
            invoice_date=st.none() | texts,
            **dict.fromkeys(["subtotal_price", "estimated_shipping_price", "estimated_tax_price"], prices),
            **dict.fromkeys(["discount_granted", "insurance_costs", "freight_costs", "other_costs"], costs),
        ),
    },
    customs_details=st.none()
    | members(
        {},
        commercial_invoice_number=texts,
        shipment_type=st.sampled_from(["gift", "commercial_goods", "commercial_sample", "returned_goods"]),
        export_type=st.sampled_from(["private", "commercial_b2c", "commercial_b2b"]),
        tax_numbers=st.none() | members({}, sender=tax_numbers, receiver=tax_numbers, importer_of_record=tax_numbers),
    ),
    customer_details=members({"name": texts}, phone_number=texts, email=texts),
    billing_address=addresses,
    shipping_address=addresses,
    shipping_details=members(
        {},
        is_local_pickup=st.none() | st.booleans(),
        delivery_indicator=texts,
        measurement=measurements,
        ship_with=ship_with,
    ),
    service_point_details=members({"id": some_text}, **point_details)
    | members({"carrier_service_point_id": some_text}, **point_details),
)


def send(caller, order):
    answer = caller.client.post(ORDERS, content=encode([order]))
    assert answer.status_code == 201, answer.text
    return answer.json()["data"][0]["id"]


def read(caller, order_pk):
    return decode(caller.client.get(f"{ORDERS}/{order_pk}").content)["data"]


@given(order=orders)
def test_an_order_comes_back_as_it_was_sent(caller, order):
    found = read(caller, send(caller, order))

    assert {name: found[name] for name in found.keys() - {"id", "created_at", "modified_at"}} == order


@given(order=orders)
def test_an_order_sent_twice_is_there_once(caller, order):
    first = send(caller, order)
    before = read(caller, first)

    assert send(caller, order) == first
    assert read(caller, first) == before


@given(order=orders)
def test_a_change_of_nothing_changes_nothing(caller, order):
    order_pk = send(caller, order)
    before = read(caller, order_pk)

    answer = caller.client.patch(f"{ORDERS}/{order_pk}", json={})

    assert answer.status_code == 200, answer.text
    assert read(caller, order_pk) == before


@given(order=orders)
def test_a_change_to_what_is_there_changes_nothing(caller, order):
    order_pk = send(caller, order)
    before = read(caller, order_pk)
    change = {
        name: before[name] for name in before.keys() & {"payment_details", "customer_details", "shipping_address"}
    }

    answer = caller.client.patch(f"{ORDERS}/{order_pk}", content=encode(without_nulls(change)))

    assert answer.status_code == 200, answer.text
    assert read(caller, order_pk) == before


def without_nulls(value):
    """In a change null would clear."""
    if isinstance(value, dict):
        return {name: without_nulls(member) for name, member in value.items() if member is not None}
    return value


# Every list there can be

days = st.integers(1, 4).map(lambda day: f"2026-01-0{day}T12:00:00.000000+00:00")
listed = st.lists(
    st.tuples(st.sampled_from([70, 71]), st.sampled_from(["A", "b", "B-1", "c"]), days, st.none() | days), max_size=9
)
sorts = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from(["", "-"])), max_size=4)


def fill(caller, rows, first=0):
    """Stores one order for each row, in place of what was there unless `first` says otherwise; gives their answers."""
    if first == 0:
        clear(caller)
    batch = [listed_order(first + number, *row) for number, row in enumerate(rows)]
    return [read(caller, order_pk) for order_pk in caller.store(*batch)]


def clear(caller):
    for order in caller.client.get(f"{ORDERS}?page_size=200").json()["data"]:
        caller.client.delete(f"{ORDERS}/{order['id']}")


def listed_order(number, integration_id, order_number, created, updated):
    details = {
        "integration": {"id": integration_id},
        "status": {"code": "new"},
        "order_created_at": created,
        "order_updated_at": updated,
        "order_items": [],
    }
    return an_order(order_id=str(number), order_number=order_number, order_details=details)


def in_sequence(orders, sort):
    """What a list sorted like this has to be: written as plainly as it can be."""
    wanted = dict(reversed([(key, sign == "-") for key, sign in sort])) or {"pk": True}
    keys = [(key, wanted[key]) for key in dict(sort) or wanted]
    keys = [*keys, ("pk", keys[-1][1])] if "pk" not in wanted else keys[: [key for key, _ in keys].index("pk") + 1]
    found = list(orders)
    for key, descending in reversed(keys):
        found.sort(key=partial(value_of, key), reverse=descending)
    return [order["id"] for order in found]


def value_of(key, order):
    details = order["order_details"]
    return {
        "integration": details["integration"]["id"],
        "order_number": order["order_number"].lower(),
        "order_created_at": details["order_created_at"],
        "order_updated_at": details.get("order_updated_at", ""),
        "pk": int(order["id"]),
    }[key]


def first_page(caller, sort, size):
    return caller.client.get(ORDERS, params={"sort": ",".join(f"{sign}{key}" for key, sign in sort), "page_size": size})


def walk(caller, page, relation):
    """The ids on this page and on all that follow (`next`), or on it and all before it (`prev`), and the last page."""
    ids = [order["id"] for order in page.json()["data"]]
    while relation in page.links:
        page = caller.client.get(page.links[relation]["url"])
        assert page.status_code == 200, page.text
        more = [order["id"] for order in page.json()["data"]]
        ids = [*ids, *more] if relation == "next" else [*more, *ids]
    return ids, page


@given(rows=listed, sort=sorts, size=st.integers(1, 10))
def test_pages_hold_each_order_once_in_sequence_forward_and_back(caller, rows, sort, size):
    expected = in_sequence(fill(caller, rows), sort)

    forward, last = walk(caller, first_page(caller, sort, size), "next")
    backward, _ = walk(caller, last, "prev")

    assert forward == expected
    assert backward == expected


@given(rows=listed, added=listed, sort=sorts, size=st.integers(1, 4))
def test_orders_that_arrive_meanwhile_neither_hide_nor_repeat_the_others(caller, rows, added, sort, size):
    before = in_sequence(fill(caller, rows), sort)
    page = first_page(caller, sort, size)
    fill(caller, added, first=100)

    found, _ = walk(caller, page, "next")

    assert [order_pk for order_pk in found if order_pk in before] == before
    assert len(set(found)) == len(found)
