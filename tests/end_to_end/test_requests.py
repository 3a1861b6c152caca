"""The request log of a real server: what was asked is there after it has stopped, if it is wanted."""

import subprocess
import sys
from pathlib import Path

import pytest

from kolli.account.requests import Wanted, list_requests
from kolli.app import open_database
from kolli.settings import Settings
from tests.end_to_end.processes import ask, environment, prepared, serving


def logged(data):
    database = open_database(Settings(data=data))
    with database.read() as transaction:
        found = list_requests(transaction, Wanted(), 1_000)
    database.close()
    return [(each.method, each.path, each.status, each.account_id) for each in found]


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def test_every_request_is_in_the_log_once_the_server_has_stopped(data):
    with serving(data, credentials=prepared(data)) as server:
        server.ask("GET", "/api/v3/orders?order_number=1")
        server.ask("DELETE", "/api/v3/orders")
        ask(f"{server.url}/api/v3/orders")
        server.stop()

    assert logged(data) == [
        ("GET", "/api/v3/orders", 200, 1),
        ("DELETE", "/api/v3/orders", 405, None),
        ("GET", "/api/v3/orders", 401, None),
    ]


def test_a_server_keeps_no_log_where_none_is_wanted(data):
    with serving(data, credentials=prepared(data), request_log=0) as server:
        server.ask("GET", "/api/v3/orders")
        server.stop()

    assert logged(data) == []


def test_who_follows_sees_a_request_while_the_server_runs(data):
    kolli = Path(sys.executable).with_name("kolli")
    with serving(data, credentials=prepared(data)) as server:
        watching = subprocess.Popen(
            [kolli, "requests", "--follow"],
            env=environment(data=data) | {"PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert watching.stdout
        server.ship("NOT-THERE")
        line = watching.stdout.readline()
        watching.terminate()
        watching.wait()
        watching.stdout.close()

    assert "create-label-sync  404" in line
