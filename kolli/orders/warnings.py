"""What will stand in the way of an order's label, found when the order arrives, in time for somebody to mend it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from kolli.addresses import NEEDS_HOUSE_NUMBER, AddressLimits, Reason, reasons_against
from kolli.addresses.house_numbers import Split, split_street
from kolli.addresses.shortening import Change, shortened, too_long
from kolli.orders.model import Order
from kolli.values import COUNTRY_CODES, Address, crosses_customs_border

MOST_ITEMS = 5
"""Items that one warning names."""


class Trouble(StrEnum):
    """What can be wrong with an order, beyond what can be wrong with an address by itself."""

    TOO_LONG = "TOO_LONG"
    """A part of the address is longer than the carrier has room for."""

    HOUSE_NUMBER = "HOUSE_NUMBER"
    """The house number has no member of its own; what it may be is suggested."""

    NO_WEIGHT = "NO_WEIGHT"
    """Neither the order nor each of its items has a weight."""

    UNDECLARED = "UNDECLARED"
    """Goods that cross a customs border lack what customs want to know."""


@dataclass(frozen=True)
class OrderWarning:
    """One thing that somebody should look at before the order is shipped. `field` is the path of the member."""

    code: str  # of Trouble or of Reason
    field: str
    message: str
    value: str = ""
    limit: int | None = None
    suggestion: Split | None = None  # the street line in parts, where the house number stands in it


@dataclass(frozen=True)
class Expectation:
    """What is expected about the way in which an order will be shipped, as far as that is known when it arrives."""

    limits: AddressLimits
    carrier_name: str = ""  # whose limits they are; empty: what is usual
    sender_country: str | None = None
    has_default_weight: bool = False


_SENTENCES = {
    Reason.ADDRESS_NOT_VALID: "The address is not complete, or its postal code is none of its country.",
    Reason.COUNTRY_CODE_MISSING: "The address has no country.",
    Reason.HOUSE_NUMBER_TOO_SHORT: "The address has no house number, and every address of its country has one.",
    Reason.POSTAL_CODE_MISSING: "The address has no postal code, and its country uses them.",
    Reason.PROVINCE_MISSING: "The address has no province, and its country wants one.",
    Reason.STATE_MISSING: "The address has no state, and its country wants one.",
}
"""What each reason means to somebody who mends it; lengths are told by themselves."""

_MEMBERS = {
    Reason.COUNTRY_CODE_MISSING: "country_code",
    Reason.HOUSE_NUMBER_TOO_SHORT: "house_number",
    Reason.POSTAL_CODE_MISSING: "postal_code",
    Reason.PROVINCE_MISSING: "state_province_code",
    Reason.STATE_MISSING: "state_province_code",
}


def warnings_of(order: Order, expected: Expectation) -> tuple[OrderWarning, ...]:
    """Everything about an order that somebody should look at, the address first."""
    return (*_about_address(order.shipping_address, expected), *_about_goods(order, expected))


def _about_address(address: Address | None, expected: Expectation) -> Iterator[OrderWarning]:
    if address is None:
        yield OrderWarning(Reason.ADDRESS_NOT_VALID, "shipping_address", "The order has no shipping address.")
        return
    fitting, changes = shortened(address, expected.limits)
    whose = expected.carrier_name or "Most carriers"
    verb = "has" if expected.carrier_name else "have"
    still = {part.field for part in too_long(fitting, expected.limits)}
    for part in too_long(address, expected.limits):
        done = "Shorten it." if part.field in still else f"It will be shortened: {_told(changes, part.field)}."
        yield OrderWarning(
            Trouble.TOO_LONG,
            f"shipping_address.{part.field}",
            f"{whose} {verb} room for {part.limit} characters here, not {len(part.value)}. {done}",
            part.value,
            part.limit,
        )
    for reason in reasons_against(address, expected.limits):
        if reason in _SENTENCES:
            member = _MEMBERS.get(reason)
            field = f"shipping_address.{member}" if member else "shipping_address"
            yield OrderWarning(reason, field, _SENTENCES[reason])
    yield from _about_house_number(address)


def _told(changes: tuple[Change, ...], field: str) -> str:
    return "; then ".join(
        f"{change.after!r} by the rule {change.rule!r}" for change in changes if change.field == field
    )


def _about_house_number(address: Address) -> Iterator[OrderWarning]:
    """Where a country's addresses have a number, but this one has it in its street line, if anywhere."""
    if address.house_number or address.po_box or address.country_code not in NEEDS_HOUSE_NUMBER:
        return
    split = split_street(address.address_line_1, address.country_code)
    if split is not None:
        number = f"{split.house_number} {split.addition}".strip()
        yield OrderWarning(
            Trouble.HOUSE_NUMBER,
            "shipping_address.house_number",
            f"The house number stands in the street line. It is probably {number!r}, of {split.street!r}.",
            address.address_line_1,
            suggestion=split,
        )


def _about_goods(order: Order, expected: Expectation) -> Iterator[OrderWarning]:
    if order.weight is None and not expected.has_default_weight:
        yield OrderWarning(
            Trouble.NO_WEIGHT,
            "shipping_details.measurement.weight",
            "The order has no weight. Give it one, or each of its items, or give the account a default weight.",
        )
    address = order.shipping_address
    if address is None or expected.sender_country is None or address.country_code not in COUNTRY_CODES:
        return
    if not crosses_customs_border(expected.sender_country, address.country_code):
        return
    gaps = [(place, item) for place, item in enumerate(order.items) if item.undeclared and item.quantity > 0]
    for place, item in gaps[:MOST_ITEMS]:
        lacks = ", no ".join(item.undeclared)
        more = f" So have {len(gaps) - MOST_ITEMS} items more." if len(gaps) > MOST_ITEMS == place + 1 else ""
        yield OrderWarning(
            Trouble.UNDECLARED,
            f"order_details.order_items.{place}",
            f"The order crosses a customs border, and this item has no {lacks}.{more}",
            item.name,
        )
