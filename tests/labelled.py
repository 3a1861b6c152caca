"""Parcels that have labels, stored without asking any carrier: for tests of what comes after."""

from dataclasses import replace

from kolli.operations.context import Context
from kolli.shipments.model import Box, Parcel, ParcelStatus
from kolli.shipments.queries import add_shipment, mark_announced
from tests.factories import NOW, kilograms
from tests.unit.shipments.made import a_draft, a_shipment


def labelled_parcels(context: Context, count: int, *, first: int = 1) -> list[int]:
    """The ids of so many announced parcels with the tracking numbers N00001, N00002 …, each a shipment by itself."""
    ids = []
    with context.database.write() as transaction:
        for number in range(first, first + count):
            parcel = Parcel(900_000 + number, 1, ParcelStatus.ANNOUNCING, updated_at=NOW)
            draft = replace(a_draft(order_number=f"ORDER-{number}"), boxes=(Box(kilograms("0.7")),))
            shipment = replace(
                a_shipment(id=f"shipment-{number}", draft=draft, parcels=(parcel,)), account_id=context.account_id
            )
            add_shipment(transaction, shipment)
            mark_announced(transaction, shipment, [f"N{number:05}"], NOW)
            ids.append(parcel.id)
    return ids
