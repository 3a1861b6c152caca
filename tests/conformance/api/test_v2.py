"""Version 2 answers as it is documented and as public clients have recorded it.

Source of shapes: the API's v2 documentation (2026-07); the recorded answers in the tests of JouwWeb's PHP client, whose
assumptions are repeated here: numbers as text, times as `11-03-2019 14:35:10`, links as whole addresses.
"""

import io
import re

import pikepdf
import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from kolli.account.keys import issue_token
from kolli.app import web
from kolli.carriers.sandbox import Fault, SandboxCarrier
from kolli.errors import CarrierOutcomeUnknown
from kolli.operations.background import workers
from kolli.schema import parcels
from kolli.shipments.model import ParcelStatus
from tests.factories import NOW, a_caller, an_installation, an_order

PREFIX = "/api/v2"
URL = "http://kolli.test/api/v2"
NO_PARCEL = "No Parcel matches the given query."

UNKNOWN = [
    ("GET", "/parcels/1", NO_PARCEL),
    ("POST", "/parcels/1/cancel", NO_PARCEL),
    ("GET", "/labels/1", NO_PARCEL),
    ("GET", "/labels/label_printer/1", NO_PARCEL),
    ("GET", "/labels/normal_printer/1", NO_PARCEL),
    ("GET", "/shipping_methods/3", "No ShippingMethod matches the given query."),
    ("GET", "/user/addresses/sender/1", "No sender address found."),
    ("GET", "/brands/1", "No Brand matches the given query."),
    ("GET", "/integrations/1", "The Integration could not be found with the search criteria given"),
]


class Client:
    """Calls version 2 as an account."""

    def __init__(self, caller):
        self.caller = caller

    def get(self, path, **query):
        return self.caller.client.get(f"{PREFIX}{path}", params=query)

    def post(self, path, body=None):
        return self.caller.client.post(f"{PREFIX}{path}", json=body)

    def read(self, path, **query):
        """The answer to a GET that succeeds."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()


class SilentCarrier(SandboxCarrier):
    """A sandbox that does not answer when it is to take something back."""

    def cancel(self, booking):
        raise CarrierOutcomeUnknown


def shipped(caller, **changes):
    """The id of the parcel of a new order that has got its label."""
    number = changes.get("order_number", "ORDER-1")
    caller.store(an_order(**{"order_id": f"id-{number}", "order_number": number, **changes}))
    return caller.ship(order={"order_number": number}).json()["data"][0]["parcel_id"]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Account 1 with one parcel that has a label. Nothing that uses it changes anything."""
    caller = a_caller(an_installation(tmp_path_factory.mktemp("v2")))
    shipped(caller, order_number="ORDER-1")
    return Client(caller)


@pytest.fixture(scope="module")
def parcel(known):
    (parcel,) = known.read("/parcels")["parcels"]
    return parcel


@pytest.fixture
def client(caller):
    """Account 1 with nothing yet."""
    return Client(caller)


def error_of(answer, status):
    """(request, message) of a refusal."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    error = answer.json()["error"]
    assert error["code"] == status
    return error["request"], error["message"]


def pages_of(answer):
    """(pages, width and height of the first in whole millimetres) of a PDF."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    with pikepdf.open(io.BytesIO(answer.content)) as file:
        left, bottom, right, top = (float(edge) for edge in file.pages[0].mediabox)
        return len(file.pages), (round((right - left) * 25.4 / 72), round((top - bottom) * 25.4 / 72))


# Parcels


