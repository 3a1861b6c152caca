"""What a carrier must be able to do.

A carrier is one class with the members of `Carrier`. What it can do beyond that, it says by having the members of
another protocol here, such as `LooksUp`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import cached_property, lru_cache
from typing import Literal, Protocol, runtime_checkable

from kolli.addresses import USUAL_LIMITS, AddressLimits
from kolli.carriers.functionalities import Functionality, completed
from kolli.documents.layouts.parts import LabelParts
from kolli.shipments.model import Draft, ParcelStatus
from kolli.values import Dimensions, Money, Weight


class Numbering(Enum):
    """How a carrier's parcels get their tracking numbers, which decides what may be done when an answer is lost."""

    OWN_NUMBER = "own number"
    """We allocate from the contract's range; announcing again with the same number changes nothing."""

    RESERVE_THEN_CONFIRM = "reserve then confirm"
    """The carrier gives numbers first, which costs nothing, and books them then; confirming again with the same numbers
    changes nothing."""

    NUMBER_AT_BOOKING = "number at booking"
    """The carrier decides. Never ask twice; look up by our reference what has become of the first time."""


Requirement = Literal["email", "phone_number", "dimensions", "service_point_details"]

RequiredField = Literal["to_email", "to_telephone", "length", "width", "height"]

REQUIRED_FIELDS: Mapping[Requirement, tuple[RequiredField, ...]] = {
    "email": ("to_email",),
    "phone_number": ("to_telephone",),
    "dimensions": ("length", "width", "height"),
    "service_point_details": (),  # has a member of its own
}
"""Requirement → the fields that the API says it by. Source: Shipping Options, `requirements` (2026-07)."""

ChargingType = Literal["label_creation", "first_scan"]


@dataclass(frozen=True)
class ShippingOption:
    """One way a carrier moves a parcel: what it costs, takes, needs and does. What is not known is None.

    Whatever is refused on the way to a label because of an option is refused by the methods here, so that what is
    offered beforehand is what can be shipped.
    """

    code: str
    name: str  # what stands in large type on the label
    heaviest: Weight
    countries: frozenset[str] | None = None  # where it delivers (ISO 3166-1 alpha-2); None: everywhere
    from_countries: frozenset[str] | None = None  # where it collects
    requires: tuple[Requirement, ...] = ()  # what an order must have beyond an address and a weight
    title: str = ""  # how lists call it, the carrier's name included; empty: like on the label
    product_name: str = ""  # what the carrier calls the product; empty: like the title
    lightest: Weight = Weight(Decimal("0.001"), "kg")  # noqa: RUF009 - a frozen value
    largest: Dimensions | None = None  # of one parcel, whichever way it is turned
    most_parcels: int = 1  # in one shipment
    volumetric_divisor: int | None = None  # cubic centimetres that are billed as a kilogram; None: only weight counts
    price: Money | None = None  # of one parcel, whatever its weight and destination
    insured: Money | None = None  # for how much a shipment is insured by it, whether somebody asks for it or not
    lead_time_hours: int | None = None  # from handing over to delivery
    charging_type: ChargingType = "label_creation"
    v2_id: int | None = None  # the number of the shipping method that version 2 of the API has for it
    functionalities: Mapping[str, Functionality] = field(default_factory=dict, hash=False)
    """What it does, by the names of `kolli.carriers.functionalities`; `multicollo` follows from `most_parcels`."""

    def __post_init__(self) -> None:
        """Fills in names and functionalities, so that each is there; ValueError when one cannot have its value."""
        complete = completed({**self.functionalities, "multicollo": self.most_parcels > 1})
        object.__setattr__(self, "functionalities", complete)
        object.__setattr__(self, "title", self.title or self.name)
        object.__setattr__(self, "product_name", self.product_name or self.title)

    @property
    def product_code(self) -> str:
        """The part of the code that names the carrier's product, before the functionalities."""
        return self.code.partition("/")[0]

    @property
    def most_insured(self) -> Money | None:
        """For how much it can be insured at most; None: nobody knows.

        In the currency of what it insures anyway, else in that of its price, else in euros.
        """
        most = self.functionalities["insurance"]
        if most is None:
            return self.insured
        named = self.insured or self.price
        return Money(Decimal(most), named.currency if named else "EUR")

    @property
    def required_fields(self) -> tuple[RequiredField, ...]:
        """What a shipment must have beyond the usual, by the API's names of it."""
        return tuple(field for requirement in self.requires for field in REQUIRED_FIELDS[requirement])

    @property
    def needs_service_point(self) -> bool:
        """Whether it is not shipped without a service point."""
        return "service_point_details" in self.requires

    @property
    def goes_to_service_point(self) -> bool:
        """Whether it ends where the buyer collects the parcel."""
        return self.functionalities["last_mile"] in {"service_point", "locker", "locker_or_service_point"}

    def connects(self, sender_country: str | None, recipient_country: str | None) -> bool:
        """Whether it goes from one country to the other. A country that is not known yet stands in nobody's way."""
        return (sender_country is None or self.from_countries is None or sender_country in self.from_countries) and (
            recipient_country is None or self.countries is None or recipient_country in self.countries
        )

    def takes(self, weight: Weight | None, dimensions: Dimensions | None) -> bool:
        """Whether a parcel is neither too light nor too heavy nor too large. What is not known is not."""
        lightest, heaviest, largest = self._limits
        if weight is not None and not lightest <= weight.grams <= heaviest:
            return False
        if dimensions is None or largest is None:
            return True
        short, middle, long = _from_the_shortest(dimensions)
        return short <= largest[0] and middle <= largest[1] and long <= largest[2]

    @cached_property
    def _limits(self) -> tuple[Decimal, Decimal, tuple[Decimal, ...] | None]:
        """The least and the greatest weight in grams, and the sides in millimetres from the shortest."""
        largest = None if self.largest is None else _from_the_shortest(self.largest)
        return self.lightest.grams, self.heaviest.grams, largest


