"""The packing table: a scan is looked up, decided on and done, each once, whatever is sent twice or dies in between.

What a scan sets going at a carrier or a printer is written down first, with the scan's key. A scan that is sent again
is answered as before; one that was broken off is gone on with, and finds the label that it has made. Nothing here ever
makes a second label for an order, also where the account allows that elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from kolli.account.audit import add_entry
from kolli.account.packings import Begun, Entry, OnTable, Packing, Said, get_packing, put_packing
from kolli.account.users import User
from kolli.documents.layouts.control_sheet import control_of
from kolli.errors import (
    AlreadyShipped,
    CarrierOutcomeUnknown,
    Conflict,
    Impossible,
    InFlight,
    KeyReused,
    KolliError,
    StorageFull,
    StorageUnavailable,
)
from kolli.operations.another_label import never_twice
from kolli.operations.cancel import cancel
from kolli.operations.claims import claimed
from kolli.operations.context import Context
from kolli.operations.packing_boxes import wanted_boxes
from kolli.operations.packing_table import Found, FoundOrder, Scan, chosen, decide
from kolli.operations.printing import print_parcels
from kolli.operations.resume import resumed
from kolli.operations.scans import texts_of
from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.inbox import find_standing
from kolli.orders.model import Order
from kolli.orders.queries import (
    find_any_by_order_id,
    find_any_by_order_number,
    find_order,
    find_orders,
)
from kolli.printing.queries import last_job, list_items
from kolli.shipments.attempts import find_live, order_key
from kolli.shipments.model import Parcel, Shipment
from kolli.shipments.queries import find_newest_of_order, find_shipment, get_shipment, get_shipment_of_parcel
from kolli.shipments.tracked import find_parcels
from kolli.standing import Standing

ROUTE = "panel packing"
"""Where the keys of scans mean something."""

_ACTIONS = {"ship": "order.ship", "print": "label.reprint", "cancel": "order.cancel"}
"""What the audit trail calls what is begun."""

_HAS_LABEL = frozenset({Said.SHIPPED, Said.AGAIN, Said.REPRINTED, Said.NOT_PRINTED, Said.NOT_CANCELLED})
"""The answers after which the order on the table has a label of this person's."""


@dataclass(frozen=True)
class Packer:
    """Who stands at the table, which printer stands there, and which day it is where they are."""

    user: User
    printer_id: int | None  # None: the account's default one
    today: str


def scan(wanted: Scan, packer: Packer, context: Context) -> Entry:
    """Does what a scan means and gives its answer; the same one to whoever sends the scan again.

    InFlight while the same scan is being worked on, or an earlier try of it may still be; StorageFull or
    StorageUnavailable when nothing can be written down: both times it is to be sent once more. KeyReused when another
    scan has the key.
    """
    with claimed(ROUTE, f"{packer.user.id}/{wanted.key}", context) as at_it:
        outcome = _decided(wanted, packer, at_it)
        if isinstance(outcome, Entry):
            return outcome
        done = _DONE_BY[outcome.verb](outcome, packer, at_it)
        context.database.keep(lambda transaction: _note(transaction, done, outcome, packer, context))
        return done


def _decided(wanted: Scan, packer: Packer, context: Context) -> Entry | Begun:
    """The answer, or what is to be done: both are written down. A scan that is known is not decided anew."""
    user, now = packer.user, context.now()
    with context.database.write() as transaction:
        packing = get_packing(transaction, user.account_id, user.id)
        known = packing.answered(wanted.key) or next((e for e in packing.begun if e.key == wanted.key), None)
        if known is not None:
            if known.scanned != wanted.shown:
                raise KeyReused
            return known
        decided = decide(wanted, packing, _looked_up(transaction, wanted, packing, user), now)
        put_packing(transaction, user.account_id, user.id, decided.packing, now)
        if isinstance(decided.outcome, Begun):
            done = _ACTIONS[decided.outcome.verb], decided.outcome.order_number or decided.outcome.shipment_id
            add_entry(transaction, user, done, now, {"at": "packing table"})
    return decided.outcome


def _note(transaction: Connection, entry: Entry, begun: Begun, packer: Packer, context: Context) -> None:
    """Writes down what has come of it."""
    user = packer.user
    packing = get_packing(transaction, user.account_id, user.id).noted(entry)
    if entry.said is Said.SHIPPED:
        packing = packing.counted(packer.today)
    if begun.verb == "ship" and entry.shipment_id and packing.opened and packing.opened.order_pk == entry.order_pk:
        packing = replace(packing, opened=None)
    on_table = OnTable(entry.order_pk, entry.order_number, entry.shipment_id) if entry.said in _HAS_LABEL else None
    put_packing(transaction, user.account_id, user.id, replace(packing, on_table=on_table), context.now())


# What is looked up


def _looked_up(transaction: Connection, wanted: Scan, packing: Packing, user: User) -> Found:
    account_id = user.account_id
    opened = find_order(transaction, account_id, packing.opened.order_pk) if packing.opened else None
    about = wanted.item if wanted.press == "reprint" else packing.on_table.shipment_id if packing.on_table else ""
    shipment = find_shipment(transaction, account_id, about) if about else None
    control = control_of(wanted.text)
    if wanted.press or control is not None:
        last_label = _last_label(transaction, user) if control and control.name == "LAST" else None
        return Found(opened=opened, shipment=shipment, last_label=last_label)
    orders = _orders(transaction, wanted, packing, account_id)
    texts = texts_of(wanted.text)
    parcels = find_parcels(transaction, account_id, ["".join(text.split()) for text in texts]) if not orders else []
    return Found(
        orders=[_found(transaction, account_id, order) for order in orders],
        parcel=next(iter(parcels), None),
        opened=opened,
    )


