"""Carriers whose every announcement a test can step into; what they booked is in a ledger that no test writes."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from kolli.carriers.base import Announced, Booking, Numbering, ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
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
