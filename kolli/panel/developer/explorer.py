"""The API explorer inside the panel: its examples hold what the account really has, or a request from the log.

Requests that are sent from it need the credentials of a key, as all requests do: who is signed in counts for nothing.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from sqlalchemy import Connection
from starlette.responses import Response

from kolli.account.brands import find_brand
from kolli.account.contracts import all_contracts
from kolli.account.integrations import list_integrations
from kolli.account.keys import list_keys
from kolli.account.request_bodies import find_bodies
from kolli.account.requests import LoggedRequest, find_request
from kolli.account.sender_addresses import find_sender_address
from kolli.account.users import Right
from kolli.api.description import operation_id
from kolli.api.hints import Call, endpoint_of
from kolli.orders.inbox import InboxFilters, InboxPage, list_inbox
from kolli.orders.queries import find_orders
from kolli.panel.forms import whole_number
from kolli.panel.json_lines import as_text
from kolli.panel.web import PanelRequest, Route
from kolli.rules.queries import list_rules
from kolli.shipments.lists import Filters, Page, list_shipments
from kolli.standing import Standing
from kolli.webhooks.subscriptions import list_connections, list_subscriptions

PATH = "/panel/explorer/"

NEWEST = 10
"""Shipments among which one with a label is looked for."""


def show(request: PanelRequest) -> Response:
    """The explorer."""
    wanted = whole_number(request.query.get("request", ""))
    with request.context.database.read() as transaction:
        own = own_data(transaction, request.account_id)
        keys = list_keys(transaction, request.account_id)
        found = find_request(transaction, request.account_id, wanted) if wanted else None
        bodies = find_bodies(transaction, request.account_id, wanted) if wanted else None
    if found is not None and bodies is not None:
        own["request"] = _as_typed(found, Call(found, bodies))
    return request.page(
        "developer/explorer.html",
        section="explorer",
        own=json.dumps(own, default=str),
        public_key=keys[-1].key.public_key if keys else "",
        asked=found,
    )


def own_data(transaction: Connection, account_id: int) -> dict[str, Any]:
    """What an account has of everything that examples name.

    `ids` go by the part of the path behind `/api/v3/`; `members` by the name of a member of a body, or by two names
    where one says too little; `queries` by the name of a parameter.
    """
    order = _order(transaction, account_id)
    ids: dict[str, object] = {**order.get("ids", {}), **_settings(transaction, account_id)}
    shipments = list_shipments(transaction, account_id, Filters(), Page(NEWEST)).shipments
    labelled = next((shipment for shipment, _ in shipments if shipment.parcels[0].tracking_number), None)
    if labelled is not None:
        parcel = labelled.parcels[0]
        ids |= {"shipments": labelled.id, "parcels": parcel.id, "tracking_number": parcel.tracking_number}
    members = {
        **order.get("members", {}),
        "integration_id": order.get("integration_id") or ids.get("integrations"),
        "integration.id": order.get("integration_id") or ids.get("integrations"),
        "sender_address_id": ids.get("addresses/sender-addresses"),
        "brand_id": ids.get("brands"),
        "contract_id": ids.get("contracts"),
        "connection_id": ids.get("event-subscriptions/connections"),
        "label.parcels": [ids["parcels"]] if "parcels" in ids else None,
    }
    queries = {
        "order_number": members.get("order_number"),
        "integration": members["integration_id"],
        "integration_id": members["integration_id"],
        "parcels": ids.get("parcels"),
        "ids": ids.get("parcels"),
    }
    return {"ids": _there(ids), "members": _there(members), "queries": _there(queries)}


def _order(transaction: Connection, account_id: int) -> dict[str, Any]:
    """An order that can be shipped, else the newest there is."""
    for states in (frozenset({Standing.OPEN}), frozenset[Standing]()):
        listed = list_inbox(transaction, account_id, InboxFilters(states=states), InboxPage(1))
        for order in find_orders(transaction, account_id, [row.order_pk for row in listed.rows]):
            return {
                "ids": {"orders": order.id},
                "members": {"order_number": order.order_number, "order_id": order.order_id},
                "integration_id": order.integration_id,
            }
    return {}


def _settings(transaction: Connection, account_id: int) -> dict[str, object]:
    integrations = list_integrations(transaction, account_id)
    sender = find_sender_address(transaction, account_id, None)
    brand = find_brand(transaction, account_id, None)
    contracts = all_contracts(transaction, account_id)
    rules = list_rules(transaction, account_id)
    connections = list_connections(transaction, account_id)
    subscriptions = list_subscriptions(transaction, account_id)
    return {
        "integrations": integrations[0].id if integrations else None,
        "addresses/sender-addresses": sender.id if sender else None,
        "brands": brand.id if brand else None,
        "contracts": contracts[0].id if contracts else None,
        "shipping-rules/rules": rules[0].id if rules else None,
        "event-subscriptions/connections": connections[0].id if connections else None,
        "event-subscriptions/subscriptions": subscriptions[0].id if subscriptions else None,
    }


def _there(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _as_typed(request: LoggedRequest, call: Call) -> dict[str, Any]:
    """A request of the log as the explorer's form holds it."""
    endpoint = endpoint_of(request.method, request.path)
    if endpoint is None:
        return {}
    return {
        "operation": operation_id(endpoint),
        "path": call.path_parts,
        "query": parse_qsl(call.bodies.asked.query, keep_blank_values=True),
        "headers": dict(call.bodies.asked.headers),
        "body": call.bodies.asked.text if call.asked is None else as_text(call.asked),
    }


ROUTES = (Route("GET", PATH, show, Right.DEVELOP),)
