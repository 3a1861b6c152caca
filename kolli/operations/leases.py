"""Who asks a carrier about an attempt holds its lease, so that no other process decides what becomes of it meanwhile.

`Calls` keeps the threads of this process apart, without a clock. A lease does the same for processes, by the clock that
they share: it is renewed as long as its holder lives, on a thread that no carrier and no queue of jobs can hold up.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic

from kolli.database import Database
from kolli.errors import CarrierUnavailable, StorageFull, StorageUnavailable
from kolli.operations.calls import AT_IT, Calls
from kolli.operations.context import Installation
from kolli.shipments.attempts import LEASE, UNSETTLED, Attempt, get_attempt, lease, let_go, renew_leases

log = logging.getLogger(__name__)

RENEWED_EVERY = LEASE / 5
"""A holder is taken for dead after a few renewals that did not happen, and not after one that was late."""

LOOKS_EVERY_SECONDS = 1.0
"""How soon it is noticed that somebody has set the clock, by which leases may have ended that were just renewed."""

SAME_TIME = timedelta(seconds=5)
"""A clock that has moved by more than this against the time that has passed was set."""

AFTER_ERROR_SECONDS = 5.0
"""How long a renewal waits that the database has refused, such as on a full disk."""


@contextmanager
def leased(attempt: Attempt, installation: Installation) -> Iterator[Attempt]:
    """Holds an attempt, with its lease, while a carrier is asked about it; gives it as it is by now.

    What needs no asking any more is given without a lease. CarrierUnavailable, and nobody may ask, when another thread
    or another process is at it. What could not be found out is let go, so that it can be asked again at once.
    """
    with installation.calls.about(attempt.shipment_id):
        with installation.database.write() as transaction:
            found = get_attempt(transaction, attempt.account_id, attempt.shipment_id)
            is_open = found.state in UNSETTLED
            if is_open and not lease(transaction, found, installation.owner, installation.clock()):
                raise CarrierUnavailable(AT_IT)
        try:
            yield found
        except Exception:
            _let_go(found, installation)
            raise
        _let_go(found, installation)


def _let_go(attempt: Attempt, installation: Installation) -> None:
    try:
        with installation.database.write() as transaction:
            let_go(transaction, attempt, installation.owner)
    except (StorageFull, StorageUnavailable):
        log.warning("The lease of shipment %s could not be let go. It ends by itself.", attempt.shipment_id)


class Keeper:
    """Renews the leases of what this process holds, on a thread of its own, until it is told to stop.

    A call that ends soon costs nothing: its lease outlives it.
    """

    def __init__(self, calls: Calls, database: Database, owner: str, clock: Callable[[], datetime]) -> None:
        self._calls, self._database, self._owner, self._clock = calls, database, owner, clock
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kolli-leases", daemon=True)
        self._due = monotonic() + RENEWED_EVERY.total_seconds()
        self._offset = self._clock_offset()

    def start(self) -> None:
        """Begins to look after leases."""
        self._thread.start()

    def stop(self) -> None:
        """Renews nothing any more."""
        self._stopping.set()

    def look(self) -> None:
        """Renews what has to be renewed by now: everything when the clock was set, else what is held for long."""
        offset = self._clock_offset()
        was_set = abs(offset - self._offset) > SAME_TIME.total_seconds()
        if not was_set and monotonic() < self._due:
            return
        held = self._calls.held(0.0 if was_set else RENEWED_EVERY.total_seconds() / 2)
        try:
            if held:
                with self._database.write() as transaction:
                    renew_leases(transaction, held, self._owner, self._clock())
        except (StorageFull, StorageUnavailable) as error:
            log.warning("The leases of %d shipments could not be renewed: %s", len(held), error.message)
            self._due = monotonic() + AFTER_ERROR_SECONDS
        else:
            self._due = monotonic() + RENEWED_EVERY.total_seconds()
            self._offset = offset

    def _run(self) -> None:
        while not self._stopping.wait(LOOKS_EVERY_SECONDS):
            self.look()

    def _clock_offset(self) -> float:
        """What the clock says, less the seconds that have passed: the same until somebody sets it."""
        return self._clock().timestamp() - monotonic()
