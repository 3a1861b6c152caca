"""Disks that fill up, cannot be written to or fail; a second server; and a backup that comes back.

What was really booked, the sandbox's own ledger says. It is kept on another disk, as a carrier's is.
"""

import re
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from kolli.app import EXIT_OF_A_FAILED_DISK, MIB
from kolli.carriers.sandbox import LEDGER, Ledger, LedgerEntry
from kolli.demo import Credentials
from kolli.room import ROOM
from tests.chaos.comparison import bought_twice, known_to, unaccounted
from tests.chaos.disks import FaultyDisk, SmallDisk, faulty_disk, small_disk
from tests.chaos.results import record
from tests.chaos.sizes import ROUNDS
from tests.end_to_end.processes import PATIENCE_SECONDS, Answer, Kolli, prepared, run, running, serving, until
from tests.factories import an_order

pytestmark = pytest.mark.slow

ORDERS = 200
CALLERS = 8
SMALL_MIB = 8
ROOM_MIB = 1

CREATED, REFUSED, FULL, UNAVAILABLE = 201, 400, 507, 503


def a_numbered_order(number: int) -> dict[str, Any]:
    return an_order(order_id=f"id-{number}", order_number=f"N-{number}")


def store_orders(server: Kolli, numbers: Sequence[int]) -> None:
    for first in range(0, len(numbers), 50):
        answer = server.ask("POST", "/api/v3/orders", [a_numbered_order(at) for at in numbers[first : first + 50]])
        assert answer.status == CREATED, answer.body


def ship_all(server: Kolli, numbers: Sequence[int]) -> dict[int, Answer]:
    with ThreadPoolExecutor(CALLERS) as callers:
        answers = callers.map(lambda number: server.ship(f"N-{number}"), numbers)
        return dict(zip(numbers, answers, strict=True))


def ledger_of(data: Path) -> list[LedgerEntry]:
    with closing(Ledger(data / LEDGER)) as ledger:
        return ledger.entries()


def number_in(answer: Answer) -> str:
    document = answer.json()
    found = document["data"][0] if answer.status == CREATED else document["errors"][0]["meta"]
    return str(found["tracking_number"])


def is_unsure(answer: Answer) -> bool:
    """Whether nobody knows what has become of a booking: it is refused, and no label is named."""
    return answer.status == REFUSED and "tracking_number" not in answer.json()["errors"][0].get("meta", {})


