"""What is completed when rules, request and order have had their say: insurance, notes, and what customs are told."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from kolli.account.accounts import Account
from kolli.account.sender_addresses import SenderAddress
from kolli.carriers.base import ShippingOption
from kolli.errors import Impossible
from kolli.operations.fitness import check_insurable
from kolli.operations.plans import Subject
from kolli.operations.record import Record
from kolli.orders.model import Document
from kolli.rules.model import Plan
from kolli.shipments.model import Box, Step
from kolli.values import Money, plain

_CENT = Decimal("0.01")

LONGEST_INVOICE_NUMBER = 40


def insured_value(
    subject: Subject, plan: Plan, option: ShippingOption, account: Account, record: Record
) -> Money | None:
    """For how much the whole shipment is insured: as rules or the request say, else the option, else the defaults.

    Impossible when a rule wants an insurance that the option does not have; a default that the option cannot take is
    passed over.
    """
    step = record.last("insured_value")
    if plan.insured_value is not None:
        if step is not None and step.source == "rule":
            check_insurable(option, plan.insured_value)
        return plan.insured_value
    if option.insured is not None:
        record.add(Step("insured_value", None, str(option.insured), "carrier", note=f"{option.code} includes it."))
        return option.insured
    return _by_default(plan, option, account, record) if subject.defaults == "all" else None


def _by_default(plan: Plan, option: ShippingOption, account: Account, record: Record) -> Money | None:
    share, total = account.defaults.insured_percentage, plan.total
    if not share or total is None or total.value <= 0:
        return None
    value = Money((total.value * share / 100).quantize(_CENT, ROUND_HALF_UP), total.currency)
    said = f"{plain(share)} % of {total}"
    try:
        check_insurable(option, value)
    except Impossible as error:
        record.add(Step("insured_value", None, None, "default", note=f"Passed over: {said}. {error.message}"))
        return None
    record.add(Step("insured_value", None, str(value), "default", note=said))
    return value


def with_default_notes(subject: Subject, boxes: Sequence[Box], account: Account, record: Record) -> tuple[Box, ...]:
    """The boxes, with the account's notes on those that bring none."""
    notes = account.defaults.label_notes if subject.defaults == "all" else ()
    if not notes:
        return tuple(boxes)
    noted = []
    for place, box in enumerate(boxes):
        if not box.notes:
            record.add(Step(f"parcels.{place}.notes", None, " / ".join(notes), "default"))
        noted.append(box if box.notes else replace(box, notes=notes))
    return tuple(noted)


def without_default_notes(
    boxes: Sequence[Box], steps: Sequence[Step], reason: str
) -> tuple[tuple[Box, ...], list[Step]]:
    """The boxes without the account's notes, and the steps, saying why; the same when there are none of those."""
    theirs = {step.field for step in steps if step.field.endswith(".notes") and step.source == "default"}
    bare = tuple(
        replace(box, notes=()) if f"parcels.{place}.notes" in theirs else box for place, box in enumerate(boxes)
    )
    told = [
        replace(step, after=None, note=f"Passed over: {step.after}. {reason}") if step.field in theirs else step
        for step in steps
    ]
    return bare, told


def customs_information(subject: Subject, plan: Plan, account: Account, record: Record, *, is_needed: bool) -> Document:
    """What customs are told: as it was given, with what rules have added, and the default reason of the export.

    Empty when nothing has to be told and nobody has said anything.
    """
    said: Document = dict(subject.details.get("customs_information") or {})
    if plan.customs_notes:
        said["general_notes"] = plan.customs_notes
    if plan.declaration_statement:
        given = said.get("additional_declaration_statements") or ()
        said["additional_declaration_statements"] = [*given, plan.declaration_statement]
    if not said and not is_needed:
        return said
    if said.get("export_reason"):
        record.add(Step("export_reason", None, said["export_reason"], subject.giver))
    elif subject.defaults != "none" and account.defaults.shipment_type:
        said["export_reason"] = account.defaults.shipment_type
        record.add(Step("export_reason", None, account.defaults.shipment_type, "default"))
    if said and not said.get("invoice_number") and subject.origin.order_number:
        said["invoice_number"] = subject.origin.order_number[:LONGEST_INVOICE_NUMBER]
    return said


def with_tax_numbers(customs: Document, stored: SenderAddress | None) -> Document:
    """The same, with the tax numbers that are stored with the sender where it has none."""
    if not customs or customs.get("tax_numbers") or stored is None or not stored.details.tax_numbers:
        return customs
    numbers = [
        {"name": number.name, "country_code": number.country_code, "value": number.value}
        for number in stored.details.tax_numbers
    ]
    return {**customs, "tax_numbers": {"sender": numbers, "receiver": [], "importer_of_record": []}}
