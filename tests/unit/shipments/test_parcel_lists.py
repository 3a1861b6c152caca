"""Lists of parcels: newest first, page by page, filtered, and read by an index."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from kolli.account.accounts import Account, add_account
from kolli.shipments.model import Parcel, ParcelStatus
from kolli.shipments.parcel_lists import ListedParcels, ParcelFilters, ParcelPage, list_parcels
from kolli.shipments.queries import add_shipment, mark_announced, set_parcel_status
from kolli.values import timestamp
from tests.factories import NOW, a_database
from tests.unit.shipments.made import a_draft, a_shipment

EVERYTHING = ParcelFilters()
LATER = NOW + timedelta(hours=1)


def a_box(number, parcel_id):
    return Parcel(parcel_id, number, ParcelStatus.ANNOUNCING, updated_at=NOW)


OLD = a_shipment(id="old", parcels=(a_box(1, 1), a_box(2, 2)))
NEW = a_shipment(
    id="new",
    created_at=LATER,
    draft=a_draft(order_number="ORDER-2", external_reference_id="Mine"),
    parcels=(a_box(1, 3),),
)
THEIRS = a_shipment(id="theirs", account_id=2, draft=a_draft(external_reference_id="Mine"), parcels=(a_box(1, 4),))


@pytest.fixture
def transaction():
    """Account 1 with parcels 1 and 2 of an old shipment and 3 of a new one, which is announced; account 2 with 4."""
    with a_database().write() as transaction:
        add_account(transaction, Account(1, "One"))
        add_account(transaction, Account(2, "Two"))
        add_shipment(transaction, OLD)
        add_shipment(transaction, NEW)
        add_shipment(transaction, THEIRS)
        mark_announced(transaction, NEW, ["3SNew"], LATER)
        yield transaction


def ids(transaction, page=None, account_id=1, **filters):
    wanted = page or ParcelPage(10)
    return list_parcels(transaction, account_id, replace(EVERYTHING, **filters), wanted).ids


def test_the_newest_parcel_comes_first_and_none_of_another_account(transaction):
    assert ids(transaction) == [3, 2, 1]
    assert ids(transaction, account_id=2) == [4]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"status": ParcelStatus.READY_TO_SEND}, [3]),
        ({"status": ParcelStatus.ANNOUNCING}, [2, 1]),
        ({"status": ParcelStatus.DELIVERED}, []),
        ({"updated_after": NOW}, [3]),
        ({"updated_after": LATER}, []),
        ({"announced_after": NOW}, [3]),
        ({"announced_after": LATER}, []),
        ({"tracking_number": "3snew"}, [3]),
        ({"tracking_number": "3SNe"}, []),
        ({"order_number": "order-1"}, [2, 1]),
        ({"order_number": "ORDER"}, []),
        ({"external_reference_id": "Mine"}, [3]),
        ({"external_reference_id": "mine"}, []),
        ({"ids": frozenset({1, 3, 4, 99})}, [3, 1]),
        ({"ids": frozenset()}, []),
        ({"order_number": "ORDER-1", "ids": frozenset({2, 3})}, [2]),
        ({"order_number": "ORDER-1", "status": ParcelStatus.READY_TO_SEND}, []),
    ],
)
def test_filters_leave_what_is_looked_for(transaction, filters, found):
    assert ids(transaction, **filters) == found


def test_a_page_ends_and_the_next_one_begins_behind_it(transaction):
    first = list_parcels(transaction, 1, EVERYTHING, ParcelPage(2))
    second = list_parcels(transaction, 1, EVERYTHING, ParcelPage(2, first.positions[-1]))

    assert first == ListedParcels(
        [(timestamp(LATER), "new", 3), (timestamp(NOW), "old", 2)], more_before=False, more_behind=True
    )
    assert second == ListedParcels([(timestamp(NOW), "old", 1)], more_before=True, more_behind=False)


def test_going_back_leads_to_the_page_one_came_from(transaction):
    last = list_parcels(transaction, 1, EVERYTHING, ParcelPage(2, backwards=True))
    before = list_parcels(transaction, 1, EVERYTHING, ParcelPage(2, last.positions[0], backwards=True))

    assert (last.ids, last.more_before, last.more_behind) == ([2, 1], True, False)
    assert (before.ids, before.more_before, before.more_behind) == ([3], False, True)


def test_a_page_can_pass_over_some(transaction):
    listed = list_parcels(transaction, 1, EVERYTHING, ParcelPage(1, skip=1))

    assert (listed.ids, listed.more_before, listed.more_behind) == ([2], True, True)


def test_pages_work_with_filters_too(transaction):
    position = (timestamp(NOW), "old", 2)

    assert ids(transaction, ParcelPage(1, position), order_number="ORDER-1") == [1]


@pytest.fixture
def plan(transaction):
    """How the database goes about a list, step by step."""
    statements = []
    event.listen(transaction, "before_cursor_execute", lambda *sent: statements.append((sent[2], sent[3])))

    def ask(**filters):
        list_parcels(transaction, 1, replace(EVERYTHING, **filters), ParcelPage(10))
        (sql, values) = statements[-1]
        return [row.detail for row in transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]

    return ask


def test_all_parcels_of_an_account_are_read_in_their_order_from_an_index_alone(plan):
    steps = plan(updated_after=NOW, status=ParcelStatus.DELIVERED)

    assert steps[0].startswith("SEARCH parcels USING COVERING INDEX ix_parcels_list (account_id=?")
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps  # at most the parcels of one shipment are sorted


@pytest.mark.parametrize(
    ("filters", "first_step"),
    [
        ({"order_number": "ORDER-1"}, "SEARCH shipments USING COVERING INDEX ix_shipments_account_id_order_number_key"),
        (
            {"external_reference_id": "Mine"},
            "SEARCH shipments USING COVERING INDEX ix_shipments_account_id_external_reference_id",
        ),
        ({"tracking_number": "3S"}, "SEARCH parcels USING INDEX ix_parcels_tracking_key"),
        ({"ids": frozenset({1, 2})}, "SEARCH parcels USING INTEGER PRIMARY KEY (rowid=?)"),
    ],
)
def test_few_parcels_are_found_without_reading_all(plan, filters, first_step):
    assert plan(**filters)[0].startswith(first_step)


def test_a_status_that_has_changed_is_found_as_it_is_now(transaction):
    set_parcel_status(transaction, 1, 1, ParcelStatus.DELIVERED, LATER)

    assert ids(transaction, status=ParcelStatus.DELIVERED) == [1]
