import unicodedata
from itertools import pairwise

import pytest

from kolli.documents.fonts.characters import break_opportunities, is_refused, named, normalised


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("Mu\u0308ller", "Müller"),
        ("  Main   Street ", "Main Street"),
        ("Main\u00a0Street\u202f12", "Main Street 12"),
        ("東京\u3000タワー", "東京 タワー"),
        ("tab\tstays", "tab\tstays"),
    ],
)
def test_text_is_composed_and_its_spaces_are_plain(given, printed):
    assert normalised(given) == printed


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one", ["one"]),
        ("one two", ["one ", "two"]),
        ("Baden-Baden", ["Baden-", "Baden"]),
        ("12-14", ["12-14"]),
        ("東京都", ["東", "京", "都"]),
        ("「東京」。", ["「東", "京」。"]),
        ("タワー 2号", ["タ", "ワー ", "2", "号"]),
    ],
)
def test_a_line_may_break_where_readers_expect_it(text, lines):
    positions = [0, *break_opportunities(text), len(text)]

    assert [text[start:end] for start, end in pairwise(positions)] == lines


@pytest.mark.parametrize(
    "char",
    [
        "\n",
        "\t",
        "\x1e",
        "\x7f",
        "\u200b",
        "\u200f",
        "\u202e",
        "\u2066",
        "\ufeff",
        "\ue000",
        "\ud800",
        "\u0378",
        "😀",
        "א",
        "ع",
        "\ufe0f",
    ],
)
def test_what_does_not_belong_on_paper_is_refused(char):
    assert is_refused(char)


def test_no_ordinary_letter_is_refused():
    letters = [chr(code) for code in range(0x0021, 0x0530) if unicodedata.category(chr(code))[0] in "LNP"]

    assert [char for char in letters if is_refused(char)] == []


def test_a_character_is_named_by_code_point_even_if_it_has_no_name():
    assert named("é") == "U+00E9 (LATIN SMALL LETTER E WITH ACUTE)"
    assert named("\x1e") == "U+001E"


def test_a_long_reference_may_end_a_line_behind_a_hyphen_and_a_number_may_not():
    assert list(break_opportunities("7bdd5bfd-76bc-4654-9d40")) == [9, 14, 19]
    assert list(break_opportunities("00-049")) == []
    assert list(break_opportunities("1000-205")) == []
