"""`create-labels-async` in batches of twenty over a real socket, until every label is there; and bare commits."""

import json
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks import Row
from benchmarks.client import Client
from benchmarks.shipping import commits_per_second, serving, store_orders
from kolli.app import DATABASE, open_database, open_vault
from kolli.demo import INTEGRATION, load_demo
from kolli.settings import Settings

PATH = "/api/v3/orders/create-labels-async"
BATCH, WARM_UP, BATCHES = 20, 5, 100
CLIENTS = 2

BAR = 150.0


def measure() -> Iterator[Row]:
    """Labels a second of both carriers, from the first request until the last shipment is ready to be sent."""
    with tempfile.TemporaryDirectory(prefix="kolli-benchmark-") as name:
        folder = Path(name)
        commits = commits_per_second(folder / "commits.db")
        for option in ("postnl:standard", "sendcloud:letter"):
            yield from _measure(option, folder / option.partition(":")[0], commits)
        yield Row("bare commits of one row each", commits, "/s")


def _measure(option: str, data: Path, commits: float) -> Iterator[Row]:
    settings = Settings(data=data)
    database = open_database(settings)
    credentials = load_demo(database, open_vault(settings, database))
    database.close()
    with serving([f"{Path(sys.executable).parent}/kolli", "serve"], data) as (url, _, _):
        client = Client(url, credentials.public_key, credentials.secret)
        single = [json.loads(body) for body in store_orders(client, BATCH * (WARM_UP + BATCHES), option)]
        bodies = [_batch(single[at : at + BATCH]) for at in range(0, len(single), BATCH)]
        client.run(PATH, bodies[:WARM_UP], CLIENTS, status=202)
        _wait_until_ready(data / DATABASE, BATCH * WARM_UP)
        began = time.perf_counter()
        accepted = client.run(PATH, bodies[WARM_UP:], CLIENTS, status=202)
        _wait_until_ready(data / DATABASE, len(single))
        rate = BATCH * BATCHES / (time.perf_counter() - began)
    yield Row(f"{option}: labels through the queue", rate, "/s", BAR, f"{commits / rate:.2f} bare commits for each")
    yield Row(f"{option}: orders accepted meanwhile", BATCH * accepted.rate, "/s")
    yield Row(f"{option}: a batch of {BATCH}, median", accepted.quantile_ms(0.5), "ms")


def _batch(single: list[dict[str, object]]) -> bytes:
    return json.dumps({"integration_id": INTEGRATION, "orders": [body["order"] for body in single]}).encode()


def _wait_until_ready(path: Path, count: int) -> None:
    """Looks into the file beside the server, which costs the server nothing."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        while True:
            found = dict(connection.execute("SELECT status, count(*) FROM parcels GROUP BY status").fetchall())
            if found == {"READY_TO_SEND": count}:
                return
            if "ANNOUNCEMENT_FAILED" in found:
                raise RuntimeError(f"Not every label was made: {found}")
            time.sleep(0.1)
