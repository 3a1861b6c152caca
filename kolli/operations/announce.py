"""Intend, book, store: the only way to a carrier.

The attempt is on the disk, with everything that a label needs, before the carrier is called; its answer is stored in a
second transaction. None is open in between, so a slow carrier does not hold the database, and no rollback can forget a
parcel that the carrier has accepted.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from kolli.account.contracts import Contract, find_any_contract
from kolli.carriers.base import Announced, Booking, Carrier, Numbers
from kolli.errors import (
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    Conflict,
    Impossible,
    NumbersExhausted,
    ReferenceTaken,
)
from kolli.jobs import enqueue, is_enqueued
from kolli.operations.context import Context, Installation
from kolli.operations.track import set_status_of_all, tell
from kolli.rules.model import AppliedRule
from kolli.shipments.attempts import Attempt, State, intend, move, order_key
from kolli.shipments.model import Draft, Parcel, ParcelStatus, Shipment
from kolli.shipments.queries import add_shipment, get_shipment, mark_announced, release_reference
from kolli.shipments.tracking import Event

log = logging.getLogger(__name__)

LABELS, CHECKS = "labels", "checks"
"""The lanes of jobs that announce, and of those that look into what is not known."""

ANNOUNCE, SETTLE = "announce", "settle"
"""The kinds of those jobs; `kolli.operations.background` runs them."""

FIRST_LOOK_AFTER = timedelta(seconds=30)
"""How long after a carrier's silence it is asked what has become of the announcement."""

_NUMBER = re.compile("[!-~]{1,40}")


@dataclass(frozen=True)
class Decision:
    """What is to be announced, under which contract, with numbers from which sequences."""

    draft: Draft
    contract: Contract | None  # None: the installation's built-in one
    number_range: tuple[str, ...] | None = None  # one is taken from when those before it are used up
    applied: tuple[AppliedRule, ...] = ()  # the rules that held


@dataclass(frozen=True)
class Prepared:
    """A decision with its ids and numbers, complete except for what only the carrier can say."""

    shipment: Shipment
    attempt: Attempt
    contract: Contract | None


def prepare(decision: Decision, context: Context, *, state: State = State.INTENDED) -> Prepared:
    """Allocates what a draft needs, outside of every transaction; what is not used then is lost and never handed out.

    Raises NumbersExhausted.
    """
    draft = decision.draft
    carrier = context.installation.carriers.get(draft.carrier_code)
    numbers = _own_numbers(decision, carrier, context)
    now = context.now()
    shipment = Shipment(
        id=str(uuid4()),
        account_id=context.account_id,
        created_at=now,
        draft=draft,
        parcels=tuple(
            Parcel(context.installation.sequences.take_id(), box, ParcelStatus.ANNOUNCING, number, updated_at=now)
            for box, number in enumerate(numbers or (None,) * len(draft.boxes), start=1)
        ),
    )
    key = order_key(draft.integration_id, draft.shop_order_id) if draft.shop_order_id else ""
    attempt = Attempt(shipment.id, shipment.account_id, key, state, in_background=state is State.QUEUED)
    return Prepared(shipment, attempt, decision.contract)


def announce(decision: Decision, context: Context) -> Shipment:
    """Announces a draft and gives the shipment with its tracking numbers.

    Raises CarrierError, with what is known about the outcome; Conflict when the order is being shipped by another
    request at this moment; ReferenceTaken; NumbersExhausted. Only the first leaves a trace: an attempt that says what
    happened.
    """
    prepared = prepare(decision, context)
    with context.write() as transaction:
        add(transaction, prepared, context)
    carrier = context.installation.carriers.get(decision.draft.carrier_code)
    return book(prepared.shipment, prepared.attempt, carrier, prepared.contract, context.installation)


def queue(transaction: Connection, prepared: Prepared, context: Context) -> None:
    """Stores a shipment that is announced in the background, and the job that does so. Raises like `add`."""
    add(transaction, prepared, context)
    enqueue_announcements(transaction, [prepared.shipment], context.now())


def queue_again(shipment: Shipment, attempt: Attempt, reason: str, installation: Installation) -> None:
    """Has a shipment announced once more, whose carrier is known not to have heard of it."""
    now = installation.clock()
    with installation.database.write() as transaction:
        if not move(transaction, attempt, State.QUEUED, now, reason, owner=installation.owner):
            return
        # The run of an attempt that is still intended was cut off, so its job is there, unless it has died of it.
        job = {"shipment_id": shipment.id}
        if attempt.state is State.INTENDED and is_enqueued(transaction, LABELS, ANNOUNCE, job, or_dead=False):
            return
        enqueue_announcements(transaction, [shipment], now)


