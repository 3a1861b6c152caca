"""Printers for tests: real sockets at this machine that keep what they were sent, and fail when they are told to."""

import re
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

LABEL = re.compile(rb"\^XA.*?\^XZ\r?\n?", re.DOTALL)
STATUS = (
    "\x02030,{paper},{paused},0799,{waiting:03d},0,0,0,000,0,0,0\x03\r\n"
    "\x02000,0,{head},0,0,2,4,0,00000000,1,000\x03\r\n"
    "\x021234,0\x03\r\n"
)


class LabelPrinter:
    """A printer at a port, as those that listen on 9100. `papers` are the labels it has printed, in their order.

    `dies_at`: once it has printed so many papers in all, its connections break and none is accepted until `revive`.
    `answers`: whether it says how it is. `memory`: how many bytes of its connection may lie unread.
    """

    def __init__(self, *, answers: bool = True, dies_at: int | None = None, memory: int = 16 * 1024) -> None:
        self.papers: list[bytes] = []
        self.connections = 0
        self.answers, self.dies_at = answers, dies_at
        self.has_paper, self.is_paused, self.is_open = True, False, False
        self.first_byte = threading.Event()
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, memory)
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.port = self._listener.getsockname()[1]
        self._is_closed = False
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def is_dead(self) -> bool:
        return self.dies_at is not None and len(self.papers) >= self.dies_at

    def revive(self) -> None:
        """Switches it on again; what it had in its memory is lost."""
        self.dies_at = None

    def close(self) -> None:
        self._is_closed = True
        with suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            if self._is_closed:
                connection.close()
                return
            if self.is_dead:
                _break(connection)
                continue
            self.connections += 1
            with suppress(OSError):
                self._print(connection)
            connection.close()

    def _print(self, connection: socket.socket) -> None:
        data = b""
        while chunk := connection.recv(2048):
            self.first_byte.set()
            data += chunk
            while b"~HS" in data:
                before, _, after = data.partition(b"~HS\r\n")
                data = before + after
                if self.answers:
                    connection.sendall(self._status())
            while self.has_paper and (found := LABEL.search(data)):
                self.papers.append(found[0])
                data = data[found.end() :]
                if self.is_dead:
                    _break(connection)
                    return

    def _status(self) -> bytes:
        flags = {"paper": int(not self.has_paper), "paused": int(self.is_paused), "head": int(self.is_open)}
        return STATUS.format(**flags, waiting=0).encode("ascii")


def _break(connection: socket.socket) -> None:
    """Closes a connection as a machine does that has just been switched off: with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@contextmanager
def a_label_printer(**settings: object) -> Iterator[LabelPrinter]:
    """A printer that is there for a while."""
    printer = LabelPrinter(**settings)  # type: ignore[arg-type]
    try:
        yield printer
    finally:
        printer.close()
