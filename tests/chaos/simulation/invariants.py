"""What must hold after every step. The carriers' own ledger is the oracle, never our database."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from kolli.shipments.attempts import NEXT, State
from kolli.shipments.model import Draft
from tests.chaos.simulation.carriers import Entry, Ledger
from tests.chaos.simulation.stage import SimulatedDatabase

MAY_HAVE_A_BOOKING = frozenset({State.QUEUED, State.INTENDED, State.UNKNOWN, State.STORED, State.CANCELLING})
"""The states in which the ledger may hold a live booking for an attempt; in every other one there is none."""


OPEN = MAY_HAVE_A_BOOKING - {State.STORED}
"""The states that do not last."""


class Broken(AssertionError):
    """A promise was broken. The first argument is its name."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant


ONE_BOOKING = "one live booking for a purchase"
NO_NUMBER_TWICE = "no number twice"
ACCOUNTED_FOR = "every booking is accounted for"
FROZEN = "what was frozen stays as it is"
ONE_REVISION = "a label is of one revision of the order"
ONLY_TOLD = "the carrier is told what was frozen"
ALLOWED_PATH = "every step is an allowed one"
NOTHING_LOST = "an acknowledged label is kept"
ALL_SETTLED = "in the end everything is settled"
ONE_ANSWER = "one key has one answer"


@dataclass
class Acknowledged:
    """What a client was told: this purchase has these numbers."""

    purchase: str
    shipment_id: str
    numbers: tuple[str, ...]


