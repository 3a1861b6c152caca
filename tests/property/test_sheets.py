"""However many labels go on sheets, wherever the first one stands: none is lost, none lies on another."""

from hypothesis import given
from hypothesis import strategies as st

from kolli.documents.papers import A4, A6, on_sheets
from kolli.drawing import Drawing, Frame


@given(st.integers(1, 60), st.integers(0, 3))
def test_labels_need_as_many_sheets_as_there_are_fours_and_no_two_share_a_place(count, start_from):
    labels = [Drawing(A6.width, A6.height, (Frame(0, 0, A6.width, A6.height, n),)) for n in range(1, count + 1)]

    sheets = on_sheets(labels, A4, start_from)

    frames = [(number, mark) for number, sheet in enumerate(sheets) for mark in sheet.marks if isinstance(mark, Frame)]
    assert len(sheets) == -(-(count + start_from) // 4)
    assert [frame.line for _, frame in frames] == list(range(1, count + 1))
    # Frames of one size on one grid lie on each other only if they begin at the same place.
    assert len({(number, frame.x, frame.y) for number, frame in frames}) == count
    assert all(frame.x % A6.width == frame.y % A6.height == 0 for _, frame in frames)
    assert all(frame.x + frame.width <= A4.width and frame.y + frame.height <= A4.height for _, frame in frames)
