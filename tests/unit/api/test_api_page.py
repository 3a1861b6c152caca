"""The page about the API lists what is served, and nothing else."""

import re
from pathlib import Path

from kolli.api.v3 import SECTIONS
from kolli.panel import PAGES

API_PAGE = Path(__file__).parents[3] / "docs" / "api.md"
ROW = re.compile(r"^\| `([A-Z]+)` \| `(/.*?)` \| (.+?) \|$", re.MULTILINE)


def test_the_page_about_the_api_lists_every_route_and_every_page():
    rows = [found.groups() for found in ROW.finditer(API_PAGE.read_text("utf-8"))]

    routes = [
        (endpoint.method, endpoint.prefix + endpoint.path.replace(":int", ""), endpoint.summary)
        for section in SECTIONS
        for endpoint in section.ROUTES
    ]
    assert rows[: len(routes)] == routes
    assert [row[:2] for row in rows[len(routes) :]] == [("GET", page.path) for page in PAGES]
