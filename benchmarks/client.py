"""A client that is as cheap as a client can be, so that what is measured is the server."""

import http.client
import json
import threading
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Load:
    """What a run of requests has shown: seconds for each, sorted, and for all together."""

    seconds: tuple[float, ...]
    elapsed: float
    answer: bytes

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.seconds) / self.elapsed

    def quantile_ms(self, share: float) -> float:
        """The time within which this share of the requests was answered, in milliseconds."""
        return 1000 * self.seconds[min(len(self.seconds) - 1, int(len(self.seconds) * share))]


class Client:
    """Sends JSON to one server, over connections that stay open."""

    def __init__(self, url: str, public_key: str, secret: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port
        pair = b64encode(f"{public_key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}", "Content-Type": "application/json"}

    def post(self, path: str, body: object) -> bytes:
        """One request on a connection of its own."""
        return self.run(path, [json.dumps(body).encode()], clients=1).answer

    def get_each(self, paths: Sequence[str]) -> Load:
        """Asks for these paths, one after the other; any status but 200 is an error."""
        connection = http.client.HTTPConnection(self._host, self._port, timeout=60)
        seconds = []
        answer = b""
        for path in paths:
            began = time.perf_counter()
            connection.request("GET", path, headers=self._headers)
            response = connection.getresponse()
            answer = response.read()
            seconds.append(time.perf_counter() - began)
            if response.status != 200:
                raise RuntimeError(f"{path}: {response.status}: {answer[:500]!r}")
        connection.close()
        return Load(tuple(sorted(seconds)), sum(seconds), answer)

    def run(self, path: str, bodies: Sequence[bytes], clients: int, status: int = 201) -> Load:
        """Sends the bodies, each once, from this many clients at a time; any status but this one is an error."""
        seconds: list[float] = []
        answers: list[bytes] = []
        queue = list(reversed(bodies))

        def work() -> None:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=60)
            while True:
                try:
                    body = queue.pop()
                except IndexError:
                    connection.close()
                    return
                began = time.perf_counter()
                connection.request("POST", path, body, self._headers)
                response = connection.getresponse()
                answer = response.read()
                seconds.append(time.perf_counter() - began)
                if response.status != status:
                    raise RuntimeError(f"{response.status}: {answer[:500]!r}")
                if not answers:
                    answers.append(answer)

        threads = [threading.Thread(target=work) for _ in range(clients)]
        began = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        elapsed = time.perf_counter() - began
        if len(seconds) != len(bodies):
            raise RuntimeError(f"{len(bodies) - len(seconds)} of {len(bodies)} requests failed.")
        return Load(tuple(sorted(seconds)), elapsed, answers[0])
