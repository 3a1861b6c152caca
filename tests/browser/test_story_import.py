"""Fifty orders from a file, shipped together, and their labels printed in the order of the list."""

import re

import pytest
import zxingcpp
from playwright.sync_api import Page, expect
from pypdfium2 import PdfDocument

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HEADER = "order number,name,street,house number,postal code,city,country,item,quantity,weight"
COUNT = 50
ORDERS = "\n".join(
    [
        HEADER,
        *(
            f"FILE-{number:03},Buyer {number},Oudezijds Voorburgwal,{number},1012 GJ,Amsterdam,NL,Candle,1,0.35"
            for number in range(1, COUNT + 1)
        ),
    ]
)


def import_orders(page: Page) -> None:
    page.get_by_role("link", name=re.compile("Import")).first.click()
    page.locator("input[type=file]").set_input_files(
        {"name": "orders.csv", "mimeType": "text/csv", "buffer": ORDERS.encode()}
    )
    for button in ("Upload and look at it", "Show what it makes", f"Import {COUNT} orders"):
        page.get_by_role("button", name=button).click()
    expect(page).to_have_url(re.compile("/done/$"))


def fetched(page: Page) -> PdfDocument:
    """The file of a print job, as its button fetches it."""
    form = page.locator("main form[action$='/fetch/']").first
    hidden = {name: form.locator(f"[name={name}]").get_attribute("value") or "" for name in ("csrf", "form_key")}
    answer = page.request.post(form.get_attribute("action") or "", form={**hidden})
    assert answer.headers["content-type"] == "application/pdf"
    return PdfDocument(answer.body())


def test_fifty_orders_are_imported_shipped_and_printed_in_the_order_of_the_list(signed_in):
    page = signed_in("/panel/inbox/")
    import_orders(page)

    page.goto("/panel/inbox/")
    listed = page.locator("[data-rows] tr a[href*='/panel/orders/']").all_inner_texts()
    numbers = [text for text in listed if text.startswith("FILE-")]
    page.get_by_label("Select all on this page").check()
    page.get_by_role("button", name=f"Ship {COUNT} orders", exact=True).click()
    expect(page.get_by_text("All shipped")).to_be_visible(timeout=60_000)
    page.reload()
    expect(page.get_by_text("All shipped")).to_be_visible()
    page.get_by_role("button", name=f"Print the labels of {COUNT} orders").click()
    labels = fetched(page)

    texts = [label.get_textpage().get_text_range() for label in labels]
    assert [re.findall(r"FILE-\d{3}", text)[0] for text in texts] == numbers
    codes = {zxingcpp.read_barcodes(label.render(scale=4).to_pil())[0].text for label in labels}
    assert len(numbers) == len(codes) == COUNT
