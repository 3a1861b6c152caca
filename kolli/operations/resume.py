"""A request with an Idempotency-Key that was broken off and is sent again: what it has made is found, not made anew."""

from collections.abc import Sequence

from sqlalchemy import Connection

from kolli.errors import BrokenOff, InFlight
from kolli.jobs import is_enqueued
from kolli.operations.cancel import CANCEL
from kolli.operations.context import Context
from kolli.operations.outcomes import CHECKS
from kolli.operations.reconcile import look_into
from kolli.shipments.attempts import Attempt, State, attempts_of_request, get_attempt
from kolli.shipments.model import ParcelStatus, Shipment
from kolli.shipments.queries import get_shipment

CAME_TO_NOTHING = frozenset({State.REJECTED, State.ABANDONED})
"""The states of an attempt for which no label was ever made."""

_CANCELLED = frozenset({ParcelStatus.CANCELLING, ParcelStatus.CANCELLED})

LOOK_AGAIN_AFTER_SECONDS = 5
"""When to ask again what has become of an announcement that nobody knows about."""


def resumed(context: Context) -> Shipment | None:
    """The announced shipment that an earlier try of this request has made; None when there is none, so it may be made.

    InFlight while nobody knows whether it is announced; BrokenOff when somebody has cancelled it since.
    """
    for attempt in reversed(_attempts(context)):  # a later one was only begun because those before it came to nothing
        look_into(attempt, context.installation)
        with context.database.read() as transaction:
            shipment = get_shipment(transaction, context.account_id, attempt.shipment_id)
            state = get_attempt(transaction, context.account_id, attempt.shipment_id).state
            is_unwanted = _is_unwanted(transaction, shipment)
        if state in CAME_TO_NOTHING:
            continue
        if is_unwanted:
            raise _is_cancelled(shipment)
        if state is not State.STORED:
            raise _still_unknown(shipment)
        return shipment
    return None


def accepted_before(context: Context) -> Sequence[Shipment]:
    """The shipments that an earlier try of this request has accepted for the background, whatever became of them."""
    found = _attempts(context)
    with context.database.read() as transaction:
        return [get_shipment(transaction, context.account_id, attempt.shipment_id) for attempt in found]


def _attempts(context: Context) -> list[Attempt]:
    claim = context.claim
    if claim is None or not claim.is_resumed or claim.request_id is None:
        return []
    with context.database.read() as transaction:
        return attempts_of_request(transaction, context.account_id, claim.request_id)


def _is_unwanted(transaction: Connection, shipment: Shipment) -> bool:
    """Whether a shipment has been cancelled, or will be as soon as that can be done."""
    is_cancelled = any(parcel.status in _CANCELLED for parcel in shipment.parcels)
    return is_cancelled or is_enqueued(transaction, CHECKS, CANCEL, {"shipment_id": shipment.id}, or_dead=False)


def _is_cancelled(shipment: Shipment) -> BrokenOff:
    return BrokenOff(
        f"The shipment {shipment.id} that was made with this Idempotency-Key has been cancelled."
        " Take a new key for another one.",
        details={"shipment_id": shipment.id},
    )


def _still_unknown(shipment: Shipment) -> InFlight:
    return InFlight(
        "The carrier has not said yet whether it has the shipment that was made with this Idempotency-Key."
        " It is being looked into. Please try again in a moment.",
        details={"shipment_id": shipment.id, "retry_after": LOOK_AGAIN_AFTER_SECONDS},
    )
