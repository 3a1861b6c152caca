"""What is shipped: the draft that is frozen before anybody is asked, the shipment made from it, and its parcels."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Self

from kolli.values import Address, Dimensions, Weight

DocumentType = Literal["label"]


class ParcelStatus(StrEnum):
    """Where a parcel is in its life, by the codes of the API's list of statuses; the sentence is for people."""

    message: str

    ANNOUNCING = "ANNOUNCING", "Being announced"
    READY_TO_SEND = "READY_TO_SEND", "Ready to send"
    ANNOUNCEMENT_FAILED = "ANNOUNCEMENT_FAILED", "Announcement failed"
    CANCELLING = "CANCELLING", "Cancellation requested"
    CANCELLED = "CANCELLED", "Cancelled"

    def __new__(cls, code: str, message: str) -> Self:
        """Gives every code its sentence."""
        status = str.__new__(cls, code)
        status._value_ = code
        status.message = message
        return status


@dataclass(frozen=True)
class Box:
    """One parcel of a draft: what it weighs and measures."""

    weight: Weight
    dimensions: Dimensions | None = None


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
    order_id: int  # our id of the order
    shop_order_id: str
    order_number: str
    order_revision: int
    reference: str
    sender_address_id: int | None = None
    brand_id: int | None = None
    brand_name: str = ""
    logo_sha256: str | None = None


@dataclass(frozen=True)
class Parcel:
    """One box with one tracking number, which it has once it is announced (own numbers: from the start)."""

    id: int
    box_number: int
    status: ParcelStatus
    tracking_number: str | None = None
    announced_at: datetime | None = None


@dataclass(frozen=True)
class Shipment:
    """A draft on its way to the carrier or beyond, with its parcels in the order of their boxes."""

    id: str
    account_id: int
    created_at: datetime
    draft: Draft
    parcels: tuple[Parcel, ...]
