"""The examples of the API's description: a story that is run from beginning to end on the demo's data, and recorded.

`python -m tests.conformance.api.examples` runs it and writes down what has changed in its form; what has not changed
keeps its old values, so that a diff shows what a change of the code means to callers.
"""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kolli.api.description import EXAMPLES
from kolli.app import build, web
from kolli.carriers.postnl import PostNL
from kolli.carriers.registry import Carriers
from kolli.carriers.sandbox import SandboxCarrier
from kolli.carriers.upu_s10 import PostalItems
from kolli.demo import HERE, load_demo
from kolli.operations.background import workers
from kolli.operations.context import Installation
from kolli.operations.import_service_points import import_service_points
from kolli.settings import Settings
from tests.described import DescribedClient
from tests.factories import NOW, a_database, the_fonts

Document = dict[str, Any]

LONGEST = 120
"""Characters of a text that are kept: a label in base64 says nothing to anybody."""


@dataclass(frozen=True)
class Step:
    """One request. Texts that begin with a dollar sign stand for what an earlier step has remembered.

    `remember` names places in the answer: `{"order_id": "data.0.id"}`. `work` first lets the background do what is due.
    """

    endpoint: str
    name: str = "usual"
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    form: Mapping[str, str] | None = None
    file: str | None = None  # a picture of the demo that is the whole body
    remember: Mapping[str, str] = field(default_factory=dict)
    work: bool = False
    refused: int = 0  # the status that is expected where it is no success

    def request(self, known: Mapping[str, Any]) -> Document:
        """The request with what is known in the place of its names."""
        asked = {"path": dict(self.path), "query": dict(self.query), "headers": dict(self.headers)}
        more = {"body": self.body, "form": self.form and dict(self.form), "file": self.file}
        filled_in: Document = filled(asked | {name: value for name, value in more.items() if value is not None}, known)
        return filled_in


def run(installation: Installation, steps: Iterable[Step], known: dict[str, Any] | None = None) -> Iterator[Document]:
    """Takes the steps in order, and gives each as an example of the description. `known` grows with each."""
    client = a_client(installation)
    known = {} if known is None else known
    for step in steps:
        if step.work:
            workers(installation).run_due()
        request = step.request(known)
        method, _, path = step.endpoint.partition(" ")
        answer = client.request(
            method,
            path.format(**request["path"]),
            params=request["query"],
            headers=request["headers"],
            **({"json": request["body"]} if "body" in request else {}),
            **({"data": request["form"]} if "form" in request else {}),
            **({"content": (HERE / request["file"]).read_bytes()} if "file" in request else {}),
        )
        is_json = answer.headers.get("content-type") == "application/json"
        document = answer.json() if is_json else None
        known |= {name: found_at(document, place) for name, place in step.remember.items()}
        yield {
            "endpoint": step.endpoint,
            "name": step.name,
            "request": request,
            "status": answer.status_code,
            "answer": shortened(document),
        }


def the_demo(folder: Path) -> Installation:
    """The demo's installation before its first request, at a time that stands still."""
    settings = Settings(data=folder, public_url="http://localhost:8080", private_targets="127.0.0.0/8")
    carriers = Carriers([SandboxCarrier(folder), PostNL(folder), PostalItems(folder)])
    installation = build(settings, a_database(), carriers=carriers, fonts=the_fonts(), clock=lambda: NOW)
    points = HERE / "service-points.csv"
    import_service_points(points, PostalItems.code, installation, lambda _: None, many_may_go=False)
    return installation


def a_client(installation: Installation) -> DescribedClient:
    """A client with the demo's credentials, on an installation that has the demo's orders."""
    credentials = load_demo(installation.database, installation.vault)
    client = DescribedClient(web(installation), installation.public_url, raise_server_exceptions=False)
    client.auth = (credentials.public_key, credentials.secret)
    client.post("/api/v3/orders", content=(HERE / "orders.json").read_bytes()).raise_for_status()
    return client


def filled(value: Any, known: Mapping[str, Any]) -> Any:
    """The value with what is known in the place of its names."""
    match value:
        case str() if value.startswith("$"):
            return known[value[1:]]
        case dict():
            return {name: filled(member, known) for name, member in value.items()}
        case list():
            return [filled(entry, known) for entry in value]
    return value


def found_at(document: Any, place: str) -> Any:
    """What stands at `data.0.id`."""
    for part in place.split("."):
        document = document[int(part) if isinstance(document, list) else part]
    return document


