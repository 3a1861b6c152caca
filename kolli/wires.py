"""The way to printers: plain connections, and HTTP, to addresses of networks that an operator has allowed.

A name is resolved once, each of its addresses is looked at, and the connection goes to exactly such an address. The
addresses by which clouds hand out secrets are refused in whatever network they are.
"""

import fcntl
import select
import socket
import struct
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address, ip_network
from typing import Self

from kolli.errors import Unreachable
from kolli.outgoing import (
    IpAddress,
    IpNetwork,
    NotReached,
    Outgoing,
    Patience,
    Resolve,
    addresses_of,
    plain_address,
    resolved,
)

SILENT_FOR = 600.0
"""How long it is remembered that a printer does not answer, in seconds."""

CHUNK = 16 * 1024
"""How much is handed over at a time."""

# SIOCOUTQ, which Linux calls TIOCOUTQ too: bytes that the other side has not acknowledged. Source: tcp(7).
_UNACKNOWLEDGED = 0x5411

PRIVATE_NETWORKS: tuple[IpNetwork, ...] = tuple(
    ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "127.0.0.0/8", "::1/128")
)
"""Where printers are, unless an operator says otherwise: networks of a house, and this machine."""

_NEVER: tuple[IpNetwork, ...] = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/32", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32", "fe80::/10", "ff00::/8", "::/128"),
        *("168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "fd00:ec2::/32"),  # metadata of clouds
    )
)


def may_be_printer(address: IpAddress, networks: Sequence[IpNetwork]) -> bool:
    """Whether something is sent to this address when a person says that it is a printer's."""
    plain = plain_address(address)
    if any(plain in network for network in _NEVER if network.version == plain.version):
        return False
    return any(plain in network for network in networks if network.version == plain.version)


def choose_printer(answers: Iterable[str], _port: int, _scheme: str, networks: Sequence[IpNetwork]) -> list[IpAddress]:
    """The addresses of a printer; NotReached when one of them is in no network that printers may be in."""
    found = [plain_address(ip_address(text.partition("%")[0])) for text in answers]
    for address in found:
        if not may_be_printer(address, networks):
            raise NotReached(f"{address} is in no network of KOLLI_PRINTER_NETWORKS, so nothing is sent there.")
    return found


@dataclass(frozen=True)
class Pace:
    """How long each step may take, in seconds: to connect, and until the other side takes something more."""

    connect: float = 5.0
    idle: float = 60.0


class Wire:
    """A plain connection. `where` is what may be told about the other side."""

    def __init__(self, opened: socket.socket, where: str, pace: Pace) -> None:
        self.where = where
        self._socket = opened
        self._pace = pace
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def write(self, data: bytes) -> None:
        """Hands these bytes over; Unreachable when the connection breaks, or nothing is taken for too long."""
        rest = memoryview(data)
        self._socket.settimeout(self._pace.idle)
        try:
            while rest:
                rest = rest[self._socket.send(rest[:CHUNK]) :]
        except TimeoutError as error:
            raise Unreachable(f"{self.where} has taken nothing for {self._pace.idle:g} seconds.") from error
        except OSError as error:
            raise Unreachable(f"{self.where} broke the connection off.") from error

    def read(self, most: int, timeout: float) -> bytes:
        """What came in, at most so many bytes; nothing when nothing comes in time, or ever again."""
        self._socket.settimeout(max(timeout, 0.001))
        try:
            return self._socket.recv(most)
        except TimeoutError:
            return b""
        except OSError as error:
            raise Unreachable(f"{self.where} broke the connection off.") from error

    def unacknowledged(self) -> int:
        """How many bytes the other machine has not confirmed yet; 0 where this system cannot tell."""
        if not sys.platform.startswith("linux"):
            return 0
        try:
            return int(struct.unpack("i", fcntl.ioctl(self._socket, _UNACKNOWLEDGED, b"\0" * 4))[0])
        except OSError:
            return 0

    def finish(self, timeout: float) -> bool:
        """Says that this was all; True when the other side then closes too, False when it leaves that open.

        Unreachable when it breaks the connection off, or has not taken everything in time.
        """
        end = time.monotonic() + timeout
        try:
            self._socket.shutdown(socket.SHUT_WR)
            while (left := end - time.monotonic()) > 0:
                readable, _, _ = select.select([self._socket], [], [], left)
                if readable and not self._socket.recv(CHUNK):
                    return True
        except OSError as error:
            raise Unreachable(f"{self.where} broke the connection off before it had everything.") from error
        if self.unacknowledged():
            raise Unreachable(f"{self.where} has not taken everything within {timeout:g} seconds.")
        return False

    def close(self) -> None:
        """Ends the connection."""
        with suppress(OSError):
            self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Wires:
    """Opens ways to printers, from any thread."""

    def __init__(
        self, networks: Sequence[IpNetwork] = (), *, pace: Pace | None = None, resolve: Resolve = resolved
    ) -> None:
        self.networks = networks
        self._pace = pace or Pace()
        self._resolve = resolve
        self._silent_until: dict[str, float] = {}

    def is_silent(self, address: str) -> bool:
        """Whether a printer has not answered lately when it was asked how it is."""
        return time.monotonic() < self._silent_until.get(address, 0.0)

    def note_silence(self, address: str) -> None:
        """Remembers for a while that a printer does not answer, so that not every label waits for that."""
        self._silent_until[address] = time.monotonic() + SILENT_FOR

    def connect(self, host: str, port: int) -> Wire:
        """A connection to a printer; NotReached, and nothing sent, when there is none."""
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        answers = addresses_of(host, port, self._pace.connect, self._resolve)
        reason = ""
        for address in choose_printer(answers, port, "", self.networks):
            try:
                opened = socket.create_connection((str(address), port), self._pace.connect)
            except TimeoutError:
                reason = f"{where} did not accept a connection within {self._pace.connect:g} seconds."
            except OSError as error:
                reason = f"No connection to {where} could be made: {error.strerror or 'it failed'}."
            else:
                return Wire(opened, where, self._pace)
        raise NotReached(reason or f"The name {host} has no address.")

    @cached_property
    def http(self) -> Outgoing:
        """HTTP to printers, with the same limits on where it may go."""
        patience = Patience(connect=self._pace.connect, read=self._pace.idle, total=2 * self._pace.idle)
        return Outgoing(self.networks, patience=patience, resolve=self._resolve, choose=choose_printer)

    def close(self) -> None:
        """Closes what is kept open; whoever sends after that opens it anew."""
        if (kept := self.__dict__.pop("http", None)) is not None:
            kept.close()
