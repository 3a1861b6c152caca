"""Papers over a plain connection, as they are: what printers take at port 9100.

Such a connection has no answers of its own. A label printer may be asked for its status between two labels (`~HS`), and
then says what it still has in its memory. What does not answer is taken at its word as far as TCP goes: a paper has
arrived once the printer's machine has acknowledged it, and as many bytes more as may lie unread in its memory.
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from kolli.errors import Invalid, Missing, Unreachable
from kolli.outgoing import IpNetwork
from kolli.printing.model import Profile
from kolli.printing.transports.base import NotReady, Wait
from kolli.wires import Wire, Wires, may_be_printer

PORT = 9100

ANSWERS_WITHIN = 1.0
"""How long, in seconds, a printer is given to answer for the first time whether it answers at all."""

KEEPS_ANSWERING_WITHIN = 10.0
"""The same for one that has answered before."""

MOST_AHEAD = 3
"""How many labels may wait in the printer's memory. It shall not run dry, and not lose many when it is switched off."""

POLL = 0.1

WAITS_FOR_A_PERSON = 120.0
"""How long a printer that has no paper left, or is open, is waited for in the middle of a job, in seconds."""

IN_ITS_MEMORY = 64 * 1024
"""How much a silent printer may have acknowledged without having read it: the largest window of plain TCP."""

FINISHES_WITHIN = 10.0
"""How long a silent printer is given to close the connection once it has been sent everything."""

_HOST = re.compile(r"[a-z0-9]([a-z0-9_.-]{0,251}[a-z0-9])?", re.IGNORECASE)
_STATUS = re.compile(rb"\x02([^\x02\x03]*)\x03")
_LONGEST_STATUS = 512


def split(address: str) -> tuple[str, int]:
    """Host and port of `host`, `host:port`, `[ipv6]`, `[ipv6]:port` or `ipv6`; Invalid for anything else."""
    text = address.strip()
    if not text:
        raise Missing("Give the printer's address, such as 192.168.1.50.", field="address")
    host, port = text, ""
    if text.startswith("["):
        host, closing, port = text[1:].partition("]")
        host, port = host if closing else text, port.removeprefix(":")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else PORT if not port else 0
    if not 0 < number < 65536:
        raise Invalid(f"{port!r} is no port. Printers usually listen on {PORT}.", field="address")
    if not _HOST.fullmatch(host) and not _is_ipv6(host):
        raise Invalid(f"{address!r} is no address. Write it like 192.168.1.50 or 192.168.1.50:9100.", field="address")
    return host, number


def check(address: str, networks: tuple[IpNetwork, ...]) -> None:
    """Raises Invalid, naming `address`, for what is no address, or one that is in no network of printers."""
    host, _ = split(address)
    check_host(host, networks)


def check_host(host: str, networks: Sequence[IpNetwork]) -> None:
    """Raises Invalid, naming `address`, for an IP address in no network of printers; names are looked up later."""
    try:
        literal = ip_address(host)
    except ValueError:
        return
    if not may_be_printer(literal, networks):
        raise Invalid(f"{host} is in no network of KOLLI_PRINTER_NETWORKS, so nothing is sent there.", field="address")


def connect(profile: Profile, wires: Wires, title: str) -> "RawLink":  # noqa: ARG001 - a plain connection has no titles
    """Opens a connection, and asks a label printer how it is."""
    wire = wires.connect(*split(profile.address))
    asks = profile.format == "zpl" and not wires.is_silent(profile.address)
    try:
        link = RawLink(wire, asks=asks)
    except BaseException:
        wire.close()
        raise
    if asks and not link.answers:
        wires.note_silence(profile.address)
    return link


@dataclass(frozen=True)
class Status:
    """What a label printer says about itself."""

    hindrance: str  # why it does not print; empty: nothing does
    waiting: int  # labels in its memory that are not printed


