"""The room kept for carriers' answers: taken, given up, taken again; and how large the largest answer is."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select

import kolli.room
from kolli.carriers.base import ShippingOption
from kolli.database import Database
from kolli.errors import StorageFull, StorageUnavailable
from kolli.migrations import migrate
from kolli.operations.background import workers
from kolli.outgoing import Reply
from kolli.room import ANSWER_BYTES, SPARE_BYTES, Room, room_for
from kolli.schema import deliveries, sequences
from tests.factories import Caller, a_caller, an_installation, kilograms
from tests.receivers import Silent
from tests.unit.operations.scripted_carriers import ScriptedSandbox

KB = 1024
MOST_PARCELS = 50
RECEIVERS = 3
EARLIER = 8
ROW = {"name": "x", "next": 1, "last": 2}


class Disk:
    """How much room the system says there is, and whether it keeps its word."""

    def __init__(self) -> None:
        self.free = 10_000 * KB
        self.gives = True

    def free_bytes(self, _folder: Path) -> int:
        return self.free

    def fallocate(self, file: int, offset: int, length: int) -> None:
        if not self.gives:
            raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
        os.ftruncate(file, offset + length)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Stands for the system's disk, at the two calls that ask it."""
    found = Disk()
    monkeypatch.setattr(kolli.room, "free_bytes", found.free_bytes)
    monkeypatch.setattr(os, "posix_fallocate", found.fallocate)
    return found


