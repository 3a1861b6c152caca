"""A label server for other people's tests: real, quickly there, the same on every run, and gone without a trace."""

import asyncio
import json
import re
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kolli.demo import Caller, Credentials
from kolli.errors import Invalid
from kolli.testing import LabelServer, serving_labels
from tests.end_to_end.processes import ask, label_request

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
SHIP = "/api/v3/orders/create-label-sync"


def ship(server: LabelServer, order_number: str, path: str = SHIP):
    return ask(server.url + path, "POST", label_request(order_number), Credentials(*server.auth))


def run(folder, *command):
    return subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("more", [[], ["-n", "2"]], ids=["one process", "two processes"])
def test_the_example_of_the_page_runs_in_an_empty_folder(tmp_path, more):
    (tmp_path / "test_labels.py").write_text(EXAMPLES[0], "utf-8")

    ended = run(tmp_path, "-W", "error", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *more)

    assert ended.returncode == 0, ended.stdout
    assert "4 passed" in ended.stdout


def test_the_example_without_pytest_runs_where_there_is_none(tmp_path):
    (tmp_path / "pytest.py").write_text("raise ImportError('there is no pytest here')")
    (tmp_path / "test_labels.py").write_text(EXAMPLES[1], "utf-8")

    ended = run(tmp_path, "-W", "error", "-m", "unittest", "test_labels")

    assert ended.returncode == 0, ended.stderr


def test_the_page_names_everything_there_is(label_server):
    public = {name for name in dir(label_server) if not name.startswith("_")}

    assert [name for name in sorted(public) if f"`{name}" not in PAGE.read_text("utf-8")] == []


def test_two_runs_give_the_same_numbers_ids_and_times():
    def answers():
        with serving_labels() as server:
            orders = server.add_orders({}, {"shipping_details": postnl()})
            shipped = [ship(server, order.order_number).json()["data"][0] for order in orders]
            parcels = [parcel_of(server, label["parcel_id"]) for label in shipped]
            return orders, [(each["shipment_id"], each["tracking_number"]) for each in shipped], parcels

    assert answers() == answers()


def postnl():
    properties = {"shipping_option_code": "postnl:standard", "contract_id": 517}
    return {"ship_with": {"type": "shipping_option_code", "properties": properties}}


def parcel_of(server, parcel_id):
    told = ask(f"{server.url}/api/v3/parcels/{parcel_id}", credentials=Credentials(*server.auth)).json()
    return json.loads(json.dumps(told).replace(server.url, ""))


def test_labels_made_in_the_background_have_the_same_numbers_too():
    def numbers():
        with serving_labels() as server:
            orders = [{"order_number": order.order_number} for order in server.add_orders(*[{}] * 20)]
            body = {"integration_id": 70, "orders": orders}
            path = f"{server.url}/api/v3/orders/create-labels-async"
            assert ask(path, "POST", body, Credentials(*server.auth)).status == 202
            server.run_due()
            return [(entry.order_number, entry.tracking_number) for entry in server.ledger]

    first = numbers()

    assert len(first) == 20
    assert first == numbers()


def test_nothing_is_left_of_a_server():
    before = set(threading.enumerate())
    with serving_labels() as server:
        ship(server, server.add_order().order_number)
        folder = server.folder

    end = time.monotonic() + 10
    while set(threading.enumerate()) - before and time.monotonic() < end:
        time.sleep(0.01)  # threads that have been told to end need a moment
    assert set(threading.enumerate()) - before == set()
    assert not folder.exists()
    with pytest.raises(OSError, match="refused"):
        ask(server.url)


def test_two_servers_at_a_time_know_nothing_of_each_other():
    with serving_labels() as one, serving_labels() as other:
        order = one.add_order()

        assert ship(other, order.order_number).status == 404
        assert ship(one, order.order_number).status == 201
        assert (len(one.ledger), len(other.ledger)) == (1, 0)


def test_a_server_runs_beside_an_event_loop():
    async def status():
        with serving_labels() as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(server.url.rpartition(":")[2]))
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            answer = await reader.read()
            writer.close()
            await writer.wait_closed()
            return answer.split()[1]

    assert asyncio.run(status()) == b"200"


def test_the_environment_of_the_tester_changes_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    monkeypatch.setenv("KOLLI_PORT", "not a number")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    with serving_labels() as server:
        assert server.add_order().order_number == "TEST-1"

    assert list(tmp_path.iterdir()) == []


