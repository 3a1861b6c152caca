"""Rules run over past shipments: what would be otherwise if they had been in force then. Nothing is changed."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection

from kolli.errors import KolliError
from kolli.operations.context import Context
from kolli.operations.decide import decide
from kolli.operations.preview import price_of
from kolli.operations.undone import plan_of, subject_before_rules
from kolli.orders.model import Order
from kolli.orders.queries import find_orders
from kolli.rules.engine import CompiledRules
from kolli.rules.explanation import Change, changes
from kolli.shipments.model import Draft, Step
from kolli.shipments.past import PastShipment, Position, beginning, list_newest, list_past
from kolli.values import Money

AT_A_TIME = 200
"""Shipments that are read in one transaction."""


@dataclass(frozen=True)
class Replayed:
    """What has come of one past shipment: what would be otherwise, or why it would not be shipped at all."""

    shipment_id: str
    order_number: str
    changes: tuple[Change, ...] = ()
    error: KolliError | None = None
    cost: Money | None = None  # at today's rates, as it was shipped
    would_cost: Money | None = None
    because: Mapping[str, str] = field(default_factory=dict)  # field → the rule that would be the reason


@dataclass
class Report:
    """All of it in numbers. Prices are today's, before and after, so that what differs comes from the rules alone."""

    shipments: int = 0
    different: int = 0
    failing: int = 0
    without_price: int = 0  # of those that differ
    fields: Counter[str] = field(default_factory=Counter)
    cost: dict[str, Decimal] = field(default_factory=dict)  # by currency, of all whose both prices are known
    would_cost: dict[str, Decimal] = field(default_factory=dict)

    def add(self, replayed: Replayed) -> None:
        """Counts one shipment."""
        self.shipments += 1
        self.failing += replayed.error is not None
        self.different += bool(replayed.changes)
        self.fields.update(change.field for change in replayed.changes)
        if replayed.cost and replayed.would_cost:
            for sums, price in ((self.cost, replayed.cost), (self.would_cost, replayed.would_cost)):
                sums[price.currency] = sums.get(price.currency, Decimal(0)) + price.value
        elif replayed.changes:
            self.without_price += 1


def replay(since: datetime, context: Context, rules: CompiledRules | None = None) -> Iterator[Replayed]:
    """Decides once more about every shipment of an order since then, with these rules; None: those of the account.

    Only a few shipments are held in memory. Whether labels can be drawn and numbers are left is not looked at.
    """
    after = beginning(since)
    while True:
        with context.database.read() as transaction:
            past, position = list_past(transaction, context.account_id, after, AT_A_TIME)
            ids = [each.draft.order_id for each in past if each.draft.order_id is not None]
            orders = {order.id: order for order in find_orders(transaction, context.account_id, ids)}
            found = [_again(transaction, each, orders.get(each.draft.order_id or 0), context, rules) for each in past]
        yield from found
        if position is None:
            return
        after = position


def replay_newest(
    since: datetime,
    before: Position,
    most: int,
    context: Context,
    *,
    rules: CompiledRules,
    against: CompiledRules | None,
) -> tuple[Sequence[Replayed], Position | None]:
    """The same for the last so many shipments before a position, and where the ones before them begin, if any do.

    With `against` each is compared with what those rules would decide, and not with how it was shipped.
    """
    with context.database.read() as transaction:
        past, position = list_newest(transaction, context.account_id, since, before, most)
        ids = [each.draft.order_id for each in past if each.draft.order_id is not None]
        orders = {order.id: order for order in find_orders(transaction, context.account_id, ids)}
        found = [
            _again(transaction, each, orders.get(each.draft.order_id or 0), context, rules, against=against)
            for each in past
        ]
    return found, position


def _again(
    transaction: Connection,
    past: PastShipment,
    order: Order | None,
    context: Context,
    rules: CompiledRules | None,
    *,
    against: CompiledRules | None = None,
) -> Replayed:
    draft = past.draft
    replayed = Replayed(past.id, draft.order_number)
    try:
        subject = subject_before_rules(draft, order)
    except KolliError as error:
        return replace(replayed, error=error)
    fails: KolliError | None = None
    if against is not None:
        try:
            draft = decide(transaction, subject, context, rules=against).draft
        except KolliError as error:
            fails = error
    try:
        now = decide(transaction, subject, context, rules=rules).draft
    except KolliError as error:  # which says nothing about the rules where it would fail anyway
        return replayed if fails else replace(replayed, error=error)
    catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
    return replace(
        replayed,
        changes=_differences(draft, now),
        cost=price_of(draft, catalogue),
        would_cost=price_of(now, catalogue),
        because={step.field: step.rule_name for step in now.decision if _is_change(step)},
    )


def _differences(was: Draft, now: Draft) -> tuple[Change, ...]:
    """What rules are the reason for. What follows from the shipping option counts where that is another one."""
    by_rules = {step.field for draft in (was, now) for step in draft.decision if _is_change(step)}
    is_other = "shipping_option_code" in by_rules and was.shipping_option_code != now.shipping_option_code
    return tuple(
        change
        for change in changes(plan_of(was), plan_of(now))
        if change.field in by_rules
        or (is_other and change.field in {"contract_id", "insured_value"})
        or ("number_of_parcels" in by_rules and change.field.startswith("parcels."))
    )


def _is_change(step: Step) -> bool:
    return step.source == "rule" and step.before != step.after
