"""`kolli rules`: rules are shown, exported and imported, whole or not at all."""

import pytest
from typer.testing import CliRunner

from kolli.account.accounts import Account, add_account
from kolli.app import open_database
from kolli.cli import cli
from kolli.rules.queries import add_rules, list_rules
from kolli.settings import Settings
from tests.factories import NOW, a_rule

HEADER = "Rule name,Condition and or,Condition,Operator,Condition Value,Action,Action Value"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path))
    return tmp_path


@pytest.fixture
def database(folder):
    database = open_database(Settings(data=folder))
    with database.write() as transaction:
        add_account(transaction, Account(1, "Main"))
    yield database
    database.close()


@pytest.fixture
def two_rules(database):
    """The second one refers to a contract that is not there."""
    rules = [
        a_rule("set_weight 2", when=["to_country is NL"], rule_id=11, name="Heavy"),
        a_rule("use_contract 99", rule_id=12, name="Gone"),
    ]
    with database.write() as transaction:
        add_rules(transaction, 1, rules, NOW)
    return database


def kolli(*arguments):
    return CliRunner().invoke(cli, ["rules", *map(str, arguments)])


def names(database):
    with database.read() as transaction:
        return [rule.name for rule in list_rules(transaction, 1)]


def file_of(folder, *lines):
    path = folder / "rules.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n", "utf-8")
    return path


def test_an_account_without_rules_is_told(database):
    assert kolli("list").output == "There are no rules.\n"


def test_rules_are_listed_in_their_order_with_what_is_wrong(two_rules):
    assert kolli("list").output == (
        "   1  on     11  Heavy: if To country is 'NL': Set weight '2'\n"
        "   2  WRONG  12  Gone: always: Use shipping contract '99'\n"
        "             actions.0.value: '99' is no contract of this account. There is none yet.\n"
    )


def test_rules_are_exported(two_rules):
    assert kolli("export").output.splitlines() == [
        HEADER,
        "Heavy,and,To country,Is,NL,Set weight,2",
        "Gone,and,,,,Use shipping contract,99",
    ]


def test_rules_of_a_file_come_behind_those_that_are_there(two_rules, folder):
    ended = kolli("import", file_of(folder, "New,,,,,Set weight,3"))

    assert (ended.exit_code, ended.output) == (0, "Rules imported: 1.\n")
    assert names(two_rules) == ["Heavy", "Gone", "New"]


def test_rules_of_a_file_can_replace_all(two_rules, folder):
    ended = kolli("import", "--replace", file_of(folder, "New,,,,,Set weight,3"))

    assert (ended.exit_code, ended.output) == (0, "Rules imported: 1. Rules removed: 2.\n")
    assert names(two_rules) == ["New"]


def test_nothing_of_a_file_with_a_mistake_is_imported(two_rules, folder):
    ended = kolli("import", "--replace", file_of(folder, "New,,,,,Set weight,3", "Bad,,Wieght,ge,1,Set weight,3"))

    assert ended.exit_code == 1
    assert "row 3, condition: 'Wieght' is not known." in ended.stderr
    assert "Nothing was imported. Mistakes: 1." in ended.stderr
    assert names(two_rules) == ["Heavy", "Gone"]


def test_a_file_without_rules_does_not_remove_those_that_are_there(two_rules, folder):
    ended = kolli("import", "--replace", file_of(folder))

    assert ended.exit_code == 1
    assert names(two_rules) == ["Heavy", "Gone"]
