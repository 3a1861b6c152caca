"""Rules in files: read whole or not at all, with the row and the column of each mistake."""

import pytest

from kolli.errors import Invalid, TooLarge
from kolli.rules.model import Action, Condition
from kolli.rules.rules_csv import COLUMNS, LARGEST_FILE, columns_for, read_rules, rule_rows
from kolli.rules.validation import Known
from kolli.tables import write_table
from tests.factories import a_rule

KNOWN = Known(shipping_options={"a:b": "AB"}, carriers={"a": "A"}, carrier_of_option={"a:b": "a"})
HEADER = ",".join(COLUMNS)


@pytest.fixture
def read(tmp_path):
    """Reads the rules of these lines below the usual header."""

    def read(*lines, header=HEADER):
        path = tmp_path / "rules.csv"
        path.write_text("\n".join([header, *lines]) + "\n", "utf-8")
        return read_rules(path, KNOWN)

    return read


def mistakes(read):
    return [str(mistake) for mistake in read.mistakes]


def test_each_row_holds_a_condition_and_an_action(read):
    found = read(
        "Heavy,and,Weight (kg),Greater than,10,Ship with,a:b",
        "Heavy,and,To country,Is,nl,,",
        "Gifts,or,Item name,contains,gift,Set Item HS Code,6205.20",
        "Gifts,or,,,,Insure shipment value by %,50",
    )

    assert found.mistakes == ()
    assert found.rules == (
        a_rule("ship_with a:b", when=["weight gt 10", "to_country is NL"], name="Heavy", rule_id=0),
        a_rule(
            "set_item_hs_code 6205.20",
            "insurance_pc 50",
            when=["item_name contains gift"],
            name="Gifts",
            is_and=False,
            rule_id=0,
        ),
    )


def test_names_identifiers_and_signs_are_read_in_any_letter_case(read):
    found = read(
        "A,,WEIGHT,≥,1,SET_WEIGHT,2",
        ",,weight (KG),less or EQUAL than,5,,",
        ",,Dynamic checkout method,is not,x,,",
    )

    assert found.rules[0].conditions == (
        Condition("weight", "ge", "1"),
        Condition("weight", "le", "5"),
        Condition("checkout_delivery_method", "is_not", "x"),
    )
    assert found.rules[0].actions == (Action("set_weight", "2"),)


def test_an_empty_row_divides_rules_of_the_same_name(read):
    found = read("A,,,,,Set weight,2", ",,,,,,", "A,,,,,Set weight,3")

    assert [rule.actions[0].value for rule in found.rules] == ["2", "3"]


def test_a_rule_can_be_inactive(read):
    found = read("A,,,,,Set weight,2,no", "B,,,,,Set weight,2,Yes", "C,,,,,Set weight,2,", header=f"{HEADER},Active")

    assert [rule.is_active for rule in found.rules] == [False, True, True]


def test_every_mistake_is_named_with_row_and_column(read):
    found = read(
        "Heavy,and,Wieght,ge,10,Ship with,a:b",
        "Other,and,Weight (kg),ge,NaN,Ship with,x:y",
        "Other,or,To country,is,XX,,",
        "Third,perhaps,To country,contains,N,Set weight,0",
        "Fourth,,,is,NL,,5",
        "Fifth,,,,,,",
        ",,,,,Set weight,2",
        "",
        ",and,,,,Set weight,2",
    )

    assert [mistake.split(": ")[0] for mistake in mistakes(found)] == [
        "row 2, condition",
        "row 3, condition value",
        "row 3, action value",
        "row 4, condition and or",
        "row 4, condition value",
        "row 5, condition and or",
        "row 5, operator",
        "row 5, action value",
        "row 6, condition",
        "row 6, action",
        "row 7",
        "row 10, rule name",
    ]


def test_a_rule_without_an_action_is_a_mistake(read):
    assert mistakes(read("A,,Weight (kg),gt,1,,")) == [
        "row 2, action: A rule without actions changes nothing. Give it one."
    ]


@pytest.mark.parametrize("header", [HEADER.replace("Operator", "Compare"), "x", f"{HEADER},Colour"])
def test_a_file_with_other_columns_is_refused(read, header):
    with pytest.raises(Invalid, match=r"has (no|the) column"):
        read(header=header)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path):
    path = tmp_path / "rules.csv"
    path.write_bytes(b"x" * (LARGEST_FILE + 1))

    with pytest.raises(TooLarge, match="at most 5 MB are read"):
        read_rules(path, KNOWN)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Invalid, match="No such file"):
        read_rules(tmp_path / "rules.csv", KNOWN)


def test_a_file_with_more_rules_than_an_account_may_have_is_refused(read):
    with pytest.raises(Invalid, match="has 5,001 rules"):
        read(*[f"Rule {number},,,,,Set weight,2" for number in range(5_001)])


def test_a_file_of_active_rules_has_exactly_the_documented_columns(tmp_path):
    rules = [a_rule("set_weight 2", when=["postal_code starts_with +31", "nonsense what 1"], name="=1+1")]

    with (tmp_path / "rules.csv").open("w", encoding="utf-8") as file:
        write_table(file, columns_for(rules), rule_rows(rules))

    assert (tmp_path / "rules.csv").read_text("utf-8").splitlines() == [
        HEADER,
        "'=1+1,and,Postal code,Starts with,'+31,Set weight,2",
        "'=1+1,and,nonsense,what,1,,",
    ]
    assert columns_for([a_rule("set_weight 2", is_active=False)]) == (*COLUMNS, "Active")
