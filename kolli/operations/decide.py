"""How something is shipped: its plan goes through the account's rules, is completed and checked, and becomes a draft.

There is one way for whatever is shipped, an order or what a request describes, so that both are decided alike. Who has
decided what is written down step by step. An error's `field` is the name of what stands in the way:
`sender_address_id`, `recipient.email`, `parcels.0.weight`, the parcels counted from zero.
"""

from dataclasses import dataclass, replace

from sqlalchemy import Connection

from kolli.account.brands import Brand
from kolli.account.contracts import Contract
from kolli.account.sender_addresses import SenderAddress
from kolli.carriers.base import Carrier, ShippingOption, label_details
from kolli.errors import DoesNotFit, Impossible, KolliError, Missing, NotDrawable
from kolli.operations.announce import Decision
from kolli.operations.complete import (
    customs_information,
    insured_value,
    with_default_notes,
    with_tax_numbers,
    without_default_notes,
)
from kolli.operations.context import Context
from kolli.operations.fallback import usable_instead
from kolli.operations.fitness import check_boxes, check_countries
from kolli.operations.goods import check_requirements
from kolli.operations.plans import Subject, filled_in
from kolli.operations.print_labels import check_label
from kolli.operations.recipients import fitted
from kolli.operations.record import Record
from kolli.operations.service_points import choose_service_point, doubt_about
from kolli.orders.model import Document
from kolli.rules.engine import CompiledRules, apply_rules
from kolli.shipments.model import Box, Draft, ServicePoint, Step
from kolli.values import Address, crosses_customs_border


def decide(
    transaction: Connection,
    subject: Subject,
    context: Context,
    record: Record | None = None,
    *,
    rules: CompiledRules | None = None,
) -> Decision:
    """A complete draft, and the contract and numbers it is announced with. Nothing is stored, no number taken.

    Raises an error with a `field` when it cannot be shipped so, saying who chose what stands in the way; `record` then
    tells how far it came. `rules` count in place of the account's.
    """
    record = record if record is not None else Record()
    try:
        return _Deciding(transaction, subject, context, record, rules).decision()
    except KolliError as error:
        raise record.explained(error) from error


def check_decision(decision: Decision, context: Context) -> Decision:
    """The decision, when its label can be drawn; without the account's default notes, where the label has no room.

    Raises DoesNotFit or NotDrawable, naming the field.
    """
    draft = decision.draft
    try:
        check_label(draft, context)
    except (DoesNotFit, NotDrawable) as error:
        if not (error.field or "").startswith("notes"):
            raise
        boxes, steps = without_default_notes(draft.boxes, draft.decision, error.message)
        if boxes == draft.boxes:
            raise
        draft = replace(draft, boxes=boxes, decision=tuple(steps))
        check_label(draft, context)
        return replace(decision, draft=draft)
    return decision


@dataclass(frozen=True)
class _Ends:
    """Who sends it and who gets it."""

    sender: Address
    stored: SenderAddress | None  # what the sender's address comes from, if it is one of the account's
    brand: Brand | None
    recipient: Address
    service_point: ServicePoint | None


