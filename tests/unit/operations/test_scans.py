"""What a scanner has typed: the numbers it may hold, and what an unknown code looks like."""

import pytest

from kolli.operations.scans import has_check_digit, looks_like, texts_of

FNC1 = "\x1d"


@pytest.mark.parametrize(
    ("scanned", "meant"),
    [
        ("ORDER-1", "ORDER-1"),
        ("  ORDER-1\t", "ORDER-1"),
        ("#1001", "#1001"),
        ("#1001", "1001"),
        ("1001", "#1001"),
        ("]C0ORDER-1", "ORDER-1"),
        ("]Q3400ORDER-1", "ORDER-1"),
        (f"]C1400ORDER-1{FNC1}10A1", "ORDER-1"),
        (f"]C110A1{FNC1}400ORDER-1", "ORDER-1"),
        ("(400)ORDER-1", "ORDER-1"),
        ("(01)04012345678901(400)ORDER-1", "ORDER-1"),
        ("(00)340123450000000012", "340123450000000012"),
    ],
)
def test_a_number_is_found_in_whatever_a_scanner_makes_of_it(scanned, meant):
    assert meant in texts_of(scanned)


def test_what_was_typed_comes_first():
    assert texts_of("#1001")[0] == "#1001"


def test_a_number_that_only_looks_like_gs1_is_left_whole():
    assert texts_of("400123") == ["400123", "#400123"]


@pytest.mark.parametrize("scanned", ["", "  ", "#", "##", FNC1])
def test_nothing_means_nothing(scanned):
    assert texts_of(scanned) == []


@pytest.mark.parametrize(
    ("scanned", "kind"),
    [
        ("ORDER-77", "order"),
        ("1001", "order"),
        ("4006381333931", "article"),
        ("96385074", "article"),
        ("4006381333932", "misread"),
        ("%KOLLI%WEIGH%", "control"),
        ("kolli%reprint", "control"),
        ("RR123456785NL", "tracking"),
        ("3STEST0123456", "tracking"),
        ("00340123450000000012", "tracking"),
        ("x" * 201, "long"),
        ("]E04006381333931", "article"),
    ],
)
def test_an_unknown_code_is_told_by_its_kind(scanned, kind):
    assert looks_like(scanned) == kind


@pytest.mark.parametrize("digits", ["4006381333931", "96385074", "036000291452", "00012345600012"])
def test_check_digits_of_articles_are_known(digits):
    assert has_check_digit(digits)
    assert not has_check_digit(digits[:-1] + str((int(digits[-1]) + 1) % 10))
