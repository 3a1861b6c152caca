"""A server and a real browser for tests of pages, and what both may be asked about any page."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from tests.browser.people import state_of, token_of
from tests.conftest import BROWSERS
from tests.end_to_end.processes import Kolli, prepared, serving

SWITCHES = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="module")
def server_data(tmp_path_factory) -> Path:
    """The folder of the server's data."""
    folder: Path = tmp_path_factory.mktemp("server")
    return folder / "data"


@pytest.fixture(scope="module")
def server(server_data) -> Iterator[Kolli]:
    with serving(server_data, credentials=prepared(server_data)) as server:
        yield server


@pytest.fixture
def signed_in(open_page, server, server_data):
    """Opens a page of the panel as somebody with a role, who has just signed in."""

    def signed_in(path: str = "/panel/", role: str = "owner", **options) -> Page:
        assert server.url
        state = state_of(token_of(server_data, role), server.url)
        page: Page = open_page(path, storage_state=state, **options)
        page.wait_for_load_state("networkidle")
        assert "/sign-in/" not in page.url
        return page

    return signed_in


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser of this machine; Playwright's own would have to be downloaded."""
    executable = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=SWITCHES)
        yield browser
        browser.close()


def broken_off(request: Request) -> list[str]:
    """The address of a request that failed; none for the icon, which a browser asks for beside a page it may leave."""
    return [] if "/icon.svg" in request.url else [request.url]


@contextmanager
def fresh_page(browser: Browser, url: str, **options) -> Iterator[Page]:
    """A page in a browser of its own; in the end sees that nothing was reported on its console."""
    reported: list[str] = []
    context = browser.new_context(base_url=url, **options)
    page = context.new_page()
    page.on("console", lambda message: reported.append(message.text))
    page.on("pageerror", lambda error: reported.append(str(error)))
    yield page
    context.close()
    assert [text for text in reported if not re.search("status of 4[0-9][0-9]", text)] == []


@pytest.fixture
def open_page(browser, server):
    """Opens an address in a fresh browser, and in the end sees that nothing was reported on its console."""
    contexts, reported = [], []

    def open_page(address: str, **options) -> Page:
        context = browser.new_context(base_url=server.url, **options)
        contexts.append(context)
        page: Page = context.new_page()
        page.on("console", lambda message: reported.append(message.text))
        page.on("pageerror", lambda error: reported.append(str(error)))
        page.on("requestfailed", lambda request: reported.extend(broken_off(request)))
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A browser reports what is refused: wrong credentials are a 401, what is not there a 404, a wrong form a 422.
    assert [text for text in reported if not re.search("status of 4(01|04|22)", text)] == []
