"""People who use the panel, with what each of them may do; their passwords are kept as argon2id hashes only."""

import threading
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Literal

import msgspec
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, bindparam, func, insert, select, update

from kolli.errors import Invalid, NotFound
from kolli.schema import users
from kolli.values import timestamp


class Role(StrEnum):
    """What a person is here for."""

    OWNER = "owner"
    PACKER = "packer"
    VIEWER = "viewer"
    DEVELOPER = "developer"


class Right(StrEnum):
    """What a page asks of whoever opens it."""

    SEE = "see"
    SHIP = "ship"
    DEVELOP = "develop"
    MANAGE = "manage"


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OWNER: frozenset(Right),
    Role.PACKER: frozenset({Right.SEE, Right.SHIP}),
    Role.VIEWER: frozenset({Right.SEE}),
    Role.DEVELOPER: frozenset({Right.SEE, Right.DEVELOP}),
}
"""What each role may do: look at orders; ship, print and change them; see requests and keys; change settings."""

Theme = Literal["auto", "light", "dark"]

LONGEST_NAME = 100
SHORTEST_PASSWORD = 10
LONGEST_PASSWORD = 200
"""Characters of a password. Longer ones than this are no more secure, and only work."""

TOO_COMMON = frozenset(
    [
        "1234567890",
        "0123456789",
        "1111111111",
        "qwertyuiop",
        "password12",
        "password123",
        "passwort123",
        "wachtwoord",
        "iloveyou12",
        "welcome123",
        "willkommen",
        "welkom1234",
        "qwerty1234",
        "administrator",
        "12345678910",
        "1q2w3e4r5t",
        "zaq12wsxcde",
        "changeme123",
    ]
)
"""What is tried first where passwords of this length are guessed."""


@dataclass(frozen=True)
class Wishes:
    """How a person likes the panel."""

    language: str = ""  # empty: what the browser asks for
    theme: Theme = "auto"
    time_zone: str = ""  # empty: that of the account's sender address
    printer_id: int | None = None  # None: the account's default
    beeps: bool = True


@dataclass(frozen=True)
class User:
    """One person, of one account."""

    id: int
    account_id: int
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None = None
    wishes: Wishes = field(default_factory=Wishes)

    def may(self, right: Right) -> bool:
        """Whether their role allows this."""
        return right in RIGHTS[self.role]


_HASHER = PasswordHasher()  # argon2id, with the parameters that RFC 9106 recommends where memory is scarce
_AT_A_TIME = threading.BoundedSemaphore(2)
"""Each hash takes 64 MiB for a moment; people who sign in can wait for one another."""

_COLUMNS = (
    users.c.id,
    users.c.account_id,
    users.c.name,
    users.c.role,
    users.c.created_at,
    users.c.disabled_at,
    users.c.body,
)
_BY_NAME = select(*_COLUMNS, users.c.password_hash).where(users.c.name_key == bindparam("key"))
_BY_ID = select(*_COLUMNS).where(users.c.account_id == bindparam("account_id"), users.c.id == bindparam("user_id"))
_LIST = select(*_COLUMNS).where(users.c.account_id == bindparam("account_id")).order_by(users.c.name_key)
_ANY = select(users.c.id).limit(1)
_OWNERS = select(func.count()).where(
    users.c.account_id == bindparam("account_id"), users.c.role == Role.OWNER, users.c.disabled_at.is_(None)
)
_UPDATE = (
    update(users)
    .where(users.c.account_id == bindparam("of_account"), users.c.id == bindparam("of_id"))
    .values(role=bindparam("new_role"), body=bindparam("new_body"), disabled_at=bindparam("until_then"))
)
_SET_PASSWORD = (
    update(users)
    .where(users.c.account_id == bindparam("of_account"), users.c.id == bindparam("of_id"))
    .values(password_hash=bindparam("new_hash"))
)

_read = msgspec.json.Decoder(Wishes).decode


def hashed(password: str) -> str:
    """The hash to keep of a password. Takes some hundredths of a second, outside any transaction."""
    with _AT_A_TIME:
        return _HASHER.hash(_same(password))


