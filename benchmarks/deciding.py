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
from functools import partial
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp, Message

from benchmarks import Row
from kolli.account.accounts import Account, add_account
from kolli.account.integrations import Integration, add_integration
from kolli.account.keys import create_key
from kolli.account.options import OwnOption, save_own_options
from kolli.account.rates import Rate, RateSheet, Surcharge, replace_rate_sheets
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.app import build, open_database, web
from kolli.carriers.base import Announced, Booking, Numbering, ShippingOption
from kolli.carriers.registry import Carriers
from kolli.demo import HERE
from kolli.operations.context import Context, Installation
from kolli.operations.decide import decide
from kolli.operations.ship_order import Choice, ShipOrder, find_order_to_ship, subject_of
from kolli.rules.engine import apply_rules
from kolli.rules.model import Action, Condition, Rule
from kolli.rules.queries import add_rules, remove_all_rules
from kolli.settings import Settings
from kolli.values import EU_COUNTRIES, Address, Dimensions, Weight

ACCOUNT, INTEGRATION = 1, 70
OPTIONS = 500
BRACKETS = 10
WARM_UP, REQUESTS = 5, 60

OFFER_BAR_MS = 20.0
DECIDING_BARS_MS = {100: 0.5, 2_000: 5.0}
"""Number of rules → what deciding may cost with so many."""

SENDER = Address("Benchmark", "Oudegracht", "3511 AB", "Utrecht", "NL", house_number="1")


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
        context, authorization = _fill(installation)
        yield from _offers(installation, authorization)
        yield from _configuration(installation)
        asyncio.run(_post(web(installation), "/api/v3/orders", json.dumps([_order()]).encode(), authorization))
        for count, bar in DECIDING_BARS_MS.items():
            yield from _decisions(context, count, bar)
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


def _decisions(context: Context, count: int, bar: float) -> Iterator[Row]:
    """One order, decided under so many rules, of which every fiftieth holds."""
    installation = context.installation
    with installation.database.write() as transaction:
        remove_all_rules(transaction, ACCOUNT)
        add_rules(transaction, ACCOUNT, [_rule(number, number + 1) for number in range(count)], installation.clock())
    wanted = ShipOrder(INTEGRATION, Choice(applies_rules=True), order_id="bench")
    with installation.database.read() as transaction:
        subject = subject_of(find_order_to_ship(transaction, wanted, ACCOUNT), wanted.choice, context)
        configuration = installation.configurations.of(transaction, ACCOUNT)
        apply = partial(apply_rules, configuration.rules, subject.plan, configuration.catalogue.carrier_of)
        held = f"{len(apply().applied)} of them hold"
        yield Row(f"deciding, {count:,} rules applied, median", _median_ms(apply), "ms", bar, held)
        whole = partial(decide, transaction, subject, context)
        note = f"with sender, contract, checks and draft: {whole().draft.shipping_option_code}"
        yield Row(f"deciding, {count:,} rules, all of it, median", _median_ms(whole), "ms", bar, note)


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
    assert sent[0]["status"] in {200, 201}, sent
    return b"".join(message.get("body", b"") for message in sent[1:])


# What it is measured on


def _fill(installation: Installation) -> tuple[Context, str]:
    """An account with 500 options, each with a rate sheet of its own; and its credentials as a header."""
    now = installation.clock()
    sheets = [_sheet(number, installation.sequences.take_id()) for number in range(OPTIONS)]
    account = Account(ACCOUNT, "Benchmark", default_shipping_option_code="fleet:option-1", registered_at=now)
    with installation.database.write() as transaction:
        add_account(transaction, account)
        add_integration(transaction, ACCOUNT, Integration(INTEGRATION, "Shop", now, now))
        add_sender_address(transaction, ACCOUNT, SenderAddress(7, SENDER, is_default=True))
        save_own_options(transaction, ACCOUNT, [_option(number) for number in range(OPTIONS)], now)
        replace_rate_sheets(transaction, ACCOUNT, sheets, now)
        key, secret = create_key(transaction, ACCOUNT, "Benchmark", now, "example", integration_id=INTEGRATION)
    context = Context(installation, account, key)
    return context, "Basic " + base64.b64encode(f"{key.public_key}:{secret}".encode()).decode()


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


def _order() -> dict[str, Any]:
    """One of the demo's orders, with a weight of its own."""
    order: dict[str, Any] = json.loads((HERE / "orders.json").read_text("utf-8"))[0]
    order["order_details"]["integration"] = {"id": INTEGRATION}
    order["shipping_details"] = {"measurement": {"weight": {"value": 1.2, "unit": "kg"}}}
    return {**order, "order_id": "bench", "order_number": "BENCH"}


def _rule(number: int, rule_id: int) -> Rule:
    """A rule as merchants have them: two conditions, a way to ship."""
    conditions = (
        (Condition("to_country", "in", "NL, BE"), Condition("postal_code", "starts_with", str(1000 + number))),
        (Condition("weight", "ge", str(number % 30 + 2)), Condition("item_name", "contains", f"article {number}")),
        (Condition("item_sku", "pattern", f"*-{number}-*-x?"), Condition("order_value", "gt", str(number))),
        (Condition("checkout_delivery_method", "is", f"Method {number}"), Condition("weight", "lt", "31")),
        (Condition("company_name", "not_contains", f"shop {number}"), Condition("integration", "is_not", "70")),
    )[number % 5]
    if number % 50 == 0:
        conditions = (Condition("weight", "lt", str(20 + number % 7)), Condition("order_value", "ge", "0"))
    action = Action("ship_with", f"fleet:option-{number % OPTIONS}")
    return Rule(rule_id, f"Rule {number}", conditions, (action,))


def _kilograms(value: str) -> Weight:
    return Weight(Decimal(value), "kg")


def _size(*sides: int) -> dict[str, str]:
    length, width, height = map(str, sides)
    return {"length": length, "width": width, "height": height, "unit": "cm"}
