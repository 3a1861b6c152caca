"""A shipment is taken back, so that its order can be shipped again: at once, or in the background."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from kolli.account.contracts import Contract
from kolli.errors import CarrierError, Conflict
from kolli.jobs import Again, enqueue, is_enqueued
from kolli.operations.asking import ask_to_take_back, booking_of, contract_of
from kolli.operations.context import Context, Installation, Write
from kolli.operations.leases import leased
from kolli.operations.misbehave import TAKEN_BACK_AFTER, TAKES_SECONDS, check_carrier_can_say, marked, to_be_cancelled
from kolli.operations.outcomes import CHECKS
from kolli.operations.track import set_status_of_all
from kolli.shipments.attempts import Attempt, State, get_attempt, move
from kolli.shipments.model import ParcelStatus, Phase, Shipment
from kolli.shipments.queries import get_shipment, release_reference
from kolli.shipments.tracking import Event

CANCEL = "cancel"
"""The kind of jobs that go on with a cancellation; `kolli.operations.background` runs them."""

NEXT_TRY_AFTER = timedelta(seconds=30)
"""How long after a carrier's silence it is asked again to take a shipment back."""

CANCELLABLE_FOR = timedelta(days=42)
"""How long after its announcement a shipment can be cancelled. Source: the API's Shipments section (2026-07)."""

ALREADY = "This shipment is already being cancelled."
NO_LABEL = "This shipment has no label, so there is nothing to cancel."

ON_ITS_WAY: frozenset[Phase] = frozenset(
    {"dropped", "accepted", "sorted", "in_transit", "customs", "in_delivery", "attempted", "pup"}
)
"""Where the carrier has a parcel already, so that its label is used up."""


def cancel(shipment_id: str, context: Context) -> bool:
    """Cancels a shipment at its carrier and then here; False when the carrier cannot say yet and will be asked again.

    NotFound; Conflict when there is nothing to be taken back, or the carrier does not take it back. That it is being
    cancelled is on the disk before the carrier is asked, so a death in between is settled later.
    """
    now = context.now()
    with context.database.read() as transaction:
        shipment = get_shipment(transaction, context.account_id, shipment_id)
        attempt = get_attempt(transaction, context.account_id, shipment_id)
        contract = contract_of(transaction, shipment)
    was_begun = attempt.state is State.CANCELLING
    match attempt.state:
        case State.QUEUED:
            # A worker that has just taken it up has to be waited for.
            is_done = _take_out_of_the_queue(shipment, attempt, context.installation, context.write)
            return is_done or cancel(shipment_id, context)
        case State.INTENDED | State.UNKNOWN:
            return _cancel_once_known(shipment, attempt, context)
        case State.STORED:
            shipment = to_be_cancelled(shipment, context)
            _check(shipment, now)
            attempt = _intend(shipment, attempt, context.installation, context.write)
        case State.CANCELLING if attempt.is_left_behind(now):
            pass
        case State.CANCELLING | State.CANCELLED if context.is_resumed:  # by the first try of this request
            return attempt.state is State.CANCELLED
        case State.CANCELLING | State.CANCELLED:
            raise Conflict(ALREADY)
        case State.REJECTED | State.ABANDONED:
            is_cancelled = all(parcel.status is ParcelStatus.CANCELLED for parcel in shipment.parcels)
            if is_cancelled and context.is_resumed:
                return True
            raise Conflict(ALREADY if is_cancelled else NO_LABEL)
    try:
        check_carrier_can_say(shipment)
        _finish(shipment, attempt, contract, context.installation)
    except CarrierError:
        with context.write() as transaction:
            is_wanted = shipment.draft.scenario == TAKES_SECONDS
            body = {"shipment_id": shipment.id}
            if not was_begun or not is_enqueued(transaction, CHECKS, CANCEL, body, or_dead=False):
                _ask_later(transaction, shipment, context, TAKEN_BACK_AFTER if is_wanted else NEXT_TRY_AFTER)
        return False
    return True


def go_on_cancelling(account_id: int, shipment_id: str, installation: Installation) -> None:
    """Goes on with a cancellation that was accepted; Again, or CarrierError, when it cannot be finished now.

    Conflict when the carrier does not take the shipment back, when it is too late, or when somebody else is at it.
    """
    with installation.database.read() as transaction:
        shipment = get_shipment(transaction, account_id, shipment_id)
        attempt = get_attempt(transaction, account_id, shipment_id)
        contract = contract_of(transaction, shipment)
    match attempt.state:
        case State.QUEUED if not _take_out_of_the_queue(shipment, attempt, installation, installation.database.write):
            raise Again("The shipment is being announced at this moment.")
        case State.STORED:
            _check(shipment, installation.clock())
            attempt = _intend(shipment, attempt, installation, installation.database.write)
            _finish(shipment, attempt, contract, installation, if_refused=ParcelStatus.CANCELLATION_FAILED)
        case State.CANCELLING:
            _finish(shipment, attempt, contract, installation, if_refused=ParcelStatus.CANCELLATION_FAILED)


