"""What a carrier has said, or not said, is understood and written down: no label that nobody booked, and none lost.

All of this is done by whoever holds the shipment (see `Calls`) and its lease.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from kolli.carriers.base import Announced, Booking, Carrier, can_be_a_number
from kolli.errors import (
    CarrierError,
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    PartlyBooked,
    StorageFull,
    StorageUnavailable,
)
from kolli.jobs import enqueue
from kolli.operations.asking import ask_to_take_back
from kolli.operations.context import Installation
from kolli.operations.track import set_status_of_all, tell
from kolli.shipments.attempts import Attempt, State, get_attempt, let_go, move, note, remark
from kolli.shipments.figures import count_labels
from kolli.shipments.model import ParcelStatus, Shipment
from kolli.shipments.queries import get_shipment, mark_announced, release_reference
from kolli.shipments.tracking import Event

log = logging.getLogger(__name__)

CHECKS = "checks"
"""The lane of the jobs that look into what is not known."""

SETTLE = "settle"
"""The kind of those jobs; `kolli.operations.background` runs them."""

FIRST_LOOK_AFTER = timedelta(seconds=30)
"""How long after a carrier's silence it is asked what has become of the announcement."""

TAKE_BACK = "take-back"
"""The kind of the jobs that have taken back what was booked of a shipment that had been given up."""

WITHOUT_LABEL = frozenset({State.REJECTED, State.ABANDONED, State.CANCELLED})
"""The states at whose end there is no label, so that all that is booked is too much."""

_NOT_STORED = "The carrier has answered, and its answer cannot be stored at this moment. It is asked again later."

_TAKING_BACK = " It was asked to take back what it has booked: "


class TooLate(CarrierOutcomeUnknown):
    """The carrier has booked what had been given up. Its order may have another label by now."""


@contextmanager
def settling(
    shipment: Shipment,
    attempt: Attempt,
    carrier: Carrier,
    booking: Booking,
    installation: Installation,
    *,
    stays_queued: bool = False,
) -> Iterator[None]:
    """Writes down what it means for an attempt when the call to the carrier inside ends in an error.

    A CarrierError leaves the block that says what has come of it. With `stays_queued`, an attempt that never
    reached the carrier is left for the caller to queue again. What cannot be written down leaves the attempt as it is:
    it is left behind then, and looked into.
    """
    try:
        with _settling(shipment, attempt, carrier, booking, installation, stays_queued=stays_queued):
            yield
    except (StorageFull, StorageUnavailable) as error:
        log.exception("What the carrier has said of shipment %s could not be stored", shipment.id)
        raise CarrierOutcomeUnknown(_NOT_STORED) from error


@contextmanager
def _settling(
    shipment: Shipment,
    attempt: Attempt,
    carrier: Carrier,
    booking: Booking,
    installation: Installation,
    *,
    stays_queued: bool,
) -> Iterator[None]:
    try:
        yield
    except CarrierRejected as error:
        settle_without_label(shipment, attempt, State.REJECTED, error.message, installation)
        raise
    except CarrierUnavailable as error:
        if not stays_queued:
            settle_without_label(shipment, attempt, State.ABANDONED, error.message, installation)
        raise
    except TooLate as error:
        raise _taken_back_too_late(attempt, carrier, booking, installation, after=error) from error
    except PartlyBooked as error:
        raise take_back(shipment, attempt, carrier, booking, installation, after=error) from error
    except CarrierOutcomeUnknown as error:
        leave_open(attempt, error.message, installation)
        raise
    except (StorageFull, StorageUnavailable):
        raise
    except Exception:  # a mistake of ours, when there may be a label already
        leave_open(attempt, "The announcement was broken off by an error. The log tells of it.", installation)
        raise


def store(
    shipment: Shipment, attempt: Attempt, answer: object, installation: Installation, reason: str = ""
) -> Shipment:
    """Writes down a carrier's yes; the same answer stored twice changes nothing. CarrierOutcomeUnknown if it is none.

    The reason says how it was found out, where it was not said at once.
    """
    announced = check_answer(shipment, answer)

    def work(transaction: Connection) -> Shipment:
        return store_in(transaction, shipment, attempt, announced, installation, reason=reason)

    return installation.database.keep(work)


