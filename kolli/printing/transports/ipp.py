"""Papers by the Internet Printing Protocol (RFC 8011): one job for each, the next when the printer keeps up.

`print-scaling` is `none` and `media` is named exactly, so that a barcode comes out as it was drawn. A paper has arrived
once the printer says that its job is completed.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import count
from urllib.parse import SplitResult, urlsplit

from kolli.errors import Invalid, Missing, Unreachable
from kolli.outgoing import IpNetwork, NotReached
from kolli.printing.model import Profile
from kolli.printing.transports import ipp_message as message
from kolli.printing.transports.base import NotReady, Wait
from kolli.printing.transports.ipp_message import Answer, Attribute, Value
from kolli.printing.transports.raw import check_host
from kolli.wires import Wires

PORT = 631

MOST_AHEAD = 3
"""How many jobs may wait at the printer, so that it can go on without a break."""

POLL = 0.1

WAITS_FOR_A_PERSON = 120.0
"""How long a printer that does not go on is waited for in the middle of a job, in seconds."""

MOST_ANSWER_BYTES = 1024 * 1024

MEDIA = {
    "A6": "iso_a6_105x148mm",
    "A5": "iso_a5_148x210mm",
    "A4": "iso_a4_210x297mm",
    "4x6": "na_index-4x6_4x6in",
}
"""Papers by their self-describing names (PWG 5101.1)."""

_TENTHS = {"A6": (1050, 1480), "A5": (1480, 2100), "A4": (2100, 2970), "4x6": (1016, 1524)}
"""Their sizes, in tenths of a millimetre."""

_TOLERANCE = 15
_SIZE = re.compile(r"_([0-9.]{1,8})x([0-9.]{1,8})(mm|in)$")

_FORMATS = {
    "pdf": ("application/pdf", "application/octet-stream"),
    "zpl": (
        *("application/zpl", "application/vnd.zebra-zpl", "x-application/zpl", "application/vnd.cups-raw"),
        "application/octet-stream",
    ),
}
"""What a format may be called, the most exact name first. The last lets the printer find out by itself."""

_STOPPED = 5  # printer-state, RFC 8011, 5.4.11
_CANCELLED, _ABORTED, _COMPLETED = 7, 8, 9  # job-state, RFC 8011, 5.3.7
_NOT_FOUND, _BUSY = 0x0406, 0x0507

_STATUS = {
    0x0401: "the printer forbids it",
    0x0402: "the printer wants a user name and a password",
    0x0403: "this user may not print there",
    0x0406: "there is no such printer",
    0x0407: "there is no such printer any more",
    0x0408: "the document is too large for it",
    0x040A: "it does not take this format",
    0x040B: "it does not take one of the attributes",
    0x0503: "it does not know this version of IPP",
    0x0506: "it does not accept jobs",
    0x0507: "it is busy",
    0x0509: "it does not accept jobs of this kind",
}

_REASONS = {
    "media-empty": "It has no paper.",
    "media-needed": "It wants other paper.",
    "media-jam": "Paper is jammed.",
    "cover-open": "It is open.",
    "door-open": "It is open.",
    "paused": "It is paused.",
    "moving-to-paused": "It is paused.",
    "toner-empty": "It has no toner.",
    "marker-supply-empty": "It has no toner or ink.",
    "offline": "It is offline.",
    "shutdown": "It is switched off.",
    "connecting-to-device": "Its queue does not reach the device.",
}


def check(address: str, networks: tuple[IpNetwork, ...]) -> None:
    """Raises Invalid, naming `address`, for what is no printer's URI, or one that is in no network of printers."""
    check_host(_split(address).hostname or "", networks)


def _split(address: str) -> SplitResult:
    text = address.strip()
    if not text:
        raise Missing("Give the printer's URI, such as ipp://192.168.1.60/ipp/print.", field="address")
    try:
        parts = urlsplit(text)
        is_right = parts.scheme in {"ipp", "ipps"} and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        is_right = False
    if (
        not is_right
        or len(text) > 500
        or not text.isascii()
        or any(ord(char) <= 32 or char in '\\"<>' for char in text)
    ):
        raise Invalid(
            f"{text[:100]!r} is no URI of a printer. Write it like ipp://192.168.1.60/ipp/print.", field="address"
        )
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise Invalid("A printer's URI has no user, no question mark and no #.", field="address")
    return parts


def connect(profile: Profile, wires: Wires, title: str) -> "IppLink":
    """Asks a printer how it is and which formats it takes."""
    link = IppLink(profile, wires, title)
    link.look()
    return link