@lru_cache(1_000)
def _from_the_shortest(dimensions: Dimensions) -> tuple[Decimal, ...]:
    """The sides of a box in millimetres. Every option is asked about the same box."""
    return tuple(sorted(dimensions.sides_mm))


@dataclass(frozen=True)
class Booking:
    """What we ask a carrier for. `reference` names it on every try; `numbers` are set for own-number carriers."""

    reference: str
    draft: Draft
    contract_data: Mapping[str, str]
    numbers: tuple[str, ...] = ()


LONGEST_NUMBER = 40
"""Characters of a tracking number."""

_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z./_-]*")


def can_be_a_number(text: object) -> bool:
    """Whether a tracking number can be this.

    A barcode can hold it, and there is nothing in it that a printer, a spreadsheet or a page would take for a command.
    """
    return isinstance(text, str) and len(text) <= LONGEST_NUMBER and _NUMBER.fullmatch(text) is not None


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

        All boxes of it or none. Where they are booked one by one and one of them fails, those before it are taken back;
        PartlyBooked, naming them, when that cannot be done here and now: `cancel` is called then.

        Raises CarrierRejected (it said no), CarrierUnavailable (it never heard us) or CarrierOutcomeUnknown (it may
        have heard us), and nothing else on purpose. `kolli.carriers.answers` knows which of them an answer means.
        """

    def cancel(self, booking: Booking) -> bool:
        """Takes an announcement back, also one that was booked in part; True when the carrier agrees, or has before.

        Raises like `announce` when the carrier cannot be asked or does not answer.
        """

    def printed(self, tracking_number: str) -> str:
        """The tracking number in the groups people read it in."""


@runtime_checkable
class TakesOptions(Protocol):
    """A carrier that also carries shipping options that an account has added itself.

    Their codes begin with the carrier's and a colon, and are none that the carrier declares. It gets them like its own.
    """

    takes_own_options: bool


@runtime_checkable
class Numbers(Protocol):
    """A carrier whose numbers we allocate."""

    def number(self, serial: int, contract_data: Mapping[str, str], option_code: str) -> str:
        """The tracking number for a serial number from the contract's range; the same for the same serial and option.

        Two serials never give the same number, whatever the options. CarrierRejected when there is none for it.
        """


@runtime_checkable
class Reserves(Protocol):
    """A carrier that gives numbers before it books them."""

    def reserve(self, booking: Booking) -> Sequence[str]:
        """A number for each box, in their order. Nothing is paid for; a number that is not booked is simply never used.

        Raises like `announce`; that nobody knows the outcome does no harm here.
        """


PRINTED_NAME = "printed_name"
"""Where a carrier that stands for many has the name of the one that a contract is with."""

PRINTED_NOTICE = "printed_notice"
"""Where what a test label says of its layout is kept with a draft: nothing where the carrier has approved of it."""


@runtime_checkable
class PrintsLabels(Protocol):
    """A carrier whose labels have parts of their own, as its specification wants."""

    label_is_certified: bool
    """Whether the carrier has approved of these labels. Else they say so until the contract is marked live."""

    def printed_details(self, contract_data: Mapping[str, str]) -> dict[str, str]:
        """What of a contract stands on labels. It is frozen with the draft, as the contract may change later.

        What stands under `PRINTED_NAME` there is printed in place of the carrier's name.
        """

    def label_parts(self, draft: Draft, box_number: int, tracking_number: str) -> LabelParts:
        """The parts of the label of one box; the same for the same draft, for ever.

        Raises Impossible or Missing naming a field of the draft, such as `recipient.postal_code`, when something about
        it has no place in the carrier's codes.
        """


def label_details(carrier: Carrier, contract_data: Mapping[str, str]) -> dict[str, str]:
    """What is frozen with a draft because its labels need it, by the names above and those of the carrier.

    Also the notice: a label is drawn as on its first day when its carrier has approved of the layout since.
    """
    if not isinstance(carrier, PrintsLabels):
        return {}
    details = carrier.printed_details(contract_data)
    if carrier.label_is_certified:
        return details
    name = details.get(PRINTED_NAME) or carrier.name
    return {**details, PRINTED_NOTICE: f"The layout of this label has not been certified by {name}"}


@runtime_checkable
class LooksUp(Protocol):
    """A carrier that can be asked what has become of an announcement."""

    certain_after_seconds: int
    """How long after an announcement a look-up that finds nothing is final: until then it may still be on its way."""

    def look_up(self, reference: str) -> Announced | None:
        """What was booked under our reference; None when the carrier knows of nothing.

        Raises CarrierUnavailable when it cannot say.
        """


FieldType = Literal["string", "boolean", "choice"]


@dataclass(frozen=True)
class ContractField:
    """One thing that a carrier asks for in a contract; its answer stands in the contract's data under this name."""

    name: str
    description: str
    is_required: bool = True
    type: FieldType = "string"
    choices: Mapping[str, str] = field(default_factory=dict, hash=False)  # code → description, for a choice
    is_secret: bool = False  # such as a password: not shown while it is typed
    is_client_id: bool = False  # what the carrier knows the account by: shown, and what lists are filtered by


