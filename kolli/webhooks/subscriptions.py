"""Event subscriptions ↔ rows: connections say where events go, subscriptions which events go there.

What a connection authenticates with has to be sent, so it is kept, sealed; it is never given out again.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, assert_never

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kolli.errors import NotFound
from kolli.schema import event_connections, event_subscriptions
from kolli.values import timestamp
from kolli.vault import Vault, unsealed

AuthType = Literal["none", "bearer", "basic", "api_key"]


@dataclass(frozen=True)
class Configuration:
    """Where a connection leads, and what is sent along. `auth_config` is secret, and not there unless asked for."""

    url: str
    auth_type: AuthType = "none"
    auth_config: dict[str, str] = field(default_factory=dict, repr=False)
    extra_headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class EventConnection:
    """One endpoint of somebody else's that events are sent to."""

    id: int
    configuration: Configuration
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True)
class Subscription:
    """That events of a type go to a connection, while it is active."""

    id: int
    connection_id: int
    event_type: str
    is_active: bool
    created_at: datetime
    updated_at: datetime


def authorization(configuration: Configuration) -> dict[str, str]:
    """The header by which a connection's endpoint knows us; none for `none`."""
    secrets = configuration.auth_config
    match configuration.auth_type:
        case "none":
            return {}
        case "bearer":
            return {"Authorization": f"Bearer {secrets['token']}"}
        case "basic":
            pair = f"{secrets['username']}:{secrets['password']}"
            return {"Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
        case "api_key":
            return {secrets["header_name"]: secrets["api_key"]}
    assert_never(configuration.auth_type)


def secrets_of(configuration: Configuration) -> list[str]:
    """Every text that nobody may see who did not bring it: also in the form in which it is sent."""
    told = [configuration.auth_config.get(name) for name in ("token", "password", "api_key")]
    sent = [value.removeprefix("Basic ") for value in authorization(configuration).values()]
    return [text for text in (*sent, *told) if text]


_ADD_CONNECTION = insert(event_connections)
_CONNECTIONS = (
    select(event_connections)
    .where(event_connections.c.account_id == bindparam("account_id"))
    .order_by(event_connections.c.created_at, event_connections.c.id)
)
_CONNECTION = _CONNECTIONS.where(event_connections.c.id == bindparam("id"))
_OWN_CONNECTION = (
    event_connections.c.account_id == bindparam("account"),
    event_connections.c.id == bindparam("connection"),
)
_UPDATE_CONNECTION = (
    update(event_connections).where(*_OWN_CONNECTION).values(body=bindparam("new_body"), updated_at=bindparam("at"))
)
_REMOVE_CONNECTION = delete(event_connections).where(*_OWN_CONNECTION)
_REMOVE_ITS_SUBSCRIPTIONS = delete(event_subscriptions).where(
    event_subscriptions.c.account_id == bindparam("account"),
    event_subscriptions.c.connection_id == bindparam("connection"),
)
_ADD_SUBSCRIPTION = insert(event_subscriptions)
_SUBSCRIPTIONS = (
    select(event_subscriptions)
    .where(event_subscriptions.c.account_id == bindparam("account_id"))
    .order_by(event_subscriptions.c.id)
)
_SUBSCRIPTION = _SUBSCRIPTIONS.where(event_subscriptions.c.id == bindparam("id"))
_OWN_SUBSCRIPTION = (
    event_subscriptions.c.account_id == bindparam("account"),
    event_subscriptions.c.id == bindparam("subscription"),
)
_UPDATE_SUBSCRIPTION = (
    update(event_subscriptions)
    .where(*_OWN_SUBSCRIPTION)
    .values(
        connection_id=bindparam("new_connection"),
        event_type=bindparam("new_type"),
        is_active=bindparam("new_active"),
        updated_at=bindparam("at"),
    )
)
_REMOVE_SUBSCRIPTION = delete(event_subscriptions).where(*_OWN_SUBSCRIPTION)


class _Body(msgspec.Struct, kw_only=True):
    url: str
    auth_type: AuthType = "none"
    sealed_auth: str = ""
    auth_config: dict[str, str] = {}  # readable, in rows of earlier versions
    extra_headers: dict[str, str] = {}


def add_connection(transaction: Connection, account_id: int, connection: EventConnection, vault: Vault) -> None:
    """Stores a new connection."""
    values = {
        "id": connection.id,
        "account_id": account_id,
        "body": _encode(connection.configuration, vault),
        "created_at": timestamp(connection.created_at),
        "updated_at": timestamp(connection.updated_at),
    }
    transaction.execute(_ADD_CONNECTION, values)


def list_connections(transaction: Connection, account_id: int) -> list[EventConnection]:
    """Every connection of the account, oldest first, without their secrets."""
    return [_connection(row) for row in transaction.execute(_CONNECTIONS, {"account_id": account_id})]


def find_connection(
    transaction: Connection, account_id: int, connection_id: int, vault: Vault | None = None
) -> EventConnection | None:
    """The account's connection with this id; with its secrets, if a vault opens them."""
    row = transaction.execute(_CONNECTION, {"account_id": account_id, "id": connection_id}).one_or_none()
    return None if row is None else _connection(row, vault)


def get_connection(
    transaction: Connection, account_id: int, connection_id: int, vault: Vault | None = None
) -> EventConnection:
    """The account's connection with this id, which must exist; with its secrets, if a vault opens them."""
    found = find_connection(transaction, account_id, connection_id, vault)
    if found is None:
        raise NotFound("No connection matches the given query.")
    return found


def update_connection(transaction: Connection, account_id: int, connection: EventConnection, vault: Vault) -> None:
    """Stores a connection that has been changed, and has its secrets."""
    values = {
        "account": account_id,
        "connection": connection.id,
        "new_body": _encode(connection.configuration, vault),
        "at": timestamp(connection.updated_at),
    }
    transaction.execute(_UPDATE_CONNECTION, values)


def remove_connection(transaction: Connection, account_id: int, connection_id: int) -> None:
    """Removes a connection, which must exist, and its subscriptions."""
    own = {"account": account_id, "connection": connection_id}
    transaction.execute(_REMOVE_ITS_SUBSCRIPTIONS, own)
    if transaction.execute(_REMOVE_CONNECTION, own).rowcount == 0:
        raise NotFound("No connection matches the given query.")


def add_subscription(transaction: Connection, account_id: int, subscription: Subscription) -> None:
    """Stores a new subscription; its connection must be one of the account's."""
    values = {
        "id": subscription.id,
        "account_id": account_id,
        "connection_id": subscription.connection_id,
        "event_type": subscription.event_type,
        "is_active": subscription.is_active,
        "created_at": timestamp(subscription.created_at),
        "updated_at": timestamp(subscription.updated_at),
    }
    transaction.execute(_ADD_SUBSCRIPTION, values)


def list_subscriptions(transaction: Connection, account_id: int) -> list[Subscription]:
    """Every subscription of the account, lowest id first."""
    return [_subscription(row) for row in transaction.execute(_SUBSCRIPTIONS, {"account_id": account_id})]


def find_subscription(transaction: Connection, account_id: int, subscription_id: int) -> Subscription | None:
    """The account's subscription with this id."""
    row = transaction.execute(_SUBSCRIPTION, {"account_id": account_id, "id": subscription_id}).one_or_none()
    return None if row is None else _subscription(row)


def get_subscription(transaction: Connection, account_id: int, subscription_id: int) -> Subscription:
    """The account's subscription with this id, which must exist."""
    found = find_subscription(transaction, account_id, subscription_id)
    if found is None:
        raise NotFound("No subscription matches the given query.")
    return found


def update_subscription(transaction: Connection, account_id: int, subscription: Subscription) -> None:
    """Stores a subscription that has been changed."""
    values = {
        "account": account_id,
        "subscription": subscription.id,
        "new_connection": subscription.connection_id,
        "new_type": subscription.event_type,
        "new_active": subscription.is_active,
        "at": timestamp(subscription.updated_at),
    }
    transaction.execute(_UPDATE_SUBSCRIPTION, values)


def remove_subscription(transaction: Connection, account_id: int, subscription_id: int) -> None:
    """Removes a subscription, which must exist."""
    if (
        transaction.execute(_REMOVE_SUBSCRIPTION, {"account": account_id, "subscription": subscription_id}).rowcount
        == 0
    ):
        raise NotFound("No subscription matches the given query.")


def _encode(known: Configuration, vault: Vault) -> str:
    sealed = vault.seal(known.auth_config)
    body = _Body(url=known.url, auth_type=known.auth_type, sealed_auth=sealed, extra_headers=known.extra_headers)
    return msgspec.json.encode(body).decode()


def _connection(row: Any, vault: Vault | None = None) -> EventConnection:
    body = msgspec.json.decode(row.body, type=_Body)
    secrets = vault.open(body.sealed_auth or unsealed(body.auth_config)) if vault else {}
    return EventConnection(
        id=row.id,
        configuration=Configuration(body.url, body.auth_type, secrets, body.extra_headers),
        created_at=datetime.fromisoformat(row.created_at),
        updated_at=datetime.fromisoformat(row.updated_at),
    )


def _subscription(row: Any) -> Subscription:
    return Subscription(
        id=row.id,
        connection_id=row.connection_id,
        event_type=row.event_type,
        is_active=row.is_active,
        created_at=datetime.fromisoformat(row.created_at),
        updated_at=datetime.fromisoformat(row.updated_at),
    )
