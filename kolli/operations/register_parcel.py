"""A parcel that was labelled elsewhere is registered, to be tracked like those that were labelled here."""

from datetime import datetime
from typing import Any

from kolli.errors import Conflict
from kolli.operations.context import Context
from kolli.shipments.foreign_parcels import FIRST_STATUS, ForeignParcel, add_foreign_parcel, find_by_source
from kolli.shipments.tracked import find_parcels
from kolli.shipments.tracking import Event, add_events


def register_parcel(
    carrier_code: str, source_id: str, tracking_number: str, document: dict[str, Any], context: Context
) -> tuple[ForeignParcel, bool]:
    """The parcel that another system calls so at this carrier, and whether it is new.

    Conflict when another parcel of the account, registered or labelled here, has the carrier's number.
    """
    with context.database.read() as transaction:
        known = find_by_source(transaction, context.account_id, carrier_code, source_id)
    if known is not None:
        return known, False
    now = context.now()
    parcel = ForeignParcel(
        id=context.installation.sequences.take_id(),
        account_id=context.account_id,
        carrier_code=carrier_code,
        source_id=source_id,
        tracking_number=tracking_number,
        status=FIRST_STATUS,
        created_at=now,
        updated_at=now,
        document=document,
    )
    with context.write() as transaction:
        own = find_parcels(transaction, context.account_id, [tracking_number])
        if any(shipment.draft.carrier_code == carrier_code for shipment, _ in own):
            raise Conflict(field="tracking_number")
        if add_foreign_parcel(transaction, parcel):
            announced = Event(FIRST_STATUS, datetime.fromisoformat(document["announced_at"]), "shop")
            add_events(transaction, context.account_id, [parcel.id], announced, now)
            return parcel, True
        known = find_by_source(transaction, context.account_id, carrier_code, source_id)
    if known is None:
        raise Conflict(field="tracking_number")
    return known, False  # somebody else was faster
