"""Who uses Kolli in a run: clients that want a label each, and people who edit, delete and cancel meanwhile."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from kolli.shipments.attempts import State
from tests.chaos.simulation.door import Answered
from tests.chaos.simulation.houses import Asked, House
from tests.chaos.simulation.invariants import NOTHING_LOST, Broken, Watch
from tests.chaos.simulation.scheduler import Scheduler
from tests.chaos.simulation.stage import Stage, an_order_of

SYNC = "/orders/create-label-sync"
BATCH = "/orders/create-labels-async"
ANNOUNCE = "/shipments/announce"

MOST_TRIES = 7
COMPANION = 2
"""The number of the order that is in a batch besides the one that its client waits for."""

PATIENCE_MS = 90_000
BETWEEN_TRIES_MS = 60_000
LONGEST_JOB_MS = 15 * 60 * 1000

ADDRESS = {
    "name": "Femke 1",
    "address_line_1": "Oudezijds Voorburgwal",
    "house_number": "1",
    "postal_code": "1012 GJ",
    "city": "Amsterdam",
    "country_code": "NL",
}


@dataclass(frozen=True)
class Purchase:
    """One label that somebody wants: of an order, at once or in the background, or of parcels without an order."""

    carrier: str
    number: int
    kind: str  # a path above
    boxes: int = 1
    has_reference: bool = True  # else only its key says which purchase it is
    has_company: bool = False  # whether its batch is about another order, too

    @property
    def name(self) -> str:
        """What the ledger knows it by."""
        return f"parcels {self.order_id}" if self.kind == ANNOUNCE else self.order_id

    @property
    def order_id(self) -> str:
        """The shop's id of the order, or the client's own reference."""
        return f"{self.carrier}-{self.number}"

    def body(self) -> dict[str, Any]:
        """What is sent."""
        ship_with = {
            "type": "shipping_option_code",
            "properties": {"shipping_option_code": f"{self.carrier}:parcel"},
        }
        box = {"weight": {"value": 0.7, "unit": "kg"}}
        if self.kind == SYNC:
            label = {"mime_type": "application/zpl"}
            return {
                "integration_id": 70,
                "order": {"order_id": self.order_id},
                "ship_with": ship_with,
                "label_details": label,
            }
        if self.kind == BATCH:
            order = {"order_id": self.order_id, "parcels": [{"parcel_items": [], **box}] * self.boxes}
            if self.boxes == 1:
                del order["parcels"]
            other = [{"order_id": f"{self.carrier}-{COMPANION}"}] if self.has_company else []
            return {"integration_id": 70, "orders": [order, *other], "ship_with": ship_with}
        reference = {"external_reference_id": self.order_id} if self.has_reference else {}
        return {
            "to_address": ADDRESS,
            "from_address": ADDRESS,
            "ship_with": ship_with,
            "parcels": [box] * self.boxes,
            "order_number": self.order_id,
            **reference,
            "label_details": {"mime_type": "application/zpl"},
        }


@dataclass
class People:
    """All of them, with what they share."""

    stage: Stage
    houses: Sequence[House]
    watch: Watch
    counts: Counter[str]
    busy: int = 0
    _revisions: Counter[str] = field(default_factory=Counter)

    @property
    def scheduler(self) -> Scheduler:
        return self.stage.scheduler

    def begin(self, name: str, work: Callable[[], None]) -> None:
        """Has somebody begin, on a thread of their own."""
        self.busy += 1

        def lives() -> None:
            try:
                work()
            finally:
                self.busy -= 1

        self.scheduler.start(name, lives)

    # Clients

    def client(self, purchase: Purchase, key: str | None) -> Callable[[], None]:
        """Somebody who sends the same request until there is a label, or a no that is final."""

        def work() -> None:
            is_cut_off = False
            for _ in range(MOST_TRIES):
                asked = self._ask(
                    f"{purchase.order_id} {key or 'no key'}", "POST", purchase.kind, purchase.body(), key=key
                )
                answer = asked.answer
                if answer is None or (not self.stage.network.is_fair and self.scheduler.random.random() < 0.12):
                    self.scheduler.say("hears nothing")
                    self.counts["client: answer lost"] += 1
                    is_cut_off = is_cut_off or answer is None
                elif self._hears(purchase, key, answer, is_cut_off=is_cut_off):
                    return
                self.scheduler.sleep(self.scheduler.random.randrange(BETWEEN_TRIES_MS))
            self.counts["client: gave up"] += 1

        return work

    def _hears(self, purchase: Purchase, key: str | None, answer: Answered, *, is_cut_off: bool) -> bool:
        """Makes something of an answer; whether that is the end."""
        problem = {} if answer.status < 300 else answer.problem
        self.scheduler.say(f"hears {answer.status} {problem.get('detail', '')[:90]}")
        self.counts[f"client: {answer.status}"] += 1
        if answer.status >= 500 and answer.status not in {503, 507}:
            raise AssertionError(f"The answer was {answer.status}: {answer.body!r}")
        if answer.status < 300:
            return self._is_made(purchase, key, answer, is_cut_off=is_cut_off)
        shipment_id = (problem.get("meta") or {}).get("shipment_id")
        if shipment_id and "already has the shipment" in problem["detail"]:
            self.counts["client: told which label there is"] += 1
            self._is_labelled(purchase, shipment_id, [problem["meta"]["tracking_number"]])
            return True
        if shipment_id and "reference" in problem["detail"]:
            return self._follows(purchase, shipment_id)
        if problem.get("code") == "parcel_announcement_error" and "does not go there" in problem["detail"]:
            self.counts["client: told no"] += 1
            return self.scheduler.random.random() < 0.5
        return answer.status in {404, 422}

    def _is_made(self, purchase: Purchase, key: str | None, answer: Answered, *, is_cut_off: bool) -> bool:
        data = answer.document.get("data") or []
        is_wanted = lambda each: purchase.kind == ANNOUNCE or each["order_id"] == purchase.order_id  # noqa: E731
        found = next(filter(is_wanted, data if isinstance(data, list) else [data]), None)
        if found is None:  # a batch in which there is a mistake about this one
            shipment_id = (answer.problem.get("meta") or {}).get("shipment_id")
            return self._follows(purchase, shipment_id) if shipment_id else False
        is_replayed = "idempotent-replayed" in answer.headers
        if key is not None:
            self.counts["key: replayed" if is_replayed else "key: resumed" if is_cut_off else "key: answered"] += 1
            if purchase.kind != ANNOUNCE or not found["errors"]:  # else there is no label yet, and the key is free
                self.watch.hear(key, answer.body)
        if purchase.kind == SYNC:
            self._is_labelled(purchase, found["shipment_id"], [found["tracking_number"]])
            return True
        told = [] if found.get("errors", True) else [parcel["tracking_number"] for parcel in found["parcels"]]
        return self._follows(purchase, str(found.get("shipment_id") or found["id"]), told)

    def _follows(self, purchase: Purchase, shipment_id: str, told: Sequence[str] = ()) -> bool:
        """Waits for what becomes of a shipment; whether it has a label."""
        over = {State.STORED, State.REJECTED, State.ABANDONED, State.CANCELLED}
        is_over = lambda: self._state(shipment_id) in over  # noqa: E731 - one line
        self.scheduler.wait(is_over, LONGEST_JOB_MS)
        if self._state(shipment_id) != State.STORED:
            self.scheduler.say(f"sees that {shipment_id[-4:]} is {self._state(shipment_id)}")
            return self._state(shipment_id) in {State.CANCELLED, State.UNKNOWN}
        self._is_labelled(purchase, shipment_id, told)
        return True

    def _is_labelled(self, purchase: Purchase, shipment_id: str, told: Sequence[str]) -> None:
        """There is a label: of these numbers, the first ones of which the answer has told, if it has told any."""
        rows = self.stage.database.rows(
            "SELECT tracking_number FROM parcels WHERE shipment_id = ? ORDER BY box_number", shipment_id
        )
        numbers = tuple(row[0] for row in rows)
        if tuple(told) != numbers[: len(told)]:
            raise Broken(NOTHING_LOST, f"{purchase.name} was told {told}, and {numbers} are stored.")
        self.counts["client: has a label"] += 1
        self.watch.acknowledge(purchase.name, shipment_id, numbers)

    def _state(self, shipment_id: str) -> str:
        return self.watch.states[shipment_id]

    # Others

    def editor(self, carrier: str, number: int) -> Callable[[], None]:
        """Somebody who sends an order again with another recipient and other goods, or deletes it first."""

        def work() -> None:
            order_id = f"{carrier}-{number}"
            for revision in range(2, 4):
                self._in_a_while()
                if self.scheduler.random.random() < 0.3:
                    self._ask("deletes", "DELETE", "/orders/{id:int}", id=self.stage.template.ids[order_id])
                    self.counts["order: deleted"] += 1
                self._ask("edits", "POST", "/orders", [an_order_of(carrier, number, revision)])
                self.counts["order: edited"] += 1

        return work

    def canceller(self, purchase: Purchase) -> Callable[[], None]:
        """Somebody who takes back whatever there is for a purchase, and maybe asks twice."""

        def work() -> None:
            for _ in range(2):
                self._in_a_while()
                query = "SELECT id FROM shipments WHERE order_number_key = ? ORDER BY created_at DESC LIMIT 1"
                found = self.stage.database.rows(query, purchase.order_id)
                if found:
                    self.watch.taken_back.add(found[0][0])
                    asked = self._ask("cancels", "POST", "/shipments/{id}/cancel", id=found[0][0])
                    status = asked.answer.status if asked.answer else "lost"
                    self.scheduler.say(f"hears {status}")
                    self.counts[f"cancellation: {status}"] += 1

        return work

    def _in_a_while(self) -> None:
        target = self.scheduler.steps + self.scheduler.random.randrange(90)
        self.scheduler.wait(lambda: self.scheduler.steps >= target, 120_000)

    def _ask(self, who: str, method: str, path: str, body: object = None, **others: Any) -> Asked:
        """Sends a request to a process that is up, and waits for its answer, though not for ever."""
        self.scheduler.wait(lambda: any(house.is_up for house in self.houses))
        up = [house for house in self.houses if house.is_up]
        house = up[self.scheduler.random.randrange(len(up))]
        self.scheduler.say(f"asks {house.name}: {method} {path}")
        asked = house.ask(who, method, path, body, **others)
        self.scheduler.wait(lambda: asked.is_gone, self.scheduler.random.randrange(PATIENCE_MS) + 1_000)
        return asked
