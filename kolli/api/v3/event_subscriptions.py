"""Event subscriptions: connections say where events are sent, subscriptions which of them."""

from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from kolli.api.endpoint import Answer, Endpoint, Parameter, Request
from kolli.api.errors import WIRE, Pointers, Rejected, problem
from kolli.api.v3.common import in_utc
from kolli.api.v3.event_subscription_schemas import (
    ConfigurationAnswer,
    ConnectionAnswer,
    ConnectionChange,
    Connections,
    NewConnection,
    NewSubscription,
    OneConnection,
    OneSubscription,
    OneTestResult,
    SubscriptionAnswer,
    SubscriptionChange,
    Subscriptions,
    TestResult,
    WebhookConfiguration,
)
from kolli.errors import Impossible, Invalid, InvalidChoice, Missing
from kolli.operations.context import Context
from kolli.operations.deliver import send_test
from kolli.webhooks.configuration import MOST_CONNECTIONS, MOST_SUBSCRIPTIONS, changed, check_configuration
from kolli.webhooks.deliveries import Receiver
from kolli.webhooks.subscriptions import (
    Configuration,
    EventConnection,
    Subscription,
    add_connection,
    add_subscription,
    find_connection,
    get_connection,
    get_subscription,
    list_connections,
    list_subscriptions,
    remove_connection,
    remove_subscription,
    update_connection,
    update_subscription,
)

POINTERS = Pointers(root="/data", says_required=True)

ONLY_WEBHOOKS = "Kolli sends events to webhooks only. Choose webhook, with the URL of your endpoint."

# Connections

_NEW_CONNECTION = TypeAdapter(NewConnection)
_CONNECTION_CHANGE = TypeAdapter(ConnectionChange)


def create_connection(request: Request, context: Context) -> Answer:
    """Makes a connection."""
    body = request.read(_NEW_CONNECTION, POINTERS)
    _check_type(body.type)
    if body.configuration.url is None:
        raise Missing(field="configuration.url")
    configuration = _changed(Configuration(""), body.configuration)
    check_configuration(configuration, context.installation.settings.private_targets)
    now = context.now()
    connection = EventConnection(context.installation.sequences.take_id(), configuration, now, now)
    with context.write() as transaction:
        if len(list_connections(transaction, context.account_id)) >= MOST_CONNECTIONS:
            raise Impossible(f"An account can have {MOST_CONNECTIONS} connections. Delete one first.")
        add_connection(transaction, context.account_id, connection, context.installation.vault)
    return Answer(201, OneConnection(data=_connection(connection)))


def list_all_connections(request: Request, context: Context) -> Answer:
    """Every connection of the account."""
    wanted = request.query.get("connection_type") or "webhook"
    if wanted not in {"webhook", "klaviyo"}:
        raise _wrong_choice("connection_type", wanted)
    with context.database.read() as transaction:
        found = list_connections(transaction, context.account_id) if wanted == "webhook" else []
    return Answer(200, Connections(data=[_connection(connection) for connection in found]))


def retrieve_connection(request: Request, context: Context) -> Answer:
    """One connection."""
    with context.database.read() as transaction:
        connection = get_connection(transaction, context.account_id, request.id)
    return Answer(200, OneConnection(data=_connection(connection)))


def change_connection(request: Request, context: Context) -> Answer:
    """Changes what the body names in a connection, member by member of its configuration."""
    body = request.read(_CONNECTION_CHANGE, POINTERS)
    _check_type(body.type or "webhook")
    with context.write() as transaction:
        known = get_connection(transaction, context.account_id, request.id, context.installation.vault)
        configuration = _changed(known.configuration, body.configuration or WebhookConfiguration())
        check_configuration(configuration, context.installation.settings.private_targets)
        connection = replace(known, configuration=configuration, updated_at=context.now())
        update_connection(transaction, context.account_id, connection, context.installation.vault)
    return Answer(200, OneConnection(data=_connection(connection)))


def delete_connection(request: Request, context: Context) -> Answer:
    """Deletes a connection and its subscriptions."""
    with context.write() as transaction:
        remove_connection(transaction, context.account_id, request.id)
    return Answer(204)


