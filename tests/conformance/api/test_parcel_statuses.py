"""Parcel statuses does what its published description says, and lists what integrators have seen."""

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.factories import a_caller, an_installation

CODES = [
    "READY_TO_SEND", "ANNOUNCING", "ANNOUNCED", "ANNOUNCEMENT_FAILED", "NO_LABEL", "ANNOUNCED_UNCOLLECTED",
    "COLLECT_ERROR", "PICKED_UP_BY_DRIVER", "TO_SORTING", "AT_SORTING_CENTRE", "SORTING", "SORTED", "UNSORTED",
    "AT_CUSTOMS", "SHIPMENT_ON_ROUTE", "DRIVER_ON_ROUTE", "DELAYED", "DELIVERY_DATE_CHANGED",
    "DELIVERY_ADDRESS_CHANGED", "DELIVERY_METHOD_CHANGED", "AWAITING_CUSTOMER_PICKUP", "COLLECTED_BY_CUSTOMER",
    "DELIVERED", "DELIVERY_FAILED", "UNDELIVERABLE", "REFUSED_BY_RECIPIENT", "RETURNED_TO_SENDER", "ADDRESS_INVALID",
    "EXCEPTION", "CANCELLING_UPSTREAM", "CANCELLING", "CANCELLED_UPSTREAM", "CANCELLED", "CANCELLATION_FAILED",
    "UNKNOWN",
]  # fmt: skip


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    return a_caller(an_installation(tmp_path_factory.mktemp("statuses")))


def test_the_thirty_five_statuses_are_listed_once_each(caller):
    answer = caller.client.get("/api/v3/parcels/statuses")

    assert answer.status_code == 200
    assert [status["code"] for status in answer.json()["data"]] == CODES
    assert len(CODES) == 35


def test_the_list_has_the_documented_shape_and_holds_the_documented_examples(caller, vendor_descriptions):
    description = yaml.safe_load((vendor_descriptions / "parcel-statuses.yaml").read_text("utf-8"))
    media = description["paths"]["/parcels/statuses"]["get"]["responses"]["200"]["content"]["application/json"]
    schema = {**media["schema"], "components": description["components"]}

    document = caller.client.get("/api/v3/parcels/statuses").json()

    Draft202012Validator(schema).validate(document)
    examples = media["examples"]["RetrieveParcelStatuses"]["value"]["data"]
    assert [example for example in examples if example not in document["data"]] == []


def test_strangers_do_not_get_it(caller):
    assert caller.client.get("/api/v3/parcels/statuses", auth=("no", "body")).status_code == 401
