"""A database that an earlier version has filled still says the same after its migration."""

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from kolli.account.accounts import Account, get_account
from kolli.account.integrations import get_integration
from kolli.account.keys import check_key
from kolli.database import Database
from kolli.migrations import migrate
from kolli.orders.inbox import InboxFilters, InboxPage, InboxRow, list_inbox
from kolli.orders.terms import terms_of
from kolli.shipments.model import ParcelStatus
from kolli.shipments.queries import get_shipment
from kolli.standing import Standing

SECRET_HASH = "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b"  # of `secret`
DRAFT = {
    "sender": {
        "name": "Shop",
        "address_line_1": "Kanaalweg",
        "postal_code": "3526 KL",
        "city": "U",
        "country_code": "NL",
    },
    "recipient": {"name": "A", "address_line_1": "Straat", "postal_code": "1012 GJ", "city": "A", "country_code": "NL"},
    "carrier_code": "sendcloud",
    "carrier_name": "Sendcloud",
    "shipping_option_code": "sendcloud:letter",
    "shipping_option_name": "Unstamped letter",
    "contract_id": None,
    "is_live": False,
    "boxes": [{"weight": {"value": "0.50", "unit": "kg"}, "dimensions": None}],
    "shipped_on": "2026-11-20",
    "tracking_base": "http://kolli.test",
    "integration_id": 70,
    "order_id": 5,
    "shop_order_id": "shop-1",
    "order_number": "ORDER-1",
    "order_revision": 1,
    "reference": "shop-1",
}
ROWS = (
    """INSERT INTO accounts (id, name, body) VALUES (1, 'One', '{"id": 1, "name": "One"}')""",
    "INSERT INTO integrations (id, account_id, name) VALUES (71, 1, 'Second'), (70, 1, 'First')",
    (
        "INSERT INTO api_keys (public_key, account_id, secret_hash, name, response_profile, created_at)"
        f" VALUES ('public', 1, '{SECRET_HASH}', 'Key', 'example', '2026-11-01T00:00:00+00:00')"
    ),
    "INSERT INTO brands (id, account_id, name, is_default) VALUES (42, 1, 'Brand', 1)",
    "INSERT INTO sender_addresses (id, account_id, is_default, brand_id, body) VALUES (17, 1, 1, 42, '{}')",
    (
        "INSERT INTO shipments (id, account_id, order_id, created_at, body)"
        " VALUES ('s-1', 1, 5, '2026-11-20T10:00:00+00:00', :draft)"
    ),
    (
        "INSERT INTO parcels (id, account_id, shipment_id, box_number, carrier_code, tracking_number, tracking_key,"
        " status, announced_at)"
        " VALUES (9, 1, 's-1', 1, 'sendcloud', 'SC1', 'sc1', 'READY_TO_SEND', '2026-11-20T10:00:01+00:00')"
    ),
    (
        "INSERT INTO attempts (shipment_id, account_id, order_key, guard, state, reason, created_at, changed_at)"
        " VALUES ('s-1', 1, '70 shop-1', '70 shop-1', 'stored', '', '2026-11-20T10:00:00+00:00',"
        " '2026-11-20T10:00:01+00:00')"
    ),
)


@pytest.fixture
def upgraded(tmp_path):
    """A file that version 0001 has filled, migrated to the newest version."""
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction, "0001")
    with database.write() as transaction:
        for row in ROWS:
            transaction.execute(text(row), {"draft": json.dumps(DRAFT)} if ":draft" in row else {})
    with database.write() as transaction:
        assert migrate(transaction)[0] == "0002"
    with database.read() as transaction:
        yield transaction


def test_a_shipment_and_its_parcel_survive_an_upgrade(upgraded):
    shipment = get_shipment(upgraded, 1, "s-1")

    (parcel,) = shipment.parcels
    assert (shipment.draft.order_number, shipment.draft.external_reference_id) == ("ORDER-1", None)
    assert (parcel.status, parcel.tracking_number) == (ParcelStatus.READY_TO_SEND, "SC1")
    assert parcel.updated_at == parcel.announced_at


def test_what_lists_filter_by_is_filled_in_by_an_upgrade(upgraded):
    row = upgraded.execute(text("SELECT integration_id, order_number_key FROM shipments")).one()
    parcel = upgraded.execute(text("SELECT integration_id, created_at FROM parcels")).one()

    assert tuple(row) == (70, "order-1")
    assert tuple(parcel) == (70, "2026-11-20T10:00:00+00:00")


def test_a_key_works_after_an_upgrade_and_belongs_to_the_first_integration(upgraded):
    assert check_key(upgraded, "public", "secret", datetime(2026, 11, 20, tzinfo=UTC)).integration_id == 70
    assert get_integration(upgraded, 1, 70).name == "First"


