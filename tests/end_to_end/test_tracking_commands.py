"""`kolli track` beside a running server: by hand, from a file, and along the sandbox's lives."""

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.processes import ask, prepared, run, serving
from tests.factories import an_order

pytestmark = pytest.mark.slow

HEADER = "tracking_number,status,at,description,city,country"


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return tmp_path_factory.mktemp("tracking") / "data"


@pytest.fixture(scope="module")
def server(data):
    with serving(data, credentials=prepared(data)) as server:
        yield server


@pytest.fixture
def label(server, request):
    """The label of a fresh order, which is named after the test."""
    name = re.sub(r"\W", "-", request.node.name)[:60]
    server.ask("POST", "/api/v3/orders", [an_order(order_id=name, order_number=name)])
    return server.ship(name).json()["data"][0]


def ago(**some):
    return (datetime.now(UTC) - timedelta(**some)).isoformat(timespec="seconds")


def tracked(server, number):
    return server.ask("GET", f"/api/v3/parcels/tracking/{number}").json()


def phases(server, number):
    return [event["status_code"] for event in tracked(server, number)["events"]]


def test_an_event_that_is_recorded_by_hand_is_what_the_server_answers(server, data, label):
    number = label["tracking_number"]
    recorded = run(
        *("track", "record", number.lower(), "delivered", "--at", ago(minutes=1), "--note", "At the door"),
        *("--city", "Amsterdam", "--country", "nl"),
        data=data,
    )
    again = run("track", "show", number, data=data)

    assert recorded.returncode == 0, recorded.stderr
    assert phases(server, number)[-1] == "delivered"
    assert tracked(server, number)["events"][-1]["status_description"] == "At the door"
    assert recorded.stdout == again.stdout
    assert f"{number} (sendcloud): Delivered (DELIVERED)" in again.stdout
    assert "Delivered · At the door · Amsterdam NL" in again.stdout


def test_the_tracking_page_shows_it(server, data, label):
    run("track", "record", label["tracking_number"], "DRIVER_ON_ROUTE", "--city", "Amsterdam", data=data)

    url = urlsplit(label["tracking_url"])
    page = ask(f"{server.url}{url.path}?{url.query}").body.decode()

    assert page.count("Driver en route") >= 2  # large, and in the history


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("record", "NONE", "DELIVERED"), "There is no parcel NONE"),
        (("record", "{number}", "ARRIVED"), "'ARRIVED' is no status"),
        (("record", "{number}", "CANCELLED"), "follows from what Kolli itself does"),
        (("record", "{number}", "DELIVERED", "--at", "tomorrow"), "'tomorrow' is no time"),
        (("record", "{number}", "DELIVERED", "--at", "2099-01-01"), "has not come yet"),
        (("record", "{number}", "DELIVERED", "--carrier", "dhl"), "of dhl"),
        (("record", "{number}", "DELIVERED", "--account", "9"), "Name one of the accounts"),
        (("show", "NONE"), "There is no parcel NONE"),
        (("advance", "NONE"), "There is no parcel NONE"),
        (("advance", "{number}", "--life", "eternal"), "There is no life 'eternal'"),
        (("import", "none.csv"), "none.csv: No such file"),
    ],
)
def test_what_cannot_be_done_is_told_in_one_sentence(data, label, arguments, words):
    ended = run("track", *(word.format(number=label["tracking_number"]) for word in arguments), data=data)

    assert ended.returncode == 1
    assert re.fullmatch(r"kolli: [^\n]+\.\n", ended.stderr)
    assert words in ended.stderr


def test_a_file_is_recorded_whole(server, data, label, tmp_path):
    number = label["tracking_number"]
    file = tmp_path / "events.csv"
    file.write_text(
        f"\ufeff{HEADER}\n{number},DELIVERED,{ago(minutes=1)},,Amsterdam,NL\n{number},SORTED,{ago(minutes=2)},,,\n".replace(
            ",", ";"
        ),
        "utf-8",
    )

    first, again = run("track", "import", str(file), data=data), run("track", "import", str(file), data=data)

    assert first.stdout == "Events recorded: 2; known already: 0; rows left out: 0.\n"
    assert again.stdout == "Events recorded: 0; known already: 2; rows left out: 0.\n"
    assert phases(server, number)[-2:] == ["sorted", "delivered"]


def test_of_a_file_with_a_bad_row_nothing_is_recorded_unless_that_is_asked_for(server, data, label, tmp_path):
    number = label["tracking_number"]
    file = tmp_path / "events.csv"
    file.write_text(f"{HEADER}\n{number},SORTED,{ago(minutes=1)},,,\n{number},ARRIVED,{ago(minutes=1)},,,\n", "utf-8")

    refused = run("track", "import", str(file), data=data)
    before = phases(server, number)
    partly = run("track", "import", str(file), "--good-rows", data=data)

    assert (refused.returncode, partly.returncode) == (1, 1)
    assert refused.stderr.startswith("row 3, status: 'ARRIVED' is no status.")
    assert refused.stderr.endswith("Nothing was recorded. Bad rows: 1; good ones: 1.\n")
    assert "sorted" not in before
    assert partly.stdout == "Events recorded: 1; known already: 0; rows left out: 1.\n"
    assert phases(server, number)[-1] == "sorted"


def test_a_parcel_of_the_sandbox_lives_as_far_as_it_is_told(server, data, label):
    number = label["tracking_number"]

    one = run("track", "advance", number, data=data)
    end = run("track", "advance", number, "--life", "returned", "--to", "returned-to-sender", data=data)
    over = run("track", "advance", number, data=data)

    assert (one.returncode, end.returncode, over.returncode) == (0, 0, 1)
    assert "Shipment picked up by driver" in one.stdout
    assert phases(server, number)[-1] == tracked(server, number)["events"][-1]["status_code"] == "delivered"
    assert "Returned to sender (RETURNED_TO_SENDER)" in end.stdout
    assert "has ended" in over.stderr


def test_a_number_with_signs_of_addresses_in_it_is_found_over_the_wire(server):
    body = {
        "announced_at": ago(hours=1),
        "from_address": {"country_code": "NL", "postal_code": "3526 KL"},
        "to_address": {"country_code": "NL", "postal_code": "1012 GJ"},
        "ship_with": {"type": "contract", "properties": {"contract_id": 1}},
        "shipment": {"source_id": "a"},
        "source_id": "a",
        "tracking_number": {"carrier_code": "dhl", "tracking_number": "a/%2F?b"},
    }
    assert server.ask("POST", "/api/v3/parcels/tracking", body).status == 200

    found = server.ask("GET", "/api/v3/parcels/tracking/a%2F%252F%3Fb")

    assert found.json()["tracking_numbers"][0]["tracking_number"] == "a/%2F?b"
