"""What is to be shipped, as far as it is known before anything is decided: by a request, an order and the defaults.

Every value that somebody has given is written down with who gave it, in the steps that a shipment keeps.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal, TypeVar

from kolli.account.accounts import Account
from kolli.orders.model import Document, ShipWith
from kolli.rules.model import Plan, PlannedParcel
from kolli.shipments.model import ServicePoint, Source, Step
from kolli.values import Address

Reach = Literal["all", "some", "none"]
"""Which of the account's defaults fill in what is left open: `some` are weight, shipping option and export reason.

Source: the API's Shipments section, `apply_shipping_defaults` (2026-07); for orders all of them do.
"""

CheckGoods = Callable[[Address, Address, Sequence[PlannedParcel]], None]
"""Raises an error when something must be said of what goes from the first address to the second, and was not."""

Value = TypeVar("Value")


@dataclass(frozen=True)
class WantedSender:
    """Who sends: an address in full, or a stored one (None: the default) with some members replaced."""

    address: Address | None = None
    sender_address_id: int | None = None
    changes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Origin:
    """What a shipment is made from, and what it is known by; without an order `order_id` is None."""

    integration_id: int
    order_id: int | None = None
    shop_order_id: str = ""
    order_number: str = ""
    order_revision: int = 0
    reference: str = ""
    external_reference_id: str | None = None


@dataclass(frozen=True)
class Subject:
    """What a decision is about. `steps` say who has given what the plan holds; what nobody has given is still open."""

    origin: Origin
    plan: Plan
    steps: tuple[Step, ...]
    sender: WantedSender
    check_goods: CheckGoods
    no_weight: Sequence[str]  # for each parcel, what is said when nobody knows its weight; empty: the usual
    brand_id: int | None = None
    has_loose_contract: bool = False  # it was named without an option, so it belongs to whichever one is chosen
    service_point: ServicePoint | None = None
    applies_rules: bool = False
    defaults: Reach = "all"
    currency: str = "EUR"  # of what has no price
    shipped_on: date | None = None  # None: today
    details: Document = field(default_factory=dict)

    @property
    def giver(self) -> Source:
        """Who says what is neither chosen nor ruled: the order, or the request that there is no order for."""
        return "request" if self.origin.order_id is None else "order"


@dataclass(frozen=True)
class Way:
    """A shipping option and a contract as they were chosen, with who has chosen each; None: nobody has."""

    code: str | None
    contract_id: int | None
    steps: tuple[Step, ...]
    has_loose_contract: bool


def chosen_way(choices: Sequence[tuple[Source, ShipWith]]) -> Way:
    """The first option that somebody has chosen, with the contract next to it; the first choice is the request's own.

    A contract that the request names without an option belongs to whatever option is chosen elsewhere.
    """
    _, requested = choices[0]
    source, chosen = next(((source, way) for source, way in choices if way.shipping_option_code), choices[0])
    steps = [Step("shipping_option_code", None, chosen.shipping_option_code, source)]
    contract_id, is_loose = chosen.contract_id, False
    if requested.contract_id is not None and requested is not chosen:
        source, contract_id, is_loose = "request", requested.contract_id, True
    if contract_id is not None:
        steps.append(Step("contract_id", None, str(contract_id), source))
    known = tuple(steps if chosen.shipping_option_code else steps[1:])
    return Way(chosen.shipping_option_code or None, contract_id, known, is_loose or not chosen.shipping_option_code)


def default_way(account: Account) -> ShipWith:
    """What the account ships with when nobody chooses."""
    return ShipWith(account.default_shipping_option_code, account.defaults.contract_id)


def filled_in(item: Document, currency: str) -> Document:
    """An item with what answers must have. Source of the values: Shipments, "domestic parcel item" (2026-07)."""
    return {
        "description": "",
        "quantity": 1,
        "weight": {"value": Decimal("0.001"), "unit": "kg"},
        "hs_code": "",
        **item,
        "price": {"value": "0.00", "currency": currency, **(item.get("price") or {})},
    }
