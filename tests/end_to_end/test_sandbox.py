"""What goes wrong on purpose, at a real server: the page's examples, and connections that end in the middle."""

import http.client
import json
from base64 import b64encode
from contextlib import closing, contextmanager

import pytest

from kolli.scenarios import SCENARIOS
from tests.end_to_end.processes import label_request, prepared, run, serving
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


@contextmanager
def asked(server, scenario):
    """A connection on which the label of an order has been asked for, and the order's number."""
    number = stored(server, f"CUT-{scenario.replace(':', '-')}")
    pair = f"{server.credentials.public_key}:{server.credentials.secret}"
    headers = {
        "Authorization": f"Basic {b64encode(pair.encode()).decode()}",
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
