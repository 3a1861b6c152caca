"""Ship an Order: labels for orders that exist."""

from base64 import b64encode
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, TypeAdapter

from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import INVALID, Pointers, Rejected, problem
from kolli.api.v3 import compat
from kolli.api.v3.common import Id, Schema, ShipWith, Whole, check_partner, whole
from kolli.api.v3.parcel_documents import document_link
from kolli.errors import AlreadyShipped
from kolli.operations.context import Context
from kolli.operations.decide import LEFT_OPEN, Choice
from kolli.operations.print_labels import Form, print_label, tracking_url
from kolli.operations.ship_order import ShipOrder, ship_order
from kolli.orders.model import ShipWith as Chosen
from kolli.shipments.model import Shipment

POINTERS = Pointers(
    fields={
        "order_id": "order/order_id",
        "order_number": "order/order_number",
        "order_items": "order/order_items",
        "shipping_option_code": "ship_with/properties/shipping_option_code",
        "contract_id": "ship_with/properties/contract_id",
        "mime_type": "label_details/mime_type",
        "dpi": "label_details/dpi",
        "recipient": "order/shipping_address",
        "weight": "order/shipping_details/measurement/weight",
        "dimensions": "order/shipping_details/measurement/dimension",
        "email": "order/shipping_address/email",
        "phone_number": "order/shipping_address/phone_number",
        "service_point_details": "order/service_point_details",
        "sender": "sender_address_id",
        "brand_name": "brand_id",
        "logo": "brand_id",
        "reference": "order/order_id",
    }
)
"""Where our fields stand in the request. What belongs to the stored order is pointed to as if it stood in `order`."""


class OrderSelector(Schema):
    """Which order: by the shop's id for it, by its number, or by both."""

    order_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    order_number: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    apply_shipping_rules: StrictBool = False  # accepted and checked; an account has no rules yet


class LabelDetails(Schema):
    """In which form the label file is wanted."""

    mime_type: Literal["application/pdf", "application/zpl", "image/png"] = "application/pdf"
    dpi: Annotated[Literal[72, 150, 203, 300, 600], BeforeValidator(whole)] | None = None


class CreateLabelSync(Schema):
    """The body of `create-label-sync`."""

    integration_id: Whole
    order: OrderSelector
    sender_address_id: Whole | None = None
    brand_id: Id | None = None
    ship_with: ShipWith | None = None
    label_details: LabelDetails | None = None


_CREATE_LABEL_SYNC = TypeAdapter(Annotated[CreateLabelSync, BeforeValidator(compat.one_order)])


def create_label_sync(request: Request, context: Context) -> Answer:
    """Ships one order and answers with its label."""
    check_partner(request.headers, context.installation)
    body = request.read(_CREATE_LABEL_SYNC, POINTERS)
    details = body.label_details or LabelDetails()
    form = Form(details.mime_type, compat.dpi_of(details.mime_type, details.dpi))
    try:
        shipment = ship_order(_wanted(body), context)
    except AlreadyShipped as error:
        error.details["document"] = document_link(context, error.details["parcel_id"])
        raise
    parcel = shipment.parcels[0]
    file = b64encode(print_label(shipment, parcel, form, context)).decode()
    label = compat.both_label_names(file, form.mime_type, form.dpi)
    return Answer(201, compat.labels_answer(_label(shipment, context) | label, context.key.response_profile))


def _wanted(body: CreateLabelSync) -> ShipOrder:
    if body.order.order_id is None and body.order.order_number is None:
        selectors = ("order_id", "order_number")
        raise Rejected(400, [problem(INVALID, "Field required", POINTERS.of_field(name)) for name in selectors])
    properties = body.ship_with.properties if body.ship_with else None
    return ShipOrder(
        integration_id=body.integration_id,
        choice=Choice(
            ship_with=Chosen(properties.shipping_option_code, properties.contract_id) if properties else LEFT_OPEN,
            sender_address_id=body.sender_address_id,
            brand_id=body.brand_id,
        ),
        order_id=body.order.order_id,
        order_number=body.order.order_number,
    )


def _label(shipment: Shipment, context: Context) -> dict[str, Any]:
    draft, parcel = shipment.draft, shipment.parcels[0]
    number = parcel.tracking_number or ""
    return {
        "parcel_id": parcel.id,
        "shipment_id": shipment.id,
        "order_id": draft.shop_order_id,
        "order_number": draft.order_number,
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"contract_id": draft.contract_id, "shipping_option_code": draft.shipping_option_code},
        },
        "tracking_number": number,
        "tracking_url": tracking_url(draft, number),
        "documents": [compat.document("label", "a6", document_link(context, parcel.id))],
    }


ROUTES = [
    Endpoint(
        "POST",
        "/orders/create-label-sync",
        create_label_sync,
        "Ship one order and get its label in the answer",
        POINTERS,
    )
]
