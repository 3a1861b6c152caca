"""What choosing how to ship costs: offering 500 options with quotes, and deciding under many rules; in process, warm.

The requests go through the whole web application, but for the socket: credentials, body, answer and all.
"""

import asyncio
import base64
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from starlette.types import ASGIApp, Message

from benchmarks import Row
from kolli.account.accounts import Account, add_account
from kolli.account.integrations import Integration, add_integration
from kolli.account.keys import create_key
from kolli.account.options import OwnOption, save_own_options
from kolli.account.rates import Rate, RateSheet, Surcharge, replace_rate_sheets
from kolli.app import build, open_database, web
from kolli.carriers.base import Announced, Booking, Numbering, ShippingOption
from kolli.carriers.registry import Carriers
from kolli.operations.context import Installation
from kolli.settings import Settings
from kolli.values import EU_COUNTRIES, Dimensions, Weight

ACCOUNT, INTEGRATION = 1, 70
OPTIONS = 500
BRACKETS = 10
WARM_UP, REQUESTS = 5, 60

OFFER_BAR_MS = 20.0


class Fleet:
    """A carrier that has nothing but what its accounts add."""

    code = "fleet"
    name = "Fleet"
    numbering = Numbering.NUMBER_AT_BOOKING
    needs_contract = False
    longest_number = "FLEET00000000"
    options: tuple[ShippingOption, ...] = ()
    takes_own_options = True

    def announce(self, booking: Booking) -> Announced:
        """Never called."""
        raise NotImplementedError

    def cancel(self, booking: Booking) -> bool:
        """Never called."""
        raise NotImplementedError

    def printed(self, tracking_number: str) -> str:
        """As it is."""
        return tracking_number


def measure() -> Iterator[Row]:
    """Offers over 500 options with rate sheets."""
    with tempfile.TemporaryDirectory(prefix="kolli-benchmark-") as name:
        settings = Settings(data=Path(name))
        database = open_database(settings)
        installation = build(settings, database, carriers=Carriers([Fleet()]))
        authorization = _fill(installation)
        yield from _offers(installation, authorization)
        yield from _configuration(installation)
        database.close()


def _offers(installation: Installation, authorization: str) -> Iterator[Row]:
    one = {"weight": {"value": "2.3", "unit": "kg"}, "dimensions": _size(40, 30, 20)}
    two = {**one, "additional_insured_price": {"value": "120", "currency": "EUR"}}
    route = {"from_country_code": "NL", "to_country_code": "DE", "calculate_quotes": True}
    bodies: Mapping[str, object] = {
        "one parcel": {**route, "parcels": [one]},
        "two insured parcels": {**route, "parcels": [two, two]},
        "one option": {**route, "parcels": [one], "shipping_option_code": "fleet:option-250"},
    }
    app = web(installation)
    for what, body in bodies.items():
        times, answer = asyncio.run(_asked(app, "/api/v3/shipping-options", json.dumps(body).encode(), authorization))
        found = json.loads(answer)["data"]
        note = f"{len(found)} of {OPTIONS} options, {sum(len(option['quotes']) for option in found)} quotes"
        yield Row(f"POST /shipping-options, {what}, median", 1000 * statistics.median(times), "ms", OFFER_BAR_MS, note)


async def _asked(app: ASGIApp, path: str, content: bytes, authorization: str) -> tuple[list[float], bytes]:
    """How many seconds each of many equal requests takes, after some to warm up; and what is answered."""
    times, answer = [], b""
    for _ in range(WARM_UP + REQUESTS):
        began = time.perf_counter()
        answer = await _post(app, path, content, authorization)
        times.append(time.perf_counter() - began)
    return times[WARM_UP:], answer


def _configuration(installation: Installation) -> Iterator[Row]:
    """What a request pays for knowing that nothing has changed, and what a change costs once."""
    database, configurations = installation.database, installation.configurations

    def unchanged() -> None:
        with database.read() as transaction:
            configurations.of(transaction, ACCOUNT)

    yield Row(
        "configuration, nothing changed, median", _median_ms(unchanged), "ms", note="the same object is used again"
    )
    began = time.perf_counter()
    with database.write() as transaction:
        save_own_options(transaction, ACCOUNT, [_option(0)], installation.clock())
    changed = time.perf_counter()
    unchanged()
    yield Row(
        "configuration, made anew after a change",
        1000 * (time.perf_counter() - changed),
        "ms",
        note=f"beside a commit of {1000 * (changed - began):.1f} ms",
    )


def _median_ms(ask: Callable[[], object]) -> float:
    for _ in range(WARM_UP):
        ask()
    times = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return 1000 * statistics.median(times)


async def _post(app: ASGIApp, path: str, content: bytes, authorization: str) -> bytes:
    """One request to an application that is called directly."""
    headers = [(b"authorization", authorization.encode()), (b"content-length", str(len(content)).encode())]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 200, sent
    return b"".join(message.get("body", b"") for message in sent[1:])


# What it is measured on


def _fill(installation: Installation) -> str:
    """An account with 500 options, each with a rate sheet of its own; gives its credentials as a header."""
    now = installation.clock()
    sheets = [_sheet(number, installation.sequences.take_id()) for number in range(OPTIONS)]
    with installation.database.write() as transaction:
        add_account(transaction, Account(ACCOUNT, "Benchmark", registered_at=now))
        add_integration(transaction, ACCOUNT, Integration(INTEGRATION, "Shop", now, now))
        save_own_options(transaction, ACCOUNT, [_option(number) for number in range(OPTIONS)], now)
        replace_rate_sheets(transaction, ACCOUNT, sheets, now)
        key, secret = create_key(transaction, ACCOUNT, "Benchmark", now, "example", integration_id=INTEGRATION)
    return "Basic " + base64.b64encode(f"{key.public_key}:{secret}".encode()).decode()


def _option(number: int) -> OwnOption:
    return OwnOption(
        f"fleet:option-{number}",
        "fleet",
        f"Option {number}",
        heaviest=_kilograms("31.5"),
        countries=EU_COUNTRIES,
        from_countries=frozenset({"NL", "BE"}),
        largest=Dimensions(Decimal(175), Decimal(78), Decimal(58), "cm"),
        most_parcels=10,
        volumetric_divisor=5000 if number % 2 else 6000,
        lead_time_hours=24 + number % 3 * 24,
        functionalities={"tracked": True, "b2c": True, "last_mile": "home_delivery", "signature": number % 2 == 0},
    )


def _sheet(number: int, sheet_id: int) -> RateSheet:
    zones: Sequence[frozenset[str]] = (
        frozenset({"NL"}),
        frozenset({"BE", "DE", "LU"}),
        EU_COUNTRIES - {"NL", "BE", "DE", "LU"},
    )
    rates = tuple(
        Rate(
            _kilograms(str(3 * bracket)),
            _kilograms(str(3 * bracket + 3)),
            Decimal(395 + number + 100 * bracket + 250 * zone) / 100,
            to_countries=countries,
            surcharges=(Surcharge("fuel", Decimal("12.5"), is_percentage=True), Surcharge("toll", Decimal("0.19"))),
            insurance_percentage=Decimal("0.5"),
            insurance_minimum=Decimal(1),
        )
        for zone, countries in enumerate(zones)
        for bracket in range(BRACKETS)
    )
    return RateSheet(f"fleet:option-{number}", None, "EUR", rates, sheet_id)


def _kilograms(value: str) -> Weight:
    return Weight(Decimal(value), "kg")


def _size(*sides: int) -> dict[str, str]:
    length, width, height = map(str, sides)
    return {"length": length, "width": width, "height": height, "unit": "cm"}