def _finish(
    shipment: Shipment,
    attempt: Attempt,
    contract: Contract | None,
    installation: Installation,
    *,
    if_refused: ParcelStatus = ParcelStatus.READY_TO_SEND,
) -> None:
    """The same as `finish_cancelling`, when nobody else is at it; Conflict when somebody has finished it already."""
    with leased(attempt, installation) as found:
        if found.state is not State.CANCELLING:
            raise Conflict(ALREADY)
        finish_cancelling(shipment, found, contract, installation, if_refused=if_refused)


def finish_cancelling(
    shipment: Shipment,
    attempt: Attempt,
    contract: Contract | None,
    installation: Installation,
    *,
    if_refused: ParcelStatus = ParcelStatus.READY_TO_SEND,
) -> None:
    """Asks the carrier to take a shipment back and stores what it says; Conflict when that is a no.

    Asking twice is harmless: a carrier says yes again to what it has taken back already. When it does not answer
    (CarrierError), the shipment stays as it is: nobody knows whether the carrier has heard us before. The caller has
    the attempt `leased`.
    """
    carrier = installation.carriers.get(shipment.draft.carrier_code)
    agrees = ask_to_take_back(carrier, booking_of(shipment, contract, installation), attempt)
    reason = "" if agrees else f"{carrier.name} does not take this shipment back."
    yes, no = (State.CANCELLED, ParcelStatus.CANCELLED), (State.STORED, if_refused)
    state, status = yes if agrees else no
    now = installation.clock()

    def work(transaction: Connection) -> None:
        if move(transaction, attempt, state, now, reason, owner=installation.owner):
            set_status_of_all(transaction, shipment, Event(status, now, "kolli", reason), now)

    installation.database.keep(work)
    if not agrees:
        raise marked(Conflict(reason), shipment.draft.scenario)


def _check(shipment: Shipment, now: datetime) -> None:
    """Raises Conflict when a shipment with a label is too old, or too far on its way, to be taken back."""
    for parcel in shipment.parcels:
        if parcel.status.phase == "delivered":
            raise Conflict(f"This shipment cannot be cancelled any more: {parcel.status.message}.")
        if parcel.status.phase in ON_ITS_WAY:
            raise Conflict(
                f"This shipment cannot be cancelled any more, because {shipment.draft.carrier_name} has it already:"
                f" {parcel.status.message}."
            )
        if parcel.announced_at is not None and now - parcel.announced_at > CANCELLABLE_FOR:
            raise Conflict(
                f"This shipment was announced more than {CANCELLABLE_FOR.days} days ago: too long to cancel."
            )


def _take_out_of_the_queue(shipment: Shipment, attempt: Attempt, installation: Installation, write: Write) -> bool:
    """Abandons a shipment that no carrier has heard of; False, and nothing done, when a worker has just taken it up."""
    now = installation.clock()
    with write() as transaction:
        if not move(transaction, attempt, State.ABANDONED, now, "Cancelled before it was announced."):
            return False
        release_reference(transaction, shipment.account_id, shipment.id)
        set_status_of_all(transaction, shipment, Event(ParcelStatus.CANCELLED, now, "kolli"), now)
    return True


def _intend(shipment: Shipment, attempt: Attempt, installation: Installation, write: Write) -> Attempt:
    """Writes down that an attempt is being cancelled; Conflict when somebody else was faster."""
    now = installation.clock()
    with write() as transaction:
        if not move(transaction, attempt, State.CANCELLING, now, owner=installation.owner):
            raise Conflict(ALREADY)
        set_status_of_all(transaction, shipment, Event(ParcelStatus.CANCELLING, now, "kolli"), now)
    return replace(attempt, state=State.CANCELLING)


def _cancel_once_known(shipment: Shipment, attempt: Attempt, context: Context) -> bool:
    """Has a shipment cancelled as soon as it is known whether there is one; Conflict when that was asked for before."""
    now = context.now()
    with context.write() as transaction:
        shipment = get_shipment(transaction, shipment.account_id, shipment.id)
        if get_attempt(transaction, shipment.account_id, shipment.id).state is attempt.state:
            if any(parcel.status is ParcelStatus.CANCELLING for parcel in shipment.parcels):
                if context.is_resumed:
                    return False
                raise Conflict(ALREADY)
            set_status_of_all(transaction, shipment, Event(ParcelStatus.CANCELLING, now, "kolli"), now)
            _ask_later(transaction, shipment, context)
            return False
    return cancel(shipment.id, context)  # it has just become known


def _ask_later(
    transaction: Connection, shipment: Shipment, context: Context, delay: timedelta = NEXT_TRY_AFTER
) -> None:
    now = context.now()
    body = {"shipment_id": shipment.id}
    enqueue(transaction, CHECKS, CANCEL, [body], now + delay, now=now, account_id=shipment.account_id)
