"""Rules are kept in their order, and every change of them is counted."""

from dataclasses import replace
from datetime import timedelta

import pytest

from kolli.account.accounts import Account, add_account, revision_of
from kolli.errors import Impossible, Invalid, NotFound
from kolli.rules.model import MOST_CHARACTERS, MOST_RULES
from kolli.rules.queries import (
    add_rule,
    add_rules,
    find_rule,
    get_rule,
    list_rules,
    remove_all_rules,
    remove_rule,
    reorder,
    update_rule,
)
from tests.factories import NOW, a_database, a_rule

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def transaction():
    with a_database().write() as transaction:
        for account_id in (1, 2):
            add_account(transaction, Account(account_id, f"Account {account_id}"))
        yield transaction


def some_rules(count=3, first=1):
    return [a_rule("set_weight 2", when=["weight ge 1"], rule_id=number) for number in range(first, first + count)]


def ids(transaction, account_id=1):
    listed = list_rules(transaction, account_id)
    assert [rule.position for rule in listed] == list(range(1, len(listed) + 1))
    return [rule.id for rule in listed]


def test_a_rule_is_stored_as_it_is(transaction):
    rule = a_rule("ship_with a:b", when=["item_name is é*"], is_and=False, is_active=False)

    added = add_rule(transaction, 1, rule, NOW)

    assert added == replace(rule, position=1, updated_at=NOW)
    assert get_rule(transaction, 1, rule.id) == added
    assert list_rules(transaction, 1) == [added]


def test_new_rules_run_last(transaction):
    add_rules(transaction, 1, some_rules(2), NOW)
    add_rule(transaction, 1, a_rule("set_weight 2", rule_id=9), NOW)

    assert ids(transaction) == [1, 2, 9]


def test_nobody_sees_anothers_rules(transaction):
    add_rule(transaction, 1, a_rule("set_weight 2"), NOW)

    assert list_rules(transaction, 2) == []
    assert find_rule(transaction, 2, 1) is None
    with pytest.raises(NotFound):
        get_rule(transaction, 2, 1)
    with pytest.raises(NotFound):
        update_rule(transaction, 2, a_rule("set_weight 3"), NOW)
    with pytest.raises(NotFound):
        remove_rule(transaction, 2, 1)
    assert remove_all_rules(transaction, 2) == 0
    assert ids(transaction) == [1]


def test_a_change_gives_a_rule_its_next_revision_and_leaves_its_place(transaction):
    add_rules(transaction, 1, some_rules(), NOW)

    changed = update_rule(transaction, 1, a_rule("set_weight 3", rule_id=2, name="Other"), LATER)

    assert (changed.revision, changed.position, changed.updated_at) == (2, 2, LATER)
    assert get_rule(transaction, 1, 2) == changed


def test_the_same_rule_again_is_no_change(transaction):
    added = add_rule(transaction, 1, a_rule("set_weight 2"), NOW)
    revision = revision_of(transaction, 1)

    assert update_rule(transaction, 1, added, LATER) == added
    assert revision_of(transaction, 1) == revision


def test_rules_behind_a_removed_one_move_up(transaction):
    add_rules(transaction, 1, some_rules(), NOW)
    add_rules(transaction, 2, some_rules(3, first=11), NOW)

    remove_rule(transaction, 1, 1)

    assert ids(transaction) == [2, 3]
    assert ids(transaction, 2) == [11, 12, 13]


def test_rules_can_be_put_in_another_order(transaction):
    add_rules(transaction, 1, some_rules(), NOW)

    reorder(transaction, 1, [3, 1, 2])

    assert ids(transaction) == [3, 1, 2]
    assert {rule.revision for rule in list_rules(transaction, 1)} == {1}


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([3, 1], "left out: 2"),
        ([], "left out: 1, 2, 3"),
        ([1, 2, 3, 99], "not there: 99"),
        ([1, 2, 3, 11], "not there: 11"),
        ([1, 2, 2, 3], "named more than once: 2"),
        ([1, 2, 2, 98], "not there: 98; left out: 3; named more than once: 2"),
    ],
)
def test_an_order_that_does_not_name_each_rule_once_is_refused(transaction, order, message):
    add_rules(transaction, 1, some_rules(), NOW)
    add_rules(transaction, 2, some_rules(1, first=11), NOW)

    with pytest.raises(Invalid, match=message):
        reorder(transaction, 1, order)

    assert ids(transaction) == [1, 2, 3]


def test_an_account_has_only_so_many_rules(transaction):
    add_rules(transaction, 1, some_rules(MOST_RULES), NOW)

    with pytest.raises(Impossible, match="at most 5,000 rules"):
        add_rule(transaction, 1, a_rule("set_weight 2", rule_id=9_999), NOW)


def test_the_rules_of_an_account_have_only_so_many_characters(transaction):
    long = "x" * (MOST_CHARACTERS // 2 - 500)
    add_rules(transaction, 1, [a_rule(f"set_customs_notes {long}", rule_id=number) for number in (1, 2)], NOW)

    with pytest.raises(Impossible, match="at most 8,000,000 characters"):
        add_rule(transaction, 1, a_rule(f"set_customs_notes {long}", rule_id=3), NOW)
    with pytest.raises(Impossible, match="remove or shorten some first"):
        update_rule(transaction, 1, a_rule(f"set_customs_notes {long * 2}", rule_id=1), NOW)
    add_rule(transaction, 2, a_rule(f"set_customs_notes {long}", rule_id=4), NOW)

    assert ids(transaction) == [1, 2]
    assert update_rule(transaction, 1, a_rule("set_weight 2", rule_id=1), NOW).revision == 2


CHANGES = {
    "adding": lambda transaction: add_rule(transaction, 1, a_rule("set_weight 2", rule_id=9), NOW),
    "changing": lambda transaction: update_rule(transaction, 1, a_rule("set_weight 9", rule_id=1), NOW),
    "removing": lambda transaction: remove_rule(transaction, 1, 1),
    "removing all": lambda transaction: remove_all_rules(transaction, 1),
    "ordering": lambda transaction: reorder(transaction, 1, [2, 1, 3]),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_change_is_a_new_revision_of_the_account(transaction, change):
    add_rules(transaction, 1, some_rules(), NOW)
    before = revision_of(transaction, 1), revision_of(transaction, 2)

    change(transaction)

    assert revision_of(transaction, 1) > before[0]
    assert revision_of(transaction, 2) == before[1]
