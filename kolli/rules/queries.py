"""Shipping rules ↔ rows."""

from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, select

from kolli.rules.model import Action, Condition, Rule
from kolli.schema import shipping_rules


class _Body(msgspec.Struct):
    """What of a rule is no column."""

    name: str
    is_and: bool
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]


_LIST = (
    select(shipping_rules)
    .where(shipping_rules.c.account_id == bindparam("account_id"))
    .order_by(shipping_rules.c.position, shipping_rules.c.id)
)

_read = msgspec.json.Decoder(_Body).decode


def list_rules(transaction: Connection, account_id: int) -> list[Rule]:
    """The account's rules, active or not, in the order in which they run."""
    return [_rule(row) for row in transaction.execute(_LIST, {"account_id": account_id})]


def _rule(row: Any) -> Rule:
    body = _read(row.body)
    return Rule(row.id, body.name, body.conditions, body.actions, body.is_and, row.is_active, revision=row.revision)
