import pytest

from kolli.documents.layouts.label import lay_out
from kolli.documents.papers import A4, A5, A6, LABEL_4X6, PAPERS, on_sheet, on_sheets, paper_named, positions_on
from kolli.drawing import Drawing, Fill, Text
from kolli.errors import Invalid, InvalidChoice
from tests.unit.documents.labels import a_label


def test_papers_are_whole_pixels_at_300_dpi():
    pixels = [
        (round(paper.width * 300 / 25_400, 1), round(paper.height * 300 / 25_400, 1)) for paper in PAPERS.values()
    ]

    assert pixels == [(1240, 1748), (1748, 2480), (2480, 3508), (1200, 1800)]


@pytest.mark.parametrize(("name", "paper"), [("A6", A6), ("a5", A5), ("A4", A4), ("4X6", LABEL_4X6)])
def test_a_paper_is_found_by_name_in_capitals_or_not(name, paper):
    assert paper_named(name) is paper


def test_a_paper_there_is_not_is_refused():
    with pytest.raises(InvalidChoice, match="A6, A5, A4, 4x6") as caught:
        paper_named("letter")

    assert caught.value.field == "paper_size"


def test_four_labels_go_on_a4_row_by_row(fonts):
    label = lay_out(a_label(), A6, fonts)

    places = [on_sheet(label, A4, position).marks[-1] for position in range(positions_on(A4, label))]

    first = label.marks[-1]
    assert isinstance(first, Text)
    assert [(mark.x - first.x, mark.baseline - first.baseline) for mark in places if isinstance(mark, Text)] == [
        (0, 0),
        (A6.width, 0),
        (0, A6.height),
        (A6.width, A6.height),
    ]


@pytest.mark.parametrize(("paper", "position"), [(A4, 4), (A4, -1), (A5, 1)])
def test_a_place_the_sheet_does_not_have_is_refused(paper, position, fonts):
    with pytest.raises(Invalid) as caught:
        on_sheet(lay_out(a_label(), A6, fonts), paper, position)

    assert caught.value.field == "position"


def numbered(count, paper=A6):
    """Labels that are one mark each, as wide as their number in micrometres."""
    return [Drawing(paper.width, paper.height, (Fill(0, 0, n, 1),), title=f"label {n}") for n in range(1, count + 1)]


def places(sheets):
    """For each sheet, the labels on it by their places: 0 is the upper left, 3 the lower right."""
    return [
        {2 * (mark.y > 0) + (mark.x > 0): mark.width for mark in sheet.marks if isinstance(mark, Fill)}
        for sheet in sheets
    ]


def test_labels_fill_sheets_in_their_order():
    assert places(on_sheets(numbered(6), A4)) == [{0: 1, 1: 2, 2: 3, 3: 4}, {0: 5, 1: 6}]


@pytest.mark.parametrize(
    ("start_from", "sheets"),
    [
        (0, [{0: 1, 1: 2, 2: 3}]),
        (1, [{1: 1, 2: 2, 3: 3}]),
        (2, [{2: 1, 3: 2}, {0: 3}]),
        (3, [{3: 1}, {0: 2, 1: 3}]),
    ],
)
def test_the_first_sheet_may_be_a_used_one_and_those_after_it_are_new(start_from, sheets):
    assert places(on_sheets(numbered(3), A4, start_from)) == sheets


@pytest.mark.parametrize(
    ("position", "corner"), [(0, (0, 0)), (1, (104_986, 0)), (2, (0, 147_997)), (3, (104_986, 147_997))]
)
def test_a_place_is_a_quarter_of_the_sheet(position, corner):
    ((mark,),) = [sheet.marks for sheet in on_sheets(numbered(1), A4, position)]

    assert isinstance(mark, Fill)
    assert (mark.x, mark.y) == corner


@pytest.mark.parametrize(("paper", "label"), [(A6, A6), (LABEL_4X6, LABEL_4X6), (A5, A6)], ids=lambda each: each.name)
def test_paper_with_one_place_takes_one_label_and_ignores_where_to_start(paper, label):
    sheets = on_sheets(numbered(3, label), paper, 3)

    assert places(sheets) == [{0: 1}, {0: 2}, {0: 3}]
    assert {(sheet.width, sheet.height) for sheet in sheets} == {(paper.width, paper.height)}


def test_a_sheet_bears_the_title_of_its_first_label():
    assert [sheet.title for sheet in on_sheets(numbered(5), A4, 1)] == ["label 1", "label 4"]


def test_no_labels_need_no_sheets():
    assert on_sheets([], A4, 2) == []


@pytest.mark.parametrize("start_from", [-1, 4])
def test_a_place_to_start_that_is_not_there_is_refused(start_from):
    with pytest.raises(Invalid, match="4 places") as caught:
        on_sheets(numbered(1), A4, start_from)

    assert caught.value.field == "start_from"
