"""The way out on real connections: slow, hostile, redirecting and encrypted ones."""

import shutil
import socket
import ssl
import subprocess
import time
from ipaddress import ip_network
from pathlib import Path

import pytest

from kolli.errors import Unreachable
from kolli.outgoing import MOST_ANSWER_BYTES, NotReached, Outgoing, Patience
from tests.end_to_end.receivers import behaving, drip, drip_headers, flood, hang, hang_up, receiving, talk_nonsense

LOOPBACK = (ip_network("127.0.0.0/8"),)
HASTE = Patience(connect=0.5, read=0.5, total=1.0)


@pytest.fixture
def outgoing():
    sender = Outgoing(LOOPBACK, patience=HASTE)
    yield sender
    sender.close()


def test_what_is_sent_arrives_as_it_is(outgoing):
    with receiving(201) as receiver:
        reply = outgoing.send("POST", f"{receiver.url}?a=b&c=d%20e", {"X-Mine": "yes"}, b'{"key": "v\xc3\xa9"}')

    (heard,) = receiver.heard
    assert (reply.status, reply.body) == (201, b"OK")
    assert (heard.path, heard.body) == ("/hook?a=b&c=d%20e", b'{"key": "v\xc3\xa9"}')
    assert heard.headers == {
        "host": receiver.url.split("/")[2],
        "content-length": "14",
        "user-agent": "Kolli",
        "x-mine": "yes",
    }


def test_a_connection_is_used_again(outgoing):
    with receiving() as receiver:
        for _ in range(5):
            outgoing.send("POST", receiver.url, {})

    assert len(receiver.heard) == 5
    assert len(receiver.connections) == 1


def test_a_connection_that_the_other_side_has_closed_is_not_used_again(outgoing):
    with receiving(headers={"Connection": "close"}) as receiver:
        replies = [outgoing.send("POST", receiver.url, {}).status for _ in range(3)]

    assert replies == [200, 200, 200]
    assert len(receiver.connections) == 3


def test_a_redirect_is_not_followed(outgoing):
    with receiving() as inner, receiving(307, headers={"Location": inner.url}) as receiver:
        reply = outgoing.send("POST", receiver.url, {})

    assert reply.status == 307
    assert inner.heard == []


def test_proxies_of_the_environment_are_not_used(outgoing, monkeypatch):
    with receiving() as proxy, receiving() as receiver:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        outgoing.send("POST", receiver.url, {})

    assert (len(receiver.heard), len(proxy.heard)) == (1, 0)


@pytest.mark.parametrize("behaviour", [hang, drip, drip_headers], ids=lambda behaviour: behaviour.__name__)
def test_a_receiver_cannot_hold_us_longer_than_the_time_it_has(outgoing, behaviour):
    with behaving(behaviour) as url:
        begin = time.monotonic()
        with pytest.raises(Unreachable, match="did not answer in time"):
            outgoing.send("POST", url, {})
        took = time.monotonic() - begin

    assert 0.4 < took < 3


@pytest.mark.parametrize("behaviour", [talk_nonsense, hang_up], ids=lambda behaviour: behaviour.__name__)
def test_what_is_no_answer_is_told_as_such(outgoing, behaviour):
    with behaving(behaviour) as url, pytest.raises(Unreachable, match="broke the connection off"):
        outgoing.send("POST", url, {})


def test_an_answer_is_read_to_its_bound_and_no_further(outgoing):
    with behaving(flood) as url:
        reply = outgoing.send("POST", url, {})

    assert reply.status == 200
    assert len(reply.body) == MOST_ANSWER_BYTES


def test_whoever_expects_more_gets_more_and_the_headers_by_their_names_in_lower_case(outgoing):
    with receiving(headers={"X-Mine": "Yes"}) as receiver:
        reply = outgoing.send("POST", receiver.url, {})
    with behaving(flood) as url:
        longer = outgoing.send("GET", url, {}, most_bytes=3 * MOST_ANSWER_BYTES)

    assert reply.headers["x-mine"] == "Yes"
    assert len(longer.body) == 3 * MOST_ANSWER_BYTES


