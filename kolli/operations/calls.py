"""Which shipments this process is asking a carrier about at this moment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from kolli.errors import CarrierUnavailable

WAIT_SECONDS = 1.0
"""How long somebody waits for another thread that is at the same shipment: enough for one that is about to end."""

AT_IT = "The carrier is being asked about this shipment at this moment."


class Calls:
    """Sees to it that one thread at a time asks about a shipment.

    What was left behind is told by the time that has passed, and clocks jump. So whatever they say, a shipment in the
    hands of a thread of ours is not left behind, and nobody decides what has become of it but that thread. What other
    processes go by is its lease: see `kolli.operations.leases`.
    """

    def __init__(self) -> None:
        self._held_since: dict[str, float] = {}
        self._changed = threading.Condition()

    @contextmanager
    def about(self, shipment_id: str) -> Iterator[None]:
        """Holds a shipment; CarrierUnavailable, and nothing was asked, when another thread goes on holding it."""
        with self._changed:
            if not self._changed.wait_for(lambda: shipment_id not in self._held_since, WAIT_SECONDS):
                raise CarrierUnavailable(AT_IT)
            self._held_since[shipment_id] = monotonic()
        try:
            yield
        finally:
            with self._changed:
                del self._held_since[shipment_id]
                self._changed.notify_all()

    def held(self, for_seconds: float = 0.0) -> list[str]:
        """The shipments that are in our hands since so long, or longer."""
        latest = monotonic() - for_seconds
        with self._changed:
            return [shipment_id for shipment_id, since in self._held_since.items() if since <= latest]
