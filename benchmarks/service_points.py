"""What searching 100,000 service points costs, and reading them from a file; in process, on a database on disk."""

import csv
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import Connection

from benchmarks import Row
from kolli.app import build, open_database
from kolli.database import Database
from kolli.operations.import_service_points import import_service_points
from kolli.service_points.geometry import Box, Position
from kolli.service_points.model import WEEKDAYS
from kolli.service_points.search import Found, Wanted, list_points, nearest_points
from kolli.settings import Settings

POINTS = 100_000
CITIES = 300
SEARCHES = 200
BAR_MS = 20.0

CARRIER = "sendcloud"
Search = Callable[[Connection, Position], list[Found]]


def measure() -> Iterator[Row]:
    """Fills a database of its own, and asks it about places in the Netherlands."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = Settings(data=folder)
        database = open_database(settings)
        installation = build(settings, database)
        _write(folder / "points.csv")
        began = time.perf_counter()
        done = import_service_points(folder / "points.csv", CARRIER, installation, lambda _: None, many_may_go=False)
        if done.added != POINTS:
            raise RuntimeError(f"Not all points were imported: {[*map(str, done.mistakes[:3])]}")
        yield Row(f"importing {POINTS:,} service points", time.perf_counter() - began, "s")
        for what, search in _SEARCHES.items():
            yield Row(f"service points, {what}, p95", _p95_ms(database, search), "ms", BAR_MS)
        installation.carriers.close()
        database.close()


def _wanted(**changes: object) -> Wanted:
    return Wanted(**{"country_code": "NL", "carrier_codes": (CARRIER,), "limit": 100, **changes})  # type: ignore[arg-type]


def _around(place: Position) -> Box:
    return Box(place.latitude - 150_000, place.longitude - 240_000, place.latitude + 150_000, place.longitude + 240_000)


_SEARCHES: dict[str, Search] = {
    "the nearest 100": lambda asked, place: nearest_points(asked, _wanted(), place),
    "the nearest 200": lambda asked, place: nearest_points(asked, _wanted(limit=200), place),
    "200 within 50 km": lambda asked, place: nearest_points(asked, _wanted(limit=200), place, 50_000),
    "100 lockers within 50 km": lambda asked, place: nearest_points(asked, _wanted(kinds=("locker",)), place, 50_000),
    "none fits": lambda asked, place: nearest_points(asked, _wanted(shop_type="none"), place),
    "in a box": lambda asked, place: list_points(asked, _wanted(box=_around(place))),
    "the nearest in a box": lambda asked, place: nearest_points(asked, _wanted(box=_around(place)), place),
}


def _p95_ms(database: Database, search: Search) -> float:
    times = []
    rng = random.Random(7)
    for _ in range(SEARCHES):
        place = Position(rng.randint(50_800_000, 53_400_000), rng.randint(3_500_000, 7_000_000))
        began = time.perf_counter()
        with database.read() as transaction:
            search(transaction, place)
        times.append(1000 * (time.perf_counter() - began))
    return sorted(times)[SEARCHES * 95 // 100]


def _write(path: Path) -> None:
    """Made-up points, most of them in cities, as real ones are."""
    rng = random.Random(1)
    cities = [(rng.uniform(50.8, 53.4), rng.uniform(3.5, 7.0)) for _ in range(CITIES)]
    columns = ["carrier_service_point_id", "name", "street", "house_number", "postal_code", "city", "country_code"]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow([*columns, "latitude", "longitude", "general_shop_type", *WEEKDAYS])
        for number in range(POINTS):
            city = rng.randrange(CITIES)
            latitude, longitude = rng.gauss(cities[city][0], 0.05), rng.gauss(cities[city][1], 0.08)
            address = (f"Street {number % 977}", number % 200, f"{1000 + number % 8999} AB", f"City {city}", "NL")
            kind = rng.choice(["locker", "servicepoint", "post_office"])
            position = (f"{latitude:.6f}", f"{longitude:.6f}")
            hours = [*["09:00-12:00 13:00-18:00"] * 6, ""]
            table.writerow([f"P{number}", f"Point {number}", *address, *position, kind, *hours])
