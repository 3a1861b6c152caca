"""A parcel as version 2 answers it: what webhooks carry, and what lists and single answers have beyond that."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NotRequired, cast

from sqlalchemy import Connection
from typing_extensions import TypedDict

from kolli.api.v3.parcel_documents import document_link
from kolli.api.v3.shipping_option_answers import kilograms
from kolli.operations.context import Context
from kolli.shipments.attempts import get_attempt
from kolli.shipments.model import Parcel, ParcelStatus, Shipment
from kolli.values import Dimensions, Weight, plain
from kolli.webhooks.payloads import parcel_document


class StreetAndNumber(TypedDict):
    """The two parts of an address line."""

    street: str
    house_number: str


class StatusAnswer(TypedDict):
    """A status by its number."""

    id: int
    message: str


class CountryAnswer(TypedDict):
    """A country."""

    iso_2: str
    iso_3: str
    name: str


class LabelLinks(TypedDict):
    """Where labels are: one link for each place on a sheet, and one for label printers."""

    normal_printer: list[str]
    label_printer: str


class CarrierAnswer(TypedDict):
    """A carrier."""

    code: str
    name: str


class MethodOfParcel(TypedDict):
    """A shipping method. Those that version 2 never had have no number."""

    id: NotRequired[int]
    name: str


class DocumentAnswer(TypedDict):
    """Where a document is."""

    type: str
    size: str
    link: str


class ItemAnswer(TypedDict):
    """Something in a parcel."""

    item_id: str
    description: str
    quantity: int
    weight: str
    value: str
    hs_code: str
    origin_country: str | None
    product_id: str
    sku: str
    properties: dict[str, Any]
    return_reason: None
    return_message: None


class ErrorsOfParcel(TypedDict):
    """Why a parcel has no label."""

    non_field_errors: list[str]


class ParcelAnswer(TypedDict):
    """A parcel."""

    id: int
    name: str
    company_name: str
    address: str
    address_2: str
    address_divided: StreetAndNumber
    city: str
    postal_code: str
    country: CountryAnswer
    to_state: str | None
    to_service_point: int | None
    to_address: dict[str, Any]
    telephone: str
    email: str
    date_created: str
    date_updated: str
    date_announced: str | None
    date_cancel_before: str | None
    tracking_number: str
    tracking_url: str
    status: StatusAnswer
    carrier: CarrierAnswer
    contract: int | None
    shipment: MethodOfParcel
    shipping_method: int | None
    shipment_uuid: str
    order_number: str
    external_order_id: str
    external_shipment_id: str
    external_reference: str | None
    reference: str
    weight: str
    length: str | None
    width: str | None
    height: str | None
    label: LabelLinks | dict[str, Any]
    documents: list[DocumentAnswer]
    customs_declaration: dict[str, Any]
    customs_invoice_nr: str
    customs_shipment_type: int | None
    parcel_items: list[ItemAnswer]
    insured_value: int
    total_insured_value: int
    total_order_value: str | None
    total_order_value_currency: str | None
    colli_uuid: str
    collo_nr: int
    collo_count: int
    is_return: bool
    type: Literal["parcel", "letter"]
    note: str
    data: dict[str, Any]
    errors: NotRequired[ErrorsOfParcel]


EXPORT_REASONS = ("gift", "documents", "commercial_goods", "commercial_sample", "returned_goods")
"""Why something is exported; version 2 has the place in this list."""


def parcel_answer(transaction: Connection, shipment: Shipment, parcel: Parcel, context: Context) -> ParcelAnswer:
    """A parcel of a shipment."""
    draft = shipment.draft
    catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
    found = catalogue.find_option(draft.shipping_option_code)
    method_id = found[1].v2_id if found else None
    is_letter = found is not None and found[1].functionalities["form_factor"] == "letter"
    told = parcel_document(shipment, parcel, context.installation.public_url, method_id)
    return cast(
        "ParcelAnswer",
        {
            **told,
            "address_divided": {
                "street": draft.recipient.address_line_1,
                "house_number": draft.recipient.house_number,  # a text here, a number in webhooks
            },
            "address_2": draft.recipient.address_line_2,
            "to_state": draft.recipient.state_province_code or None,
            "date_created": _moment(shipment.created_at),
            "date_updated": _moment(parcel.updated_at),
            "date_announced": _moment(parcel.announced_at) if parcel.announced_at else None,
            "label": told["label"] if parcel.has_label else {},
            "documents": [{"type": "label", "size": "a6", "link": document_link(context, parcel.id)}]
            if parcel.has_label
            else [],
            "contract": draft.contract_id,
            "shipping_method": method_id,
            "external_reference": draft.external_reference_id,
            "reference": draft.reference or "0",
            "colli_uuid": shipment.id,
            "collo_nr": parcel.box_number - 1,
            "collo_count": len(draft.boxes),
            "is_return": False,
            "type": "letter" if is_letter else "parcel",
            "note": "",
            **_of_box(shipment, parcel),
            **_of_order(draft.details),
            **_errors(transaction, shipment, parcel),
        },
    )


def _moment(moment: datetime) -> str:
    """`11-03-2019 14:35:10`, in UTC."""
    return f"{moment:%d-%m-%Y %H:%M:%S}"


def _of_box(shipment: Shipment, parcel: Parcel) -> dict[str, object]:
    """What is in the box and how large it is; sizes are in centimetres."""
    box = shipment.draft.boxes[parcel.box_number - 1]
    sides = (None,) * 3 if box.dimensions is None else tuple(_centimetres(box.dimensions))
    return {
        "weight": kilograms(box.weight),
        **dict(zip(("length", "width", "height"), sides, strict=True)),
        "parcel_items": [_item(item) for item in box.items],
    }


def _centimetres(dimensions: Dimensions) -> list[str]:
    return [plain(side / 10) for side in dimensions.sides_mm]


def _item(item: Mapping[str, Any]) -> ItemAnswer:
    weight, price = item.get("weight") or {}, item.get("price") or {}
    return {
        "item_id": _text(item.get("item_id")),
        "description": _text(item.get("description")),
        "quantity": item.get("quantity") or 1,
        "weight": kilograms(Weight(weight["value"], weight["unit"])) if weight else "0.001",
        "value": _text(price.get("value") or 0),
        "hs_code": _text(item.get("hs_code")),
        "origin_country": item.get("origin_country"),
        "product_id": _text(item.get("product_id")),
        "sku": _text(item.get("sku")),
        "properties": item.get("properties") or {},
        "return_reason": None,
        "return_message": None,
    }


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _of_order(details: Mapping[str, Any]) -> dict[str, object]:
    """What the order costs, and what customs are told. Nothing is insured by us."""
    price, customs = details.get("total_order_price") or {}, details.get("customs_information") or {}
    reason = customs.get("export_reason")
    return {
        "total_order_value": None if price.get("value") is None else str(price["value"]),
        "total_order_value_currency": price.get("currency"),
        "insured_value": 0,
        "total_insured_value": 0,
        "customs_invoice_nr": _text(customs.get("invoice_number")),
        "customs_shipment_type": EXPORT_REASONS.index(reason) if reason in EXPORT_REASONS else None,
    }


def _errors(transaction: Connection, shipment: Shipment, parcel: Parcel) -> dict[str, ErrorsOfParcel]:
    """Why an announcement has failed; nothing where it has not."""
    if parcel.status is not ParcelStatus.ANNOUNCEMENT_FAILED:
        return {}
    attempt = get_attempt(transaction, shipment.account_id, shipment.id)
    return {"errors": {"non_field_errors": [attempt.reason or parcel.status.message]}}
