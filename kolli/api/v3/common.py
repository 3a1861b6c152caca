"""Schemas that several sections share: ids, numbers, addresses' parts, ship_with."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from starlette.datastructures import Headers

from kolli.api.endpoint import LARGEST_ID, Parameter
from kolli.api.errors import INVALID, Rejected, Wire, problem
from kolli.operations.context import Installation


class Schema(BaseModel):
    """A part of a request body. Members it does not know are ignored, as the hosted service does."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def whole(value: Any) -> Any:
    """70.0 is a whole number in JSON; true is none."""
    if isinstance(value, Decimal) and -LARGEST_ID <= value <= LARGEST_ID and value == int(value):
        return int(value)
    return value


Whole = Annotated[int, BeforeValidator(whole), Field(strict=True, ge=-LARGEST_ID, le=LARGEST_ID)]
"""A JSON integer that a database can hold."""

Id = Annotated[int, BeforeValidator(whole), Field(strict=True, ge=1, le=LARGEST_ID)]


class DescribedAs:
    """Marks what is answered as it was sent: it is described as what was read, and not looked at again.

    `Annotated[dict[str, Any], DescribedAs(Customs)]`
    """

    def __init__(self, schema: type[Schema]) -> None:
        self.schema = schema

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(self.schema.__pydantic_core_schema__)


class ShipWithProperties(Schema):
    """Which shipping option, under which contract."""

    shipping_option_code: str | None = None
    contract_id: Id | None = None


class ShipWith(Schema):
    """How a shipment is to be sent."""

    type: Literal["shipping_option_code"]
    properties: ShipWithProperties


PARTNER = Parameter(
    "Sendcloud-Partner-Id",
    "The partner on whose behalf this is asked.",
    {"type": "string", "format": "uuid"},
    place="header",
)


def check_partner(headers: Headers, installation: Installation, *, unknown: Wire = INVALID) -> None:
    """Checks `Sendcloud-Partner-Id`, if it was sent: a UUID, and a known one where a list is configured.

    Sections differ in what they answer to an `unknown` one.
    """
    text = headers.get("sendcloud-partner-id")
    if text is None:
        return
    known = installation.settings.partner_ids
    try:
        partner = UUID(text)
    except ValueError:
        raise _partner(INVALID, f"{text!r} is not a valid UUID.") from None
    if known and partner not in known:
        raise _partner(unknown, "The partner ID was not found.")


def _partner(wire: Wire, detail: str) -> Rejected:
    return Rejected(wire.status, [problem(wire, detail, header="Sendcloud-Partner-Id")])


def in_utc(moment: datetime) -> str:
    """A moment as most sections write it: `2026-11-24T12:00:00Z`; without fractions of seconds."""
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"
