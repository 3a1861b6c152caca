import pytest

from kolli.documents.layouts.label import lay_out
from kolli.documents.papers import A4, A5, A6, LABEL_4X6, PAPERS, on_sheet, paper_named, positions_on
from kolli.drawing import Text
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
