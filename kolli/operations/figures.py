"""What the start page of the panel says: labels by hour, day, carrier and country, errors by cause, what runs out.

Hours and days are those of a time zone. Labels are counted by the hour of UTC: where clocks are half an hour apart from
that, an hour is said to be the one in which it begins.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from kolli.account.contracts import find_any_contract
from kolli.account.number_ranges import NumberRange, list_all_number_ranges
from kolli.operations.context import Context
from kolli.shipments.attempts import State
from kolli.shipments.figures import Ended, LabelCount, ended_since, labels_by_hour, labels_by_kind, never_scanned
from kolli.shipments.model import Parcel, Shipment
from kolli.shipments.open_attempts import list_in
from kolli.shipments.queries import get_shipments_of_parcels

DAYS = 30
"""How many days the figures are about, today included."""

RATE_DAYS = 14
"""How many days say how fast numbers are used up."""

MOST_ENDED = 1_000
"""Attempts without a label that are read to group their reasons."""

MOST_CAUSES = 12
"""Causes that are told apart; those behind them are counted together."""

NEVER_SCANNED_DAYS = 3
"""After so many days a parcel should have been scanned, unless a person asks for another number."""

PERHAPS_PAID = (State.UNKNOWN, State.CANCELLING)

Level = Literal["ok", "watch", "soon", "now"]

LEVELS: Sequence[tuple[int, Level]] = ((99, "now"), (95, "soon"), (80, "watch"), (0, "ok"))
"""So many per cent used → how urgent that is."""

_URGENCY: Sequence[Level] = tuple(level for _, level in LEVELS)

DAYS_LEFT: Sequence[tuple[int, Level]] = ((3, "now"), (7, "soon"), (14, "watch"))
"""No more than so many days left → how urgent that is."""

FEW_DAYS = 14
FEW_PERCENT = 10
"""Fewer days, or fewer numbers, are worth a word beside a contract."""


@dataclass(frozen=True)
class Cause:
    """Why attempts came to nothing: in the words of the newest of them, and how many there were."""

    sentence: str
    count: int
    shipment_id: str  # of the newest
    at: datetime


@dataclass(frozen=True)
class NumbersLeft:
    """The numbers of one contract, for live parcels or for tests. Without a rate nobody has used any of late."""

    contract_id: int
    contract_name: str
    carrier_code: str
    is_live: bool
    ranges: tuple[NumberRange, ...]
    per_fortnight: int  # how many were used in the last 14 days

    @property
    def total(self) -> int:
        """How many numbers there are in all its ranges."""
        return sum(each.last - each.first + 1 for each in self.ranges)

    @property
    def used(self) -> int:
        """How many of them nobody can get any more."""
        return sum(each.used for each in self.ranges)

    @property
    def left(self) -> int:
        """How many are still to be handed out."""
        return self.total - self.used

    @property
    def percent(self) -> int:
        """How many per cent are used, rounded down."""
        return self.used * 100 // self.total if self.total else 100

    @property
    def days_left(self) -> int | None:
        """For how many days they last at the rate of the last 14; None when there was none."""
        return self.left * RATE_DAYS // self.per_fortnight if self.per_fortnight else None

    @property
    def is_low(self) -> bool:
        """Whether they run out soon: within days, or nearly all are used."""
        is_soon = self.days_left is not None and self.days_left < FEW_DAYS
        return is_soon or self.left * 100 < self.total * FEW_PERCENT

    @property
    def level(self) -> Level:
        """How urgent it is to get new ones."""
        by_use = next(level for percent, level in LEVELS if self.percent >= percent)
        if self.days_left is None:
            return by_use
        by_days: Level = next((level for days, level in DAYS_LEFT if self.days_left <= days), "ok")
        levels: tuple[Level, Level] = (by_use, by_days)
        return min(levels, key=_URGENCY.index)


@dataclass(frozen=True)
class Figures:
    """Everything the start page draws. Counts of labels are of those made, also when they were cancelled later."""

    today: date
    by_hour: tuple[int, ...]  # 24 of them
    by_day: tuple[tuple[date, int], ...]
    by_carrier: tuple[tuple[str, int], ...]
    by_country: tuple[tuple[str, int], ...]
    causes: tuple[Cause, ...]
    cancelled: int
    failed: int
    has_more_failed: bool
    perhaps_paid: int
    never_scanned: int
    numbers: tuple[NumbersLeft, ...]

    @property
    def labels_today(self) -> int:
        """How many labels were made today."""
        return sum(self.by_hour)

    @property
    def labels(self) -> int:
        """How many labels were made in all the days."""
        return sum(count for _, count in self.by_day)


def figures(context: Context, zone: ZoneInfo) -> Figures:
    """The numbers of today and of the last 30 days, as the clocks of a time zone tell them."""
    now = context.now()
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    since = datetime.combine(days[0], time(), zone)
    with context.database.read() as transaction:
        hours = labels_by_hour(transaction, context.account_id, since)
        kinds = labels_by_kind(transaction, context.account_id, since, now - timedelta(days=RATE_DAYS))
        ended = ended_since(transaction, context.account_id, since, MOST_ENDED)
        perhaps = len(list_in(transaction, context.account_id, PERHAPS_PAID))
        numbers = _numbers_left(transaction, context.account_id, kinds)
        _, waiting = never_scanned(transaction, context.account_id, NEVER_SCANNED_DAYS, now, size=0)
    local = [(_local(hour, zone), labels) for hour, labels in hours]
    failed = [each for each in ended if each.state is not State.CANCELLED]
    return Figures(
        today=today,
        by_hour=_by_hour(local, today),
        by_day=_by_day(local, days),
        by_carrier=_ranked((each.carrier_code, each.labels) for each in kinds),
        by_country=_ranked((each.country_code, each.labels) for each in kinds),
        causes=causes_of(failed),
        cancelled=len(ended) - len(failed),
        failed=len(failed),
        has_more_failed=len(ended) == MOST_ENDED,
        perhaps_paid=perhaps,
        never_scanned=waiting,
        numbers=tuple(numbers),
    )


def numbers_left(context: Context) -> list[NumbersLeft]:
    """How many numbers each contract of the account has left, those that run out first before the others."""
    since = context.now() - timedelta(days=RATE_DAYS)
    with context.database.read() as transaction:
        kinds = labels_by_kind(transaction, context.account_id, since, since)
        return _numbers_left(transaction, context.account_id, kinds)


def _numbers_left(transaction: Connection, account_id: int, kinds: Iterable[LabelCount]) -> list[NumbersLeft]:
    used: Counter[int] = Counter()
    for kind in kinds:
        used[kind.contract_id] += kind.labels_of_late
    found = []
    for (contract_id, is_live), ranges in list_all_number_ranges(transaction, account_id).items():
        contract = find_any_contract(transaction, account_id, contract_id)
        if contract is not None:
            rate = used[contract_id] if is_live == contract.is_live else 0
            found.append(NumbersLeft(contract_id, contract.name, contract.carrier_code, is_live, tuple(ranges), rate))
    return sorted(found, key=lambda each: (_URGENCY.index(each.level), -each.percent, each.contract_id))


def list_never_scanned(
    context: Context, days: int, *, size: int, skip: int = 0
) -> tuple[list[tuple[Shipment, Parcel]], int]:
    """Parcels announced more than so many days ago that no carrier has scanned, the oldest first, and how many."""
    with context.database.read() as transaction:
        ids, count = never_scanned(transaction, context.account_id, days, context.now(), size=size, skip=skip)
        return get_shipments_of_parcels(transaction, context.account_id, ids), count


def causes_of(failed: Iterable[Ended]) -> tuple[Cause, ...]:
    """Why attempts came to nothing, the most frequent first. Reasons that differ in numbers only are one cause."""
    found: dict[str, tuple[int, Ended]] = {}
    for each in failed:
        key = _cause(each.reason)
        count, newest = found.get(key, (0, each))
        found[key] = count + 1, max(newest, each, key=lambda ended: ended.at)
    ranked = sorted(found.items(), key=lambda item: (-item[1][0], item[0]))
    return tuple(
        Cause(newest.reason or "No reason was given.", count, newest.shipment_id, newest.at)
        for _, (count, newest) in ranked[:MOST_CAUSES]
    )


_PARTICULARS = re.compile(r'"[^"]*"|\'[^\']*\'|\d+')


def _cause(reason: str) -> str:
    """A reason without what is different each time: numbers, and what is quoted."""
    return _PARTICULARS.sub("…", reason).casefold()


def _by_hour(counts: Iterable[tuple[datetime, int]], today: date) -> tuple[int, ...]:
    hours = [0] * 24
    for at, labels in counts:
        if at.date() == today:
            hours[at.hour] += labels
    return tuple(hours)


def _by_day(counts: Iterable[tuple[datetime, int]], days: Sequence[date]) -> tuple[tuple[date, int], ...]:
    found = Counter[date]()
    for at, labels in counts:
        found[at.date()] += labels
    return tuple((day, found[day]) for day in days)


def _ranked(counted: Iterable[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    sums = Counter[str]()
    for name, count in counted:
        sums[name] += count
    return tuple(sorted(sums.items(), key=lambda item: (-item[1], item[0])))


@lru_cache(maxsize=4096)
def _local(hour: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(f"{hour}:00:00").replace(tzinfo=UTC).astimezone(zone)