def test_a_parcel_has_the_documented_shape(known, parcel):
    number, shipment = parcel["tracking_number"], parcel["shipment_uuid"]
    links = f"{URL}/labels"

    assert parcel == {
        "id": parcel["id"],
        "name": "Femke de Vries",
        "company_name": "",
        "address": "Oudezijds Voorburgwal 218",
        "address_2": "",
        "address_divided": {"street": "Oudezijds Voorburgwal", "house_number": "218"},
        "city": "Amsterdam",
        "postal_code": "1012 GJ",
        "country": {"iso_2": "NL", "iso_3": "NLD", "name": "Netherlands"},
        "to_state": None,
        "to_service_point": None,
        "to_address": {
            "address_line_1": "Oudezijds Voorburgwal 218",
            "address_line_2": "",
            "city": "Amsterdam",
            "postal_code": "1012 GJ",
            "country_code": "NL",
        },
        "telephone": "",
        "email": "",
        "date_created": "24-11-2026 12:00:00",
        "date_updated": "24-11-2026 12:00:00",
        "date_announced": "24-11-2026 12:00:00",
        "date_cancel_before": None,
        "tracking_number": number,
        "tracking_url": f"http://kolli.test/tracking/?tracking_number={number.lower()}&country=nl&postal_code=1012GJ",
        "status": {"id": 1000, "message": "Ready to send"},
        "carrier": {"code": "sendcloud", "name": "Sendcloud"},
        "contract": None,
        "shipment": {"id": 8, "name": "Unstamped letter"},
        "shipping_method": 8,
        "shipment_uuid": shipment,
        "order_number": "ORDER-1",
        "external_order_id": "id-ORDER-1",
        "external_shipment_id": "",
        "external_reference": None,
        "reference": "id-ORDER-1",
        "weight": "0.700",
        "length": None,
        "width": None,
        "height": None,
        "label": {
            "normal_printer": [f"{links}/normal_printer/{parcel['id']}?start_from={place}" for place in range(4)],
            "label_printer": f"{links}/label_printer/{parcel['id']}",
        },
        "documents": [
            {
                "type": "label",
                "size": "a6",
                "link": f"http://kolli.test/api/v3/parcels/{parcel['id']}/documents/label",
            }
        ],
        "customs_declaration": {},
        "customs_invoice_nr": "",
        "customs_shipment_type": None,
        "parcel_items": parcel["parcel_items"],
        "insured_value": 0,
        "total_insured_value": 0,
        "total_order_value": parcel["total_order_value"],
        "total_order_value_currency": parcel["total_order_value_currency"],
        "colli_uuid": shipment,
        "collo_nr": 0,
        "collo_count": 1,
        "is_return": False,
        "type": "letter",
        "note": "",
        "data": {},
    }


def test_one_parcel_is_answered_as_in_the_list(known, parcel):
    assert known.read(f"/parcels/{parcel['id']}") == {"parcel": parcel}


def test_a_shipping_method_that_version_2_never_had_has_a_name_and_no_number(client):
    client.caller.store(an_order())
    option = {"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard/insured=3000"}}
    client.caller.ship(ship_with=option)

    (parcel,) = client.read("/parcels")["parcels"]

    assert (parcel["shipment"], parcel["shipping_method"]) == ({"name": "Standard · insured 3000"}, None)
    assert (parcel["contract"], parcel["type"]) == (1517, "parcel")


def test_the_size_of_a_parcel_is_in_centimetres(client):
    size = {"length": 1, "width": 0.5, "height": 0.25, "unit": "m"}
    shipped(client.caller, shipping_details={"measurement": {"dimension": size, "weight": {"value": 2, "unit": "lbs"}}})

    (parcel,) = client.read("/parcels")["parcels"]

    assert [parcel[side] for side in ("length", "width", "height")] == ["100", "50", "25"]
    assert parcel["weight"] == "0.90718474"


def test_a_parcel_without_a_label_says_why(client):
    client.caller.sandbox.ledger.fail_next(Fault.REFUSE)
    client.caller.store(an_order())
    client.caller.ship()

    (parcel,) = client.read("/parcels")["parcels"]

    assert (parcel["status"], parcel["label"], parcel["documents"], parcel["date_announced"]) == (
        {"id": 1002, "message": "Announcement failed"},
        {},
        [],
        None,
    )
    assert parcel["errors"] == {
        "non_field_errors": ["The sandbox refused the shipment, as it was told to. Nothing was booked."]
    }


