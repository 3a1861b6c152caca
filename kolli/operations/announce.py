"""Intend, book, store: the only way to a carrier.

The attempt is on the disk, with everything that a label needs, before the carrier is called; its answer is stored in a
second transaction. None is open in between, so a slow carrier does not hold the database, and no rollback can forget a
parcel that the carrier has accepted.
"""

import logging
import re
from dataclasses import dataclass, replace
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from kolli.account.contracts import Contract, find_contract
from kolli.carriers.base import Announced, Booking, Carrier, Numbers
from kolli.errors import (
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    Conflict,
    Impossible,
    KolliError,
    NumbersExhausted,
)
from kolli.operations.context import Context, Installation
from kolli.shipments.attempts import Attempt, State, intend, move, order_key
from kolli.shipments.model import Draft, Parcel, ParcelStatus, Shipment
from kolli.shipments.queries import add_shipment, get_shipment, mark_announced, set_status

log = logging.getLogger(__name__)

_NUMBER = re.compile("[!-~]{1,40}")


@dataclass(frozen=True)
class Decision:
    """What is to be announced, under which contract, with numbers from which sequence."""

    draft: Draft
    contract: Contract | None  # None: the installation's built-in one
    number_range: str | None = None


def announce(decision: Decision, context: Context) -> Shipment:
    """Announces a draft and gives the shipment with its tracking numbers.

    Raises CarrierError, with what is known about the outcome; Conflict when the order is being shipped by another
    request at this moment; NumbersExhausted. Only the first leaves a trace: an attempt that says what happened.
    """
    draft, contract = decision.draft, decision.contract
    carrier = context.installation.carriers.get(draft.carrier_code)
    numbers = _own_numbers(decision, carrier, context)
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
    attempt = Attempt(shipment.id, shipment.account_id, order_key(draft.integration_id, draft.shop_order_id))
    is_guarded = context.account.repeat_labels == "refused"
    with context.database.write() as transaction:
        try:
            add_shipment(transaction, shipment)
        except IntegrityError as error:
            raise Impossible(
                f"Of the numbers {', '.join(numbers)} of contract {draft.contract_id} one is on another parcel already."
                f" Nothing was announced. See that no other range of {carrier.name} overlaps this one.",
                field="contract_id",
            ) from error
        if not intend(transaction, attempt, context.now(), is_guarded=is_guarded):
            raise Conflict(field="order")
    return book(shipment, attempt, carrier, contract, context.installation)


def book(
    shipment: Shipment, attempt: Attempt, carrier: Carrier, contract: Contract | None, installation: Installation
) -> Shipment:
    """Calls the carrier for an attempt that is on the disk, and stores what it says."""
    try:
        return store(shipment, attempt, carrier.announce(booking_of(shipment, contract)), installation)
    except CarrierRejected as error:
        settle_without_label(attempt, State.REJECTED, error, installation)
        raise
    except CarrierUnavailable as error:
        settle_without_label(attempt, State.ABANDONED, error, installation)
        raise
    except CarrierOutcomeUnknown as error:
        _leave_open(attempt, error.message, installation)
        raise
    except Exception:  # a mistake in the carrier's code or in ours, when there may be a label already
        _leave_open(attempt, "The announcement was broken off by an error.", installation)
        raise


def store(shipment: Shipment, attempt: Attempt, announced: Announced, installation: Installation) -> Shipment:
    """Writes down a carrier's yes; the same answer stored twice changes nothing."""
    given, wanted = len(announced.tracking_numbers), len(shipment.parcels)
    if given != wanted:
        raise CarrierOutcomeUnknown(f"The carrier gave {given} tracking numbers for {wanted} parcels.")
    if not all(_NUMBER.fullmatch(number) for number in announced.tracking_numbers):
        raise CarrierOutcomeUnknown("The carrier gave a tracking number that no barcode can hold.")
    now = installation.clock()
    with installation.database.write() as transaction:
        if not move(transaction, attempt, State.STORED, now):  # somebody else, such as a reconciliation, was faster
            return get_shipment(transaction, shipment.account_id, shipment.id)
        try:
            mark_announced(transaction, shipment, announced.tracking_numbers, now)
        except IntegrityError as error:
            numbers = ", ".join(announced.tracking_numbers)
            raise CarrierOutcomeUnknown(f"The carrier gave a number that another parcel has: {numbers}.") from error
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


def _leave_open(attempt: Attempt, reason: str, installation: Installation) -> None:
    """Writes down that nobody knows what has become of an attempt; its order stays guarded."""
    with installation.database.write() as transaction:
        move(transaction, attempt, State.UNKNOWN, installation.clock(), reason)


def booking_of(shipment: Shipment, contract: Contract | None) -> Booking:
    """What a carrier is told about a shipment; the same on every try."""
    numbers = tuple(parcel.tracking_number for parcel in shipment.parcels if parcel.tracking_number)
    return Booking(shipment.id, shipment.draft, contract.data if contract else {}, numbers)


def contract_of(transaction: Connection, shipment: Shipment) -> Contract | None:
    """The contract a shipment was announced under; None for the built-in one, or when it has been removed since."""
    contract_id = shipment.draft.contract_id
    return None if contract_id is None else find_contract(transaction, shipment.account_id, contract_id)


def _own_numbers(decision: Decision, carrier: Carrier, context: Context) -> tuple[str, ...]:
    """A number for each box from the contract's range; none when the carrier gives them itself."""
    contract = decision.contract
    if not isinstance(carrier, Numbers) or contract is None:
        return ()
    kind = "live" if contract.is_live else "test"
    if decision.number_range is None:
        raise NumbersExhausted(f"The contract {contract.id} has no {kind} number range.", field="contract_id")
    take = context.installation.sequences.take
    try:
        return tuple(carrier.number(take(decision.number_range), contract.data) for _ in decision.draft.boxes)
    except NumbersExhausted:
        raise NumbersExhausted(
            f"The {kind} number range of contract {contract.id} ({contract.name}) is used up. Nothing was announced."
            f" Ask {carrier.name} for a new range and give it to the contract.",
            field="contract_id",
        ) from None
