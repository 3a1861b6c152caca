"""Shipping rules: what the account has decided about how orders are shipped, in the order in which it counts.

A rule is answered as it is stored, without a member around it. Source: the Shipping Rules section (beta, 2026-07).
"""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool

from kolli.api.v3.common import Id, Schema
from kolli.api.v3.order_document import printable
from kolli.rules.model import LONGEST_NAME, LONGEST_VALUE, MOST_ACTIONS, MOST_CONDITIONS, MOST_RULES
from kolli.values import plain


def _text(value: object) -> object:
    """A number is read as its text: `10` and `"10"` say the same."""
    if type(value) is int:
        return str(value)
    if isinstance(value, Decimal) and abs(value.adjusted()) < 20:
        return plain(value)
    return value


Identifier = Annotated[str, Field(min_length=1, max_length=100)]
Value = Annotated[str, BeforeValidator(_text), Field(max_length=LONGEST_VALUE), AfterValidator(printable)]


class SentCondition(Schema):
    """What is compared, how, and with what."""

    property: Identifier
    operator: Identifier
    compare_to: Value = ""


class SentCriteria(Schema):
    """When a rule holds: when all conditions do, or one of them. Without conditions it holds always."""

    is_and: StrictBool = True
    conditions: Annotated[list[SentCondition], Field(max_length=MOST_CONDITIONS)]


class SentAction(Schema):
    """What a rule does, and how."""

    identifier: Identifier
    value: Value


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(printable)]
Actions = Annotated[list[SentAction], Field(min_length=1, max_length=MOST_ACTIONS)]
