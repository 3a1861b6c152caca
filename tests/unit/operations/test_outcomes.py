"""What a carrier says is a label only if it can be one; what it has booked in part is taken back, or shown."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.carriers.base import Announced, Numbering
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.errors import CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable, Conflict
from kolli.jobs import list_dead
from kolli.operations.announce import ANNOUNCE
from kolli.operations.background import ANNOUNCE_DELAYS, workers
from kolli.operations.boxes import WantedBox
from kolli.operations.outcomes import check_answer, settling
from kolli.operations.reconcile import begin_picking_up, reconcile
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.operations.ship_orders import ship_orders
from kolli.orders.model import ShipWith
from kolli.shipments.attempts import State, get_attempt, list_moves
from kolli.shipments.model import Parcel, ParcelStatus
from tests.factories import NOW, a_caller, an_installation, an_order
from tests.unit.operations.scripted_carriers import Death, Forgetful, InParts, Raises, Reserving
from tests.unit.operations.test_background import Story
from tests.unit.operations.what_is_stored import LETTER, booked, reasons, ship, states, stored_shipments
from tests.unit.shipments.made import a_shipment

PARCEL = "forgetful:parcel"
RESERVING = "reserving:parcel"
BOX = WantedBox((("line-1", 1),))


def a_caller_with(carrier, folder):
    others = [other(folder) for other in (SandboxCarrier, PostNL) if other.code != carrier.code]
    caller = a_caller(an_installation(folder, carriers=[carrier, *others]))
    items = [{**an_order()["order_details"]["order_items"][0], "quantity": 9}]
    details = {**an_order()["order_details"], "order_items": items}
    caller.store(an_order(order_details=details))
    return caller


def ship_boxes(caller, option, boxes):
    choice = Choice(ShipWith(option), boxes=(BOX,) * boxes)
    return ship_order(ShipOrder(70, choice, order_number="ORDER-1"), caller.context)


def steps(caller):
    """Every step of the one attempt, with its reason."""
    (shipment,) = stored_shipments(caller)
    with caller.installation.database.read() as transaction:
        return [(move.after, move.reason) for move in list_moves(transaction, 1, shipment.id)]


def tries(caller):
    shipments = stored_shipments(caller)
    with caller.installation.database.read() as transaction:
        return [get_attempt(transaction, 1, each.id).tries for each in shipments]


def numbers(caller):
    return [parcel.tracking_number for each in stored_shipments(caller) for parcel in each.parcels]


def ledger(caller):
    return [is_cancelled for _, _, is_cancelled in booked(caller)]


# Nonsense


class Talks(Forgetful):
    """A carrier that answers with whatever a test wants."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer

    def announce(self, booking):
        return self.answer


