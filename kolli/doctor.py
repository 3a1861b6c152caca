"""Examines an installation, and says what has to be done."""

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection

from kolli.app import DATABASE, MIB, find_fonts, key_file, now, readable, size_of_room
from kolli.carriers.registry import installed_carriers
from kolli.database import Database
from kolli.database_files import network_file_system
from kolli.errors import KolliError, NotDrawable
from kolli.jobs import find_longest_due, list_dead
from kolli.migrations import newest_version, version_of
from kolli.operations.secrets import examine_secrets, holds_secrets
from kolli.room import ROOM, allocated_bytes, free_bytes
from kolli.settings import Settings
from kolli.shipments.attempts import list_unsettled
from kolli.vault import Vault, who_else_can_read

LONGEST_QUEUE_MINUTES = 10
"""A running server takes a job up within seconds; one that waits as long is not being looked after."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    is_good: bool
    text: str


def examine(settings: Settings) -> list[Finding]:
    """Every setting with its value, and then every check, in a sequence for reading."""
    findings = [
        Finding(is_good=True, text=f"{f'KOLLI_{name.upper()}':<21} {_shown(settings, name):<22} {field.description}")
        for name, field in Settings.model_fields.items()
    ]
    for check in (_folder, _disk, _fonts, _carriers, _database):
        try:
            findings.extend(check(settings))
        except (KolliError, OSError, sqlite3.Error) as error:
            findings.append(Finding(is_good=False, text=str(error)))
    return findings


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    return ", ".join(map(str, value)) or "-" if isinstance(value, frozenset) else str(value or "-")


def _folder(settings: Settings) -> Iterator[Finding]:
    there = next(path for path in (settings.data, *settings.data.absolute().parents) if path.exists())
    is_good = there.is_dir() and os.access(there, os.W_OK)
    text = f"{there} can be written to" if is_good else f"{there} is no folder that can be written to: set KOLLI_DATA"
    yield Finding(is_good=is_good, text=text)


def _disk(settings: Settings) -> Iterator[Finding]:
    if not settings.data.exists():
        return
    free = free_bytes(settings.data) // MIB
    wanted = size_of_room(settings)
    path = settings.data / ROOM
    kept = allocated_bytes(path)
    is_good = kept >= wanted or free * MIB >= wanted
    text = f"{kept // MIB} of {wanted // MIB} MiB are kept in {path} for carriers' answers, and {free} MiB are free"
    hint = "" if is_good else ": too little to book anything. Make room, or lower KOLLI_ROOM_MIB"
    yield Finding(is_good=is_good, text=text + hint)
    if kind := network_file_system(settings.data):
        text = (
            f"{settings.data} is on a network file system ({kind}), where SQLite can lose data: move it to a disk here"
        )
        yield Finding(is_good=False, text=text)


def _fonts(settings: Settings) -> Iterator[Finding]:
    try:
        find_fonts(settings).printable("東京 서울", field="")
    except NotDrawable:
        text = (
            "no font for Han, Kana and Hangul: such addresses are refused. Install fonts-noto-cjk or set KOLLI_CJK_FONT"
        )
    else:
        text = "a font for Han, Kana and Hangul is there"
    yield Finding(is_good=True, text=text)


def _carriers(settings: Settings) -> Iterator[Finding]:
    if not settings.data.exists():
        return  # a carrier may keep files there, and looking must not make any
    for carrier in installed_carriers(settings.data):
        yield Finding(
            is_good=True,
            text=f"carrier {carrier.code} ({carrier.name}): " + ", ".join(option.code for option in carrier.options),
        )


def _database(settings: Settings) -> Iterator[Finding]:
    path = settings.data / DATABASE
    if not path.exists():
        yield Finding(is_good=True, text=f"no database yet; the first start makes {path}")
        return
    database = Database(path)
    with readable(database), database.read() as transaction:
        at = version_of(transaction)
        if at != newest_version():
            yield Finding(is_good=False, text=f"{path} has version {at}, not {newest_version()}: run `kolli migrate`")
            return
        yield Finding(is_good=True, text=f"{path} has version {at}")
        for name, wanted in (("journal_mode", "wal"), ("synchronous", 2)):
            value = transaction.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            is_good = value == wanted
            meaning = "acknowledged labels are on the disk" if is_good else f"a power cut may lose labels: not {wanted}"
            yield Finding(is_good=is_good, text=f"{name} is {value}: {meaning}")
        intact = transaction.exec_driver_sql("PRAGMA quick_check").scalar_one()
        yield Finding(is_good=intact == "ok", text=f"the database file's structure: {intact}")
        unsettled = list_unsettled(transaction)
        text = f"{len(unsettled)} announcements of unknown outcome" + (
            "; a running server looks into them: see `kolli attempts list`" if unsettled else ""
        )
        yield Finding(is_good=not unsettled, text=text)
        yield from _jobs(transaction)
        yield from _secrets(transaction, settings)
    database.close()


def _secrets(transaction: Connection, settings: Settings) -> Iterator[Finding]:
    path = key_file(settings)
    if not path.exists():
        is_lost = holds_secrets(transaction)
        text = f"the key file {path} is not there, but the database holds secrets: put it back"
        yield Finding(is_good=not is_lost, text=text if is_lost else f"no key file yet; the first start makes {path}")
        return
    found = examine_secrets(transaction, Vault.of_file(path))
    bad = len(found.lost) + found.readable.total()
    text = f"{found.count} secrets in the database" + (f", {bad} of them not as they should be" if bad else "")
    yield Finding(is_good=not bad, text=text + ("; see `kolli secrets check`" if bad else ""))
    if others := who_else_can_read(path):
        yield Finding(is_good=False, text=f"the key file {path} can be read by {others}: run `chmod 600 {path}`")


def _jobs(transaction: Connection) -> Iterator[Finding]:
    dead = len(list_dead(transaction))
    text = f"{dead} jobs were given up" + ("; see `kolli jobs list`" if dead else "")
    yield Finding(is_good=not dead, text=text)
    due_at = find_longest_due(transaction)
    late = max(0, int((now() - due_at).total_seconds() // 60)) if due_at else 0
    is_good = late <= LONGEST_QUEUE_MINUTES
    hint = "" if is_good else "; is the server running, and do the carriers answer?"
    yield Finding(is_good=is_good, text=f"the job that waits longest has been due for {late} minutes{hint}")
