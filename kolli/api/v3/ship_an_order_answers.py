"""What answers about labels for orders look like."""

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from kolli.api.errors import Problem
from kolli.shipments.model import Shipment


class PropertiesUsed(TypedDict):
    """The option and the contract that were used; a null is the built-in contract."""

    contract_id: int | None
    shipping_option_code: str


class ShipWithUsed(TypedDict):
    """How a shipment is sent."""

    type: Literal["shipping_option_code"]
    properties: PropertiesUsed


class Shipped(TypedDict):
    """A shipment, and the order it was made from."""

    shipment_id: str
    order_id: str
    order_number: str
    ship_with: ShipWithUsed


class ShippedOrder(Shipped):
    """A shipment of one order of a batch. `parcel_id` is the first of its parcels."""

    parcel_id: int
    parcels_ids: list[int]


class LabelsAnswer(TypedDict):
    """What was accepted, and what was not. Without `data` nothing was looked at."""

    data: NotRequired[list[ShippedOrder]]
    errors: NotRequired[list[Problem]]


class LabelFile(TypedDict):
    """A label, its file in base64."""

    file: str
    mime_type: str
    dpi: int


class BothLabelNames(TypedDict):
    """One label under its two names."""

    label: LabelFile
    label_details: LabelFile


class DocumentOfParcel(TypedDict):
    """A document, under both names of its type, and where to get it."""

    type: str
    document_type: str
    size: str
    link: str


class LabelAnswer(Shipped, BothLabelNames):
    """One label with everything about it."""

    parcel_id: int
    tracking_number: str
    tracking_url: str
    documents: list[DocumentOfParcel]


class OneLabelAnswer(TypedDict):
    """One label, in a list or not: the key's profile decides."""

    data: list[LabelAnswer] | LabelAnswer


def shipped(shipment: Shipment) -> Shipped:
    """What every answer says about a shipment of an order."""
    draft = shipment.draft
    return {
        "shipment_id": shipment.id,
        "order_id": draft.shop_order_id,
        "order_number": draft.order_number,
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"contract_id": draft.contract_id, "shipping_option_code": draft.shipping_option_code},
        },
    }
