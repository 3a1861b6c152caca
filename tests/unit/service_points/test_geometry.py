"""Distances on the globe, and boxes that hold all that is near."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from kolli.service_points.geometry import Box, Position, box_around, metres_between, middle_of

positions = some.builds(Position, some.integers(-90_000_000, 90_000_000), some.integers(-180_000_000, 179_999_999))


@pytest.mark.parametrize(
    ("one", "other", "metres"),
    [
        # A degree of a great circle is pi * 6371.0088 km / 180 = 111.195 km.
        (Position(0, 0), Position(1_000_000, 0), 111_195),
        (Position(0, 0), Position(0, 180_000_000), 20_015_114),
        (Position(90_000_000, 0), Position(-90_000_000, 0), 20_015_114),
        (Position(60_000_000, 0), Position(60_000_000, 1_000_000), 55_597),
        (Position(0, 179_900_000), Position(0, -179_900_000), 22_239),
    ],
)
def test_distances_are_known(one, other, metres):
    assert round(metres_between(one, other)) == metres


def contains(box: Box, place: Position) -> bool:
    is_between = box.west <= place.longitude <= box.east
    if box.west > box.east:
        is_between = place.longitude >= box.west or place.longitude <= box.east
    return box.south <= place.latitude <= box.north and is_between


@given(centre=positions, place=positions, metres=some.integers(100, 5_000_000))
def test_a_box_holds_every_place_that_is_near(centre, place, metres):
    near = metres_between(centre, place) <= metres

    assert contains(box_around(centre, metres), place) or not near


@given(centre=positions, north=some.integers(-900, 900), east=some.integers(-900, 900))
def test_a_box_holds_every_place_next_to_it(centre, north, east):
    place = Position(
        max(min(centre.latitude + north, 90_000_000), -90_000_000),
        (centre.longitude + east + 180_000_000) % 360_000_000 - 180_000_000,
    )

    assert contains(box_around(centre, metres_between(centre, place) + 0.2), place)


@pytest.mark.parametrize(
    ("west", "east", "is_small"),
    [(4_800_000, 4_900_000, True), (179_950_000, -179_950_000, True), (4_900_000, 4_800_000, False)],
)
def test_a_box_whose_corners_are_swapped_goes_around_the_globe(west, east, is_small):
    box = Box(52_300_000, west, 52_400_000, east)

    assert (box.diagonal_metres < 15_000) is is_small
    assert is_small or box.diagonal_metres > 8_000_000


def test_the_middle_lies_between_places_on_both_sides_of_the_180th_meridian():
    middle, farthest = middle_of([Position(0, 179_900_000), Position(0, -179_900_000)])

    assert middle == Position(0, -180_000_000)
    assert round(farthest) == 11_120