def find_media(paper: str, supported: Sequence[str]) -> str:
    """What a printer calls a paper of this size; empty when it has none. One that tells nothing gets the usual name.

    Names end in the size, and ranges of sizes in the smallest and the largest (PWG 5101.1, 5.1): `oe_4x6-label_4x6in`,
    `custom_min_25.4x25.4mm`, `custom_max_104x991mm`.
    """
    if not supported or MEDIA[paper] in supported:
        return MEDIA[paper]
    wanted = _TENTHS[paper]
    sizes = {name: size for name in supported if (size := _size_of(name))}
    for name, size in sizes.items():
        if not name.startswith("custom_m") and all(abs(a - b) <= _TOLERANCE for a, b in zip(size, wanted, strict=True)):
            return name
    smallest = next((size for name, size in sizes.items() if name.startswith("custom_min_")), None)
    largest = next((size for name, size in sizes.items() if name.startswith("custom_max_")), None)
    if smallest and largest and all(a <= b <= c for a, b, c in zip(smallest, wanted, largest, strict=True)):
        width, height = (f"{Decimal(tenths) / 10:f}".removesuffix(".0") for tenths in wanted)
        return f"custom_kolli_{width}x{height}mm"
    return ""


def _size_of(name: str) -> tuple[int, int] | None:
    """Width and height that a name of a paper ends in, in tenths of a millimetre."""
    found = _SIZE.search(name)
    if found is None:
        return None
    unit = Decimal(254) if found[3] == "in" else Decimal(10)
    try:
        width, height = (int(Decimal(text) * unit) for text in found.groups()[:2])
    except InvalidOperation:
        return None
    return width, height


def hindrance(found: Mapping[str, list[Value]], *, does_not_go_on: bool = False) -> str:
    """Why a printer does not print; empty when nothing keeps it from that.

    A printer that is not stopped may have a reason too, which matters once a job does not go on.
    """
    if found.get("printer-is-accepting-jobs") == [False]:
        return "It does not accept jobs."
    is_stopped = found.get("printer-state") == [_STOPPED]
    if not is_stopped and not does_not_go_on:
        return ""
    words = [re.sub(r"-(error|warning|report)$", "", text) for text in _texts(found, "printer-state-reasons")]
    return next((_REASONS[word] for word in words if word in _REASONS), "It is stopped." if is_stopped else "")


@dataclass
class _Sent:
    """A job at the printer."""

    id: int
    is_over: bool = False


