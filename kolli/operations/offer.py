"""Which shipping options somebody can ship with: what their contracts allow, and what goes there and takes that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from sqlalchemy import Connection

from kolli.account.contracts import Contract, find_contract
from kolli.carriers.base import Carrier, ShippingOption
from kolli.carriers.functionalities import Functionality
from kolli.errors import Impossible, Invalid
from kolli.operations.catalogue import Catalogue, Usual, can_number
from kolli.operations.fitness import check_boxes, check_countries, check_insured
from kolli.operations.parties import choose_contract
from kolli.operations.quote import Insured, Load, Parcel
from kolli.operations.service_points import choose_service_point
from kolli.shipments.model import ServicePoint
from kolli.values import Address, Money


@dataclass(frozen=True)
class Wish:
    """What somebody wants to ship, and how. What is left open leaves everything open."""

    sender_country: str | None = None
    recipient_country: str | None = None
    recipient_postal_code: str = ""
    parcels: Sequence[Parcel] = ()
    carrier_code: str | None = None
    contract_id: int | None = None
    product_code: str | None = None
    option_code: str | None = None
    functionalities: Mapping[str, Functionality] = field(default_factory=dict)
    service_point: ServicePoint | None = None  # where the buyer collects it
    takes_hours: Callable[[int], bool] | None = None  # whether a lead time of so many hours will do


class Offer(NamedTuple):
    """A shipping option that can be shipped with, and the contract that this is done under; None: the built-in one."""

    carrier: Carrier
    option: ShippingOption
    contract: Contract | None


@dataclass(frozen=True)
class Refusal:
    """A shipping option that is not offered, and why: a sentence, and the field that it is about."""

    option: ShippingOption
    reason: str
    field: str


@dataclass(frozen=True)
class Offers:
    """Every shipping option of the account, as what can be shipped with and what cannot, in the catalogue's order."""

    offered: list[Offer]
    refused: list[Refusal]
    load: Load


def find_offers(transaction: Connection, account_id: int, catalogue: Catalogue, wish: Wish) -> Offers:
    """Sorts out which options fit.

    Each that is offered is then accepted on the way to a label, provided that the shipment has what the option
    requires. Invalid when the account has no such contract, or when parcels are insured in several currencies.
    """
    load = Load(wish.parcels)
    _check_currencies(wish.parcels)
    named = _named(transaction, account_id, catalogue, wish.contract_id)
    points = cache(lambda carrier_code: _problem_with_point(transaction, carrier_code, wish))
    offers = Offers([], [], load)
    for carrier, option in catalogue:
        try:
            _check_wishes(carrier, option, wish)
            if wish.service_point is not None:
                _check_point(carrier, option, points)
            under = _under(catalogue, carrier, option, named)
            check_countries(option, wish.sender_country, wish.recipient_country)
            check_boxes(option, wish.parcels)
            check_insured(option, _money(option, load.insured_in_all))
        except (Impossible, Invalid) as error:
            offers.refused.append(Refusal(option, error.message, error.field or "shipping_option_code"))
        else:
            offers.offered.append(Offer(carrier, option, under.contract))
    return offers


def _check_currencies(parcels: Sequence[Parcel]) -> None:
    currencies = {parcel.insured.currency for parcel in parcels if parcel.insured and parcel.insured.currency}
    if len(currencies) > 1:
        raise Invalid(
            f"The parcels are insured in several currencies: {', '.join(sorted(currencies))}. Use one.", field="parcels"
        )


def _money(option: ShippingOption, insured: Insured | None) -> Money | None:
    """What is insured, in the currency of the option's own limit where none is named."""
    if insured is None or option.most_insured is None:
        return None
    return Money(insured.value, insured.currency or option.most_insured.currency)


# Under which contract


def _named(transaction: Connection, account_id: int, catalogue: Catalogue, contract_id: int | None) -> Usual | None:
    """The contract that is asked for; None when none is. Invalid when the account has no such one."""
    if contract_id is None:
        return None
    contract = find_contract(transaction, account_id, contract_id)
    if contract is None:
        raise Invalid("Invalid contract.", field="contract_id")
    carrier = catalogue.find_carrier(contract.carrier_code)
    if carrier is None:
        return Usual(contract, has_numbers=False)
    contract = choose_contract(transaction, account_id, carrier, contract_id)
    return Usual(contract, can_number(transaction, account_id, carrier, contract))


def _under(catalogue: Catalogue, carrier: Carrier, option: ShippingOption, named: Usual | None) -> Usual:
    """What would be shipped under with a carrier; Impossible when there is nothing."""
    under = named or catalogue.usual(carrier.code)
    if under.contract is None and carrier.needs_contract:
        raise Impossible(f"The account has no active contract with {carrier.name}.", field="contract_id")
    if under.contract is not None and under.contract.carrier_code != carrier.code:
        raise Impossible(f"The contract {under.contract.id} is not one with {carrier.name}.", field="contract_id")
    if not under.has_numbers:
        kind = "live parcels" if under.contract and under.contract.is_live else "tests"
        raise Impossible(f"The contract with {carrier.name} has no range of numbers for {kind}.", field="contract_id")
    if reason := catalogue.unnumbered(carrier, under.contract).get(option.code):
        raise Impossible(reason, field="contract_id")
    return under


# What was asked for


def _check_wishes(carrier: Carrier, option: ShippingOption, wish: Wish) -> None:
    """Raises Impossible when an option is not among those that were asked for."""
    for wanted, value, field_name in (
        (wish.carrier_code, carrier.code, "carrier_code"),
        (wish.option_code, option.code, "shipping_option_code"),
        (wish.product_code, option.product_code, "shipping_product_code"),
    ):
        if wanted is not None and wanted != value:
            raise Impossible(f"It was asked for {wanted[:100]!r}, and this is {value!r}.", field=field_name)
    for name, asked in wish.functionalities.items():
        if option.functionalities.get(name) != asked:
            has = option.functionalities.get(name)
            raise Impossible(f"{name} is {_said(has)}, not {_said(asked)}.", field="functionalities")
    hours = option.lead_time_hours
    if wish.takes_hours is not None and (hours is None or not wish.takes_hours(hours)):
        time = "is not known" if hours is None else f"is {hours} hours"
        raise Impossible(f"Its lead time {time}.", field="lead_time")


def _check_point(carrier: Carrier, option: ShippingOption, points: Callable[[str], str | None]) -> None:
    """Raises Impossible when an option does not go to the service point that was asked for."""
    if not option.goes_to_service_point:
        raise Impossible("It does not go to a service point.", field="to_service_point")
    if problem := points(carrier.code):
        raise Impossible(problem, field="to_service_point")


def _problem_with_point(transaction: Connection, carrier_code: str, wish: Wish) -> str | None:
    """Why a carrier's parcels cannot go to the service point, where the recipient's country is known too."""
    if wish.recipient_country is None:
        return None
    recipient = Address("", "", wish.recipient_postal_code, "", wish.recipient_country)
    try:
        choose_service_point(transaction, carrier_code, wish.service_point, recipient)
    except Invalid as error:
        return error.message
    return None


def _said(value: Functionality) -> str:
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
