"""What answers about orders look like, and what a change of an order may hold."""

from typing import Any

from pydantic import BaseModel, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from typing_extensions import TypedDict

from kolli.addresses.house_numbers import Confidence
from kolli.api.v3.order_document import Moment, OrderDocument
from kolli.orders.warnings import OrderWarning

REFERENCE = "#/$defs/"
LEFT_OUT = frozenset({"required", "$defs", "title", "description", "default"})


class OrderSummary(TypedDict):
    """The three names of an order that has been stored."""

    id: int
    order_id: str
    order_number: str


class OrdersStored(TypedDict):
    """The orders of a batch, in its order."""

    data: list[OrderSummary]


class OrderChanged(TypedDict):
    """The order that has been changed."""

    data: OrderSummary


class StoredOrder(OrderDocument):
    """An order as it was sent, with our id and times."""

    id: str
    created_at: Moment
    modified_at: Moment


class OneOrder(BaseModel):
    """One order."""

    data: StoredOrder


class Orders(BaseModel):
    """One page of orders."""

    data: list[StoredOrder]


class SuggestedSplit(TypedDict):
    """What the parts of a street line probably are, and how sure that is."""

    street: str
    house_number: str
    addition: str
    confidence: Confidence


class OrderWarningAnswer(TypedDict):
    """One thing to look at, and where in the order it is."""

    code: str
    detail: str
    pointer: str
    value: str
    limit: int | None
    suggestion: SuggestedSplit | None


class OrderWarnings(TypedDict):
    """What to look at before an order is shipped."""

    data: list[OrderWarningAnswer]


def warning_answer(warning: OrderWarning) -> OrderWarningAnswer:
    """A warning as it is answered: with a JSON pointer into the order."""
    split = warning.suggestion
    return {
        "code": warning.code,
        "detail": warning.message,
        "pointer": "/" + warning.field.replace(".", "/"),
        "value": warning.value,
        "limit": warning.limit,
        "suggestion": None
        if split is None
        else {
            "street": split.street,
            "house_number": split.house_number,
            "addition": split.addition,
            "confidence": split.confidence,
        },
    }


class OrderChange:
    """A merge patch (RFC 7396): any members of an order, at any depth. Only described here: the result is checked."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler(dict[str, Any])

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        document = OrderDocument.model_json_schema()
        change = _loose(document, document["$defs"])
        customer = next(kind for kind in change["properties"]["customer_details"]["anyOf"] if "properties" in kind)
        customer["properties"]["phone"] = customer["properties"]["phone_number"]  # its name in a change
        return {"title": cls.__name__, "description": cls.__doc__, **change}


def _loose(schema: Any, definitions: dict[str, Any]) -> Any:
    """The schema with its references written out, and without members that have to be there."""
    if isinstance(schema, list):
        return [_loose(entry, definitions) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _loose(definitions[schema["$ref"].removeprefix(REFERENCE)], definitions)
    kept = {name: member for name, member in schema.items() if name not in LEFT_OUT}
    members = kept.pop("properties", None)
    loose = {name: _loose(member, definitions) for name, member in kept.items()}
    if members is not None:  # named by the API, so a member may well be called `description`
        loose["properties"] = {name: _loose(member, definitions) for name, member in members.items()}
    return loose
