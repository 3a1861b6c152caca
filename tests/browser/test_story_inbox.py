"""The story of somebody who ships from the inbox and never touches the mouse."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_pages import violations
from tests.browser.windows import DESKTOP, PHONE, wider_than_the_window
from tests.end_to_end.processes import run
from tests.factories import an_order
from tests.printers import LabelPrinter, a_label_printer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATH = "/panel/inbox/"


@pytest.fixture(scope="module")
def printer(server, server_data) -> Iterator[LabelPrinter]:
    with a_label_printer() as printer:
        added = run("printers", "add", "Desk", "--raw", printer.address, "--default", data=server_data)
        assert added.returncode == 0, added.stderr
        yield printer


def stored(server, *numbers: str, **changes) -> list[int]:
    orders = [an_order(order_id=f"shop {number}", order_number=number, **changes) for number in numbers]
    answer = server.ask("POST", "/api/v3/orders", orders)
    assert answer.status == 201
    return [entry["id"] for entry in answer.json()["data"]]


def shipped(server, number: str) -> int:
    return len(server.ask("GET", f"/api/v3/shipments?order_number={number}").json()["data"])


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def search(page: Page, text: str, expected: int) -> None:
    """Looks for something as a person at the keyboard does, and leaves the field again."""
    press(page, "/")
    page.keyboard.type(text, delay=5)
    expect(page.locator("[data-rows] > tr")).to_have_count(expected)
    press(page, "Escape")


def test_an_order_is_found_shipped_printed_printed_again_edited_and_cancelled_by_keys_alone(signed_in, server, printer):
    stored(server, "KEY-1", "KEY-2", "KEY-3")
    page = signed_in(PATH, "packer", viewport=DESKTOP)

    search(page, "KEY-2", 1)
    assert "q=KEY-2" in page.url
    press(page, "j", "p")
    expect(page.locator(".notice.good").first).to_contain_text("Shipped with")
    assert shipped(server, "KEY-2") == 1

    press(page, "r")
    expect(page).to_have_url(re.compile(r"\?job="))
    assert shipped(server, "KEY-2") == 1

    press(page, "e")
    expect(page.locator("h1")).to_have_text("Edit order KEY-2")
    page.locator("#city").focus()
    press(page, "Control+a")
    page.keyboard.type("Utrecht")
    press(page, "Enter")
    expect(page.locator("address")).to_contain_text("Utrecht")

    page.on("dialog", lambda dialog: dialog.accept())
    press(page, "v")
    expect(page.locator(".notice.good").first).to_contain_text("The label is cancelled")
    press(page, "?")
    expect(page.locator("#keys-help")).to_be_visible()


def test_several_are_selected_with_keys_and_shipped_together(signed_in, server, printer):
    stored(server, "MANY-1", "MANY-2", "MANY-3")
    page = signed_in(PATH, "packer", viewport=DESKTOP)

    search(page, "MANY", 3)
    press(page, "j", "x", "j", "x")
    expect(page.locator("[data-bar] strong")).to_have_text("2 orders selected")
    button = page.get_by_role("button", name="Ship 2 orders")
    button.focus()
    press(page, "Enter")

    expect(page).to_have_url(re.compile("/panel/batches/"))


def test_a_range_is_selected_with_shift_and_all_with_one_box(signed_in, server):
    stored(server, *(f"RANGE-{place}" for place in range(1, 7)))
    page = signed_in(f"{PATH}?q=RANGE", "packer", viewport=DESKTOP)
    boxes = page.locator("[data-rows] [type=checkbox]")

    boxes.nth(1).click()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator("[data-bar] strong")).to_have_text("4 orders selected")
    page.locator("[data-all]").click()
    expect(page.locator("[data-bar] strong")).to_have_text("6 orders selected")
    page.get_by_role("button", name="Select none").click()
    expect(page.locator("[data-bar]")).to_be_hidden()


def test_another_choice_shows_another_decision_and_the_label_without_buying_it(signed_in, server):
    (order,) = stored(server, "LOOK-1")
    page = signed_in(f"/panel/orders/{order}/", "packer", viewport=DESKTOP)

    expect(page.locator("figure img")).to_be_visible()
    page.get_by_text("Choose otherwise").click()
    page.locator("#shipping_option_code").select_option(index=1)
    expect(page.locator("#decision")).to_contain_text("Chosen by hand")
    assert page.evaluate("document.querySelector('figure img').naturalWidth") > 0
    assert shipped(server, "LOOK-1") == 0


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_pages_of_an_order_fit_their_window_and_can_be_used_by_everybody(signed_in, server, size):
    long = {**an_order()["shipping_address"], "company_name": "W" * 300, "city": "Sankt-Wolfgang-im-Salzkammergut" * 4}
    (order,) = stored(server, f"WIDE-{size['width']}-{'9' * 80}", shipping_address=long)
    page = signed_in(PATH, "owner", viewport=size)

    for path in (f"{PATH}?state=all", f"/panel/orders/{order}/", f"/panel/orders/{order}/edit/"):
        page.goto(path)
        page.wait_for_load_state("networkidle")
        assert not wider_than_the_window(page), path
        assert violations(page) == [], path
