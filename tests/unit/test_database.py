import sqlite3
import threading

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, OperationalError

from kolli.app import readable
from kolli.database import Database, Turns, insert_or_skip
from kolli.errors import SetupError, StorageFull, StorageUnavailable
from kolli.migrations import VERSIONS, create, known_versions, migrate, newest_version, version_of
from kolli.schema import metadata, sequences
from tests.factories import a_database


def test_a_write_that_raises_leaves_nothing():
    database = a_database()

    with pytest.raises(ZeroDivisionError), database.write() as transaction:  # noqa: PT012 - both belong together
        transaction.execute(insert(sequences).values(name="x", next=1, last=2))
        _ = 1 / 0

    with database.read() as transaction:
        assert transaction.execute(select(sequences.c.name).where(sequences.c.name == "x")).all() == []


def test_a_second_transaction_in_one_thread_is_an_error_and_no_deadlock():
    database = a_database()

    with database.write(), pytest.raises(RuntimeError, match="already open"), database.write():
        pass


def test_a_row_that_is_there_already_is_skipped():
    database = a_database()
    row = {"name": "x", "next": 1, "last": 2}

    with database.write() as transaction:
        counts = [transaction.execute(insert_or_skip(sequences), row).rowcount for _ in range(2)]

    assert counts == [1, 0]


def test_threads_take_turns_in_the_order_in_which_they_came():
    turns, arrived, served = Turns(), [threading.Event() for _ in range(5)], []

    def take(number):
        arrived[number].set()
        with turns:
            served.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    with turns:
        for number, thread in enumerate(threads):
            thread.start()
            arrived[number].wait()
            while len(turns._waiting) <= number:
                pass
    for thread in threads:
        thread.join()

    assert served == [0, 1, 2, 3, 4]


def test_a_commit_on_a_file_is_durable(tmp_path):
    database = Database(tmp_path / "kolli.db")

    with database.write() as transaction:
        settings = [transaction.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")]

    assert settings == ["wal", 2]


def test_readers_do_not_wait_for_a_writer(tmp_path):
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)

    with database.write() as writing, database.read() as reading:
        writing.execute(insert(sequences).values(name="x", next=1, last=2))
        seen = reading.execute(select(sequences.c.name).where(sequences.c.name == "x")).all()

    assert seen == []


def test_who_waits_too_long_for_another_process_is_told_so_and_not_that_the_file_is_broken(tmp_path, monkeypatch):
    monkeypatch.setattr("kolli.database.BUSY_TIMEOUT_SECONDS", 0.1)
    one, other = Database(tmp_path / "kolli.db"), Database(tmp_path / "kolli.db")

    with (
        one.write(),
        pytest.raises(SetupError, match=r"another process is writing to it.*kolli\.db"),
        readable(other),
        other.write(),
    ):
        pass


def test_a_folder_that_cannot_be_made_is_explained(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(SetupError, match="KOLLI_DATA"):
        Database(tmp_path / "file" / "kolli.db")


def test_the_migrations_make_exactly_the_tables_of_the_schema():
    from alembic.autogenerate import compare_metadata  # noqa: PLC0415 - slow to import, and needed here alone
    from alembic.migration import MigrationContext  # noqa: PLC0415

    database = a_database()
    with database.read() as transaction:
        differences = compare_metadata(MigrationContext.configure(transaction), metadata)
        referred = transaction.exec_driver_sql("PRAGMA foreign_key_list(attempts)").mappings().all()

    # What a column of its own refers to, SQLAlchemy reads from SQLite without what is done when that is removed.
    assert {what for what, *_ in differences} <= {"remove_fk", "add_fk"}
    assert {key.parent.name for _, key in differences for key in key.elements} <= {"request_id"}
    assert {key["from"]: key["on_delete"] for key in referred}["request_id"] == "SET NULL"


def test_a_database_made_at_once_is_like_one_that_was_migrated():
    at_once = Database(None)
    with at_once.write() as transaction:
        create(transaction)

    assert layout(at_once) == layout(a_database())


def layout(database):
    """Every table: its columns, its indexes with theirs, what it refers to, and its rows."""
    with database.read() as transaction:
        ask = transaction.exec_driver_sql
        tables = sorted(row[0] for row in ask("SELECT name FROM sqlite_master WHERE type = 'table'"))
        return {
            table: (
                sorted(map(tuple, ask(f"SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}')"))),
                sorted(
                    (row.unique, row.partial, tuple(ask(f"SELECT name FROM pragma_index_info('{row.name}')").scalars()))
                    for row in ask(f"SELECT name, \"unique\", partial FROM pragma_index_list('{table}')")
                ),
                sorted(map(tuple, ask(f'SELECT "from", "table", "to" FROM pragma_foreign_key_list(\'{table}\')'))),
                list(map(tuple, ask(f"SELECT * FROM {table}"))),
            )
            for table in tables
        }


def test_every_migration_is_known_by_the_number_its_file_begins_with():
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as above

    scripts = ScriptDirectory(str(VERSIONS.parent)).walk_revisions()

    assert known_versions() == tuple(sorted(script.revision for script in scripts))


def test_migrating_twice_changes_nothing_the_second_time():
    database = Database(None)

    with database.write() as transaction:
        applied = [migrate(transaction), migrate(transaction)]
        at = version_of(transaction)

    assert applied == [["0001", "0002", "0003", "0004", "0005"], []]
    assert at == newest_version()


def test_a_database_from_the_future_is_refused_and_left_alone():
    database = a_database()
    with database.write() as transaction:
        transaction.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SetupError, match="9999"), database.write() as transaction:
        migrate(transaction)


