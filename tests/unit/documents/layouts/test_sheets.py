"""Papers of several pages say everything they are given, and their barcodes are what they should be."""

import re
import unicodedata
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pypdfium2
import pytest

from kolli.documents import proof
from kolli.documents.layouts import SHEETS
from kolli.documents.layouts.control_sheet import CONTROLS, control_of
from kolli.documents.layouts.end_of_day import EndOfDayContent, HandedOver
from kolli.documents.layouts.packing_slip import SlipContent, SlipItem, order_barcode
from kolli.documents.layouts.pick_list import Pick, PickListContent
from kolli.documents.papers import A4, A6, LABEL_4X6
from kolli.documents.render import render
from kolli.drawing import Area, Fill, Image, Symbol, Text, mm
from kolli.values import Weight
from tests.unit.documents.labels import a_logo, an_address

SMALL_AND_LARGE = pytest.mark.parametrize("paper", [A4, A6, LABEL_4X6], ids=lambda paper: paper.name)


def an_item(**changes):
    item: dict[str, Any] = {
        "quantity": 2,
        "name": "Candle",
        "sku": "CANDLE-20",
        "weight": Weight(Decimal("0.35"), "kg"),
    }
    return SlipItem(**(item | changes))


def a_slip(**changes):
    content = {
        "order_number": "ORDER-1001",
        "sender": an_address(name="Lumen & Was", country_code="NL"),
        "recipient": an_address(),
        "items": (an_item(),),
        "brand_name": "Lumen & Was",
        "carrier_name": "Kolli Post",
        "service_name": "Standard",
        "tracking_number": "3STE ST01 2345",
        "shipped_on": date(2026, 11, 24),
        "weight": Weight(Decimal("1.2"), "kg"),
        "box_number": 2,
        "box_count": 3,
        "notes": ("Handle with care",),
    }
    return SlipContent(**(content | changes))


def a_pick_list(**changes):
    picks = (Pick(5, "CANDLE-20", "Candle", "A-17", (("ORDER-1", 2), ("ORDER-2", 3))),)
    content: dict[str, Any] = {"title": "batch 17", "made_at": "2026-11-24 12:00 UTC", "picks": picks, "order_count": 2}
    return PickListContent(**(content | changes))


def an_end_of_day(count=1, **changes):
    parcels = tuple(
        HandedOver(f"3SABCD{place:09}", f"ORDER-{place}", "Łódź", "PL", "0.5 kg", is_test=place == 0)
        for place in range(count)
    )
    content = {
        "carrier_name": "Kolli Post",
        "day": "2026-11-24",
        "sender": ("Lumen & Was, Utrecht, NL",),
        "parcels": parcels,
        "total_weight": f"{count * Decimal('0.5')} kg",
    }
    return EndOfDayContent(**(content | changes))


EXAMPLES = {
    "packing_slip": a_slip(),
    "pick_list": a_pick_list(),
    "end_of_day": an_end_of_day(),
    "control_sheet": CONTROLS,
}


def pages_of(name, content, fonts, paper=A4):
    return SHEETS[name].lay_out(content, paper, fonts)


def text_of(pages, fonts):
    """What a person with a text cursor copies out of the PDF, all pages in one line."""
    with pypdfium2.PdfDocument(render(pages, "application/pdf", 72, fonts)) as document:
        text = " ".join(page.get_textpage().get_text_range() for page in document)
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", text.replace("\ufffe", "-")))


def without_spaces(text):
    return re.sub(r"\s+", "", text)


@pytest.mark.parametrize("name", SHEETS)
def test_every_document_is_made_for_every_paper_it_names(name, fonts):
    for paper in SHEETS[name].papers:
        for page in pages_of(name, EXAMPLES[name], fonts, paper):
            assert (page.width, page.height) == (paper.width, paper.height)
    assert SHEETS[name].sentence.endswith(".")


@SMALL_AND_LARGE
def test_a_packing_slip_says_all_it_is_given(paper, fonts):
    printed = text_of(pages_of("packing_slip", a_slip(), fonts, paper), fonts)

    expected = [
        *("Packing slip", "Box 2 of 3", "Lumen & Was", "Karin Müller", "Schönhauser Allee 167c", "10435 Berlin"),
        *("ORDER-1001", "2026-11-24", "Kolli Post, Standard", "3STE ST01 2345", "1.2 kg"),
        *("CANDLE-20", "Candle", "0.35 kg", "2 pieces in this box", "Handle with care", "Page 1 of 1"),
    ]
    assert [text for text in expected if text not in printed] == []


