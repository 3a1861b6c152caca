"""Examines an installation, and says what has to be done."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from kolli.app import DATABASE, find_fonts, readable
from kolli.carriers.registry import installed_carriers
from kolli.database import Database
from kolli.errors import KolliError, NotDrawable
from kolli.migrations import newest_version, version_of
from kolli.settings import Settings
from kolli.shipments.attempts import list_unsettled


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at."""

    is_good: bool
    text: str


def examine(settings: Settings) -> list[Finding]:
    """Every setting with its value, and then every check, in a sequence for reading."""
    findings = [
        Finding(is_good=True, text=f"KOLLI_{name.upper()} = {getattr(settings, name)!s:<24} {field.description}")
        for name, field in Settings.model_fields.items()
    ]
    for check in (_fonts, _carriers, _database):
        try:
            findings.extend(check(settings))
        except (KolliError, OSError, sqlite3.Error) as error:
            findings.append(Finding(is_good=False, text=str(error)))
    return findings


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
    for carrier in installed_carriers(settings.data):
        yield Finding(
            is_good=True, text=f"carrier {carrier.code} ({carrier.name}): {len(carrier.options)} shipping options"
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
            yield Finding(is_good=value == wanted, text=f"{name} is {value}, so an acknowledged label is on the disk")
        intact = transaction.exec_driver_sql("PRAGMA quick_check").scalar_one()
        yield Finding(is_good=intact == "ok", text=f"the database file's structure: {intact}")
        unsettled = list_unsettled(transaction)
        text = f"{len(unsettled)} announcements of unknown outcome" + (
            "; the next start of the server looks into them" if unsettled else ""
        )
        yield Finding(is_good=not unsettled, text=text)
    database.close()
