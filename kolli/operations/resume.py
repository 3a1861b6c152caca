"""A request with an Idempotency-Key that was broken off and is sent again: what it has made is found, not made anew."""

from collections.abc import Sequence

from kolli.errors import BrokenOff, InFlight
from kolli.operations.context import Context
from kolli.operations.reconcile import look_into
from kolli.shipments.attempts import Attempt, State, attempts_of_request, get_attempt
from kolli.shipments.model import Shipment
from kolli.shipments.queries import get_shipment

LOOK_AGAIN_AFTER_SECONDS = 5
"""When to ask again what has become of an announcement that nobody knows about."""


def resumed(context: Context) -> Shipment | None:
    """The announced shipment that an earlier try of this request has made; None when there is none, so it may be made.

    InFlight while nobody knows whether it is announced; BrokenOff when it was cancelled since.
    """
    for attempt in reversed(_attempts(context)):  # a later one was only begun because those before it came to nothing
        look_into(attempt, context.installation)
        with context.database.read() as transaction:
            shipment = get_shipment(transaction, context.account_id, attempt.shipment_id)
            state = get_attempt(transaction, context.account_id, attempt.shipment_id).state
        match state:
            case State.STORED:
                return shipment
            case State.INTENDED | State.UNKNOWN | State.QUEUED:
                raise _still_unknown(shipment)
            case State.CANCELLING | State.CANCELLED:
                raise BrokenOff(
                    f"The shipment {shipment.id} that was made with this Idempotency-Key has been cancelled."
                    " Take a new key for another one.",
                    details={"shipment_id": shipment.id},
                )
            case State.REJECTED | State.ABANDONED:
                pass
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


def _still_unknown(shipment: Shipment) -> InFlight:
    return InFlight(
        "The carrier has not said yet whether it has the shipment that was made with this Idempotency-Key."
        " It is being looked into. Please try again in a moment.",
        details={"shipment_id": shipment.id, "retry_after": LOOK_AGAIN_AFTER_SECONDS},
    )
