"""Which way attempts go, and who holds an order's guard."""

from datetime import timedelta
from itertools import product

import pytest

from kolli.account.accounts import Account, add_account
from kolli.shipments.attempts import (
    GUARDED,
    NEXT,
    Attempt,
    State,
    find_live,
    get_attempt,
    intend,
    list_unsettled,
    move,
    order_key,
)
from kolli.shipments.queries import add_shipment
from tests.factories import NOW, a_database
from tests.unit.shipments.made import a_shipment

KEY = order_key(70, "shop-1")
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
