"""Shipments: what is announced without an order, and everything that has been announced."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pydantic import TypeAdapter
from typing_extensions import TypedDict

from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.errors import WIRE, Pointers, Rejected, Wire, problem
from kolli.api.v3.common import PARTNER, check_partner
from kolli.api.v3.ship_an_order_dry_run import refuse_dry_run
from kolli.api.v3.shipment_answers import OneShipment, ShipmentAnswer, Shipments, answered, answered_with_label
from kolli.api.v3.shipment_decisions import rule_answers
from kolli.api.v3.shipment_list import PARAMETERS, list_shipments
from kolli.api.v3.shipment_request import (
    AnyRequest,
    ShipmentRequest,
    ShipmentRequestSync,
    ShipmentRequestWithRules,
    wanted_by,
)
from kolli.errors import Conflict, NotFound, ReferenceTaken
from kolli.operations.cancel import cancel
from kolli.operations.context import Context
from kolli.operations.ship_parcels import ShipParcels, queue_parcels, ship_parcels
from kolli.shipments.attempts import Attempt, get_attempt
from kolli.shipments.model import Shipment
from kolli.shipments.queries import get_shipment, get_shipment_of_parcel

CONFLICT = Wire(409, "invalid", "Conflict")

_FIELDS = {
    "sender_address_id": "from_address/sender_address_id",
    "sender": "from_address",
    "recipient": "to_address",
    "shipping_option_code": "ship_with/properties/shipping_option_code",
    "contract_id": "ship_with/properties/contract_id",
    "insured_value": "ship_with/properties/shipping_option_code",
    "service_point_details": "to_service_point",
    "mime_type": "label_details/mime_type",
    "dpi": "label_details/dpi",
    "weight": "parcels/0/weight",
    "notes": "parcels/0/label_notes",
    "brand_name": "brand_id",
    "logo": "brand_id",
}
SYNC = Pointers(root="", fields=_FIELDS, says_required=True)
ASYNC = Pointers(fields=_FIELDS, says_required=True)
"""Where our fields stand in the request. As documented, pointers begin differently when nobody waits for the label."""

_REQUEST_SYNC = TypeAdapter(ShipmentRequestSync)
_REQUEST = TypeAdapter(ShipmentRequest)
_REQUEST_WITH_RULES = TypeAdapter(ShipmentRequestWithRules)

Body = TypeVar("Body", bound=AnyRequest)


@dataclass(frozen=True)
class _Way:
    """How a shipment is made and answered, and where its request is pointed to."""

    pointers: Pointers
    make: Callable[[ShipParcels, Context], Shipment]
    describe: Callable[[Shipment, Attempt, Context], ShipmentAnswer]


_NOW = _Way(SYNC, ship_parcels, answered_with_label)
_LATER = _Way(ASYNC, queue_parcels, answered)


class Cancellation(TypedDict):
    """What has become of a wish to cancel: `cancelled`, or `queued`."""

    status: str
    message: str


class CancellationAnswer(TypedDict):
    """What has become of a wish to cancel."""

    data: Cancellation


CANCELLED: CancellationAnswer = {"data": {"status": "cancelled", "message": "Shipment has been cancelled"}}
QUEUED: CancellationAnswer = {"data": {"status": "queued", "message": "Shipment cancellation has been queued"}}


# Announcing


def announce_shipment(request: Request, context: Context) -> Answer:
    """Announces a shipment and answers with its label.

    When the carrier refuses, the answer is a 201 all the same: with the reason in `errors`, and no label. When it does
    not answer, the shipment stays ANNOUNCING until it is known what became of it. An `external_reference_id` that a
    shipment has already is a 409 with that shipment, and announces nothing.
    """
    status, answer = _made(request, context, _REQUEST_SYNC, _NOW)
    return Answer(status, {"data": answer})


def create_shipment(request: Request, context: Context) -> Answer:
    """Stores a shipment that is announced in the background: retrieve it to see what became of it."""
    status, answer = _made(request, context, _REQUEST, _LATER)
    return Answer(status, {"data": answer})


def announce_with_shipping_rules(request: Request, context: Context) -> Answer:
    """Announces a shipment as the account's shipping rules want it, with its label.

    Rules overrule the request; what neither says, the account's defaults fill in: weight, shipping option and the
    reason of the export.
    """
    status, answer = _made(request, context, _REQUEST_WITH_RULES, _NOW)
    return Answer(status, {"data": answer})


def create_with_shipping_rules(request: Request, context: Context) -> Answer:
    """Stores a shipment as the account's shipping rules want it, to be announced in the background."""
    status, answer = _made(request, context, _REQUEST_WITH_RULES, _LATER)
    return Answer(status, {"data": answer})


