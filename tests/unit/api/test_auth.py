"""Whose request it is. Texts and pointers: the API's error catalogue (2026-07) and what integrators have recorded."""

from base64 import b64decode, b64encode

import pytest

from kolli.api.auth import authenticate
from kolli.errors import Unauthenticated
from tests.factories import a_caller

NOT_PROVIDED = "Authentication credentials were not provided."
WRONG = "Invalid username/password."


def basic(pair):
    return f"Basic {b64encode(pair.encode()).decode()}"


def header_of(caller):
    """The header that a caller's client sends."""
    request = next(caller.client.auth.auth_flow(caller.client.build_request("GET", "/")))
    return request.headers["authorization"]


def credentials_of(caller):
    """The public key and the secret that a caller's client sends."""
    public_key, _, secret = b64decode(header_of(caller).removeprefix("Basic ")).decode().partition(":")
    return public_key, secret


@pytest.mark.parametrize("spelling", ["Basic", "basic", "BASIC", "Basic  "])
def test_the_right_credentials_are_the_caller(caller, spelling):
    context = authenticate(header_of(caller).replace("Basic", spelling), caller.installation)

    assert context == caller.context


@pytest.mark.parametrize("header", [None, "", "Token abc", "Digest username=x", "Basi eDp5"])
def test_without_credentials_of_our_kind_there_are_none(installation, header):
    with pytest.raises(Unauthenticated) as raised:
        authenticate(header, installation)

    assert raised.value.message == NOT_PROVIDED


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic eDp5=",
        "Basic é",
        "Basic 😀",
        "Basic /w==",  # no UTF-8
        basic("no colon"),
        basic(":"),
        basic("nobody:"),
        basic("nobody:secret"),
        basic("nob\0dy:secret"),
        basic("nobody:sec\0ret"),
        basic("é:ü"),
        basic("x" * 10_000 + ":y"),
    ],
)
def test_credentials_that_cannot_be_right_are_wrong(installation, header):
    with pytest.raises(Unauthenticated) as raised:
        authenticate(header, installation)

    assert raised.value.message == WRONG


@pytest.mark.parametrize(
    "change",
    [str.upper, lambda secret: secret[:-1], lambda secret: f"{secret} ", lambda secret: f"{secret}\0", lambda _: ""],
)
def test_a_secret_that_is_nearly_right_is_wrong(caller, change):
    public_key, secret = credentials_of(caller)

    with pytest.raises(Unauthenticated, match=WRONG):
        authenticate(basic(f"{public_key}:{change(secret)}"), caller.installation)


def test_a_secret_belongs_to_its_own_key_only(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)
    public_key, _ = credentials_of(caller)
    _, secret = credentials_of(stranger)

    with pytest.raises(Unauthenticated, match=WRONG):
        authenticate(basic(f"{public_key}:{secret}"), caller.installation)


def test_each_key_is_its_own_account(caller):
    stranger = a_caller(caller.installation, account_id=2, integration_id=71)

    assert authenticate(header_of(caller), caller.installation) == caller.context
    assert authenticate(header_of(stranger), caller.installation) == stranger.context
