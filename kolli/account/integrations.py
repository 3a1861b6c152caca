"""Integrations: the shop connections that orders come through."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, insert, select

from kolli.schema import integrations

_KNOWN = select(integrations.c.id).where(
    integrations.c.account_id == bindparam("account_id"), integrations.c.id.in_(bindparam("wanted", expanding=True))
)


def add_integration(transaction: Connection, account_id: int, integration_id: int, name: str) -> None:
    """Stores a new integration."""
    transaction.execute(insert(integrations).values(id=integration_id, account_id=account_id, name=name))


def known_integrations(transaction: Connection, account_id: int, wanted: Iterable[int]) -> set[int]:
    """Those of the wanted ids that are integrations of this account."""
    return set(transaction.execute(_KNOWN, {"account_id": account_id, "wanted": list(wanted)}).scalars())
