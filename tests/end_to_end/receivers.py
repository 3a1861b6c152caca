"""Receivers of webhooks for tests: servers on this machine that note what they hear and answer as they are told."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Heard:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """A server that answers each request with the next of its statuses, and the last one from then on."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)


@contextmanager
def receiving(
    *statuses: int, body: bytes = b"OK", headers: dict[str, str] | None = None, trust: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    """A well-behaved receiver; with `trust` it speaks TLS."""
    left = list(statuses or (200,))
    receiver = Receiver("")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.heard.append(Heard(self.path, {k.lower(): v for k, v in self.headers.items()}, content))
            receiver.connections.add(self.client_address)
            status = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        request_queue_size = 100

        def handle_error(self, *_: Any) -> None:
            pass  # a client that hangs up early is what some tests are about

    server = Server(("127.0.0.1", 0), Handler)
    scheme = "http"
    if trust is not None:
        server.socket = trust.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    receiver.url = f"{scheme}://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def behaving(behave: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that does with each connection what it likes; its URL."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)
    held: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                held.append(connection)
                threading.Thread(target=_quietly, args=(behave, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in held:
            connection.close()


def _quietly(behave: Callable[[socket.socket], None], connection: socket.socket) -> None:
    with suppress(OSError):
        behave(connection)


def hang(connection: socket.socket) -> None:
    """Takes what comes and never answers."""
    while connection.recv(65536):
        pass


def drip(connection: socket.socket) -> None:
    """Answers one byte at a time, and never comes to an end."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while True:
        connection.sendall(b".")
        time.sleep(0.02)


def drip_headers(connection: socket.socket) -> None:
    """Sends a header that never ends."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        connection.sendall(b".")
        time.sleep(0.02)


def talk_nonsense(connection: socket.socket) -> None:
    """Answers with something that is no HTTP."""
    connection.recv(65536)
    connection.sendall(b"220 mail.example ESMTP\r\n")
    connection.close()


def hang_up(connection: socket.socket) -> None:
    """Closes the connection without a word."""
    connection.recv(65536)
    connection.close()


def flood(connection: socket.socket) -> None:
    """Sends as much as anybody takes."""
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)
