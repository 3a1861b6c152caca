"""How rules run, and how they combine: see docs/decisions/0007-how-rules-combine.md."""

import itertools
from dataclasses import replace
from decimal import Decimal

import pytest

from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS
from kolli.rules.engine import MOST_IN_VAIN, apply_rules, compile_rules
from kolli.rules.model import AppliedRule
from kolli.shipments.model import Step
from kolli.values import Money
from tests.factories import a_parcel_item, a_plan, a_planned_parcel, a_rule, kilograms


def carrier_of(code):
    return code.partition(":")[0]


def run(*rules, plan=None):
    numbered = [replace(rule, id=place, name=f"Rule {place}") for place, rule in enumerate(rules, start=1)]
    return apply_rules(compile_rules(numbered), plan or a_plan(), carrier_of)


def held(*rules, plan=None):
    return [applied.rule.id for applied in run(*rules, plan=plan).applied]


def changed(field, before, after, rule_id=1, note=""):
    return Step(field, before, after, "rule", rule_id, f"Rule {rule_id}", 1, note)


def test_a_rule_whose_conditions_hold_changes_the_plan_and_says_so():
    rule = a_rule("ship_with postnl:standard", when=["to_country is NL"], revision=3)

    outcome = apply_rules(compile_rules([rule]), a_plan(), carrier_of)

    step = Step("shipping_option_code", None, "postnl:standard", "rule", 1, "Rule 1", 3)
    assert outcome.plan == replace(a_plan(), shipping_option_code="postnl:standard", carrier_code="postnl")
    assert outcome.applied == (AppliedRule(rule, (step,)),)
    assert outcome.steps == (step,)


def test_without_a_rule_that_holds_the_plan_is_the_same():
    plan = a_plan()

    outcome = run(a_rule("set_weight 2", when=["to_country is DE"]), plan=plan)

    assert outcome.plan is plan
    assert outcome.applied == ()


def test_all_conditions_have_to_hold():
    assert held(a_rule("set_weight 2", when=["to_country is NL", "weight le 1"])) == [1]
    assert held(a_rule("set_weight 2", when=["to_country is NL", "weight gt 1"])) == []


def test_one_condition_is_enough_where_they_are_combined_with_or():
    assert held(a_rule("set_weight 2", when=["to_country is DE", "weight le 1"], is_and=False)) == [1]
    assert held(a_rule("set_weight 2", when=["to_country is DE", "weight gt 1"], is_and=False)) == []


@pytest.mark.parametrize("is_and", [True, False])
def test_a_rule_without_conditions_holds_always(is_and):
    assert held(a_rule("set_weight 2", is_and=is_and)) == [1]


def test_every_rule_that_holds_is_applied_and_kinds_combine():
    outcome = run(a_rule("set_weight 2"), a_rule("insurance 100"), a_rule("set_customer_email a@b.nl"))

    assert [applied.rule.id for applied in outcome.applied] == [1, 2, 3]
    assert outcome.plan.parcels[0].weight == kilograms("2")
    assert outcome.plan.insured_value == Money(Decimal(100), "EUR")
    assert outcome.plan.recipient.email == "a@b.nl"


def test_a_later_rule_overrules_an_earlier_one_and_that_is_told():
    outcome = run(a_rule("set_weight 2"), a_rule("set_weight 3"))

    assert outcome.plan.parcels[0].weight == kilograms("3")
    overruled = changed("parcels.0.weight", None, None, 1, "Set weight: overruled by rule 2 (Rule 2).")
    made = changed("parcels.0.weight", "0.7 kg", "3 kg", 2)
    assert [applied.steps for applied in outcome.applied] == [(overruled,), (made,)]
    assert outcome.steps == (made, overruled)


