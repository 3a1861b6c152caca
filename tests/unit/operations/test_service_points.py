"""Which service point a shipment goes to."""

import pytest

from kolli.errors import Invalid
from kolli.operations.service_points import choose_service_point, doubt_about
from kolli.service_points.model import KnownPoint
from kolli.service_points.queries import close_points, store_points
from kolli.shipments.model import ServicePoint
from tests.factories import NOW, a_database, an_address

POINT = KnownPoint(
    id=0,
    carrier_code="postnl",
    carrier_service_point_id="NL-1",
    name="Boekhandel",
    street="Markt",
    house_number="1",
    postal_code="1012 JS",
    city="Amsterdam",
    country_code="NL",
    latitude=52_373_000,
    longitude=4_893_000,
)
CHOSEN = ServicePoint(
    "7",
    "NL-1",
    "Boekhandel",
    an_address(name="Boekhandel", address_line_1="Markt", house_number="1", postal_code="1012 JS", city="Amsterdam"),
)


def choose(wanted, *, carrier="postnl", closed=False, **recipient):
    """What is chosen where PostNL has one point, with our id 7."""
    database = a_database()
    with database.write() as transaction:
        store_points(transaction, [(7, POINT)])
        if closed:
            close_points(transaction, "postnl", ["NL-1"], NOW)
        return choose_service_point(transaction, carrier, wanted, an_address(**recipient))


@pytest.mark.parametrize(
    "wanted",
    [
        ServicePoint("7"),
        ServicePoint(None, "NL-1"),
        ServicePoint("7", "NL-1"),
        ServicePoint("10875349", "NL-1"),  # somebody else's id, and the carrier's own
        ServicePoint("abc", "NL-1"),
    ],
)
def test_a_known_point_is_chosen_with_its_name_and_address(wanted):
    assert choose(wanted) == CHOSEN


def test_no_wish_is_no_point():
    assert choose(None) is None


def test_of_a_carrier_whose_points_nobody_knows_any_will_do():
    wanted = ServicePoint("10875349", "X")

    assert choose(wanted, carrier="sendcloud") == wanted


@pytest.mark.parametrize(
    ("wanted", "circumstances", "reason"),
    [
        (ServicePoint("8"), {}, "There is none with the id '8' of the carrier postnl."),
        (ServicePoint(None, "NL-2"), {}, "There is none with the carrier's id 'NL-2' of the carrier postnl."),
        (ServicePoint("9" * 40), {}, "There is none with the id"),
        (ServicePoint("²"), {}, "There is none with the id '²'"),
        (ServicePoint("7", "NL-2"), {}, "The one with the id 7 is 'NL-1', not 'NL-2'."),
        (ServicePoint("7"), {"closed": True}, "Boekhandel (NL-1) in Amsterdam is not in the carrier's list any more"),
        (ServicePoint("7"), {"country_code": "BE"}, "is in NL, and the recipient's address in BE."),
    ],
)
def test_a_point_that_cannot_be_is_refused_with_the_reason(wanted, circumstances, reason):
    with pytest.raises(Invalid) as refusal:
        choose(wanted, **circumstances)

    assert refusal.value.field == "service_point_details"
    assert refusal.value.message.startswith("Invalid service point. ")
    assert reason in refusal.value.message


def test_a_point_in_another_postal_code_is_worth_a_note_and_no_more():
    home = an_address(postal_code="1012gj")

    assert choose(ServicePoint("7"), postal_code="1012gj") == CHOSEN
    assert doubt_about(CHOSEN, home) == "The service point is in 1012 JS, the recipient's address in 1012gj."
    assert doubt_about(CHOSEN, an_address(postal_code="1012js")) == ""
    assert doubt_about(ServicePoint("7"), home) == ""
    assert doubt_about(None, home) == ""
