"""Events in CSV files: which files are read, and how what is wrong with a row is told."""

from datetime import UTC, datetime

import pytest

from kolli.errors import Invalid
from kolli.shipments.model import ParcelStatus
from kolli.shipments.tracking import Event
from kolli.shipments.tracking_csv import COLUMNS, LONGEST_NUMBER, Row, read_events
from kolli.tables import LONGEST_TEXT, Mistake

HEADER = "tracking_number,status,at,description,city,country"
GOOD = "SC1,DELIVERED,2026-11-24T14:05:00+01:00,At the door,Utrecht,NL"
EVENT = Event(
    ParcelStatus.DELIVERED,
    datetime(2026, 11, 24, 13, 5, tzinfo=UTC),
    "person",
    "At the door",
    {"city": "Utrecht", "country": "NL"},
)


@pytest.fixture
def read(tmp_path):
    """Reads a file with this content."""

    def read(content):
        path = tmp_path / "events.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read_events(path))

    return read


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{GOOD}\n",
        f"{HEADER}\r\n{GOOD}\r\n",
        f"\ufeff{HEADER}\n{GOOD}",
        f"{HEADER}\n{GOOD}\n".replace(",", ";"),
        f"{HEADER}\n{GOOD}\n".replace(",", "\t"),
        f'{HEADER}\n"SC1","DELIVERED","2026-11-24T13:05:00Z","At the door","Utrecht","nl"\n',
        f"{HEADER}\n S C 1 ,delivered, 2026-11-24 13:05 ,At the door, Utrecht ,NL\n",
        f"{HEADER}\nSC1,11,2026-11-24T13:05,At the door,Utrecht,NL\n",
        "Country;City;Description;At;Status;Tracking_Number\nNL;Utrecht;At the door;2026-11-24 13:05;Delivered;SC1",
        f"{HEADER}\n{GOOD}\n\n,,,,,\n",
    ],
    ids=["plain", "crlf", "mark", "semicolons", "tabs", "quotes", "spaces", "number", "other order", "empty rows"],
)
def test_files_are_read_as_programs_write_them(read, content):
    assert read(content) == [Row(2, "SC1", "", EVENT)]


def test_only_three_columns_are_needed(read):
    assert read("tracking_number,status,at\nSC1,DELIVERED,2026-11-24") == [
        Row(2, "SC1", "", Event(ParcelStatus.DELIVERED, datetime(2026, 11, 24, tzinfo=UTC), "person"))
    ]


def test_quotes_keep_separators_and_line_ends_of_other_rows_apart(read):
    rows = read(f'{HEADER}\nSC1,DELIVERED,2026-11-24,"Left, with a neighbour",,\nSC2,NOPE,2026-11-24,,,\n')

    assert rows[0].event.description == "Left, with a neighbour"
    assert (rows[1].number, rows[1].column) == (3, "status")


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        (",DELIVERED,2026-11-24,,,", "tracking_number", "1 to 255 characters"),
        (f"{'1' * (LONGEST_NUMBER + 1)},DELIVERED,2026-11-24,,,", "tracking_number", "1 to 255 characters"),
        ("SC1,,2026-11-24,,,", "status", "'' is no status"),
        ("SC1,ARRIVED,2026-11-24,,,", "status", "'ARRIVED' is no status. Use a code such as DELIVERED"),
        ("SC1,DELIVERED,,,,", "at", "'' is no time. Write it as 2026-11-24T14:05:00+01:00."),
        ("SC1,DELIVERED,24-11-2026,,,", "at", "'24-11-2026' is no time"),
        ("SC1,DELIVERED,20261124,,,", "at", "'20261124' is no time"),
        ("SC1,DELIVERED,2026-13-01,,,", "at", "'2026-13-01' is no time"),
        ("SC1,DELIVERED,0001-01-01T00:00+14:00,,,", "at", "is no time"),
        ("SC1,DELIVERED,2026-11-24,a\x1bb,,", "description", "U+001B cannot be printed"),
        (f"SC1,DELIVERED,2026-11-24,{'x' * (LONGEST_TEXT + 1)},,", "description", "has 1001 characters"),
        ("SC1,DELIVERED,2026-11-24,,a\u202eb,", "city", "U+202E cannot be printed"),
        ("SC1,DELIVERED,2026-11-24,,,Holland", "country", "'HOLLAND' is no country"),
        ("SC1,DELIVERED,2026-11-24", "", "It has 3 columns, and the header has 6."),
        (f"{GOOD},NL", "", "It has 7 columns"),
    ],
)
def test_what_is_wrong_with_a_row_is_told_with_its_number_and_column(read, row, column, words):
    (found,) = read(f"{HEADER}\n{row}\n")

    assert isinstance(found, Mistake)
    assert (found.number, found.column) == (2, column)
    assert words in str(found)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "has no column tracking_number, status, at"),
        ("SC1,DELIVERED,2026-11-24\n", "The first row has to name the columns"),
        ("tracking_number,status\n", "has no column at"),
        (f"{HEADER},discription\n", "'discription', which is not known"),
        (f"{HEADER},city\n", "has a column twice"),
        (f"{HEADER}\nSC1,DELIVERED,2026-11-24,Z\xfcrich,,\n".encode("latin-1"), "is not in UTF-8"),
        (f'{HEADER}\n"SC1', "is no CSV file"),
        (f"{HEADER}\n{'x' * 200_000}", "is no CSV file"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_as_a_whole(read, content, words):
    with pytest.raises(Invalid, match=words):
        read(content)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Invalid, match=r"none\.csv: No such file"):
        list(read_events(tmp_path / "none.csv"))


def test_every_column_is_tried_above_or_below():
    assert set(COLUMNS) == {*HEADER.split(","), "carrier"}


def test_a_column_may_name_the_carrier(read):
    (row,) = read("tracking_number,status,at,carrier\nSC1,DELIVERED,2026-11-24,dhl\n")

    assert row.carrier_code == "dhl"