def start_authorization(request: Request, context: Context) -> Answer:
    """Refuses: a webhook has nobody to ask for authorization."""
    with context.database.read() as transaction:
        get_connection(transaction, context.account_id, request.id)
    raise Impossible("A webhook connection needs no authorization by OAuth2. Set its auth_type and auth_config.")


def _check_type(wanted: str) -> None:
    if wanted != "webhook":
        raise InvalidChoice(ONLY_WEBHOOKS, field="type")


def _changed(known: Configuration, change: WebhookConfiguration) -> Configuration:
    named: dict[str, Any] = change.model_dump(include=change.model_fields_set, exclude_none=True)
    return changed(known, named)


def _connection(connection: EventConnection) -> ConnectionAnswer:
    known = connection.configuration
    configuration = ConfigurationAnswer(url=known.url, auth_type=known.auth_type)
    if known.extra_headers:
        configuration["extra_headers"] = known.extra_headers
    return {
        "id": connection.id,
        "type": "webhook",
        "configuration": configuration,
        "created_at": in_utc(connection.created_at),
        "updated_at": in_utc(connection.updated_at),
    }


# Subscriptions

_NEW_SUBSCRIPTION = TypeAdapter(NewSubscription)
_SUBSCRIPTION_CHANGE = TypeAdapter(SubscriptionChange)


def create_subscription(request: Request, context: Context) -> Answer:
    """Makes a subscription."""
    body = request.read(_NEW_SUBSCRIPTION, POINTERS)
    now = context.now()
    fresh_id = context.installation.sequences.take_id()
    subscription = Subscription(fresh_id, body.connection_id, body.event_type, body.is_active, now, now)
    with context.write() as transaction:
        if len(list_subscriptions(transaction, context.account_id)) >= MOST_SUBSCRIPTIONS:
            raise Impossible(f"An account can have {MOST_SUBSCRIPTIONS} subscriptions. Delete one first.")
        _check_connection(find_connection(transaction, context.account_id, body.connection_id), body.connection_id)
        add_subscription(transaction, context.account_id, subscription)
    return Answer(201, OneSubscription(data=_subscription(subscription)))


def list_all_subscriptions(request: Request, context: Context) -> Answer:
    """Every subscription of the account, or those of a type, or those that are or are not active."""
    event_type, is_active = request.query.get("event_type"), (request.query.get("is_active") or "").lower()
    if is_active not in {"", "true", "false"}:
        raise _wrong_choice("is_active", is_active)
    with context.database.read() as transaction:
        found = list_subscriptions(transaction, context.account_id)
    wanted = [
        subscription
        for subscription in found
        if (not event_type or subscription.event_type == event_type)
        and (not is_active or subscription.is_active == (is_active == "true"))
    ]
    return Answer(200, Subscriptions(data=[_subscription(subscription) for subscription in wanted]))


def retrieve_subscription(request: Request, context: Context) -> Answer:
    """One subscription."""
    with context.database.read() as transaction:
        subscription = get_subscription(transaction, context.account_id, request.id)
    return Answer(200, OneSubscription(data=_subscription(subscription)))


def change_subscription(request: Request, context: Context) -> Answer:
    """Changes what the body names in a subscription, and leaves the rest as it was."""
    body = request.read(_SUBSCRIPTION_CHANGE, POINTERS)
    with context.write() as transaction:
        known = get_subscription(transaction, context.account_id, request.id)
        if body.connection_id is not None:
            _check_connection(find_connection(transaction, context.account_id, body.connection_id), body.connection_id)
        changes = body.model_dump(exclude_none=True)
        subscription = replace(known, **changes, updated_at=context.now())
        update_subscription(transaction, context.account_id, subscription)
    return Answer(200, OneSubscription(data=_subscription(subscription)))


def delete_subscription(request: Request, context: Context) -> Answer:
    """Deletes a subscription."""
    with context.write() as transaction:
        remove_subscription(transaction, context.account_id, request.id)
    return Answer(204)


def test_subscription(request: Request, context: Context) -> Answer:
    """Sends a test event to the endpoint of a subscription, and says what came of it."""
    receiver = Receiver("subscription", request.id)
    delivery = send_test(receiver, context.account_id, context.installation, write=context.write)
    result = TestResult(success=delivery.state == "delivered", response_body=delivery.answer)
    if delivery.status_code is not None:
        result["status_code"] = delivery.status_code
    return Answer(200, OneTestResult(data=result))


