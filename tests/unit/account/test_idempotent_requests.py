"""A claim to a key is made with what its request changes, or not at all."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from kolli.account.accounts import get_account, update_account
from kolli.account.idempotent_requests import (
    KEPT_FOR,
    LEASE,
    Asked,
    Claim,
    StoredAnswer,
    end_leases,
    find_request,
    free,
    let_go,
    remove_old_requests,
    store_answer,
    take_up,
)
from kolli.errors import InFlight, KeyReused
from kolli.operations.keys_at_work import KeysAtWork
from kolli.schema import idempotent_requests
from tests.factories import NOW, a_caller

ASKED = Asked(1, "POST /things", "key", ("a mark",))
ANSWER = StoredAnswer(201, {"content-type": "application/json"}, b'{"data": 1}' * 100)


@pytest.fixture
def database(caller):
    a_caller(caller.installation, account_id=2, integration_id=71)
    return caller.installation.database


def a_claim(asked=ASKED, now=NOW, owner="me", **changes):
    return Claim(replace(asked, **changes), owner, now)


def claimed(database, claim=None):
    claim = claim or a_claim()
    with database.write() as transaction:
        claim.make(transaction)
    return claim.request_id


def known(database, asked=ASKED, now=NOW):
    with database.read() as transaction:
        return find_request(transaction, asked, now)


def keys(database):
    with database.read() as transaction:
        return sorted(transaction.execute(select(idempotent_requests.c.key)).scalars())


def fail(context):
    with context.write() as transaction:
        update_account(transaction, replace(context.account, name="Never"))
        raise ZeroDivisionError


# Claiming


def test_a_claim_is_made_once_however_often_something_is_changed(database):
    claim = a_claim()

    first, second = claimed(database, claim), claimed(database, claim)

    assert first == second == known(database).id
    assert keys(database) == ["key"]


def test_a_request_that_changes_nothing_claims_nothing(caller):
    context = replace(caller.context, claim=a_claim())

    with context.database.read() as transaction:
        get_account(transaction, 1)

    assert (context.claim.request_id, keys(caller.installation.database)) == (None, [])


def test_what_is_undone_is_not_claimed_and_can_be_claimed_by_the_next_transaction(caller):
    context = replace(caller.context, claim=a_claim())

    with pytest.raises(ZeroDivisionError):
        fail(context)
    undone = (context.claim.request_id, keys(caller.installation.database))
    with context.write() as transaction:
        update_account(transaction, replace(caller.context.account, name="Now"))

    assert undone == (None, [])
    assert keys(caller.installation.database) == ["key"]


def test_a_savepoint_that_is_undone_leaves_the_claim(caller):
    context = replace(caller.context, claim=a_claim())

    with context.write() as transaction, pytest.raises(ZeroDivisionError), transaction.begin_nested():
        raise ZeroDivisionError

    assert known(caller.installation.database).id == context.claim.request_id


def test_a_claim_that_was_made_before_outlives_a_transaction_that_is_undone(caller):
    context = replace(caller.context, claim=a_claim())
    with context.write():
        pass

    with pytest.raises(ZeroDivisionError):
        fail(context)

    assert context.claim.request_id == known(caller.installation.database).id


@pytest.mark.parametrize(("mark", "error"), [("a mark", InFlight), ("another", KeyReused)])
def test_who_comes_second_changes_nothing(caller, mark, error):
    claimed(caller.installation.database)
    context = replace(caller.context, claim=a_claim(marks=(mark,)))

    with pytest.raises(error), context.write() as transaction:
        update_account(transaction, replace(caller.context.account, name="Never"))

    with context.database.read() as transaction:
        assert get_account(transaction, 1).name == "Account 1"
    assert context.claim.request_id is None


@pytest.mark.parametrize(
    "changes", [{"account_id": 2}, {"route": "POST /others"}, {"key": "Key"}], ids=["account", "route", "key"]
)
def test_the_same_key_is_another_one_elsewhere(database, changes):
    first = claimed(database)

    assert claimed(database, a_claim(**changes)) != first
    assert known(database, replace(ASKED, **changes)).id != first


def test_a_claim_takes_the_place_of_one_that_is_too_old(database):
    claimed(database)
    later = NOW + KEPT_FOR + timedelta(seconds=1)

    request_id = claimed(database, a_claim(now=later, marks=("another",)))

    assert known(database, now=later).id == request_id
    assert keys(database) == ["key"]


def test_a_request_is_known_by_any_of_its_marks(database):
    """The vault has got a new key since."""
    claimed(database)

    asked = replace(ASKED, marks=("a new mark", "a mark"))

    assert asked.is_same(known(database, asked).mark)
    assert not replace(ASKED, marks=("a new mark",)).is_same(known(database, asked).mark)


# Answering again


def test_an_answer_comes_back_to_the_byte(database):
    request_id = claimed(database)

    with database.write() as transaction:
        store_answer(transaction, 1, request_id, ANSWER)

    assert known(database).answer == ANSWER


def test_an_answer_is_for_the_same_request_only(database):
    request_id = claimed(database)
    with database.write() as transaction:
        store_answer(transaction, 1, request_id, ANSWER)

    assert known(database, replace(ASKED, marks=("another",))).answer is None


def test_nobody_writes_to_another_accounts_requests(database):
    request_id = claimed(database)

    with database.write() as transaction:
        store_answer(transaction, 2, request_id, ANSWER)
        free(transaction, 2, request_id)
        let_go(transaction, 2, request_id)
        taken = take_up(transaction, 2, request_id, "me", NOW)
        removed = remove_old_requests(transaction, 2, NOW + KEPT_FOR, 10)

    assert (known(database).answer, taken, removed) == (None, False, 0)
    with database.write() as transaction:
        assert not take_up(transaction, 1, request_id, "somebody else", NOW)


def test_a_freed_key_is_unknown(database):
    request_id = claimed(database)

    with database.write() as transaction:
        free(transaction, 1, request_id)

    assert known(database) is None


# Taking up what was broken off


@pytest.mark.parametrize(
    ("owner", "at", "is_taken"),
    [
        ("me", NOW, True),
        ("somebody else", NOW + LEASE, False),
        ("somebody else", NOW + LEASE + timedelta(seconds=1), True),
    ],
)
def test_a_request_is_taken_up_by_its_own_process_or_when_the_lease_has_ended(database, owner, at, is_taken):
    request_id = claimed(database)

    with database.write() as transaction:
        assert take_up(transaction, 1, request_id, owner, at) is is_taken


@pytest.mark.parametrize("ends", [end_leases, lambda transaction: let_go(transaction, 1, 1)], ids=["all", "one"])
def test_a_request_that_was_let_go_is_anybodys(database, ends):
    request_id = claimed(database)

    with database.write() as transaction:
        ends(transaction)
        assert take_up(transaction, 1, request_id, "somebody else", NOW)
        assert not take_up(transaction, 1, request_id, "a third", NOW)


def test_a_request_that_was_answered_is_not_taken_up(database):
    request_id = claimed(database)

    with database.write() as transaction:
        store_answer(transaction, 1, request_id, ANSWER)
        assert not take_up(transaction, 1, request_id, "me", NOW)


# Sweeping


def test_old_requests_are_removed_a_few_at_a_time_and_the_oldest_first(database):
    for days in range(5):
        claimed(database, a_claim(now=NOW + timedelta(days=days), key=f"key {days}"))

    with database.write() as transaction:
        removed = remove_old_requests(transaction, 1, NOW + timedelta(days=3), 2)

    assert (removed, keys(database)) == (2, ["key 2", "key 3", "key 4"])


# In one process


def test_a_key_is_worked_on_by_one_thread():
    keys = KeysAtWork()

    with keys.about(ASKED), keys.about(replace(ASKED, account_id=2)), keys.about(replace(ASKED, key="another")):
        with pytest.raises(InFlight), keys.about(replace(ASKED)):
            pass
        with pytest.raises(KeyReused), keys.about(replace(ASKED, marks=("another",))):
            pass


def test_a_key_is_free_again_whatever_came_of_it():
    keys = KeysAtWork()

    with pytest.raises(ZeroDivisionError), keys.about(ASKED):
        raise ZeroDivisionError

    with keys.about(ASKED):
        pass
