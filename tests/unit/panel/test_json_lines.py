"""JSON laid out line by line: what it says is still the same, and each line knows what it is about."""

import json
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from kolli.api.pointing import walked
from kolli.panel.json_lines import Gap, Line, lines_of, lines_of_text, marked, shown

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inside: st.lists(inside) | st.dictionaries(st.text(), inside),
)


@given(ANY_JSON)
def test_what_is_laid_out_still_says_the_same(value):
    assert json.loads("\n".join(line.text for line in lines_of(value))) == value


@given(ANY_JSON)
def test_every_value_has_a_line_and_every_line_a_number(value):
    lines = lines_of(value)

    assert {line.place for line in lines} == {place for place, _ in walked(value)}
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))


def test_a_body_is_moved_in_level_by_level():
    lines = lines_of({"a": [1, {}], "b": Decimal("1.10")})

    assert [("  " * line.indent) + line.text for line in lines] == [
        "{",
        '  "a": [',
        "    1,",
        "    {}",
        "  ],",
        '  "b": 1.10',
        "}",
    ]


def test_what_cannot_be_seen_is_written_out():
    assert [line.text for line in lines_of("a\u202eb\u200b\x1b")] == ['"a\\u202eb\\u200b\\u001b"']
    assert [line.text for line in lines_of_text("a\u202eb\n\x1b[2J")] == ["a\\u202eb", "\\u001b[2J"]


def test_a_mark_is_on_all_lines_of_its_value():
    lines = marked(lines_of({"a": {"b": 1}, "c": 2}), [("1", ("a",)), ("2", ())])

    assert [line.marks for line in lines] == [("2",), ("1",), ("1",), ("1",), (), ()]


def test_a_long_body_is_shown_with_gaps_around_what_is_marked():
    lines = marked(lines_of(list(range(100))), [("1", (50,))])

    parts = shown(lines, most=3)

    assert [part.count if isinstance(part, Gap) else part.number for part in parts] == [
        *(1, 2, 3, 44, 48, 49, 50, 51, 52, 53, 54, 55, 56, 46)
    ]


def test_a_short_body_is_shown_as_a_whole():
    assert shown([Line(1, "1")]) == [Line(1, "1")]


def test_nothing_has_no_lines():
    assert (lines_of_text(""), shown([])) == ([], [])


def test_the_beginning_of_a_long_body_is_laid_out_as_far_as_it_goes():
    items = [{"name": f"a, b: {number} {{}}", "many": [1, 2]} for number in range(100)]
    text = json.dumps(items, separators=(",", ":"))[:1_200]

    lines = lines_of_text(text)

    assert [("  " * line.indent) + line.text for line in lines[:8]] == [
        "[",
        "  {",
        '    "name": "a, b: 0 {}",',
        '    "many": [',
        "      1,",
        "      2",
        "    ]",
        "  },",
    ]
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))


def test_a_very_long_line_is_cut():
    assert len(lines_of_text("a" * 50_000)[0].text) < 1_100
