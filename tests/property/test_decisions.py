"""Decisions hold together for any rules and any order: what is told is what is done, in a dry run as for real."""

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.errors import KolliError
from kolli.operations.preview import preview
from kolli.operations.ship_order import Choice, ShipOrder, decided
from kolli.operations.undone import plan_of, subject_before_rules
from kolli.orders.model import ShipWith
from kolli.orders.queries import get_order
from kolli.rules.explanation import described
from kolli.rules.model import Action, Condition, Rule
from kolli.rules.queries import add_rules, remove_all_rules
from kolli.shipments.model import Draft
from tests.factories import NOW, an_item, an_order, kilograms, with_items
from tests.unit.operations.ways import NEVER, a_caller_with_ways, with_defaults

OPTIONS = ("ways:plain", "ways:light", "ways:insurable", "ways:insurable/insured=500", "ways:mail", "postnl:standard")

actions = st.one_of(
    st.builds(Action, st.just("ship_with"), st.sampled_from(OPTIONS)),
    st.builds(Action, st.just("use_contract"), st.sampled_from(["600", "601", "1517"])),
    st.builds(Action, st.just("ship_with_address"), st.sampled_from(["18", "1017"])),
    st.builds(Action, st.just("set_weight"), st.sampled_from(["0.5", "2", "31"])),
    st.builds(Action, st.just("use_box"), st.sampled_from(["30x20x10 cm", "40x40x40 cm"])),
    st.builds(Action, st.just("insurance"), st.sampled_from(["50", "5000"])),
    st.builds(Action, st.just("insurance_pc"), st.sampled_from(["10", "100"])),
    st.builds(Action, st.just("set_number_of_parcels"), st.sampled_from(["1", "2", "3"])),
    st.builds(Action, st.just("set_customer_email"), st.just("shop@example.com")),
    st.builds(Action, st.just("set_item_hs_code"), st.just("340600")),
    st.builds(Action, st.just("set_item_weight"), st.sampled_from(["0.1", "3"])),
)
conditions = st.one_of(
    st.builds(Condition, st.just("weight"), st.sampled_from(["ge", "lt"]), st.sampled_from(["0.6", "1", "5"])),
    st.builds(Condition, st.just("to_country"), st.just("is"), st.sampled_from(["NL", "DE"])),
    st.builds(Condition, st.just("carrier"), st.just("is"), st.sampled_from(["ways", "postnl"])),
)
rules = st.lists(
    st.builds(
        Rule,
        id=st.integers(1, 10**6),
        name=st.sampled_from(["One", "Two"]),
        conditions=st.lists(conditions, max_size=2).map(tuple),
        actions=st.lists(actions, min_size=1, max_size=3).map(tuple),
        is_and=st.booleans(),
    ),
    max_size=5,
    unique_by=lambda rule: rule.id,
)
choices = st.builds(
    Choice,
    st.builds(ShipWith, st.none() | st.sampled_from(OPTIONS), st.none() | st.sampled_from([600, 601])),
    st.none() | st.just(18),
    st.none() | st.just(43),
    applies_rules=st.just(value=True),
)
orders = st.sampled_from(["ORDER-1", "ORDER-2", "ORDER-3"])
defaults = st.sampled_from(
    [
        {},
        {"insured_percentage": Decimal(10)},
        {"contract_id": 601, "insured_percentage": Decimal(100), "label_options": {"label_notes": ["Thank you"]}},
    ]
)


@pytest.fixture(scope="module")
def caller():
    with tempfile.TemporaryDirectory() as folder:
        caller = a_caller_with_ways(Path(folder), default_weight=kilograms("1.5"))
        germany = {**an_order()["shipping_address"], "country_code": "DE", "postal_code": "10115", "city": "Berlin"}
        more = {"order_id": "shop-3", "order_number": "ORDER-3", "shipping_address": germany}
        caller.store(
            an_order(),
            with_items(an_item(measurement=None), order_id="shop-2", order_number="ORDER-2"),
            with_items(an_item(), an_item(item_id="b", quantity=5), **more),
        )
        yield caller


def put(caller, found):
    with caller.installation.database.write() as transaction:
        remove_all_rules(transaction, 1)
        add_rules(transaction, 1, found, NOW)


