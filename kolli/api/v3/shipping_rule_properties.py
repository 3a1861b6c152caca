"""What rules are made of, on the wire: the conditions, operators and actions there are, and what may stand in them.

Everything here is read off the tables of `kolli.rules`. Source of the members: Shipping Rules, "Retrieve a condition
property" (beta, 2026-07).
"""

from collections.abc import Mapping
from typing import NotRequired, TypeVar

from typing_extensions import TypedDict

from kolli.api.endpoint import Answer, Request
from kolli.errors import NotFound
from kolli.operations.context import Context
from kolli.operations.known import known_to
from kolli.rules.actions import ACTIONS, ActionEntry
from kolli.rules.conditions import CONDITIONS, Property
from kolli.rules.model import Choices, ValueType
from kolli.rules.operators import OPERATORS, Operator

Entry = TypeVar("Entry")


class OperatorAnswer(TypedDict):
    """One way to compare. `multiple`: with several texts; `unary`: with nothing."""

    identifier: str
    name: str
    multiple: bool
    unary: bool
    help_text: str


class PropertyAnswer(TypedDict):
    """What a rule can look at, or what it can do.

    `multiple` says that there can be several values, with the delimiter between them; by which operators, they say
    themselves. `trigger_update` would say that what is chosen here decides what can be chosen elsewhere, which it never
    does. A possibility is a pair: what stands in the rule, and what people call it. A text or a number has none.
    """

    identifier: str
    name: str
    operators: list[OperatorAnswer]
    type: ValueType
    help_text: str
    multiple: bool
    delimiter: str
    trigger_update: bool
    possibilities: NotRequired[list[tuple[str, str]]]


def list_conditions(_: Request, __: Context) -> Answer:
    """Everything that a condition can look at, without the values that are possible."""
    data: list[PropertyAnswer] = [_condition(entry) for entry in CONDITIONS.values()]
    return Answer(200, data)


def retrieve_condition(request: Request, context: Context) -> Answer:
    """One thing that a condition can look at, with all the values that this account can compare it with."""
    entry = _entry(request, CONDITIONS, "condition")
    return Answer(200, {**_condition(entry), "possibilities": _possibilities(entry.choices, context)})


def list_operators(_: Request, __: Context) -> Answer:
    """Every way to compare. Which of them a condition takes, it says itself."""
    data: list[OperatorAnswer] = [_operator(entry) for entry in OPERATORS.values()]
    return Answer(200, data)


def list_actions(_: Request, __: Context) -> Answer:
    """Everything that a rule can do, without the values that are possible."""
    data: list[PropertyAnswer] = [_action(entry) for entry in ACTIONS.values()]
    return Answer(200, data)


def retrieve_action(request: Request, context: Context) -> Answer:
    """One thing that a rule can do, with all the values that it can have for this account."""
    entry = _entry(request, ACTIONS, "action")
    return Answer(200, {**_action(entry), "possibilities": _possibilities(entry.choices, context)})


def _entry(request: Request, table: Mapping[str, Entry], noun: str) -> Entry:
    identifier = str(request.path["identifier"])
    if identifier not in table:
        raise NotFound(f"There is no {noun} {identifier[:100]!r}. GET /shipping-rules/{noun}s lists those there are.")
    return table[identifier]


def _possibilities(choices: Choices | None, context: Context) -> list[tuple[str, str]]:
    if choices is None:
        return []
    with context.database.read() as transaction:
        catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
        known = known_to(transaction, context.account_id, catalogue)
    return list(known.possibilities(choices).items())


def _condition(entry: Property) -> PropertyAnswer:
    operators = [OPERATORS[identifier] for identifier in entry.operators]
    return {
        "identifier": entry.identifier,
        "name": entry.name,
        "operators": [_operator(operator) for operator in operators],
        "type": entry.type,
        "help_text": entry.help_text,
        "multiple": any(operator.multiple for operator in operators),
        "delimiter": entry.delimiter,
        "trigger_update": False,
    }


def _action(entry: ActionEntry) -> PropertyAnswer:
    return {
        "identifier": entry.identifier,
        "name": entry.name,
        "operators": [],
        "type": entry.type,
        "help_text": entry.help_text,
        "multiple": False,
        "delimiter": "",
        "trigger_update": False,
    }


def _operator(entry: Operator) -> OperatorAnswer:
    return {
        "identifier": entry.identifier,
        "name": entry.name,
        "multiple": entry.multiple,
        "unary": entry.unary,
        "help_text": entry.help_text,
    }
