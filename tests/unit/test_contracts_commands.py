"""`kolli contracts` and `kolli secrets`: what they do, what they say, and what they keep to themselves."""

import json

import pytest
from typer.testing import CliRunner

from kolli.app import open_database
from kolli.cli import cli
from kolli.doctor import examine
from kolli.errors import KolliError
from kolli.settings import Settings
from kolli.vault import Vault, new_key, write_keys


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KOLLI_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("KOLLI_KEY_FILE", raising=False)
    assert kolli("keys", "create").exit_code == 0
    return tmp_path / "data"


def kolli(*arguments, said=None):
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], input=said)


def added(*options, **answers):
    """Adds a contract and gives its id."""
    told = kolli(
        "contracts", "add", "postnl", "--data", "-", *options, said=json.dumps({"customer_code": "KOLL", **answers})
    )
    assert told.exit_code == 0, told.output
    return int(told.output.split()[1])


def test_a_new_account_gets_a_contract_with_numbers_and_goes_live(folder):
    contract = added("--name", "Main")
    given = kolli("contracts", "range", contract, 1, 1_000, "--live")
    live = kolli("contracts", "live", contract)

    assert given.output == f"Contract {contract} has 1000 more numbers for live parcels: 1 to 1000.\n"
    assert live.output == f"Contract {contract} (Main) is live now.\n"
    assert kolli("contracts", "list").output == f"{contract}  postnl       active            live, default Main\n"
    assert kolli("contracts", "show", contract).output.splitlines() == [
        f"contract   {contract} (Main)",
        "carrier    postnl, default",
        "state      active, live",
        "data       customer_code (encrypted)",
        "numbers    1 to 1000, for live parcels: 0 used, 1000 left",
    ]


def test_a_new_contract_says_how_it_gets_the_numbers_that_it_needs(folder):
    told = kolli("contracts", "add", "postnl", "--data", "-", said='{"customer_code": "KOLL"}')
    contract = told.output.split()[1]

    assert told.output.splitlines()[-1] == f"next       give it numbers: kolli contracts range {contract} FIRST LAST"


def test_what_the_carrier_asks_for_can_be_typed(folder):
    told = kolli("contracts", "add", "postnl", said="Main\nNL\n\nKOLL\n\n")

    assert told.exit_code == 0, told.output
    assert "(Main)" in told.output


def test_a_contract_is_changed_and_removed(folder):
    contract = added()

    changed = kolli("contracts", "change", contract, "--data", "-", said='{"customer_code": "NEW"}')
    removed = kolli("contracts", "remove", contract)

    assert (changed.exit_code, removed.output) == (0, f"Contract {contract} is removed.\n")
    assert "has no contract" in kolli("contracts", "list").output


def test_a_contract_without_numbers_for_live_parcels_does_not_go_live(folder):
    ended = kolli("contracts", "live", added())

    assert isinstance(ended.exception, KolliError)
    assert "no number range for live parcels" in ended.exception.message


@pytest.mark.parametrize("said", ["", "hunter2", "[]", '"hunter2"', '{"customer_code": "hunter2'])
def test_a_file_that_is_no_object_is_refused_without_repeating_it(folder, said):
    ended = kolli("contracts", "add", "postnl", "--data", "-", said=said)

    assert isinstance(ended.exception, KolliError)
    assert "hunter2" not in ended.exception.message + ended.output


def test_an_unknown_carrier_names_those_there_are(folder):
    ended = kolli("contracts", "add", "nobody", said="")

    assert isinstance(ended.exception, KolliError)
    assert "postnl" in ended.exception.message


def test_nothing_secret_is_ever_shown(folder):
    contract = added(customer_code="QQZZ")
    said = [kolli("contracts", command, *rest).output for command, rest in (("list", []), ("show", [contract]))]

    assert "QQZZ" not in "".join([*said, kolli("secrets", "check").output])


def test_keys_are_rotated(folder):
    added()
    before = (folder / "kolli.key").read_text()

    rotated = kolli("secrets", "rotate")

    assert rotated.output == "Encrypted with a new key: 1 contracts. The old keys are dropped.\n"
    assert (folder / "kolli.key").read_text() != before
    checked = kolli("secrets", "check")
    assert (checked.exit_code, checked.output) == (0, "ok   1 contracts\n")


def test_an_installation_without_secrets_says_so(folder):
    assert kolli("secrets", "rotate").output == "Encrypted with a new key: no secrets. The old keys are dropped.\n"
    assert kolli("secrets", "check").output == "ok   there are no secrets\n"


def test_a_check_names_what_has_to_be_done(folder):
    contracts = [added() for _ in range(3)]
    sealed = Vault([new_key()]).seal({"customer_code": "LOST"})
    bodies = [{"name": "Lost", "sealed_data": sealed}, {"name": "Old", "data": {"customer_code": "OLD"}}]
    database = open_database(Settings(data=folder))
    with database.write() as transaction:
        for contract, body in zip(contracts, bodies, strict=False):
            transaction.exec_driver_sql("UPDATE contracts SET body = ? WHERE id = ?", (json.dumps(body), contract))
    database.close()
    write_keys(folder / "kolli.key", [new_key(), *(folder / "kolli.key").read_text().split()])
    (folder / "kolli.key").chmod(0o640)

    checked = kolli("secrets", "check")

    assert checked.exit_code == 1
    assert [line.split(":")[0] for line in checked.output.splitlines()] == [
        "FIX  1 contracts are encrypted with an older key",
        "FIX  1 contracts are not encrypted yet",
        f"FIX  contracts {contracts[0]}",
        f"FIX  {folder / 'kolli.key'} can be read by its group",
    ]


def findings(folder):
    return [(found.is_good, found.text) for found in examine(Settings(data=folder)) if "secret" in found.text[:60]]


def test_the_doctor_looks_at_the_secrets(folder):
    added()

    assert (True, "1 secrets in the database") in findings(folder)


def test_the_doctor_misses_a_key_file_and_does_not_make_one(folder):
    added()
    (folder / "kolli.key").unlink()

    bad = [found.text for found in examine(Settings(data=folder)) if not found.is_good]

    assert bad == [f"the key file {folder / 'kolli.key'} is not there, but the database holds secrets: put it back"]
    assert not (folder / "kolli.key").exists()


def test_lost_secrets_are_given_up_only_by_who_says_so(folder):
    contract = added()
    (folder / "kolli.key").unlink()

    asked = kolli("secrets", "forget-lost")
    done = kolli("secrets", "forget-lost", "--yes")

    assert isinstance(asked.exception, KolliError)
    assert done.output == f"The secret of contracts {contract} is gone. Enter it anew.\n"
    assert kolli("secrets", "check").output == "ok   there are no secrets\n"
    changed = kolli("contracts", "change", contract, "--data", "-", said='{"customer_code": "NEW"}')
    assert "state      active, for tests" in changed.output
