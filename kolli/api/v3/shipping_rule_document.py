"""A shipping rule on the wire: what is sent, and what is answered. Source: the Shipping Rules section (beta, 2026-07).

Reading a request gives values of the right kind. Whether an account can have such a rule, `kolli.rules.validation`
says.
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool
from typing_extensions import TypedDict

from kolli.api.errors import Pointers
from kolli.api.v3.common import Id, Schema, in_utc
from kolli.rules.model import (
    LONGEST_NAME,
    LONGEST_VALUE,
    MOST_ACTIONS,
    MOST_CONDITIONS,
    MOST_RULES,
    Action,
    Condition,
    Rule,
)
from kolli.rules.validation import Known, problems
from kolli.values import plain

POINTERS = Pointers(root="", says_required=True)

EXTENSION = {"x-kolli-extension": True}


def _text(value: Any) -> Any:
    """A number says the same as its text: `10` and `"10"`."""
    if type(value) is int or (isinstance(value, Decimal) and abs(value.adjusted()) < 20):
        return plain(Decimal(value))
    return value


Identifier = Annotated[str, Field(min_length=1, max_length=100)]
Value = Annotated[Annotated[str, Field(max_length=LONGEST_VALUE)], BeforeValidator(_text)]


class SentCondition(Schema):
    """What is looked at, how it is compared, and with what."""

    property: Identifier
    operator: Identifier
    compare_to: Value = ""


class SentCriteria(Schema):
    """When a rule holds: when all of its conditions do, or one of them. A rule without conditions holds always."""

    is_and: StrictBool = True
    conditions: Annotated[list[SentCondition], Field(max_length=MOST_CONDITIONS)]


class SentAction(Schema):
    """What a rule does, and how."""

    identifier: Identifier
    value: Value


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
Actions = Annotated[list[SentAction], Field(min_length=1, max_length=MOST_ACTIONS)]


class NewRule(Schema):
    """A rule to be added at the end of the list."""

    name: Name
    criteria: SentCriteria
    actions: Actions
    is_active: StrictBool = True


class RuleChange(Schema):
    """What is to be different; what is absent stays as it is. Criteria and actions are replaced as a whole."""

    name: Name = ""
    criteria: SentCriteria = SentCriteria(conditions=[])
    actions: Actions = Field(default=[])
    is_active: StrictBool = True


def _id_of(value: Any) -> Any:
    """A rule, as a list of them has it, stands for its id."""
    return value["id"] if isinstance(value, dict) and "id" in value else value


def name_of_order(body: Any) -> str | None:
    """The member in which the list of ids stands, if it does not stand by itself."""
    return next((name for name in ("rules", "ids") if isinstance(body, dict) and name in body), None)


def _list_of(body: Any) -> Any:
    name = name_of_order(body)
    return body if name is None else body[name]


Order = Annotated[list[Annotated[Id, BeforeValidator(_id_of)]], Field(max_length=MOST_RULES), BeforeValidator(_list_of)]


# What is answered


class ConditionAnswer(TypedDict):
    """What is looked at, how it is compared, and with what."""

    property: str
    operator: str
    compare_to: str


class CriteriaAnswer(TypedDict):
    """When a rule holds."""

    is_and: bool
    conditions: list[ConditionAnswer]


class ActionAnswer(TypedDict):
    """What a rule does, and how."""

    identifier: str
    value: str


class ProblemAnswer(TypedDict):
    """What is wrong with a stored rule, and where in it."""

    pointer: str
    detail: str


class RuleAnswer(TypedDict):
    """A rule. `order` is its place in the list, counted from 1; one that is invalid is passed over."""

    id: int
    name: str
    is_active: bool
    is_invalid: bool
    order: int
    updated_at: str
    criteria: CriteriaAnswer
    actions: list[ActionAnswer]
    revision: Annotated[
        int, Field(description="Grows with every change. Decisions name it.", json_schema_extra=EXTENSION)
    ]
    problems: Annotated[
        list[ProblemAnswer],
        Field(description="Why the rule is invalid; empty when it is not.", json_schema_extra=EXTENSION),
    ]


def conditions_of(sent: SentCriteria) -> tuple[Condition, ...]:
    """The conditions as they are stored."""
    return tuple(Condition(one.property, one.operator, one.compare_to) for one in sent.conditions)


def actions_of(sent: list[SentAction]) -> tuple[Action, ...]:
    """The actions as they are stored."""
    return tuple(Action(one.identifier, one.value) for one in sent)


def answered(rule: Rule, known: Known) -> RuleAnswer:
    """A rule as it is answered, with what is wrong with it beside what there is now."""
    found = problems(rule, known)
    return {
        "id": rule.id,
        "name": rule.name,
        "is_active": rule.is_active,
        "is_invalid": bool(found),
        "order": rule.position,
        "updated_at": in_utc(rule.updated_at) if rule.updated_at else "",
        "criteria": {
            "is_and": rule.is_and,
            "conditions": [
                {"property": one.property, "operator": one.operator, "compare_to": one.compare_to}
                for one in rule.conditions
            ],
        },
        "actions": [{"identifier": one.identifier, "value": one.value} for one in rule.actions],
        "revision": rule.revision,
        "problems": [{"pointer": POINTERS.of_field(one.field), "detail": one.message} for one in found],
    }
