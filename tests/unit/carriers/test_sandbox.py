"""The sandbox books what it is asked to, goes wrong when it is told to, and forgets nothing."""

import re

import pytest

from kolli.carriers.base import Announced, Booking
from kolli.carriers.sandbox import Fault, Ledger, LedgerEntry, SandboxCarrier
from kolli.errors import CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable
from kolli.shipments.model import Box
from tests.factories import kilograms
from tests.unit.shipments.made import a_draft


@pytest.fixture
def sandbox(tmp_path):
    return SandboxCarrier(tmp_path)


def booking(reference="a", boxes=1, **draft):
    return Booking(reference, a_draft(boxes=(Box(kilograms("1")),) * boxes, **draft), {})


def test_every_box_is_booked(sandbox):
    first, second = sandbox.announce(booking(boxes=2)).tracking_numbers

    assert sandbox.ledger.entries() == [
        LedgerEntry("a", 1, first, "ORDER-1", is_cancelled=False),
        LedgerEntry("a", 2, second, "ORDER-1", is_cancelled=False),
    ]


def test_its_numbers_say_that_they_are_tests_and_have_no_letter_that_reads_as_a_digit(sandbox):
    (number,) = sandbox.announce(booking()).tracking_numbers

    assert re.fullmatch("SCTEST[0-9A-HJKMNP-TV-Z]{8}", number)


def test_the_same_reference_is_booked_once(sandbox):
    assert sandbox.announce(booking(boxes=2)) == sandbox.announce(booking(boxes=2))

    assert len(sandbox.ledger.entries()) == 2


@pytest.mark.parametrize(
    ("fault", "error", "bookings"),
    [
        (Fault.REFUSE, CarrierRejected, 0),
        (Fault.UNREACHABLE, CarrierUnavailable, 0),
        (Fault.SILENT_BEFORE, CarrierOutcomeUnknown, 0),
        (Fault.SILENT_AFTER, CarrierOutcomeUnknown, 1),
    ],
)
def test_it_goes_wrong_as_it_is_told_to_and_only_once(sandbox, fault, error, bookings):
    sandbox.ledger.fail_next(fault)

    with pytest.raises(error):
        sandbox.announce(booking())

    assert len(sandbox.ledger.entries()) == bookings
    assert sandbox.announce(booking("b")).tracking_numbers


def test_every_fault_is_tried_above():
    assert set(Fault) == {Fault.REFUSE, Fault.UNREACHABLE, Fault.SILENT_BEFORE, Fault.SILENT_AFTER}


def test_faults_come_in_the_order_in_which_they_were_ordered(sandbox):
    sandbox.ledger.fail_next(Fault.UNREACHABLE, times=2)
    sandbox.ledger.fail_next(Fault.REFUSE)

    found = [sandbox.ledger.next_fault() for _ in range(4)]

    assert found == [Fault.UNREACHABLE, Fault.UNREACHABLE, Fault.REFUSE, None]


def test_what_was_booked_can_be_looked_up(sandbox):
    announced = sandbox.announce(booking(boxes=2))

    assert sandbox.look_up("a") == announced
    assert sandbox.look_up("b") is None


def test_what_was_booked_without_an_answer_can_be_looked_up(sandbox):
    sandbox.ledger.fail_next(Fault.SILENT_AFTER)
    with pytest.raises(CarrierOutcomeUnknown):
        sandbox.announce(booking())

    assert sandbox.look_up("a") == Announced((sandbox.ledger.entries()[0].tracking_number,))


def test_a_booking_is_cancelled_with_all_its_boxes(sandbox):
    sandbox.announce(booking("a", boxes=2))
    sandbox.announce(booking("b"))

    assert sandbox.cancel(booking("a", boxes=2)) is True

    assert [entry.is_cancelled for entry in sandbox.ledger.entries()] == [True, True, False]


def test_nothing_cannot_be_cancelled(sandbox):
    assert sandbox.cancel(booking()) is False


def test_the_ledger_outlives_whoever_wrote_it(sandbox, tmp_path):
    announced = sandbox.announce(booking())
    sandbox.ledger.fail_next(Fault.REFUSE)
    sandbox.ledger.close()

    reopened = SandboxCarrier(tmp_path)

    assert reopened.look_up("a") == announced
    assert reopened.ledger.next_fault() is Fault.REFUSE


def test_two_processes_keep_one_ledger(tmp_path):
    first, second = Ledger(tmp_path / "ledger.db"), Ledger(tmp_path / "ledger.db")

    numbers = first.book(booking("a"))

    assert second.numbers("a") == numbers
    assert second.book(booking("a")) == numbers


def test_numbers_are_printed_in_groups(sandbox):
    assert sandbox.printed("SCTEST1234ABCD") == "SCTEST 1234 ABCD"
