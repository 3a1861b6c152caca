"""House numbers in street lines, as each country writes them."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.addresses.house_numbers import LONGEST_LINE, Confidence, Split, split_street

with (Path(__file__).parent / "hard_addresses.csv").open(newline="", encoding="utf-8") as file:
    HARD = [tuple(row.values()) for row in csv.DictReader(file)]


def test_there_are_hard_addresses_of_all_of_europe():
    assert len(HARD) >= 500
    assert len({country for country, *_ in HARD}) >= 30


@pytest.mark.parametrize(("country", "line", "street", "house_number", "addition"), HARD)
def test_a_hard_address_is_split_as_people_of_its_country_read_it(country, line, street, house_number, addition):
    split = split_street(line, country)

    found = (split.street, split.house_number, split.addition) if split else ("", "", "")
    assert found == (street, house_number, addition)


def test_a_number_where_its_country_puts_it_is_a_sure_suggestion():
    dutch, british = split_street("Keizersgracht 12", "NL"), split_street("12 High Street", "GB")

    assert dutch == Split("Keizersgracht", "12", "", Confidence.HIGH)
    assert british == Split("High Street", "12", "", Confidence.HIGH)


@pytest.mark.parametrize(("line", "country"), [("12 Keizersgracht", "NL"), ("High Street 12", "GB")])
def test_a_number_where_other_countries_put_it_is_less_sure(line, country):
    split = split_street(line, country)

    assert split is not None
    assert (split.house_number, split.confidence) == ("12", Confidence.MEDIUM)


@pytest.mark.parametrize(
    "line", ["", " ", ",", "12", "Dorpsstraat", "Postbus 12", "P.O. Box 5", "a" * 5000, "1 " * 5000]
)
@pytest.mark.parametrize("country", ["NL", "FR", "DE", "XX", ""])
def test_a_line_without_a_house_number_has_none(line, country):
    assert split_street(line, country) is None


@pytest.mark.parametrize("line", [", a" * 2000, "1, " * 2000, "a 1" * 2000, "a 1 b " * 2000, "12/" * 2000])
@pytest.mark.parametrize("country", ["NL", "FR", "CZ", "DE"])
def test_no_line_takes_long(line, country):
    split = split_street(line, country)

    assert split is None or len(split.street) < LONGEST_LINE


@given(st.text(max_size=80), st.sampled_from(["NL", "FR", "DE", "GB", "CZ", "PL", "ES"]))
def test_every_part_of_a_suggestion_is_something_the_line_says(line, country):
    split = split_street(line, country)

    parts = f"{split.street} {split.house_number} {split.addition}" if split else ""
    assert set("".join(parts.split())) <= set("".join(line.split()))
