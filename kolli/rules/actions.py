"""What a rule can change: one entry per action, from which the API, validation, files and documents come.

The actions that count in the end are taken in the order of this table, whatever the order of their rules: insurance is
a percentage of what items were worth before rules changed that, an item's new value comes before the percentage that is
taken off it, and a parcel's new weight before it is divided.

Which actions there are: the API's Shipments section, "announce a shipment with rules" (2026-07). Its own examples name
`insurance_pc` and `ship_with`; the other identifiers are ours, because no list of them is published.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal
from typing import Any

from kolli.errors import Invalid
from kolli.rules import values
from kolli.rules.conditions import items_of, price_of, quantity_of, value_of_items
from kolli.rules.dividing import divided
from kolli.rules.model import Choices, Document, Plan, PlannedParcel, ValueType
from kolli.values import EXACT, Dimensions, Money, Weight

CarrierOf = Callable[[str], str | None]
"""The carrier of a shipping option, by its code; None where there is no such option."""

CENT = Decimal("0.01")
ROUNDED = Context(prec=80)
USUAL_CURRENCY = "EUR"
"""In which an amount is where neither the order nor an item has a price."""


@dataclass(frozen=True)
class ActionEntry:
    """One kind of change. `parse` reads its value, or raises Invalid; `apply` gives the changed plan.

    `field` is what a step calls that which it changes, and `result_key` what the API calls it in a rule's result.
    Actions of one `kind` overrule each other; others combine. `missing` says what a plan
    lacks that it cannot be changed without.
    """

    identifier: str
    name: str
    type: ValueType
    help_text: str
    field: str
    result_key: str
    parse: Callable[[str], Any]
    apply: Callable[[Plan, Any, CarrierOf], Plan]
    choices: Choices | None = None
    for_multicollo: bool = True
    kind: str = ""  # empty: its own
    missing: Callable[[Plan], str] = lambda _: ""

    def __post_init__(self) -> None:
        """An action is a kind of its own unless it says otherwise."""
        object.__setattr__(self, "kind", self.kind or self.identifier)


def find_action(identifier: str) -> ActionEntry:
    """The action with this identifier; Invalid when there is none."""
    found = ACTIONS.get(identifier)
    if found is None:
        raise Invalid(f"{identifier[:100]!r} is no action. There are: {', '.join(ACTIONS)}.")
    return found


# What they do


def _ship_with(plan: Plan, code: str, carrier_of: CarrierOf) -> Plan:
    """Another carrier's option leaves the contract behind that was chosen for the former one."""
    carrier = carrier_of(code)
    keeps_contract = plan.carrier_code in {None, carrier}
    contract_id = plan.contract_id if keeps_contract else None
    return replace(plan, shipping_option_code=code, carrier_code=carrier, contract_id=contract_id)


def _set(name: str) -> Callable[[Plan, Any, CarrierOf], Plan]:
    return lambda plan, value, _: replace(plan, **{name: value})


def _set_recipient(name: str) -> Callable[[Plan, Any, CarrierOf], Plan]:
    return lambda plan, value, _: replace(plan, recipient=replace(plan.recipient, **{name: value}))


def _with_items(plan: Plan, change: Callable[[Document], Document]) -> Plan:
    parcels = (replace(parcel, items=tuple(map(change, parcel.items))) for parcel in plan.parcels)
    return replace(plan, parcels=tuple(parcels))


def _set_items(member: str) -> Callable[[Plan, Any, CarrierOf], Plan]:
    return lambda plan, value, _: _with_items(plan, lambda item: {**item, member: value})


def _set_item_value(plan: Plan, value: Decimal, _: CarrierOf) -> Plan:
    usual = currency_of(plan)

    def change(item: Document) -> Document:
        price = price_of(item)
        return {**item, "price": _price(value, price.currency if price and price.currency else usual)}

    return _with_items(plan, change)


def _decrease_item_value(plan: Plan, percentage: Decimal, _: CarrierOf) -> Plan:
    def change(item: Document) -> Document:
        price = price_of(item)
        if price is None:
            return item
        less = _percentage(price.value, 100 - percentage)
        if less > price.value > 0:  # a price with fractions of a cent must not grow by being rounded
            less = _percentage(price.value, 100 - percentage, ROUND_DOWN)
        return {**item, "price": _price(less, price.currency)}

    return _with_items(plan, change)


