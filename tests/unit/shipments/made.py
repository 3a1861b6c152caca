"""Shipments for tests that need no carrier."""

from datetime import date
from typing import Any

from kolli.shipments.model import Box, Draft, Parcel, ParcelStatus, Shipment
from tests.factories import NOW, an_address, kilograms


def a_draft(**changes: Any) -> Draft:
    """A draft of one box."""
    known = {
        "sender": an_address(name="Lumen & Was", city="Utrecht"),
        "recipient": an_address(),
        "carrier_code": "sendcloud",
        "carrier_name": "Sendcloud",
        "shipping_option_code": "sendcloud:letter",
        "shipping_option_name": "Unstamped letter",
        "contract_id": None,
        "is_live": False,
        "boxes": (Box(kilograms("0.50")),),
        "shipped_on": date(2026, 11, 24),
        "tracking_base": "http://kolli.test",
        "integration_id": 70,
        "order_id": 9_001,
        "shop_order_id": "shop-1",
        "order_number": "ORDER-1",
        "order_revision": 1,
        "reference": "shop-1",
    }
    return Draft(**{**known, **changes})


def a_shipment(**changes: Any) -> Shipment:
    """A shipment of one parcel that has not been announced. Its parcel's id follows from its own."""
    identity = changes.get("id", "a")
    known = {
        "id": identity,
        "account_id": 1,
        "created_at": NOW,
        "draft": a_draft(),
        "parcels": (Parcel(int.from_bytes(identity.encode()[:6], "big"), 1, ParcelStatus.ANNOUNCING, updated_at=NOW),),
    }
    return Shipment(**{**known, **changes})
