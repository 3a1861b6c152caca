"""Bars stand where their numbers say, and every number is somewhere."""

from itertools import pairwise

import pytest

from kolli.panel.plots import HEIGHT, WIDTH, lying, standing


def values(*numbers):
    return [(f"l{place}", number) for place, number in enumerate(numbers)]


def test_the_highest_bar_reaches_no_higher_than_the_axis():
    plot = standing("p", "t", "d", values(3, 10, 0))

    assert [tick.value for tick in plot.ticks] == [0, 5, 10]
    assert plot.bars[1].y == plot.ticks[-1].y
    assert [bar.height for bar in plot.bars][2] == 0


@pytest.mark.parametrize("most", [0, 1, 2, 3, 7, 10, 11, 99, 100, 101, 12_345, 10**9])
def test_the_axis_ends_at_a_number_people_count_in(most):
    plot = standing("p", "t", "d", values(most))

    end = plot.ticks[-1].value
    assert end >= most
    assert str(end).rstrip("0") in {"1", "2", "4"}
    assert plot.ticks[1].value * 2 == end


@pytest.mark.parametrize("count", [1, 2, 24, 30, 366])
def test_bars_stand_beside_each_other_within_the_picture(count):
    bars = standing("p", "t", "d", values(*range(count))).bars

    assert all(one.x + one.width <= other.x for one, other in pairwise(bars))
    assert bars[0].x >= 0
    assert bars[-1].x + bars[-1].width <= WIDTH
    assert all(0 <= bar.y <= HEIGHT for bar in bars)


def test_only_as_many_labels_are_written_as_there_is_room_for():
    assert sum(bar.is_labelled for bar in standing("p", "t", "d", values(*range(30))).bars) <= 8


def test_the_marked_bar_has_its_label():
    bars = standing("p", "t", "d", values(*range(30)), marked=29).bars

    assert (bars[29].is_marked, bars[29].is_labelled) == (True, True)


def test_a_small_number_beside_a_large_one_can_be_seen():
    assert standing("p", "t", "d", values(1, 10**6)).bars[0].height >= 1
    assert lying("p", "t", "d", values(10**6, 1), "others").bars[1].width >= 1


def test_what_is_behind_the_eighth_is_summed_up():
    plot = lying("p", "t", "d", values(*range(20, 0, -1)), "others")

    assert [bar.value for bar in plot.bars] == [20, 19, 18, 17, 16, 15, 14, 13, sum(range(1, 13))]
    assert plot.bars[-1].label == "others"


@pytest.mark.parametrize(
    "plot", [standing("p", "t", "d", []), lying("p", "t", "d", [], "o"), standing("p", "t", "d", values(0, 0))]
)
def test_nothing_is_no_mistake(plot):
    assert plot.is_empty
