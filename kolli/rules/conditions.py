"""What a rule can look at: one entry per property of a plan, from which the API, validation, files and documents come.

Which properties there are: the API's Shipments section, "announce a shipment with rules" (2026-07), and for the payment
status the support article "How to create shipping rules". The API's own examples name `order_value`; the other
identifiers are ours, because no list of them is published.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kolli.errors import Invalid
from kolli.rules.model import Choices, Document, Plan, ValueType
from kolli.rules.operators import CHOICES, NUMBERS, OPERATORS, TEXTS, Operator, Test, folded
from kolli.tables import number_from
from kolli.values import EXACT, Money

DELIMITER = ","
"""What stands between the texts that an operator such as `in` compares with."""

_SEPARATORS = str.maketrans("", "", " -./()")


@dataclass(frozen=True)
class Property:
    """One property of a plan. `read` gives a Decimal, a folded text, or a tuple of them where it `is_of_items`.

    A number that is not known is None, and no condition on it holds; a text that is not known is empty.
    `sees` names the actions whose effect it sees when a rule above has taken them.
    """

    identifier: str
    name: str
    type: ValueType
    help_text: str
    operators: tuple[str, ...]
    read: Callable[[Plan], Any]
    cleaned: Callable[[str], str] = folded  # what a text becomes before it is compared, on both sides
    choices: Choices | None = None
    for_multicollo: bool = True
    is_of_items: bool = False
    sees: tuple[str, ...] = ()
    other_names: tuple[str, ...] = ()  # by which files may call it
    delimiter: str = DELIMITER

    def wanted(self, operator: Operator, compare_to: str) -> Any:
        """What `compare_to` says, as the operator takes it. Invalid when it cannot be compared with that."""
        if operator.is_for_numbers:
            return number_from(compare_to.strip())
        if not operator.multiple:
            return self.cleaned(compare_to)
        return frozenset(split_texts(self.cleaned(compare_to)))  # in this order: there may be hundreds of texts

    def test(self, operator: Operator, compare_to: str) -> Test:
        """Whether what `read` gives is as the condition wants it."""
        passes = operator.made_ready(self.wanted(operator, compare_to))
        if not self.is_of_items:
            return _if_known(passes) if operator.is_for_numbers else passes
        if operator.is_negative:
            return lambda values: all(map(passes, values))
        return lambda values: any(map(passes, values))


def split_texts(compare_to: str) -> list[str]:
    """The single texts of what several are compared with: `1012, 1013` is two."""
    return [text.strip() for text in compare_to.split(DELIMITER) if text.strip()]


def find_property(identifier: str) -> Property:
    """The property with this identifier; Invalid when there is none."""
    found = CONDITIONS.get(identifier)
    if found is None:
        raise Invalid(f"{identifier[:100]!r} is no condition. There are: {', '.join(CONDITIONS)}.")
    return found


def find_operator(identifier: str, entry: Property) -> Operator:
    """The operator with this identifier, which the property must have; Invalid."""
    if identifier not in entry.operators:
        raise Invalid(
            f"{identifier[:100]!r} is no operator of {entry.identifier}. It has: {', '.join(entry.operators)}."
        )
    return OPERATORS[identifier]


def _if_known(passes: Test) -> Test:
    return lambda value: value is not None and passes(value)


def without_spaces(text: str) -> str:
    """A postal code as it is compared: `1012 GJ` and `1012gj` are the same."""
    return "".join(text.split()).casefold()


def without_separators(text: str) -> str:
    """A phone number as it is compared: `+31 (0)6-12` and `+310612` are the same."""
    return text.translate(_SEPARATORS).casefold()


# How values are read


def items_of(plan: Plan) -> Iterator[Document]:
    """Every item of every parcel."""
    for parcel in plan.parcels:
        yield from parcel.items


def _texts(member: str) -> Callable[[Plan], tuple[str, ...]]:
    return lambda plan: tuple(folded(str(item.get(member) or "")) for item in items_of(plan))


def _quantities(plan: Plan) -> tuple[Decimal, ...]:
    return tuple(Decimal(quantity_of(item)) for item in items_of(plan))


def quantity_of(item: Document) -> int:
    """How many pieces an item is; 1 where nobody has said."""
    quantity = item.get("quantity")
    return 1 if quantity is None else int(quantity)


def price_of(item: Document) -> Money | None:
    """What one piece costs, if that is known."""
    price = item.get("price") or {}
    if price.get("value") is None:
        return None
    return Money(Decimal(str(price["value"])), str(price.get("currency") or ""))


def value_of_items(plan: Plan) -> Money | None:
    """What all items cost together; None when one has no price, or they have prices in several currencies."""
    total, currencies = Decimal(0), set()
    for item in items_of(plan):
        price = price_of(item)
        if price is None:
            return None
        total = EXACT.add(total, EXACT.multiply(price.value, quantity_of(item)))
        currencies.add(price.currency)
    return Money(total, currencies.pop()) if len(currencies) == 1 else None


def _item_value(plan: Plan) -> Decimal | None:
    total = value_of_items(plan)
    return total.value if total else None


def _order_value(plan: Plan) -> Decimal | None:
    return plan.total.value if plan.total else None


def _weight_kg(plan: Plan) -> Decimal | None:
    weight = plan.parcels[0].weight if plan.parcels else None
    return EXACT.scaleb(weight.grams, -3) if weight else None


def _side_cm(place: int) -> Callable[[Plan], Decimal | None]:
    def read(plan: Plan) -> Decimal | None:
        size = plan.parcels[0].dimensions if plan.parcels else None
        return EXACT.scaleb(size.sides_mm[place], -1) if size else None

    return read


_CURRENCY = "In the currency of the order."
_ITEMS = "One item that is so is enough; a negative operator asks all of them."
_CENTIMETRES = "In centimetres. Where the size of the parcel is not known, it never holds."

_ENTRIES = (
    Property(
        "carrier",
        "Carrier",
        "SELECT",
        "The carrier of the shipping option as it is so far: options that rules above have set count.",
        CHOICES,
        lambda plan: folded(plan.carrier_code or ""),
        choices="carriers",
        sees=("ship_with",),
    ),
    Property(
        "checkout_delivery_method",
        "Checkout delivery method",
        "TEXT",
        "The delivery method that the buyer has chosen in the shop, by its name there.",
        TEXTS,
        lambda plan: folded(plan.checkout_method),
        other_names=("Dynamic Checkout method",),
    ),
    Property(
        "company_name",
        "Company name",
        "TEXT",
        "The company that the parcel goes to; empty for private persons.",
        TEXTS,
        lambda plan: folded(plan.recipient.company_name),
    ),
    Property(
        "customer_email",
        "Customer email",
        "TEXT",
        "The email address of the buyer.",
        TEXTS,
        lambda plan: folded(plan.recipient.email),
    ),
    Property(
        "integration",
        "Integration",
        "SELECT",
        "The shop connection that the order came through, by its id.",
        ("is", "is_not"),
        lambda plan: str(plan.integration_id),
        choices="integrations",
    ),
    Property(
        "item_sku",
        "Item SKU",
        "TEXT",
        f"The stock-keeping unit. {_ITEMS}",
        TEXTS,
        _texts("sku"),
        for_multicollo=False,
        is_of_items=True,
    ),
    Property(
        "item_name",
        "Item name",
        "TEXT",
        f"How the item is called. {_ITEMS}",
        TEXTS,
        _texts("description"),
        for_multicollo=False,
        is_of_items=True,
    ),
    Property(
        "item_quantity",
        "Item quantity",
        "NUMBER",
        f"How many pieces of an item are in the parcel. {_ITEMS}",
        NUMBERS,
        _quantities,
        for_multicollo=False,
        is_of_items=True,
    ),
    Property("parcel_height", "Parcel height (cm)", "NUMBER", _CENTIMETRES, NUMBERS, _side_cm(2), for_multicollo=False),
    Property("parcel_length", "Parcel length (cm)", "NUMBER", _CENTIMETRES, NUMBERS, _side_cm(0), for_multicollo=False),
    Property("parcel_width", "Parcel width (cm)", "NUMBER", _CENTIMETRES, NUMBERS, _side_cm(1), for_multicollo=False),
    Property(
        "phone_number",
        "Phone number",
        "TEXT",
        "The phone number of the recipient. Spaces, hyphens, points, slashes and brackets are not compared.",
        TEXTS,
        lambda plan: without_separators(plan.recipient.phone_number),
        cleaned=without_separators,
    ),
    Property(
        "postal_code",
        "Postal code",
        "TEXT",
        "The postal code that the parcel goes to. Spaces are not compared.",
        TEXTS,
        lambda plan: without_spaces(plan.recipient.postal_code),
        cleaned=without_spaces,
    ),
    Property(
        "to_country",
        "To country",
        "SELECT",
        "The country that the parcel goes to, in two letters.",
        CHOICES,
        lambda plan: folded(plan.recipient.country_code),
        choices="countries",
    ),
    Property(
        "order_value",
        "Total order value",
        "NUMBER",
        f"What the whole order costs. {_CURRENCY}",
        NUMBERS,
        _order_value,
        for_multicollo=False,
    ),
    Property(
        "total_item_value",
        "Total parcel item value",
        "NUMBER",
        f"What all items of the parcel cost together. {_CURRENCY}",
        NUMBERS,
        _item_value,
        for_multicollo=False,
    ),
    Property(
        "weight",
        "Weight (kg)",
        "NUMBER",
        "The weight of the parcel in kilograms, as it is so far: weights that rules above have set count.",
        NUMBERS,
        _weight_kg,
        for_multicollo=False,
        sees=("set_item_weight", "set_weight"),
    ),
    Property(
        "payment_status",
        "Payment status",
        "SELECT",
        "What the shop says about the payment of the order.",
        ("is", "is_not"),
        lambda plan: folded(plan.payment_status),
        choices="payment_statuses",
    ),
)

CONDITIONS: Mapping[str, Property] = {entry.identifier: entry for entry in _ENTRIES}
"""Every property that a rule can look at, by its identifier."""
