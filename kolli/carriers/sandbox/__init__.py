"""The sandbox: a carrier that costs nothing, keeps its own ledger and fails when it is told to.

It answers to the carrier code `sendcloud`, because that is the carrier behind the unstamped letter
`sendcloud:letter`, with which the hosted service lets people try labels. Its ledger is a file of its own that no other
part of Kolli reads, so that tests can ask it what was really booked.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from random import Random, SystemRandom

from kolli.addresses import AddressLimits
from kolli.carriers.base import Announced, Booking, CarrierEvent, Numbering, ShippingOption
from kolli.carriers.sandbox import lives as scripts
from kolli.errors import CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable
from kolli.shipments.model import ParcelStatus
from kolli.values import Money, Weight

LEDGER = "sandbox-ledger.db"

_TABLES = """
CREATE TABLE IF NOT EXISTS bookings (
    id INTEGER PRIMARY KEY,
    reference TEXT NOT NULL,
    box INTEGER NOT NULL,
    tracking_number TEXT NOT NULL UNIQUE,
    order_number TEXT NOT NULL,
    booked_at TEXT NOT NULL,
    cancelled_at TEXT,
    UNIQUE (reference, box)
);
CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY, fault TEXT NOT NULL);
"""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # without the letters that are read as digits


class Fault(StrEnum):
    """How the sandbox can go wrong."""

    REFUSE = "refuse"
    """It says no."""

    SILENT_BEFORE = "silent-before"
    """The answer never comes, and nothing was booked."""

    SILENT_AFTER = "silent-after"
    """The answer never comes, but the label was booked and paid for."""

    UNREACHABLE = "unreachable"
    """It cannot be reached, and we know it."""


def _now() -> datetime:
    return datetime.now(UTC)


NumberOf = Callable[[str, int], str]
"""What makes the number of a box, from the booking's reference and the place of the box in it."""


def _any_number(_reference: str, _box: int) -> str:
    return a_number(SystemRandom())


def a_number(random: Random) -> str:
    """A tracking number of the sandbox."""
    return "SCTEST" + "".join(random.choice(_ALPHABET) for _ in range(8))


_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LedgerEntry:
    """One box that the sandbox has booked."""

    reference: str
    box: int
    tracking_number: str
    order_number: str
    is_cancelled: bool
    booked_at: datetime = field(default=_LONG_AGO, compare=False)


class Ledger:
    """The sandbox's own record of what it booked, in a file that survives whatever happens to us."""

    def __init__(self, path: Path, clock: Callable[[], datetime] = _now, number_of: NumberOf = _any_number) -> None:
        self._clock = clock
        self._number_of = number_of
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.executescript(_TABLES + scripts.TABLES)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def fail_next(self, fault: Fault, times: int = 1) -> None:
        """Makes the next bookings go wrong, one after the other."""
        with self._transaction() as ledger:
            ledger.executemany("INSERT INTO faults (fault) VALUES (?)", [(fault.value,)] * times)

    def next_fault(self) -> Fault | None:
        """The fault that is due, which is thereby spent."""
        with self._transaction() as ledger:
            row = ledger.execute(
                "DELETE FROM faults WHERE id = (SELECT min(id) FROM faults) RETURNING fault"
            ).fetchone()
        return None if row is None else Fault(row[0])

    def book(self, booking: Booking) -> tuple[str, ...]:
        """Writes one entry for each box, and gives their numbers; the same reference is booked once."""
        now = self._clock()
        with self._transaction() as ledger:
            for box in range(1, len(booking.draft.boxes) + 1):
                number = self._number_of(booking.reference, box)
                added = ledger.execute(
                    "INSERT INTO bookings (reference, box, tracking_number, order_number, booked_at)"
                    " VALUES (?, ?, ?, ?, ?) ON CONFLICT (reference, box) DO NOTHING",
                    (booking.reference, box, number, booking.draft.order_number, now.isoformat()),
                )
                if added.rowcount:
                    scripts.begin(ledger, number, booking, now)
        return self.numbers(booking.reference)

    def numbers(self, reference: str) -> tuple[str, ...]:
        """The numbers booked under a reference, in the order of the boxes."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT tracking_number FROM bookings WHERE reference = ? ORDER BY box", (reference,)
            ).fetchall()
        return tuple(row[0] for row in rows)

    def entries(self) -> list[LedgerEntry]:
        """Everything that was ever booked, oldest first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT reference, box, tracking_number, order_number, cancelled_at IS NOT NULL, booked_at"
                " FROM bookings ORDER BY id"
            ).fetchall()
        return [
            LedgerEntry(reference, box, number, order_number, bool(is_cancelled), datetime.fromisoformat(at))
            for reference, box, number, order_number, is_cancelled, at in rows
        ]

    def cancel(self, reference: str) -> bool:
        """Marks what was booked under a reference as cancelled; False when there is nothing."""
        with self._transaction() as ledger:
            done = ledger.execute(
                "UPDATE bookings SET cancelled_at = ? WHERE reference = ?", (self._clock().isoformat(), reference)
            )
            return done.rowcount > 0

    def advance(self, number: str, to: ParcelStatus | None, life: str | None, day_seconds: int | None) -> None:
        """Moves a parcel along its life, or sets its clock: see `Advances`."""
        now = self._clock()
        with self._transaction() as ledger:
            if life is not None or day_seconds is not None:
                scripts.choose(ledger, number, life, day_seconds, now)
            if day_seconds is None:
                scripts.advance(ledger, number, to, now)

    def events(self, numbers: Sequence[str]) -> list[CarrierEvent]:
        """Everything that has happened to these parcels by now."""
        with self._transaction() as ledger:
            scripts.let_time_pass(ledger, numbers, self._clock())
            return scripts.told(ledger, numbers)

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


