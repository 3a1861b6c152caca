"""Which requests with an Idempotency-Key this process is working on at this moment."""

from collections.abc import Iterator
from contextlib import contextmanager

from kolli.account.idempotent_requests import Asked
from kolli.errors import InFlight, KeyReused


class KeysAtWork:
    """Sees to it that one thread at a time works on a key; others are told so at once, and wait for nothing."""

    def __init__(self) -> None:
        self._asked: dict[tuple[int, str, str], Asked] = {}

    @contextmanager
    def about(self, asked: Asked) -> Iterator[None]:
        """Holds a key; InFlight, or KeyReused, when another request has it."""
        place = (asked.account_id, asked.route, asked.key)
        other = self._asked.setdefault(place, asked)  # one step that no thread can come between
        if other is not asked:
            raise InFlight if other.marks == asked.marks else KeyReused
        try:
            yield
        finally:
            del self._asked[place]
