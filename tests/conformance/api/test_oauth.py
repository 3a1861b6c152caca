"""The token endpoint, and calls with what it gives. Sources: Authentication (2026-07), RFC 6749, RFC 6750."""

import logging
import re
from base64 import b64encode
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from kolli.account.keys import create_key, revoke_key
from kolli.api.v3 import SECTIONS
from kolli.api.v3.auth import SCOPES
from kolli.app import web
from kolli.schema import access_tokens
from tests.described import DescribedClient
from tests.factories import NOW, a_caller, an_order
from tests.vendor import section

URL = "/oauth2/token"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def description(vendor_descriptions):
    return section(vendor_descriptions, "auth")


@pytest.fixture
def keys(caller):
    """The public key and the secret of the caller, who does not send them by itself any more."""
    with caller.installation.database.write() as transaction:
        key, secret = create_key(transaction, 1, "Client", NOW, integration_id=70)
    caller.client.auth = None
    return key.public_key, secret


def token(caller, keys, **members):
    answer = caller.client.post(URL, data={**GRANT, **members}, auth=keys)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def bearer(text):
    return {"Authorization": f"Bearer {text}"}


def later(caller, **time):
    """A client without credentials that calls the same installation, at another time."""
    installation = replace(caller.installation, clock=lambda: NOW + timedelta(**time))
    return DescribedClient(web(installation), "http://kolli.test", raise_server_exceptions=False)


def schema_of(description, status):
    answers = description.document["paths"]["/oauth2/token"]["post"]["responses"]
    return answers["200" if status == 200 else "default"]["content"]["application/json"]["schema"]["$ref"]


# Getting a token


@pytest.mark.parametrize("path", [URL, f"{URL}/"])
def test_a_client_gets_a_token_for_everything(caller, keys, path):
    answer = caller.client.post(path, data=GRANT, auth=keys)

    content = answer.json()
    assert answer.status_code == 200
    assert content.pop("access_token").startswith("ory_at_")
    assert content == {"expires_in": 3600, "scope": " ".join(SCOPES), "token_type": "bearer"}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["pragma"] == "no-cache"


def test_the_answers_are_as_described(caller, keys, description):
    right = caller.client.post(URL, data=GRANT, auth=keys)
    wrong = caller.client.post(URL, data=GRANT, auth=(keys[0], "wrong"))

    for answer, name in ((right, "OAuth2TokenExchange"), (wrong, "ErrorOAuth2")):
        schema = description.document["components"]["schemas"][name]
        assert schema_of(description, answer.status_code).endswith(name)
        assert answer.json().keys() <= schema["properties"].keys()


@pytest.mark.parametrize("members", [{}, {"client_id": None}, {"client_id": None, "client_secret": None}])
def test_a_client_may_say_who_it_is_in_the_header_and_again_in_the_form(caller, keys, members):
    known = dict(zip(("client_id", "client_secret"), keys, strict=True))

    answer = caller.client.post(URL, data={**GRANT, **{name: known[name] for name in members}}, auth=keys)

    assert answer.status_code == 200


def test_a_client_may_say_who_it_is_in_the_form(caller, keys):
    answer = caller.client.post(URL, data={**GRANT, "client_id": keys[0], "client_secret": keys[1]})

    assert answer.status_code == 200


def test_a_form_that_comes_in_pieces_is_read(caller, keys):
    content = f"grant_type=client_credentials&client_id={keys[0]}&client_secret={keys[1]}".encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}

    answer = caller.client.post(URL, content=iter([content[:20], content[20:]]), headers=headers)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("scope", "granted"),
    [
        ("read:order", "read:order"),
        ("write:parcel read:order", "write:parcel read:order"),
        ("read:order  read:order ", "read:order"),
        ("api", " ".join(SCOPES)),
        ("read:order api", " ".join(SCOPES)),
        ("", " ".join(SCOPES)),
    ],
)
def test_a_token_gets_the_scopes_that_are_asked_for(caller, keys, scope, granted):
    assert caller.client.post(URL, data={**GRANT, "scope": scope}, auth=keys).json()["scope"] == granted


def test_every_scope_that_an_endpoint_asks_for_can_be_had():
    asked = {endpoint.scope for part in SECTIONS for endpoint in part.ROUTES if endpoint.scope is not None}

    assert asked <= set(SCOPES)


