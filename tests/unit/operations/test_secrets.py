"""Secrets get a new key, whatever dies on the way and whoever works beside it; and old rows are sealed."""

import logging
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import text

from kolli.account.contracts import Contract, add_contract, find_any_contract
from kolli.account.integrations import get_integration, signature_key_of, update_integration
from kolli.account.number_ranges import add_number_range
from kolli.app import build, open_database, open_vault
from kolli.database import Database
from kolli.errors import Impossible, SetupError
from kolli.migrations import migrate
from kolli.operations import secrets
from kolli.operations.contracts import ContractChange, change_contract, give_numbers
from kolli.operations.secrets import examine_secrets, forget_what_is_lost, rotate, seal_what_is_readable
from kolli.settings import Settings
from kolli.vault import Vault, new_key, read_keys, write_keys
from kolli.webhooks.subscriptions import get_connection
from tests.factories import NOW, a_caller, an_installation

COUNT = 7


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def path(folder):
    return folder / "kolli.key"


@pytest.fixture
def caller(folder, monkeypatch):
    """An account with its contract and some more; rotations take two rows at a time."""
    monkeypatch.setattr(secrets, "AT_A_TIME", 2)
    return with_contracts(a_caller(an_installation(folder)))


@pytest.fixture
def served(folder):
    """The same on a database in a file, so that another process can be beside it."""
    return with_contracts(a_caller(an_installation(folder, database=open_database(Settings(data=folder)))))


def with_contracts(caller):
    with caller.installation.database.write() as transaction:
        for number in range(COUNT):
            sealed = caller.installation.vault.seal({"customer_code": f"C{number}"})
            add_contract(transaction, 1, Contract(number + 1, "postnl", "Some", sealed_data=sealed))
    return caller


def opened(database, vault):
    """What every contract says."""
    with database.read() as transaction:
        known = [find_any_contract(transaction, 1, number + 1) for number in range(COUNT)]
    return [vault.open(contract.sealed_data)["customer_code"] for contract in known if contract]


def findings(caller):
    vault = Vault.of_file(caller.installation.settings.data / "kolli.key")
    with caller.installation.database.read() as transaction:
        return examine_secrets(transaction, vault)


EVERYTHING = [f"C{number}" for number in range(COUNT)]


def test_a_rotation_leaves_one_key_that_opens_everything(caller, path):
    (before,) = read_keys(path)

    sealed = rotate(caller.installation.database, path)

    (after,) = read_keys(path)
    assert (after != before, sealed["contracts"]) == (True, COUNT + 1)
    assert opened(caller.installation.database, Vault([after])) == EVERYTHING


def test_what_was_sealed_before_a_rotation_does_not_open_with_what_is_left(caller, path):
    sealed = caller.installation.vault.seal({"a": "b"})

    rotate(caller.installation.database, path)

    with pytest.raises(SetupError):
        Vault.of_file(path).open(sealed)


class Killed(BaseException):
    """What `kill -9` would be: nothing after it runs."""


DEATHS = range(1, 16)
"""Places where a rotation dies: at this one of the writes of keys and rows, counted together."""


@pytest.mark.parametrize("is_before", [True, False])
@pytest.mark.parametrize("death", DEATHS)
def test_a_rotation_that_dies_loses_nothing_and_is_run_again(caller, path, monkeypatch, death, is_before):
    steps = iter(range(1, 1_000))

    def dying(step):
        def wrapped(*arguments, **named):
            number = next(steps)
            if number == death and is_before:
                raise Killed
            result = step(*arguments, **named)
            if number == death:
                raise Killed
            return result

        return wrapped

    with monkeypatch.context() as patch:
        patch.setattr(secrets, "write_keys", dying(write_keys))
        patch.setattr(secrets, "_some", dying(lambda *arguments: list(some(*arguments))))
        with suppress(Killed):
            rotate(caller.installation.database, path)
    survived = opened(caller.installation.database, Vault.of_file(path))

    rotate(caller.installation.database, path)

    assert survived == EVERYTHING
    assert len(read_keys(path)) == 1
    assert opened(caller.installation.database, Vault.of_file(path)) == EVERYTHING


some = secrets._some


def test_a_server_goes_along_with_a_rotation_beside_it(served, path, folder):
    """Two installations on one folder: what one rotates the other opens, and what that seals is not lost."""
    settings = Settings(data=folder)
    beside = open_database(settings)
    rotate(beside, path)

    assert opened(served.installation.database, served.installation.vault) == EVERYTHING
    changed = ContractChange(answers={"customer_code": "NEW"})
    contract = change_contract(1, changed, 1, served.installation)
    assert build(settings, beside).vault.open(contract.sealed_data) == {"customer_code": "NEW"}
    beside.close()


