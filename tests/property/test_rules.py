"""Rules are deterministic and depend on their order exactly as documented, whatever rules and plans there are."""

import fnmatch
import io
import math
import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS, items_of
from kolli.rules.engine import apply_rules, compile_rules
from kolli.rules.explanation import described
from kolli.rules.model import Action, Condition, Rule
from kolli.rules.operators import pattern_test
from kolli.rules.rules_csv import columns_for, read_rules, rule_rows
from kolli.rules.validation import Known, normalised, problems
from kolli.tables import write_table
from kolli.values import Dimensions, Money, Weight
from tests.factories import a_parcel_item, a_plan, a_planned_parcel, an_address

OPTIONS = ["postnl:standard", "postnl:standard/signature", "dpd:home", "dpd:express"]
KNOWN = Known(
    carriers={"postnl": "PostNL", "dpd": "DPD"},
    shipping_options=dict.fromkeys(OPTIONS, ""),
    contracts={"5": "", "6": ""},
    sender_addresses={"17": "", "18": ""},
    integrations={"70": "", "71": ""},
    carrier_of_option={code: code.partition(":")[0] for code in OPTIONS},
)


def carrier_of(code):
    return code.partition(":")[0]


def written(numbers, places=2):
    return st.decimals(*numbers, places=places).map(str)


VALUES = {
    "ship_with": st.sampled_from(OPTIONS),
    "use_contract": st.sampled_from(["5", "6"]),
    "ship_with_address": st.sampled_from(["17", "18"]),
    "set_customer_email": st.sampled_from(["a@b.nl", "info@lumen.example"]),
    "set_phone_number": st.sampled_from(["+31612345678", "020 123 45 67"]),
    "insurance": written((Decimal("0.01"), 5_000)),
    "insurance_pc": written((Decimal("0.01"), 200)),
    "set_item_name": st.sampled_from(["Gift", "Candle"]),
    "set_item_hs_code": st.sampled_from(["6205.20", "340600"]),
    "set_item_origin_country": st.sampled_from(["NL", "DE"]),
    "set_item_value": written((0, 500)),
    "decrease_item_value_pc": written((Decimal("0.01"), 100)),
    "set_item_weight": written((Decimal("0.001"), 5), 3),
    "set_weight": written((Decimal("0.001"), 30), 3),
    "use_box": st.sampled_from(["30x20x10 cm", "400 x 300 x 200 mm"]),
    "set_customs_notes": st.sampled_from(["Fragile", "Samples"]),
    "add_declaration_statement": st.sampled_from(["I declare", "None of it"]),
    "set_number_of_parcels": st.integers(1, 50).map(str),
}
COMPARED = {
    "NUMBER": st.integers(0, 40).map(str) | written((0, 40)),
    "TEXT": st.sampled_from(
        ["10", "1012gj", "*1*", "lumen", "candle", "C*-?", "nl", "@example.com", "1012, 1013", "+31"]
    ),
    "carriers": st.sampled_from(["postnl", "dpd"]),
    "countries": st.sampled_from(["NL", "DE", "US"]),
    "integrations": st.sampled_from(["70", "71"]),
    "payment_statuses": st.sampled_from(["paid", "pending"]),
}
SEEING = {action for entry in CONDITIONS.values() for action in entry.sees}


@st.composite
def some_conditions(draw, properties=tuple(CONDITIONS)):
    entry = CONDITIONS[draw(st.sampled_from(properties))]
    operator = draw(st.sampled_from(entry.operators))
    return Condition(entry.identifier, operator, draw(COMPARED[entry.choices or entry.type]))


@st.composite
def some_actions(draw, identifiers=tuple(ACTIONS)):
    """Actions of different kinds, as one rule may have them."""
    chosen = draw(
        st.lists(st.sampled_from(identifiers), min_size=1, max_size=4, unique_by=lambda name: ACTIONS[name].kind)
    )
    return tuple(Action(name, draw(VALUES[name])) for name in chosen)


