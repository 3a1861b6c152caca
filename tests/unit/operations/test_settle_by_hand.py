"""What no carrier can be asked about is settled by a person, once, and never under somebody's hands."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.errors import (
    CarrierOutcomeUnknown,
    CarrierUnavailable,
    Conflict,
    Impossible,
    Invalid,
    NotFound,
    PartlyBooked,
)
from kolli.jobs import enqueue, list_dead
from kolli.operations.announce import ANNOUNCE, LABELS
from kolli.operations.outcomes import CHECKS, SETTLE
from kolli.operations.settle_by_hand import list_open, look_at, say_that_it_does_not, say_that_it_exists
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.model import ShipWith
from kolli.schema import jobs
from kolli.shipments.attempts import LEASE, State, get_attempt, lease, list_moves
from kolli.shipments.model import ParcelStatus
from tests.factories import NOW, a_caller, an_installation, an_order
from tests.unit.operations.scripted_carriers import Forgetful, Raises, ScriptedPost, ScriptedSandbox
from tests.unit.operations.what_is_stored import POST, ship, states, stored_shipments

NUMBER = "F0000007"


def with_an_open_attempt(folder, carrier=None, option="forgetful:parcel", orders=()):
    """A caller who shipped ORDER-1 with a carrier that was silent, and cannot be asked unless a test says so."""
    carrier = carrier or Forgetful(after=Raises([CarrierOutcomeUnknown("It was silent.")]))
    others = [other(folder) for other in (SandboxCarrier, PostNL) if other.code != carrier.code]
    caller = a_caller(an_installation(folder, carriers=[carrier, *others]))
    caller.store(an_order(), *orders)
    with pytest.raises(CarrierOutcomeUnknown):
        ship(caller, option)
    return caller


@pytest.fixture
def caller(tmp_path):
    return with_an_open_attempt(tmp_path)


def the_id(caller):
    return stored_shipments(caller)[0].id


def left_jobs(caller):
    with caller.installation.database.read() as transaction:
        return list(
            transaction.execute(select(jobs.c.kind).where(jobs.c.kind.in_([SETTLE, ANNOUNCE, "cancel"]))).scalars()
        )


def steps(caller):
    shipment_id = the_id(caller)
    with caller.installation.database.read() as transaction:
        return [(move.before, move.after, move.reason) for move in list_moves(transaction, 1, shipment_id)]


def held_by_a_server(caller):
    """The attempt, whose carrier another process asks at this moment."""
    shipment_id = the_id(caller)
    with caller.installation.database.write() as transaction:
        assert lease(transaction, get_attempt(transaction, 1, shipment_id), "a server", NOW)


def listed(caller):
    return [(entry.known.attempt.state, entry.next_step) for entry in list_open(caller.installation, [1])]


# It exists


def test_what_exists_is_stored_with_its_number_and_its_label_can_be_fetched(caller):
    shipment = say_that_it_exists(the_id(caller), [NUMBER], caller.installation)

    assert states(caller) == [State.STORED]
    (parcel,) = stored_shipments(caller)[0].parcels
    assert (parcel.status, parcel.tracking_number) == (ParcelStatus.READY_TO_SEND, NUMBER)
    label = caller.client.get(f"/api/v3/parcels/{shipment.parcels[0].id}/documents/label")
    assert (label.status_code, label.content[:5]) == (200, b"%PDF-")


def test_it_is_written_down_that_a_person_has_said_so_and_who(caller):
    say_that_it_exists(the_id(caller), [NUMBER], caller.installation)

    before, after, reason = steps(caller)[-1]
    assert (before, after) == (State.UNKNOWN, State.STORED)
    assert reason.startswith("Settled by hand by ")
    assert reason.endswith(": it exists.")


def test_the_order_of_what_exists_gets_no_second_label(caller):
    say_that_it_exists(the_id(caller), [NUMBER], caller.installation)

    answer = caller.ship()

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["meta"]["tracking_number"] == NUMBER


def test_no_job_is_left_that_would_look_into_what_is_settled(caller):
    assert left_jobs(caller) == [SETTLE]

    say_that_it_exists(the_id(caller), [NUMBER], caller.installation)

    assert left_jobs(caller) == []


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param([], id="none"),
        pytest.param([NUMBER, "F0000008"], id="too many"),
        pytest.param(["F00000070"], id="too long for the carrier"),
        pytest.param(["F1^XZ"], id="a command for a printer"),
        pytest.param(["F 1"], id="a blank"),
        pytest.param([""], id="empty"),
    ],
)
def test_numbers_that_cannot_be_its_own_are_refused_and_change_nothing(caller, numbers):
    with pytest.raises(Invalid):
        say_that_it_exists(the_id(caller), numbers, caller.installation)

    assert states(caller) == [State.UNKNOWN]


def test_numbers_of_two_parcels_have_to_differ(tmp_path):
    letters = ScriptedSandbox(tmp_path, before=Raises([CarrierOutcomeUnknown()]))
    caller = with_an_open_attempt(tmp_path, letters, "sendcloud:letter")
    shipment = stored_shipments(caller)[0]
    assert len(shipment.parcels) == 1

    with pytest.raises(Invalid, match="2 tracking numbers for 1 parcels"):
        say_that_it_exists(shipment.id, ["A1", "a1"], caller.installation)


def test_the_number_of_another_parcel_is_refused_and_changes_nothing(tmp_path):
    silence = Raises([CarrierOutcomeUnknown(), CarrierOutcomeUnknown()])
    second = an_order(order_id="shop-2", order_number="ORDER-2")
    caller = with_an_open_attempt(tmp_path, Forgetful(after=silence), orders=[second])
    second_order = ShipOrder(70, Choice(ShipWith("forgetful:parcel", None)), order_number="ORDER-2")
    with pytest.raises(CarrierOutcomeUnknown):
        ship_order(second_order, caller.context)
    first, other = (entry.known.attempt.shipment_id for entry in list_open(caller.installation, [1]))
    say_that_it_exists(first, [NUMBER], caller.installation)

    with pytest.raises(Invalid, match=f"Another parcel has one of the numbers {NUMBER}"):
        say_that_it_exists(other, [NUMBER], caller.installation)

    assert sorted(states(caller)) == sorted([State.STORED, State.UNKNOWN])


def test_own_numbers_are_those_it_was_announced_with(tmp_path):
    silent = ScriptedPost(tmp_path, after=Raises([CarrierOutcomeUnknown()]))
    caller = with_an_open_attempt(tmp_path, silent, POST)
    (own,) = silent.told[0]

    with pytest.raises(Invalid, match=f"was announced with the number {own}"):
        say_that_it_exists(the_id(caller), [own[:-1] + "9"], caller.installation)
    say_that_it_exists(the_id(caller), [own], caller.installation)

    assert states(caller) == [State.STORED]


# It does not exist


def test_what_does_not_exist_is_given_up_and_its_order_can_be_shipped_again(caller):
    say_that_it_does_not(the_id(caller), "Ann of Forgetful said so on the phone.", caller.installation)

    assert states(caller) == [State.ABANDONED]
    assert steps(caller)[-1][2].endswith(": it does not exist. Ann of Forgetful said so on the phone.")
    assert left_jobs(caller) == []
    assert ship(caller).parcels[0].status is ParcelStatus.READY_TO_SEND


# Under somebody's hands


def test_while_a_server_asks_the_carrier_nothing_is_settled(caller):
    held_by_a_server(caller)

    with pytest.raises(Conflict, match="A server is asking the carrier"):
        say_that_it_exists(the_id(caller), [NUMBER], caller.installation)
    with pytest.raises(Conflict, match="A server is asking the carrier"):
        say_that_it_does_not(the_id(caller), "I know.", caller.installation)

    assert states(caller) == [State.UNKNOWN]


def test_the_lease_of_a_server_that_is_dead_stands_in_nobodys_way(caller):
    held_by_a_server(caller)
    later = replace(caller.installation, clock=lambda: NOW + LEASE + timedelta(seconds=1))

    say_that_it_exists(the_id(caller), [NUMBER], later)

    assert states(caller) == [State.STORED]


@pytest.mark.parametrize("settle", [say_that_it_exists, say_that_it_does_not])
def test_what_was_settled_meanwhile_stays_so_and_it_is_said_how(caller, settle):
    say_that_it_does_not(the_id(caller), "I know.", caller.installation)

    with pytest.raises(Impossible, match=r"It is abandoned since .*: Settled by hand by .*I know"):
        settle(the_id(caller), [NUMBER] if settle is say_that_it_exists else "I know, too.", caller.installation)

    assert states(caller) == [State.ABANDONED]


def test_a_shipment_that_is_not_there_is_not_found(caller):
    with pytest.raises(NotFound):
        say_that_it_exists("nothing", [NUMBER], caller.installation)
    with pytest.raises(NotFound):
        look_at("nothing", caller.installation)


# Cancellations


def in_the_middle_of_a_cancellation(folder):
    class Unsure(Forgetful):
        def cancel(self, booking):
            raise CarrierUnavailable

    caller = a_caller(an_installation(folder, carriers=[Unsure(), SandboxCarrier(folder), PostNL(folder)]))
    caller.store(an_order())
    shipment = ship(caller, "forgetful:parcel")
    assert caller.client.post(f"/api/v3/shipments/{shipment.id}/cancel").status_code == 202
    assert states(caller) == [State.CANCELLING]
    # Who asked has its lease until that has ended.
    return caller, replace(caller.installation, clock=lambda: NOW + LEASE + timedelta(seconds=1))


def test_a_cancellation_that_nobody_answers_is_settled_as_taken_back(tmp_path):
    caller, later = in_the_middle_of_a_cancellation(tmp_path)

    say_that_it_does_not(the_id(caller), "The invoice has it as cancelled.", later)

    assert states(caller) == [State.CANCELLED]
    assert stored_shipments(caller)[0].parcels[0].status is ParcelStatus.CANCELLED
    assert left_jobs(caller) == []


def test_a_cancellation_that_nobody_answers_is_settled_as_refused(tmp_path):
    caller, later = in_the_middle_of_a_cancellation(tmp_path)

    say_that_it_exists(the_id(caller), ["F0000001"], later)

    assert states(caller) == [State.STORED]
    assert stored_shipments(caller)[0].parcels[0].status is ParcelStatus.CANCELLATION_FAILED
    assert left_jobs(caller) == []


# The list


def test_nothing_open_is_an_empty_list(installation):
    assert list(list_open(installation, [1])) == []


def test_a_carrier_that_cannot_be_asked_is_told_apart_from_one_that_can(tmp_path):
    askable = ScriptedSandbox(tmp_path / "2", before=Raises([CarrierOutcomeUnknown()]))
    asked = with_an_open_attempt(tmp_path / "2", askable, "sendcloud:letter")

    ((_, by_hand),) = listed(with_an_open_attempt(tmp_path / "1"))
    ((_, by_itself),) = listed(asked)

    assert by_hand == "none: Forgetful cannot be asked. Find out from them, then say `exists` or `none`"
    assert by_itself == "Sendcloud is asked what it has at 2026-11-24 12:00 (try 1)"


def test_what_was_booked_in_part_is_taken_back_next(tmp_path):
    class Half(ScriptedSandbox):
        def announce(self, booking):
            raise PartlyBooked("Of 3 parcels 1 is booked.")

        def cancel(self, booking):
            raise CarrierUnavailable

    caller = with_an_open_attempt(tmp_path, Half(tmp_path), "sendcloud:letter")

    ((state, following),) = listed(caller)

    assert state is State.UNKNOWN
    assert following.startswith("Sendcloud is asked to take back what it has booked at ")


def test_a_carrier_whose_numbers_are_ours_is_told_again(tmp_path):
    caller = with_an_open_attempt(tmp_path, ScriptedPost(tmp_path, after=Raises([CarrierOutcomeUnknown()])), POST)

    ((_, following),) = listed(caller)

    assert following == "PostNL is told again, with the same numbers, at 2026-11-24 12:00 (try 1)"


def test_a_carrier_that_is_not_installed_any_more_is_named(caller, tmp_path):
    left = an_installation(tmp_path, database=caller.installation.database)

    ((entry),) = list_open(left, [1])

    assert entry.next_step == "none: the carrier forgetful is not installed"
    say_that_it_exists(the_id(caller), [NUMBER], left)
    assert states(caller) == [State.STORED]


def test_what_is_in_a_queue_is_listed_when_nobody_works_through_it_any_more(tmp_path):
    caller = a_caller(an_installation(tmp_path))
    caller.store(an_order())
    body = {"integration_id": 70, "orders": [{"order_number": "ORDER-1"}]}
    assert caller.client.post("/api/v3/orders/create-labels-async", json=body).status_code == 202
    before = listed(caller)
    with caller.installation.database.write() as transaction:
        transaction.execute(jobs.update().where(jobs.c.kind == ANNOUNCE).values(died_at="2026-11-24T12:00:00+00:00"))
        (dead,) = list_dead(transaction)

    assert before == []
    assert listed(caller) == [(State.QUEUED, f"none: it was given up. `kolli jobs retry {dead.id}` begins anew")]
    with pytest.raises(Impossible, match="has not heard of"):
        say_that_it_exists(the_id(caller), [NUMBER], caller.installation)
    say_that_it_does_not(the_id(caller), "I know.", caller.installation)
    assert (states(caller), left_jobs(caller), listed(caller)) == ([State.ABANDONED], [], [])


def test_an_announcement_in_the_middle_is_none_of_anybodys_business_until_it_is_left_behind(tmp_path):
    seen = []
    watching = Forgetful()
    caller = a_caller(an_installation(tmp_path, carriers=[watching, SandboxCarrier(tmp_path), PostNL(tmp_path)]))
    caller.store(an_order())
    later = replace(caller.installation, clock=lambda: NOW + LEASE + timedelta(seconds=1))

    def look(_):
        seen.extend([listed(caller), [entry.known.attempt.state for entry in list_open(later, [1])]])

    watching.after = look
    ship(caller, "forgetful:parcel")

    assert seen == [[], [State.INTENDED]]


def test_another_job_of_the_account_is_no_reason_to_stumble(caller):
    with caller.installation.database.write() as transaction:
        enqueue(transaction, CHECKS, "something", [{}], NOW, now=NOW, account_id=1)
        enqueue(transaction, LABELS, "something", [{"a": 1}], NOW, now=NOW, account_id=1)

    assert len(listed(caller)) == 1


def test_the_history_of_an_attempt_has_every_step_and_what_comes_next(caller):
    history = look_at(the_id(caller), caller.installation)

    assert [(move.before, move.after, move.reason) for move in history.moves] == [
        (None, State.INTENDED, ""),
        (State.INTENDED, State.UNKNOWN, "It was silent."),
    ]
    assert history.next_step.startswith("none: Forgetful cannot be asked")
    say_that_it_exists(the_id(caller), [NUMBER], caller.installation)
    assert look_at(the_id(caller), caller.installation).next_step == ""


@pytest.mark.parametrize("why", ["", "  ", "\n"])
def test_nothing_is_given_up_without_a_reason(caller, why):
    with pytest.raises(Invalid, match="how you know"):
        say_that_it_does_not("any", why, caller.installation)
