"""The commands an operator types around a server: keys, migrate, doctor."""

import json
import re
import sqlite3

import pytest

from kolli.carriers.sandbox import LEDGER, Fault, Ledger
from kolli.demo import Credentials
from tests.end_to_end.processes import ask, prepared, run, serving
from tests.factories import an_order

ONE_SENTENCE = re.compile(r"kolli: [^\n]+\.\n")


@pytest.fixture
def data(tmp_path):
    """The folder of an installation with the demo's account."""
    prepared(tmp_path / "data")
    return tmp_path / "data"


def set_version(data, version):
    """Makes the database look as if another program had left it behind."""
    database = sqlite3.connect(data / "kolli.db")
    database.execute("UPDATE alembic_version SET version_num = ?", (version,))
    database.commit()
    database.close()


def test_a_first_key_opens_an_empty_installation(tmp_path):
    made = run("keys", "create", "--name", "Warehouse", data=tmp_path / "data")
    shown = dict(re.findall(r"^(\w+) key +(\S+)$", made.stdout, re.MULTILINE))
    credentials = Credentials(shown["public"], shown["secret"])
    with serving(tmp_path / "data", credentials=credentials) as server:
        right = server.ask("GET", "/api/v3/orders")
        wrong = ask(f"{server.url}/api/v3/orders", credentials=Credentials(shown["public"], shown["secret"][::-1]))
        none = ask(f"{server.url}/api/v3/orders")

    assert made.returncode == 0
    assert (right.status, wrong.status, none.status) == (200, 401, 401)


def test_a_secret_is_shown_once_and_kept_nowhere(tmp_path):
    made = run("keys", "create", data=tmp_path / "data")
    shown = dict(re.findall(r"^(\w+) key +(\S+)$", made.stdout, re.MULTILINE))
    with serving(tmp_path / "data", credentials=Credentials(shown["public"], shown["secret"])) as server:
        server.ask("GET", "/api/v3/orders")
        server.ask("POST", "/api/v3/orders", "no list")

    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert made.stdout.count(shown["secret"]) == 1
    assert shown["secret"] not in made.stderr
    assert len(shown["secret"]) == 64
    assert [path for path in files if shown["public"].encode() in path.read_bytes()]
    assert [path for path in files if shown["secret"].encode() in path.read_bytes()] == []


def test_a_key_for_an_account_that_is_none_is_refused(data):
    refused = run("keys", "create", "--account", "2", data=data)

    assert refused.returncode == 1
    assert refused.stderr == "kolli: Name one of the accounts with --account: 1 (Lumen & Was).\n"


def test_keys_are_listed_and_a_revoked_one_opens_nothing_any_more(tmp_path):
    made = [run("keys", "create", "--name", name, data=tmp_path / "data") for name in ("Shop", "Warehouse")]
    shop, warehouse = (dict(re.findall(r"^(\w+) key +(\S+)$", each.stdout, re.MULTILINE)) for each in made)

    before = run("keys", "list", data=tmp_path / "data")
    revoked = run("keys", "revoke", shop["public"], data=tmp_path / "data")
    after = run("keys", "list", data=tmp_path / "data")
    again = run("keys", "revoke", shop["public"], data=tmp_path / "data")
    with serving(tmp_path / "data", credentials=Credentials(warehouse["public"], warehouse["secret"])) as server:
        wrong = ask(f"{server.url}/api/v3/orders", credentials=Credentials(shop["public"], shop["secret"]))
        right = server.ask("GET", "/api/v3/orders")

    assert [line.split()[-1] for line in before.stdout.splitlines()] == ["Shop", "Warehouse"]
    assert revoked.returncode == 0
    assert [line.split()[0] for line in after.stdout.splitlines()] == [warehouse["public"]]
    assert (again.returncode, ONE_SENTENCE.fullmatch(again.stderr) is not None) == (1, True)
    assert (wrong.status, right.status) == (401, 200)


