"""A rate sheet is refused just when its brackets overlap or leave weights out. The oracle looks at every place."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from kolli.account.rates import Rate
from kolli.account.rates_csv import PricedRow, sheets_of
from kolli.tables import TableRow
from kolli.values import Weight

countries = st.none() | st.frozensets(st.sampled_from(["AT", "BE", "NL"]), min_size=1)


@st.composite
def rates(draw):
    begin = draw(st.integers(0, 4))
    to = draw(countries)
    one_country = to is not None and len(to) == 1
    codes = draw(st.lists(st.sampled_from(["1", "2"]), unique=True)) if one_country else []
    end = begin + draw(st.integers(1, 4))
    return Rate(Weight(Decimal(begin), "kg"), Weight(Decimal(end), "kg"), Decimal(1), draw(countries), to, tuple(codes))


def places(rate: Rate) -> Iterator[tuple[str | None, str | None, str]]:
    return product(rate.from_countries or (None,), rate.to_countries or (None,), rate.postal_codes or ("",))


def rows_in_the_way(own: list[Rate]) -> tuple[set[int], set[int]]:
    """The rows that overlap one that begins before or with them, and those before which weights are left out."""
    overlapping, behind_gaps = set(), set()
    for place in {place for rate in own for place in places(rate)}:
        there = sorted(
            (rate.lightest.value, number) for number, rate in enumerate(own, 2) if place in set(places(rate))
        )
        reached = Decimal(0)
        for begin, number in there:
            overlapping |= {number} if begin < reached else set()
            behind_gaps |= {number} if begin > reached else set()
            reached = max(reached, own[number - 2].heaviest.value)
    return overlapping, behind_gaps


@given(st.lists(rates(), min_size=1, max_size=6), st.booleans())
def test_each_row_in_the_way_is_told_and_no_other(own, allow_gaps):
    rows = [PricedRow(TableRow(number, {}), "fleet:van", None, "EUR", rate) for number, rate in enumerate(own, 2)]

    _, mistakes = sheets_of(rows, allow_gaps=allow_gaps)

    overlapping, behind_gaps = rows_in_the_way(own)
    assert {each.number for each in mistakes if "overlaps" in each.message} == overlapping
    assert {each.number for each in mistakes if "has no rate" in each.message} == (set() if allow_gaps else behind_gaps)
