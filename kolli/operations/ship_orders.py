"""Orders become shipments in a batch: decided at once, stored all together, and announced in the background."""

from collections.abc import Sequence

from sqlalchemy import Connection

from kolli.errors import Impossible, KolliError
from kolli.operations.announce import Decision, Prepared, add, enqueue_announcements, prepare
from kolli.operations.context import Context
from kolli.operations.ship_order import ShipOrder, check_integration, check_shared, decided
from kolli.shipments.attempts import State
from kolli.shipments.model import Shipment


def ship_orders(wanted: Sequence[ShipOrder], context: Context) -> list[Shipment | KolliError]:
    """Accepts orders for shipping: for each, in the same sequence, its shipment or what stands in its way.

    What is accepted is durable, and announced by a job. The orders share their integration, sender and brand; when one
    of those cannot be, that error is raised and nothing is stored.
    """
    _check_shared(wanted, context)
    prepared = [_prepared(each, context) for each in _decided(wanted, context)]
    if all(isinstance(each, KolliError) for each in prepared):
        return [each for each in prepared if isinstance(each, KolliError)]
    with context.write() as transaction:
        stored = [each if isinstance(each, KolliError) else _stored(transaction, each, context) for each in prepared]
        accepted = [each for each in stored if isinstance(each, Shipment)]
        enqueue_announcements(transaction, accepted, context.now())
    return stored


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
                raise Impossible(
                    f"The order {decision.draft.order_number!r} is in this batch already, in place {first}."
                    " Its shipment is made from there.",
                    field="order",
                )
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
