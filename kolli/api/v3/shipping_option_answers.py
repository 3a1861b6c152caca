"""How a shipping option is answered: what it takes, needs, does and costs, with weights and prices as text."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache, lru_cache
from typing import Annotated, Any, NotRequired
from weakref import WeakKeyDictionary

from pydantic import WithJsonSchema
from typing_extensions import TypedDict

from kolli.account.contracts import Contract
from kolli.carriers.base import Carrier, ChargingType, RequiredField, ShippingOption
from kolli.carriers.functionalities import FLAGS, NOTHING_DECLARED, NUMBERS, WORDS
from kolli.operations.catalogue import Catalogue
from kolli.operations.offer import Offers, Refusal, Wish
from kolli.operations.quote import Billed, Ends, PriceType, Quote
from kolli.values import EXACT, Dimensions, Weight, crosses_customs_border, plain

BUILT_IN = "Built-in"
"""What the contract is called that is the installation's and not the account's."""
LABELS: Mapping[PriceType, str] = {
    "price_without_insurance": "Label",
    "insurance_price": "Insurance",
    "volume": "Volume surcharge",
    "weight": "Weight surcharge",
    "weight_volume": "Volumetric weight surcharge",
    "internal_correction": "Internal correction",
    "seasonal": "Seasonal surcharge",
    "fuel": "Fuel surcharge",
    "remote": "Remote area surcharge",
    "toll": "Toll surcharge",
    "dimensional": "Surcharge for dimensions",
    "customs": "Customs surcharge",
    "returns": "Returns surcharge",
    "label_quality": "Surcharge for label quality",
    "packaging": "Packaging surcharge",
    "pickup": "Pickup surcharge",
    "residential": "Residential surcharge",
    "address_corrections": "Surcharge for address corrections",
    "overcharge": "Overcharge",
    "forbidden_item": "Surcharge for forbidden items",
    "other": "Other surcharge",
}
"""Part of a price → how people call it."""


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


class QuoteAnswer(TypedDict):
    """What a whole shipment costs."""

    weight: MassRange
    price: PriceOfQuote
    lead_time: int | None
    estimated_surcharges: list[PriceLine] | None


class _Fixed(TypedDict):
    carrier: NamedCode
    product: NamedCode
    functionalities: dict[str, Any]
    weight: MassRange
    max_dimensions: SizeAnswer
    required_fields: list[RequiredField]


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
    quotes: list[QuoteAnswer] | None


class RefusedAnswer(TypedDict):
    """A shipping option that does not fit, why, and which member of the request or of the option that is about."""

    code: str
    reason: str
    field: str


class OptionsAnswer(TypedDict):
    """The shipping options that fit; if there are none, why."""

    data: list[OptionAnswer]
    message: NotRequired[str]
    refused: NotRequired[list[RefusedAnswer]]  # ours: with `explain=true`


def option_answers(found: Offers, catalogue: Catalogue, wish: Wish, *, is_quoted: bool) -> list[OptionAnswer]:
    """The options that fit a wish, with what they cost if both countries are known."""
    sender, recipient = wish.sender_country, wish.recipient_country
    known = _KNOWN.setdefault(catalogue, {})
    ends = Ends(sender, recipient, wish.recipient_postal_code) if is_quoted and sender and recipient else None
    needs_papers = bool(sender and recipient and crosses_customs_border(sender, recipient))
    billed = cache(lambda divisor: _billed_weights(found.load.billed(divisor)))
    answers: list[OptionAnswer] = []
    for carrier, option, contract in found.offered:
        fixed = known.get(option.code)
        if fixed is None:
            fixed = known[option.code] = _fixed(carrier, option)
        quotes = catalogue.quotes(option, contract.id if contract else None, ends, found.load) if ends else None
        answers.append(
            {
                "code": option.code,
                "name": option.title,
                "carrier": fixed["carrier"],
                "product": fixed["product"],
                "functionalities": fixed["functionalities"],
                "weight": fixed["weight"],
                "max_dimensions": fixed["max_dimensions"],
                "parcel_billed_weights": billed(option.volumetric_divisor),
                "contract": _contract(contract, carrier.code),
                "requirements": {
                    "fields": fixed["required_fields"],
                    "export_documents": needs_papers,
                    "is_service_point_required": option.needs_service_point,
                },
                "charging_type": option.charging_type,
                "quotes": None if quotes is None else [_quote(quote, option) for quote in quotes],
            }
        )
    return answers


_KNOWN: WeakKeyDictionary[Catalogue, dict[str, _Fixed]] = WeakKeyDictionary()
"""What is said of the options of a catalogue whoever asks, for as long as there is that catalogue."""


def _fixed(carrier: Carrier, option: ShippingOption) -> _Fixed:
    return {
        "carrier": {"code": carrier.code, "name": carrier.name},
        "product": {"code": option.product_code, "name": option.product_name},
        "functionalities": dict(option.functionalities),
        "weight": _range(option.lightest, option.heaviest),
        "max_dimensions": _size(option.largest),
        "required_fields": list(option.required_fields),
    }


def refused_answer(refusal: Refusal) -> RefusedAnswer:
    """An option that does not fit a wish, and why."""
    return {"code": refusal.option.code, "reason": refusal.reason, "field": refusal.field}


def _range(lightest: Weight, heaviest: Weight) -> MassRange:
    return {"min": _mass(lightest), "max": _mass(heaviest)}


def _mass(weight: Weight) -> MassAnswer:
    return {"value": kilograms(weight), "unit": "kg"}


@lru_cache(10_000)
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


def _billed_weights(weights: Sequence[Billed | None]) -> list[BilledWeight]:
    """Of every parcel that something is known of to bill, by its number."""
    return [
        {
            "value": kilograms(billed.weight),
            "unit": "kg",
            "volumetric": billed.calculation is not None,
            "calculation": billed.calculation,
            "parcel_number": number,
        }
        for number, billed in enumerate(weights, start=1)
        if billed is not None
    ]


def _contract(contract: Contract | None, carrier_code: str) -> ContractOfOption:
    return {
        "id": contract.id if contract else None,
        "client_id": (contract.client_id or "") if contract else "",
        "carrier_code": carrier_code,
        "name": contract.name if contract else BUILT_IN,
    }


def _quote(quote: Quote, option: ShippingOption) -> QuoteAnswer:
    return {
        "weight": _range(quote.lightest, quote.heaviest),
        "price": {
            "breakdown": [
                {"type": line.type, "label": LABELS[line.type], "price": _price(line.value, quote.currency)}
                for line in quote.lines
            ],
            "total": _price(quote.total, quote.currency),
        },
        "lead_time": option.lead_time_hours,
        "estimated_surcharges": None,
    }


def _price(value: Decimal, currency: str) -> PriceAnswer:
    return {"value": str(value) if value else "0", "currency": currency}
