"""What is sealed cannot be read without a key, and a vault goes along when its key file changes."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kolli.errors import SetupError
from kolli.vault import Vault, make_key_file, new_key, read_keys, sole_rotation, unsealed, who_else_can_read, write_keys

SECRETS = {"password": "hunter2", "customer_code": "KOLL"}


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "kolli.key"
    write_keys(path, [new_key()])
    return path


def test_what_is_sealed_can_be_opened_and_not_be_read():
    vault = Vault([new_key()])

    sealed = vault.seal(SECRETS)

    assert vault.open(sealed) == SECRETS
    assert "hunter2" not in sealed
    assert vault.seal(SECRETS) != sealed


def test_nothing_is_sealed_as_nothing():
    vault = Vault([new_key()])

    assert (vault.seal({}), vault.open("")) == ("", {})
    assert vault.is_current("")


def test_what_earlier_versions_kept_readable_is_opened_but_not_current():
    vault = Vault([new_key()])

    assert vault.open(unsealed(SECRETS)) == SECRETS
    assert unsealed({}) == ""
    assert not vault.is_current(unsealed(SECRETS))


def test_every_key_opens_and_the_first_one_seals():
    old, new = new_key(), new_key()
    before, after = Vault([old]), Vault([new, old])

    assert after.open(before.seal(SECRETS)) == SECRETS
    assert (after.is_current(before.seal(SECRETS)), after.is_current(after.seal(SECRETS))) == (False, True)
    assert Vault([new]).open(after.seal(SECRETS)) == SECRETS


@pytest.mark.parametrize(
    "changed", [lambda sealed: sealed[:-4] + "AAAA", lambda sealed: "nonsense", lambda sealed: "!"]
)
def test_what_does_not_open_says_what_to_do_and_nothing_else(changed):
    vault = Vault([new_key()])

    with pytest.raises(SetupError, match="Put the key file back") as raised:
        vault.open(changed(vault.seal(SECRETS)))

    assert "hunter2" not in str(raised.value)


def test_a_vault_opens_what_another_process_has_sealed_with_a_newer_key(path):
    vault = Vault.of_file(path)
    write_keys(path, [new_key(), *read_keys(path)])

    sealed = Vault.of_file(path).seal(SECRETS)

    assert vault.open(sealed) == SECRETS
    assert vault.is_current(sealed)


def test_a_vault_seals_with_the_newest_key_as_soon_as_it_is_in_the_file(path):
    vault = Vault.of_file(path)
    write_keys(path, [new_key(), *read_keys(path)])

    sealed = vault.seal(SECRETS)

    assert Vault.of_file(path).is_current(sealed)


def test_a_vault_still_opens_what_it_has_in_its_hands_when_the_key_was_dropped(path):
    vault = Vault.of_file(path)
    in_hand = vault.seal(SECRETS)
    write_keys(path, [new_key()])
    vault.seal({"other": "secret"})

    assert vault.open(in_hand) == SECRETS


def test_an_opened_text_cannot_be_changed_by_who_asked_for_it():
    vault = Vault([new_key()])
    sealed = vault.seal(SECRETS)

    vault.open(sealed)["password"] = "changed"

    assert vault.open(sealed) == SECRETS


def test_only_the_owner_can_read_a_key_file(path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert who_else_can_read(path) is None


@pytest.mark.parametrize(("mode", "who"), [(0o644, "everybody"), (0o604, "everybody"), (0o640, "its group")])
def test_who_else_can_read_a_key_file_is_told(path, mode, who):
    path.chmod(mode)

    assert who_else_can_read(path) == who


def test_a_key_file_that_was_there_before_with_another_mode_is_replaced(path):
    path.chmod(0o644)

    write_keys(path, [new_key()])

    assert who_else_can_read(path) is None


def test_a_link_to_a_key_file_stays_one(path, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(path)

    write_keys(link, [new_key()])

    assert link.is_symlink()
    assert read_keys(link) == read_keys(path)


@pytest.mark.parametrize("content", ["", "\n\n", "no key\n", "\xff\xfe"])
def test_a_file_without_keys_says_what_to_do_and_not_what_stands_there(path, content):
    path.write_text(content, "latin-1")

    with pytest.raises(SetupError, match="key file") as raised:
        read_keys(path)

    assert "no key" not in str(raised.value)


def test_a_key_file_that_is_not_there_is_not_made_up(tmp_path):
    with pytest.raises(SetupError, match="is not there"):
        read_keys(tmp_path / "kolli.key")

    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_changes(path, tmp_path):
    blocked = tmp_path / "file" / "kolli.key"
    (tmp_path / "file").write_text("")

    with pytest.raises(SetupError, match="Nothing was changed"):
        write_keys(blocked, [new_key()])


def test_one_process_at_a_time_changes_the_keys(path):
    with sole_rotation(path), pytest.raises(SetupError, match="Somebody else"), sole_rotation(path):
        pass

    with sole_rotation(path):
        pass


def test_of_several_who_make_a_key_file_at_once_one_makes_it_for_all(tmp_path):
    for place in range(20):
        path = tmp_path / f"{place}.key"

        def made(_: int, path: Path = path) -> list[str]:
            make_key_file(path, check=lambda: None)
            return read_keys(path)

        with ThreadPoolExecutor(8) as threads:
            keys = list(threads.map(made, range(8)))

        assert keys == [read_keys(path)] * 8


def test_a_key_file_that_must_not_be_made_is_not(tmp_path):
    def check() -> None:
        raise SetupError("no")

    with pytest.raises(SetupError, match="no"):
        make_key_file(tmp_path / "keys", check)

    assert not (tmp_path / "keys").exists()


def test_threads_share_a_vault_while_its_file_changes(path):
    vault = Vault.of_file(path)
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(50):
                assert vault.open(vault.seal(SECRETS)) == SECRETS
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a thread
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        write_keys(path, [new_key(), *read_keys(path)[:3]])
    for thread in threads:
        thread.join()

    assert failures == []


def test_the_same_bytes_have_the_same_mark_that_nobody_makes_without_the_key():
    old, new = new_key(), new_key()

    assert Vault([old]).marks(b"body") == Vault([old]).marks(b"body") != Vault([old]).marks(b"other")
    assert Vault([new]).marks(b"body") != Vault([old]).marks(b"body")


def test_what_was_marked_with_an_older_key_is_known_by_it():
    old, new = new_key(), new_key()

    newest, older = Vault([new, old]).marks(b"body")

    assert (newest, older) == (*Vault([new]).marks(b"body"), *Vault([old]).marks(b"body"))


def test_a_vault_marks_with_the_newest_key_as_soon_as_it_is_in_the_file(path):
    old, new = new_key(), new_key()
    write_keys(path, [old])
    vault = Vault.of_file(path)
    write_keys(path, [new, old])

    assert vault.marks(b"body") == Vault([new, old]).marks(b"body")