FORM = "application/x-www-form-urlencoded"
REFUSED = {
    "no grant type": ("scope=read:order", FORM, "invalid_request"),
    "an empty grant type": ("grant_type=", FORM, "invalid_request"),
    "another grant type": ("grant_type=authorization_code&code=x", FORM, "unsupported_grant_type"),
    "a refresh": ("grant_type=refresh_token&refresh_token=x", FORM, "unsupported_grant_type"),
    "a password": ("grant_type=password&username=x&password=y", FORM, "unsupported_grant_type"),
    "an unknown scope": ("grant_type=client_credentials&scope=read:order+read:mind", FORM, "invalid_scope"),
    "commas between scopes": ("grant_type=client_credentials&scope=read:order,write:order", FORM, "invalid_scope"),
    "a member twice": ("grant_type=client_credentials&scope=api&scope=api", FORM, "invalid_request"),
    "another client in the form": ("grant_type=client_credentials&client_id=x", FORM, "invalid_request"),
    "another secret in the form": ("grant_type=client_credentials&client_secret=x", FORM, "invalid_request"),
    "JSON": ('{"grant_type": "client_credentials"}', "application/json", "invalid_request"),
    "no media type": ("grant_type=client_credentials", "", "invalid_request"),
    "nothing": ("", FORM, "invalid_request"),
    "no UTF-8": ("grant_type=%ff", FORM, "invalid_request"),
    "a zero": ("grant_type=client_credentials&scope=%00", FORM, "invalid_request"),
    "too many members": ("&".join(f"m{number}=1" for number in range(51)), FORM, "invalid_request"),
}


