"""Pages: whichever way a list is walked, each record stands on one page."""

from itertools import chain, pairwise

import pytest

from kolli.account.accounts import Account, add_account
from kolli.account.brands import Brand, add_brand, list_brands
from kolli.account.contracts import Contract, ContractFilters, add_contract, list_contracts
from kolli.account.pages import Page
from tests.factories import a_database


@pytest.fixture
def transaction():
    with a_database().write() as transaction:
        add_account(transaction, Account(1, "One"))
        add_account(transaction, Account(2, "Two"))
        for number in range(1, 8):
            add_brand(transaction, 1, Brand(number, "Brand"))
            add_contract(transaction, 1, Contract(number, "postnl", f"{number % 2}"))
        add_brand(transaction, 2, Brand(100, "Another account's"))
        yield transaction


def ids(listed):
    return [record.id for record in listed.records]


def pages(transaction, size, *, backwards):
    """Every page of the brands, from one end of the list to the other."""
    found = [list_brands(transaction, 1, Page(size, backwards=backwards))]
    while found[-1].more_before if backwards else found[-1].more_behind:
        position = ids(found[-1])[0 if backwards else -1]
        found.append(list_brands(transaction, 1, Page(size, position, backwards)))
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 6, 7, 8])
@pytest.mark.parametrize("backwards", [False, True])
def test_every_record_stands_on_one_page_in_the_order_of_ids(transaction, size, backwards):
    found = [ids(page) for page in pages(transaction, size, backwards=backwards)]

    in_order = found[::-1] if backwards else found
    assert list(chain.from_iterable(in_order)) == list(range(1, 8))
    assert all(len(page) == size for page in found[:-1])


def test_the_first_page_has_nothing_before_it_and_the_last_nothing_behind(transaction):
    found = pages(transaction, 3, backwards=False)

    assert [(page.more_before, page.more_behind) for page in found] == [(False, True), (True, True), (True, False)]
    assert all(former.more_behind and later.more_before for former, later in pairwise(found))


@pytest.mark.parametrize(
    ("page", "found"),
    [
        (Page(2, skip=3), [4, 5]),
        (Page(2, 3, skip=1), [5, 6]),
        (Page(2, backwards=True, skip=1), [5, 6]),
        (Page(2, 100), []),
        (Page(2, 1, backwards=True), []),
        (Page(2, skip=7), []),
    ],
)
def test_a_page_begins_behind_its_position_and_what_is_passed_over(transaction, page, found):
    assert ids(list_brands(transaction, 1, page)) == found


def test_records_that_do_not_pass_are_neither_shown_nor_counted(transaction):
    listed = list_contracts(transaction, 1, ContractFilters(name="1"), Page(2, skip=1))

    assert (ids(listed), listed.more_behind) == ([3, 5], True)
