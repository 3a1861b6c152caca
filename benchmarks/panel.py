"""The pages of the panel with many orders behind them: how long the server takes for each."""

import re
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select, update

from benchmarks import Row, inbox
from kolli.database import Database
from kolli.panel import panel_routes
from kolli.panel.web import Route
from kolli.schema import orders, sequences, shipments
from kolli.sequences import IDS
from tests.factories import a_caller, an_installation, an_order
from tests.people import Person, person

REQUESTS = 40
BAR_MS = 50.0
FIRST_ID = 50_000_000

LEFT_OUT = ("/panel/settings/rules/dry",)
"""What is long work by its nature, and says so with a progress."""


def measure() -> Iterator[Row]:
    """The slowest page, and those behind it."""
    with tempfile.TemporaryDirectory(prefix="kolli-benchmark-") as name:
        folder = Path(name)
        owner = prepared(folder, inbox.COUNT)
        figures = {path: p95(owner, path) for path in paths(owner)}
        slowest = sorted(figures, key=lambda path: -figures[path])
        note = ", ".join(f"{path.removeprefix('/panel')} {figures[path]:.0f}" for path in slowest[1:12])
        yield Row(f"panel: {slowest[0]}, p95 at {inbox.COUNT:,}", figures[slowest[0]], "ms", BAR_MS, note)


def prepared(folder: Path, count: int) -> Person:
    """Somebody at the panel of an account with so many orders, nine of ten of which have a label."""
    database = Database(folder / "kolli.db")
    inbox.fill(database, count)
    with database.write() as transaction:  # ids beyond those of the many
        transaction.execute(update(sequences).where(sequences.c.name == IDS).values(next=FIRST_ID))
    installation = replace(an_installation(folder, database=database))
    other = a_caller(installation, account_id=2, integration_id=71)
    order = an_order()
    order["order_details"]["integration"]["id"] = 71
    other.store(order)
    body = other.client.post(
        "/api/v3/orders/create-label-sync", json={"integration_id": 71, "order": {"order_number": "ORDER-1"}}
    )
    assert body.status_code == 201, body.text
    with database.write() as transaction:
        real = transaction.execute(select(shipments.c.body).where(shipments.c.account_id == 2)).scalar_one()
        transaction.execute(update(shipments).where(shipments.c.account_id == 1).values(body=real))
    return person(installation, "owner")


def paths(owner: Person) -> list[str]:
    """Every page without parameters, and one of each kind about an order."""
    plain = sorted(
        route.path
        for route in panel_routes()
        if isinstance(route, Route) and route.method == "GET" and "{" not in route.path and route.path.endswith("/")
    )
    with owner.installation.database.read() as transaction:
        some = transaction.execute(select(orders.c.id).where(orders.c.account_id == 1).limit(1)).scalar_one()
    about = [
        f"/panel/orders/{some}/",
        f"/panel/orders/{some}/edit/",
        "/panel/inbox/?state=all",
        "/panel/inbox/?q=jansen",
    ]
    return [path for path in (*plain, *about) if not re.match("|".join(LEFT_OUT), path)]


def p95(owner: Person, path: str) -> float:
    """How long nineteen of twenty requests for a page take at most, in milliseconds."""
    first = owner.get(path)
    assert first.status_code < 500, (path, first.text[:500])
    took = []
    for _ in range(REQUESTS):
        begun = time.perf_counter()
        owner.get(path)
        took.append((time.perf_counter() - begun) * 1000)
    return statistics.quantiles(took, n=20)[-1]
