"""A proof that notices nothing is none: our code is broken on purpose, one safeguard at a time, and that is seen.

Each test says which promise is the first to break. The seeds are tried one after the other until one does.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text

from kolli.carriers.base import Announced, Booking, Carrier
from kolli.operations import announce, background, cancel, leases, outcomes, reconcile, ship_parcels
from kolli.operations.announce import Prepared, add
from kolli.operations.asking import booking_of
from kolli.operations.context import Context
from kolli.operations.outcomes import store
from kolli.shipments import attempts
from kolli.shipments.attempts import UNSETTLED, Attempt, intend
from kolli.shipments.model import Shipment
from tests.chaos.results import record
from tests.chaos.simulation.invariants import ACCOUNTED_FOR, ALLOWED_PATH, NOTHING_LOST, ONE_BOOKING
from tests.chaos.simulation.simulation import Outcome, has_two_processes, run

MOST_SEEDS = 1_000


def noticed(sabotage: str, is_about: Callable[[int], bool] = lambda _: True) -> Outcome:
    """What the first seed finds that finds anything."""
    seeds = list(filter(is_about, range(1, MOST_SEEDS + 1)))
    for tried, seed in enumerate(seeds, start=1):
        outcome = run(seed)
        if outcome.failure:
            found = {"noticed as": outcome.invariant, "by seed": seed, "seeds tried": tried}
            record("Broken on purpose", sabotage, **found)
            return outcome
    pytest.fail(f"{len(seeds)} seeds have not noticed it.")


def tells_how_to_see_it_again(outcome: Outcome) -> bool:
    """Whether the same seed fails in the same way, and says so."""
    again = run(outcome.seed)
    said = str(again)
    return (again.failure, again.fingerprint) == (outcome.failure, outcome.fingerprint) and (
        f"python -m tests.chaos.simulation {outcome.seed}" in said
    )


def test_a_carrier_that_is_called_before_anything_is_stored_is_noticed(monkeypatch):
    def without_intent(prepared: Prepared, context: Context) -> Shipment:
        shipment, installation = prepared.shipment, context.installation
        carrier = installation.carriers.get(shipment.draft.carrier_code)
        answer = carrier.announce(booking_of(shipment, prepared.contract, installation))
        with context.write() as transaction:
            add(transaction, prepared, context)
        return store(shipment, prepared.attempt, answer, installation)

    monkeypatch.setattr(announce, "begin", without_intent)
    monkeypatch.setattr(ship_parcels, "begin", without_intent)

    outcome = noticed("A carrier that is called before anything is stored")

    assert outcome.invariant == ACCOUNTED_FOR
    assert tells_how_to_see_it_again(outcome)


def test_orders_without_their_guard_are_noticed(monkeypatch):
    def unguarded(transaction: Connection, attempt: Attempt, now, *, is_guarded: bool, owner: str = "") -> bool:
        return intend(transaction, attempt, now, is_guarded=False, owner=owner)

    monkeypatch.setattr(announce, "intend", unguarded)

    outcome = noticed("Orders without their guard, which is a unique constraint")

    assert outcome.invariant == ONE_BOOKING
    assert tells_how_to_see_it_again(outcome)


def test_attempts_without_a_lease_are_noticed(monkeypatch):
    def without_lease(function):
        def ended(transaction: Connection, attempt: Attempt, *others, **named):
            ours = {"shipment": attempt.shipment_id}
            transaction.execute(text("UPDATE attempts SET lease_owner = NULL WHERE shipment_id = :shipment"), ours)
            return function(transaction, attempt, *others, **named)

        return ended

    for module in (announce, background, cancel, leases, outcomes, reconcile):
        for name in ("move", "lease", "note"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, without_lease(getattr(attempts, name)))
    monkeypatch.setattr(Attempt, "is_left_behind", lambda attempt, _: attempt.state in UNSETTLED)

    outcome = noticed("Attempts without their lease, with two processes", has_two_processes)

    assert outcome.invariant in {ACCOUNTED_FOR, ONE_BOOKING, NOTHING_LOST, ALLOWED_PATH}
    assert tells_how_to_see_it_again(outcome)


def test_a_key_that_is_claimed_in_a_transaction_of_its_own_is_noticed(monkeypatch):
    @contextmanager
    def apart(context: Context) -> Iterator[Connection]:
        with context.database.write() as transaction:
            yield transaction
        if context.claim is not None:
            with context.database.write() as transaction:
                context.claim.make(transaction)

    monkeypatch.setattr(Context, "write", apart)

    outcome = noticed("A key that is claimed outside of its attempt's transaction")

    assert outcome.invariant == ONE_BOOKING
    assert tells_how_to_see_it_again(outcome)


def test_an_attempt_that_is_given_up_too_early_is_noticed(monkeypatch):
    monkeypatch.setattr(reconcile._Settling, "_check_certainty", lambda *_: None)

    outcome = noticed("An attempt that is given up before the carrier is certain")

    assert outcome.invariant in {ACCOUNTED_FOR, ONE_BOOKING}  # the order is let go, and may be shipped once more
    assert tells_how_to_see_it_again(outcome)


def test_a_second_booking_after_a_silence_is_noticed(monkeypatch):
    def booked_again(carrier: Carrier, booking: Booking, _: Attempt) -> Announced:
        return carrier.announce(booking)

    monkeypatch.setattr(reconcile, "ask_to_look_up", booked_again)

    outcome = noticed("A second booking after a silence")

    assert outcome.invariant == ONE_BOOKING
    assert tells_how_to_see_it_again(outcome)