def test_a_list_without_parcels_is_empty(client):
    assert client.read("/parcels") == {"next": None, "previous": None, "parcels": []}


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ({"order_number": "order-1"}, True),
        ({"order_number": "ORDER-2"}, False),
        ({"external_reference": "mine"}, False),
        ({"parcel_status": "1000"}, True),
        ({"parcel_status": "READY_TO_SEND"}, True),
        ({"parcel_status": "11"}, False),
        ({"updated_after": "2026-11-24T11:59:59.123456+00:00"}, True),
        ({"updated_after": "2026-11-24T13:30:00+02:00"}, True),
        ({"updated_after": "2026-11-24T12:00:01"}, False),
        ({"announced_after": "2026-11-24"}, True),
        ({"announced_after": "2026-11-25"}, False),
        ({"ids": "1,2"}, False),
        ({"order_number": "", "parcel_status": "", "ids": "", "updated_after": "", "cursor": ""}, True),
        ({"errors": "verbose-carrier", "limit": "many"}, True),
    ],
)
def test_a_list_can_be_filtered(known, query, is_found):
    assert bool(known.read("/parcels", **query)["parcels"]) is is_found


@pytest.mark.parametrize("member", ["tracking_number", "id"])
def test_a_parcel_is_found_by_its_number(known, parcel, member):
    name = {"tracking_number": "tracking_number", "id": "ids"}[member]

    assert known.read("/parcels", **{name: parcel[member]})["parcels"] == [parcel]


def test_a_plus_sign_that_was_not_encoded_is_one(known):
    answer = known.caller.client.get(f"{PREFIX}/parcels?updated_after=2026-11-24T11:00:00+00:00")

    assert len(answer.json()["parcels"]) == 1


def test_pages_lead_to_each_other(client):
    ids = {shipped(client.caller, order_number=f"N-{number}") for number in range(5)}

    first = client.read("/parcels", limit=2, parcel_status=1000)
    second = client.caller.client.get(first["next"]).json()
    third = client.caller.client.get(second["next"]).json()
    back = client.caller.client.get(third["previous"]).json()

    assert [len(page["parcels"]) for page in (first, second, third)] == [2, 2, 1]
    assert {parcel["id"] for page in (first, second, third) for parcel in page["parcels"]} == ids
    assert (first["previous"], third["next"], back["parcels"]) == (None, None, second["parcels"])
    assert first["next"].startswith(f"{URL}/parcels?limit=2&parcel_status=1000&cursor=")


@pytest.mark.parametrize("cursor", ["nonsense", "cD0zMDA=", "cD0xJnA9MiZwPXgx"])
def test_an_unknown_cursor_is_not_found(known, cursor):
    assert error_of(known.get("/parcels", cursor=cursor), 404) == ("api/v2/parcels", "Invalid cursor")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"parcel_status": "9999"}, "parcel_status: 'There is no parcel status '9999'. See api/v2/parcels/statuses.'"),
        (
            {"updated_after": "yesterday"},
            "updated_after: ''yesterday' is not a time. Write it as 2026-04-28T10:00:00+00:00.'",
        ),
        ({"ids": "1;2"}, "ids: 'These are not the ids of parcels. Write them as 1,2,3.'"),
        ({"ids": ",".join(["1"] * 101)}, "ids: 'At most 100 parcels can be named, not 101.'"),
    ],
)
def test_a_filter_that_cannot_be_right_is_refused(known, query, message):
    assert error_of(known.get("/parcels", **query), 400) == ("api/v2/parcels", message)


def test_a_hundred_ids_are_taken(known):
    assert known.read("/parcels", ids=",".join(["1"] * 100))["parcels"] == []


