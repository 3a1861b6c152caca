"""What is read out of a data file of service points, and what is said about mistakes in it."""

import json
from pathlib import Path

import pytest

import kolli.demo
from kolli.errors import Invalid
from kolli.service_points.files import COLUMNS, REQUIRED, read_points
from kolli.service_points.model import WEEKDAYS, KnownPoint
from kolli.tables import Mistake

ROW = {
    "carrier_service_point_id": "NL-1",
    "name": "Boekhandel",
    "street": "Markt",
    "house_number": "1",
    "postal_code": "5611 EM",
    "city": "Eindhoven",
    "country_code": "NL",
    "latitude": "51.438022",
    "longitude": "5.478543",
}
POINT = KnownPoint(
    id=0,
    carrier_code="postnl",
    carrier_service_point_id="NL-1",
    name="Boekhandel",
    street="Markt",
    house_number="1",
    postal_code="5611 EM",
    city="Eindhoven",
    country_code="NL",
    latitude=51_438_022,
    longitude=5_478_543,
    time_zone="Europe/Amsterdam",
)
SAMPLE = Path(kolli.demo.__file__).parent / "service-points.csv"


def written(folder, *rows):
    path = folder / "points.csv"
    columns = list(dict.fromkeys(name for row in rows for name in row))
    lines = [columns, *([row.get(name, "") for name in columns] for row in rows)]
    path.write_text("\n".join(";".join(line) for line in lines), "utf-8")
    return path


def in_json(folder, document):
    path = folder / "points.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def read(path):
    return list(read_points(path, "postnl"))


def test_a_row_is_a_service_point(tmp_path):
    assert read(written(tmp_path, ROW)) == [(2, POINT)]


def test_everything_a_row_can_say_is_read(tmp_path):
    more = {
        "general_shop_type": "locker",
        "carrier_shop_type": "PBA",
        "email": "a@b.example",
        "phone": "+31 40 1",
        "time_zone": "Europe/Brussels",
        "monday": "09:00-12:30 13:30-18:00",
        "sunday": "00:00 - 24:00",
        "source": "the carrier",
    }

    ((_, point),) = read(written(tmp_path, {**ROW, **more}))

    assert (point.kind, point.shop_type, point.email, point.phone) == ("locker", "PBA", "a@b.example", "+31 40 1")
    assert point.time_zone == "Europe/Brussels"
    assert point.opening_times == {"monday": ((540, 750), (810, 1080)), "sunday": ((0, 1440),)}


@pytest.mark.parametrize(
    ("cell", "column"),
    [
        *(({column: ""}, column) for column in REQUIRED),
        ({"carrier_service_point_id": "x" * 101}, "carrier_service_point_id"),
        ({"name": "x" * 201}, "name"),
        ({"country_code": "nl"}, "country_code"),
        ({"country_code": "XX"}, "country_code"),
        ({"latitude": "90.1"}, "latitude"),
        ({"latitude": "51,4"}, "latitude"),
        ({"latitude": "nan"}, "latitude"),
        ({"latitude": "1e1"}, "latitude"),
        ({"longitude": "-180.000001"}, "longitude"),
        ({"longitude": "5°28'"}, "longitude"),
        ({"latitude": "0", "longitude": "0.0"}, "latitude"),
        ({"general_shop_type": "kiosk"}, "general_shop_type"),
        ({"time_zone": "Amsterdam"}, "time_zone"),
        ({"country_code": "US", "longitude": "-73.9"}, "time_zone"),
        ({"monday": "9-17"}, "monday"),
        ({"monday": "09:00-24:01"}, "monday"),
        ({"monday": "18:00-02:00"}, "monday"),
        ({"monday": "09:60-10:00"}, "monday"),
        ({"monday": "09:00-12:00 11:00-13:00"}, "monday"),
        ({"monday": "closed"}, "monday"),
    ],
)
def test_a_mistake_names_its_row_and_column(tmp_path, cell, column):
    good, mistake = read(written(tmp_path, ROW, {**ROW, **cell}))

    assert isinstance(good, tuple)
    assert isinstance(mistake, Mistake)
    assert (mistake.number, mistake.column) == (3, column)