class SandboxCarrier:
    """The unstamped letter: free, everywhere, and only ever a test."""

    code = "sendcloud"
    name = "Sendcloud"
    numbering = Numbering.NUMBER_AT_BOOKING
    needs_contract = False
    certain_after_seconds = 0  # a booking is in the ledger before the call ends, or never
    longest_number = "SCTESTWWWWWWWW"
    options: tuple[ShippingOption, ...] = (
        ShippingOption(
            "sendcloud:letter",
            "Unstamped letter",
            heaviest=Weight(Decimal(30), "kg"),
            most_parcels=50,
            price=Money(Decimal(0), "EUR"),
            v2_id=8,
            functionalities={
                "b2b": True,
                "b2c": True,
                "form_factor": "letter",
                "last_mile": "home_delivery",
                "tracked": True,
            },
        ),
    )

    address_limits = AddressLimits(
        name=50,
        company_name=50,
        address_line_1=60,
        address_line_2=60,
        house_number=20,
        city=30,
        postal_code=12,
        phone_number=20,
        email=64,
    )
    """Those of the example carrier on the API's page "Address field limits" (2026-07)."""

    most_tracked = 100
    lives: Mapping[str, str] = {name: stations[-1].status.message for name, stations in scripts.LIVES.items()}

    def __init__(self, data: Path, clock: Callable[[], datetime] = _now, number_of: NumberOf = _any_number) -> None:
        """Keeps its ledger in the folder `data`."""
        self.ledger = Ledger(data / LEDGER, clock, number_of)

    def announce(self, booking: Booking) -> Announced:
        """Books, unless a fault is due."""
        fault = self.ledger.next_fault()
        if fault is Fault.REFUSE:
            raise CarrierRejected("The sandbox refused the shipment, as it was told to. Nothing was booked.")
        if fault is Fault.UNREACHABLE:
            raise CarrierUnavailable
        if fault is Fault.SILENT_BEFORE:
            raise CarrierOutcomeUnknown
        numbers = self.ledger.book(booking)
        if fault is Fault.SILENT_AFTER:
            raise CarrierOutcomeUnknown
        return Announced(numbers)

    def look_up(self, reference: str) -> Announced | None:
        """What the ledger has under our reference."""
        numbers = self.ledger.numbers(reference)
        return Announced(numbers) if numbers else None

    def cancel(self, booking: Booking) -> bool:
        """Takes the booking back."""
        return self.ledger.cancel(booking.reference)

    def events(
        self,
        tracking_numbers: Sequence[str],
        contract_data: Mapping[str, str],  # noqa: ARG002 - its parcels need no contract
    ) -> list[CarrierEvent]:
        """What the parcels' scripts say."""
        return self.ledger.events(tracking_numbers)

    def advance(
        self, tracking_number: str, *, to: ParcelStatus | None, life: str | None, day_seconds: int | None
    ) -> None:
        """Moves a parcel along its script, or has it go on by itself."""
        self.ledger.advance(tracking_number, to, life, day_seconds)

    def ledger_entries(self) -> list[LedgerEntry]:
        """What was really booked."""
        return self.ledger.entries()

    def close(self) -> None:
        """Closes the ledger."""
        self.ledger.close()

    def printed(self, tracking_number: str) -> str:
        """`SCTEST 1234 5678`."""
        return " ".join([tracking_number[:6], tracking_number[6:10], tracking_number[10:]])
