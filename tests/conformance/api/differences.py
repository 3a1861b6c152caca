"""Why Kolli differs from the vendor's descriptions, where it does so on purpose."""

from fnmatch import fnmatchcase
from typing import Any, NamedTuple


class Reason(NamedTuple):
    """What it is about, each part with `*` for anything, and the sentence that explains it."""

    route: str
    kind: str
    name: str
    sentence: str

    def fits(self, difference: Any) -> bool:
        """Whether this explains the difference."""
        names = (str(difference.route), difference.kind, difference.name)
        return all(_fits(text, pattern) for text, pattern in zip(names, self[:3], strict=True))


def _fits(text: str, pattern: str) -> bool:
    return any(fnmatchcase(text, option.replace("[", "[[]")) for option in pattern.split(" | "))


REASONS: list[Reason] = []

NOT_SERVED: dict[str, str] = {}
