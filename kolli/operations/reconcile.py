"""Settles attempts whose outcome nobody knows: what a dead process left behind, and what a carrier never answered."""

import logging

from kolli.carriers.base import LooksUp, Numbering
from kolli.errors import AlreadyShipped, CarrierError, CarrierRejected, CarrierUnavailable, Conflict, KolliError
from kolli.operations.announce import booking_of, contract_of, settle_without_label, store
from kolli.operations.context import Context, Installation
from kolli.shipments.attempts import GUARDED, Attempt, State, get_attempt, list_unsettled
from kolli.shipments.queries import get_shipment

log = logging.getLogger(__name__)


def reconcile(installation: Installation) -> list[Attempt]:
    """Settles every unsettled attempt, and gives those that stay unsettled because the carrier cannot say.

    To be called when no other process is announcing, as at the start of the only server.
    """
    with installation.database.read() as transaction:
        unsettled = list_unsettled(transaction)
    for attempt in unsettled:
        try:
            settle(attempt, installation)
        except KolliError as error:  # such as a carrier that is not installed any more
            log.warning("Shipment %s: %s", attempt.shipment_id, error.message)
    with installation.database.read() as transaction:
        return list_unsettled(transaction)


def settle(attempt: Attempt, installation: Installation) -> None:
    """Finds out what has become of an attempt and stores it; CarrierError when nobody can tell now."""
    with installation.database.read() as transaction:
        shipment = get_shipment(transaction, attempt.account_id, attempt.shipment_id)
        contract = contract_of(transaction, shipment)
    carrier = installation.carriers.get(shipment.draft.carrier_code)
    if carrier.numbering is Numbering.OWN_NUMBER:
        try:
            announced = carrier.announce(booking_of(shipment, contract))  # the same numbers again: nothing is doubled
        except CarrierRejected as error:
            settle_without_label(attempt, State.REJECTED, error, installation)
        else:  # that it cannot be reached now says nothing about the first time, so the attempt stays open then
            store(shipment, attempt, announced, installation)
    elif isinstance(carrier, LooksUp):
        booked = carrier.look_up(shipment.id)
        if booked is None:
            nothing = CarrierUnavailable("The carrier has no booking under our reference.")
            settle_without_label(attempt, State.ABANDONED, nothing, installation)
        else:
            store(shipment, attempt, booked, installation)


def refuse_repeat(live: Attempt, context: Context) -> None:
    """Raises AlreadyShipped for an order with a live shipment, with what is needed to fetch its label.

    An attempt of unknown outcome is looked into first, so a caller that tries again finds its label. Returns when it
    turns out that nothing was booked, so that the order may be shipped; Conflict means that nobody can tell yet.
    """
    if live.state is State.UNKNOWN:
        try:
            settle(live, context.installation)
        except CarrierError as error:
            log.warning("Shipment %s: %s", live.shipment_id, error.message)
    with context.database.read() as transaction:
        attempt = get_attempt(transaction, context.account_id, live.shipment_id)
        shipment = get_shipment(transaction, context.account_id, live.shipment_id)
    if attempt.state not in GUARDED:
        return
    if attempt.state is not State.STORED:
        raise Conflict(field="order", details={"shipment_id": shipment.id})
    raise AlreadyShipped(
        f"The order {shipment.draft.order_number!r} already has the shipment {shipment.id}. Fetch its label again from"
        " the document link in meta, or cancel the shipment before you ask for another label.",
        field="order",
        details={
            "shipment_id": shipment.id,
            "parcel_id": shipment.parcels[0].id,
            "tracking_number": shipment.parcels[0].tracking_number,
        },
    )
