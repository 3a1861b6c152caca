"""What rules are made of, on the wire: the conditions, operators and actions there are, and what may stand in them.

Everything here is read off the tables of `kolli.rules`. Source of the members: Shipping Rules, "Retrieve a condition
property" (beta, 2026-07).
"""

from typing import NotRequired

from typing_extensions import TypedDict

from kolli.api.endpoint import Answer, Request
from kolli.errors import NotFound
from kolli.operations.context import Context
from kolli.operations.known import known_to
from kolli.rules.actions import ACTIONS, ActionEntry
from kolli.rules.conditions import CONDITIONS, Property
from kolli.rules.model import ValueType
from kolli.rules.operators import OPERATORS, Operator


class OperatorAnswer(TypedDict):
    """One way to compare. `multiple`: with several texts; `unary`: with nothing."""

    identifier: str
    name: str
    multiple: bool
    unary: bool
    help_text: str


class PropertyAnswer(TypedDict):
    """What a rule can look at, or what it can do.

    `multiple` says that there may be several values, with the delimiter between them. `trigger_update` would say that
    what is chosen here decides what may be chosen elsewhere, which it never does. A possibility is a pair: the value,
    and how people call it.
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
    """One of the things that a condition can look at, with all values that are possible for this account."""
    entry = CONDITIONS.get(str(request.path["identifier"]))
    if entry is None:
        raise NotFound(f"There is no condition {str(request.path['identifier'])[:100]!r}.")
    data: PropertyAnswer = {**_condition(entry), "possibilities": _possibilities(entry, context)}
    return Answer(200, data)
