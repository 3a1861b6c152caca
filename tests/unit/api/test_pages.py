"""Cursors and page links."""

from base64 import b64encode

import pytest
from starlette.datastructures import QueryParams

from kolli.api.errors import Rejected
from kolli.api.pages import Cursor, link_header, neighbours, read_page_size


def encoded(text):
    return b64encode(text.encode("latin-1")).decode()


def test_the_documented_cursor_is_understood():
    """Source: parameter `cursor` of the order list: `r=1&p=300` is `cj0xJnA9MzAw`."""
    assert Cursor.parse("cj0xJnA9MzAw") == Cursor(("300",), backwards=True)


def test_a_cursor_is_written_as_documented():
    assert str(Cursor(("300",), backwards=True)) == "cj0xJnA9MzAw"


@pytest.mark.parametrize("text", ["cD0xMA==", "cD0xMA=", "cD0xMA"])
def test_padding_may_be_missing(text):
    assert Cursor.parse(text) == Cursor(("10",))


@pytest.mark.parametrize("text", ["cD1+fn5+fg==", "cD1-fn5-fg==", "cD1 fn5 fg=="])
def test_symbols_of_either_alphabet_mean_the_same(text):
    """A plus sign that nobody has percent-encoded arrives as a space."""
    assert Cursor.parse(text) == Cursor(("~~~~~",))


@pytest.mark.parametrize("text", [None, ""])
def test_no_cursor_is_the_first_page(text):
    assert Cursor.parse(text) == Cursor()


def test_a_position_may_have_several_parts_and_any_characters():
    cursor = Cursor(("31", "A&=+ ö/1", ""), offset=4)

    assert Cursor.parse(str(cursor)) == cursor


def test_no_cursor_passes_over_more_than_a_thousand_entries():
    assert Cursor.parse(encoded("o=99999999")) == Cursor(offset=1_000)


@pytest.mark.parametrize(
    "text",
    [
        "no cursor",
        "!",
        "ü",
        "abc",
        *map(encoded, ["p", "x=1", "r=2", "o=-1", "o=1.5", "o=1&o=2", "\xff\xfe", "o=" + "9" * 5_000]),
    ],
)
def test_a_cursor_that_leads_nowhere_is_answered_as_documented(text):
    """Source: Orders, "Retrieve a list of orders", answer 404."""
    with pytest.raises(Rejected) as caught:
        Cursor.parse(text)

    assert (caught.value.status, caught.value.problems) == (
        404,
        [{"status": "404", "code": "not_found", "title": "Invalid cursor", "detail": "Invalid cursor"}],
    )


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("200", 200), ("201", 200), ("0", 1), ("-5", 1), (None, 100), ("", 100), ("many", 100), ("2.5", 100)],
)
def test_a_page_size_is_brought_within_its_bounds(text, size):
    assert read_page_size(text, usual=100, largest=200) == size


def test_a_page_in_the_middle_has_both_neighbours():
    positions = [("A", 9), ("A", 7), ("B", 8)]

    found = neighbours(positions, more_before=True, more_behind=True)

    assert found == (Cursor(("A", "9"), backwards=True), Cursor(("B", "8")))


def test_an_only_page_has_no_neighbours():
    assert neighbours([(1,)], more_before=False, more_behind=False) == (None, None)


def test_an_empty_page_leads_back_to_where_there_is_something():
    found = neighbours([], more_before=True, more_behind=True)

    assert found == (Cursor(backwards=True), Cursor())


def test_links_keep_the_other_parameters_and_replace_the_cursor():
    query = QueryParams("status=on hold&cursor=cD0x&page_size=2")

    headers = link_header("https://kolli.test/orders", query, Cursor(("3",), backwards=True), Cursor(("2",)))

    assert headers == {
        "Link": '<https://kolli.test/orders?status=on+hold&page_size=2&cursor=cD0y>; rel="next", '
        '<https://kolli.test/orders?status=on+hold&page_size=2&cursor=cj0xJnA9Mw%3D%3D>; rel="prev"'
    }


def test_without_neighbours_there_is_no_header():
    assert link_header("https://kolli.test/orders", QueryParams(""), None, None) == {}
