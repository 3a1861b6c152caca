"""What was known about a past shipment before rules changed it, worked out from the steps of its decision.

Requests, orders and defaults are taken as they were then, and not as they would be today: whatever comes out otherwise
comes from the rules.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

from kolli.errors import Impossible
from kolli.operations.boxes import pack
from kolli.operations.goods import check_goods_of_order
from kolli.operations.plans import Origin, Subject, WantedSender
from kolli.orders.model import Document, Order
from kolli.rules.model import Plan, PlannedParcel
from kolli.shipments.model import Box, Draft, Source, Step
from kolli.values import Address, Dimensions, LengthUnit, Money, Weight, WeightUnit

_STATEMENTS = "additional_declaration_statements"
_WEIGHT = re.compile(r"([0-9.]+) ([a-z]+)")
_SIZE = re.compile(r"([0-9.]+) x ([0-9.]+) x ([0-9.]+) ([a-z]+)")
_MONEY = re.compile(r"([0-9.]+) ([A-Z]{3})")

COMPLETED = frozenset({"contract_id", "sender_address_id", "brand_id", "insured_value"})
"""What the account's defaults complete when a decision is made; a contract only if the step has a note."""

_GIVERS: frozenset[Source] = frozenset({"request", "order", "order_items", "default"})


def subject_before_rules(draft: Draft, order: Order | None) -> Subject:
    """What a decision starts from that is made about this shipment once more.

    Impossible when that cannot be known: rules have changed its items, and the order is not there any more.
    """
    given = _given(draft)
    point = replace(draft.service_point, name="", address=None) if draft.service_point else None
    return Subject(
        origin=Origin(
            draft.integration_id,
            draft.order_id,
            draft.shop_order_id,
            draft.order_number,
            draft.order_revision,
            draft.reference,
        ),
        plan=_plan(draft, order, given),
        steps=tuple(given.values()),
        sender=WantedSender(sender_address_id=_number(given.get("sender_address_id"))),
        check_goods=check_goods_of_order,
        no_weight=(),
        brand_id=_number(given.get("brand_id")),
        service_point=point,
        applies_rules=True,
        shipped_on=draft.shipped_on,
        details=_details(draft),
    )


def _given(draft: Draft) -> dict[str, Step]:
    """For each field the step that says what it was before rules and the carrier had their say.

    A shipment from before steps were kept is taken as if all of it had been asked for.
    """
    steps: Iterable[Step] = draft.decision or _asked_for(draft)
    given: dict[str, Step] = {}
    for step in steps:
        # Nobody has chosen these: they follow from what was.
        is_completion = (
            step.source == "default" and step.field in COMPLETED and (step.field != "contract_id" or step.note)
        )
        if step.source in _GIVERS and step.after is not None and not is_completion:
            given.setdefault(step.field, step)
    return given


def _asked_for(draft: Draft) -> list[Step]:
    values = {
        "shipping_option_code": draft.shipping_option_code,
        "contract_id": draft.contract_id,
        "sender_address_id": draft.sender_address_id,
        "insured_value": draft.insured_value,
        **{f"parcels.{place}.weight": box.weight for place, box in enumerate(draft.boxes)},
        **{f"parcels.{place}.dimensions": box.dimensions for place, box in enumerate(draft.boxes)},
    }
    return [Step(name, None, str(value), "request") for name, value in values.items() if value is not None]


def _plan(draft: Draft, order: Order | None, given: Mapping[str, Step]) -> Plan:
    requested = given.get("insured_value")
    insured = _MONEY.fullmatch(requested.after or "") if requested and requested.source == "request" else None
    option = given.get("shipping_option_code")
    return Plan(
        draft.integration_id,
        checkout_method=order.checkout_method if order else "",
        payment_status=order.payment_status if order else "",
        total=order.total if order else None,
        recipient=_recipient(draft),
        parcels=_parcels(draft, order, given),
        shipping_option_code=option.after if option else None,
        contract_id=_number(given.get("contract_id")),
        sender_address_id=_number(given.get("sender_address_id")),
        insured_value=Money(Decimal(insured[1]), insured[2]) if insured else None,
        has_given_parcels="number_of_parcels" in given,
    )


