"""Shipping holds for whatever is asked, in whatever sequence. The oracle is the sandbox's ledger."""

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kolli.carriers.postnl import PostNL
from kolli.carriers.sandbox import Fault
from kolli.operations.reconcile import reconcile
from tests.factories import a_caller, an_installation, an_order

URL = "/api/v3/orders/create-label-sync"

# Any body


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    caller = a_caller(an_installation(tmp_path_factory.mktemp("shipping")), repeat_labels="allowed")
    caller.store(an_order(), an_order(order_id="shop-2", order_number="ORDER-2"))
    return caller


any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
any_number = st.integers() | st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)
anything = st.recursive(
    st.none() | st.booleans() | any_number | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=6,
)


def mostly(*values: Any) -> st.SearchStrategy[Any]:
    """One of these, or anything at all."""
    return st.sampled_from(values) | st.sampled_from(values) | anything


def an_object(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """An object with some of these members, and perhaps others; or anything at all."""
    known = st.fixed_dictionaries({}, optional=members)
    return (
        known
        | st.builds(lambda one, other: {**other, **one}, known, st.dictionaries(any_text, anything, max_size=2))
        | anything
    )


selector = an_object(
    order_id=mostly("shop-1", "SHOP-2", "nowhere"),
    order_number=mostly("ORDER-1", "order-2", "nowhere"),
    apply_shipping_rules=mostly(True, False),
)
members = {
    "order": selector | st.lists(selector, max_size=2),
    "orders": selector | st.lists(selector, max_size=2),
    "integration_id": mostly(70, 70.0, 71, 2**70),
    "sender_address_id": mostly(1017, None, 1018),
    "brand_id": mostly(1042, None, 0),
    "ship_with": an_object(
        type=mostly("shipping_option_code"),
        properties=an_object(
            shipping_option_code=mostly("sendcloud:letter", "postnl:standard", None, "nowhere:letter"),
            contract_id=mostly(1517, None, 0),
        ),
    ),
    "label_details": an_object(
        mime_type=mostly("application/pdf", "application/zpl", "image/png"), dpi=mostly(72, 150, 203, 300, 600)
    ),
}
nearly_right = st.fixed_dictionaries(
    {"integration_id": st.just(70), "order": st.sampled_from([{"order_id": "shop-1"}, [{"order_number": "ORDER-2"}]])},
    optional={name: strategy for name, strategy in members.items() if name not in {"integration_id", "order"}},
)


def is_label(answer):
    (label,) = answer.json()["data"]
    return label["label"] == label["label_details"] and label["label"]["file"] != "" and label["parcel_id"] > 0


def is_refusal(answer):
    problems = answer.json()["errors"]
    return bool(problems) and all(
        problem["status"] == str(answer.status_code) and problem["code"] and problem["detail"] for problem in problems
    )


@given(st.fixed_dictionaries({}, optional=members) | nearly_right | anything)
def test_whatever_is_asked_the_answer_is_a_label_or_says_what_is_wrong(caller, body):
    before = len(caller.sandbox.ledger.entries())

    answer = caller.client.post(URL, json=body)

    assert answer.status_code in {201, 400, 404}, answer.text
    assert is_label(answer) if answer.status_code == 201 else is_refusal(answer)
    assert len(caller.sandbox.ledger.entries()) - before in ({0, 1} if answer.status_code == 201 else {0})


@given(st.binary(max_size=200))
def test_whatever_bytes_are_sent_the_answer_says_what_is_wrong(caller, content):
    answer = caller.client.post(URL, content=content)

    assert answer.status_code == 400
    assert is_refusal(answer)


# Numbers


@given(
    st.sets(st.integers(0, 10**10), min_size=2, max_size=50),
    st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=2),
)
def test_postnl_numbers_are_unique_and_have_13_or_15_characters(serials, customer_code):
    numbers = [PostNL(Path()).number(serial, {"customer_code": customer_code}, "postnl:standard") for serial in serials]

    assert len(set(numbers)) == len(serials)
    assert {len(number) for number in numbers} <= {13, 15}
    assert {number.startswith(f"3S{customer_code}") and number[2:].isalnum() for number in numbers} == {True}


