"""Whatever colour a brand has chosen, what is written in it and on it can be read."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kolli.panel.colours import (
    DARK_PAGES,
    ENOUGH,
    LIGHT_PAGES,
    contrast,
    ink_on,
    parsed,
    readable,
    style_sheet,
    written,
)

COLOURS = st.tuples(*[st.integers(0, 255)] * 3)
BLACK, WHITE = (0, 0, 0), (255, 255, 255)


def test_contrasts_are_those_of_the_guidelines():
    """Source: WCAG 2.2, "contrast ratio": from 1 to 21; and the grey everybody quotes, #767676 on white."""
    assert contrast(BLACK, WHITE) == 21
    assert contrast(WHITE, WHITE) == 1
    assert round(contrast((118, 118, 118), WHITE), 2) == 4.54


@given(COLOURS)
@example(BLACK)
@example(WHITE)
@example((255, 255, 0))
@example((117, 117, 117))
def test_text_on_any_colour_can_be_read(colour):
    assert contrast(ink_on(colour), colour) >= ENOUGH


@given(COLOURS)
@example(BLACK)
@example(WHITE)
@example((255, 255, 0))
@example((0, 0, 255))
def test_text_in_any_colour_can_be_read_on_every_page(colour):
    on_light, on_dark = readable(colour, LIGHT_PAGES, BLACK), readable(colour, DARK_PAGES, WHITE)

    assert min(contrast(on_light, page) for page in LIGHT_PAGES) >= ENOUGH
    assert min(contrast(on_dark, page) for page in DARK_PAGES) >= ENOUGH


def test_a_colour_that_can_be_read_stays_what_it_is():
    assert readable((29, 78, 216), LIGHT_PAGES, BLACK) == (29, 78, 216)


@given(COLOURS)
def test_a_colour_is_written_as_it_is_read(colour):
    assert parsed(written(colour)) == colour


@pytest.mark.parametrize(
    "text",
    ["", "#fff", "red", "#12345g", "#1234567", "url(x)", "#123456;}", "# 12345", "#١٢٣٤٥٦"],
)
def test_nothing_else_is_a_colour(text):
    assert parsed(text) is None


def test_a_style_sheet_says_what_the_page_uses():
    assert style_sheet((255, 255, 0)) == (
        ":root { --brand: #ffff00; --brand-ink: #000000; --accent: #737300; }\n"
        "@media (prefers-color-scheme: dark) { :root { --accent: #ffff00; } }\n"
    )
