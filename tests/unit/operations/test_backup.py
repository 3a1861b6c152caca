"""Backups, and what happens when one comes back: what is refused, what jumps, and what is said."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from kolli.account.contracts import Contract, add_contract
from kolli.account.number_ranges import add_number_range
from kolli.app import DATABASE
from kolli.database import Database
from kolli.database_files import network_file_system, problems_of_file
from kolli.errors import Impossible, KolliError, StorageFull
from kolli.marks import MARKS
from kolli.migrations import migrate
from kolli.operations.backup import Backup, make_backup, read_backup
from kolli.operations.restore import IDS_SKIPPED, MAYBE_ANNOUNCED, Restored, Wish, restore
from kolli.schema import attempts, number_ranges, sequences
from kolli.sequences import IDS, Sequences, jump
from kolli.shipments.attempts import State, list_moves, list_unsettled
from kolli.vault import Vault, new_key
from tests.factories import NOW, Caller, a_caller, an_installation, an_order

RANGE = "contract 1517 test 1"
LATER = NOW + timedelta(days=1)


@dataclass
class World:
    """An installation on a file, with an account that has a range of numbers, and the files beside it."""

    caller: Caller
    folder: Path

    @property
    def database(self) -> Database:
        return self.caller.installation.database

    @property
    def vault(self) -> Vault:
        return self.caller.installation.vault

    @property
    def file(self) -> Path:
        return self.folder / DATABASE

    def take(self, count: int) -> tuple[int, ...]:
        return Sequences(self.database).take_all(RANGE, count)

    def back_up(self, name: str = "backup", at=NOW) -> Backup:
        return make_backup(self.file, self.folder / name, self.vault, at)

    def restore(self, *, at=LATER, **wish) -> Restored:
        self.database.close()
        return restore(self.folder / "backup", self.file, self.vault, Wish(**wish), at)


@pytest.fixture
def world(tmp_path) -> World:
    database = Database(tmp_path / DATABASE)
    with database.write() as transaction:
        migrate(transaction)
    caller = a_caller(an_installation(tmp_path, database=database))
    Sequences(database).catch_up()  # as at every start
    return World(caller, tmp_path)


def next_of(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("SELECT next FROM sequences WHERE name = ?", (name,)).fetchone()
    return int(number)


def something_happens(world: World, at=LATER) -> None:
    """An order is shipped after the backup, so that the database is known to have gone on."""
    world.caller.store(an_order())
    assert world.caller.ship().status_code == 201
    with world.database.write() as transaction:
        transaction.execute(update(attempts).values(changed_at=at.isoformat(timespec="microseconds")))


# Making one


def test_a_backup_is_one_whole_file_that_says_what_it_is(world):
    world.caller.store(an_order(), an_order(order_id="2", order_number="ORDER-2"))
    world.caller.ship()

    made = world.back_up()

    assert made.facts.counts == {"accounts": 1, "orders": 2, "shipments": 1, "parcels": 1, "attempts": 1}
    assert (made.facts.made_at, len(made.facts.keys)) == (NOW, 1)
    assert replace(read_backup(made.path), bytes=0) == replace(made, bytes=0)
    assert made.path.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in world.folder.glob("backup*")) == ["backup"]


def test_a_backup_replaces_nothing(world):
    (world.folder / "backup").write_text("mine")

    with pytest.raises(KolliError, match="replaces nothing"):
        world.back_up()

    assert (world.folder / "backup").read_text() == "mine"


def test_a_backup_replaces_no_link_either(world):
    (world.folder / "backup").symlink_to(world.folder / "nowhere")

    with pytest.raises(KolliError, match="replaces nothing"):
        world.back_up()


@pytest.mark.parametrize("name", ["kolli.db", "kolli.db-journal"])
def test_a_backup_takes_no_name_that_the_database_may_need(world, name):
    with pytest.raises(KolliError, match="Choose another"):
        world.back_up(name)


def test_two_backups_to_one_file_never_meet(world):
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(world.back_up) for _ in range(4)]
        errors = [run.exception() for run in runs]

    assert sorted(str(error).rpartition(". ")[2] for error in errors) == ["Choose another name."] * 3 + ["None"]
    assert read_backup(world.folder / "backup").facts.made_at == NOW
    assert not (world.folder / "backup.part").exists()


def test_a_backup_of_an_older_version_can_be_made_and_restored(tmp_path):
    older, vault = Database(tmp_path / DATABASE), Vault([new_key()])
    with older.write() as transaction:
        migrate(transaction, "0003")
    made = make_backup(tmp_path / DATABASE, tmp_path / "backup", vault, NOW)
    older.close()

    done = restore(made.path, tmp_path / DATABASE, vault, Wish(replaces=True), LATER)

    assert done.migrated == ("0004", "0005")
    assert problems_of_file(tmp_path / DATABASE) == []


def test_a_backup_that_cannot_be_written_leaves_nothing(world):
    with pytest.raises(KolliError, match="cannot be written"):
        world.back_up("no-such-folder/backup")


def test_what_a_backup_was_cut_off_from_writing_is_in_nobodys_way(world):
    (world.folder / "backup.part").write_text("half")

    world.back_up()

    assert not (world.folder / "backup.part").exists()


def test_the_keys_are_not_in_a_backup(world):
    made = world.back_up()

    assert (world.folder / "kolli.key").read_text().strip().encode() not in made.path.read_bytes()


# Reading one


def test_a_file_that_is_no_backup_is_refused(world):
    world.database.close()
    for name, content in (("text", b"hello" * 1000), ("plain", world.file.read_bytes())):
        (world.folder / name).write_bytes(content)

    with pytest.raises(KolliError, match="damaged, or no backup"):
        read_backup(world.folder / "text")
    with pytest.raises(KolliError, match="no backup that `kolli backup` has made"):
        read_backup(world.folder / "plain")
    with pytest.raises(KolliError, match="no file"):
        read_backup(world.folder / "nothing")


@pytest.mark.parametrize("facts", ["NULL", "'nonsense'", "'{}'", "7"])
def test_a_backup_that_says_nonsense_of_itself_is_refused(world, facts):
    world.back_up()
    with closing(sqlite3.connect(world.folder / "backup")) as connection:
        connection.execute(f"UPDATE backup SET facts = {facts}" if facts != "NULL" else "DELETE FROM backup")
        connection.commit()

    with pytest.raises(KolliError, match="does not say what it is"):
        read_backup(world.folder / "backup")


def test_a_backup_that_lost_something_is_refused(world):
    world.caller.store(an_order())
    world.back_up()
    with closing(sqlite3.connect(world.folder / "backup")) as connection:
        connection.execute("PRAGMA foreign_keys = ON")  # what refers to them goes with them
        connection.execute("DELETE FROM orders")
        connection.commit()

    with pytest.raises(KolliError, match="does not hold what it says"):
        read_backup(world.folder / "backup")


def test_a_reference_to_nothing_is_a_problem(world):
    world.database.close()
    with closing(sqlite3.connect(world.file)) as connection:
        connection.execute("DELETE FROM accounts")
        connection.commit()

    assert "refers to a row of accounts that is not there" in problems_of_file(world.file)[0]


# Restoring one


def test_a_database_that_is_there_is_replaced_only_when_that_is_said(world):
    world.back_up()
    world.database.close()
    before = world.file.read_bytes()

    with pytest.raises(Impossible, match="--replace"):
        world.restore(skip=10)

    assert world.file.read_bytes() == before


def test_the_database_that_was_there_is_kept_aside(world):
    world.back_up()
    something_happens(world)

    done = world.restore(replaces=True)

    assert done.set_aside
    with closing(sqlite3.connect(done.set_aside)) as old, closing(sqlite3.connect(world.file)) as new:
        counts = [one.execute("SELECT count(*) FROM orders").fetchone()[0] for one in (old, new)]
    assert counts == [1, 0]
    assert problems_of_file(world.file) == []
    assert not list(world.folder.glob("*.restoring*"))


def test_numbers_go_on_behind_what_the_database_that_was_there_had_handed_out(world):
    world.take(150)
    world.back_up()
    last = world.take(150)[-1]
    something_happens(world)

    (jumped,) = world.restore(replaces=True).jumps

    assert (jumped.of.next, jumped.to, jumped.because) == (201, 401, "as the database that stood here says")
    assert next_of(world.file, RANGE) > last


def test_without_that_database_the_marks_beside_it_say_so(world):
    world.back_up(at=datetime.now(UTC))
    last = world.take(10)[-1]
    world.database.close()
    world.file.unlink()

    (jumped,) = world.restore().jumps

    assert (jumped.to, jumped.because) == (101, f"as the file {MARKS} says")
    assert jumped.to > last


def test_where_nobody_knows_nothing_is_changed_until_somebody_says_it(world):
    world.take(150)
    world.back_up()
    world.database.close()
    world.file.unlink()
    (world.folder / MARKS).unlink()

    with pytest.raises(Impossible, match=rf"(?s)goes on at 201.*--numbers-used-up-to '{RANGE}="):
        world.restore()

    assert not world.file.exists()


def test_a_database_that_has_not_gone_on_since_may_be_an_old_copy_and_is_not_believed(world):
    something_happens(world, at=NOW - timedelta(hours=1))
    world.back_up()
    (world.folder / MARKS).unlink(missing_ok=True)

    with pytest.raises(Impossible, match="nobody knows"):
        world.restore(replaces=True)


@pytest.mark.parametrize(
    ("wish", "goes_on_at"),
    [
        ({"used_up_to": {RANGE: 5_000}}, 5_001),
        ({"used_up_to": {RANGE: 50}}, 201),  # less than the backup itself knows
        ({"used_up_to": {RANGE: 9_999_999}}, 10_000_000),  # it is used up
        ({"skip": 1_000}, 1_201),
        ({"skip": 99_999_999}, 10_000_000),
    ],
)
def test_what_a_person_says_is_believed_but_never_less_than_is_known(world, wish, goes_on_at):
    world.take(150)
    world.back_up()
    world.database.close()
    world.file.unlink()
    (world.folder / MARKS).unlink()

    done = world.restore(**wish)

    assert done.jumps[0].to == next_of(world.file, RANGE) == goes_on_at


@pytest.mark.parametrize(
    ("said", "message"), [({"contract 9 live 1": 5}, "There are: contract 1517 test 1"), ({RANGE: 10**9}, "not one of")]
)
def test_what_is_said_of_a_range_that_is_none_is_refused(world, said, message):
    world.back_up()

    with pytest.raises(Impossible, match=message):
        world.restore(replaces=True, used_up_to=said)


def test_a_server_that_was_only_tried_out_on_a_new_machine_knows_nothing_of_the_numbers(world, tmp_path):
    """It has a younger database, and marks that are younger, but they are not about what was backed up."""
    world.take(150)
    made = world.back_up(at=datetime.now(UTC) - timedelta(hours=1))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    tried = Database(elsewhere / DATABASE)
    with tried.write() as transaction:
        migrate(transaction)
    other = World(a_caller(an_installation(elsewhere, database=tried)), elsewhere)
    Sequences(tried).catch_up()
    something_happens(other)
    tried.close()

    with pytest.raises(Impossible, match=rf"nobody knows(?s:.)*{RANGE}"):
        restore(made.path, other.file, world.vault, Wish(replaces=True), LATER)


def test_a_backup_that_was_restored_by_mistake_knows_nothing_of_what_came_after_a_later_one(world):
    """What was restored is another database from then on: it did not see what was handed out after the later backup."""
    world.back_up()
    world.take(150)
    later = world.back_up("later", at=NOW + timedelta(hours=1))
    world.take(150)
    (world.folder / MARKS).unlink()
    world.database.close()
    world.file.unlink()
    world.restore(skip=1)
    mistaken = Database(world.file)
    Sequences(mistaken).catch_up()
    mistaken.close()
    with closing(sqlite3.connect(world.file)) as connection:
        connection.execute("UPDATE sequences SET next = next + 100000000 WHERE name LIKE 'contract%'")
        connection.commit()

    with pytest.raises(Impossible, match="nobody knows"):
        restore(later.path, world.file, world.vault, Wish(replaces=True), LATER)


def test_a_range_that_was_added_after_the_backup_is_named(world):
    world.back_up()
    with world.database.write() as transaction:
        add_contract(transaction, 1, Contract(7_777, "postnl", "After", sealed_data=world.vault.seal({"a": "b"})))
        add_number_range(transaction, 1, 7_777, 20_000_000, 30_000_000, is_live=False, vault=world.vault)
    Sequences(world.database).take("contract 7777 test 20000000")
    something_happens(world)

    assert world.restore(replaces=True).unknown == {"contract 7777 test 20000000": 20_000_100}


def test_what_another_contract_has_taken_over_since_is_not_handed_out_again(world):
    """When a contract's data change, the rest of its range goes on in a sequence that the backup does not know."""
    world.take(100)
    world.back_up()
    with world.database.write() as transaction:
        transaction.execute(update(sequences).where(sequences.c.name == RANGE).values(last=100))
        transaction.execute(update(number_ranges).where(number_ranges.c.sequence == RANGE).values(last=100))
        add_contract(transaction, 1, Contract(7_777, "postnl", "After", sealed_data=world.vault.seal({"a": "b"})))
        add_number_range(transaction, 1, 7_777, 101, 9_999_999, is_live=False, vault=world.vault)
    last = Sequences(world.database).take_all("contract 7777 test 101", 250)[-1]
    something_happens(world)

    (jumped,) = world.restore(replaces=True).jumps

    assert jumped.to == 401 > last


