"""What waits to go wrong on purpose: kept with the account, which every request reads anyway."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, update

from kolli.account.accounts import Account, Pending, get_account
from kolli.schema import accounts

MOST = 100
"""How many can wait at a time; an account is read with each request."""

MOST_NOTED = 250
"""How much can be noted at a time, such as which orders were busy once."""

# The revision stays: nothing of it decides how the account ships.
_WRITE = update(accounts).where(accounts.c.id == bindparam("account")).values(body=bindparam("new_body"))


def add_pending(transaction: Connection, account_id: int, more: Iterable[Pending]) -> bool:
    """Has more wait behind what waits already; False, and nothing added, when that were too many."""
    account = get_account(transaction, account_id)
    pending = (*account.pending, *more)
    if sum(each.until is None for each in pending) > MOST:
        return False
    _write(transaction, account, pending)
    return True


def note_until(transaction: Connection, account_id: int, what: Pending, now: datetime) -> None:
    """Writes down what is so until its end, in place of what has ended, and of the oldest when there is much."""
    account = get_account(transaction, account_id)
    waiting = [each for each in account.pending if each.until is None]
    noted = [each for each in account.pending if each.until is not None and each.until > now]
    _write(transaction, account, (*waiting, *noted[1 - MOST_NOTED :], what))


def take_pending(
    transaction: Connection, account_id: int, is_due: Callable[[Pending], bool], now: datetime
) -> Pending | None:
    """Uses up the first that is due, once; None when none is any more. What has ended is forgotten."""
    account = get_account(transaction, account_id)
    waiting = [each for each in account.pending if each.until is None or each.until > now]
    due = next((each for each in waiting if each.until is None and is_due(each)), None)
    if due is None:
        return None
    place = waiting.index(due)
    waiting[place : place + 1] = [replace(due, times=due.times - 1)] if due.times > 1 else []
    _write(transaction, account, tuple(waiting))
    return due


def remove_pending(transaction: Connection, account_id: int, scenario: str, route: str, way: str) -> bool:
    """Has the first that waits like this wait no more; False when none does."""
    account = get_account(transaction, account_id)
    named = (scenario, route, way)
    found = next((each for each in account.pending if (each.scenario, each.route, each.way) == named), None)
    if found is None:
        return False
    place = account.pending.index(found)
    _write(transaction, account, account.pending[:place] + account.pending[place + 1 :])
    return True


def clear_pending(transaction: Connection, account_id: int) -> int:
    """Has nothing wait any more, and says how many times something would have gone wrong."""
    account = get_account(transaction, account_id)
    _write(transaction, account, ())
    return sum(each.times for each in account.pending)


def _write(transaction: Connection, account: Account, pending: tuple[Pending, ...]) -> None:
    body = msgspec.json.encode(replace(account, pending=pending)).decode()
    transaction.execute(_WRITE, {"account": account.id, "new_body": body})
