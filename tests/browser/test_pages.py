"""Every page of the panel in a real browser: small, accessible, no wider than the window, silent on the console."""

import json
import re
from pathlib import Path

import pytest

from kolli.panel import panel_routes
from kolli.panel.web import Route
from tests.browser.windows import DESKTOP, PHONE, wider_than_the_window
from tests.factories import an_order

pytestmark = [pytest.mark.browser, pytest.mark.slow]

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
MOST_BYTES = 150_000
SMALLEST_TARGET = 24

PLAIN = sorted(
    route.path
    for route in panel_routes()
    if isinstance(route, Route) and route.method == "GET" and "{" not in route.path and route.path.endswith("/")
    if route.path.split("/")[-2] not in {"rows", "progress", "live", "status"}
)
"""The pages whose address is always the same; what is no page by itself is left out, such as the rows of a list."""

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


@pytest.mark.skipif(not AXE.exists(), reason="axe is not installed: scripts/node-packages")
@WINDOWS
@pytest.mark.parametrize("path", PLAIN)
def test_axe_finds_nothing_serious(signed_in, path, viewport, color_scheme):
    page = signed_in(path, viewport=viewport, color_scheme=color_scheme)

    assert violations(page) == []
    assert not wider_than_the_window(page)


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