rules = st.builds(
    Rule,
    st.just(0),
    st.sampled_from(["Heavy", "Gifts", "=1+1", "-"]),
    st.lists(some_conditions(), max_size=3).map(tuple),
    some_actions(),
    st.booleans(),
    st.sampled_from([True, True, True, False]),
)
always = st.builds(Rule, st.just(0), st.just("Always"), st.just(()), some_actions())


def numbered(some):
    return [replace(rule, id=place) for place, rule in enumerate(some, start=1)]


lists_of_rules = st.lists(rules, max_size=12).map(numbered)

items = st.builds(
    a_parcel_item,
    description=st.sampled_from(["Candle", "Soap", "Gift box"]),
    sku=st.sampled_from([None, "C-1", "S-1"]),
    quantity=st.integers(1, 60),
    price=st.none() | written((0, 500)).map(lambda value: {"value": value, "currency": "EUR"}),
    weight=st.none() | st.just({"value": Decimal("0.35"), "unit": "kg"}),
)
parcels = st.builds(
    lambda contents, **known: replace(a_planned_parcel(**known), items=tuple(contents)),
    st.lists(items, max_size=4),
    weight=st.none() | written((Decimal("0.001"), 40), 3).map(lambda value: Weight(Decimal(value), "kg")),
    dimensions=st.none() | st.just(Dimensions(Decimal(30), Decimal(20), Decimal(10), "cm")),
    weighs_its_items=st.booleans(),
)
plans = st.builds(
    lambda some, option, **known: a_plan(
        *some, **known, shipping_option_code=option, carrier_code=option and carrier_of(option)
    ),
    st.lists(parcels, min_size=1, max_size=2),
    st.sampled_from([None, *OPTIONS]),
    contract_id=st.sampled_from([None, 5]),
    total=st.none() | written((0, 500)).map(lambda value: Money(Decimal(value), "EUR")),
    recipient=st.builds(
        an_address,
        country_code=st.sampled_from(["NL", "DE"]),
        company_name=st.sampled_from(["", "Lumen & Was"]),
        email=st.sampled_from(["", "femke@example.com"]),
    ),
)


def run(some, plan):
    return apply_rules(compile_rules(some), plan, carrier_of)


@given(lists_of_rules, plans)
def test_the_same_rules_make_the_same_of_the_same_plan(some, plan):
    assert run(some, plan) == run(some, plan)


@given(lists_of_rules, plans)
def test_explanation_and_outcome_agree(some, plan):
    """Taking the steps one after the other leads from what the plan was to what has become of it."""
    outcome = run(some, plan)

    fields = described(plan)
    for step in outcome.steps:
        if step.before != step.after:
            assert fields.get(step.field) == step.before
            fields[step.field] = step.after
    assert known(fields) == known(described(outcome.plan))


def known(fields):
    return {field: value for field, value in fields.items() if value is not None}


@given(lists_of_rules, plans)
def test_every_rule_that_held_says_what_has_become_of_each_of_its_actions(some, plan):
    outcome = run(some, plan)

    assert sorted(outcome.steps, key=repr) == sorted(
        (step for applied in outcome.applied for step in applied.steps), key=repr
    )
    for applied in outcome.applied:
        told = {step.field for step in applied.steps}
        assert told >= {ACTIONS[action.identifier].field for action in applied.rule.actions}
        assert {step.rule_id for step in applied.steps} == {applied.rule.id}


@given(lists_of_rules, plans, st.integers(0, 12), some_actions())
def test_a_rule_that_does_not_hold_changes_nothing_wherever_it_stands(some, plan, place, actions):
    idle = Rule(99, "Idle", (Condition("postal_code", "is", "9999 ZZ"),), actions)

    assert run([*some[:place], idle, *some[place:]], plan) == run(some, plan)


@given(lists_of_rules, plans, st.integers(0, 12), rules)
def test_a_rule_that_is_skipped_changes_nothing_wherever_it_stands(some, plan, place, rule):
    skipped = replace(rule, id=99, is_invalid=True)

    assert run([*some[:place], skipped, *some[place:]], plan) == run(some, plan)