@pytest.mark.parametrize(("content", "media_type", "error"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_request_for_a_token_is_refused_in_the_words_of_oauth(caller, keys, content, media_type, error):
    headers = {"Content-Type": media_type} if media_type else {}

    answer = caller.client.post(URL, content=content.encode(), headers=headers, auth=keys)

    refused = answer.json()
    assert (answer.status_code, refused["status_code"], refused["error"]) == (400, 400, error)
    assert refused["error_description"]
    assert refused["error_hint"]
    assert refused["error_debug"] == ""
    assert answer.headers["cache-control"] == "no-store"


def test_a_scope_that_does_not_exist_is_named_with_those_that_do(caller, keys):
    answer = caller.client.post(URL, data={**GRANT, "scope": "read:mind"}, auth=keys)

    assert "'read:mind'" in answer.json()["error_hint"]
    assert "read:shipping-rule" in answer.json()["error_hint"]


UNKNOWN = {
    "nobody": ({}, {}),
    "a wrong secret": ({}, {"Authorization": f"Basic {b64encode(b'a:b').decode()}"}),
    "no base64": ({}, {"Authorization": "Basic !"}),
    "another scheme": ({}, {"Authorization": "Bearer x"}),
    "a form without a secret": ({"client_id": "x"}, {}),
    "a form with a wrong secret": ({"client_id": "x", "client_secret": "y"}, {}),
    "a form without an id": ({"client_secret": "y"}, {}),
}


@pytest.mark.parametrize(("members", "headers"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_client_is_refused_in_the_words_of_oauth(caller, keys, members, headers):
    answer = caller.client.post(URL, data={**GRANT, **members}, headers=headers)

    refused = answer.json()
    assert (answer.status_code, refused["status_code"], refused["error"]) == (401, 401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.headers["cache-control"] == "no-store"


def test_a_body_too_large_for_a_form_is_refused_before_it_is_read(caller, keys):
    answer = caller.client.post(URL, data={**GRANT, "scope": "x" * 70_000}, auth=keys)

    assert (answer.status_code, answer.json()["error"]) == (413, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_token_is_asked_for_by_post(caller, method):
    assert caller.client.request(method, URL).status_code == 405


# Calling with a token


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_token_is_as_good_as_the_key_it_was_made_with(caller, keys, scheme):
    headers = {"Authorization": f"{scheme} {token(caller, keys)}"}

    created = caller.client.post("/api/v3/orders", json=[an_order()], headers=headers)
    wanted = {"integration_id": 70, "order": {"order_number": "ORDER-1"}}
    shipped = caller.client.post("/api/v3/orders/create-label-sync", json=wanted, headers=headers)
    label = caller.client.get(shipped.json()["data"][0]["documents"][0]["link"], headers=headers)
    who = caller.client.get("/api/v3/user/auth/metadata", headers=headers)

    assert [answer.status_code for answer in (created, shipped, label, who)] == [201, 201, 200, 200]
    assert who.json() == {"data": {"user_id": 1, "integration_id": 70}}


def test_a_token_has_the_profile_of_its_key(caller):
    schema = a_caller(caller.installation, account_id=2, integration_id=71, profile="schema")
    order = an_order()
    order["order_details"]["integration"]["id"] = 71
    schema.store(order)
    headers = bearer(schema.client.post(URL, data=GRANT).json()["access_token"])

    wanted = {"integration_id": 71, "order": {"order_number": "ORDER-1"}}
    answer = later(schema).post("/api/v3/orders/create-label-sync", json=wanted, headers=headers)

    assert isinstance(answer.json()["data"], dict)


def test_a_large_body_is_taken_from_whoever_has_a_token(caller, keys):
    order = an_order(order_notes="x" * 9_000)
    orders = [{**order, "order_id": str(number)} for number in range(10)]

    answer = caller.client.post("/api/v3/orders", json=orders, headers=bearer(token(caller, keys)))

    assert answer.status_code == 201


def test_a_scope_that_is_missing_is_the_documented_403(caller, keys):
    answer = caller.client.post(
        "/api/v3/orders", json=[an_order()], headers=bearer(token(caller, keys, scope="read:order"))
    )

    assert answer.status_code == 403
    (found,) = answer.json()["errors"]
    assert (found["status"], found["code"], found["title"]) == ("403", "forbidden", "Forbidden")
    assert found["meta"] == {"scope": "write:order"}
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="Kolli", error="insufficient_scope", scope="write:order"'
    )


def test_an_answer_is_not_given_again_to_a_token_without_the_scope(caller, keys):
    key = {"Idempotency-Key": "one"}
    first, other, third = (
        caller.client.post("/api/v3/orders", json=[an_order()], headers=bearer(token(caller, keys, scope=scope)) | key)
        for scope in ("write:order", "read:order", "write:order")
    )

    assert [answer.status_code for answer in (first, other, third)] == [201, 403, 201]
    assert "idempotent-replayed" not in other.headers
    assert third.headers["idempotent-replayed"] == "true"


ENDPOINTS = [
    pytest.param(endpoint, id=f"{endpoint.method} {endpoint.path}")
    for part in SECTIONS
    for endpoint in part.ROUTES
    if endpoint.scope is not None
]


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_every_endpoint_with_a_scope_refuses_a_token_without_it(caller, keys, endpoint):
    other = next(scope for scope in SCOPES if scope not in {"api", endpoint.scope})
    path = re.sub(r"{[^}]*}", "1", endpoint.prefix + endpoint.path)

    answer = caller.client.request(endpoint.method, path, headers=bearer(token(caller, keys, scope=other)))

    assert answer.status_code == 403


@pytest.mark.parametrize("text", ["", " ", "x", "ory_at_x", "é", "x" * 10_000, "a b"])
def test_a_token_that_was_never_given_is_unknown(caller, keys, text):
    headers = {"Authorization": f"Bearer {text}".encode()}

    answer = caller.client.get("/api/v3/orders", headers=headers)

    assert answer.status_code == 401
    (found,) = answer.json()["errors"]
    assert (found["status"], found["code"]) == ("401", "authentication_failed")
    assert found["detail"] == "The access token is not valid, or has expired. Request a new one."
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="Kolli", error="invalid_token",'
        ' error_description="The access token is not valid, or has expired. Request a new one.",'
        ' Basic realm="Kolli", charset="UTF-8"'
    )


def test_without_credentials_both_ways_are_named(caller, keys):
    answer = caller.client.get("/api/v3/orders")

    assert answer.headers["www-authenticate"] == 'Basic realm="Kolli", charset="UTF-8", Bearer realm="Kolli"'


@pytest.mark.parametrize(("seconds", "status"), [(3599, 200), (3600, 401), (3601, 401)])
def test_a_token_is_good_for_an_hour(caller, keys, seconds, status):
    headers = bearer(token(caller, keys))

    assert later(caller, seconds=seconds).get("/api/v3/orders", headers=headers).status_code == status


def test_a_new_token_leaves_the_earlier_one_alone(caller, keys):
    first, second = token(caller, keys), token(caller, keys, scope="read:order")

    assert first != second
    assert caller.client.get("/api/v3/orders", headers=bearer(first)).status_code == 200


def test_tokens_that_have_ended_are_removed_when_one_is_given(caller, keys):
    token(caller, keys)
    later(caller, minutes=30).post(URL, data=GRANT, auth=keys)

    later(caller, minutes=60).post(URL, data=GRANT, auth=keys)

    with caller.installation.database.read() as transaction:
        assert transaction.execute(select(func.count()).select_from(access_tokens)).scalar_one() == 2


def test_a_revoked_key_takes_its_tokens_with_it(caller, keys):
    headers = bearer(token(caller, keys))
    with caller.installation.database.write() as transaction:
        revoke_key(transaction, 1, keys[0])

    assert caller.client.get("/api/v3/orders", headers=headers).status_code == 401
    assert caller.client.post(URL, data=GRANT, auth=keys).json()["error"] == "invalid_client"


def test_a_token_opens_its_own_account_only(caller, keys):
    [order] = caller.client.post("/api/v3/orders", json=[an_order()], auth=keys).json()["data"]
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)
    headers = bearer(stranger.client.post(URL, data=GRANT).json()["access_token"])

    assert caller.client.get(f"/api/v3/orders/{order['id']}", headers=headers).status_code == 404


def test_tokens_and_secrets_are_neither_stored_nor_logged(caller, keys, caplog):
    caplog.set_level(logging.DEBUG)

    given = token(caller, keys)
    caller.client.get("/api/v3/orders", headers=bearer(given))
    caller.client.post(URL, data={**GRANT, "client_id": keys[0], "client_secret": f"{keys[1]}x"})

    with caller.installation.database.read() as transaction:
        rows = transaction.execute(select(access_tokens)).all()
    assert rows
    assert not [row for row in rows if given in str(row) or keys[1] in str(row)]
    assert given not in caplog.text
    assert keys[1] not in caplog.text
