"""Keys: made once, checked in the same time whether right or wrong, and their secrets kept nowhere."""

from base64 import urlsafe_b64decode
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from kolli.account.accounts import Account, add_account
from kolli.account.keys import (
    MOST_TOKENS,
    REMOVED_AT_A_TIME,
    TOKEN_SECONDS,
    ApiKey,
    ListedKey,
    check_key,
    check_token,
    create_key,
    get_key,
    issue_token,
    list_keys,
    note_use_of_keys,
    rename_key,
    revoke_key,
    rotate_key,
)
from kolli.errors import InvalidToken, NotFound, Unauthenticated
from kolli.schema import access_tokens, metadata
from kolli.values import timestamp
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

    assert check_key(transaction, key.public_key, secret, NOW) == key
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
        check_key(transaction, key.public_key, secret[:-1], NOW)
    with pytest.raises(Unauthenticated) as wrong_key:
        check_key(transaction, key.public_key[:-1], secret, NOW)

    assert (wrong_secret.value.message, wrong_key.value.message) == ("Invalid username/password.",) * 2


@pytest.mark.parametrize("secret", ["", "\0", "é", "x" * 100_000])
def test_no_secret_opens_a_key_that_is_not_there(transaction, secret):
    with pytest.raises(Unauthenticated):
        check_key(transaction, "", secret, NOW)


def test_the_keys_of_an_account_are_listed_and_no_others(transaction):
    first, _ = create_key(transaction, 1, "First", NOW)
    create_key(transaction, 2, "Another account's", NOW)
    second, _ = create_key(transaction, 1, "Second", NOW + timedelta(days=1))

    assert list_keys(transaction, 1) == [
        ListedKey(first, NOW, None, None),
        ListedKey(second, NOW + timedelta(days=1), None, None),
    ]


def test_a_revoked_key_is_unknown_and_the_others_are_not(transaction):
    revoked, secret = create_key(transaction, 1, "Shop", NOW)
    kept, other_secret = create_key(transaction, 1, "Shop", NOW)

    revoke_key(transaction, 1, revoked.public_key)

    with pytest.raises(Unauthenticated):
        check_key(transaction, revoked.public_key, secret, NOW)
    assert check_key(transaction, kept.public_key, other_secret, NOW) == kept


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

    assert check_key(transaction, key.public_key, secret, NOW) == key
    assert check_token(transaction, token, NOW) == (key, frozenset())


def test_a_token_has_256_bits_and_is_nowhere_in_the_database(transaction):
    key, _ = create_key(transaction, 1, "Shop", NOW)

    tokens = [issue_token(transaction, key, ["api"], NOW) for _ in range(20)]

    assert {len(urlsafe_b64decode(f"{token.removeprefix('ory_at_')}=")) for token in tokens} == {32}
    assert len(set(tokens)) == 20
    assert [token for token in tokens if any(token in value for value in everything_in(transaction))] == []


def stored_tokens(transaction, key, count, ends_at):
    rows = [
        {"token_hash": f"{ends_at} {number}", "account_id": 1, "public_key": key.public_key, "scopes": "api"}
        for number in range(count)
    ]
    transaction.execute(insert(access_tokens), [{**row, "expires_at": timestamp(ends_at)} for row in rows])


def hashes_in(transaction):
    return set(transaction.execute(select(access_tokens.c.token_hash)).scalars())


def test_old_tokens_are_removed_some_at_a_time(transaction):
    key, _ = create_key(transaction, 1, "Shop", NOW)
    stored_tokens(transaction, key, 2 * REMOVED_AT_A_TIME, NOW - timedelta(seconds=1))

    left = []
    for _ in range(3):
        issue_token(transaction, key, ["api"], NOW)
        left.append(len(hashes_in(transaction)))

    assert left == [REMOVED_AT_A_TIME + 1, 2, 3]


def test_a_key_has_at_most_so_many_tokens_and_the_oldest_ends(transaction):
    key, _ = create_key(transaction, 1, "Shop", NOW)
    oldest = issue_token(transaction, key, ["api"], NOW)
    others, _ = create_key(transaction, 2, "Other", NOW)
    untouched = issue_token(transaction, others, ["api"], NOW)
    stored_tokens(transaction, key, MOST_TOKENS - 1, NOW + timedelta(seconds=TOKEN_SECONDS + 1))

    assert check_token(transaction, oldest, NOW)
    newest = issue_token(transaction, key, ["api"], NOW + timedelta(seconds=2))

    with pytest.raises(InvalidToken):
        check_token(transaction, oldest, NOW)
    assert [check_token(transaction, token, NOW)[0] for token in (newest, untouched)] == [key, others]
    assert len(hashes_in(transaction)) == MOST_TOKENS + 1


def test_a_key_and_the_one_that_takes_its_place_are_both_good_until_the_first_ends(transaction):
    old, old_secret = create_key(transaction, 1, "Shop", NOW)
    token = issue_token(transaction, old, [], NOW + timedelta(days=1))

    new, new_secret = rotate_key(transaction, old, NOW, NOW + timedelta(days=1))

    assert (new.name, new.account_id) == ("Shop", 1)
    assert check_key(transaction, old.public_key, old_secret, NOW) == old
    assert check_key(transaction, new.public_key, new_secret, NOW + timedelta(days=1)) == new
    with pytest.raises(Unauthenticated):
        check_key(transaction, old.public_key, old_secret, NOW + timedelta(days=1))
    with pytest.raises(InvalidToken):
        check_token(transaction, token, NOW + timedelta(days=1))


def test_a_key_of_another_account_can_neither_be_seen_nor_renamed(transaction):
    key, _ = create_key(transaction, 2, "Another account's", NOW)

    with pytest.raises(NotFound):
        get_key(transaction, 1, key.public_key)
    with pytest.raises(NotFound):
        rename_key(transaction, 1, key.public_key, "Ours")
    assert get_key(transaction, 2, key.public_key).name == "Another account's"


def test_it_is_known_when_a_key_was_used_last(transaction):
    key, _ = create_key(transaction, 1, "Shop", NOW)

    rename_key(transaction, 1, key.public_key, "Web shop")
    note_use_of_keys(transaction, [key.public_key], NOW + timedelta(hours=1))

    (listed,) = list_keys(transaction, 1)
    assert (listed.key.name, listed.last_used_at) == ("Web shop", NOW + timedelta(hours=1))
