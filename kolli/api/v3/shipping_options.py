"""Shipping options: the ways in which an account can ship, with what each takes, needs, does and costs."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, TypeAdapter, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError, PydanticKnownError

from kolli.api.endpoint import NOWHERE_ELSE, Answer, Endpoint, Parameter, Request
from kolli.api.v3.common import Id, whole
from kolli.api.v3.order_document import Country, Currency, Dimension, Number, Part, Text, TextId, Weight
from kolli.api.v3.shipping_option_answers import (
    FUNCTIONALITIES,
    OptionsAnswer,
    option_answers,
    refused_answer,
)
from kolli.carriers.functionalities import NOTHING_DECLARED, Functionality, problem_with
from kolli.operations.context import Context
from kolli.operations.offer import Wish, find_offers
from kolli.operations.quote import Insured, Parcel
from kolli.shipments.model import ServicePoint
from kolli.values import Dimensions
from kolli.values import Weight as Mass

MOST_PARCELS = 50

NOTHING_FOUND = (
    "We couldn't find any shipping options for this request. Make sure your account has active shipping options that"
    " match the selected filters."
)

_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
}


# What is asked


def _functionalities(value: Any) -> dict[str, Functionality]:
    """Those that are asked for. What is null is not; of what nobody knows, no option has more than nothing."""
    if not isinstance(value, dict):
        raise PydanticKnownError("dict_type")
    asked = {name: whole(wanted) for name, wanted in value.items() if wanted is not None}
    for name, wanted in asked.items():
        if name in NOTHING_DECLARED and (found := problem_with(name, wanted)):
            raise PydanticCustomError("functionality", "{found}", {"found": found})
    return {name: wanted for name, wanted in asked.items() if name in NOTHING_DECLARED or wanted is not False}


def _some(value: Any) -> Any:
    if value == []:
        raise PydanticCustomError("no_parcels", "At least one parcel must be provided.")
    return value


def _only_text(code: Any) -> Any:
    return code.strip() or None if isinstance(code, str) else code


Functionalities = Annotated[dict[str, Any], BeforeValidator(_functionalities), FUNCTIONALITIES]
Code = Annotated[Text | None, BeforeValidator(_only_text)]
PostalCode = Annotated[str, Field(max_length=12)]


def _price(value: Any) -> Any:
    """A number without a currency is one in that of the prices."""
    return value if isinstance(value, dict) else {"value": value}


class InsuredPrice(Part):
    """For how much something is insured."""

    value: Annotated[Number, Field(ge=0)]
    currency: Currency | None = None


Insurance = Annotated[
    InsuredPrice,
    BeforeValidator(_price),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number", "minimum": 0},
                {
                    "type": "object",
                    "properties": {"value": {"type": "number", "minimum": 0}, "currency": {"type": "string"}},
                    "required": ["value"],
                },
            ]
        }
    ),
]
"""Numbers in the schema, prices in the examples."""


class LeadTime(Part):
    """Between which hours a lead time has to lie."""

    gt: Number | None = None
    gte: Number | None = None
    eq: Number | None = None
    lt: Number | None = None
    lte: Number | None = None


class Place(Part):
    """Where a parcel comes from or goes to, as far as it is known."""

    country_code: Country
    postal_code: Text | None = None
    address_line_1: Text | None = None
    city: Text | None = None
    state_province_code: Text | None = None


class PointOfService(Part):
    """Where the buyer collects the parcel: our id, or the carrier's own."""

    id: TextId | None = None
    carrier_service_point_id: TextId | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> "PointOfService":
        if self.id is None and self.carrier_service_point_id is None:
            raise PydanticCustomError("no_id", "Give its `id` or its `carrier_service_point_id`.")
        return self


class WishedParcel(Part):
    """A parcel, as far as it is known."""

    weight: Weight | None = None
    dimensions: Dimension | None = None
    additional_insured_price: Insurance | None = None
    total_insured_price: Insurance | None = None


WishedParcels = Annotated[list[WishedParcel], Field(max_length=MOST_PARCELS)]


class Filters(Part):
    """What both endpoints can be asked."""

    from_country_code: Country | None = None
    to_country_code: Country | None = None
    from_postal_code: PostalCode | None = None
    to_postal_code: PostalCode | None = None
    functionalities: Functionalities = Field(default_factory=dict)
    carrier_code: Code = None
    contract_id: Id | None = None
    shipping_product_code: Code = None
    lead_time: LeadTime | None = None

    def wish(self, **changes: Any) -> Wish:
        """The same in the words of the inside."""
        known = {
            "sender_country": self.from_country_code,
            "recipient_country": self.to_country_code,
            "recipient_postal_code": self.to_postal_code or "",
            "carrier_code": self.carrier_code,
            "contract_id": self.contract_id,
            "product_code": self.shipping_product_code,
            "functionalities": self.functionalities,
            "takes_hours": _takes_hours(self.lead_time),
        }
        return Wish(**{**known, **changes})


