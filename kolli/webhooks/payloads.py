"""What receivers of webhooks are told: the documented payloads, as JSON objects.

Source: Webhooks and Event subscriptions (2026-07), and one production body of 2026 that has members beyond them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal
from typing import Any, Literal, Protocol

from kolli.account.integrations import Integration
from kolli.shipments.model import Box, Draft, Parcel, ParcelStatus, Shipment
from kolli.shipments.tracking import END_OF_TRACKING, Event, Source, severity_of, tracking_url
from kolli.values import Address, Weight, country_alpha_3, country_in_english

Document = dict[str, Any]

PARCEL_STATUS_CHANGED = "parcel_status_changed"
PARCEL_EVENT_CREATED = "parcels.event.created"

IntegrationAction = Literal["integration_connected", "integration_updated", "integration_deleted"]

SHEET_PLACES = 4
"""Where a label can stand on an A4 sheet; version 2 of the API has a link for each."""


def parcel_document(shipment: Shipment, parcel: Parcel, public_url: str, method_id: int | None = None) -> Document:
    """A parcel in the form of version 2 of the API, which is what webhooks carry.

    `public_url` is where we are reached; `method_id` the number that version 2 has for the shipping option.
    """
    draft, box = shipment.draft, shipment.draft.boxes[parcel.box_number - 1]
    number, recipient = parcel.tracking_number or "", shipment.draft.recipient
    status = parcel.status if parcel.status.number is not None else ParcelStatus.UNKNOWN
    point = draft.service_point.id if draft.service_point else None
    return {
        "id": parcel.id,
        **_recipient(recipient),
        "date_created": f"{shipment.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}",
        "tracking_number": number,
        "tracking_url": tracking_url(draft, number) if number else "",
        "weight": str(_kilograms(box.weight)),
        "label": label_links(public_url, parcel.id)
        if parcel.has_label
        else {"normal_printer": [], "label_printer": ""},
        "customs_declaration": {},
        "status": {"id": status.number, "message": parcel.status.message},
        "data": {},
        "carrier": {"code": draft.carrier_code, "name": draft.carrier_name},
        "shipment": {"name": draft.shipping_option_name, **({} if method_id is None else {"id": method_id})},
        "order_number": draft.order_number,
        "shipment_uuid": shipment.id,
        "external_order_id": draft.shop_order_id,
        "external_shipment_id": draft.external_reference_id or "",
        "to_service_point": int(point) if point is not None and point.isdecimal() else None,
        "date_cancel_before": None,
        "to_address": {
            "address_line_1": line_1(recipient),
            "address_line_2": recipient.address_line_2,
            "city": recipient.city,
            "postal_code": recipient.postal_code,
            "country_code": recipient.country_code,
        },
    }


def label_links(public_url: str, parcel_id: int) -> Document:
    """Where the label of a parcel is, in the form of version 2: one link for each place on a sheet, one for A6."""
    links = f"{public_url}/api/v2/labels"
    return {
        "normal_printer": [f"{links}/normal_printer/{parcel_id}?start_from={place}" for place in range(SHEET_PLACES)],
        "label_printer": f"{links}/label_printer/{parcel_id}",
    }


def line_1(address: Address) -> str:
    """Street and house number in one line."""
    return f"{address.address_line_1} {address.house_number}".strip()


def parcel_status_changed(shipment: Shipment, parcel: Parcel, event: Event, now: datetime) -> Document:
    """That a parcel has another status now. Times are in milliseconds; the later one is the newer status."""
    return {
        "action": PARCEL_STATUS_CHANGED,
        "timestamp": milliseconds(now),
        "carrier_status_change_timestamp": None if event.source == "kolli" else milliseconds(event.at),
        "parcel": parcel_document(shipment, parcel, shipment.draft.tracking_base),
    }


def integration_changed(integration: Integration, action: IntegrationAction, now: datetime) -> Document:
    """That an integration was connected, changed or removed."""
    settings = integration.settings
    return {
        "action": action,
        "timestamp": milliseconds(now),
        "integration": {
            "id": integration.id,
            "shop_name": integration.name,
            "shop_url": settings.shop_url,
            "system": settings.type,
            "failing_since": _second(settings.started_failing_at),
            "last_fetch": _second(settings.last_fetched_at),
            "last_updated_at": _second(integration.updated_at),
            "service_point_enabled": settings.service_point_enabled,
            "service_point_carriers": list(settings.service_point_carriers),
            "webhook_active": settings.webhook_active,
            "webhook_url": settings.webhook_url,
        },
    }


_EXCEPTIONS: Mapping[ParcelStatus, str] = {
    ParcelStatus.ANNOUNCEMENT_FAILED: "announcement_failed",
    ParcelStatus.ANNOUNCED_UNCOLLECTED: "handover_delay",
    ParcelStatus.COLLECT_ERROR: "handover_delay",
    ParcelStatus.UNSORTED: "sorting_delay",
    ParcelStatus.DELAYED: "delivery_delay",
    ParcelStatus.DELIVERY_DATE_CHANGED: "changed",
    ParcelStatus.DELIVERY_ADDRESS_CHANGED: "changed",
    ParcelStatus.DELIVERY_METHOD_CHANGED: "changed",
    ParcelStatus.DELIVERY_FAILED: "unknown",
    ParcelStatus.UNDELIVERABLE: "unknown",
    ParcelStatus.REFUSED_BY_RECIPIENT: "refused",
    ParcelStatus.RETURNED_TO_SENDER: "returned_sender",
    ParcelStatus.ADDRESS_INVALID: "address_error",
    ParcelStatus.EXCEPTION: "unknown",
    ParcelStatus.CANCELLING_UPSTREAM: "cancelling_upstream",
    ParcelStatus.CANCELLING: "cancelling",
    ParcelStatus.CANCELLED_UPSTREAM: "cancelled_upstream",
    ParcelStatus.CANCELLED: "cancelled",
    ParcelStatus.CANCELLATION_FAILED: "cancellation_failed",
    ParcelStatus.UNKNOWN: "unknown",
}
"""What the events API calls statuses that are not on the expected way. Source: `parcel-event-exception`."""

_OFFERED = frozenset(
    {
        ParcelStatus.AWAITING_CUSTOMER_PICKUP,
        ParcelStatus.COLLECTED_BY_CUSTOMER,
        ParcelStatus.DELIVERED,
        ParcelStatus.DELIVERY_FAILED,
        ParcelStatus.REFUSED_BY_RECIPIENT,
    }
)
"""Where the recipient could have had the parcel."""

EVENT_TYPES: Mapping[Source, str] = {
    "kolli": "internal",
    "carrier": "carrier",
    "person": "internal",
    "shop": "internal",
}
"""What the events API calls those who say that something has happened."""

_PLACE = ("city", "country", "house_number", "postal_code", "street", "service_point_id", "depot")


class Announced(Protocol):
    """A parcel that was labelled here or elsewhere."""

    @property
    def id(self) -> int:
        """Our number of it."""

    @property
    def tracking_number(self) -> str | None:
        """The carrier's number of it."""

    @property
    def announced_at(self) -> datetime | None:
        """When its label was made."""


