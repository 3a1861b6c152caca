"""Searches find what a look at every service point would find."""

from hypothesis import given
from hypothesis import strategies as some

from kolli.service_points.geometry import Box, Position, metres_between
from kolli.service_points.model import KnownPoint, search_key
from kolli.service_points.queries import store_points
from kolli.service_points.search import Wanted, nearest_points
from tests.factories import a_database

latitudes = some.one_of(some.integers(51_000_000, 51_050_000), some.integers(-90_000_000, 90_000_000))
longitudes = some.one_of(some.integers(5_000_000, 5_050_000), some.integers(-180_000_000, 179_999_999))


def a_point(number, latitude, longitude, kind):
    return KnownPoint(
        id=0,
        carrier_code="postnl",
        carrier_service_point_id=str(number),
        name="Point",
        street="Street",
        postal_code="",
        city="City",
        country_code="NL",
        latitude=latitude,
        longitude=longitude,
        kind=kind,
    )


@given(
    places=some.lists(some.tuples(latitudes, longitudes, some.sampled_from(["locker", None])), max_size=30),
    centre=some.builds(Position, some.integers(51_000_000, 51_050_000), some.integers(5_000_000, 5_050_000)),
    radius=some.one_of(some.none(), some.integers(100, 50_000)),
    limit=some.integers(1, 40),
    kinds=some.sampled_from([(), ("locker",)]),
)
def test_the_nearest_points_are_those_that_a_look_at_all_of_them_finds(places, centre, radius, limit, kinds):
    database = a_database()
    points = [a_point(number, *place) for number, place in enumerate(places)]
    with database.write() as transaction:
        if points:
            store_points(transaction, list(enumerate(points, start=1)))

    with database.read() as transaction:
        found = nearest_points(transaction, Wanted("NL", ("postnl",), limit, kinds=kinds), centre, radius)

    fitting = [point for point in points if not kinds or point.kind in kinds]
    distances = sorted(round(metres_between(centre, Position(point.latitude, point.longitude))) for point in fitting)
    near = [metres for metres in distances if radius is None or metres <= radius]
    told = [metres for _, metres in found if metres is not None]
    assert told == sorted(told)
    assert len(told) == min(limit, len(near))
    assert [metres for metres in told if metres <= 100_000] == [metres for metres in near[:limit] if metres <= 100_000]


def test_the_nearest_points_in_a_box_may_lie_beyond_the_180th_meridian():
    database = a_database()
    places = [-179_990_000, 179_900_000, 179_950_000]
    with database.write() as transaction:
        store_points(
            transaction, [(number, a_point(number, 0, place, None)) for number, place in enumerate(places, start=1)]
        )

    box = Box(-100_000, 179_800_000, 100_000, -179_800_000)
    with database.read() as transaction:
        found = nearest_points(transaction, Wanted("NL", ("postnl",), 1, box=box), Position(0, 179_999_000))

    assert [point.id for point, _ in found] == [1]


def test_words_are_looked_for_without_case_accents_and_signs():
    assert search_key(" ’s-Hértogenbosch ") == "shertogenbosch"
    assert search_key("STRASSE") == search_key("Straße") == "strasse"
    assert search_key("5611 EM") == "5611em"
