"""What an account has configured about how it ships, made ready for decisions and kept until it changes."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import Connection

from kolli.account.accounts import revision_of
from kolli.carriers.registry import Carriers
from kolli.operations.catalogue import Catalogue, catalogue_of
from kolli.operations.known import checked_rules, known_to
from kolli.operations.parties import Parties
from kolli.rules.engine import CompiledRules, compile_rules
from kolli.rules.model import Rule
from kolli.rules.queries import fetch_rules
from kolli.rules.validation import Known
from kolli.vault import Vault

ACCOUNTS = 256
"""Accounts whose configuration is kept in memory."""


@dataclass(frozen=True)
class Configuration:
    """What an account had configured at one revision."""

    revision: int
    catalogue: Catalogue
    parties: Parties = field(compare=False)
    known: Known  # what its rules could refer to
    read_rules: Callable[[], list[Rule]] = field(compare=False)

    @cached_property
    def rules(self) -> CompiledRules:
        """Its rules, ready to be applied: made when somebody asks, which those who change rule after rule do not."""
        return compile_rules(checked_rules(self.read_rules(), self.known))


class Configurations:
    """The configurations of the accounts that were at work last.

    Whoever asks reads the account's revision in the transaction that it decides in, so that another process's change
    counts from the moment it is committed.
    """

    def __init__(self, carriers: Carriers, vault: Vault) -> None:
        self._carriers = carriers
        self._vault = vault
        self._kept: dict[int, Configuration] = {}
        self._lock = threading.Lock()

    def of(self, transaction: Connection, account_id: int) -> Configuration:
        """The account's configuration as this transaction sees it, which has changed nothing of it itself.

        Were such a change undone, what it had been would be kept for the next one with its revision.
        """
        revision = revision_of(transaction, account_id)
        with self._lock:
            kept = self._kept.pop(account_id, None)
            if kept is not None:
                self._kept[account_id] = kept  # the last one to be forgotten
        if kept is not None and kept.revision == revision:
            return kept
        made = self._made(transaction, account_id, revision, kept)
        with self._lock:
            self._kept[account_id] = made
            while len(self._kept) > ACCOUNTS:
                del self._kept[next(iter(self._kept))]
        return made

    def _made(
        self, transaction: Connection, account_id: int, revision: int, kept: Configuration | None
    ) -> Configuration:
        before = kept.catalogue if kept else None
        catalogue = catalogue_of(transaction, account_id, self._carriers, self._vault, before)
        known = known_to(transaction, account_id, catalogue)
        return Configuration(revision, catalogue, Parties(account_id), known, fetch_rules(transaction, account_id))
