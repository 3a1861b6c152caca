"""The secrets in the database: where they are, that they are sealed, and how they get a new key.

A rotation may die at any point and be run again: the key file holds every key that something in the database needs, at
every moment. It may run beside a server, whose vault follows the file.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Table, select, update

from kolli.account.accounts import touch
from kolli.account.integrations import sealed_key_in
from kolli.database import Database, erase_what_is_replaced
from kolli.errors import SetupError
from kolli.schema import contracts, event_connections, integrations
from kolli.vault import LOST, Vault, new_key, read_keys, sole_rotation, unsealed, write_keys

log = logging.getLogger(__name__)

FORGOTTEN = "The data of this contract were lost with their key. Enter them anew."

AT_A_TIME = 200
"""Rows that one transaction looks at, so that a server beside us never waits long."""


@dataclass(frozen=True)
class Place:
    """A column that secrets stand in: how to find the sealed text in a row's text, and how to put another there."""

    name: str  # of several of them
    table: Table
    column: Column[Any]
    find: Callable[[str], str]  # empty: there is no secret
    put: Callable[[str, str], str]
    forget: Callable[[str], str] = str  # says in a row's text that its secret is gone
    decides_shipping: bool = False  # so that what is kept in memory about the account has to be forgotten


@dataclass(frozen=True)
class Secret:
    """One secret, by its row."""

    place: Place
    id: int
    account_id: int
    text: str  # the column's

    @property
    def sealed(self) -> str:
        """The secret itself, sealed or not."""
        return self.place.find(self.text)


