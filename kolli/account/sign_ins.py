"""What slows the guessing of passwords down: failures are counted by name and by address, and forgotten later."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import Connection, bindparam, case, delete, select

from kolli.account.users import key_of
from kolli.database import insert_or
from kolli.errors import LimitReached
from kolli.schema import sign_in_failures
from kolli.values import timestamp

WINDOW = timedelta(minutes=15)
"""How long after the last failure none of them counts any more."""

MOST_BY_NAME = 10
"""Failures with one name after which it has to wait. A person who has forgotten a password tries fewer."""

MOST_BY_ADDRESS = 50
"""Failures from one address after which it has to wait, whatever the names: a warehouse may share one."""

_GET = select(sign_in_failures.c.key, sign_in_failures.c["count"].label("failures"), sign_in_failures.c.until).where(
    sign_in_failures.c.key.in_(bindparam("keys", expanding=True)), sign_in_failures.c.until > bindparam("now")
)
_INSERT = insert_or(sign_in_failures)
_COUNT = _INSERT.on_conflict_do_update(
    index_elements=[sign_in_failures.c.key],
    set_={
        "count": case(
            (sign_in_failures.c.until > bindparam("at"), sign_in_failures.c["count"] + 1),
            else_=_INSERT.excluded["count"],
        ),
        "until": _INSERT.excluded.until,
    },
)
_FORGET = delete(sign_in_failures).where(sign_in_failures.c.key.in_(bindparam("keys", expanding=True)))
_SWEEP = delete(sign_in_failures).where(sign_in_failures.c.until <= bindparam("now"))


def by_name(name: str) -> str:
    """What failures with a name are counted under."""
    return f"name {key_of(name)[:100]}"


def by_address(address: str) -> str:
    """What failures from an address of the network are counted under; a house has 2^64 of version 6."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return f"address {address[:100]}"
    if isinstance(found, IPv6Address) and found.ipv4_mapped is None:
        return f"address {ip_network((found, 64), strict=False)}"
    return f"address {getattr(found, 'ipv4_mapped', None) or found}"


def check_may_try(transaction: Connection, keys: Iterable[str], now: datetime) -> None:
    """Raises LimitReached when a name or an address has failed too often lately."""
    for row in transaction.execute(_GET, {"keys": list(keys), "now": timestamp(now)}):
        most = MOST_BY_NAME if row.key.startswith("name ") else MOST_BY_ADDRESS
        if row.failures >= most:
            seconds = max(1, int((datetime.fromisoformat(row.until) - now).total_seconds()))
            minutes = -(-seconds // 60)
            raise LimitReached(
                f"There were too many wrong passwords. Try again in {minutes} minute{'s' if minutes > 1 else ''}.",
                details={"retry_after": seconds},
            )


def count_failure(transaction: Connection, keys: Iterable[str], now: datetime) -> None:
    """Counts a wrong password, for each of these."""
    transaction.execute(_SWEEP, {"now": timestamp(now)})
    until = timestamp(now + WINDOW)
    for key in keys:
        transaction.execute(_COUNT, {"key": key, "count": 1, "until": until, "at": timestamp(now)})


def forget_failures(transaction: Connection, keys: Iterable[str]) -> None:
    """Counts from nothing again: the password was right."""
    transaction.execute(_FORGET, {"keys": list(keys)})
