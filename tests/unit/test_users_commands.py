"""`kolli users`: who may use the panel, settled at the server."""

import pytest
from typer.testing import CliRunner

from kolli.account.accounts import Account, add_account
from kolli.account.users import Role, find_by_name, is_right, list_users
from kolli.app import open_database
from kolli.cli import cli
from kolli.errors import Invalid, KolliError
from kolli.settings import Settings

PASSWORD = "correct horse battery staple"


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    database = open_database(Settings(data=tmp_path))
    with database.write() as transaction:
        add_account(transaction, Account(1, "Lumen & Was"))
    yield database
    database.close()


def run(*arguments, typed=""):
    """What a command prints."""
    done = CliRunner().invoke(cli, arguments, input=typed, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_somebody_is_let_in_and_listed(database):
    run("users", "add", "Femke", "--role", "owner", typed=f"{PASSWORD}\n")

    assert "Femke  owner" in run("users", "list")
    with database.read() as transaction:
        found = find_by_name(transaction, "femke")
    assert found is not None
    user, password_hash = found
    assert is_right(PASSWORD, password_hash)
    assert user.role is Role.OWNER


def test_a_password_is_replaced(database):
    run("users", "add", "Femke", "--role", "owner", typed=f"{PASSWORD}\n")

    run("users", "password", "Femke", typed="another good pass phrase\n")

    with database.read() as transaction:
        found = find_by_name(transaction, "Femke")
    assert found is not None
    assert is_right("another good pass phrase", found[1])


def test_somebody_is_shut_out_but_never_the_last_owner(database):
    run("users", "add", "Femke", "--role", "owner", typed=f"{PASSWORD}\n")
    run("users", "add", "Piet", typed=f"{PASSWORD}\n")

    run("users", "shut-out", "Piet")

    with pytest.raises(Invalid, match="Somebody has to be an owner"):
        run("users", "shut-out", "Femke")
    with database.read() as transaction:
        assert [user.name for user in list_users(transaction, 1) if user.disabled_at] == ["Piet"]


def test_the_set_up_code_is_told_until_there_is_an_owner(database):
    first, second = run("users", "set-up-code"), run("users", "set-up-code")
    run("users", "add", "Femke", "--role", "owner", typed=f"{PASSWORD}\n")

    assert first == second
    assert "/panel/set-up/?code=" in first
    with pytest.raises(KolliError, match="There is an owner already"):
        run("users", "set-up-code")


def test_nobody_is_changed_who_is_not_there(database):
    with pytest.raises(KolliError, match="Nobody signs in as 'Piet'"):
        run("users", "password", "Piet", typed=f"{PASSWORD}\n")
