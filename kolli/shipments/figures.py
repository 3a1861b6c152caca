"""Numbers people look at: labels by hour, carrier and country, what came to nothing, what nobody has scanned.

Labels are counted in the transaction that stores them, so that nobody has to count shipments. Everything else is found
in an index that holds little more than what is looked for; tests look at the query plans.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, bindparam, case, func, select, text

from kolli.database import insert_or
from kolli.schema import attempts, label_counts, parcels
from kolli.shipments.attempts import State
from kolli.shipments.model import LABEL_IS_VOID, ParcelStatus, Shipment
from kolli.values import timestamp

HOUR = len("2026-11-24T12")
"""Characters of a time that say in which hour it is."""

NOT_SCANNED = (
    ParcelStatus.READY_TO_SEND,
    ParcelStatus.ANNOUNCED,
    ParcelStatus.ANNOUNCED_UNCOLLECTED,
    ParcelStatus.COLLECT_ERROR,
    ParcelStatus.CANCELLATION_FAILED,
)
"""Statuses of a parcel that has a label, and that no carrier has had in its hands as far as is known."""

LONGEST_WAIT = timedelta(days=90)
"""What was announced longer ago is history: nobody finds out any more what has become of it."""


@dataclass(frozen=True)
class LabelCount:
    """How many labels were made for one carrier, country and contract (0: the built-in one)."""

    carrier_code: str
    country_code: str
    contract_id: int
    labels: int
    labels_of_late: int


@dataclass(frozen=True)
class Ended:
    """An attempt that ended without a label, or whose label was cancelled, and why."""

    shipment_id: str
    state: State
    reason: str
    at: datetime


_ADD = insert_or(label_counts)
_COUNT = _ADD.on_conflict_do_update(
    index_elements=["account_id", "hour", "carrier_code", "country_code", "contract_id"],
    set_={"labels": label_counts.c.labels + _ADD.excluded.labels},
)
_SINCE = (label_counts.c.account_id == bindparam("account_id"), label_counts.c.hour >= bindparam("since"))
_SUM = func.sum(label_counts.c.labels)
_BY_HOUR = select(label_counts.c.hour, _SUM).where(*_SINCE).group_by(label_counts.c.hour)
_KINDS = (label_counts.c.carrier_code, label_counts.c.country_code, label_counts.c.contract_id)
_OF_LATE = func.sum(case((label_counts.c.hour >= bindparam("lately"), label_counts.c.labels), else_=0))
_BY_KIND = select(*_KINDS, _SUM, _OF_LATE).where(*_SINCE).group_by(*_KINDS)

_CARRIERS = (
    select(parcels.c.carrier_code, func.count())
    .where(
        parcels.c.account_id == bindparam("account_id"),
        parcels.c.announced_at >= bindparam("start"),
        parcels.c.announced_at < bindparam("end"),
    )
    .group_by(parcels.c.carrier_code)
    .order_by(parcels.c.carrier_code)
)

# In the words of their indexes, with no parameters: a partial one is only used for what is certain to be in it.
_ENDED = (
    select(attempts.c.shipment_id, attempts.c.state, attempts.c.reason, attempts.c.changed_at)
    .where(
        attempts.c.account_id == bindparam("account_id"),
        attempts.c.changed_at >= bindparam("since"),
        text("attempts.state IN ('rejected', 'abandoned', 'cancelled')"),
    )
    .order_by(attempts.c.changed_at.desc())
    .limit(bindparam("most"))
)
_ANNOUNCED = (
    select(parcels.c.id, parcels.c.status)
    .where(
        parcels.c.account_id == bindparam("account_id"),
        parcels.c.announced_at >= bindparam("start"),
        parcels.c.announced_at < bindparam("end"),
        parcels.c.carrier_code == bindparam("carrier_code"),
    )
    .order_by(parcels.c.announced_at, parcels.c.id)
)
_WAITING = (
    parcels.c.account_id == bindparam("account_id"),
    parcels.c.announced_at >= bindparam("start"),
    parcels.c.announced_at < bindparam("end"),
    text(f"parcels.status IN ({', '.join(repr(str(status)) for status in NOT_SCANNED)})"),
)
_NEVER_SCANNED = (
    select(parcels.c.id)
    .where(*_WAITING)
    .order_by(parcels.c.announced_at, parcels.c.id)
    .limit(bindparam("size"))
    .offset(bindparam("skip"))
)
_HOW_MANY = select(func.count()).select_from(parcels).where(*_WAITING)


def count_labels(transaction: Connection, shipment: Shipment, now: datetime) -> None:
    """Counts the labels of a shipment, in the transaction that stores them."""
    draft = shipment.draft
    row = {
        "account_id": shipment.account_id,
        "hour": timestamp(now)[:HOUR],
        "carrier_code": draft.carrier_code,
        "country_code": draft.recipient.country_code,
        "contract_id": draft.contract_id or 0,
        "labels": len(shipment.parcels),
    }
    transaction.execute(_COUNT, row)


def labels_by_hour(transaction: Connection, account_id: int, since: datetime) -> list[tuple[str, int]]:
    """How many labels the account has made in each hour (of UTC) in which there were any."""
    rows = transaction.execute(_BY_HOUR, {"account_id": account_id, "since": timestamp(since)[:HOUR]})
    return [(hour, int(labels)) for hour, labels in rows]


def labels_by_kind(transaction: Connection, account_id: int, since: datetime, lately: datetime) -> list[LabelCount]:
    """How many labels the account has made since then, and how many of late, by carrier, country and contract.

    Both times are those of the hours in which they lie.
    """
    values = {"account_id": account_id, "since": timestamp(since)[:HOUR], "lately": timestamp(lately)[:HOUR]}
    rows = transaction.execute(_BY_KIND, values)
    return [LabelCount(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows]


def ended_since(transaction: Connection, account_id: int, since: datetime, most: int) -> list[Ended]:
    """The account's attempts that have ended without a label since then, or whose label was cancelled; newest first."""
    values = {"account_id": account_id, "since": timestamp(since), "most": most}
    return [
        Ended(row.shipment_id, State(row.state), row.reason, datetime.fromisoformat(row.changed_at))
        for row in transaction.execute(_ENDED, values)
    ]


