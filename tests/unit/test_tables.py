"""CSV tables: what is read is what was written, and what is wrong is told by row and column."""

import io
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.errors import Invalid
from kolli.tables import (
    Mistake,
    choice_from,
    countries_from,
    countries_text,
    currency_from,
    number_from,
    positive_from,
    read_table,
    table_text,
    whole_from,
    words_of,
    write_table,
)
from kolli.values import EU_COUNTRIES

COLUMNS = ("name", "count", "note")


@pytest.fixture
def read(tmp_path):
    def read(text, **changes):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_table(path, COLUMNS, ("name",), most_rows=changes.get("most_rows", 10))

    return read


def test_rows_are_read_by_the_names_of_columns(read):
    rows = read("Name , count\n Van ,3\n\nBike,\n")

    assert [(row.number, dict(row.cells)) for row in rows] == [
        (2, {"name": "Van", "count": "3"}),
        (4, {"name": "Bike", "count": ""}),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "name;count\nVan;3\n",
        "name\tcount\nVan\t3\n",
        "\ufeffname,count\r\nVan,3\r\n",
        "name,count\rVan,3\r",
        "name,count,,\nVan,3,,\n,,,\n",
        "name,count,, \nVan,3\n",
    ],
)
def test_the_files_of_spreadsheets_are_read(read, text):
    (row,) = read(text)

    assert dict(row.cells) == {"name": "Van", "count": "3"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no column name"),
        ("count\n3\n", "has no column name"),
        ("name,colour\n", "has the column 'colour', which is not known"),
        ("name,name\n", "has a column twice"),
        (b"name\nVan\xe9\n", "is not in UTF-8"),
        ('name\n"Van\n', "is no CSV file"),
        ("name\n" + "Van\n" * 11, "has more than 10 rows"),
    ],
)
def test_what_is_no_such_table_is_refused(read, text, message):
    with pytest.raises(Invalid, match=message):
        read(text)


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(Invalid, match="No such file"):
        read_table(tmp_path / "nothing.csv", COLUMNS, (), most_rows=1)


@pytest.mark.parametrize(
    ("line", "mistake"),
    [
        ("Van,3,,5", "row 2: It has 4 columns, and the header has 3."),
        ("Van", "row 2: It has 1 columns, and the header has 3."),
        ("V\x07an,3,", "row 2, name: The character U+0007 cannot be printed. Leave it out."),
        (f"{'x' * 4001},3,", "row 2, name: It has 4001 characters; at most 4000 are read."),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_place(read, line, mistake):
    (row,) = read(f"name,count,note\n{line}\n")

    assert [str(found) for found in row.mistakes] == [mistake]


def test_an_empty_cell_is_the_default_and_a_bad_one_a_mistake(read):
    (row,) = read("name,count\nVan,many\n")

    found = (row.read("note", str, "none"), row.read("count", number_from, Decimal(1)), row.need("note", str))

    assert found == ("none", Decimal(1), None)
    assert row.mistakes == [
        Mistake(2, "count", "'many' is no number of 0 or more."),
        Mistake(2, "note", "It is empty, and has to be filled in."),
    ]


cells = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")) | st.just(" "), max_size=20).map(
    str.strip
)


@given(st.lists(cells.filter(bool), max_size=5))
def test_what_is_written_is_read_back_and_is_never_a_formula(tmp_path_factory, names):
    file = io.StringIO()

    write_table(file, COLUMNS, [{"name": name} for name in names])

    path = tmp_path_factory.mktemp("tables") / "table.csv"
    path.write_text(file.getvalue(), "utf-8")
    assert [row.text("name") for row in read_table(path, COLUMNS, (), most_rows=10)] == names
    assert not any(line.lstrip('"')[:1] in set("=+-@") for line in file.getvalue().splitlines())


@pytest.mark.parametrize(
    "text", ["Femke;=cmd|' /C calc'!A0", "a;'=1", "=1;+2", "a|@b", ";-1", "\uff1d1+1", "'", "''=", "a;'b", "don't; -1"]
)
def test_a_text_is_no_formula_either_where_a_spreadsheet_divides_columns_otherwise(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(table_text(COLUMNS, [{"name": text}]), "utf-8")

    parts = re.split("[;|,\n]", path.read_text("utf-8"))
    assert not any(part.lstrip('"')[:1] in {*"=+-@", "\uff1d"} for part in parts if part)
    assert [row.text("name") for row in read_table(path, COLUMNS, (), most_rows=1)] == [text]


@pytest.mark.parametrize(("text", "number"), [("0", "0"), ("12", "12"), ("0.50", "0.50"), ("007", "7")])
def test_numbers_are_exact(text, number):
    assert str(number_from(text)) == number


@pytest.mark.parametrize(
    ("parse", "text", "message"),
    [
        (number_from, "4,95", "Write the decimals behind a point: 4.95."),
        (number_from, "-1", "is no number of 0 or more"),
        (number_from, "NaN", "is no number"),
        (number_from, "Infinity", "is no number"),
        (number_from, "1e30", "is no number"),
        (number_from, "1_000", "is no number"),
        (number_from, "٣", "is no number"),
        (number_from, "1" * 13, "has more than 12 digits"),
        (number_from, "0.1234567", "more than 6 behind the point"),
        (positive_from, "0", "is not above 0"),
        (positive_from, "0.000", "is not above 0"),
        (whole_from, "1.5", "is no whole number"),
        (currency_from, "eur", "Write it in capital letters: EUR"),
        (currency_from, "DEM", "is no currency"),
        (currency_from, "€", "is no currency"),
        (countries_from, "nl", "Country codes have capital letters: NL"),
        (countries_from, "NL XX", "'XX' is no country"),
        (countries_from, "Netherlands", "is no country"),
        (choice_from(["kg", "g"]), "KG", "'KG' is none of kg, g"),
    ],
)
def test_what_a_cell_cannot_say_is_refused_with_its_value(parse, text, message):
    with pytest.raises(Invalid, match=message):
        parse(text)


@pytest.mark.parametrize(
    ("text", "countries"),
    [
        ("NL", {"NL"}),
        ("NL, BE;DE", {"NL", "BE", "DE"}),
        ("EU CH", {*EU_COUNTRIES, "CH"}),
        ("*", None),
    ],
)
def test_countries_are_a_list_in_one_cell(text, countries):
    assert countries_from(text) == countries


@pytest.mark.parametrize("countries", [None, frozenset({"NL", "BE"}), EU_COUNTRIES, EU_COUNTRIES | {"CH"}])
def test_countries_are_written_as_they_are_read(countries):
    text = countries_text(countries)

    assert (countries_from(text) if text else None) == countries


def test_words_are_divided_by_spaces_commas_and_semicolons():
    assert words_of(" a, b;c  d ") == ["a", "b", "c", "d"]