@SMALL_AND_LARGE
@pytest.mark.parametrize("number", ["ORDER-1001", "#100234-A", "7" * 60, "Long-" * 9])
def test_the_number_of_the_order_is_read_back_by_two_decoders(paper, number, fonts):
    pages = pages_of("packing_slip", a_slip(order_number=number), fonts, paper)
    picture = proof.picture_of(render(pages[:1], "application/pdf", 72, fonts), 300)

    assert [text for _, text in proof.codes_by_zxing(picture)] == [number]
    assert [text for _, text in proof.codes_by_zbar(picture)] == [number]


def test_a_packing_slip_for_a_label_printer_is_read_back_at_its_resolution(fonts):
    pages = pages_of("packing_slip", a_slip(), fonts, A6)
    picture = proof.picture_of(render(pages, "image/png", 203, fonts), 203)

    assert ("code128", "ORDER-1001") in proof.codes_by_zxing(picture)


def test_a_number_that_no_scanner_could_type_is_printed_without_a_barcode(fonts):
    (page,) = pages_of("packing_slip", a_slip(order_number="Bestellung №17"), fonts)

    assert [mark for mark in page.marks if isinstance(mark, Symbol)] == []
    assert "Bestellung №17" in text_of([page], fonts)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_an_order_that_is_called_like_a_control_gets_no_barcode(control):
    """Whoever scanned the slip would cancel something."""
    assert order_barcode(control.code.lower(), Area(0, 0, mm(180), mm(14))) is None


def test_a_logo_takes_the_place_of_the_name_of_the_brand(fonts):
    (page,) = pages_of("packing_slip", a_slip(logo=a_logo(), brand_name="Only here"), fonts)

    assert [mark.png for mark in page.marks if isinstance(mark, Image)] == [a_logo()]
    assert "Only here" not in text_of([page], fonts)


@SMALL_AND_LARGE
def test_two_hundred_items_are_all_there_below_the_same_headings(paper, fonts):
    items = tuple(an_item(sku=f"SKU-{place}-X", quantity=place + 1) for place in range(200))
    pages = pages_of("packing_slip", a_slip(items=items), fonts, paper)

    printed = text_of(pages, fonts)
    assert [item.sku for item in items if item.sku not in printed] == []
    assert f"{sum(item.quantity for item in items)} " in printed
    assert printed.count("Weight each") == len(pages) > 1
    assert [f"Page {number} of {len(pages)}" in printed for number in range(1, len(pages) + 1)] == [True] * len(pages)


@SMALL_AND_LARGE
@pytest.mark.parametrize(
    "word", ["lorem ", "unbroken", "Καλημέρα ", "товар-"], ids=["words", "one", "greek", "hyphens"]
)
def test_a_name_of_a_thousand_characters_is_printed_to_its_end(paper, word, fonts):
    name = (word * 1000)[:1000].strip() + "END"
    printed = text_of(pages_of("packing_slip", a_slip(items=(an_item(name=name),)), fonts, paper), fonts)

    assert without_spaces(name) in without_spaces(printed)


def test_a_name_that_is_longer_than_a_page_goes_on_on_the_next(fonts):
    name = " ".join(f"word{number}" for number in range(3000))
    pages = pages_of("packing_slip", a_slip(items=(an_item(name=name),)), fonts, A6)

    lines = [mark.text for page in pages for mark in page.marks if isinstance(mark, Text) and "word" in mark.text]
    assert " ".join(lines) == name
    assert len(pages) > 2


@pytest.mark.parametrize("name", SHEETS)
def test_no_mark_leaves_the_page(name, fonts):
    for paper in SHEETS[name].papers:
        for page in pages_of(name, EXAMPLES[name], fonts, paper):
            for mark in page.marks:
                width = mark.max_width if isinstance(mark, Text) else mark.width
                left, bottom = (mark.left, mark.baseline) if isinstance(mark, Text) else (mark.x, mark.y + mark.height)
                assert 0 <= left <= left + width <= page.width
                assert bottom <= page.height


@pytest.mark.parametrize("name", ["Ελληνικά κεριά", "Свеча из воска", "Świeca żółta", "Nến sáp ong", "Ğüneş ışığı"])
def test_what_the_fonts_have_is_printed_as_it_is(name, fonts):
    assert name in text_of(pages_of("packing_slip", a_slip(items=(an_item(name=name),)), fonts), fonts)


