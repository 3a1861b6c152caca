"""Counts wrong guesses, so that what is protected by a few characters cannot be found out by trying them all.

Kept in memory: a restart forgets it, and who could restart the server needs no guesses. Nothing of what was guessed is
kept, nor of who guessed, but a hash of both.
"""

import hashlib
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

MOST = 5
"""Wrong guesses in an hour, about one thing, from one address."""

SPAN = timedelta(hours=1)

ROOM = 20_000
"""Things and addresses that are remembered; beyond that the oldest are forgotten: some 5 MB."""


class Guesses:
    """The wrong guesses of the last hour, by what they are about and where they come from."""

    def __init__(self) -> None:
        self._times: OrderedDict[bytes, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, about: str, caller: str, now: datetime) -> int:
        """After how many seconds the next guess is allowed; 0 if it is now."""
        with self._lock:
            times = self._times.get(_key(about, caller))
            if times is None or len(times) < MOST:
                return 0
            left = times[0] + SPAN - now
            return max(-(-left // timedelta(seconds=1)), 0)

    def note(self, about: str, caller: str, now: datetime) -> None:
        """Counts a guess that was wrong."""
        key = _key(about, caller)
        with self._lock:
            self._times.setdefault(key, deque(maxlen=MOST)).append(now)
            self._times.move_to_end(key)
            while len(self._times) > ROOM:
                self._times.popitem(last=False)


def _key(about: str, caller: str) -> bytes:
    return hashlib.sha256(f"{about}\0{_network(caller)}".encode(errors="surrogatepass")).digest()


def _network(caller: str) -> str:
    """Where somebody calls from: of IPv6 the first half, as everybody has all addresses that begin with theirs."""
    try:
        address = ip_address(caller)
    except ValueError:
        return caller
    return str(ip_network(f"{address}/64", strict=False)) if isinstance(address, IPv6Address) else caller
