"""The tracking page in a real browser: can a person use it, with a small screen, a keyboard, in the dark?"""

from urllib.parse import urlsplit

import pytest

from tests.browser.windows import SIZES, contrasts, wider_than_the_window
from tests.end_to_end.processes import Kolli
from tests.factories import an_order

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LONG = "Taumatawhakatangihangakoauauotamateaturipukakapikimaungahoronukupokaiwhenuakitanatahu"


@pytest.fixture(scope="module")
def tracked(server) -> str:
    """The address of a parcel's page."""
    return shipped(server, "ORDER-1")


def shipped(server: Kolli, number: str, option: str = "sendcloud:letter", **address: str) -> str:
    ship_with = {"type": "shipping_option_code", "properties": {"shipping_option_code": option}}
    order = an_order(order_id=number, order_number=number, shipping_details={"ship_with": ship_with})
    server.ask("POST", "/api/v3/orders", [order | {"shipping_address": order["shipping_address"] | address}])
    url = urlsplit(server.ship(number).json()["data"][0]["tracking_url"])
    return f"{url.path}?{url.query}"


@SIZES
def test_a_person_sees_where_the_parcel_is(open_page, tracked, viewport):
    page = open_page(tracked, viewport=viewport)

    assert page.get_by_role("heading", level=1).inner_text().startswith("SCTEST")
    assert page.locator(".status").inner_text().endswith("Ready to send")
    assert page.get_by_role("listitem").all_inner_texts()[-1].endswith("Being announced")
    assert page.get_by_text("Amsterdam").is_visible()
    assert not wider_than_the_window(page)


@SIZES
@pytest.mark.parametrize("address", ["/tracking/", "/tracking/?tracking_number=NONE&postal_code=1000"])
def test_the_form_fits_into_the_window(open_page, address, viewport):
    page = open_page(address, viewport=viewport)

    assert page.get_by_role("button", name="Track").is_visible()
    assert not wider_than_the_window(page)


@SIZES
def test_long_names_wrap(open_page, server, viewport):
    page = open_page(shipped(server, f"LONG-{viewport['width']}", "postnl:standard", city=LONG), viewport=viewport)

    assert page.get_by_text(LONG).is_visible()
    assert not wider_than_the_window(page)


def test_hostile_names_run_nothing(open_page, server):
    page = open_page(shipped(server, "HOSTILE", city="<img src=x onerror=alert(1)>"))

    assert page.get_by_text("<img src=x onerror=alert(1)>").is_visible()


def test_a_person_without_a_mouse_can_track_a_parcel(open_page, tracked):
    number = dict(part.split("=") for part in urlsplit(tracked).query.split("&"))["tracking_number"]
    page = open_page("/tracking/")

    page.keyboard.press("Tab")
    page.keyboard.type(number)
    page.keyboard.press("Tab")
    page.keyboard.type("1012 gj")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert page.get_by_role("heading", level=1).inner_text().startswith("SCTEST")


def test_the_fields_of_the_form_have_names(open_page):
    page = open_page("/tracking/")

    assert page.get_by_label("Tracking number").is_visible()
    assert page.get_by_label("Postal code").is_visible()


def test_the_form_is_not_sent_without_both(open_page):
    page = open_page("/tracking/")
    page.get_by_label("Tracking number").fill("SCTEST1")
    page.get_by_role("button", name="Track").click()

    assert urlsplit(page.url).query == ""


def test_who_finds_nothing_is_told_and_can_correct_what_was_typed(open_page):
    page = open_page("/tracking/?tracking_number=SCTEST1&postal_code=1000")

    assert "Nothing found" in page.get_by_role("alert").inner_text()
    assert page.get_by_label("Tracking number").input_value() == "SCTEST1"


def test_what_has_the_focus_can_be_seen(open_page):
    page = open_page("/tracking/")
    page.keyboard.press("Tab")

    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ["form", "parcel", "missing"])
def test_every_text_stands_out_from_its_background(open_page, tracked, scheme, address):
    """Source: WCAG 2.2, success criterion 1.4.3: a contrast of at least 4.5 to 1."""
    addresses = {"form": "/tracking/", "parcel": tracked, "missing": "/tracking/?tracking_number=NONE&postal_code=1"}
    page = open_page(addresses[address], color_scheme=scheme)

    assert min(contrasts(page)) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("colour", ["#ffee00", "#101060", "#7f7f7f"])
def test_whatever_colour_a_brand_has_chosen_everything_can_be_read(open_page, server, tracked, colour, scheme):
    (brand,) = server.ask("GET", "/api/v3/brands").json()["data"]
    answer = server.ask("PATCH", f"/api/v3/brands/{brand['id']}", {"color": colour})
    assert answer.status == 200, answer.json()

    page = open_page(tracked, color_scheme=scheme)

    assert page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--brand')").strip() == colour
    assert min(contrasts(page)) >= 4.5
