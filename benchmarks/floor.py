"""The floor: the same server answering the same bytes, without deciding, storing or drawing anything.

Run as `python -m benchmarks.floor ANSWER`; it prints its port and serves until it is killed.
"""

import socket
import sys
from pathlib import Path

import uvicorn
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send


class Floor:
    """Reads the body, hops to a thread and back, and answers what it was given."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self._threads = CapacityLimiter(16)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await Request(scope, receive).body()
        response = await to_thread.run_sync(self._respond, limiter=self._threads)
        await response(scope, receive, send)

    def _respond(self) -> Response:
        return Response(self._answer, 201, {"Content-Type": "application/json"})


def main() -> None:
    """Serves the file named on the command line."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(listener.getsockname()[1], flush=True)
    router = Router([Route("/floor", Floor(Path(sys.argv[1]).read_bytes()), methods=["POST"])])
    config = uvicorn.Config(router, lifespan="off", log_config=None, access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
