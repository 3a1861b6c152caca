"""What a carrier must be able to do.

A carrier is one class with the members of `Carrier`. What it can do beyond that, it says by having the members of
another protocol here, such as `LooksUp`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Literal, Protocol, runtime_checkable

from kolli.shipments.model import Draft
from kolli.values import Weight


class Numbering(Enum):
    """How a carrier's parcels get their tracking numbers, which decides what may be done when an answer is lost."""

    OWN_NUMBER = "own number"
    """We allocate from the contract's range; announcing again with the same number changes nothing."""

    NUMBER_AT_BOOKING = "number at booking"
    """The carrier decides. Never ask twice; look up by our reference what has become of the first time."""


Requirement = Literal["email", "phone_number", "dimensions", "service_point_details"]


@dataclass(frozen=True)
class ShippingOption:
    """One way a carrier moves a parcel."""

    code: str
    name: str  # what stands in large type on the label
    heaviest: Weight
    countries: frozenset[str] | None = None  # where it delivers (ISO 3166-1 alpha-2); None: everywhere
    from_countries: frozenset[str] | None = None  # where it collects
    requires: tuple[Requirement, ...] = ()  # what an order must have beyond an address and a weight


@dataclass(frozen=True)
class Booking:
    """What we ask a carrier for. `reference` names it on every try; `numbers` are set for own-number carriers."""

    reference: str
    draft: Draft
    contract_data: Mapping[str, str]
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Announced:
    """A carrier's yes: one tracking number for each box, in their order."""

    tracking_numbers: tuple[str, ...]


class Carrier(Protocol):
    """A company that moves parcels. Its members are declarations, and `announce`, the one thing that may cost money."""

    code: str
    name: str
    numbering: Numbering
    options: tuple[ShippingOption, ...]
    needs_contract: bool
    """Whether a contract of the account's own is needed; else the installation's built-in one serves."""

    longest_number: str
    """A tracking number of the greatest length and width there is, to see beforehand whether a label has room."""

    def announce(self, booking: Booking) -> Announced:
        """Tells the carrier about a shipment.

        Raises CarrierRejected (it said no), CarrierUnavailable (it never heard us) or CarrierOutcomeUnknown (it may
        have heard us), and nothing else on purpose.
        """

    def cancel(self, booking: Booking) -> bool:
        """Takes an announcement back; True when the carrier agrees, or has agreed before.

        Raises like `announce` when the carrier cannot be asked or does not answer.
        """

    def printed(self, tracking_number: str) -> str:
        """The tracking number in the groups people read it in."""


@runtime_checkable
class Numbers(Protocol):
    """A carrier whose numbers we allocate."""

    def number(self, serial: int, contract_data: Mapping[str, str]) -> str:
        """The tracking number for a serial number from the contract's range; the same for the same serial."""


@runtime_checkable
class LooksUp(Protocol):
    """A carrier that can be asked what has become of an announcement."""

    certain_after_seconds: int
    """How long after an announcement a look-up that finds nothing is final: until then it may still be on its way."""

    def look_up(self, reference: str) -> Announced | None:
        """What was booked under our reference; None when the carrier knows of nothing.

        Raises CarrierUnavailable when it cannot say.
        """
