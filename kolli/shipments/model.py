"""What is shipped: the draft that is frozen before anybody is asked, the shipment made from it, and its parcels."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Literal, Self

from kolli.values import Address, Dimensions, Money, Weight

DocumentType = Literal["label"]

Phase = Literal[
    "announcing", "announced", "ready_to_send", "no_label", "labelled", "dropped", "accepted", "sorted", "in_transit",
    "customs", "in_delivery", "attempted", "pup", "delivered", "cancelled", "none", "unknown",
]  # fmt: skip
"""The stations of a parcel's life, coarser than its status. Source: Event subscriptions, `parcel-event-phase`."""


class ParcelStatus(StrEnum):
    """Where a parcel is in its life.

    Code, sentence for people, number in version 2 of the API (None: it has none), and the phase of life it belongs to.
    Source: the list that `GET /parcels/statuses` gives (2026-09), and integrators for the numbers.
    """

    message: str
    number: int | None
    phase: Phase

    READY_TO_SEND = "READY_TO_SEND", "Ready to send", 1000, "ready_to_send"
    ANNOUNCING = "ANNOUNCING", "Being announced", 1001, "announcing"
    ANNOUNCED = "ANNOUNCED", "Announced", 1, "announced"
    ANNOUNCEMENT_FAILED = "ANNOUNCEMENT_FAILED", "Announcement failed", 1002, "none"
    NO_LABEL = "NO_LABEL", "No label", 999, "no_label"
    ANNOUNCED_UNCOLLECTED = "ANNOUNCED_UNCOLLECTED", "Announced: not collected", 13, "announced"
    COLLECT_ERROR = "COLLECT_ERROR", "Error collecting", 15, "announced"
    PICKED_UP_BY_DRIVER = "PICKED_UP_BY_DRIVER", "Shipment picked up by driver", 22, "accepted"
    TO_SORTING = "TO_SORTING", "En route to sorting center", 3, "in_transit"
    AT_SORTING_CENTRE = "AT_SORTING_CENTRE", "At sorting centre", 62990, "in_transit"
    SORTING = "SORTING", "Being sorted", 7, "sorted"
    SORTED = "SORTED", "Sorted", 5, "sorted"
    UNSORTED = "UNSORTED", "Not sorted", 6, "in_transit"
    AT_CUSTOMS = "AT_CUSTOMS", "At Customs", 62989, "customs"
    SHIPMENT_ON_ROUTE = "SHIPMENT_ON_ROUTE", "Parcel en route", 91, "in_transit"
    DRIVER_ON_ROUTE = "DRIVER_ON_ROUTE", "Driver en route", 92, "in_delivery"
    DELAYED = "DELAYED", "Delivery delayed", 4, "in_transit"
    DELIVERY_DATE_CHANGED = "DELIVERY_DATE_CHANGED", "Delivery date changed", 62994, "in_transit"
    DELIVERY_ADDRESS_CHANGED = "DELIVERY_ADDRESS_CHANGED", "Delivery address changed", 62995, "in_transit"
    DELIVERY_METHOD_CHANGED = "DELIVERY_METHOD_CHANGED", "Delivery method changed", 62993, "in_transit"
    AWAITING_CUSTOMER_PICKUP = "AWAITING_CUSTOMER_PICKUP", "Awaiting customer pickup", 12, "pup"
    COLLECTED_BY_CUSTOMER = "COLLECTED_BY_CUSTOMER", "Shipment collected by customer", 93, "delivered"
    DELIVERED = "DELIVERED", "Delivered", 11, "delivered"
    DELIVERY_FAILED = "DELIVERY_FAILED", "Delivery attempt failed", 8, "attempted"
    UNDELIVERABLE = "UNDELIVERABLE", "Unable to deliver", 80, "attempted"
    REFUSED_BY_RECIPIENT = "REFUSED_BY_RECIPIENT", "Refused by recipient", 62991, "attempted"
    RETURNED_TO_SENDER = "RETURNED_TO_SENDER", "Returned to sender", 62992, "delivered"
    ADDRESS_INVALID = "ADDRESS_INVALID", "Address invalid", 62997, "in_transit"
    EXCEPTION = "EXCEPTION", "Exception", 62996, "in_transit"
    CANCELLING_UPSTREAM = "CANCELLING_UPSTREAM", "Submitting cancellation request", 2001, "cancelled"
    CANCELLING = "CANCELLING", "Cancellation requested", 1999, "cancelled"
    CANCELLED_UPSTREAM = "CANCELLED_UPSTREAM", "Cancelled upstream", 1998, "cancelled"
    CANCELLED = "CANCELLED", "Cancelled", 2000, "cancelled"
    CANCELLATION_FAILED = "CANCELLATION_FAILED", "Parcel cancellation failed.", None, "ready_to_send"
    UNKNOWN = "UNKNOWN", "Unknown status - check carrier track & trace page for more insights", 1337, "unknown"

    def __new__(cls, code: str, message: str, number: int | None, phase: Phase) -> Self:
        """Gives every code what belongs to it."""
        status = str.__new__(cls, code)
        status._value_ = code
        status.message = message
        status.number = number
        status.phase = phase
        return status

    @classmethod
    def named(cls, text: str) -> "ParcelStatus | None":
        """The status with this code, in any letter case, or with this number of version 2."""
        return _NAMED.get(text.strip().upper())


