"""Attempts that are not at an end, with what people know them by; in lists that may be long."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, bindparam, select

from kolli.schema import attempts, shipments
from kolli.shipments.attempts import Attempt, State, get_attempts

AT_A_TIME = 500
"""Attempts that are read with one query."""


class _Essentials(msgspec.Struct, frozen=True):
    """What of a draft stands in a list."""

    order_number: str
    carrier_code: str
    carrier_name: str


@dataclass(frozen=True)
class OpenAttempt:
    """An attempt, whose order and carrier it is about."""

    attempt: Attempt
    order_number: str
    carrier_code: str
    carrier_name: str


_decoder = msgspec.json.Decoder(_Essentials)

_IDS = (
    select(attempts.c.shipment_id)
    .where(
        attempts.c.account_id + 0 == bindparam("account_id"),  # few are open, however many the account has
        attempts.c.state.in_(bindparam("states", expanding=True)),
    )
    .order_by(attempts.c.created_at, attempts.c.shipment_id)
)
_BODIES = select(shipments.c.id, shipments.c.body).where(
    shipments.c.account_id + 0 == bindparam("account_id"),  # no index on accounts is of use beside the key
    shipments.c.id.in_(bindparam("ids", expanding=True)),
)


def list_in(transaction: Connection, account_id: int, states: Collection[State]) -> list[str]:
    """The ids of the account's shipments whose attempts are in one of these states, the oldest first."""
    return list(transaction.execute(_IDS, {"account_id": account_id, "states": list(states)}).scalars())


def read_open(transaction: Connection, account_id: int, shipment_ids: Sequence[str]) -> Iterator[OpenAttempt]:
    """The account's attempts to announce these shipments, in this order."""
    for start in range(0, len(shipment_ids), AT_A_TIME):
        ids = shipment_ids[start : start + AT_A_TIME]
        found = get_attempts(transaction, account_id, ids)
        rows = transaction.execute(_BODIES, {"account_id": account_id, "ids": ids})
        drafts = {row.id: _decoder.decode(row.body) for row in rows}
        for shipment_id in ids:
            draft = drafts[shipment_id]
            yield OpenAttempt(found[shipment_id], draft.order_number, draft.carrier_code, draft.carrier_name)