def _made(request: Request, context: Context, schema: TypeAdapter[Body], way: _Way) -> tuple[int, ShipmentAnswer]:
    """What the request asks for, made; or, with 409, the shipment that has its external reference."""
    check_partner(request.headers, context.installation, unknown=WIRE[NotFound])
    refuse_dry_run(request.query)
    wanted = wanted_by(request.read(schema, way.pointers))
    try:
        status, shipment_id = 201, way.make(wanted, context).id
    except ReferenceTaken as error:
        status, shipment_id = CONFLICT.status, str(error.details["shipment_id"])
    shipment, attempt = _read(shipment_id, context)
    answer = way.describe(shipment, attempt, context)
    if schema is _REQUEST_WITH_RULES:
        answer["applied_shipping_rules"] = rule_answers(shipment.draft.decision)
    return status, answer


# Reading


def retrieve_shipment(request: Request, context: Context) -> Answer:
    """One shipment, however it was made, with what became of it."""
    return Answer(200, {"data": answered(*_read(str(request.path["id"]), context), context)})


def retrieve_return_portal_url(request: Request, context: Context) -> Answer:
    """Where the receiver can announce a return: nowhere, as this installation has no return portal."""
    _read(str(request.path["id"]), context)
    raise NotFound("No return portal is configured for this shipment.")


def _read(shipment_id: str, context: Context) -> tuple[Shipment, Attempt]:
    with context.database.read() as transaction:
        shipment = get_shipment(transaction, context.account_id, shipment_id.lower())
        return shipment, get_attempt(transaction, context.account_id, shipment.id)


# Cancelling


def cancel_shipment(request: Request, context: Context) -> Answer:
    """Takes a shipment back.

    200 when that is done; 202 when the carrier cannot say yet and will be asked again, for up to fourteen days; 409
    when it was done before, or there is nothing to take back, or it is too late.
    """
    return _cancelled(str(request.path["id"]).lower(), context)


def cancel_parcel(request: Request, context: Context) -> Answer:
    """Takes back the shipment that a parcel belongs to, with all its parcels: carriers know of no half shipments."""
    with context.database.read() as transaction:
        shipment, _ = get_shipment_of_parcel(transaction, context.account_id, request.id)
    return _cancelled(shipment.id, context)


def _cancelled(shipment_id: str, context: Context) -> Answer:
    try:
        is_done = cancel(shipment_id, context)
    except Conflict as error:
        meta = {"meta": error.details} if error.details else {}
        raise Rejected(CONFLICT.status, [{**problem(CONFLICT, error.message), **meta}]) from error
    return Answer(200, CANCELLED) if is_done else Answer(202, QUEUED)


_CANCELLATIONS = {200: CancellationAnswer, 202: CancellationAnswer}
_announcing = partial(
    Endpoint,
    scope="write:parcel",
    parameters=(PARTNER,),
    answers={201: OneShipment, CONFLICT.status: OneShipment},
    errors=(404,),
    is_repeatable=True,
)

ROUTES = [
    _announcing(
        "POST",
        "/shipments/announce",
        announce_shipment,
        "Announce a shipment and get its label in the answer",
        SYNC,
        body=_REQUEST_SYNC,
    ),
    _announcing(
        "POST",
        "/shipments",
        create_shipment,
        "Create a shipment that is announced in the background",
        ASYNC,
        body=_REQUEST,
    ),
    _announcing(
        "POST",
        "/shipments/announce-with-shipping-rules",
        announce_with_shipping_rules,
        "Announce a shipment with the account's rules and defaults",
        SYNC,
        body=_REQUEST_WITH_RULES,
    ),
    _announcing(
        "POST",
        "/shipments/create-with-shipping-rules",
        create_with_shipping_rules,
        "Create a shipment with the account's rules and defaults",
        ASYNC,
        body=_REQUEST_WITH_RULES,
    ),
    Endpoint(
        "GET",
        "/shipments",
        list_shipments,
        "Retrieve a list of shipments",
        scope="read:parcel",
        parameters=PARAMETERS,
        answers={200: Shipments},
        errors=(404,),
    ),
    Endpoint(
        "GET",
        "/shipments/{id}",
        retrieve_shipment,
        "Retrieve a shipment",
        scope="read:parcel",
        answers={200: OneShipment},
    ),
    Endpoint(
        "GET",
        "/shipments/{id}/return-portal-url",
        retrieve_return_portal_url,
        "Where the receiver of a shipment can announce a return",
        scope="read:parcel",
    ),
    Endpoint(
        "POST",
        "/shipments/{id}/cancel",
        cancel_shipment,
        "Cancel a shipment",
        scope="write:parcel",
        answers=_CANCELLATIONS,
        errors=(409,),
        is_repeatable=True,
    ),
    Endpoint(
        "POST",
        "/parcels/{id:int}/cancel",
        cancel_parcel,
        "Cancel the shipment of a parcel",
        scope="write:parcel",
        answers=_CANCELLATIONS,
        errors=(409,),
        is_extension=True,
        is_repeatable=True,
    ),
]
