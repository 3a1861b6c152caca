"""What rules can look at: each property is read, compared, and known to be absent."""

from decimal import Decimal

import pytest

from kolli.errors import Invalid
from kolli.rules.conditions import CONDITIONS, find_operator, find_property, split_texts, value_of_items
from kolli.rules.operators import OPERATORS
from kolli.values import Dimensions, Money, Weight
from tests.factories import a_parcel_item, a_plan, a_planned_parcel, an_address

SIZE = Dimensions(Decimal(300), Decimal(200), Decimal(105), "mm")
FULL = a_plan(
    a_planned_parcel(a_parcel_item(), a_parcel_item(description="Soap", sku="SOAP-9", quantity=5), dimensions=SIZE),
    checkout_method="DHL home delivery",
    carrier_code="postnl",
    recipient=an_address(company_name="Lumen & Was", email="Femke@Example.com", phone_number="+31 (0)6-12.34"),
)

HOLDS = {
    "carrier": ["is PostNL", "is_not dpd", "in dpd,postnl", "not_in dpd,gls"],
    "checkout_delivery_method": ["is dhl HOME delivery", "contains home", "pattern dhl*"],
    "company_name": ["is lumen & was", "not_contains gmbh", "ends_with WAS"],
    "customer_email": ["ends_with @example.com", "is femke@example.com"],
    "integration": ["is 70", "is_not 71"],
    "item_sku": ["is soap-9", "in x,CANDLE-1", "is_not GIFT", "not_in a,b", "pattern CANDLE-?"],
    "item_name": ["contains and", "starts_with so", "not_contains gift"],
    "item_quantity": ["eq 5", "ge 5", "lt 3", "ne 4"],
    "parcel_height": ["eq 10.5", "le 10.5"],
    "parcel_length": ["eq 30"],
    "parcel_width": ["eq 20", "gt 19.9"],
    "phone_number": ["is +310 612/34", "starts_with +31", "contains 0-6", "in -, +310 612 34"],
    "postal_code": ["is 1012gj", "is 1012 GJ", "starts_with 10", "in 1011, 1012 gj", "pattern 1?12*", "not_in 1011"],
    "to_country": ["is nl", "in BE, NL", "is_not DE"],
    "order_value": ["eq 22.85", "ge 22.85", "lt 23"],
    "total_item_value": ["eq 62.65"],
    "weight": ["eq 0.7", "le 0.700", "ne 1"],
    "payment_status": ["is Paid", "is_not pending"],
}
FAILS = {
    "carrier": ["is dpd", "is_not postnl"],
    "checkout_delivery_method": ["is home"],
    "company_name": ["is lumen"],
    "customer_email": ["starts_with example"],
    "integration": ["is 7"],
    "item_sku": ["is_not soap-9", "not_in CANDLE-1", "is SOAP"],
    "item_name": ["not_contains oap", "is candles"],
    "item_quantity": ["ne 5", "gt 5"],
    "parcel_height": ["eq 20"],
    "parcel_length": ["gt 30"],
    "parcel_width": ["lt 20"],
    "phone_number": ["is 0612"],
    "postal_code": ["is 1012", "not_in 1012GJ", "pattern 1012"],
    "to_country": ["is N", "is DE"],
    "order_value": ["gt 22.85"],
    "total_item_value": ["eq 17.90"],
    "weight": ["gt 0.7"],
    "payment_status": ["is pending"],
}


def holds(identifier, text, plan=FULL):
    operator, _, compare_to = text.partition(" ")
    entry = find_property(identifier)
    return entry.test(find_operator(operator, entry), compare_to)(entry.read(plan))


def cases(table):
    return [(identifier, text) for identifier, texts in table.items() for text in texts]


def test_every_condition_is_tried_here():
    assert set(HOLDS) == set(FAILS) == set(CONDITIONS)


@pytest.mark.parametrize(("identifier", "text"), cases(HOLDS))
def test_a_condition_holds(identifier, text):
    assert holds(identifier, text)


@pytest.mark.parametrize(("identifier", "text"), cases(FAILS))
def test_a_condition_does_not_hold(identifier, text):
    assert not holds(identifier, text)


NUMBERS = [identifier for identifier, entry in CONDITIONS.items() if entry.type == "NUMBER" and not entry.is_of_items]


@pytest.mark.parametrize("identifier", NUMBERS)
@pytest.mark.parametrize("operator", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_no_condition_on_a_number_holds_where_it_is_not_known(identifier, operator):
    bare = a_plan(a_planned_parcel(weight=None, items=()), total=None)

    assert not holds(identifier, f"{operator} 1", bare)


def test_a_text_that_is_not_known_is_empty():
    assert holds("company_name", "is ", a_plan())
    assert holds("company_name", "is_not Lumen", a_plan())
    assert holds("carrier", "is_not postnl", a_plan())


def test_negative_conditions_on_items_hold_where_there_are_none():
    empty = a_plan(a_planned_parcel(items=()))

    assert holds("item_sku", "not_in a,b", empty)
    assert not holds("item_sku", "in a,b", empty)


@pytest.mark.parametrize(
    ("weight", "text"), [("1500 g", "eq 1.5"), ("2.2046226218487757 lbs", "gt 0.999"), ("1 oz", "lt 0.0284")]
)
def test_weights_are_compared_in_kilograms_whatever_their_unit(weight, text):
    value, unit = weight.split()

    assert holds("weight", text, a_plan(a_planned_parcel(weight=Weight(Decimal(value), unit))))


def test_items_are_worth_what_all_their_pieces_cost():
    assert value_of_items(FULL) == Money(Decimal("62.65"), "EUR")


@pytest.mark.parametrize(
    "other", [{"price": None}, {"price": {"value": "1", "currency": "USD"}}, {"price": {"currency": "EUR"}}]
)
def test_their_worth_is_not_known_where_a_price_is_missing_or_in_another_currency(other):
    assert value_of_items(a_plan(a_planned_parcel(a_parcel_item(), a_parcel_item(**other)))) is None


def test_an_item_is_one_piece_where_nobody_says():
    assert holds("item_quantity", "eq 1", a_plan(a_planned_parcel(a_parcel_item(quantity=None))))


def test_texts_of_a_list_may_have_spaces_and_gaps():
    assert split_texts(" 1012 GJ,, 1013 , ") == ["1012 GJ", "1013"]


def test_what_is_no_condition_or_operator_is_named_with_what_there_is():
    with pytest.raises(Invalid, match="'wieght' is no condition"):
        find_property("wieght")
    with pytest.raises(Invalid, match="'contains' is no operator of weight"):
        find_operator("contains", CONDITIONS["weight"])


def test_every_condition_has_operators_of_its_type():
    kinds = {
        identifier: {OPERATORS[operator].is_for_numbers for operator in entry.operators}
        for identifier, entry in CONDITIONS.items()
    }

    assert kinds == {identifier: {entry.type == "NUMBER"} for identifier, entry in CONDITIONS.items()}


def test_some_conditions_do_not_take_part_with_several_parcels():
    """Source: the API's Shipments section, "announce a shipment with rules" (2026-07)."""
    assert {identifier for identifier, entry in CONDITIONS.items() if not entry.for_multicollo} == {
        "weight", "parcel_height", "parcel_length", "parcel_width", "order_value", "item_name", "item_quantity",
        "item_sku", "total_item_value",
    }  # fmt: skip
