"""Orders ↔ rows."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from sqlalchemy import event

from kolli.account.accounts import Account, add_account
from kolli.account.integrations import add_integration
from kolli.api.bodies import decode, encode
from kolli.database import Database
from kolli.errors import Invalid, NotFound
from kolli.migrations import migrate
from kolli.orders.model import Order
from kolli.orders.queries import (
    Filters,
    Page,
    Sort,
    add_or_update_order,
    find_by_order_id,
    find_by_order_number,
    find_order,
    get_order,
    list_orders,
    read_position,
    remove_order,
    sorting,
    update_order,
)
from tests import factories
from tests.factories import NOW, a_database, an_integration

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def database():
    database = a_database()
    with database.write() as transaction:
        add_two_accounts(transaction)
    return database


def an_order(**changes):
    """An order as the API hands it down: with exact numbers."""
    return decode(encode(factories.an_order(**changes)))


def add_two_accounts(transaction):
    add_account(transaction, Account(1, "One"))
    add_account(transaction, Account(2, "Two"))
    add_integration(transaction, 1, an_integration(70, "Shop"))
    add_integration(transaction, 1, an_integration(71, "Other shop"))
    add_integration(transaction, 2, an_integration(80, "Foreign shop"))


def store(database, *documents, first=1, account_id=1, now=NOW):
    with database.write() as transaction:
        return [
            add_or_update_order(transaction, account_id, first + number, document, now)
            for number, document in enumerate(documents)
        ]


def read(database, query, *arguments, account_id=1):
    with database.read() as transaction:
        return query(transaction, account_id, *arguments)


def in_shop(integration_id, **changes):
    return an_order(order_details={**an_order()["order_details"], "integration": {"id": integration_id}}, **changes)


def ids(orders):
    return [order.id for order in orders]


def newest_first(size=100):
    return Page(sorting([]), size)


# One order


def test_an_order_comes_back_as_it_was_stored(database):
    store(database, an_order(), first=5)

    assert read(database, find_order, 5) == Order(5, 70, NOW, NOW, 1, an_order())


def test_numbers_come_back_exactly(database):
    total = {"value": Decimal("12345678901234.12345678901234567890"), "currency": "EUR"}
    store(database, an_order(payment_details={"total_price": total, "status": {"code": "paid"}}))

    (listed,) = read(database, list_orders, Filters(), newest_first()).orders

    assert str(read(database, get_order, 1).document["payment_details"]["total_price"]["value"]) == str(total["value"])
    assert decode(listed.document) == read(database, get_order, 1).document


def test_an_order_with_the_same_order_id_in_the_same_integration_is_updated(database):
    store(database, an_order(order_number="A"), first=5)

    again = store(database, an_order(order_number="B"), first=9, now=LATER)

    assert again == [5]
    assert read(database, get_order, 5) == Order(5, 70, NOW, LATER, 2, an_order(order_number="B"))


def test_an_order_stored_again_without_a_change_stays_as_it_was(database):
    store(database, an_order(), first=5)

    store(database, an_order(), first=9, now=LATER)

    assert read(database, get_order, 5) == Order(5, 70, NOW, NOW, 1, an_order())


def test_the_same_order_id_in_another_integration_or_case_is_another_order(database):
    found = store(database, in_shop(70), in_shop(71), in_shop(70, order_id="SHOP-1"))

    assert found == [1, 2, 3]


def test_racing_batches_store_an_order_once(tmp_path):
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
        add_two_accounts(transaction)
    documents = [an_order(order_id=f"shop-{number}") for number in range(20)]

    with ThreadPoolExecutor(8) as threads:
        stored = list(threads.map(lambda turn: store(database, *documents, first=1 + 20 * turn), range(8)))

    assert stored == [stored[0]] * 8
    assert len(read(database, list_orders, Filters(), newest_first()).orders) == 20
    database.close()


def test_an_update_counts_the_revision(database):
    (order_pk,) = store(database, an_order())

    with database.write() as transaction:
        order = get_order(transaction, 1, order_pk)
        update_order(transaction, 1, order, an_order(order_number="B"), LATER)

    assert read(database, get_order, order_pk) == Order(order_pk, 70, NOW, LATER, 2, an_order(order_number="B"))
    assert ids(read(database, find_by_order_number, 70, "b")) == [order_pk]


def test_an_update_without_a_change_is_none(database):
    (order_pk,) = store(database, an_order())

    with database.write() as transaction:
        update_order(transaction, 1, get_order(transaction, 1, order_pk), an_order(), LATER)

    assert read(database, get_order, order_pk) == Order(order_pk, 70, NOW, NOW, 1, an_order())


def test_an_order_that_has_changed_since_it_was_read_is_not_updated(database):
    (order_pk,) = store(database, an_order())
    before = read(database, get_order, order_pk)
    store(database, an_order(order_number="B"))

    with database.write() as transaction:
        updated = update_order(transaction, 1, before, an_order(order_number="C"), LATER)

    assert not updated
    assert read(database, get_order, order_pk).order_number == "B"


def test_a_removed_order_is_gone(database):
    (order_pk,) = store(database, an_order())

    with database.write() as transaction:
        remove_order(transaction, 1, order_pk)

    assert read(database, find_order, order_pk) is None


@pytest.mark.parametrize("query", [get_order, remove_order])
def test_an_order_of_another_account_does_not_exist(database, query):
    store(database, an_order(), first=5)

    with pytest.raises(NotFound, match="The order could not be found with the search criteria given"):
        read(database, query, 5, account_id=2)


def test_queries_never_reach_into_another_account(database):
    store(database, an_order(), first=5)

    found = [
        read(database, find_order, 5, account_id=2),
        read(database, find_by_order_id, 70, "shop-1", account_id=2),
        read(database, find_by_order_number, 70, "ORDER-1", account_id=2),
        read(database, list_orders, Filters(), newest_first(), account_id=2).orders,
    ]

    assert found == [None, [], [], []]


# By the shop's names


def test_an_exact_order_number_comes_before_those_that_differ_in_case(database):
    store(database, an_order(order_id="1", order_number="a-1"), an_order(order_id="2", order_number="A-1"))

    assert ids(read(database, find_by_order_number, 70, "A-1")) == [2]


def test_an_order_number_is_found_in_another_case_when_there_is_no_exact_one(database):
    store(database, an_order(order_id="1", order_number="Ab"), an_order(order_id="2", order_number="aB"))

    assert ids(read(database, find_by_order_number, 70, "ab")) == [1, 2]


def test_an_order_id_is_found_in_another_case_when_there_is_no_exact_one(database):
    store(database, an_order(order_id="Shop-Ä"), an_order(order_id="SHOP-Ä"))

    assert ids(read(database, find_by_order_id, 70, "shop-ä")) == [1, 2]
    assert ids(read(database, find_by_order_id, 70, "SHOP-Ä")) == [2]


def test_an_order_is_not_found_in_another_integration(database):
    store(database, in_shop(71))

    assert read(database, find_by_order_id, 70, "shop-1") == []
    assert read(database, find_by_order_number, 70, "ORDER-1") == []


# Lists


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], [Sort("pk", descending=True)]),
        ([Sort("integration")], [Sort("integration"), Sort("pk")]),
        ([Sort("integration"), Sort("integration", descending=True)], [Sort("integration"), Sort("pk")]),
        ([Sort("pk"), Sort("integration")], [Sort("pk")]),
        (
            [Sort("order_number"), Sort("order_created_at", descending=True)],
            [Sort("order_number"), Sort("order_created_at", descending=True), Sort("pk", descending=True)],
        ),
    ],
)
def test_every_sorting_ends_in_our_id(wanted, found):
    assert sorting(wanted) == tuple(found)


def test_a_position_is_read_back():
    assert read_position(sorting([Sort("order_number")]), ["a-1", "7"]) == ("a-1", 7)


@pytest.mark.parametrize("texts", [[], ["1", "2"], ["x"], ["-1"], ["٣"], ["9" * 19], ["9" * 5_000], [""]])
def test_a_position_that_cannot_be_one_is_invalid(texts):
    with pytest.raises(Invalid):
        read_position(sorting([]), texts)


def a_large_order(number):
    """A quarter of a page, each as large as it would be were it stored long ago."""
    return an_order(order_id=str(number), order_details={**an_order()["order_details"], "notes": "x" * 2**21})


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (Page(sorting([Sort("pk")]), 100), ([1, 2, 3], (False, True))),
        (Page(sorting([Sort("pk")]), 100, (3,)), ([4, 5], (True, False))),
        (Page(sorting([Sort("pk")]), 100, backwards=True), ([3, 4, 5], (True, False))),
        (Page(sorting([Sort("pk")]), 100, (3,), backwards=True), ([1, 2], (False, True))),
        (Page(sorting([Sort("pk")]), 2), ([1, 2], (False, True))),
    ],
)
def test_a_page_ends_before_it_holds_more_than_eight_mebibytes(database, page, found):
    store(database, *map(a_large_order, range(5)))

    listed = read(database, list_orders, Filters(), page)

    assert (ids(listed.orders), (listed.more_before, listed.more_behind)) == found
    assert listed.positions == [(order.id,) for order in listed.orders]


def test_an_order_larger_than_a_page_is_a_page(database):
    store(database, an_order(order_id="1", order_number="x" * 9 * 2**20), an_order(order_id="2"))

    assert ids(read(database, list_orders, Filters(), Page(sorting([Sort("pk")]), 100)).orders) == [1]


def test_a_list_reads_nothing_in_the_orders_that_it_passes_on(database):
    """An empty list takes three bytes as it is stored, and twenty times as much once it is read."""
    full = an_item_of(100_000)
    store(database, *(an_order(order_id=str(number), order_details=full) for number in range(10)))
    tracemalloc.start()

    read(database, list_orders, Filters(), newest_first())

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 16 * 2**20


def an_item_of(values):
    details = an_order()["order_details"]
    return {**details, "order_items": [{**details["order_items"][0], "properties": {"k": [[]] * values}}]}


PLANS = [
    (Filters(), [], None, "ix_orders_account_id_id (account_id=?)"),
    (Filters(), [], (500,), "ix_orders_account_id_id (account_id=? AND id<?)"),
    (
        Filters(order_number="A"),
        [],
        None,
        "ix_orders_account_id_order_number_key (account_id=? AND order_number_key=?)",
    ),
    (Filters(order_id="A"), [], None, "ix_orders_account_id_order_id_key (account_id=? AND order_id_key=?)"),
    (
        Filters(),
        [Sort("order_created_at")],
        ("2026", 5),
        "ix_orders_account_id_order_created_at (account_id=? AND order_created_at>?)",
    ),
]


@pytest.mark.parametrize(("filters", "sort", "position", "index"), PLANS)
def test_common_lists_read_an_index_from_one_end_and_sort_nothing(database, filters, sort, position, index):
    page = Page(sorting(sort), 100, position)

    plan = plan_of(database, partial(list_orders, account_id=1, filters=filters, page=page))

    assert plan == [f"SEARCH orders USING INDEX {index}"]


def plan_of(database, query):
    """How the database carries a query out."""
    seen = []
    with database.read() as transaction:
        event.listen(transaction, "before_cursor_execute", lambda *event: seen.append(event[2:4]))
        query(transaction)
        statement, parameters = seen[0]
        return [row[-1] for row in transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
