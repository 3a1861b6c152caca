"""Contracts and the number ranges that come with them."""

import pytest

from kolli.account.accounts import Account, add_account
from kolli.account.contracts import (
    Contract,
    add_contract,
    find_contract,
    find_default_contract,
    find_number_range,
)
from kolli.account.number_ranges import add_number_range
from kolli.errors import Impossible, Invalid
from kolli.sequences import Sequences
from kolli.vault import Vault, new_key
from tests.factories import a_database

VAULT = Vault([new_key()])
TEST = Contract(1, "postnl", "Test", sealed_data=VAULT.seal({"customer_code": "TEST"}))
LIVE = Contract(2, "postnl", "Live", is_default=True, is_live=True)


@pytest.fixture
def database():
    database = a_database()
    with database.write() as transaction:
        add_account(transaction, Account(1, "One"))
        add_account(transaction, Account(2, "Two"))
    return database


@pytest.fixture
def transaction(database):
    with database.write() as transaction:
        yield transaction


@pytest.mark.parametrize("contract", [TEST, LIVE])
def test_a_contract_comes_back_as_it_was(transaction, contract):
    add_contract(transaction, 1, contract)

    assert find_contract(transaction, 1, contract.id) == contract


def test_a_contract_is_only_there_for_its_account(transaction):
    add_contract(transaction, 1, TEST)

    assert find_contract(transaction, 2, TEST.id) is None
    assert find_default_contract(transaction, 2, "postnl") is None


def test_the_default_contract_is_the_one_that_says_so(transaction):
    add_contract(transaction, 1, TEST)
    add_contract(transaction, 1, LIVE)

    assert find_default_contract(transaction, 1, "postnl") == LIVE


def test_without_a_default_the_oldest_contract_with_the_carrier_serves(transaction):
    add_contract(transaction, 1, Contract(4, "postnl", "Later"))
    add_contract(transaction, 1, Contract(3, "postnl", "Sooner"))
    add_contract(transaction, 1, Contract(2, "sendcloud", "Another carrier", is_default=True))

    assert find_default_contract(transaction, 1, "postnl") == Contract(3, "postnl", "Sooner")


def test_a_carrier_without_a_contract_has_none(transaction):
    add_contract(transaction, 1, TEST)

    assert find_default_contract(transaction, 1, "sendcloud") is None


def test_tests_and_live_parcels_take_numbers_from_ranges_of_their_own(database):
    with database.write() as transaction:
        add_contract(transaction, 1, TEST)
        add_number_range(transaction, 1, TEST.id, 1, 10, is_live=False, vault=VAULT)
        add_number_range(transaction, 1, TEST.id, 501, 510, is_live=True, vault=VAULT)
        (test,) = find_number_range(transaction, 1, Contract(TEST.id, "postnl", "")) or ()
        (live,) = find_number_range(transaction, 1, Contract(TEST.id, "postnl", "", is_live=True)) or ()
    sequences = Sequences(database)

    assert [sequences.take(test), sequences.take(live)] == [1, 501]


def test_a_contract_without_a_range_has_none(transaction):
    add_contract(transaction, 1, LIVE)
    add_number_range(transaction, 1, LIVE.id, 1, 10, is_live=False, vault=VAULT)

    assert find_number_range(transaction, 1, LIVE) is None


def test_a_range_is_only_there_for_its_account(transaction):
    add_contract(transaction, 1, TEST)
    add_number_range(transaction, 1, TEST.id, 1, 10, is_live=False, vault=VAULT)

    assert find_number_range(transaction, 2, TEST) is None


def test_ranges_of_a_contract_are_used_in_the_order_they_were_given(transaction):
    add_contract(transaction, 1, TEST)
    add_number_range(transaction, 1, TEST.id, 11, 20, is_live=False, vault=VAULT)
    add_number_range(transaction, 1, TEST.id, 1, 10, is_live=False, vault=VAULT)

    assert find_number_range(transaction, 1, TEST) == ("contract 1 test 11", "contract 1 test 1")


@pytest.fixture
def with_range(database):
    """Contract 1 has the numbers 1000 to 1999; another account has a contract with the same customer code."""
    same = Contract(3, "postnl", "Same customer", sealed_data=TEST.sealed_data)
    other = Contract(4, "postnl", "Other customer", sealed_data=VAULT.seal({"customer_code": "KOLL"}))
    with database.write() as transaction:
        add_contract(transaction, 1, TEST)
        add_contract(transaction, 2, same)
        add_contract(transaction, 2, other)
        add_number_range(transaction, 1, TEST.id, 1_000, 1_999, is_live=False, vault=VAULT)
    return database


@pytest.mark.parametrize(("first", "last"), [(1, 1_000), (1_999, 3_000), (1_500, 1_500), (1, 9_999)])
@pytest.mark.parametrize(("account_id", "contract_id"), [(1, 1), (2, 3)])
def test_a_range_that_overlaps_one_of_the_same_customer_is_refused(with_range, account_id, contract_id, first, last):
    with with_range.write() as transaction, pytest.raises(Impossible, match="overlap"):
        add_number_range(transaction, account_id, contract_id, first, last, is_live=True, vault=VAULT)


@pytest.mark.parametrize(("first", "last"), [(1_000, 1_999), (1_000, 5_000), (1_999, 1_999)])
def test_a_range_that_overlaps_one_of_the_same_contract_is_refused(with_range, first, last):
    with with_range.write() as transaction, pytest.raises(Impossible, match="overlap"):
        add_number_range(transaction, 1, TEST.id, first, last, is_live=False, vault=VAULT)


@pytest.mark.parametrize(("contract_id", "first", "last"), [(3, 1, 999), (3, 2_000, 2_000), (4, 1_000, 1_999)])
def test_a_range_beside_another_or_of_another_customer_is_accepted(with_range, contract_id, first, last):
    with with_range.write() as transaction:
        add_number_range(transaction, 2, contract_id, first, last, is_live=True, vault=VAULT)
        (sequence,) = find_number_range(transaction, 2, Contract(contract_id, "postnl", "", is_live=True)) or ()

    assert Sequences(with_range).take(sequence) == first


@pytest.mark.parametrize(("first", "last"), [(-5, 5), (0, 10), (2_001, 2_000)])
def test_a_range_that_is_none_is_refused(with_range, first, last):
    with with_range.write() as transaction, pytest.raises(Invalid, match=f"not {first} to {last}"):
        add_number_range(transaction, 2, 3, first, last, is_live=True, vault=VAULT)


def test_a_contract_is_read_as_it_was_stored(transaction):
    contract = Contract(
        9,
        "postnl",
        "Broker",
        sealed_data=VAULT.seal({"customer_code": "KOLL"}),
        country_code="NL",
        client_id="1234",
        state="validation_failed",
        type="broker",
        error="Missing or invalid shipper number",
    )
    add_contract(transaction, 1, contract)

    assert find_contract(transaction, 1, 9) == contract


def test_what_was_stored_before_contracts_had_a_state_is_active(transaction):
    add_contract(transaction, 1, TEST)
    transaction.exec_driver_sql('UPDATE contracts SET body = \'{"name":"Test","data":{}}\'')

    contract = find_contract(transaction, 1, TEST.id)

    assert contract == Contract(TEST.id, "postnl", "Test")
    assert contract.is_active


def test_the_default_contract_is_an_active_one(transaction):
    add_contract(transaction, 1, Contract(3, "sendcloud", "Off", is_default=True, state="inactive"))
    add_contract(transaction, 1, Contract(4, "sendcloud", "On"))

    assert find_default_contract(transaction, 1, "sendcloud") == Contract(4, "sendcloud", "On")
