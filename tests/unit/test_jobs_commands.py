"""`kolli jobs`: what waits and what was given up is shown, tried again or removed; and what `kolli doctor` says."""

from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from kolli.app import open_database
from kolli.cli import cli
from kolli.database import Database
from kolli.doctor import examine
from kolli.errors import NotFound
from kolli.jobs import Kind, Lane, enqueue, list_dead
from kolli.jobs.workers import Workers
from kolli.settings import Settings

DIED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def database(folder):
    database = open_database(Settings(data=folder))
    yield database
    database.close()


def put(database: Database, kind: str, *names: str, due_at: datetime = DIED) -> None:
    with database.write() as transaction:
        enqueue(transaction, "lane", kind, [{"name": name} for name in names], due_at, now=due_at)


@pytest.fixture
def two_dead(database):
    """Two jobs that were given up; their numbers are 1 and 2."""
    put(database, "unheard of", "a", "b")
    lanes = {"lane": Lane(workers=1, lease=timedelta(minutes=1))}
    kinds: dict[str, Kind] = {}
    Workers(database, lanes, kinds, lambda: DIED).run_due()
    return database


def kolli(*arguments):
    return CliRunner().invoke(cli, ["jobs", *map(str, arguments)])


def dead(database):
    with database.read() as transaction:
        return [job.id for job in list_dead(transaction)]


def test_an_empty_queue_is_told(database):
    ended = kolli("list")

    assert (ended.exit_code, ended.output) == (0, "Nothing waits, and nothing was given up.\n")


def test_what_waits_is_counted_by_kind_and_what_was_given_up_is_shown_with_the_reason(two_dead):
    put(two_dead, "announce", "c", "d")
    put(two_dead, "settle", "e")

    ended = kolli("list")

    why = "dead since 2026-01-02 03:04 after 1 run: This program knows no jobs of the kind 'unheard of'."
    assert ended.output.splitlines() == [
        "      2 announce waiting or running",
        "      1 settle waiting or running",
        f"      1 unheard of {why}",
        "        name=a",
        f"      2 unheard of {why}",
        "        name=b",
    ]


def test_dead_jobs_are_tried_again(two_dead):
    ended = kolli("retry", 2, 1)

    assert ended.output == "Job 2 will be tried again.\nJob 1 will be tried again.\n"
    assert dead(two_dead) == []
    assert "2 unheard of waiting or running" in kolli("list").output


def test_dead_jobs_are_removed(two_dead):
    ended = kolli("remove", 1)

    assert ended.output == "Job 1 is removed.\n"
    assert dead(two_dead) == [2]


@pytest.mark.parametrize("command", ["retry", "remove"])
def test_a_job_that_is_not_dead_is_left_alone(two_dead, command):
    put(two_dead, "announce", "alive")

    for number in (3, 99):
        ended = kolli(command, number)
        assert isinstance(ended.exception, NotFound)
        assert ended.exception.message == f"There is no dead job {number}."

    assert "1 announce waiting or running" in kolli("list").output


def findings(folder):
    return [(found.is_good, found.text) for found in examine(Settings(data=folder)) if "job" in found.text]


def test_the_doctor_is_content_with_a_queue_that_is_looked_after(folder, database):
    put(database, "announce", "now", due_at=datetime.now(UTC))
    put(database, "settle", "later", due_at=datetime.now(UTC) + timedelta(hours=1))

    assert findings(folder) == [
        (True, "0 jobs were given up"),
        (True, "the job that waits longest has been due for 0 minutes"),
    ]


def test_the_doctor_names_what_was_given_up_and_what_nobody_looks_after(folder, two_dead):
    put(two_dead, "announce", "late", due_at=datetime.now(UTC) - timedelta(minutes=11, seconds=30))

    late = "the job that waits longest has been due for 11 minutes"
    assert findings(folder) == [
        (False, "2 jobs were given up; see `kolli jobs list`"),
        (False, f"{late}; is the server running, and do the carriers answer?"),
    ]
