"""`create-label-sync` over a real socket with durable commits, and what the same machine could do at best."""

import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import Row, Unit
from benchmarks.client import Client, Load
from kolli.app import open_database, open_vault
from kolli.demo import HERE, INTEGRATION, load_demo
from kolli.settings import Settings

PATH = "/api/v3/orders/create-label-sync"
WARM_UP, ALONE, TOGETHER = 100, 400, 1_600

BARS = {
    "1 client, median": 15.0,
    "8 clients, labels": 150.0,
    "8 clients, p99": 150.0,
    "resident memory": 200.0,
    "start to first line": 2.0,
}


def measure() -> Iterator[Row]:
    """Labels of both carriers from an empty database, each beside the floor of the same run; then bare commits."""
    with tempfile.TemporaryDirectory(prefix="kolli-benchmark-") as name:
        folder = Path(name)
        yield from _measure("postnl:standard", folder / "own-number", BARS)
        yield from _measure("sendcloud:letter", folder / "booked", {})
        yield Row("bare commits of one row each", commits_per_second(folder / "commits.db"), "/s")


def _measure(option: str, data: Path, bars: Mapping[str, float]) -> Iterator[Row]:
    settings = Settings(data=data)
    database = open_database(settings)
    credentials = load_demo(database, open_vault(settings, database))
    database.close()
    with serving([f"{Path(sys.executable).parent}/kolli", "serve"], data) as (url, process, start):
        client = Client(url, credentials.public_key, credentials.secret)
        bodies = store_orders(client, WARM_UP + ALONE + TOGETHER, option)
        alone, together = _loaded(client, PATH, bodies)
        memory = _resident_mb(process.pid)
    answer = data / "answer.json"
    answer.write_bytes(alone.answer)
    with serving([sys.executable, "-m", "benchmarks.floor", str(answer)], data) as (url, _, _):
        floor_alone, floor_together = _loaded(Client(url, "", ""), "/floor", bodies)
    times = alone.quantile_ms(0.5) / floor_alone.quantile_ms(0.5)
    figures: list[tuple[str, float, Unit]] = [
        ("1 client, median", alone.quantile_ms(0.5), "ms"),
        ("1 client, p99", alone.quantile_ms(0.99), "ms"),
        ("8 clients, labels", together.rate, "/s"),
        ("8 clients, median", together.quantile_ms(0.5), "ms"),
        ("8 clients, p99", together.quantile_ms(0.99), "ms"),
        ("resident memory", memory, "MB"),
        ("start to first line", start, "s"),
        ("floor, 1 client, median", floor_alone.quantile_ms(0.5), "ms"),
        ("floor, 8 clients, answers", floor_together.rate, "/s"),
        ("1 client, compared with the floor", times, "x"),
        ("8 clients, compared with the floor", 100 * together.rate / floor_together.rate, "%"),
    ]
    for what, figure, unit in figures:
        yield Row(f"{option}: {what}", figure, unit, bars.get(what))


def _loaded(client: Client, path: str, bodies: list[bytes]) -> tuple[Load, Load]:
    """The same requests from one client, then from eight, after some to warm up."""
    client.run(path, bodies[:WARM_UP], clients=4)
    alone = client.run(path, bodies[WARM_UP : WARM_UP + ALONE], clients=1)
    return alone, client.run(path, bodies[WARM_UP + ALONE :], clients=8)


def store_orders(client: Client, count: int, option: str) -> list[bytes]:
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
def serving(command: list[str], data: Path, **settings: str) -> Iterator[tuple[str, "subprocess.Popen[str]", float]]:
    """A server process: its address, the process, and the seconds until it answered."""
    environment = {**os.environ, "KOLLI_DATA": str(data), "KOLLI_PORT": "0", **settings}
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


def commits_per_second(path: Path) -> float:
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
