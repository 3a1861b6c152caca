"""What the database and the ledger of an installation hold, in a form that tests can compare as a whole."""

from sqlalchemy import func, select, text

from kolli.operations.ship_order import Choice, ShipOrder, ship_order
from kolli.orders.model import ShipWith
from kolli.schema import attempts, parcels, shipments
from kolli.shipments.attempts import State
from kolli.shipments.model import Shipment
from kolli.shipments.queries import get_shipment
from tests.factories import Caller

POST = "postnl:standard"
LETTER = "sendcloud:letter"


def ship(caller: Caller, option: str | None = None, contract_id: int | None = None) -> Shipment:
    """Ships ORDER-1 of integration 70."""
    choice = Choice(ShipWith(option, contract_id))
    return ship_order(ShipOrder(70, choice, order_number="ORDER-1"), caller.context)


def rows(caller: Caller) -> tuple[int, int, int]:
    """How many shipments, parcels and attempts there are."""
    with caller.installation.database.read() as transaction:
        first, second, third = (
            transaction.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (shipments, parcels, attempts)
        )
    return first, second, third


def states(caller: Caller) -> list[State]:
    """The state of every attempt, oldest first."""
    with caller.installation.database.read() as transaction:
        found = transaction.execute(select(attempts.c.state).order_by(text("rowid")))
        return [State(state) for state in found.scalars()]


def reasons(caller: Caller) -> list[str]:
    """Why attempts are where they are."""
    with caller.installation.database.read() as transaction:
        return list(transaction.execute(select(attempts.c.reason).order_by(text("rowid"))).scalars())


def stored_shipments(caller: Caller) -> list[Shipment]:
    """Every shipment of the caller."""
    with caller.installation.database.read() as transaction:
        ids = transaction.execute(select(shipments.c.id).where(shipments.c.account_id == caller.context.account_id))
        return [get_shipment(transaction, caller.context.account_id, found) for found in ids.scalars().all()]


def booked(caller: Caller) -> list[tuple[str, str, bool]]:
    """The ledger: reference, number and whether it was cancelled, oldest first."""
    return [(entry.reference, entry.tracking_number, entry.is_cancelled) for entry in caller.sandbox.ledger.entries()]