class IppLink:
    """Jobs at a printer, one for each paper."""

    def __init__(self, profile: Profile, wires: Wires, title: str) -> None:
        parts = _split(profile.address)
        scheme = "https" if parts.scheme == "ipps" else "http"
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        self.where = f"{host}:{parts.port or PORT}"
        self._uri = profile.address.strip()
        self._url = f"{scheme}://{self.where}{parts.path or '/'}"
        self._profile, self._wires, self._title = profile, wires, title
        self._format = _FORMATS[profile.format][0]
        self._media = MEDIA[profile.paper]
        self._has_scaling = True
        self._numbers = count(1)
        self._jobs: list[_Sent] = []
        self._arrived = 0

    @property
    def arrived(self) -> int:
        """How many papers the printer says it has printed, counted from the first."""
        return self._arrived

    def look(self) -> None:
        """Asks the printer how it is: NotReady when it says that it does not print, NotReached when it says nothing."""
        try:
            found = self._about_the_printer()
        except Unreachable as error:
            raise NotReady(error.message) from error
        formats = _texts(found, "document-format-supported")
        names = _FORMATS[self._profile.format]
        self._format = next((name for name in names if name in formats), "" if formats else names[0])
        if not self._format:
            raise NotReady(f"{self.where} does not take {self._profile.format.upper()}, only {', '.join(formats)}.")
        self._media = find_media(self._profile.paper, _texts(found, "media-supported"))
        if not self._media:
            raise NotReady(f"{self.where} does not know {self._profile.paper} paper. Tell the printer, or its queue.")
        self._has_scaling = "print-scaling-supported" in found
        if reason := hindrance(found):
            raise NotReady(f"{self.where} does not print. {reason}")

    def send(self, paper: bytes, wait: Wait) -> None:
        """Gives the printer a job for this paper, and waits until not too many others are before it."""
        self._follow(MOST_AHEAD, wait)
        job = [
            Attribute(message.INTEGER, "copies", (1,)),
            Attribute(message.KEYWORD, "media", (self._media,)),
        ]
        if self._has_scaling:
            job.append(Attribute(message.KEYWORD, "print-scaling", ("none",)))
        operation = [
            Attribute(message.NAME, "job-name", (f"{self._title} {len(self._jobs) + 1}"[:120],)),
            Attribute(message.MIME_TYPE, "document-format", (self._format,)),
        ]
        answer = self._taken(operation, job, paper, wait)
        if not answer.is_ok:
            raise NotReached(f"{self.where} did not take it: {_why(answer)}.")
        about = answer.of(message.JOB_GROUP)
        job_id = next(iter(about.get("job-id", [])), None)
        if not isinstance(job_id, int):
            raise Unreachable(f"{self.where} took a job, and did not say which.")
        self._jobs.append(_Sent(job_id))
        self._settle(self._jobs[-1], about)

    def _taken(self, operation: list[Attribute], job: list[Attribute], paper: bytes, wait: Wait) -> Answer:
        """What the printer says to a paper; one that is busy, as many are with one job, is asked again."""
        gives_up_at = time.monotonic() + WAITS_FOR_A_PERSON
        while True:
            answer = self._asked(message.PRINT_JOB, operation, job, document=paper)
            if answer.status != _BUSY or time.monotonic() > gives_up_at:
                return answer
            self._follow(0, wait)
            wait("")
            time.sleep(POLL)

    def finish(self, wait: Wait) -> None:
        """Waits until the printer says that every job is completed."""
        self._follow(0, wait)

    def close(self) -> None:
        """There is nothing to be closed: connections are kept for whoever comes next."""

    def _follow(self, most: int, wait: Wait) -> None:
        """Until at most so many jobs wait at the printer."""
        gives_up_at = time.monotonic() + WAITS_FOR_A_PERSON
        reason = ""
        while len(self._jobs) - self._arrived > most:
            before = self._arrived
            self._settle(self._jobs[self._arrived], self._about_job(self._jobs[self._arrived]))
            if self._arrived > before:
                gives_up_at = time.monotonic() + WAITS_FOR_A_PERSON
                continue
            reason = hindrance(self._about_the_printer(), does_not_go_on=True)
            if time.monotonic() > gives_up_at:
                raise Unreachable(f"{self.where} does not print. {reason or 'It does not say why.'}")
            wait(f"{self.where} does not go on. {reason}" if reason else "")
            time.sleep(POLL)

    def _settle(self, job: _Sent, about: Mapping[str, list[Value]]) -> None:
        """Reads how far a job is; Unreachable when the printer has given it up."""
        state = next(iter(about.get("job-state", [])), None)
        if state in {_CANCELLED, _ABORTED}:
            reasons = ", ".join(_texts(about, "job-state-reasons")) or "it does not say why"
            done = "cancelled" if state == _CANCELLED else "given up"
            raise Unreachable(f"Job {job.id} was {done} at {self.where}: {reasons}.")
        job.is_over = job.is_over or state == _COMPLETED
        while self._arrived < len(self._jobs) and self._jobs[self._arrived].is_over:
            self._arrived += 1

    def _about_job(self, job: _Sent) -> Mapping[str, list[Value]]:
        wanted = [
            Attribute(message.INTEGER, "job-id", (job.id,)),
            Attribute(message.KEYWORD, "requested-attributes", ("job-state", "job-state-reasons")),
        ]
        answer = self._asked(message.GET_JOB_ATTRIBUTES, wanted)
        if answer.status == _NOT_FOUND:  # printers forget what they have done
            return {"job-state": [_COMPLETED]}
        if not answer.is_ok:
            raise Unreachable(f"{self.where} does not tell about job {job.id}: {_why(answer)}.")
        return answer.of(message.JOB_GROUP)

    def _about_the_printer(self) -> Mapping[str, list[Value]]:
        names = (
            *("printer-state", "printer-state-reasons", "printer-is-accepting-jobs"),
            *("document-format-supported", "print-scaling-supported", "media-supported"),
        )
        wanted = [Attribute(message.KEYWORD, "requested-attributes", names)]
        answer = self._asked(message.GET_PRINTER_ATTRIBUTES, wanted)
        if not answer.is_ok:
            raise Unreachable(f"{self.where} does not tell about itself: {_why(answer)}.")
        return answer.of(message.PRINTER_GROUP)

    def _asked(
        self, operation: int, wanted: list[Attribute], job: list[Attribute] | None = None, *, document: bytes = b""
    ) -> Answer:
        first = [
            Attribute(message.CHARSET, "attributes-charset", ("utf-8",)),
            Attribute(message.LANGUAGE, "attributes-natural-language", ("en",)),
            Attribute(message.URI, "printer-uri", (self._uri,)),
        ]
        own = [
            attribute for attribute in wanted if attribute.name == "job-id"
        ]  # RFC 8011, 4.1.5: right behind the target
        rest = [attribute for attribute in wanted if attribute.name != "job-id"]
        user = Attribute(message.NAME, "requesting-user-name", ("kolli",))
        groups = [(message.OPERATION_GROUP, [*first, *own, user, *rest])]
        if job:
            groups.append((message.JOB_GROUP, job))
        body = message.request(operation, next(self._numbers), groups) + document
        headers = {"Content-Type": "application/ipp", "Accept": "application/ipp"}
        reply = self._wires.http.send("POST", self._url, headers, body, most_bytes=MOST_ANSWER_BYTES)
        if reply.status != 200:
            raise Unreachable(f"{self.where} answered with HTTP {reply.status}, and not as a printer does.")
        try:
            return message.read(reply.body)
        except message.Unreadable as error:
            raise Unreachable(f"{self.where} answered with something that is no IPP: {error}.") from error


def _texts(found: Mapping[str, list[Value]], name: str) -> list[str]:
    return [value for value in found.get(name, []) if isinstance(value, str)]


def _why(answer: Answer) -> str:
    said = _texts(answer.of(message.OPERATION_GROUP), "status-message")
    known = _STATUS.get(answer.status, f"status 0x{answer.status:04x}")
    return f"{known} ({said[0][:200]})" if said else known
