"""Integrations: the shop connections that orders come through, and that hear about their parcels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, bindparam, insert, select, update

from kolli.account.accounts import touch
from kolli.errors import NotFound
from kolli.schema import integrations
from kolli.values import timestamp
from kolli.vault import Vault, is_sealed, unsealed

FeedbackType = Literal["eager", "delayed", "none"]


@dataclass(frozen=True)
class IntegrationSettings:
    """What the owner of a shop can change about its integration, and what we note about it."""

    shop_url: str = ""
    type: str = "api"
    webhook_url: str = ""
    webhook_active: bool = False
    service_point_enabled: bool = False
    service_point_carriers: tuple[str, ...] = ()
    feedback_type: FeedbackType = "none"
    started_failing_at: datetime | None = None
    last_fetched_at: datetime | None = None


@dataclass(frozen=True)
class Integration:
    """One shop connection. The key that signs its webhooks is sealed; without one they are not signed."""

    id: int
    name: str
    created_at: datetime
    updated_at: datetime
    settings: IntegrationSettings = field(default_factory=IntegrationSettings)
    sealed_signature_key: str = ""


_ADD = insert(integrations)
_EVER = select(
    integrations.c.id,
    integrations.c.name,
    integrations.c.created_at,
    integrations.c.updated_at,
    integrations.c.body,
    integrations.c.signature_key,
).where(integrations.c.account_id == bindparam("account_id"))
_ALL = _EVER.where(integrations.c.removed_at.is_(None))
_REMOVED = _EVER.where(integrations.c.id == bindparam("id"), integrations.c.removed_at.is_not(None))
_BY_ID = _ALL.where(integrations.c.id == bindparam("id"))
_LIST = _ALL.order_by(integrations.c.id)
_KNOWN = select(integrations.c.id).where(
    integrations.c.account_id == bindparam("account_id"),
    integrations.c.id.in_(bindparam("wanted", expanding=True)),
    integrations.c.removed_at.is_(None),
)
_OWN = (integrations.c.account_id == bindparam("account"), integrations.c.id == bindparam("integration"))
_UPDATE = (
    update(integrations)
    .where(*_OWN)
    .values(
        name=bindparam("new_name"),
        body=bindparam("new_body"),
        signature_key=bindparam("new_key"),
        updated_at=bindparam("at"),
    )
)
_REMOVE = update(integrations).where(*_OWN).values(removed_at=bindparam("at"), updated_at=bindparam("at"))


def add_integration(transaction: Connection, account_id: int, integration: Integration) -> None:
    """Stores a new integration."""
    transaction.execute(
        _ADD,
        {
            "id": integration.id,
            "account_id": account_id,
            "name": integration.name,
            "body": _encode(integration.settings),
            "signature_key": integration.sealed_signature_key or None,
            "created_at": timestamp(integration.created_at),
            "updated_at": timestamp(integration.updated_at),
        },
    )
    touch(transaction, account_id)


def find_integration(transaction: Connection, account_id: int, integration_id: int) -> Integration | None:
    """The account's integration with this id."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "id": integration_id}).one_or_none()
    return None if row is None else _integration(row)


def find_removed_integration(transaction: Connection, account_id: int, integration_id: int) -> Integration | None:
    """The integration with this id that the account had, as it was when it was removed."""
    row = transaction.execute(_REMOVED, {"account_id": account_id, "id": integration_id}).one_or_none()
    return None if row is None else _integration(row)


def get_integration(transaction: Connection, account_id: int, integration_id: int) -> Integration:
    """The account's integration with this id, which must exist."""
    integration = find_integration(transaction, account_id, integration_id)
    if integration is None:
        raise NotFound("The Integration could not be found with the search criteria given")
    return integration


def list_integrations(transaction: Connection, account_id: int) -> list[Integration]:
    """Every integration of the account, oldest id first."""
    return [_integration(row) for row in transaction.execute(_LIST, {"account_id": account_id})]


def known_integrations(transaction: Connection, account_id: int, wanted: Iterable[int]) -> set[int]:
    """Those of the wanted ids that are integrations of this account."""
    return set(transaction.execute(_KNOWN, {"account_id": account_id, "wanted": list(wanted)}).scalars())


def update_integration(transaction: Connection, account_id: int, integration: Integration, now: datetime) -> None:
    """Stores an integration that has been changed."""
    values = {
        "account": account_id,
        "integration": integration.id,
        "new_name": integration.name,
        "new_body": _encode(integration.settings),
        "new_key": integration.sealed_signature_key or None,
        "at": timestamp(now),
    }
    transaction.execute(_UPDATE, values)


def remove_integration(transaction: Connection, account_id: int, integration_id: int, now: datetime) -> None:
    """Removes an integration, which must exist. Its orders and shipments stay."""
    transaction.execute(_REMOVE, {"account": account_id, "integration": integration_id, "at": timestamp(now)})
    touch(transaction, account_id)


def sealed_signature_key(key: str, vault: Vault) -> str:
    """A signature key as it is kept."""
    return vault.seal({_KEY: key})


def signature_key_of(integration: Integration, vault: Vault) -> str | None:
    """The key that signs an integration's webhooks; None: they are not signed."""
    return vault.open(integration.sealed_signature_key).get(_KEY)


def sealed_key_in(column: str) -> str:
    """The signature key that a row has; earlier versions have kept it as it is."""
    is_one = is_sealed(column) or column.startswith(unsealed({_KEY: ""})[:-2])
    return column if is_one or not column else unsealed({_KEY: column})


_KEY = "key"


def _encode(settings: IntegrationSettings) -> str:
    return msgspec.json.encode(settings).decode()


def _integration(row: Any) -> Integration:
    return Integration(
        id=row.id,
        name=row.name,
        created_at=datetime.fromisoformat(row.created_at),
        updated_at=datetime.fromisoformat(row.updated_at),
        settings=msgspec.json.decode(row.body, type=IntegrationSettings),
        sealed_signature_key=sealed_key_in(row.signature_key or ""),
    )
