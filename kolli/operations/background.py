"""What is done later, on a worker's thread: every kind of job, in one table."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial

from sqlalchemy import Connection

from kolli.carriers.base import Announced
from kolli.errors import CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable, Conflict
from kolli.jobs import Again, Job, Kind, Lane, Then, steps
from kolli.jobs.workers import Workers
from kolli.operations.announce import ANNOUNCE, LABELS, numbered
from kolli.operations.asking import ask_to_announce, ask_to_take_back, booking_of, contract_of
from kolli.operations.batches import DELAYS as BATCH_DELAYS
from kolli.operations.batches import LANE as BATCHES
from kolli.operations.batches import SHIP_ITEM, ship_item
from kolli.operations.cancel import CANCEL, go_on_cancelling
from kolli.operations.context import Installation
from kolli.operations.deliver import DELAYS, SWEEP, deliver, sweep
from kolli.operations.follow import FOLLOW, LOOK, follow, look
from kolli.operations.leases import Keeper
from kolli.operations.outcomes import (
    CHECKS,
    SETTLE,
    TAKE_BACK,
    WITHOUT_LABEL,
    TooLate,
    check_answer,
    leave_open,
    settling,
    store_in,
    take_back_later,
)
from kolli.operations.print_sending import LANE as PRINTING
from kolli.operations.print_sending import PRINT, PRINT_DELAYS, print_waiting
from kolli.operations.reconcile import LEFT_BEHIND, pick_up, settle
from kolli.operations.try_rules import LANE as TRIALS
from kolli.operations.try_rules import TRY, TRY_DELAYS, try_rules
from kolli.shipments.attempts import LEASE, UNSETTLED, Attempt, State, get_attempt, move, remark
from kolli.shipments.model import ParcelStatus, Shipment
from kolli.shipments.queries import get_shipment
from kolli.webhooks.deliveries import LANE as WEBHOOKS

log = logging.getLogger(__name__)

LANES: Mapping[str, Lane] = {
    # By carrier: one that hangs leaves some of them to the others.
    LABELS: Lane(workers=8, lease=2 * LEASE, per_subject=6, has_room=True),
    CHECKS: Lane(workers=2, lease=2 * LEASE),
    # By account: one that ships thousands leaves some of them to the others.
    BATCHES: Lane(workers=4, lease=2 * LEASE, per_subject=3, has_room=True),
    # Threads that wait for receivers cost next to nothing; ten of these have to hang before another one has to wait.
    WEBHOOKS: Lane(workers=40, lease=timedelta(minutes=2), per_subject=4),
    # One job at a time for each printer. As many printers print at the same time, and others wait for a worker.
    PRINTING: Lane(workers=8, lease=timedelta(minutes=2), per_subject=1),
    # They compute, so two of them are enough to be felt; one account has one at a time.
    TRIALS: Lane(workers=2, lease=timedelta(minutes=10), per_subject=1),
}

ANNOUNCE_DELAYS = steps(2, 10, 60)
SETTLE_DELAYS = steps(60, 300, 900, *[3600] * 24)
SWEEP_DELAYS = steps(60, 600, *[3600] * 24)
FOLLOW_DELAYS = steps(60, 600, *[3600] * 24)
CANCEL_DELAYS = steps(60, 300, 900, *[3600] * 24, *[6 * 3600] * 52)  # fourteen days in all, as documented


def announce_queued(installation: Installation, job: Job) -> Then | None:
    """Announces a shipment that was queued; whatever comes of it stands on its attempt, so a second run does nothing.

    A carrier that cannot be reached is asked again, a few times. What the carrier says is written down with the end of
    the run, which is one commit for many shipments.
    """
    with installation.calls.about(str(job.body["shipment_id"])):
        return _announce_queued(installation, job)


def _announce_queued(installation: Installation, job: Job) -> Then | None:
    account_id, shipment_id = job.account_id or 0, str(job.body["shipment_id"])
    with installation.database.read() as transaction:
        shipment = get_shipment(transaction, account_id, shipment_id)
        attempt = get_attempt(transaction, account_id, shipment_id)
        contract = contract_of(transaction, shipment)
    # Intended by an earlier run, which was broken off: in one process a job is run by one thread at a time.
    if attempt.state is State.INTENDED and leave_open(attempt, _broken_off(job), installation) is None:
        raise Again("Another process is announcing it.")
    is_being_cancelled = any(parcel.status is ParcelStatus.CANCELLING for parcel in shipment.parcels)
    if attempt.state is not State.QUEUED or is_being_cancelled:  # the cancellation's job takes it out of the queue
        return None
    carrier = installation.carriers.get(shipment.draft.carrier_code)
    with installation.database.write() as transaction:
        if not move(transaction, attempt, State.INTENDED, installation.clock(), owner=installation.owner):
            return None  # cancelled in the meantime
    intended = replace(attempt, state=State.INTENDED, tries=attempt.tries + 1)
    is_last = job.runs > len(ANNOUNCE_DELAYS)
    try:
        shipment = numbered(shipment, intended, carrier, contract, installation, stays_queued=not is_last)
        booking = booking_of(shipment, contract, installation)
        with settling(shipment, intended, carrier, booking, installation, stays_queued=not is_last):
            announced = check_answer(shipment, ask_to_announce(carrier, booking, intended))
    except CarrierUnavailable as error:
        if is_last:
            return None
        raise Again(error.message, then=_goes_back(intended, error.message, installation)) from error
    except (CarrierRejected, CarrierOutcomeUnknown):
        return None  # written down, and looked into where it has to be
    return _stores(shipment, intended, announced, installation)


def _broken_off(job: Job) -> str:
    return f"The announcement was broken off. {job.reason}".strip()


def _stores(shipment: Shipment, intended: Attempt, announced: Announced, installation: Installation) -> Then:
    def then(transaction: Connection) -> None:
        try:
            store_in(transaction, shipment, intended, announced, installation)
        except TooLate as error:
            found = get_attempt(transaction, intended.account_id, intended.shipment_id)
            take_back_later(transaction, found, error.message, installation.clock())

    return then


def _goes_back(intended: Attempt, reason: str, installation: Installation) -> Then:
    def then(transaction: Connection) -> None:
        move(transaction, intended, State.QUEUED, installation.clock(), reason, owner=installation.owner)

    return then


def settle_unknown(installation: Installation, job: Job) -> None:
    """Looks into an attempt whose outcome nobody knows; Again as long as nobody can tell."""
    with installation.database.read() as transaction:
        attempt = get_attempt(transaction, job.account_id or 0, str(job.body["shipment_id"]))
    _settle_left_behind(attempt, installation)


def finish_cancellation(installation: Installation, job: Job) -> None:
    """Goes on with a cancellation that was accepted, once it is known whether there is a label; Again until then."""
    account_id, shipment_id = job.account_id or 0, str(job.body["shipment_id"])
    with installation.database.read() as transaction:
        attempt = get_attempt(transaction, account_id, shipment_id)
    if attempt.state is not State.CANCELLING:
        _settle_left_behind(attempt, installation)
    try:
        go_on_cancelling(account_id, shipment_id, installation)
    except Conflict as error:
        log.info("Shipment %s is not cancelled: %s", shipment_id, error.message)


def take_back_too_late(installation: Installation, job: Job) -> None:
    """Has taken back what was booked of a shipment after it was given up; Again until the carrier has done so."""
    with installation.database.read() as transaction:
        shipment = get_shipment(transaction, job.account_id or 0, str(job.body["shipment_id"]))
        attempt = get_attempt(transaction, shipment.account_id, shipment.id)
        contract = contract_of(transaction, shipment)
    if attempt.state not in WITHOUT_LABEL:
        return
    carrier = installation.carriers.get(shipment.draft.carrier_code)
    if not ask_to_take_back(carrier, booking_of(shipment, contract, installation), attempt):
        raise Again(f"{carrier.name} does not take back what it has booked of shipment {shipment.id}.")
    with installation.database.write() as transaction:
        remark(transaction, attempt, installation.clock(), f"{carrier.name} has taken back what it had booked.")


def _settle_left_behind(attempt: Attempt, installation: Installation) -> None:
    if attempt.state not in UNSETTLED:
        return
    if not attempt.is_left_behind(installation.clock()):
        raise Again("The carrier may be being asked about it at this moment.")
    settle(attempt, installation)
    with installation.database.read() as transaction:
        attempt = get_attempt(transaction, attempt.account_id, attempt.shipment_id)
    if attempt.state in UNSETTLED:
        raise Again("The carrier cannot say what has become of it.")


_KINDS: Mapping[str, tuple[Callable[[Installation, Job], Then | None], str, tuple[timedelta, ...]]] = {
    ANNOUNCE: (announce_queued, LABELS, ANNOUNCE_DELAYS),
    SETTLE: (settle_unknown, CHECKS, SETTLE_DELAYS),
    CANCEL: (finish_cancellation, CHECKS, CANCEL_DELAYS),
    TAKE_BACK: (take_back_too_late, CHECKS, CANCEL_DELAYS),
    **{f"deliver-to-{receiver}": (deliver, WEBHOOKS, delays) for receiver, delays in DELAYS.items()},
    LEFT_BEHIND: (pick_up, CHECKS, SWEEP_DELAYS),
    SWEEP: (sweep, CHECKS, SWEEP_DELAYS),
    SHIP_ITEM: (ship_item, BATCHES, BATCH_DELAYS),
    FOLLOW: (follow, CHECKS, FOLLOW_DELAYS),
    LOOK: (look, CHECKS, FOLLOW_DELAYS),
    PRINT: (print_waiting, PRINTING, PRINT_DELAYS),
    TRY: (try_rules, TRIALS, TRY_DELAYS),
}
"""Kind of job → what runs it, in which lane, and how long to wait before it is tried again."""


class Background(Workers):
    """The workers of one process, and beside them who renews the leases of what the process holds."""

    def __init__(self, installation: Installation, lanes: Mapping[str, Lane], kinds: Mapping[str, Kind]) -> None:
        super().__init__(installation.database, lanes, kinds, installation.clock)
        self._keeper = Keeper(installation.calls, installation.database, installation.owner, installation.clock)

    def start(self) -> None:
        """Begins to run what is due, and what becomes due."""
        self._keeper.start()
        super().start()

    def stop(self, timeout_seconds: float) -> bool:
        """Waits for what runs; the leases of what does not end in time end by themselves."""
        try:
            return super().stop(timeout_seconds)
        finally:
            self._keeper.stop()


def workers(installation: Installation, lanes: Mapping[str, Lane] = LANES) -> Background:
    """The threads that do this installation's work for later; not started yet."""
    kinds = {name: Kind(partial(run, installation), lane, delays) for name, (run, lane, delays) in _KINDS.items()}
    return Background(installation, lanes, kinds)