@dataclass(frozen=True)
class Findings:
    """How many secrets there are of each kind, and those that no key opens."""

    current: Counter[str] = field(default_factory=Counter)
    under_an_older_key: Counter[str] = field(default_factory=Counter)
    readable: Counter[str] = field(default_factory=Counter)
    lost: list[Secret] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many there are in all."""
        return sum(map(Counter.total, (self.current, self.under_an_older_key, self.readable))) + len(self.lost)


def _in_member(sealed: str, plain: str) -> tuple[Callable[[str], str], Callable[[str, str], str]]:
    """For a secret in a member of a JSON object, which earlier versions kept as an object under another name."""

    def find(text: str) -> str:
        body = msgspec.json.decode(text, type=dict[str, Any])
        found: str = body.get(sealed) or unsealed(body.get(plain) or {})
        return found

    def put(text: str, secret: str) -> str:
        body = msgspec.json.decode(text, type=dict[str, Any])
        return msgspec.json.encode({**body, sealed: secret, plain: {}}).decode()

    return find, put


def _forgotten_contract(text: str) -> str:
    body = msgspec.json.decode(text, type=dict[str, Any])
    return msgspec.json.encode({**body, "state": "validation_failed", "error": FORGOTTEN}).decode()


PLACES = (
    Place(
        *("contracts", contracts, contracts.c.body),
        *_in_member("sealed_data", "data"),
        forget=_forgotten_contract,
        decides_shipping=True,
    ),
    Place("integrations", integrations, integrations.c.signature_key, sealed_key_in, lambda _, secret: secret),
    Place("connections", event_connections, event_connections.c.body, *_in_member("sealed_auth", "auth_config")),
)
"""Every column that secrets stand in."""


def holds_secrets(transaction: Connection) -> bool:
    """Whether anything in the database is sealed, and lost without its key."""
    return any(not secret.sealed.startswith("{") for place in PLACES for secret in _all(transaction, place))


def examine_secrets(transaction: Connection, vault: Vault) -> Findings:
    """Looks at every secret of the installation."""
    findings = Findings()
    for place in PLACES:
        for secret in _all(transaction, place):
            _examine(secret, vault, findings)
    return findings


def seal_what_is_readable(database: Database, vault: Vault) -> int:
    """Seals what earlier versions have kept readable; gives how much that was.

    SetupError when nothing of what is sealed opens: then the key file is another installation's.
    """
    with database.read() as transaction:
        findings = examine_secrets(transaction, vault)
    opened = findings.count - len(findings.lost) - findings.readable.total()
    if findings.lost and not opened:
        raise SetupError(f"None of the keys in the key file opens a secret of this database. {LOST}")
    for secret in findings.lost:
        log.error("The secret of %s %d cannot be opened with any key. Give it anew.", secret.place.name, secret.id)
    if not findings.readable:
        return 0
    count = sum(_reseal(database, vault, place) for place in PLACES)
    database.write_through()
    return count


def rotate(database: Database, path: Path) -> Counter[str]:
    """Seals every secret with a new key and drops all others; gives how many were sealed anew, by kind.

    What no key opens stays as it is: no key that is dropped would have opened it. SetupError, and no key is dropped,
    when the file cannot be written.
    """
    with sole_rotation(path):
        fresh = new_key()
        write_keys(path, [fresh, *read_keys(path)])
        vault = Vault.of_file(path)
        sealed: Counter[str] = Counter()
        while True:
            for place in PLACES:
                sealed[place.name] += _reseal(database, vault, place)
            with database.write() as transaction:  # whoever seals waits, or has seen the new key
                if all(_is_done(transaction, vault, place) for place in PLACES):
                    write_keys(path, [fresh])
                    break
        database.write_through()
        return +sealed


def _is_done(transaction: Connection, vault: Vault, place: Place) -> bool:
    return not any(_is_stale(secret, vault) for secret in _all(transaction, place))


def _reseal(database: Database, vault: Vault, place: Place) -> int:
    """Seals with the first key what is not sealed with it yet; gives how much that was."""
    count = last = 0
    while True:
        with database.write() as transaction:
            rows = list(_some(transaction, place, last))
            stale = [secret for secret in rows if _is_stale(secret, vault)]
            if stale:
                erase_what_is_replaced(transaction)
            for secret in stale:
                text = place.put(secret.text, vault.seal(vault.open(secret.sealed)))
                own = place.table.c.id == secret.id
                transaction.execute(update(place.table).where(own).values({place.column.name: text}))
            for account_id in {secret.account_id for secret in stale if place.decides_shipping}:
                touch(transaction, account_id)
        if not rows:
            return count
        count, last = count + len(stale), rows[-1].id


def forget_what_is_lost(database: Database, vault: Vault) -> list[Secret]:
    """Empties every secret that no key opens, and gives them. Contracts without their data are not shipped under."""
    with database.write() as transaction:
        lost = examine_secrets(transaction, vault).lost
        for secret in lost:
            text = secret.place.forget(secret.place.put(secret.text, ""))
            own = secret.place.table.c.id == secret.id
            transaction.execute(update(secret.place.table).where(own).values({secret.place.column.name: text or None}))
            touch(transaction, secret.account_id)
    return lost


def _is_stale(secret: Secret, vault: Vault) -> bool:
    """Whether a secret needs another key than the first, and opens with one."""
    return not vault.is_current(secret.sealed) and vault.find(secret.sealed) is not None


def _examine(secret: Secret, vault: Vault, findings: Findings) -> None:
    name = secret.place.name
    if secret.sealed.startswith("{"):
        findings.readable[name] += 1
        return
    try:
        vault.open(secret.sealed)
    except SetupError:
        findings.lost.append(secret)
    else:
        (findings.current if vault.is_current(secret.sealed) else findings.under_an_older_key)[name] += 1


def _all(transaction: Connection, place: Place) -> Iterator[Secret]:
    last = 0
    while rows := list(_some(transaction, place, last)):
        last = rows[-1].id
        yield from (secret for secret in rows if secret.sealed)


def _some(transaction: Connection, place: Place, last: int) -> Iterator[Secret]:
    table = place.table
    statement = select(table.c.id, table.c.account_id, place.column.label("text")).where(table.c.id > last)
    for row in transaction.execute(statement.order_by(table.c.id).limit(AT_A_TIME)):
        yield Secret(place, row.id, row.account_id, row.text or "")
