from dataclasses import replace
from itertools import combinations

import pytest

from kolli.documents.layouts import LAYOUTS
from kolli.documents.layouts.label import in_blocks, lay_out
from kolli.documents.render import A4, A5, A6, LABEL_4X6
from kolli.drawing import Area, Image, Symbol, Text
from kolli.errors import DoesNotFit, NotDrawable
from tests.unit.documents.labels import a_full_label, a_label, an_address

PAPERS = pytest.mark.parametrize("paper", [A6, LABEL_4X6, A5, A4], ids=lambda paper: paper.name)


def texts(drawing):
    return [mark.text for mark in drawing.marks if isinstance(mark, Text)]


def extent(mark, fonts):
    """The rectangle a mark may touch: for a text its whole permitted width, from ascent to descent."""
    if isinstance(mark, Text):
        above, below = fonts.ascent(mark.size), fonts.descent(mark.size)
        return Area(mark.left, mark.baseline - above, mark.max_width, above + below)
    return Area(mark.x, mark.y, mark.width, mark.height)


def extents(drawing, fonts):
    return [extent(mark, fonts) for mark in drawing.marks]


def overlap(one, other):
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def inked(drawing, fonts):
    """The rectangles that texts, barcodes and pictures really take: a text's own width, from its capitals down."""
    areas = []
    for mark in drawing.marks:
        if isinstance(mark, Text):
            width = fonts.width(mark.text, mark.size, bold=mark.bold, language=mark.language)
            areas.append(Area(mark.start(width), mark.baseline - mark.size * 3 // 4, width, mark.size * 3 // 4))
        elif isinstance(mark, Symbol | Image):
            areas.append(Area(mark.x, mark.y, mark.width, mark.height))
    return areas


@pytest.mark.parametrize("name", LAYOUTS)
@PAPERS
def test_every_layout_fills_every_paper(name, paper, fonts):
    drawing = LAYOUTS[name].lay_out(a_full_label(), paper, fonts)

    assert (drawing.width, drawing.height) == (paper.width, paper.height)
    assert LAYOUTS[name].sentence.endswith(".")


@PAPERS
def test_no_mark_leaves_the_page(paper, fonts):
    drawing = lay_out(a_full_label(), paper, fonts)

    assert all(area.x >= 0 and area.y >= 0 for area in extents(drawing, fonts))
    assert all(area.right <= paper.width and area.bottom <= paper.height for area in extents(drawing, fonts))


@pytest.mark.parametrize("content", [a_label(), a_full_label()], ids=["usual", "full"])
@pytest.mark.parametrize("paper", [A6, LABEL_4X6], ids=lambda paper: paper.name)
def test_nothing_is_printed_on_top_of_anything_else(content, paper, fonts):
    areas = inked(lay_out(content, paper, fonts), fonts)

    assert [pair for pair in combinations(areas, 2) if overlap(*pair)] == []


def test_everything_a_label_has_is_on_it(fonts):
    printed = texts(lay_out(a_full_label(), A6, fonts))

    assert printed == [
        "TEST – NOT FOR POSTAGE",
        "Kolli Post",
        "Parcel Standard",
        "BOX",
        "2 of 3",
        "FROM",
        "Fjord & Co B.V.",
        "Jan de Vries",
        "Keizersgracht 241-H",
        "1015 CS Amsterdam",
        "NETHERLANDS",
        "TO",
        "Karin Müller",
        "Groß & Söhne GmbH",
        "Schönhauser Allee 167c",
        "10435 Berlin",
        "GERMANY",
        "ORDER",
        "#100234-A",
        "REFERENCE",
        "PO 2026/77-12",
        "WEIGHT",
        "1.25 kg",
        "SHIPPED",
        "2026-11-24",
        "NOTES",
        "Leave it with the neighbour at number 165",
        "Fragile: glass",
        "3S TEST 0123456789",
    ]


def test_what_a_label_does_not_have_leaves_no_trace(fonts):
    bare = a_label(order_number="", reference="", weight=None, shipped_on=None, brand_name="", service_name="")

    printed = texts(lay_out(replace(bare, recipient=bare.sender), A6, fonts))

    assert [text for text in printed if text.isupper()] == ["FROM", "TO", "3STE ST01 2345 6789"]


def test_the_barcode_holds_the_tracking_number_and_the_square_the_link(fonts):
    symbols = {mark.symbology: mark.text for mark in lay_out(a_label(), A6, fonts).marks if isinstance(mark, Symbol)}

    assert symbols == {"code128": "3STEST0123456789", "qr": "https://track.example.com/t/3STEST0123456789"}


def test_without_a_link_the_square_holds_the_tracking_number(fonts):
    symbols = {mark.text for mark in lay_out(a_label(tracking_url=""), A6, fonts).marks if isinstance(mark, Symbol)}

    assert symbols == {"3STEST0123456789"}


def test_a_logo_stands_where_the_name_of_the_brand_would(fonts):
    drawing = lay_out(a_full_label(brand_name="Brand Name"), A6, fonts)

    assert [mark.field for mark in drawing.marks if isinstance(mark, Image)] == ["logo"]
    assert "Brand Name" not in texts(drawing)


def test_a_number_is_read_in_blocks_of_four():
    assert in_blocks("3STEST01234567") == "3STE ST01 2345 67"


def test_an_address_without_any_text_is_a_caption_and_no_more(fonts):
    nobody = an_address(name="", company_name="", address_line_1="", house_number="", postal_code="", city="")

    printed = texts(lay_out(a_label(sender=nobody, recipient=nobody), A6, fonts))

    assert printed[printed.index("FROM") : printed.index("ORDER")] == ["FROM", "TO"]


LONG = "Extraordinarily long text that goes on and on, " * 40


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (a_label(recipient=an_address(name=LONG)), "recipient.name"),
        (a_label(recipient=an_address(address_line_1=LONG)), "recipient.address_line_1"),
        (a_label(recipient=an_address(address_line_2=LONG)), "recipient.address_line_2"),
        (a_label(sender=an_address(city=LONG)), "sender.city"),
        (a_label(sender=an_address(company_name=LONG)), "sender.company_name"),
        (a_label(order_number=LONG), "order_number"),
        (a_label(reference=LONG), "reference"),
        (a_label(notes=("short", LONG)), "notes.1"),
        (a_label(carrier_name=LONG), "carrier_name"),
        (a_label(service_name=LONG), "service_name"),
        (a_label(brand_name=LONG), "brand_name"),
        (a_label(band=LONG), "band"),
        (a_label(tracking_number_printed=LONG), "tracking_number_printed"),
        (a_label(tracking_number="A" * 40), "tracking_number"),
        (a_label(tracking_url="https://example.com/" + "a" * 300), "tracking_url"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_field(content, field, fonts):
    with pytest.raises(DoesNotFit) as caught:
        lay_out(content, A6, fonts)

    assert caught.value.field == field
    assert caught.value.details["value"]


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (a_label(recipient=an_address(name="🙂")), "recipient.name"),
        (a_label(recipient=an_address(address_line_1="שדרות רוטשילד")), "recipient.address_line_1"),
        (a_label(recipient=an_address(city="東京")), "recipient.city"),
        (a_label(sender=an_address(po_box="\u202e12")), "sender.po_box"),
        (a_label(order_number="1\n2"), "order_number"),
        (a_label(reference="\ue000"), "reference"),
        (a_label(notes=("fine", "\x07")), "notes.1"),
        (a_label(service_name="\u200bx"), "service_name"),
        (a_label(tracking_number="3S€"), "tracking_number"),
        (a_label(tracking_url="https://example.com/é"), "tracking_url"),
        (a_label(tracking_number_printed="3S\t"), "tracking_number_printed"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_its_field(content, field, fonts):
    with pytest.raises(NotDrawable) as caught:
        lay_out(content, A6, fonts)

    assert caught.value.field == field


@pytest.mark.parametrize("paper", [A6, A4], ids=lambda paper: paper.name)
def test_a_barcode_too_fine_for_the_resolution_is_refused_before_it_is_drawn(paper, fonts):
    content = a_label(tracking_number="ABCDEFGHIJKLMNOPQRSTUVWXYZ")

    with pytest.raises(DoesNotFit, match="At 150 dpi") as caught:
        lay_out(content, paper, fonts, 150)

    assert caught.value.field == "tracking_number"
    assert lay_out(content, paper, fonts, 300).marks


def test_a_very_long_address_is_printed_whole(fonts):
    recipient = an_address(
        name="Dr. Alexandra Montgomery-Featherstonehaugh",
        company_name="The Extraordinarily Long Named Trading Company of Northern California, Incorporated",
        address_line_1="North Rengstorff Avenue Business Park Boulevard",
        address_line_2="Building 43, Floor 2, Suite 2100, attention of the receiving department",
        po_box="4711",
    )

    printed = " ".join(texts(lay_out(a_full_label(recipient=recipient), A6, fonts)))

    assert recipient.company_name in printed
    assert recipient.address_line_2 in printed