class _Deciding:
    """One decision while it is made: each method answers one question, and writes down what it has decided."""

    def __init__(
        self,
        transaction: Connection,
        subject: Subject,
        context: Context,
        record: Record,
        rules: CompiledRules | None,
    ) -> None:
        self.transaction = transaction
        self.subject = subject
        self.context = context
        self.account_id = context.account_id
        self.record = record
        configuration = context.installation.configurations.of(transaction, context.account_id)
        self.catalogue = configuration.catalogue
        self.parties = configuration.parties
        record.add(*subject.steps)
        self.plan = subject.plan
        if subject.applies_rules:
            carrier_of = self.catalogue.carrier_of
            code = subject.plan.shipping_option_code
            plan = replace(subject.plan, carrier_code=carrier_of(code) if code else None)
            outcome = apply_rules(rules or configuration.rules, plan, carrier_of)
            self.plan = outcome.plan
            record.add_outcome(outcome)
        self.by_rules = {step.field for step in record.by_rules()}

    def decision(self) -> Decision:
        """The answers to all questions, in the order in which they depend on each other."""
        sender, stored = self.sender()
        brand = self.brand(stored)
        self.check_weights()
        carrier, option, contract_id = self.way(sender)
        point = self.service_point(carrier, option)
        recipient, parcels = self.plan.recipient, self.plan.parcels
        check_requirements(option, recipient, parcels, has_service_point=point is not None)
        self.subject.check_goods(sender, recipient, parcels)
        recipient, steps = fitted(recipient, carrier)
        self.record.add(*steps)
        contract = self.contract(carrier, contract_id)
        draft = self.draft(_Ends(sender, stored, brand, recipient, point), carrier, option, contract)
        return Decision(draft, contract, self.parties.numbers(self.transaction, contract), self.record.applied)

    # Who sends

    def sender(self) -> tuple[Address, SenderAddress | None]:
        """The address that sends, and the stored one that it comes from, if it does."""
        wanted, chosen = self.subject.sender, self.plan.sender_address_id
        if "sender_address_id" in self.by_rules:
            stored = self.parties.sender(self.transaction, chosen)
            return stored.address, stored
        if wanted.address is not None:
            self.record.add(Step("sender_address_id", None, None, "request", note="It brings an address of its own."))
            return wanted.address, None
        stored = self.parties.sender(self.transaction, chosen)
        if chosen is None:
            self.record.add(Step("sender_address_id", None, str(stored.id), "default"))
        return (replace(stored.address, **wanted.changes) if wanted.changes else stored.address), stored

    def brand(self, stored: SenderAddress | None) -> Brand | None:
        """The brand that the parcels carry."""
        wanted = self.subject.brand_id
        brand = self.parties.brand(self.transaction, wanted, stored)
        if brand is not None and wanted is None:
            is_senders = stored is not None and stored.brand_id == brand.id
            self.record.add(Step("brand_id", None, str(brand.id), "sender_address" if is_senders else "default"))
        return brand

    # What is shipped

    def check_weights(self) -> None:
        """Raises Missing for the first parcel whose weight nobody knows."""
        for place, parcel in enumerate(self.plan.parcels):
            if parcel.weight is None:
                told = self.subject.no_weight
                message = told[min(place, len(told) - 1)] if told else None
                raise Missing(message, field=f"parcels.{place}.weight")

    def boxes(self) -> tuple[Box, ...]:
        """The parcels, with everything that answers must have."""
        boxes = [
            Box(
                parcel.weight,
                parcel.dimensions,
                tuple(filled_in(item, self.subject.currency) for item in parcel.items),
                parcel.notes,
                parcel.details,
            )
            for parcel in self.plan.parcels
            if parcel.weight is not None  # there is none without
        ]
        return with_default_notes(self.subject, boxes, self.context.account, self.record)

    # How it is shipped

    def way(self, sender: Address) -> tuple[Carrier, ShippingOption, int | None]:
        """The carrier and its option, which takes this, and the contract that somebody has chosen for it."""
        plan, code = self.plan, self.plan.shipping_option_code
        if not code:
            raise Missing(
                "This field is required, because neither the order nor the account names a shipping option.",
                field="shipping_option_code",
            )
        found = self.catalogue.find_option(code)
        if found is None:
            raise Impossible(f"There is no shipping option {code!r}.", field="shipping_option_code")
        carrier, option = found
        contract_id = plan.contract_id
        try:
            self.record.holds_against = "countries"
            check_countries(option, sender.country_code, plan.recipient.country_code)
            self.record.holds_against = "parcels"
            check_boxes(option, plan.parcels)
            self.record.holds_against = None
        except Impossible as error:
            chosen = self.record.last("shipping_option_code")
            if chosen is None or chosen.source != "default" or error.field != "shipping_option_code":
                raise
            instead = self.instead(carrier, contract_id, sender, error)
            return *instead, (contract_id if self.subject.has_loose_contract else None)
        return carrier, option, contract_id

    def instead(
        self, carrier: Carrier, contract_id: int | None, sender: Address, error: Impossible
    ) -> tuple[Carrier, ShippingOption]:
        """Another option in place of the default one, which cannot carry this; the error when there is none."""
        contract = self.parties.contract(self.transaction, carrier, contract_id)
        offer = usable_instead(
            self.transaction,
            self.account_id,
            self.catalogue,
            self.plan,
            sender,
            is_live=bool(contract and contract.is_live),
        )
        if offer is None:
            raise error
        before, after = self.plan.shipping_option_code, offer.option.code
        self.record.add(Step("shipping_option_code", before, after, "default", note=f"In its place. {error.message}"))
        return offer.carrier, offer.option

    def contract(self, carrier: Carrier, contract_id: int | None) -> Contract | None:
        """The contract that is shipped under; None is the installation's own."""
        contract = self.parties.contract(self.transaction, carrier, contract_id)
        if contract_id is None:
            before = self.record.last("contract_id")
            self.record.add(
                Step(
                    "contract_id",
                    before.after if before else None,
                    str(contract.id) if contract else None,
                    "default" if contract else "carrier",
                    note=f"The account's default contract with {carrier.name}."
                    if contract
                    else f"The contract of this installation with {carrier.name}.",
                )
            )
        return contract

    def service_point(self, carrier: Carrier, option: ShippingOption) -> ServicePoint | None:
        """Where the recipient collects it."""
        giver = self.subject.giver
        goes_there = option.goes_to_service_point or option.needs_service_point
        if giver == "order" and not goes_there:  # what an order brings along does not hinder home delivery
            if self.subject.service_point is not None:
                note = f"That of the order is not used: {option.code} delivers to the address."
                self.record.add(Step("service_point", None, None, giver, note=note))
            return None
        point = choose_service_point(self.transaction, carrier.code, self.subject.service_point, self.plan.recipient)
        if point is None:
            return None
        name, note = point.carrier_service_point_id or point.id, doubt_about(point, self.plan.recipient)
        if not goes_there:  # so its address has no business on the label
            point = replace(point, name="", address=None)
            note = f"It is only kept: {option.code} delivers to the address."
        self.record.add(Step("service_point", None, name, giver, note=note))
        return point

    # The outcome

    def draft(self, ends: _Ends, carrier: Carrier, option: ShippingOption, contract: Contract | None) -> Draft:
        """Everything that was decided, in one, with the steps that have led there."""
        origin = self.subject.origin
        insured = insured_value(self.subject, self.plan, option, self.context.account, self.record)
        boxes, details = self.boxes(), self.details(ends)
        return Draft(
            sender=ends.sender,
            recipient=ends.recipient,
            carrier_code=carrier.code,
            carrier_name=carrier.name,
            shipping_option_code=option.code,
            shipping_option_name=option.name,
            contract_id=contract.id if contract else None,
            is_live=bool(contract and contract.is_live),
            boxes=boxes,
            shipped_on=self.subject.shipped_on or self.context.now().date(),
            tracking_base=self.context.installation.public_url,
            integration_id=origin.integration_id,
            order_id=origin.order_id,
            shop_order_id=origin.shop_order_id,
            order_number=origin.order_number,
            order_revision=origin.order_revision,
            reference=origin.reference,
            sender_address_id=ends.stored.id if ends.stored else None,
            brand_id=ends.brand.id if ends.brand else None,
            brand_name=ends.brand.name if ends.brand else "",
            logo_sha256=ends.brand.logo_sha256 if ends.brand else None,
            external_reference_id=origin.external_reference_id,
            service_point=ends.service_point,
            insured_value=insured,
            carrier_details=self.carrier_details(carrier, contract),
            decision=tuple(self.record.steps),
            details=details,
        )

    def carrier_details(self, carrier: Carrier, contract: Contract | None) -> dict[str, str]:
        """What is kept for labels, some of it of the contract."""
        vault = self.context.installation.vault
        return label_details(carrier, vault.open(contract.sealed_data) if contract else {})

    def details(self, ends: _Ends) -> Document:
        """What is kept and returned, with what customs are told."""
        is_needed = crosses_customs_border(ends.sender.country_code, ends.recipient.country_code)
        account = self.context.account
        customs = customs_information(self.subject, self.plan, account, self.record, is_needed=is_needed)
        others = {name: value for name, value in self.subject.details.items() if name != "customs_information"}
        return {**others, "customs_information": with_tax_numbers(customs, ends.stored)} if customs else others
