"""Many at once, who all want the same: there is one booking, and everybody hears of that one."""

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest

from kolli.app import open_database
from kolli.demo import Credentials
from kolli.documents.proof import lines_of
from kolli.sequences import add_sequence
from kolli.settings import Settings
from tests.chaos.comparison import bought_twice, known_to, unaccounted
from tests.chaos.doomed import HANGING, Doom, Fault
from tests.chaos.peers import Peer, working_beside
from tests.chaos.processes import GONE, Answer, Server, serving, wait_until
from tests.chaos.purchases import (
    BUSY,
    Purchase,
    a_numbered_order,
    label_sync,
    ledger_of,
    mistakes,
    shipment_of,
    tell,
)
from tests.chaos.results import record
from tests.chaos.sizes import ROUNDS, SEED
from tests.end_to_end.processes import PATIENCE_SECONDS, prepared

CALLERS = 32

pytestmark = pytest.mark.slow


class Shop(NamedTuple):
    """A server, and who may ask it."""

    server: Server
    credentials: Credentials

    @property
    def data(self) -> Path:
        return self.server.data

    def store(self, numbers: Sequence[str]) -> None:
        """Stores orders with these numbers."""
        for first in range(0, len(numbers), 100):
            orders = [a_numbered_order(number) for number in numbers[first : first + 100]]
            assert self.server.ask("POST", "/api/v3/orders", orders).status == 201


@pytest.fixture
def shop(tmp_path) -> Iterator[Shop]:
    data = tmp_path / "data"
    credentials = prepared(data)
    with serving(data, credentials) as server:
        yield Shop(server, credentials)


def at_once(work: Callable[[], Answer], pool: ThreadPoolExecutor) -> list[Answer]:
    """What all callers are answered who begin at the same moment."""
    gate = threading.Barrier(CALLERS)

    def call() -> Answer:
        gate.wait(PATIENCE_SECONDS)
        return work()

    return [future.result() for future in [pool.submit(call) for _ in range(CALLERS)]]


def test_many_threads_with_one_key_get_one_booking_and_the_same_bytes(shop):
    rounds = 60 * ROUNDS
    purchases = [label_sync(f"K{number}") for number in range(rounds)]
    shop.store([f"K{number}" for number in range(rounds)])
    wrong: list[object] = []
    statuses: Counter[int] = Counter()
    with ThreadPoolExecutor(CALLERS) as pool:
        for purchase in purchases:
            key = f"the key of {purchase.order_number}"
            answers = at_once(partial(shop.server.ask, "POST", purchase.path, purchase.body, key=key), pool)
            again = shop.server.ask("POST", purchase.path, purchase.body, key=key)
            statuses.update(answer.status for answer in answers)
            bodies = {answer.body for answer in [*answers, again] if answer.status == 201}
            if len(bodies) != 1 or {answer.status for answer in answers} - {201, 409} or again.status != 201:
                wrong.append((purchase.order_number, Counter(answer.status for answer in answers), again))
    twice = list(bought_twice(ledger_of(shop.data)))
    booked = Counter(entry.order_number for entry in ledger_of(shop.data))
    record(
        "Races",
        f"{CALLERS} threads with one key, {rounds} rounds",
        tried=rounds * CALLERS,
        bookings=booked.total(),
        expected=rounds,
        **{"something else": len(wrong)},
    )

    assert wrong == []
    assert twice == []
    assert booked == {purchase.order_number: 1 for purchase in purchases}
    assert statuses[201] >= rounds


def test_many_threads_without_a_key_on_one_order_get_one_booking(shop):
    rounds = 40 * ROUNDS
    purchases = [label_sync(f"O{number}") for number in range(rounds)]
    shop.store([f"O{number}" for number in range(rounds)])
    wrong: list[object] = []
    with ThreadPoolExecutor(CALLERS) as pool:
        for purchase in purchases:
            answers = at_once(partial(shop.server.ask, "POST", purchase.path, purchase.body), pool)
            made = [answer for answer in answers if answer.status == 201]
            named = {shipment_of(answer) for answer in answers if BUSY not in answer.body}
            if len(made) != 1 or named != {shipment_of(made[0])}:
                wrong.append((purchase.order_number, [answer for answer in answers if answer.status != 201][:3]))
    booked = Counter(entry.order_number for entry in ledger_of(shop.data))
    record(
        "Races",
        f"{CALLERS} threads without a key on one order, {rounds} rounds",
        tried=rounds * CALLERS,
        bookings=booked.total(),
        expected=rounds,
        **{"something else": len(wrong)},
    )

    assert wrong == []
    assert booked == {purchase.order_number: 1 for purchase in purchases}


