"""How a shipping option is answered: what it takes, needs, does and costs, with weights and prices as text."""

from collections.abc import Mapping, Sequence
from decimal import ROUND_UP, Decimal
from typing import Annotated, Any, Literal, NotRequired

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from kolli.account.contracts import Contract
from kolli.carriers.base import ChargingType, Requirement, ShippingOption
from kolli.carriers.functionalities import FLAGS, NOTHING_DECLARED, NUMBERS, WORDS
from kolli.operations.offer import Offer, Parcel, Wish
from kolli.values import EXACT, Dimensions, Weight, crosses_customs_border, plain

BUILT_IN = "Built-in"
"""What the contract is called that is the installation's and not the account's."""

RequiredField = Literal["to_email", "to_telephone", "length", "width", "height"]

_FIELDS: Mapping[Requirement, tuple[RequiredField, ...]] = {
    "email": ("to_email",),
    "phone_number": ("to_telephone",),
    "dimensions": ("length", "width", "height"),
    "service_point_details": (),  # has a member of its own
}


def _schema_of(name: str) -> dict[str, object]:
    if name in FLAGS:
        return {"type": "boolean"}
    if name in NUMBERS:
        return {"type": ["integer", "null"]}
    return {"type": ["string", "null"], **({"enum": [*WORDS[name], None]} if name in WORDS else {})}


FUNCTIONALITIES = WithJsonSchema(
    {"type": "object", "properties": {name: _schema_of(name) for name in NOTHING_DECLARED}}
)
"""How the description of the API has functionalities, in requests and in answers."""


class NamedCode(TypedDict):
    """A code, and what people call it."""

    code: str
    name: str


class MassAnswer(TypedDict):
    """A mass, its value as text."""

    value: str
    unit: str


class MassRange(TypedDict):
    """From the lightest to the heaviest."""

    min: MassAnswer
    max: MassAnswer


class SizeAnswer(TypedDict):
    """Length, width and height as text; zeros where nothing is known of a limit."""

    length: str
    width: str
    height: str
    unit: str


class BilledWeight(TypedDict):
    """What a carrier charges for a parcel: its weight, or what its size counts as."""

    value: str
    unit: str
    volumetric: bool
    calculation: str | None
    parcel_number: int


class ContractOfOption(TypedDict):
    """The contract that is shipped under. The built-in one has no number."""

    id: int | None
    client_id: str
    carrier_code: str
    name: str


class RequirementsAnswer(TypedDict):
    """What a shipment must have."""

    fields: list[RequiredField]
    export_documents: bool
    is_service_point_required: bool


class PriceAnswer(TypedDict):
    """An amount of money as text."""

    value: str
    currency: str


class PriceLine(TypedDict):
    """One part of a price."""

    type: str
    label: str
    price: PriceAnswer


class PriceOfQuote(TypedDict):
    """A price and what it consists of."""

    breakdown: list[PriceLine]
    total: PriceAnswer


class Quote(TypedDict):
    """What a whole shipment costs."""

    weight: MassRange
    price: PriceOfQuote
    lead_time: int | None
    estimated_surcharges: list[PriceLine] | None


class OptionAnswer(TypedDict):
    """A shipping option."""

    code: str
    name: str
    carrier: NamedCode
    product: NamedCode
    functionalities: Annotated[dict[str, Any], FUNCTIONALITIES]
    weight: MassRange
    max_dimensions: SizeAnswer
    parcel_billed_weights: list[BilledWeight]
    billed_weight: NotRequired[BilledWeight | None]  # of the deprecated endpoint's one parcel
    contract: ContractOfOption
    requirements: RequirementsAnswer
    charging_type: ChargingType
    quotes: list[Quote] | None


class OptionsAnswer(TypedDict):
    """The shipping options that fit; if there are none, why."""

    data: list[OptionAnswer]
    message: NotRequired[str]


