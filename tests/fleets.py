"""A carrier that takes shipping options of its accounts, for tests."""

from decimal import Decimal
from pathlib import Path

from kolli.carriers.base import Announced, Booking, Numbering, ShippingOption
from kolli.values import Weight


class Fleet:
    """A fleet of one's own: numbers at booking, no contract, one option that it declares, and whatever is added."""

    code = "fleet"
    name = "Own fleet"
    numbering = Numbering.NUMBER_AT_BOOKING
    needs_contract = False
    longest_number = "FLEET000000000000000-50"
    certain_after_seconds = 0
    takes_own_options = True
    options: tuple[ShippingOption, ...] = (
        ShippingOption("fleet:standard", "Standard", heaviest=Weight(Decimal(20), "kg")),
    )

    def __init__(self, data: Path | None = None) -> None:
        """Keeps no files."""

    def announce(self, booking: Booking) -> Announced:
        """Says yes; numbers are made of our reference."""
        serial = int.from_bytes(booking.reference.encode(), "big") % 10**15
        return Announced(tuple(f"FLEET{serial:015}-{box}" for box, _ in enumerate(booking.draft.boxes)))

    def look_up(self, reference: str) -> Announced | None:
        """Knows of nothing."""
        return None

    def cancel(self, booking: Booking) -> bool:
        """Says yes."""
        return True

    def printed(self, tracking_number: str) -> str:
        """As it is."""
        return tracking_number
