"""What a carrier declares has its place on the label, can be scanned, and is refused where there is no room for it."""

from dataclasses import fields
from itertools import combinations

import pytest

from kolli.documents import proof
from kolli.documents.barcodes import SYMBOLOGIES
from kolli.documents.layouts.label import lay_out
from kolli.documents.layouts.parts import NO_PARTS, Barcode, LabelParts
from kolli.documents.render import A6, LABEL_4X6, render
from kolli.drawing import Fill, Symbol, Text, mm
from kolli.errors import DoesNotFit, Invalid, InvalidChoice, NotDrawable
from tests.unit.documents.labels import PARTS, a_full_label, a_label, a_label_with_parts
from tests.unit.documents.layouts.test_label import extents, inked, overlap, texts

SSCC = "(00)376123450000010039"
LEITCODE = "50823007028005"

BOTH_PAPERS = pytest.mark.parametrize("paper", [A6, LABEL_4X6], ids=lambda paper: paper.name)


def symbols(drawing):
    return [mark for mark in drawing.marks if isinstance(mark, Symbol)]


def a_label_of(fonts, paper=A6, **parts):
    return lay_out(a_label(parts=LabelParts(**parts)), paper, fonts)


@pytest.mark.parametrize("mime_type", ["application/pdf", "image/png"])
@pytest.mark.parametrize("dpi", [150, 203, 300, 600])
@pytest.mark.parametrize("name", PARTS)
@BOTH_PAPERS
def test_everything_that_was_declared_is_read_back(name, paper, mime_type, dpi, fonts):
    drawing = lay_out(a_label_with_parts(name), paper, fonts, dpi)

    picture = proof.picture_of(render([drawing], mime_type, dpi, fonts), dpi)

    asked = {(symbol.symbology, symbol.text) for symbol in symbols(drawing)}
    assert proof.codes_in_places(picture, drawing) == asked
    assert proof.codes_by_zxing(picture) == {code for code in asked if code[0] != "maxicode"}


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("bars", {("code128", "00340434161094042557"), ("itf", LEITCODE)}),
        ("maxicode", {("code128", "1Z999AA10123456784")}),
        ("datamatrix", {("code128", "%008182709980000020033350276")}),
    ],
)
def test_a_second_decoder_reads_the_bars(name, read, fonts):
    """It knows neither GS1 nor squares other than QR codes."""
    picture = proof.picture_of(render([lay_out(a_label_with_parts(name), A6, fonts)], "image/png", 300, fonts), 300)

    found = {code for code in proof.codes_by_zbar(picture) if code[0] != "qr"}

    assert found == read


@pytest.mark.parametrize("name", PARTS)
@BOTH_PAPERS
def test_no_part_is_printed_on_top_of_anything_else_or_off_the_page(name, paper, fonts):
    drawing = lay_out(a_label_with_parts(name), paper, fonts)

    areas = inked(drawing, fonts)

    assert [pair for pair in combinations(areas, 2) if overlap(*pair)] == []
    assert all(area.x >= 0 and area.right <= paper.width for area in extents(drawing, fonts))
    assert all(area.y >= 0 and area.bottom <= paper.height for area in extents(drawing, fonts))


def test_every_part_and_every_symbology_is_on_one_of_the_labels_looked_at():
    used = {barcode.symbology for parts in PARTS.values() for barcode in (*parts.barcodes, parts.square) if barcode}

    assert used | {"qr"} == set(SYMBOLOGIES)
    assert all(any(getattr(parts, field.name) for parts in PARTS.values()) for field in fields(LabelParts))


def test_the_texts_of_all_parts_are_on_the_label(fonts):
    printed = texts(lay_out(a_label_with_parts("bars"), A6, fonts))

    assert printed[:2] == ["The layout of this label has not been certified by Kolli Post", "TEST – NOT FOR POSTAGE"]
    assert printed[printed.index("PAKET") :] == [
        "PAKET",
        "50823 · 007",
        "ORDER",
        "#100234-A",
        "REFERENCE",
        "PO 2026/77-12",
        "WEIGHT",
        "1.25 kg",
        "SHIPPED",
        "2026-11-24",
        "CUSTOMER",
        "62120100",
        "NOTES",
        "Leave it with the neighbour at number 165",
        "Fragile: glass",
        "(00) 3 4043416 109404255 7",
        "LEITCODE",
        "50823.007.028.005",
    ]


