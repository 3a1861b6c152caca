"""Why a shipment goes as it does: what was decided about it, step by step, and by whom. An extension of ours."""

from typing import Any

from typing_extensions import TypedDict

from kolli.api.endpoint import Answer, Endpoint, Request
from kolli.api.v3.common import in_utc
from kolli.api.v3.ship_an_order_answers import ShipWithUsed
from kolli.api.v3.shipment_answers import (
    AppliedRule,
    CarrierAnswer,
    DimensionsAnswer,
    PriceAnswer,
    ServicePointAnswer,
    WeightAnswer,
    dimensions_answer,
    weight_answer,
)
from kolli.errors import NotFound
from kolli.operations.context import Context
from kolli.rules.explanation import applied_documents
from kolli.shipments.model import Draft, Shipment, Source, Step
from kolli.shipments.queries import find_newest_of_order, get_shipment
from kolli.values import Money, plain


class RuleOfStep(TypedDict):
    """The rule that has taken a step, in the state it was in then."""

    id: int
    name: str
    revision: int | None


class StepAnswer(TypedDict):
    """One thing that was decided: which field got which value in place of which, and by whom.

    Where both values are the same nothing was changed, and the note says why.
    """

    field: str
    before: str | None
    after: str | None
    source: Source
    rule: RuleOfStep | None
    note: str


class ParcelDecided(TypedDict):
    """One box as it was decided."""

    weight: WeightAnswer
    dimensions: DimensionsAnswer | None
    label_notes: list[str]


class DecisionAnswer(TypedDict):
    """How something is shipped."""

    ship_with: ShipWithUsed
    carrier: CarrierAnswer
    is_live: bool
    sender_address_id: int | None
    brand_id: int | None
    insured_value: PriceAnswer | None
    export_reason: str | None
    to_service_point: ServicePointAnswer | None
    parcels: list[ParcelDecided]


class ShipmentDecision(TypedDict):
    """What was decided about a shipment when it was made. It has no steps if it was made before they were kept."""

    shipment_id: str
    order_id: str
    order_number: str
    decided_at: str
    decision: DecisionAnswer
    steps: list[StepAnswer]
    applied_shipping_rules: list[AppliedRule]


class OneDecision(TypedDict):
    """What was decided about one shipment."""

    data: ShipmentDecision


def retrieve_decision(request: Request, context: Context) -> Answer:
    """What was decided about a shipment: every value with who has chosen it, and the shipping rules that held."""
    with context.database.read() as transaction:
        shipment = get_shipment(transaction, context.account_id, str(request.path["id"]).lower())
    return _answer(shipment)


def retrieve_decision_of_order(request: Request, context: Context) -> Answer:
    """What was decided about the newest shipment of an order. The number in the path is the `id` of the order."""
    with context.database.read() as transaction:
        shipment = find_newest_of_order(transaction, context.account_id, request.id)
    if shipment is None:
        raise NotFound("No shipment was made from such an order.")
    return _answer(shipment)


def decision_answer(draft: Draft) -> DecisionAnswer:
    """A draft, as far as it was decided."""
    point = draft.service_point
    return {
        "ship_with": {
            "type": "shipping_option_code",
            "properties": {"contract_id": draft.contract_id, "shipping_option_code": draft.shipping_option_code},
        },
        "carrier": {"code": draft.carrier_code, "name": draft.carrier_name},
        "is_live": draft.is_live,
        "sender_address_id": draft.sender_address_id,
        "brand_id": draft.brand_id,
        "insured_value": money_answer(draft.insured_value),
        "export_reason": (draft.details.get("customs_information") or {}).get("export_reason"),
        "to_service_point": (
            {"id": point.id, "carrier_service_point_id": point.carrier_service_point_id} if point else None
        ),
        "parcels": [
            {
                "weight": weight_answer(box.weight),
                "dimensions": dimensions_answer(box.dimensions),
                "label_notes": list(box.notes),
            }
            for box in draft.boxes
        ],
    }


def money_answer(money: Money | None) -> PriceAnswer | None:
    """An amount of money, its value as text."""
    if money is None:
        return None
    text = plain(money.value)
    return {"value": f"{money.value:.2f}" if len(text.partition(".")[2]) <= 2 else text, "currency": money.currency}


def step_answer(step: Step) -> StepAnswer:
    """One step of a decision."""
    rule: RuleOfStep | None = None
    if step.rule_id is not None:
        rule = {"id": step.rule_id, "name": step.rule_name, "revision": step.rule_revision}
    return {
        "field": step.field,
        "before": step.before,
        "after": step.after,
        "source": step.source,
        "rule": rule,
        "note": step.note,
    }


def rule_answers(steps: tuple[Step, ...]) -> list[Any]:
    """The rules that held, each with what it has changed."""
    return applied_documents(steps)


def _answer(shipment: Shipment) -> Answer:
    draft = shipment.draft
    data: OneDecision = {
        "data": {
            "shipment_id": shipment.id,
            "order_id": draft.shop_order_id,
            "order_number": draft.order_number,
            "decided_at": in_utc(shipment.created_at),
            "decision": decision_answer(draft),
            "steps": [step_answer(step) for step in draft.decision],
            "applied_shipping_rules": rule_answers(draft.decision),
        }
    }
    return Answer(200, data)


ROUTES = [
    Endpoint(
        "GET",
        "/shipments/{id}/decision",
        retrieve_decision,
        "Explain how a shipment was decided",
        scope="read:parcel",
        answers={200: OneDecision},
        errors=(404,),
        is_extension=True,
    ),
    Endpoint(
        "GET",
        "/orders/{id:int}/decision",
        retrieve_decision_of_order,
        "Explain how the newest shipment of an order was decided",
        scope="read:parcel",
        answers={200: OneDecision},
        errors=(404,),
        is_extension=True,
    ),
]