def test_statuses_are_those_that_have_a_number(known):
    statuses = known.read("/parcels/statuses")

    assert {"id": 1000, "message": "Ready to send"} in statuses
    assert {"id": 12, "message": "Awaiting customer pickup"} in statuses
    assert len(statuses) == len(ParcelStatus) - 1  # of a failed cancellation, version 2 knows nothing


# Cancelling


def test_a_cancelled_parcel_is_cancelled_and_stays(client):
    parcel_id = shipped(client.caller)

    answer = client.post(f"/parcels/{parcel_id}/cancel")

    assert (answer.status_code, answer.json()) == (
        200,
        {"status": "cancelled", "message": "Parcel has been cancelled"},
    )
    assert client.read(f"/parcels/{parcel_id}")["parcel"]["status"] == {"id": 2000, "message": "Cancelled"}
    assert [entry.is_cancelled for entry in client.caller.sandbox.ledger.entries()] == [True]


def test_a_cancellation_that_the_carrier_does_not_answer_goes_on_in_the_background(tmp_path):
    carrier = SilentCarrier(tmp_path)
    client = Client(a_caller(an_installation(tmp_path, carriers=[carrier])))
    parcel_id = shipped(client.caller)

    answer = client.post(f"/parcels/{parcel_id}/cancel")

    assert (answer.status_code, answer.json()) == (
        202,
        {"status": "queued", "message": "Parcel cancellation has been queued"},
    )
    assert client.read(f"/parcels/{parcel_id}")["parcel"]["status"]["id"] == 1999


def test_cancelling_twice_is_refused_in_both_forms(client):
    """Recorded: `{"status": "failed", "message": …}`; everything else has an `error`."""
    parcel_id = shipped(client.caller)
    client.post(f"/parcels/{parcel_id}/cancel")

    answer = client.post(f"/parcels/{parcel_id}/cancel")

    request, message = error_of(answer, 400)
    assert request == f"api/v2/parcels/{parcel_id}/cancel"
    assert (answer.json()["status"], answer.json()["message"]) == ("failed", message)


def test_a_parcel_whose_announcement_failed_is_gone(client):
    client.caller.sandbox.ledger.fail_next(Fault.REFUSE)
    client.caller.store(an_order())
    client.caller.ship()
    (parcel,) = client.read("/parcels")["parcels"]

    answer = client.post(f"/parcels/{parcel['id']}/cancel")

    error_of(answer, 410)
    assert answer.json()["status"] == "deleted"


def test_the_label_of_a_cancelled_parcel_is_not_given_out(client):
    parcel_id = shipped(client.caller)
    client.post(f"/parcels/{parcel_id}/cancel")

    assert error_of(client.get(f"/labels/{parcel_id}"), 404) == (f"api/v2/labels/{parcel_id}", NO_PARCEL)
    assert client.get(f"/labels/label_printer/{parcel_id}").status_code == 404
    assert client.read(f"/parcels/{parcel_id}")["parcel"]["label"] == {}


# Labels


def test_links_to_a_label_lead_to_it(known, parcel):
    answer = known.read(f"/labels/{parcel['id']}")

    assert answer == {"label": parcel["label"], "customs_declaration": {}}
    client = known.caller.client
    assert pages_of(client.get(answer["label"]["label_printer"])) == (1, (105, 148))
    assert [pages_of(client.get(link)) for link in answer["label"]["normal_printer"]] == [(1, (210, 297))] * 4


def test_labels_stand_at_the_place_that_is_asked_for(known, parcel):
    files = {known.get(f"/labels/normal_printer/{parcel['id']}", start_from=place).content for place in range(4)}

    assert len(files) == 4
    assert known.get(f"/labels/normal_printer/{parcel['id']}").content in files


