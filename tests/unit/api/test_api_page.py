"""The page about the API lists what is served, and nothing else. `scripts/api-page` writes its tables anew."""

import re
from pathlib import Path

from kolli.api.description import PATH, SECTIONS, plain_path, tag_of
from kolli.panel import PAGES

API_PAGE = Path(__file__).parents[3] / "docs" / "api.md"
ROUTE = re.compile(r"^\| `([A-Z]+)` \| `(/.*?)` \| (.+?)( \*\(ours\)\*)? \| (?:`(.*)`)? ?\|$", re.MULTILINE)
HUMAN = re.compile(r"^\| `GET` \| `(/.*?)` \| [^|]+ \|$", re.MULTILINE)


def text() -> str:
    return API_PAGE.read_text("utf-8")


def test_the_page_about_the_api_lists_every_route():
    assert [found.groups() for found in ROUTE.finditer(text())] == [
        (
            endpoint.method,
            plain_path(endpoint),
            endpoint.summary,
            " *(ours)*" if endpoint.is_extension else None,
            endpoint.scope,
        )
        for section in SECTIONS
        for endpoint in section.ROUTES
    ]


def test_it_has_a_heading_for_every_section():
    headings = re.findall(r"^## (.+)$", text(), re.MULTILINE)

    assert headings[: len(SECTIONS)] == [tag_of(section) for section in SECTIONS]


def test_it_lists_every_page_for_people():
    assert HUMAN.findall(text()) == [page.path for page in PAGES]


def test_it_says_where_the_description_is():
    assert PATH in text()
