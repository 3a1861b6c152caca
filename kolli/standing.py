"""Where an order stands: what all attempts to ship it have come to, worked out by the database itself.

Orders and attempts stand side by side and know nothing of each other; what both of them keep true is here. It goes by
the key that all attempts of an order share, also when it is removed and sent again: `order_key` in
`kolli.shipments.attempts`.
"""

from enum import StrEnum

from sqlalchemy import ColumnElement, Connection, bindparam, case, func, literal, select, update

from kolli.schema import attempts, inbox, orders


class Standing(StrEnum):
    """Where an order stands. It leaves `open` for good only when its label is stored."""

    OPEN = "open"
    """No label: it was never tried, or its label was cancelled."""

    SHIPPING = "shipping"
    """It is being announced at this moment, or its label taken back."""

    SHIPPED = "shipped"
    """Its label is stored."""

    FAILED = "failed"
    """No label: the last try has come to nothing."""

    UNKNOWN = "unknown"
    """Nobody knows whether the carrier has booked it. It is being looked into."""


STANDING_OF_STATE: dict[str, Standing] = {
    "stored": Standing.SHIPPED,
    "unknown": Standing.UNKNOWN,
    "cancelling": Standing.SHIPPING,
    "intended": Standing.SHIPPING,
    "queued": Standing.SHIPPING,
    "rejected": Standing.FAILED,
    "abandoned": Standing.FAILED,
    "cancelled": Standing.OPEN,
}
"""State of an attempt → where its order stands, if no other attempt says more."""

_RANKS = {Standing.SHIPPED: 1, Standing.UNKNOWN: 2, Standing.SHIPPING: 3}
_ENDED = 4  # of attempts that are over and have left no label, the last one says where the order stands


def standing_of(account_id: ColumnElement[int], order_key: ColumnElement[str]) -> ColumnElement[str]:
    """Where the order with this key stands, as a part of a statement.

    A label that is there says more than anything else, and what may have been booked more than what is on its way.
    """
    ranks = {state: _RANKS[standing] for state, standing in STANDING_OF_STATE.items() if standing in _RANKS}
    found = (
        select(case(STANDING_OF_STATE, value=attempts.c.state))
        .where(attempts.c.account_id == account_id, attempts.c.order_key == order_key)
        .order_by(
            case(ranks, value=attempts.c.state, else_=_ENDED),
            attempts.c.created_at.desc(),
            attempts.c.shipment_id.desc(),
        )
        .limit(1)
    )
    return func.coalesce(found.scalar_subquery(), literal(Standing.OPEN.value))


_NOTE = (
    update(inbox)
    .where(
        inbox.c.order_id
        == select(orders.c.id)
        .where(
            orders.c.account_id == bindparam("of_account"),
            orders.c.integration_id == bindparam("of_integration"),
            orders.c.order_id == bindparam("of_order"),
        )
        .scalar_subquery()
    )
    .values(state=standing_of(bindparam("of_account"), bindparam("of_key")))
)


def note_standing(transaction: Connection, account_id: int, order_key: str) -> None:
    """Keeps it true in the inbox where an order stands, after one of its attempts has moved.

    A shipment that was made from no order has no key, and an order that was removed no row.
    """
    integration_id, _, order_id = order_key.partition(" ")
    if integration_id.isdigit():
        values = {"of_account": account_id, "of_integration": int(integration_id), "of_order": order_id}
        transaction.execute(_NOTE, {**values, "of_key": order_key})
