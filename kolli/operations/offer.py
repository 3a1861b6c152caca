"""Which shipping options somebody can ship with: what their contracts allow, and what goes there and takes that."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from kolli.account.contracts import Contract, find_contract, find_number_range
from kolli.carriers.base import Carrier, Numbers, ShippingOption
from kolli.carriers.functionalities import Functionality
from kolli.carriers.registry import Carriers
from kolli.errors import Invalid, Missing
from kolli.operations.decide import choose_contract
from kolli.values import Dimensions, Weight

TO_A_SERVICE_POINT = frozenset({"service_point", "locker", "locker_or_service_point"})
"""The last miles that end where the buyer collects the parcel."""


@dataclass(frozen=True)
class Parcel:
    """What is known of a parcel that is to be shipped."""

    weight: Weight | None = None
    dimensions: Dimensions | None = None


@dataclass(frozen=True)
class Wish:
    """What somebody wants to ship, and how. What is left open leaves everything open."""

    sender_country: str | None = None
    recipient_country: str | None = None
    parcels: Sequence[Parcel] = ()
    carrier_code: str | None = None
    contract_id: int | None = None
    product_code: str | None = None
    option_code: str | None = None
    functionalities: Mapping[str, Functionality] = field(default_factory=dict)
    is_to_service_point: bool = False
    takes_hours: Callable[[int], bool] | None = None  # whether a lead time of so many hours will do


@dataclass(frozen=True)
class Offer:
    """A shipping option that can be shipped with, and the contract that this is done under; None: the built-in one."""

    carrier: Carrier
    option: ShippingOption
    contract: Contract | None


def find_offers(transaction: Connection, account_id: int, carriers: Carriers, wish: Wish) -> list[Offer]:
    """Every option that fits, in the order of carriers and of their options.

    Each is then accepted on the way to a label, provided that the shipment has what the option requires. Invalid when
    the account has no such contract.
    """
    named = _named_contract(transaction, account_id, wish.contract_id)
    offers: list[Offer] = []
    for carrier in carriers:
        options = [option for option in carrier.options if _fits(carrier, option, wish)]
        if not options or named not in {None, carrier.code}:
            continue
        try:
            contract = choose_contract(transaction, account_id, carrier, wish.contract_id)
        except Missing:  # a carrier that is shipped with only under a contract of one's own
            continue
        if _can_number(transaction, account_id, carrier, contract):
            offers += [Offer(carrier, option, contract) for option in options]
    return offers


def _named_contract(transaction: Connection, account_id: int, contract_id: int | None) -> str | None:
    """The carrier of the contract that is asked for; None when none is. Invalid when the account has no such one."""
    if contract_id is None:
        return None
    contract = find_contract(transaction, account_id, contract_id)
    if contract is None:
        raise Invalid("Invalid contract.", field="contract_id")
    return contract.carrier_code


def _can_number(transaction: Connection, account_id: int, carrier: Carrier, contract: Contract | None) -> bool:
    """Whether parcels get numbers: from the carrier, or from a range of the contract."""
    return (
        contract is None
        or not isinstance(carrier, Numbers)
        or find_number_range(transaction, account_id, contract) is not None
    )


def _fits(carrier: Carrier, option: ShippingOption, wish: Wish) -> bool:
    return (
        wish.carrier_code in {None, carrier.code}
        and wish.option_code in {None, option.code}
        and wish.product_code in {None, option.product_code}
        and option.connects(wish.sender_country, wish.recipient_country)
        and len(wish.parcels) <= option.most_parcels
        and all(option.takes(parcel.weight, parcel.dimensions) for parcel in wish.parcels)
        and (not wish.is_to_service_point or option.functionalities["last_mile"] in TO_A_SERVICE_POINT)
        and all(option.functionalities.get(name) == value for name, value in wish.functionalities.items())
        and (wish.takes_hours is None or _is_in_time(option, wish.takes_hours))
    )


def _is_in_time(option: ShippingOption, takes_hours: Callable[[int], bool]) -> bool:
    return option.lead_time_hours is not None and takes_hours(option.lead_time_hours)