def test_no_parts_are_the_usual_label(fonts):
    assert lay_out(a_full_label(parts=NO_PARTS), A6, fonts) == lay_out(a_full_label(), A6, fonts)


def test_a_notice_without_a_band_is_not_printed(fonts):
    assert lay_out(a_label(notice="Not certified"), A6, fonts) == lay_out(a_label(), A6, fonts)


def test_the_first_barcode_is_the_lowest_and_each_further_one_is_above_it(fonts):
    lowest, above, _ = sorted(
        symbols(a_label_of(fonts, barcodes=(Barcode("gs1_128", SSCC, "1"), Barcode("itf", LEITCODE, "2")))),
        key=lambda symbol: -symbol.y,
    )

    assert (lowest.symbology, above.symbology) == ("gs1_128", "itf")
    assert above.y + above.height < lowest.y
    assert (lowest.height, above.height) == (mm(24), mm(13))


def test_declared_barcodes_replace_the_usual_one_and_a_declared_square_the_link(fonts):
    drawing = a_label_of(fonts, barcodes=(Barcode("code128", "X1"),), square=Barcode("datamatrix", "Y2"))

    assert [(symbol.symbology, symbol.text) for symbol in symbols(drawing)] == [("datamatrix", "Y2"), ("code128", "X1")]
    assert "3STE ST01 2345 6789" not in texts(drawing)


def test_nothing_is_printed_under_a_barcode_without_a_text(fonts):
    (_, bars) = symbols(a_label_of(fonts, barcodes=(Barcode("code128", "X1"),)))

    assert bars.y + bars.height == A6.height - mm(4)


@pytest.mark.parametrize(("height", "drawn"), [(0, mm(24)), (mm(31, 7), mm(31, 7)), (mm(15), mm(15))])
def test_bars_are_as_high_as_their_carrier_wants_where_there_is_room(height, drawn, fonts):
    (_, bars) = symbols(a_label_of(fonts, barcodes=(Barcode("gs1_128", SSCC, "text", height=height),)))

    assert bars.height == drawn


def test_bars_give_way_to_the_address_but_not_below_the_least_height(fonts):
    soft = Barcode("gs1_128", SSCC, "text", height=mm(60))
    hard = Barcode("gs1_128", SSCC, "text", height=mm(60), min_height=mm(38))

    heights = [
        symbols(lay_out(a_full_label(parts=LabelParts((barcode,))), A6, fonts))[1].height for barcode in (soft, hard)
    ]

    assert mm(24) < heights[0] < heights[1] == mm(38)


