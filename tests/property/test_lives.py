"""Shipments are created in any way, looked at and cancelled, in any sequence. The oracle is the sandbox's ledger."""

import tempfile
from itertools import count
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kolli.operations.background import workers
from tests.factories import a_caller, an_installation, an_item, an_order, with_items

BOX = {"weight": {"value": "1.2", "unit": "kg"}}
ADDRESS = an_order()["shipping_address"]
WAITING = {"ANNOUNCING", "READY_TO_SEND"}


class Lives(RuleBasedStateMachine):
    """Every shipment has an order number of its own, by which the ledger knows it."""

    @initialize()
    def start(self):
        self.folder = tempfile.TemporaryDirectory()
        self.caller = a_caller(an_installation(Path(self.folder.name)))
        self.numbers = (f"LIFE-{number}" for number in count(1))
        self.boxes: dict[str, int] = {}  # order number → how many were asked for
        self.known: dict[str, str] = {}  # shipment → order number, as far as answers have told
        self.cancelled: set[str] = set()
        self.references: dict[str, str] = {}  # external reference → order number

    def teardown(self):
        if hasattr(self, "folder"):
            try:
                self.let_the_background_work()
            finally:
                self.caller.sandbox.ledger.close()
                self.folder.cleanup()

    # Create

    @rule()
    def ship_an_order(self):
        number = self.an_order()

        answer = self.caller.ship(order={"order_number": number})

        assert answer.status_code == 201
        self.boxes[number] = 1
        self.known[answer.json()["data"][0]["shipment_id"]] = number

    @rule(boxes=st.lists(st.integers(1, 3), min_size=1, max_size=3), broken=st.booleans())
    def ship_orders_in_the_background(self, boxes, broken):
        """An order that does not exist takes nothing away from the others."""
        wanted = {self.an_order(): number for number in boxes}
        orders = [
            {"order_number": number, "parcels": [{**BOX, "parcel_items": [part]} for part in self.parts(boxes)]}
            for number, boxes in wanted.items()
        ]

        answer = self.caller.client.post(
            "/api/v3/orders/create-labels-async",
            json={"integration_id": 70, "orders": [*orders, *([{"order_number": "NOWHERE"}] if broken else [])]},
        )

        assert answer.status_code == 202
        assert bool(answer.json().get("errors")) is broken
        self.boxes |= wanted

    @rule(sync=st.booleans(), boxes=st.integers(1, 3), reference=st.sampled_from([None, "A", "B"]))
    def announce(self, sync, boxes, reference):
        number = next(self.numbers)
        boxes = 1 if sync else boxes

        answer = self.caller.client.post(
            "/api/v3/shipments/announce" if sync else "/api/v3/shipments",
            json={
                "to_address": ADDRESS,
                "from_address": ADDRESS,
                "ship_with": {
                    "type": "shipping_option_code",
                    "properties": {"shipping_option_code": "sendcloud:letter"},
                },
                "parcels": [BOX] * boxes,
                "order_number": number,
                **({"external_reference_id": reference} if reference else {}),
            },
        )

        taken = self.references.get(reference)
        assert answer.status_code == (409 if taken else 201)
        assert answer.json()["data"]["order_number"] == (taken or number)
        self.known[answer.json()["data"]["id"]] = taken or number
        if not taken:
            self.boxes[number] = boxes
            if reference:
                self.references[reference] = number

    # Retrieve

    @rule()
    def let_the_background_work(self):
        """What has been accepted is booked then, unless it was cancelled before."""
        self.work()

        live = {entry.order_number for entry in self.caller.sandbox.ledger.entries() if not entry.is_cancelled}
        assert live == self.boxes.keys() - self.cancelled

    @rule()
    def list_them(self):
        """Each is there once, from the first moment."""
        found = self.caller.client.get("/api/v3/shipments", params={"page_size": 100}).json()["data"]

        assert sorted(shipment["order_number"] for shipment in found) == sorted(self.boxes)
        self.known |= {shipment["id"]: shipment["order_number"] for shipment in found}

    @rule(data=st.data())
    def retrieve(self, data):
        shipment = data.draw(st.sampled_from([*sorted(self.known, key=self.known.__getitem__), "no-such-shipment"]))

        answer = self.caller.client.get(f"/api/v3/shipments/{shipment}")

        number = self.known.get(shipment)
        assert answer.status_code == (200 if number else 404)
        if number:
            parcels = answer.json()["data"]["parcels"]
            assert len(parcels) == self.boxes[number]
            statuses = {parcel["status"]["code"] for parcel in parcels}
            assert statuses <= ({"CANCELLED"} if number in self.cancelled else WAITING)

    # Cancel

    @rule(data=st.data())
    def cancel(self, data):
        shipment = data.draw(st.sampled_from([*sorted(self.known, key=self.known.__getitem__), "no-such-shipment"]))

        answer = self.caller.client.post(f"/api/v3/shipments/{shipment}/cancel")

        number = self.known.get(shipment)
        assert answer.status_code in ({200, 202, 409} if number else {404})
        if number and answer.status_code != 409:
            self.work()
            self.cancelled.add(number)
            if not any(entry.order_number == number for entry in self.caller.sandbox.ledger.entries()):
                self.free_the_reference_of(number)  # it never had a label

    # The oracle

    @invariant()
    def nothing_is_booked_twice_or_for_nobody(self):
        if not hasattr(self, "folder"):
            return
        entries = self.caller.sandbox.ledger.entries()
        booked = {number: [entry for entry in entries if entry.order_number == number] for number in self.boxes}

        assert sum(map(len, booked.values())) == len(entries)
        assert {number for number, found in booked.items() if len(found) not in {0, self.boxes[number]}} == set()
        assert {entry.order_number for entry in entries if entry.is_cancelled} <= self.cancelled

    def work(self):
        while workers(self.caller.installation).run_due():
            pass

    def an_order(self):
        number = next(self.numbers)
        self.caller.store(with_items(an_item(quantity=9), order_id=f"id of {number}", order_number=number))
        return number

    def free_the_reference_of(self, number):
        self.references = {reference: of for reference, of in self.references.items() if of != number}

    @staticmethod
    def parts(boxes):
        return [{"item_id": "line-1", "quantity": 1}] * boxes


Lives.TestCase.settings = settings(stateful_step_count=15)
TestLives = Lives.TestCase
