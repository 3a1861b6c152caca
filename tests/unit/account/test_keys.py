"""Keys: made once, checked in the same time whether right or wrong, and their secrets kept nowhere."""

from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest
from sqlalchemy import select

from kolli.account.accounts import Account, add_account
from kolli.account.keys import ApiKey, check_key, check_token, create_key, issue_token, list_keys, revoke_key
from kolli.errors import InvalidToken, NotFound, Unauthenticated
from kolli.schema import metadata
from tests.factories import NOW, a_database


@pytest.fixture
def transaction():
    with a_database().write() as transaction:
        add_account(transaction, Account(1, "One"))
        add_account(transaction, Account(2, "Two"))
        yield transaction


def everything_in(transaction):
    """Every value of every row of every table, as text."""
    return [
        str(value) for table in metadata.sorted_tables for row in transaction.execute(select(table)) for value in row
    ]


def test_a_new_key_opens_its_account(transaction):
    key, secret = create_key(transaction, 2, "Shop", NOW, "schema")

    assert check_key(transaction, key.public_key, secret) == key
    assert key == ApiKey(key.public_key, 2, "Shop", "schema")


def test_answers_take_the_form_of_the_examples_unless_another_is_asked_for(transaction):
    key, _ = create_key(transaction, 1, "Shop", NOW)

    assert key.response_profile == "example"


def test_no_two_keys_are_alike(transaction):
    made = [create_key(transaction, 1, "Shop", NOW) for _ in range(20)]

    assert len({key.public_key for key, _ in made}) == 20
    assert len({secret for _, secret in made}) == 20


def test_a_secret_has_256_bits(transaction):
    _, secret = create_key(transaction, 1, "Shop", NOW)

    assert len(bytes.fromhex(secret)) == 32


def test_a_secret_is_nowhere_in_the_database(transaction):
    made = [create_key(transaction, 1, "Shop", NOW) for _ in range(20)]
    stored = everything_in(transaction)

    assert {key.public_key for key, _ in made} <= set(stored)
    assert [secret for _, secret in made if any(secret in value for value in stored)] == []


def test_a_wrong_secret_and_an_unknown_key_are_told_the_same(transaction):
    key, secret = create_key(transaction, 1, "Shop", NOW)

    with pytest.raises(Unauthenticated) as wrong_secret:
        check_key(transaction, key.public_key, secret[:-1])
    with pytest.raises(Unauthenticated) as wrong_key:
        check_key(transaction, key.public_key[:-1], secret)

    assert (wrong_secret.value.message, wrong_key.value.message) == ("Invalid username/password.",) * 2


@pytest.mark.parametrize("secret", ["", "\0", "é", "x" * 100_000])
def test_no_secret_opens_a_key_that_is_not_there(transaction, secret):
    with pytest.raises(Unauthenticated):
        check_key(transaction, "", secret)


def test_the_keys_of_an_account_are_listed_and_no_others(transaction):
    first, _ = create_key(transaction, 1, "First", NOW)
    create_key(transaction, 2, "Another account's", NOW)
    second, _ = create_key(transaction, 1, "Second", NOW + timedelta(days=1))

    assert list_keys(transaction, 1) == [(first, NOW), (second, NOW + timedelta(days=1))]


def test_a_revoked_key_is_unknown_and_the_others_are_not(transaction):
    revoked, secret = create_key(transaction, 1, "Shop", NOW)
    kept, other_secret = create_key(transaction, 1, "Shop", NOW)

    revoke_key(transaction, 1, revoked.public_key)

    with pytest.raises(Unauthenticated):
        check_key(transaction, revoked.public_key, secret)
    assert check_key(transaction, kept.public_key, other_secret) == kept


def test_a_revoked_key_takes_its_own_tokens_with_it(transaction):
    revoked, _ = create_key(transaction, 1, "Shop", NOW)
    kept, _ = create_key(transaction, 1, "Shop", NOW)
    gone, stays = (issue_token(transaction, key, ["read:order"], NOW) for key in (revoked, kept))

    revoke_key(transaction, 1, revoked.public_key)

    with pytest.raises(InvalidToken):
        check_token(transaction, gone, NOW)
    assert check_token(transaction, stays, NOW) == (kept, frozenset({"read:order"}))


@pytest.mark.parametrize("account_id", [2, 3])
def test_a_key_of_another_account_cannot_be_revoked(transaction, account_id):
    key, secret = create_key(transaction, 1, "Shop", NOW)
    token = issue_token(transaction, key, [], NOW)

    with pytest.raises(NotFound, match="kolli keys list"):
        revoke_key(transaction, account_id, key.public_key)

    assert check_key(transaction, key.public_key, secret) == key
    assert check_token(transaction, token, NOW) == (key, frozenset())


def test_a_token_has_256_bits_and_is_nowhere_in_the_database(transaction):
    key, _ = create_key(transaction, 1, "Shop", NOW)

    tokens = [issue_token(transaction, key, ["api"], NOW) for _ in range(20)]

    assert {len(urlsafe_b64decode(f"{token.removeprefix('ory_at_')}=")) for token in tokens} == {32}
    assert len(set(tokens)) == 20
    assert [token for token in tokens if any(token in value for value in everything_in(transaction))] == []
