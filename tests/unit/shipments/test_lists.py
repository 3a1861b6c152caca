"""A list of shipments holds what passes its filters, page by page, and finds it in an index."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from kolli.account.accounts import Account, add_account
from kolli.shipments import lists
from kolli.shipments.attempts import Attempt, State, intend
from kolli.shipments.lists import Filters, Page, list_shipments, page_statement
from kolli.shipments.model import Parcel, ParcelStatus
from kolli.shipments.queries import add_shipment, mark_announced, set_parcel_status
from tests.factories import NOW, a_database
from tests.unit.shipments.made import a_draft, a_shipment

FIRST_PAGE = Page(size=40)


@pytest.fixture
def database():
    """A database with the accounts 1 and 2."""
    database = a_database()
    with database.write() as transaction:
        add_account(transaction, Account(1, "Ours"))
        add_account(transaction, Account(2, "Theirs"))
    return database


def store(database, name, minutes=0, *, account_id=1, parcels=1, **draft):
    """Stores a shipment that was made so many minutes after NOW, and is being announced."""
    at = NOW + timedelta(minutes=minutes)
    numbers = range(1, parcels + 1)
    shipment = a_shipment(id=name, account_id=account_id, created_at=at, draft=a_draft(**draft))
    first = shipment.parcels[0].id * 100
    boxes = tuple(Parcel(first + n, n, ParcelStatus.ANNOUNCING, updated_at=at) for n in numbers)
    shipment = replace(shipment, parcels=boxes)
    with database.write() as transaction:
        assert add_shipment(transaction, shipment)
        intend(transaction, Attempt(name, account_id, "", State.INTENDED), at, is_guarded=False)
    return shipment


def announce(database, shipment, *numbers, minutes=0):
    with database.write() as transaction:
        mark_announced(transaction, shipment, numbers, NOW + timedelta(minutes=minutes))


def ids(database, page=FIRST_PAGE, **filters):
    with database.read() as transaction:
        listed = list_shipments(transaction, 1, Filters(**filters), page)
    return [shipment.id for shipment, _ in listed.shipments]


def test_the_newest_comes_first(database):
    for name, minutes in (("b", 2), ("a", 1), ("c", 3)):
        store(database, name, minutes)

    assert ids(database) == ["c", "b", "a"]


def test_of_two_made_at_once_the_id_decides(database):
    store(database, "a")
    store(database, "b")

    assert ids(database) == ["b", "a"]


def test_shipments_of_other_accounts_are_in_no_list(database):
    store(database, "a", account_id=2, external_reference_id="r", order_number="A-1")
    theirs = store(database, "b", 1, account_id=2)
    announce(database, theirs, "X1")

    found = [
        ids(database, **filters)
        for filters in (
            {},
            {"parcel_status": ParcelStatus.READY_TO_SEND},
            {"tracking_number": "X1"},
            {"external_reference_id": "r"},
            {"order_number": "A-1"},
            {"integration_id": 70},
            {"updated_after": NOW - timedelta(days=1)},
            {"parcel_ids": (theirs.parcels[0].id,)},
            {"shipment_ids": ("a", "b")},
        )
    ]

    assert found == [[]] * 9


def test_each_comes_with_its_parcels_and_its_attempt(database):
    stored = store(database, "a", parcels=3)

    with database.read() as transaction:
        listed = list_shipments(transaction, 1, Filters(), FIRST_PAGE)

    assert listed.shipments == [(stored, Attempt("a", 1, "", State.INTENDED))]


@pytest.fixture
def three(database):
    """a: made, b: announced, c: delivered, of another integration; each a minute and an hour apart."""
    store(database, "a", 0, order_number="A-1", external_reference_id="ref-a")
    b = store(database, "b", 1, order_number="B-1", external_reference_id="ref-b", parcels=2)
    c = store(database, "c", 2, order_number="B-1", integration_id=71)
    announce(database, b, "TRACK-B1", "TRACK-B2", minutes=60)
    announce(database, c, "TRACK-C", minutes=120)
    with database.write() as transaction:
        at = NOW + timedelta(minutes=180)
        set_parcel_status(transaction, 1, c.parcels[0].id, ParcelStatus.DELIVERED, at)
    return database


def hours(number):
    return NOW + timedelta(hours=number)


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"parcel_status": ParcelStatus.ANNOUNCING}, ["a"]),
        ({"parcel_status": ParcelStatus.READY_TO_SEND}, ["b"]),
        ({"tracking_number": "track-b2"}, ["b"]),
        ({"tracking_number": "track"}, []),
        ({"external_reference_id": "ref-a"}, ["a"]),
        ({"external_reference_id": "REF-A"}, []),
        ({"order_number": "b-1"}, ["c", "b"]),
        ({"integration_id": 71}, ["c"]),
        ({"updated_after": hours(0)}, ["c", "b"]),
        ({"updated_before": hours(1)}, ["a"]),
        ({"updated_after": hours(1), "updated_before": hours(4)}, ["c"]),
        ({"announced_after": hours(1)}, ["c"]),
        ({"announced_before": hours(2)}, ["b"]),
        ({"announced_before": hours(1)}, []),
        ({"shipment_ids": ("a", "c", "z")}, ["c", "a"]),
        ({"shipment_ids": ()}, []),
        ({"parcel_ids": ()}, []),
        ({"order_number": "B-1", "integration_id": 70}, ["b"]),
        ({"order_number": "B-1", "parcel_status": ParcelStatus.DELIVERED}, ["c"]),
        ({"integration_id": 70, "announced_after": hours(0)}, ["b"]),
    ],
)
def test_a_list_holds_what_passes_its_filters(three, filters, found):
    assert ids(three, **filters) == found


def test_parcel_ids_find_their_shipments_each_once(three):
    with three.read() as transaction:
        listed = list_shipments(transaction, 1, Filters(), FIRST_PAGE)
    of_b, of_a = listed.shipments[1][0].parcels, listed.shipments[2][0].parcels

    assert ids(three, parcel_ids=(of_b[0].id, of_b[1].id, of_a[0].id)) == ["b", "a"]


def test_a_shipment_with_several_parcels_that_pass_is_listed_once(database):
    announce(database, store(database, "a", parcels=3), "1", "2", "3")

    assert ids(database, parcel_status=ParcelStatus.READY_TO_SEND) == ["a"]


def test_a_number_that_no_carrier_has_confirmed_finds_nothing(database):
    draft = a_draft()
    parcel = Parcel(5, 1, ParcelStatus.ANNOUNCING, "3STEST", updated_at=NOW)
    with database.write() as transaction:
        add_shipment(transaction, a_shipment(id="a", draft=draft, parcels=(parcel,)))

    assert ids(database, tracking_number="3STEST") == []


@given(
    made=st.lists(st.integers(0, 3), max_size=12),  # few minutes, so that many are made at once
    size=st.integers(1, 5),
    by_parcels=st.booleans(),
    backwards=st.booleans(),
)
def test_the_pages_together_are_the_list(made, size, by_parcels, backwards):
    database = a_database()
    with database.write() as transaction:
        add_account(transaction, Account(1, "Ours"))
    names = [(minutes, f"{place:02}") for place, minutes in enumerate(made)]
    for minutes, name in names:
        store(database, name, minutes, parcels=1 + minutes % 2)
    filters = Filters(parcel_status=ParcelStatus.ANNOUNCING if by_parcels else None)
    page = Page(size, backwards=backwards)
    collected: list[str] = []

    with database.read() as transaction:
        for _ in range(len(made) + 1):
            listed = list_shipments(transaction, 1, filters, page)
            found = [shipment.id for shipment, _ in listed.shipments]
            collected = found + collected if backwards else collected + found
            if not (listed.more_before if backwards else listed.more_behind):
                break
            page = replace(page, position=listed.positions[0 if backwards else -1])

    assert collected == [name for _, name in sorted(names, reverse=True)]


def test_entries_can_be_passed_over(database):
    for name in "abc":
        store(database, name)

    assert ids(database, Page(size=1, skip=1)) == ["b"]


def test_a_page_whose_drafts_take_too_much_room_ends_early(database, monkeypatch):
    for name in "abc":
        store(database, name)
    monkeypatch.setattr(lists, "LARGEST_PAGE_BYTES", 10)

    with database.read() as transaction:
        listed = list_shipments(transaction, 1, Filters(), FIRST_PAGE)

    assert [shipment.id for shipment, _ in listed.shipments] == ["c"]
    assert listed.more_behind


FILTERS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "parcel_status": {"parcel_status": ParcelStatus.DELIVERED},
    "tracking_number": {"tracking_number": "3STEST"},
    "external_reference_id": {"external_reference_id": "r"},
    "order_number": {"order_number": "A-1"},
    "integration_id": {"integration_id": 70},
    "updated_before": {"updated_before": NOW},
    "updated_after": {"updated_after": NOW},
    "announced_before": {"announced_before": NOW},
    "announced_after": {"announced_after": NOW},
    "parcel_ids": {"parcel_ids": (1, 2)},
    "shipment_ids": {"shipment_ids": ("a", "b")},
    "integration_id and updated_after": {"integration_id": 70, "updated_after": NOW},
}
PAGES = [Page(40), Page(40, (NOW.isoformat(), "a")), Page(40, (NOW.isoformat(), "a"), backwards=True)]
OF_FEW = {"tracking_number", "parcel_ids", "shipment_ids"}


def test_every_filter_is_looked_at_here():
    assert set(FILTERS) >= set(Filters.__dataclass_fields__)


@pytest.mark.parametrize("page", PAGES, ids=["first", "deep", "backwards"])
@pytest.mark.parametrize("name", FILTERS)
def test_a_page_is_found_in_an_index_and_only_few_are_sorted(database, name, page):
    statement = page_statement(Filters(**FILTERS[name]), page).params(account_id=1)
    sql = statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})

    with database.read() as transaction:
        plan = [row[3] for row in transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]

    assert not [step for step in plan if step.startswith("SCAN")]
    assert any("TEMP B-TREE" in step for step in plan) is (name in OF_FEW)
    assert name in OF_FEW or [step for step in plan if "COVERING INDEX" in step] == plan
