"""Printers for tests: real sockets at this machine that keep what they were sent, and fail when they are told to."""

import os
import re
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

SEPARATOR = b"The next label"
NUMBER = re.compile(rb"\^BCN,[^^]*\^FH\^FD(N[0-9]{5})\^FS")
LABEL = re.compile(rb"\^XA.*?\^XZ\r?\n?", re.DOTALL)
STATUS = (
    "\x02030,{paper},{paused},0799,{waiting:03d},0,0,0,000,0,0,0\x03\r\n"
    "\x02000,0,{head},0,0,2,4,0,00000000,1,000\x03\r\n"
    "\x021234,0\x03\r\n"
)


def number_on(paper: bytes) -> str | None:
    """The tracking number in the barcode of a label; None on a separator."""
    found = NUMBER.search(paper)
    assert (found is None) == (SEPARATOR in paper)
    return found[1].decode() if found else None


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

    def wait_until_read(self) -> None:
        """Until it has read its connections to their ends: what a dead process has handed over still arrives."""
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)) as connection:
            connection.shutdown(socket.SHUT_WR)
            connection.settimeout(5)
            connection.recv(1)

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


BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
</policy></busconfig>
"""

ATTRIBUTES = """ATTR keyword media-supported iso_a6_105x148mm,iso_a4_210x297mm,oe_photo-l_3.5x5in
ATTR keyword media-default iso_a4_210x297mm
ATTR mimeMediaType document-format-supported application/pdf,application/vnd.zebra-zpl
ATTR mimeMediaType document-format-default application/pdf
ATTR keyword print-scaling-supported auto,none
"""


class IppPrinter:
    """CUPS' own virtual printer (`ippeveprinter`), which keeps every document it is sent, in the order of its jobs."""

    def __init__(self, folder: Path, port: int, process: subprocess.Popen[bytes]) -> None:
        self.folder, self.port, self.process = folder, port, process

    @property
    def uri(self) -> str:
        return f"ipp://localhost:{self.port}/ipp/print"

    @property
    def documents(self) -> list[bytes]:
        named = [path for path in self.folder.iterdir() if re.match(r"[0-9]+-", path.name)]
        files = [path for path in named if path.stat().st_size]  # the print command leaves empty ones
        return [path.read_bytes() for path in sorted(files, key=lambda path: int(path.name.partition("-")[0]))]

    @property
    def log(self) -> str:
        return (self.folder.parent / "ipp.log").read_text("utf-8", "replace")


@contextmanager
def an_ipp_printer(folder: Path, *, prints_with: str = "/bin/true") -> Iterator[IppPrinter]:
    """A virtual IPP printer. It announces itself on a system bus; so that it need not find one, it gets its own."""
    spool, bus, attributes = folder / "spool", folder / "bus", folder / "printer.conf"
    spool.mkdir()
    attributes.write_text(ATTRIBUTES)
    (folder / "bus.conf").write_text(BUS.format(path=bus))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        "ippeveprinter",
        "-p",
        str(port),
        "-d",
        str(spool),
        "-k",
        "-r",
        "off",
        "-a",
        str(attributes),
        "-v",
        "-c",
        prints_with,
    ]
    system_bus = ["dbus-daemon", f"--config-file={folder / 'bus.conf'}", "--nofork"]
    with subprocess.Popen(system_bus, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as daemon:
        try:
            _wait_until(bus.exists)
            environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={bus}"}
            with (folder / "ipp.log").open("wb") as log:
                process = subprocess.Popen([*command, "Test"], stdout=log, stderr=log, env=environment)
            with process:
                try:
                    _wait_until(lambda: _listens(port))
                    yield IppPrinter(spool, port, process)
                finally:
                    process.kill()
        finally:
            daemon.kill()


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("localhost", port), 0.5):
        return True
    return False


def _wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError("The virtual printer has not begun to listen.")
        time.sleep(0.02)
