"""What a dead process leaves behind is settled, and no label is lost or bought twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.carriers.base import Announced
from kolli.carriers.postnl import PostNL
from kolli.carriers.registry import Carriers
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.errors import AlreadyShipped, CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable, Conflict
from kolli.operations.context import Context
from kolli.operations.reconcile import reconcile
from kolli.shipments.attempts import LEASE, State
from kolli.shipments.model import ParcelStatus
from tests.factories import NOW, a_caller, an_installation, an_order
from tests.unit.operations.scripted_carriers import Death, Forgetful, Raises, ScriptedPost, ScriptedSandbox
from tests.unit.operations.what_is_stored import LETTER, POST, booked, reasons, ship, states, stored_shipments


def after_a_death(folder, carrier, option=None):
    """A caller whose process died while it shipped ORDER-1 with this carrier, on a server that has just started."""
    others = [other(folder) for other in (SandboxCarrier, PostNL) if other.code != carrier.code]
    caller = a_caller(an_installation(folder, carriers=[carrier, *others]))
    caller.store(an_order())
    with pytest.raises(Death):
        ship(caller, option)
    assert states(caller) == [State.INTENDED]
    return caller


def parcels_of(caller):
    return [
        (parcel.status, parcel.tracking_number, parcel.announced_at)
        for shipment in stored_shipments(caller)
        for parcel in shipment.parcels
    ]


def test_nothing_to_settle_is_no_trouble(installation):
    assert reconcile(installation) == []


# Numbers that the carrier gives


def test_a_death_before_the_booking_lets_the_order_go(tmp_path):
    caller = after_a_death(tmp_path, ScriptedSandbox(tmp_path, before=Raises([Death()])))

    assert reconcile(caller.installation) == []

    assert states(caller) == [State.ABANDONED]
    assert parcels_of(caller) == [(ParcelStatus.ANNOUNCEMENT_FAILED, None, None)]
    assert booked(caller) == []


def test_after_a_death_before_the_booking_the_order_gets_one_label(tmp_path):
    caller = after_a_death(tmp_path, ScriptedSandbox(tmp_path, before=Raises([Death()])))
    reconcile(caller.installation)

    shipment = ship(caller)

    assert booked(caller) == [(shipment.id, shipment.parcels[0].tracking_number, False)]


def test_a_label_that_was_booked_before_the_death_is_found_again(tmp_path):
    caller = after_a_death(tmp_path, ScriptedSandbox(tmp_path, after=Raises([Death()])))

    assert reconcile(caller.installation) == []

    ((reference, number, _),) = booked(caller)
    assert states(caller) == [State.STORED]
    assert [shipment.id for shipment in stored_shipments(caller)] == [reference]
    assert parcels_of(caller) == [(ParcelStatus.READY_TO_SEND, number, NOW)]


def test_a_label_that_is_found_again_can_be_fetched(tmp_path):
    caller = after_a_death(tmp_path, ScriptedSandbox(tmp_path, after=Raises([Death()])))
    reconcile(caller.installation)

    refusal = caller.ship()
    document = caller.client.get(refusal.json()["errors"][0]["meta"]["document"])

    assert (refusal.status_code, document.status_code) == (400, 200)
    assert document.content.startswith(b"%PDF-")


def test_until_it_is_settled_nobody_can_ship_the_order(tmp_path):
    caller = after_a_death(tmp_path, ScriptedSandbox(tmp_path, after=Raises([Death()])))

    with pytest.raises(Conflict) as raised:
        ship(caller)

    assert raised.value.details == {"shipment_id": booked(caller)[0][0]}
    assert len(booked(caller)) == 1


def test_settling_twice_is_settling_once(tmp_path):
    caller = after_a_death(tmp_path, ScriptedSandbox(tmp_path, after=Raises([Death()])))
    reconcile(caller.installation)
    before = (booked(caller), parcels_of(caller))

    assert reconcile(caller.installation) == []

    assert (booked(caller), parcels_of(caller)) == before


def test_a_carrier_that_was_silent_is_asked_what_it_has(tmp_path):
    caller = a_caller(an_installation(tmp_path))
    caller.store(an_order(), an_order(order_id="shop-2", order_number="ORDER-2"))
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    caller.sandbox.ledger.fail_next(Fault.SILENT_BEFORE)
    answers = [caller.ship(order={"order_number": number}) for number in ("ORDER-1", "ORDER-2")]

    assert reconcile(caller.installation) == []

    assert [answer.status_code for answer in answers] == [400, 400]
    assert states(caller) == [State.STORED, State.ABANDONED]


def test_a_carrier_that_cannot_be_asked_leaves_its_attempt_unknown(tmp_path):
    caller = after_a_death(tmp_path, Forgetful(after=Raises([Death()])), "forgetful:parcel")

    (left,) = reconcile(caller.installation)

    assert (left.shipment_id, left.state) == (stored_shipments(caller)[0].id, State.INTENDED)
    with pytest.raises(Conflict):
        ship(caller, LETTER)


class OutOfReach(SandboxCarrier):
    """The sandbox when its look-up cannot be reached."""

    def look_up(self, reference):
        raise CarrierUnavailable


def test_a_carrier_that_cannot_be_reached_leaves_its_attempt_for_later(tmp_path):
    caller = after_a_death(tmp_path, ScriptedSandbox(tmp_path, after=Raises([Death()])))
    away = an_installation(tmp_path, carriers=[OutOfReach(tmp_path)], database=caller.installation.database)

    assert [attempt.state for attempt in reconcile(away)] == [State.INTENDED]
    assert reconcile(caller.installation) == []

    assert states(caller) == [State.STORED]


def test_a_carrier_that_is_not_installed_any_more_holds_up_nobody_else(tmp_path):
    caller = after_a_death(tmp_path, Forgetful(after=Raises([Death()])), "forgetful:parcel")
    left = an_installation(tmp_path, database=caller.installation.database)
    assert isinstance(left.carriers, Carriers)

    (unsettled,) = reconcile(left)

    assert unsettled.shipment_id == stored_shipments(caller)[0].id
    caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    assert caller.ship(order={"order_number": "ORDER-2"}).status_code == 201


# Numbers from a range of ours


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_own_number_is_announced_again_after_a_death(tmp_path, when):
    carrier = ScriptedPost(tmp_path, **{when: Raises([Death()])})
    caller = after_a_death(tmp_path, carrier, POST)

    assert reconcile(caller.installation) == []

    assert set(carrier.told) == {("3STEA00000001",)}
    assert states(caller) == [State.STORED]
    assert parcels_of(caller) == [(ParcelStatus.READY_TO_SEND, "3STEA00000001", NOW)]


def an_unanswered_announcement(folder, *next_errors):
    """A caller whose own-number carrier booked and fell silent, and will then go wrong in these ways."""
    carrier = ScriptedPost(folder, after=Raises([CarrierOutcomeUnknown(), *next_errors]))
    caller = a_caller(an_installation(folder, carriers=[SandboxCarrier(folder), carrier]))
    caller.store(an_order())
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller, POST)
    return caller, carrier


def test_the_next_try_with_an_own_number_carrier_finds_the_label(tmp_path):
    caller, carrier = an_unanswered_announcement(tmp_path)

    with pytest.raises(AlreadyShipped) as raised:
        ship(caller, POST)

    assert raised.value.details["tracking_number"] == "3STEA00000001"
    assert carrier.told == [("3STEA00000001",)] * 2


@pytest.mark.parametrize("error", [CarrierUnavailable(), CarrierOutcomeUnknown()])
def test_that_a_carrier_cannot_be_reached_now_says_nothing_about_the_first_time(tmp_path, error):
    """Were the attempt given up, the order would get a second label while the first one is paid for."""
    caller, carrier = an_unanswered_announcement(tmp_path, error)

    with pytest.raises(Conflict):
        ship(caller, POST)
    assert states(caller) == [State.UNKNOWN]

    with pytest.raises(AlreadyShipped):
        ship(caller, POST)
    assert set(carrier.told) == {("3STEA00000001",)}
    assert states(caller) == [State.STORED]


def test_a_carrier_that_refuses_a_repeat_may_have_taken_the_first_one(tmp_path):
    """Its no is about the repeat: "this number is in use", it may say, and mean ours."""
    caller, carrier = an_unanswered_announcement(tmp_path, CarrierRejected("The number is in use."))

    with pytest.raises(Conflict):
        ship(caller, POST)

    assert states(caller) == [State.UNKNOWN]
    (reason,) = reasons(caller)
    assert reason == (
        "PostNL refuses to be told about it again, so nobody knows whether it took it the first time: The number is in"
        " use. Ask PostNL, then say so with `kolli attempts`."
    )
    assert carrier.told == [("3STEA00000001",)] * 2


class PostWithMemory(ScriptedPost):
    """An own-number carrier that can be asked what it has."""

    certain_after_seconds = 60
    has = True

    def look_up(self, reference):
        return Announced(self.told[0]) if self.has else None


def a_refused_repeat(folder, *, has):
    carrier = PostWithMemory(folder, after=Raises([CarrierOutcomeUnknown(), CarrierRejected("In use.")]))
    carrier.has = has
    caller = a_caller(an_installation(folder, carriers=[SandboxCarrier(folder), carrier]))
    caller.store(an_order())
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller, POST)
    return caller


def test_a_carrier_that_refuses_a_repeat_is_asked_what_it_has(tmp_path):
    caller = a_refused_repeat(tmp_path, has=True)

    assert reconcile(caller.installation) == []

    assert states(caller) == [State.STORED]
    assert parcels_of(caller) == [(ParcelStatus.READY_TO_SEND, "3STEA00000001", NOW)]


@pytest.mark.parametrize(("seconds", "state"), [(59, State.UNKNOWN), (60, State.REJECTED)])
def test_that_it_has_nothing_after_a_refused_repeat_is_certain_after_its_time(tmp_path, seconds, state):
    caller = a_refused_repeat(tmp_path, has=False)
    later = replace(caller.installation, clock=lambda: NOW + timedelta(seconds=seconds))

    reconcile(later)

    assert states(caller) == [state]


def test_a_restarted_server_takes_up_a_new_block_of_numbers(tmp_path):
    """What a dead process had reserved is a gap, and never a repeat."""
    caller = after_a_death(tmp_path, ScriptedPost(tmp_path, before=Raises([Death()])), POST)
    restarted = an_installation(tmp_path, database=caller.installation.database)
    reconcile(restarted)
    caller.store(an_order(order_id="shop-2", order_number="ORDER-1"))
    caller.client.delete(f"/api/v3/orders/{stored_shipments(caller)[0].draft.order_id}")

    shipment = ship(caller._replace(context=Context(restarted, caller.context.account, caller.context.key)), POST)

    assert sorted(number for _, number, _ in parcels_of(caller)) == ["3STEA00000001", "3STEA00000101"]
    assert shipment.parcels[0].tracking_number == "3STEA00000101"


# What goes wrong while it is settled


def test_an_attempt_that_nobody_can_settle_does_not_keep_the_others_waiting(tmp_path):
    caller = after_a_death(tmp_path, ScriptedSandbox(tmp_path, after=Raises([Death()])))
    caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    caller.sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    assert caller.ship(order={"order_number": "ORDER-2"}).status_code == 400
    caller.sandbox.look_up = once_broken(caller.sandbox.look_up)

    left = reconcile(caller.installation)

    assert len(left) == 1
    assert states(caller).count(State.STORED) == 1


def once_broken(look_up):
    """A look-up whose first call fails with something that no carrier should raise."""
    errors = [ConnectionError("reset by peer")]

    def broken(reference):
        if errors:
            raise errors.pop()
        return look_up(reference)

    return broken


def test_a_number_that_another_parcel_has_leaves_the_outcome_open_and_the_server_alive(tmp_path):
    carrier = Forgetful(numbers=("F0000001",))
    caller = a_caller(an_installation(tmp_path, carriers=[carrier, SandboxCarrier(tmp_path)]))
    caller.store(an_order(), an_order(order_id="shop-2", order_number="ORDER-2"))
    ship(caller, "forgetful:parcel")

    answer = caller.ship(order={"order_number": "ORDER-2"}, ship_with=with_option("forgetful:parcel"))

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "parcel_announcement_error"
    assert "F0000001" in answer.json()["errors"][0]["detail"]
    assert [attempt.state for attempt in reconcile(caller.installation)] == [State.UNKNOWN]


def with_option(code):
    return {"type": "shipping_option_code", "properties": {"shipping_option_code": code}}


def test_a_look_up_that_finds_nothing_is_not_final_before_its_time(tmp_path):
    caller = a_caller(an_installation(tmp_path))
    caller.store(an_order())
    caller.sandbox.certain_after_seconds = 60
    caller.sandbox.ledger.fail_next(Fault.SILENT_BEFORE)
    assert caller.ship().status_code == 400

    answer = caller.ship()

    assert "still processing" in answer.json()["errors"][0]["detail"]
    assert states(caller) == [State.UNKNOWN]


class SlowToSay(SandboxCarrier):
    """The sandbox, which takes its time to say what it has found."""

    def __init__(self, folder, time):
        super().__init__(folder)
        self.time = time
        self.certain_after_seconds = 60

    def look_up(self, reference):
        found = super().look_up(reference)
        self.time.append(self.time[-1] + timedelta(seconds=61))
        return found


def test_a_look_up_is_as_old_as_its_question(tmp_path):
    time = [NOW]
    carrier = SlowToSay(tmp_path, time)
    installation = replace(an_installation(tmp_path, carriers=[carrier]), clock=lambda: time[-1])
    caller = a_caller(installation)
    caller.store(an_order())
    carrier.ledger.fail_next(Fault.SILENT_BEFORE)
    assert caller.ship().status_code == 400

    first = reconcile(installation)
    second = reconcile(installation)

    assert [attempt.state for attempt in first] == [State.UNKNOWN]
    assert second == []
    assert states(caller) == [State.ABANDONED]


def test_an_attempt_that_was_left_behind_long_ago_is_settled_when_a_caller_meets_it(tmp_path):
    caller = after_a_death(tmp_path, ScriptedSandbox(tmp_path, after=Raises([Death()])))
    later = replace(caller.installation, clock=lambda: NOW + LEASE + timedelta(seconds=1))

    with pytest.raises(AlreadyShipped):
        ship(caller._replace(context=replace(caller.context, installation=later)))

    assert states(caller) == [State.STORED]


@pytest.mark.parametrize("number", ["é1", "a b", "", "x" * 41, "1\n"])
def test_a_number_that_no_barcode_can_hold_is_not_taken_for_a_label(tmp_path, number):
    caller = a_caller(an_installation(tmp_path, carriers=[Forgetful(numbers=(number,)), SandboxCarrier(tmp_path)]))
    caller.store(an_order())

    answer = caller.ship(ship_with=with_option("forgetful:parcel"))

    assert answer.json()["errors"][0]["code"] == "parcel_announcement_error"
    assert states(caller) == [State.UNKNOWN]
