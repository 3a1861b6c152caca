"""The only way out to the network: where a request may go, how long it may take, how much of the answer is read.

A name is resolved once, every address it has is looked at, and the connection goes to exactly such an address, so that
a name that means something else a moment later leads nowhere (DNS rebinding). Redirects are not followed, proxies of
the environment are not used, and nothing of a request but its host and port stands in an error or in the log.
"""

import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import httpcore2

from kolli.errors import Invalid, Unreachable

IpAddress = IPv4Address | IPv6Address
IpNetwork = IPv4Network | IPv6Network

PORTS = (443, 8443)
"""Where a public target may listen: what speaks HTTPS listens here, and other services are none of our business."""

LONGEST_URL = 2_000
MOST_ANSWER_BYTES = 64 * 1024
"""How much of an answer is read. What is longer is cut off, and its connection is closed."""

MOST_CONNECTIONS = 200
KEPT_SECONDS = 1.0
"""How long an unused connection is kept: shorter than the shortest time after which usual servers close it."""

_PORT_OF = {"https": 443, "http": 80}
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_OWN_NAMES = ("localhost", "local", "internal", "localdomain", "home.arpa")
"""Names, and what is below them, that never mean a public host (RFC 6761, RFC 6762, RFC 8375)."""

# Beyond what `ipaddress` knows in every Python we run on; source: IANA special-purpose address registries (2026).
_NOT_PUBLIC: tuple[IpNetwork, ...] = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # a public address by its number, but each Azure machine's own way to its platform
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),  # Teredo and the like, examples, 6to4, examples
    )
)
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True)
class Patience:
    """How long a request may take, in seconds: to connect, to wait for the next bytes, and altogether."""

    connect: float = 5.0
    read: float = 10.0
    total: float = 15.0


class NotReached(Unreachable):
    """There was no connection, so nothing of the request has been sent."""


@dataclass(frozen=True)
class Reply:
    """What came back. `body` is how the answer begins: at most as many bytes as were asked for."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)  # by their names in lower case


Resolve = Callable[[str, int], Sequence[str]]
Choose = Callable[[Iterable[str], int, str, Sequence[IpNetwork]], list[IpAddress]]
"""The addresses to connect to, of all that a name has; see `choose`."""


def is_public(address: IpAddress) -> bool:
    """Whether an address belongs to the public internet: not to this machine, its network, its cloud or to nobody."""
    address = plain_address(address)
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return False
    return address.is_global and not any(address in network for network in _NOT_PUBLIC)


def plain_address(address: IpAddress) -> IpAddress:
    """The IPv4 address that is reached through an IPv6 one which only wraps it (IPv4-mapped, NAT64), or itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def check_url(url: str, private_targets: Sequence[IpNetwork], *, field: str | None = None) -> None:
    """Raises Invalid, naming `field`, for an address that could never be called, whatever its name is resolved to."""
    try:
        _read(url, private_targets)
    except Invalid as error:
        raise Invalid(error.message, field=field) from error


