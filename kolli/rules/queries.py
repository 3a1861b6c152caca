"""Shipping rules ↔ rows."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from kolli.account.accounts import touch
from kolli.errors import Impossible, Invalid, NotFound
from kolli.rules.model import MOST_CHARACTERS, MOST_RULES, Action, Condition, Rule
from kolli.schema import shipping_rules
from kolli.values import timestamp


class _Body(msgspec.Struct):
    """What of a rule is no column."""

    name: str
    is_and: bool
    conditions: tuple[Condition, ...]
    actions: tuple[Action, ...]


_OWN = shipping_rules.c.account_id == bindparam("account")
_ONE = shipping_rules.c.id == bindparam("rule")
_LIST = select(shipping_rules).where(_OWN).order_by(shipping_rules.c.position, shipping_rules.c.id)
_BY_ID = select(shipping_rules).where(_OWN, _ONE)
_PAGE = _LIST.offset(bindparam("start")).limit(bindparam("most"))
_OUTLINE = (
    select(shipping_rules.c.id, shipping_rules.c.revision)
    .where(_OWN)
    .order_by(shipping_rules.c.position, shipping_rules.c.id)
)
_EXTENT = select(func.count(), func.coalesce(func.sum(func.length(shipping_rules.c.body)), 0)).where(_OWN)
_ADD = insert(shipping_rules)
_UPDATE = (
    update(shipping_rules)
    .where(_OWN, _ONE)
    .values(
        is_active=bindparam("active"),
        revision=bindparam("new_revision"),
        body=bindparam("new_body"),
        updated_at=bindparam("at"),
    )
)
_REMOVE = delete(shipping_rules).where(_OWN, _ONE)
_REMOVE_ALL = delete(shipping_rules).where(_OWN)
_CLOSE_GAP = (
    update(shipping_rules)
    .where(_OWN, shipping_rules.c.position > bindparam("gap"))
    .values(position=shipping_rules.c.position - 1)
)
_MOVE = update(shipping_rules).where(_OWN, _ONE).values(position=bindparam("new_position"))

_read = msgspec.json.Decoder(_Body).decode


def list_rules(transaction: Connection, account_id: int) -> list[Rule]:
    """The account's rules, active or not, in the order in which they run."""
    return fetch_rules(transaction, account_id)()


def fetch_rules(transaction: Connection, account_id: int) -> Callable[[], list[Rule]]:
    """The same, still to be read out of their rows; the transaction may be over by then."""
    rows = transaction.execute(_LIST, {"account": account_id}).all()
    return lambda: [_rule(row) for row in rows]


def list_page(transaction: Connection, account_id: int, start: int, most: int) -> list[Rule]:
    """So many rules of the list, from a place in it that is counted from 0."""
    rows = transaction.execute(_PAGE, {"account": account_id, "start": start, "most": most})
    return [_rule(row) for row in rows]


def outline(transaction: Connection, account_id: int) -> list[tuple[int, int]]:
    """The id and the revision of every rule, in their order: what tells this list from any other."""
    return [(row.id, row.revision) for row in transaction.execute(_OUTLINE, {"account": account_id})]


def find_rule(transaction: Connection, account_id: int, rule_id: int) -> Rule | None:
    """The account's rule with this id."""
    row = transaction.execute(_BY_ID, {"account": account_id, "rule": rule_id}).one_or_none()
    return None if row is None else _rule(row)


def get_rule(transaction: Connection, account_id: int, rule_id: int) -> Rule:
    """The account's rule with this id, which must exist."""
    rule = find_rule(transaction, account_id, rule_id)
    if rule is None:
        raise NotFound("No shipping rule has this id.")
    return rule


def add_rule(transaction: Connection, account_id: int, rule: Rule, now: datetime) -> Rule:
    """Stores a new rule at the end of the list, and gives it as it is stored."""
    (added,) = add_rules(transaction, account_id, [rule], now)
    return added


def add_rules(transaction: Connection, account_id: int, rules: Sequence[Rule], now: datetime) -> list[Rule]:
    """Stores new rules at the end of the list, in their order; Impossible when there would be too many."""
    there, characters = transaction.execute(_EXTENT, {"account": account_id}).one()
    if there + len(rules) > MOST_RULES:
        raise Impossible(
            f"An account has at most {MOST_RULES:,} rules. There are {there:,}, and {len(rules):,} would be added:"
            " remove some first."
        )
    added = [
        replace(rule, position=place, revision=1, is_invalid=False, updated_at=now)
        for place, rule in enumerate(rules, start=there + 1)
    ]
    if added:
        rows = [_row(account_id, rule, now) for rule in added]
        _check_extent(characters + sum(len(str(row["body"])) for row in rows))
        transaction.execute(_ADD, rows)
        touch(transaction, account_id)
    return added