def check_password(password: str, name: str) -> None:
    """Raises Invalid when a password is one that would be guessed.

    Long beats complicated, and nothing has to be changed regularly. Source: NIST SP 800-63B-4, 3.1.1.2.
    """
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(
            f"The password has {len(password)} characters. Take at least {SHORTEST_PASSWORD}: four words are good.",
            field="password",
        )
    if len(password) > LONGEST_PASSWORD:
        raise Invalid(f"The password has more than {LONGEST_PASSWORD} characters.", field="password")
    plain = password.casefold()
    if plain in TOO_COMMON or len(set(plain)) < 4 or plain in f"{name}{name}".casefold():
        raise Invalid(
            "This password is one of the first that are guessed. Take four words of your own.", field="password"
        )


def check_name(name: str) -> str:
    """A name as it is kept; Invalid when nobody could type it."""
    name = unicodedata.normalize("NFC", name.strip())
    if not name:
        raise Invalid("Give a name to sign in with, such as an e-mail address.", field="name")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise Invalid(f"A name has at most {LONGEST_NAME} characters, all of them printable.", field="name")
    return name


def has_users(transaction: Connection) -> bool:
    """Whether anybody could sign in here."""
    return transaction.execute(_ANY).one_or_none() is not None


def add_user(transaction: Connection, user: User, password_hash: str) -> None:
    """Stores a new person; Invalid when somebody has the name already."""
    if transaction.execute(_BY_NAME, {"key": key_of(user.name)}).one_or_none() is not None:
        raise Invalid(f"Somebody is called {user.name!r} already. Take another name.", field="name")
    transaction.execute(
        insert(users).values(
            id=user.id,
            account_id=user.account_id,
            name=user.name,
            name_key=key_of(user.name),
            role=user.role,
            password_hash=password_hash,
            body=msgspec.json.encode(user.wishes).decode(),
            created_at=timestamp(user.created_at),
        )
    )


def find_by_name(transaction: Connection, name: str) -> tuple[User, str] | None:
    """Whoever signs in with this name, whichever account it is, and the hash of their password."""
    row = transaction.execute(_BY_NAME, {"key": key_of(name)}).one_or_none()
    return None if row is None else (_user(row), row.password_hash)


@cache
def _no_hash() -> str:
    """What a password is compared with that nobody has."""
    return _HASHER.hash("nobody has this password")


def is_right(password: str, password_hash: str | None) -> bool:
    """Whether this is the password that was hashed, in the same time whatever the answer; None belongs to nobody."""
    with _AT_A_TIME:
        try:
            _HASHER.verify(password_hash or _no_hash(), _same(password[: LONGEST_PASSWORD + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None


def get_user(transaction: Connection, account_id: int, user_id: int) -> User:
    """The account's person with this id, who must be there."""
    row = transaction.execute(_BY_ID, {"account_id": account_id, "user_id": user_id}).one_or_none()
    if row is None:
        raise NotFound(f"There is no user {user_id}.")
    return _user(row)


def list_users(transaction: Connection, account_id: int) -> list[User]:
    """Everybody of an account, by name."""
    return [_user(row) for row in transaction.execute(_LIST, {"account_id": account_id})]


def update_user(transaction: Connection, user: User) -> None:
    """Stores another role, other wishes, or that a person is shut out; Invalid when no owner would be left."""
    transaction.execute(
        _UPDATE,
        {
            "of_account": user.account_id,
            "of_id": user.id,
            "new_role": user.role,
            "new_body": msgspec.json.encode(user.wishes).decode(),
            "until_then": timestamp(user.disabled_at) if user.disabled_at else None,
        },
    )
    if transaction.execute(_OWNERS, {"account_id": user.account_id}).scalar_one() == 0:
        raise Invalid("Somebody has to be an owner. Make another person one first.", field="role")


def set_password(transaction: Connection, user: User, password_hash: str) -> None:
    """Stores the hash of a new password."""
    transaction.execute(_SET_PASSWORD, {"of_account": user.account_id, "of_id": user.id, "new_hash": password_hash})


def key_of(name: str) -> str:
    """What a name is looked up by: however its letters are composed, and whether they are large or small."""
    return unicodedata.normalize("NFC", name.strip()).casefold()


def _same(password: str) -> str:
    """Keyboards compose letters differently. Source: NIST SP 800-63B-4, 3.1.1.2."""
    return unicodedata.normalize("NFKC", password)


def _user(row: Any) -> User:
    return User(
        row.id,
        row.account_id,
        row.name,
        Role(row.role),
        datetime.fromisoformat(row.created_at),
        datetime.fromisoformat(row.disabled_at) if row.disabled_at else None,
        _read(row.body),
    )
