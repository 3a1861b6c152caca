"""The bodies of the request log ↔ rows: what was sent and what came back, compressed and without secrets."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from kolli.schema import request_bodies, requests

LEVEL = 3
"""Of compression: bodies are small and alike, and a higher one takes three times as long for a tenth less."""


@dataclass(frozen=True)
class Said:
    """One side of a request, as it is kept.

    `text` is the body, or a note in `‹ ›` in place of what is no text. `size` is what it had in bytes; `is_cut` says
    that only its beginning is kept. `mark` tells whether two bodies were the same, and nothing else about them.
    """

    text: str = ""
    size: int = 0
    is_cut: bool = False
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # those that matter, by their names in lower case
    query: str = ""  # what stood behind the `?`
    mark: str = ""


@dataclass(frozen=True)
class Bodies:
    """Both sides of one request."""

    asked: Said
    answered: Said


_ADD = insert(request_bodies)
_FIND = (
    select(request_bodies.c.asked, request_bodies.c.answered)
    .join(requests, requests.c.id == request_bodies.c.request_id)
    .where(requests.c.account_id == bindparam("account"), requests.c.id == bindparam("request"))
)
_read = msgspec.json.Decoder(Said).decode


@dataclass(frozen=True)
class Packed:
    """Bodies that are ready to be written down, so that the transaction that does it is short."""

    asked: bytes
    answered: bytes


def pack(bodies: Bodies) -> Packed:
    """Compresses bodies."""
    return Packed(*(zlib.compress(msgspec.json.encode(side), LEVEL) for side in (bodies.asked, bodies.answered)))


def add_bodies(transaction: Connection, packed: Mapping[int, Packed]) -> None:
    """Writes down the bodies of requests, by the requests' ids."""
    rows = [{"request_id": at, "asked": each.asked, "answered": each.answered} for at, each in packed.items()]
    if rows:
        transaction.execute(_ADD, rows)


def find_bodies(transaction: Connection, account_id: int, request_id: int) -> Bodies | None:
    """What an account's request and its answer held; None when that is not kept."""
    row = transaction.execute(_FIND, {"account": account_id, "request": request_id}).one_or_none()
    return None if row is None else Bodies(_unpacked(row.asked), _unpacked(row.answered))


def _unpacked(packed: bytes) -> Said:
    return _read(zlib.decompress(packed))
