"""What the pages of an order call things: fields, who has decided, states, and where something can be mended."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kolli.errors import KolliError
from kolli.panel.marking import _
from kolli.shipments.attempts import State
from kolli.shipments.model import Source, Step

Translate = Callable[[str], str]


ADDRESS: Mapping[str, str] = {
    "name": _("Name"),
    "company_name": _("Company"),
    "address_line_1": _("Street"),
    "house_number": _("House number"),
    "address_line_2": _("Second line"),
    "po_box": _("PO box"),
    "postal_code": _("Postal code"),
    "city": _("City"),
    "state_province_code": _("State or province"),
    "country_code": _("Country"),
    "email": _("E-mail"),
    "phone_number": _("Phone"),
}
"""The parts of an address, in the sequence in which they are typed."""

FIELDS: Mapping[str, str] = {
    "shipping_option_code": _("Shipping option"),
    "contract_id": _("Contract"),
    "sender_address_id": _("Sender address"),
    "brand_id": _("Brand"),
    "service_point": _("Service point"),
    "service_point_details": _("Service point"),
    "to_service_point": _("Service point"),
    "insured_value": _("Insured value"),
    "number_of_parcels": _("Number of parcels"),
    "export_reason": _("Export reason"),
    "another_label": _("Another label"),
    "order": _("Order"),
    "order_items": _("Items"),
    "weight": _("Weight"),
    "dimensions": _("Size"),
    "notes": _("Notes"),
    "reason": _("Reason"),
    **ADDRESS,
}

SOURCES: Mapping[Source, str] = {
    "rule": _("Rule"),
    "request": _("Chosen by hand"),
    "order": _("The order"),
    "default": _("Default of the account"),
    "sender_address": _("Sender address"),
    "carrier": _("Carrier"),
    "order_items": _("Sum of the items"),
}
"""Who has decided something."""

STATES: Mapping[State, tuple[str, str]] = {
    State.QUEUED: ("wait", _("Waits to be announced")),
    State.INTENDED: ("wait", _("Being announced")),
    State.STORED: ("good", _("Label stored")),
    State.REJECTED: ("bad", _("Refused by the carrier")),
    State.ABANDONED: ("bad", _("Nothing was booked")),
    State.UNKNOWN: ("warn", _("Outcome unknown")),
    State.CANCELLING: ("wait", _("Being cancelled")),
    State.CANCELLED: ("quiet", _("Cancelled")),
}
"""Where an attempt stands → the kind of its badge, and the words on it."""

DONE: Mapping[str, str] = {
    "order.ship": _("Shipped"),
    "order.edit": _("Edited"),
    "order.cancel": _("Cancelled"),
    "order.print": _("Printed"),
    "order.another_label": _("Made another label"),
}
"""What people do with an order, by the action in the audit trail."""

CHOICE = ("shipping_option_code", "contract_id", "sender_address_id", "brand_id")
"""What can be chosen before an order is shipped."""

_BOX = re.compile(r"parcels\.(\d+)\.(.+)")
_ITEM = re.compile(r"order_details\.order_items\.(\d+)(?:\.(.+))?")


def part_of(field: str) -> str:
    """The last part of a field's name, by which it is called: `recipient.city` is `city`."""
    return field.rpartition(".")[2] if field.startswith(("recipient.", "shipping_address.", "sender.")) else field


def field_name(field: str, translate: Translate) -> str:
    """What people call a field of a decision or of an error."""
    box = _BOX.fullmatch(field)
    if box:
        inner = FIELDS.get(box[2].rpartition(".")[2], box[2])
        return f"{translate('Parcel')} {int(box[1]) + 1}: {translate(inner)}"
    name = part_of(field)
    known = FIELDS.get(name)
    return translate(known) if known else name.replace("_", " ").replace(".", " ").capitalize()


def edit_name(field: str) -> str:
    """The name that a field has in the form that edits an order; empty when it is not edited there."""
    item = _ITEM.fullmatch(field)
    if item:
        inner = (item[2] or "hs_code").rpartition(".")[2]
        return f"items.{item[1]}.{'weight' if inner in {'weight', 'value'} else inner}"
    if part_of(field) in ADDRESS:
        return part_of(field)
    if field.endswith("weight"):
        return "weight"
    if field.startswith(("service_point", "to_service_point")):
        return "clears_point"
    return {"shipping_address": "name", "order_items": "items.0.hs_code", "order": "name"}.get(field, "")


@dataclass(frozen=True)
class Obstacle:
    """One thing that keeps an order from being shipped: where, what, with which value, and where it is mended."""

    where: str
    message: str
    value: str
    edits: str  # the name of a field of the form that edits the order
    is_choice: bool


def obstacle(error: KolliError, translate: Translate) -> Obstacle:
    """An error about an order as the page tells it."""
    field = error.field or ""
    value = error.details.get("value", "")
    edits = edit_name(field) if field else ""
    return Obstacle(field_name(field, translate) if field else "", error.message, str(value), edits, field in CHOICE)


@dataclass(frozen=True)
class Told:
    """One step of a decision as people read it."""

    field: str
    before: str
    after: str
    who: str
    note: str
    is_change: bool


def told(step: Step, names: Mapping[tuple[str, str], str], translate: Translate) -> Told:
    """A step in words; `names` gives what ids and codes are called: by a field and its value."""
    who = translate(SOURCES.get(step.source, step.source))
    if step.source == "rule":
        revision = f" ({step.rule_revision})" if step.rule_revision else ""
        who = f"{who} “{step.rule_name}”{revision}"
    before, after = (names.get((step.field, value or ""), value or "") for value in (step.before, step.after))
    return Told(field_name(step.field, translate), before, after, who, step.note, step.before != step.after)