def test_what_was_certainly_not_sent_is_told_apart_from_what_may_have_been(outgoing):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotReached):
        outgoing.send("POST", f"http://127.0.0.1:{port}/", {})
    with pytest.raises(NotReached):
        outgoing.send("POST", "https://192.168.1.1.nip.invalid/", {})

    with behaving(hang_up) as url, pytest.raises(Unreachable) as failed:
        outgoing.send("POST", url, {})

    assert not isinstance(failed.value, NotReached)


def test_a_closed_port_is_told_without_what_is_secret_in_the_url(outgoing):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(Unreachable) as failed:
        outgoing.send("POST", f"http://127.0.0.1:{port}/hook?token=secret", {"Authorization": "Bearer secret"})

    assert str(failed.value) == f"No connection to 127.0.0.1:{port} could be made."


def test_a_name_is_resolved_once_and_connected_to_at_that_very_address():
    """DNS rebinding: what the name means a moment later does not matter, because nobody asks again."""
    asked = []

    def resolve(host, _port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["192.0.2.1"]

    with receiving() as receiver:
        port = receiver.url.split(":")[2].partition("/")[0]
        sender = Outgoing(LOOPBACK, patience=HASTE, resolve=resolve)
        reply = sender.send("POST", f"http://shop.example:{port}/hook", {})
        sender.close()

    assert reply.status == 200
    assert asked == ["shop.example"]
    assert receiver.heard[0].headers["host"] == f"shop.example:{port}"


def test_a_resolver_that_hangs_is_not_waited_for():
    def resolve(_host, _port):
        time.sleep(3)
        return ["127.0.0.1"]

    sender = Outgoing(patience=HASTE, resolve=resolve)
    begin = time.monotonic()

    with pytest.raises(Unreachable, match="could not be resolved"):
        sender.send("POST", "https://shop.example/", {})

    assert time.monotonic() - begin < 2


def test_the_second_address_is_tried_when_the_first_does_not_answer():
    with receiving() as receiver:
        port = receiver.url.split(":")[2].partition("/")[0]
        sender = Outgoing(LOOPBACK, patience=HASTE, resolve=lambda _host, _port: ["127.0.0.2", "127.0.0.1"])
        reply = sender.send("POST", f"http://shop.example:{port}/hook", {})
        sender.close()

    assert reply.status == 200


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Path:
    """An authority of our own (ca.pem), and a certificate of it for shop.example (shop.pem)."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder: Path = tmp_path_factory.mktemp("tls")
    new = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    run(folder, *new, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Test CA")
    issued = ["-CA", "ca.pem", "-CAkey", "ca.key", "-addext", "subjectAltName=DNS:shop.example"]
    run(folder, *new, "-keyout", "shop.key", "-out", "shop.pem", "-subj", "/CN=shop.example", *issued)
    return folder


def run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def serving_side(certificates: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "shop.pem", certificates / "shop.key")
    return context


def asked_for(names: list[str | None], context: ssl.SSLContext) -> ssl.SSLContext:
    """The same context, which notes what name each client asks for (SNI)."""
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    return context


@pytest.mark.parametrize(("name", "is_valid"), [("shop.example", True), ("other.example", False)])
def test_the_certificate_has_to_be_that_of_the_name_and_not_of_the_address(certificates, name, is_valid):
    trust = ssl.create_default_context(cafile=certificates / "ca.pem")
    names: list[str | None] = []
    with receiving(trust=asked_for(names, serving_side(certificates))) as receiver:
        port = receiver.url.split(":")[2].partition("/")[0]
        sender = Outgoing(LOOPBACK, patience=HASTE, resolve=lambda _host, _port: ["127.0.0.1"], trust=trust)
        try:
            outcome = str(sender.send("POST", f"https://{name}:{port}/hook", {}).status)
        except Unreachable as error:
            outcome = error.message
        sender.close()

    assert ("is not valid: Hostname mismatch" in outcome, outcome == "200") == (not is_valid, is_valid)
    assert names == [name]


def test_an_unknown_authority_is_not_trusted(certificates):
    with receiving(trust=serving_side(certificates)) as receiver:
        port = receiver.url.split(":")[2].partition("/")[0]
        sender = Outgoing(LOOPBACK, patience=HASTE, resolve=lambda _host, _port: ["127.0.0.1"])
        with pytest.raises(Unreachable, match=r"certificate of shop\.example:\d+ is not valid"):
            sender.send("POST", f"https://shop.example:{port}/hook", {})
        sender.close()
