"""Rules tried in the background: nothing is looked at twice, nothing is forgotten, and nothing is changed."""

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import select

from kolli.account.accounts import touch
from kolli.errors import Invalid
from kolli.jobs import Job
from kolli.operations import try_rules as module
from kolli.operations.background import workers
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.operations.try_rules import begin_trial, try_rules, with_rule
from kolli.orders.model import ShipWith
from kolli.rules.queries import list_rules
from kolli.rules.trials import MOST_TRIALS, Difference, Question, get_trial, list_trials, write_report
from kolli.schema import shipments
from tests.factories import an_order
from tests.unit.operations.ways import a_caller_with_ways, a_rule, give_rules

CHEAP = a_rule(0, ("ship_with", "ways:cheap"), name="Cheap")


@pytest.fixture
def caller(tmp_path):
    return a_caller_with_ways(tmp_path)


def shipped(caller, count):
    numbers = [f"N-{number}" for number in range(count)]
    caller.store(*(an_order(order_id=number, order_number=number) for number in numbers))
    for number in numbers:
        ship_order(
            ShipOrder(70, Choice(ShipWith("ways:plain"), applies_rules=True), order_number=number), caller.context
        )


def begun(caller, question=None, form_key="a form"):
    return begin_trial(question or Question(30, 500, "rules", CHEAP), form_key, "somebody", caller.context)


def as_it_is(caller, trial):
    with caller.installation.database.read() as transaction:
        return get_trial(transaction, 1, trial.id)


def a_job(trial, runs=1):
    return Job(1, module.TRY, "1", {"trial_id": trial.id}, 1, runs)


def some(caller, parts):
    """Has a trial broken off after so many parts."""
    trial = begun(caller)
    trying = module._Trying(trial, caller.context)
    for _ in range(parts):
        trying.goes_on()
    return trial


def test_all_is_counted_and_nothing_is_changed(caller):
    shipped(caller, 3)
    with caller.installation.database.read() as transaction:
        before = transaction.execute(select(shipments)).all()
    trial = begun(caller)

    workers(caller.installation).run_due()

    report = as_it_is(caller, trial).report
    assert (report.total, report.shipments, report.different, report.failing) == (3, 3, 3, 0)
    assert report.ways == {"ways:plain": {"ways:cheap": 3}}
    assert (report.cost, report.would_cost) == ({"EUR": Decimal(21)}, {"EUR": Decimal(15)})
    assert sorted(each.order_number for each in report.examples) == ["N-0", "N-1", "N-2"]
    assert {each.differences for each in report.examples} == {
        (Difference("shipping_option_code", "ways:plain", "ways:cheap", "Cheap"),)
    }
    with caller.installation.database.read() as transaction:
        assert list_rules(transaction, 1) == []
        assert transaction.execute(select(shipments)).all() == before


def test_a_trial_that_was_broken_off_goes_on_where_it_was(caller, monkeypatch):
    monkeypatch.setattr(module, "AT_A_TIME", 2)
    shipped(caller, 5)
    trial = some(caller, parts=1)
    between = as_it_is(caller, trial).report.shipments

    try_rules(caller.installation, a_job(trial, runs=2))

    report = as_it_is(caller, trial).report
    assert (between, report.shipments, len({each.order_number for each in report.examples})) == (2, 5, 5)


def test_it_begins_anew_when_the_account_has_changed_its_rules_meanwhile(caller, monkeypatch):
    monkeypatch.setattr(module, "AT_A_TIME", 2)
    shipped(caller, 4)
    trial = some(caller, parts=1)
    give_rules(caller, a_rule(1, ("ship_with", "ways:cheap")))

    try_rules(caller.installation, a_job(trial, runs=2))

    report = as_it_is(caller, trial).report
    assert (report.shipments, report.different) == (4, 0)


def test_no_more_is_looked_at_than_was_asked_for(caller, monkeypatch):
    monkeypatch.setattr(module, "MOST", (3,))
    monkeypatch.setattr(module, "AT_A_TIME", 2)
    shipped(caller, 5)
    trial = begun(caller, Question(30, 3, "rules", CHEAP))

    workers(caller.installation).run_due()

    found = as_it_is(caller, trial)
    assert (found.state, found.report.total, found.report.shipments) == ("done", 3, 3)


def test_an_order_that_could_not_be_shipped_any_more_is_told_with_the_reason(caller):
    shipped(caller, 1)
    trial = begun(caller, Question(30, 500, "rules", a_rule(0, ("ship_with", "ways:sized"))))

    workers(caller.installation).run_due()

    (example,) = as_it_is(caller, trial).report.examples
    assert as_it_is(caller, trial).report.failing == 1
    assert example.error == "This field is required. ways:sized does not go without it."


def test_what_cannot_be_shipped_anyway_says_nothing_about_the_rule(caller):
    shipped(caller, 1)
    give_rules(caller, a_rule(1, ("ship_with", "ways:sized")))
    trial = begun(caller, Question(30, 500, "rules", a_rule(0, ("set_customs_notes", "Careful"))))

    workers(caller.installation).run_due()

    assert as_it_is(caller, trial).report.failing == 0


def test_a_trial_that_is_broken_off_again_and_again_is_given_up(caller):
    trial = begun(caller)

    try_rules(caller.installation, a_job(trial, runs=3))

    found = as_it_is(caller, trial)
    assert (found.state, found.report.reason) == ("failed", "It was broken off 2 times.")


def test_what_is_over_is_not_written_over(caller):
    trial = begun(caller)
    workers(caller.installation).run_due()
    with caller.installation.database.write() as transaction:
        is_written = write_report(transaction, 1, trial.id, trial.report)

    assert not is_written


def test_only_the_newest_trials_are_kept(caller):
    for number in range(MOST_TRIALS + 5):
        begun(caller, form_key=f"form {number}")
        workers(caller.installation).run_due()

    with caller.installation.database.read() as transaction:
        assert len(list_trials(transaction, 1, 100)) == MOST_TRIALS + 1  # that one was running when the last was made


def test_days_that_are_not_offered_are_refused(caller):
    with pytest.raises(Invalid, match="Choose how far back"):
        begun(caller, Question(31, 500))


def test_a_changed_rule_stands_in_its_place_and_a_new_one_at_the_end():
    one, two = replace(a_rule(1), position=1), replace(a_rule(2), position=2)

    changed = with_rule([one, two], replace(one, name="Changed", position=0))

    assert [(rule.id, rule.name, rule.position) for rule in changed] == [(1, "Changed", 1), (2, "Rule 2", 2)]
    assert [rule.id for rule in with_rule([one, two], CHEAP)] == [1, 2, 0]


def test_a_change_of_anything_else_is_seen_too(caller, monkeypatch):
    monkeypatch.setattr(module, "AT_A_TIME", 2)
    shipped(caller, 4)
    trial = some(caller, parts=1)
    with caller.installation.database.write() as transaction:
        touch(transaction, 1)

    try_rules(caller.installation, a_job(trial, runs=2))

    assert as_it_is(caller, trial).report.shipments == 4
