"""Settles attempts whose outcome nobody knows: what a dead process left behind, and what a carrier never answered."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic

from kolli.account.idempotent_requests import end_leases as end_leases_of_requests
from kolli.carriers.base import Announced, Booking, Carrier, LooksUp, Numbering
from kolli.errors import (
    AlreadyShipped,
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    Conflict,
    KolliError,
    PartlyBooked,
)
from kolli.jobs import Job, enqueue, enqueue_one, list_bodies, list_dead_of, withdraw
from kolli.operations.announce import ANNOUNCE, LABELS, queue_again
from kolli.operations.asking import ask_to_announce, ask_to_look_up, booking_of, contract_of
from kolli.operations.calls import AT_IT
from kolli.operations.cancel import CANCEL, finish_cancelling
from kolli.operations.context import Context, Installation
from kolli.operations.leases import leased
from kolli.operations.outcomes import CHECKS, leave_open, read_numbers, settle_without_label, store, take_back
from kolli.shipments.attempts import (
    GUARDED,
    UNSETTLED,
    Attempt,
    State,
    end_leases,
    get_attempt,
    get_attempts,
    lease,
    let_go_unless_held,
    list_unsettled,
)
from kolli.shipments.model import ParcelStatus, Shipment
from kolli.shipments.queries import get_shipment

KEEP_ASKING_FOR = timedelta(minutes=30)
"""How long a shipment in the background is announced again to a carrier that has not answered and booked nothing."""

START_WAITS_SECONDS = 20.0
"""How long a start may be held up by carriers. What is not settled by then is looked into while the server runs."""

_BROKEN_OFF = "The announcement was broken off: whoever made it died, or could not store what the carrier said."

LEFT_BEHIND = "left-behind"
"""The kind of the one job that picks up what was left behind."""

PICKED_UP_EVERY = timedelta(minutes=1)

log = logging.getLogger(__name__)


def reconcile(installation: Installation) -> list[Attempt]:
    """Settles every unsettled attempt, and gives those that stay unsettled because the carrier cannot say.

    To be called when no other process is announcing, as at the start of the only server. That does not wait for ever
    for a carrier that hangs: jobs look into what is unknown, and `pick_up` gives them what else is left.
    """
    end = monotonic() + START_WAITS_SECONDS
    with installation.database.write() as transaction:
        end_leases(transaction)
        end_leases_of_requests(transaction)
        unsettled = list_unsettled(transaction)
    for attempt in sorted(unsettled, key=lambda attempt: attempt.state is State.UNKNOWN):
        if monotonic() > end:
            log.warning("Carriers are slow. What is not settled yet is looked into while the server runs.")
            break
        _try_to_settle(attempt, installation)
    with installation.database.read() as transaction:
        return list_unsettled(transaction)


def begin_picking_up(installation: Installation) -> None:
    """Picks up what `reconcile` could not settle, and sees that there is one job LEFT_BEHIND; at the same moment."""
    now = installation.clock()
    with installation.database.write() as transaction:
        withdraw(transaction, LEFT_BEHIND)
        enqueue_one(transaction, CHECKS, LEFT_BEHIND, {}, now + PICKED_UP_EVERY, now=now)
        found = list_unsettled(transaction)
    _hand_over(found, installation)


def pick_up(installation: Installation, job: Job) -> None:
    """Gives to jobs of their own the attempts that were left behind, and sees that there will be a next time.

    A thread leaves one behind when it cannot write down what it was told, such as on a full disk. What no job will ever
    announce is given up.
    """
    _give_up_dead(installation)
    now = installation.clock()
    with installation.database.write() as transaction:
        enqueue_one(transaction, CHECKS, LEFT_BEHIND, {}, now + PICKED_UP_EVERY, now=now, besides=job)
        let_go_unless_held(transaction, installation.calls.held(), installation.owner)
        found = [attempt for attempt in list_unsettled(transaction) if attempt.is_left_behind(now)]
    _hand_over(found, installation)


def _give_up_dead(installation: Installation) -> None:
    """Ends the attempts that are in the queue and whose job has died: no carrier has heard of them.

    Their orders can be shipped again. The job stays for a person to see; tried again, it finds nothing to do.
    """
    with installation.database.read() as transaction:
        dead = {str(job.body["shipment_id"]): job for job in list_dead_of(transaction, LABELS, ANNOUNCE)}
        found = [
            (get_shipment(transaction, attempt.account_id, shipment_id), attempt, job)
            for shipment_id, job in dead.items()
            for attempt in get_attempts(transaction, job.account_id or 0, [shipment_id]).values()
            if attempt.state is State.QUEUED
        ]
    for shipment, attempt, job in found:
        reason = f"It could not be announced, and is not tried any more: {job.reason}"
        settle_without_label(shipment, attempt, State.ABANDONED, reason, installation)


def _hand_over(found: Sequence[Attempt], installation: Installation) -> None:
    """Sees that each of these has a job that looks into it; those of unknown outcome have theirs since they are so."""
    now = installation.clock()
    cancelling = [attempt for attempt in found if attempt.state is State.CANCELLING]
    for attempt in found:
        if attempt.state is State.INTENDED:
            _open(attempt, installation)
    if not cancelling:
        return
    with installation.database.write() as transaction:
        have_one = {body["shipment_id"] for body in list_bodies(transaction, CHECKS, CANCEL)}
        for attempt in cancelling:
            if attempt.shipment_id not in have_one:
                body = {"shipment_id": attempt.shipment_id}
                enqueue(transaction, CHECKS, CANCEL, [body], now, now=now, account_id=attempt.account_id)


def _open(attempt: Attempt, installation: Installation) -> None:
    try:
        with installation.calls.about(attempt.shipment_id):
            leave_open(attempt, _BROKEN_OFF, installation)
    except CarrierUnavailable:  # somebody is at it, after all
        log.warning("Shipment %s is being announced for a long time.", attempt.shipment_id)


def _try_to_settle(attempt: Attempt, installation: Installation) -> None:
    """Settles an attempt if that is possible now; whatever goes wrong, it stays as it is, and says so in the log."""
    try:
        settle(attempt, installation)
    except KolliError as error:  # such as a carrier that is silent again, or not installed any more
        log.warning("Shipment %s stays %s: %s", attempt.shipment_id, attempt.state, error.message)
    except Exception:
        log.exception("Shipment %s stays %s", attempt.shipment_id, attempt.state)


def settle(attempt: Attempt, installation: Installation) -> None:
    """Finds out what has become of an attempt and stores it; an error when nobody can tell now.

    One at a time does so, whatever the process: see `leased`.
    """
    with leased(attempt, installation) as found:
        if found.state not in UNSETTLED:  # somebody else was faster
            return
        with installation.database.read() as transaction:
            shipment = get_shipment(transaction, found.account_id, found.shipment_id)
            contract = contract_of(transaction, shipment)
        carrier = installation.carriers.get(shipment.draft.carrier_code)
        open_one = _Settling(shipment, found, carrier, booking_of(shipment, contract, installation), installation)
        if found.state is State.CANCELLING:
            finish_cancelling(shipment, found, contract, installation, if_refused=ParcelStatus.CANCELLATION_FAILED)
        elif found.is_partly_booked:
            open_one.take_back(found.reason)
        elif carrier.numbering is Numbering.NUMBER_AT_BOOKING:
            open_one.look_up()
        elif carrier.numbering is Numbering.RESERVE_THEN_CONFIRM and not open_one.booking.numbers:
            open_one.come_to_nothing("Nothing was booked: it had no reserved numbers yet.")
        else:
            open_one.announce_again()


@dataclass(frozen=True)
class _Settling:
    """An attempt whose outcome is open, in the hands of whoever is to find it out."""

    shipment: Shipment
    attempt: Attempt
    carrier: Carrier
    booking: Booking
    installation: Installation

    def announce_again(self) -> None:
        """Announces with the same numbers, which changes nothing where it was announced before.

        That the carrier cannot be reached now says nothing about the first time, so the attempt stays open then.
        """
        with self.installation.database.write() as transaction:
            now, owner = self.installation.clock(), self.installation.owner
            if not lease(transaction, self.attempt, owner, now, is_try=True):
                raise CarrierUnavailable(AT_IT)
        tried = replace(self.attempt, tries=self.attempt.tries + 1)
        try:
            answer = ask_to_announce(self.carrier, self.booking, tried)
            self._store(answer, "It was announced again with the same numbers.")
        except PartlyBooked as error:
            self.take_back(error.message)
        except CarrierRejected as error:
            self._look_into_refusal(error)

    def _look_into_refusal(self, refusal: CarrierRejected) -> None:
        """A carrier that says no to a repeat may have said yes to the first time."""
        if isinstance(self.carrier, LooksUp):
            self.look_up(refusal)
            return
        name = self.carrier.name
        reason = (
            f"{name} refuses to be told about it again, so nobody knows whether it took it the first time:"
            f" {refusal.message} Ask {name}, then say so with `kolli attempts`."
        )
        leave_open(self.attempt, reason, self.installation)
        raise CarrierOutcomeUnknown(reason)

    def look_up(self, refusal: CarrierRejected | None = None) -> None:
        """Asks the carrier what it has under our reference, if it can be asked; else the attempt stays open."""
        if not isinstance(self.carrier, LooksUp):
            return
        asked_at = self.installation.clock()  # what it finds is what was there then, however late it says so
        answer = ask_to_look_up(self.carrier, self.booking, self.attempt)
        if answer is None:
            nothing = "The carrier has no booking under our reference."
            self._check_certainty(self.carrier, nothing, asked_at)
            if refusal is None:
                self.come_to_nothing(nothing)
            else:
                settle_without_label(
                    self.shipment, self.attempt, State.REJECTED, f"{refusal.message} {nothing}", self.installation
                )
        elif isinstance(answer, Announced) and 0 < (booked := self._count(answer)) < len(self.shipment.parcels):
            part = f"The carrier has only {booked} of {len(self.shipment.parcels)} parcels under our reference."
            self._check_certainty(self.carrier, part, asked_at)
            self.take_back(part)
        else:
            self._store(answer, "It was found at the carrier by our reference.")

    def take_back(self, what_happened: str) -> None:
        """Has taken back what was booked in part; CarrierOutcomeUnknown as long as that does not succeed."""
        error = CarrierOutcomeUnknown(what_happened)
        outcome = take_back(self.shipment, self.attempt, self.carrier, self.booking, self.installation, after=error)
        if isinstance(outcome, CarrierOutcomeUnknown):
            raise outcome

    def come_to_nothing(self, reason: str) -> None:
        """Ends an attempt that has booked nothing, or has it announced once more, as nobody else would do so."""
        if _is_tried_again(self.shipment, self.attempt, self.installation.clock()):
            queue_again(self.shipment, self.attempt, reason, self.installation)
        else:
            settle_without_label(self.shipment, self.attempt, State.ABANDONED, reason, self.installation)

    def _store(self, answer: object, reason: str) -> None:
        try:
            store(self.shipment, self.attempt, answer, self.installation, reason)
        except CarrierOutcomeUnknown as error:  # it is no answer that could be stored
            leave_open(self.attempt, error.message, self.installation)
            raise

    def _count(self, answer: Announced) -> int:
        try:
            return len(read_numbers(answer))
        except CarrierOutcomeUnknown:
            return 0

    def _check_certainty(self, carrier: LooksUp, so_far: str, asked_at: datetime) -> None:
        """CarrierUnavailable when our request may still have been on its way at the time of the question.

        Who died while he asked may have sent it in his last moment. Where nobody knows when that was, nothing is
        certain until the attempt has been `unknown` for long enough.
        """
        since = self.attempt.changed_at or self.shipment.created_at
        if self.attempt.state is State.INTENDED:
            since = self.attempt.lease_until or asked_at
        if asked_at < since + timedelta(seconds=carrier.certain_after_seconds):
            raise CarrierUnavailable(so_far)


def look_into(attempt: Attempt, installation: Installation) -> None:
    """Settles an attempt whose outcome is open, if that is possible now and nobody else is at it."""
    if attempt.is_left_behind(installation.clock()):
        _try_to_settle(attempt, installation)


def refuse_repeat(live: Attempt, context: Context) -> None:
    """Raises AlreadyShipped for an order with a live shipment, with what is needed to fetch its label.

    An attempt of unknown outcome is looked into first, so a caller that tries again finds its label. Returns when it
    turns out that nothing was booked, so that the order may be shipped; Conflict means that nobody can tell yet.
    """
    look_into(live, context.installation)
    with context.database.read() as transaction:
        attempt = get_attempt(transaction, context.account_id, live.shipment_id)
        shipment = get_shipment(transaction, context.account_id, live.shipment_id)
    refusal = refusal_of_repeat(attempt, shipment)
    if refusal is not None:
        raise refusal


def refusal_of_repeat(attempt: Attempt, shipment: Shipment) -> KolliError | None:
    """What is said to whoever wants another label for the order of this shipment; None when it has none."""
    if attempt.state not in GUARDED:
        return None
    if attempt.state in UNSETTLED or attempt.state is State.QUEUED:
        return Conflict(field="order", details={"shipment_id": shipment.id})
    return AlreadyShipped(
        f"The order {shipment.draft.order_number!r} already has the shipment {shipment.id}. Fetch its label again from"
        " the document link in meta, or cancel the shipment before you ask for another label.",
        field="order",
        details={
            "shipment_id": shipment.id,
            "parcel_id": shipment.parcels[0].id,
            "tracking_number": shipment.parcels[0].tracking_number,
        },
    )


def _is_tried_again(shipment: Shipment, attempt: Attempt, now: datetime) -> bool:
    """Whether a shipment that the carrier knows nothing of is announced once more, as nobody else would do so.

    A process that died says nothing about the carrier; one that stays silent is not asked for ever.
    """
    is_wanted = all(parcel.status is ParcelStatus.ANNOUNCING for parcel in shipment.parcels)
    is_worth_it = attempt.state is State.INTENDED or now < shipment.created_at + KEEP_ASKING_FOR
    return attempt.in_background and is_wanted and is_worth_it
