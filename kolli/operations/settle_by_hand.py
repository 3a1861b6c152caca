"""A person says what has become of a shipment that no carrier can be asked about: it exists, or it does not.

What is settled so is stored like a carrier's answer, in one transaction that sees first that nobody else is at it. So
it may be done beside a running server, and without one.
"""

import os
import pwd
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection

from kolli.account.accounts import list_accounts
from kolli.carriers.answers import problem_with_numbers
from kolli.carriers.base import LONGEST_NUMBER, Announced, LooksUp, Numbering
from kolli.errors import CarrierOutcomeUnknown, Conflict, Impossible, Invalid, NotFound
from kolli.jobs import Job, call_off, list_in_lanes
from kolli.operations.announce import ANNOUNCE, LABELS
from kolli.operations.cancel import CANCEL
from kolli.operations.context import Installation
from kolli.operations.outcomes import CHECKS, SETTLE, store_in
from kolli.operations.track import set_status_of_all
from kolli.shipments.attempts import UNSETTLED, Attempt, Move, State, get_attempt, lease, list_moves, move
from kolli.shipments.model import ParcelStatus, Shipment
from kolli.shipments.open_attempts import OpenAttempt, list_in, read_open
from kolli.shipments.queries import find_shipment, release_reference
from kolli.shipments.tracking import Event

_JOBS = {State.QUEUED: ANNOUNCE, State.INTENDED: SETTLE, State.UNKNOWN: SETTLE, State.CANCELLING: CANCEL}
"""State → the kind of job that gets an attempt out of it."""


@dataclass(frozen=True)
class Listed:
    """An attempt whose outcome is open, and what is going to be done about it without anybody's help."""

    account_id: int
    known: OpenAttempt
    next_step: str


@dataclass(frozen=True)
class History:
    """A shipment, its attempt, every step of that, and what is going to be done about it."""

    shipment: Shipment
    attempt: Attempt
    moves: Sequence[Move]
    next_step: str  # empty: it is at an end


def list_open(installation: Installation, account_ids: Iterable[int]) -> Iterator[Listed]:
    """Every attempt of these accounts whose outcome is open, the oldest of each account first.

    That is: perhaps paid, being cancelled, left behind in the middle, or in a queue that nobody works through any more.
    """
    now = installation.clock()
    for account_id in account_ids:
        with installation.database.read() as transaction:
            jobs = _jobs_of(transaction, account_id)
            given_up = [
                shipment_id
                for shipment_id in list_in(transaction, account_id, [State.QUEUED])
                if (job := jobs.get((ANNOUNCE, shipment_id))) is None or job.died_at
            ]
            ids = [*list_in(transaction, account_id, UNSETTLED), *given_up]
            found = list(read_open(transaction, account_id, ids))
        for known in found:
            if known.attempt.state is not State.INTENDED or known.attempt.is_left_behind(now):
                job = jobs.get((_JOBS[known.attempt.state], known.attempt.shipment_id))
                yield Listed(account_id, known, _next_step(known, job, installation))


def look_at(shipment_id: str, installation: Installation) -> History:
    """Everything about one attempt, whichever account's it is; NotFound."""
    with installation.database.read() as transaction:
        shipment, attempt = _find(transaction, shipment_id)
        moves = list_moves(transaction, shipment.account_id, shipment_id)
        jobs = _jobs_of(transaction, shipment.account_id)
    kind = _JOBS.get(attempt.state)
    if kind is None:
        return History(shipment, attempt, moves, "")
    draft = shipment.draft
    known = OpenAttempt(attempt, draft.order_number, draft.carrier_code, draft.carrier_name)
    return History(shipment, attempt, moves, _next_step(known, jobs.get((kind, shipment_id)), installation))


def say_that_it_exists(
    shipment_id: str, numbers: Sequence[str], installation: Installation, *, who: str = ""
) -> Shipment:
    """Stores a shipment with the numbers that the carrier has for it, so that its labels can be printed.

    `who` says so: the person at the terminal if that is empty.

    NotFound; Invalid when these cannot be its numbers; Conflict when a server is asking about it at this moment;
    Impossible when it is settled, or waits to be announced.
    """
    now = installation.clock()
    reason = f"Settled by hand by {who or _who()}: it exists."
    try:
        with installation.database.write() as transaction:
            shipment, attempt = _find(transaction, shipment_id)
            if attempt.state is State.QUEUED:
                raise Impossible(
                    f"The carrier has not heard of shipment {shipment_id}: it waits to be announced. Say `none` to take"
                    " it out of the queue, then ship the order again."
                )
            _check_numbers(shipment, numbers, installation)
            _take(transaction, attempt, installation)
            if attempt.state is State.CANCELLING:
                move(transaction, attempt, State.STORED, now, reason, owner=installation.owner)
                event = Event(ParcelStatus.CANCELLATION_FAILED, now, "kolli", "The carrier has not taken it back.")
                set_status_of_all(transaction, shipment, event, now)
            else:
                shipment = store_in(
                    transaction, shipment, attempt, Announced(tuple(numbers)), installation, reason=reason
                )
            _call_off_jobs(transaction, attempt, is_over=attempt.state is State.CANCELLING)
    except CarrierOutcomeUnknown as error:
        raise Invalid(f"Another parcel has one of the numbers {', '.join(numbers)}. Nothing was changed.") from error
    return shipment