# What the disk has to say


def an_error_of(code):
    error = sqlite3.OperationalError("it failed")
    error.sqlite_errorcode = code
    return error


@pytest.fixture
def failing(tmp_path, monkeypatch):
    """A database on a file, whose next statement of the writer fails with what is put into the list beside it."""
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
    errors: list[sqlite3.Error] = []

    def execute(cursor, statement, parameters, _context=None):
        if errors:
            raise errors.pop()
        return cursor.execute(statement, parameters)

    monkeypatch.setattr(database._writer.dialect, "do_execute", execute)
    return database, errors


@pytest.mark.parametrize(
    ("code", "raised"),
    [
        (sqlite3.SQLITE_FULL, StorageFull),
        (sqlite3.SQLITE_IOERR_SHMSIZE, StorageFull),
        (sqlite3.SQLITE_READONLY, StorageUnavailable),
        (sqlite3.SQLITE_READONLY_DBMOVED, StorageUnavailable),
        (sqlite3.SQLITE_CANTOPEN, StorageUnavailable),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StorageUnavailable),
        (sqlite3.SQLITE_LOCKED, StorageUnavailable),
        (sqlite3.SQLITE_IOERR_WRITE, StorageUnavailable),
        (sqlite3.SQLITE_IOERR_FSYNC, SetupError),
        (sqlite3.SQLITE_IOERR_DIR_FSYNC, SetupError),
        (sqlite3.SQLITE_CORRUPT, OperationalError),
    ],
)
def test_what_an_error_means_for_the_disk_is_said_in_our_words_and_nothing_stays(failing, code, raised):
    database, errors = failing
    row = {"name": "x", "next": 1, "last": 2}

    with pytest.raises(raised), database.write() as transaction:  # noqa: PT012 - both belong together
        transaction.execute(insert(sequences), row)
        errors.append(an_error_of(code))
        transaction.execute(insert(sequences), {**row, "name": "y"})

    with database.write() as transaction:  # it goes on, and nothing of the other transaction is there
        transaction.execute(insert(sequences), row)


def test_a_constraint_that_is_broken_is_left_to_whoever_expects_it():
    database = a_database()
    row = {"name": "x", "next": 1, "last": 2}

    with pytest.raises(IntegrityError), database.write() as transaction:
        transaction.execute(insert(sequences), [row, row])


def test_a_failed_sync_is_told_to_whoever_ends_the_process(failing):
    database, errors = failing
    told: list[str] = []
    database.when_a_sync_fails = told.append

    with pytest.raises(StorageUnavailable), database.write() as transaction:  # noqa: PT012 - both belong together
        errors.append(an_error_of(sqlite3.SQLITE_IOERR_FSYNC))
        transaction.execute(select(sequences))

    (sentence,) = told
    assert "kolli.db has failed to write something durably" in sentence


def test_a_file_that_cannot_be_opened_is_explained(tmp_path):
    (tmp_path / "kolli.db").mkdir()

    with pytest.raises(StorageUnavailable, match="cannot be opened"), Database(tmp_path / "kolli.db").read():
        pass


def test_nobody_else_can_read_the_files_of_a_database_whatever_folder_it_is_in(tmp_path):
    tmp_path.chmod(0o755)
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)

    assert {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {
        "kolli.db": 0o600,
        "kolli.db-wal": 0o600,
        "kolli.db-shm": 0o600,
    }


def test_the_log_does_not_grow_for_ever(tmp_path):
    database = Database(tmp_path / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)

    for number in range(2_000):
        with database.write() as transaction:
            transaction.execute(insert(sequences), {"name": f"x{number}", "next": 1, "last": 2})

    assert (tmp_path / "kolli.db-wal").stat().st_size < 4 * 1024 * 1024
    assert (tmp_path / "kolli.db").stat().st_size > 400 * 1024


def test_the_log_gives_back_what_it_took_while_somebody_read_for_long(tmp_path, monkeypatch):
    monkeypatch.setattr("kolli.database.BYTES_OF_LOG", 1024 * 1024)
    database, log = Database(tmp_path / "kolli.db"), tmp_path / "kolli.db-wal"
    with database.write() as transaction:
        migrate(transaction)

    def write(prefix):
        for number in range(600):
            with database.write() as transaction:
                transaction.execute(insert(sequences), {"name": f"{prefix}{number}", "next": 1, "last": 2})

    with database.read() as reading:
        reading.execute(select(sequences)).all()
        write("x")
        while_reading = log.stat().st_size
    write("y")

    assert while_reading > 4 * 1024 * 1024
    assert log.stat().st_size <= 2 * 1024 * 1024
