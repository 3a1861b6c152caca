"""A server that is killed at any moment while many ship: no label is lost, none is bought twice, and all is known."""

import time
from contextlib import closing
from random import Random

import pytest

from kolli.carriers.sandbox import LEDGER, Fault, Ledger
from tests.chaos.comparison import bought_twice, half_booked, is_settled, known_to, lost, unaccounted
from tests.chaos.customers import Board, Customer, noted_by
from tests.chaos.processes import Server, serving, wait_until
from tests.chaos.purchases import ledger_of, scanned
from tests.chaos.results import record
from tests.chaos.sizes import KILLS, SEED
from tests.end_to_end.processes import prepared

CUSTOMERS = 20
MOST_ANSWERS_BETWEEN_KILLS = 30
LONGEST_BETWEEN_KILLS_SECONDS = 3.0
SETTLED_WITHIN_SECONDS = 120  # after a start, as promised
SCANNED = 25
"""How many labels are fetched and scanned in the end."""


def kill_again_and_again(server: Server, board: Board, kills: int, seeded: Random) -> float:
    """Kills the server whenever customers have got a drawn number of answers; gives the seconds of the longest start.

    The carrier goes wrong now and then meanwhile.
    """
    longest = 0.0
    with closing(Ledger(server.data / LEDGER)) as ledger:
        for _ in range(kills):
            goal = board.answers + seeded.randrange(MOST_ANSWERS_BETWEEN_KILLS)
            end = time.monotonic() + LONGEST_BETWEEN_KILLS_SECONDS
            if seeded.random() < 0.5:
                ledger.fail_next(seeded.choice(list(Fault)), times=seeded.randint(1, 3))
            while board.answers < goal and time.monotonic() < end:
                time.sleep(0.002)
            time.sleep(seeded.uniform(0, 0.03))
            server.kill()
            begin = time.monotonic()
            server.start()
            longest = max(longest, time.monotonic() - begin)
        while ledger.next_fault():
            pass
    return longest


def settled_after_restart(server: Server) -> float:
    """The seconds from a last kill until everything is known."""
    server.kill()
    begin = time.monotonic()
    server.start()
    wait_until(lambda: is_settled(server.data), "everything to be settled", SETTLED_WITHIN_SECONDS)
    return time.monotonic() - begin


def unreadable(server: Server, seeded: Random) -> list[str]:
    """Labels, of a sample, on which a scanner does not read what the ledger says."""
    numbers = {entry.tracking_number for entry in ledger_of(server.data) if not entry.is_cancelled}
    listed = server.ask("GET", "/api/v3/shipments?parcel_status=READY_TO_SEND").json()["data"]
    parcels = [parcel for shipment in listed for parcel in shipment["parcels"]]
    found = seeded.sample(parcels, min(SCANNED, len(parcels)))
    assert {parcel["tracking_number"] for parcel in found} <= numbers
    return [
        parcel["tracking_number"] for parcel in found if parcel["tracking_number"] not in scanned(server, parcel["id"])
    ]


@pytest.mark.slow
def test_however_often_a_server_is_killed_no_label_is_lost_and_none_is_bought_twice(tmp_path):
    data = tmp_path / "data"
    board = Board()
    begin = time.monotonic()
    with serving(data, prepared(data)) as server:
        customers = [Customer(f"C{number}", server, board, f"{SEED} {number}") for number in range(CUSTOMERS)]
        for customer in customers:
            customer.start()
        longest_start = kill_again_and_again(server, board, KILLS, Random(SEED))
        board.closing.set()
        for customer in customers:
            customer.join(SETTLED_WITHIN_SECONDS)
        settled_after = settled_after_restart(server)
        misprinted = unreadable(server, Random(SEED))

    ledger, known, noted = ledger_of(data), known_to(data), noted_by(customers)
    wrong = {
        "lost": list(lost(ledger, known, noted)),
        "bought twice": list(bought_twice(ledger)),
        "half booked": list(half_booked(ledger, known)),
        "unaccounted": list(unaccounted(ledger, known)),
        "unreadable": misprinted,
    }
    record(
        "Kill loop",
        f"{KILLS} kills, {CUSTOMERS} customers, seed {SEED}",
        answers=board.answers,
        booked=len(ledger),
        cancelled=sum(entry.is_cancelled for entry in ledger),
        **{name: len(found) for name, found in wrong.items()},
        **{"longest start, s": round(longest_start, 2), "settled after, s": round(settled_after, 2)},
        seconds=round(time.monotonic() - begin, 1),
    )
    assert board.wrong == []
    assert wrong == {name: [] for name in wrong}
