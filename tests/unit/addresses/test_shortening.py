"""Addresses are made shorter by named rules only, and nothing is cut off."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.addresses import AddressLimits
from kolli.addresses.shortening import SHORTENINGS, Change, TooLong, shortened, too_long
from tests.factories import an_address

TIGHT = AddressLimits(name=20, company_name=20, address_line_1=20, address_line_2=20)


def test_an_address_that_fits_is_not_touched():
    address = an_address(address_line_1="Dam  rak")

    assert shortened(address, TIGHT) == (address, ())


@pytest.mark.parametrize(
    ("changes", "change"),
    [
        (
            {"address_line_1": "Oudezijds    Voorburg"},
            Change("address_line_1", "Oudezijds    Voorburg", "Oudezijds Voorburg", "blanks"),
        ),
        (
            {"address_line_1": "Lange Voorhoutlaan 218"},
            Change("address_line_1", "Lange Voorhoutlaan 218", "Lange Voorhoutlaan", "repetition"),
        ),
        (
            {"company_name": "Aktiengesellschaft Süd"},
            Change("company_name", "Aktiengesellschaft Süd", "AG Süd", "legal form"),
        ),
        (
            {"address_line_1": "Hoofdstationsstraat 1"},
            Change("address_line_1", "Hoofdstationsstraat 1", "Hoofdstationsstr. 1", "abbreviation"),
        ),
    ],
)
def test_every_change_says_which_rule_has_made_it(changes, change):
    address, made = shortened(an_address(**{"address_line_1": "Damrak", **changes}), TIGHT)

    assert made == (change,)
    assert getattr(address, change.field) == change.after


def test_a_long_street_goes_on_in_the_second_line():
    address, made = shortened(an_address(address_line_1="Lange Laan van Nieuw Einde"), TIGHT)

    assert (address.address_line_1, address.address_line_2) == ("Lange Laan van Nieuw", "Einde")
    assert {change.rule for change in made} == {"second line"}


def test_every_rule_has_a_name_of_its_own_and_a_sentence():
    assert len({rule.name for rule in SHORTENINGS}) == len(SHORTENINGS)
    assert all(rule.sentence.endswith(".") for rule in SHORTENINGS)


def test_a_street_that_has_no_room_in_two_lines_either_stays_the_street_that_is_too_long():
    address = an_address(address_line_1="Wijdewormerweg " * 4)

    after, _ = shortened(address, TIGHT)

    assert [part.field for part in too_long(after, TIGHT)] == ["address_line_1"]


def test_what_has_no_room_is_named_with_its_limit():
    address = an_address(name="a" * 21, city="b" * 31, address_line_1="Damrak")

    assert too_long(address, TIGHT) == (TooLong("name", "a" * 21, 20), TooLong("city", "b" * 31, 30))


LINES = st.lists(
    st.sampled_from(["Boulevard", "Lange", "straat", "Stationsstraat", "12", "van", "x" * 25]), min_size=1, max_size=6
).map(" ".join)


@given(LINES, LINES)
def test_the_changes_lead_from_one_address_to_the_other_and_no_word_is_lost(first, second):
    before = an_address(address_line_1=first, address_line_2=second)

    after, changes = shortened(before, TIGHT)

    replayed = before
    for change in changes:
        assert getattr(replayed, change.field) == change.before
        replayed = replace(replayed, **{change.field: change.after})
    assert replayed == after
    if second not in {first, f"{first} 218", "218"} and not first.endswith(" 218"):
        words = f"{first} {second}".split()
        assert len(f"{after.address_line_1} {after.address_line_2}".split()) == len(words)
