"""How fast Kolli is on this machine, right now; figures are worth most as ratios within one run."""

from typing import Literal, NamedTuple

Unit = Literal["ms", "s", "/s", "MB", "%", "x"]


class Row(NamedTuple):
    """One figure, and the bar it has to meet, if it has one: rates at least, everything else at most."""

    what: str
    figure: float
    unit: Unit
    bar: float | None = None
    note: str = ""

    @property
    def is_met(self) -> bool:
        """Whether the figure meets its bar."""
        if self.bar is None:
            return True
        return self.figure >= self.bar if self.unit == "/s" else self.figure <= self.bar
