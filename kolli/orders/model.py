"""What an order is: the document the shop sent, and what Kolli reads in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from kolli.values import EXACT, Address, Dimensions, Money, Weight

Document = dict[str, Any]
"""A JSON object whose numbers with a fraction are Decimals."""


_DECLARED = {
    "weight": ("measurement", "weight", "value"),
    "price": ("total_price", "value"),
    "hs_code": ("hs_code",),
    "country_of_origin": ("country_of_origin",),
}


@dataclass(frozen=True)
class ShipWith:
    """Which shipping option, under which contract, somebody has chosen; None where they left it open."""

    shipping_option_code: str | None = None
    contract_id: int | None = None


@dataclass(frozen=True)
class OrderItem:
    """One line of an order. `weight` is that of one piece; `document` is the line as the shop sent it."""

    item_id: str
    name: str
    quantity: int
    sku: str
    weight: Weight | None
    undeclared: tuple[str, ...]  # what customs would want to know and the shop has not said
    document: Document = field(repr=False)

    @property
    def dimensions(self) -> Dimensions | None:
        """The size of one piece, as stated."""
        return _dimensions(_at(self.document, "measurement", "dimension"))


@dataclass(frozen=True)
class Order:
    """An order as it is stored. `document` is the truth: every member the shop sent, under its name in the API.

    `revision` grows by one with every change, so a shipment can say which state of the order it was made from.
    """

    id: int
    integration_id: int
    created_at: datetime
    modified_at: datetime
    revision: int
    document: Document

    @property
    def order_id(self) -> str:
        """The id the shop gave to the order."""
        return str(self.document["order_id"])

    @property
    def order_number(self) -> str:
        """The number people know the order by."""
        return str(self.document["order_number"])

    @property
    def shipping_address(self) -> Address | None:
        """Where the order goes, if the shop has said so."""
        address = self.document.get("shipping_address")
        if address is None:
            return None
        customer = self.document.get("customer_details") or {}
        known = {key: value for key, value in address.items() if value}
        return Address.from_document(
            {"email": customer.get("email"), "phone_number": customer.get("phone_number")} | known
        )

    @property
    def ship_with(self) -> ShipWith:
        """The shipping option and contract that came with the order."""
        properties = _at(self.document, "shipping_details", "ship_with", "properties")
        return ShipWith(properties.get("shipping_option_code"), properties.get("contract_id"))

    @cached_property
    def items(self) -> tuple[OrderItem, ...]:
        """The lines of the order, in its own sequence."""
        return tuple(
            OrderItem(
                item_id=item.get("item_id") or "",
                name=item["name"],
                quantity=item["quantity"],
                sku=item.get("sku") or "",
                weight=_weight(_at(item, "measurement", "weight")),
                undeclared=tuple(name for name, path in _DECLARED.items() if not _at(item, *path[:-1]).get(path[-1])),
                document=item,
            )
            for item in self.document["order_details"]["order_items"]
        )

    @property
    def weight(self) -> Weight | None:
        """The weight of the whole order: as stated, else the sum of its items, if each of them has one.

        Lines with a quantity below one weigh nothing. A sum is in the items' unit when they share one, else in grams.
        """
        return self.stated_weight or weight_of((item.weight, item.quantity) for item in self.items)

    @property
    def stated_weight(self) -> Weight | None:
        """The weight of the whole order, as stated."""
        return _weight(_at(self.document, "shipping_details", "measurement", "weight"))

    @property
    def dimensions(self) -> Dimensions | None:
        """The size of the whole order, as stated."""
        return _dimensions(_at(self.document, "shipping_details", "measurement", "dimension"))

    @property
    def total(self) -> Money | None:
        """What the whole order costs."""
        price = _at(self.document, "payment_details", "total_price")
        return Money(_decimal(price["value"]), price["currency"]) if price.get("value") is not None else None

    @property
    def payment_status(self) -> str:
        """How far it is paid, such as `paid`; empty where the shop has not said."""
        return str(_at(self.document, "payment_details", "status").get("code") or "")

    @property
    def checkout_method(self) -> str:
        """Which delivery method the buyer was shown; empty where the shop has not said."""
        return str(_at(self.document, "shipping_details").get("delivery_indicator") or "")

    @property
    def has_service_point(self) -> bool:
        """Whether the buyer has chosen a service point."""
        point = self.document.get("service_point_details") or {}
        return bool(point.get("id") or point.get("carrier_service_point_id"))


@dataclass(frozen=True)
class OrderText:
    """An order that is only passed on: its document is the JSON text as it is stored, which nobody has read."""

    id: int
    created_at: datetime
    modified_at: datetime
    document: bytes


def _at(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    for name in path:
        document = document.get(name) or {}
    return document


def _decimal(number: object) -> Decimal:
    return number if isinstance(number, Decimal) else Decimal(str(number))


def _weight(measured: Mapping[str, Any]) -> Weight | None:
    return Weight(_decimal(measured["value"]), measured["unit"]) if measured.get("value") else None


def _dimensions(size: Mapping[str, Any]) -> Dimensions | None:
    if not size:
        return None
    return Dimensions(_decimal(size["length"]), _decimal(size["width"]), _decimal(size["height"]), size["unit"])


def weight_of(pieces: Iterable[tuple[Weight | None, int]]) -> Weight | None:
    """What so many pieces of such weights weigh together; None when nothing is there, or a weight is not known.

    Less than one piece weighs nothing. The sum is in the pieces' unit when they share one, else in grams.
    """
    weighed = [(weight, quantity) for weight, quantity in pieces if quantity > 0]
    known = [(weight, quantity) for weight, quantity in weighed if weight is not None]
    if not known or len(known) < len(weighed):
        return None
    units = {weight.unit for weight, _ in known}
    if len(units) == 1:
        return Weight(_total((weight.value, quantity) for weight, quantity in known), units.pop())
    return Weight(_total((weight.grams, quantity) for weight, quantity in known), "g")


def _total(pieces: Iterable[tuple[Decimal, int]]) -> Decimal:
    total = Decimal(0)
    for value, quantity in pieces:
        total = EXACT.add(total, EXACT.multiply(value, quantity))
    return total