NONSENSE = {
    "nothing": None,
    "yes": True,
    "a page": "<html>502 Bad Gateway</html>",
    "numbers alone": ("F1",),
    "a text instead of a list": Announced("F"),  # type: ignore[arg-type]
    "a number instead of a list": Announced(5),  # type: ignore[arg-type]
    "no list": Announced(None),  # type: ignore[arg-type]
    "no number": Announced(()),
    "too many": Announced(("F1", "F2")),
    "no text": Announced((12345,)),  # type: ignore[arg-type]
    "nothing in the list": Announced((None,)),  # type: ignore[arg-type]
    "bytes": Announced((b"F1",)),  # type: ignore[arg-type]
    "no character": Announced(("",)),
    "a blank": Announced(("F 1",)),
    "a line break": Announced(("F1\n",)),
    "a control character": Announced(("F\x001",)),
    "other digits": Announced(("٣٤٥",)),
    "too long": Announced(("F" * 41,)),
    "very long": Announced(("F" * 10_000_000,)),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
@pytest.mark.parametrize("is_in_background", [False, True])
def test_nonsense_is_never_a_label(tmp_path, answer, is_in_background):
    caller = a_caller_with(Talks(answer), tmp_path)

    if is_in_background:
        ship_orders([ShipOrder(70, Choice(ShipWith(PARCEL)), order_number="ORDER-1")], caller.context)
        workers(caller.installation).run_due()
    else:
        with pytest.raises(CarrierOutcomeUnknown):
            ship(caller, PARCEL)

    assert (states(caller), numbers(caller)) == ([State.UNKNOWN], [None])
    assert 0 < len(reasons(caller)[0]) < 200
    with pytest.raises(Conflict):
        ship(caller)


def test_a_carriers_long_reason_is_cut_where_it_is_kept(tmp_path):
    caller = a_caller_with(Forgetful(after=Raises([CarrierRejected("no " * 1_000_000)])), tmp_path)

    with pytest.raises(CarrierRejected):
        ship(caller, PARCEL)

    assert len(reasons(caller)[0]) == 1_000
    assert [len(reason) for _, reason in steps(caller)] == [0, 1_000]


def two_boxes(*known):
    parcels = (Parcel(box, box, ParcelStatus.ANNOUNCING, known[box - 1], updated_at=NOW) for box in (1, 2))
    return a_shipment(parcels=tuple(parcels))


@pytest.mark.parametrize(
    ("known", "given"),
    [
        ((None, None), ("F1", "F1")),
        ((None, None), ("F1", "f1")),
        (("F1", "F2"), ("F2", "F1")),
        (("F1", "F2"), ("F1", "F3")),
        (("F1", "F2"), ("F1", "f2")),
    ],
)
def test_a_number_twice_or_another_one_than_ours_has_not_been_understood(known, given):
    with pytest.raises(CarrierOutcomeUnknown):
        check_answer(two_boxes(*known), Announced(given))


def test_numbers_in_a_list_are_understood():
    found = check_answer(two_boxes(None, None), Announced(["F1", "F2"]))  # type: ignore[arg-type]

    assert found == Announced(("F1", "F2"))


@pytest.mark.parametrize("answer", ["yes", None, 1])
def test_an_answer_that_is_neither_yes_nor_no_cancels_nothing(tmp_path, answer):
    caller = a_caller_with(Forgetful(cancels=answer), tmp_path)
    shipment = ship(caller, PARCEL)

    caller.client.post(f"/api/v3/shipments/{shipment.id}/cancel")

    assert states(caller) == [State.CANCELLING]


def test_a_carrier_whose_code_is_mistaken_while_it_cancels_is_asked_again(tmp_path):
    mistakes = [KeyError("status")]

    class Mistaken(Forgetful):
        def cancel(self, booking):
            if mistakes:
                raise mistakes.pop()
            return True

    caller = a_caller_with(Mistaken(), tmp_path)
    shipment = ship(caller, PARCEL)

    answer = caller.client.post(f"/api/v3/shipments/{shipment.id}/cancel")
    before = states(caller)
    workers(replace(caller.installation, clock=lambda: NOW + timedelta(minutes=1))).run_due()

    assert (answer.status_code, before, states(caller)) == (202, [State.CANCELLING], [State.CANCELLED])


# Booked in part


ASKED = "Parcel {} was refused: too heavy. It was asked to take back what it has booked: "


@pytest.mark.parametrize(("fails_at", "boxes"), [(at, boxes) for boxes in range(2, 9) for at in range(2, boxes + 1)])
def test_what_was_booked_in_part_is_taken_back_and_the_order_is_free(tmp_path, fails_at, boxes):
    caller = a_caller_with(InParts(tmp_path, fails_at=fails_at), tmp_path)

    with pytest.raises(CarrierRejected) as raised:
        ship_boxes(caller, LETTER, boxes)

    said = ASKED.format(fails_at) + "it did, so nothing is booked any more."
    assert raised.value.message == said
    assert (states(caller), reasons(caller), numbers(caller)) == ([State.REJECTED], [said], [None] * boxes)
    assert ledger(caller) == [True] * (fails_at - 1)
    assert [after for after, _ in steps(caller)] == [State.INTENDED, State.UNKNOWN, State.REJECTED]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (False, "it did not. It is asked again later."),
        (CarrierUnavailable("The line is down."), "The line is down. It is asked again later."),
        (CarrierOutcomeUnknown("No answer."), "No answer. It is asked again later."),
        (CarrierRejected("Never."), "Never. It is asked again later."),
        (ValueError("a mistake"), "The carrier's answer could not be understood. The log tells of the error. It is"),
        ("perhaps", "The carrier's answer could not be understood. The log tells of the error. It is"),
    ],
)
def test_what_is_not_taken_back_stays_visible_and_is_asked_about_again(tmp_path, answer, said):
    carrier = InParts(tmp_path, fails_at=3, cancels=[answer] * 3)
    caller = a_caller_with(carrier, tmp_path)

    with pytest.raises(CarrierOutcomeUnknown) as raised:
        ship_boxes(caller, LETTER, 3)
    between = (states(caller), reasons(caller), ledger(caller))
    with pytest.raises(Conflict):
        ship(caller)
    reconcile(caller.installation)
    workers(replace(caller.installation, clock=lambda: NOW + timedelta(minutes=1))).run_due()

    assert raised.value.message.startswith(ASKED.format(3) + said)
    assert between == ([State.UNKNOWN], [raised.value.message], [False, False])
    assert carrier.asked == 4
    assert (states(caller), ledger(caller)) == ([State.REJECTED], [True, True])
    assert [after for after, _ in steps(caller)] == [State.INTENDED, State.UNKNOWN, State.UNKNOWN, State.REJECTED]


