"""One parcel becomes several: its pieces are dealt out, and each box weighs what is in it and a share of the rest."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Context, Decimal

from kolli.orders.model import weight_of
from kolli.rules.conditions import quantity_of
from kolli.rules.model import Document, PlannedParcel
from kolli.values import EXACT, Weight

_ROUNDED = Context(prec=80)
_GRAM = Decimal(1)

Pieces = tuple[Document, ...]


def divided(parcel: PlannedParcel, count: int) -> tuple[PlannedParcel, ...]:
    """So many boxes, with every piece in one of them; together they weigh less than a gram a box more than before."""
    contents = _dealt(parcel.items, count)
    weights: Iterable[Weight | None] = [None] * count
    if parcel.weight is not None:
        weights = (Weight(grams.scaleb(-3), "kg") for grams in _shares(parcel.weight.grams, contents))
    return tuple(
        replace(parcel, weight=weight, weighs_its_items=False, items=items)
        for weight, items in zip(weights, contents, strict=True)
    )


def _dealt(items: Iterable[Document], count: int) -> list[Pieces]:
    """The pieces in so many boxes, in their sequence; no box has more than one piece more than another."""
    left = [(item, quantity_of(item)) for item in items]
    pieces = sum(quantity for _, quantity in left)
    boxes = []
    line = 0
    for place in range(count):
        room = pieces // count + (place < pieces % count)
        box = []
        while room:
            item, quantity = left[line]
            taken = min(quantity, room)
            if taken:
                box.append({**item, "quantity": taken})
            room -= taken
            left[line] = (item, quantity - taken)
            line += taken == quantity
        boxes.append(tuple(box))
    return boxes


def _shares(total: Decimal, contents: Sequence[Pieces]) -> list[Decimal]:
    """The grams of each box, rounded up to whole ones, so that no customs form declares more than the box weighs.

    All are equal where a box is empty or the weight of a piece is not known, and where the pieces weigh more than
    somebody has said that the parcel does.
    """
    inside = [_weight_of(box) for box in contents]
    known = [grams for grams in inside if grams is not None]
    declared = Decimal(0)
    for grams in known:
        declared = EXACT.add(declared, grams)
    if len(known) < len(contents) or declared > total:
        known, declared = [Decimal(0)] * len(contents), Decimal(0)
    share = _ROUNDED.divide(EXACT.subtract(total, declared), Decimal(len(contents)))
    return [_ROUNDED.add(grams, share).quantize(_GRAM, ROUND_CEILING, _ROUNDED) for grams in known]


def _weight_of(items: Pieces) -> Decimal | None:
    """The grams of all pieces; None where one of them is not known, and where there is none."""
    weight = weight_of((_weight(item), quantity_of(item)) for item in items)
    return weight.grams if weight else None


def _weight(item: Document) -> Weight | None:
    weight = item.get("weight") or {}
    return Weight(Decimal(str(weight["value"])), weight.get("unit", "kg")) if weight.get("value") is not None else None
