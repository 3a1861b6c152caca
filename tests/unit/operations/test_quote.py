"""What shipments cost: billed weights, brackets, zones, surcharges, insurance; to the cent."""

from decimal import Decimal

import pytest

from kolli.account.rates import Rate, RateSheet, Surcharge
from kolli.carriers.base import ShippingOption
from kolli.operations.quote import Billed, Ends, Insured, Load, Parcel, PriceLine, PriceList, billed, quotes
from kolli.values import Dimensions, Money, Weight
from tests.factories import kilograms

NL_DE = Ends("NL", "DE", "10115")

OPTION = ShippingOption("fleet:van", "Van", heaviest=kilograms("30"), most_parcels=9)


def a_rate(heaviest="5", price="4.95", lightest="0", to=("DE",), **changes):
    countries = frozenset(to) if to else None
    return Rate(kilograms(lightest), kilograms(heaviest), Decimal(price), to_countries=countries, **changes)


def prices(*rates, currency="EUR"):
    return PriceList(RateSheet("fleet:van", None, currency, rates))


def centimetres(length, width, height):
    return Dimensions(Decimal(length), Decimal(width), Decimal(height), "cm")


def a_parcel(weight="2", insured=None, size=None):
    return Parcel(
        kilograms(weight) if weight else None,
        centimetres(*size) if size else None,
        Insured(Decimal(insured), "EUR") if insured else None,
    )


def total(rates, *parcels, ends=NL_DE, option=OPTION):
    """The total of the one quote; None when there is none."""
    found = quotes(option, rates, ends, Load(parcels))
    return str(found[0].total) if len(found) == 1 else None


# Billed weights


@pytest.mark.parametrize(
    ("divisor", "parcel", "expected"),
    [
        (None, a_parcel("2", size=(40, 40, 20)), Billed(kilograms("2"))),
        (5000, a_parcel("2"), Billed(kilograms("2"))),
        (5000, a_parcel("2", size=(40, 40, 20)), Billed(kilograms("6.400"), "(40 * 40 * 20) / 5000")),
        (5000, a_parcel("6.4", size=(40, 40, 20)), Billed(kilograms("6.4"))),
        (5000, a_parcel(None, size=(1, 1, 1)), Billed(kilograms("0.001"), "(1 * 1 * 1) / 5000")),
        (5000, a_parcel(None), None),
        (None, a_parcel(None, size=(1, 1, 1)), None),
    ],
)
def test_the_greater_of_weight_and_volume_is_billed(divisor, parcel, expected):
    assert billed(divisor, parcel) == expected


# Brackets


@pytest.mark.parametrize(
    ("weight", "expected"),
    [
        ("0.001", "4.00"),
        ("1", "4.00"),
        ("1.0001", "5.00"),
        ("2", "5.00"),
        ("2.5", None),
        ("3", "6.00"),
        ("5", "6.00"),
        ("5.001", None),
    ],
)
def test_the_lighter_of_two_brackets_counts_where_they_meet_and_nothing_in_a_gap(weight, expected):
    rates = prices(a_rate("5", "6", "3"), a_rate("1", "4"), a_rate("2", "5", "1"))

    assert total(rates, a_parcel(weight)) == expected


def test_the_billed_weight_chooses_the_bracket():
    rates = prices(a_rate("5", "4"), a_rate("10", "7", "5"))
    bulky = ShippingOption("fleet:van", "Van", heaviest=kilograms("30"), volumetric_divisor=5000)

    assert total(rates, a_parcel("2", size=(40, 40, 20)), option=bulky) == "7.00"


def test_a_quote_says_for_which_weights_it_holds():
    rates = prices(a_rate("5", "4"), a_rate("10", "7", "5"))

    one, same, mixed = (
        quotes(OPTION, rates, NL_DE, Load([a_parcel(weight) for weight in weights]))[0]
        for weights in (["6"], ["6", "7"], ["1", "7"])
    )

    assert (one.lightest, one.heaviest) == (kilograms("5"), kilograms("10"))
    assert (same.heaviest, mixed.heaviest) == (kilograms("10"), kilograms("30"))
    assert [str(quote.total) for quote in (one, same, mixed)] == ["7.00", "14.00", "11.00"]


def test_without_a_weight_every_bracket_has_its_quote():
    rates = prices(a_rate("5", "4"), a_rate("10", "7", "5"))

    for load in (Load([]), Load([Parcel()])):
        assert [str(quote.total) for quote in quotes(OPTION, rates, NL_DE, load)] == ["4.00", "7.00"]


def test_one_parcel_of_unknown_weight_among_several_leaves_the_price_open():
    assert quotes(OPTION, prices(a_rate()), NL_DE, Load([a_parcel("1"), Parcel()])) == []


