"""What went wrong between an integration and its shop, as the integration tells it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from sqlalchemy import Connection, and_, bindparam, insert, or_, select

from kolli.schema import integration_logs
from kolli.values import timestamp


@dataclass(frozen=True)
class IntegrationLog:
    """One exception: when it happened, and everything that was told about it."""

    id: int
    integration_id: int
    created_at: datetime
    document: Mapping[str, Any]


@dataclass(frozen=True)
class LogPosition:
    """Where a page begins: behind everything that is not older than this; of the same moment, behind this id.

    Without an id it begins behind everything of that moment.
    """

    created_at: datetime
    id: int = 0


_ALL = select(
    integration_logs.c.id, integration_logs.c.integration_id, integration_logs.c.created_at, integration_logs.c.body
).where(integration_logs.c.account_id == bindparam("account_id"))

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def add_log(transaction: Connection, account_id: int, log: IntegrationLog) -> None:
    """Stores what was told about an integration of the account, which must exist."""
    transaction.execute(
        insert(integration_logs).values(
            id=log.id,
            account_id=account_id,
            integration_id=log.integration_id,
            created_at=timestamp(log.created_at),
            body=_encoder.encode(log.document).decode(),
        )
    )


def list_logs(
    transaction: Connection, account_id: int, integration_id: int | None, position: LogPosition | None, size: int
) -> tuple[list[IntegrationLog], bool]:
    """At most `size` entries, latest first, and whether there are more; those of one integration, or of all."""
    created_at, log_id = integration_logs.c.created_at, integration_logs.c.id
    statement = _ALL
    if integration_id is not None:
        statement = statement.where(integration_logs.c.integration_id == integration_id)
    if position is not None:
        at = timestamp(position.created_at)
        earlier = or_(created_at < at, and_(created_at == at, log_id < position.id))
        statement = statement.where(created_at <= at, earlier)  # the first alone bounds the index
    statement = statement.order_by(created_at.desc(), log_id.desc()).limit(size + 1)
    rows = transaction.execute(statement, {"account_id": account_id}).all()
    logs = [
        IntegrationLog(row.id, row.integration_id, datetime.fromisoformat(row.created_at), _decoder.decode(row.body))
        for row in rows[:size]
    ]
    return logs, len(rows) > size
