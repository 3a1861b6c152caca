"""Encrypts what must not be readable in the database or a backup of it; the keys are in a file outside."""

import fcntl
import hmac
import os
import stat
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import IO

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from kolli.errors import SetupError

_read = msgspec.json.Decoder(dict[str, str]).decode

OPENED = 1024
"""Opened texts that are kept in memory: one for each contract that is shipped under, mostly."""

LOST = "Put the key file back that belongs to this database (KOLLI_KEY_FILE). Without it, its secrets are lost."


class Vault:
    """Seals with the first of its keys, and opens what any of them has sealed.

    One that was made `of_file` looks into the file again when it has changed or a text does not open, so that a running
    server goes along when another process changes the keys. Keys that have left the file are still remembered for
    opening, as somebody may hold a text that was sealed with one.

    Whoever stores what was sealed seals it inside the transaction that stores it: `kolli secrets rotate` drops a key
    inside a transaction of its own, after it has seen that nothing needs it.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        self._path: Path | None = None
        self._seen: tuple[int, int, int] | None = None
        self._lock = threading.Lock()
        self._keys = list(keys)
        self._fernets = [Fernet(key) for key in keys]
        self._opened = lru_cache(OPENED)(self._decrypted)

    @classmethod
    def of_file(cls, path: Path) -> "Vault":
        """A vault with the keys in a file; SetupError like `read_keys`."""
        seen = _identity(path)  # before it is read: what changes in between is seen the next time
        vault = cls(read_keys(path))
        vault._path, vault._seen = path, seen
        return vault

    def seal(self, data: Mapping[str, str]) -> str:
        """Texts by name as one encrypted text, and an empty one for none. The same texts are never the same twice."""
        if not data:
            return ""
        if _identity(self._path) != self._seen:
            self._look_again()
        return self._fernets[0].encrypt(msgspec.json.encode(dict(data))).decode()

    def open(self, sealed: str) -> dict[str, str]:
        """What was sealed, or only written by `unsealed`; nothing for an empty text.

        SetupError when none of the keys opens it.
        """
        return dict(self._opened(sealed)) if sealed else {}

    def find(self, sealed: str) -> dict[str, str] | None:
        """The same; None when none of the keys opens it."""
        try:
            return self.open(sealed)
        except SetupError:
            return None

    def is_current(self, sealed: str) -> bool:
        """Whether the first key opens it, so that the other keys are not needed for it any more."""
        try:
            self._fernets[0].decrypt(sealed)
        except InvalidToken:
            return not sealed
        return True

    def marks(self, data: bytes) -> tuple[str, ...]:
        """What tells these bytes from others and gives nothing of them away: a mark by each key, the first key's first.

        Whoever has the database alone cannot find out by trying what was marked, such as a password in a request.
        """
        if _identity(self._path) != self._seen:
            self._look_again()
        return tuple(hmac.digest(key.encode(), b"mark " + data, "sha256").hex() for key in self._keys)

    def _decrypted(self, sealed: str) -> dict[str, str]:
        if sealed.startswith("{"):
            return _read(sealed)
        with suppress(InvalidToken):
            return _read(MultiFernet(self._fernets).decrypt(sealed))
        self._look_again()
        try:
            return _read(MultiFernet(self._fernets).decrypt(sealed))
        except InvalidToken as error:
            raise SetupError(
                f"A secret in the database was encrypted with a key that is not in the key file. {LOST}"
            ) from error

    def _look_again(self) -> None:
        if self._path is None:
            return
        with self._lock:
            seen = _identity(self._path)
            fresh = read_keys(self._path)
            self._keys = [*fresh, *(key for key in self._keys if key not in fresh)]
            self._fernets = [Fernet(key) for key in self._keys]
            self._seen = seen


def is_sealed(text: str) -> bool:
    """Whether a text looks like what a vault has made: a Fernet token, whose first bytes are a version and a time."""
    return len(text) >= 100 and text.startswith("gAAAAA")


def unsealed(data: Mapping[str, str]) -> str:
    """Texts by name as a text that a vault opens, but anybody else too: as earlier versions have kept them."""
    return msgspec.json.encode(dict(data)).decode() if data else ""


def read_keys(path: Path) -> list[str]:
    """The keys in a file, one a line, the newest first. SetupError when it is not there, or holds anything else."""
    try:
        keys = path.read_text("ascii").split()
    except FileNotFoundError:
        raise SetupError(f"The key file {path} is not there. {LOST}") from None
    except (OSError, ValueError) as error:
        raise SetupError(f"The key file {path} cannot be read: {_why(error)}. Correct KOLLI_KEY_FILE.") from error
    if not keys:
        raise SetupError(f"The key file {path} is empty. {LOST}")
    for number, key in enumerate(keys, start=1):
        try:
            Fernet(key)
        except ValueError:  # whose message may hold what stands there
            raise SetupError(f"The key file {path} holds something else than keys, in line {number}. {LOST}") from None
    return keys


def write_keys(path: Path, keys: Sequence[str]) -> None:
    """Replaces the file as a whole, durably, so that no moment has neither the old keys nor the new.

    Only we can read it. SetupError when it cannot be written.
    """
    path = path.resolve()  # a link stays one
    fresh = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write("".join(f"{key}\n" for key in keys))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)  # else a power cut could leave secrets whose key is gone
        finally:
            os.close(folder)
    except OSError as error:
        raise SetupError(
            f"The key file {path} cannot be written: {_why(error)}. Make its folder writable, or correct"
            " KOLLI_KEY_FILE. Nothing was changed."
        ) from error


def new_key() -> str:
    """A key nobody has had before."""
    return Fernet.generate_key().decode()


def who_else_can_read(path: Path) -> str | None:
    """Whom beside the owner the file's mode lets read it: `everybody`, or `its group`."""
    mode = path.stat().st_mode
    if mode & stat.S_IROTH:
        return "everybody"
    return "its group" if mode & stat.S_IRGRP else None


@contextmanager
def sole_rotation(path: Path) -> Iterator[None]:
    """Makes sure that nobody else changes the keys of this file; SetupError when somebody does."""
    with _lock_of(path) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise SetupError(f"Somebody else is changing the keys in {path}. Wait until that is done.") from None
        yield


def make_key_file(path: Path, check: Callable[[], None]) -> None:
    """Makes the file with a first key, unless it is there. `check` raises when it must not be made.

    Of several processes that want it at the same moment one makes it, for all of them: a key that is replaced may have
    sealed something already.
    """
    with _lock_of(path) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            check()
            write_keys(path, [new_key()])


@contextmanager
def _lock_of(path: Path) -> Iterator[IO[str]]:
    path = path.resolve()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = path.with_name(f"{path.name}.lock").open("w")
    except OSError as error:
        raise SetupError(
            f"The key file {path} cannot be written: {_why(error)}. Make its folder writable, or correct"
            " KOLLI_KEY_FILE. Nothing was changed."
        ) from error
    with opened:
        yield opened


def _identity(path: Path | None) -> tuple[int, int, int] | None:
    """What changes whenever the file does."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _why(error: OSError | ValueError) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or "it is no text file"