def enqueue_announcements(transaction: Connection, shipments: Sequence[Shipment], now: datetime) -> None:
    """Enqueues the jobs that announce shipments of one account whose attempts are in the queue."""
    for carrier in {shipment.draft.carrier_code: None for shipment in shipments}:
        found = [shipment for shipment in shipments if shipment.draft.carrier_code == carrier]
        bodies = [{"shipment_id": shipment.id} for shipment in found]
        account_id = found[0].account_id
        enqueue(transaction, LABELS, ANNOUNCE, bodies, now, now=now, account_id=account_id, subject=carrier)


def add(transaction: Connection, prepared: Prepared, context: Context) -> None:
    """Stores a shipment and the attempt to announce it.

    Conflict when another attempt holds the order; ReferenceTaken when another shipment has the external reference;
    Impossible when one of its own numbers is on another parcel; Conflict, too, when the contract says something else
    by now than its numbers were made of. The caller's transaction has to end then.
    """
    shipment, attempt = prepared.shipment, prepared.attempt
    draft = shipment.draft
    _check_contract(transaction, prepared, context)
    try:
        is_new = add_shipment(transaction, shipment)
    except IntegrityError as error:
        numbers = ", ".join(parcel.tracking_number or "" for parcel in shipment.parcels)
        raise Impossible(
            f"Of the numbers {numbers} of contract {draft.contract_id} one is on another parcel already."
            f" Nothing was announced. See that no other range of {draft.carrier_name} overlaps this one.",
            field="contract_id",
        ) from error
    if not is_new:
        raise ReferenceTaken(field="external_reference_id")
    is_guarded = bool(attempt.order_key) and context.account.repeat_labels == "refused"
    owner = context.installation.owner
    if not intend(transaction, attempt, context.now(), is_guarded=is_guarded, owner=owner):
        raise Conflict(field="order")


def _check_contract(transaction: Connection, prepared: Prepared, context: Context) -> None:
    """Conflict when the data of the contract are not those that were decided with; sealed anew they are the same."""
    contract, vault = prepared.contract, context.installation.vault
    found = contract and find_any_contract(transaction, context.account_id, contract.id)
    if not contract or not found or found.sealed_data == contract.sealed_data:
        return
    if vault.open(found.sealed_data) != vault.open(contract.sealed_data):
        raise Conflict(
            f"The contract {contract.id} was changed at this moment. Nothing was announced. Send it again.",
            field="contract_id",
        )


def book(
    shipment: Shipment, attempt: Attempt, carrier: Carrier, contract: Contract | None, installation: Installation
) -> Shipment:
    """Calls the carrier for an attempt that is on the disk, and stores what it says."""
    with installation.calls.about(shipment.id), settling(shipment, attempt, installation):
        return store(shipment, attempt, carrier.announce(booking_of(shipment, contract, installation)), installation)


@contextmanager
def settling(
    shipment: Shipment, attempt: Attempt, installation: Installation, *, stays_queued: bool = False
) -> Iterator[None]:
    """Writes down what it means for an attempt when the call to the carrier inside ends in an error.

    With `stays_queued`, an attempt that never reached the carrier is left for the caller to queue again.
    """
    try:
        yield
    except CarrierRejected as error:
        settle_without_label(shipment, attempt, State.REJECTED, error.message, installation)
        raise
    except CarrierUnavailable as error:
        if not stays_queued:
            settle_without_label(shipment, attempt, State.ABANDONED, error.message, installation)
        raise
    except CarrierOutcomeUnknown as error:
        leave_open(attempt, error.message, installation)
        raise
    except Exception:  # a mistake in the carrier's code or in ours, when there may be a label already
        leave_open(attempt, "The announcement was broken off by an error.", installation)
        raise


def store(shipment: Shipment, attempt: Attempt, announced: Announced, installation: Installation) -> Shipment:
    """Writes down a carrier's yes; the same answer stored twice changes nothing."""
    check_answer(shipment, announced)
    with installation.database.write() as transaction:
        return store_in(transaction, shipment, attempt, announced, installation)


def check_answer(shipment: Shipment, announced: Announced) -> None:
    """Raises CarrierOutcomeUnknown when a carrier's yes is none that can be understood."""
    given, wanted = len(announced.tracking_numbers), len(shipment.parcels)
    if given != wanted:
        raise CarrierOutcomeUnknown(f"The carrier gave {given} tracking numbers for {wanted} parcels.")
    if not all(_NUMBER.fullmatch(number) for number in announced.tracking_numbers):
        raise CarrierOutcomeUnknown("The carrier gave a tracking number that no barcode can hold.")
    for parcel, number in zip(shipment.parcels, announced.tracking_numbers, strict=True):
        if parcel.tracking_number not in {None, number}:
            raise CarrierOutcomeUnknown(f"The carrier was told the number {parcel.tracking_number} and gave {number}.")


