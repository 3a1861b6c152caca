"""The Idempotency-Key of a request: the same request again gets the same answer, and nothing is done twice.

A key means something for one account at one endpoint. What it was first sent with is remembered from the moment that
something was changed: until then, as after a refusal, the key is free.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.datastructures import Headers
from starlette.responses import Response

from kolli.account.idempotent_requests import (
    Asked,
    Claim,
    StoredAnswer,
    find_request,
    free,
    let_go,
    store_answer,
    take_up,
)
from kolli.api.errors import INVALID, Rejected, problem
from kolli.errors import BrokenOff, InFlight, KeyReused, KolliError, StorageFull, StorageUnavailable
from kolli.operations.context import Context
from kolli.operations.resume import CAME_TO_NOTHING
from kolli.shipments.attempts import attempts_of_request

log = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""The methods whose requests can have a key. Source: RFC 9110, 9.2.1."""

LONGEST_KEY = 255

_KEY = re.compile(f"[ -~]{{1,{LONGEST_KEY}}}")


@dataclass(frozen=True)
class Place:
    """Where requests with keys come in.

    `is_repeatable` says that one that was broken off may be run again, because it finds what it has made or does the
    same once more. `is_silent` says that there is nothing to tell about one that has changed what it was to change.
    """

    route: str  # `POST /api/v3/orders`
    is_repeatable: bool
    is_silent: bool = False


def key_in(headers: Headers) -> str | None:
    """The key of a request; None when it has none. Rejected when the key is bad."""
    given = headers.getlist(HEADER)
    if not given:
        return None
    if len(given) > 1:
        raise _bad(f"The header {HEADER} was sent {len(given)} times. Send it once.")
    key = given[0].strip(" \t")  # spaces around a value are no part of it. Source: RFC 9110, 5.5
    if not key:
        raise _bad(f"The header {HEADER} is empty. Send a text of your own, such as a UUID, or leave the header out.")
    if len(key) > LONGEST_KEY:
        raise _bad(f"The header {HEADER} has {len(key)} characters. Send at most {LONGEST_KEY}.")
    if not _KEY.fullmatch(key):
        raise _bad(f"The header {HEADER} holds a character that is not printable ASCII. Send a text such as a UUID.")
    return key


def _bad(detail: str) -> Rejected:
    return Rejected(400, [problem(INVALID, detail, header=HEADER)])


def once(place: Place, key: str, said: bytes, context: Context, answer: Callable[[Context], Response]) -> Response:
    """The answer to a request with a key: the one it was given before, or a new one.

    `said` is all that makes it the request it is. Raises what `answer` raises; InFlight, KeyReused, BrokenOff.
    """
    installation = context.installation
    asked = Asked(context.account_id, place.route, key, installation.vault.marks(said))
    with installation.keys_at_work.about(asked):
        claim = Claim(asked, installation.owner, context.now())
        before = _answered_before(claim, context)
        if before is not None:
            return before
        if claim.is_resumed and place.is_silent:  # the claim was made with the change
            response = Response(status_code=204)
        elif claim.is_resumed and not place.is_repeatable:
            raise BrokenOff
        else:
            response = _answered_now(claim, context, answer)
        if claim.request_id is not None:
            _finish(claim, claim.request_id, response, context)
        return response


def _answered_before(claim: Claim, context: Context) -> Response | None:
    """What the request was answered before. None when it is new, or was broken off: then the claim is resumed."""
    with context.database.read() as transaction:
        known = find_request(transaction, claim.asked, claim.now)
    if known is None:
        return None
    if not claim.asked.is_same(known.mark):
        raise KeyReused
    if known.answer is not None:
        replayed = Response(known.answer.body, known.answer.status, dict(known.answer.headers))
        replayed.headers[REPLAYED] = "true"
        return replayed
    with context.database.write() as transaction:
        if not take_up(transaction, context.account_id, known.id, claim.owner, claim.now):
            raise InFlight
    claim.request_id, claim.is_resumed = known.id, True
    return None


def _answered_now(claim: Claim, context: Context, answer: Callable[[Context], Response]) -> Response:
    try:
        return answer(replace(context, claim=claim))
    except (StorageFull, StorageUnavailable):
        raise  # what was done so far stays claimed: nothing can be said about it now
    except KolliError:
        if claim.request_id is not None:
            _let_go(claim.request_id, context)
        raise


def _finish(claim: Claim, request_id: int, response: Response, context: Context) -> None:
    """Keeps an answer that says what was done; any other one leaves the key to the next try.

    It is given also when it cannot be kept: then the next try finds what was made.
    """
    if not (200 <= response.status_code < 300 and claim.is_final):
        _let_go(request_id, context)
        return
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    answer = StoredAnswer(response.status_code, headers, bytes(response.body))
    try:
        # What was bought is known already, so its answer has a right to the room that was kept for it.
        context.database.keep(lambda transaction: store_answer(transaction, context.account_id, request_id, answer))
    except KolliError as error:
        log.warning("The answer to request %d with a key is not kept: %s", request_id, error.message)


def _let_go(request_id: int, context: Context) -> None:
    """Frees a key whose request has come to nothing. One that has, had or may have a label keeps it."""
    try:
        with context.database.write() as transaction:
            attempts = attempts_of_request(transaction, context.account_id, request_id)
            end = free if all(attempt.state in CAME_TO_NOTHING for attempt in attempts) else let_go
            end(transaction, context.account_id, request_id)
    except KolliError as error:
        log.warning("The key of request %d is not freed: %s", request_id, error.message)
