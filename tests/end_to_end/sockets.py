"""Plain sockets for tests: requests that no well-behaved client sends."""

import base64
import socket

from kolli.demo import Credentials
from tests.end_to_end.processes import PATIENCE_SECONDS, Kolli


def connected(server: Kolli) -> socket.socket:
    """A new connection to this server."""
    return socket.create_connection(("127.0.0.1", server.port), PATIENCE_SECONDS)


def head_of(line: str, credentials: Credentials, body: bytes, **headers: str) -> bytes:
    """The head of a request with these credentials, for this body unless the headers say otherwise."""
    pair = f"{credentials.public_key}:{credentials.secret}"
    known = {
        "Host": "kolli.test",
        "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
        "Content-Type": "application/json",
        **({} if headers else {"Content-Length": str(len(body))}),
        **{name.replace("_", "-"): value for name, value in headers.items()},
        "Connection": "close",
    }
    return "".join(
        [f"{line} HTTP/1.1\r\n", *(f"{name}: {value}\r\n" for name, value in known.items()), "\r\n"]
    ).encode()


def answer_on(line: socket.socket) -> bytes:
    """Everything that still comes, until the other side hangs up."""
    chunks = []
    try:
        while chunk := line.recv(65536):
            chunks.append(chunk)
    except ConnectionResetError:
        pass  # it hung up on bytes it did not want to read
    return b"".join(chunks)
