"""Requests that no well-behaved client sends: each gets a plain answer or none, and the server goes on."""

import json
import time

import pytest

from kolli.settings import Settings
from tests.end_to_end.sockets import answer_on, connected, head_of

ORDERS = "POST /api/v3/orders"
LIMIT = Settings().max_body_bytes


@pytest.fixture(autouse=True)
def goes_on(server):
    """After every story the server still answers, quickly."""
    yield
    begin = time.monotonic()
    assert server.ask("GET", "/api/v3/orders").status == 200
    assert time.monotonic() - begin < 5
    assert "Traceback" not in server.err.read_text()


def say(server, *parts: bytes) -> bytes:
    """Sends bytes, and gives what comes back until the server hangs up."""
    with connected(server) as line:
        for part in parts:
            try:
                line.sendall(part)
            except (BrokenPipeError, ConnectionResetError):
                break  # the server has heard enough
        return answer_on(line)


def chunked(size: int) -> bytes:
    return b"%x\r\n%s\r\n" % (size, b" " * size)


def test_a_body_that_says_it_is_too_large_is_refused_before_it_is_read(server):
    answer = say(server, head_of(ORDERS, server.credentials, b"", Content_Length=str(LIMIT + 1)))

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["errors"][0]["status"] == "413"


def test_a_chunked_body_is_read_no_further_than_the_limit(server):
    head = head_of(ORDERS, server.credentials, b"", Transfer_Encoding="chunked")
    answer = say(server, head, *[chunked(256 * 1024)] * 64)

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_of_exactly_the_limit_is_read(server):
    body = b"[]".ljust(LIMIT)

    assert say(server, head_of(ORDERS, server.credentials, body), body).startswith(b"HTTP/1.1 201 ")


def test_a_chunked_body_below_the_limit_is_read(server):
    head = head_of(ORDERS, server.credentials, b"", Transfer_Encoding="chunked")

    assert say(server, head, b"2\r\n[]\r\n0\r\n\r\n").startswith(b"HTTP/1.1 201 ")


@pytest.mark.parametrize(
    "length", ["-1", "1e3", "0x10", "ten", "99999999999999999999999999", "", "5, 6", "+5", "1" * 5000, "２"]
)
def test_a_length_that_is_none_is_refused(server, length):
    answer = say(server, head_of(ORDERS, server.credentials, b"", Content_Length=length) + b"[]")

    assert answer[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 401"}


@pytest.mark.parametrize("promised", [3, 100, LIMIT])
def test_half_a_request_and_nobody_there_any_more(server, promised):
    with connected(server) as line:
        line.sendall(head_of(ORDERS, server.credentials, b"", Content_Length=str(promised)) + b"[]")


def test_a_body_that_is_longer_than_it_says_is_no_second_request(server):
    order = b'[{"order_id": "smuggled"}]'
    body = b"[]GET /api/v3/orders HTTP/1.1\r\n\r\n" + order

    answer = say(server, head_of(ORDERS, server.credentials, b"", Content_Length="2") + body)

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"HELO mail.example.org\r\n\r\n",
        b"\0" * 4096,
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
        b"POST /api/v3/orders HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/v3/orders HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /%ff%fe HTTP/1.1\r\nHost: \xff\xfe\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /tracking/?%f HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
    ids=lambda noise: repr(noise[:40]),
)
def test_noise_does_no_harm(server, noise):
    with connected(server) as line:
        line.sendall(noise)
        line.settimeout(0.3)
        try:
            answer = line.recv(65536)
        except (TimeoutError, ConnectionResetError):
            answer = b""

    assert not answer.startswith(b"HTTP/1.1 5")


@pytest.mark.parametrize("bad", ["\x01", "\x7f", "\0"])
def test_a_key_with_a_control_character_is_refused_by_name(server, bad):
    """That is no HTTP any more, so it is the web server that refuses it."""
    answer = say(server, head_of(ORDERS, server.credentials, b"[]", Idempotency_Key=f"a{bad}b", Content_Length="2"))

    assert answer.startswith(b"HTTP/1.1 400 ")
    (found,) = json.loads(answer.partition(b"\r\n\r\n")[2])["errors"]
    assert found["source"] == {"header": "Idempotency-Key"}