@given(
    lists_of_rules,
    st.lists(
        st.sampled_from([name for name in ACTIONS if name not in SEEING]),
        min_size=2,
        max_size=2,
        unique_by=lambda name: ACTIONS[name].kind,
    ),
    st.data(),
    plans,
)
def test_two_neighbours_of_different_kinds_can_be_swapped(some, kinds, data, plan):
    """Unless one of them sets what the other one's conditions look at."""
    one, other = (
        Rule(
            100 + place,
            name,
            tuple(data.draw(st.lists(some_conditions(), max_size=2))),
            (Action(name, data.draw(VALUES[name])),),
        )
        for place, name in enumerate(kinds)
    )
    place = data.draw(st.integers(0, len(some)))

    def around(*pair):
        return run([*some[:place], *pair, *some[place:]], plan).plan

    assert around(one, other) == around(other, one)


@given(st.sampled_from(list(ACTIONS)), st.data(), plans)
def test_of_two_actions_of_one_kind_the_later_one_counts(identifier, data, plan):
    first, second = (Rule(place, "", (), (Action(identifier, data.draw(VALUES[identifier])),)) for place in (1, 2))

    assert run([first, second], plan).plan == run([second], plan).plan


@given(st.lists(always, min_size=1, max_size=6).map(numbered), plans)
def test_many_rules_make_the_same_of_a_plan_as_their_last_actions_alone(some, plan):
    last = {ACTIONS[action.identifier].kind: action for rule in some for action in rule.actions}

    assert run(some, plan).plan == run([Rule(1, "", (), tuple(last.values()))], plan).plan


@given(lists_of_rules, plans)
def test_no_piece_is_lost_and_none_is_added(some, plan):
    def pieces(plan):
        return sum(item["quantity"] for item in items_of(plan))

    before, after = plan, run(some, plan).plan

    assert pieces(before) == pieces(after)


@given(plans, st.integers(1, 50))
def test_a_divided_parcel_weighs_at_least_as_much_and_less_than_a_gram_more_a_box(plan, count):
    divided = run([Rule(1, "", (), (Action("set_number_of_parcels", str(count)),))], plan).plan

    if plan.is_multicollo or plan.parcels[0].weight is None:
        return
    grams = [parcel.weight.grams for parcel in divided.parcels]
    assert len(grams) == count
    assert 0 <= sum(grams) - plan.parcels[0].weight.grams < count


@given(plans, st.integers(2, 50))
def test_no_box_of_a_divided_parcel_weighs_less_than_its_pieces(plan, count):
    """Unless the parcel did so before, or a box is empty because there are fewer pieces."""
    divided = run([Rule(1, "", (), (Action("set_number_of_parcels", str(count)),))], plan).plan

    (parcel, *others), boxes = plan.parcels, divided.parcels
    if others or parcel.weight is None or (of_items(parcel) or math.inf) > parcel.weight.grams:
        return
    assert all(of_items(box) <= box.weight.grams for box in boxes) or not all(box.items for box in boxes)


def of_items(parcel):
    """The grams of all pieces, which are given in kilograms; None where one of them is not known."""
    weights = [item.get("weight") for item in parcel.items]
    if None in weights:
        return None
    pieces = zip(weights, parcel.items, strict=True)
    return sum(weight["value"] * item["quantity"] * 1000 for weight, item in pieces)


@given(lists_of_rules)
def test_rules_survive_a_file(some):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rules.csv"
        text = io.StringIO()
        write_table(text, columns_for(some), rule_rows(some))
        path.write_text(text.getvalue(), "utf-8")
        read = read_rules(path, KNOWN)

    assert read.mistakes == ()
    assert read.rules == tuple(replace(normalised(rule), id=0) for rule in some)


@given(rules)
def test_rules_that_are_made_here_are_right(rule):
    """Otherwise the properties above would be about rules that are skipped."""
    assert problems(rule, KNOWN) == []


@given(st.text("ab*?", max_size=12), st.text("ab", max_size=12))
def test_patterns_match_what_their_translation_matches(pattern, text):
    assert pattern_test(pattern)(text) == bool(re.fullmatch(fnmatch.translate(pattern), text))
