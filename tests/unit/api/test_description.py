"""The machine-readable description of the API: valid, complete, and the same every time."""

import json
import subprocess
import sys

import jsonschema_rs
import pytest
import schemathesis
from starlette.testclient import TestClient

from kolli.api import v3
from kolli.api.description import PATH, SECTIONS, describe, document_text, key_of, operation_id, plain_path
from kolli.app import web
from tests.factories import an_installation

ENDPOINTS = [endpoint for section in SECTIONS for endpoint in section.ROUTES]
ONLY_REFUSE = {
    "GET /api/v3/shipments/{id}/return-portal-url",  # there are no return portals
    "POST /api/v3/event-subscriptions/connections/{id}/authorization",  # no connection of ours needs it
}
EACH = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=key_of)


def operation_of(endpoint):
    return describe()["paths"][plain_path(endpoint)][endpoint.method.lower()]


def test_it_is_a_valid_openapi_document():
    """Source: the JSON Schema of OpenAPI 3.1, published by the OpenAPI Initiative."""
    schemathesis.openapi.from_dict(describe()).validate()


def test_every_reference_leads_somewhere_and_every_schema_is_one():
    names = describe()["components"]["schemas"]

    for name in names:
        jsonschema_rs.Draft202012Validator(
            {"$ref": f"#/components/schemas/{name}", "components": describe()["components"]}
        )


def test_every_default_is_a_valid_value():
    components = describe()["components"]

    wrong = [
        (where, schema["default"])
        for where, schema in schemas_in(components["schemas"], "")
        if "default" in schema
        and not jsonschema_rs.Draft202012Validator({**schema, "components": components}).is_valid(schema["default"])
    ]

    assert wrong == []


def schemas_in(value, place):
    """Every schema below a place, and where it stands."""
    for name, inner in value.items() if isinstance(value, dict) else ():
        where = f"{place}/{name}"
        if isinstance(inner, dict) and "/properties/" in f"{place}/{name}" and not place.endswith("/anyOf"):
            yield where, inner
        yield from schemas_in(inner, where)


def test_it_describes_every_endpoint_once():
    described = [(method.upper(), path) for path, operations in describe()["paths"].items() for method in operations]

    assert sorted(described) == sorted((endpoint.method, plain_path(endpoint)) for endpoint in ENDPOINTS)


def test_every_operation_has_a_name_of_its_own():
    names = [operation_id(endpoint) for endpoint in ENDPOINTS]

    assert sorted(names) == sorted(set(names))


@EACH
def test_every_endpoint_says_what_it_answers(endpoint):
    assert bool(endpoint.answers) is (key_of(endpoint) not in ONLY_REFUSE)
    assert operation_of(endpoint)["summary"]
    assert operation_of(endpoint)["description"]


@EACH
def test_every_parameter_has_a_sentence(endpoint):
    assert [parameter.name for parameter in endpoint.parameters if not parameter.sentence.endswith(".")] == []


def test_no_name_of_ours_is_in_it():
    assert "kolli__" not in document_text()


@pytest.mark.slow
def test_it_is_the_same_in_every_process():
    code = "from kolli.api.description import document_text; print(document_text(), end='')"

    again = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)

    assert again.stdout == document_text()


def test_it_is_served_to_everybody(installation):
    answer = TestClient(web(installation)).get(PATH)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["paths"].keys() == describe()["paths"].keys()
    assert answer.json()["servers"] == [{"url": "http://kolli.test"}]


def test_version_2_is_not_in_it_where_it_is_switched_off(tmp_path):
    installation = an_installation(tmp_path, api_v2=False)

    paths = TestClient(web(installation)).get(PATH).json()["paths"]

    assert paths.keys() == describe(v3.SECTIONS)["paths"].keys()
    assert json.dumps(paths).count("/api/v2") == 0
