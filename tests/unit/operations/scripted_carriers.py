"""Carriers whose every announcement a test can step into; what they booked is in a ledger that no test writes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from kolli.carriers.base import Announced, Booking, Numbering, ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.errors import CarrierOutcomeUnknown, PartlyBooked
from kolli.values import Weight

Step = Callable[[Booking], None]


class Death(BaseException):
    """The process ends here: no handler of ours may make anything of it."""


def nothing(booking: Booking) -> None:
    """What usually happens before and after a booking."""


@dataclass
class Raises:
    """A step that raises the given errors, one announcement after the other, and then none."""

    errors: list[BaseException]

    def __call__(self, booking: Booking) -> None:
        if self.errors:
            raise self.errors.pop(0)


class ScriptedSandbox(SandboxCarrier):
    """The sandbox, with a step of the test's own before and after each booking."""

    def __init__(self, folder: Path, *, before: Step = nothing, after: Step = nothing) -> None:
        super().__init__(folder)
        self.before, self.after = before, after

    def announce(self, booking: Booking) -> Announced:
        self.before(booking)
        announced = super().announce(booking)
        self.after(booking)
        return announced


class ScriptedPost(PostNL):
    """An own-number carrier that has to be reached, and keeps every number it was told, each time it was told."""

    def __init__(self, folder: Path, *, before: Step = nothing, after: Step = nothing) -> None:
        super().__init__(folder)
        self.before, self.after = before, after
        self.told: list[tuple[str, ...]] = []

    def announce(self, booking: Booking) -> Announced:
        self.before(booking)
        self.told.append(booking.numbers)
        self.after(booking)
        return Announced(booking.numbers)


class Forgetful:
    """A carrier that decides on its numbers and cannot be asked about them later."""

    code = "forgetful"
    name = "Forgetful"
    numbering = Numbering.NUMBER_AT_BOOKING
    needs_contract = False
    longest_number = "F0000001"
    options: tuple[ShippingOption, ...] = (
        ShippingOption("forgetful:parcel", "Parcel", heaviest=Weight(Decimal(30), "kg")),
    )

    def __init__(
        self, *, after: Step = nothing, numbers: tuple[str, ...] = ("F0000001",), cancels: bool = True
    ) -> None:
        self.after, self.numbers, self.cancels = after, numbers, cancels

    def announce(self, booking: Booking) -> Announced:
        self.after(booking)
        return Announced(self.numbers)

    def cancel(self, booking: Booking) -> bool:
        return self.cancels

    def printed(self, tracking_number: str) -> str:
        return tracking_number


class Reserving:
    """A carrier that reserves numbers first, with a step of the test's own around each question.

    It keeps what it has reserved and what it was told to book: announcing a number again changes nothing.
    """

    code = "reserving"
    name = "Reserving"
    numbering = Numbering.RESERVE_THEN_CONFIRM
    needs_contract = False
    longest_number = "R0000001"
    options: tuple[ShippingOption, ...] = (
        ShippingOption("reserving:parcel", "Parcel", heaviest=Weight(Decimal(30), "kg"), most_parcels=10),
    )

    def __init__(
        self, *, reserves: Step = nothing, before: Step = nothing, after: Step = nothing, numbers: object = None
    ) -> None:
        self.reserves, self.before, self.after, self.numbers = reserves, before, after, numbers
        self.reserved: list[object] = []
        self.told: list[tuple[str, ...]] = []
        self.booked: set[str] = set()

    def reserve(self, booking: Booking) -> Sequence[str]:
        self.reserves(booking)
        first = 10 * len(self.reserved) + 1
        usual = tuple(f"R{first + place:07d}" for place in range(len(booking.draft.boxes)))
        self.reserved.append(usual)
        return usual if self.numbers is None else self.numbers  # type: ignore[return-value]  # nonsense, too

    def announce(self, booking: Booking) -> Announced:
        self.before(booking)
        self.told.append(booking.numbers)
        self.booked |= set(booking.numbers)
        self.after(booking)
        return Announced(booking.numbers)

    def cancel(self, booking: Booking) -> bool:
        self.booked -= set(booking.numbers)
        return True

    def printed(self, tracking_number: str) -> str:
        return tracking_number


class InParts(SandboxCarrier):
    """The sandbox, which books boxes one by one and fails at the given one; and does not always take them back.

    `cancels` says what comes of being asked so, one time after the other: an error, a yes, a no or nonsense.
    """

    def __init__(self, folder: Path, *, fails_at: int, cancels: Sequence[object] = (), says: bool = True) -> None:
        super().__init__(folder)
        self.fails_at, self.cancels, self.says = fails_at, list(cancels), says
        self.asked = 0

    def announce(self, booking: Booking) -> Announced:
        some = replace(booking.draft, boxes=booking.draft.boxes[: self.fails_at - 1])
        self.ledger.book(replace(booking, draft=some))
        if self.says:
            raise PartlyBooked(f"Parcel {self.fails_at} was refused: too heavy.")
        raise CarrierOutcomeUnknown

    def cancel(self, booking: Booking) -> bool:
        self.asked += 1
        answer = self.cancels.pop(0) if self.cancels else True
        if isinstance(answer, BaseException):
            raise answer
        return answer and super().cancel(booking) if isinstance(answer, bool) else answer  # type: ignore[return-value]