def store_in(
    transaction: Connection, shipment: Shipment, attempt: Attempt, announced: Announced, installation: Installation
) -> Shipment:
    """Writes down a carrier's yes that has been understood, in a transaction that ends when this raises."""
    now = installation.clock()
    if not move(
        transaction, attempt, State.STORED, now, owner=installation.owner
    ):  # somebody else, such as a reconciliation, was faster
        stored = get_shipment(transaction, shipment.account_id, shipment.id)
        if announced.tracking_numbers != tuple(parcel.tracking_number for parcel in stored.parcels):
            numbers = ", ".join(announced.tracking_numbers)
            log.error("Shipment %s has a label that is not stored, because it is settled: %s", shipment.id, numbers)
        return stored
    try:
        mark_announced(transaction, shipment, announced.tracking_numbers, now)
    except IntegrityError as error:
        numbers = ", ".join(announced.tracking_numbers)
        raise CarrierOutcomeUnknown(f"The carrier gave a number that another parcel has: {numbers}.") from error
    status = ParcelStatus.READY_TO_SEND
    parcels = tuple(
        replace(parcel, status=status, updated_at=now, tracking_number=number, announced_at=now)
        for parcel, number in zip(shipment.parcels, announced.tracking_numbers, strict=True)
    )
    shipment = replace(shipment, parcels=parcels)
    tell(transaction, shipment, parcels, Event(status, now, "kolli"), now)
    return shipment


def settle_without_label(
    shipment: Shipment, attempt: Attempt, state: State, reason: str, installation: Installation
) -> None:
    """Writes down that an attempt has come to nothing, and lets its order and its external reference go."""
    now = installation.clock()
    with installation.database.write() as transaction:
        if move(transaction, attempt, state, now, reason, owner=installation.owner):
            release_reference(transaction, shipment.account_id, shipment.id)
            event = Event(ParcelStatus.ANNOUNCEMENT_FAILED, now, "kolli", reason)
            set_status_of_all(transaction, shipment, event, now)


def leave_open(attempt: Attempt, reason: str, installation: Installation) -> None:
    """Writes down that nobody knows what has become of an attempt; its order stays guarded, and it is looked into."""
    now = installation.clock()
    with installation.database.write() as transaction:
        if move(transaction, attempt, State.UNKNOWN, now, reason, owner=installation.owner):
            body = {"shipment_id": attempt.shipment_id}
            due_at = now + FIRST_LOOK_AFTER
            enqueue(transaction, CHECKS, SETTLE, [body], due_at, now=now, account_id=attempt.account_id)


def booking_of(shipment: Shipment, contract: Contract | None, installation: Installation) -> Booking:
    """What a carrier is told about a shipment; the same on every try."""
    numbers = tuple(parcel.tracking_number for parcel in shipment.parcels if parcel.tracking_number)
    data = installation.vault.open(contract.sealed_data) if contract else {}
    return Booking(shipment.id, shipment.draft, data, numbers)


def contract_of(transaction: Connection, shipment: Shipment) -> Contract | None:
    """The contract a shipment was announced under, also when it has been removed since; None for the built-in one."""
    contract_id = shipment.draft.contract_id
    return None if contract_id is None else find_any_contract(transaction, shipment.account_id, contract_id)


def check_numbers(transaction: Connection, decision: Decision, context: Context) -> None:
    """Raises what would keep a decision from being given numbers; none is taken."""
    carrier = context.installation.carriers.get(decision.draft.carrier_code)
    contract, count = decision.contract, len(decision.draft.boxes)
    if not isinstance(carrier, Numbers) or contract is None:
        return
    data = context.installation.vault.open(contract.sealed_data)
    for sequence in decision.number_range or ():
        serials = context.installation.sequences.foresee(transaction, sequence, count)
        if len(serials) == count:
            for serial in serials:
                carrier.number(serial, data, decision.draft.shipping_option_code)
            return
    raise _no_numbers(decision, contract, carrier.name)


def _own_numbers(decision: Decision, carrier: Carrier, context: Context) -> tuple[str, ...]:
    """A number for each box, all from one range of the contract; none when the carrier gives them itself."""
    contract = decision.contract
    if not isinstance(carrier, Numbers) or contract is None:
        return ()
    data = context.installation.vault.open(contract.sealed_data)
    for sequence in decision.number_range or ():
        try:
            serials = context.installation.sequences.take_all(sequence, len(decision.draft.boxes))
        except NumbersExhausted:
            continue
        return tuple(carrier.number(serial, data, decision.draft.shipping_option_code) for serial in serials)
    raise _no_numbers(decision, contract, decision.draft.carrier_name)


def _no_numbers(decision: Decision, contract: Contract, carrier_name: str) -> NumbersExhausted:
    kind = "live" if contract.is_live else "test"
    if decision.number_range is None:
        return NumbersExhausted(
            f"The contract {contract.id} has no {kind} number range. Give it one with `kolli contracts range`, or with"
            f" POST /api/v3/contracts/{contract.id}/number-ranges.",
            field="contract_id",
        )
    return NumbersExhausted(
        f"The {kind} number range of contract {contract.id} ({contract.name}) is used up. Nothing was announced."
        f" Ask {carrier_name} for a new range and give it to the contract.",
        field="contract_id",
    )
