"""Orders that are shipped together: each once, whatever is in the way of the others."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from kolli.errors import Conflict, Invalid, NotFound
from kolli.operations import batches as module
from kolli.operations.background import workers
from kolli.operations.batches import BatchChoice, make_batch, resume_batch, retry_item, stop_batch
from kolli.orders.batches import ItemState, Progress, count_items, get_batch, list_batches, list_items, list_shipments
from kolli.orders.queries import remove_order
from tests.factories import a_caller, an_order

WAITING, SHIPPED, FAILED, STOPPED = ItemState.WAITING, ItemState.SHIPPED, ItemState.FAILED, ItemState.STOPPED


def orders(*numbers, **changes):
    return [an_order(order_id=f"shop-{number}", order_number=f"ORDER-{number}", **changes) for number in numbers]


def make(caller, order_pks, form_key="form-1", choice=None):
    return make_batch(order_pks, choice or BatchChoice(), form_key, "Femke", caller.context)


def run(caller):
    return workers(caller.installation).run_due()


def dies(_transaction):
    raise RuntimeError("died here")


def states(caller, batch):
    with caller.installation.database.read() as transaction:
        return [item.state for item in list_items(transaction, 1, batch.id, 1, 100)]


def items(caller, batch):
    with caller.installation.database.read() as transaction:
        return list_items(transaction, 1, batch.id, 1, 100)


def shipments_of(caller):
    return caller.client.get("/api/v3/shipments").json()["data"]


def test_every_order_of_a_batch_is_shipped_and_the_list_order_is_kept(caller):
    order_pks = caller.store(*orders(3, 1, 2))

    batch = make(caller, order_pks)
    run(caller)

    with caller.installation.database.read() as transaction:
        shipped = list_shipments(transaction, 1, batch.id)
        progress = count_items(transaction, 1, [batch.id])[batch.id]
    assert [item.order_pk for item in items(caller, batch)] == order_pks
    assert [item.shipment_id for item in items(caller, batch)] == shipped
    assert (progress, progress.total, progress.is_over) == (Progress(shipped=3), 3, True)


def test_the_same_form_makes_one_batch(caller):
    order_pks = caller.store(*orders(1, 2))

    first, second = make(caller, order_pks), make(caller, order_pks)
    run(caller)

    assert first == second
    assert len(shipments_of(caller)) == 2


def test_an_order_that_fails_says_why_and_what_to_do_and_the_others_are_shipped(caller):
    order_pks = caller.store(*orders("1~reject:address", 2))

    batch = make(caller, order_pks)
    run(caller)

    failed, shipped = items(caller, batch)
    assert (failed.state, shipped.state) == (FAILED, SHIPPED)
    assert failed.note.message
    assert "Nothing was booked" in failed.note.advice


def test_what_has_failed_is_tried_again_when_somebody_says_so(caller):
    order_pks = caller.store(*orders("1~reject:address", 2))
    batch = make(caller, order_pks)
    run(caller)
    caller.store(an_order(order_id="shop-1~reject:address", order_number="ORDER-1"))

    tried_again = resume_batch(batch.id, caller.context)
    run(caller)

    assert tried_again == 1
    assert states(caller, batch) == [SHIPPED, SHIPPED]
    assert len([each for each in items(caller, batch) if each.note.message]) == 0


def test_a_batch_that_is_stopped_ships_nothing_more_until_it_is_resumed(caller):
    order_pks = caller.store(*orders(1, 2))
    batch = make(caller, order_pks)

    stopped = stop_batch(batch.id, caller.context)
    run(caller)
    between = states(caller, batch)
    resume_batch(batch.id, caller.context)
    run(caller)

    assert (stopped, between) == (2, [STOPPED, STOPPED])
    assert states(caller, batch) == [SHIPPED, SHIPPED]
    assert len(shipments_of(caller)) == 2


def test_one_order_is_tried_again_by_itself(caller):
    order_pks = caller.store(*orders(1, 2))
    batch = make(caller, order_pks)
    stop_batch(batch.id, caller.context)

    is_tried = retry_item(batch.id, 2, caller.context)
    run(caller)

    assert (is_tried, states(caller, batch)) == (True, [STOPPED, SHIPPED])
    assert retry_item(batch.id, 2, caller.context) is False


def test_an_order_with_a_label_gets_no_second_one(caller):
    order_pks = caller.store(*orders(1))
    caller.ship()

    batch = make(caller, order_pks)
    run(caller)

    (item,) = items(caller, batch)
    assert (item.state, len(shipments_of(caller))) == (FAILED, 1)
    assert "print its label again" in item.note.advice


def test_an_order_that_was_shipped_and_not_noted_is_found_again(caller, monkeypatch):
    """As after a process that died between the booking and the note of it."""
    order_pks = caller.store(*orders(1))
    batch = make(caller, order_pks)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_notes", lambda *_, **__: dies)
        run(caller)
    before = states(caller, batch)

    resume_batch(batch.id, caller.context)  # nothing has failed, so nothing is begun anew
    with caller.installation.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE jobs SET due_at = created_at, is_running = 0")
    run(caller)

    assert before == [ItemState.SHIPPING]
    assert states(caller, batch) == [SHIPPED]
    assert len(shipments_of(caller)) == 1


def test_an_account_that_allows_repeats_gets_no_second_label_from_one_batch_either(installation, monkeypatch):
    caller = a_caller(installation, repeat_labels="allowed")
    order_pks = caller.store(*orders(1))
    batch = make(caller, order_pks)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_notes", lambda *_, **__: dies)
        run(caller)

    with caller.installation.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE jobs SET due_at = created_at, is_running = 0")
    run(caller)

    assert states(caller, batch) == [SHIPPED]
    assert len(shipments_of(caller)) == 1


def test_a_choice_holds_for_every_order(caller):
    order_pks = caller.store(*orders(1))

    batch = make(caller, order_pks, choice=BatchChoice(brand_id=9_999))
    run(caller)

    (item,) = items(caller, batch)
    assert (item.state, item.note.field) == (FAILED, "brand_id")


def test_a_batch_of_nothing_and_one_of_too_many_are_refused(caller, monkeypatch):
    monkeypatch.setattr(module, "MOST_ORDERS", 1)

    with pytest.raises(Invalid, match="No order is selected"):
        make(caller, [])
    with pytest.raises(Invalid, match="2 orders are selected"):
        make(caller, [1, 2])


def test_nobody_ships_or_sees_what_others_have(caller, installation):
    stranger = a_caller(installation, account_id=2, integration_id=80)
    order_pks = caller.store(*orders(1))
    batch = make(caller, order_pks)

    with pytest.raises(NotFound):
        make(stranger, order_pks)
    with pytest.raises(NotFound):
        stop_batch(batch.id, stranger.context)
    with caller.installation.database.read() as transaction, pytest.raises(NotFound):
        get_batch(transaction, 2, batch.id)
    with caller.installation.database.read() as transaction:
        assert list_batches(transaction, 2, 10) == []
        assert list_items(transaction, 2, batch.id, 1, 10) == []


def test_batches_are_listed_newest_first(caller):
    order_pks = caller.store(*orders(1, 2))
    first, second = make(caller, order_pks[:1], "a"), make(caller, order_pks[1:], "b")

    with caller.installation.database.read() as transaction:
        assert list_batches(transaction, 1, 10) == [second, first]
        assert list_batches(transaction, 1, 10, before=second.id) == [first]
        assert list_items(transaction, 1, first.id, 1, 10, states=frozenset({WAITING}))[0].order_pk == order_pks[0]
        assert list_items(transaction, 1, first.id, 1, 10, states=frozenset({SHIPPED})) == []


def all_due(caller):
    with caller.installation.database.write() as transaction:
        transaction.exec_driver_sql("UPDATE jobs SET due_at = created_at, is_running = 0")


def test_a_label_is_not_lost_when_its_order_is_removed_before_that_was_noted(caller, monkeypatch):
    """As after a process that died between the booking and the note of it."""
    order_pks = caller.store(*orders(1))
    batch = make(caller, order_pks)
    with monkeypatch.context() as patch:
        patch.setattr(module, "_notes", lambda *_, **__: dies)
        run(caller)
    with caller.installation.database.write() as transaction:
        remove_order(transaction, 1, order_pks[0])

    all_due(caller)
    run(caller)

    (item,) = items(caller, batch)
    assert (item.state, item.shipment_id) == (SHIPPED, shipments_of(caller)[0]["id"])


def test_an_order_that_somebody_else_was_shipping_is_not_begun_once_the_batch_is_stopped(caller, monkeypatch):
    def is_busy(*_):
        raise Conflict

    batch = make(caller, caller.store(*orders(1)))
    with monkeypatch.context() as patch:
        patch.setattr(module, "ship_order", is_busy)
        run(caller)
    stop_batch(batch.id, caller.context)

    all_due(caller)
    run(caller)

    assert (states(caller, batch), shipments_of(caller)) == ([STOPPED], [])
    retry_item(batch.id, 1, caller.context)
    run(caller)
    assert states(caller, batch) == [SHIPPED]


def test_a_form_that_comes_again_with_other_orders_ships_nothing_and_says_so(caller):
    first, second = caller.store(*orders(1, 2))
    make(caller, [first])

    with pytest.raises(Invalid, match="sent before, with other orders"):
        make(caller, [second])

    run(caller)
    assert len(shipments_of(caller)) == 1


def test_an_order_with_a_label_gets_no_second_one_where_the_account_allows_other_labels(installation):
    caller = a_caller(installation, repeat_labels="allowed")
    order_pks = caller.store(*orders(1))
    caller.ship(order_id="shop-1")

    batch = make(caller, order_pks)
    run(caller)

    assert (states(caller, batch), len(shipments_of(caller))) == ([FAILED], 1)


def test_an_item_that_is_tried_again_ten_times_at_once_ships_once(caller):
    batch = make(caller, caller.store(*orders("1~reject:address")))
    run(caller)

    with ThreadPoolExecutor(10) as many:
        taken = list(many.map(lambda _: retry_item(batch.id, 1, caller.context), range(10)))

    assert taken.count(True) == 1
