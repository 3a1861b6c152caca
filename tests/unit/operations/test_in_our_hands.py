"""What a thread of ours is at is settled by that thread, and what nobody is at any more by a job. The oracle is the
carrier's own ledger: each label in it is one that we know of.
"""

from datetime import timedelta

import pytest
from sqlalchemy import update

from kolli.account.contracts import Contract, add_contract
from kolli.account.number_ranges import add_number_range
from kolli.carriers.base import Announced
from kolli.errors import CarrierUnavailable, NumbersExhausted, StorageUnavailable
from kolli.jobs import count_waiting
from kolli.operations import calls, reconcile
from kolli.operations.announce import ANNOUNCE
from kolli.operations.boxes import WantedBox
from kolli.operations.calls import Calls
from kolli.operations.cancel import CANCEL, cancel
from kolli.operations.reconcile import LEFT_BEHIND, begin_picking_up, look_into
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.operations.ship_orders import ship_orders
from kolli.orders.model import ShipWith
from kolli.schema import jobs
from kolli.shipments.attempts import LEASE, State, get_attempt
from kolli.shipments.model import ParcelStatus, Shipment
from tests.factories import NOW, an_order
from tests.unit.operations.scripted_carriers import Death, Raises, ScriptedPost, ScriptedSandbox
from tests.unit.operations.test_background import Story
from tests.unit.operations.what_is_stored import POST, booked, reasons, ship, states, stored_shipments

LONG = LEASE + timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(calls, "WAIT_SECONDS", 0.01)


def numbers(story):
    return [parcel.tracking_number for shipment in stored_shipments(story.caller) for parcel in shipment.parcels]


def booked_numbers(story):
    return [number for _, number, _ in booked(story.caller)]


class Meanwhile:
    """A step during which, once, something else happens: the clock jumps, somebody asks."""

    def __init__(self):
        self.does = [lambda booking: None]

    def __call__(self, booking):
        if self.does:
            self.does.pop()(booking)


# What is in our hands


@pytest.mark.parametrize("moment", ["before", "after"])
def test_while_a_carrier_is_being_asked_nobody_gives_the_order_a_second_label(tmp_path, moment):
    """However long that seems to take: clocks jump, and machines sleep."""
    meanwhile, refused = Meanwhile(), []
    story = Story(tmp_path, ScriptedSandbox(tmp_path, **{moment: meanwhile}))

    def another_one_asks(_):
        story.move(LONG)
        refused.append(story.caller.ship().status_code)

    meanwhile.does = [another_one_asks]

    answer = story.caller.ship()

    assert (answer.status_code, refused) == (201, [400])
    assert (states(story.caller), numbers(story)) == ([State.STORED], booked_numbers(story))
    assert len(booked_numbers(story)) == 1


def test_while_a_job_is_asking_nobody_decides_what_has_become_of_it(tmp_path):
    meanwhile = Meanwhile()
    story = Story(tmp_path, ScriptedSandbox(tmp_path, before=meanwhile))

    def somebody_looks(booking):
        story.move(LONG)
        with story.installation.database.read() as transaction:
            attempt = get_attempt(transaction, 1, booking.reference)
        look_into(attempt, story.installation)

    meanwhile.does = [somebody_looks]
    story.accept()

    story.work()

    assert (states(story.caller), numbers(story)) == ([State.STORED], booked_numbers(story))


def test_what_is_in_our_hands_is_not_picked_up(tmp_path):
    meanwhile = Meanwhile()
    story = Story(tmp_path, ScriptedSandbox(tmp_path, before=meanwhile))
    begin_picking_up(story.installation)

    def picks_up(_):
        story.move(LONG)
        story.work()

    meanwhile.does = [picks_up]

    answer = story.caller.ship()

    assert (answer.status_code, states(story.caller)) == (201, [State.STORED])


class Unwritable:
    """A disk that is read-only from the carrier's answer on, until it is not."""

    def __init__(self, database, monkeypatch):
        self.is_so = True
        real = database.keep

        def keep(work):
            if self.is_so:
                raise StorageUnavailable
            return real(work)

        monkeypatch.setattr(database, "keep", keep)