def origin_of(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of a URL that may be called, or Invalid: who it is that hears what is sent there."""
    parts, host, port = _split(url)
    return parts.scheme, host, port


@dataclass(frozen=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def where(self) -> str:
        """What may be told about it."""
        return f"{self.host}:{self.port}"


def _read(url: str, private_targets: Sequence[IpNetwork]) -> _Target:
    """The parts of a URL; Invalid when it is none that may be called."""
    parts, host, port = _split(url)
    may_be_private = bool(private_targets)
    if parts.scheme not in ({"https", "http"} if may_be_private else {"https"}):
        raise Invalid(
            "Enter a valid URL. It has to begin with https://; http:// is only for networks in KOLLI_PRIVATE_TARGETS."
        )
    literal = _literal(host)
    if literal is None and not _NAME.fullmatch(host):
        raise Invalid("Enter a valid URL. Its host name has to be written in ASCII, such as xn--bcher-kva.example.")
    if literal is not None and not _is_allowed(literal, private_targets):
        raise Invalid(
            f"Enter a valid URL. {host} is not an address of the public internet, and in no network of"
            " KOLLI_PRIVATE_TARGETS."
        )
    if literal is None and not may_be_private and _is_own_name(host):
        raise Invalid(f"Enter a valid URL. {host} is not a name of the public internet.")
    if port not in PORTS and not may_be_private:
        raise Invalid(f"Enter a valid URL. Its port has to be {PORTS[0]} or {PORTS[1]}, not {port}.")
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(parts.query, safe=_QUERY)}" if parts.query else ""
    return _Target(parts.scheme, host if literal is None else str(literal), port, target + query)


_QUERY = "/%:@!$&'()*+,;=~-._?"


def _split(url: str) -> tuple[SplitResult, str, int]:
    # Before anything else: the parser drops some of these characters in silence, and others end the host elsewhere
    # than where another parser thinks it ends.
    if len(url) > LONGEST_URL or any(ord(character) <= 32 or character in '\\"<>^`{|}\x7f' for character in url):
        raise Invalid(f"Enter a valid URL of at most {LONGEST_URL} characters, without spaces or backslashes.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").removesuffix("."), parts.port
    except ValueError as error:  # brackets that do not match, a port that is no number
        raise Invalid("Enter a valid URL.") from error
    if "@" in parts.netloc:
        raise Invalid("Enter a valid URL. User name and password do not belong into it; there is a field for them.")
    if not host or "%" in parts.netloc or parts.netloc.endswith(":") or parts.fragment:
        raise Invalid("Enter a valid URL: https://, a host name and a path.")
    return parts, host, port if port is not None else _PORT_OF.get(parts.scheme, 0)


def _literal(host: str) -> IpAddress | None:
    """The address that a host is when it is no name, also in the forms that resolvers take: 2130706433, 0x7f.1."""
    try:
        return ip_address(host)
    except ValueError:
        pass
    if host.isascii():
        try:
            return IPv4Address(socket.inet_aton(host))
        except OSError:
            pass
    return None


def _is_own_name(host: str) -> bool:
    return "." not in host or any(host == name or host.endswith(f".{name}") for name in _OWN_NAMES)


def _is_allowed(address: IpAddress, private_targets: Sequence[IpNetwork]) -> bool:
    return is_public(address) or _is_private_target(address, private_targets)


def _is_private_target(address: IpAddress, private_targets: Sequence[IpNetwork]) -> bool:
    plain = plain_address(address)
    return any(plain in network for network in private_targets if network.version == plain.version)


def choose(answers: Iterable[str], port: int, scheme: str, private_targets: Sequence[IpNetwork]) -> list[IpAddress]:
    """The addresses to connect to, of all that a name has; Unreachable when one of them must not be called.

    Without encryption, and at any port but the usual ones, only private targets that were allowed are called.
    """
    found = [plain_address(ip_address(text.partition("%")[0])) for text in answers]
    for address in found:
        if _is_private_target(address, private_targets):
            continue
        if not is_public(address):
            raise NotReached("The name leads to an address that is not part of the public internet.")
        if scheme != "https" or port not in PORTS:
            raise NotReached(f"A public address is only called by https, at port {PORTS[0]} or {PORTS[1]}.")
    return found


def resolved(host: str, port: int) -> Sequence[str]:
    """Every address of a name, as this machine's resolver has it."""
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def addresses_of(host: str, port: int, timeout: float | None, resolve: Resolve) -> Sequence[str]:
    """The addresses of a name, or NotReached. On a thread of its own, because no resolver can be told to hurry."""
    if _literal(host) is not None:
        return [host]
    found: list[Sequence[str]] = []

    def look() -> None:
        with suppress(OSError, UnicodeError):
            found.append(resolve(host, port))

    thread = threading.Thread(target=look, name="kolli-resolve", daemon=True)
    thread.start()
    thread.join(timeout)
    if not found or not found[0]:
        raise NotReached(f"The name {host} could not be resolved.")
    return found[0]


class Outgoing:
    """Sends requests, from any thread, over connections that are kept while they are used."""

    def __init__(
        self,
        private_targets: Sequence[IpNetwork] = (),
        *,
        patience: Patience | None = None,
        resolve: Resolve = resolved,
        trust: ssl.SSLContext | None = None,
        choose: Choose = choose,
    ) -> None:
        self.private_targets = private_targets
        self._choose = choose
        self._patience = patience or Patience()
        self._resolve = resolve
        self._trust = trust
        self._now = _Now()
        # What it writes at the level DEBUG holds the headers of requests, and so secrets.
        logging.getLogger("httpcore2").setLevel(logging.INFO)

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        patience: Patience | None = None,
        most_bytes: int = MOST_ANSWER_BYTES,
    ) -> Reply:
        """Sends one request and gives the answer, whatever its status.

        Raises Unreachable when there is none, with a sentence about why, and NotReached when it is certain that nothing
        was sent; Invalid when the URL may not be called.
        """
        target, limits = _read(url, self.private_targets), patience or self._patience
        known = {"Host": _host_header(target), "Content-Length": str(len(body)), "User-Agent": "Kolli", **headers}
        request = httpcore2.Request(
            method,
            httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
            headers=[(name.encode("ascii"), value.encode("utf-8")) for name, value in known.items()],
            content=body,
            extensions={"timeout": {"connect": limits.connect, "read": limits.read, "write": limits.read}},
        )
        with _translated(target.where), self._now.sending(target.scheme, limits):
            return _answer(self._pool.handle_request(request), most_bytes)

    def close(self) -> None:
        """Closes every connection."""
        if "_pool" in self.__dict__:
            self._pool.close()

    @cached_property
    def _pool(self) -> httpcore2.ConnectionPool:
        return httpcore2.ConnectionPool(
            ssl_context=self._trust or httpcore2.default_ssl_context(),
            max_connections=MOST_CONNECTIONS,
            max_keepalive_connections=MOST_CONNECTIONS // 4,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=_Guard(self._resolve, self._choose, self.private_targets, self._now),
        )


