"""Looking at a page changes nothing: browsers open addresses by themselves, and links lead to them from anywhere."""

import pytest
from sqlalchemy import select

from kolli.panel import panel_routes
from kolli.schema import metadata
from tests.factories import an_order

PAGES = sorted({route.path for route in panel_routes() if route.method == "GET" and "{" not in route.path})

NOTED = ("audit",)
"""Who takes all orders away in a file is written down; and so is nothing else by looking at it."""


def everything(caller):
    with caller.installation.database.read() as transaction:
        return {
            table.name: transaction.execute(select(table)).all()
            for table in metadata.sorted_tables
            if table.name not in NOTED
        }


@pytest.mark.parametrize("path", PAGES)
def test_whoever_looks_at_a_page_changes_nothing(caller, owner, path):
    caller.store(an_order())
    caller.ship()
    before = everything(caller)

    answer = owner.get(path)

    assert answer.status_code < 500
    assert everything(caller) == before
