"""Which shipments this process is asking a carrier about at this moment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from kolli.errors import CarrierUnavailable

WAIT_SECONDS = 1.0
"""How long somebody waits for another thread that is at the same shipment: enough for one that is about to end."""


class Calls:
    """Sees to it that one thread at a time asks about a shipment.

    What was left behind is told by the time that has passed, and clocks jump. So whatever they say, a shipment in the
    hands of a thread of ours is not left behind, and nobody decides what has become of it but that thread.
    """

    def __init__(self) -> None:
        self._shipments: set[str] = set()
        self._changed = threading.Condition()

    @contextmanager
    def about(self, shipment_id: str) -> Iterator[None]:
        """Holds a shipment; CarrierUnavailable, and nothing was asked, when another thread goes on holding it."""
        with self._changed:
            if not self._changed.wait_for(lambda: shipment_id not in self._shipments, WAIT_SECONDS):
                raise CarrierUnavailable("The carrier is being asked about this shipment at this moment.")
            self._shipments.add(shipment_id)
        try:
            yield
        finally:
            with self._changed:
                self._shipments.remove(shipment_id)
                self._changed.notify_all()
