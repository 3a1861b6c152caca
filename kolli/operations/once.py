"""One thing that somebody asks for at the panel, done once: whoever sends it again gets what was made, and no second.

It is the claim of a request with an Idempotency-Key, for a door that keeps its answers by itself or finds them again.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from kolli.account.idempotent_requests import Asked, Claim, find_request, free, let_go, take_up
from kolli.errors import InFlight, KeyReused, KolliError
from kolli.operations.context import Context
from kolli.operations.resume import CAME_TO_NOTHING
from kolli.shipments.attempts import attempts_of_request

log = logging.getLogger(__name__)


@contextmanager
def once(route: str, key: str, said: bytes, context: Context) -> Iterator[Context]:
    """A context in which what was shipped with this key before is found, and not shipped anew.

    `said` is all that makes it the thing it is. InFlight while another thread or process is at it; KeyReused when the
    key was sent with something else. A key that has come to nothing is free afterwards.
    """
    installation = context.installation
    asked = Asked(context.account_id, route, key, installation.vault.marks(said))
    with installation.keys_at_work.about(asked):
        claim = Claim(asked, installation.owner, context.now())
        _resume(claim, context)
        try:
            yield replace(context, claim=claim)
        finally:
            _let_go(claim, context)


def _resume(claim: Claim, context: Context) -> None:
    """Takes up what an earlier try has begun, if one has."""
    with context.database.read() as transaction:
        known = find_request(transaction, claim.asked, claim.now)
    if known is None:
        return
    if not claim.asked.is_same(known.mark):
        raise KeyReused
    with context.database.write() as transaction:
        if not take_up(transaction, context.account_id, known.id, claim.owner, claim.now):
            raise InFlight
    claim.request_id, claim.is_resumed = known.id, True


def _let_go(claim: Claim, context: Context) -> None:
    """Ends the claim; it is forgotten where nothing was booked, so that the same thing can be asked for again."""
    if claim.request_id is None:
        return
    try:
        with context.database.write() as transaction:
            attempts = attempts_of_request(transaction, context.account_id, claim.request_id)
            end = free if all(attempt.state in CAME_TO_NOTHING for attempt in attempts) else let_go
            end(transaction, context.account_id, claim.request_id)
    except KolliError as error:  # its lease ends by itself
        log.warning("The claim of %s %s is not let go: %s", claim.asked.route, claim.asked.key, error.message)
