"""Whatever is asked, the answer is a described one: by our own description, and by the vendor's.

Schemathesis makes the requests from the descriptions: right ones, and ones that are wrong in a way it chooses. Half of
them are then aimed: a request that succeeds, with one part of it replaced by what was made up. Requests made at random
would hardly ever meet anything that exists.
"""

import re
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

from kolli.api.description import SECTIONS, describe, key_of, plain_path
from kolli.app import web
from tests.conformance.api.compatibility import Route, nameless, ours
from tests.conformance.api.differences import ON_PAGES_ONLY
from tests.conformance.api.examples import Document
from tests.conformance.api.worlds import World, a_world
from tests.described import check
from tests.factories import Caller

Case = schemathesis.Case[Any]

EXAMPLES_OF_OURS = 20
EXAMPLES_OF_THEIRS = 30

PARTNER = "Sendcloud-Partner-Id"

ALSO_ALLOWED = frozenset({400, 401, 404, 405, 413})
"""Statuses that every operation of the vendor may answer with, whether or not its description lists them."""

MODES = pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)


LAST = ("/cancel", "DELETE", "DELETE .*/connections", "DELETE .*/integrations")
"""What takes something away is asked when everything else has been, and the shop of our own key last of all."""


def in_good_order(where: str) -> tuple[int, str]:
    """Sorts routes so that nothing is gone before it has been asked about."""
    return max((rank for rank, pattern in enumerate(LAST, 1) if re.search(pattern, where)), default=0), where


# Aiming


