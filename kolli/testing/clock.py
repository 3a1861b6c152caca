"""The time in a test: it stands still until the test moves it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MOMENT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
"""When every test begins."""


class Clock:
    """Stands still at a moment. Moved forward, it stops wherever work is due, and lets that be done first."""

    def __init__(self, moment: datetime = MOMENT) -> None:
        self.now = moment
        self.walk: Callable[[datetime], None] = self.jump

    def __call__(self) -> datetime:
        """What the server takes for now."""
        return self.now

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Lets time pass: all that is due meanwhile has been done, each thing at its time, when this returns."""
        passed = timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)
        if passed < timedelta():
            raise ValueError("Time passes forward only. Set the clock back with `set`.")
        self.set(self.now + passed)

    def set(self, moment: datetime) -> None:
        """Lets time pass until a moment. An earlier one is a clock that is set back: nothing is done on the way."""
        if moment.tzinfo is None:
            raise ValueError(f"{moment} has no time zone. Give one, such as datetime(2026, 11, 24, tzinfo=UTC).")
        if moment < self.now:
            self.jump(moment)
        else:
            self.walk(moment)

    def jump(self, moment: datetime) -> None:
        """Shows another time, and does nothing else."""
        self.now = moment
