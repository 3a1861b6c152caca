"""How far numbers were handed out, written beside the database; and an older database that is found out by it."""

import errno
import logging
import os
from pathlib import Path

import pytest
from sqlalchemy import update

from kolli.database import Database
from kolli.errors import StorageFull, StorageUnavailable
from kolli.marks import MARKS, Marks
from kolli.migrations import migrate
from kolli.schema import sequences
from kolli.sequences import Sequences, add_sequence


def a_database_with_a_range(folder: Path) -> Database:
    database = Database(folder / "kolli.db")
    with database.write() as transaction:
        migrate(transaction)
        add_sequence(transaction, "range", 1, 1_000)
    return database


def test_the_highest_mark_of_each_sequence_counts(tmp_path):
    marks = Marks(tmp_path / MARKS)

    for name, number in (("a", 100), ("b c", 5), ("a", 300), ("a", 200)):
        marks.add(name, number)

    assert Marks(tmp_path / MARKS).read() == {"a": 300, "b c": 5}
    assert (tmp_path / MARKS).stat().st_mode & 0o777 == 0o600
    assert marks.written_at()


def test_a_line_that_was_torn_by_a_power_cut_is_no_mark_and_spoils_none(tmp_path):
    (tmp_path / MARKS).write_text("\na\t12")
    marks = Marks(tmp_path / MARKS)

    marks.add("b", 7)

    assert marks.read() == {"b": 7}


def test_without_a_file_there_are_no_marks(tmp_path):
    Marks(None).add("a", 1)

    assert (Marks(None).read(), Marks(tmp_path / MARKS).read(), Marks(tmp_path / MARKS).written_at()) == ({}, {}, None)


@pytest.mark.parametrize(
    ("number", "raised"),
    [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EROFS, StorageUnavailable)],
)
def test_numbers_whose_mark_cannot_be_written_are_not_handed_out(tmp_path, monkeypatch, number, raised):
    def fail(*_):
        raise OSError(number, os.strerror(number))

    given = Sequences(a_database_with_a_range(tmp_path))
    monkeypatch.setattr(os, "fdatasync", fail)
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
