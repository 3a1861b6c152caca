"""Ship an Order: labels for orders that exist."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool, TypeAdapter
from pydantic_core import PydanticCustomError

from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import BESIDE, INVALID, Pointers, Problem, Rejected, problem, problem_of
from kolli.api.v3 import compat
from kolli.api.v3.common import PARTNER, Id, Schema, ShipWith, Whole, check_partner, whole
from kolli.api.v3.order_document import Number
from kolli.api.v3.parcel_documents import document_link
from kolli.api.v3.ship_an_order_answers import LabelAnswer, LabelsAnswer, OneLabelAnswer, ShippedOrder, shipped
from kolli.api.v3.ship_an_order_dry_run import (
    DRY_RUN,
    DryRunAnswer,
    dry_run_answer,
    is_dry_run,
    refuse_dry_run,
)
from kolli.errors import AlreadyShipped, DoesNotExist, KolliError
from kolli.operations.boxes import WantedBox
from kolli.operations.context import Context
from kolli.operations.preview import preview
from kolli.operations.print_labels import Form, print_labels
from kolli.operations.ship_order import LEFT_OPEN, Choice, ShipOrder, ship_order
from kolli.operations.ship_orders import ship_orders
from kolli.orders.model import ShipWith as Chosen
from kolli.shipments.model import Shipment
from kolli.shipments.tracking import tracking_url
from kolli.values import Dimensions, LengthUnit, Weight, WeightUnit

MOST_ORDERS = 20
MOST_ITEMS = 1_000

POINTERS = Pointers(
    fields={
        "order_id": "order/order_id",
        "order_number": "order/order_number",
        "order_items": "order/order_items",
        "shipping_option_code": "ship_with/properties/shipping_option_code",
        "contract_id": "ship_with/properties/contract_id",
        "insured_value": "ship_with/properties/shipping_option_code",
        "mime_type": "label_details/mime_type",
        "dpi": "label_details/dpi",
        "recipient": "order/shipping_address",
        "parcels.0.weight": "order/shipping_details/measurement/weight",
        "parcels.0.dimensions": "order/shipping_details/measurement/dimension",
        "service_point_details": "order/service_point_details",
        "sender": "sender_address_id",
        "brand_name": "brand_id",
        "logo": "brand_id",
        "reference": "order/order_id",
    }
)
"""Where our fields stand in the request. What belongs to the stored order is pointed to as if it stood in `order`."""

_OF_THE_ORDER: Mapping[str, str] = {
    **{name: place.removeprefix("order/") for name, place in (POINTERS.fields or {}).items()},
    **dict.fromkeys(("order", "order_id", "order_number", "reference"), ""),
}
_OF_ITS_PARCELS: Mapping[str, str] = {
    name: place for name, place in _OF_THE_ORDER.items() if not name.startswith("parcels.")
}
"""The same inside one order of a batch; what is said about parcels stands in the request when they do."""


class OrderSelector(Schema):
    """Which order: by the shop's id for it, by its number, or by both."""

    order_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    order_number: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    apply_shipping_rules: StrictBool = False


class LabelDetails(Schema):
    """In which form the label file is wanted."""

    mime_type: Literal["application/pdf", "application/zpl", "image/png"] = "application/pdf"
    dpi: Annotated[Literal[72, 150, 203, 300, 600], BeforeValidator(whole)] | None = None


class _CreateLabels(Schema):
    """What one order and many have in common: where they are, and how they are shipped."""

    integration_id: Whole
    sender_address_id: Whole | None = None
    brand_id: Id | None = None
    ship_with: ShipWith | None = None

    def wanted(self, order: OrderSelector, boxes: tuple[WantedBox, ...] = ()) -> ShipOrder:
        """One order of this request, as it is to be shipped."""
        properties = self.ship_with.properties if self.ship_with else None
        return ShipOrder(
            integration_id=self.integration_id,
            choice=Choice(
                ship_with=Chosen(properties.shipping_option_code, properties.contract_id) if properties else LEFT_OPEN,
                sender_address_id=self.sender_address_id,
                brand_id=self.brand_id,
                boxes=boxes,
                applies_rules=order.apply_shipping_rules,
            ),
            order_id=order.order_id,
            order_number=order.order_number,
        )