def test_two_processes_on_one_order_get_one_booking(shop):
    rounds = 60 * ROUNDS
    purchases = [label_sync(f"P{number}") for number in range(rounds)]
    shop.store([f"P{number}" for number in range(rounds)])
    seeded = Random(SEED)
    with working_beside(shop.data, shop.credentials) as peer:
        wrong = [found for purchase in purchases if (found := raced(shop.server, peer, purchase, seeded))]
        told = [tell(purchase, shop.server) for purchase in purchases]
    found = [
        mistake
        for purchase, each in zip(purchases, told, strict=True)
        for mistake in mistakes(purchase, each, shop.data)
    ]
    booked = Counter(entry.order_number for entry in ledger_of(shop.data))
    record(
        "Races",
        f"2 processes on one order, {rounds} rounds",
        tried=2 * rounds,
        bookings=booked.total(),
        expected=rounds,
        **{"something else": len(wrong) + len(found)},
    )

    assert wrong == []
    assert found == []
    assert booked == {purchase.order_number: 1 for purchase in purchases}


def raced(server: Server, peer: Peer, purchase: Purchase, seeded: Random) -> object:
    """One order that both processes want at the same moment; gives what is wrong with their answers."""
    peer.tell("ship", purchase.order_number)
    time.sleep(seeded.uniform(0, 0.012))
    answer = server.ask("POST", purchase.path, purchase.body)
    other = peer.answer()
    winners = (answer.status == 201) + isinstance(other, list)
    return None if winners == 1 else (purchase.order_number, answer, other)


@pytest.mark.parametrize("border", ["before the carrier's call", "after the carrier has booked"])
def test_what_one_process_asks_a_carrier_about_no_other_settles(tmp_path, border):
    data = tmp_path / "data"
    credentials = prepared(data)
    purchase = label_sync(1)
    hanging = tmp_path / HANGING
    with serving(data, credentials, Doom(border, Fault.HANG)) as server, ThreadPoolExecutor(1) as pool:
        server.ask("POST", "/api/v3/orders", [a_numbered_order(1)])
        asked = pool.submit(server.ask, "POST", purchase.path, purchase.body)
        wait_until(hanging.exists, border)
        with working_beside(data, credentials) as peer:
            peer.tell("settle all")
            (tried,) = peer.answer()
            state = known_to(data)[0].state
            peer.tell("ship", purchase.order_number)
            refused = peer.answer()
            hanging.unlink()
        answer = asked.result()

    assert tried != "settled"
    assert state == "intended"
    assert "processing" in refused
    assert answer.status == 201
    assert [entry.tracking_number for entry in ledger_of(data)] == [answer.json()["data"][0]["tracking_number"]]


def test_four_processes_take_numbers_and_none_is_taken_twice(tmp_path):
    data = tmp_path / "data"
    credentials = prepared(data)
    each = 5_000 * ROUNDS
    database = open_database(Settings(data=data))
    with database.write() as transaction:
        add_sequence(transaction, "test", 1, 10 * each)
    database.close()
    with ExitStack() as stack:
        peers = [stack.enter_context(working_beside(data, credentials)) for _ in range(4)]
        for peer in peers:
            peer.tell("take numbers", "test", each)
        numbers = [number for peer in peers for number in peer.answer()]
        for peer in peers:
            peer.tell("take ids", each)
        ids = [number for peer in peers for number in peer.answer()]
    record(
        "Numbers",
        f"4 processes, {4 * each:,} numbers and as many ids",
        taken=len(numbers) + len(ids),
        duplicates=len(numbers) - len(set(numbers)) + len(ids) - len(set(ids)),
        gaps=max(numbers) - len(numbers),
    )

    assert len(set(numbers)) == len(numbers) == 4 * each
    assert len(set(ids)) == len(ids) == 4 * each
    assert set(numbers) <= set(range(1, 10 * each + 1))


# An order that changes while it is announced


def revision(order: str, number: int) -> dict[str, Any]:
    """The order as its shop sends it for the so-many-th time: each printed field says which time that was."""
    document = a_numbered_order(order)
    address = document["shipping_address"]
    changed = {"name": f"Buyer {number}", "house_number": str(number), "city": f"Town {number}"}
    return {**document, "shipping_address": {**address, **changed}}


def edit(server: Server, order: str) -> None:
    """Sends six more revisions, as fast as they are taken."""
    for number in range(2, 8):
        server.ask("POST", "/api/v3/orders", [revision(order, number)])


