"""What rules can change: each action is taken, and refuses values that cannot be right."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kolli.errors import Invalid
from kolli.rules.actions import ACTIONS, find_action
from kolli.rules.conditions import items_of
from kolli.values import Dimensions, Money, Weight
from tests.factories import a_parcel_item, a_plan, a_planned_parcel, an_address, kilograms


def carrier_of(code):
    return code.partition(":")[0]


def taken(action, plan):
    identifier, _, value = action.partition(" ")
    entry = find_action(identifier)
    return entry.apply(plan, entry.parse(value), carrier_of)


PLAN = a_plan()
(PARCEL,) = PLAN.parcels


def with_item(**changes):
    return a_plan(a_planned_parcel(a_parcel_item(**changes)))


def eur(value):
    return {"value": value, "currency": "EUR"}


TAKEN = {
    "ship_with postnl:standard": replace(PLAN, shipping_option_code="postnl:standard", carrier_code="postnl"),
    "use_contract 517": replace(PLAN, contract_id=517),
    "ship_with_address 17": replace(PLAN, sender_address_id=17),
    "set_customer_email a@b.nl": replace(PLAN, recipient=an_address(email="a@b.nl")),
    "set_phone_number +31 6 12345678": replace(PLAN, recipient=an_address(phone_number="+31 6 12345678")),
    "insurance 12.50": replace(PLAN, insured_value=Money(Decimal("12.50"), "EUR")),
    "insurance_pc 50 %": replace(PLAN, insured_value=Money(Decimal("11.43"), "EUR")),
    "set_item_name Gift": with_item(description="Gift"),
    "set_item_hs_code 6205.20": with_item(hs_code="6205.20"),
    "set_item_origin_country de": with_item(origin_country="DE"),
    "set_item_value 5": with_item(price=eur("5.00")),
    "decrease_item_value_pc 10": with_item(price=eur("8.06")),
    "set_item_weight 0.2": with_item(weight={"value": Decimal("0.2"), "unit": "kg"}),
    "set_weight 1.25": a_plan(a_planned_parcel(weight=kilograms("1.25"))),
    "use_box 30x20x10 cm": a_plan(a_planned_parcel(dimensions=Dimensions(Decimal(30), Decimal(20), Decimal(10), "cm"))),
    "set_customs_notes Fragile": replace(PLAN, customs_notes="Fragile"),
    "add_declaration_statement I declare": replace(PLAN, declaration_statement="I declare"),
    "set_number_of_parcels 2": a_plan(*[a_planned_parcel(a_parcel_item(quantity=1), weight=kilograms("0.350"))] * 2),
}


def test_every_action_is_tried_here():
    assert [text.split()[0] for text in TAKEN] == list(ACTIONS)


@pytest.mark.parametrize("action", TAKEN)
def test_an_action_changes_a_plan(action):
    assert taken(action, PLAN) == TAKEN[action]


WRONG = {
    "ship_with": ["", "  ", "x" * 256, "a\nb"],
    "use_contract": ["", "0", "-1", "abc", "1.5", "1e3"],
    "ship_with_address": ["nobody", "0"],
    "set_customer_email": ["", "a", "a@b", "a b@c.nl", "a@b@c.nl"],
    "set_phone_number": ["", "12", "call me", "1" * 36],
    "insurance": ["0", "-5", "NaN", "1e30", "12.345", "12,50", "9" * 13],
    "insurance_pc": ["0", "-10", "201", "ten", "NaN"],
    "set_item_name": ["", "x" * 256, "\u202etfig"],
    "set_item_hs_code": ["", "123", "ABCD", "1234567890123"],
    "set_item_origin_country": ["", "XX", "NLD", "Netherlands"],
    "set_item_value": ["", "-1", "NaN", "1.005"],
    "decrease_item_value_pc": ["0", "101", "-5", "x"],
    "set_item_weight": ["0", "-1", "NaN", "1e30", "Infinity"],
    "set_weight": ["0", "-1", "NaN", "1e30", "10001", "1 kg", ""],
    "use_box": ["", "30x20", "0x20x10", "30x20x10 miles", "-1x2x3", "30x20x10x5", "1e3x1x1", "200000x1x1", "..x1x1"],
    "set_customs_notes": ["", "x" * 501],
    "add_declaration_statement": ["", "x" * 1001],
    "set_number_of_parcels": ["0", "51", "-1", "1.5", "two"],
}


def test_every_action_refuses_something():
    assert set(WRONG) == set(ACTIONS)


@pytest.mark.parametrize(("identifier", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_values_that_cannot_be_right_are_refused(identifier, value):
    with pytest.raises(Invalid):
        ACTIONS[identifier].parse(value)


@pytest.mark.parametrize(
    ("value", "size"),
    [("30x20x10", "30 x 20 x 10 cm"), ("300 × 200 X 100 mm", "300 x 200 x 100 mm"), ("1.5*1*1m", "1.5 x 1 x 1 m")],
)
def test_a_box_is_written_as_people_write_it(value, size):
    assert str(ACTIONS["use_box"].parse(value)) == size


def test_another_carrier_leaves_the_contract_behind():
    plan = a_plan(shipping_option_code="dpd:home", carrier_code="dpd", contract_id=5)

    assert taken("ship_with postnl:standard", plan).contract_id is None
    assert taken("ship_with dpd:express", plan).contract_id == 5


def test_a_contract_that_was_named_without_an_option_stays():
    assert taken("ship_with postnl:standard", a_plan(contract_id=5)).contract_id == 5


def test_the_weight_of_items_counts_for_a_parcel_that_weighs_what_they_weigh():
    plan = a_plan(a_planned_parcel(a_parcel_item(quantity=3), weighs_its_items=True))

    (parcel,) = taken("set_item_weight 0.2", plan).parcels

    assert parcel.weight == Weight(Decimal("0.6"), "kg")


def test_an_item_without_a_price_gets_one_in_the_currency_of_the_order():
    plan = a_plan(a_planned_parcel(a_parcel_item(price=None)), total=Money(Decimal(9), "GBP"))

    (item,) = items_of(taken("set_item_value 5", plan))

    assert item["price"] == {"value": "5.00", "currency": "GBP"}


@pytest.mark.parametrize(
    ("price", "percentage", "left"),
    [
        ("0.05", "50", "0.03"),
        ("0.01", "10", "0.01"),
        ("10.00", "100", "0.00"),
        ("8.999", "0.001", "8.99"),
        ("0", "5", "0.00"),
    ],
)
def test_a_price_is_rounded_to_the_cent_and_never_grows(price, percentage, left):
    (item,) = items_of(taken(f"decrease_item_value_pc {percentage}", with_item(price=eur(price))))

    assert item["price"] == eur(left)


def test_a_percentage_is_insured_of_the_items_where_the_order_has_no_value():
    assert taken("insurance_pc 100", a_plan(total=None)).insured_value == Money(Decimal("17.90"), "EUR")


def test_what_a_percentage_cannot_be_taken_of_is_said():
    bare = a_plan(a_planned_parcel(a_parcel_item(price=None)), total=None)

    assert ACTIONS["insurance_pc"].missing(bare) == "Neither the order nor all of its items have a value."
    assert taken("insurance_pc 100", bare) == bare


def test_sums_with_more_digits_than_decimals_usually_have_are_exact():
    huge = a_plan(a_planned_parcel(a_parcel_item(quantity=10**18, price=eur("9" * 15 + "." + "1" * 18))), total=None)

    insured = taken("insurance_pc 100", huge).insured_value

    assert insured == Money(Decimal("999999999999999111111111111111111.00"), "EUR")


@pytest.mark.parametrize("value", ["0", "-5"])
def test_what_is_worth_nothing_is_not_insured(value):
    plan = a_plan(total=Money(Decimal(value), "EUR"))

    assert ACTIONS["insurance_pc"].missing(plan) == "Neither the order nor all of its items have a value."
    assert taken("insurance_pc 100", plan) == plan


def test_the_least_insurance_is_a_cent():
    plan = a_plan(total=Money(Decimal("0.10"), "EUR"))

    assert taken("insurance_pc 1", plan).insured_value == Money(Decimal("0.01"), "EUR")


def divided(count, *quantities, weight="1"):
    items = [a_parcel_item(sku=f"S{place}", quantity=quantity) for place, quantity in enumerate(quantities)]
    parcels = taken(f"set_number_of_parcels {count}", a_plan(PARCEL_OF(items, weight))).parcels
    return [[(item["sku"], item["quantity"]) for item in parcel.items] for parcel in parcels], parcels


def PARCEL_OF(items, weight):  # noqa: N802 - reads as a constant above
    return a_planned_parcel(*items, weight=kilograms(weight), notes=("Ring twice",), details={"sscc": "1"})


def test_every_piece_goes_into_one_box_in_its_sequence():
    pieces, _ = divided(3, 5, 2)

    assert pieces == [[("S0", 3)], [("S0", 2)], [("S1", 2)]]


def test_boxes_stay_empty_where_there_are_fewer_pieces():
    pieces, _ = divided(3, 1)

    assert pieces == [[("S0", 1)], [], []]


def test_each_box_weighs_the_same_rounded_up_to_the_gram():
    _, parcels = divided(3, 3, weight="1")

    assert [str(parcel.weight) for parcel in parcels] == ["0.334 kg"] * 3
    assert {parcel.notes for parcel in parcels} == {("Ring twice",)}


def weights(count, *items, weight):
    parcel = a_planned_parcel(*items, weight=kilograms(weight))
    return [str(box.weight) for box in taken(f"set_number_of_parcels {count}", a_plan(parcel)).parcels]


def test_a_box_weighs_what_is_in_it_and_a_share_of_the_rest():
    heavy = a_parcel_item(quantity=1, weight={"value": "4", "unit": "lbs"})
    light = a_parcel_item(quantity=2, weight={"value": Decimal("0.3"), "unit": "kg"})

    assert weights(2, heavy, light, weight="2.5") == ["2.158 kg", "0.343 kg"]
    assert weights(3, heavy, light, weight="2.5") == ["1.843 kg", "0.329 kg", "0.329 kg"]


def test_boxes_weigh_the_same_where_nobody_knows_what_is_in_each():
    heavy = a_parcel_item(quantity=1, weight={"value": "4", "unit": "lbs"})
    unknown = a_parcel_item(quantity=1, weight=None)

    assert weights(2, heavy, unknown, weight="2.5") == ["1.25 kg"] * 2
    assert weights(2, heavy, weight="2.5") == ["1.25 kg"] * 2
    assert weights(2, heavy, heavy, weight="2.5") == ["1.25 kg"] * 2


def test_one_parcel_stays_one_as_it_is():
    assert taken("set_number_of_parcels 1", PLAN) == PLAN


def test_a_parcel_is_not_divided_where_somebody_has_said_what_goes_into_it():
    plan = a_plan(has_given_parcels=True)

    assert taken("set_number_of_parcels 3", plan) == plan
    assert ACTIONS["set_number_of_parcels"].missing(plan) == "The request says what goes into which parcel."


def test_many_pieces_are_dealt_out_without_counting_them_one_by_one():
    pieces, _ = divided(50, 10**18)

    assert sum(quantity for box in pieces for _, quantity in box) == 10**18


def test_some_actions_do_not_take_part_with_several_parcels():
    """Source: the API's Shipments section, "announce a shipment with rules" (2026-07)."""
    assert {identifier for identifier, entry in ACTIONS.items() if not entry.for_multicollo} == {
        "use_box", "set_weight", "set_number_of_parcels", "insurance", "insurance_pc", "decrease_item_value_pc",
        "set_item_hs_code", "set_item_name", "set_item_origin_country", "set_item_value", "set_item_weight",
    }  # fmt: skip


def test_what_is_no_action_is_named_with_what_there_is():
    with pytest.raises(Invalid, match="'explode' is no action"):
        find_action("explode")
