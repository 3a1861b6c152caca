"""The examples of the API's description are true: they are run, and what is recorded looks like what comes back."""

import json
import shlex

import jsonschema_rs
import pytest

from kolli.api.description import SECTIONS, curl, describe, key_of
from tests.conformance.api.examples import STORY, Document, form_of, recorded, run, the_demo

ENDPOINTS = {key_of(endpoint): endpoint for section in SECTIONS for endpoint in section.ROUTES}


def name_of(example):
    return f"{example['endpoint']} ({example['name']})"


@pytest.fixture(scope="module")
def taken(tmp_path_factory) -> list[Document]:
    """The examples as they come back now; each answer has been held to the description on its way."""
    return list(run(the_demo(tmp_path_factory.mktemp("demo")), STORY))


def test_every_endpoint_has_an_example():
    assert {step.endpoint for step in STORY} == ENDPOINTS.keys()


def test_every_example_succeeds(taken):
    refused = [(e["endpoint"], e["status"], e["answer"]) for e in taken if e["status"] >= 300]

    expected = [(step.endpoint, step.refused) for step in STORY if step.refused]
    assert [found[:2] for found in refused] == expected, refused


def test_what_is_recorded_is_what_comes_back(taken):
    """`python -m tests.conformance.api.examples` records it anew."""
    assert [form_of(example) for example in recorded()] == [form_of(example) for example in taken]


def test_what_is_recorded_is_what_is_asked(taken):
    asked = [(example["endpoint"], example["name"], example["status"]) for example in taken]

    assert [(example["endpoint"], example["name"], example["status"]) for example in recorded()] == asked


@pytest.mark.parametrize("example", [example for example in recorded() if "body" in example["request"]], ids=name_of)
def test_the_body_of_an_example_is_a_described_one(example):
    endpoint = ENDPOINTS[example["endpoint"]]
    path = example["endpoint"].partition(" ")[2]
    operation = describe()["paths"][path][endpoint.method.lower()]

    schema = {
        **operation["requestBody"]["content"]["application/json"]["schema"],
        "components": describe()["components"],
    }

    assert [
        error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(example["request"]["body"])
    ] == []


@pytest.mark.parametrize("example", recorded(), ids=name_of)
def test_the_curl_line_of_an_example_says_the_same(example):
    words = shlex.split(curl(example))

    url = words[words.index("--url") + 1]
    data = words[words.index("--data") + 1] if "--data" in words else "null"
    assert words[words.index("--request") + 1] == example["endpoint"].partition(" ")[0]
    assert json.loads(data) == example["request"].get("body", None)
    assert url.startswith("http://localhost:8080/")
    assert "{" not in url


def test_every_parameter_of_an_example_is_a_described_one():
    unknown = [
        (example["endpoint"], name)
        for example in recorded()
        for place in ("query", "headers")
        for name in example["request"][place]
        if name not in {parameter.name for parameter in ENDPOINTS[example["endpoint"]].parameters}
    ]

    assert unknown == []
