"""A server as an operator runs it: starting, stopping, being alone on its folder, staying small."""

import re
import signal
import socket
import statistics
import time
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.processes import Kolli, ask, label_request, prepared, run, serving
from tests.end_to_end.sockets import answer_on, connected, head_of
from tests.factories import an_order

BUNDLED_FONT = Path(__file__).parents[2] / "kolli" / "documents" / "fonts" / "NotoSans-Regular.ttf"
CJK_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")

LABELS = 300

needs_ipv6 = pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")
needs_cjk = pytest.mark.skipif(not CJK_FONT.exists(), reason="fonts-noto-cjk is not installed")


def an_order_to(city: str, number: int) -> dict[str, Any]:
    address = an_order()["shipping_address"] | {"name": f"Recipient {number}", "city": city}
    return an_order(order_id=f"id-{number}", order_number=f"N-{number}", shipping_address=address)


def start_seconds(data: Path) -> float:
    """How long it takes from the command to the first answer."""
    begin = time.monotonic()
    with serving(data) as server:
        assert ask(f"{server.url}/tracking/").status == 200
        return time.monotonic() - begin


def memory_mib(server: Kolli) -> float:
    found = re.search(
        r"^VmRSS:\s+(\d+) kB$", Path(f"/proc/{server.process.pid}/status").read_text("ascii"), re.MULTILINE
    )
    assert found
    return int(found[1]) / 1024


def one_sentence(text: str) -> bool:
    return bool(re.fullmatch(r"kolli: [^\n]+\.\n", text))


def test_a_server_answers_within_two_seconds_of_its_start(tmp_path):
    """Measured: 0.7 s on two shared cores."""
    prepared(tmp_path / "data")

    assert statistics.median([start_seconds(tmp_path / "data") for _ in range(3)]) < 2


@pytest.mark.parametrize(
    ("host", "name"),
    [("0.0.0.0", "localhost"), pytest.param("::1", "[::1]", marks=needs_ipv6)],
)
def test_a_server_says_under_which_address_it_answers(tmp_path, host, name):
    with serving(tmp_path / "data", host=host) as server:
        assert server.url == f"http://{name}:{server.port}"
        assert ask(f"{server.url}/tracking/").status == 200


def test_a_second_server_on_the_same_folder_refuses_to_start(server):
    folder = re.search(r"data in (\S+)\)", server.out.read_text())
    assert folder
    second = run("serve", data=folder[1])

    assert second.returncode == 1
    assert one_sentence(second.stderr.partition("INFO")[0])
    assert "Another Kolli server" in second.stderr
    assert server.ask("GET", "/api/v3/orders").status == 200


def test_a_server_whose_port_is_taken_refuses_to_start(server, tmp_path):
    second = run("serve", data=tmp_path / "data", port=server.port)

    assert second.returncode == 1
    assert one_sentence(second.stderr)
    assert "KOLLI_PORT" in second.stderr


def test_a_server_whose_address_is_none_refuses_to_start(tmp_path):
    second = run("serve", data=tmp_path / "data", host="no.such.host.invalid")

    assert second.returncode == 1
    assert one_sentence(second.stderr)


def test_a_server_whose_folder_cannot_be_made_refuses_to_start(tmp_path):
    (tmp_path / "file").write_text("")

    refused = run("serve", data=tmp_path / "file" / "data")

    assert refused.returncode == 1
    assert one_sentence(refused.stderr)
    assert "KOLLI_DATA" in refused.stderr


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_is_told_to_stop_leaves_its_files_tidy(tmp_path, stop):
    prepared(tmp_path / "data")
    with serving(tmp_path / "data") as server:
        code = server.stop(stop)

    assert code == 0
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [
        *("kolli.db", "kolli.key", "kolli.key.lock", "kolli.lock", "kolli.numbers", "kolli.room", "sandbox-ledger.db")
    ]


def test_a_request_that_has_begun_gets_its_answer_though_the_server_is_told_to_stop(tmp_path):
    credentials = prepared(tmp_path / "data")
    with serving(tmp_path / "data", credentials=credentials) as server:
        server.ask("POST", "/api/v3/orders", [an_order()])
        body = str(label_request("ORDER-1")).replace("'", '"').encode()
        with connected(server) as line:
            line.sendall(head_of("POST /api/v3/orders/create-label-sync", credentials, body) + body[:10])
            time.sleep(0.2)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            line.sendall(body[10:])
            answer = answer_on(line)
        code = server.process.wait(30)

    assert answer.startswith(b"HTTP/1.1 201 ")
    assert b"tracking_number" in answer
    assert code == 0


def test_a_server_that_stops_takes_no_new_callers(tmp_path):
    credentials = prepared(tmp_path / "data")
    with serving(tmp_path / "data", credentials=credentials) as server, connected(server) as line:
        line.sendall(head_of("POST /api/v3/orders", credentials, b"[]"))
        time.sleep(0.2)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)

        with pytest.raises(ConnectionError):
            socket.create_connection(("127.0.0.1", server.port), 5).close()
        line.sendall(b"[]")
        assert answer_on(line).startswith(b"HTTP/1.1 201 ")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("font", "city", "limit_mib"),
    [
        pytest.param(BUNDLED_FONT, "Łódź", 200, id="without a CJK font"),
        pytest.param(CJK_FONT, "Łódź", 200, id="with a CJK font", marks=needs_cjk),
        pytest.param(CJK_FONT, "東京", 288, id="with a CJK font that is used", marks=needs_cjk),
    ],
)
def test_three_hundred_labels_leave_a_server_small(tmp_path, font, city, limit_mib):
    """Measured: 125, 140 and 263 MiB; a CJK font in both weights takes 110 once it is used.

    A font of few characters stands for none, because Debian's is found wherever it is installed.
    """
    credentials = prepared(tmp_path / "data")
    bold = font.with_name(font.name.replace("Regular", "Bold"))
    with serving(tmp_path / "data", credentials=credentials, cjk_font=font, cjk_font_bold=bold) as server:
        for first in range(0, LABELS, 100):
            server.ask("POST", "/api/v3/orders", [an_order_to(city, number) for number in range(first, first + 100)])
        answers = [server.ship(f"N-{number}") for number in range(LABELS)]
        links = [answer.json()["data"][0]["documents"][0]["link"] for answer in answers[:: LABELS // 15]]
        pictures = [ask(f"{link}?mime_type=image/png&dpi=300", credentials=credentials) for link in links]

        used = memory_mib(server)

    assert {answer.status for answer in answers} == {201}
    assert {picture.status for picture in pictures} == {200}
    assert used < limit_mib