def test_an_order_is_changed_as_a_test_wants_it(label_server):
    order = label_server.add_order(
        order_number="W-1", shipping_address={"city": "Utrecht"}, customer_details=None, order_id="w-1"
    )

    path = f"{label_server.url}/api/v3/orders/{order.id}"
    stored = ask(path, credentials=Credentials(*label_server.auth)).json()["data"]
    assert (order.order_id, stored["order_number"]) == ("w-1", "W-1")
    assert (stored["shipping_address"]["city"], stored["shipping_address"]["name"]) == ("Utrecht", "Femke de Vries")


def test_an_order_that_cannot_be_stored_fails_the_test_with_the_reason(label_server):
    with pytest.raises(AssertionError, match="country_code"):
        label_server.add_order(shipping_address={"country_code": "Atlantis"})


def test_time_passes_when_the_test_says_so_and_what_is_due_happens_at_its_own_time(label_server):
    begin = label_server.clock.now
    label_server.next("hook:late:1h")
    label_server.next("hook:late:2h")
    for order in label_server.add_orders({}, {}):
        assert ship(label_server, order.order_number).status == 201

    label_server.clock.advance(days=1)

    sent = [datetime.fromtimestamp(int(each.headers["webhook-timestamp"]), UTC) for each in label_server.webhooks]
    assert sent == [begin + timedelta(hours=1), begin + timedelta(hours=2)]
    assert label_server.clock.now == begin + timedelta(days=1)


def test_what_cannot_be_meant_is_refused(label_server):
    with pytest.raises(ValueError, match="forward only"):
        label_server.clock.advance(hours=-1)
    with pytest.raises(ValueError, match="0 requests"):
        label_server.next("busy", times=0)
    with pytest.raises(Invalid, match="No path ends in 'nope'"):
        label_server.next("busy", route="nope")


def test_a_clock_can_be_set_and_set_back(label_server):
    begin = label_server.clock.now

    label_server.clock.set(begin + timedelta(minutes=1))
    label_server.clock.set(begin - timedelta(days=1))

    assert label_server.clock() == begin - timedelta(days=1)


def test_a_time_without_a_zone_is_refused(label_server):
    with pytest.raises(ValueError, match="time zone"):
        label_server.clock.set(datetime(2026, 11, 24))  # noqa: DTZ001 - the point


def test_an_unknown_scenario_is_refused_with_those_there_are(label_server):
    with pytest.raises(Invalid, match="timeout-after"):
        label_server.next("boom")


def test_a_scenario_waits_for_the_route_it_is_meant_for(label_server):
    order = label_server.add_order()
    label_server.next("busy", route="create-label-sync")

    path = f"{label_server.url}/api/v3/orders/{order.id}"
    looked = ask(path, credentials=Credentials(*label_server.auth))
    shipped = [ship(label_server, order.order_number).status for _ in range(2)]

    assert (looked.status, shipped) == (200, [400, 201])


def test_requests_are_those_of_the_test_and_say_what_was_done_to_them(label_server):
    label_server.next("busy", times=2)
    order = label_server.add_order()
    for path in (SHIP, SHIP, SHIP, "/nowhere"):
        ship(label_server, order.order_number, path)

    logged = [(each.path, each.status, each.details.scenario) for each in label_server.requests()]
    assert logged == [
        (SHIP, 400, "busy"),
        (SHIP, 400, "busy"),
        (SHIP, 201, ""),
        ("/nowhere", 404, ""),
    ]


def test_commands_work_beside_the_server(label_server):
    ship(label_server, "NOT-THERE")
    label_server.requests()  # which has them written down

    kolli = str(Path(sys.executable).with_name("kolli"))
    here = {"KOLLI_DATA": str(label_server.folder)}
    shown = subprocess.run([kolli, "requests", "--failed"], env=here, capture_output=True, text=True, check=True)

    assert SHIP in shown.stdout
    assert "could not be found" in shown.stdout


def test_webhooks_can_go_to_a_server_of_the_tests_own(label_server):
    """What is kept goes to a name that leads nowhere; all else is really sent."""
    caller = Caller(label_server.url, Credentials(*label_server.auth))
    body = {"webhook_active": True, "webhook_url": "http://127.0.0.1:9/hook"}
    caller.call("PATCH", "/api/v3/integrations/70", json.dumps(body).encode())

    ship(label_server, label_server.add_order().order_number)

    assert label_server.webhooks == []
