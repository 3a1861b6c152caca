"""Purchases as clients make them, until they know their labels; and what the carrier's own ledger says about it.

The oracle is always the ledger of the sandbox, which no part of Kolli reads, never our database.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from kolli.carriers.sandbox import LEDGER, Ledger, LedgerEntry
from kolli.documents.proof import codes_by_zxing, picture_of
from tests.chaos.processes import GONE, Answer, Server
from tests.factories import an_order

INTEGRATION = 70
LETTER = {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}}
SENDER = {
    "name": "Lumen & Was",
    "address_line_1": "Kanaalweg",
    "house_number": "14",
    "postal_code": "3526 KL",
    "city": "Utrecht",
    "country_code": "NL",
}

COME_AGAIN = frozenset({409, 429, 500, 502, 503, 504, 507})
"""Answers after which a client tries again, with the same key if it has one."""

BUSY = b"still processing a previous request"
"""As documented, the hosted service says so with a 400."""

PATIENCE_SECONDS = 60.0
NUDGE_AFTER_SECONDS = 0.3
"""After so long without news the server is killed and started again, which does at once what time would bring."""


def a_numbered_order(number: int | str) -> dict[str, Any]:
    """An order of the demo's shop."""
    return an_order(order_id=f"id-{number}", order_number=f"N-{number}")


@dataclass(frozen=True)
class Purchase:
    """One thing that somebody buys: how it is asked for, and under which order number the ledger has it."""

    name: str
    path: str
    body: Mapping[str, Any]
    boxes: int
    order_number: str


@dataclass(frozen=True)
class Told:
    """What a client knows in the end: the shipment, and its parcels with their numbers, in the order of the boxes."""

    shipment_id: str
    parcels: tuple[tuple[int, str], ...]
    answer: Answer

    @property
    def numbers(self) -> tuple[str, ...]:
        """The tracking numbers."""
        return tuple(number for _, number in self.parcels)


def label_sync(number: int | str) -> Purchase:
    """The label of one order, in the answer."""
    body = {"integration_id": INTEGRATION, "order": {"order_number": f"N-{number}"}}
    return Purchase("create-label-sync, 1 parcel", "/api/v3/orders/create-label-sync", body, 1, f"N-{number}")


def labels_async(number: int | str, boxes: int = 5) -> Purchase:
    """An order in several parcels, announced in the background."""
    parcels = [{"parcel_items": [], "weight": {"value": "0.5", "unit": "kg"}} for _ in range(boxes)]
    body = {"integration_id": INTEGRATION, "orders": [{"order_number": f"N-{number}", "parcels": parcels}]}
    return Purchase(
        f"create-labels-async, {boxes} parcels", "/api/v3/orders/create-labels-async", body, boxes, f"N-{number}"
    )


def announcement(number: int | str, boxes: int = 5) -> Purchase:
    """A shipment of several parcels without an order, by whose external reference it is known."""
    body = {
        "to_address": an_order()["shipping_address"],
        "from_address": SENDER,
        "ship_with": LETTER,
        "order_number": f"N-{number}",
        "external_reference_id": f"reference-{number}",
        "parcels": [{"weight": {"value": "0.5", "unit": "kg"}} for _ in range(boxes)],
    }
    return Purchase(f"announce, {boxes} parcels", "/api/v3/shipments/announce", body, boxes, f"N-{number}")


def tell(purchase: Purchase, server: Server, *, key: str | None = None) -> Told:
    """Asks again and again, as a client does, until there is a label; the server is started again when it is dead."""
    end = time.monotonic() + PATIENCE_SECONDS
    last: object = None
    while time.monotonic() < end:
        server.revive()
        try:
            answer = server.ask("POST", purchase.path, purchase.body, key=key)
        except GONE as error:
            last = error
            server.may_have_died()
            continue
        last = answer
        shipment_id = shipment_of(answer)
        if shipment_id is None:
            assert answer.status in COME_AGAIN or BUSY in answer.body, answer
            time.sleep(0.02)
        elif parcels := settled(server, shipment_id):
            return Told(shipment_id, parcels, answer)
    raise AssertionError(f"No label of {purchase} after {PATIENCE_SECONDS} s: {last}")


def shipment_of(answer: Answer) -> str | None:
    """The shipment that an answer is about, whether it was made by it or is what stands in the way."""
    try:
        document = answer.json()
    except ValueError:
        return None
    data = document.get("data") or {}
    found = [data] if isinstance(data, dict) else list(data)
    found += [error.get("meta", {}) for error in document.get("errors", [])]
    for each in found:
        if shipment_id := each.get("shipment_id") or each.get("id"):
            return str(shipment_id)
    return None


def settled(server: Server, shipment_id: str) -> tuple[tuple[int, str], ...] | None:
    """The parcels of a shipment with their numbers, once it is known what became of it; None: it has no label."""
    end = time.monotonic() + PATIENCE_SECONDS
    nudge = time.monotonic() + NUDGE_AFTER_SECONDS
    parcels: list[Any] = []
    while time.monotonic() < end:
        server.revive()
        if time.monotonic() > nudge:
            server.kill()
            server.revive()
            nudge = end
        with suppress(*GONE):
            answer = server.ask("GET", f"/api/v3/shipments/{shipment_id}")
            if answer.status != HTTPStatus.OK:
                assert answer.status in COME_AGAIN, answer
                continue
            parcels = answer.json()["data"]["parcels"]
            states = {parcel["status"]["code"] for parcel in parcels}
            if states == {"READY_TO_SEND"}:
                return tuple((parcel["id"], parcel["tracking_number"]) for parcel in parcels)
            if states <= {"ANNOUNCEMENT_FAILED", "CANCELLED"}:
                return None
            time.sleep(0.01)
    raise AssertionError(f"The shipment {shipment_id} is not settled: {parcels}\n{server.output[-4000:]}")


def ledger_of(data: Path) -> list[LedgerEntry]:
    """What the sandbox has booked, whatever we believe."""
    with closing(Ledger(data / LEDGER)) as ledger:
        return ledger.entries()


def mistakes(purchase: Purchase, told: Told, data: Path) -> Iterator[str]:
    """What is wrong between the ledger and what the client was told: nothing."""
    booked = [entry for entry in ledger_of(data) if entry.order_number == purchase.order_number]
    live = [entry for entry in booked if not entry.is_cancelled]
    if len({entry.reference for entry in live}) != 1:
        yield f"{len({entry.reference for entry in live})} live bookings"
    if sorted(entry.box for entry in live) != list(range(1, purchase.boxes + 1)):
        yield f"booked boxes {sorted(entry.box for entry in live)}"
    if tuple(entry.tracking_number for entry in sorted(live, key=lambda entry: entry.box)) != told.numbers:
        yield f"booked {[entry.tracking_number for entry in live]}, told {told.numbers}"
    if {entry.reference for entry in live} != {told.shipment_id}:
        yield f"booked under {[entry.reference for entry in live]}, told {told.shipment_id}"


def scanned(server: Server, parcel_id: int) -> frozenset[str]:
    """What a scanner reads on the parcel's label."""
    answer = server.ask("GET", f"/api/v3/parcels/{parcel_id}/documents/label", headers={"Accept": "application/pdf"})
    assert answer.status == HTTPStatus.OK, answer
    return frozenset(text for _, text in codes_by_zxing(picture_of(answer.body, 203)))
