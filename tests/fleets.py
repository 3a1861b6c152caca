"""A carrier that takes shipping options of its accounts, for tests."""

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

from kolli.carriers.base import Announced, Booking, Numbering, ShippingOption
from kolli.values import Weight


class Fleet:
    """A fleet of one's own: numbers at booking, no contract, one option that it declares, and whatever is added."""

    code = "fleet"
    name = "Own fleet"
    numbering = Numbering.OWN_NUMBER
    needs_contract = False
    longest_number = "FLEET0000000000"
    takes_own_options = True
    options: tuple[ShippingOption, ...] = (
        ShippingOption("fleet:standard", "Standard", heaviest=Weight(Decimal(20), "kg")),
    )

    def __init__(self, data: Path | None = None) -> None:
        """Keeps no files."""

    def number(self, serial: int, contract_data: Mapping[str, str], option_code: str) -> str:  # noqa: ARG002
        """`FLEET` and the serial."""
        return f"FLEET{serial:010d}"

    def announce(self, booking: Booking) -> Announced:
        """Says yes."""
        return Announced(booking.numbers)

    def cancel(self, booking: Booking) -> bool:
        """Says yes."""
        return bool(booking.numbers)

    def printed(self, tracking_number: str) -> str:
        """As it is."""
        return tracking_number