def test_what_could_not_be_written_down_is_looked_into_within_a_minute_by_the_process_that_lives_on(
    tmp_path, monkeypatch
):
    """Its lease is of no use to anybody: the thread that held it has ended."""
    story = Story(tmp_path)
    begin_picking_up(story.installation)
    disk = Unwritable(story.installation.database, monkeypatch)
    answer = story.caller.ship()
    disk.is_so = False
    before = states(story.caller)

    story.move(timedelta(seconds=61))
    story.work()
    story.move(timedelta(seconds=31))
    story.work()

    assert answer.status_code in {400, 503}
    assert (before, states(story.caller)) == ([State.INTENDED], [State.STORED])
    assert numbers(story) == booked_numbers(story)
    assert timedelta(seconds=92) < LEASE


def test_a_shipment_is_held_by_one_at_a_time():
    held = Calls()

    with held.about("a"), held.about("b"), pytest.raises(CarrierUnavailable), held.about("a"):
        pytest.fail("Two hold it.")

    with held.about("a"):
        pass


def test_what_another_has_cancelled_meanwhile_is_not_asked_about_again(tmp_path):
    asked = []

    class Counting(ScriptedSandbox):
        def cancel(self, booking):
            asked.append(booking.reference)
            return super().cancel(booking)

    story = Story(tmp_path, Counting(tmp_path))
    shipment = ship(story.caller)
    cancel(shipment.id, story.caller.context)
    with story.installation.database.read() as transaction:
        attempt = get_attempt(transaction, 1, shipment.id)
    stale = type(attempt)(attempt.shipment_id, 1, attempt.order_key, State.CANCELLING)

    reconcile.settle(stale, story.installation)

    assert asked == [shipment.id]
    assert states(story.caller) == [State.CANCELLED]


# What nobody is at any more


class Sometimes(ScriptedSandbox):
    """The sandbox, which cannot be asked about anything while it is away."""

    is_away = False

    def look_up(self, reference):
        self._answer()
        return super().look_up(reference)

    def cancel(self, booking):
        self._answer()
        return super().cancel(booking)

    def _answer(self):
        if self.is_away:
            raise CarrierUnavailable


def restart(story):
    story.restart()
    begin_picking_up(story.installation)


def test_a_label_whose_carrier_was_away_at_the_start_is_found_within_two_minutes(tmp_path):
    carrier = Sometimes(tmp_path, after=Raises([Death()]))
    story = Story(tmp_path, carrier)
    with pytest.raises(Death):
        ship(story.caller)
    carrier.is_away = True
    restart(story)
    carrier.is_away = False

    story.work_through(hours=0)

    assert (states(story.caller), numbers(story)) == ([State.STORED], booked_numbers(story))
    assert story.waiting == {LEFT_BEHIND: 1}


def test_a_cancellation_whose_carrier_was_away_at_the_start_is_finished_while_the_server_runs(tmp_path):
    class DiesFirst(Sometimes):
        dies = True

        def cancel(self, booking):
            if self.dies:
                raise Death
            return super().cancel(booking)

    carrier = DiesFirst(tmp_path)
    story = Story(tmp_path, carrier)
    shipment = ship(story.caller)
    with pytest.raises(Death):
        cancel(shipment.id, story.caller.context)
    carrier.dies, carrier.is_away = False, True
    restart(story)
    carrier.is_away = False

    story.work_through(hours=1)

    assert states(story.caller) == [State.CANCELLED]
    assert [is_cancelled for _, _, is_cancelled in booked(story.caller)] == [True]


def test_a_cancellation_that_has_a_job_gets_no_second_one(tmp_path):
    carrier = Sometimes(tmp_path)
    story = Story(tmp_path, carrier)
    shipment = ship(story.caller)
    carrier.is_away = True
    cancel(shipment.id, story.caller.context)
    begin_picking_up(story.installation)

    story.work_through(hours=1)

    assert story.waiting == {CANCEL: 1, LEFT_BEHIND: 1}


def test_a_start_does_not_wait_for_ever_for_carriers(tmp_path, monkeypatch):
    story = Story(tmp_path, ScriptedSandbox(tmp_path, after=Raises([Death(), Death()])))
    story.caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    for number in ("ORDER-1", "ORDER-2"):
        with pytest.raises(Death):
            ship_order(ShipOrder(70, Choice(), order_number=number), story.caller.context)
    monkeypatch.setattr(reconcile, "START_WAITS_SECONDS", -1.0)

    restart(story)
    died = states(story.caller)
    story.work_through(hours=1)

    assert died == [State.UNKNOWN, State.UNKNOWN]
    assert states(story.caller) == [State.STORED, State.STORED]
    assert sorted(numbers(story)) == sorted(booked_numbers(story))


