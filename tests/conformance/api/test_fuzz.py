"""Whatever is asked of the sections we serve, the answer is one that the vendor's descriptions allow.

Schemathesis makes the requests from those descriptions: right ones, and ones that are wrong in a way it chooses. Half
of them are then aimed at something that exists, as requests made at random would never meet a stored order.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import CheckContext, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import get_client
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from kolli.api.v3 import SECTIONS
from kolli.app import web
from tests.factories import Caller, a_caller, an_installation, an_order

Case = schemathesis.Case[Any]

EXAMPLES = 40

PARTNER = "Sendcloud-Partner-Id"

ALSO_ALLOWED = frozenset({401, 404, 405, 413})
"""Statuses that every operation may answer with, whether or not its description lists them."""


class Operation(NamedTuple):
    """One operation of one of the vendor's files."""

    section: str
    method: str
    path: str


class Target(NamedTuple):
    """Something that exists on the installation under test."""

    order_id: int
    order_number: str
    parcel_id: int
    shipment_id: str


# Aiming: each function turns a made-up request to something that exists, and leaves the rest of it as it is.


def at_our_shop(case: Case, _: Target) -> None:
    case.body = [_of_our_shop(order) for order in case.body] if isinstance(case.body, list) else case.body


def _of_our_shop(order: Any) -> Any:
    match order:
        case {"order_details": {"integration": {}}}:
            order = {name: value for name, value in order.items() if name != "id"}  # it would never be one of ours
            return {**order, "order_details": {**order["order_details"], "integration": {"id": 70}}}
    return order


def at_the_list_of_our_shop(case: Case, _: Target) -> None:
    case.query = {**(case.query or {}), "integration": 70}


def at_our_order(case: Case, target: Target) -> None:
    case.path_parameters = {**case.path_parameters, "id": target.order_id}


def at_our_parcel(case: Case, target: Target) -> None:
    case.path_parameters = {"id": target.parcel_id, "type": "label"}


def at_our_parcels(case: Case, target: Target) -> None:
    case.path_parameters = {"type": "label"}
    case.query = {**(case.query or {}), "parcels": [target.parcel_id]}


def at_our_shipment(case: Case, target: Target) -> None:
    case.path_parameters = {"id": target.shipment_id}


def at_our_order_by_its_number(case: Case, target: Target) -> None:
    made_up = {"sender_address_id", "brand_id", "ship_with"}  # their numbers would never meet one of ours
    if isinstance(case.body, dict):
        kept = {name: value for name, value in case.body.items() if name not in made_up}
        case.body = {**kept, "integration_id": 70, "order": {"order_number": target.order_number}}


AIMS: dict[Operation, Callable[[Case, Target], None]] = {
    Operation("orders", "POST", "/orders"): at_our_shop,
    Operation("orders", "GET", "/orders"): at_the_list_of_our_shop,
    Operation("orders", "GET", "/orders/{id}"): at_our_order,
    Operation("orders", "PATCH", "/orders/{id}"): at_our_order,
    Operation("orders", "DELETE", "/orders/{id}"): at_our_order,
    Operation("parcel-documents", "GET", "/parcels/{id}/documents/{type}"): at_our_parcel,
    Operation("parcel-documents", "GET", "/parcel-documents/{type}"): at_our_parcels,
    Operation("ship-an-order", "POST", "/orders/create-label-sync"): at_our_order_by_its_number,
    Operation("shipments", "POST", "/shipments/{id}/cancel"): at_our_shipment,
}
"""Every operation that is described and that we serve."""


def status_is_documented(_: CheckContext, response: Response, case: Case) -> None:
    documented = {int(code) for code in case.operation.responses.status_codes}

    assert response.status_code in documented | ALSO_ALLOWED


CHECKS = [not_a_server_error, status_is_documented, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Caller:
    """An account whose key gets answers as the schema has them: the examples contradict it (see compat.py)."""
    return a_caller(an_installation(tmp_path_factory.mktemp("data")), profile="schema", repeat_labels="allowed")


@pytest.fixture
def target(shop, request) -> Target:
    """An order and a parcel of that account, new for every test."""
    number = request.node.callspec.id
    [order_id] = shop.store(an_order(order_id=number, order_number=number))
    label = shop.ship(order={"order_number": number}).json()["data"]
    return Target(order_id, number, label["parcel_id"], label["shipment_id"])


def wrap_the_errors(document: Any) -> None:
    schemas = document["components"]["schemas"]
    schemas["errors"] = {"type": "object", "required": ["errors"], "properties": {"errors": schemas["errors"]}}


CORRECTIONS: dict[str, Callable[[Any], None]] = {
    "shipments": wrap_the_errors,  # its schema of errors is a bare list; its every example is an object that holds one
}
"""Where a description contradicts itself, and what we read instead."""


def described(folder: Path, operation: Operation) -> Any:
    """The operation as Schemathesis knows it, from the vendor's file."""
    document = yaml.safe_load((folder / f"{operation.section}.yaml").read_text("utf-8"))
    CORRECTIONS.get(operation.section, bool)(document)
    return schemathesis.openapi.from_dict(document)[operation.path][operation.method]


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", AIMS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_whatever_is_asked_the_answer_is_a_described_one(vendor_descriptions, shop, target, operation, mode):
    cases = described(vendor_descriptions, operation).as_strategy(mode)
    app: Any = web(shop.installation)
    credentials = {"Authorization": shop.client.auth._auth_header}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, is_aimed=st.booleans())
    def ask(case: Case, is_aimed: bool) -> None:
        if is_aimed:
            AIMS[operation](case, target)
            case.headers.pop(PARTNER, None)  # described as any text, and meant to be a UUID
        with get_client(app) as session:
            response = case.call("http://testserver/api/v3", session=session, headers=credentials)
        case.validate_response(response, checks=CHECKS)

    ask()


def test_every_route_of_the_api_is_asked():
    served = {
        (endpoint.method, endpoint.path.replace(":int", "")) for section in SECTIONS for endpoint in section.ROUTES
    }

    assert {(operation.method, operation.path) for operation in AIMS} == served


def test_a_wrong_method_is_told_the_right_ones(shop):
    """Source: RFC 9110, section 15.5.6."""
    answer = shop.client.put("/api/v3/orders")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