def test_a_label_shows_one_revision_of_an_order_that_is_edited_meanwhile(shop):
    orders = [f"E{number}" for number in range(40 * ROUNDS)]
    wrong: list[object] = []
    seen: Counter[int] = Counter()
    for order in orders:
        shop.server.ask("POST", "/api/v3/orders", [revision(order, 1)])
        with ThreadPoolExecutor(2) as pool:
            editing = pool.submit(edit, shop.server, order)
            told = tell(label_sync(order), shop.server)
            editing.result()
        printed, drafted = printed_revisions(shop.server, told.parcels[0][0], told.shipment_id)
        seen.update(drafted)
        wrong += [(order, printed, drafted)] if printed != drafted or len(drafted) != 1 else []
    record(
        "Races",
        f"order edited while it is announced, {len(orders)} orders",
        tried=len(orders) * 7,
        bookings=len(ledger_of(shop.data)),
        expected=len(orders),
        **{"something else": len(wrong)},
    )

    assert wrong == []
    assert list(bought_twice(ledger_of(shop.data))) == []
    assert len(seen) > 1, "no edit ever came before a label: the race was none"


def printed_revisions(server: Server, parcel_id: int, shipment_id: str) -> tuple[set[int], set[int]]:
    """The revisions that stand on the label, and in the frozen shipment."""
    file = server.ask("GET", f"/api/v3/parcels/{parcel_id}/documents/label", headers={"Accept": "application/pdf"})
    words = " ".join(lines_of(file.body)).split()
    printed = {int(words[place + 1]) for place, word in enumerate(words) if word in {"Buyer", "Town"}}
    to = server.ask("GET", f"/api/v3/shipments/{shipment_id}").json()["data"]["to_address"]
    drafted = {int(to["name"].split()[1]), int(to["house_number"]), int(to["city"].split()[1])}
    return printed, drafted


@pytest.mark.parametrize("border", ["before the carrier's call", "after the carrier has booked"])
@pytest.mark.parametrize("how", ["edited", "deleted"])
def test_what_happens_to_an_order_while_the_carrier_is_slow_does_not_change_its_label(tmp_path, border, how):
    data = tmp_path / "data"
    hanging = tmp_path / HANGING
    purchase = label_sync("S")
    with serving(data, prepared(data), Doom(border, Fault.HANG)) as server, ThreadPoolExecutor(1) as pool:
        stored = server.ask("POST", "/api/v3/orders", [revision("S", 1)]).json()["data"][0]["id"]
        asked = pool.submit(server.ask, "POST", purchase.path, purchase.body)
        wait_until(hanging.exists, border)
        if how == "edited":
            server.ask("POST", "/api/v3/orders", [revision("S", 2)])
        else:
            server.ask("DELETE", f"/api/v3/orders/{stored}")
        hanging.unlink()
        label = asked.result().json()["data"][0]
        revisions = printed_revisions(server, label["parcel_id"], label["shipment_id"])

    assert revisions == ({1}, {1})
    assert [entry.tracking_number for entry in ledger_of(data)] == [label["tracking_number"]]


# A client that hangs up


def test_a_client_that_hangs_up_at_any_byte_and_tries_again_gets_one_label(shop):
    count = 200 * ROUNDS
    names = [f"D{number}" for number in range(count)]
    shop.store(names)
    with ThreadPoolExecutor(8) as pool:
        done = pool.map(lambda name: hangs_up(shop.server, name, Random(f"{SEED} {name}")), names)
        wrong = [mistake for found in done for mistake in found]
    known, ledger = known_to(shop.data), ledger_of(shop.data)
    missing = {f"N-{name}" for name in names} - {entry.order_number for entry in ledger}
    record(
        "Races",
        f"client hangs up at a random byte and tries again, {count} orders",
        tried=count,
        bookings=len(ledger),
        expected=count,
        **{"something else": len(wrong) + len(missing)},
    )

    assert wrong == []
    assert missing == set()
    assert list(unaccounted(ledger, known)) == []
    assert len(ledger) == count


def hangs_up(server: Server, name: str, seeded: Random) -> list[str]:
    """Buys with a connection that ends up to three times at some byte, of the request or of the answer."""
    purchase = label_sync(name)
    key = f"key {name}" if seeded.random() < 0.5 else None
    for _ in range(seeded.randint(1, 3)):
        with suppress(*GONE):
            cut_off(server, purchase, key, seeded)
    return list(mistakes(purchase, tell(purchase, server, key=key), server.data))


def cut_off(server: Server, purchase: Purchase, key: str | None, seeded: Random) -> None:
    """Sends a request and hangs up somewhere."""
    request = server.written("POST", purchase.path, purchase.body, key=key)
    with socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS) as line:
        if seeded.random() < 0.4:
            line.sendall(request[: seeded.randrange(len(request))])
            return
        line.sendall(request)
        wanted = seeded.choice([0, 1, seeded.randrange(1_000), seeded.randrange(20_000)])
        while wanted > 0 and (chunk := line.recv(wanted)):
            wanted -= len(chunk)