def check_answer(shipment: Shipment, answer: object) -> Announced:
    """A carrier's yes, as one that can be understood; CarrierOutcomeUnknown when it cannot."""
    if not isinstance(answer, Announced):
        raise CarrierOutcomeUnknown("The carrier gave an answer that is neither yes nor no.")
    numbers = read_numbers(answer)
    given, wanted = len(numbers), len(shipment.parcels)
    if given != wanted:
        raise CarrierOutcomeUnknown(f"The carrier gave {given} tracking numbers for {wanted} parcels.")
    for parcel, number in zip(shipment.parcels, numbers, strict=True):
        if parcel.tracking_number not in {None, number}:
            raise CarrierOutcomeUnknown(f"The carrier was told the number {parcel.tracking_number} and gave {number}.")
    return Announced(numbers)


def read_numbers(answer: object) -> tuple[str, ...]:
    """The tracking numbers in an answer, however many: each can be a barcode, and is there once.

    CarrierOutcomeUnknown for everything else. What was given is not repeated then: it may be of any length.
    """
    numbers = answer.tracking_numbers if isinstance(answer, Announced) else answer
    if not isinstance(numbers, tuple | list):
        raise CarrierOutcomeUnknown("The carrier gave something that is no list of tracking numbers.")
    found = tuple(number for number in numbers if can_be_a_number(number))
    if len(found) < len(numbers):
        raise CarrierOutcomeUnknown("The carrier gave a tracking number that cannot be one.")
    if len({number.lower() for number in found}) < len(found):
        raise CarrierOutcomeUnknown("The carrier gave several parcels the same tracking number.")
    return found


def store_in(
    transaction: Connection,
    shipment: Shipment,
    attempt: Attempt,
    announced: Announced,
    installation: Installation,
    *,
    reason: str = "",
) -> Shipment:
    """Writes down a carrier's yes that has been understood, in a transaction that ends when this raises."""
    now = installation.clock()
    if not move(transaction, attempt, State.STORED, now, reason, owner=installation.owner):
        found = get_attempt(transaction, attempt.account_id, attempt.shipment_id)
        if not _store_late(transaction, found, now, installation.owner):
            return _as_settled(transaction, shipment, found, announced)
    try:
        mark_announced(transaction, shipment, announced.tracking_numbers, now)
    except IntegrityError as error:
        numbers = ", ".join(announced.tracking_numbers)
        raise CarrierOutcomeUnknown(f"The carrier gave a number that another parcel has: {numbers}.") from error
    count_labels(transaction, shipment, now)
    status = ParcelStatus.READY_TO_SEND
    parcels = tuple(
        replace(parcel, status=status, updated_at=now, tracking_number=number, announced_at=now)
        for parcel, number in zip(shipment.parcels, announced.tracking_numbers, strict=True)
    )
    shipment = replace(shipment, parcels=parcels)
    tell(transaction, shipment, parcels, Event(status, now, "kolli"), now)
    return shipment


def _store_late(transaction: Connection, found: Attempt, now: datetime, owner: str) -> bool:
    """Stores an attempt that was taken for left behind, unless somebody has settled it, or is at it."""
    late = "The carrier's answer came late."
    if found.state is State.QUEUED:  # it is not asked again for what it has booked
        if not move(transaction, found, State.INTENDED, now, late, owner=owner):
            return False
        found = replace(found, state=State.INTENDED)
    elif found.state is not State.UNKNOWN:
        return False
    return move(transaction, found, State.STORED, now, late, owner=owner)


def _as_settled(transaction: Connection, shipment: Shipment, settled: Attempt, announced: Announced) -> Shipment:
    """A shipment that somebody else, such as a reconciliation that was faster, has settled.

    TooLate when that was without any label. What has one with another number is left as it is: the carrier knows both
    by one reference, and would take back the other one with this.
    """
    stored = get_shipment(transaction, shipment.account_id, shipment.id)
    has_label = settled.state in {State.STORED, State.CANCELLING, State.CANCELLED}
    if has_label and announced.tracking_numbers == tuple(parcel.tracking_number for parcel in stored.parcels):
        return stored
    numbers = ", ".join(announced.tracking_numbers)
    log.error("Shipment %s has a label that is not stored, because it is %s: %s", shipment.id, settled.state, numbers)
    if settled.state in WITHOUT_LABEL:
        raise TooLate(f"The carrier booked {numbers} after the shipment was given up.")
    raise CarrierOutcomeUnknown(f"The carrier booked {numbers} for a shipment that is {settled.state} by now.")


