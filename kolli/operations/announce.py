"""Intend, book, store: the only way to a carrier.

The attempt is on the disk, with everything that a label needs, before the carrier is called; its answer is stored in a
second transaction. None is open in between, so a slow carrier does not hold the database, and no rollback can forget a
parcel that the carrier has accepted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from kolli.account.contracts import Contract, find_any_contract
from kolli.carriers.base import Booking, Carrier, Numbering, Numbers, Reserves
from kolli.errors import (
    CarrierOutcomeUnknown,
    CarrierUnavailable,
    Conflict,
    Impossible,
    NumbersExhausted,
    ReferenceTaken,
    StorageFull,
    StorageUnavailable,
)
from kolli.jobs import enqueue, is_enqueued
from kolli.operations.asking import ask_for_numbers, ask_to_announce, booking_of
from kolli.operations.context import Context, Installation
from kolli.operations.misbehave import with_scenario
from kolli.operations.outcomes import read_numbers, settling, store
from kolli.rules.model import AppliedRule
from kolli.shipments.attempts import Attempt, State, intend, lease, move, order_key
from kolli.shipments.model import Draft, Parcel, ParcelStatus, Shipment
from kolli.shipments.queries import add_shipment, give_numbers

LABELS = "labels"
"""The lane of the jobs that announce."""

ANNOUNCE = "announce"
"""The kind of those jobs; `kolli.operations.background` runs them."""


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
    draft = with_scenario(decision.draft, context, in_background=state is State.QUEUED)
    carrier = context.installation.carriers.get(draft.carrier_code)
    numbers = _own_numbers(decision, carrier, context)
    now = context.now()
    shipment = Shipment(
        id=str(UUID(int=context.installation.random.getrandbits(128), version=4)),
        account_id=context.account_id,
        created_at=now,
        draft=draft,
        parcels=tuple(
            Parcel(context.installation.sequences.take_id(), box, ParcelStatus.ANNOUNCING, number, updated_at=now)
            for box, number in enumerate(numbers or (None,) * len(draft.boxes), start=1)
        ),
    )
    key = order_key(draft.integration_id, draft.shop_order_id) if draft.shop_order_id else ""
    attempt = Attempt(
        shipment.id,
        shipment.account_id,
        key,
        state,
        in_background=state is State.QUEUED,
        tries=int(state is State.INTENDED),
    )
    return Prepared(shipment, attempt, decision.contract)


def announce(decision: Decision, context: Context) -> Shipment:
    """Announces a draft and gives the shipment with its tracking numbers.

    Raises CarrierError, with what is known about the outcome; Conflict when the order is being shipped by another
    request at this moment; ReferenceTaken; NumbersExhausted. Only the first leaves a trace: an attempt that says what
    happened.
    """
    return begin(prepare(decision, context), context)


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
    attempt = replace(attempt, request_id=context.claim.request_id if context.claim else None)
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


def begin(prepared: Prepared, context: Context) -> Shipment:
    """Stores a shipment, calls its carrier and stores what that says. Raises like `add` and `book`.

    It is in our hands before it is on the disk, so nobody of ours ever takes it for left behind.
    """
    carrier = context.installation.carriers.get(prepared.shipment.draft.carrier_code)
    with context.installation.calls.about(prepared.shipment.id):
        with context.write() as transaction:
            add(transaction, prepared, context)
        return book(prepared.shipment, prepared.attempt, carrier, prepared.contract, context.installation)


def book(
    shipment: Shipment, attempt: Attempt, carrier: Carrier, contract: Contract | None, installation: Installation
) -> Shipment:
    """Calls the carrier for an attempt that is on the disk, and stores what it says. The caller holds the shipment.

    Raises CarrierError, with what is known about the outcome, which is written down then.
    """
    shipment = numbered(shipment, attempt, carrier, contract, installation)
    booking = booking_of(shipment, contract, installation)
    with settling(shipment, attempt, carrier, booking, installation):
        return store(shipment, attempt, ask_to_announce(carrier, booking, attempt), installation)


def numbered(
    shipment: Shipment,
    attempt: Attempt,
    carrier: Carrier,
    contract: Contract | None,
    installation: Installation,
    *,
    stays_queued: bool = False,
) -> Shipment:
    """A shipment with the numbers that its carrier reserves for it, which are on the disk before they are booked.

    Others are given as they are. Raises like `book`: nothing is booked then, whatever has gone wrong.
    """
    booking = booking_of(shipment, contract, installation)
    if carrier.numbering is not Numbering.RESERVE_THEN_CONFIRM or booking.numbers:
        return shipment
    if not isinstance(carrier, Reserves):
        raise TypeError(f"The carrier {carrier.code} reserves numbers and has no way to be asked for them.")
    with settling(shipment, attempt, carrier, booking, installation, stays_queued=stays_queued):
        return _with_numbers(shipment, attempt, _reserved(carrier, booking, attempt), installation)


def _reserved(carrier: Reserves, booking: Booking, attempt: Attempt) -> tuple[str, ...]:
    wanted = len(booking.draft.boxes)
    try:
        numbers = read_numbers(ask_for_numbers(carrier, booking, attempt))
    except CarrierOutcomeUnknown as error:  # of a question that costs nothing
        raise CarrierUnavailable(f"No numbers could be reserved, so nothing was booked. {error.message}") from error
    if len(numbers) != wanted:
        raise CarrierUnavailable(
            f"The carrier reserved {len(numbers)} numbers for {wanted} parcels. Nothing was booked."
        )
    return numbers


def _with_numbers(
    shipment: Shipment, attempt: Attempt, numbers: tuple[str, ...], installation: Installation
) -> Shipment:
    try:
        with installation.database.write() as transaction:
            # Whoever has taken us for dead may have reserved and booked others in the meantime.
            if not lease(transaction, attempt, installation.owner, installation.clock()):
                raise CarrierUnavailable("The carrier reserved numbers after the shipment was given up.")
            give_numbers(transaction, shipment, numbers)
    except IntegrityError as error:
        raise CarrierUnavailable(
            f"Of the numbers {', '.join(numbers)} that the carrier has reserved, one is on another parcel already."
            " Nothing was booked."
        ) from error
    except (StorageFull, StorageUnavailable) as error:
        raise CarrierUnavailable(
            f"The numbers that the carrier has reserved cannot be stored. Nothing was booked. {error.message}"
        ) from error
    parcels = zip(shipment.parcels, numbers, strict=True)
    return replace(shipment, parcels=tuple(replace(parcel, tracking_number=number) for parcel, number in parcels))


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
