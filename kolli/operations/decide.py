"""How something is to be shipped: who sends it, under which brand, option and contract, and whether that can be done.

Each question is a function of its own, so that whatever is shipped (an order, or what a request describes) is decided
in the same way. An error's `field` is the name of what stands in the way: `sender_address_id`, `recipient.email`,
`parcels.0.weight`, the parcels counted from zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.account.brands import Brand, find_brand
from kolli.account.contracts import Contract, find_contract, find_default_contract
from kolli.account.sender_addresses import SenderAddress, find_sender_address
from kolli.carriers.base import Carrier, ShippingOption
from kolli.carriers.registry import Carriers
from kolli.errors import DoesNotExist, Impossible, Invalid, Missing
from kolli.operations.fitness import check_boxes as check_boxes
from kolli.operations.fitness import check_countries
from kolli.orders.model import ShipWith
from kolli.shipments.model import Box
from kolli.values import Address, crosses_customs_border

MOST_NAMED = 5
"""Items that one message names. Somebody who sees those knows what to do about the others."""


Goods = Sequence[tuple[str, Sequence[str]]]
"""The items of one parcel by their names, each with what customs would want to know and nobody has said."""


@dataclass(frozen=True)
class Way:
    """A shipping option with its carrier, and the contract that somebody has chosen for it; None: nobody has."""

    carrier: Carrier
    option: ShippingOption
    contract_id: int | None


def find_sender(transaction: Connection, account_id: int, sender_address_id: int | None) -> SenderAddress:
    """The named sender address, else the account's default one; DoesNotExist, or Missing when there is no default."""
    sender = find_sender_address(transaction, account_id, sender_address_id)
    if sender is not None:
        return sender
    if sender_address_id is not None:
        raise DoesNotExist(field="sender_address_id")
    raise Missing(
        "This field is required, because the account has no default sender address. An order ships from an address that"
        " is stored with the account; a shipment without an order can bring its own (`from_address`).",
        field="sender_address_id",
    )


def find_brand_for(
    transaction: Connection, account_id: int, brand_id: int | None, sender: SenderAddress | None
) -> Brand | None:
    """The named brand, else the sender's, else the account's default one, if it has any; DoesNotExist."""
    of_sender = sender.brand_id if sender else None
    brand = find_brand(transaction, account_id, brand_id if brand_id is not None else of_sender)
    if brand is None and brand_id is not None:
        raise DoesNotExist(field="brand_id")
    return brand


def choose_option(carriers: Carriers, choices: Sequence[ShipWith]) -> Way:
    """The first option that somebody has chosen; the first choice is the request's own. Missing, or Impossible."""
    chosen = next((choice for choice in choices if choice.shipping_option_code), None)
    if chosen is None or chosen.shipping_option_code is None:
        raise Missing(
            "This field is required, because neither the order nor the account names a shipping option.",
            field="shipping_option_code",
        )
    found = carriers.find_option(chosen.shipping_option_code)
    if found is None:
        raise Impossible(f"There is no shipping option {chosen.shipping_option_code!r}.", field="shipping_option_code")
    # A contract that the request names without an option belongs to whatever option is chosen elsewhere.
    named = choices[0].contract_id
    return Way(*found, named if named is not None else chosen.contract_id)


def check_route(option: ShippingOption, sender: Address, recipient: Address) -> None:
    """Raises Impossible when an option does not go from here to there."""
    check_countries(option, sender.country_code, recipient.country_code)


def check_requirements(
    option: ShippingOption, recipient: Address, boxes: Sequence[Box], *, has_service_point: bool
) -> None:
    """Raises Missing when something is not there that an option does not go without."""
    given: dict[str, tuple[tuple[str, object], ...]] = {
        "email": (("recipient.email", recipient.email),),
        "phone_number": (("recipient.phone_number", recipient.phone_number),),
        "dimensions": tuple((f"parcels.{place}.dimensions", box.dimensions) for place, box in enumerate(boxes)),
        "service_point_details": (("service_point_details", has_service_point),),
    }
    for requirement in option.requires:
        for field, value in given[requirement]:
            if not value:
                raise Missing(f"This field is required. {option.code} does not go without it.", field=field)


def check_customs(sender: Address, recipient: Address, goods: Sequence[Goods]) -> None:
    """Goods that cross a customs border must be declared: Impossible when something about them has not been said.

    Source: the API's Shipments section, "parcel items" (2026-07).
    """
    if not crosses_customs_border(sender.country_code, recipient.country_code):
        return
    gaps = []
    for place, items in enumerate(goods, start=1):
        parcel = f"parcel {place}" if len(goods) > 1 else ""
        if not items:
            gaps.append(f"{parcel or 'it'} has no items")
        for number, (name, missing) in enumerate(items, start=1):
            item = f"{parcel}{', ' if parcel else ''}item {number} ({name})"
            gaps += [f"{item} has no {', no '.join(missing)}"] if missing else []
    if gaps:
        raise Impossible(
            f"A parcel from {sender.country_code} to {recipient.country_code} crosses a customs border, and"
            f" {'; '.join(gaps[:MOST_NAMED])}{' …' if len(gaps) > MOST_NAMED else ''}.",
            field="order_items",
        )


def choose_contract(
    transaction: Connection, account_id: int, carrier: Carrier, contract_id: int | None
) -> Contract | None:
    """The named contract, else the account's default one with the carrier; None is the built-in contract.

    Invalid when it is not the account's, another carrier's or not active; Missing when the carrier needs one and there
    is none.
    """
    if contract_id is not None:
        contract = find_contract(transaction, account_id, contract_id)
        if contract is None or contract.carrier_code != carrier.code:
            raise Invalid("Invalid contract.", field="contract_id")
        if not contract.is_active:
            raise Invalid(f"Invalid contract. Its state is {contract.state!r}, not 'active'.", field="contract_id")
        return contract
    contract = find_default_contract(transaction, account_id, carrier.code)
    if contract is None and carrier.needs_contract:
        raise Missing(
            f"This field is required, because the account has no contract with {carrier.name}.", field="contract_id"
        )
    return contract
