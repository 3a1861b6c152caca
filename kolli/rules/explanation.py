"""What rules have done, as people and the API read it: the fields that differ between two plans, a rule's result."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from kolli.rules.actions import ACTIONS
from kolli.rules.conditions import CONDITIONS, items_of, price_of
from kolli.rules.model import Document, Plan, PlannedParcel, Rule
from kolli.rules.operators import OPERATORS
from kolli.shipments.model import Step
from kolli.values import Address, Money

Described = dict[str, str | None]
"""Fields as people read them: `postnl:standard`, `1.2 kg`, `517`; None is nothing. All values of an order's items stand
in one field, each once: `items.hs_code` is `6109.10; 6205.20`."""


class Change(NamedTuple):
    """A field that is different in another plan."""

    field: str
    before: str | None = None
    after: str | None = None


def described(plan: Plan) -> Described:
    """Every field of a plan that rules can change."""
    fields: Described = {}
    for part, describe in _PARTS.items():
        fields |= describe(getattr(plan, part), plan)
    return fields


def changes(before: Plan, after: Plan) -> list[Change]:
    """The fields that differ between two plans."""
    was: Described = {}
    now: Described = {}
    for part, describe in _PARTS.items():
        former, present = getattr(before, part), getattr(after, part)
        if former is not present:
            was |= describe(former, before)
            now |= describe(present, after)
    fields = {**was, **now}
    return [Change(name, was.get(name), now.get(name)) for name in fields if was.get(name) != now.get(name)]


def sentence(rule: Rule) -> str:
    """What a rule says, in one line: `if Weight (kg) less than '2' and To country is 'NL': Use box '30x20x10 cm'`."""
    conditions = (
        f"{_CONDITIONS.get(condition.property, condition.property)}"
        f" {_OPERATORS.get(condition.operator, condition.operator).lower()} {condition.compare_to!r}"
        for condition in rule.conditions
    )
    actions = (f"{_ACTIONS.get(action.identifier, action.identifier)} {action.value!r}" for action in rule.actions)
    when = (" and " if rule.is_and else " or ").join(conditions)
    return f"{f'if {when}' if when else 'always'}: {', '.join(actions)}"


_CONDITIONS = {identifier: entry.name for identifier, entry in CONDITIONS.items()}
_OPERATORS = {identifier: entry.name for identifier, entry in OPERATORS.items()}
_ACTIONS = {identifier: entry.name for identifier, entry in ACTIONS.items()}


def applied_documents(steps: Iterable[Step]) -> list[Document]:
    """The rules that have a step here, as the API lists them: `{"rule": {"id": 4, "name": …}, "result": {…}}`.

    A result has what a rule has changed, by the API's names, as people read it. Source: the API's Shipments section,
    `applied-shipping-rule` (2026-07), which leaves open what the values look like.
    """
    applied: dict[int, Document] = {}
    for step in steps:
        if step.source != "rule" or step.rule_id is None:
            continue
        rule = {"id": step.rule_id, "name": step.rule_name}
        document = applied.setdefault(step.rule_id, {"rule": rule, "result": {}})
        if step.before != step.after:
            document["result"].setdefault(result_key(step.field), step.after)
    return list(applied.values())


def result_key(field: str) -> str:
    """What the API calls a field in a rule's result; the weights of all parcels are `weight`."""
    return _RESULT_KEYS.get(re.sub("^parcels[.][0-9]+[.]", "parcels.0.", field), field)


_RESULT_KEYS = {entry.field: entry.result_key for entry in ACTIONS.values()}


def _text(name: str) -> Callable[[Any, Plan], Described]:
    return lambda value, _: {name: None if value in {None, ""} else str(value)}


def _recipient(address: Address, _: Plan) -> Described:
    return {"recipient.email": address.email or None, "recipient.phone_number": address.phone_number or None}


def _parcels(parcels: tuple[PlannedParcel, ...], plan: Plan) -> Described:
    fields: Described = {"number_of_parcels": str(len(parcels))}
    for place, parcel in enumerate(parcels):
        fields[f"parcels.{place}.weight"] = str(parcel.weight) if parcel.weight else None
        fields[f"parcels.{place}.dimensions"] = str(parcel.dimensions) if parcel.dimensions else None
    for name, read in _OF_ITEMS.items():
        texts = dict.fromkeys(filter(None, map(read, items_of(plan))))
        fields[f"items.{name}"] = "; ".join(texts) or None
    return fields


def _price(item: Document) -> str:
    price = price_of(item)
    return str(Money(price.value, price.currency)) if price else ""


def _weight(item: Document) -> str:
    weight = item.get("weight") or {}
    return f"{weight['value']} {weight.get('unit', 'kg')}" if weight.get("value") is not None else ""


_OF_ITEMS: Mapping[str, Callable[[Document], str]] = {
    "description": lambda item: str(item.get("description") or ""),
    "hs_code": lambda item: str(item.get("hs_code") or ""),
    "origin_country": lambda item: str(item.get("origin_country") or ""),
    "price": _price,
    "weight": _weight,
}

_PARTS: Mapping[str, Callable[[Any, Plan], Described]] = {
    "shipping_option_code": _text("shipping_option_code"),
    "contract_id": _text("contract_id"),
    "sender_address_id": _text("sender_address_id"),
    "recipient": _recipient,
    "insured_value": _text("insured_value"),
    "customs_notes": _text("customs_notes"),
    "declaration_statement": _text("declaration_statement"),
    "parcels": _parcels,
}
"""What rules change of a plan, by the name of its member."""