def test_several_labels_come_in_one_file(client):
    ids = [shipped(client.caller, order_number=f"N-{number}") for number in range(5)]

    answer = client.post("/labels", {"label": {"parcels": ids}})

    named = ",".join(map(str, ids))
    assert answer.json() == {
        "label": {
            "normal_printer": [f"{URL}/labels/normal_printer?ids={named}&start_from={place}" for place in range(4)],
            "label_printer": f"{URL}/labels/label_printer?ids={named}",
        }
    }
    links = answer.json()["label"]
    assert pages_of(client.caller.client.get(links["label_printer"])) == (5, (105, 148))
    assert pages_of(client.caller.client.get(links["normal_printer"][0])) == (2, (210, 297))
    assert pages_of(client.caller.client.get(links["normal_printer"][3])) == (2, (210, 297))


@pytest.mark.parametrize("query", ["ids={0},{1}", "ids={0}&ids={1}", "ids[]={0}&ids[]={1}", "ids={0},{1},{0}"])
def test_ids_are_written_in_several_ways(client, query):
    ids = [shipped(client.caller, order_number=f"N-{number}") for number in range(2)]

    answer = client.caller.client.get(f"{PREFIX}/labels/label_printer?{query.format(*ids)}")

    assert pages_of(answer)[0] == 2


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "label: 'Field required'"),
        ({"label": {"parcels": []}}, "parcels: 'List should have at least 1 item after validation, not 0'"),
        ({"label": {"parcels": [1] * 501}}, "parcels: 'List should have at most 500 items after validation, not 501'"),
        ({"label": {"parcels": ["x"]}}, "0: 'Input should be a valid integer'"),
    ],
)
def test_a_body_that_cannot_be_right_is_refused(known, body, message):
    assert error_of(known.post("/labels", body), 400) == ("api/v2/labels", message)


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("/labels/label_printer", {}, "ids: 'Name the parcels, as in ids=1,2,3.'"),
        ("/labels/label_printer", {"ids": "1,x"}, "ids: 'These are not the ids of parcels. Write them as ids=1,2,3.'"),
        (
            "/labels/normal_printer",
            {"ids": ",".join(["1"] * 501)},
            "ids: 'List should have at most 500 items, not 501'",
        ),
        (
            "/labels/normal_printer/1",
            {"start_from": "4"},
            "start_from: 'Input should be 0 (top left), 1 (top right), 2 (bottom left) or 3 (bottom right), not '4''",
        ),
    ],
)
def test_a_query_that_cannot_be_right_is_refused(known, path, query, message):
    assert error_of(known.get(path, **query), 400) == (f"api/v2{path}", message)


def test_one_unknown_parcel_leaves_no_file_with_the_others(known, parcel):
    wanted = {"label": {"parcels": [parcel["id"], 1]}}

    assert error_of(known.post("/labels", wanted), 404) == ("api/v2/labels", NO_PARCEL)
    assert known.get("/labels/label_printer", ids=f"{parcel['id']},1").status_code == 404


def test_a_parcel_of_the_queue_has_no_label_yet(client):
    """Its label comes when a worker has announced it."""
    parcel_id = shipped(client.caller)
    with client.caller.installation.database.write() as transaction:
        transaction.execute(update(parcels).values(status="ANNOUNCING", announced_at=None))
    workers(client.caller.installation).run_due()

    assert client.get(f"/labels/{parcel_id}").status_code == 404


# Shipping methods