# Any sequence

ORDERS = ("ORDER-1", "ORDER-2")


class Shipping(RuleBasedStateMachine):
    """Two orders are shipped, cancelled, edited and removed while the carrier goes wrong and the server restarts."""

    @initialize()
    def start(self):
        self.folder = tempfile.TemporaryDirectory()
        self.caller = a_caller(an_installation(Path(self.folder.name)))
        self.labels: dict[str, str] = {}  # shipment → order, for every label that was handed out
        for number in ORDERS:
            self.store(number)

    def teardown(self):
        if hasattr(self, "folder"):
            self.caller.sandbox.ledger.close()
            self.folder.cleanup()

    def store(self, number, city="Amsterdam"):
        address = {**an_order()["shipping_address"], "city": city}
        self.caller.store(an_order(order_id=f"id of {number}", order_number=number, shipping_address=address))

    @rule(number=st.sampled_from(ORDERS), mime_type=st.sampled_from(["application/pdf", "application/zpl"]))
    def ship(self, number, mime_type):
        answer = self.caller.ship(order={"order_number": number}, label_details={"mime_type": mime_type})
        if answer.status_code == 201:
            self.labels[answer.json()["data"][0]["shipment_id"]] = number
            return
        (problem,) = answer.json()["errors"]
        assert (answer.status_code, problem["code"]) in {
            (400, "parcel_announcement_error"),
            (400, "validation_error"),
            (404, "not_found"),
        }
        if "document" in problem.get("meta", {}):
            document = self.caller.client.get(problem["meta"]["document"])
            assert document.status_code == 200
            self.labels[problem["meta"]["shipment_id"]] = number

    @rule(data=st.data())
    def cancel(self, data):
        shipment = data.draw(st.sampled_from([*self.labels, "no-such-shipment"]))
        answer = self.caller.client.post(f"/api/v3/shipments/{shipment}/cancel")
        assert answer.status_code in {200, 404, 409}

    @rule(fault=st.sampled_from(Fault))
    def fail_next(self, fault):
        self.caller.sandbox.ledger.fail_next(fault)

    @rule(number=st.sampled_from(ORDERS), fault=st.sampled_from(Fault))
    def try_until_it_works(self, number, fault):
        self.caller.sandbox.ledger.fail_next(fault)
        answers = [self.caller.ship(order={"order_number": number}) for _ in range(3)]
        labels = [answer.json()["data"][0]["shipment_id"] for answer in answers if answer.status_code == 201]
        assert len(labels) <= 1
        self.labels.update(dict.fromkeys(labels, number))

    @rule(number=st.sampled_from(ORDERS), city=st.sampled_from(["Amsterdam", "Utrecht", "😀"]))
    def edit(self, number, city):
        self.store(number, city)

    @rule(number=st.sampled_from(ORDERS))
    def send_again(self, number):
        found = self.caller.client.get("/api/v3/orders", params={"order_number": number}).json()["data"]
        for order in found:
            self.caller.client.delete(f"/api/v3/orders/{order['id']}")
        self.store(number)

    @rule()
    def restart(self):
        assert reconcile(self.caller.installation) == []

    @invariant()
    def no_order_has_two_live_labels(self):
        if not hasattr(self, "caller"):
            return
        live = Counter(entry.order_number for entry in self.caller.sandbox.ledger.entries() if not entry.is_cancelled)
        assert max(live.values(), default=0) <= 1

    @invariant()
    def every_label_that_was_handed_out_is_in_the_ledger(self):
        if not hasattr(self, "caller"):
            return
        booked = {entry.reference: entry.order_number for entry in self.caller.sandbox.ledger.entries()}
        assert self.labels.items() <= booked.items()


TestShipping = Shipping.TestCase
TestShipping.settings = settings(stateful_step_count=15)
