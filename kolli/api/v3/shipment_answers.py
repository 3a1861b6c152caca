"""How a shipment is answered: as it was sent, with what became of it."""

from base64 import b64encode
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, NotRequired, cast

from typing_extensions import TypedDict

from kolli.api.errors import Problem, Wire, problem
from kolli.api.v3 import compat
from kolli.api.v3.common import DescribedAs
from kolli.api.v3.customs import KnownCustoms
from kolli.api.v3.order_document import DangerousGoods
from kolli.api.v3.parcel_documents import document_link
from kolli.api.v3.ship_an_order_answers import DocumentOfParcel, ShipWithUsed
from kolli.operations.context import Context
from kolli.operations.misbehave import REASON
from kolli.operations.print_labels import Form, print_label
from kolli.shipments.attempts import Attempt, State
from kolli.shipments.model import Parcel, ParcelStatus, Shipment
from kolli.shipments.tracking import tracking_url
from kolli.values import Address, Dimensions, LengthUnit, Weight, WeightUnit

ANNOUNCEMENT_ERROR = Wire(500, "parcel_announcement_error", "Announcement failed")

LOOKED_INTO = "Do not announce it again: it is being looked into, and this shipment will say what came of it."


class AddressAnswer(TypedDict):
    """An address; null for what is not said."""

    name: str
    company_name: str | None
    address_line_1: str | None
    house_number: str | None
    address_line_2: str | None
    postal_code: str
    city: str
    po_box: str | None
    state_province_code: str | None
    country_code: str
    email: str | None
    phone_number: str | None


class PriceAnswer(TypedDict):
    """An amount of money, its value as text."""

    value: str
    currency: str


class WeightAnswer(TypedDict):
    """A mass, its value as text."""

    value: str
    unit: WeightUnit


class DimensionsAnswer(TypedDict):
    """Length, width and height, as text."""

    length: str
    width: str
    height: str
    unit: LengthUnit


class ItemWeight(TypedDict):
    """A mass, its value as a number."""

    value: Decimal
    unit: WeightUnit


class ItemAnswer(TypedDict):
    """So many pieces of one thing, with the members that were sent."""

    description: str
    quantity: int
    weight: ItemWeight
    price: PriceAnswer
    hs_code: str
    item_id: NotRequired[str]
    origin_country: NotRequired[str]
    sku: NotRequired[str]
    product_id: NotRequired[str]
    mid_code: NotRequired[str | None]
    material_content: NotRequired[str | None]
    intended_use: NotRequired[str | None]
    dangerous_goods: NotRequired[Annotated[dict[str, Any], DescribedAs(DangerousGoods)]]
    dds_reference: NotRequired[str | None]
    taric_doc_code: NotRequired[str | None]
    manufacturer_product_id: NotRequired[str | None]
    manufacturer_product_id_std: NotRequired[str | None]
    properties: NotRequired[dict[str, Any]]


class StatusAnswer(TypedDict):
    """Where a parcel is in its life."""

    code: str
    message: str


class CarrierData(TypedDict):
    """What only some carriers know; none of ours does."""

    awb_tracking_number: None
    box_number: None


class ParcelAnswer(TypedDict):
    """One box: as it was sent, and what became of it."""

    id: int
    status: StatusAnswer
    documents: list[DocumentOfParcel]
    tracking_number: str
    tracking_url: str | None
    dimensions: DimensionsAnswer | None
    weight: WeightAnswer
    parcel_items: list[ItemAnswer]
    label_notes: list[str] | None
    package_type: str | None
    sscc: str | None
    additional_insured_price: PriceAnswer | None
    carrier_fields: dict[str, Any] | None
    additional_carrier_data: CarrierData
    created_at: str
    updated_at: str
    announced_at: str | None
    label_file: NotRequired[str | None]


class ServicePointAnswer(TypedDict):
    """Where the receiver collects the parcels."""

    id: str | None
    carrier_service_point_id: str | None


class CarrierAnswer(TypedDict):
    """The company that moves the parcels."""

    code: str
    name: str


class DatesAnswer(TypedDict):
    """When it is handed to the carrier, and when it should arrive."""

    handover_at: str | None
    deliver_at: str | None


class LabelDetailsAnswer(TypedDict):
    """In which form the label file is."""

    mime_type: str
    dpi: int


USUAL_LABEL: LabelDetailsAnswer = {"mime_type": "application/pdf", "dpi": 72}
"""What is answered for a shipment that was made without saying how its label is wanted."""


class AppliedRule(TypedDict):
    """A shipping rule that was applied, and what it has changed."""

    rule: dict[str, Any]
    result: dict[str, Any]


class ShipmentAnswer(TypedDict):
    """A shipment. `label_details` stands in answers to who has waited, `applied_shipping_rules` where rules apply."""

    id: str
    from_address: AddressAnswer
    to_address: AddressAnswer
    to_service_point: ServicePointAnswer | None
    ship_with: ShipWithUsed
    carrier: CarrierAnswer
    order_number: str
    reference: str | None
    external_reference_id: str | None
    total_order_price: PriceAnswer | None
    brand_id: int | None
    delivery_dates: DatesAnswer | None
    customs_information: Annotated[dict[str, Any], DescribedAs(KnownCustoms)] | None
    carrier_fields: dict[str, Any] | None
    errors: list[Problem]
    parcels: list[ParcelAnswer]
    label_details: NotRequired[LabelDetailsAnswer]
    applied_shipping_rules: NotRequired[list[AppliedRule]]


