"""What is wrong with a rule is said with its place; what is right is nothing."""

import pytest

from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS
from kolli.rules.model import LONGEST_VALUE, Action, Condition
from kolli.rules.validation import Known, checked, normalised, problems
from tests.factories import a_rule

KNOWN = Known(
    carriers={"postnl": "PostNL", "dpd": "DPD"},
    shipping_options={"postnl:standard": "PostNL Standard", "dpd:home": "DPD Home"},
    contracts={"517": "Ours", "600": "Other"},
    sender_addresses={"17": "Lumen & Was"},
    integrations={"70": "Shop"},
    carrier_of_option={"postnl:standard": "postnl", "dpd:home": "dpd"},
    carrier_of_contract={"517": "postnl", "600": "dpd"},
)

DO = "set_weight 2"


def places(rule, known=KNOWN):
    return [problem.field for problem in problems(rule, known)]


@pytest.mark.parametrize(
    "rule",
    [
        a_rule(DO),
        a_rule("ship_with postnl:standard", "use_contract 517", when=["carrier in postnl, dpd"]),
        a_rule("ship_with_address 17", when=["integration is 70", "payment_status is Wacht op betaling"]),
        a_rule(DO, when=["to_country in nl, BE", "company_name is ", "weight ge 0"]),
        a_rule(DO, when=["postal_code in " + ", ".join(map(str, range(1000, 1500)))]),
        a_rule(DO, name="x" * 100),
    ],
)
def test_a_rule_can_be_right(rule):
    assert problems(rule, KNOWN) == []


@pytest.mark.parametrize(
    ("rule", "place"),
    [
        (a_rule(DO, name=""), "name"),
        (a_rule(DO, name=" "), "name"),
        (a_rule(DO, name="x" * 101), "name"),
        (a_rule(DO, name="a\x00b"), "name"),
        (a_rule(), "actions"),
        (a_rule(*["set_weight 2"] * 51), "actions"),
        (a_rule(DO, when=["weight ge 1"] * 101), "criteria.conditions"),
        (a_rule(DO, when=["weight ge 1", "wieght ge 1"]), "criteria.conditions.1.property"),
        (a_rule(DO, when=["weight contains 1"]), "criteria.conditions.0.operator"),
        (a_rule(DO, when=["payment_status in a,b"]), "criteria.conditions.0.operator"),
        (a_rule(DO, when=["weight ge NaN"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["weight ge 1e30"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["weight ge -1"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["weight ge 2 kg"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["weight ge "]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["item_name contains  "]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["postal_code in , ,"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["phone_number contains -"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["phone_number in -, /"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["phone_number is ()"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["to_country is ß"]), "criteria.conditions.0.compare_to"),
        (a_rule("set_item_origin_country ß"), "actions.0.value"),
        (a_rule(DO, when=["item_name is a\nb"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["item_name is " + "x" * (LONGEST_VALUE + 1)]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["item_name is " + "x" * 1_500 + "\u202e"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["to_country is XX"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["to_country in NL, XX"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["to_country is "]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["carrier is nobody"]), "criteria.conditions.0.compare_to"),
        (a_rule(DO, when=["integration is 71"]), "criteria.conditions.0.compare_to"),
        (a_rule("explode 1"), "actions.0.identifier"),
        (a_rule(DO, "insurance -5"), "actions.1.value"),
        (a_rule("ship_with nobody:nothing"), "actions.0.value"),
        (a_rule("use_contract 9999"), "actions.0.value"),
        (a_rule("ship_with_address 18"), "actions.0.value"),
        (a_rule("set_item_origin_country ZZ"), "actions.0.value"),
        (a_rule("set_customs_notes " + "x" * (LONGEST_VALUE + 1)), "actions.0.value"),
        (a_rule("set_weight 2", "insurance 5", "set_weight 3"), "actions.2.identifier"),
        (a_rule("insurance_pc 5", "insurance 5"), "actions.1.identifier"),
        (a_rule("use_contract 600", "ship_with postnl:standard"), "actions.0.value"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(rule, place):
    assert places(rule) == [place]


def test_everything_that_is_wrong_is_said_at_once():
    rule = a_rule("explode 1", "set_weight 0", name="", when=["weight ge x", "nonsense is 1"])

    assert places(rule) == [
        "name",
        "criteria.conditions.0.compare_to",
        "criteria.conditions.1.property",
        "actions.0.identifier",
        "actions.1.value",
    ]


def test_actions_that_contradict_each_other_are_told_of_also_where_a_condition_is_wrong():
    rule = a_rule("set_weight 2", "set_weight 3", when=["weight ge x"])

    assert places(rule) == ["criteria.conditions.0.compare_to", "actions.1.identifier"]


def test_a_message_says_which_value_is_wrong_and_what_to_do():
    (foreign,) = problems(a_rule("use_contract 9999"), KNOWN)
    (other,) = problems(a_rule("ship_with postnl:standard", "use_contract 600"), KNOWN)
    (twice,) = problems(a_rule("set_weight 2", "set_weight 3"), KNOWN)

    assert str(foreign) == "actions.0.value: '9999' is no contract of this account. There are: 517, 600."
    assert other.message == (
        "The contract 600 is one with dpd, and postnl:standard belongs to postnl. Name a contract with postnl."
    )
    assert twice.message == "'Set weight' stands here twice (actions.0), and only one of them can count. Remove one."


def test_a_text_of_which_nothing_is_compared_is_refused_because_every_text_contains_it():
    (problem,) = problems(a_rule(DO, when=["phone_number contains -"]), KNOWN)

    assert problem.message.startswith("Nothing of '-' is compared: The phone number of the recipient. Spaces, hyphens")


def test_a_message_names_no_more_possibilities_than_one_reads():
    many = Known(shipping_options={f"a:{number}": "" for number in range(500)})

    (problem,) = problems(a_rule("ship_with b"), many)

    assert problem.message.endswith("a:19 and 480 more.")
    assert problems(a_rule("ship_with b"), Known())[0].message.endswith("There is none yet.")


def test_a_stored_rule_says_that_what_it_refers_to_has_gone():
    rule = a_rule("use_contract 517")

    assert checked(rule, KNOWN) is rule
    assert checked(rule, Known()).is_invalid
    assert not checked(checked(rule, Known()), KNOWN).is_invalid


def test_a_rule_is_stored_with_countries_in_capitals_and_without_spaces():
    rule = a_rule("set_item_origin_country de ", when=["to_country in nl, be", "item_name is  Candle "], name=" A ")

    tidy = normalised(rule)

    assert tidy.name == "A"
    assert tidy.conditions == (Condition("to_country", "in", "NL, BE"), Condition("item_name", "is", "Candle"))
    assert tidy.actions == (Action("set_item_origin_country", "DE"),)


def test_what_is_not_known_is_left_as_it_is():
    rule = a_rule("explode x", when=["nonsense is nl"])

    assert normalised(rule) == rule


def test_every_list_of_possibilities_is_there():
    of_conditions = [entry.choices for entry in CONDITIONS.values()]
    of_actions = [entry.choices for entry in ACTIONS.values()]
    lists = [choices for choices in (*of_conditions, *of_actions) if choices is not None]

    possibilities = {choices: KNOWN.possibilities(choices) for choices in lists}

    assert set(possibilities) == {
        "carriers", "countries", "integrations", "payment_statuses", "contracts", "sender_addresses", "shipping_options"
    }  # fmt: skip
    assert all(possibilities.values())
    assert possibilities["countries"]["NL"] == "Netherlands"
