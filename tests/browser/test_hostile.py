"""Three hundred hostile texts in every field that people or programs can fill: none runs, none breaks a page."""

import json
import re
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest
from playwright.sync_api import Page

from kolli.account.brands import Brand, BrandDetails, add_brand
from kolli.account.contracts import Contract, add_contract
from kolli.account.integrations import add_integration
from kolli.account.keys import create_key
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.account.users import Role, User, add_user
from kolli.app import now, open_database
from kolli.orders.views import save_view
from kolli.printing.model import Printer, Profile
from kolli.printing.queries import add_printer
from kolli.rules.queries import add_rule
from kolli.settings import Settings
from tests.browser.test_pages import PLAIN
from tests.browser.windows import PHONE, wider_than_the_window
from tests.factories import a_rule, an_address, an_integration, an_order
from tests.hostile import HOSTILE

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MOST_PAGES = 250
"""Pages that are opened by following links; more of a kind look alike."""

ADDRESS = ("name", "company_name", "address_line_1", "address_line_2", "house_number", "city", "po_box")
ITEM = ("name", "sku", "item_id", "description", "hs_code")


def hostile_orders() -> Iterator[dict[str, Any]]:
    """Orders whose every text is hostile, until each text was in some of them."""
    texts = cycle(HOSTILE)
    for number in range(60):
        order = an_order(order_id=f"{next(texts)}{number}", order_number=f"{next(texts)}{number}")
        order["shipping_address"].update({name: next(texts) for name in ADDRESS})
        order["order_details"]["order_items"][0].update({name: next(texts) for name in ITEM})
        order["order_details"]["status"] = {"code": next(texts), "message": next(texts)}
        order["order_details"]["notes"] = next(texts)
        yield order


def accepted(server, order: dict[str, Any]) -> bool:
    """Stores an order, without what the API refuses of it; False when nothing is left to do about it."""
    for _ in range(4):
        answer = server.ask("POST", "/api/v3/orders", [order])
        if answer.status == 201:
            return True
        for problem in answer.json()["errors"]:
            _mend(order, problem["source"]["pointer"])
    return False


def _mend(order: dict[str, Any], pointer: str) -> None:
    """Replaces what is refused by something harmless, or by a shorter piece of it."""
    place: Any = order
    *path, last = [part for part in pointer.split("/") if (part and part not in {"data", "0"}) or part == "0"][1:]
    for part in path:
        place = place[int(part)] if isinstance(place, list) else place.get(part, {})
    if isinstance(place, dict) and isinstance(place.get(last), str):
        text = place[last]
        place[last] = text[:8] if len(text) > 8 else "X"


@pytest.fixture(scope="module", autouse=True)
def filled(server, server_data) -> None:
    """An account in which everything is called something hostile."""
    stored = [order for order in hostile_orders() if accepted(server, order)]
    assert len(stored) >= 50
    for order in stored[:12]:
        server.ship(order["order_number"])  # some are refused, and shown as that
    database = open_database(Settings(data=server_data))
    at = now()
    with database.write() as transaction:
        for number, text in enumerate(HOSTILE[::12]):
            add_user(transaction, User(9000 + number, 1, text[:90] + str(number), Role.VIEWER, at), "no hash")
            create_key(transaction, 1, text[:90], at, integration_id=70)
            save_view(transaction, 1, 9000 + number, text[:56] + str(number), {"q": text[:60]}, at)
        for number, text in enumerate(HOSTILE[5::30]):
            details = BrandDetails(website=f"https://{number}.example/{text[:40]}", domain=f"brand-{number}")
            add_brand(transaction, 1, Brand(9000 + number, text[:90], False, None, details))
            address = an_address(name=text[:60], company_name=text[:60], city=text[:40])
            add_sender_address(transaction, 1, SenderAddress(9000 + number, address))
        for number, text in enumerate(HOSTILE[7::30]):
            called = f"{text[:80]}{number}"
            add_printer(transaction, 1, Printer(9100 + number, called, Profile()), at)
            add_contract(transaction, 1, Contract(9200 + number, "postnl", called))
            add_integration(transaction, 1, an_integration(9300 + number, called))
            rule = a_rule("set_weight 2", when=[f"order_number eq {text[:60]}"], rule_id=9400 + number, name=called)
            add_rule(transaction, 1, rule, at)
    database.close()
    for text in HOSTILE[::10]:
        server.ask("POST", f"/api/v3/orders?x={re.sub('[^a-z]', '', text)}", {"hostile": text, text[:50]: [text]})


def check(page: Page) -> None:
    """Sees that nothing ran, and that nothing hangs over the edge."""
    state = page.evaluate("[typeof window.hacked, document.title === 'hacked']")
    assert state == ["undefined", False], page.url
    assert not wider_than_the_window(page), (page.url, page.evaluate(WIDE))


WIDE = """() => [...document.querySelectorAll("main *")]
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 200)).slice(0, 3)"""


def links_on(page: Page) -> list[str]:
    found = page.eval_on_selector_all("main a[href^='/panel/']", "all => all.map((each) => each.getAttribute('href'))")
    return [link for link in found if "." not in link.partition("?")[0].rpartition("/")[2]]


def kind_of(link: str) -> str:
    """Links of one kind lead to pages that look alike."""
    path, _, query = link.partition("?")
    return re.sub(r"[0-9a-f-]{6,}|\d+|%[^/]*", "*", path) + "?" + "&".join(re.findall(r"(\w+)=", query))


def test_no_hostile_text_runs_or_breaks_a_page(signed_in):
    asked: list[str] = []
    page = signed_in("/panel/me/", viewport=PHONE)
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog: hacked {dialog.message}"))
    waiting, seen, kinds = list(PLAIN), set(PLAIN), dict.fromkeys(PLAIN, 1)

    for _ in range(MOST_PAGES):
        if not waiting:
            break
        path = waiting.pop(0)
        answer = page.goto(path, wait_until="networkidle" if "explorer" in path else "load")
        assert answer is not None
        assert answer.status < 500, page.url
        check(page)
        for link in links_on(page):
            if link not in seen and kinds.setdefault(kind_of(link), 0) < 4:
                kinds[kind_of(link)] += 1
                seen.add(link)
                waiting.append(link)

    assert [url for url in asked if "hacked/" in url or "dialog" in url] == []
    assert len(seen) > len(PLAIN) + 10, json.dumps(sorted(seen))
