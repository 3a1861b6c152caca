"""Valid things for tests: `an_address()`, `an_order()`, `an_installation()`; keywords for what the test is about."""

import copy
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from starlette.testclient import TestClient

from kolli.account.accounts import Account, add_account
from kolli.account.brands import Brand, add_brand
from kolli.account.contracts import Contract, add_contract
from kolli.account.integrations import Integration, add_integration
from kolli.account.keys import ResponseProfile, create_key
from kolli.account.number_ranges import add_number_range
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.app import build, web
from kolli.carriers.base import Carrier
from kolli.carriers.postnl import PostNL
from kolli.carriers.registry import Carriers
from kolli.carriers.sandbox import SandboxCarrier
from kolli.database import Database
from kolli.documents.fonts import Fonts
from kolli.migrations import migrate
from kolli.operations.context import Context, Installation
from kolli.rules.model import Action, Condition, Plan, PlannedParcel, Rule
from kolli.settings import Settings
from kolli.values import Address, Money, Weight
from tests.described import DescribedClient
from tests.receivers import Silent

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def an_address(**changes: str) -> Address:
    """A Dutch address."""
    known = {
        "name": "Femke de Vries",
        "address_line_1": "Oudezijds Voorburgwal",
        "house_number": "218",
        "postal_code": "1012 GJ",
        "city": "Amsterdam",
        "country_code": "NL",
    }
    return Address(**{**known, **changes})


def an_order(**changes: Any) -> dict[str, Any]:
    """An order as the API takes it. A keyword replaces a top-level member; None removes it."""
    document = {
        "order_id": "shop-1",
        "order_number": "ORDER-1",
        "order_details": {
            "integration": {"id": 70},
            "status": {"code": "unfulfilled"},
            "order_created_at": "2026-11-20T09:12:44+00:00",
            "order_items": [an_item()],
        },
        "payment_details": {"total_price": {"value": 22.85, "currency": "EUR"}, "status": {"code": "paid"}},
        "shipping_address": {
            "name": "Femke de Vries",
            "address_line_1": "Oudezijds Voorburgwal",
            "house_number": "218",
            "postal_code": "1012 GJ",
            "city": "Amsterdam",
            "country_code": "NL",
        },
    }
    return {name: value for name, value in {**copy.deepcopy(document), **changes}.items() if value is not None}


def an_integration(integration_id: int = 70, name: str = "Shop", **changes: Any) -> Integration:
    """A shop connection."""
    return Integration(integration_id, name, NOW, NOW, **changes)


def an_item(**changes: Any) -> dict[str, Any]:
    """A line of an order."""
    item = {
        "item_id": "line-1",
        "name": "Candle",
        "quantity": 2,
        "total_price": {"value": 17.9, "currency": "EUR"},
        "measurement": {"weight": {"value": 0.35, "unit": "kg"}},
    }
    return {name: value for name, value in {**item, **changes}.items() if value is not None}