@pytest.mark.parametrize(
    ("country", "longitude", "zone"),
    [
        ("DE", "13.4", "Europe/Berlin"),
        ("ES", "-3.7", "Europe/Madrid"),
        ("ES", "-15.4", "Atlantic/Canary"),
        ("PT", "-9.1", "Europe/Lisbon"),
        ("PT", "-16.9", "Atlantic/Madeira"),
        ("PT", "-25.6", "Atlantic/Azores"),
        ("XK", "21.1", "Europe/Belgrade"),
        ("FR", "2.3", "Europe/Paris"),
        ("GB", "0.1", "Europe/London"),
    ],
)
def test_the_time_zone_follows_from_the_country_where_it_can(tmp_path, country, longitude, zone):
    ((_, point),) = read(written(tmp_path, {**ROW, "country_code": country, "longitude": longitude}))

    assert point.time_zone == zone


def test_a_file_without_a_column_that_is_needed_is_refused(tmp_path):
    with pytest.raises(Invalid, match="no column latitude"):
        read(written(tmp_path, {name: value for name, value in ROW.items() if name != "latitude"}))


def test_json_as_the_api_answers_it_says_the_same(tmp_path):
    told = {
        "id": 1,
        "carrier_service_point_id": "NL-1",
        "name": "Boekhandel",
        "carrier": {"code": "postnl", "name": "PostNL"},
        "carrier_shop_type": None,
        "general_shop_type": "servicepoint",
        "address": {name: ROW[name] for name in ("street", "house_number", "postal_code", "city", "country_code")},
        "position": {"latitude": 51.438022, "longitude": 5.478543},
        "contact": {"email": "", "phone": ""},
        "opening_times": {
            **dict.fromkeys(WEEKDAYS),
            "monday": [{"start_time": "09:00", "end_time": "12:00"}, {"start_time": "13:00", "end_time": "17:00"}],
        },
        "distance": 85,
    }

    alone, answered = read(in_json(tmp_path, [told])), read(in_json(tmp_path, {"data": {"results": [told]}}))

    assert alone == answered
    ((number, point),) = alone
    assert (number, point.latitude, point.kind) == (1, 51_438_022, "servicepoint")
    assert point.opening_times == {"monday": ((540, 720), (780, 1020))}


@pytest.mark.parametrize(
    ("entry", "column"),
    [
        ("text", ""),
        ({"carrier": {"code": "other"}}, "carrier"),
        ({"position": [51, 5]}, "position"),
        ({"position": {"latitude": 1e300, "longitude": 5}}, "latitude"),
        ({"name": ["x"]}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"address": {"city": "A\nB"}}, "city"),
        ({"opening_times": {"monday": ["09:00"]}}, "monday"),
        ({"opening_times": {"monday": 9}}, "monday"),
    ],
)
def test_a_mistake_in_json_names_its_entry_and_column(tmp_path, entry, column):
    mistakes = read(in_json(tmp_path, [entry]))

    assert (1, column) in [(mistake.number, mistake.column) for mistake in mistakes]


@pytest.mark.parametrize("number", ["1e999999999999999999", "-1e999999999", "1e-999999999", "0e999999999"])
def test_a_number_that_would_fill_the_memory_is_a_mistake(tmp_path, number):
    path = tmp_path / "points.json"
    path.write_text(f'[{{"position": {{"latitude": {number}, "longitude": 4.9}}}}]', "utf-8")

    assert "latitude" in [mistake.column for mistake in read(path)]


def test_json_may_begin_with_the_mark_of_utf_8(tmp_path):
    path = tmp_path / "points.json"
    path.write_text("[]", "utf-8-sig")

    assert read(path) == []


@pytest.mark.parametrize("content", ["", "{}", '{"data": []}', "[", "7", "[" * 100_000, "\udcff"])
def test_json_that_is_no_list_of_points_is_refused(tmp_path, content):
    path = tmp_path / "points.json"
    path.write_bytes(content.encode(errors="surrogateescape"))

    with pytest.raises(Invalid, match="holds no list of service points"):
        read(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Invalid, match="No such file"):
        read(tmp_path / "none.json")


def test_the_sample_is_a_good_file_and_says_where_it_is_from():
    assert [isinstance(each, tuple) for each in read(SAMPLE)] == [True]
    assert "source" in SAMPLE.read_text("utf-8").splitlines()[0].split(",")


def test_the_page_lists_every_column():
    page = (Path(__file__).parents[3] / "docs" / "service-points.md").read_text("utf-8")

    assert [name for name in COLUMNS if f"| `{name}` |" not in page] == []