def outcome(ask, *arguments):
    """What comes of a decision: a draft, or an error's kind, field and message."""
    try:
        return ask(*arguments)
    except KolliError as error:
        return type(error), error.field, error.message


def decide(caller, context, choice, number):
    return decided(ShipOrder(70, choice, order_number=number), context).draft


def told(draft):
    """What the steps say each field is in the end."""
    fields = {}
    for step in draft.decision:
        if step.source != "rule" or step.before != step.after:  # else it says why a rule has changed nothing
            fields[step.field] = step.after
    return fields


@given(rules, choices, orders, defaults)
def test_the_steps_that_are_kept_give_what_is_shipped(caller, found, choice, number, more):
    put(caller, found)
    draft = outcome(decide, caller, with_defaults(caller, **more), choice, number)
    if not isinstance(draft, Draft):
        return

    fields = told(draft)

    final = {name: value for name, value in described(plan_of(draft)).items() if name in fields}
    assert final == {name: value for name, value in fields.items() if name in final}
    assert {"shipping_option_code", "contract_id", "sender_address_id", "brand_id"} <= fields.keys()
    assert {f"parcels.{place}.weight" for place in range(len(draft.boxes))} <= fields.keys()
    assert fields["brand_id"] == str(draft.brand_id)
    assert fields.get("insured_value") == (str(draft.insured_value) if draft.insured_value else None)


@given(rules, choices, orders, defaults)
def test_each_step_begins_where_the_one_before_has_ended(caller, found, choice, number, more):
    put(caller, found)
    draft = outcome(decide, caller, with_defaults(caller, **more), choice, number)
    if not isinstance(draft, Draft):
        return

    fields: dict[str, str | None] = {}
    for step in draft.decision:
        if step.before == step.after or step.field.startswith("items."):
            continue  # it has changed nothing, or something that the order brings
        assert step.before == fields.get(step.field) or step.field in {"number_of_parcels", "recipient.email"}, step
        fields[step.field] = step.after


@given(rules, choices, orders, defaults)
def test_a_dry_run_decides_what_the_real_call_decides(caller, found, choice, number, more):
    put(caller, found)
    context = with_defaults(caller, **more)

    real = outcome(decide, caller, context, choice, number)
    dry = preview(ShipOrder(70, choice, order_number=number), context)

    if isinstance(real, Draft):
        assert (dry.draft, dry.errors) == (real, ())
    else:
        assert [(type(error), error.field, error.message) for error in dry.errors] == [real]


def mixed(found, others, data):
    """The rules, with others among them that never hold."""
    mixed = [*found]
    for rule in others:
        never = replace(rule, id=rule.id + 10**7, conditions=NEVER, is_and=True)
        mixed.insert(data.draw(st.integers(0, len(mixed))), never)
    return mixed


@given(rules, rules, st.data(), st.tuples(choices, orders))
def test_a_rule_that_does_not_hold_changes_nothing(caller, found, others, data, asked):
    put(caller, found)
    without = outcome(decide, caller, caller.context, *asked)
    put(caller, mixed(found, others, data))

    assert outcome(decide, caller, caller.context, *asked) == without


@given(rules, choices, orders, defaults)
def test_a_decision_is_the_same_each_time(caller, found, choice, number, more):
    put(caller, found)
    context = with_defaults(caller, **more)

    assert outcome(decide, caller, context, choice, number) == outcome(decide, caller, context, choice, number)


@given(rules, choices, orders, defaults)
def test_what_was_known_before_the_rules_can_be_worked_out_of_the_steps(caller, found, choice, number, more):
    put(caller, found)
    context = with_defaults(caller, **more)
    draft = outcome(decide, caller, context, choice, number)
    put(caller, [])
    before = outcome(decide, caller, context, replace(choice, applies_rules=False), number)
    if not (isinstance(draft, Draft) and isinstance(before, Draft)):
        return
    with caller.installation.database.read() as transaction:
        order = get_order(transaction, 1, draft.order_id or 0)

    plan = subject_before_rules(draft, order).plan

    was, known = described(plan_of(before)), described(plan)
    same = ("shipping_option_code", "number_of_parcels", "parcels.0.weight", "parcels.0.dimensions", "recipient.email")
    assert {name: known.get(name) for name in same} == {name: was.get(name) for name in same}