def a_file(folder: Path) -> Database:
    database = Database(folder / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
    return database


def names(database: Database) -> list[str]:
    with database.read() as transaction:
        return list(transaction.execute(select(sequences.c.name).where(sequences.c.name == "x")).scalars())


class FullOnce:
    """Work that finds the disk full so many times, and then not."""

    def __init__(self, times: int = 1) -> None:
        self.times = times
        self.runs = 0

    def __call__(self, transaction) -> str:
        self.runs += 1
        transaction.execute(insert(sequences), ROW)
        if self.runs <= self.times:
            raise StorageFull
        return "kept"


def test_the_room_is_really_taken_on_the_disk(tmp_path):
    Room(tmp_path / "room", 512 * KB)

    found = (tmp_path / "room").stat()
    assert found.st_size == 512 * KB
    assert found.st_blocks * 512 >= 512 * KB
    assert found.st_mode & 0o777 == 0o600


def test_a_room_that_was_larger_or_smaller_is_made_to_fit(tmp_path):
    sizes = []
    for size in (512 * KB, 64 * KB, 256 * KB):
        Room(tmp_path / "room", size).check()
        sizes.append((tmp_path / "room").stat().st_size)

    assert sizes == [512 * KB, 64 * KB, 256 * KB]


def test_without_a_path_the_room_is_always_there():
    room = Room()

    with room.given_up():
        room.check()

    assert room.is_there


def test_a_room_that_was_given_up_is_not_taken_again_while_an_answer_is_stored(tmp_path):
    room = Room(tmp_path / "room", 64 * KB)

    with room.given_up():
        assert (tmp_path / "room").stat().st_size == 0
        with pytest.raises(StorageFull):
            room.check()
    room.check()

    assert (tmp_path / "room").stat().st_size == 64 * KB


def test_of_several_answers_that_meet_a_full_disk_the_last_one_lets_the_room_be_taken_again(tmp_path):
    room = Room(tmp_path / "room", 64 * KB)

    with room.given_up():
        with room.given_up():
            pass
        with pytest.raises(StorageFull):
            room.check()
    room.check()

    assert room.is_there


def test_where_the_disk_has_no_room_at_the_start_it_is_taken_when_there_is_some(tmp_path, disk):
    disk.free = 64 * KB
    room = Room(tmp_path / "room", 64 * KB)
    with pytest.raises(StorageFull, match=r"no 64 kB.*no restart"):
        room.check()

    disk.free += SPARE_BYTES
    room.check()

    assert room.is_there


def test_a_disk_that_does_not_keep_its_word_is_not_asked_all_the_time(tmp_path, disk, monkeypatch):
    disk.gives = False
    room = Room(tmp_path / "room", 64 * KB)
    disk.gives = True

    with pytest.raises(StorageFull):
        room.check()
    monkeypatch.setattr(kolli.room, "SECONDS_BETWEEN_TRIES", 0.0)
    later = time.monotonic() + 2
    monkeypatch.setattr(time, "monotonic", lambda: later)
    room.check()

    assert room.is_there


@pytest.mark.parametrize("change", [os.unlink, lambda path: os.truncate(path, 0), lambda path: os.truncate(path, 99)])
def test_a_room_that_somebody_has_removed_is_taken_anew_with_the_next_change(tmp_path, change):
    room = Room(tmp_path / "room", 64 * KB)
    change(tmp_path / "room")

    room.check()

    assert (tmp_path / "room").stat().st_blocks * 512 >= 64 * KB


def test_a_room_that_somebody_has_removed_and_that_cannot_be_taken_anew_is_missing(tmp_path, disk):
    room = Room(tmp_path / "room", 64 * KB)
    (tmp_path / "room").unlink()
    disk.free = 0

    with pytest.raises(StorageFull, match="no restart"):
        room.check()


def test_a_room_that_is_missing_for_another_reason_than_a_full_disk_says_which(tmp_path):
    (tmp_path / "room").mkdir()
    room = Room(tmp_path / "room", 64 * KB)

    with pytest.raises(StorageUnavailable, match=r"The file room, which keeps .*: Is a directory"):
        room.check()


@pytest.mark.parametrize("number", [errno.EOPNOTSUPP, errno.EINVAL])
def test_where_the_file_system_cannot_allocate_the_room_is_written(tmp_path, monkeypatch, number):
    def cannot(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "posix_fallocate", cannot)
    Room(tmp_path / "room", 3 * 1024 * KB + 1).check()

    found = (tmp_path / "room").stat()
    assert found.st_size == 3 * 1024 * KB + 1
    assert found.st_blocks * 512 >= found.st_size


def test_a_room_is_never_taken_through_a_link_to_somebody_elses_file(tmp_path):
    (tmp_path / "theirs").write_text("precious")
    (tmp_path / "room").symlink_to(tmp_path / "theirs")

    with pytest.raises(StorageUnavailable):
        Room(tmp_path / "room", 64 * KB).check()

    assert (tmp_path / "theirs").read_text() == "precious"


def test_many_threads_take_it_once(tmp_path, disk):
    disk.free = 0
    room = Room(tmp_path / "room", 64 * KB)
    disk.free = 10_000 * KB
    threads = [threading.Thread(target=room.check) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert room.is_there


def test_an_answer_that_meets_a_full_disk_gives_the_room_up_and_is_stored(tmp_path):
    database = a_file(tmp_path)
    database.room = Room(tmp_path / "room", 64 * KB)
    work = FullOnce()

    kept = database.keep(work)

    assert (kept, work.runs, names(database)) == ("kept", 2, ["x"])
    assert (tmp_path / "room").stat().st_size == 0


def test_an_answer_that_does_not_fit_even_so_leaves_nothing_half_stored(tmp_path):
    database = a_file(tmp_path)
    database.room = Room(tmp_path / "room", 64 * KB)

    with pytest.raises(StorageFull):
        database.keep(FullOnce(times=2))

    assert names(database) == []


def test_while_the_room_is_missing_nothing_is_changed_but_answers_are_stored(tmp_path, disk):
    database = a_file(tmp_path)
    disk.free = 0
    database.room = Room(tmp_path / "room", 64 * KB)

    with pytest.raises(StorageFull), database.write():
        raise AssertionError("nothing may begin here")
    with database.read() as transaction:
        transaction.execute(select(sequences)).all()
    database.keep(lambda transaction: transaction.execute(insert(sequences), ROW))

    assert names(database) == ["x"]


class Measuring(Silent):
    """Measures the log of the database before the first webhook is sent: what is in it by then is the answer."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self.log, self.bytes = log, 0

    def send(self, *request: Any, **how: Any) -> Reply:
        self.bytes = self.bytes or self.log.stat().st_size
        return super().send(*request, **how)


def brought_into_the_file(database: Database) -> None:
    assert database.write_through()


def a_caller_with_receivers(folder: Path, database: Database) -> Caller:
    class Roomy(ScriptedSandbox):
        options: tuple[ShippingOption, ...] = (
            ShippingOption("sendcloud:letter", "Letter", heaviest=kilograms("30"), most_parcels=MOST_PARCELS),
        )

    # What stands in the log when the carrier has answered is no part of what its answer needs.
    carrier = Roomy(folder, after=lambda _booking: brought_into_the_file(database))
    installation = an_installation(folder, carriers=[carrier], database=database)
    caller = a_caller(replace(installation, outgoing=Measuring(folder / "kolli.db-wal")))
    base = "/api/v3/event-subscriptions"
    for number in range(RECEIVERS):
        connection = {"type": "webhook", "configuration": {"url": f"https://example.com/{number}"}}
        added = caller.client.post(f"{base}/connections", json=connection).json()["data"]["id"]
        wanted = {"event_type": "parcels.event.created", "connection_id": added}
        assert caller.client.post(f"{base}/subscriptions", json=wanted).status_code == 201
    return caller


def an_address_of_many_words() -> dict[str, str]:
    return {
        "name": "Maria-Magdalena van der Wetering-Oosterhuis",
        "company_name": "Coöperatieve Vereniging Lumen & Was",
        "address_line_1": "Burgemeester van Tienhovengracht",
        "house_number": "100-102",
        "postal_code": "1012 AB",
        "city": "'s-Gravenmoersche Vaart",
        "country_code": "NL",
        "email": "maria-magdalena.van.der.wetering@example.com",
        "phone_number": "+31201234567",
    }


@pytest.fixture
def file_database(tmp_path: Path) -> Iterator[Database]:
    database = a_file(tmp_path)
    yield database
    database.close()


def bytes_of_answer(caller: Caller, request: dict[str, Any]) -> int:
    """Ships, and gives how long the log is before the first webhook is sent."""
    outgoing = caller.installation.outgoing
    assert isinstance(outgoing, Measuring)
    outgoing.bytes = 0
    answer = caller.client.post("/api/v3/shipments", json=request)
    assert answer.status_code == 201, answer.text
    workers(caller.installation).run_due()
    return outgoing.bytes


def test_the_largest_answer_fits_into_its_room(tmp_path, file_database):
    caller = a_caller_with_receivers(tmp_path, file_database)
    address = an_address_of_many_words()
    request = {
        "to_address": address,
        "from_address": address,
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": "sendcloud:letter"},
        },
        "parcels": [{"weight": {"value": "0.700", "unit": "kg"}} for _ in range(MOST_PARCELS)],
    }
    needed = [bytes_of_answer(caller, request) for _ in range(EARLIER + 1)]

    with file_database.read() as transaction:
        sent = transaction.execute(select(func.count()).select_from(deliveries)).scalar_one()
    assert sent == MOST_PARCELS * RECEIVERS * len(needed)
    assert needed[0] < needed[-1]  # the larger the database, the fewer rows share a page
    assert ANSWER_BYTES / 4 < max(needed) < ANSWER_BYTES
    assert room_for(2) == 2 * ANSWER_BYTES
