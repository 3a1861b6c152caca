import io
import re

import pikepdf
import pypdfium2
import pytest

from kolli.documents import proof
from kolli.documents.layouts.label import lay_out
from kolli.documents.render import A4, A5, A6, LABEL_4X6, on_sheet, on_sheets, render
from kolli.drawing import Drawing, Fill, Frame, Text, mm, points
from tests.unit.documents.labels import a_full_label, a_label, an_address


def pdf(*pages, fonts):
    return render(pages, "application/pdf", 300, fonts)


def a_page(*texts, **changes):
    marks = [
        Text(text, mm(5), mm(10 * index), points(12), mm(90), **changes) for index, text in enumerate(texts, start=1)
    ]
    return Drawing(A6.width, A6.height, tuple(marks))


def objects_of(file, kind):
    with pikepdf.open(io.BytesIO(file)) as document:
        return sum(
            1 for each in document.objects if isinstance(each, pikepdf.Dictionary | pikepdf.Stream) and kind(each)
        )


@pytest.mark.parametrize(
    ("paper", "points_wide", "points_high"),
    [(A6, 297.6, 419.52), (LABEL_4X6, 288, 432), (A5, 419.52, 595.2), (A4, 595.2, 841.92)],
)
def test_a_page_has_the_size_of_its_paper(paper, points_wide, points_high, fonts):
    file = pdf(lay_out(a_label(), paper, fonts), fonts=fonts)

    assert list(*proof.page_sizes(file)) == pytest.approx([points_wide, points_high], abs=0.005)


def test_a_page_is_a_whole_number_of_pixels_for_programs_that_round_up(fonts):
    file = pdf(lay_out(a_label(), A6, fonts), fonts=fonts)

    assert proof.picture_of(file, 300).size == (1240, 1748)


def test_the_file_is_without_syntax_errors(fonts):
    file = pdf(lay_out(a_full_label(), A6, fonts), lay_out(a_label(), LABEL_4X6, fonts), fonts=fonts)

    with pikepdf.open(io.BytesIO(file)) as document:
        assert (document.check_pdf_syntax(), len(document.pages)) == ([], 2)


@pytest.mark.parametrize(
    "text",
    [
        "Office fjord ffi",
        "Grażyna Brzęczyszczykiewicz",
        "Γεώργιος Παπαδόπουλος",
        "Щерьо Железаров",
        "Ştefan Țepeș ı i",
        "AVATAR To. „Ło”",
        "a(b)c\\d<e>",
    ],
)
@pytest.mark.parametrize("bold", [False, True])
def test_text_is_copied_out_as_it_was_put_in(text, bold, fonts):
    assert proof.lines_of(pdf(a_page(text, bold=bold), fonts=fonts)) == [text]


@pytest.mark.parametrize("text", ["東京都港区芝公園", "北京市朝阳区", "서울특별시 중구", "Tower 東京 12F"])
@pytest.mark.parametrize("bold", [False, True])
def test_chinese_japanese_and_korean_are_copied_out_as_they_were_put_in(text, bold, cjk_fonts):
    assert proof.lines_of(pdf(a_page(text, bold=bold, language="ja"), fonts=cjk_fonts)) == [text]


def test_one_glyph_with_two_meanings_is_copied_as_each_of_them(fonts):
    """Before an accent above it, an i is drawn without its dot; an x is an x, with an accent or without."""
    texts = ["ı ı", "ị́ ı", "x̂ x"]

    copied = "".join(proof.lines_of(pdf(a_page(*texts), fonts=fonts)))

    # PDFium takes the way to the second accent of a letter for a space.
    assert copied.replace(" ", "") == "".join(texts).replace(" ", "")


def test_fonts_and_logos_are_stored_once_for_all_pages(fonts):
    pages = [lay_out(a_full_label(recipient=an_address(house_number=str(number))), A6, fonts) for number in range(20)]

    file = pdf(*pages, fonts=fonts)

    assert objects_of(file, lambda each: "/FontFile2" in each) == 2
    assert objects_of(file, lambda each: each.get("/ColorSpace") == "/DeviceRGB") == 1


