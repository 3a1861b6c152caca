"""`create-label-sync` over a real socket with durable commits, and what the same machine could do at best."""

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.client import Client, Load
from kolli.app import open_database
from kolli.demo import HERE, INTEGRATION, load_demo
from kolli.settings import Settings

PATH = "/api/v3/orders/create-label-sync"
WARM_UP, ALONE, TOGETHER = 100, 400, 1_600


def measure() -> list[tuple[str, str, str, bool]]:
    """Rows of name, figure, bar, and whether the bar was met."""
    with tempfile.TemporaryDirectory(prefix="kolli-benchmark-") as name:
        folder = Path(name)
        rows = []
        for option in ("postnl:standard", "sendcloud:letter"):
            rows += _measure(option, folder / option.replace(":", "-"), is_held=option.startswith("postnl"))
        commits = _commits_per_second(folder / "commits.db")
        return [*rows, ("bare commits, one row each", f"{commits:.0f} /s", "", True)]


def _measure(option: str, data: Path, *, is_held: bool) -> Iterator[tuple[str, str, str, bool]]:
    settings = Settings(data=data)
    database = open_database(settings)
    credentials = load_demo(database)
    database.close()
    with _server([shutil.which("kolli") or f"{Path(sys.executable).parent}/kolli", "serve"], data) as (
        url,
        process,
        start,
    ):
        client = Client(url, credentials.public_key, credentials.secret)
        bodies = _store_orders(client, WARM_UP + ALONE + TOGETHER, option)
        client.run(PATH, bodies[:WARM_UP], clients=4)
        alone = client.run(PATH, bodies[WARM_UP : WARM_UP + ALONE], clients=1)
        together = client.run(PATH, bodies[WARM_UP + ALONE :], clients=8)
        memory = _resident_mb(process.pid)
    answer = data / "answer.json"
    answer.write_bytes(alone.answer)
    with _server([sys.executable, "-m", "benchmarks.floor", str(answer)], data) as (url, _, _):
        floor = Client(url, "", "")
        floor.run("/floor", bodies[:WARM_UP], clients=4)
        floor_alone = floor.run("/floor", bodies[:ALONE], clients=1)
        floor_together = floor.run("/floor", bodies[:TOGETHER], clients=8)

    def row(what: str, figure: float, unit: str, bar: float | None = None) -> tuple[str, str, str, bool]:
        held = bar if is_held else None
        at_least = unit == "/s"
        met = held is None or (figure >= held if at_least else figure <= held)
        return (f"{option}: {what}", f"{figure:.1f} {unit}", f"{'≥' if at_least else '≤'} {held}" if held else "", met)

    yield row("1 client, median", alone.quantile_ms(0.5), "ms", 15)
    yield row("1 client, p99", alone.quantile_ms(0.99), "ms")
    yield row("8 clients, labels", together.rate, "/s", 150)
    yield row("8 clients, median", together.quantile_ms(0.5), "ms")
    yield row("8 clients, p99", together.quantile_ms(0.99), "ms", 150)
    yield row("resident memory", memory, "MB", 200)
    yield row("start to first answer", start, "s", 2)
    yield from _compared(option, alone, together, floor_alone, floor_together)


def _compared(
    option: str, alone: Load, together: Load, floor_alone: Load, floor_together: Load
) -> Iterator[tuple[str, str, str, bool]]:
    yield (f"{option}: floor, 1 client, median", f"{floor_alone.quantile_ms(0.5):.1f} ms", "", True)
    yield (f"{option}: floor, 8 clients", f"{floor_together.rate:.1f} /s", "", True)
    yield (f"{option}: share of the floor, 8 clients", f"{together.rate / floor_together.rate:.0%}", "", True)
    times = alone.quantile_ms(0.5) / floor_alone.quantile_ms(0.5)
    yield (f"{option}: times the floor, 1 client", f"{times:.1f}", "", True)


def _store_orders(client: Client, count: int, option: str) -> list[bytes]:
    templates: list[dict[str, Any]] = json.loads((HERE / "orders.json").read_text(encoding="utf-8"))[:5]
    ship_with = {"type": "shipping_option_code", "properties": {"shipping_option_code": option}}
    orders = [
        {
            **templates[number % len(templates)],
            "order_id": f"bench-{number}",
            "order_number": f"BENCH-{number}",
            "shipping_details": {"ship_with": ship_with},
        }
        for number in range(count)
    ]
    for at in range(0, count, 100):
        client.post("/api/v3/orders", orders[at : at + 100])
    return [
        json.dumps({"integration_id": INTEGRATION, "order": {"order_number": order["order_number"]}}).encode()
        for order in orders
    ]


@contextmanager
def _server(command: list[str], data: Path) -> Iterator[tuple[str, "subprocess.Popen[str]", float]]:
    """A server process: its address, the process, and the seconds until it answered."""
    environment = {**os.environ, "KOLLI_DATA": str(data), "KOLLI_PORT": "0"}
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = re.search(r"(?:127\.0\.0\.1:)?(\d{2,5})\b", process.stdout.readline())
        if port is None:
            raise RuntimeError(f"{command[0]} did not start.")
        yield f"http://127.0.0.1:{port.group(1)}", process, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(30)


def _resident_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found is not None
    return int(found.group(1)) / 1024


def _commits_per_second(path: Path) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE numbers (number INTEGER)")
    count = 1_000
    began = time.perf_counter()
    for number in range(count):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO numbers VALUES (?)", (number,))
        connection.execute("COMMIT")
    return count / (time.perf_counter() - began)
