"""What somebody should look at before an order is shipped."""

from dataclasses import replace

import pytest

from kolli.addresses import USUAL_LIMITS, AddressLimits
from kolli.addresses.house_numbers import Confidence, Split
from kolli.orders.model import Order
from kolli.orders.warnings import MOST_ITEMS, Expectation, OrderWarning, warnings_of
from tests.factories import NOW, an_item, an_order, with_items

USUAL = Expectation(USUAL_LIMITS, sender_country="NL")


def stored(document):
    return Order(1, 70, NOW, NOW, 1, document)


def addressed(**changes):
    return stored(an_order(shipping_address={**an_order()["shipping_address"], **changes}))


def codes(order, expected=USUAL):
    return [(warning.code, warning.field) for warning in warnings_of(order, expected)]


def test_an_order_that_can_be_shipped_has_no_warning():
    assert warnings_of(stored(an_order()), USUAL) == ()


def test_a_part_that_is_too_long_is_named_with_the_room_there_is():
    (warning,) = warnings_of(addressed(city="a" * 31), USUAL)

    assert warning == OrderWarning(
        "TOO_LONG",
        "shipping_address.city",
        "Most carriers have room for 30 characters here, not 31. Shorten it.",
        "a" * 31,
        30,
    )


def test_a_carrier_with_limits_of_its_own_is_named():
    tight = Expectation(AddressLimits(name=10), "Acme")

    (warning,) = warnings_of(stored(an_order()), tight)

    assert warning.message == "Acme has room for 10 characters here, not 14. Shorten it."


def test_what_a_rule_will_shorten_says_how():
    (warning,) = warnings_of(
        addressed(address_line_1="Korte Stationsstraat"), Expectation(AddressLimits(address_line_1=18), "Acme")
    )

    assert warning.message == (
        "Acme has room for 18 characters here, not 20. It will be shortened:"
        " 'Korte Stationsstr.' by the rule 'abbreviation'."
    )


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"postal_code": None}, ("POSTAL_CODE_MISSING", "shipping_address.postal_code")),
        ({"postal_code": "1012"}, ("ADDRESS_NOT_VALID", "shipping_address")),
        ({"house_number": None}, ("HOUSE_NUMBER_TOO_SHORT", "shipping_address.house_number")),
    ],
)
def test_what_a_country_wants_and_an_address_lacks_is_a_warning(changes, found):
    assert codes(addressed(**changes)) == [found]


def test_an_order_without_an_address_says_so():
    assert codes(stored(an_order(shipping_address=None))) == [("ADDRESS_NOT_VALID", "shipping_address")]


def test_a_house_number_in_the_street_line_is_suggested_and_the_line_is_kept():
    (warning,) = warnings_of(addressed(address_line_1="Plein 1944 12 a", house_number=None), USUAL)

    assert (warning.code, warning.field) == ("HOUSE_NUMBER", "shipping_address.house_number")
    assert warning.value == "Plein 1944 12 a"
    assert warning.suggestion == Split("Plein 1944", "12", "a", Confidence.HIGH)


def test_an_order_without_a_weight_says_so_unless_the_account_has_one():
    order = stored(with_items(an_item(measurement=None)))

    assert codes(order) == [("NO_WEIGHT", "shipping_details.measurement.weight")]
    assert codes(order, replace(USUAL, has_default_weight=True)) == []


def test_goods_that_cross_a_customs_border_lack_what_nobody_has_said():
    items = [an_item(item_id=str(number)) for number in range(MOST_ITEMS + 2)]
    address = {**an_order()["shipping_address"], "country_code": "CH", "postal_code": "8001"}
    order = stored(with_items(*items, shipping_address=address))

    warnings = warnings_of(order, USUAL)

    assert [warning.field for warning in warnings] == [
        f"order_details.order_items.{place}" for place in range(MOST_ITEMS)
    ]
    assert warnings[0].message == (
        "The order crosses a customs border, and this item has no hs_code, no country_of_origin."
    )
    assert warnings[-1].message.endswith("So have 2 items more.")