def test_fonts_and_logos_are_stored_once_for_all_places_of_all_sheets(fonts):
    """Places do not begin at whole pixels; the logo must not become another picture for that."""
    labels = [lay_out(a_full_label(recipient=an_address(house_number=str(number))), A6, fonts) for number in range(9)]

    file = pdf(*on_sheets(labels, A4, 2), fonts=fonts)

    assert objects_of(file, lambda each: "/FontFile2" in each) == 2
    assert objects_of(file, lambda each: each.get("/ColorSpace") == "/DeviceRGB") == 1


def test_every_script_has_one_font_in_a_file_however_many_labels_use_it(cjk_fonts):
    cities = {"JP": ["東京都", "大阪市"], "GR": ["Αθήνα", "Πάτρα"], "CN": ["北京市", "上海市"]}
    labels = [
        lay_out(a_label(recipient=an_address(city=city, country_code=country)), A6, cjk_fonts)
        for country, names in cities.items()
        for city in names
    ]

    file = pdf(*labels, fonts=cjk_fonts)

    assert objects_of(file, lambda each: "/FontFile2" in each) == 2
    assert objects_of(file, lambda each: "/FontFile3" in each) == objects_of(
        pdf(labels[0], fonts=cjk_fonts), lambda each: "/FontFile3" in each
    )
    assert [city in "".join(proof.lines_of(file)) for city in ("東京都", "大阪市")] == [True, False]


def test_a_font_holds_only_the_glyphs_that_are_used(fonts):
    assert len(pdf(a_page("Kolli"), fonts=fonts)) < 4_000


def test_barcodes_are_masks_of_one_pixel_per_module(fonts):
    with pikepdf.open(io.BytesIO(pdf(lay_out(a_label(), A6, fonts), fonts=fonts))) as document:
        masks = [image for image in document.pages[0].Resources.XObject.values() if image.get("/ImageMask")]

        assert [(int(mask.Width), int(mask.Height)) for mask in masks] == [(29, 29), (167, 1)]


def test_rules_and_frames_are_where_they_should_be(fonts):
    page = Drawing(
        A6.width, A6.height, (Fill(0, 0, A6.width // 2, mm(2)), Frame(mm(10), mm(10), mm(20), mm(20), mm(2)))
    )

    picture = proof.picture_of(pdf(page, fonts=fonts), 127)

    black = [
        picture.point(lambda level: level < 128).getpixel((mm_x * 5, mm_y * 5))
        for mm_x, mm_y in ((1, 1), (60, 1), (11, 11), (20, 20), (29, 20), (31, 20))
    ]
    assert black == [True, False, True, False, True, False]


def test_white_text_leaves_later_text_black(fonts):
    file = pdf(Drawing(A6.width, A6.height, (*a_page("H", white=True).marks, *a_page("H").marks)), fonts=fonts)

    assert min(proof.picture_of(file, 150).tobytes()) < 50


def test_a_sheet_of_labels_is_read_back(fonts):
    sheet = on_sheet(lay_out(a_label(), A6, fonts), A4, 3)

    found = proof.codes_by_zxing(proof.picture_of(pdf(sheet, fonts=fonts), 150))

    assert ("code128", "3STEST0123456789") in found


def test_the_title_is_the_tracking_number_and_no_date_is_in_the_file(fonts):
    file = pdf(lay_out(a_label(tracking_number="3S-ABC"), A6, fonts), fonts=fonts)

    with pypdfium2.PdfDocument(file) as document:
        assert document.get_metadata_dict(skip_empty=True) == {"Producer": "Kolli", "Title": "3S-ABC"}
    assert re.search(rb"/(ID|CreationDate|ModDate)", file) is None


def test_pages_print_in_their_true_size(fonts):
    assert b"/PrintScaling/None" in pdf(a_page("x"), fonts=fonts)
