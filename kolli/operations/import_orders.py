"""Orders that a person brings in a file: stored as if they had come through the API, some hundred at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from kolli.operations.context import Context
from kolli.operations.foresee import foresee
from kolli.orders.model import Document
from kolli.orders.queries import add_or_update_order

AT_A_TIME = 100
"""Orders of one transaction, so that whoever ships meanwhile does not wait."""


@dataclass(frozen=True)
class Imported:
    """What an import has done. `order_pks` are our ids, in the sequence of the file."""

    added: int
    updated: int
    order_pks: tuple[int, ...] = ()


def import_orders(documents: Sequence[Document], context: Context) -> Imported:
    """Stores orders that are valid, and says how many of them were new.

    What is cut off in the middle can be begun again: an order that is there already takes on the same document.
    """
    order_pks: list[int] = []
    added = 0
    for start in range(0, len(documents), AT_A_TIME):
        some = documents[start : start + AT_A_TIME]
        fresh = [context.installation.sequences.take_id() for _ in some]
        with context.database.read() as transaction:
            warnings = foresee(transaction, some, context)
        now = context.now()
        with context.write() as transaction:
            stored = [
                add_or_update_order(transaction, context.account_id, fresh_id, document, now, warnings=found)
                for fresh_id, document, found in zip(fresh, some, warnings, strict=True)
            ]
        added += sum(fresh_id == order_pk for fresh_id, order_pk in zip(fresh, stored, strict=True))
        order_pks += stored
    return Imported(added, len(documents) - added, tuple(order_pks))