def say_that_it_does_not(shipment_id: str, why: str, installation: Installation, *, who: str = "") -> Shipment:
    """Gives a shipment up that the carrier does not have; its order and its external reference are free then.

    Raises like `say_that_it_exists`.
    """
    if not why.strip():
        raise Invalid("Say how you know, with --reason: it is kept, for whoever asks later. Nothing was changed.")
    now = installation.clock()
    reason = f"Settled by hand by {who or _who()}: it does not exist. {why.strip()}"
    with installation.database.write() as transaction:
        shipment, attempt = _find(transaction, shipment_id)
        _take(transaction, attempt, installation)
        if attempt.state is State.CANCELLING:
            to, status = State.CANCELLED, ParcelStatus.CANCELLED
        else:
            to, status = State.ABANDONED, ParcelStatus.ANNOUNCEMENT_FAILED
            release_reference(transaction, shipment.account_id, shipment_id)
        move(transaction, attempt, to, now, reason, owner=installation.owner)
        set_status_of_all(transaction, shipment, Event(status, now, "kolli", why), now)
        _call_off_jobs(transaction, attempt, is_over=True)
    return shipment


def _find(transaction: Connection, shipment_id: str) -> tuple[Shipment, Attempt]:
    """A shipment and its attempt, of whichever account: a person at the machine may see them all."""
    for account in list_accounts(transaction):
        shipment = find_shipment(transaction, account.id, shipment_id)
        if shipment is not None:
            return shipment, get_attempt(transaction, account.id, shipment_id)
    raise NotFound(f"There is no shipment {shipment_id}. `kolli attempts list` shows those whose outcome is open.")


def _check_numbers(shipment: Shipment, numbers: Sequence[str], installation: Installation) -> None:
    carrier = installation.carriers.find(shipment.draft.carrier_code)
    longest = len(carrier.longest_number) if carrier else LONGEST_NUMBER
    problem = problem_with_numbers(numbers, boxes=len(shipment.parcels), longest=longest)
    if problem:
        raise Invalid(f"These cannot be the numbers of shipment {shipment.id}: {problem}. Nothing was changed.")
    for parcel, number in zip(shipment.parcels, numbers, strict=True):
        if parcel.tracking_number not in {None, number}:
            raise Invalid(
                f"Parcel {parcel.box_number} of shipment {shipment.id} was announced with the number"
                f" {parcel.tracking_number}, not {number}. Nothing was changed."
            )


def _take(transaction: Connection, attempt: Attempt, installation: Installation) -> None:
    """Takes the lease of an attempt that is open; what is wrong with that is said, and how it was settled."""
    now = installation.clock()
    match attempt.state:
        case State.QUEUED | State.INTENDED | State.UNKNOWN | State.CANCELLING:
            if not lease(transaction, attempt, installation.owner, now):
                raise Conflict(
                    f"A server is asking the carrier about shipment {attempt.shipment_id} at this moment, or has died"
                    f" while it did and is waited for until {_minute(attempt.lease_until)}. Nothing was changed. Look"
                    " again in a minute: `kolli attempts show` says what has come of it."
                )
        case State.STORED | State.REJECTED | State.ABANDONED | State.CANCELLED:
            since = f" since {attempt.changed_at:%Y-%m-%d %H:%M}" if attempt.changed_at else ""
            said = f": {attempt.reason}" if attempt.reason else "."
            raise Impossible(
                f"Shipment {attempt.shipment_id} is settled. It is {attempt.state}{since}{said} Nothing was changed."
            )
        case _:
            assert_never(attempt.state)


def _call_off_jobs(transaction: Connection, settled: Attempt, *, is_over: bool) -> None:
    """Removes the jobs that would have settled the attempt, and those that cancel what is over."""
    body = {"shipment_id": settled.shipment_id}
    call_off(transaction, LABELS, ANNOUNCE, body)
    call_off(transaction, CHECKS, SETTLE, body)
    if is_over:
        call_off(transaction, CHECKS, CANCEL, body)


def _jobs_of(transaction: Connection, account_id: int) -> Mapping[tuple[str, str], Job]:
    """The jobs about an account's shipments, by kind and shipment; where there are two, the one that is run next."""
    found: dict[tuple[str, str], Job] = {}
    for job in list_in_lanes(transaction, account_id, (LABELS, CHECKS)):
        found.setdefault((job.kind, str(job.body.get("shipment_id", ""))), job)
    return found


def _next_step(known: OpenAttempt, job: Job | None, installation: Installation) -> str:
    """What is going to be done about an attempt, and when, in a sentence."""
    attempt, name = known.attempt, known.carrier_name
    carrier = installation.carriers.find(known.carrier_code)
    if carrier is None:
        return f"none: the carrier {known.carrier_code} is not installed"
    is_asked = attempt.state in {State.QUEUED, State.CANCELLING} or attempt.is_partly_booked
    if not is_asked and carrier.numbering is Numbering.NUMBER_AT_BOOKING and not isinstance(carrier, LooksUp):
        return f"none: {name} cannot be asked. Find out from them, then say `exists` or `none`"
    if job is not None and job.died_at:
        return f"none: it was given up. `kolli jobs retry {job.id}` begins anew"
    if job is None and attempt.state is State.QUEUED:
        return "none: there is no job for it"
    if job is None and attempt.state is State.UNKNOWN:
        return "none before the server is started again: its job was removed"
    if job is None:
        return "a running server picks it up"
    is_told_again = carrier.numbering is not Numbering.NUMBER_AT_BOOKING
    settles = "is told again, with the same numbers," if is_told_again else "is asked what it has"
    verbs = {ANNOUNCE: "is told about it", SETTLE: settles, CANCEL: "is asked to take it back"}
    verb = "is asked to take back what it has booked" if attempt.is_partly_booked else verbs[job.kind]
    return f"{name} {verb} at {_minute(job.due_at)} (try {job.runs + 1})"


def _minute(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else "some time"


def _who() -> str:
    """The name of the person at the terminal, as the operating system knows it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"user {os.getuid()}"
