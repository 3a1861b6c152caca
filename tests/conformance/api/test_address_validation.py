"""Addresses are validated as the published description says, and as was decided where it says nothing."""

import pytest
import yaml
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from kolli.addresses import AddressLimits, Reason
from kolli.app import web
from kolli.carriers.sandbox import SandboxCarrier
from tests.factories import a_caller, an_installation

URL = "/api/v3/addresses/validate"
ADDRESS = {
    "address_line_1": "Oudezijds Voorburgwal",
    "house_number": "218",
    "postal_code": "1012 GJ",
    "city": "Amsterdam",
    "country_code": "NL",
}
NOTHING_ELSE = {"address_line_2": None, "po_box": None, "state_province_code": None}


def asked(caller, status=200, **changes):
    body = {"address": ADDRESS, "carrier_code": "sendcloud", **changes}
    answer = caller.client.post(URL, json={name: value for name, value in body.items() if value is not ...})
    assert answer.status_code == status, answer.text
    return answer.json()


def problems(caller, **changes):
    found = asked(caller, 400, **changes)["errors"]
    return [(error["code"], error["detail"], error.get("source", {}).get("pointer")) for error in found]


def test_an_address_that_can_be_right_is_its_own_recommendation(caller):
    assert asked(caller) == {
        "input_address_is_valid": True,
        "results": [
            {
                "address": {**ADDRESS, **NOTHING_ELSE},
                "validation_method": None,
                "recommended": True,
                "analysis": {"validation_result": {"is_valid": True, "reasons": []}, "changed_attributes": []},
            }
        ],
    }


def test_an_address_that_can_be_made_to_suit_better_is_followed_by_that(caller):
    sent = {**ADDRESS, "address_line_1": "Oudezijds Voorburgwal 218"}

    answer = asked(caller, address=sent)

    first, second = answer["results"]
    assert answer["input_address_is_valid"]
    assert (first["address"]["address_line_1"], first["recommended"]) == (sent["address_line_1"], False)
    assert (second["address"], second["recommended"]) == ({**ADDRESS, **NOTHING_ELSE}, True)
    assert second["analysis"]["changed_attributes"] == ["address_line_1"]


def test_an_address_that_is_wrong_is_recommended_in_no_form(caller):
    answer = asked(caller, address={**ADDRESS, "postal_code": "10"})

    (result,) = answer["results"]
    assert not answer["input_address_is_valid"]
    assert not result["recommended"]
    assert result["analysis"]["validation_result"] == {"is_valid": False, "reasons": ["ADDRESS_NOT_VALID"]}


def test_an_empty_address_lacks_everything(caller):
    (result,) = asked(caller, address={})["results"]

    assert result["address"] == dict.fromkeys(result["address"])
    assert result["analysis"]["validation_result"]["reasons"] == ["ADDRESS_NOT_VALID", "COUNTRY_CODE_MISSING"]


class Cramped(SandboxCarrier):
    """A carrier that has little room for addresses, and says so."""

    address_limits = AddressLimits(address_line_1=15)


def test_a_carrier_that_has_less_room_says_so(tmp_path):
    caller = a_caller(an_installation(tmp_path, carriers=[Cramped(tmp_path)]))

    answer = asked(caller)

    assert not answer["input_address_is_valid"]
    assert answer["results"][0]["analysis"]["validation_result"]["reasons"] == ["ADDRESS_TOO_LONG"]
    assert answer["results"][1]["address"]["address_line_1"] == "Oudezijds"
    assert answer["results"][1]["address"]["address_line_2"] == "Voorburgwal"
    assert answer["results"][1]["recommended"]
    assert answer["results"][1]["analysis"]["changed_attributes"] == ["address_line_1", "address_line_2"]


def test_a_missing_carrier_is_the_documented_error(caller):
    assert problems(caller, carrier_code=...) == [("required", "This field is required.", "/address/carrier_code")]


def test_an_unknown_carrier_is_named(caller):
    assert problems(caller, carrier_code="pigeon") == [
        ("validation_error", "Carrier pigeon does not exist.", "/address/carrier_code")
    ]


def test_an_unknown_validation_service_is_refused_kindly(caller):
    ((code, detail, pointer),) = problems(caller, validation_methods=["here"])

    assert (code, pointer) == ("validation_error", "/address/validation_methods")
    assert "cannot be validated by HERE" in detail
    assert asked(caller, validation_methods=[])["input_address_is_valid"]


@pytest.mark.parametrize(
    "changes",
    [
        {"address": ...},
        {"address": None},
        {"address": [ADDRESS]},
        {"address": {**ADDRESS, "city": 5}},
        {"address": {**ADDRESS, "city": "a" * 10_001}},
        {"carrier_code": ""},
        {"carrier_code": 5},
        {"carrier_code": "a" * 10_001},
        {"validation_methods": ["google"]},
        {"validation_methods": "here"},
    ],
)
def test_what_is_no_request_is_refused(caller, changes):
    assert problems(caller, **changes)


def test_nobody_is_told_without_credentials(caller):
    client = TestClient(web(caller.installation), "http://kolli.test")

    assert client.post(URL, json={"address": ADDRESS, "carrier_code": "sendcloud"}).status_code == 401


def test_the_answers_are_as_documented(caller, vendor_descriptions):
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    description = yaml.load((vendor_descriptions / "shipments.yaml").read_text("utf-8"), loader)
    operation = description["paths"]["/addresses/validate"]["post"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": description["components"]})
    reasons = description["components"]["schemas"]["address-washer-response"]["properties"]["results"]["items"]
    reasons = reasons["properties"]["analysis"]["anyOf"][0]["properties"]["validation_result"]["properties"]["reasons"]
    answers = [asked(caller), asked(caller, address={}), asked(caller, address={**ADDRESS, "city": "a" * 31})]

    for answer in answers:
        for result in answer["results"]:
            result["address"] = {name: text for name, text in result["address"].items() if text is not None}

    assert [list(validator.iter_errors(answer)) for answer in answers] == [[], [], []]
    assert {choice["const"] for choice in reasons["items"]["oneOf"]} == set(Reason)