def shortened(value: Any) -> Any:
    """The value without the bulk of long texts."""
    match value:
        case str() if len(value) > LONGEST:
            return f"{value[: LONGEST // 2]}..."
        case dict():
            return {name: shortened(member) for name, member in value.items()}
        case list():
            return [shortened(entry) for entry in value[:3]]
    return value


def form_of(value: Any) -> Any:
    """What an example is about: which members there are and of which kind, not their values."""
    match value:
        case dict():
            return {name: form_of(member) for name, member in sorted(value.items())}
        case list():
            return sorted({json.dumps(form_of(entry)) for entry in value})
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def recorded() -> list[Document]:
    """The examples as they were recorded."""
    examples: list[Document] = json.loads(EXAMPLES.read_text("utf-8"))
    return examples


def merged(old: list[Document], new: list[Document]) -> list[Document]:
    """The new examples, and in their place the old ones that still have the same form."""
    known = {(example["endpoint"], example["name"]): example for example in old}
    kept = [known.get((example["endpoint"], example["name"])) for example in new]
    return [
        before if before is not None and form_of(before) == form_of(after) else after
        for before, after in zip(kept, new, strict=True)
    ]


def write() -> None:
    """Runs the story and records it."""
    with tempfile.TemporaryDirectory() as folder:
        examples = merged(recorded(), list(run(the_demo(Path(folder)), STORY)))
    EXAMPLES.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", "utf-8")


CANDLE = {
    "order_id": "shop-2001",
    "order_number": "ORDER-2001",
    "order_details": {
        "integration": {"id": 70},
        "status": {"code": "unfulfilled", "message": "Waiting to be shipped"},
        "order_created_at": "2026-11-24T09:12:44+00:00",
        "order_items": [
            {
                "item_id": "5552",
                "name": "Cylinder candle",
                "sku": "WW-DR-GR-XS-001",
                "quantity": 2,
                "hs_code": "3406.00",
                "country_of_origin": "NL",
                "total_price": {"value": 17.9, "currency": "EUR"},
                "measurement": {"weight": {"value": 0.35, "unit": "kg"}},
            }
        ],
    },
    "payment_details": {"total_price": {"value": 22.85, "currency": "EUR"}, "status": {"code": "paid"}},
    "customer_details": {"name": "Femke de Vries", "email": "femke@example.org"},
    "shipping_address": {
        "name": "Femke de Vries",
        "address_line_1": "Oudezijds Voorburgwal",
        "house_number": "218-2",
        "postal_code": "1012 GJ",
        "city": "Amsterdam",
        "country_code": "NL",
    },
}

TO = {
    "name": "Jörg Müßiggang",
    "address_line_1": "Königsallee",
    "house_number": "12 a",
    "postal_code": "40212",
    "city": "Düsseldorf",
    "country_code": "DE",
}

BOX = {
    "weight": {"value": "1.2", "unit": "kg"},
    "dimensions": {"length": "30", "width": "20", "height": "10", "unit": "cm"},
}

LETTER = {"type": "shipping_option_code", "properties": {"shipping_option_code": "sendcloud:letter"}}

FROM = {
    "name": "Lumen & Was",
    "address_line_1": "Kanaalweg",
    "house_number": "14",
    "postal_code": "3526 KL",
    "city": "Utrecht",
    "country_code": "NL",
}

ORDERS = [
    Step("POST /api/v3/orders", body=[CANDLE], remember={"order_id": "data.0.id"}),
    Step("GET /api/v3/orders", query={"order_number": "ORDER-2001"}),
    Step("GET /api/v3/orders/{id}", path={"id": "$order_id"}),
    Step("GET /api/v3/orders/{id}/warnings", path={"id": "$order_id"}),
    Step(
        "PATCH /api/v3/orders/{id}",
        path={"id": "$order_id"},
        body={"order_details": {"notes": "Leave it with the neighbours"}},
    ),
]

