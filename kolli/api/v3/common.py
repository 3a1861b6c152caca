"""Schemas that several sections share: ids, numbers, addresses' parts, ship_with."""

from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from starlette.datastructures import Headers

from kolli.api.endpoint import LARGEST_ID
from kolli.api.errors import INVALID, Rejected, problem
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


class ShipWithProperties(Schema):
    """Which shipping option, under which contract."""

    shipping_option_code: str | None = None
    contract_id: Id | None = None


class ShipWith(Schema):
    """How a shipment is to be sent."""

    type: Literal["shipping_option_code"]
    properties: ShipWithProperties


def check_partner(headers: Headers, installation: Installation) -> None:
    """Checks `Sendcloud-Partner-Id`, if it was sent: a UUID, and a known one where a list is configured."""
    text = headers.get("sendcloud-partner-id")
    if text is None:
        return
    known = installation.settings.partner_ids
    try:
        partner = UUID(text)
    except ValueError:
        raise _partner(f"{text!r} is not a valid UUID.") from None
    if known and partner not in known:
        raise _partner("The partner ID was not found.")


def _partner(detail: str) -> Rejected:
    return Rejected(400, [problem(INVALID, detail, header="Sendcloud-Partner-Id")])
