import pytest

from kolli.drawing import Area, Fill, Text, mm, moved, points


def test_a_length_is_counted_in_micrometres():
    assert (mm(4), mm(0, 7), points(72), points(10, 5)) == (4_000, 700, 25_400, 3_704)


def test_an_area_is_cut_without_losing_anything():
    area = Area(10, 20, 100, 200)

    assert area.split_top(50, 10) == (Area(10, 20, 100, 50), Area(10, 80, 100, 140))
    assert area.split_bottom(50, 10) == (Area(10, 20, 100, 140), Area(10, 170, 100, 50))
    assert area.split_left(30, 10) == (Area(10, 20, 30, 200), Area(50, 20, 60, 200))
    assert area.split_right(30, 10) == (Area(10, 20, 60, 200), Area(80, 20, 30, 200))


@pytest.mark.parametrize(("align", "left", "start"), [("left", 100, 100), ("center", 60, 90), ("right", 20, 80)])
def test_a_text_knows_its_left_end_and_where_it_starts(align, left, start):
    text = Text("a", x=100, baseline=0, size=10, max_width=80, align=align)

    assert (text.left, text.start(20)) == (left, start)


def test_a_mark_is_moved_with_its_size_unchanged():
    assert moved(Fill(1, 2, 3, 4), 10, 20) == Fill(11, 22, 3, 4)
    assert moved(Text("a", 1, 2, 3, 4), 10, 20) == Text("a", 11, 22, 3, 4)
