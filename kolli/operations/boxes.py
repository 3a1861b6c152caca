"""What of an order goes into which parcel: counts the items, weighs the parcels, and says what is in each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from kolli.errors import Impossible
from kolli.orders.model import Document, Order, OrderItem, weight_of
from kolli.rules.model import PlannedParcel
from kolli.shipments.model import Source
from kolli.values import Dimensions, Weight, plain

MOST_PARCELS = 50
"""Parcels of one order, whatever its carrier takes. Source: the API's Ship an Order section, "parcels" (2026-07)."""

LONGEST_DESCRIPTION = 255
"""Characters of a parcel item's description. Source: the API's Shipments section, "parcel item" (2026-07)."""

_CENT = Decimal("0.01")

_SAME_NAME = (
    "item_id",
    "product_id",
    "sku",
    "mid_code",
    "material_content",
    "intended_use",
    "manufacturer_product_id",
    "manufacturer_product_id_std",
    "dangerous_goods",
    "properties",
)
"""Members that an order's item and a parcel's item have in common."""


@dataclass(frozen=True)
class WantedBox:
    """One box that somebody wants packed: how many pieces of which item of the order, and what is known of the box."""

    items: tuple[tuple[str, int], ...]  # the shop's item id, and how many of it
    weight: Weight | None = None
    dimensions: Dimensions | None = None


@dataclass(frozen=True)
class Packed:
    """A parcel, and who says what it weighs and measures; None: nobody does."""

    parcel: PlannedParcel
    weight_from: Source | None
    size_from: Source | None


def pack(order: Order, wanted: Sequence[WantedBox], default_weight: Weight | None) -> tuple[Packed, ...]:
    """The parcels of an order as they are wanted; one with everything in it when nothing is.

    Impossible when they hold something, or more of something, that was not ordered. What is stated of the whole order
    counts where one parcel holds all of it.
    """
    if not wanted:
        everything = [(item, item.quantity) for item in order.items if item.quantity > 0]
        return (_packed(WantedBox(()), everything, order, default_weight),)
    if len(wanted) > MOST_PARCELS:
        message = f"An order is shipped in at most {MOST_PARCELS} parcels, not {len(wanted)}."
        raise Impossible(message, field="parcels")
    _check_ordered(order, wanted)
    left = [item.quantity for item in order.items]
    parcels = []
    for box in wanted:
        taken = _taken(order.items, left, _sums(box.items))
        is_whole = len(wanted) == 1 and all(count <= 0 for count in left)
        parcels.append(_packed(box, taken, order if is_whole else None, default_weight))
    return tuple(parcels)


def _packed(
    box: WantedBox, items: Sequence[tuple[OrderItem, int]], whole: Order | None, default_weight: Weight | None
) -> Packed:
    """A parcel with these items; `whole` is the order when nothing of it is elsewhere."""
    weighed = weight_of((item.weight, count) for item, count in items)
    weights: tuple[tuple[Source, Weight | None], ...] = (
        ("request", box.weight),
        ("order", whole.stated_weight if whole else None),
        ("order_items", weighed),
        ("default", default_weight),
    )
    sizes: tuple[tuple[Source, Dimensions | None], ...] = (
        ("request", box.dimensions),
        ("order", whole.dimensions if whole else None),
        ("order_items", items[0][0].dimensions if len(items) == 1 and items[0][1] == 1 else None),
    )
    weight_from, weight = next(((who, weight) for who, weight in weights if weight is not None), (None, None))
    size_from, size = next(((who, size) for who, size in sizes if size is not None), (None, None))
    documents = tuple(_parcel_item(item, count) for item, count in items)
    parcel = PlannedParcel(weight, size, documents, weighs_its_items=weight_from == "order_items")
    return Packed(parcel, weight_from, size_from)


def _check_ordered(order: Order, wanted: Sequence[WantedBox]) -> None:
    """Raises Impossible when the boxes together hold what the order does not."""
    ordered = _sums((item.item_id, item.quantity) for item in order.items if item.item_id)
    packed = _sums(piece for box in wanted for piece in box.items)
    for place, box in enumerate(wanted):
        for line, (item_id, _) in enumerate(box.items):
            field = f"parcels.{place}.parcel_items.{line}"
            if item_id not in ordered:
                raise Impossible(f"The order has no item {item_id!r}.", field=f"{field}.item_id")
            if packed[item_id] > ordered[item_id]:
                raise Impossible(
                    f"The parcels hold {packed[item_id]} of the item {item_id!r} together, and {ordered[item_id]} of it"
                    " were ordered.",
                    field=f"{field}.quantity",
                )


def _sums(pieces: Iterable[tuple[str, int]]) -> Counter[str]:
    """How many there are of each: an order may have an item on several lines, and so may a box."""
    sums: Counter[str] = Counter()
    for item_id, quantity in pieces:
        sums[item_id] += quantity
    return sums


def _taken(items: Sequence[OrderItem], left: list[int], wanted: Counter[str]) -> list[tuple[OrderItem, int]]:
    """Takes what is wanted from the lines of an order, in their sequence; `left` is what remains of each."""
    taken = []
    for line, item in enumerate(items):
        count = min(left[line], wanted[item.item_id])
        if count > 0:
            left[line] -= count
            wanted[item.item_id] -= count
            taken.append((item, count))
    return taken


def _parcel_item(item: OrderItem, quantity: int) -> Document:
    """So many pieces of an order's item as an item of a parcel; a weight and a price only where they are known."""
    given = item.document
    document: dict[str, Any] = {name: given[name] for name in _SAME_NAME if given.get(name) is not None}
    if item.weight:
        document["weight"] = {"value": item.weight.value, "unit": item.weight.unit}
    return {
        **document,
        "description": item.name[:LONGEST_DESCRIPTION],
        "quantity": quantity,
        "price": _price_of_one(given, item.quantity),
        "hs_code": given.get("hs_code") or "",
        "origin_country": given.get("country_of_origin") or "",
    }


def _price_of_one(given: Mapping[str, Any], quantity: int) -> dict[str, str]:
    """The price of one piece, as stated, else as the line's share, to the cent; no value when that is nothing."""
    price, count = given.get("unit_price") or {}, 1
    if price.get("value") is None:
        price, count = given["total_price"], quantity
    value = Decimal(str(price["value"]))
    if not value:
        return {"currency": price["currency"]}
    if count != 1:
        value = (value / count).quantize(_CENT, ROUND_HALF_UP)
    text = plain(value)
    return {"value": f"{value:.2f}" if len(text.partition(".")[2]) <= 2 else text, "currency": price["currency"]}