@pytest.mark.parametrize("is_there", [True, False])
def test_ids_jump_so_that_none_means_something_else(world, is_there):
    world.back_up()
    something_happens(world)
    before = next_of(world.file, IDS)
    world.database.close()
    if not is_there:
        world.file.unlink()
        (world.folder / MARKS).unlink()

    done = world.restore(replaces=True, skip=1)

    assert done.ids[1] == next_of(world.file, IDS) == (before if is_there else done.ids[0] + IDS_SKIPPED)


def test_what_was_queued_may_have_been_announced_since_and_is_looked_into(world):
    world.caller.store(an_order())
    queued = {"integration_id": 70, "orders": [{"order_number": "ORDER-1"}]}
    answer = world.caller.client.post("/api/v3/orders/create-labels-async", json=queued)
    assert answer.status_code == 202, answer.text
    world.back_up()

    done = world.restore(replaces=True, skip=1)

    restored = Database(world.file)
    with restored.read() as transaction:
        (attempt,) = list_unsettled(transaction)
        moves = list_moves(transaction, 1, attempt.shipment_id)
    restored.close()
    assert done.unsettled == 1
    assert (attempt.state, attempt.lease_until) == (State.INTENDED, None)
    assert moves[-1].reason == MAYBE_ANNOUNCED