def _orders(transaction: Connection, wanted: Scan, packing: Packing, account_id: int) -> Sequence[Order]:
    """The orders that a scan may mean: the one that was chosen, else those with this number, else with this id."""
    pk = chosen(wanted, packing)
    if pk is not None:
        return find_orders(transaction, account_id, [pk])
    for find in (find_any_by_order_number, find_any_by_order_id):
        for text in texts_of(wanted.text):
            found = find(transaction, account_id, text)
            if found:
                return found
    return []


def _found(transaction: Connection, account_id: int, order: Order) -> FoundOrder:
    standing = find_standing(transaction, account_id, order.id) or Standing.OPEN
    live = find_live(transaction, account_id, order_key(order.integration_id, order.order_id))
    if live is not None:
        return FoundOrder(order, standing, get_shipment(transaction, account_id, live.shipment_id))
    return FoundOrder(order, standing, find_newest_of_order(transaction, account_id, order.id))


def _last_label(transaction: Connection, user: User) -> tuple[Shipment, Parcel] | None:
    """The last paper of the last job that this person has had printed."""
    job = last_job(transaction, user.account_id, user.name)
    items = list_items(transaction, user.account_id, job.id) if job else []
    parcel_id = next((item.parcel_id for item in reversed(items) if item.parcel_id is not None), None)
    return get_shipment_of_parcel(transaction, user.account_id, parcel_id) if parcel_id is not None else None


# What is done


def _ship(begun: Begun, packer: Packer, context: Context) -> Entry:
    try:
        shipment = resumed(context) or _shipped(begun, context)
    except AlreadyShipped as error:
        shipment_id = str(error.details.get("shipment_id", ""))
        if not begun.was_unknown:  # somebody else was faster, and has the label
            return _entry(begun, Said.BUSY, context.now(), shipment_id=shipment_id, is_shipped="yes")
        with context.database.read() as transaction:
            shipment = get_shipment(transaction, context.account_id, shipment_id)
    except (StorageFull, StorageUnavailable):
        raise  # that says nothing about the order
    except (Conflict, InFlight, CarrierOutcomeUnknown) as error:
        is_unknown = begun.was_unknown or not isinstance(error, Conflict)
        return _entry(begun, Said.UNKNOWN if is_unknown else Said.BUSY, context.now())
    except KolliError as error:
        return _entry(begun, Said.FAILED, context.now(), problem=error.message, field=error.field or "")
    ids = [parcel.id for parcel in shipment.parcels]
    return _printed(begun, shipment.id, ids, packer, context)


def _print(begun: Begun, packer: Packer, context: Context) -> Entry:
    return _printed(begun, begun.shipment_id, begun.parcel_ids, packer, context)


def _printed(begun: Begun, shipment_id: str, parcel_ids: Sequence[int], packer: Packer, context: Context) -> Entry:
    """Has the labels printed, once for each scan; when that cannot be, the answer says so, and that they are there."""
    key = f"packing {packer.user.id} {begun.key}"
    is_reprint = begun.verb == "print"
    entry = _entry(begun, begun.said, context.now(), shipment_id=shipment_id)
    try:
        job = print_parcels(parcel_ids, packer.printer_id, key, packer.user.name, context, is_reprint=is_reprint)
    except (StorageFull, StorageUnavailable):
        raise
    except KolliError as error:
        said = Said.SHIPPED if begun.said is Said.SHIPPED else Said.NOT_PRINTED
        return replace(entry, said=said, problem=error.message)
    return replace(entry, job_id=job.id)


def _cancel(begun: Begun, packer: Packer, context: Context) -> Entry:
    del packer
    try:
        is_done = cancel(begun.shipment_id, context)
    except (StorageFull, StorageUnavailable):
        raise
    except KolliError as error:
        return _entry(begun, Said.NOT_CANCELLED, context.now(), shipment_id=begun.shipment_id, reason=error.message)
    said = Said.CANCELLED if is_done else Said.CANCEL_LATER
    return _entry(begun, said, context.now(), shipment_id=begun.shipment_id)


_DONE_BY = {"ship": _ship, "print": _print, "cancel": _cancel}


def _shipped(begun: Begun, context: Context) -> Shipment:
    with context.database.read() as transaction:
        order = find_order(transaction, context.account_id, begun.order_pk or 0)
    if order is None:
        raise Impossible("The order was removed a moment ago.")
    choice = Choice(boxes=wanted_boxes(order, begun.boxes), applies_rules=True)
    return ship_order(ShipOrder(order.integration_id, choice, order_id=order.order_id), never_twice(context))


def _entry(begun: Begun, said: Said, at: datetime, *, problem: str = "", shipment_id: str = "", **values: str) -> Entry:
    return Entry(
        begun.key,
        begun.scanned,
        at,
        said,
        begun.order_pk,
        begun.order_number,
        shipment_id,
        problem=problem,
        values=values,
    )
