"""Two processes move the attempts of two orders in any sequence, while the clock goes as it likes.

A model beside the table says what may happen; whatever does, an order has one guard holder, every step is written down,
and nobody takes a step under somebody else's lease.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from kolli.account.accounts import Account, add_account
from kolli.schema import attempts
from kolli.shipments.attempts import (
    ASKING,
    GUARDED,
    LEASE,
    NEXT,
    UNSETTLED,
    Attempt,
    Move,
    State,
    end_leases,
    get_attempt,
    intend,
    lease,
    let_go,
    list_moves,
    move,
    note,
    renew_leases,
)
from kolli.shipments.queries import add_shipment
from tests.factories import NOW, a_database
from tests.unit.shipments.made import a_shipment

OWNERS = st.sampled_from(["first", "second"])
ORDERS = st.sampled_from(["70 shop-1", "70 shop-2"])
PICKS = st.integers(0, 99)
REASONS = st.sampled_from(["", "No answer.", "It was found."])


@dataclass
class Known:
    """What has to be true of an attempt."""

    order: str
    is_guarded: bool
    state: State
    moves: list[Move]
    tries: int
    reason: str = ""
    is_partly_booked: bool = False
    owner: str | None = None
    until: datetime | None = None
    stale: list[Attempt] = field(default_factory=list)  # as somebody saw it at some time

    def is_open_to(self, owner: str, now: datetime) -> bool:
        return self.owner in {None, owner} or self.until is None or self.until < now

    def is_held(self, owner: str | None, now: datetime) -> None:
        self.owner, self.until = owner, now + LEASE if owner else None


class Steps(RuleBasedStateMachine):
    """The attempts of one account."""

    @initialize(owner=OWNERS)
    def start(self, owner):
        self.database = a_database()
        self.now = NOW
        self.ids = count(1)
        self.known: dict[str, Known] = {}
        with self.database.write() as transaction:
            add_account(transaction, Account(1, "One"))
        self.begin("70 shop-1", owner, State.INTENDED, is_guarded=True)

    @rule(by=st.sampled_from([timedelta(seconds=1), LEASE, LEASE + timedelta(seconds=1), -2 * LEASE]))
    def the_clock_goes(self, by):
        self.now += by

    @rule(order=ORDERS, owner=OWNERS, state=st.sampled_from([State.QUEUED, State.INTENDED]), is_guarded=st.booleans())
    def begin(self, order, owner, state, is_guarded):
        shipment_id = f"s{next(self.ids)}"
        holders = [known for known in self.known.values() if known.order == order and self.holds_guard(known)]
        with self.database.write() as transaction:
            add_shipment(transaction, a_shipment(id=shipment_id))
            attempt = Attempt(shipment_id, 1, order, state)
            is_there = intend(transaction, attempt, self.now, is_guarded=is_guarded, owner=owner)
        assert is_there is not (is_guarded and bool(holders))
        if is_there:
            asks = state in ASKING
            self.known[shipment_id] = Known(order, is_guarded, state, [Move(None, state, self.now)], int(asks))
            self.known[shipment_id].is_held(owner if asks else None, self.now)
            self.look(shipment_id)

    @rule(pick=PICKS)
    def somebody_looks(self, pick):
        self.look(self.picked(pick))

    @rule(pick=PICKS, way=PICKS, owner=OWNERS, reason=REASONS, is_partly=st.booleans())
    def step(self, pick, way, owner, *, reason, is_partly):
        self.look(self.picked(pick))
        self.step_from(self.known[self.picked(pick)].stale[-1], way, owner, reason, is_partly=is_partly)

    @rule(pick=PICKS, age=PICKS, way=PICKS, owner=OWNERS)
    def step_late(self, pick, age, way, owner):
        """By somebody who saw the attempt long ago."""
        stale = self.known[self.picked(pick)].stale
        self.step_from(stale[-1 - age % len(stale)], way, owner, "Late.", is_partly=False)

    def step_from(self, seen, way, owner, reason, *, is_partly):
        known = self.known[seen.shipment_id]
        ways = sorted(NEXT[seen.state])
        if not ways:
            return
        to = ways[way % len(ways)]
        is_partly = is_partly and to is State.UNKNOWN
        with self.database.write() as transaction:
            moved = move(transaction, seen, to, self.now, reason, owner=owner, is_partly_booked=is_partly)
        assert moved is (seen.state is known.state and known.is_open_to(owner, self.now))
        if moved:
            known.moves.append(Move(known.state, to, self.now, reason))
            known.state, known.reason, known.is_partly_booked = to, reason, is_partly
            known.tries += to is State.INTENDED
            known.is_held(owner if to in ASKING or is_partly else None, self.now)

    @rule(pick=PICKS, owner=OWNERS, reason=REASONS, is_partly=st.booleans())
    def say_more(self, pick, owner, reason, is_partly):
        known = self.known[self.picked(pick)]
        if known.state is not State.UNKNOWN:
            return
        self.look(self.picked(pick))
        with self.database.write() as transaction:
            noted = note(transaction, known.stale[-1], self.now, reason, owner=owner, is_partly_booked=is_partly)
        assert noted is known.is_open_to(owner, self.now)
        if noted and (known.reason, known.is_partly_booked) != (reason, is_partly):
            known.moves.append(Move(known.state, known.state, self.now, reason))
            known.reason, known.is_partly_booked = reason, is_partly

    @rule(pick=PICKS, age=PICKS, owner=OWNERS, is_try=st.booleans())
    def take(self, pick, age, owner, is_try):
        known = self.known[self.picked(pick)]
        seen = known.stale[-1 - age % len(known.stale)]
        with self.database.write() as transaction:
            taken = lease(transaction, seen, owner, self.now, is_try=is_try)
        assert taken is (seen.state is known.state and known.is_open_to(owner, self.now))
        if taken:
            known.is_held(owner, self.now)
            known.tries += is_try

    @rule(pick=PICKS, owner=OWNERS)
    def go(self, pick, owner):
        known = self.known[self.picked(pick)]
        with self.database.write() as transaction:
            let_go(transaction, known.stale[-1], owner)
        if known.owner == owner:
            known.is_held(None, self.now)

    @rule(owner=OWNERS)
    def live_on(self, owner):
        held = [shipment for shipment, known in self.known.items() if known.owner == owner]
        with self.database.write() as transaction:
            renew_leases(transaction, held, owner, self.now)
        for shipment in held:
            self.known[shipment].is_held(owner, self.now)

    @rule()
    def restart(self):
        with self.database.write() as transaction:
            end_leases(transaction)
        for known in self.known.values():
            if known.state in UNSETTLED:  # nobody asks about others
                known.is_held(None, self.now)

    def picked(self, pick):
        return list(self.known)[pick % len(self.known)]

    def look(self, shipment_id):
        with self.database.read() as transaction:
            self.known[shipment_id].stale.append(get_attempt(transaction, 1, shipment_id))

    def holds_guard(self, known):
        return known.is_guarded and known.state in GUARDED

    @invariant()
    def an_order_has_one_guard_holder(self):
        with self.database.read() as transaction:
            rows = transaction.execute(select(attempts.c.shipment_id, attempts.c.guard)).all()
        held = {row.shipment_id: row.guard for row in rows if row.guard is not None}
        assert held == {shipment: known.order for shipment, known in self.known.items() if self.holds_guard(known)}
        assert len(set(held.values())) == len(held)

    @invariant()
    def everything_is_as_the_model_says(self):
        with self.database.read() as transaction:
            for shipment, known in self.known.items():
                assert list_moves(transaction, 1, shipment) == known.moves
                found = get_attempt(transaction, 1, shipment)
                assert (found.state, found.reason, found.tries) == (known.state, known.reason, known.tries)
                assert (found.is_partly_booked, found.lease_until) == (known.is_partly_booked, known.until)


TestSteps = Steps.TestCase