def parcel_event_created(parcel: Announced, carrier_code: str, event: Event) -> Document:
    """That something has happened to a parcel, for event subscriptions."""
    place = {name: event.details.get(name) for name in _PLACE}
    return {
        "event_type": PARCEL_EVENT_CREATED,
        "data": {
            "parcel": {
                "parcel_id": parcel.id,
                "tracking_number": parcel.tracking_number,
                "carrier_code": carrier_code,
                "announced_at": _moment(parcel.announced_at),
            },
            "event": {
                "event_type": EVENT_TYPES[event.source],
                "timestamp": _moment(event.at),
                "phase": event.status.phase,
                "exception": _EXCEPTIONS.get(event.status, "none"),
                "status_type": severity_of(event.status),
                "sub_status": "none",
                "description": event.description or event.status.message,
                "end_of_tracking": event.status in END_OF_TRACKING,
                "is_offered": event.status in _OFFERED,
                "is_carrier_responsible": None,
                "is_returned": False,
                "location_details": place if any(place.values()) else None,
                "extra_data": None,
            },
        },
    }


def example_event(now: datetime) -> Document:
    """A parcel event that never happened, for trying out a connection. Its parcel has the number 1."""
    parcel = Parcel(1, 1, ParcelStatus.SHIPMENT_ON_ROUTE, "TEST", announced_at=now, updated_at=now)
    event = Event(parcel.status, now, "kolli", "This is a test. No parcel has moved.")
    return parcel_event_created(parcel, "test", event)


def example_status_change(integration: Integration, now: datetime) -> Document:
    """A status change that never happened, for trying out a webhook. Its parcel has the number 1."""
    place = Address("Test", "Teststraat", "1000 AA", "Amsterdam", "NL", house_number="1")
    draft = Draft(
        sender=place,
        recipient=place,
        carrier_code="test",
        carrier_name="Test",
        shipping_option_code="test",
        shipping_option_name="Test",
        contract_id=None,
        is_live=False,
        boxes=(Box(Weight(Decimal(1), "kg")),),
        shipped_on=now.date(),
        tracking_base="",
        integration_id=integration.id,
        order_id=None,
        shop_order_id="TEST",
        order_number="TEST",
        order_revision=1,
        reference="TEST",
    )
    parcel = Parcel(1, 1, ParcelStatus.READY_TO_SEND, "TEST", updated_at=now)
    shipment = Shipment("00000000-0000-0000-0000-000000000000", 0, now, draft, (parcel,))
    return parcel_status_changed(shipment, parcel, Event(parcel.status, now, "kolli"), now)


def milliseconds(moment: datetime) -> int:
    """A moment as these payloads write it: milliseconds since 1970."""
    return int(moment.timestamp() * 1000)


def _recipient(address: Address) -> Document:
    number = address.house_number
    return {
        "name": address.name,
        "company_name": address.company_name,
        "address": line_1(address),
        "address_divided": {
            "street": address.address_line_1,
            # An integer in the description; what is none stays what it is.
            "house_number": int(number) if number.isascii() and number.isdecimal() else number,
        },
        "city": address.city,
        "postal_code": address.postal_code,
        "telephone": address.phone_number,
        "email": address.email,
        "country": {
            "iso_3": country_alpha_3(address.country_code),
            "iso_2": address.country_code,
            "name": country_in_english(address.country_code),
        },
    }


def _kilograms(weight: Weight) -> Decimal:
    return (weight.grams / 1000).quantize(Decimal("0.001"), ROUND_UP)


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _second(moment: datetime | None) -> str | None:
    return None if moment is None else _moment(moment.replace(microsecond=0))