def statuses(answers: dict[int, Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers.values())


def reads_work(server: Kolli, label: Answer) -> bool:
    """Whether lists can be read, and a label that was made before can be printed again."""
    path = "/api/" + label.json()["data"][0]["documents"][0]["link"].partition("/api/")[2]
    printed = server.ask("GET", path)
    listed = server.ask("GET", "/api/v3/orders?page_size=10")
    return (printed.status, printed.body[:5], listed.status) == (200, b"%PDF-", 200)


def mistakes(data: Path) -> list[str]:
    """Bookings without a record, records without a booking, orders that were bought twice."""
    booked, known = ledger_of(data), known_to(data)
    return [*unaccounted(booked, known), *bought_twice(booked)]


# A disk that is full


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[SmallDisk]:
    with small_disk(tmp_path / "disk", SMALL_MIB) as disk:
        yield disk


@contextmanager
def a_server(data: Path, outputs: Path, credentials: Credentials | None, **settings: object) -> Iterator[Kolli]:
    """A server whose output is not on the disk that its data are on."""
    with running("serve", folder=outputs, data=data, **settings) as server:
        server.credentials = credentials
        assert server.url
        yield server


@contextmanager
def serving_on(disk: SmallDisk, tmp_path: Path) -> Iterator[tuple[Kolli, Path]]:
    """A server whose data are on the small disk, but for the sandbox's ledger."""
    data = disk.folder / "data"
    data.mkdir()
    (data / LEDGER).symlink_to(tmp_path / LEDGER)
    credentials = prepared(data)
    with a_server(data, tmp_path / "outputs", credentials, room_mib=ROOM_MIB) as server:
        yield server, data


@contextmanager
def a_carrier_that_hangs(data: Path) -> Iterator[Callable[[], None]]:
    """Nothing is booked until what this gives is called: the ledger is locked, as another writer would lock it."""
    with closing(sqlite3.connect(data / LEDGER, isolation_level=None)) as ledger:
        ledger.execute("BEGIN IMMEDIATE")

        def let_go() -> None:
            ledger.execute("ROLLBACK")

        yield let_go


def size_of_room(data: Path) -> int:
    return (data / ROOM).stat().st_size


def intended(data: Path) -> int:
    return sum(parcel.state == "intended" for parcel in known_to(data))


def test_a_disk_that_fills_up_and_is_emptied_again_costs_no_label_and_no_restart(disk, tmp_path):
    numbers = range(ORDERS)
    with serving_on(disk, tmp_path) as (server, data):
        store_orders(server, [*numbers, ORDERS])
        before = server.ship(f"N-{ORDERS}")

        disk.fill()
        full = ship_all(server, numbers)
        read_while_full = reads_work(server, before)
        mistakes_while_full = mistakes(data)
        disk.free()
        freed = ship_all(server, numbers)

        found, booked = mistakes(data), ledger_of(data)
        is_the_same_process = server.process.poll() is None

    assert statuses(full).keys() <= {CREATED, FULL}
    assert statuses(full)[FULL] > ORDERS / 2
    assert read_while_full
    assert statuses(freed) == +Counter({CREATED: statuses(full)[FULL], REFUSED: statuses(full)[CREATED]})
    assert mistakes_while_full == found == []
    assert len(booked) == ORDERS + 1
    told = {f"N-{number}": number_in(answer) for number, answer in freed.items()}
    assert told.items() <= {entry.order_number: entry.tracking_number for entry in booked}.items()
    assert is_the_same_process
    row = f"{SMALL_MIB} MiB filled, and emptied without a restart"
    record("Storage", row, requests=2 * ORDERS, refused=statuses(full)[FULL], mistakes=len(found))


def test_what_a_carrier_says_when_the_disk_has_become_full_is_stored_in_the_room_for_it(disk, tmp_path):
    numbers = range(CALLERS)
    with serving_on(disk, tmp_path) as (server, data):
        store_orders(server, [*numbers, CALLERS])
        with a_carrier_that_hangs(data) as let_go, ThreadPoolExecutor(1) as background:
            asked = background.submit(ship_all, server, numbers)
            for _ in until("every intent"):
                if intended(data) == CALLERS:
                    break
            disk.fill()
            before = size_of_room(data)
            let_go()
            answers = asked.result()
        after = size_of_room(data)
        refused = server.ship(f"N-{CALLERS}")
        booked_while_full = len(ledger_of(data))
        disk.free()
        then = server.ship(f"N-{CALLERS}")
        again = size_of_room(data)
        found = mistakes(data)

    assert statuses(answers) == {CREATED: CALLERS}
    assert (before, after, again) == (ROOM_MIB * MIB, 0, ROOM_MIB * MIB)
    assert (refused.status, booked_while_full, then.status) == (FULL, CALLERS, CREATED)
    assert "no restart" in refused.body.decode()
    assert found == []
    record("Storage", f"{CALLERS} bookings meet a full disk", requests=CALLERS, refused=0, mistakes=len(found))


def test_a_server_starts_without_room_for_answers_to_be_read_and_books_when_there_is_some(disk, tmp_path):
    with serving_on(disk, tmp_path) as (server, data):
        store_orders(server, [0, 1])
        before = server.ship("N-0")
        credentials = server.credentials
    (data / ROOM).unlink()
    disk.fill()
    disk.leave(MIB // 2)

    with a_server(data, tmp_path / "outputs", credentials, room_mib=ROOM_MIB) as server:
        refused = server.ship("N-1")
        is_read = reads_work(server, before)
        disk.free()
        then = server.ship("N-1")

    assert (refused.status, is_read, then.status) == (FULL, True, CREATED)


# A disk that cannot be written to


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyDisk]:
    with faulty_disk(tmp_path / "faults", monkeypatch) as faulty:
        yield faulty


def test_a_disk_that_becomes_read_only_under_load_keeps_reading_and_recovers_by_itself(faulty, tmp_path):
    data = tmp_path / "data"
    numbers = range(ORDERS)
    credentials = prepared(data)
    with serving(data, credentials=credentials) as server:
        store_orders(server, [*numbers, ORDERS])
        before = server.ship(f"N-{ORDERS}")

        with ThreadPoolExecutor(1) as background:
            asked = background.submit(ship_all, server, numbers)
            for _ in until("some labels"):
                if len(ledger_of(data)) > ORDERS // 10:
                    break
            faulty.be_read_only()
            answers = asked.result()
        refused = server.ask("POST", "/api/v3/orders", [a_numbered_order(ORDERS + 1)])
        read_meanwhile = reads_work(server, before)
        faulty.be_writable()
        then = ship_all(server, numbers)
        is_the_same_process = server.process.poll() is None
    # What was booked and could not be stored is looked into within a minute, or at the next start.
    with serving(data, credentials=credentials) as server:
        settled = ship_all(server, numbers)
        found, booked = mistakes(data), ledger_of(data)

    assert statuses(answers).keys() <= {CREATED, UNAVAILABLE, REFUSED}
    assert all(map(is_unsure, (answer for answer in answers.values() if answer.status == REFUSED)))
    assert statuses(answers)[UNAVAILABLE] > 0
    assert refused.status == UNAVAILABLE
    assert "read-only" in refused.body.decode() or "does not read or write" in refused.body.decode()
    assert read_meanwhile
    assert is_the_same_process
    assert statuses(then)[CREATED] == statuses(answers)[UNAVAILABLE]
    assert statuses(settled) == {REFUSED: ORDERS}
    assert not any(map(is_unsure, settled.values()))
    assert found == []
    assert len(booked) == ORDERS + 1
    refusals = statuses(answers)[UNAVAILABLE]
    record(
        "Storage", "read-only under load, and writable again", requests=ORDERS, refused=refusals, mistakes=len(found)
    )


def test_what_is_on_a_disk_that_is_read_only_can_be_saved_by_a_backup(disk, tmp_path):
    data = disk.folder / "data"
    data.mkdir()
    prepared(data)
    for left in data.glob("kolli.db-*"):
        left.unlink()

    with disk.read_only():
        made = run("backup", str(tmp_path / "backup"), data=data)

    assert made.returncode == 0, made.stderr
    assert "1 account" in made.stdout


# What is acknowledged


def test_nobody_is_answered_before_what_was_written_is_durable(faulty, tmp_path):
    data = tmp_path / "data"
    credentials = prepared(data)
    with serving(data, credentials=credentials, request_log="0") as server:
        faulty.watch()
        for number in range(CALLERS):
            store_orders(server, [number])
            assert server.ship(f"N-{number}").status == CREATED
        events = faulty.events

    answered = [at for at, event in enumerate(events) if event == "answered"]
    assert len(answered) == 2 * CALLERS
    assert {events[at - 1] for at in answered} == {"synced"}
    assert events.count("synced") >= 3 * CALLERS  # the order, the intent, and the answer


# A disk that fails

NTHS = (1, 2, 15) if ROUNDS == 1 else range(1, 5 * ROUNDS + 1)
"""Which sync fails, counted from when the server answers."""

GONE = (HTTPException, OSError)
"""What a client sees of a server that ends in the middle of a request."""


def keep_shipping(server: Kolli, numbers: Sequence[int]) -> dict[str, str]:
    """Ships one order after the other until the server is gone: what it has acknowledged, order → number."""
    told: dict[str, str] = {}
    try:
        for number in numbers:
            answer = server.ship(f"N-{number}")
            if answer.status == CREATED:
                told[f"N-{number}"] = number_in(answer)
    except GONE:
        pass
    return told


@pytest.mark.parametrize("nth", NTHS)
def test_a_sync_that_fails_ends_the_server_with_a_sentence_and_is_never_tried_again(faulty, tmp_path, nth):
    data = tmp_path / "data"
    credentials = prepared(data)
    with serving(data, credentials=credentials) as server:
        store_orders(server, range(ORDERS))
        faulty.fail_sync(len(faulty.syncs) + nth)
        shares = [range(first, ORDERS, CALLERS) for first in range(CALLERS)]
        with ThreadPoolExecutor(CALLERS) as callers:
            told = {
                order: number
                for share in callers.map(lambda share: keep_shipping(server, share), shares)
                for order, number in share.items()
            }
        code = server.process.wait(PATIENCE_SECONDS)
        sentence = server.err.read_text("utf-8")
    syncs = faulty.syncs
    with serving(data, credentials=credentials):
        found, booked = mistakes(data), ledger_of(data)

    assert code == EXIT_OF_A_FAILED_DISK
    assert "kolli.db has failed to write something durably" in sentence
    assert "Check the disk" in sentence
    assert syncs[-1:] == ["failed"]
    assert syncs.count("failed") == 1
    assert found == []
    assert told.items() <= {entry.order_number: entry.tracking_number for entry in booked}.items()
    record("Storage", f"sync {nth} under load fails", requests=len(told) + CALLERS, exit=code, mistakes=len(found))


# A second server


def test_a_second_server_on_the_same_folder_refuses_to_start(tmp_path):
    data = tmp_path / "data"
    credentials = prepared(data)
    with serving(data, credentials=credentials) as server:
        second = run("serve", data=data)
        restoring = run("restore", str(tmp_path / "any"), data=data)
        is_well = server.ask("GET", "/api/v3/orders").status

    assert (second.returncode, restoring.returncode, is_well) == (1, 1, 200)
    assert "Another Kolli server is running on the folder" in second.stderr
    assert "Another Kolli server is running on the folder" in restoring.stderr


# A backup that comes back

BACKUPS = 2 * ROUNDS
SOME = 40
"""Labels that are printed after each way back."""

BLOCK_AND_A_HALF = 150
"""Labels after which the numbers come from another block than those at the time of the last backup."""

POST, CONTRACT, RANGE = "postnl:standard", 517, "contract 517 test 1"


def announcement(number: int) -> dict[str, Any]:
    """A parcel under a contract whose numbers are ours to hand out, from a range."""
    address = {
        "name": "Anna de Vries",
        "address_line_1": "Keizersgracht",
        "house_number": "126",
        "postal_code": "1015CW",
        "city": "Amsterdam",
        "country_code": "NL",
    }
    return {
        "to_address": address,
        "from_address": address,
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": POST, "contract_id": CONTRACT},
        },
        "order_number": f"S-{number}",
        "parcels": [{"weight": {"value": "0.700", "unit": "kg"}}],
    }