def update_rule(transaction: Connection, account_id: int, rule: Rule, now: datetime) -> Rule:
    """Stores what has changed about a rule, which must exist, and gives it with its new revision.

    Its place in the list stays. A rule that is the same as before keeps its revision.
    """
    stored = get_rule(transaction, account_id, rule.id)
    if _content(rule) == _content(stored):
        return stored
    changed = replace(rule, position=stored.position, revision=stored.revision + 1, is_invalid=False, updated_at=now)
    body = _encode(changed)
    grows_by = len(body) - len(_encode(stored))
    if grows_by > 0:
        _, characters = transaction.execute(_EXTENT, {"account": account_id}).one()
        _check_extent(characters + grows_by)
    values = {
        "account": account_id,
        "rule": rule.id,
        "active": changed.is_active,
        "new_revision": changed.revision,
        "new_body": body,
        "at": timestamp(now),
    }
    transaction.execute(_UPDATE, values)
    touch(transaction, account_id)
    return changed


def remove_rule(transaction: Connection, account_id: int, rule_id: int) -> None:
    """Removes a rule, which must exist; those behind it move up."""
    rule = get_rule(transaction, account_id, rule_id)
    transaction.execute(_REMOVE, {"account": account_id, "rule": rule_id})
    transaction.execute(_CLOSE_GAP, {"account": account_id, "gap": rule.position})
    touch(transaction, account_id)


def remove_all_rules(transaction: Connection, account_id: int) -> int:
    """Removes every rule of the account, and gives how many there were."""
    removed = transaction.execute(_REMOVE_ALL, {"account": account_id}).rowcount
    touch(transaction, account_id)
    return int(removed)


def reorder(transaction: Connection, account_id: int, ids: Sequence[int]) -> None:
    """Has the account's rules run in this order. `ids` names each of them once, or Invalid says which it does not."""
    there = [rule.id for rule in list_rules(transaction, account_id)]
    wrong = [
        f"{what}: {', '.join(map(str, some[:_MOST_NAMED]))}{' …' if len(some) > _MOST_NAMED else ''}"
        for what, some in (
            ("not there", sorted(set(ids) - set(there))),
            ("left out", [rule_id for rule_id in there if rule_id not in set(ids)]),
            ("named more than once", sorted(rule_id for rule_id, count in Counter(ids).items() if count > 1)),
        )
        if some
    ]
    if wrong:
        raise Invalid(f"The order has to name each rule of the account once. {'; '.join(wrong)}.", field="rules")
    moves = [
        {"account": account_id, "rule": rule_id, "new_position": place}
        for place, (rule_id, former) in enumerate(zip(ids, there, strict=True), start=1)
        if rule_id != former
    ]
    if moves:
        transaction.execute(_MOVE, moves)
        touch(transaction, account_id)


_MOST_NAMED = 20


def _check_extent(characters: int) -> None:
    if characters > MOST_CHARACTERS:
        raise Impossible(
            f"All rules of an account together have at most {MOST_CHARACTERS:,} characters, and they would have"
            f" {characters:,}: remove or shorten some first."
        )


def _content(rule: Rule) -> tuple[object, ...]:
    return rule.name, rule.is_and, rule.conditions, rule.actions, rule.is_active


def _row(account_id: int, rule: Rule, now: datetime) -> dict[str, object]:
    return {
        "id": rule.id,
        "account_id": account_id,
        "position": rule.position,
        "is_active": rule.is_active,
        "revision": rule.revision,
        "body": _encode(rule),
        "created_at": timestamp(now),
        "updated_at": timestamp(now),
    }


def _encode(rule: Rule) -> str:
    return msgspec.json.encode(_Body(rule.name, rule.is_and, rule.conditions, rule.actions)).decode()


def _rule(row: Any) -> Rule:
    body = _read(row.body)
    return Rule(
        id=row.id,
        name=body.name,
        conditions=body.conditions,
        actions=body.actions,
        is_and=body.is_and,
        is_active=row.is_active,
        revision=row.revision,
        updated_at=datetime.fromisoformat(row.updated_at),
        position=row.position,
    )