def parcels_announced(
    transaction: Connection, account_id: int, carrier_code: str, start: datetime, end: datetime
) -> tuple[list[int], int]:
    """The ids of the account's parcels that a carrier was told of in a span of time, in that sequence.

    Those whose label is void by now are not among them; how many these are comes second.
    """
    values = {
        "account_id": account_id,
        "carrier_code": carrier_code,
        "start": timestamp(start),
        "end": timestamp(end),
    }
    rows = transaction.execute(_ANNOUNCED, values).all()
    ids = [row.id for row in rows if row.status not in LABEL_IS_VOID]
    return ids, len(rows) - len(ids)


def carriers_announced(transaction: Connection, account_id: int, day: date, zone: ZoneInfo) -> list[tuple[str, int]]:
    """The carriers that were told of parcels on a day, as clocks of a time zone tell it, and of how many."""
    start, end = bounds_of(day, zone)
    values = {"account_id": account_id, "start": timestamp(start), "end": timestamp(end)}
    return [(code, int(count)) for code, count in transaction.execute(_CARRIERS, values)]


def bounds_of(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """When a day begins in a time zone, and when the next one does."""
    return datetime.combine(day, time(), zone), datetime.combine(day + timedelta(days=1), time(), zone)


def never_scanned(
    transaction: Connection, account_id: int, days: int, now: datetime, *, size: int, skip: int = 0
) -> tuple[Sequence[int], int]:
    """The ids of parcels announced more than so many days ago that no carrier has scanned, and how many there are.

    The longest wait comes first. What was announced more than 90 days ago is not among them.
    """
    values = {
        "account_id": account_id,
        "start": timestamp(now - LONGEST_WAIT),
        "end": timestamp(now - timedelta(days=days)),
    }
    ids = transaction.execute(_NEVER_SCANNED, {**values, "size": size, "skip": skip}).scalars().all()
    count: int = transaction.execute(_HOW_MANY, values).scalar_one()
    return ids, count
