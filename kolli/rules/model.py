"""What a shipping rule is, and the plan that rules look at and change.

Source: the API's Shipping Rules section (beta, 2026-07) and the support article "How to create shipping rules".
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from kolli.shipments.model import Step
from kolli.values import Address, Dimensions, Money, Weight

Document = dict[str, Any]

LONGEST_NAME = 100
"""Characters of a rule's name. Source: Shipping Rules, "Create a shipping rule"."""

MOST_RULES = 5_000
"""Rules of one account."""

MOST_CHARACTERS = 8_000_000
"""Characters of all rules of one account, as they are stored: they are read whenever one of them has changed."""

MOST_CONDITIONS = 100
MOST_ACTIONS = 50
LONGEST_VALUE = 4_000
"""Characters that a condition compares with, or of an action's value: what one cell of a file may hold."""

ValueType = Literal["SELECT", "TEXT", "NUMBER"]
"""What stands beside a condition or an action: one of some possibilities, a text, a number."""

Choices = Literal[
    "carriers", "countries", "integrations", "payment_statuses", "contracts", "sender_addresses", "shipping_options"
]  # fmt: skip
"""The lists of possibilities there are."""


@dataclass(frozen=True)
class Condition:
    """What a plan is asked: a property, by the name of its entry in `conditions`, compared with a text."""

    property: str
    operator: str  # by the name of its entry in `operators`
    compare_to: str


@dataclass(frozen=True)
class Action:
    """What a rule does: by the name of its entry in `actions`, with a text that says how."""

    identifier: str
    value: str


@dataclass(frozen=True)
class Rule:
    """If all of its conditions hold, or one of them where `is_and` is false, its actions are taken.

    `is_invalid` says that it refers to what is not there any more; such a rule is skipped. It is worked out when rules
    are read, from what there is then, and is not stored.
    """

    id: int
    name: str
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]
    is_and: bool = True
    is_active: bool = True
    is_invalid: bool = False
    revision: int = 1
    updated_at: datetime | None = None
    position: int = 0  # in the list of the account's rules, counted from 1; 0: not in it yet


@dataclass(frozen=True)
class PlannedParcel:
    """One box of a plan. Its items are documents in the form of the API's parcel items."""

    weight: Weight | None = None
    dimensions: Dimensions | None = None
    items: tuple[Document, ...] = ()
    notes: tuple[str, ...] = ()
    details: Document = field(default_factory=dict)
    weighs_its_items: bool = False  # its weight is the sum of what its items weigh


@dataclass(frozen=True)
class Plan:
    """How something is going to be shipped, as far as request, order and defaults say; None is not known.

    What comes from the order stands in the upper half, and rules only read it; the lower half is what rules change.
    """

    integration_id: int
    checkout_method: str = ""  # which delivery method the buyer was shown
    payment_status: str = ""
    total: Money | None = None  # what the whole order costs
    has_given_parcels: bool = False  # somebody has said what goes into which parcel, and rules do not divide it then

    recipient: Address = field(kw_only=True)
    parcels: tuple[PlannedParcel, ...] = field(kw_only=True)
    shipping_option_code: str | None = None
    carrier_code: str | None = None  # of that option
    contract_id: int | None = None
    sender_address_id: int | None = None
    insured_value: Money | None = None  # of the whole shipment
    customs_notes: str = ""
    declaration_statement: str = ""

    @property
    def is_multicollo(self) -> bool:
        """Whether it has several parcels, so that some conditions and actions do not take part."""
        return len(self.parcels) > 1


@dataclass(frozen=True)
class AppliedRule:
    """A rule whose conditions held, with what has become of each of its actions.

    A step whose `before` and `after` differ is a change that counts in the end. Where they are the same the action has
    changed nothing, and `note` says why: a later rule has overruled it, or it was so already.
    """

    rule: Rule
    steps: tuple[Step, ...] = ()
