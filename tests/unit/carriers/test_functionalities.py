"""The functionalities of shipping options: every name, and the values each can have."""

import pytest

from kolli.carriers.functionalities import FLAGS, NOTHING_DECLARED, NUMBERS, TIMES, WORDS, completed, problem_with


def test_an_option_that_declares_nothing_has_no_flag_and_knows_nothing_else():
    assert {name for name, value in NOTHING_DECLARED.items() if value is False} == FLAGS
    assert {name for name, value in NOTHING_DECLARED.items() if value is None} == NUMBERS | WORDS.keys() | TIMES


def test_no_functionality_is_of_two_kinds():
    assert len(NOTHING_DECLARED) == len(FLAGS) + len(NUMBERS) + len(WORDS) + len(TIMES)


@pytest.mark.parametrize("name", sorted(FLAGS))
def test_a_flag_is_true_or_false_and_nothing_else(name):
    assert [problem_with(name, value) for value in (True, False)] == [None, None]
    assert problem_with(name, None) == f"{name} is true or false, not None."
    assert problem_with(name, 1) == f"{name} is true or false, not 1."


@pytest.mark.parametrize("name", sorted(NUMBERS - {"age_check"}))
def test_a_number_is_whole_and_not_negative_or_is_not_known(name):
    assert [problem_with(name, value) for value in (0, 3000, None)] == [None, None, None]
    assert problem_with(name, -1) == f"{name} is a whole number, not -1."
    assert problem_with(name, True) == f"{name} is a whole number, not True."


def test_an_age_is_16_or_18():
    assert [problem_with("age_check", value) for value in (16, 18, None)] == [None, None, None]
    assert problem_with("age_check", 17) == "age_check is 16, 18 or nothing, not 17."


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, words in WORDS.items() for word in words])
def test_a_word_is_one_of_those_there_are(name, word):
    assert [problem_with(name, value) for value in (word, None)] == [None, None]
    assert problem_with(name, word.upper()) == f"{name} is {' or '.join(WORDS[name])}, not {word.upper()!r}."


@pytest.mark.parametrize(("time", "is_possible"), [("0000", True), ("2359", True), ("2400", False), ("9:00", False)])
def test_a_time_is_of_a_day(time, is_possible):
    assert (problem_with("delivery_before", time) is None) is is_possible


def test_what_is_declared_counts_and_the_rest_is_filled_in():
    assert completed({"signature": True}) == {**NOTHING_DECLARED, "signature": True}


def test_an_unknown_name_and_an_impossible_value_are_mistakes():
    with pytest.raises(ValueError, match=r"no functionality 'signatur'\. age_check is 16, 18 or nothing, not 17\."):
        completed({"signatur": True, "age_check": 17})
