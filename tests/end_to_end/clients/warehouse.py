"""A packing table: one order in several boxes, labels for all of them on one sheet and on a label printer.

    python warehouse.py URL PUBLIC_KEY SECRET_KEY INTEGRATION_ID FOLDER PRINTER_PORT

Written as small functions around one httpx2 client. The label printer is a raw TCP socket, as on port 9100.
"""

import json
import socket
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2


@dataclass(frozen=True)
class Box:
    """What the packer put into one box, and what the scale said."""

    items: dict[str, int]  # shop's item id → how many
    kilograms: str
    centimetres: tuple[str, str, str]

    def document(self) -> dict[str, Any]:
        length, width, height = self.centimetres
        return {
            "parcel_items": [{"item_id": item, "quantity": quantity} for item, quantity in self.items.items()],
            "weight": {"value": self.kilograms, "unit": "kg"},
            "dimensions": {"length": length, "width": width, "height": height, "unit": "cm"},
        }


BOXES = (
    Box({"lamp": 1}, "2.40", ("40", "30", "30")),
    Box({"lamp": 1}, "2.40", ("40", "30", "30")),
    Box({"bulb": 4, "cable": 2}, "0.85", ("25", "20", "10")),
)


def take_order(api: httpx2.Client, integration: int) -> str:
    """Stores the order that is packed here, as the shop would, and gives its number."""
    lines = [("lamp", "Desk lamp", 2, 2.1), ("bulb", "Light bulb", 4, 0.05), ("cable", "Cable", 2, 0.2)]
    order = {
        "order_id": "wh-7001",
        "order_number": "WH-7001",
        "order_details": {
            "integration": {"id": integration},
            "status": {"code": "processing"},
            "order_created_at": "2026-11-24T09:30:00+00:00",
            "order_items": [
                {
                    "item_id": item,
                    "name": name,
                    "quantity": quantity,
                    "total_price": {"value": 10, "currency": "EUR"},
                    "measurement": {"weight": {"value": weight, "unit": "kg"}},
                }
                for item, name, quantity, weight in lines
            ],
        },
        "payment_details": {"total_price": {"value": 80, "currency": "EUR"}, "status": {"code": "paid"}},
        "shipping_address": {
            "name": "Bibliotheek Neude",
            "company_name": "Gemeente Utrecht",
            "address_line_1": "Neude",
            "house_number": "11",
            "postal_code": "3512 AE",
            "city": "Utrecht",
            "country_code": "NL",
        },
    }
    api.post("/orders", json=[order]).raise_for_status()
    return "WH-7001"


def option_for_several_boxes(api: httpx2.Client) -> str:
    """The code of the cheapest shipping option that takes several boxes, among those with a known price."""
    wanted = {
        "from_address": {"country_code": "NL", "postal_code": "3526KL"},
        "to_address": {"country_code": "NL", "postal_code": "3512AE"},
        "functionalities": {"multicollo": True},
        "calculate_quotes": True,
        "parcels": [{"weight": {"value": box.kilograms, "unit": "kg"}} for box in BOXES],
    }
    options = api.post("/shipping-options", json=wanted).raise_for_status().json()["data"]
    priced = [
        (Decimal(quote["price"]["total"]["value"]), option["code"]) for option in options for quote in option["quotes"]
    ]
    return str(min(priced)[1])


def refused(api: httpx2.Client, request: dict[str, Any]) -> list[str]:
    """What the server says about a box with more lamps than were ordered. Nothing must be announced by it."""
    too_many = [{**request["orders"][0], "parcels": [Box({"lamp": 3}, "7", ("40", "30", "30")).document()]}]
    answer = api.post("/orders/create-labels-async", json={**request, "orders": too_many})
    assert answer.status_code == 202, answer.text
    assert answer.json()["data"] == []
    return [error["code"] for error in answer.json()["errors"]]


def announced(api: httpx2.Client, shipment_id: str) -> dict[str, Any]:
    """The shipment, as soon as the carrier has said yes to all of its boxes."""
    for _ in range(100):
        shipment: dict[str, Any] = api.get(f"/shipments/{shipment_id}").raise_for_status().json()["data"]
        states = {parcel["status"]["code"] for parcel in shipment["parcels"]}
        if states == {"READY_TO_SEND"}:
            return shipment
        assert "ANNOUNCEMENT_FAILED" not in states, shipment["errors"]
        time.sleep(0.1)
    raise SystemExit("The carrier does not answer.")


def send_to_printer(port: int, zpl: bytes) -> None:
    """Prints as warehouses do: the bytes, over a socket, to port 9100 of the printer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as printer:
        printer.sendall(zpl)


def main(url: str, key: tuple[str, str], integration: int, folder: Path, printer: int) -> None:
    with httpx2.Client(base_url=f"{url}/api/v3", auth=key, timeout=30) as api:
        number = take_order(api, integration)
        request = {
            "integration_id": integration,
            "ship_with": {
                "type": "shipping_option_code",
                "properties": {"shipping_option_code": option_for_several_boxes(api), "contract_id": None},
            },
            "orders": [{"order_number": number, "parcels": [box.document() for box in BOXES]}],
        }
        codes = refused(api, request)
        answer = api.post("/orders/create-labels-async", json=request)
        assert answer.status_code == 202, answer.text
        (entry,) = answer.json()["data"]
        assert entry["parcel_id"] == entry["parcels_ids"][0]
        shipment = announced(api, entry["shipment_id"])

        parcels = ",".join(str(parcel) for parcel in entry["parcels_ids"])
        sheet = api.get("/parcel-documents/label", params={"parcels": parcels, "paper_size": "A4"})
        (folder / "sheet.pdf").write_bytes(sheet.raise_for_status().content)
        labels = api.get("/parcel-documents/label", params={"parcels": parcels}, headers={"Accept": "application/zpl"})
        send_to_printer(printer, labels.raise_for_status().content)
        print(
            json.dumps(
                {
                    "shipment_id": shipment["id"],
                    "parcels": [parcel["id"] for parcel in shipment["parcels"]],
                    "tracking_numbers": [parcel["tracking_number"] for parcel in shipment["parcels"]],
                    "weights": [parcel["weight"]["value"] for parcel in shipment["parcels"]],
                    "sheet": str(folder / "sheet.pdf"),
                    "content_types": [sheet.headers["content-type"], labels.headers["content-type"]],
                    "refused": codes,
                }
            )
        )


if __name__ == "__main__":
    main(sys.argv[1], (sys.argv[2], sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]), int(sys.argv[6]))
