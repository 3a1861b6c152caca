"""Settles attempts whose outcome nobody knows: what a dead process left behind, and what a carrier never answered."""

import logging

from kolli.carriers.base import LooksUp, Numbering
from kolli.errors import AlreadyShipped, CarrierError, CarrierUnavailable, Conflict
from kolli.operations.announce import book, contract_of, settle_without_label, store
from kolli.operations.context import Context, Installation
from kolli.shipments.attempts import Attempt, State, find_holder, list_unsettled, order_guard
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
        except CarrierError as error:
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
        book(shipment, attempt, carrier, contract, installation)  # the same numbers again: nothing is doubled
    elif isinstance(carrier, LooksUp):
        announced = carrier.look_up(shipment.id)
        if announced is None:
            nothing = CarrierUnavailable("The carrier has no booking under our reference.")
            settle_without_label(attempt, State.ABANDONED, nothing, installation)
        else:
            store(shipment, attempt, announced, installation)


def refuse_repeat(order_id: int, context: Context) -> None:
    """Raises AlreadyShipped when an order has a live shipment, with what is needed to fetch its label.

    An attempt of unknown outcome is looked into first, so a caller that tries again finds its label, or gets one.
    Conflict means that it cannot be known at this moment.
    """
    if context.account.repeat_labels == "allowed":
        return
    holder = _holder(order_id, context)
    if holder is not None and holder.state is State.UNKNOWN:
        try:
            settle(holder, context.installation)
        except CarrierError as error:
            log.warning("Shipment %s: %s", holder.shipment_id, error.message)
        holder = _holder(order_id, context)
    if holder is None:
        return
    if holder.state is not State.STORED:
        raise Conflict(field="order", details={"shipment_id": holder.shipment_id})
    with context.database.read() as transaction:
        shipment = get_shipment(transaction, context.account_id, holder.shipment_id)
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


def _holder(order_id: int, context: Context) -> Attempt | None:
    with context.database.read() as transaction:
        return find_holder(transaction, context.account_id, order_guard(order_id))
