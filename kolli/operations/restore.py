"""A backup put in the place of the database, so that no number is given twice and no label bought again unseen.

What happened after the backup it cannot know. What was handed out by then is found out from what stands in the folder,
if that is younger than the backup and about the same database; else a person has to say it, and nothing is changed
until one does.
"""

import errno
import re
import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select
from sqlalchemy.exc import DBAPIError

from kolli.database import Database
from kolli.database_files import copy_file, make_durable, opened_file
from kolli.errors import Impossible, KolliError, SetupError, StorageFull
from kolli.marks import MARKS, Marks
from kolli.migrations import migrate
from kolli.operations.backup import Backup, forget_facts, read_backup
from kolli.operations.secrets import examine_secrets, holds_secrets
from kolli.schema import attempts, contracts, number_ranges, parcels, sequences, shipments
from kolli.sequences import IDS, begin_descent, descent_among, jump
from kolli.shipments.attempts import State, end_leases, get_attempt, list_unsettled, move
from kolli.values import timestamp
from kolli.vault import Vault

IDS_SKIPPED = 100_000_000
"""How far the ids jump at least where nobody knows which were given out: more than ten million parcels have."""

MAYBE_ANNOUNCED = "It was queued in the backup that was restored, and may have been announced since."

_NAMED = re.compile(r"contract (\d+) (?:live|test) (\d+)")  # see `kolli.account.number_ranges`


@dataclass(frozen=True)
class Wish:
    """What a person has said to it."""

    replaces: bool = False  # the database that is there is to be put aside
    used_up_to: Mapping[str, int] = field(default_factory=dict)  # by sequence: the last number that may be on a parcel
    skip: int | None = None  # so many numbers, in every range of which nothing is known
    without_key: bool = False  # secrets that nothing opens are to be entered anew


@dataclass(frozen=True)
class Range:
    """A number range as the backup knows it."""

    sequence: str
    contract_id: int
    carrier_code: str
    contract_name: str
    first: int
    last: int
    next: int
    most_a_day: int  # numbers of its contract, on the busiest day that the backup knows

    def __str__(self) -> str:
        return f"{self.sequence} ({self.carrier_code}, {self.contract_name!r}, to {self.last})"


@dataclass(frozen=True)
class Jump:
    """Where a range goes on, and how that is known."""

    of: Range
    to: int
    because: str


@dataclass(frozen=True)
class Restored:
    """What was done, for a person to read."""

    backup: Backup
    migrated: tuple[str, ...]
    set_aside: Path | None  # the database that was there
    jumps: tuple[Jump, ...]
    unknown: Mapping[str, int]  # by sequence of ranges that the backup does not know: the first number not handed out
    ids: tuple[int, int]  # where they would have gone on, and where they do
    unsettled: int  # announcements that are looked into at the next start
    lost_secrets: int


@dataclass(frozen=True)
class _Evidence:
    """How far the numbers were handed out by the end, by sequence; and who says so."""

    marks: Mapping[str, int]
    source: str  # empty: nobody who knows all of them


def restore(source: Path, target: Path, vault: Vault | None, wish: Wish, now: datetime) -> Restored:
    """Puts a backup in the place of the database `target`, which nobody may be using.

    KolliError, and nothing changed, when the backup is not whole, when there is a database that is not to be replaced,
    when the keys do not open its secrets, and when nobody knows which numbers were used since.
    """
    backup = read_backup(source)
    is_there = target.exists()
    if is_there and not wish.replaces:
        raise Impossible(
            f"There is a database already: {target}. With --replace it is put aside, and the backup takes its place."
        )
    evidence = _evidence(target, backup)
    fresh = target.with_name(f"{target.name}.restoring")
    _remove(fresh)
    try:
        copy_file(source, fresh)
        restored = _prepare(fresh, backup, vault, wish, evidence=evidence, now=now)
        make_durable(fresh)
        set_aside = _set_aside(target, now) if is_there else None
        fresh.replace(target)
        make_durable(target.parent)
    except (OSError, sqlite3.Error) as error:
        raise SetupError(f"The backup cannot be restored to {target}: {error}.") from error
    finally:
        _remove(fresh)
    return replace(restored, set_aside=set_aside)


def _prepare(
    fresh: Path, backup: Backup, vault: Vault | None, wish: Wish, *, evidence: _Evidence, now: datetime
) -> Restored:
    database = Database(fresh)
    try:
        with database.write() as transaction:
            forget_facts(transaction)
            migrated = migrate(transaction)
            lost = _count_lost(transaction, vault)
            if lost and not wish.without_key:
                raise _no_key(backup)
            ranges = _ranges(transaction)
            jumps = _jumps(ranges, evidence, wish)
            for found in jumps:
                jump(transaction, found.of.sequence, found.to)
            ids = _jump_ids(transaction, evidence)
            unsettled = _doubt(transaction, now)
            begin_descent(transaction)  # what was handed out under the backup's, it will never know
        if not database.write_through():  # what is in the log beside it would be left behind
            raise StorageFull
    finally:
        database.close()
    unknown = _unknown_ranges(ranges, evidence)
    return Restored(backup, tuple(migrated), None, tuple(jumps), unknown, ids, unsettled, lost)