class _Now(threading.local):
    """What this thread is sending at this moment: by which scheme, and when that has to be over."""

    scheme = ""
    ends_at: float | None = None

    @contextmanager
    def sending(self, scheme: str, patience: Patience) -> Iterator[None]:
        self.scheme, self.ends_at = scheme, time.monotonic() + patience.total
        try:
            yield
        finally:
            self.ends_at = None

    def left(self, timeout: float | None, late: type[Exception]) -> float | None:
        """How long the next step may take; raises `late` when no time is left."""
        if self.ends_at is None:
            return timeout
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise late
        return left if timeout is None else min(timeout, left)


@dataclass(frozen=True)
class _Guard(httpcore2.NetworkBackend):
    """Opens connections, to addresses that have been looked at and to no others."""

    resolve: Resolve
    choose: Choose
    private_targets: Sequence[IpNetwork]
    now: _Now

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, *_: Any, **__: Any
    ) -> httpcore2.NetworkStream:
        answers = addresses_of(host, port, self.now.left(timeout, httpcore2.ConnectTimeout), self.resolve)
        addresses = self.choose(answers, port, self.now.scheme, self.private_targets)
        for address in addresses[:-1]:
            try:
                return self._connected(address, port, timeout)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._connected(addresses[-1], port, timeout)

    def _connected(self, address: IpAddress, port: int, timeout: float | None) -> httpcore2.NetworkStream:
        left = self.now.left(timeout, httpcore2.ConnectTimeout)
        return _Stream(httpcore2.SyncBackend().connect_tcp(str(address), port, left), self.now)


@dataclass(frozen=True)
class _Stream(httpcore2.NetworkStream):
    """A connection whose every step ends when the whole request has to."""

    stream: httpcore2.NetworkStream
    now: _Now

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.now.left(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self.stream.write(buffer, self.now.left(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self.stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        left = self.now.left(timeout, httpcore2.ConnectTimeout)
        return _Stream(self.stream.start_tls(ssl_context, server_hostname, left), self.now)

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


def _answer(response: httpcore2.Response, most_bytes: int) -> Reply:
    chunks: list[bytes] = []
    size = 0
    try:
        for chunk in response.iter_stream():
            chunks.append(chunk)
            size += len(chunk)
            if size >= most_bytes:
                break
    finally:
        response.close()  # what was read to its end stays open for the next request
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
    return Reply(response.status, b"".join(chunks)[:most_bytes], headers)


def _host_header(target: _Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if _PORT_OF[target.scheme] == target.port else f"{host}:{target.port}"


@contextmanager
def _translated(where: str) -> Iterator[None]:
    """Turns what the HTTP library raises into Unreachable, with a sentence that holds nothing secret."""
    try:
        yield
    except (httpcore2.ConnectTimeout, httpcore2.PoolTimeout) as error:
        raise NotReached(f"{where} did not accept a connection in time.") from error
    except httpcore2.TimeoutException as error:
        raise Unreachable(f"{where} did not answer in time.") from error
    except httpcore2.ConnectError as error:
        first = error.args[0] if error.args else None  # the library keeps what it caught here
        if isinstance(first, ssl.SSLCertVerificationError):
            raise NotReached(f"The certificate of {where} is not valid: {first.verify_message}.") from error
        raise NotReached(f"No connection to {where} could be made.") from error
    except (httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise Unreachable(f"{where} broke the connection off, or answered with something that is no HTTP.") from error
