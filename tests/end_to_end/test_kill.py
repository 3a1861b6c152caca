"""A server that is killed while it ships: nothing that was booked is lost, and nothing is booked twice."""

import random
import signal
import threading
import time
import urllib.error
from contextlib import closing

import pytest

from kolli.carriers.sandbox import LEDGER, Ledger
from tests.end_to_end.processes import Kolli, prepared, serving, until
from tests.factories import an_order

CREATE_LABELS_ASYNC = "/api/v3/orders/create-labels-async"

KILLS = 5
ORDERS = 100
CALLERS = 4


def a_numbered_order(number: int):
    return an_order(order_id=f"id-{number}", order_number=f"N-{number}")


def keep_shipping(server: Kolli, numbers: list[int]) -> None:
    """Ships one order after the other, until the server is gone."""
    for number in numbers:
        try:
            server.ship(f"N-{number}")
        except (urllib.error.URLError, ConnectionError, OSError):
            return


def tracking_number(server: Kolli, number: int) -> str:
    """The number of the order's label: the one that exists, or that of a label made now."""
    answer = server.ship(f"N-{number}")
    document = answer.json()
    found = document["data"][0] if answer.status == 201 else document["errors"][0]["meta"]
    return str(found["tracking_number"])


@pytest.mark.slow
def test_whatever_was_booked_before_a_kill_is_found_again(tmp_path):
    credentials = prepared(tmp_path / "data")
    numbers = list(range(ORDERS))
    seeded = random.Random(1)
    with serving(tmp_path / "data", credentials=credentials) as server:
        server.ask("POST", "/api/v3/orders", [a_numbered_order(number) for number in numbers])

    for _ in range(KILLS):
        with serving(tmp_path / "data", credentials=credentials) as server:
            seeded.shuffle(numbers)
            shares = [numbers[first::CALLERS] for first in range(CALLERS)]
            callers = [threading.Thread(target=keep_shipping, args=(server, share)) for share in shares]
            for caller in callers:
                caller.start()
            time.sleep(seeded.uniform(0.05, 0.3))
            server.stop(signal.SIGKILL)
            for caller in callers:
                caller.join()
    with serving(tmp_path / "data", credentials=credentials) as server:
        told = {f"N-{number}": tracking_number(server, number) for number in numbers}

    with closing(Ledger(tmp_path / "data" / LEDGER)) as ledger:
        booked = ledger.entries()
    assert len(booked) == ORDERS
    assert {entry.order_number: entry.tracking_number for entry in booked} == told


BATCHES = 6
BATCH = 20


def keep_sending(server: Kolli, batches: list[list[int]], accepted: dict[str, str]) -> None:
    """Sends one batch after the other, until the server is gone; what was accepted is noted: order → shipment."""
    while batches:
        orders = [{"order_number": f"N-{number}"} for number in batches[-1]]
        try:
            answer = server.ask("POST", CREATE_LABELS_ASYNC, {"integration_id": 70, "orders": orders})
        except (urllib.error.URLError, ConnectionError, OSError):
            return  # whether these were accepted nobody has been told
        batches.pop()
        accepted |= {entry["order_number"]: entry["shipment_id"] for entry in answer.json()["data"]}


def status_of(server: Kolli, shipment_id: str) -> str:
    (parcel,) = server.ask("GET", f"/api/v3/shipments/{shipment_id}").json()["data"]["parcels"]
    return str(parcel["status"]["code"])


@pytest.mark.slow
def test_whatever_was_accepted_before_a_kill_is_announced_once(tmp_path):
    data = tmp_path / "data"
    credentials = prepared(data)
    numbers = list(range(BATCHES * BATCH))
    batches = [numbers[first::BATCHES] for first in range(BATCHES)]
    accepted: dict[str, str] = {}
    seeded = random.Random(2)
    with serving(data, credentials=credentials) as server:
        for first in range(0, len(numbers), 100):
            orders = [a_numbered_order(number) for number in numbers[first : first + 100]]
            server.ask("POST", "/api/v3/orders", orders)

    for _ in range(KILLS):
        with serving(data, credentials=credentials) as server:
            sender = threading.Thread(target=keep_sending, args=(server, batches, accepted))
            sender.start()
            time.sleep(seeded.uniform(0.05, 0.4))
            server.stop(signal.SIGKILL)
            sender.join()
    with serving(data, credentials=credentials) as server:
        keep_sending(server, batches, accepted)
        for _ in until("every label"):
            if not server.ask("GET", "/api/v3/shipments?parcel_status=ANNOUNCING").json()["data"]:
                break
        statuses = {status_of(server, shipment_id) for shipment_id in accepted.values()}

    with closing(Ledger(data / LEDGER)) as ledger:
        booked = [(entry.order_number, entry.reference) for entry in ledger.entries()]
    assert len(booked) == len(set(booked)) == len({order for order, _ in booked})
    assert accepted.items() <= dict(booked).items()
    assert statuses == {"READY_TO_SEND"}
    assert {order for order, _ in booked} == {f"N-{number}" for number in numbers}
