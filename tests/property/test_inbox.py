"""The inbox says the same as a look at all orders and attempts, whatever was done to them and in which sequence."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text

from kolli.account.accounts import Account, add_account
from kolli.account.integrations import add_integration
from kolli.api.bodies import decode, encode
from kolli.orders.inbox import InboxFilters, InboxPage, list_inbox
from kolli.orders.queries import add_or_update_order, get_order, remove_order, update_order
from kolli.orders.terms import terms_of
from kolli.schema import inbox, order_terms, orders, shipments
from kolli.shipments.attempts import NEXT, Attempt, State, get_attempts, intend, move, order_key
from kolli.standing import STANDING_OF_STATE, Standing
from tests.factories import NOW, a_database, an_address, an_integration, an_order

ORDERS = ("a", "b", "A")  # two of them differ in case only
PLACES = {"NL": "Amsterdam", "DE": "Berlin"}

actions = st.one_of(
    st.tuples(st.just("store"), st.sampled_from(ORDERS), st.sampled_from(sorted(PLACES))),
    st.tuples(st.just("edit"), st.sampled_from(ORDERS), st.sampled_from(sorted(PLACES))),
    st.tuples(st.just("remove"), st.sampled_from(ORDERS), st.none()),
    st.tuples(st.just("try"), st.sampled_from(ORDERS), st.sampled_from([State.QUEUED, State.INTENDED])),
    st.tuples(st.just("move"), st.integers(0, 20), st.sampled_from(sorted(State))),
)


def document(name, country):
    address = an_address(name=f"Person {country}", city=PLACES[country], country_code=country)
    known = {key: getattr(address, key) for key in ("name", "address_line_1", "house_number", "postal_code", "city")}
    order = an_order(order_id=name, order_number=f"N-{name}", shipping_address={**known, "country_code": country})
    return decode(encode(order))


class World:
    def __init__(self):
        self.database = a_database()
        self.now, self.made, self.next_pk = NOW, [], 1
        with self.database.write() as transaction:
            add_account(transaction, Account(1, "One"))
            add_integration(transaction, 1, an_integration(70))

    def pk_of(self, transaction, name):
        return transaction.execute(select(orders.c.id).where(orders.c.order_id == name)).scalar_one_or_none()

    def act(self, verb, what, how):
        self.now += timedelta(seconds=1)
        with self.database.write() as transaction:
            getattr(self, verb)(transaction, what, how)

    def store(self, transaction, name, country):
        self.next_pk += 1
        add_or_update_order(transaction, 1, self.next_pk, document(name, country), self.now, warnings=())

    def edit(self, transaction, name, country):
        pk = self.pk_of(transaction, name)
        if pk is not None:
            update_order(transaction, 1, get_order(transaction, 1, pk), document(name, country), self.now)

    def remove(self, transaction, name, _):
        pk = self.pk_of(transaction, name)
        if pk is not None:
            remove_order(transaction, 1, pk)

    def try_(self, transaction, name, state):
        shipment_id = f"s{len(self.made):03}"
        row = {"account_id": 1, "integration_id": 70, "order_number_key": "n", "created_at": "x", "body": "{}"}
        transaction.execute(insert(shipments).values(id=shipment_id, **row))
        intend(transaction, Attempt(shipment_id, 1, order_key(70, name), state), self.now, is_guarded=False)
        self.made.append(shipment_id)

    def move(self, transaction, number, state):
        if not self.made:
            return
        shipment_id = self.made[number % len(self.made)]
        attempt = get_attempts(transaction, 1, [shipment_id])[shipment_id]
        if state in NEXT[attempt.state]:
            move(transaction, attempt, State(state), self.now)

    def from_scratch(self, transaction):
        """What the inbox would be, from orders and attempts alone."""
        found = {}
        for pk, name, body in transaction.execute(select(orders.c.id, orders.c.order_id, orders.c.body)):
            query = "SELECT state FROM attempts WHERE order_key = :key ORDER BY created_at"
            states = transaction.execute(text(query), {"key": f"70 {name}"}).scalars().all()
            found[pk] = (expected(states), decode(body.encode())["shipping_address"]["country_code"])
        return found


setattr(World, "try", World.try_)


def expected(states):
    if "stored" in states:
        return "shipped"
    if "unknown" in states:
        return "unknown"
    if {"intended", "queued", "cancelling"} & set(states):
        return "shipping"
    return "failed" if states and states[-1] in {"rejected", "abandoned"} else "open"


@given(st.lists(actions, max_size=30))
def test_the_inbox_is_what_orders_and_attempts_say_after_any_sequence(steps):
    world = World()

    for step in steps:
        world.act(*step)

    with world.database.read() as transaction:
        rows = transaction.execute(select(inbox.c.order_id, inbox.c.state, inbox.c.country_code))
        assert {pk: (state, country) for pk, state, country in rows} == world.from_scratch(transaction)


@given(st.lists(actions, max_size=20))
def test_orders_are_found_by_what_they_say_now_and_by_nothing_else(steps):
    world = World()

    for step in steps:
        world.act(*step)

    with world.database.read() as transaction:
        kept = set(map(tuple, transaction.execute(select(order_terms.c.order_id, order_terms.c.term))))
        documents = transaction.execute(select(orders.c.id, orders.c.body)).all()
    assert kept == {(pk, term) for pk, body in documents for term in terms_of(decode(body.encode()))}


@given(st.lists(actions, max_size=30), st.sets(st.sampled_from(list(Standing))), st.sampled_from(["", "nl", "n-a"]))
def test_pages_forwards_and_backwards_hold_every_order_once(steps, states, words):
    world = World()
    for step in steps:
        world.act(*step)
    filters = InboxFilters(states=frozenset(states), text=words)

    with world.database.read() as transaction:
        whole = [row.order_pk for row in list_inbox(transaction, 1, filters, InboxPage()).rows]
        there: list[int] = []
        position, more = None, True
        while more:
            listed = list_inbox(transaction, 1, filters, InboxPage(1, position))
            there += [row.order_pk for row in listed.rows]
            position, more = there[-1] if there else None, listed.more_behind
        back: list[int] = []
        position, more = None, True
        while more:
            listed = list_inbox(transaction, 1, filters, InboxPage(1, position, backwards=True))
            back += [row.order_pk for row in listed.rows]
            position, more = back[-1] if back else None, listed.more_before

    assert there == whole == back[::-1] == sorted(whole, reverse=True)


def test_every_state_of_an_attempt_has_its_standing():
    assert STANDING_OF_STATE.keys() == set(State)
