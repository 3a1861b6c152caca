"""What was shipped last comes first, page by page, and is counted no further than was asked for."""

from dataclasses import replace
from datetime import timedelta

from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.model import ShipWith
from kolli.shipments.past import count_past, end, list_newest
from tests.factories import NOW, an_order
from tests.unit.operations.ways import a_caller_with_ways


def shipped(caller, number, minutes):
    """Ships an order at a time of its own."""
    caller.store(an_order(order_id=number, order_number=number))
    at = replace(caller.installation, clock=lambda: NOW + timedelta(minutes=minutes))
    choice = Choice(ShipWith("ways:plain"), applies_rules=True)
    ship_order(ShipOrder(70, choice, order_number=number), replace(caller.context, installation=at))


def test_the_newest_come_first_and_the_next_page_begins_behind_the_last(tmp_path):
    caller = a_caller_with_ways(tmp_path)
    for place, number in enumerate(("A", "B", "C")):
        shipped(caller, number, place)
    start = end(NOW + timedelta(minutes=5))

    with caller.installation.database.read() as transaction:
        first, behind = list_newest(transaction, 1, NOW, start, 2)
        assert behind
        rest, last = list_newest(transaction, 1, NOW, behind, 2)
        assert last
        nothing = list_newest(transaction, 1, NOW, last, 2)
        since = list_newest(transaction, 1, NOW + timedelta(minutes=2), start, 9)[0]
        counts = [count_past(transaction, 1, NOW, start, most) for most in (2, 9)]

    assert [each.draft.order_number for each in (*first, *rest)] == ["C", "B", "A"]
    assert nothing == ([], None)
    assert [each.draft.order_number for each in since] == ["C"]
    assert counts == [2, 3]


def test_nothing_of_another_account_is_among_it(tmp_path):
    caller = a_caller_with_ways(tmp_path)
    shipped(caller, "A", 0)

    with caller.installation.database.read() as transaction:
        found = list_newest(transaction, 2, NOW, end(NOW), 9)
        count = count_past(transaction, 2, NOW, end(NOW), 9)

    assert (found, count) == (([], None), 0)
