"""Requests with an Idempotency-Key: the claim to a key, and the answer that is given again."""

from dataclasses import dataclass

from sqlalchemy import Connection


@dataclass
class Claim:
    """One request's claim to its key. It is made in the transaction that first changes something, or not at all."""

    request_id: int | None = None  # None: not made yet

    def make(self, transaction: Connection) -> None:
        """Makes the claim, unless it is made."""
