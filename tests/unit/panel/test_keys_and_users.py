"""API keys and people, settled by an owner in the panel."""

import re
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from kolli.account.accounts import Account, add_account
from kolli.account.audit import Wanted, list_entries
from kolli.account.keys import create_key, list_keys
from kolli.account.users import Role, list_users
from kolli.app import web
from kolli.operations.people import let_in
from kolli.operations.request_log import RequestLog
from tests.people import person, text_of

NEW_KEY = {"name": "Web shop", "integration": "70", "profile": "schema"}
PASSWORD = "correct horse battery staple"


def keys_of(caller, account_id=1):
    with caller.installation.database.read() as transaction:
        return list_keys(transaction, account_id)


def test_a_new_key_is_shown_once_and_works(caller, owner):
    answer = owner.post("/panel/settings/keys/", NEW_KEY)

    (public,) = re.findall(r'id="public">([^<]+)<', answer.text)
    (secret,) = re.findall(r'id="secret">([^<]+)<', answer.text)
    api = TestClient(web(caller.installation), "http://kolli.test")
    assert api.get("/api/v3/orders", auth=(public, secret)).status_code == 200
    assert secret not in owner.get("/panel/settings/keys/").text
    assert {each.key.name: each.key.response_profile for each in keys_of(caller)}["Web shop"] == "schema"


@pytest.mark.parametrize(
    ("field", "value"), [("name", ""), ("name", "x" * 101), ("integration", "71"), ("profile", "x")]
)
def test_a_key_that_cannot_be_is_refused_beside_its_field(caller, owner, field, value):
    before = len(keys_of(caller))

    answer = owner.post("/panel/settings/keys/", {**NEW_KEY, field: value})

    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert len(keys_of(caller)) == before


def test_a_key_is_made_only_with_a_password_that_was_given_a_moment_ago(caller, owner):
    with caller.installation.database.write() as transaction:
        long_ago = (caller.installation.clock() - timedelta(minutes=16)).isoformat()
        transaction.exec_driver_sql("UPDATE sessions SET confirmed_at = ?", (long_ago,))
    before = len(keys_of(caller))

    answer = owner.post("/panel/settings/keys/", NEW_KEY)

    assert answer.headers["location"].startswith("/panel/confirm/")
    assert len(keys_of(caller)) == before


def test_a_key_is_renamed_rotated_and_revoked(caller, owner):
    key = keys_of(caller)[0].key
    path = f"/panel/settings/keys/{key.public_key}/"

    owner.post(f"{path}rename/", {"name": "Renamed"})
    rotated = owner.post(f"{path}rotate/", {"overlap": "7"})
    old, new = sorted(keys_of(caller), key=lambda each: each.key.public_key != key.public_key)
    owner.post(f"{path}revoke/")

    assert rotated.status_code == 201
    assert (old.key.name, new.key.name) == ("Renamed", "Renamed")
    assert old.expires_at == caller.installation.clock() + timedelta(days=7)
    assert [each.key for each in keys_of(caller)] == [new.key]


def test_a_key_of_another_account_is_nowhere(caller, owner):
    with caller.installation.database.write() as transaction:
        add_account(transaction, Account(2, "Other"))
        key, _ = create_key(transaction, 2, "Theirs", caller.installation.clock())
    path = f"/panel/settings/keys/{key.public_key}/"

    answers = [
        owner.get(path),
        owner.post(f"{path}rename/", {"name": "Ours"}),
        owner.post(f"{path}rotate/", {"overlap": "0"}),
        owner.post(f"{path}revoke/"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert [(each.key.name, each.expires_at) for each in keys_of(caller, 2)] == [("Theirs", None)]


def test_an_owner_lets_somebody_in_who_can_sign_in(caller, owner):
    owner.post("/panel/settings/users/", {"name": "Piet", "role": "packer", "password": PASSWORD})

    piet = TestClient(web(caller.installation), "http://kolli.test", follow_redirects=False)
    answer = piet.post("/panel/sign-in/", data={"name": "piet", "password": PASSWORD})
    assert answer.headers["location"] == "/panel/"


def test_two_people_cannot_have_one_name(caller, owner):
    let_in(1, "Piet", Role.PACKER, PASSWORD, caller.installation)

    answer = owner.post("/panel/settings/users/", {"name": "PIET", "role": "packer", "password": PASSWORD})

    assert answer.status_code == 422
    assert "is called" in text_of(answer)


def test_the_last_owner_stays_an_owner(caller, owner):
    answers = [
        owner.post(f"/panel/settings/users/{owner.user.id}/role/", {"role": "packer"}),
        owner.post(f"/panel/settings/users/{owner.user.id}/shut-out/"),
    ]

    assert [answer.status_code for answer in answers] == [422, 422]
    assert owner.get("/panel/settings/users/").status_code == 200


def test_whoever_is_shut_out_is_signed_out_at_once(caller, owner, packer):
    owner.post(f"/panel/settings/users/{packer.user.id}/shut-out/")

    assert packer.get("/panel/me/").headers["location"].startswith("/panel/sign-in/")


def test_people_of_another_account_are_nowhere(caller, owner):
    with caller.installation.database.write() as transaction:
        add_account(transaction, Account(2, "Other"))
    stranger = person(caller.installation, "owner", account_id=2)
    path = f"/panel/settings/users/{stranger.user.id}/"

    answers = [
        owner.get(path),
        owner.post(f"{path}role/", {"role": "viewer"}),
        owner.post(f"{path}shut-out/"),
        owner.post(f"{path}password/", {"password": PASSWORD}),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert "owner of 2" not in text_of(owner.get("/panel/settings/users/"))
    assert "owner of 2" not in text_of(owner.get("/panel/settings/audit/"))


def test_the_audit_trail_says_who_did_what(caller, owner):
    owner.post("/panel/settings/users/", {"name": "<b>Piet</b>", "role": "packer", "password": PASSWORD})

    page = owner.get("/panel/settings/audit/?action=user.")

    assert "user.add" in text_of(page)
    assert "&lt;b&gt;Piet&lt;/b&gt;" in page.text
    with caller.installation.database.read() as transaction:
        assert [entry.actor for entry in list_entries(transaction, 1, Wanted(action="user."), 9)] == ["owner of 1"]


def test_an_owner_gives_somebody_another_password(caller, owner, packer):
    owner.post(f"/panel/settings/users/{packer.user.id}/password/", {"password": PASSWORD})

    with caller.installation.database.read() as transaction:
        assert len(list_users(transaction, 1)) == 2
    assert packer.get("/panel/me/").status_code == 303


def test_the_panel_tells_when_a_key_was_last_used(caller, owner):
    log = RequestLog(caller.installation.database, 100, caller.installation.clock)
    api = TestClient(web(caller.installation, log.note), "http://kolli.test")
    with caller.installation.database.write() as transaction:
        key, secret = create_key(transaction, 1, "Used", caller.installation.clock(), integration_id=70)

    api.get("/api/v3/orders", auth=(key.public_key, secret))
    log.flush()

    last = {each.key.name: each.last_used_at for each in keys_of(caller)}
    assert last["Used"] == caller.installation.clock()
    assert "Nov 2026" in text_of(owner.get("/panel/settings/keys/"))