def test_an_account_has_been_there_since_its_first_key(upgraded):
    assert get_account(upgraded, 1) == Account(1, "One", registered_at=datetime(2026, 11, 1, tzinfo=UTC))


def test_no_row_refers_to_what_is_not_there_after_an_upgrade(upgraded):
    assert upgraded.execute(text("PRAGMA foreign_key_check")).all() == []


def test_labels_are_counted_by_an_upgrade_as_if_they_had_always_been(upgraded):
    (row,) = upgraded.execute(text("SELECT * FROM label_counts")).all()

    assert tuple(row) == (1, "2026-11-20T10", "sendcloud", "NL", 0, 1)


def test_where_orders_stand_and_what_they_are_found_by_is_filled_in_by_an_upgrade(tmp_path):
    """As the program itself would keep it, had it been there from the beginning."""
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction, "0004")
        for row in OLD_ORDERS:
            transaction.execute(text(row), {"body": json.dumps(OLD_ORDER)} if ":body" in row else {})

    with database.write() as transaction:
        migrate(transaction)

    with database.read() as transaction:
        rows = list_inbox(transaction, 1, InboxFilters(), InboxPage()).rows
        terms = set(transaction.execute(text("SELECT term FROM order_terms WHERE order_id = 5")).scalars())
        country = transaction.execute(text("SELECT country_code FROM inbox WHERE order_id = 5")).scalar_one()
    assert rows == [
        InboxRow(7, Standing.OPEN, has_warnings=False),
        InboxRow(6, Standing.FAILED, has_warnings=False),
        InboxRow(5, Standing.SHIPPED, has_warnings=True),
    ]
    assert (frozenset(terms), country) == (terms_of(OLD_ORDER), "NL")


OLD_ORDER = {
    "order_id": "shop-1",
    "order_number": "#ORDER-1",
    "order_details": {
        "integration": {"id": 70},
        "status": {"code": "Paid"},
        "order_created_at": "2026-11-20T09:12:44.000000+00:00",
        "order_items": [{"name": "Candle", "quantity": 1, "sku": "CANDLE-RED_L"}, {"name": "Card", "quantity": 1}],
    },
    "payment_details": {"total_price": {"value": 1, "currency": "EUR"}, "status": {"code": "paid"}},
    "customer_details": {"name": "F. Straße", "email": "Femke@Example.com"},
    "shipping_address": {
        "name": "Femke de Vries",
        "company_name": "Ｌｕｍｅｎ & Was",
        "address_line_1": "Straat",
        "postal_code": "1012 GJ",
        "city": "A",
        "country_code": "NL",
    },
}
_AN_ORDER = (
    "INSERT INTO orders (id, account_id, integration_id, order_id, order_number, order_id_key, order_number_key,"
    " status_key, order_created_at, created_at, modified_at, revision, body, warnings)"
    " VALUES ({id}, 1, 70, 'shop-{id}', 'N', 'shop-{id}', 'n', 'paid', '2026-11-20T09:12:44.000000+00:00', 'x', 'x', 1,"
    " :body, '{warnings}')"
)
_AN_ATTEMPT = (
    "INSERT INTO attempts (shipment_id, account_id, order_key, state, reason, in_background, tries, is_partly_booked,"
    " created_at, changed_at) VALUES ('{id}', 1, '70 shop-{order}', '{state}', '', 0, 1, 0, '{at}', '{at}')"
)
_A_SHIPMENT = (
    "INSERT INTO shipments (id, account_id, integration_id, order_number_key, created_at, body)"
    " VALUES ('{id}', 1, 70, 'n', 'x', '{{}}')"
)
OLD_ORDERS = (
    "INSERT INTO accounts (id, name, revision, body) VALUES (1, 'One', 1, '{}')",
    "INSERT INTO integrations (id, account_id, name, body, created_at, updated_at) VALUES (70, 1, 'F', '{}', 'x', 'x')",
    *(_AN_ORDER.format(id=id_, warnings='[{"code"\\:1}]' if id_ == 5 else "[]") for id_ in (5, 6, 7)),
    *(_A_SHIPMENT.format(id=id_) for id_ in ("a", "b", "c", "d")),
    _AN_ATTEMPT.format(id="a", order=5, state="stored", at="1"),
    _AN_ATTEMPT.format(id="b", order=5, state="rejected", at="2"),
    _AN_ATTEMPT.format(id="c", order=6, state="cancelled", at="1"),
    _AN_ATTEMPT.format(id="d", order=6, state="abandoned", at="2"),
)
