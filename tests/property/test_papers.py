"""Papers print whatever they are given: no text makes one fail, and none leaves the page."""

from decimal import Decimal

import pypdfium2
from hypothesis import example, given
from hypothesis import strategies as st

from kolli.documents.layouts.packing_slip import SlipContent, SlipItem, lay_out
from kolli.documents.papers import A4, A6
from kolli.documents.render import render
from kolli.drawing import Text
from kolli.values import Address, Weight
from tests.factories import the_fonts

TEXTS = st.text(max_size=300) | st.text(
    st.sampled_from("aA -\u0301\u0308\u4e2d\u0627\U0001f600\u200d\ufe0f\t\n\0\ud83d\ufffd[?×]W."), max_size=80
)
LATIN = st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_categories=("Cc", "Cf"))


@given(TEXTS)
@example("")
@example("\u0301")
@example("a\u0301\u0301\u0301\u0301")
@example("\ufe0f")
def test_what_is_legible_is_printable_and_stays_as_it_is(text):
    fonts = the_fonts()

    legible = fonts.legible(text)

    assert fonts.printable(legible, "text") == legible
    assert fonts.legible(legible) == legible


@given(st.text(LATIN, min_size=1, max_size=200))
def test_what_can_be_printed_is_printed_as_it_is(text):
    fonts = the_fonts()

    assert fonts.legible(text) == fonts.printable(text, "text")


@given(st.lists(TEXTS, min_size=5, max_size=5), st.integers(-5, 10**12), st.booleans())
@example(["W" * 300] * 5, 1, True)
def test_a_packing_slip_of_anything_has_no_mark_outside_the_page(texts, quantity, small):
    name, sku, number, street, note = texts
    fonts, paper = the_fonts(), A6 if small else A4
    address = Address(name=name, address_line_1=street, postal_code=sku, city=name, country_code="DE")
    item = SlipItem(quantity, name, sku, Weight(Decimal("0.5"), "kg"))
    content = SlipContent(number, address, address, (item,) * 3, brand_name=name, tracking_number=sku, notes=(note,))

    pages = lay_out(content, paper, fonts)

    for page in pages:
        for mark in page.marks:
            if isinstance(mark, Text):
                width = fonts.width(mark.text, mark.size, bold=mark.bold, language=mark.language)
                assert 0 <= mark.start(width) <= mark.start(width) + width <= paper.width
                assert 0 < mark.baseline <= paper.height
            else:
                assert 0 <= mark.x <= mark.x + mark.width <= paper.width
                assert 0 <= mark.y <= mark.y + mark.height <= paper.height
    with pypdfium2.PdfDocument(render(pages, "application/pdf", 72, fonts)) as document:
        assert len(document) == len(pages)