def option_answer(offer: Offer, wish: Wish, *, is_quoted: bool) -> OptionAnswer:
    """An option that fits a wish, with or without what that costs."""
    carrier, option = offer.carrier, offer.option
    sender, recipient = wish.sender_country, wish.recipient_country
    return {
        "code": option.code,
        "name": option.title,
        "carrier": {"code": carrier.code, "name": carrier.name},
        "product": {"code": option.product_code, "name": option.product_name},
        "functionalities": dict(option.functionalities),
        "weight": _range(option),
        "max_dimensions": _size(option.largest),
        "parcel_billed_weights": _billed_weights(option, wish.parcels),
        "contract": _contract(offer.contract, carrier.code),
        "requirements": {
            "fields": [field for requirement in option.requires for field in _FIELDS[requirement]],
            "export_documents": bool(sender and recipient and crosses_customs_border(sender, recipient)),
            "is_service_point_required": "service_point_details" in option.requires,
        },
        "charging_type": option.charging_type,
        "quotes": _quotes(option, max(1, len(wish.parcels))) if is_quoted else None,
    }


def _range(option: ShippingOption) -> MassRange:
    return {"min": _mass(option.lightest), "max": _mass(option.heaviest)}


def _mass(weight: Weight) -> MassAnswer:
    return {"value": kilograms(weight), "unit": "kg"}


def kilograms(weight: Weight) -> str:
    """A weight in kilograms with three decimals, or with as many more as it has: `31.500`."""
    exact = EXACT.scaleb(weight.grams, -3)
    return f"{exact:.3f}" if exact == round(exact, 3) else plain(exact)


def _size(limit: Dimensions | None) -> SizeAnswer:
    if limit is None:
        return {"length": "0.00", "width": "0.00", "height": "0.00", "unit": "cm"}
    return {
        "length": f"{limit.length:.2f}",
        "width": f"{limit.width:.2f}",
        "height": f"{limit.height:.2f}",
        "unit": limit.unit,
    }


def _billed_weights(option: ShippingOption, parcels: Sequence[Parcel]) -> list[BilledWeight]:
    """Of every parcel that something is known of to bill, by its number."""
    billed = [(number, _billed(option, parcel)) for number, parcel in enumerate(parcels, start=1)]
    return [
        {
            "value": kilograms(weight),
            "unit": "kg",
            "volumetric": calculation is not None,
            "calculation": calculation,
            "parcel_number": number,
        }
        for number, (weight, calculation) in billed
        if weight is not None
    ]


def _billed(option: ShippingOption, parcel: Parcel) -> tuple[Weight | None, str | None]:
    """The greater of a parcel's weight and what its size counts as, and, where that is the size, how it was worked out.

    The size counts as length times width times height through the carrier's divisor. Source: Shipments guide (2026-07).
    """
    weight, size = parcel.weight, parcel.dimensions
    if size is None or option.volumetric_divisor is None:
        return weight, None
    length, width, height = (plain(side / 10) for side in size.sides_mm)
    volume = Decimal(length) * Decimal(width) * Decimal(height)
    volumetric = Weight((volume / option.volumetric_divisor).quantize(Decimal("0.001"), ROUND_UP), "kg")
    if weight is not None and weight.grams >= volumetric.grams:
        return weight, None
    return volumetric, f"({length} * {width} * {height}) / {option.volumetric_divisor}"


def _contract(contract: Contract | None, carrier_code: str) -> ContractOfOption:
    return {
        "id": contract.id if contract else None,
        "client_id": (contract.client_id or "") if contract else "",
        "carrier_code": carrier_code,
        "name": contract.name if contract else BUILT_IN,
    }


def _quotes(option: ShippingOption, parcels: int) -> list[Quote]:
    """What so many parcels cost; nothing where we do not know."""
    if option.price is None:
        return []
    value = option.price.value * parcels
    total: PriceAnswer = {"value": f"{value:.2f}" if value else "0", "currency": option.price.currency}
    line: PriceLine = {"type": "price_without_insurance", "label": "Label", "price": total}
    return [
        {
            "weight": _range(option),
            "price": {"breakdown": [line], "total": total},
            "lead_time": option.lead_time_hours,
            "estimated_surcharges": None,
        }
    ]