def test_a_backup_whose_secrets_nothing_opens_is_not_restored_unless_that_is_said(world):
    made = world.back_up()
    world.database.close()
    world.file.unlink()
    other = Vault([new_key()])

    for vault in (other, None):
        with pytest.raises(Impossible, match=made.facts.keys[0]):
            restore(made.path, world.file, vault, Wish(skip=1), LATER)
    is_left_alone = not world.file.exists()
    done = restore(made.path, world.file, other, Wish(skip=1, without_key=True), LATER)

    assert is_left_alone
    assert done.lost_secrets > 0


def test_what_is_set_aside_in_the_same_second_keeps_a_name_of_its_own(world):
    world.back_up()
    something_happens(world)

    first = world.restore(replaces=True).set_aside
    second = world.restore(replaces=True, skip=1).set_aside

    assert first
    assert second
    with closing(sqlite3.connect(first)) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)
    assert first != second


def test_a_database_that_somebody_reads_is_not_replaced(world, monkeypatch):
    monkeypatch.setattr("kolli.database.BUSY_TIMEOUT_SECONDS", 0.1)
    world.back_up()
    with closing(sqlite3.connect(world.file, isolation_level=None)) as reader:
        reader.execute("BEGIN").execute("SELECT count(*) FROM orders").fetchone()
        something_happens(world)

        with pytest.raises(Impossible, match="still reading"):
            world.restore(replaces=True, skip=1)

    with closing(sqlite3.connect(world.file)) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (1,)