class FindOptions(Filters):
    """The body of `shipping-options`: a whole shipment."""

    from_address: Place | None = None
    to_address: Place | None = None
    to_service_point: PointOfService | None = None
    to_service_point_id: TextId | None = None
    parcels: Annotated[WishedParcels, BeforeValidator(_some)] | None = None
    shipping_option_code: Code = None
    calculate_quotes: StrictBool = False

    @model_validator(mode="after")
    def _one_form_of_address(self) -> "FindOptions":
        for end in ("from", "to"):
            if getattr(self, f"{end}_address") and (
                getattr(self, f"{end}_country_code") or getattr(self, f"{end}_postal_code")
            ):
                message = "`{end}_address` cannot be combined with `{end}_country_code` or `{end}_postal_code`."
                raise PydanticCustomError("two_addresses", message, {"end": end})
        return self

    def wish(self, **changes: Any) -> Wish:
        """The same in the words of the inside."""
        known = {
            "sender_country": self.from_address.country_code if self.from_address else self.from_country_code,
            "recipient_country": self.to_address.country_code if self.to_address else self.to_country_code,
            "recipient_postal_code": (self.to_address.postal_code if self.to_address else self.to_postal_code) or "",
            "parcels": [_wished(parcel) for parcel in self.parcels or ()],
            "option_code": self.shipping_option_code,
            "service_point": self._service_point(),
        }
        return super().wish(**{**known, **changes})

    def _service_point(self) -> ServicePoint | None:
        """Where the buyer collects it. The carrier's own id counts before ours."""
        asked = self.to_service_point
        if asked is None:
            return ServicePoint(self.to_service_point_id) if self.to_service_point_id else None
        if asked.carrier_service_point_id is not None:
            return ServicePoint(carrier_service_point_id=asked.carrier_service_point_id)
        return ServicePoint(asked.id)


class FindOptionsForOne(Filters):
    """The body of the deprecated `fetch-shipping-options`: one parcel."""

    weight: Weight | None = None
    dimensions: Dimension | None = None
    total_insurance: Insurance | None = None

    def wish(self, **changes: Any) -> Wish:
        """The same in the words of the inside."""
        is_known = self.weight or self.dimensions or self.total_insurance is not None
        parcel = _parcel(self.weight, self.dimensions, self.total_insurance)
        return super().wish(parcels=[parcel] if is_known else (), **changes)


def _takes_hours(wanted: LeadTime | None) -> Callable[[int], bool] | None:
    limits = [(_COMPARISONS[name], limit) for name, limit in wanted or () if limit is not None]
    return (lambda hours: all(holds(hours, limit) for holds, limit in limits)) if limits else None


def _wished(parcel: WishedParcel) -> Parcel:
    """A parcel of a request. What is insured additionally counts before what is insured in all."""
    additional, total = parcel.additional_insured_price, parcel.total_insured_price
    if additional is None:
        return _parcel(parcel.weight, parcel.dimensions, total)
    found = _parcel(parcel.weight, parcel.dimensions, additional)
    return replace(found, insured=Insured(additional.value, additional.currency, is_additional=True))


def _parcel(weight: Weight | None, dimensions: Dimension | None, insurance: InsuredPrice | None) -> Parcel:
    return Parcel(
        Mass(weight.value, weight.unit) if weight else None,
        Dimensions(dimensions.length, dimensions.width, dimensions.height, dimensions.unit) if dimensions else None,
        Insured(insurance.value, insurance.currency) if insurance else None,
    )


_FIND = TypeAdapter(FindOptions)
_FIND_FOR_ONE = TypeAdapter(FindOptionsForOne)


# What is answered


def find_options(request: Request, context: Context) -> Answer:
    """The options that fit a whole shipment. All filters are optional, and what is left out filters nothing.

    Quotes are calculated when both countries are known and `calculate_quotes` is true.
    """
    body = request.read(_FIND, NOWHERE_ELSE)
    return _answer(request, body.wish(), context, is_quoted=body.calculate_quotes)


def find_options_for_one(request: Request, context: Context) -> Answer:
    """The options that fit one parcel, with quotes when both countries are known. Deprecated."""
    wish = request.read(_FIND_FOR_ONE, NOWHERE_ELSE).wish()
    return _answer(request, wish, context, is_quoted=True, is_for_one=True)


def _answer(request: Request, wish: Wish, context: Context, *, is_quoted: bool, is_for_one: bool = False) -> Answer:
    with context.database.read() as transaction:
        catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
        found = find_offers(transaction, context.account_id, catalogue, wish)
    options = option_answers(found, catalogue, wish, is_quoted=is_quoted)
    if is_for_one:
        for option in options:
            option["billed_weight"] = next(iter(option["parcel_billed_weights"]), None)
    answer: OptionsAnswer = {"data": options} if options else {"data": [], "message": NOTHING_FOUND}
    if request.query.get("explain", "").lower() == "true":
        answer["refused"] = [refused_answer(refusal) for refusal in found.refused]
    return Answer(200, answer)


_PARAMETERS = (
    Parameter(
        "explain",
        "Whether the options that do not fit are listed too, each with the reason.",
        {"type": "string", "enum": ["true", "false"]},
        is_extension=True,
    ),
)

ROUTES = [
    Endpoint(
        "POST",
        "/shipping-options",
        find_options,
        "Find the shipping options for a shipment",
        scope="read:operational-settings",
        parameters=_PARAMETERS,
        body=_FIND,
        answers={200: OptionsAnswer},
    ),
    Endpoint(
        "POST",
        "/fetch-shipping-options",
        find_options_for_one,
        "Find the shipping options for one parcel (deprecated)",
        scope="read:operational-settings",
        parameters=_PARAMETERS,
        body=_FIND_FOR_ONE,
        answers={200: OptionsAnswer},
    ),
]
