"""A shipping option: what it takes, where it goes, and what it fills in by itself."""

from dataclasses import replace
from decimal import Decimal

import pytest

from kolli.carriers.base import ShippingOption
from kolli.values import Dimensions, Weight
from tests.factories import kilograms

OPTION = ShippingOption(
    "test:standard/signature",
    "Standard",
    heaviest=kilograms("23"),
    countries=frozenset({"NL", "BE"}),
    from_countries=frozenset({"NL"}),
    largest=Dimensions(Decimal(100), Decimal(50), Decimal(30), "cm"),
)


def centimetres(length, width, height):
    return Dimensions(Decimal(length), Decimal(width), Decimal(height), "cm")


@pytest.mark.parametrize(
    ("sender", "recipient", "connects"),
    [
        ("NL", "NL", True),
        ("NL", "BE", True),
        ("BE", "NL", False),
        ("NL", "DE", False),
        (None, "BE", True),
        (None, "DE", False),
        ("NL", None, True),
        ("BE", None, False),
        (None, None, True),
    ],
)
def test_it_connects_the_countries_it_serves_and_leaves_unknown_ones_open(sender, recipient, connects):
    assert OPTION.connects(sender, recipient) is connects


def test_an_option_without_countries_goes_everywhere():
    everywhere = replace(OPTION, countries=None, from_countries=None)

    assert everywhere.connects("AQ", "KI")


@pytest.mark.parametrize(
    ("weight", "takes"),
    [
        (kilograms("0.001"), True),
        (kilograms("23"), True),
        (Weight(Decimal(23000), "g"), True),
        (kilograms("23.001"), False),
        (Weight(Decimal("0.5"), "g"), False),
        (kilograms("0"), False),
        (None, True),
    ],
)
def test_it_takes_what_is_within_its_limits_of_weight(weight, takes):
    assert OPTION.takes(weight, None) is takes


@pytest.mark.parametrize(
    ("size", "takes"),
    [
        (centimetres(100, 50, 30), True),
        (centimetres(30, 100, 50), True),
        (Dimensions(Decimal(1), Decimal("0.5"), Decimal("0.3"), "m"), True),
        (centimetres("100.1", 1, 1), False),
        (centimetres(60, 60, 1), False),
        (None, True),
    ],
)
def test_it_takes_what_fits_its_size_whichever_way_it_is_turned(size, takes):
    assert OPTION.takes(kilograms("1"), size) is takes


def test_an_option_of_unknown_size_takes_every_size():
    assert replace(OPTION, largest=None).takes(None, centimetres(999, 999, 999))


def test_its_product_is_what_stands_before_the_functionalities():
    assert OPTION.product_code == "test:standard"


def test_names_that_are_not_given_are_those_that_are():
    assert (OPTION.title, OPTION.product_name) == ("Standard", "Standard")
    assert replace(OPTION, title="Test Standard", product_name="").product_name == "Test Standard"


@pytest.mark.parametrize(("most", "is_multicollo"), [(1, False), (2, True)])
def test_multicollo_follows_from_how_many_parcels_it_takes(most, is_multicollo):
    assert replace(OPTION, most_parcels=most).functionalities["multicollo"] is is_multicollo


def test_a_functionality_that_cannot_be_so_is_a_mistake_in_the_carrier():
    with pytest.raises(ValueError, match="There is no functionality 'fast'"):
        replace(OPTION, functionalities={"fast": True})


def test_options_with_the_same_facts_are_the_same():
    assert replace(OPTION) == OPTION
    assert hash(replace(OPTION)) == hash(OPTION)