LABELS = [
    Step(
        "POST /api/v3/orders/create-label-sync",
        body={
            "integration_id": 70,
            "order": {"order_number": "ORDER-25763"},
            "label_details": {"mime_type": "application/pdf", "dpi": 72},
        },
        remember={
            "parcel_id": "data.0.parcel_id",
            "shipment_id": "data.0.shipment_id",
            "tracking_number": "data.0.tracking_number",
        },
    ),
    Step(
        "POST /api/v3/orders/create-label-sync",
        "dry run",
        query={"dry_run": "true"},
        body={"integration_id": 70, "order": {"order_number": "DEMO-1003", "apply_shipping_rules": True}},
    ),
    Step(
        "POST /api/v3/orders/create-labels-async",
        body={
            "integration_id": 70,
            "orders": [
                {"order_number": "DEMO-1002", "parcels": [{**BOX, "parcel_items": [{"item_id": "b1", "quantity": 6}]}]},
                {"order_number": "ORDER-2001"},
            ],
        },
    ),
    Step(
        "GET /api/v3/parcels/{id}/documents/{type}",
        path={"id": "$parcel_id", "type": "label"},
        query={"mime_type": "image/png", "dpi": 300},
    ),
    Step(
        "GET /api/v3/parcel-documents/{type}",
        path={"type": "label"},
        query={"parcels": "$parcel_id", "paper_size": "A4"},
    ),
    Step("GET /api/v3/parcels/statuses"),
    Step("GET /api/v3/parcels/tracking/{tracking_number}", path={"tracking_number": "$tracking_number"}),
    Step(
        "POST /api/v3/parcels/tracking",
        body={
            "source_id": "wms-4711",
            "announced_at": "2026-11-24T11:30:00Z",
            "tracking_number": {"tracking_number": "3STEST0000042", "carrier_code": "postnl"},
            "ship_with": LETTER,
            "shipment": {"source_id": "wms-4711"},
            "from_address": FROM,
            "to_address": TO,
        },
    ),
]

SHIPMENTS = [
    Step(
        "POST /api/v3/shipments/announce",
        body={"to_address": TO, "from_address": FROM, "ship_with": LETTER, "parcels": [BOX], "order_number": "PHONE-1"},
        remember={"announced_id": "data.id", "announced_parcel_id": "data.parcels.0.id"},
    ),
    Step(
        "POST /api/v3/shipments",
        body={"to_address": TO, "from_address": FROM, "ship_with": LETTER, "parcels": [BOX], "order_number": "PHONE-2"},
        remember={"created_id": "data.id"},
    ),
    Step(
        "POST /api/v3/shipments/announce-with-shipping-rules",
        body={"to_address": TO, "from_address": FROM, "parcels": [BOX], "order_number": "PHONE-3"},
        remember={"third_parcel_id": "data.parcels.0.id"},
    ),
    Step(
        "POST /api/v3/shipments/create-with-shipping-rules",
        body={"to_address": TO, "from_address": FROM, "parcels": [BOX], "order_number": "PHONE-4"},
    ),
    Step("GET /api/v3/shipments", query={"order_number": "PHONE-1"}, work=True),
    Step("GET /api/v3/shipments/{id}", path={"id": "$created_id"}),
    Step("GET /api/v3/shipments/{id}/decision", path={"id": "$shipment_id"}),
    Step("GET /api/v3/orders/{id}/decision", path={"id": "$order_id"}),
    Step("GET /api/v3/shipments/{id}/return-portal-url", path={"id": "$created_id"}, refused=404),
]

WAREHOUSE = {
    "name": "Lumen & Was",
    "address_line_1": "Wilhelminastraat",
    "house_number": "8",
    "postal_code": "7511 DV",
    "city": "Enschede",
    "country_code": "NL",
    "email": "oost@lumen-en-was.example",
    "phone_number": "+31532345678",
}