def test_shipping_methods_are_the_options_that_version_2_has_a_number_for(known):
    methods = {method["id"]: method for method in known.read("/shipping_methods")["shipping_methods"]}

    assert methods.keys() == {1, 8}
    letter, standard = methods[8], methods[1]
    assert {name: value for name, value in letter.items() if name != "countries"} == {
        "id": 8,
        "name": "Unstamped letter",
        "carrier": "sendcloud",
        "min_weight": "0.001",
        "max_weight": "30.000",
        "service_point_input": "none",
        "price": 0,
    }
    assert len(letter["countries"]) > 200
    assert len(standard["countries"]) == 27
    (belgium,) = [country for country in standard["countries"] if country["iso_2"] == "BE"]
    assert belgium == {
        "id": belgium["id"],
        "name": "Belgium",
        "iso_2": "BE",
        "iso_3": "BEL",
        "price": 0,
        "lead_time_hours": None,
    }


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({"sender_address": "all"}, [8, 1]),
        ({"sender_address": "1017"}, [8, 1]),
        ({"to_country": "us"}, [8]),
        ({"to_country": "DE", "from_postal_code": "1012GJ", "to_postal_code": "10115"}, [8, 1]),
        ({"is_return": "true"}, []),
        ({"is_return": "false"}, [8, 1]),
        ({"service_point_id": "10"}, []),
    ],
)
def test_shipping_methods_can_be_asked_for(known, query, numbers):
    assert [method["id"] for method in known.read("/shipping_methods", **query)["shipping_methods"]] == numbers


@pytest.mark.parametrize("sender", ["1018", "mine"])
def test_an_unknown_sender_address_is_refused(known, sender):
    error_of(known.get("/shipping_methods", sender_address=sender), 400)


def test_one_shipping_method_is_answered_as_in_the_list(known):
    (letter, _) = known.read("/shipping_methods")["shipping_methods"]

    assert known.read("/shipping_methods/8") == {"shipping_method": letter}


# The account


def test_the_user_is_the_account(known):
    assert known.read("/user") == {
        "user": {
            "username": "user-1",
            "company_name": "Account 1",
            "company_logo": None,
            "email": "",
            "telephone": "",
            "address": "Oudezijds Voorburgwal 218",
            "postal_code": "1012 GJ",
            "city": "Utrecht",
            "registered": "2026-11-24 12:00:00",
            "data": [],
            "modules": [],
            "invoices": [],
        }
    }


def test_sender_addresses_have_the_documented_shape(known):
    (sender,) = known.read("/user/addresses/sender")["sender_addresses"]

    assert sender == {
        "id": 1017,
        "company_name": "",
        "contact_name": "Lumen & Was",
        "email": "",
        "telephone": "",
        "street": "Oudezijds Voorburgwal",
        "house_number": "218",
        "postal_box": "",
        "postal_code": "1012 GJ",
        "city": "Utrecht",
        "country": "NL",
        "country_state": None,
        "vat_number": "",
        "coc_number": "",
        "eori_number": "",
        "brand_id": None,
    }
    assert known.read("/user/addresses/sender/1017") == {"sender_address": sender}


def test_brands_have_the_documented_shape(known):
    answer = known.read("/brands")
    (brand,) = answer["brands"]

    assert (answer["next"], answer["previous"]) == (None, None)
    assert (brand["id"], brand["name"], brand["overlay_logo"]) == (1042, "Lumen & Was", {})
    assert brand.keys() >= {"color", "secondary_color", "website", "domain", "screen_logo", "print_logo"}
    assert known.read("/brands/1042") == brand


def test_integrations_are_a_bare_list(known):
    (integration,) = known.read("/integrations")

    assert integration == {
        "id": 70,
        "shop_name": "Shop",
        "shop_url": "",
        "system": "api",
        "failing_since": None,
        "last_fetch": None,
        "last_updated_at": "2026-11-24T12:00:00Z",
        "service_point_enabled": False,
        "service_point_carriers": [],
        "webhook_active": False,
        "webhook_url": "",
    }
    assert known.read("/integrations/70") == integration


# Errors, and whose things these are


@pytest.mark.parametrize(("method", "path", "message"), UNKNOWN)
def test_what_does_not_exist_is_not_found(known, method, path, message):
    answer = known.caller.client.request(method, f"{PREFIX}{path}")

    assert error_of(answer, 404) == (f"api/v2{path}", message)