def _set_item_weight(plan: Plan, weight: Weight, _: CarrierOf) -> Plan:
    """A parcel that weighs what its items weigh weighs something else then."""
    document = {"value": weight.value, "unit": weight.unit}
    changed = _with_items(plan, lambda item: {**item, "weight": document})
    parcels = []
    for parcel in changed.parcels:
        pieces = sum(quantity_of(item) for item in parcel.items)
        weighs = parcel.weighs_its_items and pieces > 0
        total = Weight(EXACT.multiply(weight.value, pieces), weight.unit)
        parcels.append(replace(parcel, weight=total) if weighs else parcel)
    return replace(changed, parcels=tuple(parcels))


def _set_weight(plan: Plan, weight: Weight, _: CarrierOf) -> Plan:
    return _each_parcel(plan, lambda parcel: replace(parcel, weight=weight, weighs_its_items=False))


def _use_box(plan: Plan, size: Dimensions, _: CarrierOf) -> Plan:
    return _each_parcel(plan, lambda parcel: replace(parcel, dimensions=size))


def _each_parcel(plan: Plan, change: Callable[[PlannedParcel], PlannedParcel]) -> Plan:
    return replace(plan, parcels=tuple(map(change, plan.parcels)))


def _divide(plan: Plan, count: int, _: CarrierOf) -> Plan:
    if len(plan.parcels) != 1 or count == 1 or plan.has_given_parcels:
        return plan
    return replace(plan, parcels=divided(plan.parcels[0], count))


def _insure(plan: Plan, value: Decimal, _: CarrierOf) -> Plan:
    return replace(plan, insured_value=Money(value, currency_of(plan)))


def _insure_percentage(plan: Plan, percentage: Decimal, _: CarrierOf) -> Plan:
    total = _insurable(plan)
    if total is None:
        return plan
    return replace(plan, insured_value=Money(max(CENT, _percentage(total.value, percentage)), total.currency))


def _insurable(plan: Plan) -> Money | None:
    """What a percentage is taken of: what the whole order costs, else all of its items together, if that is above 0."""
    total = plan.total or value_of_items(plan)
    return total if total and total.value > 0 else None


def currency_of(plan: Plan) -> str:
    """The currency that an amount without one is in: that of the order, else of the first item with a price."""
    prices = (price.currency for price in map(price_of, items_of(plan)) if price and price.currency)
    return plan.total.currency if plan.total else next(prices, USUAL_CURRENCY)


def _percentage(value: Decimal, percentage: Decimal, rounding: str = ROUND_HALF_UP) -> Decimal:
    share = EXACT.scaleb(EXACT.multiply(value, percentage), -2)
    return share.quantize(CENT, rounding, ROUNDED)


def _price(value: Decimal, currency: str) -> Document:
    """A price as parcel items have it: `{"value": "8.95", "currency": "EUR"}`."""
    return {"value": f"{value:.2f}", "currency": currency}


def _no_items(plan: Plan) -> str:
    return "" if any(items_of(plan)) else "The parcel has no items."


def _no_prices(plan: Plan) -> str:
    return "" if any(map(price_of, items_of(plan))) else "No item has a value."


def _given_parcels(plan: Plan) -> str:
    return "The request says what goes into which parcel." if plan.has_given_parcels else ""


def _no_value(plan: Plan) -> str:
    return "" if _insurable(plan) else "Neither the order nor all of its items have a value."


_ORDER_CURRENCY = "In the currency of the order, else of its items, else in euros"