class Press:
    """Prints labels on several threads, and knows every number that was ever printed, and how often."""

    def __init__(self, printed: Counter[str] | None = None) -> None:
        self.printed: Counter[str] = Counter(printed)
        self.acknowledged: set[str] = set()
        self._lock = threading.Lock()
        self._count = self.printed.total()

    def print(self, server: Kolli) -> None:
        """One label."""
        with self._lock:
            self._count += 1
            number = self._count
        answer = server.ask("POST", "/api/v3/shipments/announce", announcement(number))
        assert answer.status == CREATED, answer.body
        shipment = answer.json()["data"]
        with self._lock:
            self.printed[shipment["parcels"][0]["tracking_number"]] += 1
            self.acknowledged.add(shipment["id"])

    @contextmanager
    def running(self, server: Kolli) -> Iterator[None]:
        """Prints all the time."""
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                self.print(server)

        with ThreadPoolExecutor(4) as pool:
            runs = [pool.submit(work) for _ in range(4)]
            try:
                yield
            finally:
                stop.set()
            for run_of_one in runs:
                run_of_one.result()

    def print_some(self, server: Kolli) -> None:
        """As many labels as prove something, however slow the machine is."""
        wanted = self.printed.total() + SOME
        with self.running(server):
            for _ in until("labels"):
                if self.printed.total() >= wanted:
                    break

    @property
    def last(self) -> int:
        """The highest number that was printed."""
        return max(int(re.sub(r"\D", "", number[2:])) for number in self.printed)

    @property
    def twice(self) -> list[str]:
        return [number for number, count in self.printed.items() if count > 1]


