"""Compat translates the shipping methods of version 2 as its published description says."""

import pytest

from tests.factories import a_caller, an_installation

URL = "/api/v3/compat/shipping-options"


@pytest.fixture(scope="module")
def caller(tmp_path_factory):
    return a_caller(an_installation(tmp_path_factory.mktemp("compat")))


@pytest.mark.parametrize(
    ("numbers", "codes"),
    [
        ([8], {"8": "sendcloud:letter"}),
        ([1, 8, 2, 8], {"1": "postnl:standard", "8": "sendcloud:letter"}),
        ([3, 0, -1, 2**62], {}),
        ([], {}),
        ([0] * 100, {}),
    ],
)
def test_methods_become_options_and_unknown_ones_are_left_out(caller, numbers, codes):
    answer = caller.client.post(URL, json={"shipping_method_ids": numbers})

    assert (answer.status_code, answer.json()) == (200, {"data": codes})


@pytest.mark.parametrize(
    ("body", "detail", "pointer"),
    [
        ({}, "Field required", "/data/attributes/shipping_method_ids"),
        (
            {"shipping_method_ids": [8] * 101},
            "List should have at most 100 items after validation, not 101",
            "/data/attributes/shipping_method_ids",
        ),
        (
            {"shipping_method_ids": [8, "1"]},
            "Input should be a valid integer",
            "/data/attributes/shipping_method_ids/1",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(caller, body, detail, pointer):
    answer = caller.client.post(URL, json=body)

    assert answer.status_code == 400
    (wrong,) = answer.json()["errors"]
    assert (wrong["code"], wrong["detail"], wrong["source"]) == ("invalid", detail, {"pointer": pointer})
