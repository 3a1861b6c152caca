"""How an order would be shipped, if it were now: decided in the same way, with nothing stored and nobody told."""

from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.errors import KolliError
from kolli.operations.announce import Decision, check_numbers
from kolli.operations.catalogue import Catalogue
from kolli.operations.context import Context
from kolli.operations.decide import check_decision, decide
from kolli.operations.quote import Ends, Insured, Load, Parcel
from kolli.operations.reconcile import refusal_of_repeat
from kolli.operations.record import Record
from kolli.operations.ship_order import ShipOrder, find_hindrance, find_order_to_ship, subject_of
from kolli.orders.model import Order
from kolli.shipments.attempts import Attempt
from kolli.shipments.model import Draft, Shipment, Step
from kolli.shipments.queries import get_shipment
from kolli.values import Money


@dataclass(frozen=True)
class Preview:
    """What would be decided about an order: the draft, unless it comes to nothing, and each step on the way there.

    `errors` is what stands in the way; shipping the order would be refused with the first of them.
    """

    order: Order
    draft: Draft | None
    steps: tuple[Step, ...]
    errors: tuple[KolliError, ...]
    price: Money | None = None  # as far as the account's rates say
    live: Shipment | None = None  # the one that the order has already


def preview(wanted: ShipOrder, context: Context) -> Preview:
    """Decides about an order and looks at everything that shipping it would look at before a carrier is called.

    Raises only what is said of an order that cannot be found.
    """
    record, errors, decision, price = Record(), [], None, None
    with context.database.read() as transaction:
        order = find_order_to_ship(transaction, wanted, context.account_id)
        live = _live(transaction, find_hindrance(transaction, order, context), context)
        if live is not None:
            refusal = refusal_of_repeat(live[1], live[0])
            errors += [refusal] if refusal else []
        try:
            decision = decide(transaction, subject_of(order, wanted.choice, context), context, record)
            check_numbers(transaction, decision, context)
        except KolliError as error:
            errors.append(error)
        if decision is not None:
            catalogue = context.installation.configurations.of(transaction, context.account_id).catalogue
            price = price_of(decision.draft, catalogue)
    decision, found = _checked(decision, context)
    draft = decision.draft if decision else None
    return Preview(
        order,
        draft,
        draft.decision if draft else tuple(record.steps),
        (*errors, *found),
        price,
        live[0] if live else None,
    )


def price_of(draft: Draft, catalogue: Catalogue) -> Money | None:
    """What shipping this costs by the account's rates, else by the carrier's own price; None where nobody knows."""
    found = catalogue.find_option(draft.shipping_option_code)
    if found is None:
        return None
    parcels = [Parcel(box.weight, box.dimensions) for box in draft.boxes]
    insured = draft.insured_value
    if insured is not None and insured != found[1].insured:  # what the option includes costs nothing more
        first = parcels[0]
        parcels[0] = Parcel(first.weight, first.dimensions, Insured(insured.value, insured.currency))
    ends = Ends(draft.sender.country_code, draft.recipient.country_code, draft.recipient.postal_code)
    quote = catalogue.quote(found[1], draft.contract_id, ends, Load(parcels))
    return Money(quote.total, quote.currency) if quote else None


def _live(transaction: Connection, attempt: Attempt | None, context: Context) -> tuple[Shipment, Attempt] | None:
    if attempt is None:
        return None
    return get_shipment(transaction, context.account_id, attempt.shipment_id), attempt


def _checked(decision: Decision | None, context: Context) -> tuple[Decision | None, list[KolliError]]:
    """The decision as its label can be drawn, or what keeps it from being drawn."""
    if decision is None:
        return None, []
    try:
        return check_decision(decision, context), []
    except KolliError as error:
        return decision, [error]
