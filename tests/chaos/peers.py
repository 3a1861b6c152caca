"""A second process that works on the same database beside the server, as another worker would: through the operations.

It is an installation of its own, with its own memory, threads, and name on leases. What it is told to do comes over a
pipe, and what became of it goes back.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kolli.api.auth import by_key
from kolli.app import build, open_database
from kolli.demo import Credentials
from kolli.errors import KolliError
from kolli.operations.context import Context
from kolli.operations.reconcile import settle
from kolli.operations.ship_order import LEFT_OPEN, Choice, ShipOrder, ship_order
from kolli.settings import Settings
from kolli.shipments.attempts import list_unsettled
from tests.chaos.processes import FORKS
from tests.chaos.purchases import INTEGRATION
from tests.end_to_end.processes import PATIENCE_SECONDS


class Peer:
    """Another process on the same folder."""

    def __init__(self, data: Path, credentials: Credentials) -> None:
        self._line, theirs = FORKS.Pipe()
        self._process = FORKS.Process(target=_work, args=(data, credentials, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def tell(self, what: str, *about: object) -> None:
        """Has it begin with something."""
        self._line.send((what, about))

    def answer(self) -> Any:
        """What became of what it was told last."""
        assert self._line.poll(2 * PATIENCE_SECONDS), "the other process does not answer"
        return self._line.recv()

    def end(self) -> None:
        """Ends it, whatever it does."""
        self._process.kill()
        self._process.join()


@contextmanager
def working_beside(data: Path, credentials: Credentials) -> Iterator[Peer]:
    """A second process, which is ready when the block begins, and ended with it."""
    peer = Peer(data, credentials)
    try:
        peer.tell("be ready")
        peer.answer()
        yield peer
    finally:
        peer.end()


def _work(data: Path, credentials: Credentials, line: Any) -> None:
    settings = Settings(data=data)
    installation = build(settings, open_database(settings))
    context = by_key(credentials.public_key, credentials.secret, installation)
    while True:
        what, about = line.recv()
        try:
            line.send(_WORK[what](context, *about))
        except KolliError as error:
            line.send(f"{type(error).__name__}: {error.message}")


def _be_ready(context: Context) -> str:
    return context.installation.owner


def _ship(context: Context, order_number: str) -> list[str | None]:
    """The tracking numbers of a label for an order."""
    choice = Choice(ship_with=LEFT_OPEN, sender_address_id=None, brand_id=None, boxes=(), applies_rules=False)
    wanted = ShipOrder(integration_id=INTEGRATION, choice=choice, order_id=None, order_number=order_number)
    return [parcel.tracking_number for parcel in ship_order(wanted, context).parcels]


def _settle_all(context: Context) -> list[str]:
    """Tries to settle whatever is not settled, as a reconciliation does, and gives what came of each."""
    with context.database.read() as transaction:
        unsettled = list_unsettled(transaction)
    return [_settled(attempt, context) for attempt in unsettled]


def _settled(attempt: Any, context: Context) -> str:
    try:
        settle(attempt, context.installation)
    except KolliError as error:
        return f"{type(error).__name__}: {error.message}"
    return "settled"


def _take_ids(context: Context, count: int) -> list[int]:
    return [context.installation.sequences.take_id() for _ in range(count)]


def _take_numbers(context: Context, sequence: str, count: int) -> list[int]:
    return [context.installation.sequences.take(sequence) for _ in range(count)]


_WORK: dict[str, Any] = {
    "be ready": _be_ready,
    "ship": _ship,
    "settle all": _settle_all,
    "take ids": _take_ids,
    "take numbers": _take_numbers,
}
