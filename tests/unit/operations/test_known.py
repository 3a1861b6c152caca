"""What rules can refer to is what their own account has now."""

from datetime import timedelta

from sqlalchemy import update

from kolli.account.accounts import touch
from kolli.account.integrations import remove_integration
from kolli.operations.known import checked_rules, known_to
from kolli.rules.queries import add_rules
from kolli.schema import contracts
from tests.factories import NOW, a_caller, a_rule


def known(caller):
    with caller.installation.database.read() as transaction:
        catalogue = caller.installation.configurations.of(transaction, caller.context.account_id).catalogue
        return known_to(transaction, caller.context.account_id, catalogue)


def remove_contract(caller, contract_id):
    with caller.installation.database.write() as transaction:
        values = {"removed_at": (NOW + timedelta(hours=1)).isoformat()}
        transaction.execute(update(contracts).where(contracts.c.id == contract_id).values(**values))
        touch(transaction, caller.context.account_id)


def invalid_rules(caller):
    with caller.installation.database.read() as transaction:
        rules = caller.installation.configurations.of(transaction, caller.context.account_id).rules
    return [rule.id for rule in rules.rules if rule.is_invalid]


def test_it_is_named_as_people_call_it(caller):
    found = known(caller)

    assert found.contracts == {"1517": "Test"}
    assert found.sender_addresses == {"1017": "Lumen & Was, Oudezijds Voorburgwal 218, Utrecht, NL"}
    assert found.integrations == {"70": "Shop"}
    assert found.carriers["sendcloud"] == "Sendcloud"
    assert found.carrier_of_option["postnl:standard"] == found.carrier_of_contract["1517"] == "postnl"
    assert set(found.shipping_options) == set(found.carrier_of_option)


def test_nothing_of_another_account_is_known(caller):
    other = a_caller(caller.installation, account_id=2, integration_id=71)

    assert set(known(caller).contracts) == {"1517"}
    assert set(known(other).contracts) == {"2517"}
    assert set(known(other).sender_addresses) == {"2017"}
    assert set(known(other).integrations) == {"71"}


def test_a_rule_whose_contract_is_removed_is_skipped_from_then_on(caller):
    rules = [a_rule("use_contract 1517", rule_id=1), a_rule("set_weight 2", rule_id=2)]
    with caller.installation.database.write() as transaction:
        add_rules(transaction, 1, rules, NOW)
    assert invalid_rules(caller) == []

    remove_contract(caller, 1517)

    assert known(caller).contracts == {}
    assert invalid_rules(caller) == [1]


def test_a_rule_whose_integration_is_removed_is_skipped_from_then_on(caller):
    with caller.installation.database.write() as transaction:
        add_rules(transaction, 1, [a_rule("set_weight 2", when=["integration is_not 70"])], NOW)
    assert invalid_rules(caller) == []

    with caller.installation.database.write() as transaction:
        remove_integration(transaction, 1, 70, NOW)

    assert invalid_rules(caller) == [1]


def test_rules_are_checked_one_by_one(caller):
    rules = [a_rule("use_contract 9", rule_id=1), a_rule("set_weight 2", rule_id=2)]

    assert [rule.is_invalid for rule in checked_rules(rules, known(caller))] == [True, False]
