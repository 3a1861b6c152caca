"""What a partial update makes of an order: pure, from the stored document and the change to the new document."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kolli.errors import Invalid
from kolli.orders.model import Document

_CHOICES: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("service_point_details",), ("id", "carrier_service_point_id")),
    (("shipping_details", "ship_with", "properties"), ("shipping_option_code",)),
)
"""Objects whose members only make sense together: (path, members that make another choice)."""


def changed(document: Document, change: Mapping[str, Any]) -> Document:
    """The document after a change. Nothing about the result is checked.

    A change is a JSON Merge Patch (RFC 7396): objects merge, null removes, everything else replaces. Two things differ.
    Items change one by one, see `places_of`. And who names another shipping option or service point leaves what was
    said about the former one (its contract, its coordinates) behind.
    """
    for path, members in _CHOICES:
        choice = _at(change, path)
        if any(choice.get(member) is not None for member in members):
            document = _merged(document, _nothing_at(path))
    result = _merged(document, change)
    changes = items_in(change)
    if changes is not None:
        result["order_details"]["order_items"] = _changed_items(items_in(document) or [], changes)
    return result


def items_in(document: Mapping[str, Any]) -> list[Document] | None:
    """The items that a document or a change holds; None when it says nothing readable about them."""
    items = _at(document, ("order_details",)).get("order_items")
    return items if isinstance(items, list) and all(isinstance(item, dict) for item in items) else None


def places_of(changes: Sequence[Document], items: Sequence[Document]) -> list[int]:
    """For each changed item, where the item that it is about stands in the order.

    They are the same item when they have the same `item_id`, or, if the change has none, the same `name`. Of several
    alike the first is the first, provided the change lists them all. Anything else is Invalid: a partial update adds
    and removes no items. Source: the API's description of "Update an order" (2026-07).
    """
    named = [place for place, change in enumerate(changes) if change.get("item_id") is not None]
    found = _pairs("item_id", changes, named, items, range(len(items)))
    others = [place for place, change in enumerate(changes) if change.get("item_id") is None]
    taken = set(found.values())
    free = [place for place in range(len(items)) if place not in taken]
    found |= _pairs("name", changes, others, items, free)
    if len(found) < len(changes):
        raise Invalid("Could not find specified item.", field="order_items")
    return [found[place] for place in range(len(changes))]


def _changed_items(items: Sequence[Document], changes: Sequence[Document]) -> list[Document]:
    result = list(items)
    for place, change in zip(places_of(changes, items), changes, strict=True):
        result[place] = _merged(result[place], change)
    return result


def _pairs(
    key: str, changes: Sequence[Document], wanted: Iterable[int], items: Sequence[Document], free: Iterable[int]
) -> dict[int, int]:
    there = _by(key, items, free)
    found: dict[int, int] = {}
    for value, places in _by(key, changes, wanted).items():
        same = there.get(value, [])
        if len(same) == len(places):
            found.update(zip(places, same, strict=True))
    return found


def _by(key: str, documents: Sequence[Document], places: Iterable[int]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for place in places:
        value = documents[place].get(key)
        if isinstance(value, str):
            groups.setdefault(value, []).append(place)
    return groups


def _merged(target: object, change: Mapping[str, Any]) -> Document:
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = _merged(result.get(name), value)
        else:
            result[name] = value
    return result


def _at(document: Mapping[str, Any], path: Sequence[str]) -> Mapping[str, Any]:
    for name in path:
        inner = document.get(name)
        document = inner if isinstance(inner, dict) else {}
    return document


def _nothing_at(path: Sequence[str]) -> Document:
    first, *rest = path
    return {first: _nothing_at(rest) if rest else None}
