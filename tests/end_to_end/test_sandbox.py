"""What goes wrong on purpose, at a real server: the page's examples, and connections that end in the middle."""

import http.client
import json
from base64 import b64encode
from contextlib import ExitStack, closing, contextmanager, suppress
from time import monotonic

import pytest

from kolli.operations.late_answers import MOST
from kolli.scenarios import SCENARIOS
from tests.end_to_end.processes import label_request, prepared, run, serving, until
from tests.end_to_end.sandbox_page import PAGE, answers, examples, table, table_on_the_page
from tests.factories import an_order

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with the demo's account."""
    data = tmp_path_factory.mktemp("sandbox") / "data"
    with serving(data, credentials=prepared(data)) as server:
        yield server


def test_the_table_on_the_page_is_that_of_the_code():
    """Run scripts/sandbox-page when it is not."""
    assert table_on_the_page() == table()


def test_every_scenario_has_an_example_on_the_page():
    scripts = "".join(example.script for example in examples())

    assert [
        name for name in SCENARIOS if f"Sandbox-Scenario: {name}" not in scripts and f"~{name}" not in scripts
    ] == []


def test_what_comes_back_is_what_the_page_says(tmp_path):
    data = tmp_path / "data"
    with serving(data, credentials=prepared(data)) as server:
        found = list(answers(server, data))

    assert found == [example.shown for example in examples()], f"See {PAGE.name}, and run scripts/sandbox-page."


def stored(server, number):
    assert server.ask("POST", "/api/v3/orders", [an_order(order_id=number, order_number=number)]).status == 201
    return number


def authorization(server):
    pair = f"{server.credentials.public_key}:{server.credentials.secret}"
    return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}


@contextmanager
def read_slowly(server):
    """A connection on which something has been asked for whose answer is to be late."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=2)) as client:
        client.request("GET", "/api/v3/orders", headers={**authorization(server), "Sandbox-Scenario": "slow:60s"})
        yield client


@contextmanager
def asked(server, scenario):
    """A connection on which the label of an order has been asked for, and the order's number."""
    number = stored(server, f"CUT-{scenario.replace(':', '-')}")
    headers = {
        **authorization(server),
        "Content-Type": "application/json",
        "Sandbox-Scenario": scenario,
    }
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)) as client:
        client.request("POST", "/api/v3/orders/create-label-sync", json.dumps(label_request(number)), headers)
        yield client, number


def ledger(server, number):
    """What the command shows of an order."""
    shown = run("sandbox", "ledger", "--order", number, data=server.out.parent.with_name("data"))
    assert shown.returncode == 0, shown.stderr
    return shown.stdout.splitlines()


def test_a_truncated_answer_ends_before_its_content_length_and_the_label_is_bought(server):
    with asked(server, "truncate") as (client, number):
        answer = client.getresponse()
        with pytest.raises(http.client.IncompleteRead) as broken:
            answer.read()

    assert answer.headers["Sandbox-Scenario"] == "truncate"
    assert len(broken.value.partial) * 2 == pytest.approx(int(answer.headers["Content-Length"]), abs=2)
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken.value.partial)
    assert len(ledger(server, number)) == 1
    assert "already has the shipment" in server.ship(number).json()["errors"][0]["detail"]
    assert len(ledger(server, number)) == 1


@pytest.mark.parametrize(
    ("scenario", "status", "media_type"), [("http:500", 500, "application/json"), ("http:502-html", 502, "text/html")]
)
def test_a_bad_answer_comes_after_the_label_is_bought(server, scenario, status, media_type):
    with asked(server, scenario) as (client, number):
        answer = client.getresponse()
        answer.read()

    assert (answer.status, answer.headers["Content-Type"]) == (status, media_type)
    assert answer.headers["Sandbox-Scenario"] == scenario
    assert len(ledger(server, number)) == 1


def test_who_hangs_up_on_a_slow_answer_finds_the_label(server):
    with asked(server, "slow:20s") as (client, number):
        client.sock.settimeout(2)
        with pytest.raises(TimeoutError):
            client.getresponse()

    assert "already has the shipment" in server.ship(number).json()["errors"][0]["detail"]
    assert len(ledger(server, number)) == 1


def test_slow_answers_hold_up_nobody_else(tmp_path):
    data = tmp_path / "data"
    with (
        serving(data, credentials=prepared(data), threads=1) as server,
        asked(server, "slow:60s"),
        asked(server, "slow:59s"),
    ):
        assert server.ask("GET", "/api/v3/orders").status == 200


def test_a_slow_answer_comes_at_once_when_the_server_stops(tmp_path):
    data = tmp_path / "data"
    with serving(data, credentials=prepared(data)) as server, asked(server, "slow:60s") as (client, _):
        for _ in until("the request has been worked on"):
            if len(ledger(server, "CUT-slow-60s")) == 1:
                break
        begun = monotonic()
        assert server.stop() == 0
        assert monotonic() - begun < 20
        answer = client.getresponse()

    assert (answer.status, answer.headers["Sandbox-Scenario"]) == (201, "slow:60s")


def test_slow_answers_leave_room_for_others(tmp_path):
    data = tmp_path / "data"
    with serving(data, credentials=prepared(data)) as server, ExitStack() as open_ones:
        for _ in range(MOST):
            open_ones.enter_context(read_slowly(server))
        for _ in until("all of them are late"):  # those that ask before that are late as well, or just miss it
            with suppress(TimeoutError):
                refused = open_ones.enter_context(read_slowly(server)).getresponse()
                if refused.status != 200:
                    break
        found = json.load(refused)["errors"][0]

        assert (refused.status, refused.headers["Retry-After"]) == (429, "10")
        assert found["meta"]["sandbox_scenario"] == refused.headers["Sandbox-Scenario"] == "slow:60s"
        assert server.ask("GET", "/api/v3/orders").status == 200
