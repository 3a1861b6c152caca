"""How a tracked parcel is answered: what it is, where it goes, and everything that has happened to it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict

from kolli.api.v3.common import in_utc
from kolli.api.v3.shipment_answers import ItemAnswer
from kolli.operations.track import Tracked
from kolli.shipments.foreign_parcels import ForeignParcel
from kolli.shipments.model import Draft, Parcel, Phase, Shipment
from kolli.shipments.tracking import Event, Severity, Source, severity_of, tracking_url
from kolli.values import Address

EVENT_TYPES: Mapping[Source, Literal["carrier", "internal"]] = {
    "kolli": "internal",
    "carrier": "carrier",
    "person": "internal",
    "shop": "internal",
}
"""Who says so → the event type of this section."""


class AddressAnswer(TypedDict):
    """An address; null for what is not said."""

    address_line_1: str | None
    address_line_2: str | None
    city: str | None
    company_name: str | None
    country_code: str
    email: str | None
    house_number: str | None
    name: str | None
    phone_number: str | None
    po_box: str | None
    postal_code: str
    state_province_code: str | None


class Properties(TypedDict):
    """The shipping option, the contract, and what the sender calls the way it is moved."""

    shipping_option_code: NotRequired[str]
    contract_id: NotRequired[int]
    user_shipping_method_name: NotRequired[str | None]
    user_shipping_method_id: NotRequired[str | None]


class ShipWithAnswer(TypedDict):
    """How the parcel was sent."""

    type: Literal["shipping_option_code", "contract"]
    properties: Properties


class TrackedItem(ItemAnswer):
    """So many pieces of one thing, and what the sender's own system calls it."""

    source_id: NotRequired[str]


class TrackingNumber(TypedDict):
    """Whose number it is, which, and where its carrier or we say more."""

    carrier_code: str
    tracking_number: str
    tracking_identifier: NotRequired[str]
    tracking_url: NotRequired[str]


class DetailsAnswer(TypedDict):
    """What else is known of the parcel; what is not known is not there."""

    brand_id: NotRequired[int]
    expected_delivery_date: NotRequired[str]
    integration_id: NotRequired[int]
    is_mail_box: NotRequired[bool]
    is_return: bool
    is_to_service_point: NotRequired[bool]


class EventAnswer(TypedDict):
    """Something that has happened to the parcel. The status code is a phase of its life, not a parcel status."""

    event_at: str
    event_type: Literal["carrier", "internal"]
    status_code: Phase
    status_description: str
    status_type: Severity
    sub_status_code: str


class _Common(TypedDict):
    announced_at: str
    created_at: str
    details: DetailsAnswer
    from_address: AddressAnswer
    parcel_items: list[TrackedItem]
    ship_with: ShipWithAnswer
    source_id: str
    to_address: AddressAnswer
    tracking_numbers: list[TrackingNumber]


class TrackedParcel(_Common):
    """A parcel, and everything that has happened to it, in the sequence in which it happened."""

    events: list[EventAnswer]
    updated_at: str


class RegisteredParcel(_Common):
    """A parcel that was registered, by this request or by an earlier one."""

    created: bool


def tracked_parcel(tracked: Tracked, events: Iterable[Event]) -> TrackedParcel:
    """A parcel with its history."""
    told = [_event(event) for event in tracked.told(events)]
    parcel = tracked.parcel
    if isinstance(parcel, ForeignParcel):
        return {**_foreign(parcel), "events": told, "updated_at": in_utc(parcel.created_at)}
    shipment = tracked.shipped
    announced_at = in_utc(_announced_at(shipment, parcel))
    return {**_own(shipment, parcel), "events": told, "updated_at": announced_at}


def registered(parcel: ForeignParcel, *, is_new: bool) -> RegisteredParcel:
    """A parcel as it was registered."""
    return {**_foreign(parcel), "created": is_new}


def _event(event: Event) -> EventAnswer:
    return {
        "event_at": in_utc(event.at),
        "event_type": EVENT_TYPES[event.source],
        "status_code": event.status.phase,
        "status_description": event.description or event.status.message,
        "status_type": severity_of(event.status),
        "sub_status_code": str(event.details.get("sub_status", "none")),
    }


def _own(shipment: Shipment, parcel: Parcel) -> _Common:
    draft, number = shipment.draft, parcel.tracking_number or ""
    properties: Properties = {"shipping_option_code": draft.shipping_option_code}
    if draft.contract_id is not None:
        properties["contract_id"] = draft.contract_id
    items: list[Any] = [*draft.boxes[parcel.box_number - 1].items]
    return {
        "announced_at": in_utc(_announced_at(shipment, parcel)),
        "created_at": in_utc(shipment.created_at),
        "details": _details(draft),
        "from_address": _address(draft.sender),
        "parcel_items": items,
        "ship_with": {"type": "shipping_option_code", "properties": properties},
        "source_id": str(parcel.id),
        "to_address": _address(draft.recipient),
        "tracking_numbers": [
            {
                "carrier_code": draft.carrier_code,
                "tracking_number": number,
                "tracking_url": tracking_url(draft, number),
            }
        ],
    }


def _announced_at(shipment: Shipment, parcel: Parcel) -> datetime:
    return parcel.announced_at or shipment.created_at


def _details(draft: Draft) -> DetailsAnswer:
    details: DetailsAnswer = {
        "integration_id": draft.integration_id,
        "is_mail_box": False,
        "is_return": False,
        "is_to_service_point": draft.service_point is not None,
    }
    if draft.brand_id is not None:
        details["brand_id"] = draft.brand_id
    expected = (draft.details.get("delivery_dates") or {}).get("deliver_at")
    if expected:
        details["expected_delivery_date"] = str(expected)[:10]
    return details


def _address(address: Address) -> AddressAnswer:
    said: dict[str, Any] = {name: value or None for name, value in asdict(address).items()}
    return {**said, "country_code": address.country_code, "postal_code": address.postal_code}  # type: ignore[typeddict-item]


def _foreign(parcel: ForeignParcel) -> _Common:
    document = parcel.document
    number = document["tracking_number"]
    details: Any = {"is_return": False, **(document.get("details") or {})}
    return {
        "announced_at": in_utc(parcel.announced_at),
        "created_at": in_utc(parcel.created_at),
        "details": details,
        "from_address": _foreign_address(document["from_address"]),
        "parcel_items": [_item(item) for item in document.get("parcel_items") or []],
        "ship_with": document["ship_with"],
        "source_id": parcel.source_id,
        "to_address": _foreign_address(document["to_address"]),
        "tracking_numbers": [number],
    }


def _foreign_address(document: Mapping[str, Any]) -> AddressAnswer:
    said: Any = {name: document.get(name) for name in AddressAnswer.__annotations__}
    return said  # type: ignore[no-any-return]


def _item(item: Mapping[str, Any]) -> TrackedItem:
    """An item with the members that every answer has; what was not sent is filled in as for shipments."""
    usual: Any = {
        "description": item.get("sku") or item.get("item_id") or "Item",
        "quantity": 1,
        "weight": {"value": Decimal("0.001"), "unit": "kg"},
        "price": {"value": "0.00", "currency": "EUR"},
        "hs_code": "",
    }
    return usual | item  # type: ignore[no-any-return]