@pytest.mark.parametrize(("dpi", "pixels"), [(150, 2), (203, 4), (300, 5), (600, 11)], ids=str)
def test_bars_are_as_wide_as_the_specification_allows_and_whole_pixels(dpi, pixels, fonts):
    """Between 0.375 and 0.5 mm; 150 dpi has 0.339 and 0.508 only, and takes what is not too wide."""
    barcode = Barcode("code128", "01905002345615", min_module=375, max_module=500)
    drawing = lay_out(a_label(parts=LabelParts((barcode,))), A6, fonts, dpi)

    png = proof.picture_of(render([drawing], "image/png", dpi, fonts), dpi)
    (_, bars) = symbols(drawing)
    row = (bars.y + bars.height // 2) * png.height // A6.height
    greys = png.convert("L").tobytes()[row * png.width : (row + 1) * png.width]
    blacks = "".join("#" if grey < 128 else " " for grey in greys).split()

    assert min(map(len, blacks)) == pixels


def test_a_label_without_room_for_bars_as_wide_as_wanted_is_refused(fonts):
    with pytest.raises(DoesNotFit) as caught:
        a_label_of(fonts, barcodes=(Barcode("gs1_128", SSCC, min_module=650),))

    assert caught.value.field == "parts.barcodes.0"


LONG = "Extraordinarily long text that goes on and on, " * 10
BARS = Barcode("gs1_128", SSCC, "x")


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"barcodes": (BARS, BARS, BARS, BARS, BARS)}, "parts.barcodes.4"),
        ({"barcodes": (BARS, Barcode("itf", LEITCODE, min_height=mm(90)))}, "parts.barcodes.1"),
        ({"barcodes": (BARS, Barcode("code128", "W" * 40))}, "parts.barcodes.1"),
        ({"barcodes": (Barcode("code128", "W", LONG),)}, "parts.barcodes.0"),
        ({"barcodes": (Barcode("code128", "W", caption=LONG),)}, "parts.barcodes.0"),
        ({"square": Barcode("qr", "a" * 288)}, "parts.square"),
        ({"sort_code": LONG}, "parts.sort_code"),
        ({"badge": LONG}, "parts.badge"),
        ({"facts": (("A", "B"), (LONG, "B"))}, "parts.facts.1"),
        ({"facts": (("A", LONG),)}, "parts.facts.0"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(parts, field, fonts):
    with pytest.raises(DoesNotFit) as caught:
        a_label_of(fonts, **parts)

    assert caught.value.field == field
    assert caught.value.details["value"]


def test_so_many_facts_that_the_recipient_has_no_room_are_refused(fonts):
    facts = tuple((f"FACT {number}", str(number)) for number in range(60))

    with pytest.raises(DoesNotFit):
        a_label_of(fonts, facts=facts)


@pytest.mark.parametrize(
    ("parts", "kind", "field"),
    [
        ({"barcodes": (Barcode("gs1_128", "(00)376123450000010038"),)}, NotDrawable, "parts.barcodes.0"),
        ({"barcodes": (BARS, Barcode("itf", "123"))}, NotDrawable, "parts.barcodes.1"),
        ({"barcodes": (Barcode("code39", "X"),)}, InvalidChoice, "parts.barcodes.0"),
        ({"barcodes": (Barcode("qr", "X"),)}, Invalid, "parts.barcodes.0"),
        ({"square": Barcode("itf", LEITCODE)}, Invalid, "parts.square"),
        ({"square": Barcode("maxicode", "X")}, NotDrawable, "parts.square"),
        ({"sort_code": "🙂"}, NotDrawable, "parts.sort_code"),
        ({"badge": "\x07"}, NotDrawable, "parts.badge"),
        ({"facts": (("🙂", "X"),)}, NotDrawable, "parts.facts.0"),
        ({"facts": (("X", "🙂"),)}, NotDrawable, "parts.facts.0"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_its_field(parts, kind, field, fonts):
    with pytest.raises(kind) as caught:
        a_label_of(fonts, **parts)

    assert caught.value.field == field


@pytest.mark.parametrize("name", PARTS)
@BOTH_PAPERS
def test_an_order_number_and_a_reference_have_as_much_room_as_on_the_usual_label(name, paper, fonts):
    long = {"order_number": "ORDER-2026-11-24-" * 3, "reference": "Abteilung Einkauf, Kostenstelle 4711, Frau Müller"}

    marks = [mark for mark in lay_out(a_label(parts=PARTS[name], **long), paper, fonts).marks if isinstance(mark, Text)]

    assert "".join(mark.text for mark in marks if mark.field == "order_number") == long["order_number"]
    assert " ".join(mark.text for mark in marks if mark.field == "reference") == long["reference"]


def test_short_facts_stand_three_in_a_row_and_long_ones_two(fonts):
    def columns(text):
        drawing = a_label_of(fonts, facts=(("CUSTOMER", text),))
        captions = [mark for mark in drawing.marks if isinstance(mark, Text) and mark.field == "caption"]
        return len({mark.x for mark in captions if mark.text not in {"FROM", "TO"}})

    assert [columns("62120100"), columns("WW99 1234 5678 90 C and more")] == [3, 2]


def test_a_badge_is_white_on_black(fonts):
    drawing = a_label_of(fonts, badge="24")

    badge = next(mark for mark in drawing.marks if isinstance(mark, Text) and mark.text == "24")
    ground = drawing.marks[drawing.marks.index(badge) - 1]
    assert badge.white
    assert isinstance(ground, Fill)
    assert ground.x <= badge.left <= badge.left + badge.max_width <= ground.x + ground.width


def test_the_sort_code_is_the_largest_text_of_a_label(fonts):
    drawing = a_label_of(fonts, sort_code="DE 550")

    largest = max((mark for mark in drawing.marks if isinstance(mark, Text)), key=lambda mark: mark.size)

    assert largest.text == "DE 550"
