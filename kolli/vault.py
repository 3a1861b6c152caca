"""Encrypts what must not be readable in the database or a backup of it; the keys are in a file outside."""

import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from kolli.errors import SetupError

_read = msgspec.json.Decoder(dict[str, str]).decode

OPENED = 1024
"""Opened texts that are kept in memory: one for each contract that is shipped under, mostly."""


class Vault:
    """Seals with the first of its keys, and opens what any of them has sealed."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._first = Fernet(keys[0])
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._opened = lru_cache(OPENED)(self._decrypted)

    def seal(self, data: Mapping[str, str]) -> str:
        """Texts by name as one encrypted text. The same texts are never the same twice."""
        return self._fernet.encrypt(msgspec.json.encode(dict(data))).decode()

    def open(self, sealed: str) -> dict[str, str]:
        """What was sealed; nothing for an empty text. SetupError when none of the keys opens it."""
        return dict(self._opened(sealed)) if sealed else {}

    def is_current(self, sealed: str) -> bool:
        """Whether the first key opens it, so that the other keys are not needed for it any more."""
        try:
            self._first.decrypt(sealed)
        except InvalidToken:
            return False
        return True

    def _decrypted(self, sealed: str) -> dict[str, str]:
        try:
            return _read(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise SetupError(
                "A secret in the database was encrypted with a key that is not in the key file. Put the key file back"
                " that belongs to this database (KOLLI_KEY_FILE)."
            ) from error


def read_keys(path: Path) -> list[str]:
    """The keys in a file, one a line, the newest first; a file that is not there is made, with one new key.

    SetupError when it cannot be read or holds something else.
    """
    try:
        if not path.exists():
            write_keys(path, [new_key()])
        keys = path.read_text("ascii").split()
        for key in keys:
            Fernet(key)
    except (OSError, ValueError) as error:
        raise SetupError(f"The key file {path} cannot be used: {error}. Correct KOLLI_KEY_FILE.") from error
    if not keys:
        raise SetupError(f"The key file {path} is empty. Put the key file back that belongs to this database.")
    return keys


def write_keys(path: Path, keys: Sequence[str]) -> None:
    """Replaces the file as a whole, so that no moment has neither the old keys nor the new; only we can read it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("".join(f"{key}\n" for key in keys))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def new_key() -> str:
    """A key nobody has had before."""
    return Fernet.generate_key().decode()