def test_of_very_many_overruled_actions_those_further_up_are_only_counted():
    outcome = run(*[a_rule(f"set_weight {number}", "insurance 5") for number in range(1, 2_001)])

    made, overruled = outcome.steps[:2], outcome.steps[2:]
    assert [step.rule_id for step in made] == [2000, 2000]
    assert len(overruled) == MOST_IN_VAIN
    assert [step.rule_id for step in overruled] == sorted(2 * list(range(1_950, 2_000)))
    note = "Set weight: overruled by rule 2000 (Rule 2000)."
    assert [overruled[0].note, overruled[2].note] == [
        f"{note} The same goes for 3,898 actions of rules above that held too.",
        note,
    ]
    assert [applied.rule.id for applied in outcome.applied] == list(range(1, 2_001))


def test_of_very_many_actions_that_are_not_taken_those_further_up_are_only_counted():
    outcome = run(*[a_rule("set_weight 5") for _ in range(150)], plan=SEVERAL)

    assert [step.rule_id for step in outcome.steps] == list(range(51, 151))
    assert "The same goes for 50 actions" in outcome.steps[0].note


def test_the_two_ways_to_insure_are_one_kind():
    assert run(a_rule("insurance 10"), a_rule("insurance_pc 100")).plan.insured_value == Money(Decimal("22.85"), "EUR")
    assert run(a_rule("insurance_pc 100"), a_rule("insurance 10")).plan.insured_value == Money(Decimal(10), "EUR")


def test_what_was_so_already_is_told():
    (applied,) = run(a_rule("set_weight 0.7")).applied

    assert applied.steps == (changed("parcels.0.weight", "0.7 kg", "0.7 kg", note="It was so already."),)


def test_what_cannot_be_done_is_told_with_its_reason():
    bare = a_plan(replace(a_planned_parcel(), items=()))

    assert run(a_rule("set_item_value 5"), plan=bare).steps == (
        changed("items.price", None, None, note="The parcel has no items."),
    )


def test_what_follows_from_a_change_is_told():
    plan = a_plan(shipping_option_code="dpd:home", carrier_code="dpd", contract_id=5)

    outcome = run(a_rule("ship_with postnl:standard"), plan=plan)

    assert outcome.steps == (
        changed("shipping_option_code", "dpd:home", "postnl:standard"),
        changed("contract_id", "5", None, note="It follows from 'Ship with'."),
    )


def test_percentages_are_not_piled_up():
    outcome = run(a_rule("decrease_item_value_pc 10"), a_rule("decrease_item_value_pc 20"))

    (item,) = outcome.plan.parcels[0].items
    assert item["price"] == {"value": "7.16", "currency": "EUR"}


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_actions_of_different_kinds_are_taken_in_the_order_of_the_table(order):
    rules = [
        a_rule("set_item_value 20"),
        a_rule("decrease_item_value_pc 50"),
        a_rule("insurance_pc 100"),
        a_rule("set_number_of_parcels 2"),
    ]

    plan = run(*(rules[place] for place in order), plan=a_plan(total=None)).plan

    assert plan.insured_value == Money(Decimal("17.90"), "EUR")
    assert [item["price"]["value"] for parcel in plan.parcels for item in parcel.items] == ["10.00", "10.00"]


def test_a_condition_sees_the_weight_that_a_rule_above_has_set():
    heavier, heavy = a_rule("set_weight 12"), a_rule("insurance 100", when=["weight gt 10"])

    assert held(heavier, heavy) == [1, 2]
    assert held(heavy, heavier) == [2]


def test_a_condition_sees_the_weight_of_items_that_a_rule_above_has_set():
    plan = a_plan(a_planned_parcel(a_parcel_item(quantity=30), weighs_its_items=True))

    assert held(a_rule("set_item_weight 1"), a_rule("insurance 1", when=["weight eq 30"]), plan=plan) == [1, 2]


def test_a_condition_sees_the_carrier_that_a_rule_above_has_chosen():
    chosen, wanted = a_rule("ship_with postnl:standard"), a_rule("insurance 1", when=["carrier is postnl"])

    assert held(chosen, wanted) == [1, 2]
    assert held(wanted, chosen) == [2]
    assert held(chosen, a_rule("ship_with dpd:home"), wanted) == [1, 2]


