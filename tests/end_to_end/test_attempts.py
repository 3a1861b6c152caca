"""`kolli attempts` beside a running server, and without one: nothing is settled twice, and no label is lost."""

import sqlite3
import subprocess
import threading
from contextlib import closing

import pytest

from kolli.carriers.sandbox import LEDGER, Fault, Ledger
from tests.end_to_end.processes import Answer, prepared, run, serving
from tests.factories import an_order

pytestmark = pytest.mark.slow


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def server(data):
    """A server with four orders, whose carrier keeps silent about the next four labels that it books."""
    credentials = prepared(data)
    with serving(data, credentials=credentials) as server:
        orders = [an_order(order_id=f"id-{number}", order_number=f"N-{number}") for number in range(4)]
        assert server.ask("POST", "/api/v3/orders", orders).status == 201
        with closing(Ledger(data / LEDGER)) as ledger:
            ledger.fail_next(Fault.SILENT_AFTER, 4)
        yield server


def booked(data):
    """Our reference and the number of every label that the carrier has booked."""
    with closing(Ledger(data / LEDGER)) as ledger:
        return [(entry.reference, entry.tracking_number) for entry in ledger.entries()]


def test_beside_a_running_server_what_exists_is_settled_and_its_label_is_printed_by_the_server(server, data):
    assert server.ship("N-0").status == 400
    ((shipment, number),) = booked(data)

    listed = run("attempts", "list", data=data)
    settled = run("attempts", "exists", shipment, number, data=data)

    assert f"{shipment} unknown since" in listed.stdout
    assert settled.returncode == 0, settled.stderr
    again = server.ship("N-0").json()["errors"][0]["meta"]
    assert again["tracking_number"] == number
    label = server.ask("GET", f"/api/v3/parcels/{again['parcel_id']}/documents/label")
    assert (label.status, label.body[:5]) == (200, b"%PDF-")
    assert booked(data) == [(shipment, number)]
    assert run("attempts", "list", data=data).stdout == "The outcome of every announcement is known.\n"


def test_without_a_server_it_is_settled_as_well(server, data):
    assert server.ship("N-0").status == 400
    server.stop()
    ((shipment, _),) = booked(data)

    settled = run("attempts", "none", shipment, "--reason", "The carrier has struck it off.", data=data)

    assert settled.returncode == 0, settled.stderr
    assert "abandoned, 1 try" in run("attempts", "show", shipment, data=data).stdout


def test_what_another_process_asks_about_at_this_moment_is_left_to_it(server, data):
    assert server.ship("N-0").status == 400
    ((shipment, number),) = booked(data)
    with closing(sqlite3.connect(data / "kolli.db", isolation_level=None)) as database:
        database.execute(
            "UPDATE attempts SET lease_owner = 'another', lease_until = '2999-01-01T00:00:00.000000+00:00'"
        )

    refused = run("attempts", "exists", shipment, number, data=data)

    assert refused.returncode == 1
    assert refused.stderr.startswith("kolli: A server is asking the carrier about shipment ")
    assert f"{shipment} unknown since" in run("attempts", "list", data=data).stdout


def test_a_person_and_the_server_who_settle_at_the_same_time_settle_once(server, data):
    assert [server.ship(f"N-{number}").status for number in range(4)] == [400] * 4
    labels = booked(data)
    ended: list[subprocess.CompletedProcess[str]] = []
    answers: list[Answer] = []

    def by_hand():
        ended.extend(run("attempts", "exists", *label, data=data) for label in labels)

    def by_the_server():
        answers.extend(server.ship(f"N-{number}") for _ in range(10) for number in range(3, -1, -1))

    threads = [threading.Thread(target=each) for each in (by_hand, by_the_server)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status for answer in answers} == {400}
    assert [
        done.returncode for done in ended if "is settled. It is stored" not in done.stderr and done.returncode
    ] == []
    assert booked(data) == labels
    told = [server.ship(f"N-{number}").json()["errors"][0]["meta"]["tracking_number"] for number in range(4)]
    assert told == [number for _, number in labels]
