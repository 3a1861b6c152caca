"""Orders that a person has shipped together: each by a job of its own, whatever dies, and each at most once.

A batch and all that it has to do are stored at once. What an item has made is found again by a claim of its own, as
that of a request with an Idempotency-Key is, so that a process that dies between the booking and the note of it makes
no second label.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from kolli.errors import (
    AlreadyShipped,
    BrokenOff,
    CarrierOutcomeUnknown,
    CarrierRejected,
    CarrierUnavailable,
    Conflict,
    Impossible,
    InFlight,
    Invalid,
    KolliError,
    NotFound,
    StorageFull,
    StorageUnavailable,
)
from kolli.jobs import Again, Job, Then, enqueue, steps
from kolli.operations.another_label import never_twice
from kolli.operations.claims import claimed
from kolli.operations.context import Context, Installation, context_of
from kolli.operations.resume import resumed
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.batches import (
    OPEN,
    RESUMABLE,
    Batch,
    BatchItem,
    ItemNote,
    ItemState,
    add_batch,
    find_batch_of_form,
    get_batch,
    get_item,
    list_items,
    mark_stopped,
    move_item,
    move_items,
)
from kolli.orders.inbox import find_rows
from kolli.orders.model import Order, ShipWith
from kolli.orders.queries import get_order
from kolli.shipments.model import Shipment

LANE = "batches"
"""The lane of the jobs that ship what is in a batch."""

SHIP_ITEM = "ship-batch-item"
"""The kind of those jobs."""

DELAYS = steps(2, 5, 15, 60, 300, 900, *[3600] * 24)
"""How long an order waits before it is looked at again whose outcome is not known, or that somebody else ships."""

ROUTE = "panel batch"
"""Where the keys of items mean something."""

MOST_ORDERS = 5_000
"""Orders of one batch."""

_CHUNK = 500


class _Stopped(KolliError):
    """A person has stopped the batch, and nothing is begun for this order."""


@dataclass(frozen=True)
class BatchChoice:
    """What somebody has chosen for all orders of a batch. What they leave open is decided for each by itself."""

    shipping_option_code: str | None = None
    contract_id: int | None = None
    sender_address_id: int | None = None
    brand_id: int | None = None
    applies_rules: bool = True

    def choice(self) -> Choice:
        """The same for one order."""
        return Choice(
            ShipWith(self.shipping_option_code, self.contract_id),
            self.sender_address_id,
            self.brand_id,
            applies_rules=self.applies_rules,
        )


def make_batch(order_pks: Sequence[int], choice: BatchChoice, form_key: str, actor: str, context: Context) -> Batch:
    """Has these orders shipped, in the background, and gives the batch; the same form gives the same batch again.

    Invalid when there are none or too many; NotFound, and nothing done, when one of them is not there.
    """
    wanted = list(dict.fromkeys(order_pks))
    with context.database.read() as transaction:
        known = find_batch_of_form(transaction, context.account_id, form_key)
        if known is not None:
            return _same(transaction, known, wanted, context)
        _check_orders(transaction, wanted, context)
    now = context.now()
    batch = Batch(context.installation.sequences.take_id(), form_key, actor, now, None, _body(choice))
    with context.write() as transaction:
        if add_batch(transaction, context.account_id, batch, wanted):
            _enqueue(transaction, batch.id, range(1, len(wanted) + 1), context)
            return batch
        made = find_batch_of_form(transaction, context.account_id, form_key)
        if made is None:
            raise Conflict
        return _same(transaction, made, wanted, context)


def _same(transaction: Connection, made: Batch, order_pks: Sequence[int], context: Context) -> Batch:
    """The batch that a form has made; Invalid when the form is sent again with other orders."""
    items = list_items(transaction, context.account_id, made.id, 1, MOST_ORDERS)
    if [item.order_pk for item in items] != list(order_pks):
        raise Invalid(
            f"This form was sent before, with other orders, as batch {made.id}. Nothing more was begun. Select again.",
            field="orders",
        )
    return made


def stop_batch(batch_id: int, context: Context) -> int:
    """Has nothing more of a batch begun, and says of how many orders; what is being shipped at this moment ends."""
    with context.write() as transaction:
        get_batch(transaction, context.account_id, batch_id)
        mark_stopped(transaction, context.account_id, batch_id, context.now())
        waiting = frozenset({ItemState.WAITING})
        return len(move_items(transaction, context.account_id, batch_id, waiting, ItemState.STOPPED))


def resume_batch(batch_id: int, context: Context) -> int:
    """Has a batch gone on with what was stopped, and tried again what has failed; says of how many orders."""
    with context.write() as transaction:
        get_batch(transaction, context.account_id, batch_id)
        mark_stopped(transaction, context.account_id, batch_id, None)
        places = move_items(transaction, context.account_id, batch_id, RESUMABLE, ItemState.WAITING)
        _enqueue(transaction, batch_id, places, context)
    return len(places)


def retry_item(batch_id: int, position: int, context: Context) -> bool:
    """Has one order of a batch tried again that has failed or was stopped; False when it is neither."""
    with context.write() as transaction:
        item = get_item(transaction, context.account_id, batch_id, position)
        if item.state not in RESUMABLE or not move_item(transaction, item, context.account_id, ItemState.WAITING):
            return False
        mark_stopped(transaction, context.account_id, batch_id, None)  # what was stopped of it stays so
        _enqueue(transaction, batch_id, [position], context)
    return True


def ship_item(installation: Installation, job: Job) -> Then | None:
    """Ships one order of a batch; what has come of it is written down with the end of the run.

    Again while nobody knows whether it is booked, or while somebody else is shipping it. A run that is the last one
    ships nothing more, and writes down why the others have not succeeded.
    """
    context = context_of(installation, job.account_id or 0, "a batch")
    item = _taken(job, context)
    if item is None:
        return None
    if job.runs > len(DELAYS):
        return _notes(item, context, ItemState.FAILED, note=_broken_off(job))
    try:
        shipment = _shipped(item, context)
    except _Stopped:
        return _notes(item, context, ItemState.STOPPED)
    except (StorageFull, StorageUnavailable):
        raise  # that is no failure of the order's
    except (InFlight, Conflict, CarrierOutcomeUnknown) as error:
        raise Again(error.message, then=_notes(item, context, ItemState.SHIPPING, note=_note_of(error))) from error
    except KolliError as error:
        return _notes(item, context, ItemState.FAILED, note=_note_of(error))
    return _notes(item, context, ItemState.SHIPPED, shipment_id=shipment.id)


def _check_orders(transaction: Connection, order_pks: Sequence[int], context: Context) -> None:
    if not order_pks:
        raise Invalid("No order is selected. Select at least one.", field="orders")
    if len(order_pks) > MOST_ORDERS:
        raise Invalid(f"{len(order_pks):,} orders are selected; one batch takes {MOST_ORDERS:,}.", field="orders")
    for start in range(0, len(order_pks), _CHUNK):
        chunk = order_pks[start : start + _CHUNK]
        known = find_rows(transaction, context.account_id, chunk)
        missing = next((order_pk for order_pk in chunk if order_pk not in known), None)
        if missing is not None:
            raise NotFound(f"The order {missing} is not there any more. Select again.", field="orders")


def _body(choice: BatchChoice) -> dict[str, object]:
    return {name: getattr(choice, name) for name in BatchChoice.__dataclass_fields__}


def choice_of(batch: Batch) -> BatchChoice:
    """What was chosen for all orders of a batch."""
    return BatchChoice(**batch.body)


def _enqueue(transaction: Connection, batch_id: int, places: Sequence[int] | range, context: Context) -> None:
    bodies = [{"batch_id": batch_id, "position": place} for place in places]
    now, account_id = context.now(), context.account_id
    enqueue(transaction, LANE, SHIP_ITEM, bodies, now, now=now, account_id=account_id, subject=str(account_id))


def _taken(job: Job, context: Context) -> BatchItem | None:
    """The item that a job is about, taken up; None when there is nothing to do about it any more."""
    batch_id, position = int(job.body["batch_id"]), int(job.body["position"])
    with context.database.read() as transaction:
        item = get_item(transaction, context.account_id, batch_id, position)
    if item.state is ItemState.SHIPPING:  # by an earlier run, which was cut off or did not learn what has come of it
        return item
    if item.state is not ItemState.WAITING:
        return None
    with context.database.write() as transaction:
        if not move_item(transaction, item, context.account_id, ItemState.SHIPPING):
            return None  # stopped at this moment
    return replace(item, state=ItemState.SHIPPING)


def _shipped(item: BatchItem, context: Context) -> Shipment:
    """The shipment of an item's order: the one that an earlier run has made, if it has; see `claimed`."""
    with claimed(ROUTE, f"{item.batch_id}/{item.position}", context) as at_it:
        done = resumed(at_it)  # also when the order was removed since
        if done is not None:
            return done
        with context.database.read() as transaction:
            batch = get_batch(transaction, context.account_id, item.batch_id)
            if batch.stopped_at is not None:  # while this order waited for somebody else who was shipping it
                raise _Stopped
            order = get_order(transaction, context.account_id, item.order_pk)
        return ship_order(_wanted(order, batch), never_twice(at_it))


