"""The story of a packer: a scanner, a field that is always ready, and labels that come out of a printer at a port."""

import contextlib
import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.people import state_of, token_of
from tests.browser.test_pages import NEEDS_AXE, violations
from tests.browser.windows import DESKTOP, PHONE, wider_than_the_window
from tests.end_to_end.processes import run
from tests.factories import an_item, an_order, with_items
from tests.printers import LabelPrinter, a_label_printer

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATH = "/panel/packing/"
PATIENCE_SECONDS = 20
BETWEEN_KEYS_MILLISECONDS = 5
"""As fast as scanners type."""


@pytest.fixture(scope="module")
def printer(server, server_data) -> Iterator[LabelPrinter]:
    """The printer at the table."""
    with a_label_printer() as printer:
        added = run("printers", "add", "Table", "--raw", printer.address, "--default", data=server_data)
        assert added.returncode == 0, added.stderr
        yield printer


@pytest.fixture
def table(signed_in):
    """Opens the packing table of a packer, with nothing on it."""

    def table(**options) -> Page:
        return cleared(signed_in(PATH, role="packer", **options))

    return table


@pytest.fixture
def far_table(browser, server, server_data) -> Iterator[Page]:
    """The same where the network is bad, which browsers report on their console."""
    state = state_of(token_of(server_data, "packer"), server.url)
    context = browser.new_context(base_url=server.url, storage_state=state, viewport=PHONE)
    page = context.new_page()
    page.goto(PATH)
    yield cleared(page)
    context.close()


def cleared(page: Page) -> Page:
    scan(page, "%KOLLI%STOP%")
    scan(page, "%KOLLI%STOP%")
    wait_until_idle(page)
    return page


def stored(server, *numbers: str) -> None:
    orders = [an_order(order_id=f"shop {number}", order_number=number) for number in numbers]
    assert server.ask("POST", "/api/v3/orders", orders).status == 201


def tracking_numbers(server, number: str) -> list[str]:
    found = server.ask("GET", f"/api/v3/shipments?order_number={number}").json()["data"]
    return [parcel["tracking_number"] for shipment in found for parcel in shipment["parcels"]]


def scan(page: Page, text: str) -> None:
    """Types as a scanner does, to whatever has the focus."""
    page.keyboard.type(text, delay=BETWEEN_KEYS_MILLISECONDS)
    page.keyboard.press("Enter")


def word(page: Page):
    return page.locator("#answer .word")


def wait_until_idle(page: Page) -> None:
    expect(page.locator("#queue")).to_be_hidden(timeout=PATIENCE_SECONDS * 1000)


def papers(printer: LabelPrinter, count: int) -> list[bytes]:
    """The papers of the printer, as soon as there are so many."""
    end = time.monotonic() + PATIENCE_SECONDS
    while len(printer.papers) < count:
        assert time.monotonic() < end, f"{len(printer.papers)} papers of {count}"
        time.sleep(0.05)
    return printer.papers


def test_a_scan_prints_and_a_second_one_prints_again_and_books_nothing(table, server, printer):
    stored(server, "PACK-1")
    page = table()
    before = len(printer.papers)

    scan(page, "#PACK-1")
    expect(word(page)).to_have_text("Shipped")
    (number,) = tracking_numbers(server, "PACK-1")
    first = papers(printer, before + 1)[before]
    scan(page, "PACK-1")
    expect(word(page)).to_have_text("Already shipped")
    papers(printer, before + 2)
    page.keyboard.press("F8")
    expect(word(page)).to_have_text("Printed again")
    papers(printer, before + 3)

    assert number.encode() in first
    assert tracking_numbers(server, "PACK-1") == [number]
    expect(page.locator("#code")).to_be_focused()


def test_twenty_scans_in_a_row_are_all_answered_in_their_order(table, server, printer):
    numbers = [f"ROW-{place}" for place in range(1, 21)]
    stored(server, *numbers)
    page = table()
    before = len(printer.papers)

    for number in numbers:
        scan(page, number)
    wait_until_idle(page)

    shown = [line.inner_text() for line in page.locator(".history .of").all()]
    made = [tracking_numbers(server, number) for number in numbers]
    printed = papers(printer, before + 20)[before:]
    assert shown == numbers[::-1]
    assert page.locator(".history .badge.good").count() == 20
    assert [len(each) for each in made] == [1] * 20
    assert [each[0].encode() in paper for each, paper in zip(made, printed, strict=True)] == [True] * 20