def shipments_in(backup: Path) -> set[str]:
    with closing(sqlite3.connect(backup)) as database:
        return {row[0] for row in database.execute("SELECT id FROM shipments")}


def test_a_backup_under_load_holds_what_was_acknowledged_and_no_number_is_given_twice_after_it(tmp_path):
    data, press = tmp_path / "data", Press()
    credentials = prepared(data)
    missing: list[set[str]] = []
    with serving(data, credentials=credentials) as server, press.running(server):
        for turn in range(BACKUPS):
            before = set(press.acknowledged)
            backup = tmp_path / f"{turn}.backup"
            made = run("backup", str(backup), data=data)
            assert made.returncode == 0, made.stderr
            missing.append(before - shipments_in(backup))
        since = len(press.printed)
        for _ in until("labels after the last backup"):
            if len(press.printed) > since + BLOCK_AND_A_HALF:
                break

    over_it = run("restore", str(backup), "--replace", data=data)
    with serving(data, credentials=credentials) as server:
        press.print_some(server)
    by_hand = copied_by_hand(data, backup)
    with serving(by_hand, credentials=credentials) as server:
        press.print_some(server)
        warning = server.err.read_text("utf-8")
    burnt = only_the_keys(data, tmp_path / "burnt")
    needs_to_know = run("restore", str(backup), data=burnt)
    told_it = run("restore", str(backup), "--numbers-used-up-to", f"{RANGE}={press.last}", data=burnt)
    with serving(burnt, credentials=credentials) as server:
        press.print_some(server)
    deceived = told_too_little(tmp_path, data, backup, press, credentials)

    assert missing == [set()] * BACKUPS
    assert over_it.returncode == 0, over_it.stderr
    assert "as the database that stood here says" in over_it.stdout
    assert needs_to_know.returncode == 1
    assert f"--numbers-used-up-to '{RANGE}=LAST NUMBER'" in needs_to_know.stderr
    assert told_it.returncode == 0, told_it.stderr
    assert f"{RANGE} (postnl" in told_it.stdout
    assert "older than the numbers that were handed out" in warning
    assert press.twice == []
    assert deceived.twice != []  # so it would be seen
    figures = {"labels": len(press.printed), "missing": sum(map(len, missing)), "twice": len(press.twice)}
    record("Storage", f"{BACKUPS} backups under load, and three ways back", **figures)


def only_the_keys(data: Path, folder: Path) -> Path:
    """A new folder, as after a fire: with nothing but the keys."""
    folder.mkdir()
    (folder / "kolli.key").write_bytes((data / "kolli.key").read_bytes())
    (folder / "kolli.key").chmod(0o600)
    return folder


def told_too_little(tmp_path: Path, data: Path, backup: Path, press: Press, credentials: Credentials) -> Press:
    """What is printed where a person has said a number that is too low: only there is one given twice."""
    folder, deceived = only_the_keys(data, tmp_path / "deceived"), Press(press.printed)
    run("restore", str(backup), "--numbers-used-up-to", f"{RANGE}=1", data=folder)
    with serving(folder, credentials=credentials) as server:
        deceived.print_some(server)
    return deceived


def copied_by_hand(data: Path, backup: Path) -> Path:
    """Somebody has put the backup in the place of the database, and does not know of `kolli restore`."""
    for ending in ("", "-wal", "-shm"):
        (data / f"kolli.db{ending}").unlink(missing_ok=True)
    (data / "kolli.db").write_bytes(backup.read_bytes())
    return data