_NAMED: Mapping[str, ParcelStatus] = (
    {"18": ParcelStatus.UNSORTED}  # a second number of the same status
    | {str(status.number): status for status in ParcelStatus if status.number is not None}
    | {status.value: status for status in ParcelStatus}
)

LABEL_IS_VOID = frozenset(
    {
        ParcelStatus.CANCELLING_UPSTREAM,
        ParcelStatus.CANCELLING,
        ParcelStatus.CANCELLED_UPSTREAM,
        ParcelStatus.CANCELLED,
    }
)
"""Where a parcel's label must not be stuck on anything any more."""


@dataclass(frozen=True)
class Box:
    """One parcel of a draft: what it weighs and measures, what is in it, and what its label says besides.

    `items` are documents in the form of the API's parcel items. `details` are those members of the parcel that Kolli
    keeps and returns and does not read.
    """

    weight: Weight
    dimensions: Dimensions | None = None
    items: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ServicePoint:
    """Where a buyer collects a parcel: our id, the carrier's own, or both.

    What it is called and where it is are known when the carrier's service points have been imported.
    """

    id: str | None = None
    carrier_service_point_id: str | None = None
    name: str = ""
    address: Address | None = None


Source = Literal["rule", "request", "order", "default", "sender_address", "carrier", "order_items"]
"""Who has decided something about a shipment."""


@dataclass(frozen=True)
class Step:
    """One thing that was decided about a shipment: which field got which value in place of which, and by whom.

    Values are as people read them: `postnl:standard`, `1.2 kg`, `517`; None is nothing. `rule_revision` says which
    state of the rule it was. `note` says what the three others cannot: why a default was passed over.
    """

    field: str
    before: str | None
    after: str | None
    source: Source
    rule_id: int | None = None
    rule_name: str = ""
    rule_revision: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Draft:
    """Everything a carrier and a label need to know, decided and complete.

    It is stored before the carrier is called and never changes: a label can be drawn from it again, the same to the
    byte, whatever has become of the order, the brand or the contract since.
    """

    sender: Address
    recipient: Address
    carrier_code: str
    carrier_name: str
    shipping_option_code: str
    shipping_option_name: str
    contract_id: int | None
    is_live: bool
    boxes: tuple[Box, ...]
    shipped_on: date
    tracking_base: str  # what the tracking link of every parcel begins with
    integration_id: int
    order_id: int | None  # our id of the order; None: shipped without one
    shop_order_id: str  # empty: shipped without an order
    order_number: str
    order_revision: int
    reference: str
    sender_address_id: int | None = None
    brand_id: int | None = None
    brand_name: str = ""
    logo_sha256: str | None = None
    external_reference_id: str | None = None
    service_point: ServicePoint | None = None
    insured_value: Money | None = None  # of the whole shipment
    carrier_details: dict[str, str] = field(default_factory=dict)  # what labels need, from `label_details` of carriers
    decision: tuple[Step, ...] = ()  # why it is shipped so, in the order in which it was decided
    scenario: str = ""  # what is to go wrong on purpose with a test shipment; see `kolli.scenarios`
    details: dict[str, Any] = field(default_factory=dict)
    """Members of the shipment, in the API's own form, that Kolli keeps and returns and does not read: prices, customs
    information, delivery dates."""


@dataclass(frozen=True)
class Parcel:
    """One box with one tracking number, which it has once it is announced (own numbers: from the start)."""

    id: int
    box_number: int
    status: ParcelStatus
    tracking_number: str | None = None
    announced_at: datetime | None = None
    updated_at: datetime = field(kw_only=True)

    @property
    def has_label(self) -> bool:
        """Whether it was announced and its label may be stuck on something."""
        return self.announced_at is not None and self.status not in LABEL_IS_VOID


@dataclass(frozen=True)
class Shipment:
    """A draft on its way to the carrier or beyond, with its parcels in the order of their boxes."""

    id: str
    account_id: int
    created_at: datetime
    draft: Draft
    parcels: tuple[Parcel, ...]
