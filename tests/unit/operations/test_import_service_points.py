"""A carrier's data file of service points, imported: all of it or nothing."""

import pytest

from kolli.errors import Impossible, Invalid
from kolli.operations.import_service_points import import_service_points
from kolli.sequences import IDS, numbers_left
from kolli.service_points.queries import find_point_of_carrier

HEADER = "carrier_service_point_id,name,street,city,country_code,latitude,longitude,monday"


def row(code, **changes):
    cells = {"name": f"Point {code}", "latitude": "51.4", "monday": "", **changes}
    return f"{code},{cells['name']},Markt 1,Eindhoven,NL,{cells['latitude']},5.4,{cells['monday']}"


@pytest.fixture
def load(installation, tmp_path):
    def load(*rows, carrier="postnl", many_may_go=False):
        path = tmp_path / "points.csv"
        path.write_text("\n".join([HEADER, *rows]), "utf-8")
        return import_service_points(path, carrier, installation, lambda _: None, many_may_go=many_may_go)

    return load


@pytest.fixture
def known(installation):
    def known(code, carrier="postnl"):
        with installation.database.read() as transaction:
            return find_point_of_carrier(transaction, carrier, code)

    return known


def test_what_is_new_is_added(load, known):
    done = load(row("A"), row("B"))

    assert (done.read, done.added, done.removed, done.mistakes) == (2, 2, 0, [])
    assert known("A").name == "Point A"
    assert 0 < known("A").id < known("B").id


def test_what_has_changed_is_changed_and_keeps_its_id(load, known):
    load(row("A"), row("B"))
    before = known("B").id

    done = load(row("A"), row("B", name="New name", monday="09:00-17:00"))

    assert (done.read, done.added, done.removed) == (2, 0, 0)
    assert (known("B").id, known("B").name, known("B").opening_times) == (
        before,
        "New name",
        {"monday": ((540, 1020),)},
    )


def test_what_the_file_does_not_have_any_more_is_marked_and_comes_back(load, known):
    load(row("A"), row("B"))
    number = known("B").id

    done = load(row("A"))
    gone = known("B")
    load(row("A"), row("B"))

    assert done.removed == 1
    assert gone.removed_at is not None
    assert (known("B").id, known("B").removed_at) == (number, None)


def test_other_carriers_points_are_left_alone(load, known):
    load(row("A"))

    load(row("B"), carrier="sendcloud")

    assert known("A").removed_at is None
    assert known("B") is None
    assert known("B", "sendcloud") is not None


def test_one_bad_row_and_nothing_is_changed(load, known):
    load(row("A"))

    done = load(row("A", name="New"), row("B", latitude="95"), row("A"), row("C", monday="late"))

    assert [str(mistake) for mistake in done.mistakes] == [
        "row 3, latitude: 95 is not between -90 and 90 degrees.",
        "row 4, carrier_service_point_id: 'A' stands in row 2 already. Every service point has one row.",
        "row 5, monday: 'late' are no hours. Write them as 09:00-12:30 13:30-18:00; leave it empty: closed.",
    ]
    assert known("A").name == "Point A"
    assert known("B") is None


def test_a_file_full_of_mistakes_is_not_read_to_its_end(load):
    done = load(*(row(f"P{number}", latitude="north") for number in range(3_000)))

    assert len(done.mistakes) == 1_000


def test_an_empty_file_changes_nothing(load, known):
    load(row("A"))

    with pytest.raises(Invalid, match="has no service points"):
        load()

    assert known("A").removed_at is None


def test_half_a_file_is_not_believed_until_somebody_says_so(load, known):
    load(*(row(f"P{number}") for number in range(30)))

    with pytest.raises(Impossible, match="lacks 16 of the 30"):
        load(*(row(f"P{number}") for number in range(14)))
    assert known("P29").removed_at is None

    assert load(*(row(f"P{number}") for number in range(14)), many_may_go=True).removed == 16
    assert known("P29").removed_at is not None


def test_an_unknown_carrier_is_refused_with_the_known_ones(load):
    with pytest.raises(Invalid, match=r"There is no carrier 'postnll'\. Installed are .*postnl, sendcloud"):
        load(row("A"), carrier="postnll")


def test_ids_are_taken_for_new_points_only(load, installation):
    load(row("A"), row("B"))
    with installation.database.read() as transaction:
        left = numbers_left(transaction, IDS)

    for _ in range(3):
        load(row("A"), row("B"))

    with installation.database.read() as transaction:
        assert numbers_left(transaction, IDS) == left
