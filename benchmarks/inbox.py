"""The inbox with many orders behind it: search, list and counts as a page asks for them, and the cost of a label."""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, insert

from benchmarks import Row
from kolli.account.accounts import Account, add_account
from kolli.account.integrations import Integration, add_integration
from kolli.database import Database
from kolli.migrations import migrate
from kolli.orders.inbox import InboxFilters, InboxPage, read_inbox
from kolli.orders.queries import find_orders
from kolli.schema import attempts, orders, parcels, shipments
from kolli.standing import Standing, note_standing
from kolli.values import timestamp

COUNT = 100_000
REQUESTS = 40  # of each kind
BAR_MS = 20.0
LABEL_BAR_MS = 0.1
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
EVERY = timedelta(minutes=5)

FIRST_NAMES = ["Anna", "Bram", "Chloé", "Daan", "Emma", "Femke", "Gijs", "Hanna", "Ines", "Klaas", "Lena", "Noor"]
LAST_NAMES = ["Bakker", "Becker", "Dekker", "Dubois", "Jansen", "de Vries", "Visser", "Smit", "Müller"]
COUNTRIES = ["NL"] * 60 + ["DE"] * 20 + ["BE"] * 15 + ["FR"] * 4 + ["PT"]


def measure() -> Iterator[Row]:
    """The slowest kind of page, how long the orders of an older version take, and what a label costs more."""
    with tempfile.TemporaryDirectory(prefix="kolli-benchmark-") as name:
        database = Database(Path(name) / "kolli.db")
        seconds = fill(database, COUNT)
        figures = {kind: _p95(database, pages) for kind, pages in _kinds().items()}
        slowest = max(figures, key=lambda kind: figures[kind])
        note = ", ".join(f"{kind} {figure:.1f}" for kind, figure in sorted(figures.items(), key=lambda pair: -pair[1]))
        yield Row(f"inbox: {slowest}, p95 at {COUNT:,}", figures[slowest], "ms", BAR_MS, note)
        yield Row("inbox: per label", _cost_of_a_label(database), "ms", LABEL_BAR_MS, "two moves of an attempt")
        yield Row(f"inbox: upgrade with {COUNT:,} orders", seconds, "s", None, "what is kept beside them is filled in")
        database.close()


def fill(database: Database, count: int) -> float:
    """An account with so many orders, nine of ten of which have a label; gives the seconds of their upgrade."""
    some = random.Random(1)
    with database.write() as transaction:
        migrate(transaction, "0004")
        add_account(transaction, Account(1, "Benchmark"))
        add_integration(transaction, 1, Integration(70, "Shop", FIRST, FIRST))
    for start in range(0, count, 5_000):
        numbers = range(start, min(start + 5_000, count))
        with database.write() as transaction:
            transaction.execute(insert(orders), [_order(number, an_order(number, some)) for number in numbers])
            transaction.execute(insert(shipments), [_shipment(number) for number in numbers])
            transaction.execute(insert(attempts), [_attempt(number, count, some) for number in numbers])
    began = time.perf_counter()
    with database.write() as transaction:
        migrate(transaction)
    seconds = time.perf_counter() - began
    with database.write() as transaction:
        transaction.execute(insert(parcels), [_parcel(number) for number in range(count)])
    return seconds


def _order(number: int, document: dict[str, Any]) -> dict[str, Any]:
    at = timestamp(FIRST + number * EVERY)
    return {
        "id": _pk(number),
        "account_id": 1,
        "integration_id": 70,
        "order_id": document["order_id"],
        "order_number": document["order_number"],
        "order_id_key": document["order_id"].lower(),
        "order_number_key": document["order_number"].lower(),
        "status_key": document["order_details"]["status"]["code"],
        "order_created_at": at,
        "created_at": at,
        "modified_at": at,
        "revision": 1,
        "body": msgspec.json.Encoder(decimal_format="number").encode(document).decode(),
        "warnings": "[]",
    }


def an_order(number: int, some: random.Random) -> dict[str, Any]:
    """One of many orders, no two of them quite alike."""
    name = f"{some.choice(FIRST_NAMES)} {some.choice(LAST_NAMES)}"
    items = [
        {
            "name": "Candle",
            "quantity": some.randint(1, 3),
            "sku": f"SKU-{some.randrange(5_000):04}",
            "total_price": {"value": Decimal("8.95"), "currency": "EUR"},
        }
        for _ in range(some.randint(1, 4))
    ]
    return {
        "order_id": f"shop-{number}",
        "order_number": f"ORDER-{number}",
        "order_details": {
            "integration": {"id": 70},
            "status": {"code": some.choice(["paid", "paid", "paid", "unfulfilled", "partly"])},
            "order_created_at": timestamp(FIRST + number * EVERY),
            "order_items": items,
        },
        "payment_details": {"total_price": {"value": Decimal("8.95"), "currency": "EUR"}, "status": {"code": "paid"}},
        "customer_details": {"name": name, "email": f"{name.split(maxsplit=1)[0].lower()}{number}@example.com"},
        "shipping_address": {
            "name": name,
            "company_name": f"Company {some.randrange(20_000)}" if some.random() < 0.2 else "",
            "address_line_1": "Kanaalweg",
            "house_number": str(some.randint(1, 300)),
            "postal_code": f"{some.randint(1000, 9999)} AB",
            "city": "Utrecht",
            "country_code": some.choice(COUNTRIES),
        },
    }