class OneShipment(TypedDict):
    """One shipment."""

    data: ShipmentAnswer


class Shipments(TypedDict):
    """One page of shipments."""

    data: list[ShipmentAnswer]


def answered(shipment: Shipment, attempt: Attempt, context: Context) -> ShipmentAnswer:
    """A shipment as it is read."""
    draft = shipment.draft
    point = draft.service_point
    return {
        "id": shipment.id,
        "from_address": _address(draft.sender),
        "to_address": _address(draft.recipient),
        "to_service_point": (
            {"id": point.id, "carrier_service_point_id": point.carrier_service_point_id} if point else None
        ),
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": draft.shipping_option_code, "contract_id": draft.contract_id},
        },
        "carrier": {"code": draft.carrier_code, "name": draft.carrier_name},
        "order_number": draft.order_number,
        "reference": draft.details.get("reference"),
        "external_reference_id": draft.external_reference_id,
        "total_order_price": draft.details.get("total_order_price"),
        "brand_id": draft.brand_id,
        "delivery_dates": draft.details.get("delivery_dates"),
        "customs_information": draft.details.get("customs_information"),
        "carrier_fields": draft.details.get("carrier_fields"),
        "errors": _errors(shipment, attempt),
        "parcels": [_parcel(shipment, parcel, context) for parcel in shipment.parcels],
    }


def answered_with_label(shipment: Shipment, attempt: Attempt, context: Context) -> ShipmentAnswer:
    """A shipment as somebody gets it who has waited for its label; the file is there when it is the only one."""
    answer = answered(shipment, attempt, context)
    details: LabelDetailsAnswer = shipment.draft.details.get("label_details") or USUAL_LABEL
    for parcel, described in zip(shipment.parcels, answer["parcels"], strict=True):
        described["label_file"] = None
        if len(shipment.parcels) == 1 and parcel.has_label:
            form = Form(details["mime_type"], details["dpi"])
            described["label_file"] = b64encode(print_label(shipment, parcel, form, context)).decode()
    return {**answer, "label_details": details}


def moment(value: datetime) -> str:
    """A time as this section writes it: `2026-11-24T12:00:00.000000Z`."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _errors(shipment: Shipment, attempt: Attempt) -> list[Problem]:
    """Why there is no label, where there should be one."""
    failed = any(parcel.status is ParcelStatus.ANNOUNCEMENT_FAILED for parcel in shipment.parcels)
    match attempt.state:
        case State.REJECTED | State.ABANDONED if failed:
            detail = attempt.reason
        case State.UNKNOWN:
            detail = f"{attempt.reason} {LOOKED_INTO}"
        case _:
            return []
    wanted = shipment.draft.scenario
    meta = {"meta": {REASON: wanted}} if wanted and wanted in detail else {}
    return [cast("Problem", {**problem(ANNOUNCEMENT_ERROR, detail), **meta})]


def _parcel(shipment: Shipment, parcel: Parcel, context: Context) -> ParcelAnswer:
    draft, box = shipment.draft, shipment.draft.boxes[parcel.box_number - 1]
    number = parcel.tracking_number if parcel.announced_at else None
    link = document_link(context, parcel.id)
    return {
        "id": parcel.id,
        "status": {"code": parcel.status.value, "message": parcel.status.message},
        "documents": [compat.document("label", "a6", link)] if parcel.has_label else [],
        "tracking_number": number or "",
        "tracking_url": tracking_url(draft, number) if number else None,
        "dimensions": dimensions_answer(box.dimensions),
        "weight": weight_answer(box.weight),
        "parcel_items": [cast("ItemAnswer", item) for item in box.items],
        "label_notes": list(box.notes) or None,
        "package_type": box.details.get("package_type"),
        "sscc": box.details.get("sscc"),
        "additional_insured_price": box.details.get("additional_insured_price"),
        "carrier_fields": box.details.get("carrier_fields"),
        "additional_carrier_data": {"awb_tracking_number": None, "box_number": None},
        "created_at": moment(shipment.created_at),
        "updated_at": moment(parcel.updated_at),
        "announced_at": moment(parcel.announced_at) if parcel.announced_at else None,
    }


def _address(address: Address) -> AddressAnswer:
    return {
        "name": address.name,
        "company_name": address.company_name or None,
        "address_line_1": address.address_line_1 or None,
        "house_number": address.house_number or None,
        "address_line_2": address.address_line_2 or None,
        "postal_code": address.postal_code,
        "city": address.city,
        "po_box": address.po_box or None,
        "state_province_code": address.state_province_code or None,
        "country_code": address.country_code,
        "email": address.email or None,
        "phone_number": address.phone_number or None,
    }


def weight_answer(weight: Weight) -> WeightAnswer:
    """A mass, as answers have it."""
    return {"value": f"{weight.value:f}", "unit": weight.unit}


def dimensions_answer(size: Dimensions | None) -> DimensionsAnswer | None:
    """A size, as answers have it."""
    if size is None:
        return None
    return {
        "length": f"{size.length:f}",
        "width": f"{size.width:f}",
        "height": f"{size.height:f}",
        "unit": size.unit,
    }