def test_what_a_server_seals_during_a_rotation_keeps_its_key(caller, path, monkeypatch):
    """A contract is changed just before the old keys would be dropped, by a vault that has seen no new key yet."""
    done = secrets._is_done
    stale = Vault(read_keys(path))  # never looks into the file again: the worst that a server could be
    pending = [stale]

    def is_done(transaction, vault, place):
        if pending:
            body = '{"name":"Late","sealed_data":"' + pending.pop().seal({"customer_code": "LATE"}) + '"}'
            transaction.execute(text("UPDATE contracts SET body = :body WHERE id = 1"), {"body": body})
        return done(transaction, vault, place)

    monkeypatch.setattr(secrets, "_is_done", is_done)
    rotate(caller.installation.database, path)

    (key,) = read_keys(path)
    assert opened(caller.installation.database, Vault([key])) == ["LATE", *EVERYTHING[1:]]


def test_a_rotation_makes_what_is_kept_in_memory_about_an_account_be_read_again(caller, path):
    with caller.installation.database.read() as transaction:
        before = caller.installation.configurations.of(transaction, 1).revision

    rotate(caller.installation.database, path)

    with caller.installation.database.read() as transaction:
        assert caller.installation.configurations.of(transaction, 1).revision > before


def test_a_secret_that_no_key_opens_is_left_alone_by_a_rotation(caller, path):
    lost = Vault([new_key()]).seal({"customer_code": "LOST"})
    with caller.installation.database.write() as transaction:
        add_contract(transaction, 1, Contract(99, "postnl", "Lost", sealed_data=lost))

    rotate(caller.installation.database, path)

    assert len(read_keys(path)) == 1
    assert opened(caller.installation.database, Vault.of_file(path)) == EVERYTHING
    assert [(secret.place.name, secret.id) for secret in findings(caller).lost] == [("contracts", 99)]


def test_what_is_lost_can_be_forgotten_and_entered_anew(caller, path):
    write_keys(path, [new_key()])
    vault = Vault.of_file(path)

    lost = forget_what_is_lost(caller.installation.database, vault)

    with caller.installation.database.read() as transaction:
        contract = find_any_contract(transaction, 1, 1)
    assert len(lost) == COUNT + 1
    assert findings(caller).count == 0
    assert contract is not None
    assert (contract.state, contract.error, contract.sealed_data) == ("validation_failed", secrets.FORGOTTEN, "")
    change = ContractChange(answers={"customer_code": "NEW"}, is_active=True)
    anew = change_contract(1, change, 1, caller.installation)
    assert (anew.is_active, vault.open(anew.sealed_data)) == (True, {"customer_code": "NEW"})


def test_a_lost_contract_s_data_can_be_entered_anew_without_forgetting_the_others(caller):
    sealed = Vault([new_key()]).seal({"customer_code": "LOST"})
    with caller.installation.database.write() as transaction:
        add_contract(transaction, 1, Contract(99, "postnl", "Lost", sealed_data=sealed))

    anew = change_contract(99, ContractChange(answers={"customer_code": "NEW"}), 1, caller.installation)

    assert caller.installation.vault.open(anew.sealed_data) == {"customer_code": "NEW"}


def test_numbers_of_a_contract_whose_data_are_lost_go_to_nobody_else(caller):
    sealed = Vault([new_key()]).seal({"customer_code": "LOST"})
    with caller.installation.database.write() as transaction:
        add_contract(transaction, 1, Contract(99, "postnl", "Lost", sealed_data=sealed))
        add_number_range(transaction, 1, 99, 10**7, 10**8, is_live=False, vault=caller.installation.vault)

    with pytest.raises(Impossible, match="overlap"):
        give_numbers(1, (10**8, 10**8), 1, caller.installation, is_live=False)


def test_a_key_file_that_is_lost_is_not_replaced_by_a_new_one(caller, path, folder):
    path.unlink()

    with pytest.raises(SetupError, match="is not there, but the database holds secrets"):
        open_vault(Settings(data=folder), caller.installation.database)

    assert not path.exists()


def test_a_database_without_secrets_gets_a_key_file(tmp_path):
    settings = Settings(data=tmp_path / "data", key_file=tmp_path / "keys" / "kolli.key")
    database = open_database(settings)

    vault = open_vault(settings, database)

    assert Vault(read_keys(tmp_path / "keys" / "kolli.key")).open(vault.seal({"a": "b"})) == {"a": "b"}
    assert not (tmp_path / "data" / "kolli.key").exists()
    database.close()


def test_a_key_file_that_everybody_can_read_is_refused(caller, path, folder):
    path.chmod(0o644)

    with pytest.raises(SetupError, match="chmod 600"):
        open_vault(Settings(data=folder), caller.installation.database)


def test_a_key_file_that_its_group_can_read_is_warned_about(caller, path, folder, caplog):
    path.chmod(0o640)

    with caplog.at_level(logging.WARNING):
        open_vault(Settings(data=folder), caller.installation.database)

    assert "its group can read the key file" in caplog.text


def test_a_key_file_of_another_installation_stops_the_start(caller):
    with pytest.raises(SetupError, match="None of the keys"):
        seal_what_is_readable(caller.installation.database, Vault([new_key()]))


