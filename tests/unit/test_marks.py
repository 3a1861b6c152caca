"""How far numbers were handed out, written beside the database; and an older database that is found out by it."""

import errno
import logging
import os
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from kolli.database import Database
from kolli.errors import SetupError, StorageFull, StorageUnavailable
from kolli.marks import MARKS, Marks
from kolli.migrations import migrate
from kolli.schema import sequences
from kolli.sequences import DESCENT, Sequences, add_sequence, descent_among


def a_database_with_a_range(folder: Path) -> Database:
    database = Database(folder / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
        add_sequence(transaction, "range", 1, 1_000)
    return database


def test_the_highest_mark_of_each_sequence_counts(tmp_path):
    marks = Marks(tmp_path / MARKS)

    for name, number in (("a", 100), ("b c", 5), ("a", 300), ("a", 200)):
        marks.add({name: number})

    assert Marks(tmp_path / MARKS).read() == {"a": 300, "b c": 5}
    assert (tmp_path / MARKS).stat().st_mode & 0o777 == 0o600
    assert marks.written_at()


def test_a_line_that_was_torn_by_a_power_cut_is_no_mark_and_spoils_none(tmp_path):
    (tmp_path / MARKS).write_text("\na\t12")
    marks = Marks(tmp_path / MARKS)

    marks.add({"b": 7})

    assert marks.read() == {"b": 7}


def test_without_a_file_there_are_no_marks(tmp_path):
    Marks(None).add({"a": 1})

    assert (Marks(None).read(), Marks(tmp_path / MARKS).read(), Marks(tmp_path / MARKS).written_at()) == ({}, {}, None)


@pytest.mark.parametrize(
    ("number", "raised"),
    [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EROFS, StorageUnavailable)],
)
def test_numbers_whose_mark_cannot_be_written_are_not_handed_out(tmp_path, monkeypatch, number, raised):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    given = Sequences(a_database_with_a_range(tmp_path))
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(raised):
        given.take("range")
    monkeypatch.undo()

    assert given.take("range") == 101  # the block is lost: a gap, and no repeat


def test_an_older_database_goes_on_behind_what_was_handed_out(tmp_path, caplog):
    database = a_database_with_a_range(tmp_path)
    last = Sequences(database).take_all("range", 150)[-1]
    with database.write() as transaction:  # as it was in a backup
        transaction.execute(update(sequences).where(sequences.c.name == "range").values(next=1))
    given = Sequences(database)

    with caplog.at_level(logging.WARNING):
        given.catch_up()

    assert given.take("range") == 201 > last
    assert "range at 201" in caplog.text


def test_a_database_that_is_up_to_date_is_left_alone(tmp_path, caplog):
    database = a_database_with_a_range(tmp_path)
    Sequences(database).take("range")

    Sequences(database).catch_up()

    assert Sequences(database).take("range") == 101
    assert caplog.text == ""


@pytest.mark.parametrize(
    "line",
    [
        f"range\t{'9' * 5_000}\t2026-11-24T13:51:10.123456+00:00",
        f"range\t{2**63}\t2026-11-24T13:51:10.123456+00:00",
        "range\t٥٠٠\t2026-11-24T13:51:10.123456+00:00",
        "range\t500\t2026-99-99T13:51:10.123456+00:00",
        "range\t500\t2026-11-24T13:51:10.123456+00:0",
        "range\t-5\t2026-11-24T13:51:10.123456+00:00",
        "\0" * 4096,
    ],
)
def test_a_line_that_is_damaged_is_no_mark_and_keeps_nobody_from_starting(tmp_path, line):
    database = a_database_with_a_range(tmp_path)
    (tmp_path / MARKS).write_text(f"\n{line}\n")
    given = Sequences(database)

    given.catch_up()

    assert given.take("range") == 1


def test_marks_that_are_there_and_cannot_be_read_are_explained(tmp_path):
    (tmp_path / MARKS).mkdir()

    with pytest.raises(SetupError, match=r"kolli\.numbers cannot be read"):
        Sequences(a_database_with_a_range(tmp_path)).catch_up()


def test_a_mark_of_which_only_the_first_half_fits_on_the_disk_counts_as_none(tmp_path, monkeypatch):
    """A full disk takes what fits and reports no error."""
    given = Sequences(a_database_with_a_range(tmp_path))
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, content: write(file, content[:20]))
    with pytest.raises(StorageFull):
        given.take("range")
    monkeypatch.undo()

    assert given.take("range") == 101
    assert Marks(tmp_path / MARKS).read() == {"range": 201}


def test_a_sync_of_the_marks_that_fails_is_told_to_whoever_ends_the_process(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    database = a_database_with_a_range(tmp_path)
    monkeypatch.setattr(os, "fsync", fail)

    with pytest.raises(SetupError, match=r"kolli\.numbers has failed to write something durably"):
        Sequences(database).take("range")


def test_a_range_that_an_older_database_did_not_know_goes_on_when_it_is_entered_anew(tmp_path):
    database = a_database_with_a_range(tmp_path)
    last = Sequences(database).take_all("range", 150)[-1]
    with database.write() as transaction:
        transaction.execute(delete(sequences).where(sequences.c.name == "range"))
    given = Sequences(database)
    given.catch_up()
    with database.write() as transaction:
        add_sequence(transaction, "range", 1, 1_000)

    with database.read() as transaction:
        foreseen = given.foresee(transaction, "range", 1)

    assert foreseen == (given.take("range"),) == (201,)
    assert last < 201


def test_the_marks_know_which_database_they_are_about_and_what_it_had_handed_out_before(tmp_path):
    database = a_database_with_a_range(tmp_path)
    Sequences(database).take("range")
    (tmp_path / MARKS).unlink()

    for _ in range(2):
        Sequences(database).catch_up()

    marks = Marks(tmp_path / MARKS).read()
    assert descent_among(marks)
    assert [name for name in marks if name.startswith(DESCENT)] == [descent_among(marks)]
    assert marks["range"] == 101


def test_a_server_starts_where_the_marks_cannot_be_written(tmp_path, monkeypatch, caplog):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    database = a_database_with_a_range(tmp_path)
    monkeypatch.setattr(os, "fsync", fail)

    Sequences(database).catch_up()

    assert "not written" in caplog.text