def test_in_the_background_it_is_taken_back_as_well(tmp_path):
    caller = a_caller_with(InParts(tmp_path, fails_at=2, cancels=[False]), tmp_path)
    choice = Choice(ShipWith(LETTER), boxes=(BOX,) * 2)
    ship_orders([ShipOrder(70, choice, order_number="ORDER-1")], caller.context)

    workers(caller.installation).run_due()
    between = states(caller)
    workers(replace(caller.installation, clock=lambda: NOW + timedelta(minutes=1))).run_due()

    assert (between, states(caller)) == ([State.UNKNOWN], [State.REJECTED])
    assert (ledger(caller), tries(caller)) == ([True], [1])
    assert {parcel.status for each in stored_shipments(caller) for parcel in each.parcels} == {
        ParcelStatus.ANNOUNCEMENT_FAILED
    }


def test_fewer_parcels_than_ours_under_our_reference_were_booked_in_part(tmp_path):
    """The process that was told of the first ones is gone, or was told nothing."""
    caller = a_caller_with(InParts(tmp_path, fails_at=3, says=False), tmp_path)
    with pytest.raises(CarrierOutcomeUnknown):
        ship_boxes(caller, LETTER, 3)

    assert reconcile(caller.installation) == []

    said = "The carrier has only 2 of 3 parcels under our reference. It was asked to take back what it has booked: it"
    assert (states(caller), ledger(caller)) == ([State.REJECTED], [True, True])
    assert reasons(caller)[0].startswith(said)


def test_fewer_parcels_than_ours_are_not_final_before_the_carrier_is_certain(tmp_path):
    carrier = InParts(tmp_path, fails_at=3, says=False)
    carrier.certain_after_seconds = 60
    caller = a_caller_with(carrier, tmp_path)
    with pytest.raises(CarrierOutcomeUnknown):
        ship_boxes(caller, LETTER, 3)

    reconcile(caller.installation)
    between = (states(caller), carrier.asked)
    reconcile(replace(caller.installation, clock=lambda: NOW + timedelta(minutes=1)))

    assert (between, states(caller), carrier.asked) == (([State.UNKNOWN], 0), [State.REJECTED], 1)


def test_a_death_while_it_is_taken_back_takes_it_back_again(tmp_path):
    carrier = InParts(tmp_path, fails_at=2, cancels=[Death()])
    caller = a_caller_with(carrier, tmp_path)
    with pytest.raises(Death):
        ship_boxes(caller, LETTER, 2)
    between = states(caller)

    reconcile(caller.installation)

    assert (between, states(caller), ledger(caller)) == ([State.UNKNOWN], [State.REJECTED], [True])


# Reserved numbers


def test_numbers_are_reserved_stored_and_then_booked(tmp_path):
    seen = []
    carrier = Reserving(before=lambda _: seen.append(numbers(caller)))
    caller = a_caller_with(carrier, tmp_path)

    shipment = ship_boxes(caller, RESERVING, 3)

    given = [f"R000000{number}" for number in (1, 2, 3)]
    assert seen == [given]
    assert [parcel.tracking_number for parcel in shipment.parcels] == given
    assert (states(caller), carrier.told, tries(caller)) == ([State.STORED], [tuple(given)], [1])
    assert stored_shipments(caller) == [shipment]


def test_in_the_background_numbers_are_reserved_once(tmp_path):
    carrier = Reserving(before=Raises([CarrierUnavailable(), CarrierUnavailable()]))
    story = Story(tmp_path, carrier)
    story.accept(RESERVING)

    story.work_through(hours=0)

    assert (states(story.caller), carrier.reserved) == ([State.STORED], [("R0000001",)])
    assert (carrier.told, tries(story.caller)) == ([("R0000001",)], [3])


@pytest.mark.parametrize(
    ("error", "expected", "state"),
    [
        (CarrierRejected("No such sender."), CarrierRejected, State.REJECTED),
        (CarrierUnavailable(), CarrierUnavailable, State.ABANDONED),
        (CarrierOutcomeUnknown(), CarrierUnavailable, State.ABANDONED),
        (ValueError("a mistake"), CarrierUnavailable, State.ABANDONED),
    ],
)
def test_until_numbers_are_reserved_nothing_is_booked_and_everybody_knows(tmp_path, error, expected, state):
    carrier = Reserving(reserves=Raises([error]))
    caller = a_caller_with(carrier, tmp_path)

    with pytest.raises(expected):
        ship(caller, RESERVING)

    assert (states(caller), carrier.told) == ([state], [])
    assert ship(caller, RESERVING).parcels[0].tracking_number == "R0000001"