def test_a_weight_in_other_units_is_compared_exactly():
    rates = prices(a_rate("1", "4"), a_rate("5", "6", "1"))

    assert total(rates, Parcel(Weight(Decimal("2.2"), "lbs"))) == "4.00"
    assert total(rates, Parcel(Weight(Decimal("2.21"), "lbs"))) == "6.00"


# Ways


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        (Ends("NL", "DE"), "1.00"),
        (Ends("BE", "DE"), "2.00"),
        (Ends("NL", "FR"), "3.00"),
        (Ends("BE", "FR"), "4.00"),
        (Ends("NL", "GB", "BT1 5GS"), "6.00"),
        (Ends("NL", "GB", "bt15gs"), "6.00"),
        (Ends("NL", "GB", "HS1 2AA"), "7.00"),
        (Ends("NL", "GB", "EC1A 1BB"), "5.00"),
        (Ends("NL", "GB"), "5.00"),
    ],
)
def test_the_price_that_says_more_about_the_way_counts(ends, expected):
    rates = prices(
        a_rate(price="4", to=None),
        a_rate(price="3", to=None, from_countries=frozenset({"NL"})),
        a_rate(price="2"),
        a_rate(price="1", from_countries=frozenset({"NL"})),
        a_rate(price="5", to=("GB",)),
        a_rate(price="6", to=("GB",), postal_codes=("BT", "HS")),
        a_rate(price="7", to=("GB",), postal_codes=("HS1",)),
    )

    assert total(rates, a_parcel(), ends=ends) == expected


def test_a_way_without_a_price_has_no_quote():
    assert quotes(OPTION, prices(a_rate(to=("BE",))), NL_DE, Load([a_parcel()])) == []


# What a price consists of


def test_a_quote_lists_its_parts_in_the_order_of_the_api_and_they_add_up():
    rate = a_rate(
        price="14.80",
        surcharges=(Surcharge("fuel", Decimal("12.5"), is_percentage=True), Surcharge("toll", Decimal("0.19"))),
        insurance_percentage=Decimal("0.5"),
        insurance_minimum=Decimal(2),
    )

    (quote,) = quotes(OPTION, prices(rate), NL_DE, Load([a_parcel(insured="300"), a_parcel(insured="1000")]))

    assert quote.lines == (
        PriceLine("price_without_insurance", Decimal("29.60")),
        PriceLine("fuel", Decimal("3.70")),
        PriceLine("toll", Decimal("0.38")),
        PriceLine("insurance_price", Decimal("7.00")),
    )
    assert quote.total == Decimal("40.68")


def test_a_line_is_rounded_once_over_all_parcels():
    rate = a_rate(price="1.115")

    assert [total(prices(rate), *[a_parcel()] * count) for count in (1, 2, 3)] == ["1.12", "2.23", "3.35"]


@pytest.mark.parametrize(
    ("insured", "percentage", "minimum", "line"),
    [
        ("300", "0.5", None, "1.50"),
        ("300", None, "2", "2.00"),
        ("300", "1", "2", "3.00"),
        ("0", "1", "2", "0.00"),
        ("300", None, None, None),
        (None, "1", "2", None),
    ],
)
def test_insurance_costs_a_share_and_at_least_the_minimum(insured, percentage, minimum, line):
    rate = a_rate(
        insurance_percentage=percentage and Decimal(percentage), insurance_minimum=minimum and Decimal(minimum)
    )

    (quote,) = quotes(OPTION, prices(rate), NL_DE, Load([a_parcel(insured=insured)]))

    assert [str(part.value) for part in quote.lines[1:]] == ([line] if line else [])


def test_what_is_insured_is_never_converted():
    pounds = Load([Parcel(kilograms("1"), insured=Insured(Decimal(100), "GBP"))])
    unnamed = Load([Parcel(kilograms("1"), insured=Insured(Decimal(100)))])
    rates = prices(a_rate(insurance_percentage=Decimal(1)))

    assert quotes(OPTION, rates, NL_DE, pounds) == []
    assert quotes(OPTION, rates, NL_DE, unnamed)[0].total == Decimal("5.95")


def test_an_option_without_a_rate_sheet_has_the_price_it_declares():
    priced = ShippingOption("fleet:van", "Van", heaviest=kilograms("30"), price=Money(Decimal("4.10"), "EUR"))

    assert total(None, a_parcel(), a_parcel(), option=priced) == "8.20"
    assert quotes(OPTION, None, NL_DE, Load([a_parcel()])) == []


def test_the_same_quote_is_the_same_object_and_depends_on_nothing_that_was_asked_before():
    rates = prices(a_rate("5", "4"), a_rate("10", "7", "5"))
    ask = lambda *parcels: quotes(OPTION, rates, NL_DE, Load(parcels))  # noqa: E731

    first = ask(a_parcel("1"))[0]
    ask(a_parcel("6"))
    ask(a_parcel("1", insured="10"))

    assert ask(a_parcel("1"))[0] is first