SMALL = [
    Step(
        "POST /api/v3/addresses/validate",
        body={"address": {name: text for name, text in TO.items() if name != "name"}, "carrier_code": "postnl"},
    ),
    Step(
        "POST /api/v3/shipping-options",
        body={"from_country_code": "NL", "to_country_code": "DE", "parcels": [BOX], "calculate_quotes": True},
    ),
    Step(
        "POST /api/v3/fetch-shipping-options",
        body={"from_country_code": "NL", "to_country_code": "DE", "weight": {"value": "1.2", "unit": "kg"}},
    ),
    Step("POST /api/v3/compat/shipping-options", body={"shipping_method_ids": [8]}),
    Step("POST /oauth2/token", form={"grant_type": "client_credentials", "scope": "read:order write:parcel"}),
    Step("GET /api/v3/brands"),
    Step("GET /api/v3/brands/{id}", path={"id": 42}),
    Step("POST /api/v3/brands", body={"name": "Was", "color": "#7a4b9a"}, remember={"brand_id": "data.id"}),
    Step("PATCH /api/v3/brands/{id}", path={"id": "$brand_id"}, body={"website": "https://was.example"}),
    Step(
        "PUT /api/v3/brands/{id}/logo",
        path={"id": "$brand_id"},
        file="logo.png",
    ),
    Step("DELETE /api/v3/brands/{id}/logo", path={"id": "$brand_id"}),
    Step("DELETE /api/v3/brands/{id}", path={"id": "$brand_id"}),
    Step("GET /api/v3/contracts"),
    Step("GET /api/v3/contracts/{id}", path={"id": 517}),
    Step("GET /api/v3/contracts/schemas", query={"carrier_code": "postnl"}),
    Step(
        "POST /api/v3/contracts",
        body={
            "carrier_code": "postnl",
            "contract_data": {"name": "Summer", "country": "NL", "customer_code": "KOLL"},
            "is_active": True,
        },
        remember={"contract_id": "data.id"},
    ),
    Step(
        "POST /api/v3/contracts/{id}/number-ranges",
        path={"id": "$contract_id"},
        body={"first": 1, "last": 250_000, "is_live": True},
    ),
    Step("GET /api/v3/contracts/{id}/number-ranges", path={"id": "$contract_id"}),
    Step(
        "PATCH /api/v3/contracts/{id}",
        path={"id": "$contract_id"},
        body={"is_live": True, "is_default_per_carrier": True},
    ),
    Step("DELETE /api/v3/contracts/{id}", path={"id": "$contract_id"}),
    Step(
        "POST /api/v3/integrations/{id}/logs",
        path={"id": 70},
        body={"base_url": "https://shop.example", "method": "GET", "response_code": 503, "exception": "No answer"},
    ),
    Step("GET /api/v3/integrations/{id}/logs", path={"id": 70}),
    Step("GET /api/v3/integrations/logs"),
    Step("GET /api/v3/integrations"),
    Step("GET /api/v3/integrations/{id}", path={"id": 70}),
    Step("PATCH /api/v3/integrations/{id}", path={"id": 70}, body={"shop_name": "Lumen & Was, the shop"}),
    Step("GET /api/v3/organization"),
    Step("GET /api/v3/addresses/sender-addresses"),
    Step("GET /api/v3/addresses/sender-addresses/{id}", path={"id": 17}),
    Step("POST /api/v3/addresses/sender-addresses", body=WAREHOUSE, remember={"sender_id": "data.id"}),
    Step(
        "PATCH /api/v3/addresses/sender-addresses/{id}",
        path={"id": "$sender_id"},
        body={"company_name": "Magazijn Oost"},
    ),
    Step("DELETE /api/v3/addresses/sender-addresses/{id}", path={"id": "$sender_id"}),
    Step(
        "GET /api/v3/service-points",
        query={"country_code": "IE", "carrier_code": PostalItems.code},
        remember={"service_point_id": "data.results.0.id"},
    ),
    Step("GET /api/v3/service-points/{id}", path={"id": "$service_point_id"}),
    Step("POST /api/v3/service-points/{id}/check-availability", path={"id": "$service_point_id"}),
    Step("GET /api/v3/user/auth/metadata"),
]

CHOOSING = [
    Step("GET /api/v3/shipping-rules/conditions"),
    Step("GET /api/v3/shipping-rules/conditions/{identifier}", path={"identifier": "integration"}),
    Step("GET /api/v3/shipping-rules/operators"),
    Step("GET /api/v3/shipping-rules/actions"),
    Step("GET /api/v3/shipping-rules/actions/{identifier}", path={"identifier": "ship_with"}),
    Step(
        "POST /api/v3/shipping-rules/rules",
        body={
            "name": "Heavy to NL",
            "criteria": {
                "is_and": True,
                "conditions": [
                    {"property": "weight", "operator": "ge", "compare_to": "10"},
                    {"property": "to_country", "operator": "is", "compare_to": "NL"},
                ],
            },
            "actions": [{"identifier": "ship_with", "value": "postnl:standard"}],
        },
        remember={"rule_id": "id"},
    ),
    Step(
        "POST /api/v3/shipping-rules/rules",
        name="not active yet",
        body={
            "name": "Insure what is dear",
            "criteria": {"conditions": [{"property": "order_value", "operator": "ge", "compare_to": "100"}]},
            "actions": [{"identifier": "insurance_pc", "value": "100"}],
            "is_active": False,
        },
        remember={"other_rule_id": "id"},
    ),
    Step("GET /api/v3/shipping-rules/rules", query={"active": "true"}),
    Step("GET /api/v3/shipping-rules/rules/{id}", path={"id": "$rule_id"}),
    Step("PATCH /api/v3/shipping-rules/rules/{id}", path={"id": "$rule_id"}, body={"name": "Heavy parcels to NL"}),
    Step("POST /api/v3/shipping-rules/rules/reorder", body=["$other_rule_id", "$rule_id"]),
    Step("DELETE /api/v3/shipping-rules/rules/{id}", path={"id": "$other_rule_id"}),
    Step("GET /api/v3/shipping-defaults"),
    Step(
        "PATCH /api/v3/shipping-defaults",
        body={"weight": {"value": "1.000", "unit": "kg"}, "customs_options": {"shipment_type": "commercial_goods"}},
    ),
]

