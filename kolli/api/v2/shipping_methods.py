"""Shipping methods (v2): shipping options as version 2 of the API has them, by numbers."""

from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from starlette.datastructures import QueryParams
from typing_extensions import TypedDict

from kolli.account.sender_addresses import find_sender_address
from kolli.api.endpoint import LARGEST_ID, Answer, Parameter, Request
from kolli.api.errors import INVALID, Rejected, problem
from kolli.api.v2.errors import V2
from kolli.api.v3.shipping_option_answers import kilograms
from kolli.carriers.base import ShippingOption
from kolli.errors import NotFound
from kolli.operations.context import Context
from kolli.operations.offer import Offer, Wish, find_offers
from kolli.shipments.model import ServicePoint
from kolli.values import COUNTRY_CODES, country_alpha_3, country_in_english

COUNTRY_NUMBERS: Mapping[str, int] = {code: number for number, code in enumerate(sorted(COUNTRY_CODES), start=1)}
"""Version 2 numbers its countries in an order of its own, which is documented nowhere."""


class CountryOfMethod(TypedDict):
    """A country that a method delivers to. A price of 0 is one that we do not know, or nothing."""

    id: int
    name: str
    iso_2: str
    iso_3: str
    price: Decimal
    lead_time_hours: int | None


class MethodAnswer(TypedDict):
    """A shipping method. Its prices are those of its countries."""

    id: int
    name: str
    carrier: str
    min_weight: str
    max_weight: str
    service_point_input: Literal["none", "required"]
    price: int
    countries: list[CountryOfMethod]


class MethodsAnswer(TypedDict):
    """The shipping methods that can be used."""

    shipping_methods: list[MethodAnswer]


class OneMethodAnswer(TypedDict):
    """One shipping method."""

    shipping_method: MethodAnswer


def list_methods(request: Request, context: Context) -> Answer:
    """The methods by which one can ship from a sender address. Options it has no number for are left out."""
    methods = [_method(offer, number) for offer, number in _offers(request.query, context)]
    answer: MethodsAnswer = {"shipping_methods": methods}
    return Answer(200, answer)


def retrieve_method(request: Request, context: Context) -> Answer:
    """One of these methods."""
    found = [offer for offer, number in _offers(request.query, context) if number == request.id]
    if not found:
        raise NotFound("No ShippingMethod matches the given query.")
    answer: OneMethodAnswer = {"shipping_method": _method(found[0], request.id)}
    return Answer(200, answer)


def _offers(query: QueryParams, context: Context) -> list[tuple[Offer, int]]:
    """What fits a query, with the numbers of version 2."""
    with context.database.read() as transaction:
        sender_id = _sender_id(query)
        sender = None if sender_id == "all" else find_sender_address(transaction, context.account_id, sender_id)
        if isinstance(sender_id, int) and sender is None:
            raise _wrong("sender_address", f"There is no sender address {sender_id}.")
        wish = Wish(
            sender_country=sender.address.country_code if sender else None,
            recipient_country=(query.get("to_country") or "").upper() or None,
            functionalities={"returns": True} if query.get("is_return", "").lower() == "true" else {},
            service_point=ServicePoint(point) if (point := query.get("service_point_id")) else None,
        )
        catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
        offers = find_offers(transaction, context.account_id, catalogue, wish).offered
    return [(offer, offer.option.v2_id) for offer in offers if offer.option.v2_id is not None]


def _sender_id(query: QueryParams) -> int | Literal["all"] | None:
    text = query.get("sender_address")
    if not text:
        return None
    if text == "all":
        return "all"
    if not (text.isascii() and text.isdigit() and len(text) < 100):
        raise _wrong("sender_address", f"{text[:40]!r} is not the id of a sender address, nor `all`.")
    return min(int(text), LARGEST_ID)


def _wrong(parameter: str, detail: str) -> Rejected:
    return Rejected(400, [problem(INVALID, detail, parameter=parameter)])


def _method(offer: Offer, number: int) -> MethodAnswer:
    option = offer.option
    return {
        "id": number,
        "name": option.title,
        "carrier": offer.carrier.code,
        "min_weight": kilograms(option.lightest),
        "max_weight": kilograms(option.heaviest),
        "service_point_input": "required" if option.needs_service_point else "none",
        "price": 0,
        "countries": _countries(option),
    }


@lru_cache(maxsize=1_000)
def _countries(option: ShippingOption) -> list[CountryOfMethod]:
    """Where an option delivers. It is as long as the world, and never changes."""
    return [
        {
            "id": COUNTRY_NUMBERS[code],
            "name": country_in_english(code),
            "iso_2": code,
            "iso_3": country_alpha_3(code),
            "price": option.price.value if option.price else Decimal(0),
            "lead_time_hours": option.lead_time_hours,
        }
        for code in sorted(option.countries or COUNTRY_CODES)
    ]


_PARAMETERS = (
    Parameter("sender_address", "The sender address by its id, or `all`; the default one unless told."),
    Parameter("service_point_id", "Asks for methods that deliver to a service point."),
    Parameter("is_return", "Asks for methods for returns.", {"type": "string", "enum": ["true", "false"]}),
    Parameter("to_country", "Asks for methods that deliver to this country."),
    Parameter("from_postal_code", "Taken, and of no effect: no price depends on it."),
    Parameter("to_postal_code", "Taken, and of no effect: no price depends on it."),
)

ROUTES = [
    V2(
        "GET",
        "/shipping_methods",
        list_methods,
        "Retrieve the shipping methods",
        scope="read:operational-settings",
        parameters=_PARAMETERS,
        answers={200: MethodsAnswer},
    ),
    V2(
        "GET",
        "/shipping_methods/{id:int}",
        retrieve_method,
        "Retrieve a shipping method",
        scope="read:operational-settings",
        parameters=_PARAMETERS,
        answers={200: OneMethodAnswer},
    ),
]
