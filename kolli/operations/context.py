"""Who asks, and what this installation has to work with."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from random import Random, SystemRandom
from uuid import uuid4

from sqlalchemy import Connection

from kolli.account.accounts import Account, get_account
from kolli.account.idempotent_requests import Claim
from kolli.account.keys import ApiKey
from kolli.carriers.registry import Carriers
from kolli.database import Database
from kolli.documents.fonts import Fonts
from kolli.errors import Forbidden
from kolli.operations.calls import Calls
from kolli.operations.configuration import Configurations
from kolli.operations.keys_at_work import KeysAtWork
from kolli.operations.late_answers import LateAnswers
from kolli.outgoing import Outgoing
from kolli.room import Room
from kolli.sequences import Sequences
from kolli.settings import Settings
from kolli.vault import Vault
from kolli.wires import Wires

Write = Callable[[], AbstractContextManager[Connection]]
"""What opens a transaction that may change data: `Context.write`, or `Database.write` where no caller is behind it."""


@dataclass(frozen=True)
class Installation:
    """One running Kolli: built once by `kolli.app`, shared by every thread."""

    settings: Settings
    database: Database
    sequences: Sequences
    carriers: Carriers
    configurations: Configurations
    fonts: Fonts
    image: Callable[[int, str], bytes]  # a picture by its account and hash; it never changes, so it is kept in memory
    clock: Callable[[], datetime]  # now, in UTC
    outgoing: Outgoing  # the way to others
    vault: Vault  # opens contracts' secrets
    public_url: str  # where clients reach us, without a slash at the end
    calls: Calls = field(default_factory=Calls)  # to carriers, at this moment
    keys_at_work: KeysAtWork = field(default_factory=KeysAtWork)  # of requests, at this moment
    late_answers: LateAnswers = field(default_factory=LateAnswers)  # those that wait on purpose, at this moment
    random: Random = field(default_factory=SystemRandom)  # what shipments' ids come from; not for secrets
    wires: Wires = field(default_factory=Wires)  # the way to printers; unless it is given, to none
    owner: str = field(default_factory=lambda: uuid4().hex)  # by which leases say that it is this process

    @property
    def room(self) -> Room:
        """The room on the disk that is kept for carriers' answers; always there where nothing else was said."""
        return self.database.room


@dataclass(frozen=True)
class Context:
    """One caller, known by its key, on one installation."""

    installation: Installation
    account: Account
    key: ApiKey
    scopes: frozenset[str] | None = None  # what an access token allows; None: everything
    claim: Claim | None = None  # of the request's Idempotency-Key; None: it has none
    scenario: str = ""  # what its request is to meet on purpose; see `kolli.scenarios`
    route: str = ""  # the request's path, with braces where it has ids
    applied: list[str] = field(default_factory=list, compare=False)  # the scenarios that its answer is marked with

    @property
    def account_id(self) -> int:
        """The id that every query asks for."""
        return self.account.id

    @property
    def database(self) -> Database:
        """The installation's database."""
        return self.installation.database

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may change data for the caller; the first of a request makes its claim to its key.

        What this process does beside the request, such as settling what was left behind, is no part of it.
        """
        if self.claim is None:
            with self.database.write() as transaction:
                yield transaction
            return
        with self.claim.kept_if_durable(), self.database.write() as transaction:
            self.claim.make(transaction)
            yield transaction

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier try of this request has changed something, and was broken off before it was answered."""
        return self.claim is not None and self.claim.is_resumed

    def leave_open(self) -> None:
        """Says that the answer is not the last word, so that the same request with the same key is gone on with."""
        if self.claim is not None:
            self.claim.is_final = False

    def require(self, scope: str) -> None:
        """Raises Forbidden when the caller's token was not given this scope."""
        if self.scopes is not None and scope not in self.scopes:
            message = f"The access token does not have the scope {scope!r}. Request a token with it."
            raise Forbidden(message, details={"scope": scope})

    def now(self) -> datetime:
        """The time, in UTC."""
        return self.installation.clock()


def context_of(installation: Installation, account_id: int, who: str) -> Context:
    """What the installation does by itself for an account, without a key; `who` is how logs and attempts call it."""
    with installation.database.read() as transaction:
        account = get_account(transaction, account_id)
    return Context(installation, account, ApiKey("", account_id, who))