def test_nobody_sees_what_belongs_to_another_account(known, parcel):
    stranger = Client(a_caller(known.caller.installation, account_id=2, integration_id=71))
    paths = [
        f"/parcels/{parcel['id']}",
        f"/labels/{parcel['id']}",
        f"/labels/label_printer/{parcel['id']}",
        f"/labels/normal_printer/{parcel['id']}",
        "/user/addresses/sender/1017",
        "/brands/1042",
        "/integrations/70",
    ]

    assert [stranger.get(path).status_code for path in paths] == [404] * len(paths)
    assert stranger.get("/labels/label_printer", ids=parcel["id"]).status_code == 404
    assert stranger.post(f"/parcels/{parcel['id']}/cancel").status_code == 404
    assert stranger.post("/labels", {"label": {"parcels": [parcel["id"]]}}).status_code == 404
    assert stranger.read("/parcels")["parcels"] == []
    assert stranger.read("/parcels", order_number="ORDER-1")["parcels"] == []
    assert [one["id"] for one in stranger.read("/user/addresses/sender")["sender_addresses"]] == [2017]
    assert [one["id"] for one in stranger.read("/brands")["brands"]] == [2042]
    assert [one["id"] for one in stranger.read("/integrations")] == [71]


def test_wrong_credentials_are_refused_in_the_form_of_version_2(known):
    """Recorded: `{"error": {"message": "Invalid username/password.", "request": "api/v2/user", "code": 401}}`."""
    answer = known.caller.client.get(f"{PREFIX}/user", auth=("nobody", "nothing"))

    assert error_of(answer, 401) == ("api/v2/user", "Invalid username/password.")
    assert "www-authenticate" in answer.headers


def test_a_token_without_the_scope_is_refused_in_the_form_of_version_2(known):
    with known.caller.installation.database.write() as transaction:
        token = issue_token(transaction, known.caller.context.key, ["read:order"], NOW)
    bearer = {"Authorization": f"Bearer {token}"}

    answer = known.caller.client.get(f"{PREFIX}/parcels", headers=bearer, auth=None)

    request, message = error_of(answer, 403)
    assert (request, "read:parcel" in message) == ("api/v2/parcels", True)


def test_a_path_that_leads_nowhere_is_refused_in_the_form_of_version_2(known):
    answer = known.get("/nowhere")

    assert error_of(answer, 404) == ("api/v2/nowhere", "The page you have requested could not be found.")


def test_a_method_that_is_not_allowed_is_refused_in_the_form_of_version_2(known):
    answer = known.post("/parcels", {"parcel": {}})

    assert error_of(answer, 405) == ("api/v2/parcels", "This method is not allowed here.")
    assert answer.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    "path", ["/parcels", "/parcels/statuses", "/shipping_methods", "/user", "/brands", "/integrations", "/nowhere"]
)
def test_paths_may_end_with_a_slash(known, path):
    assert known.get(f"{path}/").content == known.get(path).content


def test_a_number_that_is_too_large_to_exist_does_not(known):
    assert known.get(f"/parcels/{'9' * 30}").status_code == 404


def test_links_hold_nothing_but_addresses(known, parcel):
    links = [*parcel["label"]["normal_printer"], parcel["label"]["label_printer"]]

    assert [
        link
        for link in links
        if not re.fullmatch(r"http://kolli\.test/api/v2/labels/[a-z_]+/\d+(\?start_from=\d)?", link)
    ] == []


# The setting


def test_version_2_can_be_turned_off(tmp_path):
    caller = a_caller(an_installation(tmp_path, api_v2=False))
    client = TestClient(web(caller.installation), "http://kolli.test")
    client.auth = caller.client.auth or ("", "")

    assert error_of(client.get(f"{PREFIX}/user"), 404)[0] == "api/v2/user"
    assert client.post(f"{PREFIX}/parcels/1/cancel").status_code == 404
    assert client.get("/api/v3/orders").status_code == 200
