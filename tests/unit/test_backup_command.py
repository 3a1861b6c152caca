"""`kolli backup`: what it says, also of an installation that the program does not work with yet."""

import pytest
from typer.testing import CliRunner

from kolli.app import DATABASE
from kolli.cli import cli
from kolli.database import Database
from kolli.migrations import known_versions, migrate


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder of an installation that commands find, and that the program before this one has made."""
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    database = Database(tmp_path / DATABASE)
    with database.write() as transaction:
        migrate(transaction, known_versions()[-2])
    database.close()
    return tmp_path


def kolli(*arguments):
    return CliRunner().invoke(cli, [*map(str, arguments)])


def test_a_database_can_be_backed_up_before_it_is_migrated(folder):
    """`kolli serve` says to do just that, in this order."""
    backed_up = kolli("backup", folder / "before.backup")
    migrated = kolli("migrate")

    assert (backed_up.exit_code, migrated.exit_code) == (0, 0), backed_up.exception
    assert backed_up.output.startswith(f"Wrote {folder / 'before.backup'}, and read it back: 0 accounts, ")


def test_where_no_installation_is_there_is_none_to_back_up(tmp_path, monkeypatch):
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path / "elsewhere"))

    ended = kolli("backup", tmp_path / "nothing.backup")

    assert str(ended.exception).startswith("There is no Kolli in the folder ")
    assert list(tmp_path.iterdir()) == []
