"""An ERP's nightly run: it announces what it has not yet, lists what the server has, and compares the two.

    python erp.py URL CLIENT_ID CLIENT_SECRET

An object around a `requests` session with an OAuth2 token. It may be started as often as one likes: its own reference
on every shipment sees to it that nothing is announced twice.
"""

import json
import sys
from collections.abc import Iterator
from typing import Any

import requests

DELIVERIES = {
    "ERP-2026-0001": ("Kees Visser", "Marktplein", "3", "5211 JX", "'s-Hertogenbosch"),
    "ERP-2026-0002": ("Fatima El Idrissi", "Lange Voorhout", "8", "2514 ED", "Den Haag"),
    "ERP-2026-0003": ("Åse Nyström", "Grote Markt", "1", "9712 HN", "Groningen"),
}
"""What the ERP's own books say is to be delivered, by its own reference."""


class Server:
    """The shipping server, as this ERP sees it."""

    def __init__(self, url: str, client_id: str, client_secret: str) -> None:
        self.api = f"{url}/api/v3"
        self.url = url
        self.session = requests.Session()
        answer = requests.post(
            f"{url}/oauth2/token",
            data={"grant_type": "client_credentials", "scope": "read:parcel write:parcel read:operational-settings"},
            auth=(client_id, client_secret),
            timeout=30,
        )
        answer.raise_for_status()
        self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def get(self, path: str, **query: Any) -> requests.Response:
        """A read that has to succeed."""
        answer = self.session.get(f"{self.api}{path}", params=query, timeout=30)
        answer.raise_for_status()
        return answer

    def announce(self, reference: str, sender: int) -> tuple[int, dict[str, Any]]:
        """Announces one delivery. A 409 is the shipment that this reference has already."""
        name, street, house, postal_code, city = DELIVERIES[reference]
        body: Any = {
            "from_address": {"sender_address_id": sender},
            "to_address": {
                "name": name,
                "address_line_1": street,
                "house_number": house,
                "postal_code": postal_code,
                "city": city,
                "country_code": "NL",
            },
            "ship_with": {
                "type": "shipping_option_code",
                "properties": {"shipping_option_code": "sendcloud:letter"},
            },
            "order_number": reference,
            "external_reference_id": reference,
            "parcels": [{"weight": {"value": "1.250", "unit": "kg"}}],
        }
        answer = self.session.post(f"{self.api}/shipments/announce", json=body, timeout=30)
        assert answer.status_code in {200, 201, 409}, answer.text
        return answer.status_code, answer.json()["data"]

    def shipments(self, **query: Any) -> Iterator[dict[str, Any]]:
        """Every shipment there is, page by page, along the `Link` header."""
        answer = self.get("/shipments", page_size=2, **query)
        while True:
            yield from answer.json()["data"]
            following = answer.links.get("next")
            if following is None:
                return
            answer = self.session.get(following["url"], timeout=30)
            answer.raise_for_status()

    def cancel(self, shipment_id: str) -> int:
        """Takes a shipment back."""
        return self.session.post(f"{self.api}/shipments/{shipment_id}/cancel", timeout=30).status_code


def main(url: str, client_id: str, client_secret: str) -> None:
    server = Server(url, client_id, client_secret)
    sender = server.get("/addresses/sender-addresses").json()["data"][0]["id"]
    messages = {status["code"]: status["message"] for status in server.get("/parcels/statuses").json()["data"]}
    made = {reference: server.announce(reference, sender) for reference in DELIVERIES}

    found = {
        shipment["external_reference_id"]: shipment
        for shipment in server.shipments()
        if shipment["external_reference_id"] in DELIVERIES
    }
    missing = DELIVERIES.keys() - found.keys()
    by_reference = server.get("/shipments", external_reference_id="ERP-2026-0002").json()["data"]
    ready = list(server.shipments(parcel_status="READY_TO_SEND"))

    # The second delivery is called off, and the lists say so.
    cancelled = server.cancel(found["ERP-2026-0002"]["id"])
    after = server.get(f"/shipments/{found['ERP-2026-0002']['id']}").json()["data"]
    old = server.session.get(f"{server.url}/api/v2/parcels", params={"order_number": "ERP-2026-0001"}, timeout=30)
    old.raise_for_status()
    print(
        json.dumps(
            {
                "statuses": {reference: status for reference, (status, _) in made.items()},
                "ids": {reference: shipment["id"] for reference, (_, shipment) in made.items()},
                "numbers": {
                    reference: shipment["parcels"][0]["tracking_number"] for reference, shipment in found.items()
                },
                "missing": sorted(missing),
                "by_reference": [shipment["order_number"] for shipment in by_reference],
                "ready": sorted({shipment["order_number"] for shipment in ready} & DELIVERIES.keys()),
                "cancelled": [cancelled, messages[after["parcels"][0]["status"]["code"]]],
                "in_version_2": [parcel["tracking_number"] for parcel in old.json()["parcels"]],
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
