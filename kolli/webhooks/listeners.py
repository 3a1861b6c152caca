"""Who wants to hear about what: asked in the transaction in which it happens, so that nothing is told that was undone.

Whether anybody listens is one statement of two indexed reads. Where nobody does, nothing else is done.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, bindparam, literal, null, select, union_all

from kolli.account.integrations import Integration
from kolli.scenarios import parse
from kolli.schema import event_subscriptions, integrations
from kolli.shipments.model import Parcel, Shipment
from kolli.shipments.tracking import Event, histories
from kolli.webhooks.deliveries import Receiver, add_deliveries
from kolli.webhooks.payloads import (
    PARCEL_EVENT_CREATED,
    PARCEL_STATUS_CHANGED,
    Announced,
    Document,
    IntegrationAction,
    integration_changed,
    parcel_event_created,
    parcel_status_changed,
)

NONE, SHUFFLE = "hook:none", "hook:shuffle"

SHUFFLED_BY = timedelta(seconds=15)
"""How late every second webhook of a shipment comes when they are shuffled."""


class _Body(msgspec.Struct):
    webhook_url: str = ""
    webhook_active: bool = False


_body = msgspec.json.Decoder(_Body)

_LISTENERS = union_all(
    select(literal("integration").label("kind"), integrations.c.id, integrations.c.body).where(
        integrations.c.account_id == bindparam("account_id"),
        integrations.c.id == bindparam("integration_id"),
        integrations.c.removed_at.is_(None),
    ),
    select(literal("subscription"), event_subscriptions.c.id, null()).where(
        event_subscriptions.c.account_id == bindparam("account_id"),
        event_subscriptions.c.event_type == PARCEL_EVENT_CREATED,
        event_subscriptions.c.is_active,
    ),
)


def tell_of_event(
    transaction: Connection, shipment: Shipment, parcels: Sequence[Parcel], event: Event, now: datetime
) -> None:
    """Queues what receivers hear of an event of these parcels, which are as they are after it.

    The integration hears of those whose status is the event's; subscribers hear of the event whatever came of it.
    """
    draft = shipment.draft
    if draft.scenario == NONE:
        return
    wanted: list[tuple[Receiver, str, Document]] = []
    for receiver in _listeners(transaction, shipment.account_id, draft.integration_id):
        if receiver.kind == "integration":
            changed = [parcel for parcel in parcels if parcel.status is event.status]
            told = [parcel_status_changed(shipment, parcel, event, now) for parcel in changed]
            wanted += [(receiver, PARCEL_STATUS_CHANGED, document) for document in told]
        else:
            told = [parcel_event_created(parcel, draft.carrier_code, event) for parcel in parcels]
            wanted += [(receiver, PARCEL_EVENT_CREATED, document) for document in told]
    delay, scenario = _meets(transaction, shipment, parcels) if draft.scenario else (timedelta(0), "")
    add_deliveries(transaction, shipment.account_id, wanted, now, delay=delay, scenario=scenario)


def _meets(transaction: Connection, shipment: Shipment, parcels: Sequence[Parcel]) -> tuple[timedelta, str]:
    """How late webhooks are told on purpose, and how their first try is to go wrong.

    Shuffled are those of every second event, beginning with the first, by the length of the parcels' history.
    """
    scenario = parse(shipment.draft.scenario)
    if scenario.row.family != "hook":
        return timedelta(0), ""
    if scenario.row.name != SHUFFLE:
        return scenario.delay, scenario.name
    told = histories(transaction, shipment.account_id, [parcel.id for parcel in parcels])
    is_late = max(map(len, told.values()), default=0) % 2 == 1
    return SHUFFLED_BY if is_late else timedelta(0), scenario.name


def tell_of_foreign_event(
    transaction: Connection, account_id: int, parcel: Announced, event: Event, now: datetime, *, carrier_code: str
) -> None:
    """Queues what subscribers hear of an event of a parcel that was labelled elsewhere."""
    told = parcel_event_created(parcel, carrier_code, event)
    receivers = _listeners(transaction, account_id, 0)
    add_deliveries(transaction, account_id, [(receiver, PARCEL_EVENT_CREATED, told) for receiver in receivers], now)


def tell_of_integration(
    transaction: Connection, account_id: int, integration: Integration, action: IntegrationAction, now: datetime
) -> None:
    """Queues what an integration's own webhook hears of its being connected, changed or removed, if it is active.

    To be called in the transaction that changes it, with the integration as it is after that (removed: as it was).
    """
    settings = integration.settings
    if settings.webhook_active and settings.webhook_url:
        told = integration_changed(integration, action, now)
        add_deliveries(transaction, account_id, [(Receiver("integration", integration.id), action, told)], now)


def _listeners(transaction: Connection, account_id: int, integration_id: int) -> list[Receiver]:
    rows = transaction.execute(_LISTENERS, {"account_id": account_id, "integration_id": integration_id})
    return [Receiver(row.kind, row.id) for row in rows if row.body is None or _wants_webhooks(row.body)]


def _wants_webhooks(body: str) -> bool:
    settings = _body.decode(body)
    return settings.webhook_active and bool(settings.webhook_url)