def _pk(number: int) -> int:
    return 1_000_000 + number * 8


def _shipment(number: int) -> dict[str, Any]:
    at = timestamp(FIRST + number * EVERY)
    known = {"account_id": 1, "integration_id": 70, "order_number_key": f"order-{number}", "created_at": at}
    return {"id": f"s-{number}", "order_id": _pk(number), "body": "{}", **known}


def _parcel(number: int) -> dict[str, Any]:
    at = timestamp(FIRST + number * EVERY)
    return {
        "id": number + 1,
        "account_id": 1,
        "shipment_id": f"s-{number}",
        "integration_id": 70,
        "box_number": 1,
        "carrier_code": "bench",
        "tracking_number": f"3SBENCH{number:09}",
        "tracking_key": f"3sbench{number:09}",
        "status": "READY_TO_SEND",
        "created_at": at,
        "updated_at": at,
    }


def _attempt(number: int, count: int, some: random.Random) -> dict[str, Any]:
    at = timestamp(FIRST + number * EVERY)
    is_old = number < count * 9 // 10
    state = "stored" if is_old else some.choice(["cancelled"] * 95 + ["rejected"] * 4 + ["unknown"])
    return {
        "shipment_id": f"s-{number}",
        "account_id": 1,
        "order_key": f"70 shop-{number}",
        "guard": None,
        "state": state,
        "reason": "",
        "in_background": False,
        "tries": 1,
        "is_partly_booked": False,
        "created_at": at,
        "changed_at": at,
    }


Pages = list[tuple[InboxFilters, InboxPage]]


def _kinds() -> dict[str, Pages]:
    """Kind of page → what is asked for it."""
    some = random.Random(2)
    numbers = some.sample(range(COUNT), REQUESTS)
    first = InboxPage()
    shipped = frozenset({Standing.SHIPPED})
    return {
        "first page, open": [(InboxFilters(states=frozenset({Standing.OPEN})), first)] * REQUESTS,
        "first page, all": [(InboxFilters(), first)] * REQUESTS,
        "deep page, shipped": [(InboxFilters(states=shipped), InboxPage(50, _pk(n // 2))) for n in numbers],
        "rare country": [(InboxFilters(country_code="PT"), first)] * REQUESTS,
        "no country": [(InboxFilters(country_code="JP"), first)] * REQUESTS,
        "warnings": [(InboxFilters(with_warnings=True), first)] * REQUESTS,
        "a day": [(InboxFilters(created_from=(d := (FIRST + n * EVERY).date()), created_to=d), first) for n in numbers],
        "order number": [(InboxFilters(text=f"ORDER-{n}"), first) for n in numbers],
        "bare number": [(InboxFilters(text=str(n)), first) for n in numbers],
        "beginning of a number": [(InboxFilters(text=f"order-{n // 100}"), first) for n in numbers],
        "tracking number": [(InboxFilters(text=f"3S BENCH{n:09}"), first) for n in numbers],
        "SKU": [(InboxFilters(text=f"sku-{n % 5_000:04}"), first) for n in numbers],
        "surname": [(InboxFilters(text=some.choice(LAST_NAMES)), first) for _ in numbers],
        "whole name": [
            (InboxFilters(text=f"{some.choice(FIRST_NAMES)} {some.choice(LAST_NAMES)}"), first) for _ in numbers
        ],
        "one letter": [(InboxFilters(text=letter), first) for letter in some.choices("abcdefghijkmo", k=REQUESTS)],
        "what all have": [(InboxFilters(text="order"), first)] * REQUESTS,
        "nothing": [(InboxFilters(text="zzzz"), first)] * REQUESTS,
    }


def _p95(database: Database, pages: Pages) -> float:
    def ask(filters: InboxFilters, page: InboxPage) -> None:
        with database.read() as transaction:
            listed, _ = read_inbox(transaction, 1, filters, page)
            find_orders(transaction, 1, [row.order_pk for row in listed.rows])

    ask(*pages[0])
    return statistics.quantiles([_ms(partial(ask, *page)) for page in pages], n=20)[-1]


def _cost_of_a_label(database: Database) -> float:
    def note(transaction: Connection, number: int) -> None:
        note_standing(transaction, 1, f"70 shop-{number}")
        note_standing(transaction, 1, f"70 shop-{number}")

    with database.write() as transaction:
        note(transaction, 0)
        return statistics.median(_ms(partial(note, transaction, number)) for number in range(0, COUNT, 100))


def _ms(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