def with_items(*items: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An order of exactly these lines."""
    document = an_order(**changes)
    return {**document, "order_details": {**document["order_details"], "order_items": list(items)}}


class Caller(NamedTuple):
    """An account on an installation, and a client that calls as that account."""

    installation: Installation
    context: Context
    client: TestClient

    @property
    def sandbox(self) -> SandboxCarrier:
        """The sandbox carrier, with its ledger."""
        carrier = self.installation.carriers.get("sendcloud")
        assert isinstance(carrier, SandboxCarrier)
        return carrier

    def store(self, *orders: dict[str, Any]) -> list[int]:
        """Stores orders through the API and gives our ids of them."""
        answer = self.client.post("/api/v3/orders", json=list(orders))
        assert answer.status_code == 201, answer.text
        return [entry["id"] for entry in answer.json()["data"]]

    def ship(self, **body: Any) -> Any:
        """Asks for the label of ORDER-1, or of what `order` names."""
        wanted = {"integration_id": 70, "order": {"order_number": "ORDER-1"}, **body}
        return self.client.post("/api/v3/orders/create-label-sync", json=wanted)


def a_database() -> Database:
    """A new database in memory, copied from one that was migrated."""
    database = Database(None)
    with database.write() as transaction:
        raw = transaction.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
    _migrated().backup(raw)
    return database


@cache
def _migrated() -> sqlite3.Connection:
    database = Database(None)
    with database.write() as transaction:
        migrate(transaction)
        raw = transaction.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    return raw


@cache
def the_fonts() -> Fonts:
    """The bundled fonts, opened once for all tests of a process."""
    return Fonts()


def an_installation(
    folder: Path, *, carriers: Iterable[Carrier] | None = None, database: Database | None = None, **settings: Any
) -> Installation:
    """An installation in memory; only the sandbox's ledger is a file, in `folder`."""
    known = Settings(data=folder, public_url="http://kolli.test", **settings)
    built = build(
        known,
        database or a_database(),
        carriers=Carriers(carriers or [SandboxCarrier(folder, lambda: NOW), PostNL(folder)]),
        fonts=the_fonts(),
        clock=lambda: NOW,
    )
    return replace(built, outgoing=Silent())  # no test calls anybody by mistake


def a_caller(
    installation: Installation,
    *,
    account_id: int = 1,
    integration_id: int = 70,
    profile: ResponseProfile = "example",
    **account: Any,
) -> Caller:
    """A new account with an integration, a default sender address, a brand and a PostNL contract, and its client."""
    known = {"name": f"Account {account_id}", "default_shipping_option_code": "sendcloud:letter", "registered_at": NOW}
    added = Account(account_id, **{**known, **account})
    first = account_id * 1000
    with installation.database.write() as transaction:
        add_account(transaction, added)
        add_integration(transaction, account_id, an_integration(integration_id))
        add_brand(transaction, account_id, Brand(first + 42, "Lumen & Was", is_default=True))
        sender = SenderAddress(first + 17, an_address(name="Lumen & Was", city="Utrecht"), is_default=True)
        add_sender_address(transaction, account_id, sender)
        code = f"TE{chr(64 + account_id)}"
        contract = Contract(
            first + 517, "postnl", "Test", is_default=True, sealed_data=installation.vault.seal({"customer_code": code})
        )
        add_contract(transaction, account_id, contract)
        add_number_range(transaction, account_id, contract.id, 1, 9_999_999, is_live=False, vault=installation.vault)
        key, secret = create_key(transaction, account_id, "Test", NOW, profile, integration_id=integration_id)
    client = DescribedClient(web(installation), "http://kolli.test", raise_server_exceptions=False)
    client.auth = (key.public_key, secret)
    return Caller(installation, Context(installation, added, key), client)


def kilograms(value: str) -> Weight:
    """A weight in kilograms."""
    return Weight(Decimal(value), "kg")


def a_parcel_item(**changes: Any) -> dict[str, Any]:
    """An item of a parcel: two candles."""
    item = {
        "description": "Candle",
        "quantity": 2,
        "weight": {"value": Decimal("0.35"), "unit": "kg"},
        "price": {"value": "8.95", "currency": "EUR"},
        "hs_code": "340600",
        "origin_country": "NL",
        "sku": "CANDLE-1",
    }
    return {name: value for name, value in {**item, **changes}.items() if value is not None}


def a_planned_parcel(*items: dict[str, Any], **changes: Any) -> PlannedParcel:
    """A parcel of 0.7 kg with two candles, or with these items."""
    return PlannedParcel(**{"weight": kilograms("0.7"), "items": items or (a_parcel_item(),), **changes})


def a_plan(*parcels: PlannedParcel, **changes: Any) -> Plan:
    """A paid order of 22.85 euros to Amsterdam, in one parcel, or in these."""
    known = {
        "integration_id": 70,
        "payment_status": "paid",
        "total": Money(Decimal("22.85"), "EUR"),
        "recipient": an_address(),
        "parcels": parcels or (a_planned_parcel(),),
    }
    return Plan(**{**known, **changes})


def a_rule(*actions: str, when: Iterable[str] = (), rule_id: int = 1, **changes: Any) -> Rule:
    """A rule as `a_rule("set_weight 2", when=["weight ge 1"])`; without conditions it holds always."""
    texts = ([*text.split(" ", 2), ""][:3] for text in when)
    known = {
        "id": rule_id,
        "name": f"Rule {rule_id}",
        "conditions": tuple(Condition(*text) for text in texts),
        "actions": tuple(Action(name, value) for name, _, value in (text.partition(" ") for text in actions)),
    }
    return Rule(**{**known, **changes})