def settle_without_label(
    shipment: Shipment, attempt: Attempt, state: State, reason: str, installation: Installation
) -> None:
    """Writes down that an attempt has come to nothing, and lets its order and its external reference go."""
    now = installation.clock()

    def work(transaction: Connection) -> None:
        if move(transaction, attempt, state, now, reason, owner=installation.owner):
            release_reference(transaction, shipment.account_id, shipment.id)
            event = Event(ParcelStatus.ANNOUNCEMENT_FAILED, now, "kolli", reason)
            set_status_of_all(transaction, shipment, event, now)

    installation.database.keep(work)


def leave_open(
    attempt: Attempt, reason: str, installation: Installation, *, is_partly_booked: bool = False
) -> Attempt | None:
    """Writes down that nobody knows what has become of an attempt, and why; its order stays guarded.

    A job looks into it. Gives the attempt as it is then; None when somebody else has settled it.
    """
    now, owner = installation.clock(), installation.owner

    def work(transaction: Connection) -> bool:
        if attempt.state is State.UNKNOWN:  # it has its job
            return note(transaction, attempt, now, reason, owner=owner, is_partly_booked=is_partly_booked)
        is_open = move(transaction, attempt, State.UNKNOWN, now, reason, owner=owner, is_partly_booked=is_partly_booked)
        if is_open:
            body = {"shipment_id": attempt.shipment_id}
            due_at = now + FIRST_LOOK_AFTER
            enqueue(transaction, CHECKS, SETTLE, [body], due_at, now=now, account_id=attempt.account_id)
        return is_open

    if not installation.database.keep(work):
        return None
    return replace(attempt, state=State.UNKNOWN, reason=reason, is_partly_booked=is_partly_booked)


def take_back(
    shipment: Shipment,
    attempt: Attempt,
    carrier: Carrier,
    booking: Booking,
    installation: Installation,
    *,
    after: CarrierOutcomeUnknown,
) -> CarrierError:
    """Has a carrier take back what it has booked of a shipment in part; gives what the caller is to be told.

    `after` says what has happened. CarrierRejected: nothing is booked any more, and the order is free. Else the
    attempt stays open, and this is done again later: taking back what has been taken back is harmless.
    """
    what_happened, _, _ = after.message.partition(_TAKING_BACK)
    left: Attempt | None = attempt
    if not attempt.is_partly_booked:
        left = leave_open(attempt, what_happened, installation, is_partly_booked=True)
    if left is None:
        return _taken_back_too_late(attempt, carrier, booking, installation, after=after)
    try:
        agrees = ask_to_take_back(carrier, booking, left)
        said = "it did, so nothing is booked any more." if agrees else "it did not. It is asked again later."
    except CarrierError as refusal:
        agrees, said = False, f"{refusal.message} It is asked again later."
    reason = f"{what_happened}{_TAKING_BACK}{said}"
    if agrees:
        settle_without_label(shipment, left, State.REJECTED, reason, installation)
        return CarrierRejected(reason, details=after.details)

    def work(transaction: Connection) -> None:
        note(transaction, left, installation.clock(), reason, owner=installation.owner, is_partly_booked=True)
        let_go(transaction, left, installation.owner)

    installation.database.keep(work)
    return CarrierOutcomeUnknown(reason, details=after.details)


def take_back_later(transaction: Connection, attempt: Attempt, reason: str, now: datetime) -> None:
    """Has a job take back what was booked of an attempt that is at an end without a label; it stands in its history."""
    remark(transaction, attempt, now, reason)
    body = {"shipment_id": attempt.shipment_id}
    enqueue(transaction, CHECKS, TAKE_BACK, [body], now, now=now, account_id=attempt.account_id)


def _taken_back_too_late(
    attempt: Attempt, carrier: Carrier, booking: Booking, installation: Installation, *, after: CarrierOutcomeUnknown
) -> CarrierError:
    """Has taken back what nobody waits for any more; where the carrier does not agree at once, a job asks again."""
    with installation.database.read() as transaction:
        found = get_attempt(transaction, attempt.account_id, attempt.shipment_id)
    if found.state not in WITHOUT_LABEL:
        return after
    try:
        agrees = ask_to_take_back(carrier, booking, found)
        said = "it did." if agrees else "it did not. It is asked again later."
    except CarrierError as refusal:
        agrees, said = False, f"{refusal.message} It is asked again later."
    reason = f"{after.message}{_TAKING_BACK}{said}"

    def work(transaction: Connection) -> None:
        if agrees:
            remark(transaction, found, installation.clock(), reason)
        else:
            take_back_later(transaction, found, reason, installation.clock())

    installation.database.keep(work)
    return CarrierRejected(reason) if agrees else CarrierOutcomeUnknown(reason)
