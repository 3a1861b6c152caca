"""The story of a developer whose program was refused: the log, the pointer, the hint, and the request corrected."""

import json
import os
import subprocess

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_pages import NEEDS_AXE, violations
from tests.browser.windows import DESKTOP, PHONE, wider_than_the_window
from tests.factories import an_order

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SYNC = "/api/v3/orders/create-label-sync"
CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def wrong(number: str) -> dict[str, object]:
    """A request with a mistake that is refused, and one that is not."""
    return {"integration_id": "seventy", "order": {"order_number": number, "aply_shipping_rules": True}}


@pytest.fixture
def stored(server):
    """Stores an order, and gives its number."""

    def stored(number: str) -> str:
        server.ask("POST", "/api/v3/orders", [an_order(order_id=number, order_number=number)])
        return number

    return stored


def asked_and_opened(page: Page, server, body) -> None:
    """Asks while the log is open, and opens the request as soon as it is there."""
    rows = page.locator("#requests tr")
    before = rows.count()
    server.ask("POST", SYNC, body)
    expect(rows).to_have_count(before + 1)
    rows.first.get_by_role("link").click()


def run(line: str, server) -> subprocess.CompletedProcess[str]:
    keys = {"KOLLI_PUBLIC_KEY": server.credentials.public_key, "KOLLI_SECRET_KEY": server.credentials.secret}
    return subprocess.run(
        ["bash", "-c", line], env={**os.environ, **keys}, capture_output=True, text=True, check=True, timeout=30
    )


def test_a_developer_finds_out_why_a_request_failed_and_sends_it_corrected(signed_in, server, stored):
    number = stored("WHY it's-1")
    page = signed_in("/panel/requests/?path=label-sync", role="developer", **CLIPBOARD)

    asked_and_opened(page, server, wrong(number))
    expect(page.locator("#errors + ul")).to_contain_text('This was sent: "seventy"')
    expect(page.locator("#asked .is-error")).to_contain_text('"integration_id": "seventy",')
    expect(page.locator("#hints + ul")).to_contain_text("Did you mean apply_shipping_rules?")
    expect(page.locator("#asked .is-hint")).to_contain_text("aply_shipping_rules")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.locator("#live")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()")

    again = json.loads(run(copied, server).stdout)
    corrected = json.loads(run(copied.replace('"seventy"', "70").replace("aply", "apply"), server).stdout)

    assert again["errors"][0]["source"] == {"pointer": "/data/attributes/integration_id"}
    assert corrected["data"][0]["order_number"] == number


def test_the_log_stands_still_while_it_is_paused_and_catches_up(signed_in, server):
    page = signed_in("/panel/requests/?path=brands", role="developer")
    rows = page.locator("#requests tr")
    before = rows.count()
    page.get_by_role("button", name="Pause").click()
    server.ask("GET", "/api/v3/brands")
    page.wait_for_timeout(3_000)
    paused = rows.count()

    page.get_by_role("button", name="Go on").click()

    expect(rows).to_have_count(before + 1)
    assert paused == before


def test_a_refused_request_is_corrected_and_sent_in_the_explorer(signed_in, server, stored):
    number = stored("WHY-2")
    page = signed_in("/panel/requests/?failed=1&path=label-sync", role="developer")
    asked_and_opened(page, server, wrong(number))
    page.get_by_role("link", name="Open in the explorer").click()
    form = page.locator("#post-orders-create-label-sync[open]")
    body = form.get_by_role("textbox", name="Body")
    expect(body).to_have_value(json.dumps(wrong(number), indent=2))

    body.fill(body.input_value().replace('"seventy"', "70"))
    page.get_by_label("Secret key").fill(server.credentials.secret)
    form.get_by_role("button", name="Send").click()

    expect(form.locator(".status")).to_have_text("201 Created")


def test_who_is_signed_in_is_nobody_to_the_api(signed_in):
    page = signed_in("/panel/explorer/#get-orders", role="developer")

    answer = page.context.request.get("/api/v3/orders")  # with the cookie of the session

    assert answer.status == 401


def test_the_examples_of_the_explorer_can_be_sent_as_they_are(signed_in, server, stored):
    """With what the account really has: an order that is open, and then the label that was just made."""
    stored("WHY-3")
    page = signed_in("/panel/explorer/", role="developer")
    page.get_by_label("Secret key").fill(server.credentials.secret)

    answers = {}
    for operation in ("post-orders-create-label-sync", "get-orders-id", "get-brands-id", "get-contracts"):
        form = page.locator(f"#{operation}")
        form.locator(":scope > summary").click()
        form.get_by_role("button", name="Send").click()
        form.locator(".answer .status").wait_for()
        answers[operation] = form.locator(".answer .status").inner_text()

    assert answers == {**dict.fromkeys(answers, "200 OK"), "post-orders-create-label-sync": "201 Created"}


def test_nobody_is_helped_to_delete_or_cancel(signed_in, server):
    page = signed_in("/panel/explorer/", role="developer")

    for operation in ("delete-orders-id", "post-shipments-id-cancel"):
        page.locator(f"#{operation} > summary").click()

    assert page.locator("#delete-orders-id").get_by_label("id path, required").input_value() == ""
    assert page.locator("#post-shipments-id-cancel").get_by_label("id path, required").input_value() == ""


@NEEDS_AXE
@pytest.mark.parametrize(("viewport", "color_scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_the_page_of_a_request_is_for_everybody(signed_in, server, viewport, color_scheme):
    server.ask("POST", SYNC, wrong("WHY-4"))
    page = signed_in("/panel/requests/?failed=1", viewport=viewport, color_scheme=color_scheme)

    page.get_by_role("link", name=f"POST {SYNC}").first.click()
    page.locator("#asked").wait_for()

    assert violations(page) == []
    assert not wider_than_the_window(page)


def test_what_waits_is_chosen_in_the_sandbox_and_seen_in_the_log(signed_in, server, stored):
    stored("WHY-5")
    page = signed_in("/panel/sandbox/", role="developer")
    page.get_by_label("Only for paths that end so").fill("create-label-sync")
    page.get_by_role("button", name="Next request: busy").click()
    expect(page.locator(".waiting")).to_contain_text("the next request, route create-label-sync")

    server.ask("POST", SYNC, {"integration_id": 70, "order": {"order_number": "WHY-5"}})
    page.wait_for_load_state("networkidle")
    page.goto("/panel/requests/?tampered=1")

    expect(page.locator("#requests tr").first).to_contain_text("sandbox: busy")
