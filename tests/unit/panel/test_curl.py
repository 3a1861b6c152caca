"""A request as a line for a shell: bash reads it, and what curl would be given is what came in."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kolli.account.request_bodies import Said
from kolli.account.requests import LoggedRequest
from kolli.panel.curl import curl
from tests.factories import NOW

URL = "http://kolli.test"
PATH = "/api/v3/orders"
BEGIN = ["--globoff", "--path-as-is", "--request", "POST", "--url", URL + PATH, "--user", "pub:sec"]
HOSTILE = [
    "'; touch /tmp/owned; '",
    "$(touch owned)",
    "`touch owned`",
    '"$HOME"',
    "\\",
    "'\\''",
    "@/etc/passwd",
    "line\nline\n",
    "!history",
    "{a,b}[1-3]*?~",
    "\t\r\x1b[2J",
    "é \u202e 漢字 🎁",
    '{"a": "it\'s"}',
    "-o /tmp/x",
    " ",
]


def given_to_curl(line, folder="/"):
    """The arguments that bash hands to a program called curl."""
    script = "curl() { printf '%s\\0' \"$@\"; }\nKOLLI_PUBLIC_KEY=pub KOLLI_SECRET_KEY=sec\n" + line + "\n"
    ended = subprocess.run(["bash"], input=script.encode(), capture_output=True, cwd=folder, check=True)
    assert ended.stderr == b""
    return ended.stdout.decode().split("\0")[:-1]


def a_request(method="POST", path=PATH):
    return LoggedRequest(NOW, method, path, 400, 1)


def said(text, **changes):
    return Said(text, len(text.encode()), **{"headers": {"content-type": "application/json"}, **changes})


@pytest.mark.parametrize("text", HOSTILE)
def test_a_body_comes_through_the_shell_as_it_is(text, tmp_path):
    line = curl(a_request(), said(text), URL)

    assert given_to_curl(line, tmp_path) == [*BEGIN, "--header", "Content-Type: application/json", "--data-raw", text]
    assert list(tmp_path.iterdir()) == []


@given(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1))
def test_any_body_comes_through_the_shell_as_it_is(text):
    assert given_to_curl(curl(a_request(), said(text), URL))[-2:] == ["--data-raw", text]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_header_comes_through_the_shell_as_it_is(value):
    line = curl(a_request(), Said(headers={"idempotency-key": value}), URL)

    assert given_to_curl(line) == [*BEGIN, "--header", f"Idempotency-Key: {value}"]


@pytest.mark.parametrize("path", ["/api/v3/$(id)", "/api/v3/it's", "/api/v3/a b?c#d", "/api/v3/[1-3]{a,b}", "/é"])
def test_a_path_is_written_as_addresses_are(path):
    address = given_to_curl(curl(a_request(path=path), Said(query="a=1&b=%27"), URL))[5]

    assert address.isascii()
    assert not set(address) & set(' "<>[]{}|\\^`#')
    assert address.endswith("?a=1&b=%27")


def test_a_body_without_a_type_is_sent_without_one():
    line = curl(a_request(), said("{}", headers={}), URL)

    assert given_to_curl(line) == [*BEGIN, "--header", "Content-Type:", "--data-raw", "{}"]


def test_a_request_without_a_body_is_sent_without_one():
    assert given_to_curl(curl(a_request("GET"), Said(), URL)) == [
        *("--globoff", "--path-as-is", "--request", "GET", "--url", URL + PATH, "--user", "pub:sec")
    ]


def test_a_method_that_a_shell_would_obey_is_quoted():
    assert given_to_curl(curl(a_request("GET;id"), Said(), URL))[3] == "GET;id"
