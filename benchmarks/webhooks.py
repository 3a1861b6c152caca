"""Webhooks to a receiver on this machine: how many a second, and what a receiver that hangs costs those who ship."""

import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import quantiles

from benchmarks import Row
from benchmarks.client import Client
from benchmarks.shipping import PATH, serving, store_orders
from kolli.account.integrations import add_integration, get_integration, update_integration
from kolli.app import build, now, open_database, open_vault
from kolli.demo import INTEGRATION, LOOPBACK, load_demo
from kolli.jobs import count_waiting
from kolli.operations.background import workers
from kolli.operations.context import Installation
from kolli.settings import Settings
from kolli.webhooks.deliveries import Receiver, add_deliveries
from kolli.webhooks.payloads import PARCEL_STATUS_CHANGED, example_status_change

MESSAGES = 3_000
ROUNDS, LABELS, CLIENTS = 8, 150, 4
OPTION = "postnl:standard"

# As cheap as a receiver can be, and on the other core: it answers before it has read.
_RECEIVER = """
import asyncio
class Receiver(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.left, self.head = transport, 0, b""
    def data_received(self, data):
        self.head += data
        while b"\\r\\n\\r\\n" in self.head:
            head, _, rest = self.head.partition(b"\\r\\n\\r\\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\\r\\n")[0])
            if len(rest) < length:
                return
            self.head = rest[length:]
            self.transport.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nOK")
async def main():
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def measure() -> Iterator[Row]:
    """Deliveries of full status changes with durable results; then labels with and without a receiver that hangs."""
    with tempfile.TemporaryDirectory(prefix="kolli-benchmark-") as name:
        folder = Path(name)
        with _receiver() as url:
            yield Row("webhooks delivered to one receiver", _rate(folder / "one", [url]), "/s")
            yield Row("webhooks delivered to four receivers", _rate(folder / "four", [url] * 4), "/s", 300)
        yield from _beside_a_silent_one(folder / "labels")


def _rate(data: Path, urls: list[str]) -> float:
    """Messages a second that a process delivers which does nothing else, from the first claim to the last result."""
    settings = Settings(data=data)
    database = open_database(settings)
    load_demo(database, open_vault(settings, database))
    installation = build(Settings(data=data, private_targets=LOOPBACK), database)
    receivers = [Receiver("integration", _hears(installation, number, url)) for number, url in enumerate(urls)]
    with database.read() as transaction:
        payload = example_status_change(get_integration(transaction, 1, INTEGRATION), now())
    wanted = [(receivers[number % len(receivers)], PARCEL_STATUS_CHANGED, payload) for number in range(MESSAGES)]
    with database.write() as transaction:
        add_deliveries(transaction, 1, wanted, now())
    background = workers(installation)
    began = time.perf_counter()
    background.start()
    while _waiting(installation):
        time.sleep(0.05)
    elapsed = time.perf_counter() - began
    background.stop(10)
    installation.outgoing.close()
    database.close()
    return MESSAGES / elapsed


def _hears(installation: Installation, number: int, url: str) -> int:
    """The number of an integration that has its webhook there."""
    with installation.database.write() as transaction:
        known = get_integration(transaction, 1, INTEGRATION)
        settings = replace(known.settings, webhook_url=url, webhook_active=True)
        if number == 0:
            update_integration(transaction, 1, replace(known, settings=settings), now())
            return INTEGRATION
        new = replace(known, id=INTEGRATION + number, settings=settings)
        add_integration(transaction, 1, new)
        return new.id


def _waiting(installation: Installation) -> int:
    with installation.database.read() as transaction:
        return count_waiting(transaction).get("deliver-to-integration", 0)


def _beside_a_silent_one(data: Path) -> Iterator[Row]:
    """The same labels from three servers in turns: nobody listens, a receiver answers, a receiver hangs."""
    with ExitStack() as stack:
        urls = {"nobody": "", "lively": stack.enter_context(_receiver()), "silent": stack.enter_context(_silent())}
        shops = {name: stack.enter_context(_shop(data / name, url)) for name, url in urls.items()}
        times: dict[str, list[float]] = {name: [] for name in shops}
        for number in range(ROUNDS + 1):
            for name in list(shops) if number % 2 else reversed(list(shops)):
                client, bodies = shops[name]
                load = client.run(PATH, [bodies.pop() for _ in range(LABELS)], clients=CLIENTS)
                times[name] += load.seconds if number else ()  # the first round warms up
    p95 = {name: 1000 * quantiles(found, n=20)[18] for name, found in times.items()}
    yield Row("label, p95, nobody listens", p95["nobody"], "ms")
    yield Row("label, p95, a receiver answers", p95["lively"], "ms")
    yield Row("label, p95, a receiver hangs", p95["silent"], "ms")
    yield Row("label, p95, a receiver hangs, compared with nobody", p95["silent"] / p95["nobody"], "x", 1.1)


@contextmanager
def _shop(data: Path, url: str) -> Iterator[tuple[Client, list[bytes]]]:
    """A server whose integration has its webhook at this address, and the requests for all its labels."""
    at = Settings(data=data)
    database = open_database(at)
    credentials = load_demo(database, open_vault(at, database))
    with database.write() as transaction:
        known = get_integration(transaction, 1, INTEGRATION)
        settings = replace(known.settings, webhook_url=url, webhook_active=bool(url))
        update_integration(transaction, 1, replace(known, settings=settings), now())
    database.close()
    command = [f"{Path(sys.executable).parent}/kolli", "serve"]
    with serving(command, data, KOLLI_PRIVATE_TARGETS="127.0.0.0/8") as (address, _, _):
        client = Client(address, credentials.public_key, credentials.secret)
        yield client, store_orders(client, (ROUNDS + 1) * LABELS, OPTION)


@contextmanager
def _receiver() -> Iterator[str]:
    """A receiver in a process of its own; its URL."""
    process = subprocess.Popen([sys.executable, "-c", _RECEIVER], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/hook"
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def _silent() -> Iterator[str]:
    """A receiver that accepts every connection and never says a word; its URL."""
    with socket.create_server(("127.0.0.1", 0), backlog=1_000) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