_ENTRIES = (
    ActionEntry(
        "ship_with",
        "Ship with",
        "SELECT",
        "The shipping option, by its code. A contract of another carrier that was chosen before does not count then.",
        "shipping_option_code",
        "shipping_option_code",
        values.text_up_to(255),
        _ship_with,
        choices="shipping_options",
    ),
    ActionEntry(
        "use_contract",
        "Use shipping contract",
        "SELECT",
        "The contract to ship under, by its id.",
        "contract_id",
        "contract",
        values.id_from,
        _set("contract_id"),
        choices="contracts",
    ),
    ActionEntry(
        "ship_with_address",
        "Ship with address",
        "SELECT",
        "The sender address, by its id.",
        "sender_address_id",
        "sender_address",
        values.id_from,
        _set("sender_address_id"),
        choices="sender_addresses",
    ),
    ActionEntry(
        "set_customer_email",
        "Set customer email",
        "TEXT",
        "The email address that the carrier gets.",
        "recipient.email",
        "email",
        values.email_from,
        _set_recipient("email"),
    ),
    ActionEntry(
        "set_phone_number",
        "Phone number",
        "TEXT",
        "The phone number that the carrier gets.",
        "recipient.phone_number",
        "telephone",
        values.phone_from,
        _set_recipient("phone_number"),
    ),
    ActionEntry(
        "insurance",
        "Insure shipment value by",
        "NUMBER",
        f"For how much the whole shipment is insured. {_ORDER_CURRENCY}.",
        "insured_value",
        "total_insured_value",
        values.money_above_zero,
        _insure,
        for_multicollo=False,
        kind="insurance",
    ),
    ActionEntry(
        "insurance_pc",
        "Insure shipment value by %",
        "NUMBER",
        "For how many percent of the order's value, else of its items' value, the whole shipment is insured. Overrules"
        " an amount that a rule above has set, and the other way round.",
        "insured_value",
        "total_insured_value",
        values.percentage_up_to(values.MOST_INSURED_PERCENT),
        _insure_percentage,
        for_multicollo=False,
        kind="insurance",
        missing=_no_value,
    ),
    ActionEntry(
        "set_item_name",
        "Set item name",
        "TEXT",
        "What every item of the parcel is called, on customs forms too.",
        "items.description",
        "item_name",
        values.text_up_to(255),
        _set_items("description"),
        for_multicollo=False,
        missing=_no_items,
    ),
    ActionEntry(
        "set_item_hs_code",
        "Set Item HS Code",
        "TEXT",
        "The code of the Harmonized System that every item of the parcel has: 4 to 12 digits.",
        "items.hs_code",
        "hs_code",
        values.hs_code_from,
        _set_items("hs_code"),
        for_multicollo=False,
        missing=_no_items,
    ),
    ActionEntry(
        "set_item_origin_country",
        "Set Item Origin Country",
        "SELECT",
        "The country that every item of the parcel was made in, in two letters.",
        "items.origin_country",
        "origin_country",
        values.country_from,
        _set_items("origin_country"),
        choices="countries",
        for_multicollo=False,
        missing=_no_items,
    ),
    ActionEntry(
        "set_item_value",
        "Set item value",
        "NUMBER",
        f"What one piece of every item is worth. {_ORDER_CURRENCY}.",
        "items.price",
        "item_value",
        values.money_from,
        _set_item_value,
        for_multicollo=False,
        missing=_no_items,
    ),
    ActionEntry(
        "decrease_item_value_pc",
        "Decrease item value by %",
        "NUMBER",
        "How many percent of the value of every item are taken off, rounded to the cent.",
        "items.price",
        "item_value",
        values.percentage_up_to(100),
        _decrease_item_value,
        for_multicollo=False,
        missing=_no_prices,
    ),
    ActionEntry(
        "set_item_weight",
        "Set item weight",
        "NUMBER",
        "What one piece of every item weighs, in kilograms. A parcel that weighs what its items weigh changes with it.",
        "items.weight",
        "item_weight",
        values.weight_from,
        _set_item_weight,
        for_multicollo=False,
        missing=_no_items,
    ),
    ActionEntry(
        "set_weight",
        "Set weight",
        "NUMBER",
        "What the parcel weighs, in kilograms.",
        "parcels.0.weight",
        "weight",
        values.weight_from,
        _set_weight,
        for_multicollo=False,
    ),
    ActionEntry(
        "use_box",
        "Use box",
        "TEXT",
        "The size of the box: length, width and height, as 30x20x10 cm.",
        "parcels.0.dimensions",
        "box",
        values.size_from,
        _use_box,
        for_multicollo=False,
    ),
    ActionEntry(
        "set_customs_notes",
        "Set customs general notes",
        "TEXT",
        "Notes that stand on the customs forms.",
        "customs_notes",
        "general_notes",
        values.text_up_to(500),
        _set("customs_notes"),
    ),
    ActionEntry(
        "add_declaration_statement",
        "Add customs declaration statement",
        "TEXT",
        "A statement that is added to the customs declaration.",
        "declaration_statement",
        "additional_declaration_statements",
        values.text_up_to(1_000),
        _set("declaration_statement"),
    ),
    ActionEntry(
        "set_number_of_parcels",
        "Set number of parcels",
        "NUMBER",
        f"Into how many parcels the one parcel is divided: 1 to {values.MOST_PARCELS}. Its pieces are dealt out, and"
        " each box weighs what is in it and an equal share of the rest, rounded up to the gram; where that is not"
        " known, all weigh the same. Each box has the parcel's size. Where a request says what goes into which parcel,"
        " that counts.",
        "number_of_parcels",
        "number_of_shipments",
        values.count_of_parcels,
        _divide,
        for_multicollo=False,
        missing=_given_parcels,
    ),
)

ACTIONS: Mapping[str, ActionEntry] = {entry.identifier: entry for entry in _ENTRIES}
"""Every action that a rule can take, by its identifier, in the order in which they are taken."""
