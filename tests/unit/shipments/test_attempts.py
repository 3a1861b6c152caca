"""Which way attempts go, and who holds an order's guard."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from kolli.account.accounts import Account, add_account
from kolli.shipments.attempts import (
    GUARDED,
    LEASE,
    NEXT,
    UNSETTLED,
    Attempt,
    Move,
    State,
    end_leases,
    find_live,
    get_attempt,
    intend,
    lease,
    let_go,
    list_moves,
    list_unsettled,
    move,
    note,
    order_key,
    renew_leases,
)
from kolli.shipments.queries import add_shipment
from tests.factories import NOW, a_database
from tests.unit.shipments.made import a_shipment

KEY = order_key(70, "shop-1")
MINUTE = timedelta(minutes=1)
WAYS = {
    State.INTENDED: [],
    State.QUEUED: [State.QUEUED],
    State.UNKNOWN: [State.UNKNOWN],
    State.STORED: [State.STORED],
    State.REJECTED: [State.REJECTED],
    State.ABANDONED: [State.ABANDONED],
    State.CANCELLING: [State.STORED, State.CANCELLING],
    State.CANCELLED: [State.STORED, State.CANCELLING, State.CANCELLED],
}
"""How an attempt comes to be in a state."""


@pytest.fixture
def transaction():
    with a_database().write() as transaction:
        add_account(transaction, Account(1, "One"))
        add_account(transaction, Account(2, "Two"))
        yield transaction


def intended(transaction, shipment_id="a", key=KEY, account_id=1, at=NOW, *, is_guarded=True):
    """A stored attempt for a shipment of its own; None when another one holds the guard."""
    add_shipment(transaction, a_shipment(id=shipment_id, account_id=account_id))
    attempt = Attempt(shipment_id, account_id, key)
    return attempt if intend(transaction, attempt, at, is_guarded=is_guarded) else None


def in_state(transaction, state, **how):
    """A stored attempt that has come to be in a state."""
    attempt = intended(transaction, **how)
    assert attempt is not None
    for step in WAYS[state]:
        move(transaction, attempt, step, NOW)
        attempt = get_attempt(transaction, attempt.account_id, attempt.shipment_id)
    return attempt


ALLOWED = [(state, to) for state in State for to in sorted(NEXT[state])]
FORBIDDEN = [(state, to) for state, to in product(State, State) if to not in NEXT[state]]


def test_every_state_says_what_may_follow():
    assert set(NEXT) == set(State)


@pytest.mark.parametrize(("state", "to"), ALLOWED)
def test_an_attempt_goes_where_the_table_allows(transaction, state, to):
    attempt = in_state(transaction, state)

    assert move(transaction, attempt, to, NOW, "because") is True

    assert get_attempt(transaction, 1, "a") == Attempt("a", 1, KEY, to, "because")


@pytest.mark.parametrize(("state", "to"), FORBIDDEN)
def test_an_attempt_goes_nowhere_else(transaction, state, to):
    attempt = in_state(transaction, state)

    with pytest.raises(ValueError, match=f"cannot go from {state} to {to}"):
        move(transaction, attempt, to, NOW)

    assert get_attempt(transaction, 1, "a") == attempt


def test_an_attempt_that_somebody_else_has_moved_stays_where_it_is(transaction):
    seen = in_state(transaction, State.INTENDED)
    move(transaction, seen, State.STORED, NOW)

    assert move(transaction, seen, State.REJECTED, NOW) is False

    assert get_attempt(transaction, 1, "a").state is State.STORED


def test_an_attempt_of_another_account_is_not_moved(transaction):
    in_state(transaction, State.INTENDED)

    assert move(transaction, Attempt("a", 2, KEY), State.STORED, NOW) is False

    assert get_attempt(transaction, 1, "a").state is State.INTENDED


@pytest.mark.parametrize("state", sorted(GUARDED))
def test_while_there_may_be_a_label_no_other_attempt_is_stored(transaction, state):
    in_state(transaction, state)

    assert intended(transaction, shipment_id="b") is None


@pytest.mark.parametrize("state", sorted(set(State) - GUARDED))
def test_when_there_is_no_label_another_attempt_is_stored(transaction, state):
    in_state(transaction, state)

    assert intended(transaction, shipment_id="b") == Attempt("b", 1, KEY)


def test_an_attempt_without_a_guard_holds_up_nobody_and_is_held_up_by_nobody(transaction):
    assert intended(transaction, "a", is_guarded=False)
    assert intended(transaction, "b", is_guarded=True)
    assert intended(transaction, "c", is_guarded=False)


@pytest.mark.parametrize(
    "other", [{"account_id": 2}, {"key": order_key(71, "shop-1")}, {"key": order_key(70, "shop-2")}]
)
def test_another_order_has_a_guard_of_its_own(transaction, other):
    in_state(transaction, State.STORED)

    assert intended(transaction, shipment_id="b", **other)


@pytest.mark.parametrize("state", sorted(GUARDED))
def test_an_attempt_with_a_label_is_found_by_its_order(transaction, state):
    attempt = in_state(transaction, state)

    assert find_live(transaction, 1, KEY) == attempt


@pytest.mark.parametrize("state", sorted(set(State) - GUARDED))
def test_an_attempt_without_a_label_is_not_found_by_its_order(transaction, state):
    in_state(transaction, state)

    assert find_live(transaction, 1, KEY) is None


def test_an_attempt_of_another_account_or_order_is_not_found(transaction):
    in_state(transaction, State.STORED)

    assert find_live(transaction, 2, KEY) is None
    assert find_live(transaction, 1, order_key(70, "shop-2")) is None


def test_of_several_labels_the_latest_is_found(transaction):
    intended(transaction, "a", at=NOW, is_guarded=False)
    intended(transaction, "b", at=NOW + timedelta(seconds=2), is_guarded=False)
    intended(transaction, "c", at=NOW + timedelta(seconds=1), is_guarded=False)

    found = find_live(transaction, 1, KEY)

    assert found == Attempt("b", 1, KEY)


def test_what_is_unsettled_is_listed_oldest_first_and_for_every_account(transaction):
    intended(transaction, "later", at=NOW + timedelta(seconds=1))
    intended(transaction, "sooner", account_id=2, at=NOW)
    unknown = in_state(transaction, State.UNKNOWN, shipment_id="last", key="k", at=NOW + timedelta(seconds=2))
    in_state(transaction, State.STORED, shipment_id="stored", key="l")
    in_state(transaction, State.REJECTED, shipment_id="rejected", key="m")

    assert list_unsettled(transaction) == [Attempt("sooner", 2, KEY), Attempt("later", 1, KEY), unknown]


# Steps


def test_every_step_is_written_down_with_its_time_and_reason(transaction):
    attempt = intended(transaction)
    move(transaction, attempt, State.UNKNOWN, NOW + MINUTE, "No answer.")
    unknown = get_attempt(transaction, 1, "a")
    note(transaction, unknown, NOW + 2 * MINUTE, "Still none.")
    move(transaction, get_attempt(transaction, 1, "a"), State.STORED, NOW + 3 * MINUTE, "It was found.")

    assert list_moves(transaction, 1, "a") == [
        Move(None, State.INTENDED, NOW),
        Move(State.INTENDED, State.UNKNOWN, NOW + MINUTE, "No answer."),
        Move(State.UNKNOWN, State.UNKNOWN, NOW + 2 * MINUTE, "Still none."),
        Move(State.UNKNOWN, State.STORED, NOW + 3 * MINUTE, "It was found."),
    ]
    assert list_moves(transaction, 2, "a") == []


def test_what_is_noted_twice_is_written_down_once_and_since_when_it_is_unknown_stays(transaction):
    unknown = in_state(transaction, State.UNKNOWN)

    for _ in range(2):
        assert note(transaction, get_attempt(transaction, 1, "a"), NOW + MINUTE, "In part.", is_partly_booked=True)

    found = get_attempt(transaction, 1, "a")
    assert (found.reason, found.is_partly_booked, found.changed_at) == ("In part.", True, unknown.changed_at)
    assert len(list_moves(transaction, 1, "a")) == 3


@pytest.mark.parametrize("state", sorted(set(State) - {State.UNKNOWN}))
def test_nothing_is_noted_of_what_is_known(transaction, state):
    attempt = in_state(transaction, state)

    with pytest.raises(ValueError, match=f"an attempt that is {state}"):
        note(transaction, attempt, NOW, "because")


def test_a_long_reason_is_cut(transaction):
    move(transaction, intended(transaction), State.UNKNOWN, NOW, "x" * 1_001)
    note(transaction, get_attempt(transaction, 1, "a"), NOW, "y" * 1_001)

    assert get_attempt(transaction, 1, "a").reason == "y" * 1_000
    assert [step.reason for step in list_moves(transaction, 1, "a")] == ["", "x" * 1_000, "y" * 1_000]


# Leases


ME, OTHER = "me", "other"


def unknown_attempt(transaction):
    attempt = in_state(transaction, State.UNKNOWN)
    assert attempt.lease_until is None
    return attempt


@pytest.mark.parametrize(("state", "step"), [(State.QUEUED, State.INTENDED), (State.STORED, State.CANCELLING)])
def test_who_begins_to_ask_holds_the_lease_until_the_next_step(transaction, state, step):
    attempt = in_state(transaction, state)

    move(transaction, attempt, step, NOW, owner=ME)
    asking = get_attempt(transaction, 1, "a")
    refused = [move(transaction, asking, to, NOW, owner=OTHER) for to in NEXT[step]]
    move(transaction, asking, State.STORED, NOW, owner=ME)

    assert asking.lease_until == NOW + LEASE
    assert not any(refused)
    assert get_attempt(transaction, 1, "a").lease_until is None


def test_a_new_attempt_is_its_makers_if_it_is_asked_about_at_once(transaction):
    add_shipment(transaction, a_shipment(id="a"))
    add_shipment(transaction, a_shipment(id="b"))
    intend(transaction, Attempt("a", 1, "k"), NOW, is_guarded=True, owner=ME)
    intend(transaction, Attempt("b", 1, "l", State.QUEUED), NOW, is_guarded=True, owner=ME)

    first, second = get_attempt(transaction, 1, "a"), get_attempt(transaction, 1, "b")

    assert (first.lease_until, first.tries) == (NOW + LEASE, 1)
    assert (second.lease_until, second.tries) == (None, 0)
    assert not move(transaction, first, State.STORED, NOW, owner=OTHER)


def test_what_was_booked_in_part_stays_with_whoever_is_to_take_it_back(transaction):
    attempt = intended(transaction)

    assert move(transaction, attempt, State.UNKNOWN, NOW, "In part.", is_partly_booked=True)

    found = get_attempt(transaction, 1, "a")
    assert (found.lease_until, found.is_partly_booked) == (NOW + LEASE, True)
    assert not lease(transaction, found, OTHER, NOW)


def test_a_lease_is_held_by_one_until_it_ends(transaction):
    unknown = unknown_attempt(transaction)

    assert lease(transaction, unknown, ME, NOW)
    assert lease(transaction, unknown, ME, NOW)
    assert not lease(transaction, unknown, OTHER, NOW + LEASE)
    assert not note(transaction, unknown, NOW, "because", owner=OTHER)
    assert lease(transaction, unknown, OTHER, NOW + LEASE + timedelta(microseconds=1))
    assert not move(transaction, unknown, State.STORED, NOW, owner=ME)


def test_a_lease_that_is_renewed_or_let_go_is_its_holders(transaction):
    unknown = unknown_attempt(transaction)
    lease(transaction, unknown, ME, NOW)

    renew_leases(transaction, ["a", "b"], OTHER, NOW + MINUTE)
    let_go(transaction, unknown, OTHER)
    kept = get_attempt(transaction, 1, "a").lease_until
    renew_leases(transaction, ["b"], ME, NOW + MINUTE)
    renew_leases(transaction, [], ME, NOW + MINUTE)
    still = get_attempt(transaction, 1, "a").lease_until
    renew_leases(transaction, ["b", "a"], ME, NOW + MINUTE)
    renewed = get_attempt(transaction, 1, "a").lease_until
    let_go(transaction, unknown, ME)

    assert (kept, still, renewed) == (NOW + LEASE, NOW + LEASE, NOW + MINUTE + LEASE)
    assert get_attempt(transaction, 1, "a").lease_until is None


def test_all_leases_can_be_ended(transaction):
    lease(transaction, unknown_attempt(transaction), ME, NOW)

    end_leases(transaction)

    assert get_attempt(transaction, 1, "a").lease_until is None


@pytest.mark.parametrize("state", sorted(set(State)))
def test_what_needs_asking_is_left_behind_when_nobody_holds_it(transaction, state):
    attempt = in_state(transaction, state)

    assert attempt.is_left_behind(NOW + LEASE + MINUTE) is (state in UNSETTLED)
    assert not replace(attempt, lease_until=NOW).is_left_behind(NOW)


def test_a_lease_counts_the_try_it_is_for(transaction):
    unknown = unknown_attempt(transaction)

    lease(transaction, unknown, ME, NOW, is_try=True)
    lease(transaction, unknown, ME, NOW)

    assert get_attempt(transaction, 1, "a").tries == unknown.tries + 1
