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


@pytest.fixture
def fresh(tmp_path):
    """A server on an empty folder."""
    with serving(tmp_path / "data") as server:
        yield server


@pytest.fixture
def page(browser, fresh):
    with fresh_page(browser, fresh.url) as page:
        yield page


def become_owner(page: Page, server: Kolli) -> None:
    page.goto(server.wait_for(SET_UP))
    page.get_by_label("Name of your business").fill("Lumen & Was")
    page.get_by_label("Your name or e-mail address").fill("Femke")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Begin").click()
    expect(page.get_by_text("Welcome.")).to_be_visible()


def add_sender_address(page: Page) -> None:
    page.get_by_role("link", name="Sender addresses").first.click()
    page.get_by_role("link", name=re.compile("Add|New", re.IGNORECASE)).first.click()
    for label, value in {
        "Name": "Lumen & Was",
        "Street": "Kanaalweg",
        "House number": "14",
        "Postal code": "3526 KL",
        "City": "Utrecht",
    }.items():
        page.get_by_label(label, exact=False).first.fill(value)
    page.locator("main form button.main").first.click()


def import_the_order(page: Page) -> None:
    page.goto("/panel/inbox/")
    page.get_by_role("link", name=re.compile("Import")).first.click()
    page.locator("input[type=file]").set_input_files(
        {"name": "orders.csv", "mimeType": "text/csv", "buffer": ORDERS.encode()}
    )
    for _ in range(3):  # the file, its columns, what was read
        if page.url.rstrip("/").endswith("imports") or "imports" in page.url:
            page.locator("main form button.main").first.click()
            page.wait_for_load_state("networkidle")


def test_from_an_empty_folder_to_a_label(page, fresh):
    become_owner(page, fresh)
    add_sender_address(page)
    import_the_order(page)

    page.goto("/panel/inbox/")
    page.get_by_role("link", name="WEB-1").first.click()
    page.get_by_role("button", name=re.compile("^Ship")).first.click()
    page.wait_for_load_state("networkidle")
    link = page.locator("main a[href*='.pdf']").first.get_attribute("href")
    label = page.request.get(f"{fresh.url}{link}").body()

    picture = PdfDocument(label)[0].render(scale=4).to_pil()
    (number,) = re.findall(r"[A-Z0-9]{8,}", page.locator("main").inner_text())[:1]
    assert number in {each.text for each in zxingcpp.read_barcodes(picture)}
