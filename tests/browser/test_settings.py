"""Settings in a browser: a brand gets its colour and logo, and two windows change the same thing."""

import io

import pytest
from PIL import Image

from tests.browser.conftest import fresh_page
from tests.browser.people import state_of, token_of

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BRANDS = "/panel/settings/brands/"
SHOPS = "/panel/settings/shops/"


def a_png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (300, 100), "black").save(file, "PNG")
    return file.getvalue()


def test_a_brand_gets_its_colour_and_its_logo_stands_on_the_sample_label(signed_in):
    page = signed_in(f"{BRANDS}new/")
    page.get_by_label("Name").fill("Kaars & Zo")
    page.get_by_label("Pick").fill("#b5651d")  # the field beside it follows
    assert page.get_by_label("Colour").input_value() == "#b5651d"
    page.get_by_role("button", name="Add the brand").click()

    page.get_by_label("Picture").set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": a_png()})
    page.get_by_role("button", name="Upload the logo").click()

    for name in ("The logo of Kaars & Zo", "A sample label with this brand"):
        picture = page.get_by_alt_text(name)
        picture.scroll_into_view_if_needed()
        page.wait_for_function("picture => picture.complete && picture.naturalWidth > 0", arg=picture.element_handle())


def test_the_second_of_two_windows_is_told_and_can_decide(signed_in, browser, server, server_data):
    first = signed_in(SHOPS)
    first.get_by_label("Name").fill("Candles")
    first.get_by_role("button", name="Add the shop").click()
    state = state_of(token_of(server_data, "owner", "Ruben"), server.url)

    with fresh_page(browser, server.url, storage_state=state) as second:
        second.goto(first.url)
        for window, name in ((first, "Candles in Utrecht"), (second, "Candles in Tilburg")):
            window.get_by_label("Name").fill(name)
            window.get_by_role("button", name="Save the shop").click()

        second.get_by_text("Somebody else has saved this since you opened the page.").wait_for()
        assert second.get_by_label("Name").input_value() == "Candles in Tilburg"
        assert second.locator("td", has_text="Candles in Utrecht").count() == 1
        second.get_by_role("button", name="Save the shop").click()
        second.get_by_role("heading", name="Candles in Tilburg").wait_for()
