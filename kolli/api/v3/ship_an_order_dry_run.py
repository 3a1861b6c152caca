"""What `create-label-sync` would do, without doing it. An extension of ours."""

from collections.abc import Sequence

from starlette.datastructures import QueryParams
from typing_extensions import TypedDict

from kolli.api.endpoint import Answer, Parameter
from kolli.api.errors import INVALID, Pointers, Problem, Rejected, problem, problem_of
from kolli.api.v3.shipment_answers import AppliedRule, PriceAnswer
from kolli.api.v3.shipment_decisions import (
    DecisionAnswer,
    StepAnswer,
    decision_answer,
    money_answer,
    rule_answers,
    step_answer,
)
from kolli.errors import KolliError
from kolli.operations.preview import Preview

DRY_RUN = Parameter(
    "dry_run",
    "Decide how the order would be shipped, and answer with that and with what stands in the way. Nothing is stored,"
    " announced or paid.",
    {"type": "boolean", "default": False},
    is_extension=True,
)


class DryRun(TypedDict):
    """What would be done about an order. Without a decision the steps tell how far it came.

    `shipment_id` is that of the live shipment which the order has already. `price` is null where no rate is known.
    """

    order_id: str
    order_number: str
    would_ship: bool
    shipment_id: str | None
    decision: DecisionAnswer | None
    price: PriceAnswer | None
    steps: list[StepAnswer]
    applied_shipping_rules: list[AppliedRule]


class DryRunAnswer(TypedDict):
    """What would be done, and what stands in the way: the order would be refused with the first of the errors."""

    data: DryRun
    errors: list[Problem]


def is_dry_run(query: QueryParams) -> bool:
    """Whether the request only wants to know."""
    text = query.get("dry_run", "false").lower()
    if text not in {"true", "false", "1", "0"}:
        detail = f"Input should be a valid boolean, true or false, not {text[:20]!r}"
        raise Rejected(400, [problem(INVALID, detail, parameter="dry_run")])
    return text in {"true", "1"}


def refuse_dry_run(query: QueryParams) -> None:
    """Refuses a dry run where there is none, so that nothing is bought by somebody who only wanted to know."""
    if is_dry_run(query):
        detail = "There is no dry run here. Only POST /orders/create-label-sync has one. Nothing was done"
        raise Rejected(400, [problem(INVALID, detail, parameter="dry_run")])


def dry_run_answer(found: Preview, errors: Sequence[KolliError], pointers: Pointers) -> Answer:
    """A preview as it is sent, with these errors."""
    answer: DryRunAnswer = {
        "data": {
            "order_id": found.order.order_id,
            "order_number": found.order.order_number,
            "would_ship": not errors,
            "shipment_id": found.live.id if found.live else None,
            "decision": decision_answer(found.draft) if found.draft else None,
            "price": money_answer(found.price),
            "steps": [step_answer(step) for step in found.steps],
            "applied_shipping_rules": rule_answers(found.steps),
        },
        "errors": [problem_of(error, pointers) for error in errors],
    }
    return Answer(200, answer)
