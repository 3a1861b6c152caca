"""A carrier with shipping options of every sort, and short words for deciding between them in tests."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from kolli.account.accounts import Account, Defaults
from kolli.account.brands import Brand, add_brand
from kolli.account.contracts import Contract, add_contract
from kolli.account.sender_addresses import SenderAddress, add_sender_address
from kolli.carriers.base import Announced, Booking, Carrier, Numbering, ShippingOption
from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import SandboxCarrier
from kolli.operations.announce import Decision
from kolli.operations.context import Context
from kolli.operations.ship_order import Choice, ShipOrder, decided
from kolli.orders.model import ShipWith
from kolli.rules.model import Action, Condition, Rule
from kolli.rules.queries import add_rules
from kolli.shipments.model import Step
from kolli.values import Money, Weight
from tests.factories import NOW, Caller, a_caller, an_address, an_installation


def _option(code: str, heaviest: str, **members: Any) -> ShippingOption:
    return ShippingOption(code, code.title(), heaviest=Weight(Decimal(heaviest), "kg"), **members)


class Ways:
    """A carrier that needs no contract and books whatever it is asked for."""

    code = "ways"
    name = "Ways"
    numbering = Numbering.NUMBER_AT_BOOKING
    needs_contract = False
    longest_number = "W0000000001"
    options: tuple[ShippingOption, ...] = (
        _option("ways:light", "1", countries=frozenset({"NL"}), price=Money(Decimal(3), "EUR")),
        _option("ways:plain", "30", price=Money(Decimal(7), "EUR"), most_parcels=10),
        _option("ways:cheap", "30", price=Money(Decimal(5), "EUR"), most_parcels=10),
        _option("ways:insurable", "30", functionalities={"insurance": 1000}),
        _option(
            "ways:insurable/insured=500", "30", insured=Money(Decimal(500), "EUR"), functionalities={"insurance": 500}
        ),
        _option("ways:mail", "30", requires=("email",)),
        _option("ways:sized", "30", requires=("dimensions",)),
        _option("ways:point", "30", requires=("service_point_details",)),
        _option("ways:locker", "30", functionalities={"last_mile": "locker"}),
    )

    def __init__(self) -> None:
        """It has booked nothing yet."""
        self.booked: list[Booking] = []

    def announce(self, booking: Booking) -> Announced:
        """Says yes."""
        self.booked.append(booking)
        first = 10 * len(self.booked)
        return Announced(tuple(f"W{first + place}" for place in range(len(booking.draft.boxes))))

    def cancel(self, booking: Booking) -> bool:
        """Says no."""
        return False

    def printed(self, tracking_number: str) -> str:
        """As it is."""
        return tracking_number


def a_caller_with_ways(folder: Path, **account: Any) -> Caller:
    """A caller on an installation that has this carrier beside the usual ones, with a second brand and sender.

    The brand 43 belongs to the sender 18; the contracts 600 (the default one) and 601 are with the carrier.
    """
    carriers: list[Carrier] = [Ways(), SandboxCarrier(folder, lambda: NOW), PostNL(folder)]
    caller = a_caller(
        an_installation(folder, carriers=carriers), **{"default_shipping_option_code": "ways:plain", **account}
    )
    with caller.installation.database.write() as transaction:
        add_brand(transaction, 1, Brand(43, "Second"))
        add_sender_address(transaction, 1, SenderAddress(18, an_address(name="Second"), brand_id=43))
        add_contract(transaction, 1, Contract(600, "ways", "Usual", is_default=True))
        add_contract(transaction, 1, Contract(601, "ways", "Other"))
    return caller


ALWAYS = (Condition("to_country", "is", "NL"),)
NEVER = (Condition("to_country", "is", "JP"),)


def a_rule(rule_id: int, *actions: tuple[str, str], conditions: Sequence[Condition] = ALWAYS, name: str = "") -> Rule:
    """A rule that takes these actions, for everything to the Netherlands unless it has conditions of its own."""
    return Rule(rule_id, name or f"Rule {rule_id}", tuple(conditions), tuple(Action(*action) for action in actions))


def give_rules(caller: Caller, *rules: Rule) -> None:
    """Adds rules to the account, behind those that are there."""
    with caller.installation.database.write() as transaction:
        add_rules(transaction, 1, rules, NOW)


def with_defaults(caller: Caller, **defaults: Any) -> Context:
    """The caller, with these defaults of the account's."""
    account: Account = caller.context.account
    return replace(caller.context, account=replace(account, defaults=Defaults(**defaults)))


def decide_on(context: Context, option: str | None = None, contract_id: int | None = None, **choice: Any) -> Decision:
    """How ORDER-1 is shipped, rules included, with what a request has chosen."""
    chosen = Choice(ShipWith(option, contract_id), **{"applies_rules": True, **choice})
    return decided(ShipOrder(70, chosen, order_number="ORDER-1"), context)


def chooser(decision: Decision, field: str) -> Step:
    """The step that has decided about a field in the end."""
    return [step for step in decision.draft.decision if step.field == field and step.before != step.after][-1]
