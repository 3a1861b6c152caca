"""Keys are rotated beside a running server, which goes on shipping under its contract."""

import re
import signal
import subprocess
import time

import pytest

from tests.end_to_end.processes import KOLLI, environment, prepared, run, serving, until
from tests.factories import an_order

pytestmark = pytest.mark.slow

POST = {"type": "shipping_option_code", "properties": {"shipping_option_code": "postnl:standard"}}
WEIGHT = {"measurement": {"weight": {"value": 1, "unit": "kg"}}}


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def server(data):
    with serving(data, credentials=prepared(data)) as server:
        yield server


def ship(server, name):
    """The tracking number of a new order that is shipped under the demo's contract."""
    server.ask("POST", "/api/v3/orders", [an_order(order_id=name, order_number=name, shipping_details=WEIGHT)])
    body = {"integration_id": 70, "order": {"order_number": name}, "ship_with": POST}
    answer = server.ask("POST", "/api/v3/orders/create-label-sync", body)
    assert answer.status == 201, answer.body
    return answer.json()["data"][0]["tracking_number"]


def test_a_server_ships_on_and_keeps_new_secrets_while_keys_are_rotated(server, data):
    numbers = [ship(server, "before")]
    for name in ("once", "twice"):
        rotated = run("secrets", "rotate", data=data)
        assert rotated.returncode == 0, rotated.stderr
        numbers.append(ship(server, name))
        changed = {"contract_data": {"customer_code": {"once": "AA", "twice": "BB"}[name]}}
        listed = server.ask("GET", "/api/v3/contracts?carrier_code=postnl").json()["data"]
        assert server.ask("PATCH", f"/api/v3/contracts/{listed[0]['id']}", changed).status == 200
        numbers.append(ship(server, f"{name}-changed"))

    checked = run("secrets", "check", data=data)

    assert checked.returncode == 0, checked.stdout
    assert [re.sub(r"\d", "", number[2:]) for number in numbers] == ["TEST", "TEST", "AA", "AA", "BB"]
    assert len((data / "kolli.key").read_text().split()) == 1


def test_a_rotation_that_is_killed_again_and_again_loses_nothing(server, data):
    """Killed from the moment on when it has written a new key, a little later each time."""
    killed = 0
    for number in range(6):
        before = (data / "kolli.key").read_text()
        command = [str(KOLLI), "secrets", "rotate"]
        rotation = subprocess.Popen(command, env=environment(data=data), stdout=subprocess.DEVNULL)
        for _ in until("a new key"):
            if (data / "kolli.key").read_text() != before or rotation.poll() is not None:
                break
        time.sleep(number / 100)
        rotation.kill()
        killed += rotation.wait() == -signal.SIGKILL
        ship(server, f"killed-{number}")
    assert killed

    finished = run("secrets", "rotate", data=data)

    assert finished.returncode == 0, finished.stderr
    assert run("secrets", "check", data=data).returncode == 0
    assert ship(server, "after")


def test_a_server_without_its_key_file_does_not_start_and_says_what_to_do(server, data):
    ship(server, "one")
    server.stop()
    (data / "kolli.key").rename(data / "elsewhere")

    refused = run("serve", data=data)

    assert refused.returncode == 1
    assert "Put the key file back" in refused.stderr
    assert not (data / "kolli.key").exists()
