"""Real `kolli` processes for tests: started, asked over HTTP, stopped."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from kolli.app import open_database, open_vault
from kolli.demo import Credentials, load_demo
from kolli.settings import Settings

KOLLI = Path(sys.executable).with_name("kolli")
PATIENCE_SECONDS = 30
"""After this long something hangs. A busy machine is slow without anything being wrong."""

ANSWERS = re.compile(r"answers on (http://\S+?)[; ]")


class Answer(NamedTuple):
    """What a server has answered."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Kolli:
    """A running `kolli` process. What it prints goes to files, so that it never waits for a reader."""

    def __init__(self, *arguments: str, folder: Path, **settings: object) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.out, self.err = folder / "stdout", folder / "stderr"
        self.credentials: Credentials | None = None
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen([KOLLI, *arguments], stdout=out, stderr=err, env=environment(**settings))

    def wait_for(self, pattern: re.Pattern[str]) -> str:
        """What the pattern's first group finds in the output, as soon as it is there."""
        for _ in until(f"{pattern.pattern!r} in the output"):
            if found := pattern.search(self.out.read_text("utf-8")):
                return found[1]
            assert self.process.poll() is None, self.err.read_text("utf-8")
        raise AssertionError

    @property
    def url(self) -> str:
        return self.wait_for(ANSWERS)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Sends a request with this server's credentials."""
        assert self.credentials
        return ask(self.url + path, method, body, self.credentials)

    def ship(self, order_number: str) -> Answer:
        return self.ask("POST", "/api/v3/orders/create-label-sync", label_request(order_number))

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Stops the process and gives its exit code."""
        self.process.send_signal(by)
        return self.process.wait(PATIENCE_SECONDS)


@contextmanager
def serving(data: Path, *, credentials: Credentials | None = None, **settings: object) -> Iterator[Kolli]:
    """A server on this folder that answers, and is stopped in the end if it still runs."""
    with running("serve", folder=data.parent / f"{data.name}-output", data=data, **settings) as server:
        server.credentials = credentials
        assert server.url
        yield server


@contextmanager
def running(*arguments: str, folder: Path, **settings: object) -> Iterator[Kolli]:
    """A `kolli` process that is stopped in the end if it still runs."""
    kolli = Kolli(*arguments, folder=folder, **settings)
    try:
        yield kolli
    finally:
        if kolli.process.poll() is None:
            kolli.stop()


def run(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    command = [str(KOLLI), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, env=environment(**settings)
    )


def environment(**settings: object) -> dict[str, str]:
    """This process's environment, with these settings of Kolli and no others."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("KOLLI_")}
    return known | {f"KOLLI_{name.upper()}": str(value) for name, value in {"port": 0, **settings}.items()}


def prepared(data: Path) -> Credentials:
    """Fills a new folder with the demo's account, and gives a key to it."""
    settings = Settings(data=data)
    database = open_database(settings)
    credentials = load_demo(database, open_vault(settings, database))
    database.close()
    return credentials


def ask(url: str, method: str = "GET", body: object = None, credentials: Credentials | None = None) -> Answer:
    """One request, and its answer whatever its status."""
    headers = {"Content-Type": "application/json"}
    if credentials:
        pair = f"{credentials.public_key}:{credentials.secret}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return Answer(response.status, response.read())
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.read())


def label_request(order_number: str) -> dict[str, Any]:
    return {"integration_id": 70, "order": {"order_number": order_number}}


def until(what: str) -> Iterator[None]:
    """Comes round every few milliseconds, until patience ends."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(0.01)
    raise AssertionError(f"still waiting for {what}")
