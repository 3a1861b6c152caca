"""How people get in: set-up, sign-in, sessions, and what keeps others out."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from kolli.account.accounts import list_accounts
from kolli.account.audit import Wanted, list_entries
from kolli.account.sign_ins import by_address
from kolli.account.users import Role, list_users
from kolli.app import web
from kolli.operations.people import let_in, set_up_code
from kolli.panel.web import SESSION_COOKIE
from tests.factories import a_caller, an_installation
from tests.people import person, text_of

PASSWORD = "correct horse battery staple"
SIGN_IN = {"name": "Femke", "password": PASSWORD}


@pytest.fixture
def stranger(caller) -> TestClient:
    return TestClient(web(caller.installation), "http://kolli.test", follow_redirects=False)


@pytest.fixture
def femke(caller):
    return let_in(1, "Femke", Role.PACKER, PASSWORD, caller.installation)


def test_where_nobody_is_yet_everything_leads_to_the_set_up(stranger):
    first = stranger.get("/panel/")
    second = stranger.get(first.headers["location"])

    assert (first.status_code, second.status_code) == (303, 303)
    assert second.headers["location"] == "/panel/set-up/"


def test_whoever_has_the_code_becomes_the_owner(stranger, caller):
    code = set_up_code(caller.installation)

    answer = stranger.post("/panel/set-up/", data={"code": code, **SIGN_IN})

    assert (answer.status_code, answer.headers["location"]) == (303, "/panel/")
    with caller.installation.database.read() as transaction:
        assert [(user.name, user.role) for user in list_users(transaction, 1)] == [("Femke", Role.OWNER)]
    assert stranger.get("/panel/me/").status_code == 200


def test_without_the_code_nobody_becomes_the_owner(stranger, caller):
    answer = stranger.post("/panel/set-up/", data={"code": "guessed", **SIGN_IN})

    assert answer.status_code == 422
    assert "This is not the set-up code" in text_of(answer)
    assert 'value="Femke"' in answer.text  # what was typed is kept
    assert PASSWORD not in answer.text
    with caller.installation.database.read() as transaction:
        assert list_users(transaction, 1) == []


def test_the_set_up_is_over_once_there_is_an_owner(stranger, caller, femke):
    answer = stranger.post(
        "/panel/set-up/", data={"code": set_up_code(caller.installation), **SIGN_IN, "name": "Other"}
    )

    assert answer.headers["location"] == "/panel/sign-in/"
    with caller.installation.database.read() as transaction:
        assert len(list_users(transaction, 1)) == 1


def test_a_person_signs_in_and_is_led_to_where_they_wanted(stranger, femke):
    answer = stranger.post("/panel/sign-in/", data={**SIGN_IN, "next": "/panel/me/?a=b"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/panel/me/?a=b")
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=lax", "path=/panel"))
    assert "Femke" in text_of(stranger.get("/panel/me/"))


@pytest.mark.parametrize(
    "elsewhere",
    [
        *(
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "/panel//evil.example",
            "javascript:x",
            "/api/",
        ),
        *(
            "///panel/",
            "////panel/",
            "/panel/../api/",
            "/panel/\r\nX: 1",
            "/panel/\tx",
            "https:/panel/",
            "/panel/\u2025/",
        ),
        "/panel/" + 2000 * "x",
    ],
)
def test_sign_in_leads_nowhere_but_into_the_panel(stranger, femke, elsewhere):
    answer = stranger.post("/panel/sign-in/", data={**SIGN_IN, "next": elsewhere})

    assert answer.headers["location"] == "/panel/"


@pytest.mark.parametrize("wrong", [{"password": "wrong password"}, {"name": "nobody"}, {"password": ""}])
def test_a_wrong_name_and_a_wrong_password_are_refused_in_the_same_words(stranger, femke, wrong):
    answer = stranger.post("/panel/sign-in/", data={**SIGN_IN, **wrong})

    assert answer.status_code == 401
    assert "The name or the password is wrong." in text_of(answer)
    assert SESSION_COOKIE not in answer.headers.get("set-cookie", "")


def test_ten_wrong_passwords_and_the_name_has_to_wait(stranger, femke, caller):
    for _ in range(10):
        stranger.post("/panel/sign-in/", data={**SIGN_IN, "password": "wrong password"})

    answer = stranger.post("/panel/sign-in/", data=SIGN_IN)

    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 15 * 60


def test_a_form_from_elsewhere_is_refused(stranger, femke):
    by_site = stranger.post("/panel/sign-in/", data=SIGN_IN, headers={"Sec-Fetch-Site": "cross-site"})
    by_origin = stranger.post("/panel/sign-in/", data=SIGN_IN, headers={"Origin": "https://evil.example"})

    assert (by_site.status_code, by_origin.status_code) == (403, 403)


def test_a_form_without_its_token_is_refused(caller):
    owner = person(caller.installation, "owner")

    answer = owner.post("/panel/me/", {"csrf": "guessed", "language": "de", "theme": "dark"})

    assert answer.status_code == 403
    with caller.installation.database.read() as transaction:
        assert list_users(transaction, 1)[0].wishes.language == ""


def test_a_session_ends_when_it_is_not_used_and_when_a_person_signs_out(caller, monkeypatch):
    owner = person(caller.installation, "owner")
    owner.post("/panel/sign-out/")

    assert owner.get("/panel/me/").status_code == 303


def test_whoever_is_signed_in_changes_their_password_and_is_out_everywhere_else(stranger, caller, femke):
    other = TestClient(web(caller.installation), "http://kolli.test", follow_redirects=False)
    for browser in (stranger, other):
        browser.post("/panel/sign-in/", data=SIGN_IN)
    csrf = re.findall('name="csrf" value="([0-9a-f]+)"', stranger.get("/panel/me/").text)[0]

    answer = stranger.post(
        "/panel/me/password/", data={"csrf": csrf, "old_password": PASSWORD, "password": "another good pass phrase"}
    )

    assert answer.status_code == 303
    assert (stranger.get("/panel/me/").status_code, other.get("/panel/me/").status_code) == (200, 303)


@pytest.mark.parametrize(
    ("password", "sentence"),
    [("short", "Take at least 10"), ("1234567890", "first that are guessed"), ("femkefemke", "first that are guessed")],
)
def test_a_password_that_would_be_guessed_is_refused(stranger, caller, password, sentence):
    code = set_up_code(caller.installation)

    answer = stranger.post("/panel/set-up/", data={"code": code, "name": "Femke", "password": password})

    assert answer.status_code == 422
    assert sentence in text_of(answer)


def test_what_people_do_is_written_down(stranger, caller, femke):
    stranger.post("/panel/sign-in/", data=SIGN_IN)

    with caller.installation.database.read() as transaction:
        (entry,) = list_entries(transaction, 1, Wanted(), 10)
    assert (entry.actor, entry.action, entry.subject) == ("Femke", "session.begin", "Femke")


def test_every_page_forbids_what_is_not_its_own(stranger, femke):
    headers = stranger.get("/panel/sign-in/").headers

    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", "no-store")


def test_a_session_that_was_not_used_for_half_a_day_is_over(caller):
    owner = person(caller.installation, "owner")
    with caller.installation.database.write() as transaction:
        transaction.exec_driver_sql(
            "UPDATE sessions SET seen_at = ?", ((owner.installation.clock() - timedelta(hours=13)).isoformat(),)
        )

    assert owner.get("/panel/me/").status_code == 303


def test_over_tls_the_cookie_is_never_sent_without_it(tmp_path):
    safe = replace(an_installation(tmp_path), public_url="https://kolli.example")
    a_caller(safe)
    let_in(1, "Femke", Role.PACKER, PASSWORD, safe)

    answer = TestClient(web(safe), "https://kolli.example", follow_redirects=False).post(
        "/panel/sign-in/", data=SIGN_IN
    )

    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_cookie_of_the_panel_opens_nothing_of_the_api(caller):
    owner = person(caller.installation, "owner")

    assert owner.get("/api/v3/orders").status_code == 401


def test_a_form_that_is_too_large_is_refused_before_it_is_read(caller):
    owner = person(caller.installation, "owner")

    answer = owner.post("/panel/me/", {"language": "x" * 600_000})

    assert answer.status_code == 413
    assert "larger than 512 KiB" in text_of(answer)


@pytest.mark.parametrize("body", [b"--x\r\nnonsense", b"", b"\0" * 100])
def test_a_form_that_is_none_is_refused_in_a_sentence(caller, body):
    owner = person(caller.installation, "owner")

    answer = owner.client.post(
        "/panel/me/", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}, follow_redirects=False
    )

    assert answer.status_code in {400, 403, 422}
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://[", "", "http://kolli.test@evil.example"])
def test_a_sign_in_that_comes_from_elsewhere_is_refused(stranger, femke, origin):
    answer = stranger.post("/panel/sign-in/", data=SIGN_IN, headers={"Origin": origin})

    assert answer.status_code == 403
    assert SESSION_COOKIE not in answer.headers.get("set-cookie", "")


def test_a_token_of_a_form_that_is_no_ascii_is_a_wrong_one(caller):
    assert person(caller.installation, "owner").post("/panel/me/", {"csrf": "é"}).status_code == 403


def test_where_somebody_came_from_may_be_no_address_at_all(stranger):
    answer = stranger.post("/panel/me/", headers={"Referer": "http://["})

    assert answer.headers["location"] == "/panel/sign-in/?next=%2Fpanel%2F"


def test_wrong_passwords_are_counted_for_a_name_however_its_letters_are_composed(stranger, caller):
    let_in(1, "Ren\u00e9e", Role.PACKER, PASSWORD, caller.installation)
    for number in range(10):
        name = "Ren\u00e9e" if number % 2 else "rene\u0301e"
        stranger.post("/panel/sign-in/", data={"name": name, "password": f"wrong {number}"})

    assert stranger.post("/panel/sign-in/", data={"name": "Ren\u00e9e", "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("2001:db8::1", "2001:db8::ffff:2", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("testclient", "testclient", True),
    ],
)
def test_wrong_passwords_are_counted_for_what_one_house_has_of_addresses(first, second, is_one):
    assert (by_address(first) == by_address(second)) is is_one


def test_a_set_up_that_is_refused_makes_no_account(tmp_path):
    empty = an_installation(tmp_path)
    form = {"code": set_up_code(empty), "account_name": "My shop", "name": "Femke", "password": "short"}

    answer = TestClient(web(empty), "http://kolli.test", follow_redirects=False).post("/panel/set-up/", data=form)

    assert answer.status_code == 422
    assert 'value="My shop"' in answer.text
    with empty.database.read() as transaction:
        assert list_accounts(transaction) == []
