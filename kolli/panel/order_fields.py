"""The fields in which an order is edited: as they are stored, as a change of the document, and as two people see them.

Pure: values in, values out. All values are texts; what is empty is not there.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from kolli.addresses import AddressLimits
from kolli.addresses.house_numbers import Split
from kolli.addresses.shortening import shortened
from kolli.orders.model import Document, Order, OrderItem
from kolli.panel.order_words import ADDRESS
from kolli.values import Weight, plain

Fields = Mapping[str, str]

MOST_ITEMS = 50
"""Lines of an order that are edited on the page."""

REQUIRED = frozenset({"name", "address_line_1", "postal_code", "city", "country_code"})
"""Parts of an address that the document always has."""

ITEM = {"hs_code": "hs_code", "country_of_origin": "country_of_origin"}


def fields_of(order: Order) -> dict[str, str]:
    """What is edited of an order, as it is stored. Names of items are in it to see whether they are the same ones."""
    address = order.document.get("shipping_address") or {}
    found = {name: str(address.get(name) or "") for name in ADDRESS}
    found |= _weight("weight", order.stated_weight)
    for place, item in enumerate(order.items[:MOST_ITEMS]):
        found[f"items.{place}"] = item.name
        found |= _weight(f"items.{place}.weight", item.weight)
        found |= {f"items.{place}.{name}": str(item.document.get(key) or "") for name, key in ITEM.items()}
    return found


def _weight(name: str, weight: Weight | None) -> dict[str, str]:
    return {name: plain(weight.value) if weight else "", f"{name}_unit": weight.unit if weight else ""}


@dataclass(frozen=True)
class Difference:
    """One field that somebody else has changed, or that was changed here: before, stored now, and typed here."""

    name: str
    was: str
    stored: str
    typed: str

    @property
    def is_clash(self) -> bool:
        """Whether both have changed it, and not alike."""
        return self.stored not in {self.was, self.typed} and self.typed != self.was


def typed_in(sent: Fields, known: Fields) -> dict[str, str]:
    """What was typed into the fields there are; a field that was not sent is as it was. No weight has no unit."""
    typed = {name: sent.get(name, value).strip() for name, value in known.items()}
    units = [name for name in typed if name.endswith("_unit") and not typed.get(name.removesuffix("_unit"))]
    return {**typed, **dict.fromkeys(units, "")}


def differences(was: Fields, stored: Fields, typed: Fields) -> list[Difference]:
    """Every field that is not the same in all three: as the form was opened, as it is stored now, and as typed."""
    names = {**was, **stored}
    triples = ((name, was.get(name, ""), stored.get(name, ""), typed.get(name, was.get(name, ""))) for name in names)
    return [Difference(*each) for each in triples if len(set(each[1:])) > 1]


def is_changed_by_others(found: list[Difference]) -> bool:
    """Whether one of the fields was changed after the form was opened."""
    return any(each.stored != each.was for each in found)


def merged(found: list[Difference], stored: Fields) -> dict[str, str]:
    """What the form shows then: what was typed where somebody typed, and else what is stored now."""
    return {**stored, **{each.name: each.typed for each in found if each.typed != each.was and each.name in stored}}


def change_of(order: Order, was: Fields, typed: Fields, *, clears_point: bool) -> Document:
    """The change of the document, as a partial update has it, that makes of `was` what was typed."""
    touched = {name for name in typed if typed[name] != was.get(name, "")}
    change: Document = {}
    address = dict(_address(typed, touched))
    if address:
        if order.document.get("shipping_address") is None:
            address = {**dict.fromkeys(REQUIRED, ""), **address}
        change["shipping_address"] = address
    if touched & {"weight", "weight_unit"}:
        change["shipping_details"] = {"measurement": {"weight": _measured("weight", typed)}}
    items = [dict(_item(place, item, typed, touched)) for place, item in enumerate(order.items)]
    if any(len(item) > 1 for item in items):
        change["order_details"] = {"order_items": items}
    if clears_point and order.document.get("service_point_details"):
        change["service_point_details"] = None
    return change


def _address(typed: Fields, touched: set[str]) -> Iterator[tuple[str, str | None]]:
    for name in ADDRESS:
        if name in touched:
            yield name, typed[name] if typed[name] or name in REQUIRED else None


def _item(place: int, item: OrderItem, typed: Fields, touched: set[str]) -> Iterator[tuple[str, Any]]:
    """What changes of an item, behind the name that a partial update finds it by."""
    has_id = item.document.get("item_id") is not None
    yield ("item_id", item.item_id) if has_id else ("name", item.name)
    name = f"items.{place}"
    if touched & {f"{name}.weight", f"{name}.weight_unit"}:
        yield "measurement", {"weight": _measured(f"{name}.weight", typed)}
    for each, key in ITEM.items():
        if f"{name}.{each}" in touched:
            value = typed[f"{name}.{each}"]
            yield key, (value.upper() if each == "country_of_origin" else value) or None


def _measured(name: str, typed: Fields) -> dict[str, str] | None:
    if not typed[name]:
        return None
    return {"value": typed[name].replace(",", "."), "unit": typed.get(f"{name}_unit") or "kg"}


def names_in_document() -> dict[str, str]:
    """Dotted path in the document → the name of the field that holds it."""
    names = {f"shipping_address.{name}": name for name in ADDRESS} | {"shipping_address": "name"}
    names["shipping_details.measurement.weight"] = "weight"
    for place in range(MOST_ITEMS):
        item = f"order_details.order_items.{place}"
        names |= {f"{item}.measurement.weight": f"items.{place}.weight"}
        names |= {f"{item}.{key}": f"items.{place}.{name}" for name, key in ITEM.items()}
    return names


def limits_in(limits: AddressLimits) -> dict[str, int]:
    """How many characters a carrier has room for, by the name of the field."""
    return {each.name: getattr(limits, each.name) for each in fields(limits)}


def with_split(stored: Fields, split: Split) -> dict[str, str]:
    """The fields with a street line in parts, as it was suggested."""
    number = f"{split.house_number} {split.addition}".strip()
    return {**stored, "address_line_1": split.street, "house_number": number}


def with_shorter(order: Order, stored: Fields, limits: AddressLimits) -> dict[str, str]:
    """The fields with an address as the rules shorten it."""
    if order.shipping_address is None:
        return dict(stored)
    shorter, changes = shortened(order.shipping_address, limits)
    return {**stored, **{change.field: getattr(shorter, change.field) for change in changes if change.field in stored}}
