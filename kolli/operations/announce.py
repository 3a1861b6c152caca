"""Intend, book, store: the only way to a carrier.

The attempt is on the disk, with everything that a label needs, before the carrier is called; its answer is stored in a
second transaction. None is open in between, so a slow carrier holds up nobody, and no rollback can forget a parcel
that the carrier has accepted.
"""

import logging
from dataclasses import replace
from uuid import uuid4

from sqlalchemy import Connection

from kolli.account.contracts import Contract, find_contract, find_number_range
from kolli.carriers.base import Announced, Booking, Carrier, Numbers
from kolli.errors import (
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    Conflict,
    KolliError,
    NumbersExhausted,
)
from kolli.operations.context import Context, Installation
from kolli.shipments.attempts import Attempt, State, intend, move, order_guard
from kolli.shipments.model import Draft, Parcel, ParcelStatus, Shipment
from kolli.shipments.queries import add_shipment, get_shipment, mark_announced, set_status

log = logging.getLogger(__name__)


def announce(draft: Draft, contract: Contract | None, context: Context) -> Shipment:
    """Announces a draft and gives the shipment with its tracking numbers.

    Raises CarrierError, with what is known about the outcome; Conflict when the order is being shipped by another
    request at this moment; NumbersExhausted. Only the first leaves a trace: an attempt that says what happened.
    """
    carrier = context.installation.carriers.get(draft.carrier_code)
    numbers = _own_numbers(draft, carrier, contract, context)
    shipment = Shipment(
        id=str(uuid4()),
        account_id=context.account_id,
        created_at=context.now(),
        draft=draft,
        parcels=tuple(
            Parcel(context.installation.sequences.take_id(), box, ParcelStatus.ANNOUNCING, number)
            for box, number in enumerate(numbers or (None,) * len(draft.boxes), start=1)
        ),
    )
    guard = None if context.account.repeat_labels == "allowed" else order_guard(draft.order_id)
    attempt = Attempt(shipment.id, shipment.account_id, State.INTENDED)
    with context.database.write() as transaction:
        add_shipment(transaction, shipment)
        if not intend(transaction, attempt, guard, shipment.created_at):
            raise Conflict(field="order")
    return book(shipment, attempt, carrier, contract, context.installation)


def book(
    shipment: Shipment, attempt: Attempt, carrier: Carrier, contract: Contract | None, installation: Installation
) -> Shipment:
    """Calls the carrier for an attempt that is on the disk, and stores what it says."""
    try:
        announced = carrier.announce(booking_of(shipment, contract))
    except CarrierRejected as error:
        settle_without_label(attempt, State.REJECTED, error, installation)
        raise
    except CarrierUnavailable as error:
        settle_without_label(attempt, State.ABANDONED, error, installation)
        raise
    except CarrierOutcomeUnknown as error:
        with installation.database.write() as transaction:
            move(transaction, attempt, State.UNKNOWN, installation.clock(), error.message)
        raise
    return store(shipment, attempt, announced, installation)


def store(shipment: Shipment, attempt: Attempt, announced: Announced, installation: Installation) -> Shipment:
    """Writes down a carrier's yes; the same answer stored twice changes nothing."""
    now = installation.clock()
    with installation.database.write() as transaction:
        if move(transaction, attempt, State.STORED, now):
            mark_announced(transaction, shipment, announced.tracking_numbers, now)
        else:  # somebody else, such as a reconciliation, was faster
            return get_shipment(transaction, shipment.account_id, shipment.id)
    parcels = tuple(
        replace(parcel, status=ParcelStatus.READY_TO_SEND, tracking_number=number, announced_at=now)
        for parcel, number in zip(shipment.parcels, announced.tracking_numbers, strict=True)
    )
    return replace(shipment, parcels=parcels)


def settle_without_label(attempt: Attempt, state: State, error: KolliError, installation: Installation) -> None:
    """Writes down that an attempt has come to nothing, and lets its order go."""
    with installation.database.write() as transaction:
        if move(transaction, attempt, state, installation.clock(), error.message):
            set_status(transaction, attempt.account_id, attempt.shipment_id, ParcelStatus.ANNOUNCEMENT_FAILED)


def booking_of(shipment: Shipment, contract: Contract | None) -> Booking:
    """What a carrier is told about a shipment; the same on every try."""
    numbers = tuple(parcel.tracking_number for parcel in shipment.parcels if parcel.tracking_number)
    return Booking(shipment.id, shipment.draft, contract.data if contract else {}, numbers)


def contract_of(transaction: Connection, shipment: Shipment) -> Contract | None:
    """The contract a shipment was announced under; None for the built-in one, or when it has been removed since."""
    contract_id = shipment.draft.contract_id
    return None if contract_id is None else find_contract(transaction, shipment.account_id, contract_id)


def _own_numbers(draft: Draft, carrier: Carrier, contract: Contract | None, context: Context) -> tuple[str, ...]:
    """A number for each box from the contract's range; none when the carrier gives them itself."""
    if not isinstance(carrier, Numbers) or contract is None:
        return ()
    with context.database.read() as transaction:
        sequence = find_number_range(transaction, context.account_id, contract)
    kind = "live" if contract.is_live else "test"
    if sequence is None:
        raise NumbersExhausted(f"The contract {contract.id} has no {kind} number range.", field="contract_id")
    try:
        return tuple(carrier.number(context.installation.sequences.take(sequence), contract.data) for _ in draft.boxes)
    except NumbersExhausted:
        raise NumbersExhausted(
            f"The {kind} number range of contract {contract.id} ({contract.name}) is used up. Nothing was announced."
            f" Ask {carrier.name} for a new range and give it to the contract.",
            field="contract_id",
        ) from None
