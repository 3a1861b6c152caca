"""`kolli requests`: what was asked lately, one line each, the newest last; and nothing that a terminal would obey."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from kolli.account.requests import Details, LoggedRequest, add_requests
from kolli.app import open_database
from kolli.cli import cli
from kolli.cli.requests import line
from kolli.settings import Settings

AT = datetime(2026, 11, 24, 12, 30, 5, tzinfo=UTC)
SHIP = "/api/v3/orders/create-label-sync"
REFUSED = LoggedRequest(
    AT,
    "POST",
    SHIP,
    400,
    1,
    Details(38, "timeout-after", "first", code="parcel_announcement_error", detail="No answer.", source="/data"),
)
SHIPPED = LoggedRequest(AT, "POST", SHIP, 201, 2, Details(12, key="replayed", about="ORDER-1"))
READ = LoggedRequest(AT, "GET", "/nowhere", 404, None, Details(1))

LINES = {
    "refused": f"2026-11-24 12:30:05  POST   {SHIP}  400  38 ms  [sandbox: timeout-after]  [key: first]"
    "  /data: No answer.",
    "shipped": f"2026-11-24 12:30:05  POST   {SHIP}  201  12 ms  [key: replayed]  ORDER-1",
    "read": "2026-11-24 12:30:05  GET    /nowhere  404  1 ms",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with three requests in its log."""
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    note(tmp_path, REFUSED, SHIPPED, READ)
    return tmp_path


def note(folder, *noted):
    database = open_database(Settings(data=folder))
    with database.write() as transaction:
        add_requests(transaction, noted)
    database.close()


def kolli(*arguments):
    ended = CliRunner().invoke(cli, ["requests", *arguments])
    assert ended.exit_code == 0, ended.output
    return ended.output.splitlines()


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ([], ["refused", "shipped", "read"]),
        (["--limit", "2"], ["shipped", "read"]),
        (["--failed"], ["refused", "read"]),
        (["--scenario"], ["refused"]),
        (["--account", "2"], ["shipped"]),
        (["--failed", "--account", "1"], ["refused"]),
    ],
)
def test_the_wanted_requests_are_shown_with_the_newest_last(folder, arguments, shown):
    assert kolli(*arguments) == [LINES[name] for name in shown]


def test_that_there_is_none_is_told(folder):
    assert kolli("--account", "7") == ["No such request is remembered."]


def test_who_follows_sees_the_latest_and_then_what_comes(folder, monkeypatch):
    rounds = iter([lambda: note(folder, READ), lambda: None, lambda: note(folder, SHIPPED, REFUSED)])

    def come(_seconds):
        step = next(rounds, None)
        if step is None:
            raise KeyboardInterrupt
        step()

    monkeypatch.setattr("kolli.cli.requests.time.sleep", come)
    ended = CliRunner().invoke(cli, ["requests", "--follow", "--limit", "1"])

    shown = [shown for shown in ended.output.splitlines() if shown.startswith("2026")]
    assert shown == [LINES[name] for name in ("read", "read", "shipped", "refused")]


def test_who_follows_an_empty_log_waits_for_the_first_request(folder, monkeypatch):
    def come(_seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr("kolli.cli.requests.time.sleep", come)
    ended = CliRunner().invoke(cli, ["requests", "--follow", "--account", "7"])

    assert "remembered" not in ended.output


def test_a_caller_that_hung_up_has_got_no_answer():
    assert "  no answer  " in line(LoggedRequest(AT, "GET", "/", 0))


def test_a_line_holds_nothing_that_a_terminal_obeys():
    said = line(LoggedRequest(AT, "GET", "/\x1b[2J\n\x9b\u202e", 404, details=Details(detail="\x07\r")))

    assert said.isprintable()
