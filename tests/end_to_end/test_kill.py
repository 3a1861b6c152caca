"""A server that is killed while it ships: nothing that was booked is lost, and nothing is booked twice."""

import random
import signal
import threading
import time
import urllib.error
from contextlib import closing

import pytest

from kolli.carriers.sandbox import LEDGER, Ledger
from tests.end_to_end.processes import Kolli, prepared, serving
from tests.factories import an_order

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
