"""Answers that are late on purpose: so many at a time, and no longer than the server runs."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from anyio import CancelScope, move_on_after

MOST = 100
"""How many can be late at a time. Each holds a connection, and there is an end to those."""


class LateAnswers:
    """The answers that wait at this moment. All of it is done on the event loop, except to ask `is_full`."""

    def __init__(self) -> None:
        self._waiting: set[CancelScope] = set()
        self._is_over = False

    @property
    def is_full(self) -> bool:
        """Whether no further one can be late."""
        return len(self._waiting) >= MOST

    async def wait(self, seconds: float, receive: Callable[[], Awaitable[Mapping[str, Any]]]) -> bool:
        """Waits that long, or until the server stops; False when nobody waits for the answer any more."""
        if self._is_over or self.is_full:
            return True
        with move_on_after(seconds) as scope:
            self._waiting.add(scope)
            try:
                while (await receive())["type"] != "http.disconnect":
                    pass
            finally:
                self._waiting.discard(scope)
            return False
        return True

    def end(self) -> None:
        """Has none wait any longer."""
        self._is_over = True
        for scope in self._waiting:
            scope.cancel()