def test_what_is_announced_again_gets_a_job_when_its_own_has_died(tmp_path):
    story = Story(tmp_path, ScriptedSandbox(tmp_path, before=Raises([Death()])))
    story.accept()
    story.die_at_work()
    with story.installation.database.write() as transaction:
        transaction.execute(update(jobs).values(died_at=NOW.isoformat(), is_running=False))

    story.restart()
    with story.installation.database.read() as transaction:
        waiting = count_waiting(transaction)
    story.work()

    assert waiting == {ANNOUNCE: 1}
    assert (states(story.caller), numbers(story)) == ([State.STORED], booked_numbers(story))


# What is not to be


def test_what_is_to_be_cancelled_is_not_announced_again_when_the_carrier_was_out_of_reach(tmp_path):
    meanwhile = Meanwhile()
    story = Story(tmp_path, ScriptedSandbox(tmp_path, before=meanwhile))

    def somebody_cancels(booking):
        cancel(booking.reference, story.caller.context)
        raise CarrierUnavailable

    meanwhile.does = [somebody_cancels]
    story.accept()

    story.work()
    story.work_through(hours=1)

    assert (states(story.caller), booked(story.caller)) == ([State.ABANDONED], [])
    assert story.statuses == [ParcelStatus.CANCELLED]
    assert (story.waiting, story.dead) == ({}, [])


def test_a_carrier_that_gives_other_numbers_than_it_was_told_is_not_believed(tmp_path):
    class Mistaken(ScriptedPost):
        def announce(self, booking):
            super().announce(booking)
            return Announced(("3STEA99999999",))

    story = Story(tmp_path, Mistaken(tmp_path))
    story.accept(POST)

    story.work()

    assert (states(story.caller), numbers(story)) == ([State.UNKNOWN], ["3STEA00000001"])
    assert reasons(story.caller) == ["The carrier was told the number 3STEA00000001 and gave 3STEA99999999."]


# A database that cannot be used when the carrier has said yes


def rename(story, old, new):
    with story.installation.database.write() as transaction:
        transaction.exec_driver_sql(f"ALTER TABLE {old} RENAME TO {new}")


@pytest.mark.parametrize("path", ["create-label-sync", "create-labels-async"])
def test_a_label_that_could_not_be_written_down_is_found_without_a_restart(tmp_path, path):
    """Such as on a disk that was full just then."""
    meanwhile = Meanwhile()
    story = Story(tmp_path, ScriptedSandbox(tmp_path, after=meanwhile))
    begin_picking_up(story.installation)
    meanwhile.does = [lambda _: rename(story, "attempts", "lost")]
    order = {"order_number": "ORDER-1"}
    body = {"integration_id": 70, **({"order": order} if path.endswith("-sync") else {"orders": [order]})}
    answer = story.caller.client.post(f"/api/v3/orders/{path}", json=body)
    story.work()
    rename(story, "lost", "attempts")
    before = states(story.caller)

    story.work_through(hours=1)

    assert (answer.status_code, before) == (500 if path.endswith("-sync") else 202, [State.INTENDED])
    assert (states(story.caller), numbers(story)) == ([State.STORED], booked_numbers(story))


# The end of a range of numbers


def test_an_order_for_which_too_few_numbers_are_left_leaves_them_to_a_smaller_one(tmp_path):
    story = Story(tmp_path)
    names = ["two", "two-more", "one"]
    story.caller.store(*(an_order(order_id=name, order_number=name) for name in names))
    with story.installation.database.write() as transaction:
        add_contract(
            transaction,
            1,
            Contract(777, "postnl", "Small", sealed_data=story.installation.vault.seal({"customer_code": "ZZ"})),
        )
        add_number_range(transaction, 1, 777, 1, 3, is_live=False, vault=story.installation.vault)
    box = WantedBox((("line-1", 1),))
    wanted = [Choice(ShipWith(POST, 777), boxes=(box,) * boxes) for boxes in (2, 2, 1)]

    found = ship_orders(
        [ShipOrder(70, choice, order_number=name) for name, choice in zip(names, wanted, strict=True)],
        story.caller.context,
    )

    assert [type(each) for each in found] == [Shipment, NumbersExhausted, Shipment]
    assert sorted(filter(None, numbers(story))) == ["3SZZ000000001", "3SZZ000000002", "3SZZ000000003"]
