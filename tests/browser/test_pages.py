"""Every page of the panel in a real browser: small, accessible, no wider than the window, silent on the console."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from kolli.panel import panel_routes
from kolli.panel.web import Route
from tests.browser.conftest import fresh_page
from tests.browser.people import state_of, token_of
from tests.browser.windows import DESKTOP, PHONE, wider_than_the_window
from tests.factories import an_order

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
NEEDS_AXE = pytest.mark.skipif(not AXE.exists(), reason="axe is not installed: scripts/node-packages")
MOST_BYTES = 150_000
SMALLEST_TARGET = 24

PLAIN = sorted(
    route.path
    for route in panel_routes()
    if isinstance(route, Route) and route.method == "GET" and "{" not in route.path and route.path.endswith("/")
    if route.path.split("/")[-2] not in {"rows", "progress", "live", "status"}
)
"""The pages whose address is always the same; what is no page by itself is left out, such as the rows of a list."""

WRONGLY_FILLED = [
    "/panel/settings/printers/new/",
    "/panel/settings/sender-addresses/new/",
    "/panel/settings/rules/new/",
]
"""Forms that may not be left empty."""

FRESH = ["/panel/settings/rules/new/", "/panel/settings/webhooks/connections/new/", "/panel/settings/webhooks/70/"]
"""Forms that two people may have open."""

ABOUT_ONE_THING = [
    ("/panel/inbox/?q=ORDER-2&state=all", "/panel/orders/[0-9]+/"),
    ("/panel/inbox/", "/panel/orders/[0-9]+/"),
    ("/panel/batches/", "/panel/batches/[0-9]+/"),
    ("/panel/print-jobs/", "/panel/print-jobs/[0-9]+/"),
    ("/panel/settings/printers/", "/panel/settings/printers/[0-9]+/"),
    ("/panel/settings/rules/", "/panel/settings/rules/[0-9]+/"),
    ("/panel/settings/contracts/", "/panel/settings/contracts/[0-9]+/"),
    ("/panel/settings/users/", "/panel/settings/users/[0-9]+/"),
    ("/panel/settings/keys/", "/panel/settings/keys/[0-9a-f-]+/"),
    ("/panel/requests/", "/panel/requests/[0-9]+/"),
]
"""Where a page about one thing is found, and its address."""

WINDOWS = pytest.mark.parametrize(
    ("viewport", "color_scheme"),
    [(DESKTOP, "light"), (PHONE, "dark")],
    ids=["1280 px, light", "360 px, dark"],
)


@pytest.fixture(scope="module", autouse=True)
def shipped(server):
    """Something to show on the pages: an order that was shipped, one that was not, one with warnings."""
    orders = [an_order(order_id=f"shop-{number}", order_number=f"ORDER-{number}") for number in range(1, 4)]
    orders[2]["shipping_address"]["address_line_1"] = "A street whose name is so long that no carrier has room for it"
    server.ask("POST", "/api/v3/orders", orders)
    server.ship("ORDER-1")


@pytest.fixture(scope="module")
def details(shipped, server, browser, server_data) -> list[str]:
    """Pages about one thing: an order, its change, a batch, a print job, a printer, a rule, a contract, a request."""
    orders = [an_order(order_id=f"together-{number}", order_number=f"TOGETHER-{number}") for number in range(2)]
    server.ask("POST", "/api/v3/orders", orders)
    state = state_of(token_of(server_data, "owner"), server.url)
    with fresh_page(browser, server.url, storage_state=state) as page:
        page.goto("/panel/inbox/?q=ORDER-2")
        page.locator("main [data-press=p]").click()
        expect(page.locator(".notice.good").first).to_be_visible()
        page.goto("/panel/inbox/?q=TOGETHER")
        for place in range(2):
            page.locator("[data-rows] [type=checkbox]").nth(place).check()
        page.locator("[data-bar] button.main").click()
        page.wait_for_url("**/panel/batches/*/")
        page.goto("/panel/settings/rules/new/")
        page.locator("#name").fill("To Algeria")
        page.locator("fieldset").nth(0).locator("select").nth(2).select_option(index=3)
        page.locator("fieldset").nth(1).locator("select").nth(1).select_option(index=1)
        page.locator("[name=do][value=save]").click()
        page.wait_for_url("**/panel/settings/rules/")
        found = [first_link(page, *each) for each in ABOUT_ONE_THING]
    return [*found, f"{found[0]}edit/"]


def first_link(page: Page, path: str, pattern: str) -> str:
    """The first address on a page that the pattern fits."""
    page.goto(path)
    links: list[str] = page.locator("main a[href]").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    return next(link for link in links if re.fullmatch(pattern, link))


def looked_at(page: Page, path: str) -> list[str]:
    """What is wrong with a page: what axe finds, and a window that is too narrow for it."""
    page.goto(path, wait_until="networkidle")
    return [*violations(page), *(["wider than the window"] if wider_than_the_window(page) else [])]


def violations(page, tags=("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")) -> list[str]:
    """What axe finds that is serious or critical."""
    page.evaluate(AXE.read_text("utf-8"))
    options = json.dumps({"runOnly": {"type": "tag", "values": list(tags)}})
    found = page.evaluate(f"axe.run(document, {options})")["violations"]
    return [
        f"{each['id']} ({each['impact']}): {each['nodes'][0]['html'][:200]}"
        for each in found
        if each["impact"] in {"serious", "critical"}
    ]


@NEEDS_AXE
@WINDOWS
@pytest.mark.parametrize("path", PLAIN)
def test_axe_finds_nothing_serious(signed_in, path, viewport, color_scheme):
    page = signed_in(path, viewport=viewport, color_scheme=color_scheme)

    assert violations(page) == []
    assert not wider_than_the_window(page)


@NEEDS_AXE
@WINDOWS
def test_axe_finds_nothing_serious_on_pages_about_one_thing(signed_in, details, viewport, color_scheme):
    page = signed_in(viewport=viewport, color_scheme=color_scheme)

    found = {path: looked_at(page, path) for path in details}

    assert {path: each for path, each in found.items() if each} == {}


@NEEDS_AXE
@WINDOWS
@pytest.mark.parametrize("path", WRONGLY_FILLED)
def test_axe_finds_nothing_serious_in_a_form_that_was_filled_in_wrongly(signed_in, path, viewport, color_scheme):
    page = signed_in(path, viewport=viewport, color_scheme=color_scheme)
    page.locator("main form").evaluate_all("forms => forms.forEach(form => form.noValidate = true)")

    page.locator("main form button.main").last.click()
    expect(page.locator("main .notice.bad").first).to_be_visible()

    assert violations(page) == []
    assert not wider_than_the_window(page)


@pytest.mark.parametrize("path", FRESH)
def test_a_page_that_was_just_opened_says_nothing_of_somebody_else_who_saved_it(signed_in, path):
    page = signed_in(path)

    assert page.locator("main .notice").count() == 0


@pytest.mark.parametrize("path", PLAIN)
def test_a_page_weighs_little(signed_in, path):
    weights: dict[str, int] = {}
    page = signed_in("/panel/me/")
    page.on("requestfinished", lambda asked: weights.setdefault(asked.url, asked.sizes()["responseBodySize"]))

    page.goto(path, wait_until="networkidle")

    assert sum(weights.values()) <= MOST_BYTES, weights


@pytest.mark.parametrize("path", PLAIN)
def test_everything_that_can_be_pressed_is_large_enough_and_reached_by_keyboard(signed_in, path):
    page = signed_in(path, viewport=PHONE)

    small = page.evaluate(TOO_SMALL, SMALLEST_TARGET)
    unreachable = page.evaluate(UNREACHABLE)

    assert (small, unreachable) == ([], [])


def test_escape_closes_what_is_open_and_the_focus_goes_back_to_what_opened_it(signed_in):
    page = signed_in("/panel/inbox/")

    page.locator(".me summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".me > div")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".me > div")).to_be_hidden()
    expect(page.locator(".me summary")).to_be_focused()
    page.keyboard.press("?")
    expect(page.locator("#keys-help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys-help")).to_be_hidden()


def test_no_field_of_an_order_has_the_focus_behind_the_bar_with_its_button(signed_in, details):
    page = signed_in(f"{details[0]}edit/", viewport=DESKTOP)
    page.locator("#name").focus()

    behind = set()
    for _ in range(page.locator("main input:visible, main select:visible").count()):
        behind |= set(page.evaluate(BEHIND))
        page.keyboard.press("Tab")

    assert behind == set()


BEHIND = """() => {
  const bar = document.querySelector(".editing .bar").getBoundingClientRect();
  const field = document.activeElement;
  return field.closest(".bar") || field.getBoundingClientRect().bottom <= bar.top ? [] : [field.id];
}"""

TOO_SMALL = """(least) => [...document.querySelectorAll("main button, main input, main select, .top button")]
  .filter((e) => e.type !== "hidden" && e.checkVisibility({ visibilityProperty: true }) && !e.closest(".unseen"))
  .map((e) => [e.outerHTML.slice(0, 120), e.getBoundingClientRect()])
  .filter(([, box]) => box.width > 0 && (box.width < least && box.height < least))
  .map(([html, box]) => `${html} ${Math.round(box.width)}x${Math.round(box.height)}`)"""

UNREACHABLE = """() => [...document.querySelectorAll("main [onclick], main [role=button], main a:not([href])")]
  .filter((e) => e.tabIndex < 0).map((e) => e.outerHTML.slice(0, 120))"""


def test_the_pages_are_those_of_the_menu_and_more():
    assert len(PLAIN) >= 10
    assert all(re.fullmatch(r"/panel/([a-z-]+/)*", path) for path in PLAIN)