def _evidence(target: Path, backup: Backup) -> _Evidence:
    """What stands at the backup's place, if it is about the same database, and things have happened there since.

    Else it may be an old copy itself, or that of a server which was only tried out there.
    """
    made_at = backup.facts.made_at
    mine = _sequences_in(backup.path)
    descent = descent_among(mine)
    file = Marks(target.with_name(MARKS))
    marks = file.read()
    if descent and target.exists():
        with suppress(sqlite3.Error), opened_file(target) as connection:
            theirs = _sequences_in(target)
            (latest,) = connection.execute("SELECT max(changed_at) FROM attempts").fetchone()
            has_gone_on = all(theirs.get(name, number) >= number for name, number in mine.items())
            if descent in theirs and has_gone_on and latest and latest > timestamp(made_at):
                both = {name: max(theirs.get(name, 0), marks.get(name, 0)) for name in {*theirs, *marks}}
                return _Evidence(both, "the database that stood here")
    known_since, written_at = file.known_since(descent or ""), file.written_at()
    if known_since and written_at and known_since <= made_at < written_at:
        return _Evidence(marks, f"the file {MARKS}")
    return _Evidence(marks, "")


def _sequences_in(path: Path) -> dict[str, int]:
    with opened_file(path) as connection:
        return dict(connection.execute("SELECT name, next FROM sequences").fetchall())


def _ranges(transaction: Connection) -> list[Range]:
    rows = transaction.execute(
        select(number_ranges, sequences.c.next, contracts.c.carrier_code, contracts.c.body)
        .join(sequences, sequences.c.name == number_ranges.c.sequence)
        .join(contracts, contracts.c.id == number_ranges.c.contract_id)
        .order_by(number_ranges.c.contract_id, number_ranges.c.position)
    ).all()
    busiest = _busiest_days(transaction)
    return [_range(row, busiest.get(row.contract_id, 0)) for row in rows]


def _range(row: Row[Any], most_a_day: int) -> Range:
    name = msgspec.json.decode(row.body)["name"]
    return Range(row.sequence, row.contract_id, row.carrier_code, name, row.first, row.last, row.next, most_a_day)


def _busiest_days(transaction: Connection) -> dict[int, int]:
    """How many parcels each contract had on its busiest day."""
    day = func.substr(parcels.c.created_at, 1, 10)
    a_day = (
        select(shipments.c.contract_id, func.count().label("count"))
        .select_from(parcels.join(shipments, shipments.c.id == parcels.c.shipment_id))
        .group_by(shipments.c.contract_id, day)
        .subquery()
    )
    rows = transaction.execute(select(a_day.c.contract_id, func.max(a_day.c.count)).group_by(a_day.c.contract_id))
    return {contract_id: count for contract_id, count in rows if contract_id is not None}


def _jumps(ranges: Sequence[Range], evidence: _Evidence, wish: Wish) -> list[Jump]:
    """Where every range goes on. Impossible when nobody knows that of one."""
    for name, number in wish.used_up_to.items():
        found = next((one for one in ranges if one.sequence == name), None)
        if found is None:
            raise Impossible(
                f"There is no number range {name!r}. There are: {', '.join(one.sequence for one in ranges)}."
            )
        if not found.first <= number <= found.last:
            raise Impossible(f"The number {number} is not one of {name}: {found.first} to {found.last}.")
    contract_ids = {one.contract_id for one in ranges}
    jumps = [_jump(one, _handed_out(one, contract_ids, evidence), evidence.source, wish) for one in ranges]
    if unknown := [one for one, found in zip(ranges, jumps, strict=True) if found is None]:
        raise _numbers_unknown(unknown)
    return [found for found in jumps if found]


def _jump(one: Range, handed_out: int, source: str, wish: Wish) -> Jump | None:
    told = wish.used_up_to.get(one.sequence)
    if one.next > one.last:
        return Jump(one, one.next, "it was used up already")
    if told is not None:
        return Jump(one, max(one.next, handed_out, told + 1), "as was said")
    if source:
        return Jump(one, max(one.next, handed_out), f"as {source} says")
    if wish.skip is not None:
        to = max(handed_out, min(one.next + wish.skip, one.last + 1))
        return Jump(one, to, f"{wish.skip} numbers are skipped, as was said")
    return None


