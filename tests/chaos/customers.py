"""Customers who buy and cancel labels all the time, in all ways at once, and note what they were told.

Each lives in a thread, decides by a seed, and tries again whatever happens until it has an answer.
"""

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from time import sleep
from typing import Any

from tests.chaos.processes import GONE, Answer, Server
from tests.chaos.purchases import (
    BUSY,
    COME_AGAIN,
    Purchase,
    a_numbered_order,
    announcement,
    label_sync,
    labels_async,
    shipment_of,
)


@dataclass
class Noted:
    """What a customer was told about one thing that was bought."""

    order_number: str
    shipments: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)  # of labels that were handed out
    is_refused: bool = False
    is_cancelled: bool = False  # somebody said that it is, or will be


class Board:
    """What all customers do: how much has been answered, and whether it is time to stop."""

    def __init__(self) -> None:
        self.closing = threading.Event()
        self._guard = threading.Lock()
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []

    def count(self, what: str) -> None:
        """Something was answered."""
        with self._guard:
            self.counts[what] += 1

    @property
    def answers(self) -> int:
        """How many answers there were."""
        return self.counts.total()


class Customer(threading.Thread):
    """One of them. Nothing they are told is forgotten: see `noted`."""

    def __init__(self, name: str, server: Server, board: Board, seed: str) -> None:
        super().__init__(name=name, daemon=True)
        self.noted: list[Noted] = []
        self._server = server
        self._board = board
        self._random = Random(seed)
        self._bought = 0
        self._ways: tuple[Callable[[], None], ...] = (
            lambda: self._buy_with(label_sync),
            lambda: self._buy_with(label_sync, has_key=True),
            lambda: self._buy_with(lambda number: labels_async(number, boxes=self._random.randint(1, 3))),
            lambda: self._buy_with(lambda number: labels_async(number, boxes=1), has_key=True),
            lambda: self._buy_with(lambda number: announcement(number, boxes=self._random.randint(1, 3)), has_key=True),
            self._cancel,
        )

    def run(self) -> None:
        """Buys and cancels until the board says that it is time."""
        try:
            while not self._board.closing.is_set():
                self._random.choice(self._ways)()
        except Exception as error:  # noqa: BLE001 - a thread has nobody else to tell
            self._board.wrong.append(f"{self.name}: {error!r}")

    def _buy_with(self, purchase_of: Callable[[str], Purchase], *, has_key: bool = False) -> None:
        number = f"{self.name}-{self._bought}"
        self._bought += 1
        purchase = purchase_of(number)
        note = Noted(purchase.order_number)
        self.noted.append(note)
        if purchase.path.startswith("/api/v3/orders"):
            self._insist("/api/v3/orders", [a_numbered_order(number)])
        key = f"key-{number}" if has_key else None
        answer = self._insist(purchase.path, purchase.body, key)
        self._note(note, answer)
        if key and note.numbers and self._random.random() < 0.5:
            again = self._insist(purchase.path, purchase.body, key)
            self._board.count("replays")
            if (again.status, again.body) != (answer.status, answer.body):
                self._board.wrong.append(f"{purchase.name} again with its key: {again} after {answer}")
        self._board.count(purchase.path.rpartition("/")[2] + (" with a key" if key else ""))

    def _note(self, note: Noted, answer: Answer) -> None:
        shipment_id = shipment_of(answer)
        if shipment_id is None:
            note.is_refused = True
            return
        note.shipments.add(shipment_id)
        document = answer.json()
        data = document.get("data") or []
        labels = data.get("parcels", []) if isinstance(data, dict) else data
        labels += [error.get("meta", {}) for error in document.get("errors", [])]
        note.numbers |= {label["tracking_number"] for label in labels if label.get("tracking_number")}

    def _cancel(self) -> None:
        bought = [note for note in self.noted if note.shipments and not note.is_cancelled]
        if not bought:
            return
        note = self._random.choice(bought)
        note.is_cancelled = True
        for shipment_id in note.shipments:
            self._insist(f"/api/v3/shipments/{shipment_id}/cancel", None, ends={409})
        self._board.count("cancellations")

    def _insist(self, path: str, body: Any, key: str | None = None, ends: Any = ()) -> Answer:
        """An answer after which nobody tries again."""
        tries = 0
        while True:
            tries += 1
            try:
                answer = self._server.ask("POST", path, body, key=key)
            except GONE:
                sleep(0.02)
                continue
            is_final = answer.status in ends or (answer.status not in COME_AGAIN and BUSY not in answer.body)
            if is_final or shipment_of(answer) is not None:
                return answer
            if tries > 2_000:
                raise AssertionError(f"{path} is never answered: {answer}")
            sleep(0.02)


def noted_by(customers: list[Customer]) -> dict[str, Noted]:
    """Everything that was noted, by order number."""
    return {note.order_number: replace(note) for customer in customers for note in customer.noted}