# One order, at once


class CreateLabelSync(_CreateLabels):
    """The body of `create-label-sync`."""

    order: OrderSelector
    label_details: LabelDetails | None = None


_CREATE_LABEL_SYNC = TypeAdapter(Annotated[CreateLabelSync, BeforeValidator(compat.one_order)])


def create_label_sync(request: Request, context: Context) -> Answer:
    """Ships one order and answers with its label; with `dry_run`, says how it would be shipped and does nothing."""
    check_partner(request.headers, context.installation)
    body = request.read(_CREATE_LABEL_SYNC, POINTERS)
    _check_selectors(["order"], [body.order])
    details = body.label_details or LabelDetails()
    form = Form(details.mime_type, compat.dpi_of(details.mime_type, details.dpi))
    wanted = body.wanted(body.order)
    if is_dry_run(request.query):
        found = preview(wanted, context)
        return dry_run_answer(found, [_with_link(error, context) for error in found.errors], POINTERS)
    try:
        shipment = ship_order(wanted, context)
    except AlreadyShipped as error:
        raise _with_link(error, context) from error
    return Answer(201, compat.labels_answer(_label(shipment, form, context), context.key.response_profile))


def _check_selectors(places: Sequence[str], orders: Sequence[OrderSelector]) -> None:
    """Refuses orders that are named by nothing."""
    problems = [
        problem(INVALID, "Field required", f"{POINTERS.root}/{place}/{name}")
        for place, order in zip(places, orders, strict=True)
        if order.order_id is None and order.order_number is None
        for name in ("order_id", "order_number")
    ]
    if problems:
        raise Rejected(400, problems)


def _with_link(error: KolliError, context: Context) -> KolliError:
    """The error, with where the label is that the order has already, if it says so."""
    if isinstance(error, AlreadyShipped):
        error.details["document"] = document_link(context, error.details["parcel_id"])
    return error


def _label(shipment: Shipment, form: Form, context: Context) -> LabelAnswer:
    """The label of an order. A rule may have divided it: then the file has a page for each parcel.

    A picture has no pages, so it shows the first one; the others are among the documents.
    """
    parcel = shipment.parcels[0]
    number = parcel.tracking_number or ""
    printed = shipment.parcels[:1] if form.mime_type == "image/png" else shipment.parcels
    file = b64encode(print_labels([(shipment, each) for each in printed], form, context)).decode()
    return {
        "parcel_id": parcel.id,
        **shipped(shipment),
        "tracking_number": number,
        "tracking_url": tracking_url(shipment.draft, number),
        "documents": [compat.document("label", "a6", document_link(context, each.id)) for each in shipment.parcels],
        **compat.both_label_names(file, form.mime_type, form.dpi),
    }


# Many orders, in the background


class ParcelItem(Schema):
    """So many pieces of an item of the order, which is named by the id that the shop gave to it."""

    item_id: Annotated[str, Field(min_length=1)]
    quantity: Id


class ParcelWeight(Schema):
    """What a parcel weighs."""

    value: Annotated[Number, Field(gt=0)]
    unit: WeightUnit


class ParcelDimensions(Schema):
    """How large a parcel is."""

    length: Annotated[Number, Field(gt=0)]
    width: Annotated[Number, Field(gt=0)]
    height: Annotated[Number, Field(gt=0)]
    unit: LengthUnit


class OrderParcel(Schema):
    """One box, and what of the order is in it."""

    parcel_items: Annotated[
        list[ParcelItem],
        Field(max_length=MOST_ITEMS, description="Items of the order; [] for a box whose contents nobody lists."),
    ]
    weight: ParcelWeight | None = None
    dimensions: ParcelDimensions | None = None

    def box(self) -> WantedBox:
        """The same, without a trace of JSON."""
        weight, size = self.weight, self.dimensions
        return WantedBox(
            items=tuple((item.item_id, item.quantity) for item in self.parcel_items),
            weight=Weight(weight.value, weight.unit) if weight else None,
            dimensions=Dimensions(size.length, size.width, size.height, size.unit) if size else None,
        )