def test_what_does_not_come_from_the_log_into_the_restored_file_is_not_left_behind_unseen(world, monkeypatch):
    """A full disk can take the log of the jumps, and then not let the file grow by them."""
    world.back_up()
    world.database.close()
    world.file.unlink()
    monkeypatch.setattr(Database, "_checkpoint", lambda *_: False)

    with pytest.raises(StorageFull):
        world.restore(skip=1)

    assert not world.file.exists()


def test_a_database_that_is_broken_can_be_replaced(world):
    world.back_up()
    world.database.close()
    world.file.write_bytes(b"rubbish" * 1000)
    (world.folder / "kolli.db-wal").write_bytes(b"of it")

    done = world.restore(replaces=True, skip=1)

    assert done.set_aside
    assert done.set_aside.read_bytes().startswith(b"rubbish")
    assert problems_of_file(world.file) == []


def test_the_restored_database_has_exactly_our_tables(world):
    world.back_up()

    world.restore(replaces=True, skip=1)

    with closing(sqlite3.connect(world.file)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {*sequences.metadata.tables, "alembic_version"}


def test_a_jump_never_goes_back(world):
    world.take(1)
    with world.database.write() as transaction:
        jump(transaction, RANGE, 5)

    assert next_of(world.file, RANGE) == 101


def test_a_network_file_system_is_known_by_its_longest_mount(tmp_path):
    mounts = tmp_path / "mounts"
    folder = tmp_path / "a b" / "data"
    folder.mkdir(parents=True)
    parent = str(folder.parent).replace(" ", "\\040")
    mounts.write_text(f"dev / ext4 rw 0 0\nserver:/x {parent} nfs4 rw 0 0\n")

    assert network_file_system(folder, mounts) == "nfs4"
    assert network_file_system(tmp_path, mounts) is None
    assert network_file_system(tmp_path, tmp_path / "nothing") is None
