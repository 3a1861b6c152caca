"""The story of an owner: a rule is written by clicking, tried on what was shipped, and saved; an order goes by it."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_pages import NEEDS_AXE, violations
from tests.browser.windows import DESKTOP, PHONE, wider_than_the_window
from tests.factories import an_order

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATH = "/panel/settings/rules/"
PATIENCE = 20_000  # milliseconds
SHIPPED = 60


@pytest.fixture(scope="module")
def shipped(server):
    """What was shipped before there was a rule: some to the Netherlands, and some to Belgium."""
    orders = [an_order(order_id=f"past {number}", order_number=f"PAST-{number}") for number in range(SHIPPED)]
    for order in orders[::3]:
        order["shipping_address"] |= {"country_code": "BE", "postal_code": "1000", "city": "Brussel"}
    assert server.ask("POST", "/api/v3/orders", orders).status == 201
    for order in orders:
        assert server.ship(order["order_number"]).status == 201


def option_of(server, number: str) -> str:
    (shipment,) = server.ask("GET", f"/api/v3/shipments?order_number={number}").json()["data"]
    return str(shipment["ship_with"]["properties"]["shipping_option_code"])


def choose(page: Page, label: str, value: str) -> None:
    """Chooses from a list that has the form replaced, and waits until that is done."""
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_label(label, exact=True).select_option(value)
    page.wait_for_load_state("networkidle")


def press(page: Page, name: str) -> None:
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.get_by_role("button", name=name, exact=True).click()
    page.wait_for_load_state("networkidle")


def write_a_rule(page: Page, name: str) -> None:
    """To the Netherlands, and lighter than 50 kg: with PostNL."""
    page.get_by_label(re.compile("^Name")).fill(name)
    choose(page, "Condition 1", "to_country")
    page.get_by_label("Condition 1: with what", exact=True).select_option("NL")
    press(page, "Add a condition")
    choose(page, "Condition 2", "weight")
    choose(page, "Condition 2: how it compares", "lt")
    page.get_by_label("Condition 2: with what", exact=True).fill("50")
    page.get_by_label("Action 1: its value", exact=True).select_option("postnl:standard")


@pytest.mark.usefixtures("shipped")
def test_a_rule_is_written_tried_saved_and_an_order_is_shipped_by_it(signed_in, server):
    page = signed_in(f"{PATH}new/")
    write_a_rule(page, "Home with PostNL")

    page.get_by_role("button", name="Dry run", exact=True).click()
    expect(page.get_by_text("Order by order")).to_be_visible(timeout=PATIENCE)
    found = page.locator("#trial").inner_text()
    page.get_by_role("button", name="Save this rule").click()
    expect(page.get_by_role("link", name="Home with PostNL").first).to_be_visible()
    server.ask("POST", "/api/v3/orders", [an_order(order_id="next", order_number="NEXT")])
    page.goto("/panel/inbox/?q=NEXT")
    page.get_by_role("link", name="NEXT").first.click()
    page.get_by_role("button", name=re.compile("^Ship")).first.click()
    expect(page.locator("main")).to_contain_text("Home with PostNL", timeout=PATIENCE)

    assert re.search(rf"{SHIPPED * 2 // 3}\s+of {SHIPPED} orders would go another way", found)
    assert "because of “Home with PostNL”" in found
    assert option_of(server, "NEXT") == "postnl:standard"
    assert option_of(server, "PAST-1") != "postnl:standard"


@pytest.mark.usefixtures("shipped")
def test_a_dry_run_goes_on_for_whoever_opens_its_page_again(signed_in):
    page = signed_in(f"{PATH}new/")
    write_a_rule(page, "Only tried")
    page.get_by_role("button", name="Dry run", exact=True).click()
    page.wait_for_url("**/dry-runs/**")

    again = signed_in(page.url)

    for each in (page, again):
        expect(each.locator("#trial[hx-get]")).to_have_count(0, timeout=PATIENCE)
        expect(each.locator("#trial")).to_contain_text(re.compile(r"of \d+ orders would go another way"))
    expect(again.get_by_role("heading", name="Dry run: Only tried")).to_be_visible()


@pytest.mark.usefixtures("shipped")
def test_a_rule_is_written_without_scripts(signed_in):
    page = signed_in(f"{PATH}new/", java_script_enabled=False)
    page.get_by_label(re.compile("^Name")).fill("Without scripts")
    page.get_by_label("Condition 1", exact=True).select_option("weight")
    page.get_by_role("button", name="Show the fields that fit what I have chosen").click()
    page.get_by_label("Condition 1: how it compares", exact=True).select_option("ge")
    page.get_by_label("Condition 1: with what", exact=True).fill("3")
    page.get_by_role("button", name="Add an action").click()
    page.get_by_role("button", name="Remove action 2").click()
    page.get_by_label("Action 1: its value", exact=True).select_option("postnl:standard")

    page.get_by_role("button", name="Save the rule").click()

    text = page.locator("main").inner_text()
    assert "If Weight (kg) greater or equal than 3 → Ship with" in re.sub(r"\s+", " ", text)


def test_the_one_who_chooses_with_the_keyboard_keeps_their_place(signed_in):
    page = signed_in(f"{PATH}new/")
    page.get_by_label("Condition 1", exact=True).focus()

    choose(page, "Condition 1", "weight")

    assert page.evaluate("document.activeElement.id") == "c0.property"


@NEEDS_AXE
@pytest.mark.usefixtures("shipped")
@pytest.mark.parametrize(("viewport", "color_scheme"), [(DESKTOP, "dark"), (PHONE, "light")])
def test_axe_finds_nothing_serious_while_a_rule_is_written_and_tried(signed_in, viewport, color_scheme):
    page = signed_in(f"{PATH}new/", viewport=viewport, color_scheme=color_scheme)
    choose(page, "Condition 1", "to_country")
    choose(page, "Condition 1: how it compares", "in")
    choose(page, "One more: Condition 1: with what", "NL")
    page.get_by_label("Action 1: its value", exact=True).select_option("postnl:standard")
    page.get_by_label(re.compile("^Name")).fill("Looked at")
    written = violations(page)
    is_too_wide = wider_than_the_window(page)
    page.get_by_label("Compare with").select_option("shipped")

    page.get_by_role("button", name="Dry run", exact=True).click()
    expect(page.get_by_text("Order by order")).to_be_visible(timeout=PATIENCE)

    assert (written, violations(page)) == ([], [])
    assert not is_too_wide
    assert not wider_than_the_window(page)
