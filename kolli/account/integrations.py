"""Integrations: the shop connections that orders come through."""

from collections.abc import Iterable

from sqlalchemy import Connection, insert, select

from kolli.schema import integrations


def add_integration(transaction: Connection, account_id: int, integration_id: int, name: str) -> None:
    """Stores a new integration."""
    transaction.execute(insert(integrations).values(id=integration_id, account_id=account_id, name=name))


def known_integrations(transaction: Connection, account_id: int, wanted: Iterable[int]) -> set[int]:
    """Those of the wanted ids that are integrations of this account."""
    found = select(integrations.c.id).where(
        integrations.c.account_id == account_id, integrations.c.id.in_(list(wanted))
    )
    return set(transaction.execute(found).scalars())