def test_one_lost_secret_does_not_stop_the_start_but_is_told(caller, caplog):
    lost = Vault([new_key()]).seal({"customer_code": "LOST"})
    with caller.installation.database.write() as transaction:
        add_contract(transaction, 1, Contract(99, "postnl", "Lost", sealed_data=lost))

    with caplog.at_level(logging.ERROR):
        sealed = seal_what_is_readable(caller.installation.database, caller.installation.vault)

    assert (sealed, "contracts 99" in caplog.text, "LOST" in caplog.text) == (0, True, False)


@pytest.fixture
def migrated(tmp_path):
    """A database of version 0002 with a readable contract, migrated; and the settings of its installation."""
    settings = Settings(data=tmp_path)
    database = Database(tmp_path / "kolli.db")
    body = '{"name":"Old","data":{"customer_code":"KOLL"},"country_code":"NL"}'
    with database.write() as transaction:
        migrate(transaction, "0002")
        account = '{"id":1,"name":"One"}'
        transaction.execute(text("INSERT INTO accounts (id, name, body) VALUES (1, 'One', :body)"), {"body": account})
        transaction.execute(
            text(
                "INSERT INTO contracts (id, account_id, carrier_code, is_default, is_live, body)"
                " VALUES (5, 1, 'postnl', 1, 0, :body)"
            ),
            {"body": body},
        )
        transaction.execute(
            text(
                "INSERT INTO integrations (id, account_id, name, body, signature_key, created_at, updated_at)"
                " VALUES (70, 1, 'Shop', '{}', 'hunter2', :at, :at)"
            ),
            {"at": NOW.isoformat()},
        )
        connection = '{"url":"https://example.org","auth_type":"bearer","auth_config":{"token":"hunter3"}}'
        transaction.execute(
            text(
                "INSERT INTO event_connections (id, account_id, body, created_at, updated_at)"
                " VALUES (80, 1, :body, :at, :at)"
            ),
            {"body": connection, "at": NOW.isoformat()},
        )
    with database.write() as transaction:
        migrate(transaction)
    yield settings, database
    database.close()


def test_a_contract_of_an_earlier_version_is_read_and_sealed_at_the_start(migrated):
    settings, database = migrated
    vault = open_vault(settings, database)
    with database.read() as transaction:
        before = find_any_contract(transaction, 1, 5)

    sealed = seal_what_is_readable(database, vault)

    with database.read() as transaction:
        after = find_any_contract(transaction, 1, 5)
        body = transaction.execute(text("SELECT body FROM contracts")).scalar_one()
    assert before is not None
    assert after is not None
    assert (sealed, seal_what_is_readable(database, vault)) == (3, 0)
    assert vault.open(before.sealed_data) == vault.open(after.sealed_data) == {"customer_code": "KOLL"}
    assert replace(after, sealed_data=before.sealed_data) == before
    assert "KOLL" not in body


def test_what_was_readable_is_nowhere_in_the_file_any_more(migrated):
    settings, database = migrated
    vault = open_vault(settings, database)

    seal_what_is_readable(database, vault)

    for _ in ("while it is open", "when it was closed"):
        content = b"".join(path.read_bytes() for path in settings.data.glob("kolli.db*"))
        assert [word for word in (b"KOLL", b"hunter2", b"hunter3") if word in content] == []
        database.close()  # which ends the write-ahead log


def test_webhooks_are_signed_and_authorized_as_before(migrated):
    settings, database = migrated
    vault = open_vault(settings, database)
    with database.read() as transaction:
        before = signature_key_of(get_integration(transaction, 1, 70), vault), get_connection(transaction, 1, 80, vault)

    seal_what_is_readable(database, vault)

    with database.read() as transaction:
        after = signature_key_of(get_integration(transaction, 1, 70), vault), get_connection(transaction, 1, 80, vault)
        columns = transaction.execute(
            text("SELECT signature_key FROM integrations UNION SELECT body FROM event_connections")
        ).scalars()
        kept = "".join(columns)
    assert before == after
    assert (after[0], after[1].configuration.auth_config) == ("hunter2", {"token": "hunter3"})
    assert "hunter" not in kept


def test_an_integration_that_is_changed_before_the_first_start_keeps_its_key(migrated):
    settings, database = migrated
    vault = open_vault(settings, database)
    with database.write() as transaction:
        update_integration(transaction, 1, replace(get_integration(transaction, 1, 70), name="New"), NOW)
        update_integration(transaction, 1, replace(get_integration(transaction, 1, 70), name="Newer"), NOW)
        known = get_integration(transaction, 1, 70)

    assert (known.name, signature_key_of(known, vault)) == ("Newer", "hunter2")


def test_a_rotation_seals_what_earlier_versions_kept_readable(migrated):
    settings, database = migrated
    open_vault(settings, database)

    assert rotate(database, settings.data / "kolli.key") == {"contracts": 1, "integrations": 1, "connections": 1}
