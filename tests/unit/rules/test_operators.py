"""How conditions compare, and that no pattern keeps a server busy."""

import time
from decimal import Decimal

import pytest

from kolli.rules.operators import CHOICES, NUMBERS, OPERATORS, TEXTS, folded, pattern_test


@pytest.mark.parametrize(
    ("operator", "holds_for"),
    [
        ("eq", ["5", "5.0"]),
        ("ne", ["4.99", "5.01"]),
        ("lt", ["4.99"]),
        ("le", ["4.99", "5", "5.0"]),
        ("gt", ["5.01"]),
        ("ge", ["5", "5.0", "5.01"]),
    ],
)
def test_numbers_are_compared_exactly(operator, holds_for):
    test = OPERATORS[operator].made_ready(Decimal(5))

    assert [number for number in ("4.99", "5", "5.0", "5.01") if test(Decimal(number))] == holds_for


@pytest.mark.parametrize(
    ("one", "other"),
    [("Cafe\u0301", "caf\u00e9"), ("STRASSE", "straße"), (" ΣΊΣΥΦΟΣ", "σίσυφος "), ("\u212b", "å")],
    ids=["a combining accent", "sharp s", "final sigma", "the sign for angstrom"],
)
def test_texts_that_look_the_same_are_the_same(one, other):
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("operator", "holds_for"),
    [
        ("is", ["ab"]),
        ("is_not", ["abc", "cab", "", "x"]),
        ("contains", ["ab", "abc", "cab"]),
        ("not_contains", ["", "x"]),
        ("starts_with", ["ab", "abc"]),
        ("ends_with", ["ab", "cab"]),
        ("pattern", ["ab"]),
    ],
)
def test_texts_are_compared_as_wholes_or_parts(operator, holds_for):
    test = OPERATORS[operator].made_ready("ab")

    assert [text for text in ("ab", "abc", "cab", "", "x") if test(text)] == holds_for


def test_several_texts_are_compared_with_each():
    assert OPERATORS["in"].made_ready(frozenset({"a", "b"}))("b")
    assert not OPERATORS["in"].made_ready(frozenset({"a", "b"}))("c")
    assert OPERATORS["not_in"].made_ready(frozenset({"a", "b"}))("c")
    assert not OPERATORS["not_in"].made_ready(frozenset({"a", "b"}))("a")


def test_every_operator_is_one_for_numbers_or_for_texts():
    assert {*NUMBERS, *TEXTS} == set(OPERATORS)
    assert set(CHOICES) <= set(TEXTS)
    assert {identifier for identifier, entry in OPERATORS.items() if entry.is_for_numbers} == set(NUMBERS)


def test_operators_are_known_by_names_that_differ():
    names = {name.casefold() for entry in OPERATORS.values() for name in (entry.identifier, entry.name)}
    signs = [sign for entry in OPERATORS.values() for sign in entry.other_names]

    assert len({*names, *signs}) == len(names) + len(signs)


def test_letter_case_is_folded_as_unicode_says():
    assert folded("  STRASSE ") == folded("straße")


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", ""),
        ("*", ""),
        ("*", "anything"),
        ("***", "x"),
        ("10*", "1012gj"),
        ("*gj", "1012gj"),
        ("1?1*", "1012gj"),
        ("*12*", "1012gj"),
        ("a*b*c", "aXbXbXc"),
        ("?", "é"),
        ("a*", "a"),
        ("*a*a", "aa"),
    ],
)
def test_a_pattern_matches_the_whole_text(pattern, text):
    assert pattern_test(pattern)(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("", "x"),
        ("?", ""),
        ("??", "a"),
        ("10*", "2010"),
        ("a*b", "abc"),
        ("*a*a*a", "aa"),
        ("a?c", "ac"),
        ("[ab]", "a"),
        (".", "a"),
    ],
)
def test_a_pattern_does_not_match_anything_else(pattern, text):
    assert not pattern_test(pattern)(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 2_000 + "b", "a" * 100_000),
        ("*?a" * 1_300 + "b", "a" * 100_000),
        ("*" * 4_000 + "b", "a" * 100_000),
        ("a*" * 2_000, "a" * 1_999 + "b" * 100_000),
        ("*" + "a" * 1_999 + "b", "a" * 100_000),
        ("?" * 4_000, "a" * 100_000),
        ("*" + "?" * 2_000 + "b*", "a" * 100_000),
    ],
)
def test_no_pattern_keeps_a_server_busy(pattern, text):
    """With regular expressions the first of these takes longer than the universe has been there."""
    began = time.process_time()
    matched = pattern_test(pattern)(text)
    seconds = time.process_time() - began

    assert not matched
    assert seconds < 2