@runtime_checkable
class AsksForContracts(Protocol):
    """A carrier that has to know something about a contract before anything is shipped under it."""

    contract_form: tuple[ContractField, ...]


@runtime_checkable
class ChecksContracts(Protocol):
    """A carrier that knows more about what can stand in a contract than its form says."""

    def problem_with(self, contract_data: Mapping[str, str]) -> str | None:
        """What is wrong with the data of a contract that is as the form wants it, in a sentence; None: nothing.

        It may ask the carrier. CarrierUnavailable when that cannot be asked.
        """


@dataclass(frozen=True)
class CarrierEvent:
    """What a carrier says has happened to a parcel, and where: a place and a country (ISO 3166-1 alpha-2), if known."""

    tracking_number: str
    status: ParcelStatus
    at: datetime
    description: str = ""
    city: str = ""
    country: str = ""


@runtime_checkable
class KeepsFiles(Protocol):
    """A carrier with files or connections of its own."""

    def close(self) -> None:
        """Closes them; nothing is asked of the carrier any more."""


@runtime_checkable
class Tracks(Protocol):
    """A carrier that says what happens to parcels."""

    most_tracked: int
    """How many parcels it can be asked about at a time."""

    def events(self, tracking_numbers: Sequence[str], contract_data: Mapping[str, str]) -> Sequence[CarrierEvent]:
        """Everything that has happened to these parcels, in any sequence, also what was told before.

        What it does not know of it says nothing about. Raises CarrierUnavailable when it cannot say.
        """


@runtime_checkable
class Advances(Protocol):
    """A carrier that moves no real parcels, and has them live by a script."""

    lives: Mapping[str, str]
    """The names of its scripts, and how each ends."""

    def advance(
        self, tracking_number: str, *, to: ParcelStatus | None, life: str | None, day_seconds: int | None
    ) -> None:
        """Moves a parcel one station on, or as far as one with the status `to`.

        `life` chooses another script first. With `day_seconds` the parcel does not move now but goes on by itself,
        and a day of its life takes that long; 0 stops it. Raises Impossible when there is no such way on.
        """


class LedgerLine(Protocol):
    """One box that a carrier says it has booked."""

    @property
    def reference(self) -> str:
        """By which we have named the booking: the shipment's id."""

    @property
    def box(self) -> int:
        """Its place in the shipment, from 1."""

    @property
    def tracking_number(self) -> str:
        """Its number."""

    @property
    def order_number(self) -> str:
        """The order it belongs to."""

    @property
    def is_cancelled(self) -> bool:
        """Whether the booking was taken back."""

    @property
    def booked_at(self) -> datetime:
        """When it was booked."""


@runtime_checkable
class KeepsLedger(Protocol):
    """A carrier for tests that shows what it has really booked, whatever we were told."""

    def ledger_entries(self) -> Sequence[LedgerLine]:
        """Everything it has booked, oldest first."""


@runtime_checkable
class LimitsAddresses(Protocol):
    """A carrier that has room for other lengths of addresses than is usual."""

    address_limits: AddressLimits


def limits_of(carrier: Carrier) -> AddressLimits:
    """How long the parts of an address may be for this carrier."""
    return carrier.address_limits if isinstance(carrier, LimitsAddresses) else USUAL_LIMITS
