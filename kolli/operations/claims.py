"""What a form, a scan or an item of a batch ships is shipped once: a claim to its key, like an Idempotency-Key's.

No answer is kept: whoever comes again with the key finds what it has made by its attempts.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from kolli.account.idempotent_requests import Asked, Claim, find_request, free, let_go, take_up
from kolli.errors import InFlight, KolliError
from kolli.operations.context import Context
from kolli.operations.resume import CAME_TO_NOTHING
from kolli.shipments.attempts import attempts_of_request

log = logging.getLogger(__name__)


@contextmanager
def claimed(route: str, key: str, context: Context) -> Iterator[Context]:
    """A context in which the same key ships what it has shipped already, if it has; InFlight while it is at that.

    A key means something within its route. When everything has come to nothing it is free again.
    """
    installation = context.installation
    asked = Asked(context.account_id, route, key, installation.vault.marks(key.encode()))
    with installation.keys_at_work.about(asked):
        claim = Claim(asked, installation.owner, context.now())
        _take_up(claim, context)
        try:
            yield replace(context, claim=claim)
        finally:
            _let_go(claim, context)


def _take_up(claim: Claim, context: Context) -> None:
    """Goes on with what an earlier sending has begun."""
    with context.database.read() as transaction:
        known = find_request(transaction, claim.asked, claim.now)
    if known is None:
        return
    with context.database.write() as transaction:
        if not take_up(transaction, context.account_id, known.id, claim.owner, claim.now):
            raise InFlight
    claim.request_id, claim.is_resumed = known.id, True


def _let_go(claim: Claim, context: Context) -> None:
    if claim.request_id is None:
        return
    try:
        with context.database.write() as transaction:
            attempts = attempts_of_request(transaction, context.account_id, claim.request_id)
            end = free if all(attempt.state in CAME_TO_NOTHING for attempt in attempts) else let_go
            end(transaction, context.account_id, claim.request_id)
    except KolliError as error:  # its lease ends by itself
        log.warning("The claim of %s %s is not let go: %s", claim.asked.route, claim.asked.key, error.message)