def _handed_out(one: Range, contract_ids: set[int], evidence: _Evidence) -> int:
    """The first number of a range that nobody was given, as far as is known.

    When the data of a contract change, what is left of its range goes on under another contract, in a sequence that the
    backup may not know: so those that begin inside this range count as well.
    """
    found = evidence.marks.get(one.sequence, 0)
    for name, number in evidence.marks.items():
        if (match := _NAMED.fullmatch(name)) is None:
            continue
        contract_id, first = int(match[1]), int(match[2])
        is_its_own = contract_id == one.contract_id or contract_id not in contract_ids
        if is_its_own and one.first <= first <= one.last and number > first:
            found = max(found, number)
    return found


def _unknown_ranges(ranges: Sequence[Range], evidence: _Evidence) -> dict[str, int]:
    """The ranges that were added after the backup: up to where they were handed out, as far as is known."""
    known = {one.sequence for one in ranges}
    found = {}
    for name, number in sorted(evidence.marks.items()):
        match = _NAMED.fullmatch(name)
        if match and name not in known and number > int(match[2]):
            found[name] = number
    return found


def _numbers_unknown(unknown: Sequence[Range]) -> Impossible:
    ranges = "".join(
        f"\n  {one}: the backup goes on at {one.next}; its contract had at most {one.most_a_day} parcels a day."
        f"\n    --numbers-used-up-to '{one.sequence}=LAST NUMBER'"
        for one in unknown
    )
    return Impossible(
        "Which numbers were handed out since the backup was made nobody knows here, and a number that is given twice is"
        " two parcels that the carrier takes for one. Nothing was changed. Say for every range the highest number that"
        " may be on a label (look at the last labels, or ask the carrier), or how many are to be left out in each, with"
        f" --skip-numbers:{ranges}"
    )


def _jump_ids(transaction: Connection, evidence: _Evidence) -> tuple[int, int]:
    before, last = transaction.execute(select(sequences.c.next, sequences.c.last).where(sequences.c.name == IDS)).one()
    known = evidence.marks.get(IDS, 0)
    after = max(before, known) if evidence.source else max(known, before + max(before, IDS_SKIPPED))
    jump(transaction, IDS, min(after, last))
    return before, after


def _doubt(transaction: Connection, now: datetime) -> int:
    """Has everything looked into at the next start that may have gone on since; gives how many that are.

    What was queued may have been announced after the backup: its carrier is asked before anything is booked.
    """
    end_leases(transaction)
    queued = select(attempts.c.account_id, attempts.c.shipment_id).where(attempts.c.state == State.QUEUED)
    for account_id, shipment_id in transaction.execute(queued).all():
        move(transaction, get_attempt(transaction, account_id, shipment_id), State.INTENDED, now, MAYBE_ANNOUNCED)
    end_leases(transaction)
    return len(list_unsettled(transaction))


def _count_lost(transaction: Connection, vault: Vault | None) -> int:
    if vault is None:
        return int(holds_secrets(transaction))
    return len(examine_secrets(transaction, vault).lost)


def _no_key(backup: Backup) -> Impossible:
    return Impossible(
        "The key file does not open the secrets of this backup. Put the key file of its time in place (KOLLI_KEY_FILE):"
        f" its keys are told by {', '.join(backup.facts.keys)}. Nothing was changed. If it is lost, restore with"
        " --without-key, run `kolli secrets forget-lost`, and enter the data of the contracts anew."
    )


def _set_aside(target: Path, now: datetime) -> Path:
    """Gives the database that is there another name; it keeps its own as well until it is replaced.

    Impossible, and nothing changed, while some process reads it: what only its log holds would be lost to it.
    """
    is_whole = True
    with suppress(KolliError, DBAPIError, sqlite3.Error):
        database = Database(target)
        is_whole = database.write_through()
        database.close()
    if not is_whole:
        raise Impossible(
            f"Some process is still reading the database {target}, such as a backup. Nothing was changed. Let it end,"
            " and try again."
        )
    aside = _free_name(target.with_name(f"{target.name}.before-{now:%Y%m%d-%H%M%S}"))
    _keep_as(target, aside)
    for ending in ("-wal", "-shm"):  # there only if it is broken; of no use to another database, and dangerous
        left = target.with_name(f"{target.name}{ending}")
        if left.exists():
            left.replace(aside.with_name(f"{aside.name}{ending}"))
    return aside


def _free_name(wanted: Path) -> Path:
    """This name, or the next one that no file has."""
    found, number = wanted, 1
    while found.exists():
        number += 1
        found = wanted.with_name(f"{wanted.name}-{number}")
    return found


def _keep_as(path: Path, other: Path) -> None:
    """Gives a file a second name, or makes a copy where a file has only one."""
    try:
        other.hardlink_to(path)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}:
            raise
        shutil.copy2(path, other)
        make_durable(other)


def _remove(path: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{ending}").unlink(missing_ok=True)