def test_a_condition_sees_nothing_else_that_a_rule_above_has_done():
    changes = a_rule("set_item_value 500", "use_box 90x90x90", "set_customer_email a@b.nl", "set_item_name Gift")
    asking = a_rule(
        "insurance 1",
        when=["total_item_value eq 1000", "parcel_length eq 90", "customer_email is a@b.nl", "item_name is gift"],
        is_and=False,
    )

    assert held(changes, asking) == [1]


def test_a_rule_does_not_see_what_it_does_itself():
    assert held(a_rule("set_weight 12", when=["weight gt 10"])) == []


@pytest.mark.parametrize("skipped", [{"is_active": False}, {"is_invalid": True}])
def test_inactive_and_invalid_rules_are_skipped(skipped):
    assert held(a_rule("set_weight 2", **skipped), a_rule("insurance 5")) == [2]


@pytest.mark.parametrize(
    "rule",
    [
        a_rule("set_weight 2", when=["nonsense is 1"]),
        a_rule("set_weight 2", when=["weight contains 1"]),
        a_rule("set_weight 2", when=["weight eq NaN"]),
        a_rule("set_weight -2"),
        a_rule("explode 1"),
    ],
)
def test_rules_that_cannot_be_read_are_skipped(rule):
    assert held(rule, a_rule("insurance 5")) == [2]


# Several parcels

SEVERAL = a_plan(a_planned_parcel(), a_planned_parcel())
ONLY_ONE = [identifier for identifier, entry in CONDITIONS.items() if not entry.for_multicollo]
NOT_TAKEN = {
    "insurance": "5", "insurance_pc": "5", "set_item_name": "x", "set_item_hs_code": "6205", "use_box": "1x1x1",
    "set_item_origin_country": "DE", "set_item_value": "5", "decrease_item_value_pc": "5", "set_item_weight": "5",
    "set_weight": "5", "set_number_of_parcels": "5",
}  # fmt: skip


@pytest.mark.parametrize("identifier", ONLY_ONE)
def test_a_rule_with_a_condition_on_the_one_parcel_never_holds_for_several(identifier):
    operator = CONDITIONS[identifier].operators[1]  # another number or text than this, which is so

    rule = a_rule("set_customer_email a@b.nl", when=[f"{identifier} {operator} 3", "to_country is NL"])

    assert held(rule, plan=SEVERAL) == []


def test_where_one_condition_is_enough_the_others_count():
    one = a_rule("set_customer_email a@b.nl", when=["weight gt 0", "to_country is NL"], is_and=False)
    none = a_rule("set_customer_email a@b.nl", when=["weight gt 0"], is_and=False)

    assert held(one, none, plan=SEVERAL) == [1]


def test_all_actions_on_the_one_parcel_are_tried_here():
    assert set(NOT_TAKEN) == {identifier for identifier, entry in ACTIONS.items() if not entry.for_multicollo}


@pytest.mark.parametrize("identifier", NOT_TAKEN)
def test_an_action_on_the_one_parcel_is_passed_over_with_a_note(identifier):
    outcome = run(a_rule(f"{identifier} {NOT_TAKEN[identifier]}", "set_customer_email a@b.nl"), plan=SEVERAL)

    name, field = ACTIONS[identifier].name, ACTIONS[identifier].field
    note = f"{name}: It is not taken for shipments with several parcels."
    assert outcome.steps == (
        changed("recipient.email", None, "a@b.nl"),
        changed(field, None, None, note=note),
    )


def test_what_a_rule_divides_is_one_parcel_for_the_rules_below():
    outcome = run(a_rule("set_number_of_parcels 2"), a_rule("set_weight 3", when=["weight le 1"]))

    assert [str(parcel.weight) for parcel in outcome.plan.parcels] == ["1.5 kg", "1.5 kg"]
