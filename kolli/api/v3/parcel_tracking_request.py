"""What a parcel is registered with. Source: the Parcel Tracking section, `parcel-tracking-create-request` (2026-07)."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, StrictBool, TypeAdapter
from pydantic_core import PydanticCustomError

from kolli.api.bodies import encode
from kolli.api.v3.common import Id, Whole
from kolli.api.v3.customs import Price
from kolli.api.v3.order_document import (
    Country,
    Measurement,
    Moment,
    Part,
    Printable,
    SomePrintable,
    SomeText,
    Text,
    printable,
)
from kolli.api.v3.shipment_request import MOST_ITEMS, ParcelItem

LONGEST_NUMBER = 255
LONGEST_CODE = 255
LARGEST_BYTES = 256 * 1024
"""Of what is stored of one parcel; none is documented. As much as an order may have."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def _email(text: str) -> str:
    if text and not _EMAIL.fullmatch(text):
        raise PydanticCustomError("value_error", "value is not a valid email address")
    return text


Number = Annotated[str, Field(min_length=1, max_length=LONGEST_NUMBER), AfterValidator(printable)]
Code = Annotated[str, Field(min_length=1, max_length=LONGEST_CODE), AfterValidator(printable)]


class Address(Part):
    """Where it comes from, or goes to. Only country and postal code are needed, and no other members are taken."""

    model_config = ConfigDict(extra="forbid")
    nullable = frozenset(
        {"address_line_1", "address_line_2", "city", "company_name", "email", "house_number", "name", "phone_number"}
        | {"po_box", "state_province_code"}
    )

    address_line_1: Printable | None = None
    address_line_2: Printable | None = None
    city: Printable | None = None
    company_name: Printable | None = None
    country_code: Country
    email: Annotated[Printable, AfterValidator(_email)] | None = None
    house_number: Printable | None = None
    name: Printable | None = None
    phone_number: Printable | None = None
    po_box: Printable | None = None
    postal_code: SomePrintable
    state_province_code: Printable | None = None


class ContractProperties(Part):
    """Under which contract it was sent, and what the sender calls the way it is moved."""

    model_config = ConfigDict(extra="forbid")
    nullable = frozenset({"user_shipping_method_name", "user_shipping_method_id"})

    contract_id: Id
    user_shipping_method_name: Text | None = None
    user_shipping_method_id: Text | None = None


class OptionProperties(Part):
    """Which shipping option it was sent with, and perhaps under which contract."""

    model_config = ConfigDict(extra="forbid")
    nullable = ContractProperties.nullable

    shipping_option_code: SomeText
    contract_id: Id | None = None
    user_shipping_method_name: Text | None = None
    user_shipping_method_id: Text | None = None


class ByOption(Part):
    """Sent with a shipping option."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["shipping_option_code"]
    properties: OptionProperties


class ByContract(Part):
    """Sent under a contract."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["contract"]
    properties: ContractProperties


class Details(Part):
    """What else is known of a parcel."""

    brand_id: Whole | None = None
    integration_id: Whole | None = None
    is_return: StrictBool | None = None


class Insurance(Part):
    """For how much it is insured, and under which policy."""

    nullable = frozenset({"insured_value"})

    insured_value: Price | None = None
    policy_id: Text | None = None


class ShippedOrder(Part):
    """The order that it belongs to."""

    nullable = frozenset({"total_order_price"})

    source_id: SomeText
    order_number: Text | None = None
    source_external_id: Text | None = None
    total_order_price: Price | None = None


class ForeignShipment(Part):
    """The shipment that it belongs to."""

    nullable = frozenset({"price"})

    source_id: SomeText
    external_reference_id: Text | None = None
    order: ShippedOrder | None = None
    price: Price | None = None


class TrackingNumber(Part):
    """Whose number it is, and which."""

    carrier_code: Code
    tracking_number: Number
    tracking_identifier: Number | None = None
    tracking_url: SomePrintable | None = None


class Item(ParcelItem):
    """So many pieces of one thing, and what the sender's own system calls it."""

    source_id: Text | None = None


class Registration(Part):
    """A parcel that was labelled elsewhere."""

    nullable = frozenset({"return_price"})

    announced_at: Moment
    from_address: Address
    to_address: Address
    ship_with: Annotated[ByOption | ByContract, Field(discriminator="type")]
    shipment: ForeignShipment
    source_id: Code
    tracking_number: TrackingNumber
    details: Details | None = None
    insurance: Insurance | None = None
    parcel_items: Annotated[list[Item], Field(max_length=MOST_ITEMS)] | None = None
    measurements: Measurement | None = None
    return_price: Price | None = None


def _bounded(body: Registration) -> Registration:
    if len(encode(body.model_dump(exclude_unset=True))) > LARGEST_BYTES:
        message = "A parcel should have at most {most} bytes"
        raise PydanticCustomError("too_long", message, {"most": LARGEST_BYTES})
    return body


REGISTRATION: TypeAdapter[Registration] = TypeAdapter(Annotated[Registration, AfterValidator(_bounded)])