def aim(case: Case, request: Document, choice: int) -> None:
    """Makes the case one that succeeds but for what `choice` chooses of it."""
    variable = re.findall(r"{(\w+)}", case.operation.path)
    case.path_parameters = dict(zip(variable, request["path"].values(), strict=True))
    if choice % 2:
        case.query = {**(case.query or {}), **request["query"]}
    right = request.get("body", request.get("form"))
    if right is not None:
        case.body = mixed(right, case.body, choice // 2)
    case.headers.pop(PARTNER, None)  # described as any text, and meant to be a UUID


def mixed(right: Any, made_up: Any, choice: int) -> Any:
    """The right body, with at most one of its members replaced by the made-up one."""
    if isinstance(right, list) and isinstance(made_up, list) and made_up:
        return [mixed(right[0], made_up[0], choice)]
    if not (isinstance(right, dict) and isinstance(made_up, dict)):
        return right
    chosen = [None, *sorted(made_up, key=str)][choice % (len(made_up) + 1)]
    return right if chosen is None else {**right, chosen: made_up[chosen]}


def asked(examples: int, cases: Any, ask: Callable[[Case, bool, int], None]) -> None:
    """Asks with as many made-up cases, the same on every run."""

    @settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(cases, st.booleans(), st.integers(0, 99))
    def made_up(case: Case, is_aimed: bool, choice: int) -> None:
        ask(case, is_aimed, choice)

    made_up()


# Our description


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> World:
    return a_world(tmp_path_factory.mktemp("ours"))


@pytest.fixture(scope="module")
def our_schema() -> Any:
    return schemathesis.openapi.from_dict(describe())


ENDPOINTS = sorted((key_of(endpoint) for section in SECTIONS for endpoint in section.ROUTES), key=in_good_order)


@MODES
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_whatever_we_are_asked_we_answer_as_we_describe(our_schema, world, endpoint, mode):
    method, _, path = endpoint.partition(" ")
    app: Any = web(world.installation)

    def ask(case: Case, is_aimed: bool, choice: int) -> None:
        if is_aimed:
            aim(case, world.requests[endpoint], choice)
        with get_client(app) as session:
            answer = case.call("http://testserver", session=session, headers={"Authorization": world.authorization})
        headers = {name.lower(): values[0] for name, values in answer.headers.items()}
        assert answer.status_code < 500
        check(method, answer.request.path_url.partition("?")[0], answer.status_code, headers, answer.content)

    asked(EXAMPLES_OF_OURS, our_schema[path][method].as_strategy(mode), ask)


# The vendor's descriptions


class Operation(NamedTuple):
    """One operation of one of the vendor's files."""

    section: str
    method: str
    path: str


THEIR_FILES: dict[str, tuple[str, ...]] = {
    "orders": ("/orders",),
    "parcel-documents": ("/parcels/{}/documents/{}", "/parcel-documents"),
    "parcel-statuses": ("/parcels/statuses",),
    "parcel-tracking": ("/parcels/tracking",),
    "ship-an-order": ("/orders/create-label",),
    "shipments": ("/shipments", "/addresses/validate"),
    "shipping-options": ("/shipping-options", "/fetch-shipping-options"),
    "compat": ("/compat",),
    "sender-addresses": ("/addresses/sender-addresses",),
    "brands": ("/brands",),
    "contracts": ("/contracts",),
    "service-points": ("/service-points",),
    "integrations": ("/integrations",),
    "event-subscriptions": ("/event-subscriptions",),
    "user": ("/user",),
    "organization": ("/organization",),
    "auth": ("/oauth2",),
}
"""The vendor's file for each beginning of a path; the longest that fits decides."""


def file_of(route: Route) -> str | None:
    """The file in which the vendor describes a route."""
    fitting = [
        (len(start), name) for name, starts in THEIR_FILES.items() for start in starts if route.path.startswith(start)
    ]
    return max(fitting)[1] if fitting else None


SERVED = sorted(
    (
        str(route)
        for route, side in ours().items()
        if not side.operation.get("x-kolli-extension") and not route.path.startswith(ON_PAGES_ONLY)
    ),
    key=in_good_order,
)


def status_is_documented(_: CheckContext, response: Response, case: Case) -> None:
    codes = set(case.operation.responses.status_codes)
    documented = {int(code) for code in codes - {"default"}}

    assert "default" in codes or response.status_code in documented | ALSO_ALLOWED


CHECKS = [not_a_server_error, status_is_documented, content_type_conformance, response_schema_conformance]


def wrap_the_errors(document: Any) -> None:
    schemas = document["components"]["schemas"]
    schemas["errors"] = {"type": "object", "required": ["errors"], "properties": {"errors": schemas["errors"]}}


def allow_what_a_brand_does_not_have(document: Any) -> None:
    members = document["components"]["schemas"]["BrandSchema"]["properties"]
    del members["google_analytics_id"]["pattern"]
    del members["website"]["format"]


def allow_errors_of_the_examples(document: Any) -> None:
    members = document["components"]["schemas"]["ErrorObject"]["properties"]
    members["status"] = {"type": ["string", "integer"]}
    members["code"]["enum"].append("extra_forbidden")


def allow_null(document: Any) -> None:
    """Every member may be null: the examples say so for what is not there, and the schemas mostly forget it."""
    for schema in document["components"]["schemas"].values():
        _allow_null(schema)


def _allow_null(schema: Any) -> None:
    if isinstance(schema, list):
        for entry in schema:
            _allow_null(entry)
    elif isinstance(schema, dict):
        for word, inner in schema.items():
            if word == "properties" and isinstance(inner, dict):
                for name, member in inner.items():
                    _allow_null(member)
                    inner[name] = {"anyOf": [member, {"type": "null"}]}
            elif word not in {"example", "examples", "default", "enum", "const"}:
                _allow_null(inner)


def allow_both(value: Any) -> None:
    """Of alternatives that overlap, such as items for customs and others, more than one may fit."""
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        allow_both(inner)
    if isinstance(value, dict) and isinstance(value.get("oneOf"), list):
        value["anyOf"] = value.pop("oneOf")


def of_shipments(document: Any) -> None:
    allow_null(document)
    allow_both(document)
    wrap_the_errors(document)
    for path, operations in document["paths"].items():
        conflict = operations.get("post", {}).get("responses", {}).get("409", {})
        if not path.endswith("/cancel") and "content" in conflict:  # holds a shipment, which is wrapped as always
            content = conflict["content"]["application/json"]
            content["schema"] = {"type": "object", "required": ["data"], "properties": {"data": content["schema"]}}
    page = document["paths"]["/shipments"]["get"]["responses"]["200"]["content"]["application/json"]
    del page["schema"]["properties"]["data"]["minItems"]  # what nothing fits is an empty page


def of_tracking(document: Any) -> None:
    allow_null(document)
    document["components"]["schemas"]["shipping-option-code-properties"].pop("required", None)


CORRECTIONS: dict[str, Callable[[Any], None]] = {
    "shipments": of_shipments,  # its examples are otherwise in each of these points
    "shipping-options": allow_null,  # an option that needs no contract has none
    "parcel-tracking": of_tracking,  # a request may leave the contract out, and is answered as it was sent
    "brands": allow_what_a_brand_does_not_have,  # it must have everything; see docs/compatibility.md
    "integrations": allow_errors_of_the_examples,  # its schema forbids what they are like
}
"""Where a description contradicts itself or says too little, and what we read instead."""


@pytest.fixture(scope="module")
def their_world(tmp_path_factory) -> World:
    """An account whose key gets answers as the schema has them: the examples contradict it (see compat.py)."""
    return a_world(tmp_path_factory.mktemp("theirs"), profile="schema")


@pytest.fixture(scope="module")
def their_schemas(vendor_descriptions) -> dict[str, Any]:
    return {name: their_schema(vendor_descriptions, name) for name in THEIR_FILES}


def their_schema(folder: Path, section: str) -> Any:
    document = yaml.load((folder / f"{section}.yaml").read_text("utf-8"), Loader=yaml.CSafeLoader)
    CORRECTIONS.get(section, bool)(document)
    return schemathesis.openapi.from_dict(document)


def their_operation(schema: Any, route: str) -> Any:
    """The operation that the vendor describes for a route."""
    wanted = {path: nameless(path) for path in schema.raw_schema["paths"]}
    method, _, nameless_path = route.partition(" ")
    (path,) = [path for path, name in wanted.items() if name == nameless_path]
    return schema[path][method]


OUR_NAMES = {
    f"{e.method} {nameless(plain_path(e).removeprefix('/api/v3'))}": key_of(e) for s in SECTIONS for e in s.ROUTES
}


@MODES
@pytest.mark.parametrize("route", SERVED)
def test_whatever_we_are_asked_the_answer_is_as_the_vendor_describes_it(their_schemas, their_world, route, mode):
    section = file_of(Route(*route.split(" ")))
    operation = their_operation(their_schemas[section], route)
    app: Any = web(their_world.installation)
    base = "http://testserver" if section == "auth" else "http://testserver/api/v3"

    def ask(case: Case, is_aimed: bool, choice: int) -> None:
        if is_aimed:
            aim(case, their_world.requests[OUR_NAMES[route]], choice)
        with get_client(app) as session:
            answer = case.call(base, session=session, headers={"Authorization": their_world.authorization})
        case.validate_response(answer, checks=CHECKS)

    asked(EXAMPLES_OF_THEIRS, operation.as_strategy(mode), ask)


def test_every_route_that_the_vendor_has_is_asked():
    assert [route for route in SERVED if file_of(Route(*route.split(" "))) is None] == []


def test_a_wrong_method_is_told_the_right_ones(caller: Caller):
    """Source: RFC 9110, section 15.5.6."""
    answer = caller.client.put("/api/v3/orders")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
