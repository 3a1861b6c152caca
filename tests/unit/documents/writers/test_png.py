import struct
import zlib

import pytest
from PIL import Image

from kolli.documents import proof
from kolli.documents.layouts.label import lay_out
from kolli.documents.render import A4, A6, LABEL_4X6, on_sheet, render
from kolli.documents.writers.raster import drawn
from kolli.drawing import Drawing, Fill, Frame, Symbol, Text, mm, moved, points
from kolli.errors import Invalid
from tests.unit.documents.labels import a_full_label, a_label


def chunks(png):
    found, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        found[png[at + 4 : at + 8]] = png[at + 8 : at + 8 + length]
        at += length + 12
    return found


WIDTH, HEIGHT = mm(10), mm(6)


def pixels(*marks, fonts, width=WIDTH, height=HEIGHT, dpi=254):
    """The page as rows of `.` and `#`; at 254 dpi a pixel is a tenth of a millimetre."""
    canvas = drawn(width, height, marks, dpi, fonts)
    return [f"{row:0{canvas.width}b}".replace("0", ".").replace("1", "#") for row in canvas.to_rows()]


@pytest.mark.parametrize(
    ("paper", "dpi", "size"),
    [
        (A6, 300, (1240, 1748)),
        (A6, 150, (620, 874)),
        (LABEL_4X6, 300, (1200, 1800)),
        (A6, 203, (840, 1184)),
        (A6, 600, (2480, 3496)),
    ],
)
def test_a_picture_has_one_bit_per_pixel_and_knows_its_true_size(paper, dpi, size, fonts):
    png = render([lay_out(a_label(), paper, fonts)], "image/png", dpi, fonts)

    picture = proof.picture_of(png, dpi)
    header, resolution = chunks(png)[b"IHDR"], struct.unpack(">IIB", chunks(png)[b"pHYs"])
    assert (picture.size, header[8:10]) == (size, b"\x01\x03")
    assert resolution[2] == 1
    assert size[0] / resolution[0] * 1000 == pytest.approx(paper.width / 1000, abs=0.1)


def test_checksums_are_right_and_nothing_follows_the_end(fonts):
    png = render([lay_out(a_full_label(), A6, fonts)], "image/png", 150, fonts)

    at = png.index(b"IDAT") - 4
    (length,) = struct.unpack(">I", png[at : at + 4])
    assert zlib.crc32(png[at + 4 : at + 8 + length]) == struct.unpack(">I", png[at + 8 + length : at + 12 + length])[0]
    assert png.endswith(b"IEND\xaeB`\x82")


def test_a_filled_rectangle_is_black_to_its_last_pixel(fonts):
    rows = pixels(Fill(mm(1), mm(2), mm(3), mm(0, 2)), fonts=fonts, width=mm(5), height=mm(3))

    assert rows == ["." * 50] * 20 + ["." * 10 + "#" * 30 + "." * 10] * 2 + ["." * 50] * 8


def test_a_rule_thinner_than_a_pixel_is_still_one_pixel(fonts):
    assert pixels(Fill(0, mm(1), mm(1), 10), fonts=fonts, width=mm(1), height=mm(2)).count("#" * 10) == 1


def test_a_frame_is_drawn_inside_its_size(fonts):
    rows = pixels(Frame(0, 0, mm(1), mm(0, 5), mm(0, 1)), fonts=fonts, width=mm(1), height=mm(0, 5))

    assert rows == ["##########", "#........#", "#........#", "#........#", "##########"]


def test_white_text_is_cut_out_of_black(fonts):
    ground, text = Fill(0, 0, mm(10), mm(6)), Text("I", mm(2), mm(5), points(12), mm(6), white=True)

    black_on_white = pixels(Text("I", mm(2), mm(5), points(12), mm(6)), fonts=fonts)
    white_on_black = pixels(ground, text, fonts=fonts)

    swapped = [row.translate(str.maketrans("#.", ".#")) for row in black_on_white]
    assert any("#" in row for row in black_on_white)
    assert white_on_black == swapped


@pytest.mark.parametrize("align", ["left", "center", "right"])
def test_text_stands_where_its_alignment_says(align, fonts):
    x = {"left": 0, "center": mm(5), "right": mm(10)}[align]

    rows = pixels(Text("H", x, mm(5), points(10), mm(10), align=align), fonts=fonts)

    together = [any(row[column] == "#" for row in rows) for column in range(100)]
    middle = (together.index(True) + 99 - together[::-1].index(True)) / 2
    assert {"left": middle < 20, "center": abs(middle - 50) < 2, "right": middle > 80}[align]


