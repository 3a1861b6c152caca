"""A change of an order is stored with what to look at, and only on top of what its maker has seen."""

from functools import partial

import pytest

from kolli.errors import Conflict
from kolli.operations.change_orders import store_change
from kolli.operations.ship_order import Choice, ShipOrder
from kolli.operations.ship_orders import ship_orders
from kolli.orders.queries import get_order, list_warnings
from tests.factories import an_item, an_order


@pytest.fixture
def order(caller):
    (pk,) = caller.store(an_order())
    with caller.installation.database.read() as transaction:
        return get_order(transaction, 1, pk)


def without_weight(order):
    details = {**order.document["order_details"], "order_items": [an_item(measurement=None)]}
    return {**order.document, "order_details": details}


def test_what_to_look_at_is_found_anew(caller, order):
    store_change(order, without_weight(order), caller.context)

    with caller.installation.database.read() as transaction:
        assert [each.code for each in list_warnings(transaction, 1, order.id)] == ["NO_WEIGHT"]
        assert get_order(transaction, 1, order.id).revision == order.revision + 1


def test_a_change_of_what_somebody_else_has_changed_is_refused(caller, order):
    store_change(order, without_weight(order), caller.context)

    noted: list[object] = []

    is_stored = store_change(order, {**order.document, "order_number": "X"}, caller.context, note=noted.append)

    assert not is_stored
    assert noted == []


def test_what_is_being_announced_is_not_edited_by_a_person(caller, order):
    ship_orders([ShipOrder(70, Choice(), order_id="shop-1")], caller.context)
    change = partial(store_change, order, without_weight(order), caller.context)

    with pytest.raises(Conflict, match="being announced"):
        change(refuse_while_announced=True)
    change()

    with caller.installation.database.read() as transaction:
        assert get_order(transaction, 1, order.id).revision == order.revision + 1