@pytest.mark.parametrize("given", ["R", ("R1", "R2"), (), ("R 1",), (1,), None, Announced(("R" * 41,))])
def test_reserved_nonsense_books_nothing(tmp_path, given):
    carrier = Reserving()
    carrier.reserve = lambda booking: given  # type: ignore[method-assign]
    caller = a_caller_with(carrier, tmp_path)

    with pytest.raises(CarrierUnavailable, match=r"[Nn]othing was booked"):
        ship(caller, RESERVING)

    assert (states(caller), carrier.told, numbers(caller)) == ([State.ABANDONED], [], [None])


def test_a_reserved_number_that_another_parcel_has_books_nothing(tmp_path):
    carrier = Reserving(numbers=("R0000009",))
    caller = a_caller_with(carrier, tmp_path)
    caller.store(an_order(order_id="shop-2", order_number="ORDER-2"))
    ship(caller, RESERVING)

    with pytest.raises(CarrierUnavailable, match="R0000009"):
        ship_order(ShipOrder(70, Choice(ShipWith(RESERVING)), order_number="ORDER-2"), caller.context)

    assert states(caller) == [State.STORED, State.ABANDONED]
    assert carrier.told == [("R0000009",)]


@pytest.mark.parametrize("when", ["before", "after"])
def test_after_a_death_reserved_numbers_are_confirmed_again(tmp_path, when):
    carrier = Reserving(**{when: Raises([Death()])})
    caller = a_caller_with(carrier, tmp_path)
    with pytest.raises(Death):
        ship(caller, RESERVING)

    assert reconcile(caller.installation) == []

    assert (states(caller), numbers(caller)) == ([State.STORED], ["R0000001"])
    assert (set(carrier.told), carrier.reserved) == ({("R0000001",)}, [("R0000001",)])
    assert (tries(caller), reasons(caller)) == ([2], ["It was announced again with the same numbers."])


def test_after_a_death_without_numbers_nothing_was_booked(tmp_path):
    carrier = Reserving(reserves=Raises([Death()]))
    caller = a_caller_with(carrier, tmp_path)
    with pytest.raises(Death):
        ship(caller, RESERVING)

    reconcile(caller.installation)

    assert (states(caller), carrier.told) == ([State.ABANDONED], [])
    assert ship(caller, RESERVING).parcels[0].tracking_number == "R0000001"


def test_after_a_death_without_numbers_what_is_in_the_background_is_announced_all_the_same(tmp_path):
    carrier = Reserving(reserves=Raises([Death()]))
    story = Story(tmp_path, carrier)
    story.accept(RESERVING)
    story.die_at_work()

    story.restart()
    story.work()

    assert (states(story.caller), carrier.told) == ([State.STORED], [("R0000001",)])
    assert (story.waiting, story.dead) == ({}, [])


def test_a_carrier_that_declares_reserving_and_cannot_is_a_mistake_that_books_nothing(tmp_path):
    carrier = Forgetful()
    carrier.numbering = Numbering.RESERVE_THEN_CONFIRM
    caller = a_caller_with(carrier, tmp_path)

    with pytest.raises(TypeError, match="no way to be asked"):
        ship(caller, PARCEL)


# Jobs that have died


def test_what_no_job_announces_any_more_is_given_up_and_its_order_is_free(tmp_path):
    story = Story(tmp_path, Forgetful())
    story.accept(PARCEL)
    begin_picking_up(story.installation)
    without = replace(story.installation, carriers=type(story.installation.carriers)([]))

    for delay in (timedelta(0), *ANNOUNCE_DELAYS, timedelta(minutes=2)):
        story.move(delay)
        workers(replace(without, clock=story.installation.clock)).run_due()

    with story.installation.database.read() as transaction:
        (job,) = list_dead(transaction)
    assert job.kind == ANNOUNCE
    assert states(story.caller) == [State.ABANDONED]
    assert reasons(story.caller) == [f"It could not be announced, and is not tried any more: {job.reason}"]
    assert story.statuses == [ParcelStatus.ANNOUNCEMENT_FAILED]
    assert ship(story.caller, PARCEL).parcels[0].tracking_number == "F0000001"


# What nobody foresaw


def test_a_mistake_of_ours_leaves_the_outcome_open_and_is_not_hidden(tmp_path):
    caller = a_caller_with(Forgetful(after=Raises([Death()])), tmp_path)
    with pytest.raises(Death):
        ship(caller, PARCEL)
    (shipment,) = stored_shipments(caller)
    with caller.installation.database.read() as transaction:
        attempt = get_attempt(transaction, 1, shipment.id)
    carrier = caller.installation.carriers.get("forgetful")

    with (
        pytest.raises(ZeroDivisionError),
        settling(shipment, attempt, carrier, None, caller.installation),  # type: ignore[arg-type]
    ):
        raise ZeroDivisionError

    assert states(caller) == [State.UNKNOWN]
