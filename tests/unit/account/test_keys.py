"""Keys: made once, checked in the same time whether right or wrong, and their secrets kept nowhere."""

import pytest
from sqlalchemy import select

from kolli.account.accounts import Account, add_account
from kolli.account.keys import ApiKey, check_key, create_key
from kolli.errors import Unauthenticated
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
