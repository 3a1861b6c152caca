"""Orders become shipments in a batch: decided at once, stored all together, and announced in the background."""

from collections.abc import Sequence

from sqlalchemy import Connection

from kolli.errors import Conflict, Impossible, KolliError
from kolli.operations.announce import Decision, Prepared, add, enqueue_announcements, prepare
from kolli.operations.context import Context
from kolli.operations.resume import accepted_before
from kolli.operations.ship_order import ShipOrder, check_integration, check_shared, decided
from kolli.shipments.attempts import State
from kolli.shipments.model import Draft, Shipment


def ship_orders(wanted: Sequence[ShipOrder], context: Context) -> list[Shipment | KolliError]:
    """Accepts orders for shipping: for each, in the same sequence, its shipment or what stands in its way.

    What is accepted is durable, and announced by a job. The orders share their integration, sender and brand; when one
    of those cannot be, that error is raised and nothing is stored.
    """
    before = accepted_before(context)
    if before:
        return _accepted_again(wanted, before, context)
    _check_shared(wanted, context)
    prepared = [_prepared(each, context) for each in _decided(wanted, context)]
    if all(isinstance(each, KolliError) for each in prepared):
        return [each for each in prepared if isinstance(each, KolliError)]
    with context.write() as transaction:
        stored = [each if isinstance(each, KolliError) else _stored(transaction, each, context) for each in prepared]
        accepted = [each for each in stored if isinstance(each, Shipment)]
        enqueue_announcements(transaction, accepted, context.now())
    if not accepted:
        context.leave_open()
    return stored


def _accepted_again(
    wanted: Sequence[ShipOrder], before: Sequence[Shipment], context: Context
) -> list[Shipment | KolliError]:
    """The same for a batch that was stored already: no order is accepted that was not accepted then."""
    found: list[Shipment | KolliError] = []
    for each in wanted:
        known = [shipment for shipment in before if _is_of(shipment, each)]
        exact = [shipment for shipment in known if shipment.draft.order_number == each.order_number]
        shipment = next(iter(exact or known), None)
        if shipment is None:
            found.append(_why_not(each, context))
        elif shipment in found:
            found.append(_is_there_already(shipment.draft, found.index(shipment)))
        else:
            found.append(shipment)
    return found


def _is_of(shipment: Shipment, wanted: ShipOrder) -> bool:
    draft = shipment.draft
    return (
        draft.integration_id == wanted.integration_id
        and wanted.order_id in {None, draft.shop_order_id}
        and (wanted.order_number or draft.order_number).lower() == draft.order_number.lower()
    )


def _why_not(wanted: ShipOrder, context: Context) -> KolliError:
    """What stands in the way of an order that was not accepted at the first try; something may have changed since."""
    try:
        decided(wanted, context)
    except KolliError as error:
        return error
    return Conflict(
        "This order was not accepted when the request was first sent. Send it with another Idempotency-Key.",
        field="order",
    )


def _is_there_already(draft: Draft, place: int) -> Impossible:
    return Impossible(
        f"The order {draft.order_number!r} is in this batch already, in place {place}."
        " Its shipment is made from there.",
        field="order",
    )


def _check_shared(wanted: Sequence[ShipOrder], context: Context) -> None:
    with context.database.read() as transaction:
        check_integration(transaction, wanted[0].integration_id, context.account_id)
        check_shared(transaction, [each.choice for each in wanted], context)


def _decided(wanted: Sequence[ShipOrder], context: Context) -> list[Decision | KolliError]:
    """How each order is to be shipped; one that is in the batch already, by whatever selector, is not shipped twice."""
    found: list[Decision | KolliError] = []
    places: dict[int | None, int] = {}
    for place, each in enumerate(wanted):
        try:
            decision = decided(each, context)
            first = places.setdefault(decision.draft.order_id, place)
            if first != place:
                raise _is_there_already(decision.draft, first)
        except KolliError as error:
            found.append(error)
        else:
            found.append(decision)
    return found


def _prepared(decision: Decision | KolliError, context: Context) -> Prepared | KolliError:
    if isinstance(decision, KolliError):
        return decision
    try:
        return prepare(decision, context, state=State.QUEUED)
    except KolliError as error:  # such as a range of numbers that is used up
        return error


def _stored(transaction: Connection, prepared: Prepared, context: Context) -> Shipment | KolliError:
    """Stores one of the batch. What another request was faster with is undone by itself, and the others stay.

    A savepoint does that at the price of two short statements. Another try of the whole batch without the loser would
    mean as many tries as there are losers, while other requests wait for the writer.
    """
    try:
        with transaction.begin_nested():
            add(transaction, prepared, context)
    except KolliError as error:
        return error
    return prepared.shipment
