"""Carriers as they are at their worst, with a ledger of their own that survives whatever happens to us.

Each is of one class of numbering, and goes wrong as the seed says. What stands in the ledger was booked, and is paid
for unless it was taken back: the ledger is the oracle, and nothing of ours writes into it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from kolli.carriers.base import Announced, Booking, Numbering, ShippingOption
from kolli.errors import CarrierOutcomeUnknown, CarrierRejected, CarrierUnavailable, PartlyBooked
from kolli.shipments.model import Draft
from kolli.values import Weight
from tests.chaos.simulation.scheduler import Scheduler

CERTAIN_AFTER_SECONDS = 120
"""How late, at most, the carriers that can be asked book what they were told."""

FAULTS: Mapping[str, int] = {
    "": 60,
    "refuses": 5,
    "unavailable": 7,
    "silent before": 5,
    "silent after": 8,
    "late": 5,
    "slow": 8,
    "nonsense": 4,
    "nonsense, nothing booked": 2,
    "breaks": 2,
    "partly": 5,
}
"""What an announcement meets, and how often."""

CANCEL_FAULTS: Mapping[str, int] = {
    "": 60,
    "says no": 12,
    "unavailable": 8,
    "silent before": 6,
    "silent after": 8,
    "slow": 6,
}

ARRIVES_AFTER_MS = 60_000
ANSWERS_AFTER_MS = 20_000
SLOWEST_MS = 420_000
"""Longer than a lease, so that somebody may have acted meanwhile."""


LONGEST_LOOK_UP_MS = 60_000


@dataclass(eq=False)
class Entry:
    """One booking: what was told, and which numbers it has."""

    carrier: str
    reference: str
    numbers: tuple[str, ...]
    draft: Draft
    is_partial: bool = False
    is_cancelled: bool = False

    @property
    def order(self) -> str:
        """Which purchase it is for: the order, or what the client calls its parcels."""
        return self.draft.shop_order_id or f"parcels {self.draft.order_number}"


@dataclass
class Ledger:
    """What the carriers have booked, oldest first. `changes` tells when there is something new to look at."""

    entries: list[Entry] = field(default_factory=list)
    changes: int = 0
    told: list[tuple[str, Draft]] = field(default_factory=list)  # reference, draft of every announcement

    def live(self, reference: str | None = None) -> list[Entry]:
        """The bookings that have to be paid for."""
        return [entry for entry in self.entries if not entry.is_cancelled and reference in {None, entry.reference}]

    def add(self, entry: Entry) -> None:
        """A booking is made."""
        self.entries.append(entry)
        self.changes += 1

    def cancel(self, entries: Sequence[Entry]) -> None:
        """Bookings are taken back."""
        for entry in entries:
            entry.is_cancelled = True
        self.changes += 1


@dataclass
class Network:
    """What is on its way to the carriers, and what goes wrong there. `is_fair` is when nothing does any more."""

    scheduler: Scheduler
    ledger: Ledger = field(default_factory=Ledger)
    counts: Counter[str] = field(default_factory=Counter)
    is_fair: bool = False
    on_its_way: list[tuple[int, Callable[[], None]]] = field(default_factory=list)  # when it arrives, at the latest
    serial: int = 0

    def fault(self, table: Mapping[str, int], besides: Sequence[str] = ()) -> str:
        """What goes wrong now; empty: nothing."""
        if self.is_fair:
            return ""
        names = [name for name in table if name not in besides]
        (drawn,) = self.scheduler.random.choices(names, [table[name] for name in names])
        return drawn

    def travel(self) -> None:
        """A request is on its way, sometimes for long."""
        if self.fault({"": 5, "slowly": 1}):
            self.counts["carrier: heard of it late"] += 1
            self.scheduler.sleep(self.scheduler.random.randrange(ARRIVES_AFTER_MS))

    def arrive(self, *, all_of_it: bool = False) -> None:
        """Brings to the carriers what has been on its way for long enough."""
        now = self.scheduler.now
        for due in [due for due in self.on_its_way if all_of_it or due[0] <= now]:
            self.on_its_way.remove(due)
            due[1]()

    def next_number(self, prefix: str) -> str:
        """A number that no carrier has given yet."""
        self.serial += 1
        return f"{prefix}{self.serial:08}"


class ModelCarrier:
    """What the carriers have in common. A subclass says how its numbers come about, and whether it can be asked."""

    code: str
    name: str
    numbering: Numbering
    needs_contract = False
    longest_number = "W00000000"
    options: tuple[ShippingOption, ...]
    has_late_bookings = False
    repeats_are_harmless = False

    def __init__(self, network: Network) -> None:
        self.network = network
        self.options = (
            ShippingOption(f"{self.code}:parcel", "Parcel", heaviest=Weight(Decimal(30), "kg"), most_parcels=20),
        )

    # What kolli calls

    def announce(self, booking: Booking) -> Announced:
        """Books, or does not, and says so, or does not."""
        network, scheduler = self.network, self.network.scheduler
        scheduler.pause(f"tells {self.code} of {_short(booking.reference)}")
        network.travel()
        network.ledger.told.append((booking.reference, booking.draft))
        besides = [] if self.has_late_bookings else ["late"]
        besides += [] if len(booking.draft.boxes) > 1 else ["partly"]
        fault = network.fault(FAULTS, besides)
        network.counts[f"carrier: {fault or 'yes'}"] += 1
        if fault:
            scheduler.say(f"the carrier: {fault}")
        self.check_repeat(booking)
        match fault:
            case "refuses":
                raise self._after_a_pause(CarrierRejected("It does not go there."))
            case "unavailable":
                raise self._after_a_pause(CarrierUnavailable())
            case "silent before":
                raise self._after_a_pause(CarrierOutcomeUnknown())
            case "nonsense, nothing booked":
                return Announced(())
            case "late":
                within = scheduler.random.randrange(CERTAIN_AFTER_SECONDS * 1_000)
                network.on_its_way.append((scheduler.now + within, lambda: self._book_late(booking)))
                raise self._after_a_pause(CarrierOutcomeUnknown())
            case "partly":
                taken = scheduler.random.randrange(1, len(booking.draft.boxes))
                self._book(booking, boxes=taken)
                raise self._after_a_pause(PartlyBooked(f"It has booked {taken} of {len(booking.draft.boxes)} parcels."))
        numbers = self._book(booking)
        match fault:
            case "silent after":
                raise self._after_a_pause(CarrierOutcomeUnknown())
            case "slow":
                scheduler.sleep(scheduler.random.randrange(SLOWEST_MS))
            case "nonsense":
                answers: list[tuple[str, ...]] = [numbers[1:], (*numbers, "X1"), ("<html>" * 9,) * len(numbers)]
                numbers = answers[scheduler.random.randrange(3)]
            case "breaks":
                raise self._after_a_pause(KeyError("labels"))
        scheduler.pause(f"hears of {', '.join(number[:12] for number in numbers)}")
        return Announced(numbers)

    def cancel(self, booking: Booking) -> bool:
        """Takes back all that is booked under a reference, if it agrees."""
        network, scheduler = self.network, self.network.scheduler
        scheduler.pause(f"asks {self.code} to take {_short(booking.reference)} back")
        fault = network.fault(CANCEL_FAULTS)
        network.counts[f"cancel: {fault or 'yes'}"] += 1
        if fault:
            scheduler.say(f"the carrier, asked to take it back: {fault}")
        match fault:
            case "says no":
                return self._is_taken_back(booking)
            case "unavailable":
                raise self._after_a_pause(CarrierUnavailable())
            case "silent before":
                raise self._after_a_pause(CarrierOutcomeUnknown())
        known = [entry for entry in network.ledger.entries if entry.reference == booking.reference]
        network.ledger.cancel(known)
        if fault == "silent after":
            raise self._after_a_pause(CarrierOutcomeUnknown())
        if fault == "slow":
            scheduler.sleep(scheduler.random.randrange(SLOWEST_MS))
        scheduler.pause(f"hears that {_short(booking.reference)} is {'' if known else 'not '}taken back")
        return bool(known)

    def printed(self, tracking_number: str) -> str:
        """The number as it is."""
        return tracking_number

    # How the classes differ

    def new_numbers(self, booking: Booking) -> tuple[str, ...]:
        """The numbers of a booking that is made now."""
        return tuple(self.network.next_number(self.longest_number[0]) for _ in booking.draft.boxes)

    def check_repeat(self, booking: Booking) -> None:
        """Raises what it says to what it knows already."""

    # Within

    def _book(self, booking: Booking, boxes: int | None = None) -> tuple[str, ...]:
        """Makes a booking; one that is repeated with its own numbers is the same one."""
        ledger = self.network.ledger
        numbers = self.new_numbers(booking)[:boxes]
        same = [entry for entry in ledger.entries if self.repeats_are_harmless and entry.numbers[:1] == numbers[:1]]
        if not same:
            ledger.add(Entry(self.code, booking.reference, numbers, booking.draft, is_partial=boxes is not None))
        elif len(same[0].numbers) < len(numbers):
            same[0].numbers, same[0].is_partial = numbers, False
            ledger.changes += 1
        return numbers

    def _book_late(self, booking: Booking) -> None:
        self.network.counts["carrier: a late booking arrived"] += 1
        self.network.scheduler.say(f"{self.code} books {_short(booking.reference)} at last")
        self._book(booking)

    def _is_taken_back(self, booking: Booking) -> bool:
        known = [entry for entry in self.network.ledger.entries if entry.reference == booking.reference]
        return bool(known) and all(entry.is_cancelled for entry in known)

    def _after_a_pause(self, error: Exception) -> Exception:
        self.network.scheduler.sleep(self.network.scheduler.random.randrange(ANSWERS_AFTER_MS))
        return error


class Asked(ModelCarrier):
    """It decides on its numbers, and can be asked what has become of a booking."""

    code, name, longest_number = "asked", "Asked", "A00000000"
    numbering = Numbering.NUMBER_AT_BOOKING
    certain_after_seconds = CERTAIN_AFTER_SECONDS
    has_late_bookings = True

    def look_up(self, reference: str) -> Announced | None:
        """What is booked under a reference."""
        network = self.network
        network.scheduler.pause(f"looks {_short(reference)} up")
        network.counts["look-up"] += 1
        fault = network.fault({"": 8, "unavailable": 2, "slow": 1})
        if fault == "unavailable":
            raise CarrierUnavailable
        found = network.ledger.live(reference)
        numbers = found[-1].numbers if found else ()
        if fault == "slow":
            network.counts["look-up: slow"] += 1
            network.scheduler.sleep(network.scheduler.random.randrange(LONGEST_LOOK_UP_MS))
        network.scheduler.pause(f"finds {', '.join(numbers) or 'nothing'} for {_short(reference)}")
        return Announced(numbers) if found else None


class Blind(ModelCarrier):
    """It decides on its numbers, and cannot be asked about them later."""

    code, name, longest_number = "blind", "Blind", "B00000000"
    numbering = Numbering.NUMBER_AT_BOOKING


class Ranged(ModelCarrier):
    """We allocate its numbers; some of its kind refuse what they have booked already."""

    code, name, longest_number = "ranged", "Ranged", "R00000000"
    numbering = Numbering.OWN_NUMBER
    needs_contract = True
    repeats_are_harmless = True

    def number(self, serial: int, contract_data: Mapping[str, str], option_code: str) -> str:
        """The serial, with a letter in front."""
        del contract_data, option_code
        return f"R{serial:08}"

    def new_numbers(self, booking: Booking) -> tuple[str, ...]:
        """Those that we were told."""
        return booking.numbers


class Refusing(Ranged):
    """The same, but what it has booked already it refuses to book again."""

    code, name, longest_number = "refusing", "Refusing", "F00000000"

    def number(self, serial: int, contract_data: Mapping[str, str], option_code: str) -> str:
        """The serial, with another letter in front."""
        return super().number(serial, contract_data, option_code).replace("R", "F")

    def check_repeat(self, booking: Booking) -> None:
        """Refuses what it knows already."""
        if any(set(entry.numbers) & set(booking.numbers) for entry in self.network.ledger.entries):
            self.network.counts["carrier: refused a repeat"] += 1
            self.network.scheduler.say("the carrier refuses it, because it has been booked before")
            raise self._after_a_pause(CarrierRejected("This number is in use."))


class Reserving(ModelCarrier):
    """It gives numbers first, which costs nothing, and books them then; the same ones as often as it is told."""

    code, name, longest_number = "reserving", "Reserving", "V00000000"
    numbering = Numbering.RESERVE_THEN_CONFIRM
    repeats_are_harmless = True

    def reserve(self, booking: Booking) -> Sequence[str]:
        """Numbers for the boxes."""
        network = self.network
        network.scheduler.pause(f"asks {self.code} for numbers for {_short(booking.reference)}")
        network.travel()
        network.counts["reserve"] += 1
        match network.fault({"": 12, "refuses": 1, "unavailable": 1, "silent": 2, "nonsense": 1}):
            case "refuses":
                raise CarrierRejected("It does not go there.")
            case "unavailable":
                raise CarrierUnavailable
            case "silent":
                raise CarrierOutcomeUnknown
            case "nonsense":
                return ()
        numbers = super().new_numbers(booking)
        network.scheduler.pause(f"is given {', '.join(numbers)}")
        return numbers

    def new_numbers(self, booking: Booking) -> tuple[str, ...]:
        """Those that it has given; without any, it gives new ones."""
        return booking.numbers or super().new_numbers(booking)


CARRIERS = (Asked, Blind, Ranged, Refusing, Reserving)


def _short(reference: str) -> str:
    return reference[-4:]
