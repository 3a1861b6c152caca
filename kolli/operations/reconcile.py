"""Settles attempts whose outcome nobody knows: what a dead process left behind, and what a carrier never answered."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from time import monotonic

from kolli.carriers.base import LooksUp, Numbering
from kolli.errors import AlreadyShipped, CarrierRejected, CarrierUnavailable, Conflict, KolliError
from kolli.jobs import Job, enqueue, enqueue_one, is_enqueued, withdraw
from kolli.operations.announce import (
    CHECKS,
    booking_of,
    contract_of,
    leave_open,
    queue_again,
    settle_without_label,
    store,
)
from kolli.operations.cancel import CANCEL, finish_cancelling
from kolli.operations.context import Context, Installation
from kolli.shipments.attempts import GUARDED, UNSETTLED, Attempt, State, end_leases, get_attempt, list_unsettled
from kolli.shipments.model import ParcelStatus, Shipment
from kolli.shipments.queries import get_shipment

KEEP_ASKING_FOR = timedelta(minutes=30)
"""How long a shipment in the background is announced again to a carrier that has not answered and booked nothing."""

START_WAITS_SECONDS = 20.0
"""How long a start may be held up by carriers. What is not settled by then is looked into while the server runs."""

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

    A thread leaves one behind when it cannot write down what it was told, such as on a full disk.
    """
    now = installation.clock()
    with installation.database.write() as transaction:
        enqueue_one(transaction, CHECKS, LEFT_BEHIND, {}, now + PICKED_UP_EVERY, now=now, besides=job)
        found = [attempt for attempt in list_unsettled(transaction) if attempt.is_left_behind(now)]
    _hand_over(found, installation)


def _hand_over(found: Iterable[Attempt], installation: Installation) -> None:
    """Sees that each of these has a job that looks into it; those of unknown outcome have theirs since they are so."""
    now = installation.clock()
    for attempt in found:
        if attempt.state is State.INTENDED:
            _open(attempt, installation)
        elif attempt.state is State.CANCELLING:
            body = {"shipment_id": attempt.shipment_id}
            with installation.database.write() as transaction:
                if not is_enqueued(transaction, CHECKS, CANCEL, body, or_dead=True):
                    enqueue(transaction, CHECKS, CANCEL, [body], now, now=now, account_id=attempt.account_id)


def _open(attempt: Attempt, installation: Installation) -> None:
    try:
        with installation.calls.about(attempt.shipment_id):
            leave_open(attempt, "The announcement was broken off.", installation)
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
    """Finds out what has become of an attempt and stores it; an error when nobody can tell now."""
    with installation.calls.about(attempt.shipment_id):
        _settle(attempt, installation)


def _settle(known: Attempt, installation: Installation) -> None:
    with installation.database.read() as transaction:
        attempt = get_attempt(transaction, known.account_id, known.shipment_id)
        shipment = get_shipment(transaction, known.account_id, known.shipment_id)
        contract = contract_of(transaction, shipment)
    if attempt.state not in UNSETTLED:  # somebody else was faster
        return
    carrier = installation.carriers.get(shipment.draft.carrier_code)
    if attempt.state is State.CANCELLING:
        finish_cancelling(shipment, attempt, contract, installation, if_refused=ParcelStatus.CANCELLATION_FAILED)
    elif carrier.numbering is Numbering.OWN_NUMBER:
        try:
            announced = carrier.announce(booking_of(shipment, contract, installation))
        except CarrierRejected as error:
            settle_without_label(shipment, attempt, State.REJECTED, error.message, installation)
        else:  # that it cannot be reached now says nothing about the first time, so the attempt stays open then
            store(shipment, attempt, announced, installation)
    elif isinstance(carrier, LooksUp):
        booked = carrier.look_up(shipment.id)
        nothing = CarrierUnavailable("The carrier has no booking under our reference.")
        if booked is not None:
            store(shipment, attempt, booked, installation)
        elif installation.clock() < (attempt.changed_at or shipment.created_at) + _certainty_of(carrier):
            raise nothing  # so far: our first request may still be on its way
        elif _is_tried_again(shipment, attempt, installation.clock()):
            queue_again(shipment, attempt, nothing.message, installation)
        else:
            settle_without_label(shipment, attempt, State.ABANDONED, nothing.message, installation)


def look_into(attempt: Attempt, installation: Installation) -> None:
    """Settles an attempt whose outcome is open, if that is possible now and nobody else is at it."""
    if attempt.state is State.UNKNOWN or attempt.is_left_behind(installation.clock()):
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


def _certainty_of(carrier: LooksUp) -> timedelta:
    return timedelta(seconds=carrier.certain_after_seconds)