@pytest.mark.parametrize("name", ["蜜蝋キャンドル", "밀랍 양초", "蜂蠟蠟燭"])
def test_chinese_japanese_and_korean_are_printed_where_there_is_a_font(name, cjk_fonts):
    pages = pages_of("packing_slip", a_slip(items=(an_item(name=name),)), cjk_fonts)

    assert name in text_of(pages, cjk_fonts)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Tea \N{TEACUP WITHOUT HANDLE} set", "Tea [?] set"),
        ("شمعة Candle", "[?×4] Candle"),
        ("蜜蝋 candle", "[?×2] candle"),
        ("tab\there", "tab here"),
        ("line\r\nbreak", "line break"),
        ("soft\u00adhyphen\u200b", "softhyphen"),
        ("\u0301lonely", "[?]lonely"),
        ("\ud83d", "[?]"),
        ("family \N{MAN}\u200d\N{WOMAN}\u200d\N{GIRL}", "family [?×3]"),
    ],
)
def test_what_no_font_has_is_counted_in_its_place_and_explained(name, printed, fonts):
    """A slip that is refused because of an emoji in a product's name would keep a parcel from being packed."""
    text = text_of(pages_of("packing_slip", a_slip(items=(an_item(name=name),)), fonts), fonts)

    assert printed in text
    assert ("stands for what no font on this server can print" in text) == ("[?" in printed)


def test_a_pick_list_has_a_box_to_tick_for_each_line_and_says_what_it_is_for(fonts):
    pages = pages_of("pick_list", a_pick_list(missing=("Order 17 is not there any more.",)), fonts)

    printed = text_of(pages, fonts)
    expected = ["batch 17", "2 orders · 1 articles · 5 pieces", "A-17", "CANDLE-20", "ORDER-1 × 2, ORDER-2 × 3"]
    assert [text for text in [*expected, "Order 17 is not there any more."] if text not in printed] == []


def test_a_pick_list_without_locations_has_no_column_for_them(fonts):
    picks = (replace(a_pick_list().picks[0], location=""),)

    assert "Location" not in text_of(pages_of("pick_list", a_pick_list(picks=picks), fonts), fonts)


def test_an_end_of_day_list_has_every_parcel_its_sums_and_a_line_to_sign_on(fonts):
    content = an_end_of_day(200, by_country=(("PL", 200),), remarks=("1 label of this day was cancelled.",))
    printed = text_of(pages_of("end_of_day", content, fonts), fonts)

    assert [each for each in content.parcels if each.tracking_number not in printed] == []
    expected = [
        "200 parcels",
        "100.0 kg",
        "Łódź, PL (TEST)",
        "By country: PL 200",
        "1 label of this day was cancelled.",
    ]
    assert [text for text in [*expected, "Taken by the driver"] if text not in printed] == []


def test_the_control_sheet_is_read_back_by_two_decoders(fonts):
    (page,) = pages_of("control_sheet", CONTROLS, fonts)
    picture = proof.picture_of(render([page], "application/pdf", 72, fonts), 300)

    codes = {("code128", control.code) for control in CONTROLS}
    assert proof.codes_in_places(picture, page) == codes
    assert proof.codes_by_zbar(picture) == codes
    assert [control.title for control in CONTROLS if control.title not in text_of([page], fonts)] == []


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.name)
def test_a_control_is_known_in_whatever_case_and_with_spaces_around_it(control):
    assert control_of(f" {control.code.lower()}\r\n") == control_of(control.code) == control


@pytest.mark.parametrize("scanned", ["", "REPRINT", "%KOLLI%", "%KOLLI%REPRINT", "ORDER-1", "%KOLLI%REPRINT%%"])
def test_everything_else_is_no_control(scanned):
    assert control_of(scanned) is None


def test_controls_have_only_characters_that_keyboards_of_several_countries_have_in_one_place():
    assert {char for control in CONTROLS for char in control.code} <= set("%ABCDEFGHIJKLMNOPQRSTUVWX")


def test_the_same_content_makes_the_same_bytes(fonts):
    one, other = (render(pages_of("packing_slip", a_slip(), fonts), "application/pdf", 72, fonts) for _ in range(2))

    assert one == other


def test_symbols_of_a_slip_stay_within_its_margins(fonts):
    (page,) = pages_of("packing_slip", a_slip(), fonts, A6)

    assert [mark.field for mark in page.marks if isinstance(mark, Symbol)] == ["order_number"]


@pytest.mark.parametrize("lines", range(30, 60))
def test_the_lines_to_sign_on_are_never_without_their_words(lines, fonts):
    pages = pages_of("end_of_day", an_end_of_day(lines), fonts)

    (signed,) = [page for page in pages if "Taken by the driver" in " ".join(texts_of(page))]
    thick = [mark for mark in signed.marks if isinstance(mark, Fill) and mark.height == mm(0, 3)]
    assert len(thick) == 2


def texts_of(page):
    return [mark.text for mark in page.marks if isinstance(mark, Text)]


def test_a_number_that_fills_lines_is_whole_once_and_short_on_top_of_further_pages(fonts):
    number = "N" * 900
    items = tuple(an_item(name="word " * 100) for _ in range(30))
    pages = pages_of("packing_slip", a_slip(order_number=number, items=items), fonts, A6)

    assert number in "".join(text for page in pages[:2] for text in texts_of(page))
    assert all(texts_of(page)[0].endswith("…") for page in pages[1:])
    assert len(pages) < 40