def _wanted(order: Order, batch: Batch) -> ShipOrder:
    return ShipOrder(order.integration_id, choice_of(batch).choice(), order_id=order.order_id)


def _notes(
    item: BatchItem, context: Context, state: ItemState, *, shipment_id: str | None = None, note: ItemNote | None = None
) -> Then:
    def then(transaction: Connection) -> None:
        told = note or ItemNote()
        move_item(transaction, item, context.account_id, state, shipment_id=shipment_id, note=told, from_states=OPEN)

    return then


_ADVICE: tuple[tuple[type[KolliError], str], ...] = (
    (AlreadyShipped, "Open the order to print its label again. Another label is made there, on purpose."),
    (CarrierRejected, "Nothing was booked. Correct the order, then try it again."),
    (CarrierUnavailable, "Nothing was booked. Try it again."),
    (CarrierOutcomeUnknown, "It is being looked into. Do not ship it by other means."),
    (InFlight, "It is being looked into. Do not ship it by other means."),
    (Conflict, "Somebody else is shipping it at this moment. It is tried again by itself."),
    (BrokenOff, "Open the order, and ship it from there if it is to be shipped after all."),
    (NotFound, "It may have been removed. Look for it in the inbox."),
    (Impossible, "Correct the order or the settings, then try it again."),
    (Invalid, "Correct the order or the choice, then try it again."),
)


def _note_of(error: KolliError) -> ItemNote:
    advice = next((advice for kind, advice in _ADVICE if isinstance(error, kind)), "Try it again.")
    return ItemNote(error.message, error.field or "", advice)


def _broken_off(job: Job) -> ItemNote:
    return ItemNote(
        f"It could not be shipped after {job.runs - 1} tries. {job.reason}".strip(),
        advice="Open the order to see what is known of it, then try it again.",
    )
