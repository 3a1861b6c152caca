"""Files with orders that somebody has brought, kept between the steps of an import so that a reload loses nothing."""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from kolli.errors import NotFound
from kolli.schema import orders, uploads
from kolli.values import timestamp

KEPT_FOR = timedelta(days=14)
"""How long a file is kept; it holds addresses."""

_CHUNK = 500


@dataclass(frozen=True)
class Upload:
    """One file. `reading` is how it is to be read, once somebody has said so; `result` what its import has done."""

    id: int
    name: str
    created_at: datetime
    reading: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None


_COLUMNS = select(uploads.c.id, uploads.c.name, uploads.c.created_at, uploads.c.reading, uploads.c.result).where(
    uploads.c.account_id == bindparam("account_id")
)
_BY_ID = _COLUMNS.where(uploads.c.id == bindparam("upload"))
_NEWEST = _COLUMNS.order_by(uploads.c.id.desc()).limit(bindparam("most"))
_CONTENT = select(uploads.c.content).where(
    uploads.c.account_id == bindparam("account_id"), uploads.c.id == bindparam("upload")
)
_ADD = insert(uploads)
_OURS = (uploads.c.account_id == bindparam("of_account"), uploads.c.id == bindparam("of_upload"))
_SET_READING = update(uploads).where(*_OURS).values(reading=bindparam("text"))
_SET_RESULT = update(uploads).where(*_OURS).values(result=bindparam("text"))
_REMOVE = delete(uploads).where(*_OURS)
_REMOVE_OLD = delete(uploads).where(
    uploads.c.account_id == bindparam("of_account"), uploads.c.created_at < bindparam("before")
)
_KNOWN = select(orders.c.order_id).where(
    orders.c.account_id == bindparam("of_account"),
    orders.c.integration_id == bindparam("of_integration"),
    orders.c.order_id.in_(bindparam("ids", expanding=True)),
)


def add_upload(transaction: Connection, account_id: int, upload: Upload, content: bytes) -> None:
    """Keeps a file, and forgets those that are too old."""
    old = {"of_account": account_id, "before": timestamp(upload.created_at - KEPT_FOR)}
    transaction.execute(_REMOVE_OLD, old)
    row = {"id": upload.id, "account_id": account_id, "name": upload.name, "created_at": timestamp(upload.created_at)}
    transaction.execute(_ADD, {**row, "content": zlib.compress(content)})


def get_upload(transaction: Connection, account_id: int, upload_id: int) -> Upload:
    """The account's file with this id; NotFound when it has none, or has it no more."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "upload": upload_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no such file. Files are kept for {KEPT_FOR.days} days; upload it again.")
    return _upload(row)


def content_of(transaction: Connection, account_id: int, upload_id: int) -> bytes:
    """What a file of the account holds, which must be there."""
    return zlib.decompress(transaction.execute(_CONTENT, {"account_id": account_id, "upload": upload_id}).scalar_one())


def list_uploads(transaction: Connection, account_id: int, most: int) -> list[Upload]:
    """The account's files, newest first."""
    return [_upload(row) for row in transaction.execute(_NEWEST, {"account_id": account_id, "most": most})]


def set_reading(transaction: Connection, account_id: int, upload_id: int, reading: Mapping[str, Any]) -> None:
    """Keeps how a file is to be read."""
    text = msgspec.json.encode(reading).decode()
    transaction.execute(_SET_READING, {"of_account": account_id, "of_upload": upload_id, "text": text})


def set_result(transaction: Connection, account_id: int, upload_id: int, result: Mapping[str, Any]) -> None:
    """Keeps what the import of a file has done."""
    text = msgspec.json.encode(result).decode()
    transaction.execute(_SET_RESULT, {"of_account": account_id, "of_upload": upload_id, "text": text})


def remove_upload(transaction: Connection, account_id: int, upload_id: int) -> None:
    """Forgets a file, which must be there. What was imported from it stays."""
    if transaction.execute(_REMOVE, {"of_account": account_id, "of_upload": upload_id}).rowcount == 0:
        raise NotFound("There is no such file.")


def known_order_ids(
    transaction: Connection, account_id: int, integration_id: int, order_ids: Sequence[str]
) -> frozenset[str]:
    """Which of these ids of the shop's orders of the integration have."""
    known: set[str] = set()
    for start in range(0, len(order_ids), _CHUNK):
        ids = list(order_ids[start : start + _CHUNK])
        values = {"of_account": account_id, "of_integration": integration_id, "ids": ids}
        known.update(transaction.execute(_KNOWN, values).scalars())
    return frozenset(known)


def _upload(row: Any) -> Upload:
    return Upload(
        row.id,
        row.name,
        datetime.fromisoformat(row.created_at),
        msgspec.json.decode(row.reading) if row.reading else None,
        msgspec.json.decode(row.result) if row.result else None,
    )
