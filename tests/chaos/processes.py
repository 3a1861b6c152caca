"""Real servers for the tests of this folder: forked in a moment, killed, begun again; and a client that is patient.

A parent that has imported Kolli forks them (see `warm`), so that one answers after a tenth of a second instead of a
whole one.
"""

import base64
import http.client
import json
import multiprocessing
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kolli.demo import Credentials
from tests.chaos.doomed import Doom, run
from tests.end_to_end.processes import PATIENCE_SECONDS

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["pytest", "kolli.app", "tests.chaos.warm", "tests.end_to_end.processes"])

MOMENT_SECONDS = 0.05

GONE = (http.client.HTTPException, OSError)
"""What a client sees of a server that dies, or of an answer that does not come."""


@dataclass(frozen=True)
class Answer:
    """What a server has answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """One server after the other on the same folder and port. The first one has its doom, later ones have none."""

    def __init__(self, data: Path, credentials: Credentials, doom: Doom | None = None) -> None:
        self.data = data
        self.port = 0
        pair = f"{credentials.public_key}:{credentials.secret}"
        self._authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
        self.start(doom)

    def start(self, doom: Doom | None = None) -> None:
        """Starts a server that answers when this returns, or has died of its doom."""
        ours, theirs = FORKS.Pipe(duplex=False)
        self.process = FORKS.Process(target=run, args=(self.data, doom, theirs, self.port), daemon=True)
        self.process.start()
        theirs.close()
        with ours:
            if not ours.poll(PATIENCE_SECONDS):
                raise AssertionError(f"The server does not start: {self.output}")
            try:
                self.port = ours.recv()
            except EOFError:
                raise AssertionError(f"The server has ended at its start: {self.output}") from None

    def kill(self) -> None:
        """Ends the server as a power cut would, as far as the process is concerned."""
        self.process.kill()
        self.process.join(PATIENCE_SECONDS)

    def may_have_died(self) -> None:
        """Waits a moment for its end, which somebody who gets no answer may see before it is there."""
        self.process.join(MOMENT_SECONDS)

    def stop(self) -> None:
        """Asks the server to end."""
        self.process.terminate()
        self.process.join(PATIENCE_SECONDS)
        if self.process.is_alive():
            self.kill()

    def revive(self) -> None:
        """Starts a server again when the last one is dead, as a supervisor does."""
        if not self.is_alive:
            self.start()

    @property
    def is_alive(self) -> bool:
        """Whether the process runs. One that has just been killed may need a moment to end."""
        return self.process.is_alive()

    @property
    def output(self) -> str:
        """What all of them have printed."""
        return (self.data.parent / "output").read_text("utf-8", "replace")

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        timeout_seconds: float = PATIENCE_SECONDS,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request; raises one of GONE when there is no answer."""
        with self.asking(method, path, body, key=key, timeout_seconds=timeout_seconds, headers=headers) as connection:
            response = connection.getresponse()
            return Answer(response.status, response.read(), {k.lower(): v for k, v in response.getheaders()})

    @contextmanager
    def asking(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        timeout_seconds: float = PATIENCE_SECONDS,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[http.client.HTTPConnection]:
        """A request that has been sent. With the end of the block the client hangs up, with or without an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_seconds)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), self.headers(key, headers))
            yield connection
        finally:
            connection.close()

    def written(self, method: str, path: str, body: object, *, key: str | None = None) -> bytes:
        """A request as its bytes on the wire."""
        content = json.dumps(body).encode()
        headers = {"Host": "kolli.test", **self.headers(key), "Content-Length": str(len(content))}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + content

    def headers(self, key: str | None = None, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The headers of a request, whose connection is used once."""
        known = {"Authorization": self._authorization, "Content-Type": "application/json", "Connection": "close"}
        return known | ({"Idempotency-Key": key} if key else {}) | dict(more or {})


@contextmanager
def serving(data: Path, credentials: Credentials, doom: Doom | None = None) -> Iterator[Server]:
    """A server that is ended with the block, however it is by then."""
    server = Server(data, credentials, doom)
    try:
        yield server
    finally:
        server.kill()


def wait_until(holds: Any, what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Waits for what can be observed."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"still waiting for {what}")
        time.sleep(0.005)