@dataclass
class Watch:
    """Looks at ledger and database after every step, as far as something has changed."""

    database: SimulatedDatabase
    ledger: Ledger
    say: Callable[[str], None]
    acknowledged: list[Acknowledged] = field(default_factory=list)
    taken_back: set[str] = field(default_factory=set)  # shipments that somebody has asked to be cancelled
    answers: dict[str, bytes] = field(default_factory=dict)  # key → what was answered
    moves: Counter[str] = field(default_factory=Counter)
    _bodies: dict[str, str] = field(default_factory=dict)  # shipment → its draft as it was first stored
    _drafts: dict[str, Draft] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)  # shipment → the state that its last move led to
    leases_lost: int = 0  # how often somebody took a lease that another process had not given back
    _owners: dict[str, str | None] = field(default_factory=dict)
    _read_moves: int = 0
    _read_told: int = 0
    _seen: tuple[int, int, int] = (-1, -1, -1)

    def check(self) -> None:
        """Raises Broken when something does not hold any more."""
        seen = (self.database.changes, self.ledger.changes, len(self.ledger.told))
        if seen == self._seen:
            return
        has_rows, has_bookings = seen[0] != self._seen[0], seen[1] != self._seen[1]
        self._seen = seen
        if has_rows:
            self._check_drafts()
            self._check_moves()
            self._check_acknowledged()
        if has_bookings:
            self._check_bookings()
        self._check_told()
        if has_rows or has_bookings:
            self._check_accounted_for()

    # What we have written

    def _check_drafts(self) -> None:
        for shipment_id, body in self.database.rows("SELECT id, body FROM shipments"):
            known = self._bodies.setdefault(shipment_id, body)
            if known != body:
                raise Broken(FROZEN, f"The draft of {shipment_id} was {known} and is {body}.")
            if shipment_id not in self._drafts:
                draft = self._drafts[shipment_id] = _read_draft(body)
                self._check_revision(shipment_id, draft)
        numbers = self.database.rows(
            "SELECT tracking_number FROM parcels WHERE tracking_number IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
        )
        if numbers:
            raise Broken(NO_NUMBER_TWICE, f"Two parcels of ours have the number {numbers[0][0]}.")

    def _check_revision(self, shipment_id: str, draft: Draft) -> None:
        if not draft.shop_order_id:
            return
        said = {draft.recipient.house_number, draft.recipient.name.rpartition(" ")[2]}
        said |= {str(item["description"]).rpartition(" ")[2] for box in draft.boxes for item in box.items}
        said |= {str(item["sku"]).rpartition("-")[2] for box in draft.boxes for item in box.items}
        if len(said) != 1:
            raise Broken(ONE_REVISION, f"{shipment_id} has parts of the revisions {sorted(map(str, said))}.")

    def _check_moves(self) -> None:
        rows = self.database.rows(
            "SELECT id, shipment_id, from_state, to_state, reason FROM attempt_moves WHERE id > ? ORDER BY id",
            self._read_moves,
        )
        for move_id, shipment_id, before, after, reason in rows:
            self._read_moves = move_id
            self.say(f"{shipment_id[-4:]} is {after} {reason[:60]}")
            self.moves[f"{before or ''} → {after}"] += 1
            if before != self.states.get(shipment_id):
                raise Broken(ALLOWED_PATH, f"{shipment_id} went from {before} and was {self.states.get(shipment_id)}.")
            if before is not None and before != after and State(after) not in NEXT[State(before)]:
                raise Broken(ALLOWED_PATH, f"{shipment_id} went from {before} to {after}.")
            self.states[shipment_id] = after
        rows = self.database.rows("SELECT shipment_id, state, lease_owner FROM attempts")
        states = {shipment_id: state for shipment_id, state, _ in rows}
        if states != self.states:
            wrong = next(iter(set(states.items()) ^ set(self.states.items())))
            raise Broken(ALLOWED_PATH, f"{wrong[0]} is somewhere that no step has led to: {wrong[1]}.")
        for shipment_id, _, owner in rows:
            before = self._owners.get(shipment_id)
            if owner and before and owner != before:
                self.leases_lost += 1
            self._owners[shipment_id] = owner

    def _check_acknowledged(self) -> None:
        """What was told is never taken back by itself."""
        for each in self.acknowledged:
            if each.shipment_id in self.taken_back:
                continue
            rows = self.database.rows(
                "SELECT tracking_number FROM parcels WHERE shipment_id = ? ORDER BY box_number", each.shipment_id
            )
            numbers = tuple(row[0] for row in rows)
            if numbers != each.numbers or self.states.get(each.shipment_id) != State.STORED:
                state = self.states.get(each.shipment_id)
                raise Broken(NOTHING_LOST, f"{each.purchase} was told {each.numbers}; {numbers} are stored, {state}.")

    # What the carriers have

    def _check_bookings(self) -> None:
        live: defaultdict[str, list[Entry]] = defaultdict(list)
        for entry in self.ledger.live():
            live[entry.order].append(entry)
        for purchase, entries in live.items():
            if len(entries) > 1:
                said = ", ".join(f"{entry.reference[-4:]} {'+'.join(entry.numbers)}" for entry in entries)
                raise Broken(ONE_BOOKING, f"{purchase} is booked {len(entries)} times: {said}.")
        numbers = Counter(number for entry in self.ledger.entries for number in entry.numbers)
        for number, count in numbers.items():
            if count > 1:
                raise Broken(NO_NUMBER_TWICE, f"The ledger has the number {number} {count} times.")

    def _check_told(self) -> None:
        for reference, draft in self.ledger.told[self._read_told :]:
            stored = self._drafts.get(reference)
            if stored is None:
                raise Broken(ACCOUNTED_FOR, f"The carrier was told of {reference}, of which nothing is stored.")
            if stored != draft:
                raise Broken(ONLY_TOLD, f"The carrier was told {draft} of {reference}; {stored} is stored.")
        self._read_told = len(self.ledger.told)

    def _check_accounted_for(self) -> None:
        for entry in self.ledger.live():
            state = self.states.get(entry.reference)
            if state not in MAY_HAVE_A_BOOKING:
                said = f"{entry.reference} of {entry.order} is booked as {'+'.join(entry.numbers)}, and {state}."
                raise Broken(ACCOUNTED_FOR, said)

    # What clients hear

    def hear(self, key: str, answer: bytes) -> None:
        """A request with a key was answered with a success."""
        if self.answers.setdefault(key, answer) != answer:
            raise Broken(ONE_ANSWER, f"The key {key} had {_differing(self.answers[key], answer)}.")

    def acknowledge(self, purchase: str, shipment_id: str, numbers: tuple[str, ...]) -> None:
        """A client was told that it has a label."""
        self.acknowledged.append(Acknowledged(purchase, shipment_id, numbers))
        live = self.ledger.live(shipment_id)
        if shipment_id not in self.taken_back and numbers not in [entry.numbers for entry in live]:
            raise Broken(NOTHING_LOST, f"{purchase} was told {numbers}; booked is {[entry.numbers for entry in live]}.")

    # In the end

    def unsettled(self) -> list[str]:
        """The shipments that we have still to do something about, and no person."""
        return [shipment_id for shipment_id in self._open() if not self._waits_for_a_person(shipment_id)]

    def waiting_for_a_person(self) -> list[str]:
        """The shipments that a person has to ask the carrier about, because we cannot."""
        return [shipment_id for shipment_id in self._open() if self._waits_for_a_person(shipment_id)]

    def _open(self) -> list[str]:
        return [shipment_id for shipment_id, state in self.states.items() if state in OPEN]

    def _waits_for_a_person(self, shipment_id: str) -> bool:
        is_partial = any(entry.is_partial for entry in self.ledger.live(shipment_id))
        cannot_say = self._drafts[shipment_id].carrier_code in {"blind", "refusing"}
        return self.states[shipment_id] == State.UNKNOWN and (cannot_say or is_partial)

    def check_end(self) -> None:
        """After everything was left in peace: all is settled, and what was told is what is booked."""
        self.check()
        for shipment_id in self._open():
            state, carrier = self.states[shipment_id], self._drafts[shipment_id].carrier_code
            raise Broken(ALL_SETTLED, f"{shipment_id} ({carrier}) is {state}.")
        for shipment_id, state in self.states.items():
            live = self.ledger.live(shipment_id)
            if state == State.STORED and not (live and not live[0].is_partial):
                raise Broken(
                    ALL_SETTLED, f"{shipment_id} is stored, and booked is {[entry.numbers for entry in live]}."
                )
        for each in self.acknowledged:
            live = self.ledger.live(each.shipment_id)
            if each.shipment_id not in self.taken_back and [entry.numbers for entry in live] != [each.numbers]:
                raise Broken(NOTHING_LOST, f"{each.purchase} was told {each.numbers}; booked is {live}.")


def _differing(before: bytes, after: bytes) -> str:
    """Where two answers begin to differ."""
    place = next((i for i, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    place = max(0, place - 40)
    return f"…{before[place : place + 120]!r} and has …{after[place : place + 120]!r}"


_read_draft = msgspec.json.Decoder(Draft, float_hook=Decimal).decode
