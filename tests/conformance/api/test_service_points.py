"""The Service points section does what its published description says, and what was decided where it says nothing."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from kolli.account.integrations import IntegrationSettings, get_integration, update_integration
from kolli.carriers.base import ShippingOption
from kolli.carriers.sandbox import SandboxCarrier
from kolli.service_points.model import KnownPoint
from kolli.service_points.queries import close_points, store_points
from kolli.shipments.queries import get_shipment_of_parcel
from tests.factories import NOW, a_caller, an_installation, an_order, kilograms
from tests.vendor import section

PATH = "/service-points"
ONE = f"{PATH}/{{service_point_id}}"
URL = f"/api/v3{PATH}"

MONDAY_TO_FRIDAY = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), ((540, 1020),))


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    return section(vendor_descriptions, "service-points")


def a_point(code="NL-1", **changes):
    """A service point in the middle of Eindhoven."""
    known = {
        "carrier_code": "postnl",
        "carrier_service_point_id": code,
        "name": f"Point {code}",
        "street": "Stadhuisplein",
        "house_number": "1",
        "postal_code": "5611 EM",
        "city": "Eindhoven",
        "country_code": "NL",
        "latitude": 51_438_022,
        "longitude": 5_478_543,
        "kind": "servicepoint",
        "time_zone": "Europe/Amsterdam",
        "opening_times": MONDAY_TO_FRIDAY,
    }
    return KnownPoint(id=0, **{**known, **changes})


def store(caller, *points):
    """Stores service points, and gives the id of the first; they count up from 1000001."""
    with caller.installation.database.write() as transaction:
        store_points(transaction, [(1_000_001 + place, point) for place, point in enumerate(points)])
    return 1_000_001


def close(caller, *codes):
    with caller.installation.database.write() as transaction:
        close_points(transaction, "postnl", codes, NOW)


def search(caller, **query):
    return caller.client.get(URL, params={"country_code": "NL", "carrier_code": "postnl", **query})


def found(answer):
    assert answer.status_code == 200, answer.text
    return [point["carrier_service_point_id"] for point in answer.json()["data"]["results"]]


def refused(answer):
    """The first mistake: code, detail and parameter."""
    assert answer.status_code == 400, answer.text
    mistake = answer.json()["errors"][0]
    return mistake["code"], mistake["detail"], mistake.get("source", {}).get("parameter")


# One service point


def test_the_documented_service_point_is_answered_as_documented(tmp_path, description):
    documented = description.example("GET", ONE, 200)["data"]
    caller = a_caller(an_installation(tmp_path))
    ten_to_nine = ((600, 1260),)
    days = ("monday", "tuesday", "wednesday", "friday", "saturday")
    number = store(
        caller,
        a_point(
            "NL-00002",
            name="Stationsplein Parcel Locker",
            street="Stationsplein",
            postal_code="5611 AC",
            latitude=51_443_218,
            longitude=5_481_600,
            kind="locker",
            shop_type="pakketautomaat",
            opening_times=dict.fromkeys(days, ten_to_nine),
        ),
    )

    answer = caller.client.get(f"{URL}/{number}")

    ours = {
        "id": number,
        "carrier": {"code": "postnl", "name": "PostNL", "logo_url": None, "icon_url": None},
        "is_open_tomorrow": True,  # it is a Tuesday at factories.NOW, and a Wednesday in the example
        "next_open_at": "2026-11-25T10:00:00+01:00",
    }
    assert answer.json() == {"data": {**documented, **ours}}
    assert description.deviations("GET", ONE, answer) == []


def test_a_service_point_that_does_not_exist_is_the_documented_404(caller, description):
    answer = caller.client.get(f"{URL}/404")

    assert answer.status_code == 404
    (mistake,), (documented,) = answer.json()["errors"], description.example("GET", ONE, 404)["errors"]
    assert mistake.items() >= documented.items()
    assert caller.client.post(f"{URL}/404/check-availability").json()["errors"][0].items() >= documented.items()


@pytest.mark.parametrize("number", ["0", "9" * 30])
def test_a_number_that_is_no_id_is_a_404_too(caller, number):
    assert caller.client.get(f"{URL}/{number}").status_code == 404


def test_a_service_point_is_available_until_the_newest_file_does_not_have_it(caller, description):
    number = store(caller, a_point("NL-1"))
    path = f"{URL}/{number}/check-availability"

    before = caller.client.post(path)
    close(caller, "NL-1")
    after = caller.client.post(path)

    assert [before.json(), after.json()] == [{"data": {"is_available": True}}, {"data": {"is_available": False}}]
    assert description.deviations("POST", f"{ONE}/check-availability", before) == []


def test_a_closed_service_point_is_still_told_and_says_so(caller):
    number = store(caller, a_point("NL-1"))
    close(caller, "NL-1")

    told = caller.client.get(f"{URL}/{number}").json()["data"]

    assert (told["is_expired"], told["is_open_tomorrow"], told["next_open_at"]) == (True, False, None)


def test_service_points_are_the_same_for_every_account(caller):
    number = store(caller, a_point("NL-1"))
    other = a_caller(caller.installation, account_id=2, integration_id=71)

    assert caller.client.get(f"{URL}/{number}").json() == other.client.get(f"{URL}/{number}").json()


def test_without_credentials_nothing_is_told(caller):
    caller.client.auth = None

    assert [caller.client.get(path).status_code for path in (URL, f"{URL}/1")] == [401, 401]


def test_several_shifts_and_an_empty_house_number_are_told(caller, description):
    hours = {"monday": ((540, 720), (780, 1440))}
    number = store(caller, a_point("NL-1", house_number="", opening_times=hours))

    answer = caller.client.get(f"{URL}/{number}")

    told = answer.json()["data"]
    assert told["address"]["house_number"] == ""
    assert told["opening_times"]["monday"] == [
        {"start_time": "09:00", "end_time": "12:00"},
        {"start_time": "13:00", "end_time": "23:59"},
    ]
    assert told["opening_times"]["tuesday"] is None
    assert description.deviations("GET", ONE, answer) == []


# A search, and what comes first


def test_results_have_the_documented_shape(caller, description):
    store(caller, a_point("NL-1", shop_type=None), a_point("NL-2", email="a@b.example", phone="+31"))

    answers = [search(caller), search(caller, latitude=51.4, longitude=5.4), search(caller, address="Eindhoven")]

    assert [found(answer) for answer in answers] == [["NL-1", "NL-2"]] * 3
    assert [description.deviations("GET", PATH, answer) for answer in answers] == [[], [], []]


def test_the_nearest_come_first_with_their_distance_in_metres(caller):
    store(caller, a_point("FAR", latitude=51_448_022), a_point("NEAR"), a_point("MIDDLE", latitude=51_443_022))

    answer = search(caller, latitude=51.438022, longitude=5.478543)

    told = [(each["carrier_service_point_id"], each["distance"]) for each in answer.json()["data"]["results"]]
    assert told == [("NEAR", 0), ("MIDDLE", 556), ("FAR", 1112)]
    assert answer.json()["data"]["geocoding"] is None


def test_without_a_reference_point_there_is_no_distance(caller):
    store(caller, a_point("NL-1"))

    assert search(caller).json()["data"]["results"][0]["distance"] is None


@pytest.mark.parametrize(
    ("radius", "codes"), [(100, ["A"]), (599, ["A"]), (601, ["A", "B"]), (50_000, ["A", "B", "C"])]
)
def test_a_radius_keeps_what_is_farther_away_out(caller, radius, codes):
    store(
        caller,
        a_point("A"),
        a_point("B", latitude=51_438_022 + 5_395),  # 599.9 m to the north
        a_point("C", longitude=5_678_543),
        a_point("D", latitude=52_438_022),
    )

    assert found(search(caller, latitude=51.438022, longitude=5.478543, radius=radius)) == codes


def test_a_box_holds_what_is_inside(caller):
    store(caller, a_point("IN"), a_point("NORTH", latitude=51_500_001), a_point("WEST", longitude=5_359_999))
    box = {"ne_latitude": 51.5, "ne_longitude": 5.6, "sw_latitude": 51.38, "sw_longitude": 5.36}

    assert found(search(caller, **box)) == ["IN"]
    assert found(search(caller, **box, latitude=51.4, longitude=5.4)) == ["IN"]


def test_a_box_may_cross_the_180th_meridian(caller):
    place = {"country_code": "NZ", "time_zone": "Pacific/Auckland"}
    store(
        caller,
        a_point("WEST", latitude=-44_000_000, longitude=179_900_000, **place),
        a_point("EAST", latitude=-44_000_000, longitude=-179_900_000, **place),
    )
    box = {"ne_latitude": -43.9, "ne_longitude": -179.8, "sw_latitude": -44.1, "sw_longitude": 179.8}

    assert sorted(found(search(caller, country_code="NZ", **box))) == ["EAST", "WEST"]
    near = search(caller, country_code="NZ", latitude=-44, longitude=180, radius=10_000)
    assert [each["distance"] for each in near.json()["data"]["results"]] == [7999, 7999]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({"carrier_service_point_id": "B"}, ["B"]),
        ({"carrier_service_point_id": ["A", "B"]}, ["A", "B"]),
        ({"carrier_shop_type": "pakketautomaat"}, ["B"]),
        ({"general_shop_type": "locker"}, ["B"]),
        ({"general_shop_type": ["locker", "post_office"]}, ["B", "C"]),
        ({"carrier_code": "sendcloud"}, ["S"]),
        ({"carrier_code": ["postnl", "sendcloud"]}, ["A", "B", "C", "S"]),
        ({"country_code": "BE"}, ["BE"]),
        ({"country_code": "FR"}, []),
    ],
)
def test_filters_choose(caller, query, codes):
    store(
        caller,
        a_point("A"),
        a_point("B", kind="locker", shop_type="pakketautomaat"),
        a_point("C", kind="post_office"),
        a_point("S", carrier_code="sendcloud", kind=None),
        a_point("BE", country_code="BE"),
    )

    assert sorted(found(search(caller, **query))) == codes
    assert sorted(found(search(caller, **query, latitude=51.4, longitude=5.4))) == codes


def test_closed_points_are_found_by_the_carriers_id_only(caller):
    store(caller, a_point("OPEN"), a_point("CLOSED"))
    close(caller, "CLOSED")

    assert found(search(caller)) == found(search(caller, latitude=51.4, longitude=5.4)) == ["OPEN"]
    named = search(caller, carrier_service_point_id="CLOSED").json()["data"]["results"]
    assert [point["is_expired"] for point in named] == [True]


@pytest.mark.parametrize(
    ("limit", "count"), [({}, 100), ({"limit": 1}, 1), ({"limit": 200}, 200), ({"limit": ""}, 100)]
)
def test_there_are_at_most_as_many_as_the_limit_says(caller, limit, count):
    store(caller, *(a_point(f"NL-{number}", latitude=51_000_000 + number) for number in range(201)))

    assert len(found(search(caller, **limit))) == count
    near = found(search(caller, latitude=51, longitude=5.478543, **limit))
    assert near == [f"NL-{number}" for number in range(count)]


# Where an address is


@pytest.mark.parametrize(
    ("query", "status", "precision"),
    [
        ({"address_postal_code": "5611EM"}, "matched", "postal_code"),
        ({"address_postal_code": "5611 em", "address_city": "EINDHOVEN"}, "matched", "postal_code"),
        ({"address": "5611 EM Eindhoven"}, "matched", "postal_code"),
        ({"address": "Stadhuisplein 10, 5611 EM Eindhoven"}, "partially_matched", "postal_code"),
        ({"address_postal_code": "5611 XX"}, "partially_matched", "postal_code"),
        ({"address_postal_code": "5699 XX"}, "partially_matched", "region"),
        ({"address_city": "eindhoven"}, "matched", "city"),
        ({"address": "Stadhuisplein 10, Eindhoven"}, "partially_matched", "city"),
        ({"address_street": "Stadhuisplein", "address_city": "Eindhoven"}, "partially_matched", "city"),
        ({"address_city": "’s-Hértogenbosch"}, "matched", "city"),
        ({"address": "Place de Eindhoven 3, s Hertogenbosch"}, "partially_matched", "city"),
        ({"address_street": "Stadhuisplein"}, "not_found", None),
        ({"address": "Nergenshuizen"}, "not_found", None),
        ({"address_postal_code": "9999 XX"}, "not_found", None),
    ],
)
def test_an_address_is_found_no_nearer_than_it_is_known(caller, query, status, precision):
    den_bosch = {"latitude": 51_690_000, "longitude": 5_300_000, "postal_code": "5211 AA", "city": "'s-Hertogenbosch"}
    store(caller, a_point("EHV"), a_point("DB", **den_bosch))

    answer = search(caller, **query).json()["data"]

    assert (answer["geocoding"]["status"], answer["geocoding"]["precision"]) == (status, precision)
    assert (answer["results"] == []) is (status == "not_found")
    assert (answer["geocoding"]["formatted_address"] is None) is (status == "not_found")


def test_results_are_the_nearest_to_the_address(caller):
    store(caller, a_point("EHV"), a_point("DB", latitude=51_690_000, postal_code="5211 AA", city="Den Bosch"))

    answer = search(caller, address="Markt 1, 5211 AA Den Bosch")

    assert found(answer) == ["DB", "EHV"]
    assert answer.json()["data"]["geocoding"]["formatted_address"] == "5211 AA Den Bosch, Netherlands"


def test_cities_of_one_name_that_lie_far_apart_are_not_mistaken_for_one(caller):
    store(caller, a_point("SOUTH", city="Beek"), a_point("NORTH", city="Beek", latitude=53_000_000))

    assert search(caller, address_city="Beek").json()["data"]["geocoding"]["status"] == "not_found"


# The carriers of the integration


def enable(caller, *, enabled, carriers):
    with caller.installation.database.write() as transaction:
        integration = get_integration(transaction, 1, 70)
        settings = IntegrationSettings(service_point_enabled=enabled, service_point_carriers=carriers)
        update_integration(transaction, 1, replace(integration, settings=settings), NOW)


def test_the_carriers_of_the_integration_can_be_asked_for(caller):
    store(caller, a_point("NL-1"), a_point("S", carrier_code="sendcloud"))
    enable(caller, enabled=True, carriers=("sendcloud", "unknown"))

    answer = caller.client.get(URL, params={"country_code": "NL", "use_integration_carriers": "true"})

    assert found(answer) == ["S"]


def test_an_integration_without_service_points_is_the_documented_400(caller, description):
    enable(caller, enabled=False, carriers=("postnl",))

    answer = caller.client.get(URL, params={"country_code": "NL", "use_integration_carriers": "true"})

    examples = description.content("GET", PATH, 400)["examples"]
    (documented,) = examples["ServicePointsDisabledForIntegration"]["value"]["errors"]
    assert answer.status_code == 400
    assert answer.json()["errors"][0].items() >= documented.items()


# Refusals

DOCUMENTED = {
    "RequiredParameterMissing": {"carrier_code": "postnl"},
    "InvalidCountryCode": {"country_code": "XX", "carrier_code": "postnl"},
    "InvalidParameterType": {"country_code": "NL", "carrier_code": "postnl", "latitude": "north", "longitude": 5},
    "InvalidEnumChoice": {"country_code": "NL", "carrier_code": "postnl", "general_shop_type": "kiosk"},
    "MutuallyExclusiveParams": {"country_code": "NL", "carrier_code": "postnl", "use_integration_carriers": "true"},
    "MutuallyInclusiveParams": {"country_code": "NL", "carrier_code": "postnl", "ne_latitude": 51.5},
    "CarrierNotSupported": {"country_code": "NL", "carrier_code": "acme"},
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_each_documented_refusal_is_answered_as_documented(caller, description, name):
    store(caller, a_point("NL-1"))

    answer = caller.client.get(URL, params=DOCUMENTED[name])

    (documented,) = description.content("GET", PATH, 400)["examples"][name]["value"]["errors"]
    assert answer.status_code == 400
    assert answer.json()["errors"][0].items() >= documented.items()
    assert description.deviations("GET", PATH, answer) == []


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ({"country_code": "nl"}, "invalid_choice", "country_code"),
        ({"carrier_code": ""}, "validation_error", "carrier_code"),
        ({"carrier_code": ["x"] * 201}, "invalid", "carrier_code"),
        ({"use_integration_carriers": "maybe"}, "invalid", "use_integration_carriers"),
        ({"radius": 99, "latitude": 51, "longitude": 5}, "invalid", "radius"),
        ({"radius": 50_001, "latitude": 51, "longitude": 5}, "invalid", "radius"),
        ({"radius": "1e3", "latitude": 51, "longitude": 5}, "invalid", "radius"),
        ({"radius": 500}, "validation_error", "radius"),
        ({"limit": 0}, "invalid", "limit"),
        ({"limit": 201}, "invalid", "limit"),
        ({"latitude": 51}, "validation_error", "latitude"),
        ({"longitude": 5}, "validation_error", "longitude"),
        ({"latitude": 90.1, "longitude": 5}, "invalid", "latitude"),
        ({"latitude": 51, "longitude": -180.1}, "invalid", "longitude"),
        ({"latitude": "nan", "longitude": 5}, "invalid", "latitude"),
        ({"latitude": "inf", "longitude": 5}, "invalid", "latitude"),
        ({"address": "x", "latitude": 51, "longitude": 5}, "validation_error", "address"),
        ({"address": "x", "address_city": "y"}, "validation_error", "address"),
        ({"address_city": "y", "latitude": 51, "longitude": 5}, "validation_error", "address_city"),
        ({"address_house_number": "1", "address_city": "y"}, "validation_error", "address_house_number"),
        ({"address": "x" * 301}, "invalid", "address"),
        (
            {
                "radius": 500,
                "ne_latitude": 51.1,
                "ne_longitude": 5.1,
                "sw_latitude": 51,
                "sw_longitude": 5,
                "address": "x",
            },
            "validation_error",
            "radius",
        ),
        (
            {"ne_latitude": 51.4, "ne_longitude": 5.4, "sw_latitude": 51, "sw_longitude": 5},
            "validation_error",
            "ne_latitude",
        ),
        (
            {"ne_latitude": 51, "ne_longitude": 5.1, "sw_latitude": 51.1, "sw_longitude": 5},
            "validation_error",
            "sw_latitude",
        ),
    ],
)
def test_what_cannot_be_asked_for_is_a_400_that_names_the_parameter(caller, query, code, parameter):
    store(caller, a_point("NL-1"))

    assert refused(search(caller, **query))[::2] == (code, parameter)


def test_a_house_number_goes_with_a_street_or_a_postal_code(caller):
    store(caller, a_point("NL-1"))

    answers = [
        search(caller, address_house_number="1", **{part: "5611 EM"})
        for part in ("address_street", "address_postal_code")
    ]

    assert [answer.status_code for answer in answers] == [200, 200]


# When it is open


@pytest.mark.parametrize(
    ("now", "hours", "is_open_tomorrow", "next_open_at"),
    [
        # 24 November 2026 is a Tuesday, and Amsterdam an hour ahead of UTC.
        (datetime(2026, 11, 24, 7, 59, tzinfo=UTC), {"tuesday": ((540, 1020),)}, False, "2026-11-24T09:00:00+01:00"),
        (datetime(2026, 11, 24, 8, 0, tzinfo=UTC), {"tuesday": ((540, 1020),)}, False, "2026-12-01T09:00:00+01:00"),
        (datetime(2026, 11, 24, 23, 30, tzinfo=UTC), {"thursday": ((540, 1020),)}, True, "2026-11-26T09:00:00+01:00"),
        (
            datetime(2026, 11, 24, 9, tzinfo=UTC),
            {"tuesday": ((540, 720), (780, 1080))},
            False,
            "2026-11-24T13:00:00+01:00",
        ),
        (datetime(2026, 3, 28, 12, tzinfo=UTC), {"sunday": ((540, 1020),)}, True, "2026-03-29T09:00:00+02:00"),
        (datetime(2026, 11, 24, 9, tzinfo=UTC), {}, False, None),
    ],
)
def test_opening_is_told_in_the_time_of_the_place(tmp_path, now, hours, is_open_tomorrow, next_open_at):
    installation = replace(an_installation(tmp_path), clock=lambda: now)
    caller = a_caller(installation)
    number = store(caller, a_point("NL-1", opening_times=hours))

    told = caller.client.get(f"{URL}/{number}").json()["data"]

    assert (told["is_open_tomorrow"], told["next_open_at"]) == (is_open_tomorrow, next_open_at)


def test_only_a_kind_that_nobody_knows_deviates(caller, description):
    """The description says that it can be null, and its list of values leaves null out."""
    number = store(caller, a_point("NL-1", kind=None))

    (deviation,) = description.deviations("GET", ONE, caller.client.get(f"{URL}/{number}"))

    assert deviation.startswith("$.data.general_shop_type: None is not one of")


# Shipping to one


class ToLockers(SandboxCarrier):
    """A carrier whose only option ends at a service point."""

    options: tuple[ShippingOption, ...] = (
        ShippingOption(
            "sendcloud:locker", "Locker", heaviest=kilograms("30"), requires=("service_point_details",), v2_id=1
        ),
    )


LOCKER = {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:locker"}}


@pytest.fixture
def shipper(tmp_path):
    """A caller of an installation whose carrier has one locker, `L1`, in Eindhoven; its id is 1000001."""
    installation = an_installation(tmp_path, carriers=[ToLockers(tmp_path, lambda: NOW)])
    shipper = a_caller(installation)
    store(shipper, a_point("L1", carrier_code="sendcloud", name="Locker Stadhuisplein"))
    return shipper


def drafted(shipper, parcel_id):
    with shipper.installation.database.read() as transaction:
        return get_shipment_of_parcel(transaction, 1, parcel_id)[0].draft


@pytest.mark.parametrize("point", [{"id": "1000001"}, {"id": 1000001}, {"carrier_service_point_id": "L1"}])
def test_an_order_is_shipped_to_its_service_point_and_keeps_where_that_is(shipper, point):
    shipper.store(an_order(service_point_details=point))

    answer = shipper.ship(ship_with=LOCKER)

    assert answer.status_code == 201, answer.text
    draft = drafted(shipper, answer.json()["data"][0]["parcel_id"])
    assert (draft.service_point.id, draft.service_point.carrier_service_point_id) == ("1000001", "L1")
    assert draft.service_point.name == "Locker Stadhuisplein"
    assert draft.service_point.address.postal_code == "5611 EM"
    (step,) = [step for step in draft.decision if step.field == "service_point"]
    assert step.note == "The service point is in 5611 EM, the recipient's address in 1012 GJ."


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        ({"id": "404"}, "There is none with the id '404'"),
        ({"carrier_service_point_id": "L2"}, "There is none with the carrier's id 'L2'"),
    ],
)
def test_an_order_is_not_shipped_to_a_service_point_that_is_not_there(shipper, point, reason):
    shipper.store(an_order(service_point_details=point))

    code, detail, _ = refused(answer := shipper.ship(ship_with=LOCKER))

    assert (code, detail.partition(". ")[0]) == ("invalid", "Invalid service point")
    assert reason in detail
    assert answer.json()["errors"][0]["source"]["pointer"] == "/data/attributes/order/service_point_details"
    assert shipper.client.get("/api/v3/shipments").json()["data"] == []


def test_a_shipment_is_not_announced_to_a_service_point_in_another_country(shipper):
    store(shipper, a_point("L1", carrier_code="sendcloud", country_code="BE"))
    shipper.store(an_order(service_point_details={"carrier_service_point_id": "L1"}))

    _, detail, _ = refused(shipper.ship(ship_with=LOCKER))

    assert detail == (
        "Invalid service point. Point L1 (L1) in Eindhoven is in BE, and the recipient's address in NL."
        " They have to be in the same country."
    )