def _recipient(draft: Draft) -> Address:
    """The recipient before rules and the carrier changed anything: the first step says what there was."""
    before: dict[str, str] = {}
    for step in draft.decision:
        part, _, name = step.field.partition(".")
        if part == "recipient" and step.before != step.after:
            before.setdefault(name, step.before or "")
    return replace(draft.recipient, **before)


def _parcels(draft: Draft, order: Order | None, given: Mapping[str, Step]) -> tuple[PlannedParcel, ...]:
    changed = {step.field for step in draft.decision if step.source == "rule" and step.before != step.after}
    defaults = {step.field for step in draft.decision if step.source == "default"}
    boxes = draft.boxes
    items: Sequence[tuple[Document, ...]] = [box.items for box in boxes]
    if any(name.startswith("items.") or name == "number_of_parcels" for name in changed):
        if order is None:
            raise Impossible("Rules have changed its items, and the order that says what they were is gone.")
        boxes, items = boxes[:1], [pack(order, (), None)[0].parcel.items]
    return tuple(
        PlannedParcel(
            _weight(given.get(f"parcels.{place}.weight")),
            _size(given.get(f"parcels.{place}.dimensions")),
            inside,
            () if f"parcels.{place}.notes" in defaults else box.notes,
            box.details,
            weighs_its_items=_source(given.get(f"parcels.{place}.weight")) == "order_items",
        )
        for place, (box, inside) in enumerate(zip(boxes, items, strict=True))
    )


def _details(draft: Draft) -> Document:
    """What is kept and returned, without what rules and defaults have told customs."""
    added = {step.field for step in draft.decision if step.source in {"rule", "default"}}
    names = {"customs_notes": "general_notes", "export_reason": "export_reason"}
    theirs = {member for field, member in names.items() if field in added}
    customs = draft.details.get("customs_information") or {}
    left = {name: value for name, value in customs.items() if name not in theirs}
    if "declaration_statement" in added:  # it was put behind those that were given
        *given, _ = left.pop(_STATEMENTS)
        left |= {_STATEMENTS: given} if given else {}
    others = {name: value for name, value in draft.details.items() if name != "customs_information"}
    return {**others, "customs_information": left} if left else others


def _number(step: Step | None) -> int | None:
    return int(step.after) if step and step.after else None


def _source(step: Step | None) -> Source | None:
    return step.source if step else None


def _weight(step: Step | None) -> Weight | None:
    found = _WEIGHT.fullmatch((step and step.after) or "")
    return Weight(Decimal(found[1]), cast("WeightUnit", found[2])) if found else None


def _size(step: Step | None) -> Dimensions | None:
    found = _SIZE.fullmatch((step and step.after) or "")
    if not found:
        return None
    length, width, height = (Decimal(side) for side in found.groups()[:3])
    return Dimensions(length, width, height, cast("LengthUnit", found[4]))


def plan_of(draft: Draft) -> Plan:
    """The draft as a plan, to be compared with another one."""
    customs = draft.details.get("customs_information") or {}
    statements = customs.get(_STATEMENTS) or []
    return Plan(
        draft.integration_id,
        recipient=draft.recipient,
        parcels=tuple(_planned(box) for box in draft.boxes),
        shipping_option_code=draft.shipping_option_code,
        carrier_code=draft.carrier_code,
        contract_id=draft.contract_id,
        sender_address_id=draft.sender_address_id,
        insured_value=draft.insured_value,
        customs_notes=customs.get("general_notes") or "",
        declaration_statement="; ".join(statements),
    )


def _planned(box: Box) -> PlannedParcel:
    return PlannedParcel(box.weight, box.dimensions, box.items, box.notes, box.details)
