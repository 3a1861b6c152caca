"""What Kolli reads in an order."""

from decimal import Decimal
from fractions import Fraction

from kolli.orders.model import Order
from kolli.values import Weight
from tests.factories import NOW, an_item, with_items


def weight_of(*items):
    return Order(5, 70, NOW, NOW, 1, with_items(*items)).weight


def weighing(value, unit="kg", quantity=1):
    return an_item(quantity=quantity, measurement={"weight": {"value": Decimal(value), "unit": unit}})


def test_an_order_weighs_what_its_items_weigh_to_the_last_digit():
    """The usual context of decimals rounds to 28 digits and says nothing."""
    found = weight_of(weighing("123456789.00000000000000000001", quantity=3))

    assert found == Weight(Decimal("370370367.00000000000000000003"), "kg")


def test_items_in_different_units_are_added_to_the_last_digit():
    found = weight_of(weighing("100000000000000.00000000000000000001", "lbs"), weighing("1", "kg", quantity=2))

    assert found == Weight(Decimal("45359237000002000.0000000000000000045359237"), "g")


def test_the_heaviest_order_there_can_be_is_weighed_exactly():
    heaviest, most = "9" * 15 + "." + "9" * 20, 2**63 - 1
    items = [weighing(heaviest, "oz", most)] * 2_000 + [weighing(heaviest, "lbs", most)] * 3_000

    found = weight_of(*items)

    grams = Fraction(heaviest) * most * (2_000 * Fraction("28.349523125") + 3_000 * Fraction("453.59237"))
    assert (Fraction(found.value), found.unit) == (grams, "g")
