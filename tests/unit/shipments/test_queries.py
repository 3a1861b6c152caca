"""Shipments come back from the database as they went in, to the account that they belong to."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from kolli.account.accounts import Account, add_account
from kolli.errors import NotFound
from kolli.shipments.model import Box, Parcel, ParcelStatus
from kolli.shipments.queries import (
    add_shipment,
    find_by_tracking_number,
    get_shipment,
    get_shipment_of_parcel,
    get_shipments_of_parcels,
    mark_announced,
    set_status,
)
from kolli.values import Dimensions, Weight
from tests.factories import NOW, a_database, an_address, kilograms
from tests.unit.shipments.made import a_draft, a_shipment

TWO_BOXES = (
    Parcel(11, 1, ParcelStatus.ANNOUNCING, updated_at=NOW),
    Parcel(12, 2, ParcelStatus.ANNOUNCING, updated_at=NOW),
)


@pytest.fixture
def transaction():
    with a_database().write() as transaction:
        add_account(transaction, Account(1, "One"))
        add_account(transaction, Account(2, "Two"))
        yield transaction


def announced(transaction, shipment, *numbers):
    """The shipment, stored and announced with these numbers."""
    add_shipment(transaction, shipment)
    mark_announced(transaction, shipment, numbers, NOW)
    return get_shipment(transaction, shipment.account_id, shipment.id)


def test_a_shipment_comes_back_as_it_was(transaction):
    size = Dimensions(Decimal("10.0"), Decimal(20), Decimal("0.5"), "in")
    draft = a_draft(
        recipient=an_address(name="Μαρία Παπαδοπούλου", company_name='^XA \\ "', phone_number="+30 210"),
        boxes=(Box(kilograms("0.50"), size), Box(Weight(Decimal("1E+1"), "lbs"))),
        contract_id=517,
        brand_id=42,
        logo_sha256="0" * 64,
    )
    shipment = a_shipment(draft=draft, parcels=TWO_BOXES)

    add_shipment(transaction, shipment)

    assert get_shipment(transaction, 1, "a") == shipment


def test_a_weight_keeps_its_zeros(transaction):
    add_shipment(transaction, a_shipment())

    assert str(get_shipment(transaction, 1, "a").draft.boxes[0].weight.value) == "0.50"


def test_a_shipment_is_only_there_for_its_account(transaction):
    add_shipment(transaction, a_shipment())

    with pytest.raises(NotFound) as foreign:
        get_shipment(transaction, 2, "a")
    with pytest.raises(NotFound) as missing:
        get_shipment(transaction, 2, "b")

    assert foreign.value.message == missing.value.message


def test_a_parcel_is_found_with_its_shipment(transaction):
    shipment = a_shipment(parcels=TWO_BOXES, draft=a_draft(boxes=(Box(kilograms("1")),) * 2))
    add_shipment(transaction, shipment)

    assert get_shipment_of_parcel(transaction, 1, 12) == (shipment, shipment.parcels[1])


def test_a_parcel_is_only_there_for_its_account(transaction):
    add_shipment(transaction, a_shipment(parcels=TWO_BOXES))

    with pytest.raises(NotFound, match=r"^No Parcel matches the given query\.$"):
        get_shipment_of_parcel(transaction, 2, 12)
    with pytest.raises(NotFound, match=r"^No Parcel matches the given query\.$"):
        get_shipment_of_parcel(transaction, 1, 13)


@pytest.fixture
def three_parcels(transaction):
    """A shipment with the parcels 11 and 12, and one with the parcel 21; both of account 1."""
    two = a_shipment(parcels=TWO_BOXES, draft=a_draft(boxes=(Box(kilograms("1")),) * 2))
    one = a_shipment(id="b", parcels=(Parcel(21, 1, ParcelStatus.ANNOUNCING, updated_at=NOW),))
    add_shipment(transaction, two)
    add_shipment(transaction, one)
    return {11: (two, two.parcels[0]), 12: (two, two.parcels[1]), 21: (one, one.parcels[0])}


@pytest.mark.parametrize("asked", [[], [11], [12, 21, 11], [21, 12]])
def test_parcels_are_found_with_their_shipments_in_the_order_asked_for(transaction, three_parcels, asked):
    found = get_shipments_of_parcels(transaction, 1, asked)

    assert found == [three_parcels[number] for number in asked]


@pytest.mark.parametrize(("account_id", "asked"), [(2, [11]), (1, [11, 13]), (1, [13])])
def test_one_parcel_that_is_not_there_for_the_account_is_all_it_takes(transaction, three_parcels, account_id, asked):
    assert 13 not in three_parcels
    with pytest.raises(NotFound, match=r"^No Parcel matches the given query\.$"):
        get_shipments_of_parcels(transaction, account_id, asked)


def test_many_parcels_are_read_with_two_queries(transaction, three_parcels):
    asked = []
    event.listen(transaction, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))

    get_shipments_of_parcels(transaction, 1, list(three_parcels))

    assert len(asked) == 2


def test_announced_parcels_get_their_numbers_in_the_order_of_the_boxes(transaction):
    shipment = announced(transaction, a_shipment(parcels=TWO_BOXES), "N1", "N2")

    assert shipment.parcels == (
        Parcel(11, 1, ParcelStatus.READY_TO_SEND, "N1", NOW, updated_at=NOW),
        Parcel(12, 2, ParcelStatus.READY_TO_SEND, "N2", NOW, updated_at=NOW),
    )


@pytest.mark.parametrize("numbers", [(), ("N1",), ("N1", "N2", "N3")])
def test_every_box_gets_one_number(transaction, numbers):
    shipment = a_shipment(parcels=TWO_BOXES)
    add_shipment(transaction, shipment)

    with pytest.raises(ValueError, match="zip"):
        mark_announced(transaction, shipment, numbers, NOW)


def test_a_number_is_used_once_for_ever(transaction):
    announced(transaction, a_shipment(), "N1")
    add_shipment(transaction, a_shipment(id="b", account_id=2))

    with pytest.raises(IntegrityError):
        mark_announced(transaction, a_shipment(id="b", account_id=2), ["N1"], NOW)


def test_two_carriers_may_have_the_same_number(transaction):
    first = announced(transaction, a_shipment(), "N1")
    second = announced(transaction, a_shipment(id="b", draft=a_draft(carrier_code="postnl")), "N1")

    assert find_by_tracking_number(transaction, "N1") == [(first, first.parcels[0]), (second, second.parcels[0])]


def test_a_status_is_given_to_all_parcels_of_one_shipment(transaction):
    other = announced(transaction, a_shipment(id="b"), "N1")
    add_shipment(transaction, a_shipment(parcels=TWO_BOXES))

    set_status(transaction, 1, "a", ParcelStatus.CANCELLED, NOW)

    assert [parcel.status for parcel in get_shipment(transaction, 1, "a").parcels] == [ParcelStatus.CANCELLED] * 2
    assert get_shipment(transaction, 1, "b") == other


def test_another_account_changes_nothing(transaction):
    shipment = a_shipment()
    add_shipment(transaction, shipment)

    set_status(transaction, 2, "a", ParcelStatus.CANCELLED, NOW)
    mark_announced(transaction, replace(shipment, account_id=2), ["N1"], NOW)

    assert get_shipment(transaction, 1, "a") == shipment


@pytest.mark.parametrize("asked", ["SCTEST1234ABCD", "sctest1234abcd", "ScTest1234aBcD"])
def test_a_number_is_found_in_capitals_or_not(transaction, asked):
    shipment = announced(transaction, a_shipment(), "SCTEST1234ABCD")

    assert find_by_tracking_number(transaction, asked) == [(shipment, shipment.parcels[0])]


def test_a_number_that_was_only_reserved_is_not_found(transaction):
    add_shipment(
        transaction, a_shipment(parcels=(Parcel(11, 1, ParcelStatus.ANNOUNCING, "3STEST0000001", updated_at=NOW),))
    )

    assert find_by_tracking_number(transaction, "3STEST0000001") == []


def test_of_a_shipment_with_two_parcels_the_one_with_the_number_is_found(transaction):
    shipment = announced(transaction, a_shipment(parcels=TWO_BOXES), "N1", "N2")

    assert find_by_tracking_number(transaction, "n2") == [(shipment, shipment.parcels[1])]


def test_the_statuses_are_the_documented_ones():
    assert len(ParcelStatus) == 35
    assert ParcelStatus.DELIVERED == "DELIVERED"
    assert (ParcelStatus.DELIVERED.message, ParcelStatus.DELIVERED.number) == ("Delivered", 11)


@pytest.mark.parametrize(
    ("text", "status"),
    [("delivered", "DELIVERED"), ("11", "DELIVERED"), ("18", "UNSORTED"), (" 6 ", "UNSORTED"), ("nonsense", None)],
)
def test_a_status_is_known_by_its_code_and_by_its_number(text, status):
    assert ParcelStatus.named(text) == status


def test_parcels_are_found_without_reading_all_that_their_account_has_shipped(transaction):
    """With many ids, and no statistics, SQLite would rather read an account's shipments than look up each."""
    statements = []
    event.listen(transaction, "before_cursor_execute", lambda *sent: statements.append((sent[2], sent[3])))
    add_shipment(transaction, a_shipment(parcels=TWO_BOXES))
    statements.clear()

    get_shipments_of_parcels(transaction, 1, [11, 12] * 50)

    sql, values = statements[0]
    plan = [row.detail for row in transaction.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    assert plan[0] == "SEARCH parcels USING INTEGER PRIMARY KEY (rowid=?)"