def test_an_account_whose_only_integration_was_removed_gets_another_one_with_a_key(tmp_path):
    first = dict(re.findall(r"^(\w+) key +(\S+)$", run("keys", "create", data=tmp_path / "data").stdout, re.MULTILINE))
    with serving(tmp_path / "data", credentials=Credentials(first["public"], first["secret"])) as server:
        number = json.loads(server.ask("GET", "/api/v3/integrations").body)["data"][0]["id"]
        removed = server.ask("DELETE", f"/api/v3/integrations/{number}")
        gone = server.ask("GET", "/api/v3/integrations")

    second = run("keys", "create", data=tmp_path / "data")

    assert (removed.status, gone.status) == (204, 401)
    assert "Made the integration" in second.stdout
    assert second.returncode == 0


def test_migrate_makes_a_new_database_and_leaves_a_ready_one_alone(tmp_path):
    first, second = (run("migrate", data=tmp_path / "data") for _ in range(2))

    assert "Applied 0001." in first.stdout
    assert "Applied" not in second.stdout
    assert first.returncode == second.returncode == 0


@pytest.mark.parametrize("command", [("migrate",), ("serve",), ("keys", "create")])
def test_a_database_of_a_newer_program_is_left_alone(data, command):
    set_version(data, "9999")
    before = (data / "kolli.db").read_bytes()

    refused = run(*command, data=data)

    assert refused.returncode == 1
    assert ONE_SENTENCE.fullmatch(refused.stderr)
    assert "9999" in refused.stderr
    assert (data / "kolli.db").read_bytes() == before


@pytest.mark.parametrize("command", [("migrate",), ("serve",), ("keys", "create")])
def test_a_file_that_is_no_database_is_named(tmp_path, command):
    (tmp_path / "kolli.db").write_bytes(b"this is no database" * 1000)

    refused = run(*command, data=tmp_path)

    assert refused.returncode == 1
    assert ONE_SENTENCE.fullmatch(refused.stderr)
    assert str(tmp_path / "kolli.db") in refused.stderr


def test_doctor_finds_nothing_wrong_with_a_folder_that_is_not_there_yet(tmp_path):
    examined = run("doctor", data=tmp_path / "data")

    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "no database yet" in examined.stdout


def test_doctor_finds_nothing_wrong_with_a_healthy_installation(data):
    examined = run("doctor", data=data)

    assert examined.returncode == 0, examined.stdout + examined.stderr
    assert "FIX" not in examined.stdout
    assert f"KOLLI_DATA            {data}" in examined.stdout


def test_doctor_finds_a_database_of_another_version(data):
    set_version(data, "9999")

    examined = run("doctor", data=data)

    assert examined.returncode == 1
    assert re.search(r"^FIX .*9999", examined.stdout, re.MULTILINE)


def test_doctor_finds_a_file_that_is_no_database(tmp_path):
    (tmp_path / "kolli.db").write_bytes(b"this is no database" * 1000)

    examined = run("doctor", data=tmp_path)

    assert examined.returncode == 1
    assert re.search(r"^FIX .*not a database", examined.stdout, re.MULTILINE)


def test_doctor_finds_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")

    examined = run("doctor", data=tmp_path / "file" / "data")

    assert examined.returncode == 1
    assert re.search(r"^FIX ", examined.stdout, re.MULTILINE)
    assert examined.stderr == ""


def test_doctor_finds_a_font_that_is_not_there(data, tmp_path):
    examined = run("doctor", data=data, cjk_font=tmp_path / "none.otf")

    assert examined.returncode == 1
    assert re.search(r"^FIX .*none\.otf", examined.stdout, re.MULTILINE)


def test_doctor_finds_an_unknown_outcome_until_the_next_start_has_settled_it(tmp_path):
    """The sandbox books the label and never answers."""
    credentials = prepared(tmp_path / "data")
    with serving(tmp_path / "data", credentials=credentials) as server:
        server.ask("POST", "/api/v3/orders", [an_order()])
        ledger = Ledger(tmp_path / "data" / LEDGER)
        ledger.fail_next(Fault.SILENT_AFTER)
        ledger.close()
        silent = server.ship("ORDER-1")
    before = run("doctor", data=tmp_path / "data")
    with serving(tmp_path / "data", credentials=credentials) as server:
        again = server.ship("ORDER-1")
    after = run("doctor", data=tmp_path / "data")

    assert silent.json()["errors"][0]["code"] == "parcel_announcement_error"
    assert again.json()["errors"][0]["meta"]["tracking_number"].startswith("SCTEST")
    assert (before.returncode, after.returncode) == (1, 0)
