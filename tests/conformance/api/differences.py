"""Why Kolli differs from the vendor's descriptions, where it does so on purpose."""

from fnmatch import fnmatchcase
from typing import Any, NamedTuple


class Reason(NamedTuple):
    """What it is about, each part with `*` for anything, and the sentence that explains it."""

    route: str
    kind: str
    name: str
    sentence: str

    def fits(self, difference: Any) -> bool:
        """Whether this explains the difference."""
        names = (str(difference.route), difference.kind, difference.name)
        return all(_fits(text, pattern) for text, pattern in zip(names, self[:3], strict=True))


def _fits(text: str, pattern: str) -> bool:
    return any(fnmatchcase(text, option) for option in pattern.split(" | "))


OPTIONS = "POST /shipping-options | POST /fetch-shipping-options"
LISTS = "GET /brands | GET /contracts | GET /addresses/sender-addresses | GET /integrations/logs"
CONTRACTS = "GET /contracts* | POST /contracts | PATCH /contracts/{}"
ONE_SHAPE = "A shipment looks the same wherever it is answered."

REASONS = [
    Reason(LISTS, "status", "404", "A cursor that leads nowhere, as in other lists."),
    # Authentication
    Reason("POST /oauth2/token", "request", "code | redirect_uri | refresh_token", "Belong to grants for people."),
    Reason("POST /oauth2/token", "answer", "id_token | refresh_token", "Belong to grants for people."),
    Reason("POST /oauth2/token", "request", "client_secret | scope", "As the section's text and RFC 6749 have it."),
    # Contracts
    Reason(CONTRACTS, "answer", "data*country", "The name in the examples; the schema's is there too."),
    Reason(CONTRACTS, "answer", "data*.is_active | data*.is_default", "In an example, not in the schema."),
    Reason(CONTRACTS, "request | answer", "*is_live", "An extension: whether its parcels are real."),
    Reason("POST /contracts", "request", "name", "As in a change; a name among the data is taken too."),
    Reason("GET /contracts/schemas", "answer", "*.object", "No field of ours is an object."),
    # Sender addresses and brands
    Reason(
        "GET /brands* | GET /addresses/sender-addresses*",
        "answer",
        "data*.is_default | data*.brand_id",
        "Beyond the description: what the endpoints of ours write.",
    ),
    # Service points
    Reason("GET /service-points", "status", "503", "Addresses are looked for here, so nothing outside can be down."),
    # Event subscriptions
    Reason("*/authorization", "answer | status", "data | 200", "No connection of ours needs OAuth2: always a 400."),
    # Orders
    Reason("POST /orders", "request", "[[]].created_at | [[]].modified_at", "Accepted and ignored: we set it."),
    Reason("PATCH /orders/{}", "request", "created_at | modified_at", "Accepted and ignored: we set it."),
    Reason("PATCH /orders/{}", "request", "*", "A change may hold any member of an order."),
    # Ship an Order: a dry run
    Reason("POST /orders/create-label-sync", "parameter", "dry_run", "An extension: what would be done."),
    Reason(
        "POST /orders/create-label-sync",
        "answer | status",
        "data.applied_shipping_rules | data.decision | data.price | data.steps | data.would_ship | errors | 200",
        "The answer to a dry run.",
    ),
    # Documents
    Reason("GET /parcel*documents/*", "parameter", "mime_type | start_from", "An extension."),
    Reason("GET /parcel-documents/{}", "parameter | header", "dpi | accept", "As for one parcel."),
    # Tracking
    Reason("POST /parcels/tracking", "request", "*.source_id", "In the examples, not in the schema."),
    # Labels
    Reason("POST /orders/create-labels-async", "answer", "errors[[]].id | errors[[]].links", "We have nothing for it."),
    Reason("POST /orders/create-labels-async", "status", "404", "Stands inside a 202, as in the example."),
    Reason("POST /orders/create-label-sync", "answer", "data.label", "The label under the name in the example too."),
    Reason("POST /orders/create-label-sync", "answer", "data[[]].*", "The list of the example; see above."),
    # Shipments
    Reason("* /shipments*", "answer", "*.errors[[]].id | *.errors[[]].links", "We have nothing for it."),
    Reason("* /shipments*", "answer", "*.applied_shipping_rules | *.label_details", ONE_SHAPE),
    Reason("* /shipments*", "answer", "*.validation_methods", "Only HERE, which is refused: there is none to tell."),
    Reason("POST /addresses/validate", "status", "404", "An unknown partner, as the section's text has it."),
    Reason("*/return-portal-url", "answer | status", "data | 200", "There are no return portals yet: always a 404."),
    # Shipping options
    Reason(OPTIONS, "request | answer", "*functionalities.*", "In the examples, not in the schema."),
    Reason(OPTIONS, "request", "*.currency | *.value", "A price as an object, as in the examples, beside a number."),
    Reason("POST /fetch-shipping-options", "answer", "data[[]].billed_weight | message", "As in its example."),
    Reason(OPTIONS, "parameter", "explain", "An extension: why options are refused."),
    Reason(OPTIONS, "answer", "refused*", "The answer to it."),
    Reason("POST /shipping-options", "answer", "data[[]].billed_weight", "Shares its type with the other; never sent."),
]
"""The first that fits explains a difference. Each must be needed."""

NOT_SERVED = {
    "GET /shop-order-statuses": "not yet",
    "POST /shop-order-statuses": "not yet",
    "GET /shop-order-statuses/mapping": "not yet",
    "POST /shop-order-statuses/mapping": "not yet",
    "analytics": "not yet",
    "carriers-dp": "belongs to a carrier that does not come with Kolli",
    "duties-and-taxes": "not yet",
    "dynamic-checkout": "not yet",
    "events": "not yet: event subscriptions tell the same, as it happens",
    "invoice-items": "nobody is billed by Kolli",
    "invoices": "nobody is billed by Kolli",
    "pickups": "not yet",
    "reporting": "not yet",
    "returns": "not yet",
    "support": "asks the hosted service's help desk, which Kolli has not",
    "webhooks": "served: Kolli sends them; see the section on webhooks",
}
"""Why a route or a whole section is not served."""

ON_PAGES_ONLY = ("/shipping-defaults", "/shipping-rules/")
"""Where paths begin that the vendor describes on pages, and in no file that could be compared."""
