"""The API explorer in a real browser: can a person find an endpoint, ask it, and take the request elsewhere?"""

import pytest
from playwright.sync_api import Locator, Page

from kolli.api.description import SECTIONS
from tests.browser.windows import SIZES, contrasts, wider_than_the_window
from tests.end_to_end.processes import Kolli
from tests.factories import an_order

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture
def explorer(open_page, server):
    """Opens the explorer and types the credentials."""

    def explorer(**options) -> Page:
        page: Page = open_page("/explorer/", **options)
        page.locator("details.operation").first.wait_for()
        page.get_by_label("Public key").fill(server.credentials.public_key)
        page.get_by_label("Secret key").fill(server.credentials.secret)
        return page

    return explorer


def opened(page: Page, operation: str) -> Locator:
    found = page.locator(f"#{operation}")
    found.locator(":scope > summary").click()
    return found


def sent(page: Page, operation: str) -> Locator:
    found = opened(page, operation)
    found.get_by_role("button", name="Send").click()
    found.locator(".answer .status").wait_for()
    return found


def shippable(server: Kolli, number: str) -> None:
    server.ask("POST", "/api/v3/orders", [an_order(order_id=number, order_number=number)])


def test_every_endpoint_is_there(explorer):
    page = explorer()

    assert page.locator("details.operation").count() == sum(len(section.ROUTES) for section in SECTIONS)


@SIZES
def test_a_person_asks_for_the_statuses(explorer, viewport):
    page = explorer(viewport=viewport)

    answered = sent(page, "get-parcels-statuses")

    assert answered.locator(".status").inner_text() == "200 OK"
    assert "READY_TO_SEND" in answered.locator(".answer pre").inner_text()
    assert not wider_than_the_window(page)


def test_a_label_is_made_and_then_looked_at(explorer, server):
    """The number of the new parcel stands in the other forms by itself."""
    shippable(server, "EXPLORED")
    page = explorer()
    body = opened(page, "post-orders-create-label-sync").get_by_role("textbox", name="Body")
    body.fill(body.input_value().replace("ORDER-25763", "EXPLORED"))
    page.locator("#post-orders-create-label-sync").get_by_role("button", name="Send").click()
    page.locator("#post-orders-create-label-sync .status").wait_for()

    label = sent(page, "get-parcels-id-documents-type")

    assert page.locator("#post-orders-create-label-sync .status").inner_text() == "201 Created"
    assert label.locator(".status").inner_text() == "200 OK"
    assert label.get_by_alt_text("The answer, as a picture").evaluate("picture => picture.decode().then(() => true)")


def test_wrong_credentials_are_told(explorer):
    page = explorer()
    page.get_by_label("Secret key").fill("wrong")

    answered = sent(page, "get-orders")

    assert answered.locator(".status").inner_text() == "401 Unauthorized"
    assert "Invalid username/password." in answered.locator(".answer pre").inner_text()


def test_a_request_can_be_taken_to_a_shell_without_its_secret(explorer, server):
    page = explorer(permissions=["clipboard-read", "clipboard-write"])
    operation = opened(page, "get-orders")
    operation.get_by_label("order_number The number").fill("it's one")

    operation.get_by_role("button", name="Copy as curl").click()

    assert page.evaluate("navigator.clipboard.readText()") == (
        f"curl --request GET --url '{server.url}/api/v3/orders?order_number=it'\\''s%20one' \\\n"
        f'  --user "{server.credentials.public_key}:$KOLLI_SECRET_KEY"'
    )


def test_the_filter_leaves_what_fits(explorer):
    page = explorer()

    page.get_by_label("Filter").fill("post label-sync")

    assert page.locator("details.operation:visible").all_inner_texts() == [
        "POST\n/api/v3/orders/create-label-sync\nShip one order and get its label in the answer"
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out_from_its_background(explorer, scheme):
    """Source: WCAG 2.2, success criterion 1.4.3: a contrast of at least 4.5 to 1."""
    page = explorer(color_scheme=scheme)
    sent(page, "get-parcels-statuses")
    opened(page, "delete-orders-id")

    assert min(contrasts(page)) >= 4.5


def test_a_link_leads_to_an_endpoint(open_page):
    page = open_page("/explorer/#get-orders")

    page.locator("#get-orders[open]").wait_for()
    assert page.locator("#get-orders").get_by_role("button", name="Send").is_visible()
