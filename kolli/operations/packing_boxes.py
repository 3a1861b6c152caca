"""An order that is packed into several boxes: what is in which, what is left, and what the boxes weigh. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from kolli.account.packings import OpenBox, Opened
from kolli.operations.boxes import WantedBox
from kolli.orders.model import Order
from kolli.values import Weight

HEAVIEST = Decimal(1000)
"""Kilograms of one box: more than that is a slip of the finger."""

_CODES = ("sku", "ean", "item_id", "product_id", "manufacturer_product_id")
"""Members of an item that a barcode on it may hold."""


@dataclass(frozen=True)
class Ware:
    """One thing that was ordered, on however many lines, and the codes that may be scanned for it."""

    item_id: str  # empty: the shop gave none, so that it cannot be said which box it is in
    name: str
    sku: str
    quantity: int
    codes: frozenset[str]


def wares_of(order: Order) -> list[Ware]:
    """What was ordered, in the order's own sequence; lines of one item are one ware."""
    found: dict[str, Ware] = {}
    for place, item in enumerate(order.items):
        if item.quantity < 1:
            continue
        codes = frozenset(_key(str(item.document[name])) for name in _CODES if item.document.get(name))
        ware = Ware(item.item_id, item.name, item.sku, item.quantity, codes)
        known = found.get(item.item_id or f" {place}")
        if known is not None:
            ware = replace(known, quantity=known.quantity + ware.quantity, codes=known.codes | codes)
        found[item.item_id or f" {place}"] = ware
    return list(found.values())


def ware_scanned(wares: Sequence[Ware], texts: Sequence[str], left: Mapping[str, int]) -> Ware | None:
    """The ware that one of these texts is a code of; where several have it, one that is not packed yet."""
    keys = {_key(text) for text in texts}
    found = [ware for ware in wares if ware.item_id and keys & ware.codes]
    return next((ware for ware in found if left[ware.item_id] > 0), next(iter(found), None))


def left_of(wares: Sequence[Ware], boxes: Sequence[OpenBox]) -> dict[str, int]:
    """How many pieces of each ware are in no box yet."""
    packed: Counter[str] = Counter()
    for box in boxes:
        packed.update(box.pieces)
    left = {ware.item_id: ware.quantity for ware in wares}
    return {item_id: quantity - packed[item_id] for item_id, quantity in left.items()}


def has_pieces(boxes: Sequence[OpenBox]) -> bool:
    """Whether somebody has said of anything which box it is in."""
    return any(box.pieces for box in boxes)


def with_piece(opened: Opened, item_id: str) -> Opened:
    """The same with one more piece in the box that is being filled."""
    *closed, current = opened.boxes
    pieces = {**current.pieces, item_id: current.pieces.get(item_id, 0) + 1}
    return replace(opened, boxes=(*closed, replace(current, pieces=pieces)))


def without_piece(opened: Opened, item_id: str, box: int) -> Opened:
    """The same with one piece less in one of the boxes, counted from 0; unchanged when there is none in it."""
    if not (0 <= box < len(opened.boxes) and item_id in opened.boxes[box].pieces):
        return opened
    pieces = dict(opened.boxes[box].pieces)
    pieces[item_id] -= 1
    left = {each: count for each, count in pieces.items() if count > 0}
    return _with_box(opened, box, replace(opened.boxes[box], pieces=left))


def with_weight(opened: Opened, box: int, kilograms: str) -> Opened:
    """The same with another weight of one box; empty: it follows from what is in it."""
    if not 0 <= box < len(opened.boxes):
        return opened
    return _with_box(opened, box, replace(opened.boxes[box], kilograms=kilograms))


def _with_box(opened: Opened, place: int, box: OpenBox) -> Opened:
    return replace(opened, boxes=(*opened.boxes[:place], box, *opened.boxes[place + 1 :]))


def kilograms_of(typed: str) -> str | None:
    """A weight as it was typed, with a comma or a point; None when it is none that a box can have."""
    text = typed.strip().replace(",", ".").removesuffix("kg").strip()
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text):
        return None
    value = Decimal(text)
    return text if 0 < value <= HEAVIEST else None


def wanted_boxes(order: Order, boxes: Sequence[OpenBox]) -> tuple[WantedBox, ...]:
    """The boxes as they are shipped; none means the whole order in one.

    Where nobody has said what is in which, only their number counts, and each has its share of the order's weight,
    upwards to the gram.
    """
    if has_pieces(boxes):
        filled = [box for box in boxes if box.pieces]
        return tuple(WantedBox(tuple(box.pieces.items()), _stated(box)) for box in filled)
    if len(boxes) < 2 and not any(box.kilograms for box in boxes):
        return ()
    if len(boxes) == 1:
        everything = tuple((ware.item_id, ware.quantity) for ware in wares_of(order) if ware.item_id)
        return (WantedBox(everything, _stated(boxes[0])),)
    return tuple(WantedBox((), _stated(box) or _share(order, boxes)) for box in boxes)


def _stated(box: OpenBox) -> Weight | None:
    return Weight(Decimal(box.kilograms), "kg") if box.kilograms else None


def _share(order: Order, boxes: Sequence[OpenBox]) -> Weight | None:
    """What each box weighs of which nobody has said so, when the order's weight is known."""
    if order.weight is None:
        return None
    stated = sum((Decimal(box.kilograms) * 1000 for box in boxes if box.kilograms), Decimal(0))
    others = sum(not box.kilograms for box in boxes)
    grams = ((order.weight.grams - stated) / others).to_integral_value(ROUND_CEILING)
    return Weight(grams, "g") if grams > 0 else None


def _key(text: str) -> str:
    return text.strip().casefold()
