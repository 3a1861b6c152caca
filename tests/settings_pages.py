"""What tests of the settings pages have in common: stamps, the audit trail, somebody of another account."""

import re

from httpx2 import Response

from kolli.account.accounts import Account, add_account
from kolli.account.audit import Entry, Wanted, list_entries
from tests.factories import Caller
from tests.hostile import HOSTILE
from tests.people import Person, person

SOME_HOSTILE = HOSTILE[::29]
"""Some of them are enough for one page: all pages escape in one place."""


def stamp_on(page: Response) -> str:
    """The stamp of the record that the forms on a page were filled from."""
    found = re.search(r'name="stamp" value="([0-9a-f]+)"', page.text)
    assert found, "The page has no form with a stamp."
    return found[1]


def newest_entry(caller: Caller) -> Entry:
    """What the audit trail says last."""
    with caller.installation.database.read() as transaction:
        return list_entries(transaction, 1, Wanted(), 1)[0]


def a_stranger(caller: Caller) -> Person:
    """The owner of another account."""
    with caller.installation.database.write() as transaction:
        add_account(transaction, Account(2, "Other"))
    return person(caller.installation, "owner", account_id=2)