class OrderInParcels(OrderSelector):
    """An order, and how it is divided into parcels; not at all when there are none."""

    parcels: list[OrderParcel] | None = None  # how many there may be is said order by order


def _few_and_unique(orders: Any) -> Any:
    if not isinstance(orders, list):
        return orders
    if len(orders) > MOST_ORDERS:
        message = "Orders list should have at most {most} items, not {count}"
        raise PydanticCustomError("too_many_orders", message, {"most": MOST_ORDERS, "count": len(orders)})
    for place, order in enumerate(orders):
        first = orders.index(order)
        if first != place:
            message = "Orders list should have unique items, but those in the places {first} and {place} are the same"
            raise PydanticCustomError("same_order", message, {"first": first, "place": place})
    return orders


class CreateLabelsAsync(_CreateLabels):
    """The body of `create-labels-async`."""

    orders: Annotated[
        list[OrderInParcels],
        Field(min_length=1, json_schema_extra={"maxItems": MOST_ORDERS, "uniqueItems": True}),
        BeforeValidator(_few_and_unique),
    ]


_CREATE_LABELS_ASYNC = TypeAdapter(CreateLabelsAsync)


def create_labels_async(request: Request, context: Context) -> Answer:
    """Accepts orders for shipping, and says for each which shipment it becomes or what stands in its way.

    What has been accepted is announced in the background, also after a restart: look at the shipment for its labels,
    or for what went wrong.
    """
    check_partner(request.headers, context.installation)
    refuse_dry_run(request.query)
    body = request.read(_CREATE_LABELS_ASYNC, POINTERS)
    _check_selectors([f"orders/{place}" for place in range(len(body.orders))], body.orders)
    wanted = [body.wanted(order, tuple(parcel.box() for parcel in order.parcels or ())) for order in body.orders]
    try:
        found = ship_orders(wanted, context)
    except DoesNotExist as error:  # documented like this: accepted, and nothing but an error
        return Answer(202, LabelsAnswer(errors=[compat.untitled(problem_of(error, POINTERS))]))
    data = [_accepted(each) for each in found if isinstance(each, Shipment)]
    problems = [
        _problem_with(each, place, wanted[place], context)
        for place, each in enumerate(found)
        if isinstance(each, KolliError)
    ]
    return Answer(202, LabelsAnswer(data=data, errors=problems) if problems else LabelsAnswer(data=data))


def _accepted(shipment: Shipment) -> ShippedOrder:
    ids = [parcel.id for parcel in shipment.parcels]
    return {"parcel_id": ids[0], "parcels_ids": ids, **shipped(shipment)}


def _problem_with(error: KolliError, place: int, wanted: ShipOrder, context: Context) -> Problem:
    """What stands in the way of one order of a batch. Its pointer begins with the order's place, whatever it names."""
    error = _with_link(error, context)
    fields = _OF_ITS_PARCELS if wanted.choice.boxes else _OF_THE_ORDER
    pointers = Pointers(f"{POINTERS.root}/orders/[{place}]", fields)
    found = problem_of(error, pointers)
    if error.field is None:
        found["source"] = {"pointer": pointers.of_field("order")}
    if BESIDE in error.details:
        found["meta"] = {**found.get("meta", {}), BESIDE: error.details[BESIDE]}
    return compat.of_invalid_order(found)


ROUTES = [
    Endpoint(
        "POST",
        "/orders/create-label-sync",
        create_label_sync,
        "Ship one order and get its label in the answer",
        POINTERS,
        scope="write:parcel",
        parameters=(PARTNER, DRY_RUN),
        body=_CREATE_LABEL_SYNC,
        answers={200: DryRunAnswer, 201: OneLabelAnswer},
        errors=(404,),
        is_repeatable=True,
    ),
    Endpoint(
        "POST",
        "/orders/create-labels-async",
        create_labels_async,
        "Ship up to twenty orders, each in one parcel or in several, in the background",
        POINTERS,
        scope="write:parcel",
        parameters=(PARTNER,),
        body=_CREATE_LABELS_ASYNC,
        answers={202: LabelsAnswer},
        is_repeatable=True,
    ),
]