def test_the_field_stays_ready_after_clicks_dialogs_and_other_tabs(table, server, printer):
    page = table()
    field = page.locator("#code")
    expect(field).to_be_focused()

    page.locator("h1").click()
    expect(field).to_be_focused()
    page.locator("summary").last.click()
    expect(field).to_be_focused()
    page.get_by_role("button", name="Pack into boxes").click()
    expect(word(page)).to_have_text("Into boxes")
    expect(field).to_be_focused()
    other = page.context.new_page()
    other.goto(PATH)
    page.bring_to_front()
    page.evaluate("document.activeElement.blur()")
    expect(field).to_be_focused()
    scan(page, "%KOLLI%STOP%")

    expect(word(page)).to_have_text("One box")


def test_scans_wait_while_the_server_is_away_and_go_on_by_themselves(far_table, server, printer):
    stored(server, "AWAY-1", "AWAY-2")
    page = far_table

    with offline(page):
        scan(page, "AWAY-1")
        scan(page, "AWAY-2")
        expect(page.locator("#offline")).to_be_visible()
        expect(page.locator("#queue")).to_have_text("Working on AWAY-1 · Waiting: AWAY-2")
    wait_until_idle(page)

    expect(page.locator("#offline")).to_be_hidden()
    assert [line.inner_text() for line in page.locator(".history .of").all()][:2] == ["AWAY-2", "AWAY-1"]
    assert [len(tracking_numbers(server, number)) for number in ("AWAY-1", "AWAY-2")] == [1, 1]


def test_an_answer_that_is_lost_on_its_way_is_asked_for_again_and_ships_once(far_table, server, printer):
    stored(server, "LOST-1")
    page = far_table
    lost = []

    def lose_the_first(route) -> None:
        route.fetch()  # the server has done it
        lost.append(route.request.post_data)
        route.abort()

    page.route("**/panel/packing/scan/", lose_the_first, times=1)
    scan(page, "LOST-1")

    expect(word(page)).to_have_text("Shipped")
    assert len(lost) == 1
    assert len(tracking_numbers(server, "LOST-1")) == 1


def test_a_page_that_is_loaded_again_sends_what_was_waiting(far_table, server, printer):
    stored(server, "LOAD-1")
    page = far_table

    with offline(page):
        scan(page, "LOAD-1")
        expect(page.locator("#offline")).to_be_visible()
    page.reload()
    wait_until_idle(page)

    expect(word(page)).to_have_text("Shipped")
    assert len(tracking_numbers(server, "LOAD-1")) == 1


def test_an_order_goes_into_two_boxes_by_scanner_alone(table, server, printer):
    candle = an_item(item_id="candle", sku="CAN-1", quantity=2)
    match = an_item(item_id="match", name="Matches", sku="MAT-1", quantity=1)
    server.ask("POST", "/api/v3/orders", [with_items(candle, match, order_id="box", order_number="BOX-1")])
    page = table(viewport=PHONE)
    before = len(printer.papers)

    for text in ("%KOLLI%NEXTBOX%", "BOX-1", "CAN-1", "CAN-1", "%KOLLI%NEXTBOX%", "MAT-1", "BOX-1"):
        scan(page, text)
    wait_until_idle(page)

    expect(word(page)).to_have_text("Shipped")
    expect(page.locator(".inside h3")).to_have_count(2)
    assert len(tracking_numbers(server, "BOX-1")) == 2
    papers(printer, before + 2)


def test_one_digit_chooses_between_two_shops(table, server, printer):
    stored(server, "SAME-1")
    other = an_order(order_id="another one", order_number="SAME-1")
    server.ask("POST", "/api/v3/orders", [other])
    page = table()

    scan(page, "SAME-1")
    expect(word(page)).to_have_text("Which one?")
    page.keyboard.press("2")

    expect(word(page)).to_have_text("Shipped")


@NEEDS_AXE
@pytest.mark.parametrize(("viewport", "color_scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_answers_are_accessible(table, server, printer, viewport, color_scheme):
    number = f"AXE-{color_scheme}"
    stored(server, number)
    page = table(viewport=viewport, color_scheme=color_scheme)
    found = []

    for text in (number, number, "NOTHING", "%KOLLI%CANCEL%", "%KOLLI%NEXTBOX%"):
        scan(page, text)
        wait_until_idle(page)
        found += violations(page)
        found += ["too wide"] if wider_than_the_window(page) else []

    assert found == []


def test_answers_are_said_to_those_who_listen(table, server, printer):
    stored(server, "SAID-1")
    page = table()

    scan(page, "SAID-1")
    expect(page.get_by_role("status").filter(has_text="Shipped")).to_have_text(re.compile("Shipped. SAID-1"))
    scan(page, "NOTHING")

    expect(page.get_by_role("alert").filter(has_text="Unknown")).to_have_text(re.compile("No order has this number"))


@contextlib.contextmanager
def offline(page: Page) -> Iterator[None]:
    """As in a corner of the hall that the network does not reach."""
    page.route("**/panel/packing/**", lambda route: route.abort())
    yield
    page.unroute("**/panel/packing/**")