def test_every_bar_is_a_whole_number_of_pixels(fonts):
    symbol = Symbol("code128", "3STEST0123456789", 0, 0, A6.width, mm(10), 400, 250)
    canvas = drawn(A6.width, mm(10), [symbol], 300, fonts)

    row = f"{canvas.to_rows()[0]:0{canvas.width}b}".strip("0")

    runs = [len(run) for run in row.replace("10", "1 0").replace("01", "0 1").split()]
    assert {length % 4 for length in runs} == {0}


def test_text_that_reaches_over_the_edge_of_the_page_is_drawn_as_far_as_there_is_paper(fonts):
    rows = pixels(Text("g", mm(1), mm(6), points(12), mm(6)), fonts=fonts)

    assert len(rows) == 60


@pytest.mark.parametrize("text", ["g\u0323", "Xg\u0316", "\u021a\u0326", "\u210a"])
def test_a_mark_that_hangs_below_the_descent_of_the_font_is_drawn(text, fonts):
    rows = pixels(Text(text, mm(1), mm(3), points(12), mm(6)), fonts=fonts)

    assert any("#" in row for row in rows[31:])


@pytest.mark.parametrize("mark", [Text("W\u0302", mm(1), 500, points(12), mm(6)), Text("W", -500, mm(5), 5000, mm(6))])
def test_text_that_reaches_over_the_top_or_the_side_is_drawn_as_far_as_there_is_paper(mark, fonts):
    inside = pixels(moved(mark, mm(3), mm(3)), fonts=fonts, width=mm(20), height=mm(20))

    rows = pixels(mark, fonts=fonts, width=mm(17), height=mm(17))

    assert rows == [row[30:] for row in inside[30:]]


def test_text_that_reaches_over_the_right_edge_is_cut_there(fonts):
    text = Text("WWW", mm(1), mm(5), 5000, mm(20))

    rows = pixels(text, fonts=fonts, width=mm(7))

    assert rows == [row[:70] for row in pixels(text, fonts=fonts, width=mm(30))]


def test_four_labels_on_one_sheet_are_one_picture(fonts):
    labels = [lay_out(a_label(tracking_number=f"3SNUMBER{index}"), A6, fonts) for index in range(4)]
    marks = [mark for index, label in enumerate(labels) for mark in on_sheet(label, A4, index).marks]

    png = render([Drawing(A4.width, A4.height, tuple(marks))], "image/png", 150, fonts)

    numbers = {text for kind, text in proof.codes_by_zxing(proof.picture_of(png, 150)) if kind == "code128"}
    assert numbers == {"3SNUMBER0", "3SNUMBER1", "3SNUMBER2", "3SNUMBER3"}


def test_pages_stand_below_each_other_and_each_is_the_picture_it_would_be_alone(fonts):
    pages = [lay_out(a_label(tracking_number=f"3SNUMBER{index}"), A6, fonts) for index in range(3)]

    together = proof.picture_of(render(pages, "image/png", 150, fonts), 150)

    assert together.size == (620, 3 * 874)
    assert [together.crop((0, top, 620, top + 874)).tobytes() for top in (0, 874, 2 * 874)] == [
        proof.picture_of(render([page], "image/png", 150, fonts), 150).tobytes() for page in pages
    ]


def test_pages_of_several_widths_stand_at_the_left_of_the_widest(fonts):
    pages = [Drawing(mm(10), mm(10), (Fill(0, 0, mm(10), mm(10)),)), Drawing(mm(20), mm(10), ())]

    together = proof.picture_of(render(pages, "image/png", 254, fonts), 254)

    assert together.size == (200, 200)
    assert together.convert("1", dither=Image.Dither.NONE).point(lambda level: 255 - level).getbbox() == (
        0,
        0,
        100,
        100,
    )


@pytest.mark.parametrize(("dpi", "most"), [(300, 18), (150, 37)])
def test_a_picture_too_high_for_other_programs_is_refused(dpi, most, fonts):
    pages = [Drawing(A6.width, A6.height, ())] * most

    allowed = render(pages, "image/png", dpi, fonts)
    with pytest.raises(Invalid, match=f"{most + 1} pages at {dpi} dpi") as caught:
        render([*pages, pages[0]], "image/png", dpi, fonts)

    assert proof.picture_of(allowed, dpi).height <= 32_767
    assert caught.value.field == "mime_type"


def test_the_canvas_is_what_pillow_reads(fonts):
    png = render([lay_out(a_full_label(), A6, fonts)], "image/png", 300, fonts)

    picture = proof.picture_of(png, 300)

    canvas = drawn(A6.width, A6.height, lay_out(a_full_label(), A6, fonts).marks, 300, fonts)
    ours = Image.frombytes(
        "1", (1240, 1748), b"".join(row.to_bytes(155, "big") for row in canvas.to_rows()), "raw", "1;I"
    )
    assert picture.convert("1").tobytes() == ours.tobytes()
