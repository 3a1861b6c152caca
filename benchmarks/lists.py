"""Lists with many entries behind them, over a real socket: every filter, first pages and deep ones.

A generator fills the database: one order and one shipment are made as always, and copied as rows.
"""

import json
import random
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from sqlalchemy import Connection, Table, insert, select

from benchmarks import Row
from benchmarks.client import Client
from benchmarks.shipping import serving
from kolli.api.pages import Cursor
from kolli.app import open_database, open_vault
from kolli.database import Database
from kolli.demo import HERE, INTEGRATION, load_demo
from kolli.schema import attempts, orders, parcels, shipments
from kolli.settings import Settings
from kolli.values import timestamp

COUNT = 100_000
MILLION = 1_000_000
RARE = 7_919  # of so many entries one is rare
REQUESTS = 40  # of each kind
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=5)
BAR_MS, MILLION_BAR_MS = 30.0, 5.0

KOLLI = f"{Path(sys.executable).parent}/kolli"


def measure() -> Iterator[Row]:
    """The slowest list of shipments and of orders, with so many of each in the database."""
    yield from _measure(COUNT, {"shipments": _shipment_lists(COUNT), "orders": _order_lists(COUNT)}, BAR_MS)


def measure_a_million() -> Iterator[Row]:
    """One order by its number, among a million."""
    numbers = [{"order_number": f"bench-{number}"} for number in random.Random(1).sample(range(MILLION), REQUESTS)]
    yield from _measure(MILLION, {"orders": {"order_number": numbers}}, MILLION_BAR_MS, shipments_too=False)


Lists = dict[str, list[dict[str, str]]]
"""Kind of list → the queries that are asked for it."""


def _measure(count: int, wanted: dict[str, Lists], bar: float, *, shipments_too: bool = True) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="kolli-benchmark-") as name:
        data = Path(name)
        settings = Settings(data=data)
        database = open_database(settings)
        credentials = load_demo(database, open_vault(settings, database))
        database.close()
        with serving([KOLLI, "serve"], data) as (url, _, _):
            _make_one(Client(url, credentials.public_key, credentials.secret))
        database = open_database(Settings(data=data))
        fill(database, count, shipments_too=shipments_too)
        database.close()
        with serving([KOLLI, "serve"], data) as (url, _, _):
            client = Client(url, credentials.public_key, credentials.secret)
            for section, lists in wanted.items():
                yield from _rows(client, section, lists, count, bar)


def _rows(client: Client, section: str, lists: Lists, count: int, bar: float) -> Iterator[Row]:
    p95 = {}
    for kind, queries in lists.items():
        paths = [f"/api/v3/{section}?{urlencode(query)}" for query in queries]
        client.get_each(paths[:5])
        p95[kind] = client.get_each(paths).quantile_ms(0.95)
    slowest = max(p95, key=lambda kind: p95[kind])
    note = ", ".join(f"{kind} {figure:.0f}" for kind, figure in sorted(p95.items(), key=lambda pair: -pair[1])[:6])
    what = f"GET /{section}?{slowest}" if len(lists) == 1 else f"GET /{section}, slowest filter"
    yield Row(f"{what}, p95 at {count:,}", p95[slowest], "ms", bar, note)


def _make_one(client: Client) -> None:
    order = json.loads((HERE / "orders.json").read_text(encoding="utf-8"))[0]
    client.post("/api/v3/orders", [{**order, "order_id": "bench", "order_number": "BENCH"}])
    wanted = {"integration_id": INTEGRATION, "order": {"order_id": "bench"}}
    client.post("/api/v3/orders/create-label-sync", wanted)


