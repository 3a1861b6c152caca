"""What a way to a printer must be able to do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from kolli.outgoing import IpNetwork, NotReached
from kolli.printing.model import Profile
from kolli.wires import Wires

Wait = Callable[[str], None]
"""Told why a printer does not go on, again and again while it does not; may raise to have it given up."""


class NotReady(NotReached):
    """The printer can be reached, and does not print: no paper, open, paused. Nothing was sent."""


class Link(Protocol):
    """An open way to a printer. Papers go out one after the other, each as a file of its own.

    `NotReached` from `send` says that this paper has surely not come out; `Unreachable` that nobody knows. In both
    cases no further paper may be sent over this link.
    """

    @property
    def arrived(self) -> int:
        """How many of the papers that were sent over this link the printer has for certain: the first so many."""

    def send(self, paper: bytes, wait: Wait) -> None:
        """Hands one paper over."""

    def finish(self, wait: Wait) -> None:
        """Waits until the printer has all that was sent, as far as it can tell."""

    def close(self) -> None:
        """Ends the connection."""


@dataclass(frozen=True)
class Transport:
    """A way to a printer.

    `check` raises Invalid, naming `address`, for an address that cannot be one. `connect` opens the way: NotReached,
    and nothing sent, when there is none, or when the printer says that it does not print.
    """

    name: str
    sentence: str
    example: str
    check: Callable[[str, tuple[IpNetwork, ...]], None]
    connect: Callable[[Profile, Wires, str], Link]