def read_status(answer: bytes) -> Status | None:
    """What `~HS` was answered with; None when that is not all there yet, or no such answer.

    `␂aaa,b,c,dddd,eee,f,g,h,iii,j,k,l␃␍␊␂mmm,n,o,p,q,r,s,t,uuuuuuuu,v,www␃␍␊␂xxxx,y␃␍␊`. b: paper out, c: paused,
    eee: formats in the receive buffer, k: too cold, l: too hot, o: head up, p: ribbon out, uuuuuuuu: labels of the
    batch that are left. Source: Zebra, ZPL II Programming Guide, `~HS`, Host Status Return.
    """
    strings = [found.decode("ascii", "replace").split(",") for found in _STATUS.findall(answer)]
    if len(strings) < 3 or len(strings[0]) < 12 or len(strings[1]) < 9:
        return None
    first, second = ([field.strip() for field in string] for string in strings[:2])
    flags = (
        (first[1], "It has no paper."),
        (second[2], "Its print head is open."),
        (second[3], "It has no ribbon."),
        (first[11], "It is too hot."),
        (first[10], "It is too cold."),
        (first[2], "It is paused: press its button."),
    )
    hindrance = next((sentence for flag, sentence in flags if flag == "1"), "")
    waiting, batch = (int(text) if text.isdigit() else 0 for text in (first[4], second[8]))
    return Status(hindrance, waiting + (1 if batch else 0))


class RawLink:
    """A plain connection to a printer. `answers`: whether it says how it is."""

    def __init__(self, wire: Wire, *, asks: bool) -> None:
        """Asks a label printer how it is: NotReady when it says that it does not print."""
        self._wire = wire
        self._ends: list[int] = []  # where each paper ends, in all bytes that were sent
        self._total = 0
        self._arrived = 0
        self.answers = False
        if not asks:
            return
        try:
            status = self._asked(ANSWERS_WITHIN)
        except Unreachable as error:
            raise NotReady(error.message) from error
        if status is not None:
            self.answers = True
            if status.hindrance:
                raise NotReady(f"{wire.where} does not print. {status.hindrance}")

    @property
    def arrived(self) -> int:
        """How many papers the printer has for certain."""
        if not self.answers:
            safe = self._total - self._wire.unacknowledged() - IN_ITS_MEMORY
            self._arrived = max(self._arrived, sum(1 for end in self._ends if end <= safe))
        return self._arrived

    def send(self, paper: bytes, wait: Wait) -> None:
        """Hands one paper over, and has the printer come close behind."""
        self._write(paper)
        self._ends.append(self._total)
        if self.answers:
            self._wait_for(MOST_AHEAD, wait)

    def finish(self, wait: Wait) -> None:
        """Waits until a printer that tells has printed all, and any other has taken all."""
        if self.answers:
            self._wait_for(0, wait)
        self._wire.finish(FINISHES_WITHIN)
        self._arrived = len(self._ends)

    def close(self) -> None:
        """Ends the connection."""
        self._wire.close()

    def _write(self, data: bytes) -> None:
        self._wire.write(data)
        self._total += len(data)

    def _wait_for(self, most: int, wait: Wait) -> None:
        """Until at most so many labels wait in the printer's memory."""
        gives_up_at = time.monotonic() + WAITS_FOR_A_PERSON
        while True:
            status = self._asked(KEEPS_ANSWERING_WITHIN)
            if status is None:
                raise Unreachable(f"{self._wire.where} does not tell any more how it is.")
            stuck = 1 if status.hindrance else 0  # the one that it was at may not have come out whole
            arrived = len(self._ends) - status.waiting - stuck
            if arrived > self._arrived:
                self._arrived = arrived
                gives_up_at = time.monotonic() + WAITS_FOR_A_PERSON
            if status.waiting <= most and not status.hindrance:
                return
            if time.monotonic() > gives_up_at:
                raise Unreachable(f"{self._wire.where} does not print. {status.hindrance or 'It does not say why.'}")
            wait(f"{self._wire.where} does not go on. {status.hindrance}" if status.hindrance else "")
            time.sleep(POLL)

    def _asked(self, timeout: float) -> Status | None:
        """What the printer says about itself; None when it says nothing in time."""
        self._write(b"~HS\r\n")
        answer, end = b"", time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0 and len(answer) < _LONGEST_STATUS:
            part = self._wire.read(_LONGEST_STATUS, left)
            if not part and time.monotonic() < end:
                raise Unreachable(f"{self._wire.where} closed the connection.")
            answer += part
            if (status := read_status(answer)) is not None:
                return status
        return None


def _is_ipv6(text: str) -> bool:
    try:
        return isinstance(ip_address(text), IPv6Address)
    except ValueError:
        return False
