"""Another label for an order that has one: on purpose, with its reason, and past the guard only this once."""

import pytest

from kolli.errors import AlreadyShipped, Impossible, InFlight, Missing
from kolli.operations.another_label import made_beside, ship_another
from kolli.operations.cancel import cancel
from kolli.operations.claims import claimed
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.queries import get_order
from kolli.shipments.queries import find_newest_of_orders, list_shipments_of_order
from tests.factories import an_order

USUAL = Choice()


@pytest.fixture
def order(caller):
    (pk,) = caller.store(an_order())
    with caller.installation.database.read() as transaction:
        return get_order(transaction, 1, pk)


def shipments_of(caller, order):
    with caller.installation.database.read() as transaction:
        return list_shipments_of_order(transaction, 1, order.id, 10)


def test_the_reason_and_the_first_shipment_are_kept_with_the_other_one(caller, order):
    first = ship_order(ShipOrder(70, USUAL, order_id="shop-1"), caller.context)

    other = ship_another(order, USUAL, "  lost \n in Utrecht ", caller.context)

    assert made_beside(other) == (first.id, "lost in Utrecht")
    assert made_beside(first) is None
    assert {each.id for each in shipments_of(caller, order)} == {first.id, other.id}
    assert [made_beside(each) for each in shipments_of(caller, order) if each.id == other.id] == [made_beside(other)]


def test_the_guard_still_holds_for_everybody_else(caller, order):
    ship_order(ShipOrder(70, USUAL, order_id="shop-1"), caller.context)
    ship_another(order, USUAL, "lost", caller.context)

    with pytest.raises(AlreadyShipped):
        ship_order(ShipOrder(70, USUAL, order_id="shop-1"), caller.context)


def test_no_reason_and_no_first_label_are_refused(caller, order):
    with pytest.raises(Impossible):
        ship_another(order, USUAL, "lost", caller.context)
    ship_order(ShipOrder(70, USUAL, order_id="shop-1"), caller.context)
    with pytest.raises(Missing):
        ship_another(order, USUAL, "  ", caller.context)

    assert len(shipments_of(caller, order)) == 1


def test_the_same_key_ships_the_same_thing(caller, order):
    made = []
    for _ in range(2):
        with claimed("a test", "the same key", caller.context) as context:
            made.append(ship_order(ShipOrder(70, USUAL, order_id="shop-1"), context))

    assert made[0].id == made[1].id
    assert len(caller.sandbox.ledger_entries()) == 1


def test_a_key_that_came_to_nothing_is_free_again(caller, order):
    with pytest.raises(Impossible), claimed("a test", "the same key", caller.context) as context:
        ship_another(order, USUAL, "lost", context)

    with claimed("a test", "the same key", caller.context) as context:
        assert not context.is_resumed


def test_a_key_that_is_at_work_is_said_to_be(caller):
    with claimed("a test", "one key", caller.context), pytest.raises(InFlight):  # noqa: SIM117 - one inside the other
        with claimed("a test", "one key", caller.context):
            pass


def test_the_newest_shipment_of_each_order_is_found_at_once(caller, order):
    first = ship_order(ShipOrder(70, USUAL, order_id="shop-1"), caller.context)
    other = ship_another(order, USUAL, "lost", caller.context)

    with caller.installation.database.read() as transaction:
        mine = find_newest_of_orders(transaction, 1, [order.id, 5])
        theirs = find_newest_of_orders(transaction, 2, [order.id])

    assert mine[order.id].id in {first.id, other.id}
    assert theirs == {}


@pytest.mark.parametrize("state", ["unknown", "intended", "cancelling"])
def test_while_another_label_is_not_settled_there_is_no_third_one(caller, order, state):
    """Whoever sees that the carrier has not answered opens the form anew, and sends it with a key of its own."""
    ship_order(ShipOrder(70, USUAL, order_id="shop-1"), caller.context)
    other = ship_another(order, USUAL, "lost", caller.context)
    with caller.installation.database.write() as transaction:
        change = "UPDATE attempts SET state = ?, created_at = '2000-01-01T00:00:00.000000+00:00' WHERE shipment_id = ?"
        transaction.exec_driver_sql(change, (state, other.id))  # as if the clock had been set back meanwhile

    with pytest.raises(Impossible, match="not settled"):
        ship_another(order, USUAL, "lost", caller.context)

    assert len(shipments_of(caller, order)) == 2


def test_once_the_first_label_is_cancelled_the_other_one_still_holds_the_order(caller, order):
    first = ship_order(ShipOrder(70, USUAL, order_id="shop-1"), caller.context)
    ship_another(order, USUAL, "lost", caller.context)
    cancel(first.id, caller.context)

    with pytest.raises(AlreadyShipped):
        ship_order(ShipOrder(70, USUAL, order_id="shop-1"), caller.context)
