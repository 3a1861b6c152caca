"""A small web shop that ships its orders, the way storefront plug-ins do: it sends, it polls, it downloads.

    python shop.py URL PUBLIC_KEY SECRET_KEY INTEGRATION_ID FOLDER

Only the standard library, no retries but those the documentation asks for. Prints one line of JSON for each order.
"""

import base64
import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

URL, PUBLIC_KEY, SECRET_KEY, INTEGRATION_ID, FOLDER = sys.argv[1:]
AUTHORIZATION = "Basic " + base64.b64encode(f"{PUBLIC_KEY}:{SECRET_KEY}".encode()).decode()


def call(method, url, body=None, accept="application/json"):
    """Sends a request and gives status and body, whatever the status."""
    request = urllib.request.Request(
        url if url.startswith("http") else f"{URL}/api/v3{url}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": AUTHORIZATION, "Content-Type": "application/json", "Accept": accept},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def poll(path, is_ready):
    """Asks every half a second until the answer is what we wait for."""
    for _ in range(60):
        status, body = call("GET", path)
        if status == 200 and is_ready(json.loads(body)["data"]):
            return json.loads(body)["data"]
        time.sleep(0.5)
    raise SystemExit(f"{path} never became ready")


def order(number, name, city, postal_code):
    return {
        "order_id": f"web-{number}",
        "order_number": number,
        "order_details": {
            "integration": {"id": int(INTEGRATION_ID)},
            "status": {"code": "unfulfilled", "message": "Unfulfilled"},
            "order_created_at": "2026-11-24T08:00:00.000000+00:00",
            "order_items": [
                {
                    "item_id": "1",
                    "name": "Beeswax candle",
                    "quantity": 3,
                    "total_price": {"value": 29.85, "currency": "EUR"},
                    "measurement": {"weight": {"value": 0.25, "unit": "kg"}},
                }
            ],
        },
        "payment_details": {"total_price": {"value": 29.85, "currency": "EUR"}, "status": {"code": "paid"}},
        "shipping_address": {
            "name": name,
            "address_line_1": "Stationsstraat",
            "house_number": "12",
            "postal_code": postal_code,
            "city": city,
            "country_code": "NL",
        },
    }


ORDERS = [
    order("WEB-501", "Sanne Bakker", "Zwolle", "8011 CW"),
    order("WEB-502", "Jürgen Groß", "Arnhem", "6811 AG"),
    order("WEB-503", "Zoë de Wit", "Leiden", "2312 AV"),
]

# 1. The orders are sent, and read back until they are there: the hosted service stores them a little later.
status, body = call("POST", "/orders", ORDERS)
assert status == 201, body
for entry in json.loads(body)["data"]:
    poll(f"/orders/{entry['id']}", lambda order: True)

# 2. The labels are asked for, all at once. One order does not exist: the others must not suffer.
wanted = [{"order_number": each["order_number"], "apply_shipping_rules": False} for each in ORDERS]
status, body = call(
    "POST",
    "/orders/create-labels-async",
    {
        "integration_id": int(INTEGRATION_ID),
        "ship_with": {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}},
        "orders": [*wanted, {"order_number": "WEB-404"}],
    },
)
assert status == 202, body
accepted, refused = json.loads(body)["data"], json.loads(body)["errors"]
assert [each["source"]["pointer"].startswith("/data/attributes/orders/[3]") for each in refused] == [True], refused

# 3. Each shipment is polled until its label is ready; then the label is downloaded and kept.
for entry in accepted:
    shipment = poll(
        f"/shipments/{entry['shipment_id']}",
        lambda shipment: all(parcel["status"]["code"] != "ANNOUNCING" for parcel in shipment["parcels"]),
    )
    (parcel,) = shipment["parcels"]
    assert parcel["status"]["code"] == "READY_TO_SEND", shipment["errors"]
    (link,) = [document["link"] for document in parcel["documents"] if document["type"] == "label"]
    status, label = call("GET", link, accept="application/pdf")
    assert status == 200, label
    file = Path(FOLDER) / f"{entry['order_number']}.pdf"
    file.write_bytes(label)

    # 4. The customer clicks "create label" again. The shop is told that there is one, and which.
    status, again = call(
        "POST",
        "/orders/create-label-sync",
        {"integration_id": int(INTEGRATION_ID), "order": {"order_number": entry["order_number"]}},
    )
    assert status == 400, again

    # 5. The tracking page of the shop asks where the parcel is.
    status, tracking = call("GET", f"/parcels/tracking/{parcel['tracking_number']}")
    assert status == 200, tracking
    print(
        json.dumps(
            {
                "order_number": entry["order_number"],
                "shipment_id": entry["shipment_id"],
                "parcel_id": entry["parcel_id"],
                "tracking_number": parcel["tracking_number"],
                "tracked": json.loads(tracking)["tracking_numbers"][0]["tracking_number"],
                "label": str(file),
                "answer_to_the_second_click": json.loads(again)["errors"][0]["code"],
            }
        )
    )