def _shipment_lists(count: int) -> Lists:
    """Every filter of shipments: what many pass, what few pass, first pages and deep ones."""
    some = random.Random(2)
    kinds: Lists = {
        "first page": [{}] * REQUESTS,
        "100 on a page": [{"page_size": "100"}] * REQUESTS,
        "parcel_status, frequent": [{"parcel_status": "DELIVERED"}] * REQUESTS,
        "parcel_status, rare": [{"parcel_status": "EXCEPTION"}] * REQUESTS,
        "parcel_status, none": [{"parcel_status": "2001"}] * REQUESTS,
        "integration_id": [{"integration_id": str(INTEGRATION)}] * REQUESTS,
        "integration_id, rare": [{"integration_id": "1"}] * REQUESTS,
    }
    for name in ("updated", "announced"):
        near, far = timestamp(FIRST + (count - 20) * EVERY), timestamp(FIRST + 20 * EVERY)
        kinds[f"{name}_after, few"] = [{f"{name}_after": near}] * REQUESTS
        kinds[f"{name}_after, many"] = [{f"{name}_after": far}] * REQUESTS
        kinds[f"{name}_before, few"] = [{f"{name}_before": far}] * REQUESTS
    kinds["integration_id and updated_after"] = [
        {"integration_id": "1", "updated_after": timestamp(FIRST + count // 2 * EVERY)}
    ] * REQUESTS
    numbers = some.sample(range(count), REQUESTS)
    kinds["order_number"] = [{"order_number": f"bench-{number}"} for number in numbers]
    kinds["tracking_number"] = [{"tracking_number": f"BENCH{number}"} for number in numbers]
    kinds["external_reference_id"] = [{"external_reference_id": f"ref-{number}"} for number in numbers]
    kinds["ids"] = [{"ids": ",".join(str(_parcel_id(n)) for n in some.sample(range(count), 100))} for _ in numbers]
    kinds["shipment_uuids"] = [
        {"shipment_uuids": ",".join(_shipment_id(n) for n in some.sample(range(count), 100))} for _ in numbers
    ]
    deep = [str(Cursor((timestamp(_made_at(number)), _shipment_id(number)))) for number in numbers]
    for kind in ("first page", "parcel_status, frequent", "updated_after, many", "integration_id"):
        kinds[f"{kind}, deep"] = [{**kinds[kind][0], "cursor": cursor} for cursor in deep]
    return kinds


def _order_lists(count: int) -> Lists:
    """Lists of orders in their usual sequence, sorted and filtered, first pages and deep ones."""
    some = random.Random(3)
    numbers = some.sample(range(count), REQUESTS)
    return {
        "first page": [{}] * REQUESTS,
        "deep": [{"cursor": str(Cursor((str(_order_pk(number)),)))} for number in numbers],
        "order_number": [{"order_number": f"bench-{number}"} for number in numbers],
        "order_id": [{"order_id": f"bench-{number}"} for number in numbers],
        "status": [{"status": "unfulfilled"}] * REQUESTS,
        "integration": [{"integration": str(INTEGRATION)}] * REQUESTS,
        "order_created_at": [{"order_created_at": _made_at(number).date().isoformat()} for number in numbers],
        "sort": [{"sort": "-order_created_at"}] * REQUESTS,
    }


# The generator


def fill(database: Database, count: int, *, shipments_too: bool = True) -> None:
    """Copies the one order and the one shipment that are there so many times, over the months before."""
    with database.write() as transaction:
        order = _only_row(transaction, orders)
        _insert(transaction, orders, (_order_row(order, number) for number in range(count)))
        if shipments_too:
            shipment, parcel, attempt = (_only_row(transaction, table) for table in (shipments, parcels, attempts))
            _insert(transaction, shipments, (_shipment_row(shipment, number) for number in range(count)))
            _insert(transaction, parcels, (_parcel_row(parcel, number) for number in range(count)))
            _insert(
                transaction,
                attempts,
                ({**attempt, "shipment_id": _shipment_id(n), "guard": None} for n in range(count)),
            )


def _only_row(transaction: Connection, table: Table) -> dict[str, Any]:
    return dict(transaction.execute(select(table)).mappings().one())


def _insert(transaction: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    chunk: list[dict[str, Any]] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == 5_000:
            transaction.execute(insert(table), chunk)
            chunk = []
    if chunk:
        transaction.execute(insert(table), chunk)


def _order_row(order: dict[str, Any], number: int) -> dict[str, Any]:
    made_at = timestamp(_made_at(number))
    body = order["body"].replace('"order_number":"BENCH"', f'"order_number":"BENCH-{number}"')
    return {
        **order,
        "id": _order_pk(number),
        "order_id": f"bench-{number}",
        "order_id_key": f"bench-{number}",
        "order_number": f"BENCH-{number}",
        "order_number_key": f"bench-{number}",
        "order_created_at": made_at,
        "created_at": made_at,
        "body": body.replace('"order_id":"bench"', f'"order_id":"bench-{number}"'),
    }


def _shipment_row(shipment: dict[str, Any], number: int) -> dict[str, Any]:
    return {
        **shipment,
        "id": _shipment_id(number),
        "integration_id": _integration_of(number),
        "order_number_key": f"bench-{number}",
        "external_reference_id": f"ref-{number}",
        "reference_guard": f"ref-{number}",
        "created_at": timestamp(_made_at(number)),
    }


def _parcel_row(parcel: dict[str, Any], number: int) -> dict[str, Any]:
    made_at = _made_at(number)
    return {
        **parcel,
        "id": _parcel_id(number),
        "shipment_id": _shipment_id(number),
        "integration_id": _integration_of(number),
        "tracking_number": f"BENCH{number}",
        "tracking_key": f"bench{number}",
        "status": "EXCEPTION" if number % RARE == 0 else "DELIVERED",
        "created_at": timestamp(made_at),
        "updated_at": timestamp(made_at + timedelta(seconds=2)),
        "announced_at": timestamp(made_at + timedelta(seconds=1)),
    }


def _made_at(number: int) -> datetime:
    return FIRST + number * EVERY


def _integration_of(number: int) -> int:
    return 1 if number % RARE == 1 else INTEGRATION


def _order_pk(number: int) -> int:
    return 10_000_000 + number


def _parcel_id(number: int) -> int:
    return 20_000_000 + number


def _shipment_id(number: int) -> str:
    return str(UUID(int=random.Random(number).getrandbits(128)))