def _check_connection(found: EventConnection | None, wanted: int) -> None:
    if found is None:
        raise Invalid(f"There is no connection {wanted}.", field="connection_id")


def _wrong_choice(parameter: str, value: str) -> Rejected:
    message = f"Select a valid choice. {value[:40]} is not one of the available choices."
    return Rejected(400, [problem(WIRE[InvalidChoice], message, parameter=parameter)])


def _subscription(subscription: Subscription) -> SubscriptionAnswer:
    return {
        "id": subscription.id,
        "connection_id": subscription.connection_id,
        "event_type": subscription.event_type,
        "is_active": subscription.is_active,
        "created_at": in_utc(subscription.created_at),
        "updated_at": in_utc(subscription.updated_at),
    }


READ, WRITE = "read:integration", "write:integration"

ROUTES = [
    Endpoint(
        "POST",
        "/event-subscriptions/connections",
        create_connection,
        "Create a connection",
        POINTERS,
        scope=WRITE,
        body=_NEW_CONNECTION,
        answers={201: OneConnection},
    ),
    Endpoint(
        "GET",
        "/event-subscriptions/connections",
        list_all_connections,
        "List connections",
        scope=READ,
        parameters=[
            Parameter("connection_type", "Only those of this type.", {"type": "string", "enum": ["webhook", "klaviyo"]})
        ],
        answers={200: Connections},
    ),
    Endpoint(
        "GET",
        "/event-subscriptions/connections/{id:int}",
        retrieve_connection,
        "Get a connection",
        scope=READ,
        answers={200: OneConnection},
        errors=[404],
    ),
    Endpoint(
        "PATCH",
        "/event-subscriptions/connections/{id:int}",
        change_connection,
        "Update a connection",
        POINTERS,
        scope=WRITE,
        body=_CONNECTION_CHANGE,
        answers={200: OneConnection},
        errors=[404],
    ),
    Endpoint(
        "DELETE",
        "/event-subscriptions/connections/{id:int}",
        delete_connection,
        "Delete a connection and its subscriptions",
        scope=WRITE,
        answers={204: None},
        errors=[404],
    ),
    Endpoint(
        "POST",
        "/event-subscriptions/connections/{id:int}/authorization",
        start_authorization,
        "Start OAuth2 authorization, which no connection of Kolli's needs",
        scope=WRITE,
        errors=[404],
    ),
    Endpoint(
        "POST",
        "/event-subscriptions/subscriptions",
        create_subscription,
        "Create a subscription",
        POINTERS,
        scope=WRITE,
        body=_NEW_SUBSCRIPTION,
        answers={201: OneSubscription},
    ),
    Endpoint(
        "GET",
        "/event-subscriptions/subscriptions",
        list_all_subscriptions,
        "List subscriptions",
        scope=READ,
        parameters=[
            Parameter("event_type", "Only those to this type of event."),
            Parameter("is_active", "Only those that are active, or are not.", {"type": "boolean"}),
        ],
        answers={200: Subscriptions},
    ),
    Endpoint(
        "GET",
        "/event-subscriptions/subscriptions/{id:int}",
        retrieve_subscription,
        "Get a subscription",
        scope=READ,
        answers={200: OneSubscription},
        errors=[404],
    ),
    Endpoint(
        "PATCH",
        "/event-subscriptions/subscriptions/{id:int}",
        change_subscription,
        "Update a subscription",
        POINTERS,
        scope=WRITE,
        body=_SUBSCRIPTION_CHANGE,
        answers={200: OneSubscription},
        errors=[404],
    ),
    Endpoint(
        "DELETE",
        "/event-subscriptions/subscriptions/{id:int}",
        delete_subscription,
        "Delete a subscription",
        scope=WRITE,
        answers={204: None},
        errors=[404],
    ),
    Endpoint(
        "POST",
        "/event-subscriptions/broadcast/test/{id:int}",
        test_subscription,
        "Send a test event to a subscription's endpoint",
        scope=WRITE,
        answers={200: OneTestResult},
        errors=[404],
        is_repeatable=True,
    ),
]