LISTENING = [
    Step(
        "POST /api/v3/event-subscriptions/connections",
        body={"type": "webhook", "configuration": {"url": "http://127.0.0.1:9/kolli", "auth_type": "none"}},
        remember={"connection_id": "data.id"},
    ),
    Step("GET /api/v3/event-subscriptions/connections"),
    Step("GET /api/v3/event-subscriptions/connections/{id}", path={"id": "$connection_id"}),
    Step(
        "PATCH /api/v3/event-subscriptions/connections/{id}",
        path={"id": "$connection_id"},
        body={"configuration": {"url": "http://127.0.0.1:9/hooks", "auth_type": "none"}},
    ),
    Step("POST /api/v3/event-subscriptions/connections/{id}/authorization", path={"id": "$connection_id"}, refused=400),
    Step(
        "POST /api/v3/event-subscriptions/subscriptions",
        body={"connection_id": "$connection_id", "event_type": "parcels.event.created", "is_active": True},
        remember={"subscription_id": "data.id"},
    ),
    Step("GET /api/v3/event-subscriptions/subscriptions"),
    Step("GET /api/v3/event-subscriptions/subscriptions/{id}", path={"id": "$subscription_id"}),
    Step("POST /api/v3/event-subscriptions/broadcast/test/{id}", path={"id": "$subscription_id"}),
]

DELIVERIES = [
    Step("GET /api/v3/webhook-deliveries", query={"state": "failed"}, remember={"delivery_id": "data.0.id"}, work=True),
    Step("GET /api/v3/webhook-deliveries/{id}", path={"id": "$delivery_id"}),
    Step("POST /api/v3/webhook-deliveries/{id}/replay", path={"id": "$delivery_id"}),
    Step(
        "POST /api/v3/webhook-deliveries/replay",
        body={"created_after": "2026-11-24T00:00:00Z", "created_before": "2026-11-25T00:00:00Z", "state": "failed"},
    ),
    Step(
        "PATCH /api/v3/event-subscriptions/subscriptions/{id}",
        path={"id": "$subscription_id"},
        body={"is_active": False},
    ),
    Step("DELETE /api/v3/event-subscriptions/subscriptions/{id}", path={"id": "$subscription_id"}),
    Step("DELETE /api/v3/event-subscriptions/connections/{id}", path={"id": "$connection_id"}),
]

VERSION_2 = [
    Step("GET /api/v2/parcels", query={"order_number": "ORDER-25763"}),
    Step("GET /api/v2/parcels/statuses"),
    Step("GET /api/v2/parcels/{id}", path={"id": "$parcel_id"}),
    Step("GET /api/v2/labels/{id}", path={"id": "$parcel_id"}),
    Step("POST /api/v2/labels", body={"label": {"parcels": ["$parcel_id"]}}),
    Step("GET /api/v2/labels/label_printer", query={"ids": "$parcel_id"}),
    Step("GET /api/v2/labels/label_printer/{id}", path={"id": "$parcel_id"}),
    Step("GET /api/v2/labels/normal_printer", query={"ids": "$parcel_id", "start_from": 1}),
    Step("GET /api/v2/labels/normal_printer/{id}", path={"id": "$parcel_id"}),
    Step("GET /api/v2/shipping_methods", query={"to_country": "DE"}),
    Step("GET /api/v2/shipping_methods/{id}", path={"id": 8}),
    Step("GET /api/v2/user"),
    Step("GET /api/v2/user/addresses/sender"),
    Step("GET /api/v2/user/addresses/sender/{id}", path={"id": 17}),
    Step("GET /api/v2/brands"),
    Step("GET /api/v2/brands/{id}", path={"id": 42}),
    Step("GET /api/v2/integrations"),
    Step("GET /api/v2/integrations/{id}", path={"id": 70}),
]

GOODBYE = [
    Step("POST /api/v3/shipments/{id}/cancel", path={"id": "$shipment_id"}),
    Step("POST /api/v3/parcels/{id}/cancel", path={"id": "$announced_parcel_id"}),
    Step("POST /api/v2/parcels/{id}/cancel", path={"id": "$third_parcel_id"}),
    Step("DELETE /api/v3/orders/{id}", path={"id": "$order_id"}),
    Step("DELETE /api/v3/integrations/{id}", path={"id": 70}),
]

STORY = [*LISTENING, *ORDERS, *LABELS, *SHIPMENTS, *DELIVERIES, *SMALL, *CHOOSING, *VERSION_2, *GOODBYE]

if __name__ == "__main__":
    write()
    sys.exit()
