"""From nothing to the first label: a fresh server, its first owner, one order from a file, one label in the browser."""

import re

import pytest
import zxingcpp
from playwright.sync_api import Page, expect
from pypdfium2 import PdfDocument

from tests.browser.conftest import fresh_page
from tests.end_to_end.processes import Kolli, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SET_UP = re.compile(r"owner at (http\S+)")
PASSWORD = "correct horse battery staple"
ORDERS = """order number,name,street,house number,postal code,city,country,item,quantity,weight
WEB-1,Femke de Vries,Oudezijds Voorburgwal,218,1012 GJ,Amsterdam,NL,Candle,2,0.35
"""
SENDER = {
    "Name": "Lumen & Was",
    "Street": "Kanaalweg",
    "House number": "14",
    "Postal code": "3526 KL",
    "City": "Utrecht",
}


@pytest.fixture
def fresh(tmp_path):
    """A server on an empty folder."""
    with serving(tmp_path / "data") as server:
        yield server


@pytest.fixture
def page(browser, fresh):
    with fresh_page(browser, fresh.url) as page:
        yield page


def field(page: Page, label: str):
    """The field with exactly this label; a required one has a star behind it."""
    return page.get_by_label(re.compile(rf"^{label}( \*)?$"))


def become_owner(page: Page, server: Kolli) -> None:
    page.goto(server.wait_for(SET_UP))
    page.get_by_label("Name of your business").fill("Lumen & Was")
    page.get_by_label("Your name or e-mail address").fill("Femke")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("Welcome.")).to_be_visible()


def add_sender_address(page: Page) -> None:
    page.get_by_role("link", name="Sender addresses").first.click()
    page.get_by_role("link", name="Add an address").first.click()
    for label, value in SENDER.items():
        field(page, label).fill(value)
    field(page, "Country").select_option("NL")
    page.locator("main form button.main").click()
    expect(page).to_have_url(re.compile(r"/panel/settings/sender-addresses/([0-9]+/)?$"))


def import_the_order(page: Page) -> None:
    page.goto("/panel/inbox/")
    page.get_by_role("link", name=re.compile("Import")).first.click()
    page.locator("input[type=file]").set_input_files(
        {"name": "orders.csv", "mimeType": "text/csv", "buffer": ORDERS.encode()}
    )
    for button in ("Upload and look at it", "Show what it makes", "Import 1 order"):
        page.get_by_role("button", name=button).click()
    expect(page).to_have_url(re.compile("/done/$"))


def test_from_an_empty_folder_to_a_label(page, fresh):
    become_owner(page, fresh)
    add_sender_address(page)
    import_the_order(page)

    page.goto("/panel/inbox/")
    page.get_by_role("link", name="WEB-1").first.click()
    page.get_by_role("button", name="Ship only").click()
    number = page.locator(".parcel h3 .mono").inner_text(timeout=20_000)
    link = page.get_by_role("link", name="All labels as PDF").get_attribute("href")
    label = page.request.get(f"{fresh.url}{link}")

    assert label.headers["content-type"] == "application/pdf"
    picture = PdfDocument(label.body())[0].render(scale=4).to_pil()
    assert number in {each.text for each in zxingcpp.read_barcodes(picture)}
